# SPDX-License-Identifier: LGPL-2.1-or-later
"""The linear reconstruction in integers, as decoders make it (doc/bitstream.md, sections 7 and 8)."""
import numpy as np

STEP = 32  # units of latents in a step from a sample to the next
TIME = np.array([[2048, 2048, 2048, 2048], [2676, 1108, -1108, -2676],
                 [2048, -2048, -2048, 2048], [1108, -2676, 2676, -1108]])
OCTAVE = np.array([32768, 35734, 38968, 42495, 46341, 50535, 55109, 60097])


def dequantise(q, b, delta, qidx, finer=0):
    """Latents q of scales b, delta [32, 3] of the model; finer: refinements that were cut off."""
    q, e = np.asarray(q, np.int64), qidx >> 3
    size = np.abs(q)
    of_class = np.asarray(delta).astype(np.int64)[np.clip((np.asarray(b) - qidx + 40) >> 2, 0, 31)]
    lost = np.take_along_axis(of_class, np.clip(size, 1, 3)[..., None] - 1, -1)[..., 0]
    m = 256 * size - lost + 96 - (96 >> finer)
    y = (m * OCTAVE[qidx & 7] * 255 + (1 << 18 - e)) >> 19 - e
    return np.where(q == 0, 0, np.sign(q) * np.minimum(y, 2 ** 23 - 1))


def factors(n):
    """[frequency, place]"""
    f, i = np.arange(n)[:, None], np.arange(n)[None]
    m = np.sqrt(np.where(f > 0, 2, 1) / n) * np.cos(np.pi * (2 * i + 1) * f / (2 * n))
    return np.floor(65536 * m + 0.5).astype(np.int64)


def inverse_dct(a):
    """Coefficients [..., nt, ny, nx] of a tile -> those of its patches, in quarters of a step."""
    for axis in (-1, -2, -3):
        a = np.moveaxis(np.moveaxis(a, axis, -1) @ factors(a.shape[axis]) + 2 ** 15 >> 16, -1, axis)
    return np.clip(a + 4 >> 3, -32768, 32767)


def samples(c, counts, tables):
    """Coefficients [..., K] of patches, counts of each band's vectors -> uint8 [..., 4, 384]."""
    basis, mean = (np.asarray(tables["linear." + name]).astype(np.int64) for name in ("basis", "mean"))
    wrap = lambda v: v.astype(np.int32).astype(np.int64)
    first, total = 0, np.zeros((*c.shape[:-1], 4, mean.shape[-1]), np.int64)
    for band, n in enumerate(counts):
        h = wrap(c[..., first:first + n] @ basis[:n] + 128) >> 8
        total += TIME[band][:, None] * h[..., None, :]
        first += n
    return np.clip(wrap(total + (mean << 17) + 2 ** 19) >> 20, 0, 255).astype(np.uint8)
