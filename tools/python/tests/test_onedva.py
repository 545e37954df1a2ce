# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
import contextlib
import io
import json
import os
import pickle
import struct
import sys
import tempfile
import unittest
from unittest import mock

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
    """A clip of two superblocks, the first with its tokens in three tiles of 2, 0 and 3, and one with 2 of a tile whose
    last token is cut short."""
    rng = np.random.default_rng(1)
    return {"clip.pts": np.array([0, 640]), "clip.dts": np.array([0, onedva.NO_TIME]),
            "clip.duration": np.array([640, 40]), "clip.frames": np.array([16, 1], "i4"), "clip.is_key": np.array([1, 0], "i4"),
            "clip.qidx": np.array([-10, 5], "i4"), "clip.detail": np.array([3, 0], "i4"), "clip.size": np.array([[140, 90], [64, 16]], "i4"),
            "clip.first_superblock": np.array([0, 2, 3]), "superblock.splits": np.array([1, 0, 7], "i4"),
            "clip.first_tile": np.array([0, 3, 4], "i4"), "tile.first_coefficient": np.array([0, 32, 32, 128, 139]),
            "tile.place": np.array([[0, 0, 4, 4, 4, 2, 0], [0, 4, 4, 2, 2, 1, 0], [0, 8, 4, 6, 1, 3, 1],
                                    [0, 0, 1, 1, 1, 0, 0]], "i4"),
            "tile.is_predicted": np.array([0, 0, 0, 1], "i1"),
            "coefficient.q": rng.integers(-9, 9, 139).astype("i4"),
            "coefficient.y": rng.integers(-2 ** 23 + 1, 2 ** 23, 139).astype("f4"),
            "coefficient.scale": rng.integers(-30, 30, 139).astype("i1")}


DESCRIBED = {"format": 5, "model": "tiny", "model_id": "00", "bands": [[8, 4, 2, 1], [8] * 4, [9] * 4, [20, 10, 5, 5]], "time_base": [1, 1000],
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
        self.assertEqual((len(latents), latents.bands, latents.time_base), (2, DESCRIBED["bands"], (1, 1000)))
        self.assertEqual([(clip.detail, clip.basis) for clip in latents], [(3, 40), (0, 15)])
        self.assertEqual((first.pts, first.frames, first.qidx, first.size), (0, 16, -10, (140, 90)))
        self.assertEqual((second.dts, second.duration), (onedva.NO_TIME, 40))
        self.assertEqual([clip.is_key for clip in latents], [True, False])
        self.assertEqual([tile.is_predicted for tile in first.tiles + second.tiles], [False, False, False, True])
        self.assertEqual([len(tile) for tile in first.tiles + second.tiles], [2, 0, 3, 2])
        self.assertEqual([tile.token_length for tile in first.tiles + second.tiles], [16, 8, 32, 8])
        last = first.tiles[2]
        self.assertEqual((last.y, last.x, last.shape, last.side, last.superblock), (0, 8, (4, 6, 1), 8, 1))
        np.testing.assert_array_equal(second.tiles[0].levels, tensors["coefficient.q"][128:])
        self.assertEqual((list(first.splits), list(second.splits)), ([1, 0], [7]))
        self.assertEqual(latents[-1].pts, 640)
        self.assertRaises(IndexError, lambda: latents[2])

    def test_tokens_are_values_over_their_scale(self):
        tensors = two_clips()
        write(self.path, tensors, DESCRIBED)
        values = tensors["coefficient.y"] / 4080 / 2.0 ** (tensors["coefficient.scale"] / 8)
        latents = onedva.Latents(self.path)
        whole, empty, cut = latents[0].tiles[0], latents[0].tiles[1], latents[1].tiles[0]
        np.testing.assert_allclose(whole.tokens(), values[:32].reshape(2, 16), rtol=1e-6)
        self.assertEqual(empty.tokens().shape, (0, 8))
        np.testing.assert_allclose(cut.tokens().ravel(), np.append(values[128:], np.zeros(5)), rtol=1e-6)
        for tile, first in ((whole, 0), (empty, 32), (cut, 128)):
            np.testing.assert_allclose(tile.from_tokens(tile.tokens()),
                                       tensors["coefficient.y"][first:first + len(tile.levels)], rtol=1e-6)

    def test_padding(self):
        padded, lengths = onedva.pad([np.ones((3, 32)), np.zeros((0, 16)), np.full((2, 8), 2)])
        self.assertEqual((padded.shape, list(lengths)), ((3, 3, 32), [3, 0, 2]))
        np.testing.assert_array_equal(padded.sum((1, 2)), [96, 0, 32])
        np.testing.assert_array_equal(padded[2, 1], [2] * 8 + [0] * 24)

    def test_tokens_of_a_clip_are_those_of_its_tiles(self):
        write(self.path, two_clips(), DESCRIBED)
        latents = onedva.Latents(self.path)
        for index, clip in enumerate(latents):
            tokens, places = latents.tokens(index)
            padded, lengths = onedva.pad([tile.tokens() for tile in clip.tiles])
            np.testing.assert_array_equal(tokens, np.concatenate([p[:n] for p, n in zip(padded, lengths)]))
            self.assertEqual([tuple(p) for p in places],
                             [(tile.y, tile.x, tile.side, i) for tile in clip.tiles for i in range(len(tile))])

    def test_windows_are_coarse_to_fine(self):
        write(self.path, two_clips(), DESCRIBED)
        latents = onedva.Latents(self.path)
        windows = onedva.Windows([self.path, self.path], clips=2)
        self.assertEqual(len(windows), 2)
        tokens, places = windows[1]
        self.assertEqual([tuple(p) for p in places], [(0, 0, 0, 4, 0), (0, 0, 8, 8, 0), (1, 0, 0, 1, 0), (0, 0, 0, 4, 1),
                                                      (0, 0, 8, 8, 1), (1, 0, 0, 1, 1), (0, 0, 8, 8, 2)])
        np.testing.assert_array_equal(tokens[[0, 3]], latents.tokens(0)[0][:2])
        short = onedva.Windows([self.path], clips=2, length=3)[0]
        np.testing.assert_array_equal(short.tokens, tokens[:3])
        self.assertEqual([len(onedva.Windows([self.path], clips=n)) for n in (1, 3)], [2, 0])
        self.assertRaises(IndexError, lambda: windows[2])
        self.assertRaisesRegex(ValueError, "0 clips", onedva.Windows, [self.path], 0)
        self.assertRaisesRegex(ValueError, "0 tokens", onedva.Windows, [self.path], 1, 0)

    def test_batches_say_where_tokens_are(self):
        write(self.path, two_clips(), DESCRIBED)
        windows = onedva.Windows([self.path])
        tokens, places, mask = onedva.batch([windows[0], windows[1]])
        self.assertEqual((tokens.shape, places.shape, list(mask.sum(1))), ((2, 5, 32), (2, 5, 5), [5, 2]))
        np.testing.assert_array_equal(tokens[1, :2], windows[1].tokens)
        np.testing.assert_array_equal(places[0], windows[0].places)
        self.assertFalse(tokens[1, 2:].any() or places[1, 2:].any())
        again = pickle.loads(pickle.dumps(windows))   # as a worker gets it
        np.testing.assert_array_equal(again[0].tokens, windows[0].tokens)

    def test_workers_of_torch(self):
        import torch.utils.data
        write(self.path, two_clips(), DESCRIBED)
        windows = onedva.Windows([self.path] * 3)
        loader = torch.utils.data.DataLoader(windows, 2, num_workers=2, collate_fn=onedva.tensors)
        found = [(tokens.dtype, mask.sum(1).tolist()) for tokens, _, mask in loader]
        self.assertEqual(found, [(torch.float32, [5, 2])] * 3)

    def test_videos_are_exported(self):
        """By a program that gives two clips for a video, and says how often it ran."""
        folder = os.path.dirname(self.path)
        video, program, runs = (os.path.join(folder, name) for name in ("a.mkv", "program", "runs"))
        write(self.path, two_clips(), DESCRIBED)
        with open(program, "w") as file:
            file.write(f'#!/bin/sh\n[ "$1 $2" = "export {video}" ] || {{ echo "no clips" >&2; exit 1; }}\n'
                       f'echo >> {runs}\ncat {self.path} > "$3"\n')
        os.chmod(program, 0o755)
        open(video, "w").close()
        wanted = onedva.Windows([self.path])[0].tokens
        np.testing.assert_array_equal(onedva.Windows([video], program=program)[0].tokens, wanted)
        cache = os.path.join(folder, "cache")
        for _ in range(2):
            np.testing.assert_array_equal(onedva.Windows([video], cache=cache, program=program)[0].tokens, wanted)
        self.assertEqual(os.path.getsize(runs), 2)    # into memory, and once into the cache
        later = os.path.getmtime(video) + 1000
        os.utime(video, (later, later))
        with contextlib.redirect_stderr(io.StringIO()) as said, mock.patch("onedva_progress.LOGGED", 0):
            onedva.Windows([video], cache=cache, program=program)
        self.assertRegex(said.getvalue(), r"^1/1 files, [\d.]+ files/(s|min)\n$")
        self.assertEqual(os.path.getsize(runs), 3)
        other = os.path.join(folder, "b.mkv")
        open(other, "w").close()
        for keep in (None, cache):
            self.assertRaisesRegex(ValueError, "b.mkv: no clips", onedva.Windows, [other], cache=keep, program=program)
        self.assertRaisesRegex(ValueError, "no program nothing", onedva.Latents, video, "nothing")
        self.assertEqual([name for _, _, names in os.walk(cache) for name in names], ["a.mkv.safetensors"])
        other = os.path.join(folder, "latents")    # exported under another name
        os.rename(self.path, other)
        np.testing.assert_array_equal(onedva.Windows([other], cache=cache, program="nothing")[0].tokens, wanted)

    def test_other_files_are_refused(self):
        for described, cut, words in ((None, 0, "no One-DVA latents"), ({**DESCRIBED, "format": 4}, 0, "format 4"),
                                      (DESCRIBED, 100, "cut short")):
            write(self.path, two_clips(), described, cut)
            self.assertRaisesRegex(ValueError, words, onedva.Latents, self.path)
        for content in (b"", b"\0" * 7, b"\xff" * 100):
            with open(self.path, "wb") as file:
                file.write(content)
            self.assertRaisesRegex(ValueError, "no safetensors file", onedva.Latents, self.path)


if __name__ == "__main__":
    unittest.main()
