#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the streams of fate/conformance anew: those named encoded-*, cut-* and edited-* come from the encoder, random-* have latents
and motion that were drawn, so that what an encoder hardly ever writes is met, too. Then md5 has the checksums of
their bitexact decodes. doc/conformance.md says what each is there for.

    fate/conformance/make_streams.py [NAME...]; without a name, all

ONEDVA_BIN  directory of ffmpeg (build/ffmpeg-check)"""
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import spec_decoder
from random_coder import random_motion, random_packet
from spec_decoder import Seen, read_stream_header
from stream_writer import frame_packet, id_of, leb, motion, packet, packet_unit, pix_fmt_of, segment, stream_header, unit

BIN = os.environ.get("ONEDVA_BIN", os.path.join(ROOT, "build", "ffmpeg-check"))
MODEL_FILE = os.path.join(ROOT, "fate", "model", "onedva-test.safetensors")
MODEL = spec_decoder.Model(MODEL_FILE)
STREAMS = {}
T = 16384           # a threshold of 1 in a layer's extent
FULL = [MODEL.full_tokens(detail) for detail in range(4)]
ALL = FULL[0]       # drawn packets have detail 0 where nothing else is said


def stream(function):
    """Registers what makes the stream of the function's name; it returns the stream's bytes."""
    STREAMS[function.__name__.replace("_", "-")] = function
    return function


# ---- the encoder --------------------------------------------------------------------------------

HELD = "trim=end_frame=1,loop=-1:1:0,setpts=N"
STILL = f"mandelbrot=size=320x240:rate=25:start_scale=0.5,{HELD}"
CHART = f"testsrc2=size=320x240:rate=25,{HELD}"


def pan(size, x, y, frames, of=STILL):
    """A window at (x, y) of a still, in each frame n."""
    return f"{of},crop={size.replace('x', ':')}:x='{x}':y='{y}':exact=1,trim=end_frame={frames}"


def ffmpeg(*arguments):
    environment = dict(os.environ, ONEDVA_MODEL=MODEL_FILE)
    subprocess.run([os.path.join(BIN, "ffmpeg"), "-hide_banner", "-nostdin", "-v", "error", "-y", *arguments],
                   check=True, env=environment)


def encode(source, *options, bsf=None, form="odva", input_options=(), pix_fmt="yuv420p"):
    """A filter graph's pictures -> bytes of an elementary stream, by way of another container where form says so."""
    with tempfile.TemporaryDirectory() as work:
        first, last = os.path.join(work, f"first.{form}"), os.path.join(work, "last.odva")
        ffmpeg("-filter_complex", f"{source},format={pix_fmt}[v]", "-map", "[v]", "-fps_mode", "passthrough",
               "-enc_time_base", "filter", "-c:v", "onedva", "-flags", "+bitexact", "-threads", "1", "-adaptive_clips", "0",
               "-clip_packets", "1", "-g", "1", "-crf", "30", *options, "-fflags", "+bitexact", first)
        ffmpeg(*input_options, "-i", first, "-c", "copy", *(("-bsf:v", bsf) if bsf else ()), "-fflags", "+bitexact", last)
        with open(last, "rb") as file:
            return file.read()


# A size for each width and height of a tile, 1 to 8 tokens.
for n in range(1, 9):
    STREAMS[f"encoded-{16 * n}x{16 * (9 - n)}"] = lambda n=n: encode(
        pan(f"{16 * n}x{16 * (9 - n)}", "n", "n", 2 * n - 1), "-motion", "off")
for size in "1x1", "2x2", "17x33", "300x6", "6x200", "130x98", "257x131":
    STREAMS[f"encoded-{size}"] = lambda size=size: encode(pan(size, "n", "n", 6))


@stream
def encoded_lengths():
    return b"".join(encode(pan("66x50", "2*n", "n", frames), "-motion", "mesh") for frames in range(1, 17))


@stream
def encoded_quantisers():
    return b"".join(encode(pan("48x32", "2*n", "n", 4), "-qp", str(qp)) for qp in (*range(0, 103, 8), 103))


@stream
def encoded_layers():
    return b"".join(encode(pan("130x98", "2*n", "n", 6), "-layers", str(layers), "-crf", "20")
                    for layers in (*range(1, 8), 9, 12, 16))


@stream
def encoded_slow():
    return encode(pan("130x98", "2*n", "n", 8), "-preset", "slow", "-layers", "3", "-crf", "10")


@stream
def encoded_few_tokens():
    return encode(pan("200x200", "2*n", "n", 8), "-tokens", "5")


@stream
def encoded_skipped_tiles():
    grey = "color=0x7F7F7F:size=260x140:rate=25,trim=end_frame=8[g]"
    return encode(f"{grey};{pan('100x140', 'n', '0', 8)}[p];[g][p]hstack", "-crf", "63", "-motion", "off")


@stream
def encoded_scenes():
    return encode(f"{pan('96x80', '2*n', '0', 11)}[a];{CHART},rotate=0.01*n,crop=96:80,trim=end_frame=13[b];[a][b]concat",
                  "-adaptive_clips", "1", "-motion", "auto")


@stream
def encoded_motion_global():
    zoom = "mandelbrot=rate=25:start_scale=0.5:end_scale=0.05:end_pts=40:size=96x80,trim=end_frame=16"
    return b"".join(encode(source, "-motion", "global") for source in (
        zoom, f"{CHART},rotate=0.01*n,crop=96:80,trim=end_frame=12", pan("96x80", "4*n", "2*n", 9)))


@stream
def encoded_motion_mesh():
    parts = f"{pan('60x80', '2*n', 'n', 16)}[a];{pan('60x80', '60-n', '30-n', 16)}[b];[a][b]hstack"
    return encode(parts, "-motion", "mesh") + encode(parts, "-motion", "mesh", "-layers", "6", "-crf", "10")


@stream
def encoded_margins():
    return encode(pan("144x96", "96+8*(eq(n,1)-eq(n,3))", "64+8*(eq(n,5)-eq(n,7))", 8), "-motion", "global", "-clip_frames", "2")


@stream
def encoded_wide_margins():
    return encode(pan("64x48", "16*n", "12*n", 16), "-motion", "global")


@stream
def encoded_durations():
    return encode(f"{pan('48x32', '2*n', 'n', 18)},settb=1/1000000,setpts='1001*N*N+gte(N,5)*3e9+gte(N,17)*6e9'")


# Colours, ranges and aspect ratios of all kinds; in every packet, too, as AVI wants them.
for n, (colour_range, location) in enumerate((("tv", "left"), ("pc", "center"), ("tv", "topleft"), ("pc", "top"),
                                              ("unknown", "bottomleft"), ("tv", "bottom"), ("pc", "unspecified"))):
    STREAMS[f"encoded-colours-{n}"] = lambda n=n, colour_range=colour_range, location=location: encode(
        f"{pan('48x32', '2*n', 'n', 5)},setsar={n}/3", "-clip_frames", "4", form="avi" if n % 2 else "mkv",
        bsf=f"onedva_metadata=color_range={colour_range}:color_primaries={9 - n // 2}:transfer_characteristics={16 - n}"
            f":matrix_coefficients={9 - n // 2}:chroma_location={location}")


@stream
def encoded_times():
    """From a place inside of a packet, so times before 0; a rate of 30000/1001."""
    return encode(f"{pan('48x32', '2*n', 'n', 40)},settb=1001/30000,setpts=N", form="mp4", input_options=("-ss", "0.4"))


@stream
def encoded_frames():
    """A packet for each frame, of clips of 16 frames, of 7 and of 1, with motion and layers."""
    return b"".join(encode(pan("96x80", "4*n", "2*n", frames), "-clip_packets", "0", "-layers", layers)
                    for frames, layers in ((23, "1"), (17, "3")))


@stream
def encoded_inter():
    """Inter clips as an encoder chooses them: of what rests and what moves, with key clips at cuts and on request, with a packet for
    each frame."""
    rests = f"{STILL},crop=96:80,trim=end_frame=24"
    moves = pan("96x80", "2*n", "n", 24)
    cut = f"{pan('96x80', '2*n', '0', 14)}[a];{CHART},rotate=0.01*n,crop=96:80,trim=end_frame=14[b];[a][b]concat"
    return b"".join(encode(source, "-g", "250", *options) for source, options in (
        (rests, ()), (moves, ("-motion", "off")), (moves, ("-motion", "mesh", "-adaptive_clips", "1", "-clip_packets", "0")),
        (cut, ("-adaptive_clips", "1")), (moves, ("-motion", "global", "-crf", "10")), (rests, ("-g", "12", "-clip_frames", "4"))))


@stream
def encoded_10_bits():
    """Key clips and inter clips, motion, layers."""
    moves, small = pan("96x80", "2*n", "n", 12), pan("17x33", "n", "n", 5)
    return b"".join(encode(source, *options, pix_fmt="yuv420p10") for source, options in (
        (moves, ("-motion", "off")), (moves, ("-g", "250", "-motion", "mesh", "-crf", "20")), (small, ("-layers", "3", "-crf", "5"))))


@stream
def cut_layers():
    source = pan("130x98", "2*n", "n", 6)
    return b"".join(encode(source, "-layers", str(layers), "-crf", "20", "-motion", motion_, bsf=f"onedva_truncate=layers={kept}")
                    for layers, motion_ in ((4, "off"), (16, "mesh"))
                    for kept in ((1, 2, 3) if layers == 4 else (1, 3, 5, 8, 11, 15)))


# ---- edits --------------------------------------------------------------------------------------


def packets_of(data):
    return [packet_ for _, _, packet_ in spec_decoder.read_packets(data, Seen())]


def headers_of(width, height, **fields):
    """Stream header: its bytes and its fields."""
    data = stream_header(MODEL, width, height, **fields)
    return data, read_stream_header(data, Seen())[0]


def in_turn(packets, frames):
    """(bytes, pts, duration) of packets of one length."""
    return [(data, i * frames, frames) for i, data in enumerate(packets)]


@stream
def edited_damage():
    """Layers lost: to a wrong checksum, to the end of the packet, one after the other."""
    whole, = packets_of(encode(pan("66x50", "2*n", "n", 4), "-layers", "6", "-crf", "10", "-motion", "off"))
    header, fields = headers_of(66, 50)
    layers = spec_decoder.Packet(whole, fields, Seen()).layers
    begins = [len(whole) - sum(layer.size for layer in layers[i:]) for i in range(len(layers))]
    made = [whole, whole + b"behind"]
    for i, at in enumerate(begins):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        made += [bytes(damaged), whole[:at + layers[i].size - 1]]
    return segment(header, in_turn(made, 4))


@stream
def edited_units():
    """Units of other types, damaged ones, a segment that was cut, one that goes on, one within a packet."""
    header, fields = headers_of(32, 16)
    packets = [random_packet(MODEL, fields, 3, [ALL], seed) for seed in range(100, 112)]
    whole = segment(header, [(data, 3 * i, 3) for i, data in enumerate(packets[:3])])
    cut = whole[:-32]
    other = unit(0, bytes([1, 0]) + leb(1) + leb(25) + header) + unit(77, b"what a reader skips") + packet_unit(packets[3], 50, 3)
    damaged = bytearray(packet_unit(packets[4], 53, 3))
    damaged[6] ^= 4
    goes_on = segment(header, [(packets[5], 56, 3), (packets[6], 59, 3)], goes_on=1)
    short = packet_unit(packets[7], 62, 3)[:-9]
    own = segment(b"", [(random_packet(MODEL, fields, 3, [ALL], 120 + i, header=header), 3 * i - 4, 3) for i in range(2)])
    long = b"".join(segment(header, [(random_packet(MODEL, fields, 3, [ALL], 140 + size), 0, 3)], size=size) for size in range(2, 11))
    empty = segment(header, [])
    unknown = segment(header, [(packets[8], 0, 0)])
    return cut + other + bytes(damaged) + b"garbage" + goes_on + unit(0, bytes([1, 1]) + leb(1) + leb(25) + header) + short + (
        own + empty + long + unknown)


@stream
def edited_fields():
    """Numbers in more bytes than they need, a stream header that changes in the midst, one with bytes behind it."""
    header, fields = headers_of(66, 50, size=3)
    other, other_fields = headers_of(66, 50, colours=(2, 1, 13, 6, 3), sar=(4, 3), timebase=(7, 70000), frame_duration=0, size=5)
    packets = [random_packet(MODEL, fields, 5, [40, ALL, ALL], 130, size=2),
               random_packet(MODEL, other_fields, 5, [3, ALL], 131, header=other, size=5),
               random_packet(MODEL, other_fields, 5, [ALL], 132, durations=[1, 0, 127, 128, 2 ** 32 - 1]),
               random_packet(MODEL, fields, 5, [ALL], 133, header=header, durations=[1, 2, 3, 2 ** 21, 2 ** 28], size=4)]
    return segment(header + b"behind", in_turn(packets, 5))


@stream
def edited_invalid():
    """What a reader refuses, each between packets that it reads."""
    header, fields = headers_of(66, 50)
    good = [(ALL, b"\x12\x34\x56\x78\x9a")]

    def made(frames=4, layers=good, **wrong):
        return packet(MODEL, frames, layers, **wrong)

    def headed(**wrong):
        return made(header=stream_header(MODEL, 66, 50, **wrong))

    def moved(frames=4, **wrong):
        return made(frames, motion_=motion(**{"reference": 0, "points": 1, "paths": b"\x40\x50\x60", **wrong}))

    wrong = [
        made(sync=0xD4), made(version=1), made(version=3), made(model_tag=1), made(qidx=64), made(qidx=-65),
        made(dropped=4), made(dropped=3, layers=[(ALL, b"a"), (ALL, b"b")]), made(header_crc_wrong=1),
        made(crcs=[(0, 1)]), made()[:12], made(layers=[(0, b"a")]),
        *[made(detail=detail, layers=[(most + 1, b"a")]) for detail, most in enumerate(FULL)],
        made(layers=[(ALL + 32 * T, b"a")]), made(layers=[(9 * T, b"a")]),
        made(qidx=40, layers=[(ALL, b"a")] * 4), made(layers=[(ALL, b"a")] * 5), made(durations=[1, 1, 0, 1]),
        made(header=header, header_size=len(header) - 1), made(header=header + b"\0"), made(header=header * 3),
        headed(version=1), headed(version=3), headed(model_id=MODEL.id ^ 1 << 40), headed(format_=2), headed(colours=(3, 2, 2, 2, 0)),
        headed(colours=(0, 2, 2, 2, 7)), headed(sar=(1, 0)), headed(timebase=(0, 1)), headed(timebase=(1, 0)),
        made(header=stream_header(MODEL, 0, 50)), made(header=stream_header(MODEL, 66, 65536)),
        made(header=stream_header(MODEL, 66, 50, size=6)), made(header=stream_header(MODEL, 66, 50, frame_duration=2 ** 32)),
        moved(frames=1, point_terms=1), moved(margins=(65, 0, 0, 0)), moved(margins=(0, 0, 0, 65)), moved(reference=4),
        moved(points=3), moved(points=0, point_step=1), moved(points=0, point_terms=2), moved(spacing=5),
        moved(mesh_terms=2), moved(mesh_step=1), moved(point_terms=4), moved(spacing=1, mesh_terms=4), moved(reserved=1),
        made(motion_=b"\0" * 7), b"\xd5", made(layers=[(ALL, b"ab"), (ALL, b"")], crcs=[(0, 9)]),
    ]
    packets = []
    for i, data in enumerate(wrong):
        packets += [data] if i % 4 else [random_packet(MODEL, fields, 4, [ALL], 200 + i), data]
    return segment(header, in_turn([*packets, random_packet(MODEL, fields, 4, [ALL], 199)], 4))


@stream
def edited_frames():
    """Frame packets in another order and twice, too few and too many, damaged, of clips that are not there."""
    header, fields = headers_of(48, 32)
    four, three, two, many = [random_packet(MODEL, fields, frames, [64], 900 + frames, sync=0xD6) for frames in (4, 3, 2, 16)]
    whole = random_packet(MODEL, fields, 4, [64], 920)
    lost = packet(MODEL, 4, [(64, b"\x12\x34")], sync=0xD6, crcs=[(0, 1)])
    made = [frame_packet(four, 1), four, *[frame_packet(four, i) for i in (3, 1, 1, 2)],
            frame_packet(four, 1, check_wrong=1), frame_packet(four, 2, version=3), frame_packet(four, 0),
            frame_packet(four, 4), frame_packet(four, 1, sync=0xD6), frame_packet(four, 1)[:2],
            frame_packet(four, 3), frame_packet(four, 3) + b"\0", frame_packet(four, 3),
            three, frame_packet(four, 1), frame_packet(three, 2), whole, frame_packet(three, 1), frame_packet(whole, 1),
            two, frame_packet(two, 1), lost, frame_packet(two, 1), frame_packet(lost, 1),
            many, *[frame_packet(many, i) for i in range(15, 0, -1)], packet(MODEL, 1, [(64, b"a")], sync=0xD4),
            frame_packet(many, 4), four]
    return segment(header, in_turn(made, 4))


@stream
def edited_no_header():
    """Packets before any stream header, some that have one and are invalid, then one that is valid."""
    header, fields = headers_of(32, 16)
    bare = [random_packet(MODEL, fields, 2, [ALL], 140 + i) for i in range(4)]
    lost = packet(MODEL, 2, [(ALL, b"\x12\x34")], header=header, crcs=[(0, 1)])
    still = packet(MODEL, 1, [(ALL, b"\x12\x34")], header=header, motion_=motion())
    return segment(b"", in_turn([bare[0], still, bare[1], lost, bare[2], random_packet(MODEL, fields, 2, [ALL], 145, header=header),
                                 bare[3]], 2))


# ---- drawn latents and motion -------------------------------------------------------------------


@stream
def random_latents():
    """Every quantiser, rare lengths, escapes."""
    header, fields = headers_of(34, 20)
    return segment(header, in_turn([
        random_packet(MODEL, fields, 5, [ALL], qidx + 1000, qidx=qidx, bold=(0.02, 0.3, 0.9)[qidx // 3 % 3], ones=0.7)
        for qidx in range(-64, 64, 3)], 5))


@stream
def random_details():
    """How many coefficients a clip has, of few frames and many, in layers and refinements, too."""
    header, fields = headers_of(150, 40)
    return segment(header, in_turn([
        random_packet(MODEL, fields, frames, extents, 900 + 10 * detail + i, detail=detail, qidx=(-40, -10, 20)[(detail + i) % 3],
                      bold=(0.02, 0.1)[i % 2])
        for detail, full in enumerate(FULL)
        for i, (frames, extents) in enumerate(((16, [full]), (9, [full // 2, full, full]), (1, [full + 6 * T, full]), (5, [7])))], 16))


@stream
def random_extremes():
    """Levels as large as they get: values at their limit, patches that are clipped, sums that wrap around."""
    header, fields = headers_of(50, 34)
    return segment(header, in_turn([
        random_packet(MODEL, fields, 7, [full] * refinements, 950 + qidx, detail=detail, qidx=qidx, bold=(0.9, 0.3)[i % 2], ones=0.97)
        for detail, full in enumerate(FULL)
        for i, (qidx, refinements) in enumerate(((63, 1), (39, 4), (20, 1), (-20, 2), (-64, 1)))], 7))


@stream
def random_tiles():
    header, fields = headers_of(290, 270)
    return segment(header, in_turn([
        random_packet(MODEL, fields, 16, [ends], 300 + i, qidx=qidx, bold=bold, ones=ones)
        for i, (ends, qidx, bold, ones) in enumerate((
            (ALL, 0, 0.01, 0.5), (ALL, -40, 0.005, 0.5), (9, -20, 0.5, 0.8), (9, 0, 0.4, 0.7), (5, 10, 0.8, 1), (ALL, 63, 0, 0.5)))], 16))


@stream
def random_lengths():
    """Every length behind every other; many are longer than the tile."""
    header, fields = headers_of(2000, 20)
    return segment(header, in_turn([
        random_packet(MODEL, fields, 1, [1], 800 + i, qidx=10 * i - 64, bold=0.95, ones=(0.7, 0.97)[i % 2]) for i in range(12)], 1))


@stream
def random_flags():
    """Every combination of a packet's flags, every number of layers."""
    header, fields = headers_of(40, 24)
    made = []
    for i in range(16):
        moved = random_motion(fields, 4, 850 + i, points=1, reference=i % 4) if i & 4 else None
        made.append(random_packet(MODEL, fields, 4, range(1, i + 2), 870 + i, header=header if i & 1 else None, motion_=moved,
                                  durations=[1, 2, 1, 300] if i & 2 else None, dropped=1 + i % 3 if i & 8 else 0))
    return segment(header, in_turn(made, 4))


@stream
def random_passes():
    header, fields = headers_of(150, 40)
    layouts = ([ALL, ALL], [10, 40, ALL, ALL], [ALL, ALL, ALL, ALL], [5, 20, 10, 30, ALL, 20, ALL, 40], [ALL, 1], [30, 20, 10],
               [*range(1, 9), *range(1, 9)], [ALL, 32, ALL, 40, ALL, ALL])
    return segment(header, in_turn([
        random_packet(MODEL, fields, 7, ends, 400 + i, qidx=(-64, -30, 0, 20, 39)[i % 5], bold=(0.02, 0.2)[i % 2],
                      dropped=4 - refinements if i % 3 == 0 and refinements < 4 else 0)
        for i, ends in enumerate(layouts) for refinements in [1 + sum(b <= a for a, b in zip(ends, ends[1:]))]], 7))


@stream
def random_sweeps():
    """Every threshold; shares of sweeps, sweeps that are shorter than others, refinements that leave something."""
    header, fields = headers_of(150, 40)
    layouts = ([ALL + T * t for t in range(31, 15, -1)], [ALL + T * t for t in range(15, -1, -1)], [ALL + 9 * T, ALL],
               [ALL, ALL + 9 * T, ALL], [10 + 9 * T, 40 + 9 * T, ALL + 9 * T, 30, ALL], [ALL + 5 * T, 20, ALL + 5 * T, ALL],
               [ALL + 2 * T, ALL + 9 * T, ALL + 4 * T, ALL], [ALL, *[ALL + 12 * T, ALL + 6 * T, ALL] * 3],
               [20, ALL, 40 + 3 * T, 30, ALL + 8 * T, ALL + 8 * T], [ALL + 9 * T] * 3)
    return segment(header, in_turn([
        random_packet(MODEL, fields, 7, extents, 700 + i, qidx=(-64, -30, 0, 20, 39)[i % 5], bold=(0.02, 0.2)[i % 2],
                      dropped=int(i % 3 == 0)) for i, extents in enumerate(layouts)], 7))


@stream
def random_motion_fields():
    """Every kind of points and mesh, with every step and number of terms."""
    packets, header, fields = [], *headers_of(70, 54)
    rng = random.Random(919)
    for i in range(64):
        frames, points, spacing = (16, 2, 16, 3, 9, 15)[i % 6], i % 3, i // 3 % 5
        most = frames - 1
        motion_ = random_motion(
            fields, frames, 500 + i, bold=(0.05, 0.4, 0.9)[i // 5 % 3], ones=(0.5, 0.95)[i % 2], reference=rng.randint(0, most),
            margins=[64 if i % 7 == side else rng.randint(0, 64) * rng.randint(0, 1) for side in range(4)],
            points=points, point_terms=rng.randint(1, most) if points else 1, point_step=5 * i % 16 if points else 0,
            spacing=spacing, mesh_terms=rng.randint(1, most) if spacing else 1, mesh_step=7 * i % 16 if spacing else 0)
        packets.append((random_packet(MODEL, fields, frames, [2], 600 + i, qidx=20, motion_=motion_), frames))
    steep = random_motion(fields, 4, 499, bold=0.9, ones=0.97, spacing=1, mesh_terms=2)     # coefficients beyond their limits
    packets.append((random_packet(MODEL, fields, 4, [2], 599, qidx=20, motion_=steep), 4))
    times = [sum(frames for _, frames in packets[:i]) for i in range(len(packets))]
    return segment(header, [(data, time, frames) for (data, frames), time in zip(packets, times)])


@stream
def random_payloads():
    """Bytes that no encoder made, so that the range decoder meets code >= range, too."""
    header, fields = headers_of(50, 34)
    payloads = [bytes((i * i * 37 + i * seed) % 256 for i in range(400)) for seed in range(8)] + [b"", b"\0" * 9, b"\xff" * 300]
    made = [packet(MODEL, 6, [(ALL, payload), (ALL, payload[::-1])], qidx=8 * i - 50) for i, payload in enumerate(payloads)]
    made += [packet(MODEL, 6, [(ALL, payload)], motion_=motion(points=2, point_terms=3, spacing=2, mesh_terms=4, paths=payload[:90]))
             for payload in payloads]
    return segment(header, in_turn(made, 6))


# ---- inter clips --------------------------------------------------------------------------------


def with_frame_packets(clip):
    """A clip's packet and those of its later frames, where it shows the first one."""
    packet_ = spec_decoder.Packet(clip, None, Seen())
    return [clip] if packet_.shows_all else [clip, *(frame_packet(clip, i) for i in range(1, packet_.frames))]


def chain(fields, seed, clips, **common):
    """Packets of a key clip and of inter clips behind it; clips: frames, extents and other arguments of random_packet of each; where
    they have motion, it is arguments of random_motion."""
    made = []
    for i, (frames, extents, arguments) in enumerate(clips):
        arguments, before = {**common, **arguments}, made[-1] if made else None
        if "motion_" in arguments:
            arguments["motion_"] = random_motion(fields, frames, seed + i, is_inter=before is not None, **arguments["motion_"])
        made.append(random_packet(MODEL, fields, frames, extents, seed + i, before=before, **arguments))
    return made


def segment_of(header, clips):
    """clips: (packets of a clip, its frames)"""
    packets, time = [], 0
    for data, frames in clips:
        shown = [frames] if len(data) == 1 else [1] * len(data)
        packets += [(packet_, time + i, duration) for i, (packet_, duration) in enumerate(zip(data, shown))]
        time += frames
    return segment(header, packets)


def frames_of(data):
    return spec_decoder.Packet(data, None, Seen()).frames


def segment_of_clips(header, packets):
    return segment_of(header, [(with_frame_packets(data), frames_of(data)) for data in packets])


@stream
def random_inter():
    """Chains without motion, of clips of every length, that show all of their frames or the first one, with a stream header or without."""
    header, fields = headers_of(75, 43)
    made = []
    for i, lengths in enumerate(((4, 1), (16, 9, 3), (1, 2, 5, 16), (8, 13), (7, 6, 10), (11, 12, 14, 15))):
        made += chain(fields, 2000 + 10 * i, [
            (frames, [FULL[(i + n) % 4]], {"detail": (i + n) % 4, "qidx": 7 * i - 40 + 5 * n, "header": header if (i + n) % 3 == 0 else None})
            for n, frames in enumerate(lengths)], bold=(0.01, 0.1)[i % 2], ones=0.6, sync=(0xD5, 0xD6)[i // 2 % 2])
    return segment_of_clips(header, made)


@stream
def random_inter_tiles():
    """Tiles of every size, predicted or not, beside each other, cut by the picture's edges or not."""
    made = b""
    for width, height, clips in (
            (290, 270, ((9, -30, 0.3, 0.7), (ALL, -40, 0.005, 0.5), (9, -20, 0.5, 0.8), (5, -10, 0.8, 0.6))),
            (650, 400, [(1, 0, 0.5, 0.3), (1, 10, 0.2, 0.5), (2, -10, 0.5, 0.2), (1, -20, 0.05, 0.5)])):
        header, fields = headers_of(width, height)
        made += segment_of_clips(header, chain(fields, 2100 + width, [
            (4, [ends], {"qidx": qidx, "bold": bold, "ones": ones}) for ends, qidx, bold, ones in clips]))
    return made


@stream
def random_inter_sizes():
    """Pictures that end inside of a token, or are less than one."""
    made = b""
    for i, (width, height) in enumerate(((1, 1), (2, 3), (17, 15), (129, 16), (15, 130), (33, 257))):
        header, fields = headers_of(width, height)
        made += segment_of_clips(header, chain(fields, 2200 + 10 * i, [(frames, [20], {"qidx": -20}) for frames in (3, 2, 6)]))
        moved = {"points": 1, "reference": i % 2, "margins": (i, 2, 0, 3)}
        made += segment_of_clips(header, chain(fields, 2205 + 10 * i, [
            (frames, [20], {"qidx": -20, "motion_": moved}) for frames in (3, 2, 1)]))
    return made


@stream
def random_inter_motion():
    """Every kind of points and mesh, step, number of terms and T, behind key clips that move and that do not."""
    packets, header, fields = [], *headers_of(71, 53)
    rng = random.Random(2300)
    for i in range(16):
        clips = [(rng.randint(1, 16), [40], {})]
        for n in range(2):
            frames, points, spacing = (i + 8 * n) % 16 + 1, (i + n) % 3, (i + 2 * n) % 5
            most = min(frames, 15)
            moved = {
                "bold": (0.02, 0.1, 0.4)[i % 3], "margins": [64 if i % 5 == side else rng.randint(0, 20) * rng.randint(0, 1) for side in range(4)],
                "reference": rng.randint(0, most),
                "points": points, "point_terms": (most, rng.randint(1, most))[n] if points else 1, "point_step": (5 * i + n) % 16 if points else 0,
                "spacing": spacing, "mesh_terms": (rng.randint(1, most), most)[n] if spacing else 1, "mesh_step": (7 * i + n) % 16 if spacing else 0}
            clips.append((frames, [40], {"motion_": moved}))
        packets += chain(fields, 2310 + 10 * i, clips, qidx=-16, bold=0.03, sync=(0xD5, 0xD6)[i % 2])
    steep = {"bold": 0.97, "ones": 0.97, "reference": 2, "points": 1, "point_terms": 2, "point_step": 15}
    packets += chain(fields, 2480, [(2, [40], {}), *[(4, [40], {"motion_": steep})] * 4], qidx=-16)     # content is far from where it rests
    return segment_of_clips(header, packets)


@stream
def random_inter_layers():
    """Layers, sweeps and refinements, whole and cut to each number of layers: the clips behind are the same, as they rest on the first
    layer alone."""
    header, fields = headers_of(150, 40)
    layouts = ([ALL, ALL, ALL], [10, 40, ALL, ALL], [ALL + 9 * T, ALL], [ALL + 12 * T, ALL, ALL + 6 * T, ALL],
               [20, ALL + 5 * T, ALL, ALL], [ALL] * 4)
    moved = {"points": 2, "point_terms": 2, "point_step": 6, "spacing": 2, "mesh_step": 4, "reference": 3, "margins": (3, 1, 0, 5)}
    whole = chain(fields, 2500, [
        (5, layouts[i % 6], {"qidx": (-30, 0, 20)[i % 3], "bold": 0.03, "dropped": int(i % 3 == 0 and i % 6 < 5),
                             **({"motion_": moved} if i % 2 else {})}) for i in range(6)])
    made = list(whole)
    for layers in range(1, 4):
        made += [spec_decoder.truncated(data, min(layers + i % 2, len(layouts[i]))) for i, data in enumerate(whole)]
    return segment_of_clips(header, made)


@stream
def random_inter_still():
    """Predicted tiles without tokens, in the first layer or in all, beside each other and beside others; pictures that end inside of a
    token; whole and cut to each number of layers."""
    made = b""
    layouts = [40], [20, ALL], [9, 40, ALL], [ALL + 9 * T, ALL], [30] * 3
    moved = {"points": 2, "point_terms": 1, "point_step": 5, "spacing": 2, "mesh_step": 3, "reference": 1, "margins": (3, 1, 0, 5)}
    for i, (width, height) in enumerate(((131, 91), (67, 140), (37, 21))):
        header, fields = headers_of(width, height)
        whole = chain(fields, 2540 + 10 * i, [(4, [40], {"empty": 0.1})] + [
            (4 - n % 3, layouts[n], {"empty": 0.8, **({"motion_": moved} if (i + n) % 2 else {})}) for n in range(5)], qidx=20, bold=0.2, ones=0.6)
        made += segment_of_clips(header, whole + [
            spec_decoder.truncated(data, min(layers, len(spec_decoder.Packet(data, fields, Seen()).layers)))
            for layers in (1, 2) for data in whole])
    return made


@stream
def random_inter_extremes():
    """Levels as large as they get on top of prediction."""
    header, fields = headers_of(50, 34)
    made = []
    for detail, full in enumerate(FULL):
        made += chain(fields, 2600 + 10 * detail, [
            (frames, [full] * refinements, {"detail": detail, "qidx": qidx})
            for frames, qidx, refinements in ((7, -20, 1), (5, 63, 1), (4, 39, 4), (6, -64, 2))], bold=0.6, ones=0.9)
    return segment_of_clips(header, made)


@stream
def random_inter_payloads():
    """Bytes that no encoder made, for payloads and for motion."""
    header, fields = headers_of(50, 34)
    payloads = [bytes((i * i * 41 + i * seed) % 256 for i in range(300)) for seed in range(6)] + [b"", b"\0" * 9, b"\xff" * 200]
    made = [random_packet(MODEL, fields, 6, [ALL], 2700, qidx=-20, bold=0.2)]
    for i, payload in enumerate(payloads):
        moved = motion(margins=(1, 0, 2, 0), reference=i % 7, points=2, point_terms=3, spacing=2, mesh_terms=4, paths=payload[:90]) if i % 2 else None
        made.append(packet(MODEL, 6, [(ALL, payload), (ALL, payload[::-1])], qidx=8 * i - 50, motion_=moved, reference=id_of(made[-1])))
    return segment_of_clips(header, made)


@stream
def edited_inter():
    """What inter clips are predicted from where a clip is missing, damaged, of another size, or never was; packets of inter clips that a
    reader refuses."""
    header, fields = headers_of(48, 32)
    other, other_fields = headers_of(34, 20)
    moved = {"motion_": {"points": 1, "point_step": 8, "reference": 1, "margins": (1, 1, 1, 1)}}
    a, b, c, d = chain(fields, 2800, [(4, [64], {}), (3, [64], moved), (1, [64], {}), (2, [64], moved)], sync=0xD6, header=header)
    drawn = random_packet(MODEL, fields, 4, [64], 2814, before=a)
    good = [(64, layer.payload) for layer in spec_decoder.Packet(drawn, fields, Seen()).whole_layers]
    lost = packet(MODEL, 3, good, reference=id_of(a), crcs=[(0, 1)])
    small = random_packet(MODEL, other_fields, 2, [64], 2810, header=other)
    of_small = random_packet(MODEL, other_fields, 2, [64], 2811, before=small, header=other)
    once = packet(MODEL, 4, good, reference=id_of(a), header=header)
    twice = packet(MODEL, 4, good, reference=id_of(once), header=header)
    behind = random_packet(MODEL, fields, 4, [64], 2813, before=twice, header=header)

    def made(frames=4, **wrong):
        return packet(MODEL, frames, good, **{"reference": id_of(d), **wrong})

    def moving(frames=4, **wrong):
        return made(frames, motion_=motion(**{"points": 1, "paths": b"\x40\x50\x60", **wrong}))

    wrong = [moving(reference=5), moving(frames=1, point_terms=2), moving(point_terms=5), moving(frames=16, point_terms=16),
             moving(frames=16, spacing=1, mesh_terms=16), made(sync=0xD7), made(sync=0xD4), made(header_crc_wrong=1), made()[:7],
             moving(margins=(0, 65, 0, 0)), moving(spacing=1, mesh_terms=5)]
    rows = [
        [d, frame_packet(d, 1), c],                                     # no clip before
        [a, b, c, d, frame_packet(d, 1)],                               # all that there are
        [a, c, frame_packet(c, 1), d, a, b],                            # one missing
        [a, lost, b, c], [a, b"\xd4" * 9, b], [a, frame_packet(a, 9), b"\xd5\x00", b],   # damaged ones, and frame packets that are none
        [a, small, b, of_small, a, b],                                  # another size
        [a, random_packet(MODEL, fields, 4, [64], 2812, before=a, header=header)],
        [a, b, a, b, c, b, c, d], [small, of_small, a, of_small],
        [a, once, twice, behind], [a, once, behind], [a, twice, behind],    # two whose layers are the same, one of them missing
        *([d, data] for data in wrong), [a, b, c, d]]
    return segment(header, in_turn([data for row in rows for data in row], 4))


@stream
def random_10_bits():
    """Clips without motion and with, small levels and the largest, key clips and inter clips."""
    header, fields = headers_of(71, 53, format_=1)
    moved = {"points": 2, "point_terms": 2, "point_step": 6, "spacing": 2, "mesh_step": 4, "reference": 1, "margins": (3, 1, 0, 5)}
    return segment_of_clips(header, chain(fields, 2900, [
        (4, [ALL], {}), (3, [40], {"motion_": moved}), (2, [ALL, ALL], {"bold": 0.3}), (16, [64], {"motion_": moved, "empty": 0.7}),
        (5, [ALL], {"qidx": 40, "bold": 0.9, "ones": 0.97}), (1, [30], {"qidx": -64})], qidx=-16, bold=0.03))


# ---- checksums ----------------------------------------------------------------------------------


def checksum(path, steps):
    """md5 of all frames that a bitexact decode gives out; damage is not fatal."""
    environment = dict(os.environ, ONEDVA_MODEL=MODEL_FILE)
    result = subprocess.run([os.path.join(BIN, "ffmpeg"), "-v", "quiet", "-flags", "+bitexact", "-threads", "1", "-steps", str(steps),
                             "-i", path, "-noautoscale", "-fps_mode", "passthrough", "-pix_fmt", pix_fmt_of(path), "-f", "md5", "-"],
                            stdout=subprocess.PIPE, env=environment)
    return result.stdout.decode().strip().removeprefix("MD5=")


def main(names):
    unknown = set(names) - set(STREAMS)
    if unknown:
        sys.exit(f"make_streams: there is no {', '.join(sorted(unknown))}; there are {', '.join(sorted(STREAMS))}")
    for name in names or STREAMS:
        data = STREAMS[name]()
        with open(os.path.join(HERE, f"{name}.odva"), "wb") as file:
            file.write(data)
        print(f"{name}: {len(data)} bytes")
    with open(os.path.join(HERE, "md5"), "w") as file:
        for name in sorted(STREAMS):
            for steps in 0, 1:
                file.write(f"{name} {steps} {checksum(os.path.join(HERE, name + '.odva'), steps)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
