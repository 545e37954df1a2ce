# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decoders on tokens smaller than a patch: 8x8 luma samples of 4 or of 2 frames, and an hourglass."""
import torch
import torch.nn as nn

from onedva_train import model
from onedva_train.model import Block, Conditioning, Linear, norm

LUMA, CHROMA = 8, 4


def split(patches, frames):
    """[B, gt, gy, gx, 1536] -> fine tokens of 8x8 luma samples, [B, gt*4/frames, 2gy, 2gx, frames*96]."""
    b, gt, gy, gx, _ = patches.shape
    p = patches.reshape(b, gt, gy, gx, 4 // frames, frames, 384)
    parts = []
    for first, last, n in ((0, 256, LUMA), (256, 320, CHROMA), (320, 384, CHROMA)):
        v = p[..., first:last].reshape(b, gt, gy, gx, 4 // frames, frames, 2, n, 2, n)
        v = v.permute(0, 1, 4, 2, 6, 3, 8, 5, 7, 9)
        parts.append(v.reshape(b, gt * 4 // frames, 2 * gy, 2 * gx, frames, n * n))
    return torch.cat(parts, -1).flatten(4)


def join(tokens, frames):
    """Inverse of split."""
    b, ft, fy, fx, _ = tokens.shape
    gt, gy, gx = ft * frames // 4, fy // 2, fx // 2
    p = tokens.reshape(b, gt, 4 // frames, gy, 2, gx, 2, frames, 96)
    parts = []
    for first, last, n in ((0, 64, LUMA), (64, 80, CHROMA), (80, 96, CHROMA)):
        v = p[..., first:last].reshape(b, gt, 4 // frames, gy, 2, gx, 2, frames, n, n)
        v = v.permute(0, 1, 3, 5, 2, 7, 4, 8, 6, 9)
        parts.append(v.reshape(b, gt, gy, gx, 4, 4 * n * n))
    return torch.cat(parts, -1).flatten(4)


def basis(sampler, frames, count):
    """Principal directions of fine tokens less their mean: [count, frames*96], deviations [count]."""
    size, seen = frames * 96, 0
    covariance = torch.zeros(size, size)
    for _ in range(30):
        tokens = split(sampler.batch(4, 4, 8, 8)[0], frames).reshape(-1, size)
        tokens = tokens - tokens.mean(0)
        covariance += tokens.t() @ tokens
        seen += len(tokens)
    values, vectors = torch.linalg.eigh((covariance / seen).double())
    return vectors.flip(1)[:, :count].t().float().contiguous(), values.flip(0)[:count].sqrt().float()


def spans(n, side, shifted):
    """Window boundaries along an axis of n tokens."""
    edges = [0, *range(side // 2 if shifted else side, n, side), n]
    return list(zip(edges, edges[1:]))


class WindowLayers(nn.Module):
    """Transformer blocks on a grid of tokens, windows of side x side and all of time, every other one shifted."""

    def __init__(self, width, head_dim, layers, side):
        super().__init__()
        self.side = side
        self.blocks = nn.ModuleList(Block(width, head_dim) for _ in range(layers))
        for name, table in zip(("cos", "sin"), model.rope_tables(head_dim)):
            self.register_buffer(name, table, False)

    def forward(self, h, m):
        """h [B, t, y, x, d]; m [B, 6, d] of the whole clip's mean condition."""
        for i, block in enumerate(self.blocks):
            h = self.layer(block, h, m, i % 2 == 1)
        return h

    def layer(self, block, h, m, shifted):
        b, t, ny, nx, d = h.shape
        out = torch.empty_like(h)
        groups = {}
        for y0, y1 in spans(ny, self.side, shifted):
            for x0, x1 in spans(nx, self.side, shifted):
                groups.setdefault((y1 - y0, x1 - x0), []).append((y0, x0))
        for (wh, ww), places in groups.items():
            w = torch.stack([h[:, :, y:y + wh, x:x + ww].reshape(b, -1, d) for y, x in places], 1)
            wm = m[:, None].expand(-1, len(places), -1, -1).reshape(-1, 6, d)
            rows = self.rows(t, wh, ww)
            w = w.reshape(b * len(places), -1, d)
            w = block.finish(w, block.attend(block.project(w, wm), self.cos[rows], self.sin[rows]), wm)
            w = w.reshape(b, len(places), t, wh, ww, d)
            for j, (y, x) in enumerate(places):
                out[:, :, y:y + wh, x:x + ww] = w[:, j]
        return out

    @staticmethod
    def rows(t, ny, nx):
        """Rows of the rope table; more than four tokens in time share a row by twos."""
        at = torch.arange(t) * min(4, t) // t
        return ((at[:, None, None] * 8 + torch.arange(ny)[:, None]) * 8 + torch.arange(nx)).reshape(-1)


class FineDecoder(nn.Module):
    """All layers on fine tokens, which see the linear reconstruction's samples along their own basis."""

    def __init__(self, codec, sampler, frames, width, head_dim, layers, side, directions=128):
        super().__init__()
        self.frames, self.cfg = frames, codec.cfg
        for name, table in zip(("directions", "deviation"), basis(sampler, frames, directions)):
            self.register_buffer(name, table, False)
        self.register_buffer("mean", codec.mean.repeat(4), False)
        self.patch = Linear(directions, width)
        self.cond = Conditioning(3, width)
        self.layers = WindowLayers(width, head_dim, layers, side)
        self.out = Linear(width, directions, zero=True)

    def forward(self, base, scalars, rope, z=None):
        tokens = split(base - self.mean, self.frames) @ self.directions.t() / self.deviation
        _, m = self.cond(scalars.mean(1))
        h = self.layers(self.patch(tokens), m)
        return join((self.out(norm(h)) * self.deviation.clamp(max=0.3)) @ self.directions, self.frames)


class Hourglass(model.Decoder):
    """The decoder on patches, and narrow layers on fine tokens before and after it."""

    def __init__(self, codec, sampler, width=32, head_dim=16, directions=128):
        super().__init__(codec.cfg)
        d = codec.cfg.width
        for name, table in zip(("directions", "deviation"), basis(sampler, 4, directions)):
            self.register_buffer(name, table, False)
        self.register_buffer("mean", codec.mean.repeat(4), False)
        self.fine_in = Linear(directions, width)
        self.fine_cond = Conditioning(3, width)
        self.before = WindowLayers(width, head_dim, 1, 4)
        self.up = Linear(4 * width, d, zero=True)
        self.down = Linear(d, 4 * width)
        self.after = WindowLayers(width, head_dim, 1, 4)
        self.fine_out = Linear(width, directions, zero=True)

    def forward(self, base, scalars, rope, z=None):
        b, gt, gy, gx, _ = base.shape
        tokens = split(base - self.mean, 4) @ self.directions.t() / self.deviation
        _, fine_m = self.fine_cond(scalars.mean(1))
        fine = self.before(self.fine_in(tokens), fine_m)
        gathered = fine.reshape(b, gt, gy, 2, gx, 2, -1).transpose(3, 4).reshape(b, gt, gy, gx, -1)
        h = self.tokens(self.patch(base) + self.up(gathered), scalars, rope)
        spread = self.down(h).reshape(b, gt, gy, gx, 2, 2, -1).transpose(3, 4).reshape(fine.shape)
        fine = self.after(fine + spread, fine_m)
        along = self.fine_out(norm(fine)) * self.deviation.clamp(max=0.3)
        return self.out(h) + join(along @ self.directions, 4)
