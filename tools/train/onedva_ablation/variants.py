# SPDX-License-Identifier: LGPL-2.1-or-later
"""The codec with one thing changed. Each variant gives a training loss and a reconstruction with its bits."""
import copy

import torch
import torch.nn as nn

from onedva_train import entropy, model, train
from onedva_train import geometry as geo
from onedva_train.codec import Codec

from . import cnn, fine_tokens

# latent values of a tile that the autoencoders without a linear path have: queries x 32
FIXED_TOKENS = 128
CNN_CHANNELS = FIXED_TOKENS * geo.TOKEN // 256


def cost(x, out, bits, mask, qidx):
    """Squared error in units of the quantiser's, plus bits: [B] (doc/training.md)."""
    counts = None if mask is None else geo.expand_mask(mask).to(x)
    price = entropy.LAMBDA * 2.0 ** (qidx.to(x) / 4)
    return train.squared_error(x, out, counts) + price * bits


class Standard(nn.Module):
    """The codec as it is trained; encoder is "off" or "train", tails are dropped in training or not."""

    def __init__(self, codec, encoder="off", stage=1):
        super().__init__()
        self.codec, self.encoder, self.stage = codec.for_training(), encoder, stage

    def loss(self, x, mask, qidx, rng):
        return train.loss_of(self.codec, x, mask, qidx, self.stage, rng, self.encoder)

    def latents(self, x, qidx, share=None):
        drop = None if share is None else torch.full((len(x),), share)
        return self.codec.quantise(self.codec.analyse(x, qidx, self.encoder != "off"), qidx, drop=drop)

    def reconstruct(self, x, qidx, share=None):
        """-> samples, bits; share of each tile's tokens that is kept"""
        latents = self.latents(x, qidx, share)
        coefs = self.codec.coefficients(latents, x.shape)
        t = torch.zeros(len(x))
        out = self.codec.linear_pixels(coefs) + self.codec.restore(latents, coefs, qidx, t)
        return out, sum(latents.bits)


class WithoutDecoder(Codec):
    def restore(self, latents, coefs, qidx, t, z=None):
        return torch.zeros(*coefs.shape[:4], geo.PATCH)


class WithoutLatentContext(Codec):
    """The context tokens are there, and empty."""

    def context(self, latents):
        return torch.zeros_like(super().context(latents))


class TileDecoder(model.Decoder):
    """All layers attend inside of tiles."""

    def shifted_layer(self, block, h, m, rope):
        b, gt, gy, gx, d = h.shape
        none = h.new_zeros(b, -(-gy // geo.TILE) * -(-gx // geo.TILE), 0, d)
        return self.tile_layer(block, h, none, m, rope)[0]


class WithoutLinearPath(Standard):
    """Queries make the latents, the decoder makes the samples from them alone; the scan's scales stay."""

    def __init__(self, codec):
        super().__init__(codec)
        out = codec.encoder.out
        nn.init.xavier_uniform_(out.weight)

    def code(self, x, qidx, noisy):
        """-> samples, bits; noisy: uniform noise instead of rounding"""
        codec = self.codec
        latents = codec.analyse(x, qidx, use_encoder=False)
        step = 2.0 ** (qidx.float() / 8)[:, None]
        places = geo.tiles(*x.shape[2:4])
        y_lin, latents.y, latents.n = latents.y, [], []
        for (y0, y1, x0, x1), blank, scan in zip(places, y_lin, latents.scan):
            patches = (x - codec.mu)[:, :, y0:y1, x0:x1].reshape(len(x), -1, geo.PATCH)
            delta = codec.encoder(patches, torch.zeros_like(blank), scan, qidx.float(), (codec.cos, codec.sin))
            y = scan.scale * delta
            keep = torch.arange(scan.count) < FIXED_TOKENS * geo.TOKEN
            ratio = y / step
            q = ratio + torch.rand_like(ratio) - 0.5 if noisy else ratio.round()
            cls = ((scan.b[None] - qidx[:, None] + 40) >> 2).clamp(0, 31)
            low = q.detach().abs().floor().clamp(max=14).long()
            a, b = codec.costs[cls, low], codec.costs[cls, low + 1]
            latents.bits.append(((a + (b - a) * (q.abs() - low).clamp(max=1)) * keep).sum(1))
            latents.hat.append(q * step * keep)
            latents.n.append(torch.full((len(x),), min(FIXED_TOKENS * geo.TOKEN // scan.token, scan.tokens)))
        empty = torch.zeros(*x.shape[:4], codec.cfg.basis)
        return codec.mu + codec.restore(latents, empty, qidx, torch.zeros(len(x))), sum(latents.bits)

    def loss(self, x, mask, qidx, rng):
        out, bits = self.code(x, qidx, noisy=True)
        return cost(x, out, bits, mask, qidx).log().mean()

    def reconstruct(self, x, qidx, share=None):
        return self.code(x, qidx, noisy=False)


class Cnn(nn.Module):
    """A 3D-CNN autoencoder in place of everything."""

    def __init__(self):
        super().__init__()
        self.autoencoder = cnn.Autoencoder(CNN_CHANNELS)

    def loss(self, x, mask, qidx, rng):
        out, bits = self.autoencoder(x, qidx, noisy=True)
        return cost(x, out, bits, mask, qidx).log().mean()

    def reconstruct(self, x, qidx, share=None):
        return self.autoencoder(x, qidx, noisy=False)


class Regularised(Standard):
    """With a penalty on the query encoder's correction, which keeps latents where the linear path has them."""

    WEIGHT = 0.02

    def loss(self, x, mask, qidx, rng):
        plain = self.codec.analyse(x, qidx, use_encoder=False)
        latents = self.codec.analyse(x, qidx, use_encoder=True)
        moved = sum(((a - b) / s.scale)[:, :self.codec.cfg.queries * geo.TOKEN].pow(2).mean()
                    for a, b, s in zip(latents.y, plain.y, latents.scan)) / len(plain.y)
        return super().loss(x, mask, qidx, rng) + self.WEIGHT * moved


def config(linear, **changes):
    return model.Config(**{**model.PRESETS["tiny"], "basis": len(linear["linear.U"]), **changes})


def build(name, trained, sampler):
    """A variant over the linear path of a trained codec, and with its decoder where the variant has one that fits.

    What is new begins as in training: it changes nothing. The autoencoders without a linear path and the
    decoders on fine tokens have nothing to begin with."""
    linear = trained.linear
    with_encoder = config(linear, context_tokens=trained.cfg.context_tokens)
    decoder_only = config(linear, encoder_layers=0, context_tokens=trained.cfg.context_tokens)
    weights = trained.decoder.state_dict()

    def codec_of(kind, cfg, decoder=None):
        codec = kind(copy.copy(cfg), linear)
        codec.decoder = decoder or codec.decoder
        codec.decoder.load_state_dict(weights, strict=decoder is None)
        return codec

    if name == "decoder":
        return Standard(codec_of(Codec, decoder_only))
    if name == "encoder":
        return Standard(WithoutDecoder(config(linear, decoder_layers=0), linear), "train")
    if name == "encoder-decoder":
        return Standard(codec_of(Codec, with_encoder), "train")
    if name == "encoder-regularised":
        return Regularised(codec_of(Codec, with_encoder), "train")
    if name == "tail-dropout":
        return Standard(codec_of(Codec, decoder_only), stage=2)
    if name == "no-latent-context":
        return Standard(codec_of(WithoutLatentContext, decoder_only))
    if name == "no-shifted-windows":
        return Standard(codec_of(Codec, decoder_only, TileDecoder(decoder_only)))
    if name == "no-linear-path":
        return WithoutLinearPath(Codec(config(linear, context_tokens=FIXED_TOKENS), linear))
    if name == "cnn":
        return Cnn()
    codec = Codec(copy.copy(decoder_only), linear)
    if name == "hourglass":
        return Standard(codec_of(Codec, decoder_only, fine_tokens.Hourglass(codec, sampler)))
    subject = Standard(codec)
    if name == "tokens-4x16x16":
        return subject
    if name == "tokens-4x8x8":
        codec.decoder = fine_tokens.FineDecoder(codec, sampler, 4, 64, 32, 4, 8)
    elif name == "tokens-2x8x8":
        codec.decoder = fine_tokens.FineDecoder(codec, sampler, 2, 48, 16, 4, 4)
    else:
        raise ValueError(name)
    return subject


NAMES = ("decoder", "encoder", "encoder-decoder", "encoder-regularised", "no-linear-path", "tail-dropout",
         "no-latent-context", "no-shifted-windows", "tokens-4x16x16", "tokens-4x8x8", "tokens-2x8x8", "hourglass", "cnn")
