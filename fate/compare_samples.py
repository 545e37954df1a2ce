#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what PyTorch and the engine drew from one prior with one seed.

usage: compare_samples.py SAMPLES.npy LATENTS.safetensors

SAMPLES.npy: of `onedva_generate sample`, one video; LATENTS.safetensors: exported from that of `onedva-latents generate`.
Levels are those of the same values but where a value lies next to a decision between two levels."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools", "python"))
import onedva  # noqa: E402

NEAR = 2e-3   # of a step: what float32 sums in another order may move a value


def levels(clip, tile, tokens):
    """What the encoder's quantiser makes of a tile's tokens, and how far each value is from where it would differ."""
    count = min(tokens.size, tile.shape[0] * tile.shape[1] * tile.shape[2] * clip.basis)
    scale = np.zeros(count, np.float32)
    scale[:len(tile.scale)] = np.exp2(tile.scale[:count].astype(np.float32) / 8)
    steps = np.ravel(tokens)[:count] * scale / np.exp2(clip.qidx / 8)
    return np.sign(steps) * np.floor(np.abs(steps) + 0.5), np.abs(np.abs(steps) % 1 - 0.5)


def main(samples, latents):
    drawn, read = np.load(samples)[0], onedva.Latents(latents)
    if len(drawn) != len(read):
        sys.exit(f"{len(drawn)} clips of PyTorch, {len(read)} of the engine")
    coded = 0
    for number, (tokens, clip) in enumerate(zip(drawn, read)):
        parts = np.split(tokens, len(clip.tiles))
        for tile, part in zip(clip.tiles, parts):
            wanted, margin = levels(clip, tile, part)
            wanted, margin = wanted[:len(tile.levels)], margin[:len(tile.levels)]
            wrong = np.flatnonzero((wanted != tile.levels) & (margin > NEAR))
            if len(wrong):
                i = wrong[0]
                sys.exit(f"clip {number}, coefficient {i}: {wanted[i]:.0f} of PyTorch, {tile.levels[i]} of the engine, "
                         f"{margin[i]:.4f} of a step from the decision; {len(wrong)} differ")
            coded += np.count_nonzero(tile.levels)
    if coded < 100:
        sys.exit(f"{coded} coefficients that are not 0: nothing was compared")
    print(f"{coded} levels that are not 0, all the same")


if __name__ == "__main__":
    main(*sys.argv[1:])
