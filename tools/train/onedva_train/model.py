# SPDX-License-Identifier: LGPL-2.1-or-later
"""The networks of doc/architecture.md. Tensor names here are the names in the model file."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from . import geometry as geo


class Config:
    def __init__(self, name="tiny", width=128, head_dim=32, encoder_layers=2,
                 decoder_layers=4, queries=128, registers=16, sampler_start=0.5, id=None):
        self.name = name
        self.width = width
        self.head_dim = head_dim
        self.encoder_layers = encoder_layers
        self.decoder_layers = decoder_layers
        self.queries = queries
        self.registers = registers
        self.sampler_start = sampler_start
        self.id = id  # of the model whose linear path and tables it has, where that is an earlier one

    def to_dict(self):
        return {"format": 2, **{key: value for key, value in self.__dict__.items() if value is not None}}


PRESETS = {
    "tiny": dict(name="tiny"),
    "base": dict(name="base", width=320, head_dim=64, encoder_layers=5, decoder_layers=8),
    "test": dict(name="test", width=32, head_dim=16, encoder_layers=1, decoder_layers=2,
                 queries=16, registers=4),
}


def features(s, count=8):
    """[N] -> [N, 16]: sin, cos of pi 2^j s for j = 0..7, all sines first."""
    a = s[:, None] * (math.pi * 2.0 ** torch.arange(count, device=s.device))
    return torch.cat([a.sin(), a.cos()], -1)


def rope_tables(head_dim):
    """cos, sin [256, head_dim/2] of the positions (t, y, x) of a tile, row (t*8 + y)*8 + x."""
    half = head_dim // 2
    pairs = [half // 4, (half - half // 4) // 2, (half - half // 4) // 2]
    pos = torch.stack(torch.meshgrid(torch.arange(4), torch.arange(8), torch.arange(8),
                                     indexing="ij"), -1).reshape(256, 3).double()
    angle = torch.cat([pos[:, a:a + 1] * 2.0 ** (-4.0 * torch.arange(m).double() / m)
                       for a, m in enumerate(pairs)], 1)
    return angle.cos().float(), angle.sin().float()


def rotate(x, cos, sin):
    """Rotary position: element i is paired with i + head_dim/2. x [..., n, head_dim], cos [n, head_dim/2]."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


def attention(q, k, v):
    """softmax(q k^T / sqrt(head_dim)) v of [..., n, head_dim]; fused from PyTorch 2.0 on, but in bfloat16 on a CPU, where the
    products of whole matrices take a third of the time."""
    whole = v.device.type == "cpu" and v.dtype == torch.bfloat16
    if hasattr(F, "scaled_dot_product_attention") and not whole:
        return F.scaled_dot_product_attention(q, k, v)
    return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1) @ v


def norm(x):
    return F.layer_norm(x, (int(x.shape[-1]),), eps=1e-6)


class Linear(nn.Linear):
    def __init__(self, n_in, n_out, bias=True, zero=False):
        super().__init__(n_in, n_out, bias)
        nn.init.zeros_(self.weight) if zero else nn.init.xavier_uniform_(self.weight)
        if bias:
            nn.init.zeros_(self.bias)


class BasisLinear(Linear):
    """A linear layer on patches whose weight is learned along a fixed basis, and slowly off it.

    weight = 0.1 free + left @ along @ right: an optimiser that scales every weight's gradient alike
    (Adam) needs axes of comparable worth, and pixels are not. to_plain gives the sum.
    """

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias, zero=True)
        self.along = None

    def set_basis(self, left, right, shape, zero):
        self.register_buffer("left", left, False)
        self.register_buffer("right", right, False)
        self.along = nn.Parameter(torch.zeros(shape))
        if self.weight.any():
            self.split()
        elif not zero:
            nn.init.xavier_uniform_(self.along)

    @torch.no_grad()
    def split(self):
        """Share out a trained weight between the basis and the rest."""
        w = self.weight.clone()
        if self.left is not None:
            w = torch.linalg.pinv(self.left) @ w
        if self.right is not None:
            w = w @ torch.linalg.pinv(self.right)
        self.along.copy_(w)
        self.weight.copy_((self.weight - self.in_basis()) / 0.1)

    def in_basis(self):
        w = self.along
        if self.left is not None:
            w = self.left @ w
        if self.right is not None:
            w = w @ self.right
        return w

    def whole(self):
        return self.weight if self.along is None else 0.1 * self.weight + self.in_basis()

    def forward(self, x):
        return F.linear(x, self.whole(), self.bias)

    def to_plain(self):
        """Fold the basis into the weight: the layer of a model file."""
        if self.along is not None:
            self.weight.data = self.whole().detach().clone()
            self.along = None


class Block(nn.Module):
    """Pre-norm transformer block; m [N, 6, d] is shift, scale, gate of attention, then of the MLP."""

    def __init__(self, d, head_dim):
        super().__init__()
        self.head_dim = head_dim
        self.table = nn.Parameter(torch.zeros(6, d))
        with torch.no_grad():
            self.table[2] = self.table[5] = 1.0
        self.qkv = Linear(d, 3 * d)
        self.proj = Linear(d, d)
        self.fc1 = Linear(d, 4 * d)
        self.fc2 = Linear(4 * d, d)

    def project(self, h, m):
        """h [N, n, d], m [N, 6, d] -> q, k, v input [N, n, 3d]."""
        m = m + self.table
        return self.qkv(norm(h) * (1 + m[:, 1:2]) + m[:, 0:1])

    def attend(self, qkv, cos, sin):
        """qkv [N, n, 3d] of whole windows -> [N, n, d]."""
        n_win, n, d3 = map(int, qkv.shape)
        q, k, v = qkv.reshape(n_win, n, 3, -1, self.head_dim).permute(2, 0, 3, 1, 4)
        a = attention(rotate(q, cos, sin), rotate(k, cos, sin), v)
        return a.transpose(1, 2).reshape(n_win, n, d3 // 3)

    def finish(self, h, attended, m):
        m = m + self.table
        h = h + m[:, 2:3] * self.proj(attended)
        u = self.fc1(norm(h) * (1 + m[:, 4:5]) + m[:, 3:4])
        return h + m[:, 5:6] * self.fc2(F.gelu(u, approximate="tanh"))


class Conditioning(nn.Module):
    """Scalars [N, s] -> condition [N, d] and modulation [N, 6, d]."""

    def __init__(self, scalars, d):
        super().__init__()
        self.fc1 = Linear(16 * scalars, d)
        self.fc2 = Linear(d, d)
        self.mod = Linear(d, 6 * d, zero=True)

    def forward(self, scalars):
        f = torch.cat([features(s) for s in scalars.unbind(-1)], -1)
        c = F.silu(self.fc2(F.silu(self.fc1(f))))
        return c, self.mod(c).reshape(len(c), 6, -1)


class QueryEncoder(nn.Module):
    """Corrects the first latent tokens of a tile."""

    def __init__(self, cfg):
        super().__init__()
        d = cfg.width
        self.cfg = cfg
        self.patch = BasisLinear(geo.PATCH, d)
        self.query = Linear(geo.TOKEN, d)
        self.embed = nn.Parameter(torch.randn(cfg.queries, d) * 0.5)
        self.cond = Conditioning(1, d)
        self.blocks = nn.ModuleList(Block(d, cfg.head_dim) for _ in range(cfg.encoder_layers))
        self.out = Linear(d, geo.TOKEN, zero=True)

    def forward(self, patches, latents, scan, qidx, rope):
        """patches [N, P, 1536], latents [N, count] linear in the tile's scan, qidx [N]
        -> correction of the latents in units of the scan's scale, [N, count]."""
        n_tok = min(max(1, self.cfg.queries >> 2 * (3 - scan.size)), scan.tokens)
        head = n_tok * geo.TOKEN
        y = (latents / scan.scale).clamp(-8, 8)[:, :head]
        y = F.pad(y, (0, head - y.shape[1])).reshape(len(y), n_tok, geo.TOKEN)
        q = self.query(y) + self.embed[:n_tok]
        h = torch.cat([q, self.patch(patches)], 1)
        cos, sin = with_unrotated(rope, n_tok, tile_rows(*scan.shape, 0, 0))
        _, m = self.cond(qidx[:, None] / 64)
        for block in self.blocks:
            h = block.finish(h, block.attend(block.project(h, m), cos, sin), m)
        delta = self.out(norm(h[:, :n_tok])).reshape(len(y), head)
        n = min(head, latents.shape[1])
        return F.pad(delta[:, :n], (0, latents.shape[1] - n))


def tile_rows(nt, ny, nx, y0, x0):
    """Rows of the rope table for a window whose top left has the coordinates (y0, x0) modulo 8."""
    t = torch.arange(nt)[:, None, None]
    y = (torch.arange(ny) + y0)[None, :, None] % 8
    x = (torch.arange(nx) + x0)[None, None, :] % 8
    return ((t * 8 + y) * 8 + x).reshape(-1)


def with_unrotated(rope, count, rows):
    """Tables for so many tokens that are not rotated, followed by the given rows."""
    cos, sin = rope
    one = torch.ones(count, cos.shape[1], device=cos.device)
    return torch.cat([one, cos[rows]]), torch.cat([one * 0, sin[rows]])


class Decoder(nn.Module):
    """Diffusion decoder: predicts what the clean patch has beyond its linear reconstruction."""

    def __init__(self, cfg):
        super().__init__()
        d = cfg.width
        self.cfg = cfg
        self.patch = BasisLinear(geo.PATCH, d)
        self.noise = Linear(geo.PATCH, d, bias=False)
        self.registers = nn.Parameter(torch.randn(cfg.registers, d) * 0.5)
        self.cond = Conditioning(3, d)
        self.blocks = nn.ModuleList(Block(d, cfg.head_dim) for _ in range(cfg.decoder_layers))
        self.final = Linear(d, 2 * d, zero=True)
        self.out = BasisLinear(d, geo.PATCH)

    def forward(self, base, scalars, rope, z=None):
        """base [B, gt, gy, gx, 1536]: the linear reconstruction; scalars [B, superblocks, 3]: t, qidx/64, share of the
        coefficients in coded tokens; z like base, or None at t = 0 -> correction like base."""
        h = self.patch(base)
        if z is not None:
            h = h + self.noise(z)
        return self.out(self.tokens(h, scalars, rope))

    def tokens(self, h, scalars, rope):
        """h [B, gt, gy, gx, d] through all blocks -> what the output layer sees, same shape."""
        b, gt, gy, gx, _ = map(int, h.shape)
        c, m = self.cond(scalars.reshape(-1, 3))
        ty, tx = -(-gy // 8), -(-gx // 8)
        r = self.registers.expand(b, ty * tx, -1, -1)
        c = c.reshape(b, ty, tx, -1)
        m = m.reshape(b, ty, tx, 6, -1)
        for i, block in enumerate(self.blocks):
            if i % 2 == 0:
                h, r = self.tile_layer(block, h, r, m, rope)
            else:
                h = self.shifted_layer(block, h, m, rope)
        shift, scale = expand_tiles(self.final(c)[:, None], gy, gx).chunk(2, -1)
        return norm(h) * (1 + scale) + shift

    def tile_layer(self, block, h, r, m, rope):
        """r [B, superblocks, registers, d]"""
        b, gt, gy, gx, d = map(int, h.shape)
        count = int(r.shape[2])
        ty, tx = -(-gy // 8), -(-gx // 8)
        r = r.reshape(b, ty, tx, count, d)
        rows, r_rows = [], []
        for y, ny, wh in geo.runs(gy, False):
            row, r_row = [], []
            for x, nx, ww in geo.runs(gx, False):
                at = (slice(None), slice(y // 8, y // 8 + ny), slice(x // 8, x // 8 + nx))
                wm = m[at].reshape(-1, 6, d)
                w = torch.cat([r[at].reshape(b * ny * nx, count, d), cut_windows(h, (y, ny, wh), (x, nx, ww))], 1)
                cos, sin = with_unrotated(rope, count, tile_rows(gt, wh, ww, 0, 0))
                w = block.finish(w, block.attend(block.project(w, wm), cos, sin), wm)
                row.append(join_windows(w[:, count:], gt, (ny, wh), (nx, ww)))
                r_row.append(w[:, :count].reshape(b, ny, nx, count, d))
            rows.append(beside(row, 3))
            r_rows.append(beside(r_row, 2))
        return beside(rows, 2), beside(r_rows, 1).reshape(b, ty * tx, count, d)

    def shifted_layer(self, block, h, m, rope):
        b, gt, gy, gx, d = map(int, h.shape)
        mt = expand_tiles(m.flatten(3)[:, None], gy, gx).reshape(b, 1, gy, gx, 6, d) + block.table
        qkv = block.qkv(norm(h) * (1 + mt[..., 1, :]) + mt[..., 0, :])
        rows = []
        for y, ny, wh in geo.runs(gy, True):
            row = []
            for x, nx, ww in geo.runs(gx, True):
                at = tile_rows(gt, wh, ww, y + 4, x + 4)
                w = block.attend(cut_windows(qkv, (y, ny, wh), (x, nx, ww)), rope[0][at], rope[1][at])
                row.append(join_windows(w, gt, (ny, wh), (nx, ww)))
            rows.append(beside(row, 3))
        h = h + mt[..., 2, :] * block.proj(beside(rows, 2))
        u = block.fc1(norm(h) * (1 + mt[..., 4, :]) + mt[..., 3, :])
        return h + mt[..., 5, :] * block.fc2(F.gelu(u, approximate="tanh"))


def beside(parts, axis):
    return parts[0] if len(parts) == 1 else torch.cat(parts, axis)


def cut_windows(h, rows, columns):
    """h [B, gt, gy, gx, d] -> [windows, tokens, d] of a run of rows and one of columns (geometry.runs)."""
    (y, ny, wh), (x, nx, ww) = rows, columns
    b, gt, _, _, d = map(int, h.shape)
    w = h[:, :, y:y + ny * wh, x:x + nx * ww].reshape(b, gt, ny, wh, nx, ww, d)
    return w.permute(0, 2, 4, 1, 3, 5, 6).reshape(b * ny * nx, gt * wh * ww, d)


def join_windows(w, gt, rows, columns):
    """Inverse of cut_windows: [B, gt, ny wh, nx ww, d]."""
    (ny, wh), (nx, ww) = rows, columns
    w = w.reshape(-1, ny, nx, gt, wh, ww, int(w.shape[-1])).permute(0, 3, 1, 4, 2, 5, 6)
    return w.reshape(int(w.shape[0]), gt, ny * wh, nx * ww, -1)


def expand_tiles(v, gy, gx):
    """[B, 1, ty, tx, c] per tile -> [B, 1, gy, gx, c] per token."""
    y, x = (torch.arange(n, device=v.device) // geo.TILE for n in (gy, gx))
    return v.index_select(2, y).index_select(3, x)
