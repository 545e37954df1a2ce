# SPDX-License-Identifier: LGPL-2.1-or-later
"""Seeded noise (doc/bitstream.md, section 8)."""
import numpy as np


def philox(index, seed, step):
    """Philox4x32-10 of the counters (index, 0, step, 0), [n, 4]."""
    low = np.uint64(0xFFFFFFFF)
    c = [index.astype(np.uint64), np.zeros_like(index, np.uint64),
         np.full(index.shape, step, np.uint64), np.zeros_like(index, np.uint64)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), b & low,
             (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, 1)


def gaussians(n, seed, step=0):
    """float32 [n], n a multiple of 4"""
    u = (philox(np.arange(n // 4), seed, step) + 0.5) * 2.0 ** -32
    r = np.sqrt(-2 * np.log(u[:, 0::2]))
    a = 2 * np.pi * u[:, 1::2]
    return np.stack([r * np.cos(a), r * np.sin(a)], 2).reshape(-1).astype(np.float32)
