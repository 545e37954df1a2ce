#!/usr/bin/env python3
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bit errors in whole files, the containers' own bytes too: how many frames do not come out, come out
as another clip's, otherwise, or at times where there is none. The table is Markdown, for doc/robustness.md.
Fails where ffmpeg crashes, and where an .odva file gives a wrong frame, or another clip's more often than
frame packets that name their clip in 8 bits have to.

usage: damaged_files.py FFMPEG VIDEO RUNS CONTAINER...
  VIDEO  of packets of one layer: what more layers save would count as wrong"""

import math
import os
import random
import subprocess
import sys
import tempfile

RATES = (1e-6, 1e-5, 1e-4)
NAMES = 256                # of clips in frame packets
SIGNALS = range(128, 160)  # FFmpeg's own exit codes are above


def frames(ffmpeg, path):
    """Checksum of each frame by its time in ms, and whether ffmpeg crashed."""
    command = [ffmpeg, "-hide_banner", "-nostdin", "-v", "quiet", "-max_error_rate", "1",
               "-steps", "0", "-i", path, "-fps_mode", "passthrough", "-enc_time_base", "1/1000",
               "-f", "framemd5", "-"]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300, check=False)
    fields = (line.split(",") for line in result.stdout.splitlines() if line.startswith("0,"))
    found = {int(f[2]): f[5].strip() for f in fields}
    return found, result.returncode < 0 or result.returncode in SIGNALS


def flip_bits(data, rate, generator):
    """A copy with each bit flipped with a probability, and the number of those."""
    damaged, flips, bit = bytearray(data), 0, -1
    while True:
        bit += 1 + int(math.log(1 - generator.random()) / math.log(1 - rate))
        if bit >= 8 * len(damaged):
            return damaged, flips
        damaged[bit >> 3] ^= 1 << (bit & 7)
        flips += 1


def measure(ffmpeg, path, rate, runs):
    """Sums over the runs, and the frames that they should have given."""
    with open(path, "rb") as file:
        data = file.read()
    expected, _ = frames(ffmpeg, path)
    if not expected:
        sys.exit(f"damaged_files: no frame of {path} decodes; is ONEDVA_MODEL its model?")
    sums = {"bits": 0, "frames": runs * len(expected), "lost": 0, "repeated": 0, "wrong": 0,
            "elsewhere": 0, "crashes": 0}
    pictures = set(expected.values())
    for seed in range(runs):
        damaged, flips = flip_bits(data, rate, random.Random(seed))
        damaged_path = os.path.join(os.path.dirname(path), "damaged" + os.path.splitext(path)[1])
        with open(damaged_path, "wb") as file:
            file.write(damaged)
        found, crashed = frames(ffmpeg, damaged_path)
        sums["bits"] += flips
        sums["lost"] += sum(time not in found for time in expected)
        differing = [found[t] for t in found if t in expected and found[t] != expected[t]]
        sums["repeated"] += sum(picture in pictures for picture in differing)
        sums["wrong"] += sum(picture not in pictures for picture in differing)
        sums["elsewhere"] += sum(time not in expected for time in found)
        sums["crashes"] += crashed
    return sums


def too_many(sums):
    """Whether more than chance is not right: twice what is lost with a name in common, and one clip."""
    return sums["wrong"] + sums["elsewhere"] > 0 or sums["repeated"] > 2 * sums["lost"] / NAMES + 16


def main():
    ffmpeg, video, runs, containers = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    failed = False
    print("| container | bit error rate | bits | frames | lost | repeated | wrong | at another time | lost per bit |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for container in containers:
            path = os.path.join(folder, "video." + container)
            subprocess.run([ffmpeg, "-v", "error", "-nostdin", "-i", video, "-c", "copy", path],
                           check=True)
            for rate in RATES:
                sums = measure(ffmpeg, path, rate, runs)
                print(f"| {container} | {rate:g} | {sums['bits']} | {sums['frames']} | {sums['lost']} "
                      f"| {sums['repeated']} | {sums['wrong']} | {sums['elsewhere']} "
                      f"| {sums['lost'] / max(sums['bits'], 1):.1f} |", flush=True)
                failed |= sums["crashes"] > 0
                failed |= container == "odva" and too_many(sums)
    return failed


if __name__ == "__main__":
    sys.exit(main())
