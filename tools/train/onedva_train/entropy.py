# SPDX-License-Identifier: LGPL-2.1-or-later
"""The encoder's estimate of what symbols cost, vectorised over tiles, and tables for what decodes them.

Symbols are coded by a prediction that learns (doc/bitstream.md, section 6), whose tables
tools/entropy fits; static contexts estimate its cost for the choice of lengths and for training.
"""
import numpy as np
import torch

from .errors import InputError

CLASSES, ACTIVITIES, NEAR, SYMBOLS = 32, 6, 5, 16
LENGTHS, SIZES = 15, 4
SCALES, RATIOS, LEVELS, DECISIONS = 64, 7, 24, 3
WEIGHTS = SCALES + RATIOS * CLASSES * LEVELS
LARGE_CONTEXTS, LARGE = 32, 13
TOTAL = 32768
THRESHOLDS = np.array([8, 24, 64, 160, 400])
NEAR_LEVEL = np.minimum(np.array([0, 1, 2, 3, 3, 3] + [4] * 55), 4)
LAMBDA = 0.13  # squared error per bit in units of D^2
DEADZONE = 0.14  # the engine's ODVA_DEAD_ZONE


def symbol_class(b, qidx):
    return np.clip((b - qidx + 40) >> 2, 0, CLASSES - 1)


def escape_bits(cls, mag):
    """Bits of the escape code of magnitudes >= 15."""
    e = np.clip((cls - 12) >> 1, 0, 8)
    v = np.maximum(mag - 15, 0)
    n = np.floor(np.log2((v >> e) + 1)).astype(np.int64)
    return np.where(n < 15 - e, n + 1, n) + n + e


def step(qidx):
    return 2.0 ** (np.asarray(qidx) / 8)


def quantise(y, qidx, deadzone=DEADZONE):
    d = step(qidx)
    return (np.sign(y) * np.floor(np.abs(y) / d + 0.5 - deadzone)).astype(np.int32)


class Contexts:
    """Contexts of all coefficients of tiles of one shape: walks the scan, vectorised over the tiles."""

    def __init__(self, scan):
        nt, ny, nx = scan.shape
        self.scan = scan
        order = scan.order.numpy()
        x = order % nx
        y = order // nx % ny
        t = order // (nx * ny) % nt
        k = order // (nx * ny * nt)
        flat = lambda kk, tt, yy, xx: ((kk * nt + tt) * ny + yy) * nx + xx
        blank = scan.count  # an entry that stays 0
        self.neighbours = np.stack([np.where(y > 0, flat(k, t, y - 1, x), blank),
                                    np.where(x > 0, flat(k, t, y, x - 1), blank),
                                    np.where(t > 0, flat(k, t - 1, y, x), blank),
                                    np.where(k > 0, flat(k - 1, t, y, x), blank)], 1)
        self.order = order

    def run(self, q):
        """q [tiles, n], the first n of the scan -> context index a*NEAR + c, uint8, same shape."""
        mags = np.minimum(np.abs(q), 15).astype(np.int32).T.copy()
        done = np.zeros((self.scan.count + 1, q.shape[0]), np.int32)
        activity = np.full(q.shape[0], 128, np.int32)
        out = np.empty(mags.shape, np.uint8)
        for i in range(len(mags)):
            near = NEAR_LEVEL[done[self.neighbours[i]].sum(0)]
            out[i] = np.searchsorted(THRESHOLDS, activity, "right") * NEAR + near
            m = mags[i]
            activity += (m << 4) - (activity >> 4)
            done[self.order[i]] = m
        return out.T


def cost_table(cdf):
    return -np.log2(np.diff(cdf, axis=-1) / TOTAL)


def coefficient_bits(q, contexts, cls, costs):
    """Bits of every coefficient, [tiles, count]."""
    mag = np.abs(q)
    bits = costs[cls[None], contexts // NEAR, contexts % NEAR, np.minimum(mag, 15)]
    bits = bits + (mag > 0)
    big = mag >= 15
    if big.any():
        bits = bits + np.where(big, escape_bits(np.broadcast_to(cls, mag.shape), mag), 0)
    return bits


def choose_lengths(y, yhat, bits, qidx, token=32):
    """Tokens kept per tile: minimises SSE + lambda bits over prefixes. Also SSE and bits of that choice."""
    tiles, count = y.shape
    n_tok = -(-count // token)
    pad = n_tok * token - count
    gain = np.pad(y ** 2 - (y - yhat) ** 2, ((0, 0), (0, pad))).reshape(tiles, n_tok, token).sum(2)
    rate = np.pad(bits, ((0, 0), (0, pad))).reshape(tiles, n_tok, token).sum(2)
    lam = LAMBDA * step(qidx) ** 2
    total = np.concatenate([np.zeros((tiles, 1)), np.cumsum(lam * rate - gain, 1)], 1)
    n = total.argmin(1)
    bits = np.concatenate([np.zeros((tiles, 1)), np.cumsum(rate, 1)], 1)[np.arange(tiles), n]
    return n, bits


def reconstruct(q, cls, delta, qidx):
    mag = np.abs(q)
    d = delta[cls][:, :]  # [count, 3]
    idx = np.clip(mag, 1, 3) - 1
    off = np.take_along_axis(np.broadcast_to(d, q.shape + (3,)), idx[..., None], -1)[..., 0] / 256.0
    return np.where(mag > 0, np.sign(q) * (mag - off) * step(qidx), 0.0)


def to_cdf(counts):
    """Counts [..., n] -> integer CDFs [..., n+1] with every probability at least 1/32768."""
    n = counts.shape[-1]
    p = counts / counts.sum(-1, keepdims=True)
    freq = 1 + np.floor(p * (TOTAL - n)).astype(np.int64)
    best = freq.argmax(-1)[..., None]
    rest = TOTAL - freq.sum(-1, keepdims=True)
    np.put_along_axis(freq, best, np.take_along_axis(freq, best, -1) + rest, -1)
    return np.concatenate([np.zeros(freq.shape[:-1] + (1,), np.int64), freq.cumsum(-1)], -1)


def prior():
    """Symbol distribution per class: a discretised Laplacian of mean magnitude 2^((4*class - 38)/8) steps."""
    scale = 2.0 ** ((4 * np.arange(CLASSES) - 38) / 8)
    edge = np.arange(SYMBOLS) + 0.5 + DEADZONE
    tail = np.exp(-edge[None] / scale[:, None])
    upper = np.concatenate([np.ones((CLASSES, 1)), tail[:, :-1]], 1)
    p = upper - np.concatenate([tail[:, :-1], np.zeros((CLASSES, 1))], 1)
    return np.maximum(p, 1e-6)


def prediction_prior():
    """Tables of the prediction from scales alone, until tools/entropy has fitted them."""
    p = prior()[np.arange(SCALES) // 2]
    weight = np.zeros((WEIGHTS, DECISIONS), np.int32)
    for d in range(DECISIONS):
        logit = np.log(p[:, d + 1:].sum(1) / p[:, d])
        weight[:SCALES, d] = np.clip(np.round(4096 * logit), -32767, 32767)
    # decision 2 of context c has a logit of about (c - 8) / 2: the ratio of geometric tails
    ratio = 1 / (1 + np.exp(-(np.arange(LARGE_CONTEXTS)[:, None] - 8) / 2))
    steps = np.arange(LARGE)[None]
    large = np.where(steps < LARGE - 1, (1 - ratio) * ratio ** steps, ratio ** (LARGE - 1))
    return {"symbol.weight": weight, "large.cdf": to_cdf(large)}


# what tools/entropy writes, as int32, one behind the other
FITTED = (("symbol.weight", (WEIGHTS, DECISIONS), np.int32),
          ("large.cdf", (LARGE_CONTEXTS, LARGE + 1), np.int32),
          ("symbol.cdf", (CLASSES, ACTIVITIES, NEAR, SYMBOLS + 1), np.int32),
          ("length.cdf", (SIZES, LENGTHS, LENGTHS + 1), np.int32),
          ("dequant.delta", (CLASSES, 3), np.uint8))


def split_tables(values):
    """Tensors of a model file from the numbers that tools/entropy wrote."""
    ends = np.cumsum([np.prod(shape) for _, shape, _ in FITTED])
    if len(values) != ends[-1]:
        raise InputError(f"fitted tables have {len(values)} numbers, not {ends[-1]}")
    return {name: part.reshape(shape).astype(dtype)
            for (name, shape, dtype), part in zip(FITTED, np.split(values, ends[:-1]))}


class Tables:
    """Integer tables of a model."""

    def __init__(self):
        p = np.broadcast_to(prior()[:, None, None], (CLASSES, ACTIVITIES, NEAR, SYMBOLS))
        self.symbol = to_cdf(p)
        self.length = to_cdf(np.ones((SIZES, LENGTHS, LENGTHS)))
        self.delta = np.full((CLASSES, 3), 12, np.uint8)

    def fit(self, groups, qidxs, rounds=2, log=print):
        """groups: list of (Scan, y [tiles, count]). Counts real symbols under the real length choice."""
        for r in range(rounds):
            counts = np.zeros((CLASSES, ACTIVITIES, NEAR, SYMBOLS))
            lengths = np.zeros((SIZES, LENGTHS, LENGTHS))
            off = np.zeros((CLASSES, 3, 2))
            bits_all = 0
            for scan, y in groups:
                ctx = Contexts(scan)
                for qidx in qidxs:
                    bits_all += self.count(scan, ctx, y, qidx, counts, lengths, off)
            self.update(counts, lengths, off)
            log(f"tables: round {r}, {bits_all / 8e6:.3f} MB")
        return self

    def count(self, scan, ctx, y, qidx, counts, lengths, off):
        cls = symbol_class(scan.b.numpy(), qidx)
        q = quantise(y, qidx)
        c = ctx.run(q)
        bits = coefficient_bits(q, c, cls, cost_table(self.symbol))
        n, kept = choose_lengths(y, reconstruct(q, cls, self.delta, qidx), bits, qidx, scan.token)
        inside = np.arange(scan.count)[None] < n[:, None] * scan.token
        mag = np.abs(q)
        np.add.at(counts, (np.broadcast_to(cls, q.shape)[inside], c[inside] // NEAR,
                           c[inside] % NEAR, np.minimum(mag, 15)[inside]), 1)
        hit = inside & (mag > 0)
        cell = (np.broadcast_to(cls, q.shape)[hit], np.minimum(mag, 3)[hit] - 1)
        np.add.at(off[..., 0], cell, mag[hit] - np.abs(y[hit]) / step(qidx))
        np.add.at(off[..., 1], cell, 1)
        k = np.where(n > 0, np.floor(np.log2(np.maximum(n, 1))) + 1, 0).astype(int)
        np.add.at(lengths[scan.size], (np.concatenate([[0], k[:-1]]), k), 1)
        return kept.sum()

    def update(self, counts, lengths, off):
        # sparse contexts lean on their class, classes on the Laplacian
        by_class = counts.sum((1, 2)) + 200 * prior()
        by_class /= by_class.sum(-1, keepdims=True)
        by_near = counts.sum(1) + 100 * by_class[:, None]
        by_near /= by_near.sum(-1, keepdims=True)
        by_activity = counts.sum(2) + 100 * by_class[:, None]
        by_activity /= by_activity.sum(-1, keepdims=True)
        self.symbol = to_cdf(counts + 15 * (by_near[:, None] + by_activity[:, :, None]))
        near = np.exp(-np.abs(np.arange(LENGTHS)[:, None] - np.arange(LENGTHS)[None]))
        self.length = to_cdf(lengths + 3 * near)
        mean = (off[..., 0] + 0.05 * 200) / (off[..., 1] + 200)
        self.delta = np.clip(np.round(mean * 256), 0, 127).astype(np.uint8)


def class_costs(symbol_cdf, counts=None):
    """Bits by class and magnitude without contexts, for the training loss: [32, 16], sign and no escape."""
    p = np.diff(symbol_cdf, axis=-1) / TOTAL
    if counts is None:
        p = p.mean((1, 2))
    else:
        w = counts.sum(-1, keepdims=True) + 1
        p = (p * w).sum((1, 2)) / w.sum((1, 2))
    bits = -np.log2(p)
    bits[:, 1:] += 1
    return torch.tensor(bits, dtype=torch.float32)
