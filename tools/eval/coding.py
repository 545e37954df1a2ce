# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Encodes a clip to a file and decodes it again, each with one thread so that the bits do not depend on it."""
import dataclasses
import fractions
import os

from programs import ProgramError, run


def encode(clip, encoder, quality, folder):
    """-> path of the coded file"""
    coded = os.path.join(folder, "coded.mkv")
    run([encoder.program, "-nostdin", "-v", "error", "-y", *clip.raw_options, "-i", clip.raw, *encoder.options,
         "-crf", str(quality), "-threads", "1", coded])
    return coded


def decode(clip, encoder, options, coded, folder):
    """-> path of the raw frames"""
    raw = os.path.join(folder, "decoded.yuv")
    run([encoder.program, "-nostdin", "-v", "error", "-y", "-threads", "1", *options, "-i", coded,
         "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", raw])
    if os.path.getsize(raw) != os.path.getsize(clip.raw):
        raise ProgramError(f"{clip.name}: {encoder.name} decoded to {os.path.getsize(raw)} bytes of frames, "
                           f"the source has {os.path.getsize(clip.raw)}")
    return raw


@dataclasses.dataclass(frozen=True)
class Packet:
    frame: int   # that is shown first of those in it
    size: int    # bytes
    key: bool


def packets(ffprobe, coded, rate):
    """A file's video packets in coded order; rate: frames per second, a fraction."""
    out = run([ffprobe, "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time,size,flags",
               "-of", "compact=p=0", coded]).stdout
    return parse_packets(out, rate)


def parse_packets(text, rate):
    """text: lines such as pts_time=0.533000|size=795|flags=K__"""
    rate = fractions.Fraction(rate)
    rows = [dict(part.split("=", 1) for part in line.split("|") if "=" in part) for line in text.splitlines()]
    return [Packet(round(float(row["pts_time"]) * rate), int(row["size"]), "K" in row["flags"])
            for row in rows if "size" in row]


def bits_per_pixel(coded_packets, clip):
    """Of the packets only, not of the container."""
    return 8 * sum(packet.size for packet in coded_packets) / clip.samples
