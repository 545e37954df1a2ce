# SPDX-License-Identifier: LGPL-2.1-or-later
"""The float path that trains is the integer one that decodes, but for roundings."""
import unittest

import numpy as np
import torch

from onedva_train import codec, integers, model
from onedva_train.untrained import random_linear


class Integers(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.linear = random_linear()
        self.codec = codec.Codec(model.Config(**model.PRESETS["test"]), self.linear)

    def test_dequantised_latents(self):
        q = np.array([0, 1, -1, 2, -3, 4, 40, -70000])
        b = np.array([5, 5, 5, -9, 20, 20, 20, 20])
        for qidx in (-64, -33, -1, 0, 13, 63):
            for finer in range(4):
                size = np.abs(q)
                cls = np.clip((b - qidx + 40) >> 2, 0, 31)
                delta = self.linear["dequant.delta"][cls, np.clip(size, 1, 3) - 1] / 256
                want = np.sign(q) * (size - delta + 3 / 8 * (1 - 2.0 ** -finer)) * 2.0 ** (qidx / 8)
                want = np.clip(np.where(q == 0, 0, want) * 127.5 * 32, 1 - 2 ** 23, 2 ** 23 - 1)
                found = integers.dequantise(q, b, self.linear["dequant.delta"], qidx, finer)
                self.assertLess(np.abs(found - want).max() - 2e-5 * np.abs(want).max(), 0.51)

    def test_a_constant_tile_is_exact(self):
        for shape in ((1, 1, 1), (2, 3, 5), (4, 8, 8)):
            a = np.zeros(shape, np.int64)
            a[0, 0, 0] = round(8 * 1000 * np.prod(shape) ** 0.5)
            self.assertTrue((integers.inverse_dct(a) == 1000).all())

    def test_float_samples_are_within_rounding(self):
        rng = np.random.default_rng(3)
        for detail, splits, qidx in ((0, [0] * 4, 10), (3, [-1] * 4, -20), (2, [1, 0x1F, 0, -1], 0), (1, None, -40)):
            x = torch.from_numpy(rng.uniform(-0.8, 0.8, (1, 3, 9, 11, 1536))).float()
            q = torch.tensor([qidx])
            latents = self.codec.quantise(self.codec.analyse(x, q, False, splits, detail), q)
            found = ((self.codec.reconstruct(latents, x.shape) + 1) * 127.5).round().numpy()
            exact = np.zeros((3, 9, 11, 4, 384))
            for (y0, y1, x0, x1, _), level, scan in zip(latents.tiles, latents.q, latents.scan):
                level = level[0].numpy().astype(np.int64)
                y = integers.dequantise(level, scan.b.numpy(), self.linear["dequant.delta"], qidx)
                c = integers.inverse_dct(y[scan.inverse.numpy()].reshape(-1, *scan.shape))
                exact[:, y0:y1, x0:x1] = integers.samples(np.moveaxis(c, 0, -1), self.codec.bands.counts[detail],
                                                          self.linear)
            error = np.abs(found.reshape(exact.shape) - exact)
            self.assertLessEqual(error.max(), 1)
            self.assertLess(error.mean(), 0.12)  # c is in quarters of a step
            self.assertGreater(exact.std(), 10)


if __name__ == "__main__":
    unittest.main()
