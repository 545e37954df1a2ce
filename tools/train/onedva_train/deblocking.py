# SPDX-License-Identifier: LGPL-2.1-or-later
"""Borders of tokens as every decode smooths them (doc/bitstream.md, section 8), differentiable or to the last bit."""
import torch

from . import geometry as geo

WEIGHTS = (26, 13, 5, 2)   # of 128
REACH = len(WEIGHTS)
WIDE_WEIGHTS = (10, 8, 6, 4, 3, 1)   # of 128; at borders of tiles, in luma, after the others
WIDE_REACH = len(WIDE_WEIGHTS)
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
    lie before borders and behind them, each [..., 4], or [..., 6] where the wide filter follows; the borders' axis;
    which filter: "luma", "chroma" or "wide"."""
    first = 0
    for side in (geo.TOKEN_LUMA, geo.TOKEN_CHROMA, geo.TOKEN_CHROMA):
        plane = frames[..., first:first + side * side].unflatten(-1, (side, side))
        turned, kind = plane.transpose(-1, -2), "luma" if side == geo.TOKEN_LUMA else "chroma"
        last, next_ = slice(geo.TILE - 1, -1, geo.TILE), slice(geo.TILE, None, geo.TILE)
        yield plane[:, :, :, :-1, ..., -REACH:], plane[:, :, :, 1:, ..., :REACH], 3, kind
        if kind == "luma":
            yield plane[:, :, :, last, ..., -WIDE_REACH:], plane[:, :, :, next_, ..., :WIDE_REACH], 3, "wide"
        yield turned[:, :, :-1, ..., -REACH:], turned[:, :, 1:, ..., :REACH], 2, kind
        if kind == "luma":
            yield turned[:, :, last, ..., -WIDE_REACH:], turned[:, :, next_, ..., :WIDE_REACH], 2, "wide"
        first += side * side


def usual_step(before, behind, most):
    """-> the size that the filter moves by, its slope by the step's size, the step's sign"""
    step = 3 * (behind[..., 0] - before[..., 3]) - (behind[..., 1] - before[..., 2])
    size = step.abs()
    slope = (size < most).to(step) - ((size > most) & (size < 2 * most)).to(step)
    return torch.minimum(size, 2 * most - size).clamp(min=0), slope, step.sign()


def wide_step(before, behind, most):
    """As usual_step."""
    step = 6 * (behind[..., 0] - before[..., 5]) - (before[..., 5] - before[..., 2]) - (behind[..., 3] - behind[..., 0])
    slope = (step.abs() < most).to(step)
    return slope * step.abs(), slope, step.sign()


class Deblock(torch.autograd.Function):
    """levels 0..255 [B, gt, gy, gx, 1536], qidx [B]; exact: levels are integers and stay so."""

    @staticmethod
    def forward(ctx, levels, qidx, exact):
        levels = levels.clone()
        limit, slopes = limits(qidx), []
        for before, behind, axis, kind in borders(levels.unflatten(-1, (geo.TOKEN_FRAMES, -1))):
            wide, count = kind == "wide", before.shape[axis]
            shape = [len(before)] + [1] * (before.dim() - 2)
            if wide:
                most = torch.div(3 * limit, 5, rounding_mode="floor")
            else:
                shape[axis], most = count, border_limits(limit, count, kind == "chroma")
            size, slope, sign = (wide_step if wide else usual_step)(before, behind, most.to(levels).reshape(shape))
            share = size[..., None] * (torch.tensor(WIDE_WEIGHTS if wide else WEIGHTS).to(levels) / 128)
            if exact:
                share = (share + 0.5).floor()
            share = share * sign[..., None]
            before += share.flip(-1)
            behind -= share
            if exact:
                before.clamp_(0, 255)
                behind.clamp_(0, 255)
            slopes.append(slope)
        ctx.save_for_backward(*slopes)
        return levels

    @staticmethod
    def backward(ctx, grad):
        grad = grad.clone()
        places = list(borders(grad.unflatten(-1, (geo.TOKEN_FRAMES, -1))))
        for (before, behind, _, kind), slope in reversed(list(zip(places, ctx.saved_tensors))):
            weights = torch.tensor(WIDE_WEIGHTS if kind == "wide" else WEIGHTS).to(grad) / 128
            step = slope * ((before.flip(-1) - behind) * weights).sum(-1)
            if kind == "wide":
                before[..., 2] += step
                before[..., 5] -= 7 * step
                behind[..., 0] += 7 * step
                behind[..., 3] -= step
            else:
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
