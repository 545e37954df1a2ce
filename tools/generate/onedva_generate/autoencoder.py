# SPDX-License-Identifier: LGPL-2.1-or-later
"""A 3D-CNN autoencoder in the codec's place, with as many latent values of a clip: what One-DVA's latents are compared with."""
import math
import os
import tempfile
import time

import numpy as np
import torch

from onedva_progress import Progress

from onedva_ablation import cnn
from onedva_train import entropy, geometry as geo
from onedva_train.throughput import bfloat16_pays
from onedva_train.train import save

from . import clips as clip_files
from . import flow, packets
from .errors import InputError, first_line

TOKEN = 32
BLOCK = 2        # latent tokens are so many places high and wide
BATCH, RATE = 8, 1e-3
LEFT_OUT = 16    # one of so many clips is for validation


def patches_of(frames, side):
    """uint8 yuv420p clips [N, 16, side * side * 3 / 2] -> [N, gt, gy, gx, 1536]"""
    frames = torch.from_numpy(np.array(frames))   # of mapped memory, which is not written to
    y, rest = frames[..., :side * side], frames[..., side * side:]
    u, v = rest.chunk(2, -1)
    planes = [p.unflatten(-1, (n, n)) for p, n in ((y, side), (u, side // 2), (v, side // 2))]
    return geo.to_samples(geo.patchify(*planes))


def frames_of(patches):
    """Inverse of patches_of, rounded."""
    planes = [((p + 1) * 127.5 + 0.5).floor().clamp(0, 255).to(torch.uint8).flatten(-2) for p in geo.unpatchify(patches)]
    return torch.cat(planes, -1).numpy()


def to_tokens(levels):
    """[N, C, t, y, x] -> [N, t y x / 4, 4 C]"""
    n, c, t, y, x = levels.shape
    parts = levels.reshape(n, c, t, y // BLOCK, BLOCK, x // BLOCK, BLOCK).permute(0, 2, 3, 5, 4, 6, 1)
    return parts.reshape(n, -1, BLOCK * BLOCK * c)


def from_tokens(tokens, side):
    """Inverse of to_tokens, of clips of 16 frames."""
    n, rows, width = tokens.shape
    places = side // geo.TOKEN_LUMA // BLOCK
    parts = tokens.reshape(n, -1, places, places, BLOCK, BLOCK, width // BLOCK ** 2).permute(0, 6, 1, 2, 4, 3, 5)
    return parts.reshape(n, width // BLOCK ** 2, rows // places ** 2, BLOCK * places, BLOCK * places)


class Coder:
    """The autoencoder at one quantiser: clips of frames to latent levels and back."""

    def __init__(self, side, qidx):
        self.side, self.qidx = side, qidx
        self.network = cnn.Autoencoder(TOKEN // BLOCK ** 2)
        self.step = 2.0 ** (qidx / 8)

    @torch.no_grad()
    def encode(self, frames):
        """uint8 [N, 16, ...] -> levels [N, tokens, 32]"""
        levels = [to_tokens((self.network.gain * self.network.encoder(cnn.to_planes(patches_of(part, self.side))) / self.step).round())
                  for part in np.array_split(frames, -(-len(frames) // BATCH))]
        return torch.cat(levels).numpy()

    @torch.no_grad()
    def decode(self, tokens):
        """[N, tokens, 32] -> uint8 [N, 16, ...]; levels are rounded, as those of a codec are"""
        out = []
        for part in np.array_split(tokens.astype(np.float32), -(-len(tokens) // BATCH)):
            levels = from_tokens(torch.from_numpy(part).round(), self.side)
            out.append(frames_of(cnn.to_patches(self.network.decoder(levels * self.step / self.network.gain))))
        return np.concatenate(out)

    def loss(self, frames):
        x = patches_of(frames, self.side)
        qidx = torch.full((len(x),), self.qidx)
        out, bits = self.network(x, qidx, True)
        error = (out.float() - x).pow(2).sum((1, 2, 3, 4))
        return (error + entropy.LAMBDA * self.step ** 2 * bits).log().mean()

    def train(self, frames, report, seconds=math.inf, steps=math.inf):
        """On clips of frames, of which some are left out, for so long; the rate falls as a cosine of what has passed."""
        torch.manual_seed(0)
        rng, began, losses, step = np.random.default_rng(0), time.monotonic(), [], 0
        optimiser = torch.optim.AdamW(self.network.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.01)
        known = np.flatnonzero(np.arange(len(frames)) % LEFT_OUT)
        progress = Progress("steps", None if steps == math.inf else steps, None if seconds == math.inf else seconds)
        while (passed := max((time.monotonic() - began) / seconds, step / steps)) < 1:
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1, (step + 1) / 50) * (0.51 + 0.49 * math.cos(math.pi * passed))
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16_pays("cpu")):
                loss = self.loss(frames[np.sort(rng.choice(known, BATCH))])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
            step += 1
            progress.show(step, f"loss {losses[-1]:.3f}")
        progress.close(step)
        report(f"{step} steps of {BATCH} clips, loss {np.mean(losses[-50:]):.3f}; clips left out: {self.psnr(frames[::LEFT_OUT]):.2f} dB")

    def psnr(self, frames):
        """Of luma, of at most 128 clips."""
        frames = frames[:128]
        luma = slice(0, self.side ** 2)
        error = self.decode(self.encode(frames))[..., luma].astype(np.float32) - frames[..., luma]
        return 10 * np.log10(255 ** 2 / (error ** 2).mean())

    def save(self, path):
        save({"side": self.side, "qidx": self.qidx, "network": self.network.state_dict()}, path)

    @classmethod
    def load(cls, path):
        try:
            state = torch.load(path, weights_only=True)
            coder = cls(state["side"], state["qidx"])
            coder.network.load_state_dict(state["network"])
        except Exception as error:   # whatever PyTorch makes of a file that is none
            raise InputError(f"{path}: no autoencoder ({first_line(error)})") from None
        return coder


class Drawing:
    """What measures need of the autoencoder: clips and drawn clips as RGB frames, where a measure.Engine has the codec's."""

    def __init__(self, program, coder, prior, data):
        if prior.cfg.side != coder.side or prior.cfg.model_id != data.config["model_id"]:
            raise InputError("clips, prior and autoencoder are not of one kind")
        self.program, self.coder, self.prior, self.data = program, coder, prior, data

    def shown(self, frames):
        return packets.to_rgb(self.program, frames, self.coder.side)

    def decoded(self, chosen):
        return self.shown(self.coder.decode(self.data.latents[chosen]))

    def drawn(self, count, run, seed):
        """As many clips of each class, in runs."""
        cfg = self.prior.cfg
        runs = count // run
        classes = torch.arange(len(cfg.classes)).repeat_interleave(runs)
        latents = flow.sample(self.prior, classes, cfg.length, seed, run)
        return self.shown(self.coder.decode(latents.flatten(0, 1).numpy()))

    def coded(self, frames):
        return self.shown(self.coder.decode(self.coder.encode(frames)))


def gather_frames(classes, programs, side, crops, count, seed, file):
    """All clips of all classes into a file -> frames as mapped memory, class and whether it follows the one before of each."""
    rng, program, labels, follows = np.random.default_rng(seed), clip_files.programs_in(programs), [], []
    for index, (name, patterns) in enumerate(classes.items()):
        for run in clip_files.class_runs(name, patterns, program, side, crops, count, rng):
            run.tofile(file)
            n = len(run) // clip_files.FRAMES
            labels += [index] * n
            follows += [False] + [True] * (n - 1)
    file.flush()
    if not labels:
        raise InputError("no clip: of no video there are frames enough")
    frames = np.memmap(file.name, np.uint8, "r", shape=(len(labels), clip_files.FRAMES, side * side * 3 // 2))
    return frames, np.array(labels, np.int32), np.array(follows)


def make(classes, path, programs, side, qidx, crops, count, seed, minutes, report=print):
    """Clips as clips.make has them, with latents of an autoencoder that is read from path, or else trained on them and written there."""
    with tempfile.NamedTemporaryFile() as file:
        frames, labels, follows = gather_frames(classes, programs, side, crops, count, seed, file)
        report(f"{len(frames)} clips")
        if os.path.exists(path):
            coder = Coder.load(path)
        else:
            coder = Coder(side, qidx)
            coder.train(frames, report, minutes * 60)
            coder.save(path)
        latents = coder.encode(frames).astype(np.float16)
    config = {"side": side, "length": latents.shape[1], "tiles": 1, "classes": list(classes), "qidx": qidx, "model": "3D-CNN",
              "model_id": "0" * 16, "is_grid": True}
    return clip_files.Clips(latents, labels, follows, np.ones((latents.shape[1], TOKEN), np.float32), config)
