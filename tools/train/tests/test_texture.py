# SPDX-License-Identifier: LGPL-2.1-or-later
import unittest

import numpy as np
import torch

from onedva_train import geometry as geo
from onedva_train import texture, train


def clip(frames):
    """[T, H, W] luma in the model's domain, flat chroma -> patches"""
    chroma = torch.zeros(1, frames.shape[0], frames.shape[1] // 2, frames.shape[2] // 2)
    return geo.patchify(frames[None], chroma, chroma)


def noise(seed, size=0.2):
    return size * torch.randn(4, 64, 96, generator=torch.Generator().manual_seed(seed))


class Difference(unittest.TestCase):
    def test_equal_clips_do_not_differ(self):
        x = clip(noise(1))
        self.assertEqual([float(v) for v in texture.difference(x, x)], [0.0, 0.0])

    def test_detail_counts_and_its_place_does_not(self):
        """Twice the amplitude is log 4 of energy, another noise of the same size next to nothing."""
        x = clip(noise(1))
        self.assertAlmostEqual(float(texture.difference(x, clip(2 * noise(1)))[1]), np.log(4), delta=0.01)
        size, change = texture.difference(x, clip(noise(2)))
        self.assertLess(abs(float(change)), 0.05)
        self.assertLess(float(size), 0.5)

    def test_a_smooth_clip_is_too_smooth(self):
        blurred = texture.blur(noise(1)[:, None])[:, 0]
        self.assertLess(float(texture.difference(clip(noise(1)), clip(blurred))[1]), -0.5)

    def test_what_is_not_visible_does_not_count(self):
        out = noise(1)
        out[:, :, 48:] = 0
        counts = torch.ones_like(out)
        counts[:, :, 40:] = 0
        seen = texture.difference(clip(noise(1)), clip(out), clip(counts))
        self.assertEqual([float(v) for v in seen], [0.0, 0.0])
        self.assertGreater(float(texture.difference(clip(noise(1)), clip(out))[0]), 0.5)


class Noise(unittest.TestCase):
    def test_stage_3_stays_at_the_times_of_the_sampler(self):
        rng, x = np.random.default_rng(1), torch.zeros(6, 1, 1, 1, 1536)
        drawn = [train.draw_noise(x, 3, rng, 0.8, lambda: x + 1) for _ in range(200)]
        times = torch.cat([t for t, _, textured in drawn if textured])
        self.assertTrue(0.8 <= times.min() < 0.81 and 0.99 < times.max() <= 1)
        self.assertAlmostEqual(sum(textured for *_, textured in drawn) / 200, train.TEXTURED, delta=0.12)
        self.assertTrue(all(z is None and (t == 0).all() for t, z, textured in drawn if not textured))
        # the source is 0 and the estimate 1
        own = [float((z.mean((1, 2, 3, 4)) > t / 2).all()) for t, z, textured in drawn if textured]
        self.assertAlmostEqual(np.mean(own), train.OWN, delta=0.15)


if __name__ == "__main__":
    unittest.main()
