# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import sys
import unittest

import numpy as np
import torch

from onedva_train import ssim

sys.path.insert(0, os.path.dirname(__file__))
from test_texture import clip  # noqa: E402


def pictures(seed, size=0.3):
    return size * torch.randn(4, 32, 48, generator=torch.Generator().manual_seed(seed))


def by_definition(a, b):
    """Of two windows of levels 0 to 255 (Wang et al. 2004, equation 13)."""
    a, b = a.numpy().astype(float), b.numpy().astype(float)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    return ((2 * a.mean() * b.mean() + c1) * (2 * covariance + c2)
            / ((a.mean() ** 2 + b.mean() ** 2 + c1) * (a.var() + b.var() + c2)))


class Difference(unittest.TestCase):
    def test_equal_clips_do_not_differ(self):
        x = clip(pictures(1))
        self.assertAlmostEqual(float(ssim.difference(x, x)), 0.0, delta=1e-5)

    def test_each_window_is_as_defined(self):
        """The model's domain is from -1 to 1: means of it are not those of levels, which the definition takes."""
        levels = [(v + 1) * 127.5 for v in (pictures(1), pictures(1) + pictures(2, 0.1))]
        found = ssim.similarity(*(v[:, None] for v in (pictures(1), pictures(1) + pictures(2, 0.1))))
        for t, y, x in ((0, 0, 0), (1, 3, 2), (3, 6, 10)):
            window = [v[t, 4 * y:4 * y + 8, 4 * x:4 * x + 8] for v in levels]
            self.assertAlmostEqual(float(found[t, 0, y, x]), by_definition(*window), delta=1e-4)

    def test_blur_costs_more_than_a_change_of_brightness(self):
        x = pictures(1)
        self.assertGreater(float(ssim.difference(clip(x), clip(0.5 * x))), 0.1)
        self.assertLess(float(ssim.difference(clip(x), clip(x + 0.05))), 0.02)

    def test_what_is_not_visible_does_not_count(self):
        out = pictures(1)
        out[:, :, 24:] = 0
        counts = torch.ones_like(out)
        counts[:, :, 20:] = 0
        self.assertAlmostEqual(float(ssim.difference(clip(pictures(1)), clip(out), clip(counts))), 0.0, delta=1e-5)
        self.assertGreater(float(ssim.difference(clip(pictures(1)), clip(out))), 0.3)

    def test_frames_that_are_asked_for(self):
        out = pictures(1)
        out[2] = 0
        x, out = clip(pictures(1)), clip(out)
        self.assertAlmostEqual(float(ssim.difference(x, out, frames=torch.tensor([0, 3]))), 0.0, delta=1e-5)
        self.assertGreater(float(ssim.difference(x, out, frames=torch.tensor([2]))), 0.3)


class Loss(unittest.TestCase):
    def test_a_better_picture_costs_less_than_the_one_beside_it(self):
        x, base = clip(pictures(1)), clip(pictures(1) + pictures(2, 0.2))
        better = clip(pictures(1) + pictures(2, 0.1)).requires_grad_()
        loss = ssim.Similarity(0.5).loss(x, better, base, None, np.random.default_rng(1))
        self.assertLess(loss.item(), -0.1)
        loss.backward()
        self.assertGreater(float(better.grad.abs().sum()), 0)
        self.assertAlmostEqual(float(ssim.Similarity(0.5).loss(x, base, base, None, np.random.default_rng(1))), 0.0, delta=1e-6)


if __name__ == "__main__":
    unittest.main()
