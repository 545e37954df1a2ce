#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rate and PSNR-Y of One-DVA on a set of clips, as a Markdown table and a plot.

Every figure comes from whole files: encoded by ffmpeg to Matroska, decoded by ffmpeg, compared frame by
frame by its psnr filter. PSNR-Y is the mean over clips of each clip's; bpp counts packet bytes. The encoder
of the first row is what the others are compared with.
"""
import argparse
import concurrent.futures
import math
import os
import re
import subprocess
import sys
import tempfile


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr.strip()}")
    return done


def probe(ffprobe, path):
    """-> width, height, frames, bytes of all packets"""
    out = run([ffprobe, "-v", "error", "-select_streams", "v:0", "-show_entries",
               "stream=width,height:packet=size", "-of", "default=nw=1", path]).stdout
    value = dict(re.findall(r"^(width|height)=(\d+)", out, re.M))
    sizes = [int(s) for s in re.findall(r"^size=(\d+)", out, re.M)]
    return int(value["width"]), int(value["height"]), len(sizes), sum(sizes)


def psnr_y(ffmpeg, decoder, coded, source):
    log = run([ffmpeg, "-nostdin", *decoder, "-i", coded, "-i", source, "-lavfi",
               "[0:v]setpts=N/TB[a];[1:v]format=yuv420p,setpts=N/TB[b];[a][b]psnr", "-f", "null", "-"]).stderr
    found = re.search(r"PSNR y:(\S+)", log)
    return min(float(found.group(1)), 99.0)


def measure(args, clip, encoder, steps):
    """-> bits per pixel, {steps: PSNR-Y}; encoder is an ffmpeg program and its codec options"""
    threads = ["-threads", "1"] if args.jobs > 1 else []
    with tempfile.TemporaryDirectory() as folder:
        coded = os.path.join(folder, "coded.mkv")
        run([encoder[0], "-nostdin", "-v", "error", "-y", "-i", clip, "-an", "-fps_mode", "passthrough",
             "-pix_fmt", "yuv420p", *encoder[1:], *threads, coded])
        width, height, frames, _ = probe(args.ffprobe, clip)
        size = probe(args.ffprobe, coded)[3]
        quality = {s: psnr_y(args.ffmpeg, [*threads, "-steps", str(s)] if steps else threads, coded, clip)
                   for s in steps or [None]}
    return 8 * size / (width * height * frames), quality


def encoders(args):
    """-> (name, crf, encoder, steps) of every row"""
    for preset in args.preset:
        for motion in args.motion:
            name = f"onedva {preset}" + (f", motion {motion}" if len(args.motion) > 1 else "")
            for crf in args.crf:
                yield (name, crf, [args.ffmpeg, "-c:v", "onedva", "-preset", preset, "-motion", motion,
                                   "-crf", str(crf)], args.steps)
    for crf in args.x264_crf if args.x264 else []:
        yield ("x264 medium, GOP 16", crf,
               [args.x264, "-c:v", "libx264", "-crf", str(crf), "-g", "16"], [])


def mean_row(rows):
    """The row of the means of some of equal name and crf."""
    mean = lambda values: sum(values) / len(values)
    name, crf, _, quality = rows[0]
    return name, crf, mean([r[2] for r in rows]), {s: mean([r[3][s] for r in rows]) for s in quality}


def table(args, clips):
    """Rows of (name, crf, bpp, {steps: PSNR-Y}): the means over clips, and a list of those of each clip."""
    rows, rows_of_clips = [], [[] for _ in clips]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, crf, encoder, steps in encoders(args):
            found = pool.map(lambda clip: measure(args, clip, encoder, steps), clips)
            for of_clip, measured in zip(rows_of_clips, found):
                of_clip.append((name, crf, *measured))
            rows.append(mean_row([of_clip[-1] for of_clip in rows_of_clips]))
            print(format_row(rows[-1], args.steps), flush=True)
    return rows, rows_of_clips


def format_row(row, steps):
    name, crf, bpp, quality = row
    cells = [f"{quality[None]:.2f}"] + [""] * (len(steps) - 1) if None in quality else [
        f"{quality[s]:.2f}" for s in steps]
    return f"| {name} | {crf} | {bpp:.5f} | " + " | ".join(cells) + " |"


def curves(rows):
    """{(name, steps): [(log rate, PSNR-Y)], both rising}; steps is None for a peer"""
    found = {}
    for name, _, bpp, quality in sorted(rows, key=lambda r: r[2]):
        for steps, psnr in quality.items():
            points = found.setdefault((name, steps), [])
            if not points or psnr > points[-1][1]:
                points.append((math.log(bpp), psnr))
    return found


def interpolate(points, x):
    """Piecewise linear through points of rising x; None outside of them."""
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return None


def bd_rate(reference, points, samples=200):
    """Mean change of rate at equal PSNR-Y, over the range that both have (Bjontegaard, linear); NaN without
    such a range."""
    low = max(reference[0][1], points[0][1])
    high = min(reference[-1][1], points[-1][1])
    if low >= high:
        return math.nan
    turned = [[(p, r) for r, p in c] for c in (reference, points)]
    levels = [low + (high - low) * (i + 0.5) / samples for i in range(samples)]
    change = [interpolate(turned[1], p) - interpolate(turned[0], p) for p in levels]
    return math.exp(sum(change) / samples) - 1


def print_per_clip(rows_of_clips, clips):
    """BD-rate of every encoder against the first one, for each clip."""
    first = rows_of_clips[0][0][0]
    found = [curves(rows) for rows in rows_of_clips]
    keys = [(name, s) for name, s in found[0] if s is not None and name != first]
    if not keys:
        return
    change = [[100 * bd_rate(c[first, s], c[name, s]) for name, s in keys] for c in found]
    cells = lambda values: " | ".join("none" if math.isnan(v) else f"{v:+.1f}" for v in values)
    print(f"\nBD-rate against {first}, %; none: no PSNR-Y in common, add values of --crf\n")
    print("| clip | " + " | ".join(f"{name}, steps {s}" for name, s in keys) + " |")
    print("|---|" + "---|" * len(keys))
    for clip, of_clip in zip(clips, change):
        print(f"| {os.path.basename(clip)} | " + cells(of_clip) + " |")
    for text, summary in (("least", min), ("mean", lambda v: sum(v) / len(v)), ("most", max)):
        valid = [[c for c in column if not math.isnan(c)] or [math.nan] for column in zip(*change)]
        print(f"| {text} | " + cells(summary(column) for column in valid) + " |")


def print_comparisons(rows, steps):
    found = curves(rows)
    print()
    for (name, s), points in found.items():
        if s is not None and s != steps[0]:
            change = bd_rate(found[name, steps[0]], points)
            print(f"- {name}: BD-rate of steps {s} against steps {steps[0]}: {100 * change:+.1f} %")
    mine = [key for key in found if key[1] is not None]
    first = rows[0][0]
    for name, s in mine:
        if name != first:
            change = bd_rate(found[first, s], found[name, s])
            print(f"- {name} against {first}, steps {s}: BD-rate {100 * change:+.1f} %")
    for (name, s), points in found.items():
        if s is not None:
            continue
        for key in mine:
            gaps = [(math.exp(r), p - interpolate(found[key], r)) for r, p in points
                    if interpolate(found[key], r) is not None]
            text = ", ".join(f"{gap:+.1f} dB at {rate:.3f}" for rate, gap in gaps)
            print(f"- {name} less {key[0]}, steps {key[1]}, at equal bits per pixel: {text}")


def plot(rows, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(figsize=(6, 4), dpi=110)
    for name in dict.fromkeys(r[0] for r in rows):
        mine = [r for r in rows if r[0] == name]
        for s in mine[0][3]:
            axes.semilogx([r[2] for r in mine], [r[3][s] for r in mine], marker="o", ms=4,
                          label=name if s is None else f"{name}, -steps {s}")
    axes.set_xlabel("bits per pixel")
    axes.set_ylabel("PSNR-Y, dB")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", help="video files or folders of them")
    parser.add_argument("--ffmpeg", default="build/ffmpeg")
    parser.add_argument("--ffprobe", default="build/ffprobe")
    parser.add_argument("--preset", nargs="+", default=["ultrafast", "medium"])
    parser.add_argument("--motion", nargs="+", default=["auto"], choices=["off", "global", "mesh", "auto"])
    parser.add_argument("--crf", type=float, nargs="+", default=[10, 20, 30, 40, 50])
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--x264", help="ffmpeg program with libx264, to compare with")
    parser.add_argument("--x264-crf", type=int, nargs="+", default=[26, 32, 38, 44, 50])
    parser.add_argument("--per-clip", action="store_true", help="also BD-rates of each clip")
    parser.add_argument("--jobs", type=int, default=1, help="clips at a time, each with one thread if above 1")
    parser.add_argument("--plot", help="PNG to write")
    args = parser.parse_args()
    args.crf = [int(c) if c == int(c) else c for c in args.crf]
    clips = []
    for path in args.clips:
        inside = sorted(os.listdir(path)) if os.path.isdir(path) else [None]
        clips += [os.path.join(path, name) if name else path for name in inside]
    print(f"{len(clips)} clips\n")
    print("| encoder | crf | bits per pixel | " + " | ".join(f"PSNR-Y, steps {s}" for s in args.steps) + " |")
    print("|---|---|---|" + "---|" * len(args.steps))
    rows, rows_of_clips = table(args, clips)
    print_comparisons(rows, args.steps)
    if args.per_clip:
        print_per_clip(rows_of_clips, clips)
    if args.plot:
        plot(rows, args.plot)


if __name__ == "__main__":
    main()
