#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the small random prior of the tests, and what PyTorch computes with it, which the engine is compared with.

usage: make_golden.py MODEL_ID [PRIOR [CASES]]

MODEL_ID: of fate/model/onedva-test.safetensors, 16 digits, as `onedva-latents export` says it
(defaults: fate/model/onedva-test-prior.safetensors, engine/tests/golden/prior.safetensors)
"""
import os
import sys

import numpy as np
import torch

from onedva_generate import flow, prior
from onedva_train import model_file

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# a picture of whole tiles and such as its end cuts
SIDE, TILES, LENGTH = 144, 4, 16
CASES = [  # length, class, whether there is a clip before, t
    (16, 0, False, 0.0),
    (16, 1, True, 0.3),
    (5, 2, True, 0.9),
    (1, 2, False, 0.6),
]
SEED, CLIPS, STEPS, GUIDANCE = 12, 2, 5, 2.5


def make_prior(model_id):
    torch.manual_seed(1)
    config = prior.Config(SIDE, LENGTH, -4, "test", model_id, ["first", "second"], "test", 32, 16, 2)
    network = prior.Prior(config)
    with torch.no_grad():
        for name, p in network.named_parameters():
            if name.endswith("weight"):
                p.copy_(torch.randn(p.shape) / p.shape[1] ** 0.5)
            elif not name.endswith("table"):
                p.copy_(torch.randn(p.shape) * 0.3)
        network.scale.copy_(0.5 + torch.rand(LENGTH, prior.TOKEN))
    return network


def make_cases(network):
    out = {}
    for i, (length, index, has_before, t) in enumerate(CASES):
        z, before = torch.randn(2, 1, TILES * length, prior.TOKEN)
        x = network(z, torch.tensor([t]), torch.tensor([index]), before if has_before else None)
        out.update({f"{i}.case": np.array([length, index, has_before], np.int32), f"{i}.t": np.array([t], np.float32),
                    f"{i}.z": z[0].numpy(), f"{i}.before": before[0].numpy(), f"{i}.x": x[0].numpy()})
    drawn = flow.sample(network, torch.tensor([1]), LENGTH, SEED, CLIPS, STEPS, GUIDANCE)[0]
    out["drawn"] = torch.stack([network.normalise(clip[None])[0] for clip in drawn]).numpy()
    return out


def main(model_id, path=os.path.join(ROOT, "fate/model/onedva-test-prior.safetensors"),
         cases=os.path.join(ROOT, "engine/tests/golden/prior.safetensors")):
    torch.set_num_threads(1)
    prior.save(path, make_prior(model_id))
    with torch.no_grad():
        model_file.write(cases, {}, make_cases(prior.load(path)))


if __name__ == "__main__":
    main(*sys.argv[1:])
