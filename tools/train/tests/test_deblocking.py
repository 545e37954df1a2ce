# SPDX-License-Identifier: LGPL-2.1-or-later
import math
import unittest

import numpy as np
import torch

from onedva_train import deblocking, fused
from onedva_train import geometry as geo


def literal(plane, spacing, most, kept):
    """Section 8 of doc/bitstream.md on one plane of integers, sample by sample, in place; kept: of each token."""
    for axis in (1, 0):
        lines, marks = (plane, kept) if axis else (plane.T, kept.T)
        for at in range(spacing, lines.shape[1], spacing):
            for row, line in enumerate(lines):
                if marks[row // spacing, at // spacing - 1] and marks[row // spacing, at // spacing]:
                    continue
                p, q = [int(line[at - 1 - i]) for i in range(4)], [int(line[at + i]) for i in range(4)]
                d, e, f = (min(max(s, -most), most) for s in (q[0] - p[0], p[1] - p[0], q[1] - q[0]))
                h = min(max(q[0] - p[0], -(most // 2)), most // 2)
                line[at - 1] = min(max(p[0] + ((56 * d + 30 * e + 64) >> 7), 0), 255)
                line[at] = min(max(q[0] + ((30 * f - 56 * d + 64) >> 7), 0), 255)
                for i, w in ((1, 30), (2, 14), (3, 5)):
                    m = (w * h + 64) >> 7
                    line[at - 1 - i] = min(max(p[i] + m, 0), 255)
                    line[at + i] = min(max(q[i] - m, 0), 255)
    return plane


def smoothed(plane, spacing, most, kept):
    """Likewise what follows on it; the result."""
    height, width = plane.shape
    result = plane.copy()
    for y in range(height):
        for x in range(width):
            if kept[y // spacing, x // spacing]:
                continue
            s, total = int(plane[y, x]), 0
            for w, n in ((14, 1), (11, 2)):
                for v, u in ((y, x - n), (y, x + n), (y - n, x), (y + n, x)):
                    d = int(plane[min(max(v, 0), height - 1), min(max(u, 0), width - 1)]) - s
                    total += w * max(0, min(abs(d), most - abs(d))) * (1 if d > 0 else -1)
            result[y, x] = s + ((total + 64) >> 7)
    return result


def levels(planes):
    return [((p + 1) * 127.5).round().numpy().astype(int) for p in planes]


class Deblocking(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)

    def test_exact_samples_are_those_of_the_specification(self):
        x = torch.rand(2, 1, 3, 4, geo.PATCH) * 0.5 - 0.25
        qidx = torch.tensor([8, 60])
        kept = torch.tensor([[[0, 1, 1, 0], [1, 1, 0, 0], [0, 1, 0, 1]], [[0] * 4] * 3]).bool()
        for smoothing, farthest in (([2, 3], (21, 63)), ([0, 7], (0, 63)), ([4, 1], (35, 63))):
            self.check(x, qidx, kept, torch.tensor(smoothing), farthest)

    def check(self, x, qidx, kept, smoothing, limits):
        found = deblocking.deblock(x, qidx, kept, smoothing, exact=True)
        alone = deblocking.deblock(x[1:], qidx[1:], None, None if smoothing[1] == 3 else smoothing[1:], exact=True)
        self.assertTrue(torch.equal(found[1:], alone))
        for b, (most, farthest) in enumerate(zip((18, 273), limits)):
            before, after = geo.unpatchify(x[b:b + 1]), levels(geo.unpatchify(found[b:b + 1]))
            for p in range(3):
                rounded = ((before[p] + 1) * 127.5 + 0.5).floor().numpy().astype(int)
                side, marks = 8 if p else 16, kept[b].numpy()
                for t in range(4):
                    expected = smoothed(literal(rounded[0, t], side, most, marks), side, farthest, marks)
                    np.testing.assert_array_equal(after[p][0, t], expected)

    @unittest.skipUnless(fused.can_compile(), "this PyTorch does not compile")
    def test_compiled_loops_are_the_functions(self):
        size = 2, 4, 128, 132
        self.assertGreaterEqual(math.prod(size), fused.LARGE)
        wide, grad, most = 40 * torch.rand(size), torch.rand(size), torch.tensor([9.0, 24.0])[:, None, None, None]
        for function, tensors in ((deblocking.pulled, (wide, most)), (deblocking.pulled_gradient, (wide, grad, most))):
            torch.testing.assert_close(function(*tensors), function.__wrapped__(*tensors), rtol=1e-4, atol=1e-3)

    def test_gradient_is_that_of_differences(self):
        x = torch.rand(1, 1, 9, 10, geo.PATCH, dtype=torch.float64) * 60 + 100
        weight, direction, kept = torch.randn_like(x), torch.randn_like(x), torch.rand(1, 9, 10) < 0.5

        def value(v):
            return (deblocking.Deblock.apply(v, torch.tensor([8]), kept, False) * weight).sum()

        x.requires_grad_()
        value(x).backward()
        with torch.no_grad():
            change = (value(x + 1e-5 * direction) - value(x - 1e-5 * direction)) / 2e-5
        self.assertAlmostEqual(float((x.grad * direction).sum()), float(change), delta=1e-3)

    def test_gradient_of_smoothing_is_that_of_differences(self):
        x = torch.rand(1, 1, 3, 4, geo.PATCH, dtype=torch.float64) * 60 + 100
        weight, direction, kept = torch.randn_like(x), torch.randn_like(x), torch.rand(1, 3, 4) < 0.5

        def value(v):
            return (deblocking.smooth_all(v, torch.tensor([8]), kept, torch.tensor([2]), False) * weight).sum()

        x.requires_grad_()
        value(x).backward()
        with torch.no_grad():
            change = (value(x + 1e-6 * direction) - value(x - 1e-6 * direction)) / 2e-6
        self.assertAlmostEqual(float((x.grad * direction).sum()), float(change), delta=1e-3)

    def test_nothing_happens_to_fine_quantisers(self):
        x = torch.rand(1, 1, 2, 2, geo.PATCH)
        self.assertLess(float((deblocking.deblock(x, torch.tensor([-128])) - x).abs().max()), 1e-6)

    def test_no_border_is_deblocked_in_single_patches(self):
        x = torch.rand(1, 1, 1, 1, geo.PATCH) * 255
        self.assertTrue(torch.equal(deblocking.Deblock.apply(x, torch.tensor([8]), None, False), x))

    def test_steps_across_tiles_count(self):
        luma = torch.zeros(1, 4, 144, 272)
        luma[:, :, 128:] = 1
        luma[:, :, :, 128:] += 1
        luma[:, :, :, 64:80] += 7
        chroma = torch.ones(1, 4, 72, 136)
        steps = deblocking.tile_steps(geo.patchify(luma, chroma, chroma))
        self.assertEqual(float(steps), 4 * (144 + 272))


if __name__ == "__main__":
    unittest.main()
