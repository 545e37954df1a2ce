# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pairs of a clip's canvas and the exact linear reconstruction of it (onedva-canvas --pairs), and batches of them.

The decoder alone learns on these: no transform and no quantiser runs in training."""
import json
import lzma
import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from onedva_progress import watched

from . import canvases, data
from . import geometry as geo
from .errors import InputError

CROP = 2 * geo.TILE  # most tokens of a crop's side: superblocks lie in it as they lie on the canvas
FLIPPED, UPSIDE_DOWN, TRANSPOSED = 0.5, 0.15, 0.15
PACK_PRESET = 3  # of xz: quick, and leaves a quarter of the bytes


def prepare(source, cache, tool, ffmpeg="ffmpeg", crf=(12, 20, 28, 38, 50), turns=3, frames=48, jobs=1):
    """Write the pairs of every video under source into cache/ (reused when present).

    Of each video, so many turns: chains of clips that begin 16 frames apart, each with the next crf of the list and a
    fraction of the way to the one behind that."""
    os.makedirs(cache, exist_ok=True)
    rng = np.random.default_rng(0)
    index, work = [], []
    gaps = np.diff([*crf, crf[-1] + 2])
    for i, (path, entry) in enumerate(data.sizes(source, ffmpeg, (1.0,))):
        for turn in range(turns):
            which = (i + 2 * turn) % len(crf)
            quality = round(crf[which] + gaps[which] * rng.random())
            one = {**entry, "file": f"{entry['file']}-{turn}.pairs"}
            index.append(one)
            target = os.path.join(cache, one["file"])
            if not os.path.exists(target):
                span = 16 * turn, 16 * turn + frames
                work.append((tool, ffmpeg, path, one, target, (quality,), span, ("--pairs",)))
    # a part of it is a fair sample, should the making be stopped
    work = [work[i] for i in rng.permutation(len(work))]
    with ThreadPoolExecutor(jobs) as pool:
        for _ in watched(pool.map(lambda arguments: canvases.make(*arguments), work), "videos", len(work)):
            pass
    data.write_index(cache, index)


def load(cache, device="cpu"):
    """The clips of a folder that prepare or pack has written, as bytes on the device."""
    if not data.has_index(cache):
        raise InputError(f"{cache} has no index.json: pairs are wanted, which onedva_train makes with --pairs and --canvas")
    clips = canvases.load(cache, lambda bytes_: torch.from_numpy(bytes_).to(device))
    if not all(hasattr(clip, "linear") for clip in clips):
        raise InputError(f"{cache} has canvases alone: pairs of them and their reconstructions are needed")
    return clips


def spans(cache):
    """Of every clip of a folder: its video's entry, its line of the index, and where its bytes end."""
    for entry in data.read_index(cache):
        path = os.path.join(cache, entry["file"])
        lines = canvases.read_lines(path)
        ends = [line["offset"] for line in lines[1:]] + [os.path.getsize(path)]
        yield from ((entry, line, end) for line, end in zip(lines, ends))


def pack(cache, target, limit, seed):
    """Copy clips of a folder of pairs, drawn by the seed, to a new one that has at most so many bytes, compressed.

    -> how many"""
    clips, written, used = list(spans(cache)), 0, {}
    os.makedirs(target)
    for i in np.random.default_rng(seed).permutation(len(clips)):
        entry, line, end = clips[i]
        with open(os.path.join(cache, entry["file"]), "rb") as f:
            f.seek(line["offset"])
            raw = f.read(end - line["offset"])
        small = lzma.compress(raw, preset=PACK_PRESET)
        written += len(small) + len(json.dumps([entry, line])) + 100  # of the indices, at most
        if written > limit:
            break
        copy = {**entry, "file": entry["file"] + ".xz"}
        packed = used.setdefault(entry["file"], {"entry": copy, "lines": [], "end": 0})
        packed["lines"].append({**line, "offset": packed["end"]})
        packed["end"] += len(raw)
        with open(os.path.join(target, packed["entry"]["file"]), "ab") as f:
            f.write(small)
    for packed in used.values():
        with open(os.path.join(target, packed["entry"]["file"] + ".index"), "w") as f:
            f.writelines(json.dumps(line) + "\n" for line in packed["lines"])
    data.write_index(target, [packed["entry"] for packed in used.values()])
    return sum(len(packed["lines"]) for packed in used.values())


def together(crops):
    """Crops of one shape as x and base [B, gt, gy, gx, 1536], mask [B, gt, gy, gx, 64] or None, shares [B, superblocks],
    kept [B, gy, gx], qidx [B] and smoothing [B]."""
    planes = [[torch.stack([c[part][i] for c in crops]) for i in range(3)] for part in (0, 1)]
    x, base = (geo.to_samples(geo.patchify(*p)) for p in planes)
    visible = torch.stack([c[2] for c in crops])
    mask = None if visible.all() else geo.patchify_mask(visible).bool()
    shares = torch.stack([c[3] for c in crops]).flatten(1)
    kept = torch.stack([c[4] for c in crops])
    return x, base, mask, shares, kept, *(torch.tensor([c[i] for c in crops]) for i in (5, 6))


def repeat_ends(plane, *size):
    """A plane [t, h, w] grown to the size by its last frame, row and column."""
    for axis, n in enumerate(size):
        if n > plane.shape[axis]:
            at = torch.arange(n, device=plane.device).clamp(max=plane.shape[axis] - 1)
            plane = plane.index_select(axis, at)
    return plane


def grown(visible, *size):
    """The mask [t, h, w] grown to the size; what is added is not visible."""
    out = visible.new_zeros(size)
    out[tuple(slice(n) for n in visible.shape)] = visible
    return out


def crop(clip, y0, x0, gy, gx):
    """Source, reconstruction, visible blocks, shares, kept, qidx and smoothing of gy x gx tokens from a superblock's corner on."""
    gt = -(-clip.frames // 4)

    def cut(plane, n, grow=repeat_ends):
        side = 16 // n
        part = plane[:, side * y0:side * (y0 + gy), side * x0:side * (x0 + gx)]
        return grow(part, 4 * gt, side * gy, side * gx)

    ty, tx = y0 // geo.TILE, x0 // geo.TILE
    shares = torch.from_numpy(clip.shares[ty:ty - (-gy // geo.TILE), tx:tx - (-gx // geo.TILE)])
    source, linear = ([cut(plane, n) for plane, n in zip(planes, (1, 2, 2))]
                      for planes in ((clip.y, clip.u, clip.v), clip.linear))
    kept = torch.from_numpy(clip.kept[y0:y0 + gy, x0:x0 + gx])
    return source, linear, cut(clip.visible, 4, grown), shares, kept, clip.qidx, clip.smoothing


def turned(one, turn):
    """A crop whose every plane is turned alike."""
    source, linear, visible, shares, kept, *numbers = one
    return ([turn(p) for p in source], [turn(p) for p in linear], turn(visible), turn(shares), turn(kept), *numbers)


class Sampler:
    """Random crops of whole superblocks, or up to the canvas's end, deterministic by seed."""

    def __init__(self, clips, seed):
        self.rng = np.random.default_rng(seed)
        self.crops = {}  # of each shape: clip, y0, x0
        for clip in clips:
            gt, gy, gx = clip.tokens()
            for y0 in range(0, gy, geo.TILE):
                for x0 in range(0, gx, geo.TILE):
                    shape = gt, min(CROP, gy - y0), min(CROP, gx - x0)
                    self.crops.setdefault(shape, []).append((clip, y0, x0))
        if not self.crops:
            raise InputError("no pairs to train on")
        self.shapes = list(self.crops)
        weight = np.array([sum(data.weight(c) for c, _, _ in self.crops[s]) * math.prod(s) for s in self.shapes])
        self.odds = weight / weight.sum()

    def draw(self, clip, y0, x0, gy, gx):
        """One crop, turned where that moves no superblock."""
        rng = self.rng
        one = crop(clip, y0, x0, gy, gx)
        if gx % geo.TILE == 0 and rng.random() < FLIPPED:
            one = turned(one, lambda p: p.flip(-1))
        if gy % geo.TILE == 0 and rng.random() < UPSIDE_DOWN:
            one = turned(one, lambda p: p.flip(-2))
        if gy == gx and rng.random() < TRANSPOSED:
            one = turned(one, lambda p: p.transpose(-1, -2))
        return one

    def batch(self, patches):
        """Crops of one shape, about so many patches."""
        gt, gy, gx = self.shapes[self.rng.choice(len(self.shapes), p=self.odds)]
        crops = self.crops[gt, gy, gx]
        weight = np.array([data.weight(c) for c, _, _ in crops])
        n = min(max(1, patches // (gt * gy * gx)), len(crops))
        chosen = self.rng.choice(len(crops), n, replace=False, p=weight / weight.sum())
        return together([self.draw(*crops[i], gy, gx) for i in chosen])


def draw_batch(sampler, patches):
    return sampler.batch(patches)


def whole(clip):
    """A batch of one whole clip."""
    _, gy, gx = clip.tokens()
    return together([crop(clip, 0, 0, gy, gx)])
