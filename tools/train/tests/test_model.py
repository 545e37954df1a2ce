# SPDX-License-Identifier: LGPL-2.1-or-later
import unittest
import torch

from onedva_train import codec, model
from onedva_train import geometry as geo
from onedva_train.untrained import random_linear


class Model(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.cfg = model.Config(**model.PRESETS["test"])
        self.codec = codec.Codec(self.cfg, random_linear())
        self.x = torch.rand(2, 3, 11, 9, 1536) * 2 - 1
        self.qidx = torch.tensor([-40, -8])

    def latents(self, **kw):
        return self.codec.quantise(self.codec.analyse(self.x, self.qidx, **kw), self.qidx)

    def test_untrained_networks_change_nothing(self):
        a, b = self.latents(use_encoder=True), self.latents(use_encoder=False)
        for u, v in zip(a.q, b.q):
            self.assertTrue(torch.equal(u, v))
        base = self.codec.reconstruct(a, self.x.shape)
        self.assertEqual(self.codec.restore(a, base, self.qidx, torch.zeros(2)).abs().max(), 0)

    def test_folding_the_basis_changes_nothing(self):
        trained = codec.Codec(self.cfg, self.codec.linear).for_training()
        for p in trained.parameters():
            torch.nn.init.normal_(p, std=0.05)

        def run():
            a = trained.quantise(trained.analyse(self.x, self.qidx), self.qidx)
            base = trained.reconstruct(a, self.x.shape)
            return torch.cat(a.y, 1), trained.restore(a, base, self.qidx, torch.zeros(2))

        with torch.no_grad():
            before = run()
            trained.to_plain()
            after = run()
        self.codec.load_state_dict(trained.state_dict())  # no training-only tensor is left
        for u, v in zip(before, after):
            self.assertLess((u - v).abs().max().item(), 1e-4 * u.abs().max().item())

    def test_gradients_reach_every_parameter(self):
        for p in self.codec.parameters():
            torch.nn.init.normal_(p, std=0.05)
        latents = self.codec.quantise(self.codec.analyse(self.x, self.qidx), self.qidx, True)
        base = self.codec.reconstruct(latents, self.x.shape)
        z = torch.randn_like(self.x)
        out = self.codec.restore(latents, base, self.qidx, torch.full((2,), 0.3), z)
        (out.pow(2).mean() + sum(b.mean() for b in latents.bits)).backward()
        for name, p in self.codec.named_parameters():
            self.assertIsNotNone(p.grad, name)
            self.assertGreater(p.grad.abs().max().item(), 0, name)

    def test_more_steps_end_in_a_clean_picture(self):
        a = self.latents()
        base = self.codec.reconstruct(a, self.x.shape)
        one = self.codec.sample(a, base, self.qidx, 1)
        four = self.codec.sample(a, base, self.qidx, 4, torch.randn_like(self.x))
        # an untrained decoder predicts the linear picture whatever the noise
        self.assertTrue(torch.allclose(one, four, atol=1e-4))


    def test_pictures_do_not_depend_on_the_partition(self):
        pictures = []
        for splits in (None, [-1] * 4, [1, 0, 0b1111111, 0x1F]):
            latents = self.codec.analyse(self.x, self.qidx, False, splits, detail=2)
            latents.hat = latents.y
            pictures.append(self.codec.reconstruct(latents, self.x.shape))
        for other in pictures[1:]:
            self.assertLess((other - pictures[0]).abs().max().item(), 1.01 / 127.5)
            self.assertLess((other != pictures[0]).float().mean().item(), 1e-3)

    def test_more_detail_comes_closer(self):
        errors = []
        for detail in range(4):
            latents = self.codec.analyse(self.x, self.qidx, False, detail=detail)
            latents.hat = latents.y
            errors.append((self.codec.reconstruct(latents, self.x.shape) - self.x).pow(2).mean().item())
        self.assertEqual(sorted(errors, reverse=True), errors)

    def test_detail_follows_the_finest_quantiser(self):
        for qidx, detail in ((24, 0), (4, 0), (3, 1), (-8, 1), (-9, 2), (-20, 2), (-21, 3), (-64, 3)):
            self.assertEqual(codec.detail_of(torch.tensor([30, qidx])), detail)

    def test_samples_have_8_bits_and_gradients_pass(self):
        x = torch.tensor([-1.2, -1, 0.001, 0.5, 1.2], requires_grad=True)
        found = codec.rounded(x)
        levels = (found + 1) * 127.5
        self.assertTrue(torch.allclose(levels, torch.tensor([0, 0, 128, 191, 255.0]), atol=1e-4))
        found.sum().backward()
        self.assertTrue((x.grad == 1).all())

    def test_shares_count_coefficients(self):
        k = self.codec.bands.basis_size(1)
        split = self.codec.transform(torch.zeros(2, 3, 11, 9, k), geo.partition(11, 9, [1, 0, 0, 0]), 1)
        split.n = [torch.zeros(2, dtype=torch.long) for _ in split.scan]
        split.n[0] += 5  # of 16 coefficients each, where a token of 8 patches a side has 32
        split.n[-1] += split.scan[-1].tokens
        share = self.codec.shares(split, self.x.shape)
        self.assertEqual(tuple(share.shape), (2, 4))
        self.assertTrue(torch.allclose(share[:, 0], torch.tensor(5 * 16 / (k * 3 * 64))))
        self.assertEqual(share[:, 1:].tolist(), [[0, 0, 1]] * 2)


if __name__ == "__main__":
    unittest.main()
