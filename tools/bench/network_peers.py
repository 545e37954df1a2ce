#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One clip of 16 frames through the decoder's network (-steps 1): this engine, PyTorch and, where it is
installed, ONNX Runtime, side by side.

The peers get the linear reconstruction, and leave float samples; this engine's time is that of
build/tools/bench/kernel_bench's "synthesis, steps 1", which has the linear path and 8-bit pictures in it.
Each takes its turn in every round; the figures are medians over rounds.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "train"))

import torch

from onedva_train import geometry as geo
from onedva_train import model_file
from onedva_train.codec import Codec

FRAMES = 16


class OneStep(torch.nn.Module):
    """Linear reconstruction and scalars to samples: what a decoder does after the linear path."""

    def __init__(self, codec):
        super().__init__()
        self.codec = codec

    def forward(self, base, scalars):
        return base + self.codec.decoder(base, scalars, (self.codec.cos, self.codec.sin))


def inputs(width, height):
    gy, gx = -(-height // 16), -(-width // 16)
    tiles = len(geo.tiles(gy, gx))
    torch.manual_seed(1)
    return torch.rand(1, FRAMES // 4, gy, gx, geo.PATCH) * 2 - 1, torch.rand(1, tiles, 3)


def seconds(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def pytorch_runner(network, values, bfloat16):
    def run():
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            network(*values)
    return run


def onnx_runner(network, values, threads):
    try:
        import onnxruntime
    except ImportError:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.onnx")
        torch.onnx.export(network, values, path, opset_version=16, input_names=["base", "scalars"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = dict(zip(("base", "scalars"), (v.numpy() for v in values)))
    expected = network(*values)
    found = torch.from_numpy(session.run(None, feed)[0])
    if (found - expected).abs().max() > 1e-2:
        raise SystemExit("network_peers: ONNX Runtime computes something else")
    return lambda: session.run(None, feed)


def engine_seconds(program, model, threads, width, height, cpu):
    environment = {**os.environ, "ONEDVA_MODEL": model, **({"ONEDVA_CPU": cpu} if cpu else {})}
    out = subprocess.run([program, str(threads), str(width), str(height)], check=True, capture_output=True, text=True,
                         env=environment).stdout
    return FRAMES / float(re.search(r"synthesis, steps 1\s+([\d.]+) frames/s", out).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", help="model file")
    parser.add_argument("--engine", default=os.path.join(HERE, "../../build/tools/bench/kernel_bench"))
    parser.add_argument("--cpu", nargs="+", default=[""], help="instruction sets of this engine (ONEDVA_CPU)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    codec = Codec.from_file(*model_file.read(args.model))
    network, values = OneStep(codec).eval(), inputs(*args.size)
    with torch.no_grad():
        peers = {"PyTorch " + torch.__version__ + ", float32": pytorch_runner(network, values, False),
                 "PyTorch " + torch.__version__ + ", bfloat16": pytorch_runner(network, values, True)}
        onnx = onnx_runner(network, values, args.threads)
    if onnx:
        import onnxruntime
        peers["ONNX Runtime " + onnxruntime.__version__ + ", float32"] = onnx
    for run in peers.values():
        run()   # the first time allocates
    engines = {f"this engine{', ' + cpu if cpu else ''}":
               lambda cpu=cpu: engine_seconds(args.engine, args.model, args.threads, *args.size, cpu)
               for cpu in args.cpu}
    times = {name: [] for name in (*engines, *peers)}
    for _ in range(args.rounds):
        for name, run in engines.items():
            times[name].append(run())
        for name, run in peers.items():
            times[name].append(seconds(run))
    first = statistics.median(times[next(iter(engines))])
    print(f"{codec.cfg.name}, {args.size[0]}x{args.size[1]}, {args.threads} threads, median of {args.rounds}\n")
    print("| | frames/s | time relative to the first |\n|---|---|---|")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"| {name} | {FRAMES / middle:.1f} | {middle / first:.2f} |")


if __name__ == "__main__":
    main()
