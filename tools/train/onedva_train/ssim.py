# SPDX-License-Identifier: LGPL-2.1-or-later
"""Structural similarity of luma (Wang et al. 2004) in square windows, every half a window, as encoders' tools measure it."""
import torch
import torch.nn.functional as F

from .texture import luma_frames

WINDOW, STEP = 8, 4
C1, C2 = 0.02 ** 2, 0.06 ** 2   # (0.01 L)^2 and (0.03 L)^2 of samples whose range L is 2
FRAMES = 4     # of a clip, drawn at random, that the loss looks at
FLOOR = 1e-3   # 1 - SSIM that nobody sees


def similarity(a, b):
    """[N, 1, H, W] twice -> [N, 1, h, w], one number for each window"""
    def mean(v):
        return F.avg_pool2d(v, WINDOW, STEP)

    p, q = mean(a), mean(b)
    variance = mean(a * a + b * b) - p * p - q * q
    covariance = mean(a * b) - p * q
    p, q = p + 1, q + 1   # means of samples from 0 on
    return (2 * p * q + C1) / (p * p + q * q + C1) * (2 * covariance + C2) / (variance + C2)


def difference(x, out, counts=None, frames=slice(None)):
    """[B]: 1 - SSIM of those frames; x, out [B, gt, gy, gx, 1536].

    counts, of their shape or None: only windows where all of it is 1 count."""
    def luma(v):
        return luma_frames(v).unflatten(0, (len(x), -1))[:, frames].flatten(0, 1)

    different = 1 - similarity(luma(x), luma(out))
    whole = torch.ones_like(different)
    if counts is not None:
        whole = (F.avg_pool2d(luma(counts), WINDOW, STEP) > 0.999).to(different)
    whole, different = (v.reshape(len(x), -1) for v in (whole, different * whole))
    return different.sum(1) / whole.sum(1).clamp(min=1)


class Similarity:
    """The term of the loss: mean logarithm of 1 - SSIM, over that of a reconstruction that stands beside it."""

    def __init__(self, weight):
        """weight: what a change of 1 in the logarithm counts against one in that of the squared error."""
        self.weight = weight

    def loss(self, x, out, base, counts, rng):
        frames = torch.from_numpy(rng.choice(4 * x.shape[1], FRAMES, replace=False))
        with torch.no_grad():
            fixed = difference(x, base, counts, frames) + FLOOR
        return self.weight * ((difference(x, out, counts, frames) + FLOOR) / fixed).log().mean()
