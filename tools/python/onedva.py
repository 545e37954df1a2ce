# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the latents that `onedva-latents export` writes. Needs numpy only; one file, copy it where you like.

    import onedva
    latents = onedva.Latents("video.safetensors")
    for clip in latents:
        for tile in clip.tiles:
            tile.tokens()          # float32 [n, 8, 16 or 32], about unit variance; n differs from tile to tile

A data set for PyTorch, all tiles of many files:

    class Tiles(torch.utils.data.Dataset):
        def __init__(self, paths):
            files = [onedva.Latents(path) for path in paths]
            self.tiles = [tile for latents in files for clip in latents for tile in clip.tiles]
        def __len__(self):
            return len(self.tiles)
        def __getitem__(self, i):
            return torch.from_numpy(self.tiles[i].tokens())

    loader = torch.utils.data.DataLoader(Tiles(paths), 64, shuffle=True,
                                         collate_fn=lambda tiles: onedva.pad([t.numpy() for t in tiles]))
"""
import json
import struct

import numpy as np

FORMAT = 5
TYPES = {"U8": "u1", "I8": "i1", "I32": "<i4", "I64": "<i8", "F32": "<f4"}
NO_TIME = -2 ** 63   # a packet without a timestamp
UNIT = 4080          # of coefficient.y in what coefficient.scale is told in: 1/32 of a sample's step in 127.5 of them


def read_tensors(path):
    """A safetensors file -> its metadata, {name: array}; arrays are mapped, not read."""
    with open(path, "rb") as file:
        start = file.read(8)
        if len(start) < 8:
            raise ValueError(f"{path} is no safetensors file")
        size, = struct.unpack("<Q", start)
        try:
            header = json.loads(file.read(size))
        except (ValueError, OverflowError, MemoryError):
            raise ValueError(f"{path} is no safetensors file") from None
    data = np.memmap(path, np.uint8, "r", 8 + size) if 8 + size < _length(path) else np.empty(0, np.uint8)
    tensors = {}
    metadata = header.pop("__metadata__", {})
    for name, entry in header.items():
        first, end = entry["data_offsets"]
        if entry["dtype"] in TYPES:
            if end > len(data):
                raise ValueError(f"{path} is cut short: {name} ends behind it")
            tensors[name] = data[first:end].view(TYPES[entry["dtype"]]).reshape(entry["shape"])
    return metadata, tensors


def _length(path):
    with open(path, "rb") as file:
        return file.seek(0, 2)


class Tile:
    """A tile of a clip: a variable-length sequence of latent coefficients, coarse to fine, in latent tokens of
    token_length numbers: 32 in tiles of 8 patches a side, 16 in those of 4, 8 in smaller ones.

    y, x: its place in patches of 16x16 samples; side: 8, 4, 2 or 1 patches, of which the picture's end may leave fewer;
    shape: (nt, ny, nx) patches of 4 frames x 16 x 16 that it covers; superblock: index among those of its clip;
    is_predicted: its coefficients are of what a prediction from the clip before lacks, not of the pictures."""

    def __init__(self, tensors, index):
        self.y, self.x, *shape, size, self.superblock = (int(v) for v in tensors["tile.place"][index])
        self.shape = tuple(shape)
        self.side = 1 << size
        self.is_predicted = bool(tensors["tile.is_predicted"][index])
        self.token_length = {8: 32, 4: 16}.get(self.side, 8)
        first, end = (int(v) for v in tensors["tile.first_coefficient"][index:index + 2])
        self.levels = tensors["coefficient.q"][first:end]     # int32 [m]: quantised
        self.values = tensors["coefficient.y"][first:end]     # float32 [m]: dequantised, whole numbers
        self.scale = tensors["coefficient.scale"][first:end]  # int8 [m]: 8 log2 of what is typical of each

    def __len__(self):
        """Latent tokens."""
        return -(-len(self.levels) // self.token_length)

    def tokens(self):
        """Values over their typical size: float32 [n, token_length], zeros where the last token has none."""
        tokens = np.zeros(len(self) * self.token_length, np.float32)
        tokens[:len(self.values)] = self.values * (np.exp2(self.scale.astype(np.float32) / -8) / UNIT)
        return tokens.reshape(-1, self.token_length)

    def from_tokens(self, tokens):
        """Inverse of tokens(): what to write to coefficient.y for `onedva-latents --from y import`."""
        return np.ravel(tokens)[:len(self.scale)] * (np.exp2(self.scale.astype(np.float32) / 8) * UNIT)


class Clip:
    """What one packet holds. Times are in latents.time_base; size is (width, height) of what is coded: the
    motion-aligned canvas, at least as large as the picture. basis: coefficients of a patch, which detail, 0 to 3, chooses.
    is_key: it stands for itself; otherwise some of its tiles may be predicted from the clip before."""

    def __init__(self, tensors, index, bands):
        self.pts, self.dts, self.duration = (int(tensors[f"clip.{k}"][index]) for k in ("pts", "dts", "duration"))
        self.frames, self.qidx, self.detail = (int(tensors[f"clip.{k}"][index]) for k in ("frames", "qidx", "detail"))
        self.is_key = bool(tensors["clip.is_key"][index])
        self.basis = sum(bands[self.detail])
        self.size = tuple(int(v) for v in tensors["clip.size"][index])
        first, end = (int(v) for v in tensors["clip.first_tile"][index:index + 2])
        self.tiles = [Tile(tensors, i) for i in range(first, end)]
        first, end = (int(v) for v in tensors["clip.first_superblock"][index:index + 2])
        self.splits = tensors["superblock.splits"][first:end]   # int32: bits of the nodes that are split


class Latents:
    """A file of latents: a sequence of clips."""

    def __init__(self, path):
        metadata, self.tensors = read_tensors(path)
        if "onedva-latents" not in metadata:
            raise ValueError(f"{path} holds no One-DVA latents; make it with onedva-latents export")
        described = json.loads(metadata["onedva-latents"])
        if described["format"] != FORMAT:
            raise ValueError(f"{path} has latents of format {described['format']}, this reads {FORMAT}")
        self.model, self.model_id = described["model"], described["model_id"]
        self.bands = described["bands"]     # [detail][band]: vectors that a patch has of each frequency in time
        self.time_base, self.frame_rate = (tuple(described[k]) for k in ("time_base", "frame_rate"))

    def __len__(self):
        return len(self.tensors["clip.pts"])

    def __getitem__(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return Clip(self.tensors, index % len(self), self.bands)


def pad(sequences):
    """Sequences [n_i, token length, at most 32] -> float32 [B, max n, 32] with zeros behind each token and each
    sequence, and lengths [B]."""
    lengths = np.array([len(s) for s in sequences])
    padded = np.zeros((len(sequences), int(lengths.max(initial=0)), 32), np.float32)
    for row, sequence in zip(padded, sequences):
        row[:len(sequence), :sequence.shape[1]] = sequence
    return padded, lengths
