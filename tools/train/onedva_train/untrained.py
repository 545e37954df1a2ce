# SPDX-License-Identifier: LGPL-2.1-or-later
"""Codecs of random numbers, of the shapes that trained ones have, for tests."""
import numpy as np

from . import entropy


def random_linear(basis, seed=0):
    """A linear path of an orthonormal random basis, with scales in no order and the prior's tables."""
    rng = np.random.default_rng(seed)
    tables = entropy.Tables()
    u = np.linalg.qr(rng.normal(size=(1536, basis)))[0].T.astype(np.float32)
    scale = rng.integers(-30, 10, 256 * basis).astype(np.int8)
    return {"linear.mu": rng.normal(0, 0.2, 1536).astype(np.float32), "linear.U": u,
            "scan.order": np.argsort(-scale.astype(int), kind="stable").astype(np.int32),
            "scan.scale": scale, "scan.size_shift": np.zeros(20, np.int8),
            "symbol.cdf": tables.symbol, "length.cdf": tables.length, "dequant.delta": tables.delta}
