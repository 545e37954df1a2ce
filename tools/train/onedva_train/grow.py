# SPDX-License-Identifier: LGPL-2.1-or-later
"""A wider and deeper decoder that makes of a picture what a trained one does, to train on from.

New channels of the residual stream begin at 0 and so does what new heads, hidden units and blocks write; what reads
them begins at random, so that gradients reach all of them (after Net2Net, arXiv 1511.05641). A normalisation over more
channels, of which the new ones are 0, has a smaller deviation: the scales behind it make up for that, exactly
where the old channels' mean is 0."""
import copy
import math

import torch

from . import model
from .codec import Codec

ATTENTION_SCALE, MLP_SCALE = 1, 4  # rows of a block's modulation that scale what is normalised


def into(new, old, zero_columns=False, zero_rows=False):
    """Lay the old matrix, or vector, into the corner of the new one; zero what else old rows read, and new rows."""
    rows = len(old)
    if zero_rows:
        new[rows:] = 0
    if old.dim() == 2:
        if zero_columns:
            new[:rows, old.shape[1]:] = 0
        new[:rows, :old.shape[1]] = old
    else:
        new[:rows] = old


def parts_into(new, old, count, **how):
    """into() of each of the parts that rows consist of, as of q, k and v."""
    for n, o in zip(new.chunk(count), old.chunk(count)):
        into(n, o, **how)


def rescale(modulation, ratio):
    """1 + scale becomes ratio (1 + scale), where modulation is what a scale consists of besides its condition."""
    modulation.mul_(ratio).add_(ratio - 1)


def grow_block(new, old, ratio):
    into(new.table.T, old.table.T)
    parts_into(new.qkv.weight, old.qkv.weight, 3)
    parts_into(new.qkv.bias, old.qkv.bias, 3)
    into(new.fc1.weight, old.fc1.weight)
    into(new.fc1.bias, old.fc1.bias)
    for name in ("proj", "fc2"):
        into(getattr(new, name).weight, getattr(old, name).weight, zero_columns=True, zero_rows=True)
        into(getattr(new, name).bias, getattr(old, name).bias)
    for row in (ATTENTION_SCALE, MLP_SCALE):
        rescale(new.table[row], ratio)


def grow_conditioning(new, old, ratio):
    into(new.fc1.weight, old.fc1.weight)
    into(new.fc1.bias, old.fc1.bias)
    into(new.fc2.weight, old.fc2.weight, zero_columns=True)
    into(new.fc2.bias, old.fc2.bias)
    parts_into(new.mod.weight, old.mod.weight, 6, zero_columns=True, zero_rows=True)
    parts_into(new.mod.bias, old.mod.bias, 6)
    for row in (ATTENTION_SCALE, MLP_SCALE):
        new.mod.weight.chunk(6)[row].mul_(ratio)
        new.mod.bias.chunk(6)[row].mul_(ratio)


@torch.no_grad()
def grow_decoder(new, old):
    ratio = math.sqrt(old.cfg.width / new.cfg.width)
    into(new.patch.weight, old.patch.weight, zero_rows=True)
    into(new.patch.bias, old.patch.bias)
    into(new.noise.weight, old.noise.weight, zero_rows=True)
    new.registers.zero_()
    new.registers[:, :old.cfg.width] = old.registers
    grow_conditioning(new.cond, old.cond, ratio)
    for i, block in enumerate(new.blocks):
        if i < len(old.blocks):
            grow_block(block, old.blocks[i], ratio)
        else:
            block.proj.weight.zero_()
            block.fc2.weight.zero_()
    parts_into(new.final.weight, old.final.weight, 2, zero_columns=True, zero_rows=True)
    parts_into(new.final.bias, old.final.bias, 2)
    new.final.weight.chunk(2)[1].mul_(ratio)
    rescale(new.final.bias.chunk(2)[1], ratio)
    into(new.out.weight, old.out.weight, zero_columns=True)
    into(new.out.bias, old.out.bias)


def grow(codec, name, width, layers):
    """A plain codec -> one with a decoder of this width and so many layers, and no query encoder."""
    cfg = copy.copy(codec.cfg)
    cfg.name, cfg.width, cfg.decoder_layers = name, width, layers
    cfg.encoder_layers = cfg.queries = 0
    grown = Codec(cfg, codec.linear)
    grow_decoder(grown.decoder, codec.decoder)
    return grown.eval()
