# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os
import struct
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import onedva

DTYPES = {"u1": "U8", "i1": "I8", "i4": "I32", "i8": "I64", "f4": "F32"}


def write(path, tensors, described, cut=0):
    """A safetensors file as onedva-latents lays it out."""
    header, blobs, offset = {"__metadata__": {"onedva-latents": json.dumps(described)} if described else {}}, [], 0
    for name, array in tensors.items():
        blob = array.tobytes()
        header[name] = {"dtype": DTYPES[array.dtype.str[1:]], "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    data = struct.pack("<Q", len(text)) + text + b"".join(blobs)
    with open(path, "wb") as file:
        file.write(data[:len(data) - cut])


def two_clips():
    """A clip of two tiles with 3 and 0 tokens, and one of a tile with 2."""
    rng = np.random.default_rng(1)
    return {"clip.pts": np.array([0, 640]), "clip.dts": np.array([0, onedva.NO_TIME]),
            "clip.duration": np.array([640, 40]), "clip.frames": np.array([16, 1], "i4"),
            "clip.qidx": np.array([-10, 5], "i4"), "clip.size": np.array([[140, 90], [64, 16]], "i4"),
            "clip.first_tile": np.array([0, 2, 3], "i4"), "tile.first_token": np.array([0, 3, 3, 5]),
            "tile.place": np.array([[0, 0, 4, 6, 8], [0, 8, 4, 6, 1], [0, 0, 1, 1, 4]], "i4"),
            "token.q": rng.integers(-9, 9, (5, 32)).astype("i4"),
            "token.y": rng.normal(size=(5, 32)).astype("f4"),
            "token.scale": rng.integers(-30, 30, (5, 32)).astype("i1")}


DESCRIBED = {"format": 2, "model": "tiny", "model_id": "00", "basis": 192, "time_base": [1, 1000],
             "frame_rate": [25, 1]}


class Reader(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "x.safetensors")

    def test_clips_and_tiles(self):
        tensors = two_clips()
        write(self.path, tensors, DESCRIBED)
        latents = onedva.Latents(self.path)
        first, second = latents
        self.assertEqual((len(latents), latents.basis, latents.time_base), (2, 192, (1, 1000)))
        self.assertEqual((first.pts, first.frames, first.qidx, first.size), (0, 16, -10, (140, 90)))
        self.assertEqual((second.dts, second.duration), (onedva.NO_TIME, 40))
        self.assertEqual([len(tile) for tile in first.tiles + second.tiles], [3, 0, 2])
        self.assertEqual((first.tiles[1].y, first.tiles[1].x, first.tiles[1].shape), (0, 8, (4, 6, 1)))
        np.testing.assert_array_equal(second.tiles[0].levels, tensors["token.q"][3:])
        self.assertEqual(latents[-1].pts, 640)
        self.assertRaises(IndexError, lambda: latents[2])

    def test_tokens_are_values_over_their_scale(self):
        tensors = two_clips()
        write(self.path, tensors, DESCRIBED)
        tile = onedva.Latents(self.path)[0].tiles[0]
        expected = tensors["token.y"][:3] / 2.0 ** (tensors["token.scale"][:3] / 8)
        np.testing.assert_allclose(tile.tokens(), expected, rtol=1e-6)
        np.testing.assert_allclose(tile.from_tokens(tile.tokens()), tensors["token.y"][:3], rtol=1e-6)

    def test_padding(self):
        padded, lengths = onedva.pad([np.ones((3, 32)), np.zeros((0, 32)), np.full((2, 32), 2)])
        self.assertEqual((padded.shape, list(lengths)), ((3, 3, 32), [3, 0, 2]))
        np.testing.assert_array_equal(padded.sum((1, 2)), [96, 0, 128])

    def test_other_files_are_refused(self):
        for described, cut, words in ((None, 0, "no One-DVA latents"), ({**DESCRIBED, "format": 3}, 0, "format 3"),
                                      (DESCRIBED, 100, "cut short")):
            write(self.path, two_clips(), described, cut)
            self.assertRaisesRegex(ValueError, words, onedva.Latents, self.path)
        for content in (b"", b"\0" * 7, b"\xff" * 100):
            with open(self.path, "wb") as file:
                file.write(content)
            self.assertRaisesRegex(ValueError, "no safetensors file", onedva.Latents, self.path)


if __name__ == "__main__":
    unittest.main()
