# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole codec as a differentiable function of a clip, for training and evaluation."""
import copy
from contextlib import nullcontext

import torch
import torch.nn as nn
import torch.nn.functional as F

from . import entropy
from . import geometry as geo
from . import model
from .errors import InputError


class Latents:
    """Latents of a clip, one entry per tile: quantised values and what follows from them."""

    def __init__(self, tiles=()):
        self.tiles = tiles  # of geo.partition
        self.y, self.q, self.hat, self.n, self.scan, self.bits = [], [], [], [], [], []


class Codec(nn.Module):
    """Linear path (fixed) with query encoder and diffusion decoder (trained)."""

    def __init__(self, cfg, linear):
        super().__init__()
        self.cfg = cfg
        self.encoder = model.QueryEncoder(cfg) if cfg.encoder_layers else None
        self.decoder = model.Decoder(cfg) if cfg.decoder_layers else None
        self.linear = linear
        self.register_buffer("mu", torch.as_tensor(linear["linear.mu"]).float(), False)
        self.register_buffer("u", torch.as_tensor(linear["linear.U"]).float(), False)
        self.register_buffer("delta", torch.as_tensor(linear["dequant.delta"]).float() / 256, False)
        self.register_buffer("costs", entropy.class_costs(linear["symbol.cdf"]), False)
        self.register_buffer("coef_scale", self.deviations().reciprocal(), False)
        cos, sin = model.rope_tables(cfg.head_dim)
        self.register_buffer("cos", cos, False)
        self.register_buffer("sin", sin, False)
        self.scans = {}
        self.bfloat16 = False

    def precision(self):
        """The networks may run in bfloat16; the linear path and the quantiser never do."""
        return torch.autocast(self.mu.device.type, torch.bfloat16) if self.bfloat16 else nullcontext()

    def deviations(self):
        """Typical size of each basis coefficient, from the scan's scales."""
        b = torch.as_tensor(self.linear["scan.scale"]).float().reshape(self.cfg.basis, 256)
        return (2.0 ** (b / 8)).pow(2).mean(1).sqrt()

    def for_training(self):
        """Give the layers that meet pixels the patch basis to learn along."""
        k, d = self.cfg.basis, self.cfg.width
        deviation = self.coef_scale.reciprocal()
        if self.encoder is not None:
            self.encoder.patch.set_basis(None, self.u * self.coef_scale[:, None], (d, k), False)
        if self.decoder is not None:
            # what is lost of a coefficient is at most its own size, and about half a step
            self.decoder.out.set_basis(self.u.t() * deviation.clamp(max=0.5), None, (k, d), True)
        return self

    def to_plain(self):
        """The layers as a model file has them."""
        for part in (self.encoder, self.decoder):
            for layer in part.modules() if part is not None else ():
                if isinstance(layer, model.BasisLinear):
                    layer.to_plain()
        return self

    def with_linear(self, linear):
        """This plain codec over another linear path: basis, scan, scales and tables.

        The decoder's weights on basis coefficients make the same of a patch that both bases hold. The
        latents in its context, and all that the query encoder sees and gives, have the new order and scales.
        """
        cfg = copy.copy(self.cfg)
        cfg.basis = len(linear["linear.U"])
        other = Codec(cfg, linear)
        state = self.state_dict()
        if self.decoder is not None:
            # c = (x - mu) U^T of a patch x = mu' + c' U'
            weight = state["decoder.coef.weight"] * self.coef_scale
            state["decoder.coef.bias"] = state["decoder.coef.bias"] + weight @ (self.u @ (other.mu - self.mu))
            state["decoder.coef.weight"] = weight @ (self.u @ other.u.t()) / other.coef_scale
        other.load_state_dict(state)
        return other.eval()

    def scan(self, nt, ny, nx, size=3):
        key = (nt, ny, nx, size)
        if key not in self.scans:
            scan = geo.Scan(self.linear["scan.order"], self.linear["scan.scale"],
                            self.linear["scan.size_shift"], self.cfg.basis, *key)
            for name in ("b", "scale", "order", "inverse"):
                setattr(scan, name, getattr(scan, name).to(self.mu.device))
            self.scans[key] = scan
        return self.scans[key]

    def transform(self, c, tiles):
        """Basis coefficients [B, gt, gy, gx, K] -> Latents of tiles of geo.partition, with y filled in."""
        out = Latents(tiles)
        for y0, y1, x0, x1, size in tiles:
            scan = self.scan(c.shape[1], y1 - y0, x1 - x0, size)
            out.y.append(geo.dct3(c[:, :, y0:y1, x0:x1]).movedim(-1, 1).reshape(len(c), -1)[:, scan.order])
            out.scan.append(scan)
        return out

    def analyse(self, x, qidx, use_encoder=True, splits=None):
        """x [B, gt, gy, gx, 1536], qidx [B], splits of the superblocks (geo.partition) -> Latents with y filled in."""
        centred = x - self.mu
        out = self.transform(centred @ self.u.t(), geo.partition(*x.shape[2:4], splits))
        for i, ((y0, y1, x0, x1, _), y, scan) in enumerate(zip(out.tiles, out.y, out.scan)):
            if use_encoder and self.encoder is not None:
                patches = centred[:, :, y0:y1, x0:x1].reshape(len(x), -1, geo.PATCH)
                with self.precision():
                    delta = self.encoder(patches, y, scan, qidx.float(), (self.cos, self.sin))
                out.y[i] = y + scan.scale * delta.float()
        return out

    def quantise(self, latents, qidx, straight_through=False, drop=None):
        """Fills in q, hat, n and (context-free, differentiable) bits. drop [B]: keep this share of each n."""
        d = (2.0 ** (qidx.float() / 8))[:, None]
        for y, scan in zip(latents.y, latents.scan):
            cls = ((scan.b[None] - qidx[:, None] + 40) >> 2).clamp(0, 31)
            ratio = y.abs() / d
            q = torch.floor(ratio.detach() + 0.5 - entropy.DEADZONE)
            delta = self.delta[cls, q.clamp(1, 3).long() - 1]
            hat = torch.where(q > 0, y.detach().sign() * (q - delta) * d, torch.zeros_like(y))
            cost = self.costs[cls, q.clamp(max=15).long()]
            n = self.lengths(y.detach(), hat, cost, d, scan)
            if drop is not None:
                n = torch.ceil(n * drop).long()
            keep = torch.arange(scan.count, device=y.device)[None] < n[:, None] * scan.token
            if straight_through:
                # only what survives the dead zone carries a gradient to the encoder
                hat = hat + torch.where(q > 0, y - y.detach(), torch.zeros_like(y))
                low = ratio.detach().floor().clamp(max=14).long()
                a, b = self.costs[cls, low], self.costs[cls, low + 1]
                cost = a + (b - a) * (ratio - low).clamp(max=1)
            latents.hat.append(hat * keep)
            latents.q.append(y.detach().sign() * q * keep)
            latents.n.append(n)
            latents.bits.append((cost * keep).sum(1))
        return latents

    @staticmethod
    def lengths(y, hat, cost, d, scan):
        """Rate-distortion choice of each tile's length, as the engine makes it but for contexts."""
        change = entropy.LAMBDA * d ** 2 * cost - (y ** 2 - (y - hat) ** 2)
        change = F.pad(change, (0, scan.tokens * scan.token - scan.count))
        total = change.reshape(len(y), scan.tokens, scan.token).sum(2).cumsum(1)
        best, at = total.min(1)
        return torch.where(best < 0, at + 1, torch.zeros_like(at))

    def coefficients(self, latents, shape):
        """Decoded basis coefficients of every patch, [B, gt, gy, gx, K]."""
        out = latents.hat[0].new_empty(*shape[:4], self.cfg.basis)
        for (y0, y1, x0, x1, _), hat, scan in zip(latents.tiles, latents.hat, latents.scan):
            c = hat[:, scan.inverse].reshape(shape[0], -1, *scan.shape).movedim(1, -1)
            out[:, :, y0:y1, x0:x1] = geo.dct3(c, inverse=True)
        return out

    def unsplit(self, latents, coefs):
        """What the decoder is told of a clip: the latents that its superblocks would have as one tile each."""
        blocks = geo.tiles(*coefs.shape[2:4])
        if len(latents.tiles) == len(blocks):
            return latents
        out = self.transform(coefs, geo.partition(*coefs.shape[2:4]))
        out.hat = out.y
        out.coded = [0] * len(blocks)
        for (y0, _, x0, _, _), coded in zip(latents.tiles, self.coded(latents)):
            index, = (i for i, (a, b, c, d) in enumerate(blocks) if a <= y0 < b and c <= x0 < d)
            out.coded[index] = out.coded[index] + coded
        return out

    @staticmethod
    def coded(latents):
        """Number of coefficients in coded tokens of each tile, [B] each."""
        return [(n * s.token).clamp(max=s.count) for n, s in zip(latents.n, latents.scan)]

    def context(self, latents):
        """First coefficients of each superblock, [B, superblocks, M, 32]."""
        m = self.cfg.context_tokens
        out = []
        for hat, scan in zip(latents.hat, latents.scan):
            v = (hat / scan.scale).clamp(-8, 8)[:, :m * geo.TOKEN]
            out.append(F.pad(v, (0, m * geo.TOKEN - v.shape[1])).reshape(-1, m, geo.TOKEN))
        return torch.stack(out, 1)

    def scalars(self, latents, qidx, t):
        """[B, superblocks, 3]"""
        coded = self.coded(latents) if latents.n else latents.coded
        share = torch.stack([c.float() / s.count for c, s in zip(coded, latents.scan)], 1)
        one = torch.ones_like(share)
        return torch.stack([one * t[:, None], one * qidx.float()[:, None] / 64, share], -1)

    def restore(self, latents, coefs, qidx, t, z=None):
        """Correction [B, gt, gy, gx, 1536] of the linear reconstruction."""
        latents = self.unsplit(latents, coefs)
        with self.precision():
            out = self.decoder(coefs * self.coef_scale, self.context(latents),
                               self.scalars(latents, qidx, t), (self.cos, self.sin), z)
        return out.float()

    def linear_pixels(self, coefs):
        return coefs @ self.u + self.mu

    def sample(self, latents, coefs, qidx, steps, noise=None):
        """steps >= 1, Euler (doc/architecture.md, Sampler)."""
        base = self.linear_pixels(coefs)
        t = torch.zeros(len(coefs), device=coefs.device)
        x = base + self.restore(latents, coefs, qidx, t)
        if steps == 1:
            return x
        start = self.cfg.sampler_start
        time = lambda k: start + (1 - start) * (k - 1) / (steps - 1)
        z = start * x + (1 - start) * noise
        for k in range(1, steps):
            x = base + self.restore(latents, coefs, qidx, t + time(k), z)
            z = z + (x - z) / (1 - time(k)) * (time(k + 1) - time(k))
        return z

    @classmethod
    def from_file(cls, config, tensors):
        """Codec of a model file (model_file.read)."""
        config = {k: v for k, v in config.items() if k != "format"}
        linear = {k: v for k, v in tensors.items() if not k.startswith(("enc.", "dec."))}
        codec = cls(model.Config(**config), linear)
        state = {k: torch.tensor(v) for k, v in tensors.items() if k not in linear}
        state = {("encoder." if k.startswith("enc.") else "decoder.") + k[4:]: v
                 for k, v in state.items()}
        if "decoder.coef.weight" in state:
            state["decoder.coef.weight"] = state["decoder.coef.weight"] / codec.coef_scale
        codec.load_state_dict(state)
        return codec.eval()
