#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What One-DVA's packets take at equal PSNR-Y against another build of it, or other options, clip by clip.

Each build encodes with its own ffmpeg and options at several crf, and decodes what it encoded. Prints a
Markdown table of BD-rates with steps 0 and 1 (negative: this build takes less) over the rates where the other build is
within 0.002 to 0.1 bits per pixel, their means, and the processor seconds of this build over the other's.
"""
import argparse
import dataclasses
import os
import resource
import sys
import tempfile

import numpy as np

import clips as videos
from bd_rate import Curve, bd_rate
from coding import bits_per_pixel, decode, encode, packets
from metrics import PSNR, Comparison
from peers import onedva
from programs import ProgramError, machine

RATES = (0.002, 0.1)
CRFS = (5, 15, 25, 35, 45, 55)
STEPS = (0, 1)


@dataclasses.dataclass
class Measurement:
    curves: dict          # steps -> Curve
    encoding: float       # processor seconds
    decoding: float       # with the least steps


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def ffprobe_of(program):
    """The one beside an ffmpeg: another build may refuse its streams."""
    return os.path.join(os.path.dirname(program), "ffprobe")


def measure(args, program, options, clip, folder):
    encoder = onedva(program, "", (), (), options=tuple(options.split()))
    points, encoding, decoding = {steps: [] for steps in STEPS}, 0.0, 0.0
    for crf in args.crf:
        begin = children_seconds()
        coded = encode(clip, encoder, crf, folder)
        encoding += children_seconds() - begin
        rate = bits_per_pixel(packets(ffprobe_of(program), coded, clip.rate), clip)
        for steps in STEPS:
            begin = children_seconds()
            raw = decode(clip, encoder, ("-steps", str(steps)), coded, folder)
            decoding += children_seconds() - begin if steps == STEPS[0] else 0
            points[steps].append((rate, Comparison(args.ffmpeg).measure(clip, raw)[PSNR.key]))
    return Measurement({steps: Curve(points[steps]) for steps in STEPS}, encoding, decoding)


def row(name, changes, encoding, decoding):
    cells = [f"{100 * change:+.1f} %" for change in changes] + [f"{encoding:.2f}", f"{decoding:.2f}"]
    return f"| {name} | {' | '.join(cells)} |"


def report(args, clips, folder):
    against = "" if args.old_options == args.options else f" against `{args.old_options}`"
    print(f"`-c:v onedva -preset medium {args.options}`{against}, crf {', '.join(map(str, args.crf))}; {machine()}\n")
    print("| clip | steps 0 | steps 1 | encode | decode, steps 0 |\n|---|---|---|---|---|")
    found = []
    for clip in clips:
        old = measure(args, args.old, args.old_options, clip, folder)
        new = measure(args, args.ffmpeg, args.options, clip, folder)
        changes = [bd_rate(old.curves[steps], new.curves[steps], RATES) for steps in STEPS]
        found.append((*changes, new.encoding / old.encoding, new.decoding / old.decoding))
        print(row(clip.name, changes, *found[-1][2:]), flush=True)
    means = np.nanmean(np.array(found), axis=0)
    print(row("mean", means[:2], *means[2:]))


def main():
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("videos", nargs="+", help="clips, and folders of them")
    top.add_argument("--old", help="ffmpeg of the build to compare with, its ffprobe beside it [that of this build]")
    top.add_argument("--ffmpeg", default="build/ffmpeg")
    top.add_argument("--options", default="-motion auto", help="of the encoder [%(default)s]")
    top.add_argument("--old-options", help="of the other build's encoder [the same]")
    top.add_argument("--crf", type=int, nargs="+", default=CRFS)
    args = top.parse_args()
    args.old = args.old or args.ffmpeg
    args.old_options = args.old_options or args.options
    try:
        with tempfile.TemporaryDirectory() as folder:
            report(args, videos.load_all(args.ffmpeg, ffprobe_of(args.ffmpeg), args.videos, folder), folder)
    except ProgramError as error:
        sys.exit(f"builds: {error}")


if __name__ == "__main__":
    main()
