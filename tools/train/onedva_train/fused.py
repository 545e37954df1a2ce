# SPDX-License-Identifier: LGPL-2.1-or-later
"""Elementwise functions as one loop over memory, where PyTorch can compile them."""
import functools
import shutil

import torch


def fused(function):
    """The function of tensors, compiled to one loop at its first large call on a CPU; as it is where this PyTorch or this
    machine cannot (1.x, no C++ compiler), and on small tensors, which compiling does not pay for."""
    compiled = None

    @functools.wraps(function)
    def call(*tensors):
        nonlocal compiled
        if tensors[0].numel() < LARGE or tensors[0].device.type != "cpu" or not can_compile():
            return function(*tensors)
        compiled = compiled or torch.compile(function, dynamic=True)
        return compiled(*tensors)

    return call


LARGE = 1 << 16   # samples, for example 16 frames of 64x64


@functools.lru_cache(None)
def can_compile():
    return hasattr(torch, "compile") and any(map(shutil.which, ("c++", "g++", "clang++")))
