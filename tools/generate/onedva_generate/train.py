# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains a prior on clips; averages its weights; goes on from a checkpoint."""
import copy
import os
import time

import numpy as np
import torch

from onedva_progress import Progress
from onedva_train.throughput import bfloat16_pays

from . import flow
from .errors import InputError, first_line
from .prior import Config, Prior

NO_CLASS, ALONE = 0.1, 0.6   # how many clips have no class; how many batches do not see the clips before
LENGTHS = (0.25, 0.5, 0.5, 1.0)   # of the longest, for batches
AVERAGING = 0.9995
WARMUP = 200


class Data:
    """Clips in the units that the network sees, and which of them are left out.

    spread: how much larger coarse coefficients, which show more, are than fine ones to the network: 0 all alike, 1 as in
    pixels."""

    def __init__(self, clips, prior, spread):
        self.x = torch.from_numpy(clips.latents.astype(np.float32))
        self.classes = torch.from_numpy(clips.classes).long()
        self.follows = clips.follows
        left_out = clips.is_held()
        self.held, self.train = np.flatnonzero(left_out), np.flatnonzero(~left_out)
        parts = self.x[self.train].reshape(-1, clips.config["length"], 32)
        size = parts.pow(2).mean(0).sqrt().clamp_min(0.02)
        wanted = (size * torch.from_numpy(clips.typical)) ** spread
        prior.scale.copy_(size / wanted * wanted.pow(2).mean().sqrt())
        self.x = prior.normalise(self.x)

    def batch(self, among, rng, size, length, tiles, alone):
        """x, classes, before; of clips that follow another one where alone is not set and there are such."""
        following = among[self.follows[among]]
        alone = alone or not len(following)
        chosen = rng.choice(among if alone else following, size)
        cut = lambda i: self.x[i].reshape(len(i), tiles, -1, 32)[:, :, :length].reshape(len(i), -1, 32)
        return cut(chosen), self.classes[chosen], None if alone else cut(chosen - 1)


def validate(prior, data, cfg, count=256):
    """The loss on clips left out, each with the clip before where it has one; the same noise each time."""
    rng = np.random.default_rng(1)
    state = torch.get_rng_state()
    torch.manual_seed(1)
    with torch.no_grad():
        losses = [float(flow.loss(prior, *data.batch(data.held, rng, 64, cfg.length, cfg.tiles, alone), rng))
                  for alone in (True, False) for _ in range(count // 128)]
    torch.set_rng_state(state)
    return float(np.mean(losses))


def make_batch(data, cfg, rng, size, lengths=LENGTHS):
    length = max(1, int(rng.choice(lengths) * cfg.length))
    x, classes, before = data.batch(data.train, rng, size, length, cfg.tiles, rng.random() < ALONE)
    none = torch.from_numpy(rng.random(size) < NO_CLASS)
    return x, torch.where(none, len(cfg.classes), classes), before


class Training:
    def __init__(self, clips, checkpoint, rate, sizes, spread=0.5):
        cfg = Config(**clips.config, **sizes)
        self.prior, self.step, self.seconds = Prior(cfg), 0, 0.0
        self.data = Data(clips, self.prior, spread)
        self.average = copy.deepcopy(self.prior)
        self.optimiser = torch.optim.AdamW(self.prior.parameters(), rate, betas=(0.9, 0.95), weight_decay=0.01)
        self.rate, self.checkpoint, self.bfloat16 = rate, checkpoint, bfloat16_pays("cpu")
        # a beginning of tokens that lie on a grid is no clip of less detail
        self.lengths = (1.0,) if clips.config.get("is_grid") else LENGTHS
        if os.path.exists(checkpoint):
            self.load()
        else:
            self.save()   # where it cannot be written, that is said now

    def load(self):
        try:
            state = torch.load(self.checkpoint, weights_only=True)
            config = state["config"]
        except Exception as error:   # whatever PyTorch makes of a file that is none
            raise InputError(f"{self.checkpoint}: no checkpoint of a prior ({first_line(error)})") from None
        own = self.prior.cfg.to_dict()
        other = [name for name in own if own[name] != config.get(name)]
        if other:
            raise InputError(f"{self.checkpoint}: its training had another {other[0]}: {config.get(other[0])}, not "
                             f"{own[other[0]]}; give another checkpoint, or the clips and sizes that it had")
        # its network's units are those that the clips have been brought to
        if not torch.allclose(state["prior"]["scale"], self.prior.scale):
            raise InputError(f"{self.checkpoint}: its training had another --spread, or other clips; give another checkpoint, "
                             "or those that it had")
        self.prior.load_state_dict(state["prior"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state["optimiser"]})
        self.step, self.seconds = state["step"], float(state["seconds"])

    def save(self):
        state = {"config": self.prior.cfg.to_dict(), "prior": self.prior.state_dict(), "average": self.average.state_dict(),
                 "optimiser": self.optimiser.state_dict()["state"], "step": self.step,
                 "seconds": torch.tensor(self.seconds)}
        with open(self.checkpoint + ".part", "wb") as file:
            torch.save(state, file)
        os.replace(self.checkpoint + ".part", self.checkpoint)

    def run_step(self, rng, size):
        x, classes, before = make_batch(self.data, self.prior.cfg, rng, size, self.lengths)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * min(1, (self.step + 1) / WARMUP)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            loss = flow.loss(self.prior, x, classes, before, rng)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.prior.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(AVERAGING, 1 - 10 / (self.step + 10))
        with torch.no_grad():
            for a, b in zip(self.average.parameters(), self.prior.parameters()):
                a.lerp_(b, 1 - keep)
        return loss.item()

    def run(self, size, steps=None, seconds=None, every=200, report=print):
        """Until so many steps or seconds of training in all; a line and a checkpoint every so many steps."""
        rng = np.random.default_rng(self.step + 1)
        losses, began = [], time.monotonic() - self.seconds
        progress = Progress("steps", steps, seconds and seconds - self.seconds, done=self.step)
        while (steps is None or self.step < steps) and (seconds is None or self.seconds < seconds):
            losses.append(self.run_step(rng, size))
            self.seconds = time.monotonic() - began
            progress.show(self.step, f"loss {losses[-1]:.4f}")
            if self.step % every == 0:
                progress.clear()
                held = validate(self.average, self.data, self.prior.cfg)
                report(f"step {self.step}: loss {np.mean(losses):.4f}, left out {held:.4f}, {self.seconds:.0f} s, "
                       f"{self.step * size} clips seen")
                losses = []
                self.save()
        progress.close(self.step)
        self.save()
