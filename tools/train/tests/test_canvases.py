# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os
import tempfile
import unittest

import numpy as np
import torch
import torch.nn.functional as F

from onedva_train import canvases, codec, data, entropy, evaluate, fit, model, train
from onedva_train import geometry as geo
from onedva_train.errors import InputError
from onedva_train.untrained import random_linear

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def write_set(folder, clips, name="a.mp4"):
    """A canvas file, its index and the folder's; clips: lists of the planes y, u, v, visible."""
    lines, offset = [], 0
    with open(os.path.join(folder, "a.canvas"), "wb") as f:
        for y, u, v, visible in clips:
            t, h, w = y.shape
            lines.append({"offset": offset, "frames": t, "width": w, "height": h, "left": 0, "top": 0,
                          "motion": "mesh", "crf": 30})
            for i in range(t):
                for plane in (y, u, v):
                    f.write(plane[i].tobytes())
            f.write(visible.tobytes())
            offset = f.tell()
    with open(os.path.join(folder, "a.canvas.index"), "w") as f:
        f.writelines(json.dumps(line) + "\n" for line in lines)
    data.write_index(folder, [{"file": "a.canvas", "name": name, "scale": 1.0}])


def marked_clip(rng, t, h, w):
    """Samples are bright exactly where they are visible."""
    visible = (rng.random((t, -(-h // 4), -(-w // 4))) < 0.7).astype(np.uint8)
    y = visible.repeat(4, 1).repeat(4, 2)[:, :h, :w] * 255
    u = visible.repeat(2, 1).repeat(2, 2)[:, :-(-h // 2), :-(-w // 2)] * 255
    return [y, u, u.copy(), visible]


class Canvases(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(5)
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.folder.name

    def tearDown(self):
        self.folder.cleanup()

    def test_clips_are_read_as_they_were_written(self):
        clips = [[self.rng.integers(0, 256, s).astype(np.uint8) for s in shapes] for shapes in (
            ((16, 70, 54), (16, 35, 27), (16, 35, 27), (16, 18, 14)),
            ((5, 33, 131), (5, 17, 66), (5, 17, 66), (5, 9, 33)))]
        write_set(self.path, clips)
        for want, clip in zip(clips, canvases.load(self.path)):
            for a, b in zip(want, (clip.y, clip.u, clip.v, clip.visible)):
                self.assertTrue(np.array_equal(a, b))

    def test_a_file_that_is_cut_short_is_refused(self):
        write_set(self.path, [marked_clip(self.rng, 4, 64, 64)])
        path = os.path.join(self.path, "a.canvas")
        os.truncate(path, os.path.getsize(path) - 1)
        with self.assertRaisesRegex(InputError, "a.canvas is not what .*a.canvas.index says"):
            canvases.load(self.path)

    def test_the_mask_follows_every_augmentation(self):
        write_set(self.path, [marked_clip(self.rng, t, h, w) for t, h, w in (
            (16, 200, 300), (15, 256, 256), (8, 300, 202))])
        sampler = canvases.Sampler(canvases.load(self.path), 3)
        for shape in ((4, 8, 8), (2, 11, 9), (1, 12, 12), (2, 5, 13)):
            x, mask = sampler.batch(16, *shape)
            bright = x > 0
            counts = geo.expand_mask(mask)
            self.assertTrue(0.4 < counts.float().mean() < 0.9)
            # what is added at the end of a canvas may be bright, but is not visible
            self.assertFalse((counts & ~bright).any())
            inside = (x <= 0) | counts
            self.assertGreater(inside.float().mean().item(), 0.85)

    def test_crops_without_added_samples_match_exactly(self):
        write_set(self.path, [marked_clip(self.rng, 16, 256, 320)])
        x, mask = canvases.Sampler(canvases.load(self.path), 4).batch(32, 4, 8, 8)
        self.assertTrue(torch.equal(x > 0, geo.expand_mask(mask)))

    def test_offsets(self):
        """Half of the crops on the tile grid or at the end, most on the token grid, the border among them."""
        h = w = 16 * 21 - 6
        y = np.broadcast_to(np.arange(w) % 256, (16, h, w)).astype(np.uint8)
        half = np.zeros((16, h // 2, w // 2), np.uint8)
        blocks = np.ones((16, -(-h // 4), -(-w // 4)), np.uint8)
        write_set(self.path, [[y, half, half, blocks]])
        sampler = canvases.Sampler(canvases.load(self.path), 6, augment=False)
        found = []
        for _ in range(400):
            found.append(int(sampler.crop(4, 8, 8)[0][0, 0, 0]))
        found = np.array(found)
        self.assertTrue((found % 4 == 0).all())
        self.assertTrue(0.85 < (found % 16 == 0).mean() < 0.97)
        self.assertTrue(0.5 < (found % 128 == 0).mean() + (found == 13 * 16).mean() < 0.75)
        self.assertGreater((found == 13 * 16).mean(), 0.1)

    def test_crops_begin_with_their_clip(self):
        clips = []
        for first in (10, 100):
            y = np.broadcast_to(first + np.arange(16)[:, None, None], (16, 128, 128)).astype(np.uint8)
            half = np.zeros((16, 64, 64), np.uint8)
            clips.append([y, half, half, np.ones((16, 32, 32), np.uint8)])
        write_set(self.path, clips)
        sampler = canvases.Sampler(canvases.load(self.path), 7)
        seen = set()
        for _ in range(60):
            y = sampler.crop(2, 8, 8)[0]
            frames = y[:, 0, 0].tolist()
            self.assertTrue((y == y[:, :1, :1]).all())
            seen.add(tuple(frames))
        forward = [tuple(range(first, first + 8 * step, step)) for first in (10, 100) for step in (1, 2)]
        self.assertEqual(seen, {*forward, *(f[::-1] for f in forward)})

    def test_whole_clips(self):
        write_set(self.path, [marked_clip(self.rng, 5, 40, 70)])
        clip, = canvases.held_out(canvases.load(self.path))
        x, mask = canvases.clip_tensor(clip)
        self.assertEqual(x.shape, (1, 2, 3, 5, 1536))
        self.assertEqual(int(mask.sum()), int(clip.visible.sum()))

    def test_nothing_fits(self):
        write_set(self.path, [marked_clip(self.rng, 4, 64, 64)])
        sampler = canvases.Sampler(canvases.load(self.path), 1, augment=False)
        with self.assertRaisesRegex(InputError, "no canvas has 4 x 15 x 15 tokens"):
            sampler.batch(1, 4, 15, 15)


class Prepare(unittest.TestCase):
    """Programs that stand in for ffmpeg and onedva-canvas: a set is made, kept, and a failure is told."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        path = lambda name: os.path.join(self.folder.name, name)
        self.source, self.cache = path("videos"), path("cache")
        os.mkdir(self.source)
        for name in ("a.mp4", "b.mp4"):
            open(os.path.join(self.source, name), "w").close()
        self.ffmpeg, self.tool, self.runs = path("ffmpeg"), path("onedva-canvas"), path("runs")
        self.script(path("ffprobe"), "echo 512,256")
        self.script(self.ffmpeg, "echo video")
        self.script(self.tool, f'''cat > /dev/null
            echo "$4" >> "{self.runs}"
            head -c {4 * (512 * 256 * 3 // 2 + 128 * 64)} /dev/zero >> "$6"
            echo '{{"offset": 0, "frames": 4, "width": 512, "height": 256}}' >> "$8"''')

    def tearDown(self):
        self.folder.cleanup()

    def script(self, path, text):
        with open(path, "w") as f:
            f.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)

    def prepare(self):
        canvases.prepare(self.source, self.cache, self.tool, self.ffmpeg, (1.0,), (20, 40), 2)

    def test_sets_are_made_once_and_qualities_go_round(self):
        for _ in range(2):
            self.prepare()
        with open(self.runs) as f:
            self.assertEqual(sorted(f.read().split()), ["20,40", "40,20"])
        self.assertEqual([c.frames for c in canvases.load(self.cache)], [4, 4])

    def test_what_was_interrupted_is_made_anew(self):
        os.makedirs(self.cache)
        for end in (".part", ".index.part"):
            with open(os.path.join(self.cache, "a-512x256.canvas" + end), "w") as f:
                f.write("{")
        self.prepare()
        self.assertEqual(len(canvases.load(self.cache)), 2)

    def test_failures_are_told(self):
        self.script(self.tool, "cat > /dev/null; echo 'onedva-canvas: no such model' >&2; exit 1")
        with self.assertRaisesRegex(InputError, "mp4: onedva-canvas: no such model"):
            self.prepare()
        self.script(self.tool, "cat > /dev/null")
        self.script(self.ffmpeg, "echo 'damaged video' >&2; exit 1")
        with self.assertRaisesRegex(InputError, "mp4: damaged video"):
            self.prepare()
        self.assertEqual(os.listdir(self.cache), [])
        self.source += "/nothing"
        with self.assertRaisesRegex(InputError, "nothing has no videos"):
            self.prepare()


class Mask(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(2)
        self.cfg = model.Config(**model.PRESETS["test"])
        self.codec = codec.Codec(self.cfg, random_linear())
        self.x = torch.rand(2, 2, 3, 4, 1536) * 2 - 1
        self.qidx = torch.tensor([-30, -8])
        for p in self.codec.parameters():
            torch.nn.init.normal_(p, std=0.05)

    def loss(self, mask, encoder):
        return train.loss_of(self.codec, self.x, mask, self.qidx, 1, None, encoder)

    def test_blocks_cover_their_samples(self):
        m = torch.rand(1, 4, 8, 12) < 0.5
        y = m.repeat_interleave(4, 2).repeat_interleave(4, 3)
        u = m.repeat_interleave(2, 2).repeat_interleave(2, 3)
        self.assertTrue(torch.equal(geo.expand_mask(geo.patchify_mask(m)), geo.patchify(y, u, u)))

    def test_all_visible_is_no_mask(self):
        ones = torch.ones(2, 2, 3, 4, 64, dtype=torch.bool)
        for encoder in ("off", "train"):
            self.assertAlmostEqual(self.loss(ones, encoder).item(), self.loss(None, encoder).item(), 5)

    def test_errors_count_where_visible_and_bits_everywhere(self):
        none = torch.zeros(2, 2, 3, 4, 64, dtype=torch.bool)
        self.assertEqual(self.loss(none, "off").item(), 0)
        price = entropy.LAMBDA * 2.0 ** (self.qidx / 4)
        bits = [sum(self.codec.quantise(self.codec.analyse(self.x, self.qidx, use), self.qidx, use).bits)
                for use in (True, False)]
        floor = 1e-5 * self.x[0].numel()
        want = ((price * bits[0] + floor) / (price * bits[1] + floor)).log().mean()
        self.assertAlmostEqual(self.loss(none, "train").item(), want.item(), 5)
        self.assertNotEqual(want.item(), 0)

    @staticmethod
    def reaching_block_5():
        """Samples of a frame's 16x16 luma that smoothing moves the second 4x4 block from the left and from the top by, and those
        at the token's borders that deblocking moves these by."""
        reaching = torch.zeros(16, 16, dtype=torch.bool)
        reaching[2:10, 4:8] = True
        reaching[4:8, 2:10] = True
        reaching[[0, 15], 4:8] = True
        reaching[4:8, [0, 15]] = True
        return reaching.flatten()

    def test_gradient_comes_from_what_visible_samples_are_made_of_only(self):
        """Of luma; deblocking reaches all of chroma."""
        mask = torch.zeros(2, 2, 3, 4, 64, dtype=torch.bool)
        mask[..., 5] = True  # the second 4x4 block from the left and from the top of each patch's first frame
        self.loss(mask, "off").backward()
        rows, visible = self.codec.decoder.out.bias.grad != 0, geo.expand_mask(mask)[0, 0, 0, 0]
        luma = torch.arange(1536) % 384 < 256
        reaching = F.pad(self.reaching_block_5(), (0, 1280))
        self.assertFalse((rows & ~reaching)[luma].any())
        self.assertTrue((rows & ~visible)[luma].any())
        self.assertTrue(rows[visible].all())

    def test_psnr_counts_visible_samples(self):
        mask = torch.rand(2, 2, 3, 4, 64) < 0.5
        hidden = torch.where(geo.expand_mask(mask), self.x, -self.x)
        self.assertLess(evaluate.psnr_y(self.x, hidden), 15)
        self.assertGreater(evaluate.psnr_y(self.x, hidden, mask), 70)

    def test_the_basis_comes_from_visible_patches(self):
        class Half:
            rng = np.random.default_rng(1)

            def draw_length(self):
                return 4

            def batch(self, n, gt, gy, gx):
                x = torch.full((n, gt, gy, gx, 1536), 0.25)
                mask = torch.ones(n, gt, gy, gx, 64, dtype=torch.bool)
                mask[:, :, ::2, :, 5] = False
                x[:, :, ::2] = 1
                return x, mask

        mean, _, _ = fit.frame_basis(Half(), 200)
        self.assertAlmostEqual(mean.min().item(), 0.25, 5)
        self.assertAlmostEqual(mean.max().item(), 0.25, 5)


class Relinear(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(3)
        self.cfg = model.Config(**model.PRESETS["test"])
        self.codec = codec.Codec(self.cfg, random_linear())
        for p in self.codec.parameters():
            torch.nn.init.normal_(p, std=0.05)
        self.fitted = random_linear(seed=9)

    def test_the_decoder_makes_the_same_of_the_same_samples(self):
        switched = self.codec.with_linear(self.fitted)
        x, qidx = torch.rand(1, 4, 9, 10, 1536), torch.tensor([-20])
        with torch.no_grad():
            latents = switched.quantise(switched.analyse(x, qidx), qidx)
            base = switched.reconstruct(latents, x.shape)
            found = [c.restore(latents, base, qidx, torch.zeros(1)) for c in (self.codec, switched)]
        self.assertGreater(found[0].abs().max().item(), 0.01)
        self.assertTrue(torch.equal(*found))

    def test_the_tables_are_the_new_ones(self):
        switched = self.codec.with_linear(self.fitted)
        want = geo.Scan(self.fitted, switched.bands.rows(1), 4, 8, 8)
        self.assertTrue(torch.equal(switched.scan(4, 8, 8, detail=1).order, want.order))
        self.assertFalse(torch.equal(self.codec.scan(4, 8, 8, detail=1).order, want.order))

    def test_a_kept_basis_is_fitted_around(self):
        path = {name: self.codec.linear[name] for name in ("linear.mean", "linear.basis", "linear.bands")}
        linear = fit.fit(Noise(), 16, 0, range(-16, -3, 6), lambda line: None, path)
        for name, v in path.items():
            self.assertTrue(np.array_equal(linear[name], v))
        self.codec.with_linear(linear)
        self.assertFalse(np.array_equal(linear["scan.key.3"], self.codec.linear["scan.key.3"]))


class Noise:
    """Frames whose first samples vary most, and change slowly."""

    def __init__(self):
        self.rng = np.random.default_rng(1)
        self.size = torch.from_numpy(0.5 / np.arange(1, 385)).float()

    def lengths(self):
        return np.array([0, 0.2, 0, 0, 0.8])

    def draw_length(self):
        return 4

    def batch(self, n, gt, gy, gx):
        still, moving = (torch.from_numpy(self.rng.standard_normal((n, gt, gy, gx, t, 384), np.float32)) for t in (1, 4))
        return (self.size * (still + 0.1 * moving)).flatten(-2), None


class Fit(unittest.TestCase):
    def test_a_linear_path_of_known_statistics(self):
        path = fit.new_path(Noise(), 4000, lambda line: None)
        bands = path["linear.bands"]
        self.assertTrue((bands % 8 == 0).all() and (np.diff(bands, axis=0) >= 0).all())
        self.assertEqual(bands[3].tolist(), [384] * 4)
        for found, asked in zip(bands.sum(1), fit.DETAILS):
            self.assertLess(abs(int(found) - asked), 16)
        self.assertTrue((bands[:3, 0] > bands[:3, 1]).all())
        mean, basis = fit.floats(path)
        self.assertLess((basis @ basis.t() - torch.eye(384)).abs().max().item(), 1e-3)
        self.assertLess(mean.abs().max().item(), 0.03)
        self.assertGreater(basis[0, 0].abs().item(), 0.99)

    def test_scales_are_those_of_the_coefficients(self):
        """Patches are independent: all frequencies of a tile are as large, and clips of all lengths."""
        sampler = Noise()
        path = {"linear.mean": np.full(384, 1020, np.int16), "linear.bands": np.full((4, 4), 8, np.int32),
                "linear.basis": (2 ** 14 * np.eye(8, 384)).astype(np.int16)}
        tables = fit.scans(sampler, path, 64, lambda line: None)
        self.assertLessEqual(np.abs(tables["scan.size_shift"]).max(), 1)
        still, moving = 4 + 0.01, 0.01   # variances of bands 0 and above, over that of a sample
        for size in range(4):
            for band in range(4):
                for j in (0, 5):
                    deviation = 0.5 / (j + 1) * (still if band == 0 else moving) ** 0.5
                    want = 8 * np.log2(deviation * (2 / np.pi) ** 0.5)  # the mean magnitude of a normal number
                    found = tables[f"scan.scale.{size}"][8 * band + j].astype(float)
                    self.assertLess(abs(found.mean() - want), 1)
                    key = tables[f"scan.key.{size}"][8 * band + j].astype(float) - fit.KEY_OF_ONE
                    # (mean rms)^(1/2) is (pi/2)^(1/4) times the mean
                    self.assertLess(abs(key.mean() - want - 2 * np.log2(np.pi / 2)), 1)


class DeadZone(unittest.TestCase):
    def test_it_is_the_engine_s(self):
        with open(os.path.join(ROOT, "engine", "transform", "quantiser.h")) as f:
            line, = (l for l in f if l.startswith("#define ODVA_DEAD_ZONE "))
        self.assertEqual(float(line.split()[-1].rstrip("f")), entropy.DEADZONE)


if __name__ == "__main__":
    unittest.main()
