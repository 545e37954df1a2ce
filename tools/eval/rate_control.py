#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares two passes with one, as Markdown tables: every video on its own, then all of them one after the other in
one file, scaled to one size.

PSNR-Y is that of the mean squared error over all frames, decoded with the default of one step. Gains are at equal
size: what a file's size is off is taken out along the curve through its neighbours at other rates.
"""
import argparse
import math
import os
import re
import sys
import tempfile

import numpy as np

from clips import Clip, frame_bytes, load_all
from programs import ProgramError, machine, run
from tables import mean, table

BITS_PER_PIXEL = (0.005, 0.01, 0.02, 0.04)
JOINED_WIDTH, JOINED_HEIGHT, JOINED_RATE = 320, 240, 25


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", help="files or folders")
    parser.add_argument("--ffmpeg", default="build/ffmpeg")
    parser.add_argument("--ffprobe", default="build/ffprobe")
    parser.add_argument("--preset", default="medium")
    parser.add_argument("--rates", type=float, nargs="+", default=BITS_PER_PIXEL, help="bits per pixel")
    return parser.parse_args()


def join(args, clips, folder):
    """All clips in one of JOINED_RATE frames per second, each frame of them kept."""
    raw = os.path.join(folder, "joined.yuv")
    with open(raw, "wb") as joined:
        for clip in clips:
            part = os.path.join(folder, "part.yuv")
            run([args.ffmpeg, "-nostdin", "-v", "error", "-y", *clip.raw_options, "-i", clip.raw, "-vf",
                 f"scale={JOINED_WIDTH}:{JOINED_HEIGHT}:flags=area", "-f", "rawvideo", part])
            with open(part, "rb") as file:
                joined.write(file.read())
    size = os.path.getsize(raw)
    return Clip("all, joined", "", raw, JOINED_WIDTH, JOINED_HEIGHT, str(JOINED_RATE),
                size // frame_bytes(JOINED_WIDTH, JOINED_HEIGHT))


def seconds(clip):
    numerator, _, denominator = clip.rate.partition("/")
    return clip.frames * int(denominator or 1) / int(numerator)


def encode(args, clip, bitrate, passes, folder):
    """-> path"""
    coded = os.path.join(folder, "coded.mkv")
    log = os.path.join(folder, "pass")
    command = [args.ffmpeg, "-nostdin", "-v", "error", "-y", *clip.raw_options, "-i", clip.raw, "-c:v", "onedva",
               "-preset", args.preset, "-b:v", str(bitrate)]
    if passes == 1:
        run([*command, coded])
    else:
        run([*command, "-pass", "1", "-passlogfile", log, "-f", "null", "-"])
        run([*command, "-pass", "2", "-passlogfile", log, coded])
    return coded


def measure(args, clip, coded):
    """-> bytes of the packets, squared error of each frame's luma"""
    sizes = run([args.ffprobe, "-v", "error", "-show_entries", "packet=size", "-of", "csv=p=0", coded]).stdout
    stats = coded + ".psnr"
    run([args.ffmpeg, "-nostdin", "-v", "error", "-i", coded, *clip.raw_options, "-i", clip.raw, "-lavfi",
         f"[0:v]settb=AVTB,setpts=N[a];[1:v]settb=AVTB,setpts=N[b];[a][b]psnr=stats_file={stats}", "-fps_mode", "passthrough",
         "-f", "null", "-"])
    with open(stats) as file:
        errors = [float(value) for value in re.findall(r"mse_y:(\S+)", file.read())]
    if len(errors) != clip.frames:
        raise ProgramError(f"{clip.name}: {len(errors)} frames came out of {clip.frames}")
    return sum(int(size) for size in re.findall(r"\d+", sizes)), errors


def psnr(errors):
    return 10 * math.log10(255 ** 2 / mean(errors))


def psnr_of_parts(errors, lengths):
    """Mean of the PSNR of each part of a joined clip."""
    ends = np.cumsum(lengths)
    return mean([psnr(errors[end - length:end]) for end, length in zip(ends, lengths)])


def gains(one, two):
    """one, two: [(bytes, PSNR)] by rising rate -> [dB that two has more, at one's bytes]"""
    rate = np.log([size for size, _ in two])
    slope = np.gradient(np.array([value for _, value in two]), rate)
    return [value_two + slope[i] * (math.log(size_one) - rate[i]) - value_one
            for i, ((size_one, value_one), (_, value_two)) in enumerate(zip(one, two))]


def compare(args, clip, lengths, folder):
    """-> rows of the table, gains of all rates, gains of the mean of the parts' PSNR"""
    points, parts, rows = {1: [], 2: []}, {1: [], 2: []}, []
    for bpp in args.rates:
        bitrate = round(bpp * clip.samples / seconds(clip))
        off = []
        for passes in (1, 2):
            size, errors = measure(args, clip, encode(args, clip, bitrate, passes, folder))
            points[passes].append((size, psnr(errors)))
            parts[passes].append((size, psnr_of_parts(errors, lengths)))
            off.append(100 * (8 * size / seconds(clip) / bitrate - 1))
        rows.append([clip.name, f"{bpp:g}", f"{bitrate / 1000:.1f}", f"{off[0]:+.2f}", f"{off[1]:+.2f}",
                     f"{points[1][-1][1]:.2f}", f"{points[2][-1][1]:.2f}"])
    found = gains(points[1], points[2])
    for row, gain in zip(rows, found):
        row.append(f"{gain:+.2f}")
    return rows, found, gains(parts[1], parts[2])


def main():
    args = parse_arguments()
    header = ["video", "bits per pixel", "kbit/s", "size off, one pass, %", "two passes, %", "PSNR-Y, one pass",
              "two passes", "gain at equal size, dB"]
    with tempfile.TemporaryDirectory() as folder:
        clips = load_all(args.ffmpeg, args.ffprobe, args.videos, folder)
        rows, all_gains = [], []
        for clip in clips:
            found = compare(args, clip, [clip.frames], folder)
            rows += found[0]
            all_gains += found[1]
        joined = compare(args, join(args, clips, folder), [clip.frames for clip in clips], folder)
    print(f"Preset {args.preset}. {machine()}.\n")
    print(table(header, rows + joined[0]))
    worst = max(abs(float(row[4])) for row in rows + joined[0])
    print(f"\n- every video on its own: {mean(all_gains):+.3f} dB in the mean, {min(all_gains):+.2f} to "
          f"{max(all_gains):+.2f}\n- all in one file: {mean(joined[1]):+.3f} dB in the mean over the rates; the mean of the "
          f"parts' own PSNR changes by {mean(joined[2]):+.3f} dB\n- size after two passes: at most {worst:.2f} % off")


if __name__ == "__main__":
    try:
        main()
    except ProgramError as error:
        sys.exit(f"rate_control: {error}")
