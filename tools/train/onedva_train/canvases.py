# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clips on the canvases that the encoder codes (tools/canvas), and random crops of them."""
import json
import lzma
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from onedva_progress import watched

from . import data
from . import geometry as geo
from .errors import InputError


def make(tool, ffmpeg, path, entry, target, crf, span=None, options=()):
    """Write target (canvases and masks) and target.index; only whole files ever have these names.

    span: first frame of the video and that behind the last, or None, all; options: more of the tool's."""
    parts = [target + ".part", target + ".index.part"]
    for part in parts:
        if os.path.exists(part):
            os.remove(part)  # the tool appends
    decode = [ffmpeg, "-nostdin", "-v", "error", "-i", path, "-an", "-fps_mode", "passthrough", "-vf",
              ("trim=start_frame=%d:end_frame=%d," % span if span else "") +
              f"scale={entry['width']}:{entry['height']}:flags=area", "-pix_fmt", "yuv420p",
              "-f", "yuv4mpegpipe", "-"]
    write = [tool, "--threads", "1", "--crf", ",".join(f"{c:g}" for c in crf), *options,
             "--out", parts[0], "--index", parts[1]]
    with tempfile.TemporaryFile("w+") as errors:
        source = subprocess.Popen(decode, stdout=subprocess.PIPE, stderr=errors)
        status = subprocess.run(write, stdin=source.stdout, stderr=errors).returncode
        source.stdout.close()
        if source.wait() or status:
            errors.seek(0)
            lines = errors.read().strip().splitlines() or ["no reason given"]
            # a tool that fails makes ffmpeg complain about the pipe, too
            own = [line for line in lines if line.startswith("onedva-canvas: ")]
            raise InputError(f"{path}: {(own or lines)[0]}")
    os.replace(parts[1], target + ".index")
    os.replace(parts[0], target)


def prepare(source, cache, tool, ffmpeg="ffmpeg", scales=data.SCALES, crf=(30,), jobs=1):
    """Write the canvases of every video under source at several sizes into cache/ (reused when present)."""
    os.makedirs(cache, exist_ok=True)
    index, work = [], []
    for i, (path, entry) in enumerate(data.sizes(source, ffmpeg, scales)):
        entry["file"] += ".canvas"
        index.append(entry)
        target = os.path.join(cache, entry["file"])
        if not os.path.exists(target):
            first = i % len(crf)  # short videos, too, meet every quality
            work.append((tool, ffmpeg, path, entry, target, (*crf[first:], *crf[:first])))
    with ThreadPoolExecutor(jobs) as pool:
        for _ in watched(pool.map(lambda arguments: make(*arguments), work), "videos", len(work)):
            pass  # a failure ends the loop and cancels what has not begun
    data.write_index(cache, index)


class Clip:
    """One clip's canvas in memory: views y [T, H, W], u, v, and visible [T, ceil(H/4), ceil(W/4)].

    Arrays or tensors, as the bytes are."""

    def __init__(self, video, bytes_, line):
        self.name, self.scale = video["name"], video["scale"]
        self.frames, self.width, self.height = line["frames"], line["width"], line["height"]
        t, h, w = self.frames, self.height, self.width
        ch, cw = -(-h // 2), -(-w // 2)
        size = h * w + 2 * ch * cw
        blocks = -(-h // 4), -(-w // 4)

        def planes(at):
            pictures = bytes_[at:at + t * size].reshape(t, size)
            return (pictures[:, :h * w].reshape(t, h, w), pictures[:, h * w:h * w + ch * cw].reshape(t, ch, cw),
                    pictures[:, h * w + ch * cw:].reshape(t, ch, cw))

        self.y, self.u, self.v = planes(line["offset"])
        end = line["offset"] + t * size
        behind = end + t * blocks[0] * blocks[1]
        self.visible = bytes_[end:behind].reshape(t, *blocks)
        if "shares" in line:  # a pair: what the decoder's network sees of the clip
            self.linear = planes(behind)
            self.qidx, self.smoothing, self.inter = line["qidx"], line["smoothing"], line["inter"]
            _, gy, gx = self.tokens()
            self.shares = np.array(line["shares"], np.float32).reshape(-(-gy // geo.TILE), -(-gx // geo.TILE))
            self.kept = np.array([token == "1" for token in line["kept"]]).reshape(gy, gx)

    def tokens(self):
        return -(-self.frames // 4), -(-self.height // 16), -(-self.width // 16)


def read_bytes(path):
    """All of a file's bytes, mapped where they are not compressed: sets may be larger than memory."""
    if not path.endswith(".xz"):
        if not os.path.getsize(path):  # of a video that ends before its turn; there is nothing to map
            return np.empty(0, np.uint8)
        return np.memmap(path, np.uint8, "c")
    with lzma.open(path) as f:
        return np.frombuffer(bytearray(f.read()), np.uint8)


def read_lines(path):
    with open(path + ".index") as f:
        return [json.loads(line) for line in f]


def load_video(cache, entry, place=lambda bytes_: bytes_):
    """place: what the bytes become, where they shall lie"""
    path = os.path.join(cache, entry["file"])
    bytes_, lines = place(read_bytes(path)), read_lines(path)
    try:
        return [Clip(entry, bytes_, line) for line in lines]
    except (KeyError, ValueError, RuntimeError):  # the last is a tensor's
        raise InputError(f"{path} is not what {path}.index says; delete both") from None


def load(cache, place=lambda bytes_: bytes_):
    return [clip for entry in data.read_index(cache) for clip in load_video(cache, entry, place)]


def held_out(clips):
    """The first one of the longest clips of each video."""
    best = {}
    for clip in clips:
        if clip.name not in best or clip.frames > best[clip.name].frames:
            best[clip.name] = clip
    return list(best.values())


def pad(planes, t, h, w):
    """Planes y, u, v, visible grown to t frames of h x w as the codec does; added blocks are not visible."""
    out = []
    for i, (p, n) in enumerate(zip(planes, (1, 2, 2, 4))):
        missing = [(0, want - have) for want, have in zip((t, h // n, w // n), p.shape)]
        out.append(np.pad(p, missing, "constant" if i == 3 else "edge") if np.any(missing) else p)
    return out


def clip_tensor(clip):
    """A whole clip as tokens [1, gt, gy, gx, 1536], and its mask [1, gt, gy, gx, 64]."""
    gt, gy, gx = clip.tokens()
    planes = pad([clip.y, clip.u, clip.v, clip.visible], 4 * gt, 16 * gy, 16 * gx)
    y, u, v, visible = (torch.from_numpy(p.copy())[None] for p in planes)
    return geo.to_samples(geo.patchify(y, u, v)), geo.patchify_mask(visible).bool()


# so many clips of one length make longer ones unnecessary
ENOUGH = 16


class Sampler(data.Sampler):
    """Random crops of a grid shape from within one clip, deterministic by seed."""

    def __init__(self, clips, seed, augment=True, synthetic=None, share=0.25):
        super().__init__(clips, seed, augment, synthetic, share)
        self.tokens = np.array([c.tokens() for c in clips])
        self.weights = np.array([data.weight(c) for c in clips])
        self.odds = {}

    def lengths(self):
        odds = np.bincount(self.tokens[:, 0], self.weights, 5)
        return odds / odds.sum()

    def draw_clip(self, *shape):
        """A clip of this many tokens (t, y, x), or larger; short clips are the ones that move."""
        if shape not in self.odds:
            fits = np.flatnonzero((self.tokens >= shape).all(1))
            same = fits[self.tokens[fits, 0] == shape[0]]
            fits = same if len(same) >= ENOUGH else fits
            if not len(fits):
                raise InputError("no canvas has %d x %d x %d tokens: larger videos or scales are "
                                     "needed" % shape)
            self.odds[shape] = fits, np.cumsum(self.weights[fits]) / self.weights[fits].sum()
        fits, odds = self.odds[shape]
        return self.videos[fits[np.searchsorted(odds, self.rng.random(), "right")]]

    def draw_offset(self, grid, have, want):
        """Where a crop of want tokens begins among have, in samples."""
        last = have - want
        if grid == "tile":
            # the last place makes the canvas's border a border tile of the crop
            places = sorted({*range(0, last + 1, geo.TILE), last})
            return 16 * places[self.rng.integers(len(places))]
        if grid == "token":
            return 16 * self.rng.integers(last + 1)
        return 4 * self.rng.integers(4 * last + 1)

    def recorded(self, gt, gy, gx):
        """Planes y, u, v, visible of whole blocks from a clip's first frames, shorter than asked where the clip is."""
        clip = self.draw_clip(gt, gy, gx)
        grid = ("tile", "token", "block")[self.rng.choice(3, p=(0.5, 0.4, 0.1))]
        _, have_y, have_x = clip.tokens()
        y0, x0 = self.draw_offset(grid, have_y, gy), self.draw_offset(grid, have_x, gx)
        # every other frame of a longer clip moves twice as much
        stride = 2 if self.augment and clip.frames >= 8 * gt and self.rng.random() < 0.3 else 1
        planes = [p[:4 * gt * stride:stride, y0 // n:(y0 + 16 * gy) // n, x0 // n:(x0 + 16 * gx) // n]
                  for p, n in ((clip.y, 1), (clip.u, 2), (clip.v, 2), (clip.visible, 4))]
        # whole blocks: else the mask would not lie on its samples once they are flipped
        frames, rows, columns = planes[3].shape
        return pad(planes, frames, 4 * rows, 4 * columns)

    def made(self, gt, gy, gx):
        return [*super().made(gt, gy, gx), np.ones((4 * gt, 4 * gy, 4 * gx), np.uint8)]

    def crop(self, gt, gy, gx):
        """uint8 planes y [T, H, W], u, v, visible of one random crop; frames are a clip's first ones."""
        return pad(super().crop(gt, gy, gx), 4 * gt, 16 * gy, 16 * gx)

    def batch(self, n, gt, gy, gx):
        """[n, gt, gy, gx, 1536] in the model's domain, and a mask [n, gt, gy, gx, 64] or None, all counts."""
        crops = [self.crop(gt, gy, gx) for _ in range(n)]
        visible = np.stack([c[3] for c in crops])
        mask = None if visible.all() else geo.patchify_mask(torch.from_numpy(visible)).bool()
        return self.samples(crops), mask
