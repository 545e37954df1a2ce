# SPDX-License-Identifier: LGPL-2.1-or-later
import collections
import math
import unittest
from unittest import mock

import numpy as np
import torch

from onedva_ablation import clip_lengths, cnn, encoder_bound, fine_tokens, measure, pixel_network, query_encoder, told, variants
from onedva_train import entropy
from onedva_train import geometry as geo
from onedva_train.codec import Codec
from onedva_train.untrained import random_linear


class Patches:
    """A sampler of random patches without masks."""

    def __init__(self):
        self.rng = np.random.default_rng(4)

    def batch(self, n, gt, gy, gx):
        return torch.from_numpy(self.rng.uniform(-1, 1, (n, gt, gy, gx, 1536))).float(), None


class Arrangements(unittest.TestCase):
    def test_fine_tokens_are_samples_of_one_place(self):
        y = torch.arange(4 * 32 * 48).reshape(1, 4, 32, 48).float()
        u, v = (torch.arange(4 * 16 * 24).reshape(1, 4, 16, 24).float() + n for n in (1e5, 2e5))
        patches = geo.patchify(y, u, v)
        for frames in (2, 4):
            fine = fine_tokens.split(patches, frames)
            self.assertEqual(fine.shape, (1, 4 // frames, 4, 6, 96 * frames))
            self.assertTrue(torch.equal(fine_tokens.join(fine, frames), patches))
            token = fine[0, -1, 1, 2].reshape(frames, 96)
            self.assertTrue(torch.equal(token[:, :64].reshape(frames, 8, 8), y[0, -frames:, 8:16, 16:24]))
            self.assertTrue(torch.equal(token[:, 80:].reshape(frames, 4, 4), v[0, -frames:, 4:8, 8:12]))

    def test_planes_of_the_cnn(self):
        patches = torch.randn(2, 1, 2, 3, 1536)
        planes = cnn.to_planes(patches)
        self.assertEqual(planes.shape, (2, 6, 4, 16, 24))
        self.assertTrue(torch.equal(cnn.to_patches(planes), patches))


class ClipLengths(unittest.TestCase):
    def test_shares_follow_scores_up_to_all(self):
        np.testing.assert_allclose(clip_lengths.capped_shares(np.array([1.0, 3.0]), 0.2), [0.1, 0.3])
        np.testing.assert_allclose(clip_lengths.capped_shares(np.array([1.0, 1.0, 8.0]), 0.5), [0.25, 0.25, 1])
        np.testing.assert_allclose(clip_lengths.capped_shares(np.zeros(4), 0.5), np.full(4, 0.5))

    def test_clips_are_the_middle_of_16_frames(self):
        size = 40, 300, 260
        video = collections.namedtuple("Video", "y u v")(
            np.arange(np.prod(size)).reshape(size).astype(np.uint8), *np.zeros((2, 40, 150, 130), np.uint8))
        found = list(clip_lengths.clips_of(video))
        self.assertEqual([c.shape for c in found], [(1, 4, 16, 16, 1536)] * 2)
        luma = measure.luma(found[1])
        np.testing.assert_array_equal(luma, video.y[16:32, 22:278, 2:258])

    def test_motion_score_is_the_mean_change(self):
        planes = [torch.zeros(1, 4, n, n) for n in (16, 8, 8)]
        planes[0][:, 1::2] = 0.5
        self.assertAlmostEqual(clip_lengths.motion_score(geo.patchify(*planes)), 0.5)

    def test_one_superblock_leaves_nothing_to_share_out(self):
        values, found = clip_lengths.compare(random_linear(), [Patches().batch(1, 4, 8, 8)[0]], 8)
        self.assertGreater(values, 0)
        self.assertEqual(len(found), 4)
        for of_clips in found.values():
            self.assertEqual(of_clips, found["constant"])


class Measures(unittest.TestCase):
    def test_bd_rate_of_half_the_rate(self):
        rows = [{"bpp": 0.01 * 2 ** i, "psnr": 30 + i} for i in range(4)]
        half = [{**r, "bpp": r["bpp"] / 2} for r in rows]
        self.assertAlmostEqual(measure.bd_rate(rows, half), -0.5, places=6)
        far = [{**r, "psnr": r["psnr"] + 10} for r in rows]
        self.assertTrue(math.isnan(measure.bd_rate(rows, far)))

    def test_a_seam_is_seen(self):
        rng = np.random.default_rng(2)
        a = np.full((2, 256, 256), 100, np.uint8)
        b = (a + rng.integers(-4, 5, a.shape)).astype(np.uint8)
        self.assertAlmostEqual(measure.seam(a, b), 1, delta=0.1)
        b[:, :, 128:] += 20
        self.assertGreater(measure.seam(a, b), 2)
        self.assertTrue(math.isnan(measure.seam(a[:, :96, :96], b[:, :96, :96])))


class Variants(unittest.TestCase):
    def test_every_variant_learns_and_reconstructs(self):
        sampler = Patches()
        trained = Codec(variants.config(encoder_layers=0), random_linear())
        for name in variants.NAMES:
            with self.subTest(name):
                torch.manual_seed(1)
                subject = variants.build(name, trained, sampler)
                x, _ = sampler.batch(1, 1, 8, 9)
                loss = subject.loss(x, None, torch.tensor([0]), sampler.rng)
                loss.backward()
                self.assertTrue(math.isfinite(loss.item()))
                self.assertGreater(sum(float(p.grad.abs().sum()) for p in subject.parameters()
                                       if p.grad is not None), 0)
                with torch.no_grad():
                    out, bits = subject.reconstruct(x, torch.tensor([0]))
                self.assertEqual(out.shape, x.shape)
                self.assertGreater(float(bits.sum()), 0)

    def test_variants_begin_where_the_trained_codec_is(self):
        sampler, linear = Patches(), random_linear()
        trained = Codec(variants.config(encoder_layers=0), linear)
        torch.manual_seed(1)
        for layer in (trained.decoder.patch, trained.decoder.out):
            torch.nn.init.normal_(layer.weight, std=0.02)
        x, _ = sampler.batch(1, 1, 8, 9)
        found = []
        for name in ("decoder", "encoder-decoder", "hourglass", "no-shifted-windows"):
            with torch.no_grad():
                found.append(variants.build(name, trained, sampler).reconstruct(x, torch.tensor([0]))[0])
        for same in found[1:3]:
            self.assertLess((same - found[0]).abs().max().item(), 1e-4)
        self.assertGreater((found[3] - found[0]).abs().max().item(), 1e-4)


class EncoderBound(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(5)
        self.codec = Codec(variants.config(encoder_layers=0), random_linear()).requires_grad_(False)
        smooth = torch.nn.functional.avg_pool3d(torch.randn(3, 1, 8, 160, 160), (1, 25, 25), 1)[:, 0] * 8
        half = smooth[1:, :, :128:2, :128:2]
        self.x = geo.patchify(smooth[:1, :, :128, :128], half[:1], half[1:])

    def cost(self, splits, qidx):
        latents = self.codec.quantise(self.codec.analyse(self.x, qidx, False, [splits]), qidx)
        price = entropy.LAMBDA * 2.0 ** (float(qidx) / 4)
        return sum(float((y - hat).pow(2).sum() + price * bits.sum())
                   for y, hat, bits in zip(latents.y, latents.hat, latents.bits))

    def test_no_partition_of_one_size_is_cheaper(self):
        for q in (-24, -8, 8):
            qidx = torch.tensor([q])
            cheapest = self.cost(encoder_bound.cheapest_splits(self.codec, self.x, qidx), qidx)
            for splits in (0, 1, 0x1f, -1):
                self.assertLessEqual(cheapest, self.cost(splits, qidx) * (1 + 1e-5))

    @mock.patch.object(encoder_bound, "STEPS", 30)
    def test_the_optimum_is_better_than_one_pass_and_none(self):
        for with_network in (False, True):
            block = encoder_bound.Superblock(self.codec, self.x, -16, with_network)
            none, once, best = block.compared([y / block.step for y in block.latents.y]), block.compensated(), block.optimised()
            self.assertEqual([round(v, 6) for v in none], [0, 0, 0])
            self.assertLess(best[0], min(0, once[0]))

    def test_a_query_encoder_begins_with_compensation_and_learns(self):
        encoder = query_encoder.new_encoder(self.codec, layers=1, queries=128)
        block = query_encoder.Encoded(self.codec, self.x, -16)
        with torch.no_grad():
            start = block.compared(block.ratios(encoder))
        for found, wanted in zip(start, block.compensated()):
            self.assertAlmostEqual(found, wanted, 4)
        lines = []
        with mock.patch.object(query_encoder, "BATCH", 1):
            query_encoder.fit(encoder, [block], 0.1, 3e-3, 1, lines.append)
        with torch.no_grad():
            self.assertLess(block.compared(block.ratios(encoder))[0], start[0])


class Pixels(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(5)
        codec = Codec(variants.config(encoder_layers=0), random_linear())
        self.both = pixel_network.WithPixels(codec, 4)
        self.base = torch.randn(2, 2, 3, 2, geo.PATCH) * 0.2
        self.given = torch.rand(2, 1), self.base, torch.tensor([-8, 24]), torch.zeros(2)

    def test_it_begins_with_what_the_decoder_does_and_learns_luma(self):
        plain = self.both.codec.correction(*self.given)
        out = self.both.correction(*self.given)
        torch.testing.assert_close(out, plain)
        out.sum().backward()
        self.assertGreater(self.both.pixels.last.weight.grad.abs().sum().item(), 0)
        self.assertTrue(all(p.grad is None for p in self.both.codec.parameters()))
        torch.nn.init.constant_(self.both.pixels.last.bias, 1.0)
        with torch.no_grad():
            change = geo.unpatchify(self.both.correction(*self.given) - plain)
        # half a quantiser step, at least a sample
        for i, size in enumerate((1, 4)):
            torch.testing.assert_close(change[0][i], torch.full_like(change[0][i], size / 127.5), atol=1e-5, rtol=0)
        self.assertEqual([float(c.abs().max()) < 1e-6 for c in change[1:]], [True, True])

    def test_a_frame_stands_between_those_beside_it(self):
        luma = torch.arange(4.0).reshape(1, 4, 1, 1)
        found = pixel_network.by_frames(luma)[0, :, :, 0, 0]
        self.assertEqual(found.tolist(), [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]])

    def test_tokens_modulate_their_own_samples(self):
        tokens = torch.zeros(1, 1, 2, 2, self.both.cfg.width)
        tokens[0, 0, 0, 1, 0] = 1
        torch.nn.init.normal_(self.both.pixels.modulation.weight)
        found = self.both.pixels.modulations(tokens)
        self.assertEqual(list(found.shape), [4, 8, 32, 32])
        self.assertGreater(found[:, :, :16, 16:].abs().max().item(), 0)
        self.assertEqual(found[:, :, :, :16].abs().max().item() + found[:, :, 16:].abs().max().item(), 0)


class ToldOfInterClips(unittest.TestCase):
    def test_only_inter_clips_are_told_and_both_begin_alike(self):
        torch.manual_seed(5)
        one = Codec(variants.config(encoder_layers=0), random_linear())
        for layer in (one.decoder.patch, one.decoder.out, one.decoder.final, one.decoder.cond.mod):
            torch.nn.init.normal_(layer.weight, std=0.1)
        given = torch.rand(2, 1), torch.randn(2, 2, 3, 2, geo.PATCH) * 0.2, torch.tensor([-8, 24]), torch.zeros(2)
        other = told.Told(one, True)
        with torch.no_grad():
            plain = told.Told(one, False).correction(*given)
            for other.inter in (False, True):
                torch.testing.assert_close(other.correction(*given), plain)
            other.of_inter += 1
            self.assertGreater((other.correction(*given) - plain).abs().max().item(), 1e-4)
            other.inter = False
            torch.testing.assert_close(other.correction(*given), plain)


if __name__ == "__main__":
    unittest.main()
