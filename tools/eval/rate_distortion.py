#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rate and PSNR-Y of presets, kinds of motion and decoder steps of One-DVA on a set of clips, as Markdown.

PSNR-Y is the mean over clips of each clip's; bits per pixel count packet bytes. The encoder of the first row is
what the others are compared with. report.py compares with other encoders, and by more metrics.
"""
import argparse
import math
import tempfile

import bd_rate
import clips as clip_files
import peers
import tables
from measurements import Bench, Store, ends_in_one_line
from metrics import PSNR, Comparison


def encoders(args, model):
    for preset in args.preset:
        for motion in args.motion:
            name = f"onedva {preset}" + (f", motion {motion}" if len(args.motion) > 1 else "")
            yield peers.onedva(args.ffmpeg, model, args.crf, args.steps, preset, ("-motion", motion), name)


def rows_of(encoder, measured):
    """crf, rate, PSNR-Y of each decoder"""
    points = [tables.mean_points(measured[encoder.curve_name(name)], PSNR.key) for name, _ in encoder.decoders]
    for crf, of_crf in zip(encoder.qualities, zip(*points)):
        yield [encoder.name, f"{crf:g}", f"{of_crf[0][0]:.5f}", *(f"{quality:.2f}" for _, quality in of_crf)]


def comparisons(encoder_list, measured):
    """-> (text, reference, curve): other decoders against the first, other encoders against the first"""
    first = encoder_list[0]
    base = first.decoders[0][0]
    for encoder in encoder_list:
        for name, _ in encoder.decoders[1:]:
            yield (f"{encoder.name}: {name} against {base}", measured[encoder.curve_name(base)],
                   measured[encoder.curve_name(name)])
    for encoder in encoder_list[1:]:
        for name, _ in first.decoders:
            yield (f"{encoder.name} against {first.name}, {name}", measured[first.curve_name(name)],
                   measured[encoder.curve_name(name)])


def print_per_clip(clips, found):
    """BD-rates of each clip, and least, mean and most of them."""
    shares = [tables.clip_bd_rates(reference, curve, PSNR) for _, reference, curve in found]
    print(f"\nBD-rate, %; {tables.NONE}: no PSNR-Y in common, add values of --crf\n")
    rows = [[clip.name, *(tables.percent(share) for share in row)] for clip, row in zip(clips, zip(*shares))]
    valid = [[share for share in column if not math.isnan(share)] or [math.nan] for column in shares]
    rows += [[text, *(tables.percent(summary(column)) for column in valid)]
             for text, summary in (("least", min), ("mean", tables.mean), ("most", max))]
    print(tables.table(["clip", *(text for text, _, _ in found)], rows))


def measure_and_print(args, folder):
    clips = clip_files.load_all(args.ffmpeg, args.ffprobe, args.clips, folder)
    comparison = Comparison(args.ffmpeg)
    comparison.check()
    encoder_list = list(encoders(args, peers.model_id(args.ffmpeg, args.ffprobe)))
    measured = Bench(args.ffprobe, comparison, Store(args.store), args.jobs).qualities(clips, encoder_list)
    print(f"{len(clips)} clips\n")
    print(tables.table(["encoder", "crf", "bits per pixel", *(f"PSNR-Y, steps {s}" for s in args.steps)],
                       [row for encoder in encoder_list for row in rows_of(encoder, measured)]))
    print()
    found = list(comparisons(encoder_list, measured))
    for text, reference, curve in found:
        change = bd_rate.bd_rate(tables.mean_curve(reference, PSNR), tables.mean_curve(curve, PSNR))
        print(f"- {text}: BD-rate {tables.percent(change)} %")
    if args.per_clip:
        print_per_clip(clips, found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", help="video files or folders of them")
    parser.add_argument("--ffmpeg", default="build/ffmpeg")
    parser.add_argument("--ffprobe", default="build/ffprobe")
    parser.add_argument("--preset", nargs="+", default=["ultrafast"])
    parser.add_argument("--motion", nargs="+", default=["auto"], choices=["off", "global", "mesh", "auto"])
    parser.add_argument("--crf", type=float, nargs="+", default=[10, 20, 30, 40, 50])
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--per-clip", action="store_true", help="also BD-rates of each clip")
    parser.add_argument("--jobs", type=int, default=1, help="clips at a time")
    parser.add_argument("--store", default="build/eval/measurements.jsonl", help="measurements, kept")
    args = parser.parse_args()
    args.crf = [int(c) if c == int(c) else c for c in args.crf]
    with ends_in_one_line("rate_distortion", args.store), tempfile.TemporaryDirectory() as folder:
        measure_and_print(args, folder)


if __name__ == "__main__":
    main()
