# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tokens, superblocks, tiles, windows and the scan (doc/bitstream.md, section 4)."""
import functools

import numpy as np
import torch

TOKEN_FRAMES, TOKEN_LUMA, TOKEN_CHROMA = 4, 16, 8
FRAME = 384  # samples of a token in one frame
PATCH = TOKEN_FRAMES * FRAME
TILE = 8  # side of a superblock, which is a tile where it is not split
TILE_FRAMES = 4
TOKEN = 32
TOKEN_LENGTH = (8, 8, 16, TOKEN)  # coefficients per latent token of tiles of sides 1, 2, 4, 8


def patchify(y, u, v):
    """Planes [B, T, H, W] and [B, T, H/2, W/2] x 2, sizes multiples of a token -> [B, gt, gy, gx, 1536]."""
    b, t, h, w = y.shape
    gt, gy, gx = t // 4, h // 16, w // 16

    def split(p, n):
        p = p.reshape(b, gt, 4, gy, n, gx, n)
        return p.permute(0, 1, 3, 5, 2, 4, 6).reshape(b, gt, gy, gx, 4, n * n)

    return torch.cat([split(y, 16), split(u, 8), split(v, 8)], -1).reshape(b, gt, gy, gx, PATCH)


def unpatchify(p):
    """Inverse of patchify."""
    b, gt, gy, gx, _ = p.shape
    p = p.reshape(b, gt, gy, gx, 4, 384)

    def join(q, n):
        q = q.reshape(b, gt, gy, gx, 4, n, n).permute(0, 1, 4, 2, 5, 3, 6)
        return q.reshape(b, gt * 4, gy * n, gx * n)

    return join(p[..., :256], 16), join(p[..., 256:320], 8), join(p[..., 320:], 8)


def patchify_mask(m):
    """Mask of 4x4 luma samples [B, T, H/4, W/4] -> [B, gt, gy, gx, 64]: 4 frames of 4x4 blocks a patch."""
    b, t, h, w = m.shape
    m = m.reshape(b, t // 4, 4, h // 4, 4, w // 4, 4)
    return m.permute(0, 1, 3, 5, 2, 4, 6).reshape(b, t // 4, h // 4, w // 4, 64)


@functools.lru_cache(None)
def mask_block():
    """The block of patchify_mask that each of a patch's 1536 values lies in."""
    frame = 16 * torch.arange(4)[:, None, None]

    def block(n):
        i = torch.arange(n) * 4 // n
        return (frame + 4 * i[:, None] + i).reshape(4, n * n)

    return torch.cat([block(16), block(8), block(8)], 1).reshape(-1)


def expand_mask(m):
    """[..., 64] of patchify_mask -> [..., 1536], like patchify's."""
    return m[..., mask_block().to(m.device)]


def to_samples(v):
    """uint8 samples -> model domain."""
    return v.float() / 127.5 - 1


@functools.lru_cache(None)
def dct_matrix(n):
    """Orthonormal DCT-II, rows are frequencies."""
    k = np.arange(n)[:, None]
    i = np.arange(n)[None]
    m = np.cos(np.pi * (2 * i + 1) * k / (2 * n)) * np.sqrt(2 / n)
    m[0] /= np.sqrt(2)
    return torch.tensor(m, dtype=torch.float32)


def dct3(c, inverse=False):
    """DCT over axes 1..3 of [B, nt, ny, nx, K]."""
    for axis, name in ((1, "t"), (2, "y"), (3, "x")):
        m = dct_matrix(c.shape[axis]).to(c)
        if inverse:
            m = m.t()
        c = torch.movedim(torch.tensordot(m, c, dims=([1], [axis])), 0, axis)
    return c


def tiles(gy, gx):
    """Superblock rectangles (y0, y1, x0, x1), row by row: tiles where none is split."""
    return [(y, min(y + TILE, gy), x, min(x + TILE, gx))
            for y in range(0, gy, TILE) for x in range(0, gx, TILE)]


def node_tiles(gy, gx, splits, level, index, y, x):
    """Tiles (y0, y1, x0, x1, size) of a node of a superblock's tree, along the z-curve."""
    if y >= gy or x >= gx:
        return []
    half = TILE >> level + 1
    implied = level < 3 and gy - y <= half and gx - x <= half
    if level == 3 or not (implied or splits >> (0, 1, 5)[level] + index & 1):
        side = TILE >> level
        return [(y, min(y + side, gy), x, min(x + side, gx), 3 - level)]
    return [tile for i in range(4)
            for tile in node_tiles(gy, gx, splits, level + 1, 4 * index + i, y + i // 2 * half, x + i % 2 * half)]


def partition(gy, gx, splits=None):
    """Tiles (y0, y1, x0, x1, size) in the order of the bitstream; splits: of each superblock, a bit for each node."""
    blocks = tiles(gy, gx)
    return [tile for (y, _, x, _), bits in zip(blocks, splits or [0] * len(blocks))
            for tile in node_tiles(gy, gx, bits, 0, 0, y, x)]


def places(gy, gx):
    """(y, x) of all places of the grid in the order in which the engine stores them."""
    return [tile[0:3:2] for tile in partition(gy, gx, [-1] * len(tiles(gy, gx)))]


def spans(n, shifted):
    """Window boundaries along one axis."""
    if not shifted:
        return [(i, min(i + TILE, n)) for i in range(0, n, TILE)]
    edges = [0] + list(range(TILE // 2, n, TILE)) + [n]
    return [(a, b) for a, b in zip(edges, edges[1:]) if b > a]


def runs(n, shifted):
    """Window boundaries along one axis as runs of windows of one size: (first, count, size)."""
    found = []
    for a, b in spans(n, shifted):
        if found and found[-1][2] == b - a and a == found[-1][0] + found[-1][1] * (b - a):
            found[-1] = found[-1][0], found[-1][1] + 1, b - a
        else:
            found.append((a, 1, b - a))
    return found


def band_coefficients(x, mean, basis):
    """Patches [..., 1536] -> [..., 4 J]: the DCT over a token's frames of the coefficients of each, band by band."""
    c = (x.unflatten(-1, (TOKEN_FRAMES, FRAME)) - mean) @ basis.t()
    return (dct_matrix(TOKEN_FRAMES).to(c) @ c).flatten(-2)


def band_patches(c, mean, basis):
    """Inverse of band_coefficients, c [..., 4 J]."""
    c = c.unflatten(-1, (TOKEN_FRAMES, -1))
    return (dct_matrix(TOKEN_FRAMES).t().to(c) @ c @ basis + mean).flatten(-2)


class Bands:
    """Which coefficients (band, vector) of a token each detail has, of a table [detail, band] of counts."""

    def __init__(self, counts):
        self.counts = np.asarray(counts).astype(np.int64)
        self.vectors = int(self.counts.max())

    def basis_size(self, detail):
        return int(self.counts[detail].sum())

    def kept(self, detail):
        """Places among the 4 J of band_coefficients, in the order of k."""
        return np.concatenate([b * self.vectors + np.arange(n) for b, n in enumerate(self.counts[detail])])

    def rows(self, detail):
        """The k with detail 3 of each k."""
        first = np.concatenate([[0], self.counts[3].cumsum()])
        return np.concatenate([first[b] + np.arange(n) for b, n in enumerate(self.counts[detail])])


class Scan:
    """Scan of one tile shape and size: order[i] is the index into [K, nt, ny, nx] of scan position i.

    tables: scan.key.s, scan.scale.s and scan.size_shift; rows: those of the clip's coefficients (Bands.rows)."""

    def __init__(self, tables, rows, nt, ny, nx, size=3):
        side, shift = 1 << size, np.asarray(tables["scan.size_shift"]).astype(np.int64)
        places = [np.arange(n) * of // n for n, of in ((nt, TILE_FRAMES), (ny, side), (nx, side))]
        place = np.ravel_multi_index(np.ix_(rows, *places), (max(rows) + 1, TILE_FRAMES, side, side)).reshape(-1)
        key, scale = (np.asarray(tables[f"scan.{name}.{size}"]).reshape(-1)[place].astype(np.int64)
                      for name in ("key", "scale"))
        order = np.lexsort((place, -scale, -key))
        shift = (shift[nt - 1] + shift[4 + ny - 1] - shift[4 + side - 1] + shift[12 + nx - 1] - shift[12 + side - 1])
        b = np.clip(scale[order] + shift, -128, 127)
        self.b = torch.tensor(b)
        self.scale = torch.tensor(2.0 ** (b / 8), dtype=torch.float32)
        self.order = torch.tensor(order)
        self.inverse = torch.argsort(self.order)
        self.shape = (nt, ny, nx)
        self.count = len(b)
        self.size = size
        self.token = TOKEN_LENGTH[size]
        self.tokens = -(-self.count // self.token)
