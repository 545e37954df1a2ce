# SPDX-License-Identifier: LGPL-2.1-or-later
"""A query encoder that learns towards the bound of encoder_bound.py: through the frozen decoder and the drawn rounding.

It sees what compensation codes, corrects its latents, and so begins where compensation ends."""
import copy

import numpy as np
import torch

from onedva_train import geometry as geo
from onedva_train import pairs
from onedva_train.codec import Codec

from . import fitting
from .encoder_bound import Superblock, superblocks

TEMPERATURE = 0.4, 0.1   # of the relaxation, falling
BATCH = 4                # superblocks a step
WARM_UP = 50             # steps


def new_encoder(codec, layers, queries):
    """A query encoder for the codec whose patches it learns along the basis, as in training."""
    cfg = copy.copy(codec.cfg)
    cfg.encoder_layers, cfg.queries, cfg.decoder_layers = layers, queries, 0
    return Codec(cfg, codec.linear).for_training().encoder


class Encoded(Superblock):
    """A superblock with what an encoder begins with: patches and latents of every tile, those of one kind together."""

    def __init__(self, codec, x, qidx):
        super().__init__(codec, x, qidx, with_network=True)
        patches, start = self.compensation()
        self.start, self.kinds = start.y, {}
        for i, (y0, y1, x0, x1, size) in enumerate(start.tiles):
            self.kinds.setdefault((y1 - y0, x1 - x0, size), []).append(i)
        self.patches = [torch.cat([patches[:, :, y0:y1, x0:x1].reshape(1, -1, geo.PATCH)
                                   for y0, y1, x0, x1, _ in (start.tiles[i] for i in tiles)]) for tiles in self.kinds.values()]

    def ratios(self, encoder):
        """Latents in quantiser steps that the encoder makes."""
        found = list(self.start)
        for tiles, patches in zip(self.kinds.values(), self.patches):
            scan, y = self.latents.scan[tiles[0]], torch.cat([self.start[i] for i in tiles])
            delta = encoder(patches, y, scan, self.qidx.float().expand(len(y)), (self.codec.cos, self.codec.sin))
            for row, i in enumerate(tiles):
                found[i] = (y + scan.scale * delta)[row:row + 1]
        return [y / self.step for y in found]

    def loss(self, encoder, temperature):
        """The logarithm of the cost over the linear path's."""
        e, b, _ = self.cost(self.ratios(encoder), temperature)
        return ((e + self.price * b) / (self.error + self.price * sum(self.latents.bits).sum())).log()


def pool(codec, folder, count, qidxs, seed):
    """So many superblocks of key clips, wholly visible, each at a quantiser index between the ends of qidxs."""
    rng, clips, found = np.random.default_rng(seed), pairs.load(folder), []
    clips = [c for c in clips if not c.inter and c.tokens()[0] == geo.TILE_FRAMES and min(c.tokens()[1:]) >= geo.TILE]
    while len(found) < count:
        clip = clips[rng.integers(len(clips))]
        y0, x0 = (geo.TILE * int(rng.integers(n // geo.TILE)) for n in clip.tokens()[1:])
        x, _, mask, *_ = pairs.together([pairs.crop(clip, y0, x0, geo.TILE, geo.TILE)])
        if mask is None:
            found.append(Encoded(codec, x, int(rng.integers(min(qidxs), max(qidxs) + 1))))
    return found


def fit(encoder, blocks, cpu_minutes, rate, seed, log):
    """Train it on superblocks, while the relaxation's temperature falls."""
    rng = np.random.default_rng(seed)

    def loss(part):
        temperature = TEMPERATURE[0] * (TEMPERATURE[1] / TEMPERATURE[0]) ** part
        return torch.stack([blocks[i].loss(encoder, temperature) for i in rng.choice(len(blocks), BATCH, replace=False)]).mean()

    fitting.fit(encoder.parameters(), loss, cpu_minutes, rate, WARM_UP, log)


def compare(codec, encoder, held_out, qidxs):
    """Markdown rows: means over superblocks of others' videos, compensated and with the encoder."""
    print("| qidx | latents | cost in bits | bits | squared error |\n|---|---|---|---|---|")
    for qidx in qidxs:
        tried = [Encoded(codec, x, qidx) for x in held_out]
        with torch.no_grad():
            rows = {"compensated": [s.compensated() for s in tried], "query encoder": [s.compared(s.ratios(encoder)) for s in tried]}
        for name, figures in rows.items():
            change, bits, gain = np.mean(figures, 0)
            print(f"| {qidx} | {name} | {100 * change:+.1f} % | {100 * bits:+.1f} % | {gain:+.2f} dB |", flush=True)


def run(codec, args, log):
    """Train one on args.train and compare it on args.pairs."""
    codec.requires_grad_(False)
    encoder = new_encoder(codec, args.layers, args.queries)
    blocks = pool(codec, args.train, args.blocks, args.qidx, args.seed)
    log(f"{len(blocks)} superblocks to learn from")
    held_out = superblocks(args.pairs, args.count, args.seed)
    for minutes in args.cpu_minutes:
        fit(encoder, blocks, minutes, args.rate, args.seed + 1, log)
        compare(codec, encoder.eval(), held_out, args.qidx)
