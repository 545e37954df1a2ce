#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a stream of layers costs, and what is lost by leaving layers out instead of encoding at the lower rate.

Prints Markdown tables: for each number of layers left, its share of the bytes of the clip in one layer, and
PSNR-Y less that of encoding in one layer at the same rate (between measured qualities by a monotone cubic).
Means over the clips where both rates were measured. The last row is the stream at half its bitrate by bitrate=. Then how
fast onedva_truncate reads packets.
"""
import argparse
import fractions
import os
import sys
import tempfile
import time

import numpy as np

import clips as videos
from bd_rate import Curve
from coding import bits_per_pixel, decode, encode, packets
from metrics import PSNR, Comparison
from peers import onedva
from programs import ProgramError, machine, run

LAYERS = (4, 8)
STEP, COARSER = 4, 36      # of crf, and how far above the layered one's: two halvings' factor of rate and more


def with_layers(args, layers):
    return onedva(args.ffmpeg, "", (), (), options=("-layers", str(layers)))


def truncate(program, coded, what, folder):
    """-> path of a file with fewer layers; what: an option of onedva_truncate"""
    cut = os.path.join(folder, "cut.mkv")
    run([program, "-nostdin", "-v", "error", "-y", "-i", coded, "-c", "copy", "-bsf:v",
         f"onedva_truncate={what}", cut])
    return cut


def half_bitrate(args, clip, coded):
    size = sum(packet.size for packet in packets(args.ffprobe, coded, clip.rate))
    return int(size * 4 * fractions.Fraction(clip.rate) / clip.frames)


def measure(args, clip, coded, folder):
    """-> bits per pixel, PSNR-Y"""
    rate = bits_per_pixel(packets(args.ffprobe, coded, clip.rate), clip)
    raw = decode(clip, with_layers(args, 1), ("-steps", str(args.steps)), coded, folder)
    return rate, Comparison(args.ffmpeg).measure(clip, raw)[PSNR.key]


def measure_clip(args, clip, crf, folder):
    """-> {layers: [(share of bytes, change of PSNR-Y), ...]}, with one layer less at a time, then at half the bitrate"""
    direct = [measure(args, clip, encode(clip, with_layers(args, 1), quality, folder), folder)
              for quality in range(crf, min(crf + COARSER, 63) + 1, STEP)]
    curve, found = Curve(direct), {}
    for layers in LAYERS:
        coded = encode(clip, with_layers(args, layers), crf, folder)
        found[layers] = []
        cuts = [f"layers={left}" for left in range(1, layers + 1)] + [f"bitrate={half_bitrate(args, clip, coded)}"]
        for what in cuts:
            rate, psnr = measure(args, clip, truncate(args.ffmpeg, coded, what, folder), folder)
            found[layers].append((rate / direct[0][0], psnr - float(curve.quality_at(min(rate, direct[0][0])))))
    return found


def print_table(crf, layers, rows, steps):
    """rows: of each clip as measure_clip gives them"""
    print(f"\n`-crf {crf} -layers {layers}`, `-steps {steps}`:\n")
    print("| layers left | share of the bytes | change of PSNR-Y, dB | worst clip |\n|---|---|---|---|")
    for left, values in enumerate(zip(*rows), 1):
        share, change = np.mean([v[0] for v in values]), np.array([v[1] for v in values])
        known = change[~np.isnan(change)]
        name = left if left <= layers else "half the bitrate"
        print(f"| {name} | {100 * share:.1f} % | {known.mean():+.2f} | {known.min():+.2f} |"
              if len(known) else f"| {name} | {100 * share:.1f} % | | |")


def print_speed(args, clip, folder):
    """Seconds that ffmpeg takes to copy a stream with onedva_truncate less those without, medians of five."""
    coded = encode(clip, with_layers(args, 4), 0, folder)
    size, times = os.path.getsize(coded), {}
    loops = 1 + 400_000_000 // size
    for _ in range(5):
        for options in ((), ("-bsf:v", "onedva_truncate=layers=3")):
            begin = time.monotonic()
            run([args.ffmpeg, "-nostdin", "-v", "error", "-stream_loop", str(loops - 1), "-i", coded, "-map", "0", "-c", "copy",
                 *options, "-f", "data", "-y", "/dev/null"])
            times.setdefault(options, []).append(time.monotonic() - begin)
    plain, cut = (float(np.median(t)) for t in times.values())
    print(f"\nCopying {loops * size / 1e6:.0f} MB takes {plain:.2f} s, with onedva_truncate {cut:.2f} s: "
          f"{loops * size / 1e6 / cut:.0f} MB/s with reading the file, "
          + (f"{loops * size / 1e6 / (cut - plain):.0f} MB/s" if cut > plain else "no time") + " for the filter.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="videos, or folders of them")
    parser.add_argument("--ffmpeg", default="build/ffmpeg", help="with One-DVA (build/ffmpeg)")
    parser.add_argument("--ffprobe", default="build/ffprobe", help="its ffprobe")
    parser.add_argument("--crf", type=int, nargs="+", default=[20, 30], help="of the streams in layers")
    parser.add_argument("--steps", type=int, default=1, help="of the decoder")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            clips = videos.load_all(args.ffmpeg, args.ffprobe, args.videos, folder)
            print(f"{len(clips)} clips ({machine()})")
            for crf in args.crf:
                found = [measure_clip(args, clip, crf, folder) for clip in clips]
                for layers in LAYERS:
                    print_table(crf, layers, [f[layers] for f in found], args.steps)
            print_speed(args, clips[0], folder)
    except ProgramError as error:
        sys.exit(f"layers.py: {error}")


if __name__ == "__main__":
    main()
