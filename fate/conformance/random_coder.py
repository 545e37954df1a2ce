# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Payloads and paths in which rare values are as likely as one wants: the reader reads from a coder that draws what it reads,
and codes that for the range decoder of doc/bitstream.md, section 5."""
import random

import spec_decoder
from stream_writer import id_of, motion, packet


class RandomCoder:
    """In the place of a RangeDecoder. bold: how often a value is drawn regardless of its probability; ones: how often a
    binary decision is 1 then."""

    payload, at, settled = b"", 0, 0
    is_first_next = False       # whether the next symbol is the first of its kind, without a draw

    def __init__(self, rng, bold, ones=0.5):
        self.rng, self.bold, self.ones = rng, bold, ones
        self.low, self.range, self.shifts = 0, 0xFFFFFFFF, 0

    def _narrow(self, low, size):
        self.low, self.range = self.low + low, size
        while self.range < 1 << 24:
            self.low, self.range, self.shifts = self.low << 8, self.range << 8, self.shifts + 1

    def decode(self, cdf):
        last = len(cdf) - 2
        if self.is_first_next:
            s, self.is_first_next = 0, False
        elif self.rng.random() < self.bold:
            s = self.rng.randint(0, last) if last > 1 else int(self.rng.random() < self.ones)
        else:
            v = self.rng.randrange(32768)
            s = max(i for i in range(last + 1) if cdf[i] <= v)
        r = self.range >> 15
        self._narrow(r * cdf[s], self.range - r * cdf[s] if s == last else r * (cdf[s + 1] - cdf[s]))
        return s

    def bit(self, zero):
        return self.decode((0, zero, 32768))

    def bits(self, n):
        if n == 0:
            return 0
        if n == 1 and self.rng.random() < self.bold:
            v = int(self.rng.random() < self.ones)
        else:
            v = (1 << n) - 1 if self.rng.random() < self.bold / 8 else self.rng.getrandbits(n)
        self._narrow(v * (self.range >> n), self.range >> n)
        return v

    def finish(self):
        """The shortest payload, bytes of 0 at its end left out."""
        size, value = 4 + self.shifts, self.low
        for bits in (24, 16, 8):
            rounded = (self.low + self.range - 1) >> bits << bits
            if rounded >= self.low:
                value = rounded
                break
        return value.to_bytes(size, "big").rstrip(b"\0")


class RandomLayer(spec_decoder.LayerDecoder):
    """empty: how often a tile is left without tokens, whatever the probability of that is."""

    empty = 0

    def _length(self, tile, room):
        self.coder.is_first_next = self.empty > 0 and self.coder.rng.random() < self.empty
        return super()._length(tile, room)


def random_motion(header, frames, seed, bold=0.3, ones=0.5, is_inter=False, **fields):
    """A motion's bytes; fields: as stream_writer.motion takes them."""
    coder = RandomCoder(random.Random(seed), bold, ones)
    spec_decoder.Motion(motion(**fields), header, frames, spec_decoder.Seen(), coder, is_inter)
    return motion(**fields, paths=coder.finish())


def random_packet(model, applies, frames, extents, seed, *, detail=0, qidx=-10, dropped=0, bold=0.05, ones=0.5, empty=0,
                  motion_=None, before=None, **fields):
    """A packet whose layers have these extents (token_end + 16384 threshold); applies: the StreamHeader of its pictures;
    before: the packet of the clip that an inter clip is predicted from; fields: of stream_writer.packet."""
    rng, seen = random.Random(seed), spec_decoder.Seen()
    width, height = applies.width, applies.height
    if motion_ is not None:
        decoded = spec_decoder.Motion(motion_, applies, frames, seen, is_inter=before is not None)
        width, height = decoded.canvas_width, decoded.canvas_height
    grid = spec_decoder.Grid(model, detail, frames, width, height, before is not None)
    layers = []
    for extent in extents:
        layers.append(spec_decoder.Layer(extent, 0, 0, *layers[-1:]))
    for layer in layers:
        layer.payload, coder = b"", RandomCoder(rng, bold, ones)
        of_refinement = qidx + 8 * (layers[-1].refinement - layer.refinement)
        decoder = RandomLayer(model, layer, of_refinement, seen, coder)
        decoder.empty = empty
        decoder.decode(grid)
        layer.payload = coder.finish()
    return packet(model, frames, [(layer.extent, layer.payload) for layer in layers], detail=detail, smoothing=seed % 8, qidx=qidx, dropped=dropped,
                  motion_=motion_, reference=None if before is None else id_of(before), **fields)
