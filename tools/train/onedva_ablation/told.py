# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does the decoder gain if it is told which clips are inter clips? Two trainings from one start on the same crops, one told."""
import copy

import numpy as np
import torch
import torch.nn as nn

from onedva_train import evaluate, pairs
from onedva_train.train import pair_loss_of

from . import fitting

WARM_UP = 50   # steps


class Told(nn.Module):
    """A codec whose decoder's conditioning may learn something of inter clips; it stands for a codec."""

    def __init__(self, codec, is_told):
        super().__init__()
        self.codec = copy.deepcopy(codec).for_training().train()
        self.cfg, self.mean, self.inter = codec.cfg, codec.mean, False
        if is_told:
            self.of_inter = nn.Parameter(torch.zeros(codec.cfg.width))
            self.codec.decoder.cond.fc1.register_forward_hook(lambda _, __, c: c + self.of_inter if self.inter else c)

    def correction(self, *arguments):
        return self.codec.correction(*arguments)


class ByKind:
    """Batches of key clips or of inter clips alone, as often as there are crops of each."""

    def __init__(self, clips, seed):
        self.rng = np.random.default_rng(seed)
        self.samplers = [pairs.Sampler([c for c in clips if bool(c.inter) == inter], seed) for inter in (False, True)]
        crops = [sum(map(len, s.crops.values())) for s in self.samplers]
        self.share = crops[1] / sum(crops)

    def batch(self, patches):
        """-> is it of inter clips, the batch"""
        inter = bool(self.rng.random() < self.share)
        return inter, self.samplers[inter].batch(patches)


def fit(told, clips, args, log):
    torch.manual_seed(args.seed)
    sampler, rng = ByKind(clips, args.seed), np.random.default_rng(args.seed)

    def loss(_):
        told.inter, (x, base, mask, shares, kept, qidx, smoothing) = sampler.batch(args.patches)
        return pair_loss_of(told, x, base, mask, shares, kept, qidx, smoothing, 1, rng)

    return fitting.fit(told.parameters(), loss, args.cpu_minutes, args.rate, WARM_UP, log)


def gains(told, clips):
    """Rows of evaluate.on_pairs, inter clips' first."""
    rows = []
    told.eval()
    for told.inter in (True, False):
        rows += evaluate.on_pairs(told, [c for c in clips if bool(c.inter) == told.inter])
    return rows


def run(codec, clips, args, log):
    """Train both on clips of pairs and compare them on args.pairs."""
    held_out = pairs.load(args.pairs)
    found = []
    for is_told in (False, True):
        told = Told(codec, is_told)
        log(f"{fit(told, clips, args, log)} steps")
        found.append(gains(told, held_out))
    print("| clips | quantiser index from | number | not told, PSNR-Y | told |\n|---|---|---|---|---|")
    for a, b in zip(*found):
        print(f"| {a['kind'].strip()} | {a['qidx']} | {a['clips']} | {a['dpsnr']:+.3f} | {b['dpsnr']:+.3f} |", flush=True)
