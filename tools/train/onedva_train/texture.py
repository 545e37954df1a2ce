# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much fine detail a clip has, wherever exactly its lines are: local energy of luma's finest bands."""
import torch
import torch.nn.functional as F

from . import geometry as geo

BANDS = 2           # full and half size
WINDOW = 8          # samples of a band whose energy is one number
FLOOR = (1 / 127.5) ** 2   # energy that nobody sees: one level of 8 bits


def blur_along(frames, axis):
    """The binomial filter along one axis, as a sum of shifted frames: a convolution of one channel takes eight times as long on a CPU."""
    padded = F.pad(frames, (2, 2, 0, 0) if axis == -1 else (0, 0, 2, 2), "replicate")
    taps = [padded.narrow(axis, i, frames.shape[axis]) for i in range(5)]
    return (taps[0] + taps[4] + 4 * (taps[1] + taps[3]) + 6 * taps[2]) / 16


def blur(frames):
    """Binomial filter of five taps; frames [N, 1, H, W]."""
    return blur_along(blur_along(frames, -1), -2)


def luma_frames(patches):
    """[B, gt, gy, gx, 1536] -> [B T, 1, H, W]"""
    return geo.unpatchify(patches)[0].flatten(0, 1)[:, None]


def log_energies(patches):
    """One [B T, 1, h, w] for each band: logarithm of the mean square of what a blur takes away."""
    frames, found = luma_frames(patches), []
    for _ in range(BANDS):
        low = blur(frames)
        found.append((F.avg_pool2d((frames - low).pow(2), WINDOW) + FLOOR).log())
        frames = low[:, :, ::2, ::2]
    return found


def difference(x, out, counts=None):
    """Mean absolute difference of the log energies, and their mean difference (negative: too smooth).

    x, out [B, gt, gy, gx, 1536]; counts, of their shape or None: only windows where all of it is 1 count."""
    sizes, changes, total = 0.0, 0.0, 0.0
    frames = None if counts is None else luma_frames(counts)
    for a, b in zip(log_energies(x), log_energies(out)):
        step = b - a
        whole = torch.ones_like(step)
        if frames is not None:
            whole = (F.avg_pool2d(frames, WINDOW) > 0.999).to(step)
            frames = frames[:, :, ::2, ::2]
        sizes = sizes + (step.abs() * whole).sum()
        changes = changes + (step * whole).sum()
        total = total + whole.sum()
    return sizes / total.clamp(min=1), changes / total.clamp(min=1)
