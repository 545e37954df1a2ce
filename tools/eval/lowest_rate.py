# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws one frame of a clip as each encoder decodes it at its lowest rate."""
import os
import subprocess
import tempfile

import coding
from clips import frame_bytes
from programs import ProgramError

RATE = 0.008   # bits per pixel that One-DVA stays below
GAP = 6        # samples between pictures
LABEL = 34     # lines for the text above each


def rgb_frame(ffmpeg, clip, raw, frame):
    """-> uint8 [height][width][3] of one frame of a file of raw frames"""
    import numpy as np
    size = frame_bytes(clip.width, clip.height)
    with open(raw, "rb") as file:
        file.seek(frame * size)
        data = file.read(size)
    done = subprocess.run([ffmpeg, "-v", "error", *clip.raw_options, "-i", "-", "-pix_fmt", "rgb24",
                           "-f", "rawvideo", "-"], input=data, capture_output=True)
    if done.returncode:
        raise ProgramError(f"{ffmpeg}: {done.stderr.decode().strip()}")
    return np.frombuffer(done.stdout, np.uint8).reshape(clip.height, clip.width, 3)


def at_most(bench, clip, encoder, rate):
    """-> (crf, value of each decoder) of the least crf, a whole number, that needs at most rate; the last crf of
    the encoder if none does."""
    low, high = 0, encoder.qualities[-1]   # high does or is the last
    while low < high:
        middle = (low + high) // 2
        if bench.quality(clip, encoder, middle)[0]["bpp"] <= rate:
            high = middle
        else:
            low = middle + 1
    return high, bench.quality(clip, encoder, high)


def choose(bench, clip, onedva, peers):
    """-> [(encoder, decoder's name and options, crf, value)]: the peers at their last crf, One-DVA below RATE
    and, if it can, below all of theirs."""
    found = [(peer, peer.decoders[0], peer.qualities[-1], bench.quality(clip, peer, peer.qualities[-1])[0])
             for peer in peers]
    crf, values = at_most(bench, clip, onedva, min([RATE, *(value["bpp"] for *_, value in found)]))
    mine = [(onedva, decoder, crf, value) for decoder, value in zip(onedva.decoders, values)]
    return mine[1::-1] + found


def pictures(clip, chosen, frame):
    """-> [(text, picture)]"""
    found = [("source", rgb_frame(chosen[0][0].program, clip, clip.raw, frame))]
    with tempfile.TemporaryDirectory() as folder:
        for encoder, (name, options), crf, value in chosen:
            coded = coding.encode(clip, encoder, crf, folder)
            decoded = coding.decode(clip, encoder, options, coded, folder)
            text = (f"{encoder.curve_name(name)}, crf {crf}\n"
                    f"{value['bpp']:.4f} bits per pixel, PSNR-Y {value['psnr_y']:.2f} dB")
            found.append((text, rgb_frame(encoder.program, clip, decoded, frame)))
    return found


def draw(clip, chosen, path):
    """Writes a PNG of 256 colours: samples as they are, three pictures in a row, four where that saves one, or, of upright ones, six."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image
    shown = pictures(clip, chosen, clip.frames // 2)
    columns = min(len(shown), 6 if clip.width < clip.height else 4 if len(shown) > 6 else 3)
    rows = -(-len(shown) // columns)
    width, height = columns * (clip.width + GAP) - GAP, rows * (clip.height + LABEL)
    figure = plt.figure(figsize=(width / 100, height / 100), dpi=100, facecolor="white")
    for i, (text, picture) in enumerate(shown):
        left, top = i % columns * (clip.width + GAP), i // columns * (clip.height + LABEL)
        figure.figimage(picture, left, height - top - LABEL - clip.height)
        figure.text((left + 2) / width, 1 - (top + LABEL / 2) / height, text, va="center", fontsize=7.5)
    figure.savefig(path)
    plt.close(figure)
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
    return os.path.getsize(path)
