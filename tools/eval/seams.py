# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How visible the borders of tiles and of clips are: the error's steps across them.

The error is decoded less source luma. Across a border that nobody sees it changes no more than elsewhere.
"""
import numpy as np

from clips import frame_bytes

TILE = 128    # samples
TOKEN = 16    # samples
TOKEN_FRAMES = 4
NEAR = (17, 48)   # samples from a border of tiles: two whole tokens on either side

# of measure(): (key, what it is the mean absolute step of the error across)
SPACE = ("tile", "near", "token", "inside")
TIME = ("clip", "token_frames", "clip_inside")
PSNR = "psnr_y"   # of all frames at once


def read_luma(path, width, height):
    """-> int16 [frames][height][width]"""
    data = np.fromfile(path, np.uint8).reshape(-1, frame_bytes(width, height))
    return data[:, :width * height].reshape(-1, height, width).astype(np.int16)


def mean_of(*parts):
    """Mean of all elements of arrays; None without any."""
    count = sum(part.size for part in parts)
    return float(sum(part.sum(dtype=np.float64) for part in parts) / count) if count else None


def space_steps(error):
    """error: [frames][height][width] -> mean absolute step between neighbouring samples across borders of
    tiles, near them, across borders of tokens inside of tiles, and between any two samples of one tile"""
    found = {key: [] for key in SPACE}
    for axis in (1, 2):
        steps = np.moveaxis(np.abs(np.diff(error, axis=axis)), axis, 0)
        before = np.arange(1, len(steps) + 1)   # steps[i] is that in front of sample i + 1
        border = (before + TILE // 2) // TILE * TILE   # the nearest one, in the picture or not
        away = np.abs(before - border)
        near = (NEAR[0] <= away) & (away <= NEAR[1]) & (border > 0) & (border <= len(steps))
        found["tile"].append(steps[before % TILE == 0])
        found["near"].append(steps[near])
        found["token"].append(steps[(before % TOKEN == 0) & (before % TILE != 0)])
        found["inside"].append(steps[before % TILE != 0])
    return {key: mean_of(*parts) for key, parts in found.items()}


def time_steps(error, starts):
    """starts: first frames of the clips -> mean absolute change of the error from one frame to the next: into
    a clip's first frame, into the first frame of a token inside of a clip, and into any other than a clip's
    first"""
    change = [np.abs(error[t] - error[t - 1]).mean(dtype=np.float64) for t in range(1, len(error))]
    clip_of = np.searchsorted(starts, np.arange(1, len(error)), "right") - 1
    phase = np.arange(1, len(error)) - np.asarray(starts)[clip_of]
    change = np.array(change)
    return {"clip": mean_of(change[phase == 0]),
            "token_frames": mean_of(change[(phase != 0) & (phase % TOKEN_FRAMES == 0)]),
            "clip_inside": mean_of(change[phase != 0])}


def psnr(error):
    """In dB; that of one wrong sample where nothing is wrong."""
    return float(20 * np.log10(255) - 10 * np.log10(max(np.square(error, dtype=np.int64).sum(), 1) / error.size))


def measure(clip, decoded, starts):
    """decoded: path of raw frames -> the means of space_steps and time_steps, and PSNR-Y"""
    error = read_luma(decoded, clip.width, clip.height) - read_luma(clip.raw, clip.width, clip.height)
    return {**space_steps(error), **time_steps(error, starts), PSNR: psnr(error)}


def ratio(values, border, others):
    """Of the sums over clips, those without such a border left out; None if all are."""
    pairs = [(v[border], v[others]) for v in values if v[border] is not None and v[others] is not None]
    total = sum(o for _, o in pairs)
    return sum(b for b, _ in pairs) / total if total else None
