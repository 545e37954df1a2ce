# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where a given number of latent values goes: as many to every clip, by a motion score, or by cost; on the linear path."""
import numpy as np
import torch

from onedva_train import evaluate
from onedva_train import geometry as geo

from . import lengths

FRAMES, SIDE = 16, 256  # of a clip, at most so many rows and columns
QIDXS = (-16, -8, 0, 8)


def clips_of(video):
    """Patches [1, gt, gy, gx, 1536] of the middle of a video's clips, one after the other."""
    t, h, w = video.y.shape
    rows, columns = (min(n, SIDE) // geo.TOKEN_LUMA * geo.TOKEN_LUMA for n in (h, w))
    y, x = (h - rows) // 4 * 2, (w - columns) // 4 * 2
    for first in range(0, t - FRAMES + 1, FRAMES):
        planes = []
        for plane, n in ((video.y, 1), (video.u, 2), (video.v, 2)):
            part = np.asarray(plane[first:first + FRAMES])
            planes.append(torch.from_numpy(
                part[:, y // n:(y + rows) // n, x // n:(x + columns) // n].copy())[None])
        yield geo.to_samples(geo.patchify(*planes))


def motion_score(x):
    """Mean absolute change of luma from frame to frame."""
    return float(geo.unpatchify(x)[0].diff(dim=1).abs().mean())


def capped_shares(scores, mean):
    """Shares in proportion to the scores, at most 1, whose mean is given."""
    shares, free = np.zeros(len(scores)), np.ones(len(scores), bool)
    scores = np.maximum(scores, 1e-6)
    while free.any():
        left = mean * len(scores) - shares[~free].sum()
        shares[free] = left * scores[free] / scores[free].sum()
        if not (shares > 1 + 1e-9).any():
            break
        shares[shares > 1 + 1e-9], free = 1.0, free & (shares <= 1 + 1e-9)
    return shares


def found_in(x, out, latents):
    """-> bits a pixel, mean squared error of luma"""
    return float(sum(latents.bits)) / (x[..., 0].numel() * geo.TOKEN_FRAMES * geo.TOKEN_LUMA ** 2), \
        255 ** 2 * 10 ** (-evaluate.psnr_y(x, out) / 10)


class Paths:
    """The linear path with lengths chosen, and with shares that are given."""

    def __init__(self, linear):
        self.chosen = lengths.linear_subject(linear)
        self.given = lengths.linear_subject(linear, lengths.Fixed)

    @torch.no_grad()
    def by_cost(self, x, qidx):
        """-> found_in, share of the coefficients in coded tokens"""
        latents = self.chosen.latents(x, torch.tensor([qidx]))
        shares = self.chosen.codec.shares(latents, x.shape)[0]
        patches = torch.tensor([(y1 - y0) * (x1 - x0) for y0, y1, x0, x1 in geo.tiles(*x.shape[2:4])]).float()
        found = found_in(x, self.chosen.codec.reconstruct(latents, x.shape), latents)
        return found, float((shares * patches).sum() / patches.sum())

    @torch.no_grad()
    def with_share(self, x, qidx, share):
        self.given.codec.share = share
        latents = self.given.latents(x, torch.tensor([qidx]))
        return found_in(x, self.given.codec.reconstruct(latents, x.shape), latents)


def cell(found):
    """found: of found_in, of each clip"""
    bits, errors = np.array(found).T
    psnr = 10 * np.log10(255 ** 2 / errors)
    return f"{10 * np.log10(255 ** 2 / errors.mean()):.2f}, {psnr.mean():.2f} dB, {bits.mean():.4f}"


def compare(linear, clips, qidx):
    """-> values of a clip of 16x256x256 in the mean, and for the four ways to share them out found_in of each clip"""
    paths = Paths(linear)
    tiled = [paths.by_cost(x, qidx) for x in clips]
    shares = np.array([share for _, share in tiled])
    mean = float(shares.mean())
    ways = {"constant": np.full(len(clips), mean),
            "motion score": capped_shares(np.array([motion_score(x) for x in clips]), mean),
            "cost, clip by clip": shares}
    found = {name: [paths.with_share(x, qidx, s) for x, s in zip(clips, of_clips)] for name, of_clips in ways.items()}
    found["cost, superblock by superblock"] = [one for one, _ in tiled]
    return mean * FRAMES * SIDE * SIDE * 3 / 2, found


def write_table(linear, clips):
    print(f"{len(clips)} clips; PSNR-Y of the mean error, mean PSNR-Y of the clips, bits per pixel:\n")
    for i, qidx in enumerate(QIDXS):
        values, found = compare(linear, clips, qidx)
        if i == 0:
            print("| qidx | values | " + " | ".join(found) + " |\n" + "|---" * (len(found) + 2) + "|")
        print(f"| {qidx} | {values:.0f} | " + " | ".join(map(cell, found.values())) + " |", flush=True)
