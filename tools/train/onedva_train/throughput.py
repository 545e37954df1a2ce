# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much of a device's matrix peak a training step uses."""
import functools
import time

import torch


def decoder_operations(cfg, shape, registers):
    """Operations of the decoder's matrix products for one clip, forward, t = 0.

    shape (gt, gy, gx) in patches; registers: those of all superblocks. A product of m x k with k x n
    counts 2 m k n; attention counts windows of 4x8x8 tokens."""
    d, patches = cfg.width, shape[0] * shape[1] * shape[2]
    window = shape[0] * min(shape[1], 8) * min(shape[2], 8)
    ends = 2 * patches * d * 2 * 1536
    tokens = cfg.decoder_layers * patches + (cfg.decoder_layers + 1) // 2 * registers
    return ends + tokens * (2 * 12 * d * d + 4 * window * d)


def step_operations(cfg, x, encoder):
    """Of a training step on x [B, gt, gy, gx, 1536]: three times forward. The encoder's part is that of its
    patches' layers only, a lower bound."""
    b, *shape = x.shape[:4]
    tiles = -(-shape[1] // 8) * -(-shape[2] // 8)
    total = 3 * b * decoder_operations(cfg, shape, tiles * cfg.registers)
    if encoder != "off" and cfg.encoder_layers:
        patches = shape[0] * shape[1] * shape[2]
        forward = patches * cfg.width * 2 * (1536 + 12 * cfg.width * cfg.encoder_layers)
        total += (3 if encoder == "train" else 1) * b * forward
    return total


def matrix_peak(device, dtype, size=None):
    """Operations a second of a large matrix product on the device, the best of five."""
    size = size or (8192 if device != "cpu" else 1024)
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    best = 0.0
    for _ in range(5):
        begin = time.perf_counter()
        (a @ b).sum().item()
        best = max(best, 2 * size ** 3 / (time.perf_counter() - begin))
    return best


@functools.lru_cache(None)
def bfloat16_pays(device):
    """Whether the networks run in bfloat16: on accelerators, and where it multiplies matrices half as fast again as float32.

    Measured once in a process, so that it is the same in all of it, on matrices that an old PyTorch multiplies in little time, too."""
    return device != "cpu" or matrix_peak(device, torch.bfloat16, 512) > 1.5 * matrix_peak(device, torch.float32, 512)
