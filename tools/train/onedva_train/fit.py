# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stage 0: the linear path and the entropy tables, in closed form."""
import numpy as np
import torch

from . import entropy
from . import geometry as geo

DETAILS = (192, 384, 768, geo.PATCH)  # coefficients of a token, about, by detail
LENGTHS = (4, 2, 1)  # tokens in time of the clips that scans are made for
KEY_OF_ONE = 128  # scan.key of a magnitude of 1 in the model's domain


def frame_basis(sampler, tokens=120_000, per_crop=24):
    """PCA of single frames of training patches that are visible as a whole: mean [384], basis [384, 384], variances."""
    cov = torch.zeros(geo.FRAME, geo.FRAME, dtype=torch.float64)
    mean = torch.zeros(geo.FRAME, dtype=torch.float64)
    seen = 0
    while seen < tokens:
        x, mask = sampler.batch(8, sampler.draw_length(), 8, 8)
        x = x.reshape(-1, geo.PATCH) if mask is None else x[mask.all(-1)]
        x = x[torch.from_numpy(sampler.rng.permutation(len(x))[:per_crop * 8])]
        seen += len(x)
        x = x.reshape(-1, geo.FRAME).double()
        cov += x.t() @ x
        mean += x.sum(0)
    count = seen * geo.TOKEN_FRAMES
    mean /= count
    values, vectors = torch.linalg.eigh(cov / count - mean[:, None] * mean[None])
    return mean.float(), vectors.flip(1).t().float().contiguous(), values.flip(0)


def choose_bands(variance, details=DETAILS):
    """bands [detail, band] from the variance [4, J] of a token's coefficients: prefixes of each band's vectors, in
    multiples of 8, in all about as many as each detail asks for and of the largest variance."""
    ordered = variance.flatten().sort(descending=True).values
    kept = [(variance >= ordered[count - 1]).sum(1) for count in details]
    return torch.stack([(n + 4) // 8 * 8 for n in kept]).clamp(max=variance.shape[1]).numpy().astype(np.int32)


def token_variance(sampler, mean, basis, tokens):
    """Mean squares [4, J] of a token's coefficients."""
    rounds = max(1, tokens // 4096)
    total = 0.0
    for _ in range(rounds):
        c = geo.band_coefficients(sampler.batch(16, sampler.draw_length(), 8, 8)[0], mean, basis)
        total = total + c.reshape(-1, geo.TOKEN_FRAMES, len(basis)).double().pow(2).mean(0)
    return total / rounds


def tile_coefficients(c, side):
    """Coefficients [B, nt, 8, 8, K] of superblocks' tokens -> [tiles, nt, S, S, K] of their tiles of that side."""
    b, nt, _, _, k = c.shape
    n = geo.TILE // side
    c = c.reshape(b, nt, n, side, n, side, k).permute(0, 2, 4, 1, 3, 5, 6)
    return geo.dct3(c.reshape(-1, nt, side, side, k))


def moments(sampler, mean, basis, nt, crops):
    """Mean |y| and y^2, [2, K, nt, S, S] for each size, also of what is filled in: it is coded, too."""
    sums, count = [0.0] * 4, [0] * 4
    for _ in range(-(-crops // 8)):
        c = geo.band_coefficients(sampler.batch(8, nt, 8, 8)[0], mean, basis)
        for size in range(4):
            y = tile_coefficients(c, 1 << size)
            sums[size] = sums[size] + torch.stack([y.abs().sum(0).double(), y.pow(2).sum(0).double()])
            count[size] += len(y)
    return [(s / n).movedim(-1, 1).numpy() for s, n in zip(sums, count)]


def scan_tables(measured, odds, shift):
    """scan.key.s and scan.scale.s from the moments of clips of several lengths {nt: [size]}, drawn by their odds."""
    tables = {}
    for size in range(4):
        k = measured[LENGTHS[0]][size].shape[1]
        total, weight = np.zeros((2, k, 4, 1 << size, 1 << size)), np.zeros((4, 1, 1))
        for nt, by_size in measured.items():
            places = np.arange(nt) * 4 // nt
            gain = 2.0 ** (-shift[nt - 1] / 8.0)
            share = odds[nt] + 1e-9  # of clips of lengths that there are not, too, rather than of nothing
            total[:, :, places] += share * by_size[size] * np.array([gain, gain ** 2])[:, None, None, None, None]
            weight[places] += share
        mean, square = np.maximum(total / weight, 1e-20)
        # the mean magnitude codes the tail, the root mean square finds the large ones
        key = np.round(8 * np.log2(np.sqrt(mean * np.sqrt(square)))) + KEY_OF_ONE
        tables[f"scan.key.{size}"] = np.clip(key, 0, 255).astype(np.uint8)
        tables[f"scan.scale.{size}"] = np.clip(np.round(8 * np.log2(mean)), -128, 127).astype(np.int8)
    return tables


def size_shifts(sampler, mean, basis, tables, tiles):
    """How much smaller the first coefficients of smaller tiles are, per axis and size, 1/8 octaves."""
    shift = np.zeros(20, np.int8)
    unshifted = {**tables, "scan.size_shift": shift.copy()}
    for axis, base, sizes in ((0, 0, range(1, 4)), (1, 4, range(1, 8)), (2, 12, range(1, 8))):
        for n in sizes:
            shape = [4, 8, 8]
            shape[axis] = n
            total = 0.0
            for _ in range(tiles // 16):
                c = geo.band_coefficients(sampler.batch(16, *shape)[0], mean, basis)
                total = total + geo.dct3(c).abs().mean(0).movedim(-1, 0).reshape(-1)
            scan = geo.Scan(unshifted, range(4 * len(basis)), *shape)
            first = scan.order[:512]
            measured = 8 * (total[first] / (tiles // 16)).clamp(min=1e-9).log2()
            shift[base + n - 1] = int((measured - scan.b[:512]).median().round().clamp(-60, 60))
    return shift


def floats(path):
    """linear.mean in the model's domain and linear.basis, as they are stored."""
    return (torch.tensor(path["linear.mean"] / (8 * 127.5) - 1).float(),
            torch.tensor(path["linear.basis"] / 2 ** 14).float())


def new_path(sampler, tokens, log, bands=None):
    """linear.mean, linear.basis and linear.bands; bands: instead of those of the largest variance"""
    mean, basis, values = frame_basis(sampler, tokens)
    if bands is None:
        bands = choose_bands(token_variance(sampler, mean, basis, tokens))
    bands = np.asarray(bands, np.int32)
    basis = basis[:bands.max()]
    kept = float(values[:len(basis)].sum() / values.sum())
    log(f"basis: {len(basis)} of {geo.FRAME} keep {100 * kept:.2f} % of the variance; bands {bands.tolist()}")
    levels = (8 * 127.5 * (mean + 1)).round().clamp(0, 2040)
    return {"linear.mean": levels.numpy().astype(np.int16),
            "linear.basis": (2 ** 14 * basis).round().numpy().astype(np.int16), "linear.bands": bands}


def scans(sampler, path, crops, log):
    """scan.key.s, scan.scale.s and scan.size_shift"""
    mean, basis = floats(path)
    measured = {nt: moments(sampler, mean, basis, nt, crops) for nt in LENGTHS}
    odds = sampler.lengths()
    whole = scan_tables({4: measured[4]}, np.ones(5), np.zeros(20))
    shift = size_shifts(sampler, mean, basis, whole, max(16, crops // 10))
    log(f"size shifts: {shift.tolist()}")
    kept = geo.Bands(path["linear.bands"]).kept(3)
    tables = {name: v[kept] for name, v in scan_tables(measured, odds, shift).items()}
    return {**tables, "scan.size_shift": shift}


def table_shapes(sampler, tiles):
    """Shapes of the tiles that tables are counted from, and how many of each: clips as long as they come."""
    lengths = sampler.lengths()
    for (gy, gx), share in (((8, 8), 0.6), ((7, 8), 0.16), ((8, 5), 0.16), ((3, 8), 0.08)):
        for gt in range(1, 5):
            count = round(tiles * share * lengths[gt])
            if count >= 4:
                yield (gt, gy, gx), count


def collect(sampler, path, scan, count):
    """Latents of random tiles of a scan's shape with detail 0, [n, count]."""
    mean, basis = floats(path)
    kept, out = geo.Bands(path["linear.bands"]).kept(0), []
    for _ in range(-(-count // 16)):
        c = geo.band_coefficients(sampler.batch(16, *scan.shape)[0], mean, basis)[..., kept]
        out.append(geo.dct3(c).movedim(-1, 1).reshape(16, -1)[:, scan.order])
    return torch.cat(out).numpy()


def fit(sampler, tiles=1600, tokens=120_000, qidxs=range(-36, 25, 6), log=print, path=None, bands=None):
    """All tensors of a linear-only model. path: a linear.mean, linear.basis and linear.bands, instead of new ones"""
    path = path or new_path(sampler, tokens, log, bands)
    tables = scans(sampler, path, tiles, log)
    rows, groups = geo.Bands(path["linear.bands"]).rows(0), []
    for shape, count in table_shapes(sampler, tiles):
        scan = geo.Scan(tables, rows, *shape)
        groups.append((scan, collect(sampler, path, scan, count)))
    found = entropy.Tables().fit(groups, qidxs, log=log)
    return {**path, **tables, "symbol.cdf": found.symbol, "length.cdf": found.length, "dequant.delta": found.delta}
