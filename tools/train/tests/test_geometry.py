# SPDX-License-Identifier: LGPL-2.1-or-later
import unittest

import numpy as np
import torch

from onedva_train import geometry as geo


def random_scan(basis, shape, seed=0, size=3):
    rng = np.random.default_rng(seed)
    order = rng.permutation(256 * basis).astype(np.int32)
    scale = rng.integers(-60, 60, 256 * basis).astype(np.int8)
    shift = rng.integers(-9, 1, 20).astype(np.int8)
    return geo.Scan(order, scale, shift, basis, *shape, size), order, scale, shift


class Geometry(unittest.TestCase):
    def test_patchify_is_inverted(self):
        y = torch.rand(2, 8, 48, 32)
        u, v = torch.rand(2, 2, 8, 24, 16).unbind(0)
        p = geo.patchify(y, u, v)
        self.assertEqual(tuple(p.shape), (2, 2, 3, 2, 1536))
        for a, b in zip((y, u, v), geo.unpatchify(p)):
            self.assertTrue(torch.equal(a, b))

    def test_patch_order(self):
        y = torch.arange(4 * 16 * 16).reshape(1, 4, 16, 16).float()
        p = geo.patchify(y, y[:, :, :8, :8] * 0 - 1, y[:, :, :8, :8] * 0 - 2)[0, 0, 0, 0]
        self.assertEqual(p[384 + 17].item(), 256 + 17)  # frame 1, row 1, column 1
        self.assertTrue((p.reshape(4, 384)[:, 256:320] == -1).all())
        self.assertTrue((p.reshape(4, 384)[:, 320:] == -2).all())

    def test_dct_is_orthonormal(self):
        c = torch.randn(2, 3, 8, 5, 4)
        d = geo.dct3(c)
        self.assertAlmostEqual(d.pow(2).sum().item(), c.pow(2).sum().item(), delta=1e-2)
        self.assertTrue(torch.allclose(geo.dct3(d, inverse=True), c, atol=1e-5))

    def test_scan_is_a_permutation_for_every_shape(self):
        for shape in ((1, 1, 1), (2, 3, 8), (3, 7, 5), (4, 8, 8)):
            scan, order, scale, shift = random_scan(3, shape)
            self.assertEqual(sorted(scan.order.tolist()), list(range(scan.count)))
            full = geo.full_position(3, *shape).reshape(-1)[scan.order.numpy()]
            rank = np.argsort(order)[full]
            self.assertTrue((np.diff(rank) > 0).all())
            total = int(shift[shape[0] - 1]) + int(shift[3 + shape[1]]) + int(shift[11 + shape[2]])
            self.assertEqual(scan.b.tolist(),
                             np.clip(scale[full].astype(int) + total, -128, 127).tolist())

    def test_windows_cover_the_grid_once(self):
        for shifted in (False, True):
            for gy, gx in ((1, 1), (4, 5), (8, 13), (15, 27)):
                seen = np.zeros((gy, gx), int)
                for (h, w), origins in geo.windows(gy, gx, shifted).items():
                    for y, x in origins:
                        seen[y:y + h, x:x + w] += 1
                self.assertTrue((seen == 1).all())


    def test_a_partition_covers_the_grid_once_in_the_order_of_the_patches(self):
        rng = np.random.default_rng(2)
        for gy, gx in ((1, 1), (3, 3), (8, 8), (5, 11), (17, 13)):
            blocks = len(geo.tiles(gy, gx))
            order = geo.places(gy, gx)
            self.assertEqual(sorted(order), [(y, x) for y in range(gy) for x in range(gx)])
            for splits in (None, [-1] * blocks, rng.integers(0, 1 << 21, blocks).tolist()):
                at = 0
                for y0, y1, x0, x1, size in geo.partition(gy, gx, splits):
                    self.assertEqual((y0 % (1 << size), x0 % (1 << size)), (0, 0))
                    self.assertEqual((y1, x1), (min(y0 + (1 << size), gy), min(x0 + (1 << size), gx)))
                    count = (y1 - y0) * (x1 - x0)
                    self.assertEqual(sorted(order[at:at + count]),
                                     [(y, x) for y in range(y0, y1) for x in range(x0, x1)])
                    at += count
                self.assertEqual(at, gy * gx)

    def test_splits_of_nodes(self):
        sides = lambda *splits, gy=8, gx=8: [1 << tile[4] for tile in geo.partition(gy, gx, list(splits))]
        self.assertEqual(sides(0), [8])
        self.assertEqual(sides(1), [4] * 4)
        self.assertEqual(sides(1 | 2 << 3), [4] * 3 + [2] * 4)
        self.assertEqual(sides(1 | 2 | 32 << 1), [2] + [1] * 4 + [2] * 2 + [4] * 3)
        self.assertEqual(sides(~1), [8])  # below a node that is not split nothing counts
        self.assertEqual(sides(0, gy=4, gx=4), [4])  # its first quarter is all of it
        self.assertEqual(sides(0, gy=4, gx=5), [8])
        self.assertEqual(sides(0, gy=1, gx=1), [1])


if __name__ == "__main__":
    unittest.main()
