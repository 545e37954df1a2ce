# SPDX-License-Identifier: LGPL-2.1-or-later
"""Batches of training clips, drawn ahead of time."""
import math
import queue
import threading

import numpy as np
import torch

# grid shapes (gy, gx) and how often each is drawn: 2x2 tiles mostly, and border tiles
SHAPES = [((15, 15), 9), ((16, 16), 4), ((8, 8), 2), ((11, 20), 2), ((15, 5), 1), ((8, 16), 1)]
# quantiser indices: all there are in use, and those below 0.03 bits per pixel, where three of four clips are
QIDX, LOW_RATE, LOW_SHARE = (-34, 24), (-6, 24), 0.75


def draw_qidx(rng, n):
    low = rng.random(n) < LOW_SHARE
    drawn = [rng.integers(first, last + 1, n) for first, last in (LOW_RATE, QIDX)]
    return torch.from_numpy(np.where(low, *drawn))


def draw_batch(sampler, patches):
    """x [B, gt, gy, gx, 1536], mask or None, qidx [B] of one shape, of about so many patches."""
    shapes, odds = zip(*SHAPES)
    shape = shapes[sampler.rng.choice(len(shapes), p=[o / sum(odds) for o in odds])]
    shape = (sampler.draw_length(), *shape)
    n = max(1, patches // math.prod(shape))
    x, mask = sampler.batch(n, *shape)
    return x, mask, draw_qidx(sampler.rng, n)


class Ahead:
    """What draw() gives, tuples of tensors or None, the next two drawn by a thread of their own.

    Iterate inside of a with block. An accelerator's copies do not wait: memory is pinned for it."""

    DEPTH = 2

    def __init__(self, draw, device):
        self.draw, self.device = draw, torch.device(device)
        self.ready = queue.Queue(self.DEPTH)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.fill, daemon=True)

    def fill(self):
        while not self.stop.is_set():
            try:
                batch = self.draw()
                if self.device.type == "cuda":
                    batch = [v if v is None or v.is_cuda else v.pin_memory() for v in batch]
            except Exception as error:  # raised again where the batch is wanted
                batch = error
            while not self.stop.is_set():
                try:
                    self.ready.put(batch, timeout=0.2)
                    break
                except queue.Full:
                    pass
            if isinstance(batch, Exception):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def __iter__(self):
        return self

    def __next__(self):
        batch = self.ready.get()
        if isinstance(batch, Exception):
            raise batch
        return [v if v is None else v.to(self.device, non_blocking=True) for v in batch]
