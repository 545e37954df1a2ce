# SPDX-License-Identifier: LGPL-2.1-or-later
"""Differences of features: of which pictures, where they are least, and what they are divided by."""
import unittest
from unittest import mock

import numpy as np
import torch
import torch.nn as nn

from onedva_train import geometry as geo
from onedva_train import perceptual
from onedva_train.errors import InputError


def untrained():
    """A network as perceptual.network's, with other weights."""
    torch.manual_seed(1)
    net = nn.Module()
    net._conv_stem, net._bn0, net._swish = nn.Conv2d(3, 8, 3, 2, 1), nn.Identity(), nn.ReLU6()
    net._blocks = nn.ModuleList(nn.Conv2d(8, 8, 3, stride, 1) for stride in (1, 2, 1, 2, 2, 1, 2))
    return net.requires_grad_(False)


def perceptual_of(net, weight):
    with mock.patch.object(perceptual, "network", lambda size: net):
        return perceptual.Perceptual(1, weight, "cpu")


def clip(seed):
    torch.manual_seed(seed)
    return torch.rand(2, 1, 4, 4, geo.PATCH) * 2 - 1


class Pictures(unittest.TestCase):
    def test_black_white_and_red(self):
        for (y, u, v), wanted in (((16, 128, 128), (-1, -1, -1)), ((235, 128, 128), (1, 1, 1)), ((81, 90, 240), (1, -1, -1))):
            planes = [torch.full((1, 4, 16 * 2 // n, 16 * 2 // n), value, dtype=torch.uint8) for n, value in ((1, y), (2, u), (2, v))]
            found = perceptual.rgb(geo.to_samples(geo.patchify(*planes)), torch.tensor([0, 3]))
            self.assertEqual(found.shape, (2, 3, 32, 32))
            self.assertTrue(torch.allclose(found[:, :, 5, 5], torch.tensor(wanted).float(), atol=0.02), (wanted, found[0, :, 5, 5]))


class Differences(unittest.TestCase):
    def test_there_are_features_of_each_stride(self):
        found = perceptual.features(untrained(), torch.randn(1, 3, 64, 64))
        self.assertEqual([tuple(f.shape[2:]) for f in found], [(32, 32), (16, 16), (8, 8), (4, 4)])

    def test_the_same_differs_by_nothing_and_more_noise_by_more(self):
        net, x, noise, frames = untrained(), clip(1), torch.randn(2, 1, 4, 4, geo.PATCH), torch.tensor([0, 2])
        rows = [perceptual.difference(net, x, x + a * noise, frames) for a in (0, 0.05, 0.3)]
        self.assertEqual(rows[0].tolist(), [0, 0])
        self.assertTrue(bool((rows[1] > 0).all() and (rows[2] > 2 * rows[1]).all()), rows)

    def test_clips_of_a_batch_are_judged_apart(self):
        net, x, frames = untrained(), clip(1), torch.tensor([1, 2])
        other = torch.stack([x[0], clip(2)[1]])
        found = perceptual.difference(net, x, other, frames)
        self.assertEqual(found[0], 0)
        self.assertAlmostEqual(found[1].item(), perceptual.difference(net, x[1:], other[1:], frames).item(), places=5)

    def test_the_loss_is_relative_and_weighted_and_reaches_the_picture(self):
        one, x = perceptual_of(untrained(), 0.5), clip(1)
        base, out = x + 0.2 * torch.randn(x.shape), (x + 0.1 * torch.randn(x.shape)).requires_grad_()
        self.assertAlmostEqual(one.loss(x, base, base, np.random.default_rng(1)).item(), 0, places=6)
        loss = one.loss(x, out, base, np.random.default_rng(1))
        self.assertLess(loss, 0)
        self.assertAlmostEqual(2 * loss.item(), perceptual_of(one.net, 1).loss(x, out, base, np.random.default_rng(1)).item(), places=5)
        loss.backward()
        self.assertGreater(out.grad.abs().max(), 0)

    def test_a_missing_package_is_named(self):
        with mock.patch("importlib.import_module", side_effect=ImportError("No module named 'x'")):
            with self.assertRaisesRegex(InputError, "pip install efficientnet-lite-pytorch efficientnet-lite3-pytorch-model"):
                perceptual.network(3)


if __name__ == "__main__":
    unittest.main()
