# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
import math
import os
import tempfile
import unittest

import numpy as np

import clips
import seams


class Space(unittest.TestCase):
    def test_a_step_at_tiles_only(self):
        """Tiles alternate between two values in both directions: 8 across every border, nothing inside."""
        y, x = np.mgrid[:300, :400] // seams.TILE
        error = np.broadcast_to(8 * ((x + y) % 2), (3, 300, 400)).astype(np.int16)
        self.assertEqual(seams.space_steps(error), {"tile": 8.0, "near": 0.0, "token": 0.0, "inside": 0.0})

    def test_steps_at_tokens(self):
        """A step of 3 at multiples of 16, 128 included, and of 1 elsewhere."""
        steps = np.where(np.arange(1, 300) % seams.TOKEN == 0, 3, 1)
        ramp = np.concatenate([[0], np.cumsum(steps)])
        error = np.broadcast_to(ramp[:, None] + ramp[None, :], (2, 300, 300)).astype(np.int16)
        found = seams.space_steps(error)
        self.assertEqual(found["tile"], 3.0)
        self.assertEqual(found["token"], 3.0)
        tokens = 18 - 2   # of 299 steps, without the two at tiles
        self.assertAlmostEqual(found["inside"], (3 * tokens + 297 - tokens) / 297)

    def test_near_is_on_both_sides_of_a_border_in_the_picture(self):
        """Steps of 5 at 17 to 48 samples from the only border of each direction, of 1 elsewhere."""
        away = np.abs(np.arange(1, 200) - seams.TILE)
        ramp = np.concatenate([[0], np.cumsum(np.where((away >= 17) & (away <= 48), 5, 1))])
        error = np.broadcast_to(ramp[:, None] + ramp[None, :], (2, 200, 200)).astype(np.int16)
        found = seams.space_steps(error)
        self.assertEqual((found["tile"], found["near"]), (1.0, 5.0))

    def test_noise_has_no_seams(self):
        error = np.random.default_rng(1).integers(-20, 21, (8, 256, 272)).astype(np.int16)
        found = seams.space_steps(error)
        for border in ("tile", "near", "token"):
            self.assertAlmostEqual(found[border] / found["inside"], 1, delta=0.02)

    def test_a_picture_of_one_tile_has_no_border(self):
        found = seams.space_steps(np.ones((2, 100, 128), np.int16))
        self.assertIsNone(found["tile"])
        self.assertIsNone(seams.ratio([found], "tile", "inside"))


class Time(unittest.TestCase):
    def test_changes_are_told_apart(self):
        """Clips of 6 and 10 frames: 9 into a clip, 4 into a token, 1 elsewhere."""
        starts = [0, 6]
        change = [0, 1, 1, 1, 4, 1, 9, 1, 1, 1, 4, 1, 1, 1, 4, 1]
        error = np.zeros((16, 4, 5), np.int16) + np.cumsum(change)[:, None, None].astype(np.int16)
        found = seams.time_steps(error, starts)
        self.assertEqual((found["clip"], found["token_frames"]), (9.0, 4.0))
        self.assertAlmostEqual(found["clip_inside"], (3 * 4 + 11 * 1) / 14)

    def test_one_clip_has_no_border(self):
        self.assertIsNone(seams.time_steps(np.zeros((5, 2, 2), np.int16), [0])["clip"])


class Files(unittest.TestCase):
    def test_measure_reads_luma_of_odd_sizes(self):
        width, height, frames = 131, 5, 2
        size = clips.frame_bytes(width, height)
        self.assertEqual(size, 131 * 5 + 2 * 66 * 3)
        source = np.full((frames, size), 100, np.uint8)
        decoded = np.full((frames, size), 7, np.uint8)   # chroma differs too, and must not count
        luma = np.full((frames, height, width), 100, np.uint8)
        luma[:, :, seams.TILE:] = 95
        luma[1] += 1
        decoded[:, :width * height] = luma.reshape(frames, -1)
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("source", "decoded")]
            for path, data in zip(paths, (source, decoded)):
                data.tofile(path)
            clip = clips.Clip("x", "", paths[0], width, height, "25", frames)
            found = seams.measure(clip, paths[1], [0, 1])
        self.assertEqual((found["tile"], found["inside"], found["clip"]), (5.0, 0.0, 1.0))
        sse = height * (3 * 25 + 128 * 1 + 3 * 16)
        self.assertAlmostEqual(found["psnr_y"], 10 * math.log10(255 ** 2 * width * height * frames / sse))

    def test_psnr_of_no_error_is_finite(self):
        self.assertAlmostEqual(seams.psnr(np.zeros((2, 3, 4), np.int16)), 10 * math.log10(255 ** 2 * 24))

    def test_ratio_is_that_of_the_sums(self):
        values = [{"tile": 4.0, "inside": 1.0}, {"tile": 2.0, "inside": 5.0}, {"tile": None, "inside": 9.0}]
        self.assertAlmostEqual(seams.ratio(values, "tile", "inside"), 1.0)


if __name__ == "__main__":
    unittest.main()
