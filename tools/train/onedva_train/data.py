# SPDX-License-Identifier: LGPL-2.1-or-later
"""Video decoded into memory, and random crops of it."""
import json
import os
import subprocess

import numpy as np
import torch

from onedva_progress import watched

from . import geometry as geo
from .errors import InputError

SCALES = (1.0, 1.5, 2.0, 3.0)
# abstract and computer-drawn clips teach little about video
LIGHT = ("lebiniou", "blupi")


def probe(ffprobe, path):
    out = subprocess.run([ffprobe, "-v", "error", "-select_streams", "v:0", "-show_entries",
                          "stream=width,height", "-of", "csv=p=0", path],
                         check=True, capture_output=True, text=True).stdout
    width, height = out.strip().split(",")[:2]
    return int(width), int(height)


def decode(ffmpeg, path, width, height, target):
    """Decode to raw yuv420p frames of the given size in the file target."""
    subprocess.run([ffmpeg, "-v", "error", "-y", "-i", path, "-an", "-fps_mode", "passthrough",
                    "-vf", f"scale={width}:{height}:flags=area", "-pix_fmt", "yuv420p",
                    "-f", "rawvideo", target], check=True)


def sizes(source, ffmpeg, scales, smallest=128):
    """Every video under source at several sizes: path, and an index entry of stem, name, scale and size."""
    found = False
    for root, _, names in sorted(os.walk(source)):
        for name in sorted(names):
            if not name.lower().endswith((".mp4", ".mkv", ".webm", ".mov", ".avi", ".nut", ".y4m")):
                continue
            found = True
            path = os.path.join(root, name)
            width, height = probe(ffmpeg.replace("ffmpeg", "ffprobe"), path)
            for scale in scales:
                w, h = (round(v / scale / 2) * 2 for v in (width, height))
                if scale > 1 and min(w, h) < smallest:
                    continue
                yield path, {"file": f"{os.path.splitext(name)[0]}-{w}x{h}", "width": w, "height": h,
                             "scale": scale, "name": name}
    if not found:
        raise InputError(f"{source} has no videos")


def write_index(cache, index):
    with open(os.path.join(cache, "index.json"), "w") as f:
        json.dump(index, f, indent=0)


def has_index(cache):
    return os.path.exists(os.path.join(cache, "index.json"))


def read_index(cache):
    with open(os.path.join(cache, "index.json")) as f:
        return json.load(f)


def prepare(source, cache, ffmpeg="ffmpeg", scales=SCALES):
    """Decode every video under source at several sizes into cache/ (reused when present)."""
    os.makedirs(cache, exist_ok=True)
    index, work = [], list(sizes(source, ffmpeg, scales))
    for path, entry in watched(work, "videos", len(work)):
        entry["file"] += ".yuv"
        target = os.path.join(cache, entry["file"])
        if not os.path.exists(target):
            decode(ffmpeg, path, entry["width"], entry["height"], target + ".part")
            os.replace(target + ".part", target)
        index.append(entry)
    write_index(cache, index)


class Video:
    """One decoded clip in memory; planes are views of it."""

    def __init__(self, cache, entry):
        self.name = entry["name"]
        self.scale = entry["scale"]
        self.width, self.height = entry["width"], entry["height"]
        w, h = self.width, self.height
        size = w * h * 3 // 2
        # read, not mapped: a crop must never wait for the disk
        data = np.fromfile(os.path.join(cache, entry["file"]), np.uint8)
        self.frames = len(data) // size
        data = data[:self.frames * size].reshape(self.frames, size)
        self.y = data[:, :w * h].reshape(-1, h, w)
        self.u = data[:, w * h:w * h * 5 // 4].reshape(-1, h // 2, w // 2)
        self.v = data[:, w * h * 5 // 4:].reshape(-1, h // 2, w // 2)


def load(cache):
    return [Video(cache, e) for e in read_index(cache)]


def weight(clip):
    """How often a clip is drawn."""
    return clip.frames / clip.scale ** 0.5 * (0.15 if any(s in clip.name for s in LIGHT) else 1)


class Sampler:
    """Random crops of a grid shape (gt, gy, gx), deterministic by seed.

    synthetic: makes a share of them (synthetic.Synthetic), or None."""

    def __init__(self, videos, seed, augment=True, synthetic=None, share=0.25):
        self.videos = videos
        self.rng = np.random.default_rng(seed)
        self.augment = augment
        self.synthetic, self.share = synthetic, share

    def lengths(self):
        """How often clips have 0 .. 4 tokens in time."""
        return np.array([0, 0.05, 0.05, 0.05, 0.85])

    def draw_length(self):
        return int(self.rng.choice(5, p=self.lengths()))

    def crop(self, gt, gy, gx):
        """uint8 planes y [T, H, W], u, v of one random crop, of a video or made."""
        swap = self.draw_swap(gy, gx)
        size = (gx, gy) if swap else (gy, gx)
        if self.synthetic and self.rng.random() < self.share:
            planes = self.made(gt, *size)
        else:
            planes = self.recorded(gt, *size)
        return self.flip(planes, swap) if self.augment else planes

    def made(self, gt, gy, gx):
        return list(self.synthetic.clip(self.rng, 4 * gt, 16 * gy, 16 * gx))

    def recorded(self, gt, gy, gx):
        """A crop of a video as it is."""
        rng = self.rng
        t, ch, cw = gt * 4, gy * 16, gx * 16
        fits = [v for v in self.videos if v.height >= ch and v.width >= cw and v.frames >= t]
        if not fits:
            raise InputError(f"no video has {t} frames of {cw} x {ch}: larger videos or scales are needed")
        odds = np.array([weight(v) for v in fits])
        video = fits[rng.choice(len(fits), p=odds / odds.sum())]
        stride = 2 if self.augment and video.frames >= 2 * t and rng.random() < 0.3 else 1
        f0 = rng.integers(video.frames - (t - 1) * stride)
        y0 = rng.integers((video.height - ch) // 2 + 1) * 2
        x0 = rng.integers((video.width - cw) // 2 + 1) * 2
        f = slice(f0, f0 + (t - 1) * stride + 1, stride)
        planes = [video.y[f, y0:y0 + ch, x0:x0 + cw]]
        planes += [p[f, y0 // 2:(y0 + ch) // 2, x0 // 2:(x0 + cw) // 2] for p in (video.u, video.v)]
        return planes

    def draw_swap(self, gy, gx):
        """Whether the next crop is transposed."""
        rng = self.rng
        return self.augment and gy != gx and rng.random() < 0.5 or self.augment and rng.random() < 0.3

    def flip(self, planes, swap):
        """Flips, transposes and reverses all planes alike; swaps the chroma planes 1 and 2."""
        rng = self.rng
        if swap:
            planes = [p.transpose(0, 2, 1) for p in planes]
        if rng.random() < 0.5:
            planes = [p[:, :, ::-1] for p in planes]
        if rng.random() < 0.15:
            planes = [p[:, ::-1] for p in planes]
        if rng.random() < 0.5:
            planes = [p[::-1] for p in planes]
        if rng.random() < 0.1:
            planes[1], planes[2] = planes[2], planes[1]
        return planes

    def batch(self, n, gt, gy, gx):
        """[n, gt, gy, gx, 1536] in the model's domain, and a mask: None, all counts."""
        crops = [self.crop(gt, gy, gx) for _ in range(n)]
        return self.samples(crops), None

    def samples(self, crops):
        planes = [torch.from_numpy(np.stack([c[i] for c in crops])) for i in range(3)]
        x = geo.to_samples(geo.patchify(*planes))
        if self.augment:
            gain, offset = (torch.from_numpy(self.rng.uniform(*limits, (len(x), 1, 1, 1, 1))).float()
                            for limits in ((0.8, 1.1), (-0.08, 0.08)))
            x *= gain
            luma = x.unflatten(-1, (4, -1))[..., :256]
            luma += offset[..., None]
            x.clamp_(-1, 1)
        return x
