# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes packets and elementary streams field by field (doc/bitstream.md, 2, 3, 10 and annex A), those that are not valid, too."""
import struct

from spec_decoder import HAS_DROPPED, HAS_DURATIONS, HAS_HEADER, HAS_MOTION, INTER, WHOLE_CLIP, Packet, Seen, crc16


def leb(value, size=0):
    """In at least so many bytes."""
    written = bytearray()
    while value > 127 or len(written) + 1 < size:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes(written + bytes([value]))


def stream_header(model, width, height, *, version=2, model_id=None, format_=0, colours=(0, 2, 2, 2, 0), sar=(0, 1),
                  timebase=(1, 25), frame_duration=1, size=0):
    """size: least number of bytes of each leb."""
    return (struct.pack("<BQ", version, model.id if model_id is None else model_id) + leb(width, size)
            + leb(height, size) + bytes([format_, *colours])
            + b"".join(leb(value, size) for value in (*sar, *timebase, frame_duration)))


def motion(margins=(0, 0, 0, 0), reference=0, points=0, point_terms=1, point_step=0, spacing=0, mesh_terms=1,
           mesh_step=0, reserved=0, paths=b""):
    return bytes([*margins, reference << 4 | points, point_terms - 1 << 4 | point_step, spacing << 4 | mesh_terms - 1,
                  mesh_step << 4 | reserved]) + paths


def id_of(packet_):
    """What an inter clip behind a packet's clip calls it."""
    return Packet(packet_, None, Seen()).id


def packet(model, frames, layers, *, detail=0, smoothing=3, qidx=-10, sync=WHOLE_CLIP, version=2, flags=0, model_tag=None, dropped=0, header=None,
           header_size=None, durations=None, motion_=None, crcs=(), header_crc_wrong=0, size=0, behind=b"", reference=None):
    """layers: (extent, payload) of each; crcs: (number of a layer, what its crc is off by); behind: bytes behind the last payload;
    reference: of an inter clip, which then has the sync of one."""
    flags |= (HAS_HEADER * (header is not None) | HAS_DURATIONS * (durations is not None)
              | HAS_MOTION * (motion_ is not None) | HAS_DROPPED * (dropped != 0))
    tag = model.id & 0x7FF if model_tag is None else model_tag
    sync |= INTER if reference is not None else 0
    made = struct.pack("<BBHBb", sync, version << 4 | flags, tag | smoothing << 11 | detail << 14, frames - 1 << 4 | len(layers) - 1, qidx)
    if dropped:
        made += bytes([dropped])
    if reference is not None:
        made += struct.pack("<H", reference)
    if header is not None:
        made += leb(len(header) if header_size is None else header_size, size) + header
    if durations is not None:
        made += b"".join(leb(duration, size) for duration in durations)
    if motion_ is not None:
        made += leb(len(motion_), size) + motion_
    for i, (extent, payload) in enumerate(layers):
        made += leb(extent, size) + leb(len(payload), size) + struct.pack("<H", crc16(payload) ^ dict(crcs).get(i, 0))
    return made + struct.pack("<H", crc16(made) ^ header_crc_wrong) + b"".join(payload for _, payload in layers) + behind


def frame_packet(clip, frame, *, sync=0xD7, version=2, check_wrong=0):
    """clip: its packet"""
    return bytes([sync, version << 4 | frame, Packet(clip, None, Seen()).crc & 255 ^ 17 * frame & 255 ^ check_wrong])


def unit(kind, fields):
    made = b"ODVA" + bytes([kind, len(fields)]) + fields
    return made + struct.pack("<H", crc16(made))


def packet_unit(packet_, pts, duration, size=0):
    zigzag = 2 * pts if pts >= 0 else -2 * pts - 1
    return unit(1, leb(len(packet_), size) + leb(zigzag, size) + leb(duration, size)) + packet_


def segment(header, packets, *, goes_on=0, timebase=(1, 25), size=0):
    """packets: (bytes, pts, duration) of each."""
    made = unit(0, bytes([1, goes_on]) + leb(timebase[0], size) + leb(timebase[1], size) + header)
    for data, pts, duration in packets:
        made += packet_unit(data, pts, duration, size)
    start, end = (packets[0][1], packets[-1][1] + packets[-1][2]) if packets else (0, 0)
    return made + unit(2, struct.pack("<Qqq", len(made), start, end))


def pix_fmt_of(path):
    """What the pictures of a stream are compared in, by its name."""
    return "yuv420p10le" if path.removesuffix(".odva").endswith("-10-bits") else "yuv420p"
