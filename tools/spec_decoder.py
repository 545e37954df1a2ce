#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads One-DVA elementary streams (.odva), written from doc/bitstream.md alone: a second opinion on what a stream means.

    tools/spec_decoder.py --model fate/model/onedva-test.safetensors fate/conformance/*.odva

prints a line for each packet: its time, what its header says, and a checksum of its quantised latents; --pictures writes
the pictures of `-steps 0`. Names and numbers of sections are those of the text. Everything that changes a result is an integer;
tables of roots and cosines are rounded from doubles, which are far from halves (test_spec_decoder.py). Needs numpy only."""
import argparse
import collections
import functools
import itertools
import json
import math
import struct
import sys
import zlib
from fractions import Fraction

import numpy as np

WHOLE_CLIP, CLIP, FRAME, VERSION = 0xD5, 0xD6, 0xD7, 2     # what sync says that a packet shows
INTER = 8           # what sync has more in the packet of an inter clip
FRAME_PACKET_SIZE = 3
HAS_HEADER, HAS_DURATIONS, HAS_MOTION, HAS_DROPPED = 1, 2, 4, 8
SIDE = 8            # tokens of a superblock, each way
TOKEN = 8, 8, 16, 32    # coefficients of a latent token of tiles of size 0..3


class Invalid(ValueError):
    """What the text calls invalid, and says why."""


class LayersLost(Invalid):
    """A packet without a whole layer, in which nothing else is wrong."""


def clip(x, a, b):
    return min(max(x, a), b)


# ---- 1. Conventions -----------------------------------------------------------------------------


class Seen(collections.defaultdict):
    """How often each syntax element had each value: {element: Counter}."""

    def __init__(self):
        super().__init__(collections.Counter)

    def __call__(self, element, value):
        self[element][value] += 1
        return value


class Bytes:
    """A place in bytes that are read from there on."""

    def __init__(self, data, seen, at=0):
        self.data, self.seen, self.at = data, seen, at

    def take(self, size, what):
        if self.at + size > len(self.data):
            raise Invalid(f"ends inside of {what}")
        self.at += size
        return self.data[self.at - size:self.at]

    def u8(self, what):
        return self.seen(what, self.take(1, what)[0])

    def u4u4(self, high, low):
        byte = self.take(1, high)[0]
        return self.seen(high, byte >> 4), self.seen(low, byte & 15)

    def u16(self, what):
        return struct.unpack("<H", self.take(2, what))[0]

    def leb(self, what, size=5, bits=32):
        value = 0
        for i in range(size):
            byte = self.take(1, what)[0]
            value |= (byte & 127) << 7 * i
            if byte < 128:
                if value >> bits:
                    raise Invalid(f"{what} has more than {bits} bits")
                self.seen(f"leb{bits} bytes", i + 1)
                self.seen(f"leb{bits} redundant", i > 0 and byte == 0)
                return value
        raise Invalid(f"{what} has more than {size} bytes")


def xxh64(data):
    """The xxHash function of that name with seed 0."""
    p1, p2, p3, p4, p5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                          0x27D4EB2F165667C5)
    mask = 2 ** 64 - 1

    def rotate(x, n):
        return (x << n | x >> 64 - n) & mask

    def round_of(lane, word):
        return rotate((lane + word * p2) & mask, 31) * p1 & mask

    at = 0
    if len(data) >= 32:
        lanes = [(p1 + p2) & mask, p2, 0, -p1 & mask]
        while at + 32 <= len(data):
            lanes = [round_of(lane, word) for lane, word in zip(lanes, struct.unpack_from("<4Q", data, at))]
            at += 32
        value = sum(rotate(lane, n) for lane, n in zip(lanes, (1, 7, 12, 18))) & mask
        for lane in lanes:
            value = ((value ^ round_of(0, lane)) * p1 + p4) & mask
    else:
        value = p5
    value = (value + len(data)) & mask
    while at + 8 <= len(data):
        value = (rotate(value ^ round_of(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & mask
        at += 8
    if at + 4 <= len(data):
        value = (rotate(value ^ struct.unpack_from("<I", data, at)[0] * p1 & mask, 23) * p2 + p3) & mask
        at += 4
    for byte in data[at:]:
        value = rotate(value ^ byte * p5 & mask, 11) * p1 & mask
    value = (value ^ value >> 33) * p2 & mask
    value = (value ^ value >> 29) * p3 & mask
    return value ^ value >> 32


@functools.lru_cache(None)
def _crc_table():
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
        table.append(crc)
    return table


def crc16(data):
    """CRC-16/CCITT-FALSE."""
    crc, table = 0xFFFF, _crc_table()
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ table[crc >> 8 ^ byte]
    return crc


# ---- 2. Stream header ---------------------------------------------------------------------------

DEPTHS = {0: 8, 1: 10}      # of a sample, by format

StreamHeader = collections.namedtuple(
    "StreamHeader", "model_id width height range primaries transfer matrix chroma_location sar timebase frame_duration depth",
    defaults=(DEPTHS[0],))


def read_stream_header(data, seen):
    """-> StreamHeader and the bytes that its fields take."""
    if len(data) > 64:
        raise Invalid("a stream header of more than 64 bytes")
    read = Bytes(data, seen)
    if read.u8("header.version") != VERSION:
        raise Invalid("a stream header of another version")
    model_id, = struct.unpack("<Q", read.take(8, "model_id"))
    width, height = read.leb("width"), read.leb("height")
    if not (1 <= width <= 65535 and 1 <= height <= 65535):
        raise Invalid(f"size {width}x{height}")
    depth = DEPTHS.get(read.u8("header.format"))
    if depth is None:
        raise Invalid("reserved format")
    colour_range = read.u8("header.range")
    if colour_range > 2:
        raise Invalid("reserved range")
    colours = [read.u8(f"header.{name}") for name in ("primaries", "transfer", "matrix")]
    location = read.u8("header.chroma_location")
    if location > 6:
        raise Invalid("reserved chroma_location")
    sar, timebase = ((read.leb(name), read.leb(name)) for name in ("sar", "timebase"))
    if sar[1] == 0:
        raise Invalid("denominator 0 of sar")
    if 0 in timebase:
        raise Invalid("timebase with 0")
    seen("header.sar known", sar[0] > 0)
    duration = read.leb("frame_duration")
    seen("header.frame_duration known", duration > 0)
    return StreamHeader(model_id, width, height, colour_range, *colours, location, sar, timebase, duration, depth), read.at


# ---- 3. Packet ----------------------------------------------------------------------------------


class Layer:
    """token_end, threshold, what it begins ("refinement", "sweep" or "share" of a sweep), its refinement (0: coarsest),
    payload, None where it is lost, and how many bytes decide on its values, of how many that are read."""

    def __init__(self, extent, size, crc, before=None):
        self.extent, self.size, self.crc = extent, size, crc
        self.token_end, self.threshold = extent & 16383, extent >> 14
        self.begins, self.refinement, self.payload, self.settled, self.read = "refinement", 0, None, None, None
        if before is not None:
            self._follow(before)

    def _follow(self, before):
        self.begins = "share"
        if self.token_end <= before.token_end or self.threshold != before.threshold:
            self.begins = "sweep" if before.threshold > 0 else "refinement"
        self.refinement = before.refinement + (self.begins == "refinement")


class Packet:
    """The fields of a packet, as section 3 names them."""

    def __init__(self, data, current, seen):
        """current: the StreamHeader before this packet, or None."""
        self.seen = seen
        read = Bytes(data, seen)
        self.sync = read.u8("packet.sync")
        if self.sync & ~INTER not in (WHOLE_CLIP, CLIP):
            raise Invalid("no sync")
        self.is_inter = bool(self.sync & INTER)
        version, flags = read.u4u4("packet.version", "packet.flags")
        if version != VERSION:
            raise Invalid(f"version {version}")
        for bit in (HAS_HEADER, HAS_DURATIONS, HAS_MOTION, HAS_DROPPED):
            seen(f"packet.flags & {bit}", flags & bit != 0)
        tag = read.u16("model_tag")
        self.model_tag, self.smoothing, self.detail = tag & 0x7FF, seen("packet.smoothing", tag >> 11 & 7), seen("packet.detail", tag >> 14)
        frames, layers = read.u4u4("packet.frames-1", "packet.layers-1")
        self.frames = frames + 1
        self.qidx, = struct.unpack("b", read.take(1, "qidx"))
        if not -64 <= self.qidx <= 63:
            raise Invalid(f"qidx {self.qidx}")
        seen("packet.qidx", self.qidx)
        self.dropped = 0
        if flags & HAS_DROPPED:
            self.dropped = read.u8("packet.dropped")
            if not 1 <= self.dropped <= 3:
                raise Invalid(f"dropped {self.dropped}")
        self.reference = read.u16("reference") if self.is_inter else None
        self.header = current
        if flags & HAS_HEADER:
            self._read_header(read)
        self.has_header = bool(flags & HAS_HEADER)
        self.durations = [read.leb("duration") for _ in range(self.frames)] if flags & HAS_DURATIONS else None
        self.motion_bytes = read.take(read.leb("motion_size"), "motion") if flags & HAS_MOTION else None
        self.layers = []
        for _ in range(layers + 1):
            fields = read.leb("layer extent"), read.leb("layer size"), read.u16("layer crc")
            self.layers.append(Layer(*fields, *self.layers[-1:]))
        self._check_refinements()
        end = read.at
        if crc16(data[:end]) != read.u16("header_crc"):
            raise Invalid("wrong header_crc")
        self._check_durations()
        self.motion = None
        if self.motion_bytes is not None and self.header is not None:
            self.motion = Motion(self.motion_bytes, self.header, self.frames, seen, is_inter=self.is_inter)
        self._take_payloads(data, read.at)

    def _read_header(self, read):
        size = read.leb("header_size")
        self.header, used = read_stream_header(read.take(size, "stream header"), self.seen)
        if used != size:
            raise Invalid(f"header_size {size}, the fields take {used}")

    def _check_durations(self):
        if self.durations is None:
            return
        for duration in self.durations:
            self.seen("packet.duration known", duration > 0)
            if duration == 0 and self.header is not None and self.header.frame_duration:
                raise Invalid("duration 0 beside a frame_duration")

    def _check_refinements(self):
        self.refinements = self.layers[-1].refinement + 1
        self.seen("packet.refinements", self.refinements)
        for layer in self.layers:
            if layer.threshold > 31:
                raise Invalid(f"threshold {layer.threshold}")
            self.seen("layer.begins", layer.begins)
            self.seen("layer.threshold", layer.threshold)
        if self.refinements + self.dropped > 4:
            raise Invalid(f"{self.refinements} refinements and {self.dropped} dropped")
        if self.qidx + 8 * (self.refinements - 1) > 63:
            raise Invalid("qidx of the first refinement is above 63")

    def _take_payloads(self, data, at):
        for layer in self.layers:
            payload = data[at:at + layer.size]
            whole = len(payload) == layer.size
            right = whole and crc16(payload) == layer.crc
            self.seen("layer.lost", "no" if right else "crc" if whole else "cut short")
            if not right:
                break
            layer.payload = payload
            at += layer.size
        else:
            self.seen("packet.bytes behind", at < len(data))

    @property
    def crc(self):
        """Of the first layer, as the header has it."""
        return self.layers[0].crc

    @property
    def id(self):
        """What an inter clip behind it calls it."""
        return crc16(struct.pack("<HH", self.reference, self.crc)) if self.is_inter else self.crc

    @property
    def whole_layers(self):
        return [layer for layer in self.layers if layer.payload is not None]

    @property
    def shows_all(self):
        return self.sync & ~INTER == WHOLE_CLIP


class Frame:
    """What a frame packet shows: a frame of the clip before it."""

    def __init__(self, data, clip_, seen):
        """clip_: the one that was decoded last, or None."""
        read = Bytes(data, seen)
        if len(data) != FRAME_PACKET_SIZE or read.u8("frame.sync") != FRAME:
            raise Invalid("no frame packet")
        version, self.frame = read.u4u4("frame.version", "frame.frame")
        check = read.take(1, "check")[0]
        if version != VERSION or self.frame == 0:
            raise Invalid(f"version {version}, frame {self.frame}")
        shown = (clip_ is not None and clip_.has_pictures and self.frame < clip_.frames
                 and check == clip_.packet.crc & 255 ^ 17 * self.frame & 255)
        seen("frame.shown", shown)
        if not shown:
            raise Invalid(f"frame {self.frame} of a clip that is not there")
        self.clip = clip_


def is_frame_packet(data):
    return len(data) <= FRAME_PACKET_SIZE or data[0] == FRAME


def leb(value):
    """In the fewest bytes."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + leb(value >> 7)


def written_stream_header(header):
    return (struct.pack("<BQ", VERSION, header.model_id) + leb(header.width) + leb(header.height)
            + bytes([int(header.depth == DEPTHS[1]), header.range, header.primaries, header.transfer, header.matrix,
                     header.chroma_location])
            + b"".join(leb(value) for value in (*header.sar, *header.timebase, header.frame_duration)))


def truncated(data, count):
    """The packet's first layers, all of them whole, as a packet; count: how many."""
    packet = Packet(data, None, Seen())
    missing = packet.refinements - 1 - packet.layers[count - 1].refinement
    dropped = packet.dropped + missing
    made = bytearray(data[:4]) + bytes([data[4] & 0xF0 | count - 1, packet.qidx + 8 * missing & 255])
    made[1] = data[1] & ~HAS_DROPPED | (HAS_DROPPED if dropped else 0)
    if dropped:
        made.append(dropped)
    if packet.is_inter:
        made += struct.pack("<H", packet.reference)
    if packet.has_header:
        header = written_stream_header(packet.header)
        made += leb(len(header)) + header
    made += b"".join(leb(duration) for duration in packet.durations or ())
    if packet.motion_bytes is not None:
        made += leb(len(packet.motion_bytes)) + packet.motion_bytes
    for layer in packet.layers[:count]:
        made += leb(layer.extent) + leb(layer.size) + struct.pack("<H", layer.crc)
    made += struct.pack("<H", crc16(made))
    return bytes(made) + b"".join(layer.payload for layer in packet.layers[:count])


# ---- 4. Geometry --------------------------------------------------------------------------------

#: Distances (k, ft, fy, fx) and weights of the features around (section 6).
AROUND = [((0, 0, 0, -1), 2), ((0, 0, -1, 0), 2), ((0, -1, 0, 0), 2), ((-1, 0, 0, 0), 2)] + [
    (distance, 1) for distance in (
        (0, 0, 0, -2), (0, 0, -2, 0), (-2, 0, 0, 0), (0, 0, -1, -1), (-1, 0, 0, -1), (-1, 0, -1, 0), (-1, -1, 0, 0),
        (0, -1, 0, -1), (0, -1, -1, 0), (0, 0, 0, 1), (0, 0, 1, 0), (0, 1, 0, 0), (1, 0, 0, 0))]


class Scan:
    """The order of a tile's coefficients and what does not change of each: lists by the place in the scan."""

    def __init__(self, model, detail, size, shape):
        nt, ny, nx = self.shape = shape
        self.vectors = model.vectors(detail)
        place = dict(self._places(model, size))     # coefficient: place in the model's arrays
        key, scale = model.scan_key[size], model.scan_scale[size]
        self.coefficients = sorted(place, key=lambda c: (-key[place[c]], -scale[place[c]], place[c]))
        side, shift = 1 << size, model.size_shift
        of_size = shift[nt - 1] + shift[4 + ny - 1] - shift[4 + side - 1] + shift[12 + nx - 1] - shift[12 + side - 1]
        self.scale = [clip(scale[place[c]] + of_size, -128, 127) for c in self.coefficients]
        self.frequencies = [(4 * ft // nt, 8 * fy // ny, 8 * fx // nx) for _, ft, fy, fx in self.coefficients]    # F_t, F_y, F_x
        self.groups = [self._groups(*self.vectors[k], *f) for (k, *_), f in zip(self.coefficients, self.frequencies)]
        self.index = {c: i for i, c in enumerate(self.coefficients)}
        self.first = {}     # group: the place of its first coefficient
        for i, groups in enumerate(self.groups):
            for group in groups:
                self.first.setdefault(group, i)
        self._beside = {}
        self.around = [[(self.index[other], weight) for other, weight in self._around(c) if other in self.index]
                       for c in self.coefficients]

    def _places(self, model, size):
        (nt, ny, nx), side = self.shape, 1 << size
        row_of = {vector: row for row, vector in enumerate(model.vectors(3))}
        for (k, vector), ft, fy, fx in itertools.product(enumerate(self.vectors), range(nt), range(ny), range(nx)):
            at = (row_of[vector] * 4 + 4 * ft // nt) * side + side * fy // ny
            yield (k, ft, fy, fx), at * side + side * fx // nx

    def beside(self, other):
        """Of each coefficient, its place in the scan of a tile beside."""
        if other not in self._beside:
            _, ny, nx = other.shape
            y, x = ([max(f for f in range(n) if 8 * f // n <= full) for full in range(8)] for n in (ny, nx))
            self._beside[other] = [other.index[k, ft, y[f_y], x[f_x]]
                                   for (k, ft, _, _), (_, f_y, f_x) in zip(self.coefficients, self.frequencies)]
        return self._beside[other]

    @staticmethod
    def _around(coefficient):
        return [(tuple(a + d for a, d in zip(coefficient, distance)), weight) for distance, weight in AROUND]

    @staticmethod
    def _groups(band, j, f_t, f_y, f_x):
        """Which running means a coefficient belongs to."""
        total = f_x + f_y
        z = 0 if total == 0 else 1 if total <= 2 else 2 if total <= 5 else 3
        return "all", ("F_t", band, f_t), ("j", j), ("zone", 8 * (band > 0 or f_t > 0) + 4 * (f_x > f_y) + z)


class Tile:
    """Quantised coefficients of a tile in the order of its scan."""

    def __init__(self, y, x, size, scan, is_predicted=False):
        self.y, self.x, self.size, self.scan, self.is_predicted = y, x, size, scan, is_predicted
        self.left = self.above = None   # the tiles beside
        self.q = [0] * len(scan.coefficients)
        self.m = []         # min(|q|, 15) of what is seen of this refinement
        self.coded = []     # of each coefficient, whether this refinement has decoded it
        self.tokens = 0     # that this sweep has gone through
        self.lengths = []   # of each refinement begun: tokens that the longest of its sweeps has gone through
        self.behind = []    # tokens behind each layer, of its sweep
        self.N = -(-len(self.q) // TOKEN[size])

    def coefficients(self, tokens):
        return min(tokens * TOKEN[self.size], len(self.q))

    def begin(self, layer):
        """What a layer begins."""
        if layer.begins == "refinement":
            self.q = [2 * q for q in self.q]
            self.m = [min(abs(q), 15) if layer.threshold > 0 else 0 for q in self.q]
            self.coded = [False] * len(self.q)
            self.lengths.append(0)
        if layer.begins != "share":
            self.tokens = 0

    def known(self):
        """Coefficients that refinements before have gone through."""
        return self.coefficients(max(self.lengths[:-1], default=0))


class Grid:
    """Tokens of a clip, and the tiles that a partition makes of them."""

    def __init__(self, model, detail, frames, width, height, is_inter=False):
        self.model, self.detail, self.is_inter = model, detail, is_inter
        self.gt, self.gy, self.gx = -(-frames // 4), -(-height // 16), -(-width // 16)
        self.tiles, self.tile_of = [], {}       # tile_of: (y, x): the tile that holds it

    def kind(self, s, y, x):
        if y >= self.gy or x >= self.gx:
            return "outside"
        if s == 1:
            return "a tile"
        return "implied" if self.gy - y <= s // 2 and self.gx - x <= s // 2 else "free"

    def beside(self, y, x):
        """Of the tokens above and left of a node's first one, the tiles of those that there are."""
        return [self.tile_of[place] for place in ((y - 1, x), (y, x - 1)) if place in self.tile_of]

    def add_tile(self, s, y, x, is_predicted):
        ny, nx = min(s, self.gy - y), min(s, self.gx - x)
        size = s.bit_length() - 1
        tile = Tile(y, x, size, self.model.scan(self.detail, size, (self.gt, ny, nx)), is_predicted)
        tile.left = self.tile_of.get((y + (ny - 1) // 2, x - 1))
        tile.above = self.tile_of.get((y - 1, x + (nx - 1) // 2))
        self.tile_of.update({(y + i, x + j): tile for i in range(ny) for j in range(nx)})
        self.tiles.append(tile)


# ---- 5. Range decoder ---------------------------------------------------------------------------


class RangeDecoder:
    def __init__(self, payload):
        self.payload, self.at, self.range = payload, 4, 0xFFFFFFFF
        self.settled = 4    # at, when the last value was read that was not the first of its kind
        self.code = int.from_bytes(payload[:4].ljust(4, b"\0"), "big")

    def _renormalise(self):
        while self.range < 1 << 24:
            byte = self.payload[self.at] if self.at < len(self.payload) else 0
            self.code = (self.code << 8 | byte) & 0xFFFFFFFF
            self.range = self.range << 8 & 0xFFFFFFFF
            self.at += 1

    def _settle(self, value):
        if self.range < 1 << 24:
            self._renormalise()
        if value:
            self.settled = self.at

    def decode(self, cdf):
        r = self.range >> 15
        v = min(self.code // r, 32767)
        s, last = 0, len(cdf) - 2
        while s < last and cdf[s + 1] <= v:
            s += 1
        self.code -= r * cdf[s]
        self.range = self.range - r * cdf[s] if s == last else r * (cdf[s + 1] - cdf[s])
        self._settle(s)
        return s

    def bit(self, zero):
        """decode({0, zero, 32768})"""
        bound = (self.range >> 15) * zero
        if self.code < bound:
            bit, self.range = 0, bound
        else:
            bit, self.code, self.range = 1, self.code - bound, self.range - bound
        self._settle(bit)
        return bit

    def bits(self, n):
        if n == 0:
            return 0
        self.range >>= n
        v = min(self.code // self.range, (1 << n) - 1)
        self.code -= v * self.range
        self._settle(v)
        return v


class AdaptiveBit:
    """bit(context) of section 10."""

    def __init__(self):
        self.zero, self.uses = 16384, 0

    def decode(self, coder):
        bit = coder.bit(self.zero)
        shift = 2 + (self.uses >= 2) + (self.uses >= 6) + (self.uses >= 14)
        self.zero += -(self.zero >> shift) if bit else 32768 - self.zero >> shift
        self.uses += 1
        return bit


# ---- 6. Layer payload ---------------------------------------------------------------------------

SQUASH = [11, 18, 30, 49, 81, 133, 219, 360, 589, 961, 1554, 2486, 3906, 5978, 8813, 12371, 16384, 20397, 23955, 26790,
          28862, 30282, 31214, 31807, 32179, 32408, 32549, 32635, 32687, 32719, 32738, 32750, 32757]
SOFTPLUS = [1, 2, 4, 6, 10, 17, 28, 45, 74, 122, 199, 323, 520, 825, 1283, 1942, 2839, 3990, 5379, 6969, 8712, 10563,
            12487, 14458, 16458, 18477, 20508, 22545, 24586, 26630, 28676, 30722, 32769]
EXPECTED = [2048, 2233, 2435, 2656, 2896, 3158, 3444, 3756]


def interpolate(table, logit):
    x = clip(logit, -32767, 32767) + 32768
    i, f = x >> 11, x & 2047
    return table[i] + ((table[i + 1] - table[i]) * f >> 11)


def lg(v):
    if v == 0:
        return 0
    o = v.bit_length() - 1
    return 8 * o + ((8 * v >> o) & 7)


def expected(b):
    return EXPECTED[b & 7] << (b >> 3) + 16


class PartitionDecoder:
    """What the first layer's payload begins with."""

    def __init__(self, grid, coder, seen):
        self.grid, self.coder, self.seen = grid, coder, seen
        self.split = {s: [AdaptiveBit() for _ in range(3)] for s in (8, 4, 2)}
        self.prediction = {s: [AdaptiveBit() for _ in range(3)] for s in (8, 4, 2, 1)}

    def decode(self):
        for y in range(0, self.grid.gy, SIDE):
            for x in range(0, self.grid.gx, SIDE):
                self._node(SIDE, y, x)

    def _node(self, s, y, x):
        kind = self.seen(f"partition.node {s}", self.grid.kind(s, y, x))
        if kind == "outside":
            return
        if kind == "a tile" or kind == "free" and not self._is_split(s, y, x):
            self.grid.add_tile(s, y, x, self.grid.is_inter and self._is_predicted(s, y, x))
            return
        half = s // 2
        for quarter_y, quarter_x in (y, x), (y, x + half), (y + half, x), (y + half, x + half):
            self._node(half, quarter_y, quarter_x)

    def _is_split(self, s, y, x):
        n = sum(1 << tile.size < s for tile in self.grid.beside(y, x))
        return self.seen(f"partition.split {s} of {n}", self.split[s][n].decode(self.coder))

    def _is_predicted(self, s, y, x):
        m = sum(tile.is_predicted for tile in self.grid.beside(y, x))
        return bool(self.seen(f"partition.prediction {s} of {m}", self.prediction[s][m].decode(self.coder)))


class LayerDecoder:
    """One layer's payload: what begins anew with each."""

    def __init__(self, model, layer, qidx, seen, coder=None):
        """coder: another one than a RangeDecoder of the payload."""
        self.model, self.layer, self.qidx, self.seen = model, layer, qidx, seen
        self.coder = coder or RangeDecoder(layer.payload)
        self.weights = [list(column) for column in model.symbol_weight]      # [decision][row]
        self.refining = [AdaptiveBit() for _ in range(3)]
        # Of predicted tiles and of the others: class and size of the length coded last, and carry.
        self.length_before = {False: (0, 0), True: (0, 0)}
        self.carries = {is_predicted: collections.defaultdict(lambda begin=begin: begin)
                        for is_predicted, begin in ((False, -qidx), (True, -qidx - 16))}

    def decode(self, grid):
        if not grid.tiles:      # the packet's first layer
            PartitionDecoder(grid, self.coder, self.seen).decode()
        for tile in grid.tiles:
            tile.begin(self.layer)
        for tile in grid.tiles:
            room = min(self.layer.token_end, tile.N) - tile.tokens
            self.seen("layer.room", room > 0)
            length = self._length(tile, room) if room > 0 else 0
            if length > 0:
                self._tile(tile, length)
            tile.behind.append(tile.tokens)
        self.layer.settled, self.layer.read = self.coder.settled, self.coder.at
        self.seen("layer.zero bytes dropped", self.coder.at > len(self.coder.payload))

    def _length(self, tile, room):
        size, (class_before, size_before), context = tile.size, self.length_before[tile.is_predicted], 0
        if class_before > 0:
            context = clip(class_before + 2 * (size - size_before), 1, 14)
        length_class = self.coder.decode(self.model.length_cdf[size][context])
        self.length_before[tile.is_predicted] = length_class, size
        self.seen(f"length.class of size {size}", length_class)
        self.seen(f"length.context of size {size}", context)
        if length_class == 0:
            return 0
        length = (1 << length_class - 1) + self.coder.bits(length_class - 1)
        self.seen("length.clipped", length > room)
        return min(length, room)

    def _tile(self, tile, length):
        first, end = tile.coefficients(tile.tokens), tile.coefficients(tile.tokens + length)
        known = tile.known()
        means = self._means(tile, first)
        for i in range(first, end):
            q = None if tile.coded[i] else self._coefficient(tile, i, i < known, means)
            if q is not None:
                tile.q[i], tile.m[i], tile.coded[i] = q, min(abs(q), 15), True
            self._account(tile, i, means)
        tile.tokens += length
        tile.lengths[-1] = max(tile.lengths[-1], tile.tokens)
        self._carry(tile, tile.coefficients(tile.lengths[-1]))

    def _coefficient(self, tile, i, is_known, means):
        """q, or None where a later sweep has it."""
        q, threshold = tile.q[i], self.layer.threshold
        if is_known and q != 0:
            return None if threshold > 0 else self._low_bit(q)
        rows = self._rows(tile, i, means)
        logit = self._logit(rows, 0)
        if is_known:
            logit -= interpolate(SOFTPLUS, self._logit(rows, 1))
        if threshold > 0 and self.seen("symbol.left", interpolate(SQUASH, logit) < 1024 * threshold):
            return None
        return self._small(rows, logit) if is_known else self._symbol(rows)

    # Running means: {group: [M, X]} behind the first coefficients.
    def _means(self, tile, end):
        means, carry = {}, self.carries[tile.is_predicted]
        for group, first in tile.scan.first.items():
            x = expected(tile.scan.scale[first]) << 11
            h = lg(x) - 216 + carry[group]
            self.seen("mean.h", "below 0" if h < 0 else "above 127" if h > 127 else "between")
            means[group] = [0 if h < 0 else expected(min(h, 127)) >> 27, x]
        for i in range(end):
            self._account(tile, i, means)
        return means

    def _carry(self, tile, end):
        """What the first coefficients of a tile tell the next tile's running means."""
        sums = collections.defaultdict(lambda: [0, 0])
        for i in range(end):
            for group in tile.scan.groups[i]:
                total = sums[group]
                total[0] += tile.m[i]
                total[1] += expected(tile.scan.scale[i]) >> 11
        for group, (m, e) in sums.items():
            self.carries[tile.is_predicted][group] = lg(16 * m + 4) - lg(e) + 96

    @staticmethod
    def _account(tile, i, means):
        m, e = tile.m[i] << 8, expected(tile.scan.scale[i]) << 8
        for group in tile.scan.groups[i]:
            mean = means[group]
            mean[0] += m - (mean[0] >> 4)
            mean[1] += e - (mean[1] >> 4)

    def _level(self, v, x):
        return clip(((lg(v) - x + self.qidx) * 5 >> 4) + 14, 1, 23)

    def _rows(self, tile, i, means):
        b, scan = tile.scan.scale[i], tile.scan
        levels = []
        for group in scan.groups[i]:
            m, x = means[group]
            levels.append(self._level(m + 16, lg(x) - 216))
        m = x = 0
        for other, weight in scan.around[i]:
            m += weight * tile.m[other]
            if other < i:
                x += weight * expected(scan.scale[other])
        levels.append(self._level(16 * m + 1, lg(x) - 184) if x else 0)
        levels += [self._beside(tile, other, i) for other in (tile.left, tile.above)]
        self.symbol_class = clip((b - self.qidx + 40) >> 2, 0, 31)
        row = clip((b - self.qidx + 40) >> 1, 0, 63)
        self.seen("symbol.row 0", row)
        self.seen("symbol.class", self.symbol_class)
        for r, level in enumerate(levels):
            self.seen(f"symbol.level {r}", level)
        return [row] + [64 + (32 * r + self.symbol_class) * 24 + level for r, level in enumerate(levels)]

    def _beside(self, tile, other, i):
        if other is None or self.seen("symbol.beside of the other kind", other.is_predicted != tile.is_predicted):
            return 0
        decoded, j = other.coefficients(other.lengths[-1]), tile.scan.beside(other.scan)[i]
        self.seen(f"symbol.beside of sizes {tile.size}, {other.size}", j < decoded)
        if j >= decoded:
            return 0
        m = 3 * other.m[j] + sum(other.m[max(j - 3, 0):j]) + sum(other.m[j + 1:min(j + 4, decoded)])
        return self._level(16 * m + 1, lg(9 * expected(other.scan.scale[j])) - 184)

    def _logit(self, rows, decision):
        weights = self.weights[decision]
        return sum(weights[row] for row in rows)

    def _learn(self, rows, decision, bit, p):
        change = ((bit << 15) - p + 512) >> 10
        weights = self.weights[decision]
        for row in rows:
            weights[row] = clip(weights[row] + change, -32767, 32767)

    def _decision(self, rows, decision, p):
        bit = self.coder.bit(32768 - p)
        self._learn(rows, decision, bit, p)
        return self.seen(f"symbol.decision {decision}", bit)

    def _symbol(self, rows):
        for d in range(3):
            logit = self._logit(rows, d)
            if not self._decision(rows, d, interpolate(SQUASH, logit)):
                s = d
                break
        else:
            context = self.seen("large context", clip((logit >> 11) + 8, 0, 31))
            s = 3 + self.coder.decode(self.model.large_cdf[context])
        self.seen("symbol", s)
        if s == 15:
            s = self._escape()
        return -s if s > 0 and self.seen("symbol.sign", self.coder.bits(1)) else s

    def _escape(self):
        e = self.seen("escape.order", clip((self.symbol_class - 12) >> 1, 0, 8))
        n = 0
        while n < 15 - e and self.coder.bits(1) == 1:
            n += 1
        self.seen("escape.n", n)
        self.seen("escape.longest", n == 15 - e)
        return 15 + (((1 << n) - 1) << e) + self.coder.bits(n + e)

    def _small(self, rows, logit):
        p = interpolate(SQUASH, logit)
        bit = self.coder.bit(32768 - p)
        self._learn(rows, 0, bit, p)
        if not self.seen("small", bit):
            return 0
        return -1 if self.seen("small.sign", self.coder.bits(1)) else 1

    def _low_bit(self, q):
        context = min(abs(q) // 2, 3) - 1
        bit = self.seen(f"low bit {context}", self.refining[context].decode(self.coder))
        return q + (bit if q > 0 else -bit)


# ---- 7. Dequantisation --------------------------------------------------------------------------

STEP = [32768, 35734, 38968, 42495, 46341, 50535, 55109, 60097]
LIMIT = 2 ** 23 - 1


def dequantise(q, delta, qidx, n, seen):
    e, m = qidx >> 3, 256 * abs(q) - delta + 96 - (96 >> n)
    y = (m * STEP[qidx & 7] * 255 + (1 << 18 - e)) >> (19 - e)
    seen("dequantised.limited", y > LIMIT)
    return min(y, LIMIT) * (-1 if q < 0 else 1)


def dequantised(model, tile, qidx, finer, seen):
    """The tile's coefficients; qidx: of the last refinement decoded; finer: refinements that are finer than it."""
    values = [0] * len(tile.q)
    for i, q in enumerate(tile.q):
        if q == 0:
            continue
        of_qidx, n = qidx, finer
        if not tile.coded[i]:
            q, of_qidx, n = q // 2, qidx + 8, finer + 1
        symbol_class = clip((tile.scan.scale[i] - of_qidx + 40) >> 2, 0, 31)
        values[i] = dequantise(q, model.delta[symbol_class][min(abs(q), 3) - 1], of_qidx, n, seen)
    return values


# ---- 8. Reconstruction --------------------------------------------------------------------------

#: T[band][frame]
TIME = np.array([(2048, 2048, 2048, 2048), (2676, 1108, -1108, -2676), (2048, -2048, -2048, 2048), (1108, -2676, 2676, -1108)])
#: Where a plane's samples begin among a frame's 384, their rows and columns, and luma samples to one of them, each way.
PLANES = (0, 16, 1), (256, 8, 2), (320, 8, 2)


def inverse_dct(n):
    """M[frequency][sample]"""
    f, i = np.arange(n)[:, None], np.arange(n)[None]
    return np.floor(65536 * np.sqrt(np.where(f == 0, 1, 2) / n) * np.cos(np.pi * (2 * i + 1) * f / (2 * n)) + 0.5).astype(np.int64)


def transformed(numbers, axis):
    """The inverse DCT along an axis of integers."""
    moved = np.moveaxis(numbers, axis, -1)
    return np.moveaxis((moved @ inverse_dct(moved.shape[-1]) + 2 ** 15) >> 16, -1, axis)


def wrapped(sums):
    """Modulo 2^32, from -2^31."""
    return (sums + 2 ** 31) % 2 ** 32 - 2 ** 31


def tile_patches(tile, values, seen):
    """c: [nt][ny][nx][k]"""
    nt, ny, nx = tile.scan.shape
    numbers = np.zeros((nt, ny, nx, len(tile.scan.vectors)), np.int64)
    k, ft, fy, fx = np.array(tile.scan.coefficients).T
    numbers[ft, fy, fx, k] = values
    for axis in 2, 1, 0:
        numbers = transformed(numbers, axis)
    rounded = (numbers + 4) >> 3
    c = np.clip(rounded, -32768, 32767)
    seen("c.clipped", bool((c != rounded).any()))
    return c


def patch_samples(model, detail, c, seen, mean, depth=8):
    """c [..., k] and mean [..., 384] -> samples [..., frame of the token, 384]"""
    total, first = (mean[..., None, :] << 17) + 2 ** (27 - depth), 0
    for n, factors in zip(model.bands[detail], TIME):
        h = wrapped(c[..., first:first + n] @ model.basis[:n] + 128) >> 8
        total = total + factors[:, None] * h[..., None, :]
        first += n
    seen("sample.wraps", bool((wrapped(total) != total).any()))
    return np.clip(wrapped(total) >> 28 - depth, 0, 2 ** depth - 1)


def patches_of_picture(planes, gy, gx):
    """[Y, U, V], each [height][width] -> [gy][gx][384]; the edge is that of the samples beyond it."""
    patches = []
    for plane, (_, side, _) in zip(planes, PLANES):
        (height, width), rows, columns = plane.shape, gy * side, gx * side
        plane = np.pad(plane, ((0, max(rows - height, 0)), (0, max(columns - width, 0))), "edge")[:rows, :columns]
        patches.append(plane.reshape(gy, side, gx, side).transpose(0, 2, 1, 3).reshape(gy, gx, side * side))
    return np.concatenate(patches, 2)


def linear_planes(model, clip_, values, prediction):
    """The canvas, or the pictures: [Y, U, V], each [frames][height][width]. values: of each tile; prediction: what all
    frames are predicted from, [Y, U, V], where tiles are."""
    grid, seen = clip_.grid, clip_.packet.seen
    c = np.zeros((grid.gt, grid.gy, grid.gx, len(model.vectors(grid.detail))), np.int64)
    mean = np.tile(model.mean, (grid.gy, grid.gx, 1))
    predicted = None if prediction is None else patches_of_picture(prediction, grid.gy, grid.gx) << 11 - clip_.depth
    for tile, of_tile in zip(clip_.tiles, values):
        _, ny, nx = tile.scan.shape
        rows, columns = slice(tile.y, tile.y + ny), slice(tile.x, tile.x + nx)
        c[:, rows, columns] = tile_patches(tile, of_tile, seen)
        if tile.is_predicted:
            mean[rows, columns] = predicted[rows, columns]
    samples = patch_samples(model, grid.detail, c, seen, mean, clip_.depth)
    planes = []
    for first, side, size in PLANES:
        plane = samples[..., first:first + side * side].reshape(grid.gt, grid.gy, grid.gx, 4, side, side)
        plane = plane.transpose(0, 3, 1, 4, 2, 5).reshape(4 * grid.gt, grid.gy * side, grid.gx * side)
        planes.append(plane[:clip_.frames, :-(-clip_.height // size), :-(-clip_.width // size)].copy())
    return planes


def deblock(planes, qidx, stays, seen, depth=8):
    """In place. stays: [gy][gx], which tokens' borders stay as they are where both sides' do."""
    v = qidx + 136
    limit = min(((13 + v % 13) << v // 13) >> 9, 1020)
    for plane, spacing in zip(planes, (16, 8, 8)):
        for samples, tokens in ((plane, stays), (plane.transpose(0, 2, 1), stays.T)):
            for x in range(spacing, samples.shape[2] - 3, spacing):
                beside = np.repeat(tokens[:, x // spacing - 1:x // spacing + 1], spacing, 0)[:samples.shape[1]]
                for count in set(beside.sum(1).tolist()):
                    seen("border.sides that stay", count)
                _deblock_border(samples, x, np.where(beside.all(1), 0, 5 * limit + 8 >> 4 << depth - 8), 2 ** depth - 1)


def _deblock_border(samples, x, most, largest=255):
    """most: T of each row; nothing changes where it is 0. largest: sample"""
    p, q = [samples[:, :, x - 1 - i] for i in range(4)], [samples[:, :, x + i] for i in range(4)]
    d, h = np.clip(q[0] - p[0], -most, most), np.clip(q[0] - p[0], -(most // 2), most // 2)
    e, f = np.clip(p[1] - p[0], -most, most), np.clip(q[1] - q[0], -most, most)
    p[0][...] = np.clip(p[0] + (56 * d + 30 * e + 64 >> 7), 0, largest)
    q[0][...] = np.clip(q[0] + (30 * f - 56 * d + 64 >> 7), 0, largest)
    for i, w in ((1, 30), (2, 14), (3, 5)):
        m = w * h + 64 >> 7
        p[i][...], q[i][...] = np.clip(p[i] + m, 0, largest), np.clip(q[i] - m, 0, largest)


def smooth(planes, qidx, smoothing, stays, seen, depth=8):
    """In place. smoothing: of the clip; stays: [gy][gx], of which tokens all samples stay as they are."""
    v = qidx + 136
    most = min((0, 2, 3, 4, 5, 6, 8, 12)[smoothing] * min(((13 + v % 13) << v // 13) >> 9, 1020) + 4 >> 3, 63) << depth - 8
    for plane, side in zip(planes, (16, 8, 8)):
        height, width = plane.shape[1:]
        wide = np.pad(plane, ((0, 0), (2, 2), (2, 2)), "edge")
        total = np.zeros_like(plane)
        for distance, w in ((1, 14), (2, 11)):
            for dy, dx in ((0, -distance), (0, distance), (-distance, 0), (distance, 0)):
                d = wide[:, 2 + dy:2 + dy + height, 2 + dx:2 + dx + width] - plane
                total += w * np.sign(d) * np.clip(np.minimum(abs(d), most - abs(d)), 0, None)
        moves = ~np.repeat(np.repeat(stays, side, 0), side, 1)[:height, :width]
        for moved in set(moves.ravel().tolist()):
            seen("sample.is smoothed", moved)
        plane += moves * (total + 64 >> 7)


# ---- 9. Model file ------------------------------------------------------------------------------


class Model:
    """What the linear reconstruction and the latents need of a model file."""

    TYPES = {"I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        size, = struct.unpack_from("<Q", data)
        header = json.loads(data[8:8 + size])
        described = json.loads(header["__metadata__"]["onedva"])
        if described["format"] != 2:
            raise Invalid("a model of another format")

        def tensor(name):
            entry = header[name]
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            return np.frombuffer(data[begin:end], self.TYPES[entry["dtype"]]).reshape(entry["shape"])

        self._take(int(described["id"], 16) if "id" in described else xxh64(data), tensor)

    def _take(self, id_, tensor):
        """tensor(name) -> array"""
        self.id = id_
        self.mean, self.basis = tensor("linear.mean").astype(np.int64), tensor("linear.basis").astype(np.int64)
        self.bands = tensor("linear.bands").tolist()
        self.scan_key, self.scan_scale = ([tensor(f"scan.{name}.{size}").ravel().tolist() for size in range(4)]
                                          for name in ("key", "scale"))
        self.size_shift = tensor("scan.size_shift").tolist()
        self.length_cdf, self.large_cdf = tensor("length.cdf").tolist(), tensor("large.cdf").tolist()
        self.symbol_weight = tensor("symbol.weight").T.tolist()
        self.delta = tensor("dequant.delta").tolist()
        self.scan = functools.lru_cache(None)(functools.partial(Scan, self))

    def vectors(self, detail):
        """(band, vector) by k"""
        return [(band, j) for band, count in enumerate(self.bands[detail]) for j in range(count)]

    def full_tokens(self, detail):
        return 8 * sum(self.bands[detail])


# ---- 10. Motion ---------------------------------------------------------------------------------

HALF_FILTERS = [(0, 0, 64, 0, 0, 0), (1, -3, 63, 4, -1, 0), (1, -5, 62, 8, -2, 0), (2, -7, 60, 12, -3, 0),
                (2, -9, 57, 17, -4, 1), (2, -9, 53, 23, -6, 1), (2, -9, 49, 28, -7, 1), (2, -9, 44, 34, -8, 1),
                (2, -9, 39, 39, -9, 2)]
FILTERS = np.array(HALF_FILTERS + [HALF_FILTERS[16 - a][::-1] for a in range(9, 16)])


class PathDecoder:
    """Coefficients of the paths of points or nodes."""

    def __init__(self, coder, kind, terms, seen):
        self.coder, self.kind, self.terms, self.seen = coder, kind, terms, seen
        self.zero = [[AdaptiveBit() for _ in range(3)] for _ in range(4)]
        self.size = [[AdaptiveBit() for _ in range(12)] for _ in range(4)]

    def path(self, predictions, beside):
        """-> c and v, [component][term]; predictions: the same of p; beside: v of those of {W, N} that there are."""
        c, v = ([[0] * self.terms for _ in range(2)] for _ in range(2))
        for component in range(2):
            for term in range(self.terms):
                known = sum(other[component][term] != 0 for other in beside)
                v[component][term] = self._difference(min(term, 3), known)
                value = predictions[component][term] + v[component][term]
                c[component][term] = clip(value, -32768, 32767)
                self.seen(f"{self.kind}.c clipped", value != c[component][term])
        return c, v

    def _difference(self, term, known):
        self.seen(f"{self.kind}.term", term)
        self.seen(f"{self.kind}.beside not 0", known)
        if not self.seen(f"{self.kind}.v not 0", self.zero[term][known].decode(self.coder)):
            return 0
        negative = self.seen(f"{self.kind}.v negative", self.coder.bits(1))
        n = 0
        while n < 12 and self.size[term][n].decode(self.coder):
            n += 1
        magnitude = (1 << self.seen(f"{self.kind}.v size", n)) + self.coder.bits(n)
        return -magnitude if negative else magnitude


def median(a, b, c):
    return sorted((a, b, c))[1]


class Motion:
    def __init__(self, data, header, frames, seen, coder=None, is_inter=False):
        """coder: another one than a RangeDecoder of the paths."""
        read = Bytes(data, seen)
        self.seen, self.is_inter, self.width, self.height = seen, is_inter, header.width, header.height
        self.T = seen("motion.T", frames + is_inter)
        self.left, self.top, self.right, self.bottom = self.margins = [
            read.u8(f"motion.{name}") for name in ("left", "top", "right", "bottom")]
        self.reference, self.points = read.u4u4("motion.reference", "motion.points")
        point_terms, self.point_step = read.u4u4("motion.point_terms-1", "motion.point_step")
        self.spacing, mesh_terms = read.u4u4("motion.spacing", "motion.mesh_terms-1")
        self.mesh_step, reserved = read.u4u4("motion.mesh_step", "motion.reserved")
        self.canvas_width = self.width + 2 * (self.left + self.right)
        self.canvas_height = self.height + 2 * (self.top + self.bottom)
        self._check(point_terms, mesh_terms, reserved)
        self.S = 8 << self.spacing if self.spacing else 64
        coder = coder or RangeDecoder(data[read.at:])
        self.point_paths = self._read_points(coder, point_terms + 1)
        self.node_paths = self._read_nodes(coder, mesh_terms + 1)
        seen("motion.zero bytes dropped", coder.at > len(coder.payload))
        self.nodes = np.array([self._nodes_of_frame(t) for t in range(self.T - frames, self.T)], np.int64)

    def _check(self, point_terms, mesh_terms, reserved):
        for wrong, what in (
                (self.T == 1, "motion of one frame"), (max(self.margins) > 64, "margin above 64"),
                (self.reference >= self.T, "reference frame behind the clip"), (self.points > 2, "points above 2"),
                (self.points == 0 and (point_terms or self.point_step), "terms of no points"),
                (self.spacing > 4, "spacing above 4"),
                (self.spacing == 0 and (mesh_terms or self.mesh_step), "terms of no mesh"),
                (max(point_terms, mesh_terms) + 1 > min(self.T - 1, 15), "more terms than T-1 or 15"),
                (reserved, "reserved bits"),
                (max(self.canvas_width, self.canvas_height) > 65535, "canvas above 65535 samples")):
            if wrong:
                raise Invalid(what)

    def _read_points(self, coder, terms):
        read = PathDecoder(coder, "points", terms, self.seen)
        paths = []
        for _ in range((0, 1, 4)[self.points]):
            paths.append(read.path(paths[0] if paths else [[0] * terms] * 2, [])[0])
        return paths

    def _read_nodes(self, coder, terms):
        """[row][column] of [component][term]; all 0 without a mesh."""
        self.columns, self.rows = (-(-size // self.S) + 1 for size in (self.width, self.height))
        none = [[0] * terms] * 2
        if self.spacing == 0:
            return [[none] * self.columns for _ in range(self.rows)]
        read = PathDecoder(coder, "nodes", terms, self.seen)
        c, v = [], []
        for j in range(self.rows):
            c.append([]), v.append([])
            for i in range(self.columns):
                beside = ([v[j][i - 1]] if i else []) + ([v[j - 1][i]] if j else [])
                path, difference = read.path(self._prediction(c, i, j, none), beside)
                c[j].append(path), v[j].append(difference)
        return c

    @staticmethod
    def _prediction(c, i, j, none):
        if i == 0 or j == 0:
            return c[j][i - 1] if i else c[j - 1][i] if j else none
        west, north, corner = c[j][i - 1], c[j - 1][i], c[j - 1][i - 1]
        return [[median(w, n, w + n - nw) for w, n, nw in zip(*three)] for three in zip(west, north, corner)]

    def _basis(self, k, t):
        if k == 0:
            return (4096 * (2 * t - self.T + 1) * 2 + self.T - 1) // (2 * (self.T - 1))
        return math.floor(4096 * math.cos(math.pi * (2 * t + 1) * (k + 1) / (2 * self.T)) + 0.5)

    def _displacement(self, path, s, t):
        """(x, y), 1/256 luma sample"""
        step = (2 + (s & 1)) << (s >> 1)
        d = []
        for terms in path:
            total = sum(c * step * (self._basis(k, t) - self._basis(k, self.reference)) for k, c in enumerate(terms))
            d.append(clip((total + 512) >> 10, -2 ** 18, 2 ** 18))
            self.seen("motion.d clipped", (total + 512) >> 10 != d[-1])
        return d

    def _nodes_of_frame(self, t):
        """[row][column][x, y], 1/16 luma sample"""
        corners = [self._displacement(path, self.point_step, t) for path in self.point_paths]
        return [[self._node(self.S * i, self.S * j, corners, self._displacement(path, self.mesh_step, t))
                 for i, path in enumerate(row)] for j, row in enumerate(self.node_paths)]

    def _node(self, x, y, corners, d):
        w, h = self.width, self.height
        node = []
        for component in range(2):
            g = 0
            if self.points == 1:
                g = corners[0][component]
            elif self.points == 2:
                d00, d10, d01, d11 = (corner[component] for corner in corners)
                g = ((w - x) * (h - y) * d00 + x * (h - y) * d10 + (w - x) * y * d01 + x * y * d11) // (w * h)
            value = (g + d[component] + 8) >> 4
            node.append(clip(value, -16384, 16383))
            self.seen("motion.node clipped", value != node[-1])
        return node

    def prediction_canvas(self, picture, depth=8):
        """[Y, U, V], each [height][width], of the reference picture -> likewise, what the canvases are predicted from."""
        nodes, planes = self.canvas_nodes(), []
        for plane, e in zip(picture, (1, 2, 2)):
            width, height = -(-self.canvas_width // e), -(-self.canvas_height // e)
            planes.append(warped(plane, nodes, 16, e, width, height, (-2 * self.left // e, -2 * self.top // e), depth))
        return planes

    def canvas_nodes(self):
        """[row][column][x, y] of the canvas: what a place's sample is away in the reference picture, 1/16 luma sample"""
        N = np.array(self._nodes_of_frame(0), np.int64)
        i, j = np.arange(-(-self.canvas_width // 16) + 1), np.arange(-(-self.canvas_height // 16) + 1)
        p = np.stack(np.broadcast_arrays(256 * (16 * i - 2 * self.left), 256 * (16 * j[:, None] - 2 * self.top)), -1)
        d = np.zeros_like(p)
        for _ in range(8):
            d = self._between_nodes(N, p - d)
        n = np.clip(8 - d >> 4, -16384, 16383)
        self.seen("motion.canvas node clipped", bool((n != 8 - d >> 4).any()))
        return n

    def _between_nodes(self, N, q):
        """N(q), 1/256 luma sample"""
        c = 256 * self.S
        index, fraction = [], []
        for component, count in (0, self.columns - 1), (1, self.rows - 1):
            at = np.clip(q[..., component], 0, c * count)
            index.append(np.minimum(at // c, count - 1))
            fraction.append((at - c * index[-1])[..., None])
        (i, j), (fx, fy) = index, fraction
        total = (c - fy) * ((c - fx) * N[j, i] + fx * N[j, i + 1]) + fy * ((c - fx) * N[j + 1, i] + fx * N[j + 1, i + 1])
        return 16 * total + c * c // 2 >> 2 * (c.bit_length() - 1)

    def warp(self, planes, depth=8):
        """Canvases -> pictures, [Y, U, V], each [frames][height][width]."""
        pictures = []
        for plane, e in zip(planes, (1, 2, 2)):
            width, height = -(-self.width // e), -(-self.height // e)
            margins = 2 * self.left // e, 2 * self.top // e
            pictures.append(np.array([warped(canvas, nodes, self.S, e, width, height, margins, depth)
                                      for canvas, nodes in zip(plane, self.nodes)]))
        return pictures


def block_vectors(N, S, e, columns, rows):
    """Of the blocks of 4x4 of a plane: [row][column][x, y] in 1/16 of its samples; e: 1 luma, 2 chroma."""

    def cells(count):
        at = e * (8 * np.arange(count) + 4) - 1
        return at // (2 * S), at % (2 * S)

    (i, fx), (j, fy) = cells(columns), cells(rows)
    fx, fy, j = fx[None, :, None], fy[:, None, None], j[:, None]
    total = (2 * S - fy) * ((2 * S - fx) * N[j, i] + fx * N[j, i + 1])
    total += fy * ((2 * S - fx) * N[j + 1, i] + fx * N[j + 1, i + 1])
    return (total + 2 * S * S * e) >> (2 * (S.bit_length()) + e - 1)


def warped(canvas, N, S, e, width, height, margins, depth=8):
    """A plane of width x height: what is seen of the canvas through nodes N that are S luma samples apart."""
    vectors = block_vectors(N, S, e, -(-width // 4), -(-height // 4))
    each = np.repeat(np.repeat(vectors, 4, 0), 4, 1)[:height, :width]
    px = 16 * (np.arange(width)[None] + margins[0]) + each[..., 0]
    py = 16 * (np.arange(height)[:, None] + margins[1]) + each[..., 1]
    total = np.zeros((height, width), np.int64)
    for j in range(6):
        row = np.clip((py >> 4) - 2 + j, 0, canvas.shape[0] - 1)
        h = sum(FILTERS[px & 15, i] * canvas[row, np.clip((px >> 4) - 2 + i, 0, canvas.shape[1] - 1)]
                for i in range(6))
        total += FILTERS[py & 15, j] * h
    return np.clip((total + 2048) >> 12, 0, 2 ** depth - 1)


# ---- a clip -------------------------------------------------------------------------------------


class Clip:
    """A packet's latents, decoded: its tiles, their dequantised values, and the quantiser of the last refinement."""

    def __init__(self, model, packet, last=None, kept=None):
        """last: the clip that was decoded last, or None where it is forgotten; kept: the last one that has pictures."""
        header = packet.header
        if header is None:
            raise Invalid("a packet without any stream header")
        if header.model_id != model.id or packet.model_tag != model.id & 0x7FF:
            raise Invalid("of another model")
        most = model.full_tokens(packet.detail)
        for layer in packet.layers:
            if not 1 <= layer.token_end <= most:
                raise Invalid(f"token_end {layer.token_end}, detail {packet.detail} has {most}")
        if not packet.whole_layers:
            raise LayersLost("no whole layer")
        self.packet, self.frames, self.motion, self.planes, self.reference = packet, packet.frames, packet.motion, None, None
        self.size = header.width, header.height, header.depth
        self.width, self.height, self.depth = self.size
        if self.motion:
            self.width, self.height = self.motion.canvas_width, self.motion.canvas_height
        self.grid = Grid(model, packet.detail, self.frames, self.width, self.height, packet.is_inter)
        self.before = kept if packet.is_inter and kept and kept.size == self.size else None
        self.has_pictures = not packet.is_inter or self.before is not None
        self.is_corrupt = packet.is_inter and not (
            self.has_pictures and self.before is last and not last.is_corrupt and last.packet.id == packet.reference)
        self._decode(model, packet)
        packet.seen("clip.pictures", ("corrupt" if self.is_corrupt else "inter" if packet.is_inter else "key") if self.has_pictures else "none")

    def _decode(self, model, packet):
        seen, last = packet.seen, packet.whole_layers[-1].refinement
        for layer in packet.whole_layers:
            seen("layer.refinement", layer.refinement)
            LayerDecoder(model, layer, self._qidx_of(layer.refinement), seen).decode(self.grid)
            if layer is packet.layers[0] and len(packet.whole_layers) > 1:
                self.first_values = self._dequantised(model, 0)
        self.tiles = self.grid.tiles
        self.qidx = self._qidx_of(last)
        self.finer = packet.dropped + packet.refinements - 1 - last
        seen("clip.finer refinements", self.finer)
        for tile in self.tiles:
            before, now = max(tile.lengths[:-1], default=0), tile.lengths[-1]
            seen("tile.length in the last refinement",
                 "shorter" if now < before else "longer" if now > before else "same")
            for n, name in zip(tile.scan.shape, ("nt", "ny", "nx")):
                seen(f"tile.{name}", n)
            seen("tile.size", tile.size)
            seen(f"tile.predicted of size {tile.size}", tile.is_predicted)
            if tile.is_predicted:
                seen("tile.predicted has tokens", "no" if not any(tile.lengths) else "yes" if tile.behind[0] else "not in the first layer")
        self.values = self._dequantised(model, last)

    def _qidx_of(self, refinement):
        return self.packet.qidx + 8 * (self.packet.refinements - 1 - refinement)

    def _dequantised(self, model, refinement):
        """Of each tile, what is decoded up to now, of which this refinement is the last."""
        finer = self.packet.dropped + self.packet.refinements - 1 - refinement
        return [dequantised(model, tile, self._qidx_of(refinement), finer, self.packet.seen) for tile in self.grid.tiles]

    def checksum(self):
        return zlib.crc32(b"".join(struct.pack(f"<{len(tile.q)}i", *tile.q) for tile in self.tiles))

    def pictures(self, model):
        """[Y, U, V], each [frames][height][width], as -steps 0 has them."""
        if self.planes is None:
            self.planes = self._made(model, self.values, self.qidx, [max(tile.lengths) for tile in self.tiles])
        return self.planes

    def reference_picture(self, model):
        """[Y, U, V], each [height][width]: what an inter clip behind this one is predicted from."""
        if self.reference is None:
            if len(self.packet.whole_layers) == 1:
                planes = self.pictures(model)
            else:
                planes = self._made(model, self.first_values, self._qidx_of(0), [tile.behind[0] for tile in self.tiles])
            self.reference = [plane[-1] for plane in planes]
        return self.reference

    def _made(self, model, values, qidx, tokens):
        """values, tokens: what is decoded of each tile, and how many tokens that are."""
        prediction = self.before.reference_picture(model) if self.packet.is_inter else None
        if prediction and self.motion:
            prediction = self.motion.prediction_canvas(prediction, self.depth)
        planes = linear_planes(model, self, values, prediction)
        stays = self._stays(tokens)
        deblock(planes, qidx, stays, self.packet.seen, self.depth)
        smooth(planes, qidx, self.packet.smoothing, stays, self.packet.seen, self.depth)
        return self.motion.warp(planes, self.depth) if self.motion else planes

    def _stays(self, tokens):
        """[gy][gx]: whether a token is of a predicted tile without any latent token."""
        stays = np.zeros((self.grid.gy, self.grid.gx), bool)
        for tile, count in zip(self.tiles, tokens):
            _, ny, nx = tile.scan.shape
            stays[tile.y:tile.y + ny, tile.x:tile.x + nx] = tile.is_predicted and count == 0
        return stays


def shown_pictures(model, result):
    """[Y, U, V] of each frame that a packet shows; result: its Clip or Frame."""
    if isinstance(result, Frame):
        return [[plane[result.frame] for plane in result.clip.pictures(model)]]
    if not result.has_pictures:
        return []
    frames = list(zip(*result.pictures(model)))
    return frames if result.packet.shows_all else frames[:1]


# ---- Annex A. Elementary stream -----------------------------------------------------------------

HEADER_UNIT, PACKET_UNIT, END_UNIT = 0, 1, 2


def read_unit(data, at, seen):
    """-> type, fields, the place behind it."""
    read = Bytes(data, seen, at)
    if read.take(4, "marker") != b"ODVA":
        raise Invalid("no marker")
    kind, size = read.take(2, "unit")
    fields = read.take(size, "fields")
    if crc16(data[at:read.at]) != read.u16("crc"):
        raise Invalid("wrong crc of a unit")
    if kind == HEADER_UNIT:
        fields = _read_header_unit(fields, seen)
    elif kind == PACKET_UNIT:
        fields = _read_packet_unit(fields, seen)
    elif kind == END_UNIT:
        fields = struct.unpack("<Qqq", Bytes(fields, seen).take(24, "end unit"))
    seen("unit.type", kind)
    return kind, fields, read.at


def _read_header_unit(data, seen):
    read = Bytes(data, seen)
    if read.u8("unit.header version") != 1:
        raise Invalid("header unit of another version")
    flags = read.u8("unit.header flags")
    timebase = [read.leb("timebase", 10, 64) for _ in range(2)]
    if flags > 1 or not all(1 <= value < 2 ** 31 for value in timebase):
        raise Invalid("header unit")
    stream_header = data[read.at:]
    seen("unit.stream header", len(stream_header) > 0)
    return flags, Fraction(*timebase), read_stream_header(stream_header, seen)[0] if stream_header else None


def _read_packet_unit(data, seen):
    read = Bytes(data, seen)
    size, pts, duration = (read.leb(name, 10, 64) for name in ("packet_size", "pts", "duration"))
    if not 1 <= size <= 2 ** 31 - 65 or duration >= 2 ** 63:
        raise Invalid("packet unit")
    seen("unit.pts negative", pts & 1)
    seen("unit.duration known", duration > 0)
    return size, -(pts + 1 >> 1) if pts & 1 else pts >> 1, duration


def read_packets(data, seen):
    """Yields (time in seconds, the container's StreamHeader or None, bytes of a packet)."""
    at = last = 0       # last: where the packet read last begins, or what is behind the unit read last
    timebase, header, shift, end, fresh = Fraction(1), None, Fraction(0), None, False
    while at < len(data):
        try:
            kind, fields, behind = read_unit(data, at, seen)
        except Invalid:
            seen("unit.damaged", True)
            at = data.find(b"ODVA", last)
            if at < 0:
                return
            last = at + 1
            continue
        at = last = behind
        if kind == HEADER_UNIT:
            flags, timebase, header = fields
            fresh = not flags & 1 and end is not None
        elif kind == PACKET_UNIT:
            size, pts, duration = fields
            if fresh:
                shift, fresh = end - pts * timebase, False
            end = shift + (pts + duration) * timebase
            yield pts * timebase + shift, header, data[at:at + size]
            at += size
        elif kind == END_UNIT and fields[2] > fields[1]:
            end = shift + fields[2] * timebase


def decode_stream(model, data, seen):
    """Yields (time, Clip), (time, Frame) or (time, Invalid) for each packet."""
    current = container = last = kept = None
    for time, header, packet_data in read_packets(data, seen):
        if header is not container:
            container = current = header
        before = last
        if len(packet_data) > FRAME_PACKET_SIZE:
            last = None
        try:
            if is_frame_packet(packet_data):
                yield time, Frame(packet_data, before, seen)
                continue
            packet = Packet(packet_data, current, seen)
            last = Clip(model, packet, before, kept)
            kept = last if last.has_pictures else kept
        except LayersLost as error:
            current = packet.header
            yield time, error
        except Invalid as error:
            yield time, error
        else:
            current = packet.header
            yield time, last


def sample_type(result):
    """Of a sample as --pictures writes it; result: as of shown_pictures."""
    return "u1" if (result.clip if isinstance(result, Frame) else result).depth == 8 else "<u2"


def describe(time, clip_):
    packet = clip_.packet
    motion = "no motion"
    if clip_.motion:
        motion = f"points {clip_.motion.points}, mesh {clip_.motion.S if clip_.motion.spacing else 0}"
    tokens = sum(max(tile.lengths) for tile in clip_.tiles)
    kind = "key" if not packet.is_inter else "inter, corrupt" if clip_.is_corrupt else "inter"
    predicted = f", {sum(tile.is_predicted for tile in clip_.tiles)} predicted" * packet.is_inter
    return (f"{float(time):.3f}: {kind}, {clip_.frames} frames of {clip_.width}x{clip_.height}, {motion}, "
            f"detail {packet.detail}, smoothing {packet.smoothing}, {len(packet.whole_layers)} of {len(packet.layers)} layers, "
            f"{packet.refinements} refinements, qidx {clip_.qidx}, {len(clip_.tiles)} tiles{predicted}, {tokens} tokens, "
            f"{clip_.checksum():08x}" + ("" if packet.shows_all else ", shows the first"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True, help="the model file that the streams were made with")
    parser.add_argument("--pictures", metavar="FILE", help="write the pictures of -steps 0, raw yuv420p or yuv420p10le")
    parser.add_argument("streams", nargs="+", metavar="FILE.odva")
    options = parser.parse_args()
    model, seen, failed = Model(options.model), Seen(), False
    pictures = open(options.pictures, "wb") if options.pictures else None
    for path in options.streams:
        with open(path, "rb") as file:
            data = file.read()
        print(path)
        for time, clip_ in decode_stream(model, data, seen):
            if isinstance(clip_, Invalid):
                print(f"{float(time):.3f}: left out: {clip_}")
                failed = True
                continue
            print(describe(time, clip_) if isinstance(clip_, Clip) else f"{float(time):.3f}: frame {clip_.frame} of its clip")
            if pictures:
                for frame in shown_pictures(model, clip_):
                    pictures.write(b"".join(plane.astype(sample_type(clip_)).tobytes() for plane in frame))
    return failed


if __name__ == "__main__":
    sys.exit(main())
