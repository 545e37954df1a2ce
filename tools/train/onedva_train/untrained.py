# SPDX-License-Identifier: LGPL-2.1-or-later
"""Codecs of random numbers, of the shapes that trained ones have, for tests."""
import numpy as np

from . import entropy
from . import geometry as geo

# linear.bands of presets: what fits chose, and the test models'
WHOLE = [[152, 16, 8, 8], [256, 56, 32, 32], [360, 168, 128, 120], [384, 384, 384, 384]]
BANDS = {"test": [[8, 4, 2, 2], [16, 8, 4, 4], [24, 12, 8, 4], [32, 16, 12, 4]], "tiny": WHOLE, "base": WHOLE}


def random_linear(bands=BANDS["test"], seed=0):
    """A linear path of an orthonormal random basis, with scales in no order and the prior's tables."""
    rng = np.random.default_rng(seed)
    tables, bands = entropy.Tables(), np.array(bands, np.int32)
    basis = np.linalg.qr(rng.normal(size=(geo.FRAME, bands.max())))[0].T
    linear = {"linear.mean": rng.integers(0, 2041, geo.FRAME).astype(np.int16),
              "linear.basis": np.round(2 ** 14 * basis).astype(np.int16), "linear.bands": bands,
              "scan.size_shift": np.zeros(20, np.int8),
              "symbol.cdf": tables.symbol, "length.cdf": tables.length, "dequant.delta": tables.delta}
    for size in range(4):
        scale = rng.integers(-30, 10, (bands[3].sum(), 4, 1 << size, 1 << size))
        linear[f"scan.scale.{size}"] = scale.astype(np.int8)
        linear[f"scan.key.{size}"] = (scale // 2 + 128).astype(np.uint8)
    return linear
