# SPDX-License-Identifier: LGPL-2.1-or-later
"""Photographs decoded into memory, and pieces of them as textures."""
import os
import subprocess

import numpy as np
import torch
import torch.nn.functional as F

from . import data
from .errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".webp")
# texels a sample: between them bilinear interpolation neither blurs nor aliases visibly
OVERSAMPLING = 1.5
# texels from still samples this much larger hide the artefacts of JPEG and its halved chroma
LEAST_SCALE = 1.3


def decode(ffmpeg, path, cache):
    """Write a picture as raw yuv420p of limited range, an odd last row or column cut off; its index entry."""
    name = os.path.basename(path)
    width, height = (v // 2 * 2 for v in data.probe(ffmpeg.replace("ffmpeg", "ffprobe"), path))
    subprocess.run([ffmpeg, "-nostdin", "-v", "error", "-y", "-i", path, "-frames:v", "1", "-vf",
                    f"scale=flags=bicubic:out_range=tv,format=yuv420p,crop={width}:{height}:0:0",
                    "-f", "rawvideo", os.path.join(cache, name + ".yuv")], check=True)
    return {"file": name + ".yuv", "name": name, "width": width, "height": height}


def prepare(source, cache, ffmpeg="ffmpeg"):
    """Decode every picture under source into cache/ (reused when present)."""
    os.makedirs(cache, exist_ok=True)
    known = {e["file"]: e for e in data.read_index(cache)} if data.has_index(cache) else {}
    index = []
    for root, _, names in sorted(os.walk(source)):
        for name in sorted(names):
            if not name.lower().endswith(SUFFIXES):
                continue
            index.append(known.get(name + ".yuv") or decode(ffmpeg, os.path.join(root, name), cache))
    if not index:
        raise InputError(f"{source} has no pictures ({', '.join(SUFFIXES)})")
    data.write_index(cache, index)


class Still:
    """One photograph: uint8 tensors y [H, W] and uv [2, H/2, W/2]."""

    def __init__(self, y, u, v):
        self.y = torch.from_numpy(np.ascontiguousarray(y))
        self.uv = torch.from_numpy(np.stack([u, v]))
        self.height, self.width = self.y.shape

    def texture(self, x0, y0, x1, y1, scale):
        """Float texels [1, 1, h, w] and chroma [1, 2, h/2, w/2] of a rectangle of even bounds.

        scale: still samples per sample of the clip to make, which are OVERSAMPLING texels."""
        h, w = (2 * max(1, round((b - a) * OVERSAMPLING / scale / 2)) for a, b in ((y0, y1), (x0, x1)))
        luma = self.y[y0:y1, x0:x1][None, None].float()
        chroma = self.uv[:, y0 // 2:y1 // 2, x0 // 2:x1 // 2][None].float()
        return (F.interpolate(luma, (h, w), mode="bicubic", antialias=True),
                F.interpolate(chroma, (h // 2, w // 2), mode="bicubic", antialias=True))


def load(cache):
    found = []
    for entry in data.read_index(cache):
        video = data.Video(cache, {**entry, "scale": 1.0})
        found.append(Still(video.y[0], video.u[0], video.v[0]))
    return found
