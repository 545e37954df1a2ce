#!/usr/bin/env python3
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write a model of a preset's size with random tables and weights, to measure speed with.

usage: random_model.py PRESET FILE
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "train"))
from make_golden import random_network, random_tables  # noqa: E402
from onedva_train import model, model_file, untrained  # noqa: E402


def main(preset, path):
    if preset not in model.PRESETS:
        sys.exit("random_model.py: no preset %s; there are %s" % (preset, ", ".join(model.PRESETS)))
    rng = np.random.RandomState(1)
    cfg = model.Config(**dict(model.PRESETS[preset], name="random-" + preset))
    tensors = random_tables(rng, untrained.BANDS[preset])
    weights = []
    for prefix, network in (("enc.", model.QueryEncoder(cfg)), ("dec.", model.Decoder(cfg))):
        drawn = random_network(rng, prefix, network)
        tensors.update(drawn)
        weights += list(drawn)
    model_file.write(path, cfg.to_dict(), tensors, weights)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    main(*sys.argv[1:])
