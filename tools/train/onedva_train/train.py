# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stages 1 to 4: query encoder and diffusion decoder."""
import copy
import math
import os
import time

import numpy as np
import torch
import torch.nn as nn

import onedva_progress

from . import deblocking, entropy, evaluate, pairs, texture, throughput
from . import geometry as geo
from .batches import Ahead, draw_batch
from .codec import rounded
from .processes import Processes


# stage 2: clips that lose a random tail, and batches with noise; one step at t = 0 is what most decodes are
DROPPED, NOISY = 0.3, 0.2
# stage 3: batches at the times of the sampler; of these, those that begin with the decoder's own estimate as the sampler
# does; and what a difference of 1 in the logarithm of fine detail's energy weighs against one in that of the cost
TEXTURED, OWN, TEXTURE_WEIGHT = 0.25, 0.5, 0.5
# stage 4: batches whose latents have errors as drawn ones do; how large these are over the coefficients' scales; and what
# a change of 1 in the logarithm of the cost weighs there, beside fine detail and features
DRAWN, DRAWN_ERROR, DRAWN_COST = 0.4, (0.1, 0.6), 0.3
# what the squared step of the error across a border of tiles weighs against a sample's squared error
BORDER_WEIGHT = 8


def squared_error(a, b, counts):
    """[B]; counts: 1 where a sample counts, or None"""
    error = (a - b).pow(2)
    return (error if counts is None else error * counts).sum((1, 2, 3, 4))


def distortion(a, b, counts):
    """squared_error, and what its steps across borders of tiles weigh."""
    error = a - b if counts is None else (a - b) * counts
    return error.pow(2).sum((1, 2, 3, 4)) + BORDER_WEIGHT * deblocking.tile_steps(error)


def with_noise(x, t):
    """t x + (1 - t) e; t [B]"""
    t = t[:, None, None, None, None]
    return t * x + (1 - t) * torch.randn_like(x)


def draw_noise(x, stage, rng, start, estimate):
    """-> t [B], the clip at that time or None, whether fine detail counts.

    estimate() -> what the decoder makes of no noise; the sampler adds noise to that at the time start."""
    b = len(x)
    if stage == 2 and rng.random() < NOISY:
        t = torch.sigmoid(torch.from_numpy(rng.normal(0.0, 1.0, b)).float().to(x))
        return t, with_noise(x, t), False
    if stage >= 3 and rng.random() < TEXTURED:
        t = torch.from_numpy(rng.uniform(start, 1, b)).float().to(x)
        if rng.random() < OWN:
            with torch.no_grad():
                x = estimate()
        return t, with_noise(x, t), True
    return torch.zeros(b).to(x), None, False


def refine(codec, x, base, shares, qidx, stage, rng):
    """What the decoder makes of the linear reconstruction base at a time drawn for the stage, whether that is one
    step's picture, and whether its fine detail counts."""
    def estimate():
        return base + codec.correction(shares, base, qidx, torch.zeros(len(x)).to(x))

    t, z, textured = draw_noise(x, stage, rng, codec.cfg.sampler_start, estimate)
    return base + codec.correction(shares, base, qidx, t, z), z is None, textured


def shown(pixels, qidx, is_picture, kept=None, smoothing=None):
    """Estimates between noise and picture are not deblocked, what one step gives is."""
    return deblocking.deblock(pixels, qidx, kept, smoothing) if is_picture else pixels


def floor_of(x):
    """Squared error of a clip of this size that nobody sees."""
    return 1e-5 * x[0].numel()


def pair_loss_of(codec, x, base, mask, shares, kept, qidx, smoothing, stage, rng, perceptual=None, similarity=None):
    """Mean logarithm of the error relative to that of the linear reconstruction base; at the sampler's times fine detail,
    and what perceptual says where it is given, count beside it; in one step's picture what similarity says."""
    counts = None if mask is None else geo.expand_mask(mask).to(x)
    drawn = stage == 4 and rng.random() < DRAWN
    if drawn:
        amount = torch.from_numpy(rng.uniform(*DRAWN_ERROR, len(x))).float().to(x)
        base = rounded(base + codec.latent_noise(base.shape, qidx, amount)).clamp(-1, 1)
        out, is_picture, textured = base + codec.correction(shares, base, qidx, torch.zeros_like(amount)), True, True
    else:
        out, is_picture, textured = refine(codec, x, base, shares, qidx, stage, rng)
    mended, plain = (shown(v, qidx, is_picture, kept, smoothing) for v in (out, base))
    error, fixed = (distortion(x, v, counts) + floor_of(x) for v in (mended, plain))
    loss = (DRAWN_COST if drawn else 1) * (error / fixed).log().mean()
    if similarity is not None and is_picture and not drawn:
        loss = loss + similarity.loss(x, mended, plain, counts, rng)
    if textured:
        loss = loss + TEXTURE_WEIGHT * texture.difference(x, out, counts)[0]
        if perceptual is not None:
            loss = loss + perceptual.loss(x, out, base, rng)
    return loss


def loss_of(codec, x, mask, qidx, stage, rng, encoder):
    """Mean logarithm of the rate-distortion cost relative to the linear path's.

    mask [B, gt, gy, gx, 64] (geometry.patchify_mask) or None: errors count where it is 1, all bits do.
    encoder: "train", "frozen" (runs but rests) or "off" (linear latents)."""
    b = len(x)
    drop = None
    if stage >= 2:
        # variable-length dropout
        keep = torch.from_numpy(rng.uniform(0.05, 1, b)).float().to(x)
        drop = torch.where(torch.from_numpy(rng.random(b)).to(x) < DROPPED, keep, torch.ones_like(keep))
    train_encoder = encoder == "train"
    with torch.set_grad_enabled(train_encoder):
        latents = codec.analyse(x, qidx, use_encoder=encoder != "off")
        latents = codec.quantise(latents, qidx, train_encoder, drop)
        base = codec.reconstruct(latents, x.shape)
    counts = None if mask is None else geo.expand_mask(mask).to(x)
    out, is_picture, textured = refine(codec, x, base, codec.shares(latents, x.shape), qidx, stage, rng)
    error, floor = distortion(x, shown(out, qidx, is_picture), counts), floor_of(x)
    if not train_encoder:
        fixed = distortion(x, shown(base, qidx, is_picture), counts)
        loss = ((error + floor) / (fixed + floor)).log().mean()
        return loss + TEXTURE_WEIGHT * texture.difference(x, out, counts)[0] if textured else loss
    with torch.no_grad():
        plain = codec.quantise(codec.analyse(x, qidx, use_encoder=False), qidx, False, drop)
        bits_plain = sum(plain.bits)
        fixed = distortion(x, shown(codec.reconstruct(plain, x.shape), qidx, is_picture), counts)
    price = entropy.LAMBDA * 2.0 ** (qidx.to(x) / 4)
    bits = sum(latents.bits)
    return ((error + floor + price * bits) / (fixed + floor + price * bits_plain)).log().mean()


class Loss(nn.Module):
    """loss_of as a module, for processes to share."""

    def __init__(self, codec, rng):
        super().__init__()
        self.codec, self.rng = codec, rng

    def forward(self, x, mask, qidx, stage, encoder):
        return loss_of(self.codec, x, mask, qidx, stage, self.rng, encoder)


class PairLoss(Loss):
    """pair_loss_of as a module."""
    perceptual = similarity = None

    def forward(self, x, base, mask, shares, kept, qidx, smoothing, stage, encoder):
        return pair_loss_of(self.codec, x, base, mask, shares, kept, qidx, smoothing, stage, self.rng, self.perceptual,
                            self.similarity)


def light_state(state):
    """Of a checkpoint's state what another machine needs to go on, a third of it: the averaged weights, which training
    goes on from, without those that they average and without the optimiser, which finds its state in its warm-up."""
    return {name: v for name, v in state.items() if name not in ("codec", "optimiser")}


def save(state, path):
    """Write a checkpoint; only a whole one ever has its name."""
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)


class Trainer:
    LOSS, draw, measure = Loss, staticmethod(draw_batch), staticmethod(evaluate.quick)

    def __init__(self, codec, sampler, out, processes=None, rate=1e-3, patches=4096, light=False):
        """codec: a plain Codec, untrained or from a model file; patches of each process' batches; light: checkpoints
        hold what light_state() says."""
        self.processes = processes or Processes("cpu")
        device = self.processes.device
        self.codec = codec.for_training().to(device).train()
        self.ema = copy.deepcopy(self.codec).eval()
        self.codec.bfloat16 = throughput.bfloat16_pays(device)
        self.sampler, self.out = sampler, out
        self.rate, self.patches, self.light = rate, patches, light
        # the sampler's numbers are drawn ahead: what a step draws must not depend on how far
        self.loss = self.processes.share(self.LOSS(self.codec, np.random.default_rng(sampler.rng.integers(2 ** 32))))
        self.optimiser = torch.optim.AdamW(self.codec.parameters(), rate, betas=(0.9, 0.98),
                                           weight_decay=0.01)
        self.step = self.samples = 0
        self.history = []
        self.stopped = False

    def save(self):
        state = {"codec": self.codec.state_dict(), "ema": self.ema.state_dict(),
                 "optimiser": self.optimiser.state_dict(), "step": self.step, "samples": self.samples,
                 "history": self.history, "config": self.codec.cfg.__dict__,
                 "linear": self.codec.linear}
        save(light_state(state) if self.light else state, self.out)

    def load(self, path, optimiser=True):
        state = torch.load(path, map_location=self.processes.device, weights_only=False)
        self.codec.load_state_dict(state.get("codec", state["ema"]))
        self.ema.load_state_dict(state["ema"])
        self.history = state["history"]
        self.step, self.samples = state["step"], state["samples"]
        if optimiser and "optimiser" in state:
            self.optimiser.load_state_dict(state["optimiser"])

    def average(self):
        decay = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for a, b in zip(self.ema.parameters(), self.codec.parameters()):
                a.lerp_(b, 1 - decay)

    def stop(self):
        """End run() behind the step that is made, with a checkpoint."""
        self.stopped = True

    def run(self, stage, seconds, encoder, held_out, every=600, log=print):
        """Train for a span of wall time; the rate rises for 100 steps and falls as a cosine of the time."""
        self.check(stage, held_out, log)
        progress = Progress(self, encoder, stage, seconds) if self.processes.first else None
        begin, checked = time.monotonic(), 0.0
        first = self.step
        with Ahead(lambda: self.draw(self.sampler, self.patches), self.processes.device) as batches:
            for batch in batches:
                passed = self.processes.agree(math.inf if self.stopped else time.monotonic() - begin)
                part = passed / seconds
                if part >= 1:
                    break
                warm = min(1, (self.step - first + 1) / 100)
                for group in self.optimiser.param_groups:
                    group["lr"] = self.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))
                loss = self.one_step(batch, stage, encoder)
                if progress:
                    progress.add(batch[0], loss)
                if passed - checked > every:
                    checked = passed
                    if progress:
                        progress.shown.clear()
                    self.check(stage, held_out, log)
                    if progress:
                        progress.start()
        if progress:
            progress.shown.close(self.step)
        self.check(stage, held_out, log)

    def one_step(self, batch, stage, encoder):
        """-> the loss, still on the device"""
        loss = self.loss(*batch, stage, encoder)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.codec.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self.samples += len(batch[0]) * self.processes.count
        self.average()
        return loss.detach()

    def check(self, stage, held_out, log):
        """Measure the averaged weights on held-out clips and write the checkpoint; the first process does."""
        if self.processes.first:
            if held_out:
                rows = self.measure(self.ema, held_out)
                self.history.append({"stage": stage, "step": self.step, "samples": self.samples,
                                     "rows": rows})
                log("valid " + "; ".join(f"{r.get('kind', '')}q{r['qidx']}: {evaluate.gain_of(r)}" for r in rows))
            self.save()
        self.processes.wait()


class PairTrainer(Trainer):
    """The decoder alone, on what onedva-canvas has written; batches, held-out clips and loss are those of pairs."""

    LOSS, draw, measure = PairLoss, staticmethod(pairs.draw_batch), staticmethod(evaluate.on_pairs)

    def judge(self, perceptual=None, similarity=None):
        """Let perceptual.Perceptual judge what has fine detail, and ssim.Similarity one step's pictures, too."""
        loss = getattr(self.loss, "module", self.loss)
        loss.perceptual, loss.similarity = perceptual, similarity


class Progress:
    """How far a stage is, with loss, samples a second and the share of the device's matrix peak since the last look."""

    EVERY = 2   # seconds from look to look on a terminal

    def __init__(self, trainer, encoder, stage, seconds):
        codec, device = trainer.codec, trainer.processes.device
        self.trainer, self.encoder, self.stage = trainer, encoder, stage
        dtype = torch.bfloat16 if codec.bfloat16 else torch.float32
        self.peak = throughput.matrix_peak(device, dtype)
        self.shown = onedva_progress.Progress("steps", seconds=seconds, done=trainer.step)
        self.every = self.EVERY if self.shown.on_terminal else onedva_progress.LOGGED
        self.start()

    def start(self):
        self.begin, self.steps, self.operations, self.samples, self.loss = time.monotonic(), 0, 0, 0, 0.0

    def add(self, x, loss):
        self.steps += 1
        self.samples += len(x) * self.trainer.processes.count
        self.operations += throughput.step_operations(self.trainer.codec.cfg, x, self.encoder)
        self.loss = self.loss + loss
        elapsed = time.monotonic() - self.begin
        if elapsed > self.every:
            mean = float(self.loss) / self.steps
            speed = self.operations / elapsed
            self.shown.show(self.trainer.step, f"stage {self.stage}, loss {mean:.4f} ({4.343 * mean:.2f} dB), "
                            f"{self.trainer.samples} samples, {self.samples / elapsed:.1f} samples/s, {speed / 1e9:.0f} GFLOP/s "
                            f"({100 * speed / self.peak:.0f} % of the matrix peak)", now=True)
            self.start()
