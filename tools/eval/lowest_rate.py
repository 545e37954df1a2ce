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


def lowest(by_quality, index):
    """-> (crf, value) of the lowest rate of one clip"""
    return min(((crf, values[index]) for crf, values in by_quality.items()), key=lambda item: item[1]["bpp"])


def at_most(by_quality, index, rate):
    """-> (crf, value) of the highest rate of one clip up to rate, or else of its lowest rate"""
    below = [(crf, values[index]) for crf, values in by_quality.items() if values[index]["bpp"] <= rate]
    return max(below, key=lambda item: item[1]["bpp"]) if below else lowest(by_quality, index)


def choose(onedva, peers, measured, index):
    """-> [(encoder, decoder's name and options, crf, value)]: the peers at their lowest rates, One-DVA below
    RATE and, if it can, below all of theirs."""
    found = []
    for peer in peers:
        found.append((peer, peer.decoders[0], *lowest(measured[peer.name], index)))
    rate = min([RATE, *(value["bpp"] for *_, value in found)])
    mine = [(onedva, decoder, *at_most(measured[onedva.curve_name(decoder[0])], index, rate))
            for decoder in onedva.decoders[:2][::-1]]
    return mine + found


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
    """Writes a PNG of 256 colours: samples as they are, three pictures in a row or, of upright ones, six."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image
    shown = pictures(clip, chosen, clip.frames // 2)
    columns = min(len(shown), 3 if clip.width >= clip.height else 6)
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
