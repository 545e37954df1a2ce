# SPDX-License-Identifier: LGPL-2.1-or-later
"""A network of whole luma samples behind the decoder's transformer, whose tokens are 128 numbers for 1536 samples.

Three convolutions of 3x3 see the linear reconstruction and its correction in three frames; each token modulates its samples."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from onedva_train import evaluate, geometry as geo
from onedva_train import model, pairs
from onedva_train.train import pair_loss_of

from . import fitting

WARM_UP = 50       # steps
LARGEST = 8        # quantiser steps that an input may have
LOCAL = 7          # samples a side whose mean is no input


def by_frames(luma):
    """[B, T, H, W] -> [B, T, 3, H, W]: each frame between those beside it; the first and the last repeat."""
    before, after = torch.cat([luma[:, :1], luma[:, :-1]], 1), torch.cat([luma[:, 1:], luma[:, -1:]], 1)
    return torch.stack([before, luma, after], 2)


class PixelNetwork(nn.Module):
    def __init__(self, width, channels):
        super().__init__()
        self.first = nn.Conv2d(6, channels, 3, padding=1)
        self.modulation = model.Linear(width, 2 * channels, zero=True)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, 1, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, base, correction, tokens, qidx):
        """base, correction [B, gt, gy, gx, 1536], tokens [B, gt, gy, gx, width] of the last block, qidx [B]
        -> what luma changes by, like base."""
        # half a quantiser step, in samples of the model's domain
        step = (2.0 ** (qidx.float() / 8) / 2).clamp(min=1)[:, None, None, None] / 127.5
        luma, change = (geo.unpatchify(v)[0] for v in (base, correction))
        local = F.avg_pool2d(F.pad(luma, (LOCAL // 2,) * 4, "replicate"), LOCAL, 1)
        seen = [by_frames((v / step).clamp(-LARGEST, LARGEST)) for v in (luma - local, change)]
        scale, shift = self.modulations(tokens).chunk(2, 1)
        h = F.gelu(self.first(torch.cat(seen, 2).flatten(0, 1)) * (1 + scale) + shift)
        out = self.last(F.gelu(self.second(h))).reshape(luma.shape) * step
        none = out.new_zeros(*out.shape[:2], out.shape[2] // 2, out.shape[3] // 2)
        return geo.patchify(out, none, none)

    def modulations(self, tokens):
        """[B T, 2 channels, H, W]"""
        m = self.modulation(model.norm(tokens)).repeat_interleave(geo.TOKEN_FRAMES, 1)
        return F.interpolate(m.flatten(0, 1).movedim(-1, 1), scale_factor=geo.TOKEN_LUMA)


class WithPixels(nn.Module):
    """A trained codec, which rests, and the pixel network behind it; in training and evaluation it stands for a codec."""

    def __init__(self, codec, channels):
        super().__init__()
        self.codec, self.cfg, self.mean = codec.requires_grad_(False), codec.cfg, codec.mean
        self.pixels = PixelNetwork(codec.cfg.width, channels)
        codec.decoder.out.register_forward_pre_hook(self.keep_tokens)

    def keep_tokens(self, _, arguments):
        self.tokens = arguments[0].float()

    def correction(self, shares, base, qidx, t, z=None):
        with torch.no_grad():
            correction = self.codec.correction(shares, base, qidx, t, z)
        return correction + self.pixels(base, correction, self.tokens, qidx)


def write_table(before, after):
    """Markdown rows of evaluate.on_pairs' gains without and with the pixel network, in dB over the linear reconstruction."""
    print("| clips | quantiser index from | number | PSNR-Y | with pixels | 1 - SSIM | with pixels |\n|---|---|---|---|---|---|---|")
    for a, b in zip(before, after):
        print(f"| {a['kind'].strip()} | {a['qidx']} | {a['clips']} | {a['dpsnr']:+.3f} | {b['dpsnr']:+.3f} "
              f"| {a['dssim']:+.2f} | {b['dssim']:+.2f} |", flush=True)


def run(codec, clips, args, log):
    """Train one on clips of pairs and compare it with none on args.pairs."""
    held_out = pairs.load(args.pairs)
    before = evaluate.on_pairs(codec, held_out)
    both = WithPixels(codec, args.channels)
    sampler = pairs.Sampler(clips, args.seed)
    rng = np.random.default_rng(args.seed)

    def loss(_):
        x, base, mask, shares, kept, qidx, smoothing = pairs.draw_batch(sampler, args.patches)
        return pair_loss_of(both, x, base, mask, shares, kept, qidx, smoothing, 1, rng)

    steps = fitting.fit(both.pixels.parameters(), loss, args.cpu_minutes, args.rate, WARM_UP, log)
    log(f"{sum(p.numel() for p in both.pixels.parameters())} weights, {steps} steps")
    write_table(before, evaluate.on_pairs(both, held_out))
