# SPDX-License-Identifier: LGPL-2.1-or-later
"""Latents to videos and pictures, through the engine: onedva-latents writes packets, ffmpeg decodes them."""
import json
import os
import struct
import subprocess
import tempfile

import numpy as np

import onedva

from .clips import FRAMES, raw
from .errors import InputError

NAMES = {np.dtype(t): n for n, t in onedva.TYPES.items()}


def run(*command):
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise InputError(done.stderr.decode(errors="replace").strip() or f"{command[0]} failed")
    return done.stdout


def write_tensors(path, metadata, tensors):
    """A safetensors file of what onedva.read_tensors gave, changed."""
    header, offset = {"__metadata__": metadata}, 0
    for name, a in tensors.items():
        header[name] = {"dtype": NAMES[a.dtype], "shape": list(a.shape), "data_offsets": [offset, offset + a.nbytes]}
        offset += a.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for a in tensors.values():
            file.write(np.ascontiguousarray(a).tobytes())


def write(program, latents, typical, prior, path):
    """A video of clips [C, length * tiles, 32] over the scan's scale, as that prior's generator would write it. program:
    name of a program to its path."""
    clips, length = len(latents), len(typical)
    tiles = latents.shape[1] // length
    with tempfile.TemporaryDirectory() as folder:
        drawn, exported = (os.path.join(folder, n) for n in ("drawn.mkv", "drawn.safetensors"))
        # its packets' headers are those of any clip of this size
        run(program("onedva-latents"), "--prior", prior, "--flow-steps", "1", "--clips", str(clips), "generate", drawn)
        onedva.export(drawn, exported, program("onedva-latents"))
        metadata, tensors = onedva.read_tensors(exported)
        values = latents.reshape(clips * tiles, -1).astype(np.float32) * typical.reshape(1, -1) * onedva.UNIT
        count = np.full(clips * tiles, values.shape[1])
        tensors = {name: np.array(a) for name, a in tensors.items()}
        tensors["tile.first_coefficient"] = np.concatenate([[0], np.cumsum(count)]).astype("<i8")
        tensors["coefficient.y"] = values.reshape(-1).astype("<f4")
        tensors["coefficient.q"] = np.zeros(values.size, "<i4")
        tensors["coefficient.scale"] = np.zeros(values.size, "i1")
        write_tensors(exported, metadata, tensors)
        run(program("onedva-latents"), "--from", "y", "import", exported, path)


def decode(program, path, side, *options):
    """RGB frames uint8 [clips, FRAMES, side, side, 3] of a video of clips."""
    samples = run(program("ffmpeg"), "-v", "error", *options, "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(samples, np.uint8).reshape(-1, FRAMES, side, side, 3)


def to_rgb(program, frames, side):
    """The same of uint8 yuv420p clips [clips, FRAMES, side * side * 3 / 2]."""
    with tempfile.NamedTemporaryFile(suffix=".yuv") as file:
        frames.tofile(file)
        file.flush()
        return decode(program, file.name, side, *raw(side))


def draw(program, prior, side, name, seed, clips, path, *options):
    """A video of clips of a class that follow each other, as RGB frames."""
    run(program("onedva-latents"), "--prior", prior, "--class", name, "--seed", str(seed), "--clips", str(clips),
        *options, "generate", path)
    return decode(program, path, side)
