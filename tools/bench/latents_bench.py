#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How fast latents of a stream are loaded, beside exporting them and decoding its frames: medians over rounds,
each way once in every round. The table is Markdown, for doc/latents.md."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "python"))

import onedva


def load_arrays(folder):
    """What windows() gives, stored by numpy as a file for each clip."""
    return [np.load(os.path.join(folder, name)) for name in os.listdir(folder) if name.endswith(".npy")]


def windows(path):
    """All clips' tokens over their scale, as training wants them."""
    opened = onedva.Windows([path], length=512)
    return [opened[i].tokens for i in range(len(opened))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", help="any video; its first ten seconds are encoded at 640x360 and crf 40")
    parser.add_argument("--programs", default=os.path.join(HERE, "../../build"), help="folder of ffmpeg and onedva-latents")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    ffmpeg, tool = (os.path.join(args.programs, name) for name in ("ffmpeg", "onedva-latents"))
    quiet = [ffmpeg, "-v", "error", "-nostdin", "-y"]
    with tempfile.TemporaryDirectory() as folder:
        video, latents = (os.path.join(folder, name) for name in ("video.mkv", "video.safetensors"))
        subprocess.run([*quiet, "-i", args.video, "-t", "10", "-vf", "scale=640:360", "-c:v", "onedva", "-crf", "40",
                        video], check=True)
        decode = lambda steps: subprocess.run([*quiet, "-steps", steps, "-i", video, "-f", "null", "-"], check=True)
        ways = {"`onedva.Windows`, 512 tokens a clip": lambda: windows(latents),
                "the same from .npy files": lambda: load_arrays(folder),
                "export them": lambda: subprocess.run([tool, "export", video, latents], check=True),
                "decode frames, `-steps 0`": lambda: decode("0"), "decode frames, `-steps 1`": lambda: decode("1")}
        ways["export them"]()
        for i, tokens in enumerate(windows(latents)):
            np.save(os.path.join(folder, f"{i}.npy"), tokens)
        times = {name: [] for name in ways}
        for _ in range(args.rounds):
            for name, run in ways.items():
                begin = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - begin)
        clips = len(onedva.Latents(latents))
        sizes = os.path.getsize(video), os.path.getsize(latents)
    print(f"{clips} clips; {sizes[0]} bytes of video, {sizes[1]} of tensors; median of {args.rounds}\n")
    print("| | clips/s | relative to decoding, `-steps 1` |\n|---|---|---|")
    middle = {name: statistics.median(values) for name, values in times.items()}
    slowest = middle["decode frames, `-steps 1`"]
    for name, seconds in middle.items():
        print(f"| {name} | {clips / seconds:.0f} | {slowest / seconds:.1f} |")


if __name__ == "__main__":
    main()
