# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drawn videos, crops, batches, the network's sequence, the flow, distances. What the engine draws is compared in
fate/scripts/generate.sh."""
import contextlib
import io
import os
import tempfile
import unittest
from unittest import mock

import numpy as np
import torch

from onedva_generate import autoencoder, clips, flow, measure, prior, shapes, train
from onedva_generate.errors import InputError

CONFIG = {"side": 128, "length": 4, "tiles": 1, "qidx": 0, "model": "test", "model_id": "0" * 16, "classes": ["a", "b"]}
SMALL = {"width": 32, "head_dim": 16, "layers": 2}


def some_clips(count=40, run=4):
    rng = np.random.default_rng(0)
    latents = rng.standard_normal((count, 4, 32)).astype(np.float16)
    follows = np.arange(count) % run != 0
    typical = np.linspace(8, 0.5, 128, dtype=np.float32).reshape(4, 32)
    return clips.Clips(latents, np.arange(count, dtype=np.int32) % 2, follows, typical, CONFIG)


class Shapes(unittest.TestCase):
    def test_they_move_and_stay_inside(self):
        video = shapes.video(np.random.default_rng(3), 40, 64)
        self.assertEqual(video.shape, (40, 64 * 96))
        luma = video[:, :64 * 64].reshape(40, 64, 64)
        self.assertGreater((luma[0] != luma[20]).mean(), 0.01)
        for frame in luma:   # as much of the shapes as ever, but where they cover each other
            self.assertGreater((frame != luma[0, 0, 0]).sum(), 30)

    def test_a_seed_is_a_video(self):
        draw = lambda seed: shapes.video(np.random.default_rng(seed), 3, 32)
        np.testing.assert_array_equal(draw(1), draw(1))
        self.assertFalse(np.array_equal(draw(1), draw(2)))


class Crops(unittest.TestCase):
    def test_planes_are_of_one_place(self):
        h, w = 12, 20
        y, x = np.mgrid[:h, :w]
        luma, chroma = y * 16 + x, (y * 16 + x)[::2, ::2]
        frames = np.concatenate([luma.ravel(), chroma.ravel(), chroma.ravel()]).astype(np.uint8)[None]
        out = clips.crop(frames, h, w, 2, 6, 8, False)[0]
        np.testing.assert_array_equal(out[:64].reshape(8, 8), luma[2:10, 6:14])
        np.testing.assert_array_equal(out[64:80].reshape(4, 4), luma[2:10:2, 6:14:2])
        mirrored = clips.crop(frames, h, w, 2, 6, 8, True)[0]
        np.testing.assert_array_equal(mirrored[:64].reshape(8, 8), luma[2:10, 6:14][:, ::-1])


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "file")

    def tearDown(self):
        self.folder.cleanup()

    def test_clips_come_back(self):
        some_clips().save(self.path)
        read = clips.Clips.load(self.path)
        np.testing.assert_array_equal(read.latents, some_clips().latents)
        np.testing.assert_array_equal(read.typical, some_clips().typical)
        self.assertEqual(read.config, CONFIG)
        with open(self.path, "wb") as file:
            file.write(b"none")
        with self.assertRaisesRegex(InputError, "no clips"):
            clips.Clips.load(self.path)

    def test_priors_come_back(self):
        network = prior.Prior(prior.Config(**CONFIG, **SMALL))
        prior.save(self.path, network, bf16=False)
        read = prior.load(self.path)
        for a, b in zip(network.state_dict().values(), read.state_dict().values()):
            self.assertTrue(torch.equal(a, b))
        self.assertEqual(read.cfg.to_dict(), network.cfg.to_dict())

    def test_a_model_is_no_prior(self):
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
        with self.assertRaisesRegex(InputError, "no prior"):
            prior.load(os.path.join(root, "fate", "model", "onedva-test.safetensors"))


class Network(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.network = prior.Prior(prior.Config(**{**CONFIG, "side": 256}, **SMALL))
        for p in self.network.parameters():
            torch.nn.init.normal_(p, 0, 0.2)
        self.z, self.before = torch.randn(2, 3, 8, 32)   # 4 tiles of 2 tokens
        self.t, self.classes = torch.tensor([0.1, 0.5, 0.9]), torch.tensor([0, 1, 2])

    def test_rows_of_tiles(self):
        self.assertEqual(self.network.rows(2, False).tolist(), [3, 4, 7, 8, 11, 12, 15, 16])
        self.assertEqual(self.network.rows(2, True).tolist(), [19, 20, 23, 24, 27, 28, 31, 32])

    def test_all_of_it_matters(self):
        z, t, classes, before = self.z, self.t, self.classes, self.before
        with torch.no_grad():
            x = self.network(z, t, classes, before)
            self.assertEqual(x.shape, z.shape)
            for changed in ((z + 1, t, classes, before), (z, t + 0.05, classes, before),
                            (z, t, classes.flip(0), before), (z, t, classes, before + 1), (z, t, classes, None)):
                self.assertGreater((self.network(*changed) - x)[[0, 2]].abs().max(), 1e-4)

    def test_clips_of_a_batch_are_apart(self):
        with torch.no_grad():
            x = self.network(self.z, self.t, self.classes, self.before)
            alone = self.network(self.z[1:2], self.t[1:2], self.classes[1:2], self.before[1:2])
        torch.testing.assert_close(x[1:2], alone, rtol=1e-4, atol=1e-5)

    def test_scales(self):
        self.network.scale.copy_(torch.rand(4, 32) + 0.5)
        torch.testing.assert_close(self.network.denormalise(self.network.normalise(self.z)), self.z)


class Known:
    """In a prior's place: it knows the clip."""

    def __init__(self, x):
        self.x, self.cfg = x, prior.Config(**CONFIG)

    def __call__(self, z, t, classes, before):
        return self.x.expand_as(z)

    def denormalise(self, x):
        return x


class Flow(unittest.TestCase):
    def test_it_ends_in_the_clip(self):
        x = torch.randn(1, 4, 32)
        drawn = flow.sample(Known(x), torch.tensor([0, 1]), 4, 5, 2, 7, 3.0)
        self.assertEqual(drawn.shape, (2, 2, 4, 32))
        torch.testing.assert_close(drawn, x.expand_as(drawn), rtol=1e-4, atol=1e-5)

    def test_one_who_knows_loses_nothing(self):
        x = torch.randn(6, 4, 32)
        known = Known(x)
        self.assertEqual(float(flow.loss(known, x, None, None, np.random.default_rng(0))), 0.0)
        known.x = x + 1
        self.assertGreater(float(flow.loss(known, x, None, None, np.random.default_rng(0))), 1)

    def test_times_rise_to_the_end(self):
        times = [flow.time_of(k, 9) for k in range(10)]
        self.assertEqual((times[0], times[-1]), (0.0, 1.0))
        self.assertTrue(all(a < b for a, b in zip(times, times[1:])))
        self.assertLess(times[1], 1 / 9)


class Training(unittest.TestCase):
    def test_sequences_are_left_out_whole(self):
        held = some_clips().is_held().reshape(-1, 4)
        self.assertTrue((held.all(1) | ~held.any(1)).all())
        self.assertTrue(0 < held.sum() < 40)
        with self.assertRaisesRegex(InputError, "one sequence"):
            some_clips(4).is_held()

    def test_before_is_the_clip_before(self):
        network = prior.Prior(prior.Config(**CONFIG, **SMALL))
        data = train.Data(some_clips(), network, 0.5)
        x, _, before = data.batch(data.train, np.random.default_rng(0), 30, 3, 1, False)
        for clip, previous in zip(x, before):
            number = int((data.x[:, :3] - clip).abs().sum((1, 2)).argmin())
            self.assertTrue(number % 4)
            torch.testing.assert_close(previous, data.x[number - 1, :3])

    def test_sizes_are_alike_or_as_in_pixels(self):
        clips = some_clips()
        for spread in (0, 1):
            network = prior.Prior(prior.Config(**CONFIG, **SMALL))
            data = train.Data(clips, network, spread)
            found = data.x[data.train].reshape(-1, *clips.typical.shape).pow(2).mean(0).sqrt()
            shown = torch.from_numpy(clips.latents[data.train].astype(np.float32).reshape(-1, *clips.typical.shape) * clips.typical)
            ratio = found / (shown.pow(2).mean(0).sqrt() if spread else 1)
            self.assertLess(float(ratio.max() / ratio.min()), 1.1)

    def test_a_checkpoint_goes_on_with_its_own_sizes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "checkpoint")
            train.Training(some_clips(), path, 0.02, SMALL, spread=0)
            train.Training(some_clips(), path, 0.02, SMALL, spread=0)
            with self.assertRaisesRegex(InputError, "another --spread"):
                train.Training(some_clips(), path, 0.02, SMALL, spread=1)

    def test_it_learns(self):
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            data, lines = some_clips(), []
            data.latents[:] = data.latents[0]      # one clip, to be learned by heart
            training = train.Training(data, os.path.join(folder, "checkpoint"), 0.02, SMALL)
            with contextlib.redirect_stderr(io.StringIO()) as said, mock.patch("onedva_progress.LOGGED", 0):
                training.run(16, steps=120, every=60, report=lines.append)
            self.assertRegex(said.getvalue().splitlines()[0], r"^1/120 steps, [\d.]+ steps/(s|min), \d+ (s|min) left: loss [\d.]+$")
            self.assertEqual(said.getvalue().count("\n"), 120)
            losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines]
            self.assertEqual(len(lines), 2)
            self.assertLess(losses[1], 0.8 * losses[0])
            again = train.Training(data, training.checkpoint, 0.02, SMALL)
            self.assertEqual(again.step, 120)
            for a, b in zip(training.average.parameters(), again.average.parameters()):
                self.assertTrue(torch.equal(a, b))


    def test_a_grid_is_not_cut(self):
        data = some_clips()
        for is_grid, lengths in ((True, {4}), (False, {1, 2, 4})):
            data.config = {**CONFIG, "is_grid": is_grid}
            with tempfile.TemporaryDirectory() as folder:
                training = train.Training(data, os.path.join(folder, "checkpoint"), 0.02, SMALL)
            rng = np.random.default_rng(0)
            found = {train.make_batch(training.data, training.prior.cfg, rng, 2, training.lengths)[0].shape[1] for _ in range(40)}
            self.assertEqual(found, lengths)


class Autoencoder(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        rng = np.random.default_rng(0)
        self.frames = np.stack([shapes.video(rng, 16, 32) for _ in range(8)])
        self.coder = autoencoder.Coder(32, -6)

    def test_frames_and_tokens_come_back(self):
        np.testing.assert_array_equal(autoencoder.frames_of(autoencoder.patches_of(self.frames, 32)), self.frames)
        levels = torch.arange(2 * 8 * 4 * 6 * 6).reshape(2, 8, 4, 6, 6)
        tokens = autoencoder.to_tokens(levels)
        self.assertEqual(tokens.shape, (2, 36, 32))
        self.assertTrue(torch.equal(autoencoder.from_tokens(tokens, 96), levels))
        self.assertEqual(set(tokens[0, 1].tolist()),
                         set(levels[0, :, 0, :2, 2:4].flatten().tolist()))   # all channels of 2x2 places

    def test_it_learns_and_comes_back(self):
        before, lines = float(self.coder.loss(self.frames).detach()), []
        with contextlib.redirect_stderr(io.StringIO()):
            self.coder.train(np.concatenate([self.frames] * 2), lines.append, steps=60)
        self.assertLess(float(self.coder.loss(self.frames).detach()), before - 0.05)
        self.assertRegex(lines[0], r"^\d+ steps of 8 clips, loss .* dB$")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            self.coder.save(path)
            tokens = self.coder.encode(self.frames)
            np.testing.assert_array_equal(autoencoder.Coder.load(path).decode(tokens), self.coder.decode(tokens))
            with open(path, "wb") as file:
                file.write(b"none")
            with self.assertRaisesRegex(InputError, "no autoencoder"):
                autoencoder.Coder.load(path)


class Wrong(unittest.TestCase):
    """One line says what is wrong."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "file")

    def tearDown(self):
        self.folder.cleanup()

    def test_classes(self):
        for text, said in (("{", "file: "), ("[]", "expected"), ("{}", "expected"), ('{"a": 5}', "class a"), ('{"a": []}', "class a"),
                           ('{"a": [5]}', "class a")):
            with open(self.path, "w") as file:
                file.write(text)
            with self.assertRaisesRegex(InputError, said):
                clips.read_classes(self.path)
        with open(self.path, "w") as file:
            file.write('{"a": "sea/*.mp4", "b": "shapes", "c": ["x", "y"]}')
        self.assertEqual(clips.read_classes(self.path), {"a": ["sea/*.mp4"], "b": "shapes", "c": ["x", "y"]})

    def test_checkpoints(self):
        train.Training(some_clips(), self.path, 0.01, SMALL).save()
        for clips_of, sizes, said in ((some_clips(), {**SMALL, "width": 64}, "another width: 32, not 64"),
                                      (some_clips(), {**SMALL, "layers": 3}, "another layers")):
            with self.assertRaisesRegex(InputError, said):
                train.Training(clips_of, self.path, 0.01, sizes)
        other = some_clips()
        other.config = {**CONFIG, "classes": ["x", "y"]}
        with self.assertRaisesRegex(InputError, "another classes"):
            train.Training(other, self.path, 0.01, SMALL)
        for data in (b"", b"none", open(self.path, "rb").read()[:500]):
            with open(self.path, "wb") as file:
                file.write(data)
            with self.assertRaisesRegex(InputError, "no checkpoint"):
                train.Training(some_clips(), self.path, 0.01, SMALL)
        with self.assertRaises(OSError):
            train.Training(some_clips(), os.path.join(self.folder.name, "none", "file"), 0.01, SMALL)

    def test_priors(self):
        network = prior.Prior(prior.Config(**CONFIG, **SMALL))
        for change in ({"width": 64}, {"qidx": "x", "width": "y"}, {"side": 256}, {"classes": 5}, {"length": 5}):
            network.cfg.__dict__.update({**prior.Config(**CONFIG, **SMALL).__dict__, **change})
            prior.save(self.path, network)
            with self.assertRaisesRegex(InputError, "no prior"):
                prior.load(self.path)
        for data in (b"", b"1234567", b"\xff" * 100):
            with open(self.path, "wb") as file:
                file.write(data)
            with self.assertRaisesRegex(InputError, "no prior"):
                prior.load(self.path)


class Measures(unittest.TestCase):
    def test_distance_of_normal_distributions(self):
        rng = np.random.default_rng(0)
        a = rng.standard_normal((20000, 3))
        b = rng.standard_normal((20000, 3)) * [1, 2, 3] + [0, 0, 2]
        self.assertAlmostEqual(measure.frechet(a, b), 4 + 1 + 4, delta=0.3)
        self.assertAlmostEqual(measure.frechet(a, a), 0, delta=1e-6)

    def test_nearest(self):
        data = some_clips()
        best, distance = measure.nearest(data, data.latents[[7, 3]].astype(np.float32) + 0.001)
        self.assertEqual(best.tolist(), [7, 3])
        self.assertLess(distance.max(), 0.01)


if __name__ == "__main__":
    unittest.main()
