# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prior: a transformer over the latent tokens of a clip, which may know the clip before and a class. Tensor names
here are the names in the prior's file (doc/generation.md)."""
import json
import struct

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from onedva_train import model_file
from onedva_train.model import Block, Conditioning, Linear, attention, norm

from .errors import InputError, first_line

TOKEN = 32
KEY = "onedva-prior"  # of the file's metadata
FORMAT = 1


class Config:
    """side of the picture in samples; tiles of a clip; length: latent tokens of a tile at most; classes: names."""

    def __init__(self, side, length, qidx, model, model_id, classes, name="prior", width=192, head_dim=32, layers=6,
                 **_):
        self.name, self.width, self.head_dim, self.layers = name, width, head_dim, layers
        self.side, self.tiles, self.length, self.qidx = side, (-(-side // 128)) ** 2, length, qidx
        self.model, self.model_id, self.classes = model, model_id, list(classes)

    def to_dict(self):
        return {"format": FORMAT, **self.__dict__}


class PriorBlock(Block):
    """A transformer block whose tokens all see each other, without rotary positions."""

    def forward(self, h, m, kept):
        """h [N, n, d], m [N, 6, d] -> the first kept rows [N, kept, d]."""
        n, rows, d = map(int, h.shape)
        q, k, v = self.project(h, m).reshape(n, rows, 3, -1, self.head_dim).permute(2, 0, 3, 1, 4)
        a = attention(q[:, :, :kept], k, v).transpose(1, 2).reshape(n, kept, d)
        return self.finish(h[:, :kept], a, m)


class Prior(nn.Module):
    """Tells what a noisy clip's latents are without noise. Of rows of embed the first are of classes, the last of them of
    no class; then those of the clip's tokens, tile by tile; then those of the clip before."""

    def __init__(self, cfg):
        super().__init__()
        d, places = cfg.width, cfg.tiles * cfg.length
        self.cfg, self.places = cfg, places
        self.token = Linear(TOKEN, d, bias=False)
        self.embed = nn.Parameter(torch.randn(len(cfg.classes) + 1 + 2 * places, d) * 0.2)
        self.cond = Conditioning(2, d)
        self.blocks = nn.ModuleList(PriorBlock(d, cfg.head_dim) for _ in range(cfg.layers))
        self.final = Linear(d, 2 * d, zero=True)
        self.out = Linear(d, TOKEN, zero=True)
        self.register_buffer("scale", torch.ones(cfg.length, TOKEN))

    def rows(self, length, before):
        """Rows of embed of the first tokens of each tile."""
        first = len(self.cfg.classes) + 1 + (self.places if before else 0)
        return (first + torch.arange(self.cfg.tiles)[:, None] * self.cfg.length + torch.arange(length)).reshape(-1)

    def forward(self, z, t, classes, before=None):
        """z [N, tiles * length, 32] at the times t [N]; classes int [N]: len(cfg.classes) is none; before like z:
        the clip before without noise, or None -> the clip without noise, like z."""
        n, rows = int(z.shape[0]), int(z.shape[1])
        length = rows // self.cfg.tiles
        h = [self.token(z) + self.embed[self.rows(length, False)], self.embed[classes][:, None]]
        if before is not None:
            h.append(self.token(before) + self.embed[self.rows(length, True)])
        h = torch.cat(h, 1)
        share = torch.full_like(t, length / self.cfg.length)
        c, m = self.cond(torch.stack([t, share], 1))
        for i, block in enumerate(self.blocks):
            h = block(h, m, rows if i == len(self.blocks) - 1 else int(h.shape[1]))
        shift, scale = self.final(c)[:, None].chunk(2, -1)
        return self.out(norm(h) * (1 + scale) + shift)

    def normalise(self, latents):
        """Latents over the scan's scale [N, tiles * length, 32] -> as the network sees them."""
        n, rows, _ = latents.shape
        length = rows // self.cfg.tiles
        return (latents.reshape(n, -1, length, TOKEN) / self.scale[:length]).reshape(n, rows, TOKEN)

    def denormalise(self, x):
        n, rows, _ = x.shape
        length = rows // self.cfg.tiles
        return (x.reshape(n, -1, length, TOKEN) * self.scale[:length]).reshape(n, rows, TOKEN)


def save(path, prior, bf16=True):
    """Write the prior's file."""
    tensors = {name: v.detach().float().numpy() for name, v in prior.state_dict().items()}
    stored = [name for name in tensors if bf16 and name != "scale"]
    model_file.write(path, prior.cfg.to_dict(), tensors, stored, KEY)


def load(path):
    try:
        config, tensors = model_file.read(path, KEY)
        if config.get("format") != FORMAT:
            raise InputError(f"{path}: a prior of format {config.get('format')}, this reads {FORMAT}")
        prior = Prior(Config(**config))
        prior.load_state_dict({name: torch.from_numpy(np.array(v)) for name, v in tensors.items()})
    except (OSError, AttributeError, KeyError, IndexError, RuntimeError, TypeError, ValueError, struct.error) as error:
        raise InputError(f"{path}: no prior ({first_line(error)})") from None
    return prior.eval()
