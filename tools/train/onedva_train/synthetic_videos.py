# SPDX-License-Identifier: LGPL-2.1-or-later
"""Synthetic clips as files, for pairs to be made of them as of recorded ones."""
import os

FRAMES, HEIGHT, WIDTH = 48, 256, 320
RATE = 25


def write(path, planes):
    """Planes y [T, H, W], u, v of bytes as yuv4mpeg; only a whole file ever has its name."""
    _, height, width = planes[0].shape
    with open(path + ".part", "wb") as f:
        f.write(f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420mpeg2\n".encode())
        for frame in zip(*planes):
            f.write(b"FRAME\n" + b"".join(plane.tobytes() for plane in frame))
    os.replace(path + ".part", path)


def make(synthetic, rng, directory, count):
    """Write so many videos."""
    os.makedirs(directory, exist_ok=True)
    for i in range(count):
        write(os.path.join(directory, f"synthetic-{i:04}.y4m"), synthetic.make(rng, FRAMES, HEIGHT, WIDTH))
