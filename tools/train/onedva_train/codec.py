# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole codec as a differentiable function of a clip, for training and evaluation."""
from contextlib import nullcontext

import torch
import torch.nn as nn
import torch.nn.functional as F

from . import entropy
from . import geometry as geo
from . import model


# the least quantiser index that each detail is used from: finer ones find what coarser details leave out
DETAIL_FROM = (4, -8, -20, -64)
# coefficients that layers on pixels learn along: those of this detail; finer ones are mostly noise
LEARNED_DETAIL = 1
# half a step between samples: what is smaller than their rounding tells nothing
ROUNDING = 0.5 / 127.5


def detail_of(qidx):
    """What clips of these quantiser indices [B] are coded with in training and evaluation."""
    finest = int(qidx.min())
    return next(detail for detail, least in enumerate(DETAIL_FROM) if finest >= least)


def rounded(pixels):
    """Samples of 8 bits of the model's domain; gradients pass as if they were not rounded."""
    levels = ((pixels.detach() + 1) * 127.5 + 0.5).floor().clamp(0, 255)
    return pixels + (levels / 127.5 - 1 - pixels.detach())


def relaxed_levels(ratio, temperature):
    """The levels below and above each ratio of magnitude and step, and how much of each is taken, drawn.

    Stochastic Gumbel annealing (Yang, Bamler and Mandt, 2020, arXiv 2006.04240), about a threshold that the dead zone moves."""
    below = ratio.detach().floor()
    part = (ratio - below - entropy.DEADZONE).clamp(1e-4, 1 - 1e-4)
    logits = torch.stack([-part.atanh(), -(1 - part).atanh()], -1) / temperature
    gumbel = -(-torch.rand_like(logits).clamp(1e-9, 1 - 1e-7).log()).log()
    weight = torch.softmax((logits + gumbel) / temperature, -1)
    return (below, weight[..., 0]), (below + 1, weight[..., 1])


class Latents:
    """Latents of a clip, one entry per tile: quantised values and what follows from them."""

    def __init__(self, tiles=(), detail=0):
        self.tiles, self.detail = tiles, detail  # of geo.partition
        self.y, self.q, self.hat, self.n, self.scan, self.bits = [], [], [], [], [], []

    def like(self, y):
        """Other values, not quantised, of the same tiles."""
        out = Latents(self.tiles, self.detail)
        out.y, out.scan = list(y), self.scan
        return out


class Codec(nn.Module):
    """Linear path (fixed) with query encoder and diffusion decoder (trained)."""

    def __init__(self, cfg, linear):
        super().__init__()
        self.cfg = cfg
        self.encoder = model.QueryEncoder(cfg) if cfg.encoder_layers else None
        self.decoder = model.Decoder(cfg) if cfg.decoder_layers else None
        self.linear = linear
        self.bands = geo.Bands(linear["linear.bands"])
        self.register_buffer("mean", torch.tensor(linear["linear.mean"] / (8 * 127.5) - 1).float(), False)
        self.register_buffer("basis", torch.tensor(linear["linear.basis"] / 2 ** 14).float(), False)
        self.register_buffer("delta", torch.as_tensor(linear["dequant.delta"]).float() / 256, False)
        self.register_buffer("costs", entropy.class_costs(linear["symbol.cdf"]), False)
        cos, sin = model.rope_tables(cfg.head_dim)
        self.register_buffer("cos", cos, False)
        self.register_buffer("sin", sin, False)
        self.scans = {}
        self.bfloat16 = False

    def precision(self):
        """The networks may run in bfloat16; the linear path and the quantiser never do."""
        return torch.autocast(self.mean.device.type, torch.bfloat16) if self.bfloat16 else nullcontext()

    def directions(self, detail):
        """[K, 1536] of a token, and the typical size of each one's coefficient, from the scan's scales."""
        rows = self.bands.rows(detail)
        scale = torch.as_tensor(self.linear["scan.scale.3"][rows]).float().flatten(1)
        time = geo.dct_matrix(geo.TOKEN_FRAMES).to(self.basis)
        rows = torch.einsum("bt,ji->bjti", time, self.basis).reshape(-1, geo.PATCH)[self.kept(detail)]
        return rows, (2.0 ** (scale / 8)).pow(2).mean(1).sqrt().to(self.basis)

    def kept(self, detail):
        return torch.from_numpy(self.bands.kept(detail)).to(self.mean.device)

    def for_training(self):
        """Give the layers that meet pixels the patch basis to learn along."""
        detail, d = LEARNED_DETAIL, self.cfg.width
        u, deviation = self.directions(detail)
        seen = u / deviation.clamp(min=ROUNDING)[:, None]
        if self.encoder is not None:
            self.encoder.patch.set_basis(None, seen, (d, len(u)), False)
        if self.decoder is not None:
            self.decoder.patch.set_basis(None, seen, (d, len(u)), False)
            # what is lost of a coefficient is at most its own size, and about half a step
            self.decoder.out.set_basis(u.t() * deviation.clamp(max=0.5), None, (len(u), d), True)
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

        The decoder sees samples and goes on as it is. All that the query encoder sees of latents, and gives, has the
        new order and scales."""
        other = Codec(self.cfg, linear)
        other.load_state_dict(self.state_dict())
        return other.eval()

    def scan(self, nt, ny, nx, size=3, detail=0):
        key = (nt, ny, nx, size, detail)
        if key not in self.scans:
            scan = geo.Scan(self.linear, self.bands.rows(detail), nt, ny, nx, size)
            for name in ("b", "scale", "order", "inverse"):
                setattr(scan, name, getattr(scan, name).to(self.mean.device))
            self.scans[key] = scan
        return self.scans[key]

    def transform(self, c, tiles, detail):
        """Coefficients [B, gt, gy, gx, K] of patches -> Latents of tiles of geo.partition, with y filled in."""
        out = Latents(tiles, detail)
        for y0, y1, x0, x1, size in tiles:
            scan = self.scan(c.shape[1], y1 - y0, x1 - x0, size, detail)
            out.y.append(geo.dct3(c[:, :, y0:y1, x0:x1]).movedim(-1, 1).reshape(len(c), -1)[:, scan.order])
            out.scan.append(scan)
        return out

    def analyse(self, x, qidx, use_encoder=True, splits=None, detail=None):
        """x [B, gt, gy, gx, 1536], qidx [B], splits of the superblocks (geo.partition) -> Latents with y filled in.

        detail: that of qidx where None."""
        detail = detail_of(qidx) if detail is None else detail
        c = geo.band_coefficients(x, self.mean, self.basis)[..., self.kept(detail)]
        out = self.transform(c, geo.partition(*x.shape[2:4], splits), detail)
        for i, ((y0, y1, x0, x1, _), y, scan) in enumerate(zip(out.tiles, out.y, out.scan)):
            if use_encoder and self.encoder is not None:
                patches = x[:, :, y0:y1, x0:x1].reshape(len(x), -1, geo.PATCH)
                with self.precision():
                    delta = self.encoder(patches, y, scan, qidx.float(), (self.cos, self.sin))
                out.y[i] = y + scan.scale * delta.float()
        return out

    def quantise(self, latents, qidx, straight_through=False, drop=None, relaxation=None, lengths=None):
        """Fills in q, hat, n and (context-free, differentiable) bits. drop [B]: keep this share of each n.

        relaxation: the temperature of a rounding that is drawn, which hat and bits are differentiable by (relaxed_levels);
        lengths: n of each tile where they are given."""
        d = (2.0 ** (qidx.float() / 8))[:, None]
        for i, (y, scan) in enumerate(zip(latents.y, latents.scan)):
            cls = ((scan.b[None] - qidx[:, None] + 40) >> 2).clamp(0, 31)
            ratio = y.abs() / d
            q = torch.floor(ratio.detach() + 0.5 - entropy.DEADZONE)
            delta = self.delta[cls, q.clamp(1, 3).long() - 1]
            hat = torch.where(q > 0, y.detach().sign() * (q - delta) * d, torch.zeros_like(y))
            cost = self.costs[cls, q.clamp(max=15).long()]
            n = self.lengths(y.detach(), hat, cost, d, scan) if lengths is None else lengths[i]
            if drop is not None:
                n = torch.ceil(n * drop).long()
            keep = torch.arange(scan.count, device=y.device)[None] < n[:, None] * scan.token
            if relaxation is not None:
                hat, cost = self.relaxed(y, d, cls, relaxation)
            elif straight_through:
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

    def relaxed(self, y, d, cls, temperature):
        """hat and bits of a drawn rounding of y."""
        hat, bits = 0, 0
        for level, weight in relaxed_levels(y.abs() / d, temperature):
            value = torch.where(level > 0, level - self.delta[cls, level.clamp(1, 3).long() - 1], torch.zeros_like(level))
            hat, bits = hat + weight * value, bits + weight * self.costs[cls, level.clamp(max=15).long()]
        return y.detach().sign() * hat * d, bits

    @staticmethod
    def lengths(y, hat, cost, d, scan):
        """Rate-distortion choice of each tile's length, as the engine makes it but for contexts."""
        change = entropy.LAMBDA * d ** 2 * cost - (y ** 2 - (y - hat) ** 2)
        change = F.pad(change, (0, scan.tokens * scan.token - scan.count))
        total = change.reshape(len(y), scan.tokens, scan.token).sum(2).cumsum(1)
        best, at = total.min(1)
        return torch.where(best < 0, at + 1, torch.zeros_like(at))

    def reconstruct(self, latents, shape):
        """The linear reconstruction [B, gt, gy, gx, 1536] in samples of 8 bits."""
        c = latents.hat[0].new_zeros(*shape[:4], geo.TOKEN_FRAMES * len(self.basis))
        kept = self.kept(latents.detail)
        for (y0, y1, x0, x1, _), hat, scan in zip(latents.tiles, latents.hat, latents.scan):
            y = hat[:, scan.inverse].reshape(shape[0], -1, *scan.shape).movedim(1, -1)
            c[:, :, y0:y1, x0:x1, kept] = geo.dct3(y, inverse=True)
        return rounded(geo.band_patches(c, self.mean, self.basis))

    def latent_noise(self, shape, qidx, amount):
        """What errors of drawn latents change of a linear reconstruction of this shape, [B, gt, gy, gx, 1536]: noise of each
        coefficient of detail 0, whose deviation is amount [B] of the coefficient's scale, quantised as latents are."""
        c = self.mean.new_zeros(*shape[:4], geo.TOKEN_FRAMES * len(self.basis))
        kept, d = self.kept(0), (2.0 ** (qidx.float() / 8))[:, None]
        for y0, y1, x0, x1, size in geo.partition(*shape[2:4]):
            scan = self.scan(shape[1], y1 - y0, x1 - x0, size, 0)
            noise = amount[:, None] * scan.scale * torch.randn(shape[0], scan.count).to(c)
            levels = noise.sign() * (noise.abs() / d + 0.5 - entropy.DEADZONE).floor()
            y = (levels * d)[:, scan.inverse].reshape(shape[0], -1, *scan.shape).movedim(1, -1)
            c[:, :, y0:y1, x0:x1, kept] = geo.dct3(y, inverse=True)
        return geo.band_patches(c, torch.zeros_like(self.mean), self.basis)

    @staticmethod
    def shares(latents, shape):
        """Of each superblock's coefficients, how many are in coded tokens, [B, superblocks]."""
        blocks = geo.tiles(*shape[2:4])
        coded, count = [0] * len(blocks), [0] * len(blocks)
        for (y0, _, x0, _, _), n, scan in zip(latents.tiles, latents.n, latents.scan):
            index = y0 // geo.TILE * -(-shape[3] // geo.TILE) + x0 // geo.TILE
            coded[index] = coded[index] + (n * scan.token).clamp(max=scan.count)
            count[index] += scan.count
        return torch.stack([c.float() / n for c, n in zip(coded, count)], 1)

    def restore(self, latents, base, qidx, t, z=None):
        """Correction [B, gt, gy, gx, 1536] of the linear reconstruction base."""
        return self.correction(self.shares(latents, base.shape), base, qidx, t, z)

    def correction(self, shares, base, qidx, t, z=None):
        """The same, of a reconstruction that came from latents of these shares [B, superblocks]."""
        one = torch.ones_like(shares)
        scalars = torch.stack([one * t[:, None], one * qidx.float()[:, None] / 64, shares], -1)
        with self.precision():
            out = self.decoder(base, scalars, (self.cos, self.sin), z)
        return out.float()

    def sample(self, latents, base, qidx, steps, noise=None):
        """steps >= 1, Euler (doc/architecture.md, Sampler)."""
        return self.sample_shares(self.shares(latents, base.shape), base, qidx, steps, noise)

    def sample_shares(self, shares, base, qidx, steps, noise=None):
        """The same, of a reconstruction that came from latents of these shares [B, superblocks]."""
        t = torch.zeros(len(base), device=base.device)
        x = base + self.correction(shares, base, qidx, t)
        if steps == 1:
            return x
        start = self.cfg.sampler_start
        time = lambda k: start + (1 - start) * (k - 1) / (steps - 1)
        z = start * x + (1 - start) * noise
        for k in range(1, steps):
            x = base + self.correction(shares, base, qidx, t + time(k), z)
            z = z + (x - z) / (1 - time(k)) * (time(k + 1) - time(k))
        return z

    @classmethod
    def from_file(cls, config, tensors):
        """Codec of a model file (model_file.read)."""
        config = {k: v for k, v in config.items() if k != "format"}
        linear = {k: v for k, v in tensors.items() if not k.startswith(("enc.", "dec."))}
        codec = cls(model.Config(**config), linear)
        codec.load_state_dict({("encoder." if k.startswith("enc.") else "decoder.") + k[4:]: torch.tensor(v)
                               for k, v in tensors.items() if k not in linear})
        return codec.eval()
