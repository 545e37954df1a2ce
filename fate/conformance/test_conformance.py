# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The streams of this folder, read by tools/spec_decoder.py and by the library. fate/scripts/conformance.sh runs this.

ONEDVA_BIN     directory of ffmpeg
ONEDVA_MODEL   model file
ONEDVA_LATENTS the program onedva-latents
PRINT_CLIPS    print_clips.c, compiled"""
import functools
import glob
import hashlib
import itertools
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tools", "python")]

import onedva
import spec_decoder
from stream_writer import frame_packet, pix_fmt_of, segment

FFMPEG = [os.path.join(os.environ["ONEDVA_BIN"], "ffmpeg"), "-v", "quiet", "-y"]
MODEL = spec_decoder.Model(os.environ["ONEDVA_MODEL"])
BOTH = {False, True}
FRAMES = set(range(16))

#: Values that the streams have to have of each syntax element that the reader counts.
REQUIRED = {
    "leb32 bytes": {1, 2, 3, 4, 5}, "leb32 redundant": BOTH, "leb64 bytes": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
    "leb64 redundant": BOTH,
    "header.version": {2}, "header.format": {0, 1}, "header.range": {0, 1, 2}, "header.primaries": {2, 9},
    "header.transfer": {2, 16}, "header.matrix": {2, 9}, "header.chroma_location": set(range(7)),
    "header.sar known": BOTH, "header.frame_duration known": BOTH,
    "packet.sync": {0xD5, 0xD6, 0xDD, 0xDE}, "frame.sync": {0xD7}, "frame.version": {2}, "frame.frame": set(range(1, 16)), "frame.shown": BOTH,
    "packet.version": {2}, "packet.flags": FRAMES, "packet.flags & 1": BOTH,
    "packet.flags & 2": BOTH, "packet.flags & 4": BOTH, "packet.flags & 8": BOTH, "packet.frames-1": FRAMES,
    "packet.layers-1": FRAMES, "packet.smoothing": set(range(8)), "packet.detail": {0, 1, 2, 3}, "packet.qidx": {-64, 0, 63},
    "packet.dropped": {1, 2, 3}, "packet.refinements": {1, 2, 3, 4},
    "packet.duration known": BOTH, "packet.bytes behind": BOTH,
    "layer.lost": {"no", "crc", "cut short"}, "layer.begins": {"refinement", "sweep", "share"}, "layer.threshold": set(range(32)),
    "layer.room": BOTH, "layer.refinement": {0, 1, 2, 3}, "layer.zero bytes dropped": BOTH,
    "partition.node 8": {"implied", "free"}, "partition.node 4": {"outside", "implied", "free"},
    "partition.node 2": {"outside", "implied", "free"}, "partition.node 1": {"outside", "a tile"},
    "length.clipped": BOTH, "mean.h": {"between", "above 127"},
    "symbol.row 0": set(range(64)), "symbol.class": set(range(32)), "symbol.decision 0": {0, 1}, "symbol.decision 1": {0, 1},
    "symbol.decision 2": {0, 1}, "large context": set(range(2, 18)), "symbol": set(range(16)), "symbol.sign": {0, 1},
    "symbol.left": BOTH,
    "escape.order": set(range(9)), "escape.n": set(range(16)), "escape.longest": BOTH,
    "small": {0, 1}, "small.sign": {0, 1}, "low bit 0": {0, 1}, "low bit 1": {0, 1}, "low bit 2": {0, 1},
    "tile.nt": {1, 2, 3, 4}, "tile.ny": set(range(1, 9)), "tile.nx": set(range(1, 9)),
    "tile.size": {0, 1, 2, 3},
    "tile.length in the last refinement": {"shorter", "same", "longer"}, "clip.finer refinements": {0, 1, 2, 3},
    "clip.pictures": {"key", "inter", "corrupt", "none"}, "symbol.beside of the other kind": BOTH,
    "dequantised.limited": BOTH, "c.clipped": BOTH, "sample.wraps": BOTH,
    "border.sides that stay": {0, 1, 2}, "sample.is smoothed": BOTH, "tile.predicted has tokens": {"no", "yes", "not in the first layer"},
    "motion.left": {0, 64}, "motion.top": {0, 64}, "motion.right": {0, 64}, "motion.bottom": {0, 64},
    "motion.T": set(range(2, 18)), "motion.canvas node clipped": BOTH, "motion.reference": FRAMES,
    "motion.points": {0, 1, 2}, "motion.point_terms-1": set(range(15)), "motion.point_step": FRAMES,
    "motion.spacing": {0, 1, 2, 3, 4}, "motion.mesh_terms-1": set(range(15)), "motion.mesh_step": FRAMES,
    "motion.reserved": {0}, "motion.zero bytes dropped": BOTH, "motion.d clipped": BOTH, "motion.node clipped": BOTH,
    "points.c clipped": {False}, "nodes.c clipped": BOTH, "points.beside not 0": {0}, "nodes.beside not 0": {0, 1, 2},
    "unit.type": {0, 1, 2, 77}, "unit.header version": {1}, "unit.header flags": {0, 1}, "unit.stream header": BOTH,
    "unit.pts negative": {0, 1}, "unit.duration known": BOTH, "unit.damaged": {True},
}
REQUIRED.update({f"partition.split {s} of {n}": {0, 1} for s in (8, 4, 2) for n in range(3)})
REQUIRED.update({f"partition.prediction {s} of {m}": {0, 1} for s in (8, 4, 2, 1) for m in range(3)})
for size in range(4):
    REQUIRED[f"tile.predicted of size {size}"] = BOTH
    REQUIRED.update({f"length.{name} of size {size}": set(range(15)) for name in ("class", "context")})
    REQUIRED.update({f"symbol.beside of sizes {size}, {other}": BOTH for other in range(4)})
REQUIRED.update({f"symbol.level {r}": set(range(0 if r > 3 else 1, 24)) for r in range(7)})
for kind in "points", "nodes":
    REQUIRED.update({f"{kind}.term": {0, 1, 2, 3}, f"{kind}.v not 0": {0, 1}, f"{kind}.v negative": {0, 1},
                     f"{kind}.v size": set(range(13))})


class Stream:
    """A stream as the reader has it: packets as (time, container's header, bytes), what became of each, and the pictures of all, as
    rawvideo has them."""

    def __init__(self, path, seen):
        with open(path, "rb") as file:
            data = file.read()
        self.path, self.name = path, os.path.basename(path)
        self.packets = list(spec_decoder.read_packets(data, spec_decoder.Seen()))
        self.results = [result for _, result in spec_decoder.decode_stream(MODEL, data, seen)]
        self.clips = [(time, clip) for (time, _, _), clip in zip(self.packets, self.results)
                      if isinstance(clip, spec_decoder.Clip)]
        self.pictures = b"".join(shown_frames(self.packets, self.results))

    def is_whole(self, clip):
        """Whether no layer is lost, and no packet of a frame."""
        at = self.results.index(clip)
        data = [packet for _, _, packet in self.packets[at:at + clip.frames]]
        return not lost_layers(clip) and (clip.packet.shows_all or data[1:] == [frame_packet(data[0], i) for i in range(1, clip.frames)])


def shown_frames(packets, results):
    """Bytes of each frame at time 0 or behind it, in the order of rawvideo."""
    for (time, _, _), result in zip(packets, results):
        if isinstance(result, spec_decoder.Invalid):
            continue
        packet = (result if isinstance(result, spec_decoder.Clip) else result.clip).packet
        durations = packet.durations or [packet.header.frame_duration] * packet.frames
        for planes, duration in zip(spec_decoder.shown_pictures(MODEL, result), durations):
            if time >= 0:
                yield b"".join(plane.astype(spec_decoder.sample_type(result)).tobytes() for plane in planes)
            time += duration * Fraction(*packet.header.timebase)


#: The list of checksums: {(stream, steps): md5}
with open(os.path.join(HERE, "md5")) as file:
    LISTED = {(name, steps): md5 for name, steps, md5 in map(str.split, file)}
SEEN = spec_decoder.Seen()
STREAMS = [Stream(path, SEEN) for path in sorted(glob.glob(os.path.join(HERE, "*.odva")))]


def lost_layers(clip):
    return len(clip.packet.whole_layers) < len(clip.packet.layers)


def each_stream(test):
    """Runs a test for each stream and names those that fail."""
    @functools.wraps(test)
    def run(self):
        for stream in STREAMS:
            with self.subTest(stream.name):
                test(self, stream)
    return run


class TestConformance(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)

    def place(self, name):
        return os.path.join(self.work.name, name)

    def exported(self, path):
        subprocess.run([os.environ["ONEDVA_LATENTS"], "export", path, self.place("latents")], stderr=subprocess.DEVNULL)
        return onedva.Latents(self.place("latents"))

    def assert_same_clip(self, clip, latents, index):
        other = latents[index]
        self.assertEqual((clip.frames, clip.qidx, clip.grid.detail, (clip.width, clip.height), not clip.packet.is_inter),
                         (other.frames, other.qidx, other.detail, other.size, other.is_key))
        self.assertEqual([(tile.y, tile.x, 1 << tile.size, tile.scan.shape, tile.is_predicted) for tile in clip.tiles],
                         [(tile.y, tile.x, tile.side, tile.shape, tile.is_predicted) for tile in other.tiles])
        first = int(latents.tensors["clip.first_tile"][index])
        for i, (tile, values, exported) in enumerate(zip(clip.tiles, clip.values, other.tiles)):
            lengths = latents.tensors["tile.lengths"][first + i].tolist()
            self.assertEqual(tile.behind, lengths[:len(tile.behind)])
            count = tile.coefficients(max(tile.lengths))
            for mine, theirs in (tile.q, exported.levels), (values, exported.values), (tile.scan.scale, exported.scale):
                self.assertEqual(len(theirs), count)
                np.testing.assert_array_equal(mine[:count], theirs)
            self.assertFalse(any(tile.q[count:]))

    @each_stream
    def test_latents_are_those_of_the_library(self, stream):
        whole = [(time, clip) for time, clip in stream.clips if stream.is_whole(clip)]
        latents = self.exported(stream.path)
        unit = Fraction(*latents.time_base)
        self.assertEqual([time for time, _ in whole], [clip.pts * unit for clip in latents])
        for i, (_, clip) in enumerate(whole):
            self.assert_same_clip(clip, latents, i)

    @each_stream
    def test_what_is_left_of_packets(self, stream):
        """The exporter leaves out packets that lost layers; as truncated packets it reads them."""
        cut = [(clip, spec_decoder.truncated(packet, len(clip.packet.whole_layers)))
               for (_, _, packet), clip in zip(stream.packets, stream.results)
               if isinstance(clip, spec_decoder.Clip) and lost_layers(clip)]
        if not cut:
            return
        with open(self.place("cut.odva"), "wb") as file:
            file.write(segment(stream_header_bytes(stream), [(data, 16 * i, 1) for i, (_, data) in enumerate(cut)]))
        latents = self.exported(self.place("cut.odva"))
        self.assertEqual(len(latents), len(cut))
        for i, (clip, _) in enumerate(cut):
            self.assert_same_clip(clip, latents, i)

    @each_stream
    def test_truncation_is_that_of_the_bitstream_filter(self, stream):
        most = max((len(clip.packet.layers) for _, clip in stream.clips), default=1)
        if (most == 1 or any(isinstance(result, spec_decoder.Invalid) for result in stream.results)
                or any(lost_layers(clip) for _, clip in stream.clips)):
            return
        for layers in range(1, most + 1):
            path = self.place("cut.odva")
            subprocess.run([*FFMPEG, "-copyts", "-i", stream.path, "-c", "copy", "-bsf:v", f"onedva_truncate=layers={layers}",
                            path], check=True)
            with open(path, "rb") as file:
                found = [packet for _, _, packet in spec_decoder.read_packets(file.read(), spec_decoder.Seen())]
            for (_, _, packet), result, other in itertools.zip_longest(stream.packets, stream.results, found):
                is_cut = isinstance(result, spec_decoder.Clip) and layers < len(result.packet.layers)
                self.assertEqual(other, spec_decoder.truncated(packet, layers) if is_cut else packet)

    @each_stream
    def test_what_inter_clips_are_predicted_from_is_left_where_a_clip_is_cut(self, stream):
        for (_, _, packet), clip in zip(stream.packets, stream.results):
            if isinstance(clip, spec_decoder.Clip) and clip.has_pictures and len(clip.packet.whole_layers) > 1:
                for layers in {1, len(clip.packet.whole_layers) - 1}:
                    packet_ = spec_decoder.Packet(spec_decoder.truncated(packet, layers), clip.packet.header, spec_decoder.Seen())
                    cut = spec_decoder.Clip(MODEL, packet_, None, clip.before)
                    self.assertEqual(cut.packet.id, clip.packet.id)
                    for mine, of_cut in zip(clip.reference_picture(MODEL), cut.reference_picture(MODEL)):
                        np.testing.assert_array_equal(mine, of_cut)

    @each_stream
    def test_clips_and_their_motion(self, stream):
        at = 0
        for _, run in itertools.groupby(stream.packets, lambda packet: packet[1]):
            packets = [data for _, _, data in run]
            results = stream.results[at:at + len(packets)]
            at += len(packets)
            self.assertEqual(self.printed(stream, at - 1, packets), expected_lines(results))

    def printed(self, stream, index, packets):
        header = stream_header_bytes(stream, index)
        with open(self.place("records"), "wb") as file:
            for record in (header, *packets):
                file.write(struct.pack("<I", len(record)) + record)
        result = subprocess.run([os.environ["PRINT_CLIPS"], self.place("records")], check=True, stdout=subprocess.PIPE)
        return result.stdout.decode().splitlines()

    @each_stream
    def test_pictures_without_a_network(self, stream):
        """The same bytes from all instructions that this machine has, and those that the list has."""
        expected = stream.pictures
        self.assertEqual(hashlib.md5(expected).hexdigest(), LISTED[stream.name.removesuffix(".odva"), "0"])
        for cpu in cpus():
            with self.subTest(cpu):
                found = decoded(cpu, stream.path)
                self.assertEqual(len(found), len(expected))
                self.assertTrue(found == expected, first_difference(found, expected))

    @each_stream
    def test_every_payload_is_needed_to_its_last_byte(self, stream):
        """The decoder is up to four bytes ahead, and bytes of 0 at the end are not written, as where all that follows is the
        first value of its kind."""
        if stream.name.endswith("-payloads.odva"):
            return
        for _, clip in stream.clips:
            for layer in clip.packet.whole_layers:
                self.assertLessEqual(len(layer.payload), layer.read)
                self.assertLessEqual(layer.settled, len(layer.payload) + 5)

    def test_plain_c_is_among_what_was_compared(self):
        self.assertIn("c", cpus())

    def test_every_syntax_element_is_met(self):
        self.assertEqual(set(SEEN), set(REQUIRED), "the reader counts other elements than this test requires")
        for element, required in REQUIRED.items():
            with self.subTest(element):
                self.assertEqual(required - set(SEEN[element]), set(), f"the streams lack these values of {element}")


def stream_header_bytes(stream, index=0):
    """The container's stream header that applies to a packet, as it is written."""
    with open(stream.path, "rb") as file:
        data = file.read()
    header, before = b"", -1
    for i, (_, _, packet) in enumerate(stream.packets):
        at = data.index(packet, before + 1)
        for unit in find_header_units(data, before + 1, at):
            header = unit
        before = at
        if i == index:
            return header
    return header


def find_header_units(data, first, end):
    """Stream headers of the header units between two places of a file."""
    at = data.find(b"ODVA\0", first, end)
    while at >= 0:
        try:
            spec_decoder.read_unit(data, at, spec_decoder.Seen())
            read = spec_decoder.Bytes(data[at + 6:at + 6 + data[at + 5]], spec_decoder.Seen(), 2)
            read.leb("timebase", 10, 64), read.leb("timebase", 10, 64)
            yield read.data[read.at:]
        except spec_decoder.Invalid:
            pass
        at = data.find(b"ODVA\0", at + 1, end)


def expected_lines(results):
    """As print_clips.c prints them."""
    lines = []
    for clip in results:
        if isinstance(clip, spec_decoder.Invalid) or isinstance(clip, spec_decoder.Clip) and not clip.has_pictures:
            lines.append("left out")
            continue
        if isinstance(clip, spec_decoder.Frame):
            lines.append(f"frame {clip.frame}")
            continue
        tokens = sum(max(tile.lengths) for tile in clip.tiles)
        kind = "key" if not clip.packet.is_inter else "corrupt" if clip.is_corrupt else "inter"
        line = (f"{kind} frames {clip.frames} qidx {clip.qidx} layers {len(clip.packet.whole_layers)} of {len(clip.packet.layers)} "
                f"tokens {tokens}")
        motion = clip.motion
        if motion:
            line += (f" at {2 * motion.left},{2 * motion.top} of {clip.width}x{clip.height} reference {motion.reference} "
                     f"spacing {motion.S} nodes {motion.columns}x{motion.rows}")
        lines.append(line)
        if motion:
            lines += ["".join(f" {x},{y}" for x, y in nodes.reshape(-1, 2)) for nodes in motion.nodes]
    return lines


def decoded(cpu, path):
    """Bytes of the pictures without a network that the library gives out; cpu: what ONEDVA_CPU may be."""
    result = subprocess.run([*FFMPEG, "-steps", "0", "-i", path, "-noautoscale", "-fps_mode", "passthrough", "-pix_fmt", pix_fmt_of(path),
                             "-f", "rawvideo", "-"],
                            stdout=subprocess.PIPE, env=dict(os.environ, ONEDVA_CPU=cpu))
    return result.stdout


@functools.lru_cache(None)
def cpus():
    """Those that run here."""
    names = "c", "avx2", "avx512", "avx512bf16", "avx512vnni", "avx512bf16vnni", "neon"
    return [name for name in names if decoded(name, os.path.join(HERE, "encoded-1x1.odva"))]


def first_difference(found, expected):
    differ = np.flatnonzero(np.frombuffer(found, np.uint8) != np.frombuffer(expected, np.uint8))
    return f"{len(differ)} of {len(found)} bytes differ, first {differ[:3]}"


if __name__ == "__main__":
    unittest.main()
