# SPDX-License-Identifier: LGPL-2.1-or-later
"""Borders of tokens as every decode smooths them (doc/bitstream.md, section 8), differentiable or to the last bit."""
import torch

from . import geometry as geo

WEIGHTS = (26, 13, 5, 2)   # of 128
REACH = len(WEIGHTS)
MOST = 1020


def limits(qidx):
    """Twice the luma step that is still taken for one of coding; qidx and result [B] int64"""
    v = qidx.long() + 136
    limit = ((13 + v % 13) * 2 ** torch.div(v, 13, rounding_mode="floor")) >> 9
    return limit.clamp(max=MOST)


def border_limits(limit, count, chroma):
    """[B] -> [B, count] for the borders behind patches 0, 1, ...: larger at tiles'."""
    limit = torch.div(5 * limit, 8, rounding_mode="floor") if chroma else limit
    larger = torch.div(3 * limit, 2, rounding_mode="floor").clamp(max=MOST)
    of_tile = torch.arange(1, count + 1, device=limit.device) % geo.TILE == 0
    return torch.where(of_tile[None], larger[:, None], limit[:, None])


def borders(frames):
    """Views of frames [B, gt, gy, gx, 4, 384]: of each plane, between columns and then between rows, the samples that
    lie before borders and behind them, each [..., 4]; the borders' axis; whether it is chroma."""
    first = 0
    for side in (geo.TOKEN_LUMA, geo.TOKEN_CHROMA, geo.TOKEN_CHROMA):
        plane = frames[..., first:first + side * side].unflatten(-1, (side, side))
        turned, chroma = plane.transpose(-1, -2), side == geo.TOKEN_CHROMA
        yield plane[:, :, :, :-1, ..., -REACH:], plane[:, :, :, 1:, ..., :REACH], 3, chroma
        yield turned[:, :, :-1, ..., -REACH:], turned[:, :, 1:, ..., :REACH], 2, chroma
        first += side * side


class Deblock(torch.autograd.Function):
    """levels 0..255 [B, gt, gy, gx, 1536], qidx [B]; exact: levels are integers and stay so."""

    @staticmethod
    def forward(ctx, levels, qidx, exact):
        levels = levels.clone()
        weights, limit, slopes = torch.tensor(WEIGHTS).to(levels) / 128, limits(qidx), []
        for before, behind, axis, chroma in borders(levels.unflatten(-1, (geo.TOKEN_FRAMES, -1))):
            step = 3 * (behind[..., 0] - before[..., 3]) - (behind[..., 1] - before[..., 2])
            shape = [len(step)] + [1] * (step.dim() - 1)
            shape[axis] = step.shape[axis]
            most = border_limits(limit, step.shape[axis], chroma).to(levels).reshape(shape)
            size = step.abs()
            share = torch.minimum(size, 2 * most - size).clamp(min=0)[..., None] * weights
            if exact:
                share = (share + 0.5).floor()
            share = share * step.sign()[..., None]
            before += share.flip(-1)
            behind -= share
            if exact:
                before.clamp_(0, 255)
                behind.clamp_(0, 255)
            slopes.append((size < most).to(levels) - ((size > most) & (size < 2 * most)).to(levels))
        ctx.save_for_backward(*slopes)
        return levels

    @staticmethod
    def backward(ctx, grad):
        grad = grad.clone()
        weights = torch.tensor(WEIGHTS).to(grad) / 128
        places = list(borders(grad.unflatten(-1, (geo.TOKEN_FRAMES, -1))))
        for (before, behind, _, _), slope in reversed(list(zip(places, ctx.saved_tensors))):
            step = slope * ((before.flip(-1) - behind) * weights).sum(-1)
            before[..., 2] += step
            before[..., 3] -= 3 * step
            behind[..., 0] += 3 * step
            behind[..., 1] -= step
        return grad, None, None


def deblock(patches, qidx, exact=False):
    """patches [B, gt, gy, gx, 1536] in the model's domain, qidx [B] -> the same, smoothed.

    exact: levels are rounded and clipped as a decoder does."""
    levels = (patches + 1) * 127.5
    if exact:
        levels = (levels + 0.5).floor().clamp(0, 255)
    return Deblock.apply(levels, qidx, exact) / 127.5 - 1


def tile_steps(error):
    """[B]: sum of the squared changes of luma's error from one sample to the next across borders of tiles."""
    n = geo.TOKEN_LUMA
    luma = error.unflatten(-1, (geo.TOKEN_FRAMES, -1))[..., :n * n].unflatten(-1, (n, n))
    columns = luma[:, :, :, geo.TILE::geo.TILE, ..., 0] - luma[:, :, :, geo.TILE - 1:-1:geo.TILE, ..., -1]
    rows = luma[:, :, geo.TILE::geo.TILE, ..., 0, :] - luma[:, :, geo.TILE - 1:-1:geo.TILE, ..., -1, :]
    return columns.pow(2).sum((1, 2, 3, 4, 5)) + rows.pow(2).sum((1, 2, 3, 4, 5))
