# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an encoder that knows the decoder could save at most: latents of single superblocks optimised for a frozen decoder.

Superblocks are cut as the linear path finds it cheapest, and lengths are the linear path's. Beside it stands what the engine's
compensation does (engine/encoder/compensation.c): the superblock is coded once more with what the decoder changed taken away."""
import math

import numpy as np
import torch

from onedva_train import entropy, evaluate, pairs
from onedva_train import geometry as geo
from onedva_train.deblocking import deblock

STEPS = 120
# of the latents, in quantiser steps an iteration, and of the relaxation (Codec.quantise), falling
RATE, TEMPERATURE = 0.03, (0.5, 0.1)


def squared_error(x, pixels, qidx):
    return (x - deblock(pixels, qidx)).pow(2).sum()


def tile_costs(codec, x, qidx, size):
    """Cost of each tile of a whole superblock that is cut into tiles of one size, a square array; the linear path's."""
    everywhere = {3: 0, 2: 1, 1: 0x1f, 0: -1}[size]
    latents = codec.analyse(x, qidx, False, [everywhere])
    codec.quantise(latents, qidx)
    price = entropy.LAMBDA * 2.0 ** (float(qidx) / 4)
    side = geo.TILE >> size
    found = np.empty((side, side))
    for (y0, _, x0, _, _), y, hat, bits in zip(latents.tiles, latents.y, latents.hat, latents.bits):
        found[y0 >> size, x0 >> size] = float((y - hat).pow(2).sum() + price * bits.sum())
    return found


@torch.no_grad()
def cheapest_splits(codec, x, qidx):
    """The bits of geometry.partition for a superblock x [1, gt, 8, 8, 1536] by the linear path's costs."""
    best, splits = tile_costs(codec, x, qidx, 0), 0
    for level, first in ((2, 5), (1, 1), (0, 0)):
        whole = tile_costs(codec, x, qidx, 3 - level)
        n = len(whole)
        cut = best.reshape(n, 2, n, 2).sum((1, 3))
        for y, x0 in zip(*np.nonzero(cut < whole)):
            index = sum(((y >> i & 1) * 2 + (x0 >> i & 1)) << 2 * i for i in range(level))
            splits |= 1 << first + int(index)
        best = np.minimum(cut, whole)
    return splits


class Superblock:
    """Latents of a superblock, their cost through a decoder, and a start from the linear path."""

    def __init__(self, codec, x, qidx, with_network):
        self.codec, self.x, self.with_network = codec, x, with_network
        self.qidx = torch.tensor([qidx])
        self.price = entropy.LAMBDA * 2.0 ** (qidx / 4)
        self.step = 2.0 ** (qidx / 8)
        self.splits = [cheapest_splits(codec, x, self.qidx)]
        self.latents = codec.quantise(codec.analyse(x, self.qidx, False, self.splits), self.qidx)
        self.lengths = self.latents.n
        self.shares = codec.shares(self.latents, x.shape)
        with torch.no_grad():
            self.error, _, _ = self.cost([y / self.step for y in self.latents.y])

    def refined(self, base):
        if not self.with_network:
            return base
        return base + self.codec.correction(self.shares, base, self.qidx, torch.zeros(1))

    def cost(self, ratios, relaxation=None):
        """-> squared error, bits, latents of these values in quantiser steps"""
        latents = self.latents.like([ratio * self.step for ratio in ratios])
        self.codec.quantise(latents, self.qidx, relaxation=relaxation, lengths=self.lengths)
        out = self.refined(self.codec.reconstruct(latents, self.x.shape))
        return squared_error(self.x, out, self.qidx), sum(latents.bits).sum(), latents

    def compared(self, ratios):
        """Latents of these values with the linear path's: change of the cost as a share of the bits, change of the bits by
        static contexts, gain in dB."""
        with torch.no_grad():
            e, _, latents = self.cost(ratios)
        before, after = (evaluate.exact_bits(self.codec, v, self.qidx) for v in (self.latents, latents))
        return (float((e - self.error) / self.price) + after - before) / before, after / before - 1, 10 * math.log10(self.error / e)

    @torch.no_grad()
    def compensation(self):
        """-> patches that what the decoder changed is taken away from, their latents"""
        base = self.codec.reconstruct(self.latents, self.x.shape)
        x = self.x + base - deblock(self.refined(base), self.qidx)
        return x, self.codec.analyse(x, self.qidx, False, self.splits)

    def compensated(self):
        """The same of what the engine makes of it, but for its lengths."""
        return self.compared([y / self.step for y in self.compensation()[1].y])

    def optimised(self):
        """The same of the best that is found."""
        ratios = [(y / self.step).detach().clone().requires_grad_() for y in self.latents.y]
        optimiser = torch.optim.Adam(ratios, RATE)
        for i in range(STEPS):
            part = i / STEPS
            optimiser.param_groups[0]["lr"] = RATE * (1 - 0.8 * part)
            temperature = TEMPERATURE[0] * (TEMPERATURE[1] / TEMPERATURE[0]) ** part
            e, b, _ = self.cost(ratios, temperature)
            optimiser.zero_grad()
            (e / self.error + self.price * b / self.error).backward()
            optimiser.step()
        return self.compared(ratios)


def superblocks(folder, count, seed):
    """One superblock in the middle of a key clip of each video, wholly visible, of so many videos at most: its patches."""
    seen, found = set(), []
    clips = pairs.load(folder)
    for i in np.random.default_rng(seed).permutation(len(clips)):
        clip = clips[i]
        gt, gy, gx = clip.tokens()
        video = clip.name.rsplit("-", 1)[0]
        if clip.inter or gt < 4 or min(gy, gx) < geo.TILE or video in seen:
            continue
        y0, x0 = ((n // geo.TILE - 1) // 2 * geo.TILE for n in (gy, gx))
        x, _, mask, *_ = pairs.together([pairs.crop(clip, y0, x0, geo.TILE, geo.TILE)])
        if mask is None:
            seen.add(video)
            found.append(x)
        if len(found) == count:
            break
    return found


def write_table(codec, folder, qidxs, count, seed):
    """Markdown: means over superblocks, through the network and through the linear path alone."""
    codec.requires_grad_(False)
    blocks = superblocks(folder, count, seed)
    print(f"{len(blocks)} superblocks\n\n| qidx | through | latents | cost in bits | bits | squared error |\n|---|---|---|---|---|---|")
    for qidx in qidxs:
        for with_network in (True, False):
            tried = [Superblock(codec, x, qidx, with_network) for x in blocks]
            for name, rows in (("compensated", [s.compensated() for s in tried]), ("optimised", [s.optimised() for s in tried])):
                change, bits, gain = np.mean(rows, 0)
                print(f"| {qidx} | {'the network' if with_network else 'the linear path'} | {name} | {100 * change:+.1f} % | "
                      f"{100 * bits:+.1f} % | {gain:+.2f} dB |", flush=True)
