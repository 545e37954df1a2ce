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
        self.codec = codec.Codec(self.cfg, random_linear(self.cfg.basis))
        self.x = torch.rand(2, 3, 11, 9, 1536) * 2 - 1
        self.qidx = torch.tensor([-40, -8])

    def latents(self, **kw):
        return self.codec.quantise(self.codec.analyse(self.x, self.qidx, **kw), self.qidx)

    def test_untrained_networks_change_nothing(self):
        a, b = self.latents(use_encoder=True), self.latents(use_encoder=False)
        for u, v in zip(a.q, b.q):
            self.assertTrue(torch.equal(u, v))
        coefs = self.codec.coefficients(a, self.x.shape)
        self.assertEqual(self.codec.restore(a, coefs, self.qidx, torch.zeros(2)).abs().max(), 0)

    def test_folding_the_basis_changes_nothing(self):
        trained = codec.Codec(self.cfg, self.codec.linear).for_training()
        for p in trained.parameters():
            torch.nn.init.normal_(p, std=0.05)

        def run():
            a = trained.quantise(trained.analyse(self.x, self.qidx), self.qidx)
            coefs = trained.coefficients(a, self.x.shape)
            return torch.cat(a.y, 1), trained.restore(a, coefs, self.qidx, torch.zeros(2))

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
        coefs = self.codec.coefficients(latents, self.x.shape)
        z = torch.randn_like(self.x)
        out = self.codec.restore(latents, coefs, self.qidx, torch.full((2,), 0.3), z)
        (out.pow(2).mean() + sum(b.mean() for b in latents.bits)).backward()
        for name, p in self.codec.named_parameters():
            self.assertIsNotNone(p.grad, name)
            self.assertGreater(p.grad.abs().max().item(), 0, name)

    def test_more_steps_end_in_a_clean_picture(self):
        a = self.latents()
        coefs = self.codec.coefficients(a, self.x.shape)
        one = self.codec.sample(a, coefs, self.qidx, 1)
        four = self.codec.sample(a, coefs, self.qidx, 4, torch.randn_like(self.x))
        # an untrained decoder predicts the linear picture whatever the noise
        self.assertTrue(torch.allclose(one, four, atol=1e-4))


    def test_the_decoder_is_told_of_superblocks_however_they_are_split(self):
        whole = self.codec.quantise(self.codec.analyse(self.x, self.qidx), self.qidx)
        coefs = self.codec.coefficients(whole, self.x.shape)
        for splits in ([-1] * 4, [1, 0, 0b1111111, 0x1F]):
            split = self.codec.transform(coefs, geo.partition(11, 9, splits))
            split.hat, split.n = split.y, [torch.full((2,), s.tokens) for s in split.scan]
            self.assertTrue(torch.allclose(self.codec.coefficients(split, self.x.shape), coefs, atol=1e-4))
            told = self.codec.unsplit(split, coefs)
            for a, b in zip(told.hat, whole.hat):
                self.assertLess((a - b).abs().max().item(), 1e-5 * b.abs().max().item() + 1e-5)
            scalars = self.codec.scalars(told, self.qidx, torch.zeros(2))
            self.assertEqual(tuple(scalars.shape), (2, 4, 3))
            self.assertTrue(torch.equal(scalars[..., 2], torch.ones(2, 4)))

    def test_shares_count_coefficients(self):
        split = self.codec.transform(torch.zeros(2, 3, 11, 9, self.cfg.basis), geo.partition(11, 9, [1, 0, 0, 0]))
        split.n = [torch.zeros(2, dtype=torch.long) for _ in split.scan]
        split.hat = split.y
        split.n[0] += 5  # of 16 coefficients each, where a token of 8 patches a side has 32
        share = self.codec.scalars(self.codec.unsplit(split, torch.zeros(2, 3, 11, 9, self.cfg.basis)),
                                   self.qidx, torch.zeros(2))[..., 2]
        self.assertTrue(torch.allclose(share[:, 0], torch.tensor(5 * 16 / (self.cfg.basis * 3 * 64))))
        self.assertEqual(share[:, 1:].abs().max(), 0)


if __name__ == "__main__":
    unittest.main()
