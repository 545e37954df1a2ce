# SPDX-License-Identifier: LGPL-2.1-or-later
"""The codec with one thing changed. Each variant gives a training loss and a reconstruction with its bits."""
import copy

import torch
import torch.nn as nn

from onedva_train import entropy, model, train
from onedva_train import geometry as geo
from onedva_train.codec import Codec

from . import cnn, fine_tokens

# latent values of a superblock's patch that the autoencoder without a linear path has
CNN_CHANNELS = 16


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
        base = self.codec.reconstruct(latents, x.shape)
        return base + self.codec.restore(latents, base, qidx, torch.zeros(len(x))), sum(latents.bits)


class WithoutDecoder(Codec):
    def correction(self, shares, base, qidx, t, z=None):
        return torch.zeros_like(base)


class TileDecoder(model.Decoder):
    """All layers attend inside of tiles."""

    def shifted_layer(self, block, h, m, rope):
        b, gt, gy, gx, d = h.shape
        none = h.new_zeros(b, -(-gy // geo.TILE) * -(-gx // geo.TILE), 0, d)
        return self.tile_layer(block, h, none, m, rope)[0]


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


def config(**changes):
    return model.Config(**{**model.PRESETS["tiny"], **changes})


def build(name, trained, sampler):
    """A variant over the linear path of a trained codec, and with its decoder where the variant has one that fits.

    What is new begins as in training: it changes nothing. The autoencoder without a linear path and the
    decoders on fine tokens have nothing to begin with."""
    linear = trained.linear
    with_encoder = config(registers=trained.cfg.registers)
    decoder_only = config(encoder_layers=0, registers=trained.cfg.registers)
    weights = trained.decoder.state_dict()

    def codec_of(kind, cfg, decoder=None):
        codec = kind(copy.copy(cfg), linear)
        codec.decoder = decoder or codec.decoder
        codec.decoder.load_state_dict(weights, strict=decoder is None)
        return codec

    if name == "decoder":
        return Standard(codec_of(Codec, decoder_only))
    if name == "encoder":
        return Standard(WithoutDecoder(config(decoder_layers=0), linear), "train")
    if name == "encoder-decoder":
        return Standard(codec_of(Codec, with_encoder), "train")
    if name == "encoder-regularised":
        return Regularised(codec_of(Codec, with_encoder), "train")
    if name == "tail-dropout":
        return Standard(codec_of(Codec, decoder_only), stage=2)
    if name == "no-shifted-windows":
        return Standard(codec_of(Codec, decoder_only, TileDecoder(decoder_only)))
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


NAMES = ("decoder", "encoder", "encoder-decoder", "encoder-regularised", "tail-dropout", "no-shifted-windows",
         "tokens-4x16x16", "tokens-4x8x8", "tokens-2x8x8", "hourglass", "cnn")
