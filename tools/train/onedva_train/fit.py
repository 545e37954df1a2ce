# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stage 0: the linear path and the entropy tables, in closed form."""
import numpy as np
import torch

from . import entropy
from . import geometry as geo


def patch_basis(sampler, basis, tokens=120_000, per_crop=24):
    """PCA of random training patches that are visible as a whole: mu [1536], U [K, 1536]."""
    cov = torch.zeros(geo.PATCH, geo.PATCH, dtype=torch.float64)
    mean = torch.zeros(geo.PATCH, dtype=torch.float64)
    seen = 0
    while seen < tokens:
        x, mask = sampler.batch(8, sampler.draw_length(), 8, 8)
        x = x.reshape(-1, geo.PATCH) if mask is None else x[mask.all(-1)]
        x = x[torch.from_numpy(sampler.rng.permutation(len(x))[:per_crop * 8])].double()
        cov += x.t() @ x
        mean += x.sum(0)
        seen += len(x)
    mean /= seen
    cov = cov / seen - mean[:, None] * mean[None]
    values, vectors = torch.linalg.eigh(cov)
    u = vectors.flip(1)[:, :basis].t()
    return mean.float(), u.float().contiguous(), values.flip(0)


def coefficients(x, mu, u):
    """Patches [B, nt, ny, nx, 1536] of whole tiles -> DCT coefficients [B, K, nt, ny, nx]."""
    return geo.dct3((x - mu) @ u.t()).movedim(-1, 1)


def collect(sampler, mu, u, tiles, shape):
    """Coefficients of random tiles, also of what is filled in: it is coded, too."""
    out = []
    for _ in range(-(-tiles // 16)):
        out.append(coefficients(sampler.batch(16, *shape)[0], mu, u).reshape(16, -1))
    return torch.cat(out).numpy()


def scan_tables(full):
    """Scan order and scales from coefficients of full tiles [n, 256 K]."""
    # the mean magnitude codes the tail, the root mean square finds the large ones
    mean = np.abs(full).mean(0)
    rms = np.sqrt((full ** 2).mean(0))
    magnitude = np.sqrt(mean * rms)
    scale = np.clip(np.round(8 * np.log2(np.maximum(mean, 1e-9))), -128, 127).astype(np.int8)
    order = np.argsort(-magnitude, kind="stable").astype(np.int32)
    return order, scale


def size_shifts(sampler, mu, u, order, scale, tiles=160):
    """How much smaller the first coefficients of smaller tiles are, per axis and size, 1/8 octaves."""
    shift = np.zeros(20, np.int8)
    k = u.shape[0]
    for axis, base, sizes in ((0, 0, range(1, 4)), (1, 4, range(1, 8)), (2, 12, range(1, 8))):
        for n in sizes:
            shape = [4, 8, 8]
            shape[axis] = n
            y = collect(sampler, mu, u, tiles, shape)
            scan = geo.Scan(order, scale, np.zeros(20, np.int8), k, *shape)
            first = scan.order.numpy()[:512]
            measured = 8 * np.log2(np.maximum(np.abs(y[:, first]).mean(0), 1e-9))
            shift[base + n - 1] = int(np.clip(round(float(np.median(measured - scan.b.numpy()[:512]))),
                                              -60, 60))
    return shift


def new_basis(sampler, count, tokens, log):
    mu, u, values = patch_basis(sampler, count, tokens)
    kept = float(values[:count].sum() / values.sum())
    log(f"basis: {count} of {geo.PATCH} keep {100 * kept:.2f} % of the variance")
    return mu, u


def table_shapes(sampler, tiles):
    """Shapes of the tiles that tables are counted from, and how many of each: clips as long as they come."""
    lengths = sampler.lengths()
    for (gy, gx), share in (((8, 8), 0.6), ((7, 8), 0.16), ((8, 5), 0.16), ((3, 8), 0.08)):
        for gt in range(1, 5):
            count = round(tiles * share * lengths[gt])
            if count >= 4:
                yield (gt, gy, gx), count


def fit(sampler, cfg, tiles=1600, tokens=120_000, qidxs=range(-36, 25, 6), log=print, basis=None):
    """All tensors of a linear-only model. basis: mu and U, instead of new ones"""
    mu, u = basis or new_basis(sampler, cfg.basis, tokens, log)
    full = collect(sampler, mu, u, tiles, (4, 8, 8))
    order, scale = scan_tables(full)
    shift = size_shifts(sampler, mu, u, order, scale)
    log(f"size shifts: {shift.tolist()}")
    groups = []
    for shape, count in table_shapes(sampler, tiles):
        scan = geo.Scan(order, scale, shift, cfg.basis, *shape)
        y = full[:count] if shape == (4, 8, 8) else collect(sampler, mu, u, count, shape)
        groups.append((scan, y[:, scan.order.numpy()]))
    tables = entropy.Tables().fit(groups, qidxs, log=log)
    return {"linear.mu": mu, "linear.U": u, "scan.order": order, "scan.scale": scale,
            "scan.size_shift": shift, "symbol.cdf": tables.symbol, "length.cdf": tables.length,
            "dequant.delta": tables.delta}
