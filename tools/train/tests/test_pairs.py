# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pairs of canvases and linear reconstructions: their crops, and what the decoder learns on them."""
import os
import sys
import tempfile
import unittest
from unittest import mock

import numpy as np
import torch

from onedva_train import canvases, codec, evaluate, model, pairs, ssim, train
from onedva_train import geometry as geo
from onedva_train.errors import InputError
from onedva_train.untrained import random_linear

sys.path.insert(0, os.path.dirname(__file__))
import test_perceptual  # noqa: E402


def clip_bytes(frames, height, width, qidx=-8, inter=False, seed=0):
    """A clip as its file's bytes and its line of the index. Every superblock has one share, which its reconstruction's
    samples are 100 times of; the canvas is three levels above that, and its mask tells bright blocks of the canvas from
    others. Tokens of more than 50 levels are kept."""
    rng = np.random.default_rng(seed)
    ty, tx = -(-height // 128), -(-width // 128)
    shares = ((1 + rng.permutation(ty * tx)) / (1 + ty * tx)).astype(np.float32).reshape(ty, tx)
    levels = np.kron((100 * shares).astype(np.uint8), np.ones((128, 128), np.uint8))[:height, :width]
    linear = [np.broadcast_to(p, (frames, *p.shape)) for p in (levels, levels[::2, ::2], levels[::2, ::2])]
    visible = np.broadcast_to(levels[::4, ::4] > 30, (frames, -(-height // 4), -(-width // 4)))
    planes = [p + 3 for p in linear] + [visible.astype(np.uint8)]
    line = {"offset": 0, "frames": frames, "width": width, "height": height, "shares": shares.flatten().tolist(),
            "qidx": qidx, "smoothing": 2 + inter, "inter": inter, "kept": "".join("01"[int(v > 50)] for v in levels[::16, ::16].flatten())}
    parts = [np.concatenate([p.reshape(frames, -1) for p in which], 1).flatten()
             for which in (planes[:3], planes[3:], linear)]
    return np.concatenate(parts), line


def clip_of(*arguments):
    bytes_, line = clip_bytes(*arguments)
    return canvases.Clip({"name": "made", "scale": 1.0}, torch.from_numpy(bytes_), line)


class Crops(unittest.TestCase):
    def test_superblocks_keep_their_shares_however_crops_are_turned(self):
        clips = [clip_of(16, 336, 464), clip_of(7, 128, 256, 4, True, 1)]
        sampler, shapes = pairs.Sampler(clips, 3), set()
        for _ in range(60):
            x, base, mask, shares, kept, qidx, smoothing = sampler.batch(600)
            b, gt, gy, gx, _ = x.shape
            shapes.add((gt, gy, gx))
            self.assertTrue(torch.allclose(x - base, torch.tensor(3 / 127.5), atol=1e-5))
            self.assertEqual(set(qidx.tolist()), {-8 if gt == 4 else 4})
            self.assertEqual(set(smoothing.tolist()), {2 if gt == 4 else 3})
            level = (100 * shares.reshape(b, 1, -(-gy // 8), -(-gx // 8), 1)).int() / 127.5 - 1
            level = level.repeat_interleave(8, 2).repeat_interleave(8, 3)[:, :, :gy, :gx]
            self.assertTrue(torch.allclose(base, level.float().expand_as(base), atol=1e-5))
            self.assertTrue(torch.equal(kept, (base[:, 0, ..., 0] + 1) * 127.5 > 50.5))
            # what a clip's last token lacks of frames is repeated, and not visible
            shown = torch.ones_like(x) if mask is None else geo.expand_mask(mask).to(x)
            whole = shown if gt == 4 else shown.unflatten(-1, (4, -1))[:, :1].flatten(-2)
            self.assertTrue(torch.equal(whole > 0, (base[:, :whole.shape[1]] + 1) * 127.5 > 30.5))
            if gt == 2:
                self.assertEqual(float(shown.unflatten(-1, (4, -1))[:, 1, ..., 3, :].max()), 0)
        self.assertLessEqual({(4, 16, 16), (4, 16, 13), (4, 13, 16), (4, 13, 13)}, shapes)
        self.assertLessEqual(shapes, {(4, y, x) for y in (16, 13, 5) for x in (16, 13, 5)} | {(2, 8, 16), (2, 8, 8)})

    def test_batches_follow_from_the_seed(self):
        clips = [clip_of(16, 300, 300)]
        first, again, other = (pairs.Sampler(clips, seed).batch(300) for seed in (5, 5, 6))
        self.assertTrue(torch.equal(first[0], again[0]))
        self.assertFalse(first[0].shape == other[0].shape and torch.equal(first[0], other[0]))


class Loading(unittest.TestCase):
    def test_a_folder_without_pairs_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in (folder, os.path.join(folder, "none")):
                with self.assertRaisesRegex(InputError, "has no index.json: pairs are wanted"):
                    pairs.load(path)


class Judging(unittest.TestCase):
    def test_a_decoder_that_adds_nothing_is_judged_as_its_reconstruction(self):
        net = test_perceptual.untrained()
        cfg = model.Config(**{**model.PRESETS["test"], "encoder_layers": 0})
        one = codec.Codec(cfg, random_linear()).eval()
        found = evaluate.judged(one, [clip_of(4, 128, 128), clip_of(7, 64, 96, 4, True, 1)], [net, net], (0, 1))
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0][2], found[0][3])
        self.assertGreater(found[0][2], 0)
        with torch.no_grad():
            one.decoder.out.bias += 2.5 / 127.5  # of the three levels that reconstructions lack
        better = evaluate.judged(one, [clip_of(4, 128, 128)], [net], (0, 1, 4))
        self.assertGreater(better[1][0], better[0][0] + 3)
        self.assertNotEqual(better[4], better[1])


class Learning(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.cfg = model.Config(**{**model.PRESETS["test"], "encoder_layers": 0})
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.folder.cleanup()

    def trainer(self, sampler):
        return train.PairTrainer(codec.Codec(self.cfg, random_linear()), sampler,
                                 os.path.join(self.folder.name, "checkpoint.pt"), rate=3e-3, patches=64)

    def test_the_loss_is_that_of_the_whole_model(self):
        whole = codec.Codec(self.cfg, random_linear())
        for p in whole.parameters():
            torch.nn.init.normal_(p, std=0.05)
        x, qidx = torch.rand(2, 2, 9, 5, 1536) * 2 - 1, torch.tensor([-20, 4])
        mask = torch.rand(2, 2, 9, 5, 64) < 0.9
        latents = whole.quantise(whole.analyse(x, qidx), qidx)
        base, shares = whole.reconstruct(latents, x.shape), whole.shares(latents, x.shape)
        for stage in (1, 3):
            found = []
            for loss, arguments in ((train.loss_of, (x, mask, qidx)),
                                    (train.pair_loss_of, (x, base, mask, shares, None, qidx, None))):
                rng = np.random.default_rng(2)
                if loss is train.loss_of and stage > 1:
                    rng = Skipping(2, len(x))
                torch.manual_seed(4)
                with torch.no_grad():
                    found.append(loss(whole, *arguments, stage, rng, *(["off"] if loss is train.loss_of else [])).item())
            self.assertAlmostEqual(*found, places=5)

    def test_features_count_where_fine_detail_does(self):
        trainer = self.trainer(pairs.Sampler([clip_of(4, 128, 128)], 1))
        rng, batch, plain = np.random.default_rng, trainer.sampler.batch(64), trainer.loss
        judged = mock.Mock()
        judged.loss.return_value = torch.tensor(100.0)
        for textured in (0.0, 1.0):
            with mock.patch.object(train, "TEXTURED", textured), torch.no_grad():
                trainer.judge(None)
                plain.rng = rng(1)
                torch.manual_seed(1)
                before = plain(*batch, 3, "off")
                trainer.judge(judged)
                plain.rng = rng(1)
                torch.manual_seed(1)
                self.assertAlmostEqual(plain(*batch, 3, "off").item(), before.item() + 100 * textured, places=3)

    def test_ssim_counts_in_pictures_of_one_step(self):
        trainer = self.trainer(pairs.Sampler([clip_of(4, 128, 128)], 1))
        batch, plain, found = trainer.sampler.batch(64), trainer.loss, []
        for textured in (0.0, 1.0):
            for judge in (None, ssim.Similarity(2.0)):
                with mock.patch.object(train, "TEXTURED", textured), torch.no_grad():
                    trainer.judge(similarity=judge)
                    plain.rng = np.random.default_rng(1)
                    torch.manual_seed(1)
                    plain.codec.decoder.out.bias.fill_(2.5 / 127.5)  # of the three levels that reconstructions lack
                    found.append(plain(*batch, 3, "off").item())
        self.assertLess(found[1], found[0] - 0.01)
        self.assertEqual(found[2], found[3])

    def test_errors_of_drawn_latents_are_whole_steps_of_the_coarsest_detail(self):
        whole = codec.Codec(self.cfg, random_linear())
        shape, qidx = (2, 3, 10, 9, geo.PATCH), torch.tensor([-12, 4])
        self.assertEqual(whole.latent_noise(shape, qidx, torch.zeros(2)).abs().max(), 0)
        noise = whole.latent_noise(shape, qidx, torch.tensor([0.3, 1.0]))
        found = whole.analyse(noise + whole.mean.repeat(geo.TOKEN_FRAMES), qidx, False, detail=0)
        steps = torch.cat(found.y, 1) / (2.0 ** (qidx / 8))[:, None]
        self.assertLess((steps - steps.round()).abs().max(), 1e-2)
        self.assertTrue(bool((steps.abs() > 0.5).any(1).all()))
        again = geo.band_coefficients(noise, torch.zeros_like(whole.mean), whole.basis)
        again[..., whole.kept(0)] = 0
        self.assertLess(again.abs().max(), 1e-3 * noise.abs().max())

    def test_stage_4_judges_drawn_latents_by_features_and_little_by_samples(self):
        trainer = self.trainer(pairs.Sampler([clip_of(4, 128, 128)], 1))
        trainer.judge(mock.Mock(**{"loss.return_value": torch.tensor(0.0)}))
        batch = trainer.sampler.batch(64)
        with mock.patch.object(train, "DRAWN", 1.0), mock.patch.object(train, "TEXTURE_WEIGHT", 0.0), \
                mock.patch.object(trainer.codec, "latent_noise", wraps=trainer.codec.latent_noise) as noise:
            # nothing is corrected yet, so that nothing is gained
            self.assertAlmostEqual(trainer.loss(*batch, 4, "off").item(), 0, places=6)
            self.assertEqual(noise.call_count, 1)
            with torch.no_grad():
                for p in trainer.codec.decoder.parameters():
                    p.add_(0.05 * torch.randn(p.shape))
            with torch.no_grad():
                losses = []
                for weight in (0.3, 0.6):
                    trainer.loss.rng = np.random.default_rng(1)
                    torch.manual_seed(2)
                    with mock.patch.object(train, "DRAWN_COST", weight):
                        losses.append(trainer.loss(*batch, 4, "off").item())
        self.assertAlmostEqual(2 * losses[0], losses[1], places=5)
        self.assertNotAlmostEqual(losses[0], 0, places=3)

    def test_a_decoder_learns_what_reconstructions_lack(self):
        clips = [clip_of(4, 128, 128, q, i) for q in (-20, 4) for i in (False, True)]
        trainer = self.trainer(pairs.Sampler(clips, 1))
        before = evaluate.on_pairs(trainer.ema, clips)
        self.assertEqual([(r["kind"], r["qidx"], r["clips"]) for r in before],
                         [("inter ", -24, 1), ("inter ", 4, 1), ("key ", -24, 1), ("key ", 4, 1)])
        self.assertTrue(all(r["dpsnr"] == 0 for r in before))
        trainer.run(1, 6, "off", clips, log=lambda line: None)
        self.assertTrue(all(r["dpsnr"] > 1 for r in trainer.history[-1]["rows"]), trainer.history[-1])


class Skipping:
    """Numbers of a generator, with what loss_of alone draws first, tails that are dropped, left out: none is."""

    def __init__(self, seed, clips):
        self.rng, self.left = np.random.default_rng(seed), 2

    def __getattr__(self, name):
        def draw(*arguments):
            if self.left:
                self.left -= 1
                return np.ones(arguments[-1])
            return getattr(self.rng, name)(*arguments)
        return draw


if __name__ == "__main__":
    unittest.main()
