# SPDX-License-Identifier: LGPL-2.1-or-later
"""Borders of tokens and all samples as every decode smooths them (doc/bitstream.md, section 8), differentiable or to the last bit."""
import torch
import torch.nn.functional as F

from . import geometry as geo
from .fused import fused

WEIGHTS = (56, 30, 14, 5)   # of 128; what a clipped step moves the samples on each side by, nearest first
BESIDE = 30   # of 128; what that to the sample beside it moves the nearest by
REACH = len(WEIGHTS)
MOST = 1020
EIGHTHS = (0, 2, 3, 4, 5, 6, 8, 12)   # of the limit; from which on a difference counts for nothing, by a clip's smoothing
USUAL = 3   # smoothing of an encoder that does not choose it
REACHED = 2   # samples on each side that smoothing looks at
SMOOTHING = (14, 11)   # of 128; what the counted differences to the samples at distance 1, 2, .. move a sample by


def limits(qidx):
    """qidx and result [B] int64"""
    v = qidx.long() + 136
    return (((13 + v % 13) * 2 ** torch.div(v, 13, rounding_mode="floor")) >> 9).clamp(max=MOST)


def step_limits(qidx):
    """How much of a step across a border counts; qidx and result [B] int64"""
    return (5 * limits(qidx) + 8) >> 4


def smoothing_limits(qidx, smoothing):
    """From which on a difference counts for nothing; qidx, smoothing and result [B] int64"""
    return ((torch.tensor(EIGHTHS)[smoothing].to(qidx) * limits(qidx) + 4) >> 3).clamp(max=63)


def borders(frames):
    """Views of frames [B, gt, gy, gx, 4, 384]: of each plane, between columns and then between rows, the samples that
    lie before borders, nearest last, and behind them, each [..., 4]."""
    first = 0
    for side in (geo.TOKEN_LUMA, geo.TOKEN_CHROMA, geo.TOKEN_CHROMA):
        plane = frames[..., first:first + side * side].unflatten(-1, (side, side))
        turned = plane.transpose(-1, -2)
        yield plane[:, :, :, :-1, ..., -REACH:], plane[:, :, :, 1:, ..., :REACH]
        yield turned[:, :, :-1, ..., -REACH:], turned[:, :, 1:, ..., :REACH]
        first += side * side


def shares(amount, exact):
    """128ths, as a decoder rounds them if exact."""
    return (amount / 128 + 0.5).floor() if exact else amount / 128


def smooth(before, behind, most, exact):
    """In place. -> where the steps across, half as far, beside before and beside behind are not clipped"""
    step = behind[..., 0] - before[..., 3]
    beside = before[..., 2] - before[..., 3], behind[..., 1] - behind[..., 0]
    half = torch.div(most, 2, rounding_mode="floor")
    near, further = step.clamp(-most, most), step.clamp(-half, half)
    nearest = [BESIDE * s.clamp(-most, most) + sign * WEIGHTS[0] * near for s, sign in zip(beside, (1, -1))]
    before[..., 3] += shares(nearest[0], exact)
    behind[..., 0] += shares(nearest[1], exact)
    share = shares(further[..., None] * torch.tensor(WEIGHTS[1:]).to(step), exact)
    before[..., :3] += share.flip(-1)
    behind[..., 1:] -= share
    if exact:
        before.clamp_(0, 255)
        behind.clamp_(0, 255)
    return step.abs() < most, step.abs() < half, *(s.abs() < most for s in beside)


def border_limits(most, kept):
    """Of the borders between columns and between rows of tokens, [B, 1, gy, gx - 1, 1, 1] and [B, 1, gy - 1, gx, 1, 1]:
    most [B], and 0 between tokens that are both kept [B, gy, gx], if any are."""
    if kept is None:
        return [most[:, None, None, None, None, None]] * 2
    between = kept[:, :, :-1] & kept[:, :, 1:], kept[:, :-1] & kept[:, 1:]
    return [(most[:, None, None] * ~both)[:, None, ..., None, None] for both in between]


class Deblock(torch.autograd.Function):
    """levels 0..255 [B, gt, gy, gx, 1536], qidx [B], kept [B, gy, gx] or None; exact: levels are integers and stay so."""

    @staticmethod
    def forward(ctx, levels, qidx, kept, exact):
        levels = levels.clone()
        limits, slopes = border_limits(step_limits(qidx).to(levels), kept), []
        for i, (before, behind) in enumerate(borders(levels.unflatten(-1, (geo.TOKEN_FRAMES, -1)))):
            slopes += smooth(before, behind, limits[i % 2], exact)
        ctx.save_for_backward(*slopes)
        return levels

    @staticmethod
    def backward(ctx, grad):
        grad = grad.clone()
        places = list(borders(grad.unflatten(-1, (geo.TOKEN_FRAMES, -1))))
        weights = torch.tensor(WEIGHTS).to(grad) / 128
        for i, (before, behind) in reversed(list(enumerate(places))):
            near, further, beside_before, beside_behind = ctx.saved_tensors[4 * i:4 * i + 4]
            share = (before.flip(-1) - behind) * weights
            step = near * share[..., 0] + further * share[..., 1:].sum(-1)
            last, first = (BESIDE / 128 * s * g for s, g in ((beside_before, before[..., 3]),
                                                             (beside_behind, behind[..., 0])))
            before[..., 2] += last
            before[..., 3] -= step + last
            behind[..., 0] += step - first
            behind[..., 1] += first
        return grad, None, None, None


def inside(wide, down=0, right=0):
    """What lies so far down and right of all samples of the plane inside a border of REACHED, [B, T, H, W]."""
    height, width = wide.shape[-2] - 2 * REACHED, wide.shape[-1] - 2 * REACHED
    return wide[..., REACHED + down:REACHED + down + height, REACHED + right:REACHED + right + width]


def neighbours():
    """Weight, down and right of the samples that smoothing looks at."""
    for distance, weight in enumerate(SMOOTHING, 1):
        for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            yield weight, distance * down, distance * right


@fused
def pulled(wide, most):
    """What the differences d to the samples near each move it by, 2 clamp(d, most / 2) - clamp(d, most), in 128ths."""
    centre, total = inside(wide), 0
    for weight, down, right in neighbours():
        d = inside(wide, down, right) - centre
        total = total + weight * (2 * d.clamp(-most / 2, most / 2) - d.clamp(-most, most))
    return total


@fused
def pulled_gradient(wide, grad, most):
    """The gradient by the samples: wide as above with a border more, grad 0 outside the plane."""
    centre, own, total = inside(wide), inside(grad), 0
    for weight, down, right in neighbours():
        d = (inside(wide, down, right) - centre).abs()
        slope = 2 * (d < most / 2).to(wide) - (d < most).to(wide)
        total = total + weight * slope * (inside(grad, down, right) - own)
    return total


class Smooth(torch.autograd.Function):
    """wide [B, T, H + 4, W + 4], most [B, 1, 1, 1] -> pulled, [B, T, H, W]."""

    @staticmethod
    def forward(ctx, wide, most):
        ctx.save_for_backward(wide, most)
        return pulled(wide, most)

    @staticmethod
    def backward(ctx, grad):
        wide, most = ctx.saved_tensors
        return pulled_gradient(F.pad(wide, (REACHED,) * 4), F.pad(grad, (2 * REACHED,) * 4), most), None


def smooth_plane(plane, most, moved, exact):
    """plane [B, T, H, W], most [B, 1, 1, 1]: each sample moves towards those that are near it, and like it, where moved
    [B, 1, H, W] is not 0, if given."""
    total = Smooth.apply(F.pad(plane, (REACHED,) * 4, "replicate"), most)
    return plane + shares(total if moved is None else total * moved, exact)


def smooth_all(levels, qidx, kept, smoothing, exact):
    """levels 0..255 [B, gt, gy, gx, 1536], qidx and smoothing [B], kept [B, gy, gx] or None; exact: levels are integers and stay so."""
    most, planes = smoothing_limits(qidx, smoothing).to(levels)[:, None, None, None], []
    for plane, side in zip(geo.unpatchify(levels), (geo.TOKEN_LUMA, geo.TOKEN_CHROMA, geo.TOKEN_CHROMA)):
        moved = None
        if kept is not None:
            moved = (~kept).to(plane).repeat_interleave(side, 1).repeat_interleave(side, 2)[:, None]
        planes.append(smooth_plane(plane, most, moved, exact))
    return geo.patchify(*planes)


def deblock(patches, qidx, kept=None, smoothing=None, exact=False):
    """patches [B, gt, gy, gx, 1536] in the model's domain, qidx [B] -> the same, deblocked and smoothed.

    kept [B, gy, gx]: tokens that are not smoothed, nor deblocked where they meet; smoothing [B] of their clips, None: the usual one; exact: levels are rounded and clipped as a decoder does."""
    levels = (patches + 1) * 127.5
    if exact:
        levels = (levels + 0.5).floor().clamp(0, 255)
    smoothing = torch.full_like(qidx.long(), USUAL) if smoothing is None else smoothing
    return smooth_all(Deblock.apply(levels, qidx, kept, exact), qidx, kept, smoothing, exact) / 127.5 - 1


def tile_steps(error):
    """[B]: sum of the squared changes of luma's error from one sample to the next across borders of tiles."""
    n = geo.TOKEN_LUMA
    luma = error.unflatten(-1, (geo.TOKEN_FRAMES, -1))[..., :n * n].unflatten(-1, (n, n))
    columns = luma[:, :, :, geo.TILE::geo.TILE, ..., 0] - luma[:, :, :, geo.TILE - 1:-1:geo.TILE, ..., -1]
    rows = luma[:, :, geo.TILE::geo.TILE, ..., 0, :] - luma[:, :, geo.TILE - 1:-1:geo.TILE, ..., -1, :]
    return columns.pow(2).sum((1, 2, 3, 4, 5)) + rows.pow(2).sum((1, 2, 3, 4, 5))
