# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stages 1 and 2: query encoder and diffusion decoder."""
import copy
import math
import os
import time

import torch

from . import entropy, evaluate
from . import geometry as geo
from .codec import Codec

# grid shapes (gy, gx) and how often each is drawn: 2x2 tiles mostly, and border tiles
SHAPES = [((15, 15), 9), ((16, 16), 4), ((8, 8), 2), ((11, 20), 2), ((15, 5), 1), ((8, 16), 1)]
QIDX = (-34, 22)


def draw_batch(sampler, patches):
    shapes, odds = zip(*SHAPES)
    shape = shapes[sampler.rng.choice(len(shapes), p=[o / sum(odds) for o in odds])]
    shape = (sampler.draw_length(), *shape)
    n = max(1, patches // math.prod(shape))
    x, mask = sampler.batch(n, *shape)
    qidx = torch.from_numpy(sampler.rng.integers(QIDX[0], QIDX[1] + 1, n))
    return x, mask, qidx


def squared_error(a, b, counts):
    """[B]; counts: 1 where a sample counts, or None"""
    error = (a - b).pow(2)
    return (error if counts is None else error * counts).sum((1, 2, 3, 4))


def loss_of(codec, x, mask, qidx, stage, rng, encoder):
    """Mean logarithm of the rate-distortion cost relative to the linear path's.

    mask [B, gt, gy, gx, 64] (geometry.patchify_mask) or None: errors count where it is 1, all bits do.
    encoder: "train", "frozen" (runs but rests) or "off" (linear latents)."""
    b = len(x)
    drop = None
    if stage == 2:
        # variable-length dropout: half of the clips lose a random tail
        keep = torch.from_numpy(rng.uniform(0.05, 1, b)).float().to(x)
        drop = torch.where(torch.from_numpy(rng.random(b)).to(x) < 0.5, keep, torch.ones_like(keep))
    train_encoder = encoder == "train"
    with torch.set_grad_enabled(train_encoder):
        latents = codec.analyse(x, qidx, use_encoder=encoder != "off")
        latents = codec.quantise(latents, qidx, train_encoder, drop)
        coefs = codec.coefficients(latents, x.shape)
    t = torch.zeros(b).to(x)
    z = None
    if stage == 2 and rng.random() < 0.4:
        t = torch.sigmoid(torch.from_numpy(rng.normal(0.0, 1.0, b)).float().to(x))
        tt = t[:, None, None, None, None]
        z = tt * x + (1 - tt) * torch.from_numpy(rng.standard_normal(x.shape, "float32")).to(x)
    counts = None if mask is None else geo.expand_mask(mask).to(x)
    base = codec.linear_pixels(coefs)
    error = squared_error(x, base + codec.restore(latents, coefs, qidx, t, z), counts)
    floor = 1e-5 * x[0].numel()
    if not train_encoder:
        fixed = squared_error(x, base, counts)
        return ((error + floor) / (fixed + floor)).log().mean()
    with torch.no_grad():
        plain = codec.quantise(codec.analyse(x, qidx, use_encoder=False), qidx, False, drop)
        bits_plain = sum(plain.bits)
        fixed = squared_error(x, codec.linear_pixels(codec.coefficients(plain, x.shape)), counts)
    price = entropy.LAMBDA * 2.0 ** (qidx.to(x) / 4)
    bits = sum(latents.bits)
    return ((error + floor + price * bits) / (fixed + floor + price * bits_plain)).log().mean()


class Trainer:
    def __init__(self, codec, sampler, out, device="cpu", rate=1e-3, patches=4096):
        """codec: a plain Codec, untrained or from a model file."""
        self.codec = codec.for_training().to(device).train()
        self.ema = copy.deepcopy(self.codec).eval()
        self.codec.bfloat16 = device != "cpu"
        self.sampler, self.out, self.device = sampler, out, device
        self.rate, self.patches = rate, patches
        self.optimiser = torch.optim.AdamW(self.codec.parameters(), rate, betas=(0.9, 0.98),
                                           weight_decay=0.01)
        self.step = self.samples = 0
        self.history = []

    def save(self):
        state = {"codec": self.codec.state_dict(), "ema": self.ema.state_dict(),
                 "optimiser": self.optimiser.state_dict(), "step": self.step, "samples": self.samples,
                 "history": self.history, "config": self.codec.cfg.__dict__,
                 "linear": self.codec.linear}
        torch.save(state, self.out + ".part")
        os.replace(self.out + ".part", self.out)

    def load(self, path, optimiser=True):
        state = torch.load(path, map_location=self.device, weights_only=False)
        self.codec.load_state_dict(state["codec"])
        self.ema.load_state_dict(state["ema"])
        self.history = state["history"]
        self.step, self.samples = state["step"], state["samples"]
        if optimiser:
            self.optimiser.load_state_dict(state["optimiser"])

    def average(self):
        decay = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for a, b in zip(self.ema.parameters(), self.codec.parameters()):
                a.lerp_(b, 1 - decay)

    def run(self, stage, seconds, encoder, held_out, every=600, log=print):
        """Train for a span of wall time; the rate rises for 100 steps and falls as a cosine of the time."""
        if not self.history:
            self.check(stage, held_out, log)
        begin = shown = checked = time.monotonic()
        first, mean = self.step, None
        while True:
            now = time.monotonic()
            part = (now - begin) / seconds
            if part >= 1:
                break
            warm = min(1, (self.step - first + 1) / 100)
            for group in self.optimiser.param_groups:
                group["lr"] = self.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))
            loss = self.one_step(stage, encoder)
            mean = loss if mean is None else 0.98 * mean + 0.02 * loss
            if now - shown > 30:
                shown = now
                log(f"stage {stage} step {self.step} samples {self.samples} loss {mean:.4f} "
                    f"({4.343 * mean:.2f} dB) {(self.step - first) / (now - begin):.2f} steps/s "
                    f"left {(seconds - now + begin) / 60:.1f} min")
            if now - checked > every:
                checked = now
                self.check(stage, held_out, log)
        self.check(stage, held_out, log)

    def one_step(self, stage, encoder):
        x, mask, qidx = draw_batch(self.sampler, self.patches)
        x, qidx = x.to(self.device), qidx.to(self.device)
        mask = mask if mask is None else mask.to(self.device)
        loss = loss_of(self.codec, x, mask, qidx, stage, self.sampler.rng, encoder)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.codec.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self.samples += len(x)
        self.average()
        return float(loss)

    def check(self, stage, held_out, log):
        """Measure the averaged weights on held-out clips and write the checkpoint."""
        if held_out:
            rows = evaluate.quick(self.ema, held_out)
            self.history.append({"stage": stage, "step": self.step, "samples": self.samples,
                                 "rows": rows})
            log("valid " + "; ".join(f"q{r['qidx']}: {r['dpsnr']:+.3f} dB "
                                     f"{100 * r['dbits']:+.1f} % bits" for r in rows))
        self.save()
