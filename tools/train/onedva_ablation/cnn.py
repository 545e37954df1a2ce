# SPDX-License-Identifier: LGPL-2.1-or-later
"""A 3D-CNN video autoencoder: what One-DVA is compared with. Same quantiser, same number of latent values."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from onedva_train import geometry as geo

CHANNELS = 6  # four luma samples and two of chroma at half size
STRIDES = ((1, 2, 2), (2, 2, 2), (2, 2, 2))  # with the first one's halving: 4 x 16 x 16


def to_planes(patches):
    """[B, gt, gy, gx, 1536] -> [B, 6, T, H/2, W/2]"""
    y, u, v = geo.unpatchify(patches)
    b, t, h, w = y.shape
    y = y.reshape(b, t, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(b, 4, t, h // 2, w // 2)
    return torch.cat([y, u[:, None], v[:, None]], 1)


def to_patches(planes):
    """Inverse of to_planes."""
    b, _, t, h, w = planes.shape
    y = planes[:, :4].reshape(b, 2, 2, t, h, w).permute(0, 3, 4, 1, 5, 2).reshape(b, t, 2 * h, 2 * w)
    return geo.patchify(y, planes[:, 4], planes[:, 5])


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv3d(width, width, 3, padding=1)
        self.second = nn.Conv3d(width, width, 3, padding=1)

    def forward(self, x):
        return x + self.second(F.gelu(self.first(F.gelu(x))))


class LaplaceRate(nn.Module):
    """Bits of quantised latents under a Laplacian of learned scale for each channel."""

    def __init__(self, channels):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(channels))

    def forward(self, y, step):
        """y [B, C, ...] multiples of step (or noisy), step [B] -> bits [B]"""
        scale = self.log_scale.exp()[None, :, None, None, None]
        half = 0.5 * step[:, None, None, None, None]

        def cdf(v):
            return 0.5 - 0.5 * v.sign() * torch.expm1(-v.abs() / scale)

        p = (cdf(y + half) - cdf(y - half)).clamp(min=1e-6)
        return -p.log2().sum((1, 2, 3, 4))


class Autoencoder(nn.Module):
    """channels latent values for each 4x16x16 token of luma."""

    def __init__(self, channels, widths=(32, 64, 112), gain=40.0):
        super().__init__()
        down, up = [], []
        for before, after, stride in zip((CHANNELS, *widths), widths, STRIDES):
            kernel = tuple(2 * s - 1 for s in stride)  # 3 where it halves, else 1
            down += [nn.Conv3d(before, after, kernel, stride, tuple(k // 2 for k in kernel)), Residual(after)]
            up = [Residual(after),
                  nn.ConvTranspose3d(after, before, stride, stride)] + up
        self.encoder = nn.Sequential(*down, nn.Conv3d(widths[-1], channels, 1))
        self.decoder = nn.Sequential(nn.Conv3d(channels, widths[-1], 1), *up)
        self.rate = LaplaceRate(channels)
        self.gain = gain  # the size of latents that are worth a typical quantiser step

    def forward(self, x, qidx, noisy):
        """x [B, gt, gy, gx, 1536] -> its reconstruction, bits [B]. noisy: uniform noise instead of rounding."""
        step = 2.0 ** (qidx.float() / 8)
        y = self.gain * self.encoder(to_planes(x))
        wide = step[:, None, None, None, None]
        if noisy:
            y = y + (torch.rand_like(y) - 0.5) * wide
        else:
            y = (y / wide).round() * wide
        return to_patches(self.decoder(y / self.gain)), self.rate(y, step)


def parameters(model):
    return sum(math.prod(p.shape) for p in model.parameters())
