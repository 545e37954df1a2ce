# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import tempfile
import unittest
from unittest import mock

import numpy as np
import torch

from onedva_train import canvases, data, layers, motion, sample_sheet, stills, synthetic
from onedva_train import geometry as geo
from onedva_train.errors import InputError
from test_canvases import marked_clip, write_set


def waves(rng, height, width):
    """A still of smooth waves in y, u and v."""
    def plane(h, w, step):
        y, x = step * np.arange(h)[:, None], step * np.arange(w)
        a, b, c = rng.uniform(0.03, 0.12, 3)
        return (128 + 50 * np.sin(a * x + c * y) + 40 * np.cos(b * y - a * x)).astype(np.uint8)

    return stills.Still(plane(height, width, 1), plane(height // 2, width // 2, 2),
                        plane(height // 2, width // 2, 2))


class Stills(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(1)

    def test_textures_keep_what_a_still_shows(self):
        """Of a ramp, every texel is the still where the texel's centre is."""
        y, x = np.mgrid[:240, :320]
        ramp = (20 + 0.4 * x + 0.3 * y).astype(np.uint8)
        still = stills.Still(ramp, ramp[::2, ::2], ramp[::2, ::2])
        for scale in (1.3, 2, 2.9):
            luma, chroma = still.texture(40, 20, 240, 180, scale)
            self.assertEqual([2 * n for n in chroma.shape[2:]], list(luma.shape[2:]))
            self.assertAlmostEqual(luma.shape[3] / (200 * stills.OVERSAMPLING / scale), 1, delta=0.02)
            for plane in (luma[0, 0], chroma[0, 0], chroma[0, 1]):
                h, w = plane.shape
                yy = 20 + (torch.arange(h) + 0.5)[:, None] * 160 / h - 0.5
                xx = 40 + (torch.arange(w) + 0.5) * 200 / w - 0.5
                self.assertLess((plane - (20 + 0.4 * xx + 0.3 * yy))[4:-4, 4:-4].abs().max().item(), 1.5)

    def test_fine_detail_is_filtered_away(self):
        """What a coarser clip cannot show leaves no alias."""
        noise = self.rng.integers(0, 256, (300, 300)).astype(np.uint8)
        stripes = np.broadcast_to(255 * (np.arange(300) % 2), (300, 300)).astype(np.uint8)
        for picture, most in ((noise, 45), (stripes, 12)):
            still = stills.Still(picture, picture[::2, ::2], picture[::2, ::2])
            luma, _ = still.texture(0, 0, 300, 300, 3)
            self.assertLess(luma[..., 8:-8, 8:-8].std().item(), most)

    def test_pictures_are_decoded_once(self):
        with tempfile.TemporaryDirectory() as folder:
            source, cache = (os.path.join(folder, n) for n in ("pictures", "cache"))
            os.mkdir(source)
            with open(os.path.join(source, "grey.ppm"), "wb") as f:
                f.write(b"P6 65 33 255\n" + bytes([255]) * (65 * 33 * 3))
            stills.prepare(source, cache)
            still, = stills.load(cache)
            self.assertEqual((still.height, still.width), (32, 64))
            self.assertTrue((still.y == 235).all() and (still.uv == 128).all())
            stills.prepare(source, cache, ffmpeg="nothing")

    def test_an_empty_folder_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(InputError, "has no pictures"):
                stills.prepare(folder, os.path.join(folder, "cache"))


class Motion(unittest.TestCase):
    def test_corners_stay_within_their_speed(self):
        rng = np.random.default_rng(2)
        for frames in (4, 16):
            for speed in (0, 0.2, 8):
                for _ in range(20):
                    way = motion.Motion(rng, frames, 180, speed=speed).corners(np.arange(frames), 254, 254)
                    step = np.linalg.norm(np.diff(way, axis=0), axis=-1)
                    self.assertLessEqual(step.max(), 1.15 * speed)

    def test_excursions_are_bounded_and_reached(self):
        rng = np.random.default_rng(3)
        for excursion in (0, 0.1, 2):
            found = []
            for _ in range(30):
                m = motion.Motion(rng, 16, 180, excursion=excursion)
                way = m.corners(np.arange(16), 254, 254) - m.corners([8], 254, 254)
                found.append(np.linalg.norm(way, axis=-1).max())
            self.assertLessEqual(max(found), 1.05 * excursion)
            self.assertGreaterEqual(np.median(found), 0.95 * excursion)

    def test_warps_are_bounded(self):
        way = motion.warp(np.random.default_rng(4), np.arange(16), 16, 240, 256, 1.5)
        self.assertEqual(way.shape, (16, 2, 9, 9))
        self.assertAlmostEqual(np.linalg.norm(way, axis=1).max(), 1.5, 5)

    def test_inverse(self):
        m = motion.Motion(np.random.default_rng(5), 16, 90, speed=3).matrices(np.arange(16))
        product = m @ motion.inverse(m)
        self.assertLess(np.abs(product / product[:, 2:, 2:] - np.eye(3)).max(), 1e-9)


class Layers(unittest.TestCase):
    def texture(self, h, w, value):
        return torch.full((1, 1, h, w), value), torch.full((1, 2, h // 2, w // 2), value)

    def test_a_pan_moves_every_plane_alike(self):
        """A texture of two texels a sample, bright right of its middle, that moves by two samples a frame."""
        luma, chroma = self.texture(128, 192, 0.0)
        luma[..., 96:], chroma[..., 48:] = 200, 200
        maps = np.stack([np.diag([1 / 48, 1 / 32, 1]) @ motion.translation(2 * t, 0) for t in range(4)])
        y, u, v = layers.render([layers.Layer(luma, chroma, maps)], 4, 1, 32, 64)
        for t in range(4):
            for plane, n in ((y, 1), (u, 2), (v, 2)):
                bright = (plane[t] > 100).float()
                self.assertTrue((bright == bright[:1]).all())
                self.assertEqual(int(bright[0].sum()), (32 + 2 * t) // n)

    def test_exposures_are_averaged(self):
        luma, chroma = self.texture(64, 64, 0.0)
        luma[..., 32:] = 200
        maps = np.stack([np.diag([1 / 32, 1 / 32, 1]) @ motion.translation(x, 0) for x in (0, 4)])
        y, _, _ = layers.render([layers.Layer(luma, chroma, maps)], 1, 2, 32, 64)
        self.assertEqual(y[0, 0, 20:40].round().unique().tolist(), [0, 100, 200])

    def test_masks_cover_what_is_behind(self):
        size = 32, 32
        back = layers.Layer(*self.texture(64, 64, 50.0), np.eye(3)[None] / [[[16], [16], [1]]])
        mask = torch.zeros(64, 64)
        mask[16:48, 16:48] = 1
        maps = np.eye(3)[None] / [[[16], [16], [1]]]
        front = layers.Layer(*layers.masked(*self.texture(64, 64, 200.0), mask), maps)
        whole = layers.render([back, front], 1, 1, *size)
        self.assertTrue((whole[0][0, 9:23, 9:23] == 200).all())
        self.assertTrue((whole[0][0, :7] == 50).all() and (whole[1][0, :, :3] == 50).all())
        # a box that holds all of it changes nothing
        front.boxes = np.array([[6, 26, 6, 26]])
        for a, b in zip(whole, layers.render([back, front], 1, 1, *size)):
            self.assertTrue(torch.allclose(a, b, atol=1e-3))

    def test_edges_are_as_wide_as_asked(self):
        ramp = 3.0 * (torch.arange(64.0) - 32).expand(64, 64)
        for width in (2, 8):
            mask = layers.edge(ramp, width)
            self.assertTrue(torch.equal(mask[0], mask[32]))
            between = ((mask[0] > 0.01) & (mask[0] < 0.99)).sum().item()
            self.assertTrue(width - 1 <= between <= width)


class Clips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        rng = np.random.default_rng(7)
        cls.stills = [waves(rng, h, w) for h, w in ((480, 640), (720, 540), (430, 500), (100, 120))]

    def make(self, seed, kind, aligned, shape=(16, 128, 128)):
        return synthetic.Synthetic(self.stills, aligned).make(np.random.default_rng(seed), *shape, kind)

    def test_a_seed_makes_the_same_clip(self):
        for kind in synthetic.KINDS:
            a, b, c = (self.make(seed, kind, True) for seed in (1, 1, 2))
            self.assertTrue(all(np.array_equal(p, q) for p, q in zip(a, b)))
            self.assertFalse(np.array_equal(a[0], c[0]))

    def test_shapes_of_short_clips_and_border_tiles(self):
        for kind in synthetic.KINDS:
            for t, h, w in ((4, 16, 16), (8, 240, 80), (12, 176, 320), (16, 16, 128)):
                y, u, v = self.make(3, kind, False, (t, h, w))
                self.assertEqual((y.dtype, y.shape), (np.uint8, (t, h, w)))
                for p in (u, v):
                    self.assertEqual((p.dtype, p.shape), (np.uint8, (t, h // 2, w // 2)))

    def test_clips_show_the_stills(self):
        """Samples are neither flat nor, but for light, outside of what the stills have."""
        low = min(int(s.y.min()) for s in self.stills)
        high = max(int(s.y.max()) for s in self.stills)
        with mock.patch.object(synthetic.Scene, "light"):
            for kind in synthetic.KINDS:
                for seed in range(4):
                    y, u, v = self.make(seed, kind, False)
                    self.assertGreater(y[0].std(), 5)
                    self.assertTrue(low - 2 <= y.min() and y.max() <= high + 2)

    def test_light_changes_slowly(self):
        stronger = 0
        for seed in range(60):
            scene = synthetic.Scene(self.stills, np.random.default_rng(seed), 16, 16, 16, True)
            y, u, v = torch.full((16, 2, 2), 180.0), torch.full((16, 1, 1), 160.0), torch.full((16, 1, 1), 128.0)
            scene.light(y, u, v)
            self.assertTrue((v == 128).all())
            self.assertLess(y.diff(dim=0).abs().max().item(), 36)  # a fade to black takes half of the clip
            self.assertTrue(15.9 < y.min() and y.max() < 245)
            stronger += bool(y.std() > 1)
        self.assertTrue(3 <= stronger <= 25)

    def test_alignment_leaves_little_motion(self):
        """The difference of frames of a camera's clip is what its motion alone makes of smooth waves."""
        steepest = 17  # of waves(), at the scale at which they are steepest, a sample
        moving = {}
        for aligned in (True, False):
            change = []
            for seed in range(20):
                rng = np.random.default_rng(seed)
                scene = synthetic.Scene(self.stills, rng, 16, 128, 128, aligned)
                y, _, _ = layers.render(scene.draw_camera(), 16, scene.exposures, 128, 128)
                change.append((y - y[8]).abs().max().item())
            moving[aligned] = np.array(change)
        self.assertLess(moving[True].max(), steepest * (2 + 1.5 + 1.5))
        self.assertGreater(np.median(moving[False]), 2 * np.median(moving[True]))
        self.assertTrue(0 < (moving[True] < 1e-3).mean() < 0.5)  # some stand still

    def test_a_crop_that_no_still_holds_is_refused(self):
        with self.assertRaisesRegex(InputError, "no still has 845 x 845 pixels"):
            self.make(1, "camera", True, (16, 644, 644))

    def test_clips_are_used_again_but_not_for_long(self):
        source = synthetic.Synthetic(self.stills, True)
        rng = np.random.default_rng(9)
        drawn = [id(source.clip(rng, 4, 16, 16)) for _ in range(120)]
        self.assertTrue(30 <= len(set(drawn)) <= 60)
        self.assertLessEqual(len(source.pool), synthetic.POOL)
        before = [p.copy() for p in source.pool[0]]
        sampler = data.Sampler([], 1, synthetic=source, share=1)
        for _ in range(40):
            sampler.batch(1, 1, 1, 1)
        self.assertTrue(all(np.array_equal(a, b) for a, b in zip(before, source.pool[0])))


class SampleSheet(unittest.TestCase):
    def test_every_sampler_and_kind_has_its_pictures(self):
        rng = np.random.default_rng(3)
        with tempfile.TemporaryDirectory() as folder:
            write_set(folder, [[p[:14] for p in marked_clip(rng, 16, 140, 130)]])
            clips = canvases.load(folder)
        source = synthetic.Synthetic([waves(rng, 300, 400)], True)
        samplers = {"one": canvases.Sampler(clips, 1, synthetic=source),
                    "two": canvases.Sampler(clips, 2, synthetic=source)}
        with mock.patch.object(sample_sheet, "write_png") as written:
            sample_sheet.write(samplers, "sheet.png", "ffmpeg")
        sheet, path, _ = written.call_args.args
        self.assertEqual(path, "sheet.png")
        step, left, top = sample_sheet.SIZE + sample_sheet.GAP, sample_sheet.LEFT, sample_sheet.TOP
        self.assertEqual(sheet.shape[0], top + step * (1 + len(synthetic.KINDS)))
        for row in range(1 + len(synthetic.KINDS)):
            for column in range(3):
                y, x = top + step * row, left + step * column
                picture = sheet[y:y + sample_sheet.SIZE, x:x + sample_sheet.SIZE]
                self.assertGreater(picture.std(), 5)
        self.assertLess((sheet == 255).mean(), 0.5)

    def test_time_goes_from_left_to_right(self):
        y = np.broadcast_to(np.arange(20, 180, 10, np.uint8)[:, None, None], (16, 128, 128))
        u = np.full((16, 64, 64), 128, np.uint8)
        first, last, way = sample_sheet.pictures([y, u, u, np.ones((16, 32, 32), np.uint8)])
        self.assertTrue((way[:, 0] == first[:, 0]).all() and (way[:, -1] == last[:, 0]).all())
        self.assertTrue((np.diff(way[0, ::8, 0]) > 0).all())


class Counting:
    """Stands in for Synthetic: clips of one bright value."""

    def clip(self, rng, t, h, w):
        return [np.full(s, 255, np.uint8) for s in ((t, h, w), (t, h // 2, w // 2), (t, h // 2, w // 2))]


class Samplers(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(5)
        self.folder = tempfile.TemporaryDirectory()
        dark = [0 * p for p in marked_clip(rng, 16, 256, 320)]
        write_set(self.folder.name, [dark])
        self.clips = canvases.load(self.folder.name)
        self.videos = [c for c in self.clips]

    def tearDown(self):
        self.folder.cleanup()

    def samplers(self, seed, share, source):
        for kind, clips in ((canvases, self.clips), (data, self.videos)):
            yield kind.Sampler(clips, seed, synthetic=source, share=share)

    def test_the_share_is_kept(self):
        for share in (0, 0.25, 1):
            for sampler in self.samplers(3, share, Counting()):
                bright = [sampler.crop(2, 4, 6)[0].max() == 255 for _ in range(400)]
                self.assertAlmostEqual(np.mean(bright), share, delta=0.06)

    def test_all_of_a_made_clip_is_visible(self):
        sampler = canvases.Sampler(self.clips, 4, synthetic=Counting(), share=0.5)
        x, mask = sampler.batch(32, 2, 3, 5)
        made = (x > 0).flatten(1).any(1)
        self.assertTrue(0 < made.sum() < 32)
        self.assertTrue(mask[made].all())
        self.assertFalse(mask[~made].any())  # of the dark clip, nothing is

    def test_a_crop_that_no_video_holds_is_refused(self):
        with self.assertRaisesRegex(InputError, "no video has 16 frames of 256 x 272"):
            data.Sampler(self.videos, 1, augment=False).crop(4, 17, 16)

    def test_a_seed_draws_the_same_batches(self):
        rng = np.random.default_rng(6)
        source = [waves(rng, 400, 400)]
        for aligned in (0, 1):
            found = []
            for seed in (1, 1, 2):
                sampler = list(self.samplers(seed, 0.5, synthetic.Synthetic(source, bool(aligned))))[aligned]
                found.append(torch.cat([sampler.batch(4, 1, 3, 2)[0] for _ in range(4)]))
            self.assertTrue(torch.equal(found[0], found[1]))
            self.assertFalse(torch.equal(found[0], found[2]))

    def test_light_changes_luma_alone_and_contrast_all(self):
        sampler = data.Sampler(self.videos, 8, synthetic=Counting(), share=1)
        sampler.synthetic.clip = lambda rng, t, h, w: [np.full(s, 128, np.uint8) for s in (
            (t, h, w), (t, h // 2, w // 2), (t, h // 2, w // 2))]
        x, _ = sampler.batch(64, 1, 2, 2)
        y, u, v = geo.unpatchify(x)
        self.assertTrue((u.abs() < 0.005).all() and (v.abs() < 0.005).all())
        level = y[:, 0, 0, 0]
        self.assertTrue((y == level[:, None, None, None]).all())
        self.assertTrue(0.02 < level.std() < 0.08 and level.abs().max() < 0.09)


if __name__ == "__main__":
    unittest.main()
