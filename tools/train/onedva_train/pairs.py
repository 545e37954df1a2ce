# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pairs of a clip's canvas and the exact linear reconstruction of it (onedva-canvas --pairs), and batches of them.

The decoder alone learns on these: no transform and no quantiser runs in training."""
import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from . import canvases, data
from . import geometry as geo
from .errors import InputError

CROP = 2 * geo.TILE  # most tokens of a crop's side: superblocks lie in it as they lie on the canvas
FLIPPED, UPSIDE_DOWN, TRANSPOSED = 0.5, 0.15, 0.15


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
        for _ in pool.map(lambda arguments: canvases.make(*arguments), work):
            pass
    data.write_index(cache, index)


def load(cache):
    """The clips of a folder that prepare has written."""
    clips = canvases.load(cache)
    if not all(hasattr(clip, "linear") for clip in clips):
        raise InputError(f"{cache} has canvases alone: pairs of them and their reconstructions are needed")
    return clips


def together(crops):
    """Crops of one shape as x and base [B, gt, gy, gx, 1536], mask [B, gt, gy, gx, 64] or None, shares [B, superblocks]
    and qidx [B]."""
    planes = [[torch.from_numpy(np.stack([c[part][i] for c in crops])) for i in range(3)] for part in (0, 1)]
    x, base = (geo.to_samples(geo.patchify(*p)) for p in planes)
    visible = np.stack([c[2] for c in crops])
    mask = None if visible.all() else geo.patchify_mask(torch.from_numpy(visible)).bool()
    shares = torch.from_numpy(np.stack([c[3] for c in crops])).flatten(1)
    return x, base, mask, shares, torch.tensor([c[4] for c in crops])


def crop(clip, y0, x0, gy, gx):
    """Source, reconstruction, visible blocks, shares and qidx of gy x gx tokens from a superblock's corner on."""
    gt = -(-clip.frames // 4)

    def cut(planes):
        return canvases.pad([p[:, 16 * y0 // n:16 * (y0 + gy) // n, 16 * x0 // n:16 * (x0 + gx) // n]
                             for p, n in zip(planes, (1, 2, 2, 4))], 4 * gt, 16 * gy, 16 * gx)

    ty, tx = y0 // geo.TILE, x0 // geo.TILE
    shares = clip.shares[ty:ty - (-gy // geo.TILE), tx:tx - (-gx // geo.TILE)]
    *source, visible = cut((clip.y, clip.u, clip.v, clip.visible))
    return source, cut(clip.linear), visible, shares, clip.qidx


def turned(one, turn):
    """A crop whose every plane is turned alike."""
    source, linear, visible, shares, qidx = one
    return ([turn(p) for p in source], [turn(p) for p in linear], turn(visible), turn(shares), qidx)


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
            one = turned(one, lambda p: p[..., ::-1])
        if gy % geo.TILE == 0 and rng.random() < UPSIDE_DOWN:
            one = turned(one, lambda p: p[..., ::-1, :])
        if gy == gx and rng.random() < TRANSPOSED:
            one = turned(one, lambda p: p.swapaxes(-1, -2))
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
