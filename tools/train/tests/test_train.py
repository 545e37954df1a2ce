# SPDX-License-Identifier: LGPL-2.1-or-later
import contextlib
import io
import os
import sys
import tempfile
import unittest
from unittest import mock

import numpy as np
import torch
import xxhash

from onedva_train import __main__, batches, codec, model, model_file, throughput, train
from onedva_train.untrained import random_linear


class Noise:
    """A sampler of random patches, of few tokens so that steps are quick."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def draw_length(self):
        return 1 + int(self.rng.integers(4))

    def batch(self, n, gt, gy, gx):
        shape = (1, gt, min(gy, 3), min(gx, 2))
        mask = torch.from_numpy(self.rng.random((*shape, 64)) < 0.9)
        return torch.from_numpy(self.rng.uniform(-1, 1, (*shape, 1536))).float(), mask


def one_step(trainer, stage, encoder):
    return trainer.one_step(batches.draw_batch(trainer.sampler, 1), stage, encoder)


class Train(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.cfg = model.Config(**model.PRESETS["test"])
        self.folder = tempfile.TemporaryDirectory()
        self.out = os.path.join(self.folder.name, "checkpoint.pt")

    def tearDown(self):
        self.folder.cleanup()

    def trainer(self):
        # a quantiser index for each clip that is drawn: one
        return train.Trainer(codec.Codec(self.cfg, random_linear()), Noise(3), self.out,
                             patches=1)

    def test_stages_run_with_and_without_held_out_clips(self):
        clip = torch.rand(1, 1, 2, 2, 1536), None
        for stage, encoder, held_out in ((1, "off", []), (1, "train", [clip]), (2, "frozen", [clip]),
                                         (3, "frozen", [clip])):
            trainer = self.trainer()
            trainer.run(stage, 0.5, encoder, held_out, log=lambda line: None)
            self.assertGreater(trainer.step, 0)
            self.assertEqual(len(trainer.history), 2 * len(held_out))
            self.assertTrue(os.path.exists(self.out))
            os.remove(self.out)

    def test_a_checkpoint_resumes(self):
        first = self.trainer()
        for _ in range(3):
            one_step(first, 1, "train")
        first.save()
        second = self.trainer()
        second.load(self.out)
        self.assertEqual(second.step, 3)
        for a, b in zip(first.codec.parameters(), second.codec.parameters()):
            self.assertTrue(torch.equal(a, b))
        loss = [t.optimiser.state_dict()["state"][0]["step"] for t in (first, second)]
        self.assertEqual(float(loss[0]), float(loss[1]))

    def test_training_goes_on_from_a_model_file(self):
        plain = codec.Codec(self.cfg, random_linear())
        for p in plain.parameters():
            torch.nn.init.normal_(p, std=0.05)
        path = os.path.join(self.folder.name, "model.safetensors")
        config, tensors, _ = model_file.from_training(self.cfg, plain.linear, plain.encoder.state_dict(),
                                                      plain.decoder.state_dict())
        model_file.write(path, config, tensors)
        trainer = train.Trainer(codec.Codec.from_file(*model_file.read(path)), Noise(3), self.out,
                                patches=1)
        for name, layer in (("encoder", "patch"), ("decoder", "patch"), ("decoder", "out")):
            want = getattr(getattr(plain, name), layer).weight
            got = getattr(getattr(trainer.codec, name), layer)
            self.assertGreater(got.along.abs().max().item(), 0)
            self.assertLess((got.whole() - want).abs().max().item(), 1e-5)
        one_step(trainer, 1, "train")

    def test_bfloat16_networks_leave_the_linear_path_alone(self):
        trainer = self.trainer()
        for p in trainer.codec.parameters():
            torch.nn.init.normal_(p, std=0.05)
        x, _, qidx = batches.draw_batch(trainer.sampler, 1)
        found = []
        with torch.no_grad():
            for trainer.codec.bfloat16 in (False, True):
                latents = trainer.codec.analyse(x, qidx, use_encoder=False)
                trainer.codec.quantise(latents, qidx)
                base = trainer.codec.reconstruct(latents, x.shape)
                found.append((base, trainer.codec.restore(latents, base, qidx, torch.zeros(1))))
        self.assertTrue(torch.equal(found[0][0], found[1][0]))
        error = (found[0][1] - found[1][1]).abs().max() / found[0][1].abs().max()
        self.assertGreater(error.item(), 0)
        self.assertLess(error.item(), 0.05)

    def test_resting_encoder_does_not_move(self):
        trainer = self.trainer()
        torch.nn.init.normal_(trainer.codec.encoder.out.weight, std=0.01)
        before = [p.clone() for p in trainer.codec.encoder.parameters()]
        for _ in range(2):
            one_step(trainer, 2, "frozen")
        for a, b in zip(before, trainer.codec.encoder.parameters()):
            self.assertTrue(torch.equal(a, b))

    def test_a_run_that_is_stopped_leaves_a_checkpoint(self):
        trainer = self.trainer()
        draw = trainer.sampler.batch

        def last(*shape):
            trainer.stop()
            return draw(*shape)

        trainer.sampler.batch = last
        trainer.run(1, 600, "off", [], log=lambda line: None)
        self.assertLess(trainer.step, 2)
        self.assertTrue(os.path.exists(self.out))

    def test_a_run_says_how_far_it_is(self):
        trainer = self.trainer()
        with contextlib.redirect_stderr(io.StringIO()) as said, mock.patch("onedva_progress.LOGGED", 0.05):
            trainer.run(1, 2, "off", [], log=lambda line: None)
        self.assertRegex(said.getvalue().splitlines()[0], r"^\d+ steps, [\d.]+ steps/(s|min), [012] s left: stage 1, loss -?[\d.]+ "
                         r"\(-?[\d.]+ dB\), \d+ samples, [\d.]+ samples/s, \d+ GFLOP/s \(\d+ % of the matrix peak\)$")

    def test_judges_that_cannot_be_are_refused(self):
        common = ["--start", self.out, "--out", self.out, "--minutes", "1", "--train", self.folder.name]
        for stage, extra, said in (("stage3", ["--ssim-weight", "0.5"], "--ssim-weight is for --pairs"),
                                   ("stage3", ["--pairs", "--ssim-weight", "-1"], "at least 0"),
                                   ("stage2", ["--perceptual", "1"], "stage3 and stage4 with --pairs"),
                                   ("stage4", ["--pairs"], "--perceptual SIZE")):
            with mock.patch.object(sys, "argv", ["onedva_train", stage, *common, *extra]), self.assertRaises(SystemExit) as end:
                __main__.main()
            self.assertIn(said, str(end.exception))

    def test_export_with_and_without_a_query_encoder(self):
        path = os.path.join(self.folder.name, "model.safetensors")
        for layers in (0, 1):
            self.cfg.encoder_layers = layers
            trainer = self.trainer()
            torch.nn.init.normal_(trainer.ema.decoder.out.along)
            trainer.save()
            command = ["onedva_train", "export", "--start", self.out, "--out", path]
            with mock.patch.object(sys, "argv", command), contextlib.redirect_stdout(io.StringIO()):
                __main__.main()
            config, tensors = model_file.read(path)
            self.assertEqual(config["encoder_layers"], layers)
            self.assertEqual(any(name.startswith("enc.") for name in tensors), layers > 0)
            error = torch.tensor(tensors["dec.out.weight"]) - trainer.ema.decoder.out.whole()
            self.assertLess(error.abs().max().item(), 1e-5)

    def test_packets_stay_those_of_the_model_that_training_began_with(self):
        first, second = (os.path.join(self.folder.name, name) for name in ("first.safetensors", "second.safetensors"))
        self.cfg.encoder_layers = 0
        whole = codec.Codec(self.cfg, random_linear())
        config, tensors, _ = model_file.from_training(self.cfg, whole.linear, None, whole.decoder.state_dict())
        model_file.write(first, config, tensors)
        with open(first, "rb") as f:
            own = f"{xxhash.xxh64_intdigest(f.read()):016x}"
        state, start = __main__.read_start(first)
        self.assertEqual((state, start.cfg.id), ({}, own))
        train.Trainer(start, Noise(3), self.out, patches=1).save()
        with mock.patch.object(sys, "argv", ["onedva_train", "export", "--start", self.out, "--out", second]), \
                contextlib.redirect_stdout(io.StringIO()):
            __main__.main()
        self.assertEqual(model_file.packet_id(second), own)
        self.assertEqual(__main__.read_start(second)[1].cfg.id, own)

    def test_a_broken_sampler_ends_the_run(self):
        trainer = self.trainer()
        trainer.sampler.batch = None
        with self.assertRaises(TypeError):
            trainer.run(1, 5, "off", [], log=lambda line: None)


class Batches(unittest.TestCase):
    def test_batches_ahead_are_those_of_the_sampler(self):
        sampler = Noise(5)
        want = [batches.draw_batch(sampler, 1) for _ in range(5)]
        drawn = Noise(5)
        with batches.Ahead(lambda: batches.draw_batch(drawn, 1), "cpu") as ahead:
            for x, mask, qidx in want:
                got = next(ahead)
                self.assertTrue(torch.equal(x, got[0]))
                self.assertTrue(torch.equal(mask, got[1]))
                self.assertTrue(torch.equal(qidx, got[2]))

    def test_three_of_four_quantisers_are_coarse(self):
        qidx = batches.draw_qidx(np.random.default_rng(1), 20000)
        self.assertEqual((int(qidx.min()), int(qidx.max())), batches.QIDX)
        coarse = (qidx >= batches.LOW_RATE[0]).double().mean().item()
        among_all = (batches.QIDX[1] - batches.LOW_RATE[0] + 1) / (batches.QIDX[1] - batches.QIDX[0] + 1)
        self.assertAlmostEqual(coarse, batches.LOW_SHARE + (1 - batches.LOW_SHARE) * among_all, delta=0.02)


class Throughput(unittest.TestCase):
    def test_operations_are_those_of_the_products(self):
        cfg = model.Config(**{**model.PRESETS["test"], "encoder_layers": 0})
        decoder = model.Decoder(cfg)
        counted = []

        def count(layer, inputs, output):
            counted.append(2 * output.numel() * layer.in_features)

        for name, layer in decoder.named_modules():
            if isinstance(layer, model.Linear) and not name.startswith(("cond", "final")):
                layer.register_forward_hook(count)
        rope = model.rope_tables(cfg.head_dim)
        shape = (2, 8, 16)
        decoder(torch.zeros(1, *shape, 1536), torch.zeros(1, 2, 3), rope)
        layers = cfg.decoder_layers
        tokens = layers * 256 + (layers + 1) // 2 * 2 * cfg.registers
        attention = 4 * 128 * cfg.width * tokens
        self.assertEqual(throughput.decoder_operations(cfg, shape, 2 * cfg.registers),
                         sum(counted) + attention)


if __name__ == "__main__":
    unittest.main()
