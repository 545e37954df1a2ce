# SPDX-License-Identifier: LGPL-2.1-or-later
import unittest

import numpy as np
import torch

from onedva_train import geometry as geo
from onedva_train.untrained import random_linear


BANDS = [[2, 1, 0, 0], [3, 1, 0, 0], [3, 2, 1, 0], [4, 3, 1, 1]]


def random_tables(seed=0):
    """Of scans for BANDS, with shifts of cut tiles."""
    shift = np.random.default_rng(seed).integers(-9, 1, 20).astype(np.int8)
    return {**random_linear(BANDS, seed), "scan.size_shift": shift}


def random_scan(shape, size=3, detail=0):
    return geo.Scan(random_tables(), geo.Bands(BANDS).rows(detail), *shape, size)


def plain_scan(tables, bands, detail, shape, size):
    """[(index into [K, nt, ny, nx], b)] by section 4 of doc/bitstream.md, literally."""
    nt, ny, nx = shape
    side, z = 1 << size, tables["scan.size_shift"].astype(int)
    found, k = [], 0
    for band in range(4):
        for j in range(bands[detail][band]):
            row = sum(bands[3][:band]) + j
            for t in range(nt):
                for y in range(ny):
                    for x in range(nx):
                        place = row, 4 * t // nt, side * y // ny, side * x // nx
                        key = int(tables[f"scan.key.{size}"][place])
                        scale = int(tables[f"scan.scale.{size}"][place])
                        b = (scale + z[nt - 1] + z[4 + ny - 1] - z[4 + side - 1] + z[12 + nx - 1] - z[12 + side - 1])
                        index = ((k * nt + t) * ny + y) * nx + x
                        found.append((-key, -scale, place, index, min(max(b, -128), 127)))
            k += 1
    return [entry[3:] for entry in sorted(found)]


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

    def test_scans_are_those_of_the_specification(self):
        tables = random_tables()
        for size, shape in ((0, (4, 1, 1)), (1, (1, 2, 1)), (2, (2, 3, 4)), (3, (3, 7, 5)), (3, (4, 8, 8))):
            for detail in range(4):
                scan = geo.Scan(tables, geo.Bands(BANDS).rows(detail), *shape, size)
                want = plain_scan(tables, BANDS, detail, shape, size)
                self.assertEqual(list(zip(scan.order.tolist(), scan.b.tolist())), want)
                self.assertEqual(scan.inverse[scan.order].tolist(), list(range(scan.count)))
                self.assertEqual(scan.tokens, -(-scan.count // (8, 8, 16, 32)[size]))

    def test_bands(self):
        bands = geo.Bands(BANDS)
        self.assertEqual([bands.basis_size(d) for d in range(4)], [3, 4, 6, 9])
        self.assertEqual(bands.rows(2).tolist(), [0, 1, 2, 4, 5, 7])
        self.assertEqual(bands.kept(2).tolist(), [0, 1, 2, 4, 5, 8])
        self.assertEqual(bands.rows(3).tolist(), list(range(9)))

    def test_bands_are_frequencies_of_a_token_s_frames(self):
        basis = torch.linalg.qr(torch.randn(384, 384))[0]
        x, mean = torch.randn(2, 3, 1536), torch.randn(384)
        c = geo.band_coefficients(x, mean, basis)
        self.assertTrue(torch.allclose(geo.band_patches(c, mean, basis), x, atol=1e-4))
        still = (mean + 3 * basis[7]).repeat(4)
        want = torch.zeros(1536)
        want[7] = 6
        self.assertTrue(torch.allclose(geo.band_coefficients(still, mean, basis), want, atol=1e-4))

    def test_runs_are_the_windows(self):
        for shifted in (False, True):
            for n in range(1, 40):
                found = [(first + i * size, first + (i + 1) * size)
                         for first, count, size in geo.runs(n, shifted) for i in range(count)]
                self.assertEqual(found, geo.spans(n, shifted))
                self.assertEqual([a for a, _ in found[1:]] + [n], [b for _, b in found])
        self.assertEqual(geo.runs(40, False), [(0, 5, 8)])
        self.assertEqual(geo.runs(23, True), [(0, 1, 4), (4, 2, 8), (20, 1, 3)])

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
