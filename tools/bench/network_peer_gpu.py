#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One clip of 16 frames through the decoder's network (-steps 1) by PyTorch on an NVIDIA GPU: bfloat16, launched anew
for each clip and as a CUDA graph, to be read beside device_bench's "Decode, steps 1".

It gets the linear reconstruction on the device, and leaves float samples there; device_bench's decode has the linear
path, deblocking and 8-bit pictures of the host in it. Figures are medians over rounds.
"""
import argparse
import statistics
import sys
import time

import torch

from network_peers import FRAMES, Codec, OneStep, inputs, model_file


def launched(network, values, device):
    def run():
        with torch.no_grad(), torch.autocast(device, torch.bfloat16):
            return network(*values)
    return run


def captured(run):
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):    # what is allocated and chosen the first time
            run()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def seconds(run, device):
    begin = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", help="model file")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: to try the program")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        sys.exit("network_peer_gpu: PyTorch finds no GPU")
    codec = Codec.from_file(*model_file.read(args.model)).to(args.device)
    values = [value.to(args.device) for value in inputs(*args.size)]
    run = launched(OneStep(codec).eval(), values, args.device)
    peers = {"launched": run}
    if args.device == "cuda":
        peers["a CUDA graph"] = captured(run)
    print(f"| PyTorch {torch.__version__}, {codec.cfg.name}, {args.size[0]}x{args.size[1]} | ms a clip | clips/s | frames/s |\n|---|---|---|---|")
    for name, peer in peers.items():
        seconds(peer, args.device)
        middle = statistics.median(seconds(peer, args.device) for _ in range(args.rounds))
        print(f"| network, bfloat16, {name} | {1e3 * middle:.2f} | {1 / middle:.1f} | {FRAMES / middle:.1f} |")


if __name__ == "__main__":
    main()
