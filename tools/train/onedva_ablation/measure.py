# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rate, PSNR-Y, SSIM and seams of a variant on held-out canvases."""
import math
import os
import re
import subprocess
import tempfile

import bd_rate as curves
import numpy as np
import seams
import torch

from onedva_train import evaluate
from onedva_train import geometry as geo

QIDXS = (-8, 0, 8, 16, 24)


def luma(patches):
    """uint8 [T, H, W] of [1, gt, gy, gx, 1536]"""
    y = geo.unpatchify(patches)[0][0]
    return ((y + 1) * 127.5 + 0.5).floor().clamp(0, 255).to(torch.uint8).numpy()


def ssim(ffmpeg, a, b):
    """SSIM of two luma clips by ffmpeg's filter."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = []
        for name, clip in (("a", a), ("b", b)):
            path = os.path.join(folder, name)
            clip.tofile(path)
            inputs += ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{clip.shape[2]}x{clip.shape[1]}", "-i", path]
        log = subprocess.run([ffmpeg, "-nostdin", "-hide_banner", *inputs, "-lavfi", "ssim", "-f", "null", "-"],
                             check=True, capture_output=True, text=True).stderr
    return float(re.search(r"SSIM Y:([\d.]+)", log).group(1))


def seam(a, b):
    """Mean step of the error across tile borders, over that across other borders of tokens."""
    steps = seams.space_steps(b.astype(np.int16) - a)
    return seams.ratio([steps], "tile", "token") or math.nan


@torch.no_grad()
def rates(subject, clips, qidxs=QIDXS, share=None, ffmpeg=None):
    """One row for each qidx: means over clips of bits per pixel, PSNR-Y, seams, and SSIM where ffmpeg is given."""
    subject.eval()
    rows = []
    for qidx in qidxs:
        found = []
        for x, mask in clips:
            out, bits = subject.reconstruct(x, torch.tensor([qidx]), share)
            a, b = luma(x), luma(out)
            found.append([float(bits.sum()) / a.size, evaluate.psnr_y(x, out, mask), seam(a, b),
                          ssim(ffmpeg, a, b) if ffmpeg else math.nan])
        # clips smaller than a tile have no seam
        mean = [np.mean([v for v in column if not math.isnan(v)] or math.nan) for column in zip(*found)]
        rows.append(dict(zip(("bpp", "psnr", "seam", "ssim"), map(float, mean)), qidx=qidx))
    subject.train()
    return rows


def bd_rate(reference, rows, value="psnr"):
    """Mean change of rate at equal value over the common range (a share)."""
    return curves.bd_rate(*(curves.Curve((r["bpp"], r[value]) for r in c) for c in (reference, rows)))
