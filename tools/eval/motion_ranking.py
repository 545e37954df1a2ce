#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ranks videos by how much they move, as a Markdown table.

Blocks of 8x8 samples of quarter-size luma are matched between frames 4 apart. Motion is the mean
displacement, in luma samples of the video per frame, of the blocks that have texture and find a match; a
block that fits nearly as well where it was counts as still. A pair of frames of which few blocks match, as
over a scene cut, does not count.
"""
import argparse
import os
import re
import subprocess
import sys

import numpy as np

SCALE = 4     # of the video to the pictures that are matched
GAP = 4       # frames from one picture of a pair to the other
BLOCK = 8     # samples of the small picture
RANGE = 12    # largest displacement looked for, in samples of the small picture
TEXTURE = 3   # least mean absolute deviation of a block with texture
MATCHED = 0.5  # largest residual of a match, as a share of that deviation
GAIN = 0.7    # a displaced block's largest residual, as a share of that at rest


def run(command):
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr.decode().strip()}")
    return done.stdout


def read_luma(args, path):
    """-> uint8 [frames][height][width], quarter size"""
    out = run([args.ffprobe, "-v", "error", "-select_streams", "v:0", "-show_entries",
               "stream=width,height", "-of", "default=nw=1", path]).decode()
    size = dict(re.findall(r"^(width|height)=(\d+)", out, re.M))
    width, height = (max(int(size[k]) // SCALE, 1) for k in ("width", "height"))
    data = run([args.ffmpeg, "-nostdin", "-v", "error", "-i", path, "-an", "-fps_mode", "passthrough", "-vf",
                f"format=gray,scale={width}:{height}:flags=area", "-f", "rawvideo", "-"])
    return np.frombuffer(data, np.uint8).reshape(-1, height, width)


def block_means(values):
    """Means of the BLOCK x BLOCK blocks of the last two axes, whose size is a multiple of BLOCK."""
    *_, height, width = values.shape
    split = values.reshape(*values.shape[:-2], height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return split.mean(axis=(-3, -1), dtype=np.float32)


def residuals(first, second):
    """Mean absolute difference of each block of first at each displacement in second: [dy][dx][by][bx]."""
    rows, columns = (size // BLOCK * BLOCK for size in first.shape)
    first = first[:rows, :columns].astype(np.int16)
    padded = np.pad(second.astype(np.int16), RANGE, constant_values=-255)  # outside never matches
    found = np.empty((2 * RANGE + 1, 2 * RANGE + 1, rows // BLOCK, columns // BLOCK), np.float32)
    for dy in range(2 * RANGE + 1):
        for dx in range(2 * RANGE + 1):
            found[dy, dx] = block_means(np.abs(first - padded[dy:dy + rows, dx:dx + columns]))
    return found


def vertex(before, middle, after):
    """Where the parabola through three residuals one sample apart is least, -0.5..0.5."""
    curvature = before - 2 * middle + after
    safe = np.where(curvature > 0, curvature, 1)
    return np.where(curvature > 0, np.clip((before - after) / (2 * safe), -0.5, 0.5), 0)


def displacements(first, second):
    """-> lengths of the displacements of the blocks with texture, samples of the small picture; NaN where a
    block finds no match"""
    rows, columns = (size // BLOCK * BLOCK for size in first.shape)
    blocks = first[:rows, :columns].astype(np.float32)
    means = np.repeat(np.repeat(block_means(blocks), BLOCK, 0), BLOCK, 1)
    deviation = block_means(np.abs(blocks - means)).ravel()
    found = residuals(first, second)
    side = 2 * RANGE + 1
    flat = found.reshape(side * side, -1)
    best = flat.argmin(axis=0)
    index = np.arange(flat.shape[1])
    least = flat[best, index]
    y, x = best // side, best % side
    inside = (y > 0) & (y < side - 1) & (x > 0) & (x < side - 1)
    y1, x1 = np.clip(y, 1, side - 2), np.clip(x, 1, side - 2)
    at = lambda ky, kx: flat[ky * side + kx, index]
    fy = y + inside * vertex(at(y1 - 1, x1), at(y1, x1), at(y1 + 1, x1)) - RANGE
    fx = x + inside * vertex(at(y1, x1 - 1), at(y1, x1), at(y1, x1 + 1)) - RANGE
    length = np.hypot(fx, fy)
    length[least >= GAIN * at(RANGE, RANGE)] = 0
    length[least > MATCHED * deviation] = np.nan
    return length[deviation >= TEXTURE]


def motion_of_pairs(frames, pairs):
    """-> [(first frame, mean displacement in samples of the video per frame, share of moving blocks)]"""
    found = []
    last = len(frames) - 1 - GAP
    for start in sorted(set(np.linspace(0, last, min(pairs, last + 1)).round().astype(int))) if last >= 0 else []:
        length = displacements(frames[start], frames[start + GAP])
        matched = length[~np.isnan(length)]
        if len(matched) * 4 >= max(len(length), 1) and len(matched):
            moving = matched * SCALE / GAP
            found.append((start, moving.mean(), (moving >= 0.25).mean()))
    return found


def most_moving(pairs, frames, length):
    """First frame of the length frames whose pairs move most."""
    starts = [min(p[0], max(frames - length, 0)) for p in pairs] or [0]
    inside = lambda s: [p[1] for p in pairs if s <= p[0] < s + length]
    return max(starts, key=lambda s: np.mean(inside(s)) if inside(s) else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--ffmpeg", default="build/ffmpeg")
    parser.add_argument("--ffprobe", default="build/ffprobe")
    parser.add_argument("--pairs", type=int, default=16, help="of frames, per video")
    parser.add_argument("--part", type=int, default=48, help="frames of the part that moves most")
    parser.add_argument("--top", type=int, default=0, help="rows to print, 0: all")
    args = parser.parse_args()

    rows = []
    for name in sorted(os.listdir(args.folder)):
        frames = read_luma(args, os.path.join(args.folder, name))
        pairs = motion_of_pairs(frames, args.pairs)
        motion, moving = (np.mean([p[k] for p in pairs]) if pairs else 0.0 for k in (1, 2))
        rows.append((motion, moving, len(pairs), most_moving(pairs, len(frames), args.part), name))
    rows.sort(key=lambda row: (row[2] * 4 >= args.pairs, row), reverse=True)

    print(f"| video | samples per frame | moving blocks | pairs | most in {args.part} frames from |")
    print("|---|---|---|---|---|")
    for motion, moving, count, start, name in rows[:args.top or None]:
        print(f"| {name} | {motion:.2f} | {100 * moving:.0f} % | {count} | {start} |")


if __name__ == "__main__":
    main()
