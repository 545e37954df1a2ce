# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the latents of videos: of what `onedva-latents export` writes, or of the videos themselves through that
program. Needs numpy only; copy it and onedva_progress.py where you like.

    import onedva
    latents = onedva.Latents("video.mkv")      # or what was exported: video.safetensors
    for clip in latents:
        for tile in clip.tiles:
            tile.tokens()          # float32 [n, 8, 16 or 32], about unit variance; n differs from tile to tile

Batches to train on, in PyTorch:

    windows = onedva.Windows(glob.glob("encoded/**/*.mkv", recursive=True), clips=2, length=512, cache="latents")
    loader = torch.utils.data.DataLoader(windows, 32, shuffle=True, num_workers=2, collate_fn=onedva.tensors)
    for tokens, places, mask in loader:        # [32, n, 32], [32, n, 5], [32, n]
        ...
"""
import collections
import json
import os
import struct
import subprocess

import numpy as np

from onedva_progress import watched

FORMAT = 5
TYPES = {"U8": "u1", "I8": "i1", "I32": "<i4", "I64": "<i8", "F32": "<f4"}
NO_TIME = -2 ** 63   # a packet without a timestamp
UNIT = 4080          # of coefficient.y in what coefficient.scale is told in: 1/32 of a sample's step in 127.5 of them
TYPICAL = np.exp2(np.arange(-128, 128, dtype=np.float32) / -8) / UNIT   # of each scale: value to unit variance


def read_tensors(path):
    """A safetensors file -> its metadata, {name: array}; arrays are mapped, not read."""
    return _tensors(path, np.memmap(path, np.uint8, "r") if os.path.getsize(path) else np.empty(0, np.uint8))


def _tensors(path, data):
    try:
        size, = struct.unpack("<Q", data[:8].tobytes())
        header = json.loads(data[8:8 + size].tobytes())
    except (ValueError, OverflowError, struct.error):
        raise ValueError(f"{path} is no safetensors file") from None
    data = data[8 + size:]
    tensors = {}
    metadata = header.pop("__metadata__", {})
    for name, entry in header.items():
        first, end = entry["data_offsets"]
        if entry["dtype"] in TYPES:
            if end > len(data):
                raise ValueError(f"{path} is cut short: {name} ends behind it")
            tensors[name] = data[first:end].view(TYPES[entry["dtype"]]).reshape(entry["shape"])
    return metadata, tensors


def is_exported(path):
    """Whether a file is of the kind that export() writes, by its name or how it begins; anything else is a video."""
    if os.fspath(path).endswith(".safetensors"):
        return True
    with open(path, "rb") as file:
        return file.read(9)[8:] == b"{"


def export(video, path, program="onedva-latents"):
    """Write a video's latents to path; "/dev/stdout" gives them back as bytes. ValueError says why there are none."""
    try:
        done = subprocess.run([program, "export", video, path], capture_output=True, check=False)
    except FileNotFoundError:
        raise ValueError(f"{video}: there is no program {program} to read it with; make builds it as build/onedva-latents") from None
    if done.returncode:
        raise ValueError(f"{video}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def exported(video, folder, program="onedva-latents"):
    """The file below folder that has a video's latents; it is made where it is missing or older than the video."""
    path = os.path.join(folder, os.path.abspath(video).lstrip(os.sep) + ".safetensors")
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(video):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        partial = f"{path}.{os.getpid()}.part"
        try:
            export(video, partial, program)
            os.replace(partial, path)
        finally:
            if os.path.exists(partial):
                os.remove(partial)
    return path


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

    def __init__(self, path, program="onedva-latents"):
        """path: what was exported, or a video, which program reads into memory."""
        self.path, self.program = path, program
        if is_exported(path):
            metadata, self.tensors = read_tensors(path)
        else:
            metadata, self.tensors = _tensors(path, np.frombuffer(export(path, "/dev/stdout", program), np.uint8))
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

    def __reduce__(self):
        """To a worker goes the path, not what is behind it."""
        return Latents, (self.path, self.program)

    def tokens(self, index, coarsest=None):
        """Latent tokens of a clip, tile by tile: float32 [n, 32] as Tile.tokens() has them, with zeros behind those of
        small tiles; and their places, int32 [n, 4]: y, x and side of the tile, index in it. coarsest: so many of them
        and no others, in the order of their index in the tile."""
        first, end = self.tensors["clip.first_tile"][index:index + 2]
        starts = np.asarray(self.tensors["tile.first_coefficient"][first:end + 1])
        place = self.tensors["tile.place"][first:end]
        side = 1 << place[:, 5]
        token_length = np.where(side == 8, 32, np.where(side == 4, 16, 8))
        counts = -(-np.diff(starts) // token_length)
        tile = np.repeat(np.arange(len(side)), counts)           # of each token
        inside = np.arange(len(tile)) - np.repeat(np.cumsum(counts) - counts, counts)
        if coarsest is not None:
            kept = np.argsort(inside, kind="stable")[:coarsest]
            tile, inside = tile[kept], inside[kept]
        column, length = np.arange(32), token_length[tile][:, None]
        at = (starts[tile] + inside * token_length[tile])[:, None] + column
        is_there = (column < length) & (at < starts[tile + 1][:, None])
        at[~is_there] = starts[0]
        scale = self.tensors["coefficient.scale"][at].astype(np.int16)
        tokens = np.where(is_there, self.tensors["coefficient.y"][at] * TYPICAL[scale + 128], np.float32(0))
        return tokens, np.stack([place[tile, 0], place[tile, 1], side[tile], inside], 1).astype(np.int32)


# Latent tokens [n, 32] and their places [n, 5]: clip of the window; y, x and side of the tile in patches; index in the tile.
Sequence = collections.namedtuple("Sequence", "tokens places")


class Windows:
    """Windows of clips that follow each other, as sequences of latent tokens: a data set as torch's DataLoader takes it.

    paths: exported files or videos; with cache, a folder, videos are exported into it once, without it they are held in
    memory. clips: of a window; they begin everywhere in a file. length: most tokens of a sequence, the coarsest of all
    tiles; None: all. Tokens are in the order of their index in the tile, so that each beginning of a sequence shows
    all of the picture: a variable length is a shorter beginning."""

    def __init__(self, paths, clips=1, length=None, cache=None, program="onedva-latents"):
        if clips < 1 or (length is not None and length < 1):
            raise ValueError(f"windows of {clips} clips and {length} tokens; expected 1 or more of each")
        keep = lambda path: exported(path, cache, program) if cache and not is_exported(path) else path
        paths = list(paths)
        self.files = [Latents(keep(os.fspath(path)), program) for path in watched(paths, "files", len(paths))]
        self.clips, self.length = clips, length
        counts = [max(0, len(file) - clips + 1) for file in self.files]
        self.ends = np.cumsum(counts, dtype=np.int64)

    def __len__(self):
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(index)
        file = int(np.searchsorted(self.ends, index, "right"))
        first = index - int(self.ends[file - 1] if file else 0)
        parts = [self.files[file].tokens(first + i, self.length) for i in range(self.clips)]
        tokens = np.concatenate([t for t, _ in parts])
        places = np.concatenate([np.insert(p, 0, i, 1) for i, (_, p) in enumerate(parts)])
        order = np.argsort(places[:, 4], kind="stable")[:self.length]
        return Sequence(tokens[order], places[order])


def batch(sequences):
    """Sequences -> tokens float32 [B, n, 32] and places int32 [B, n, 5] with zeros behind each, and mask [B, n]: True
    where there is a token; n of the longest."""
    lengths = np.array([len(s.tokens) for s in sequences])
    mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
    tokens, places = np.zeros((*mask.shape, 32), np.float32), np.zeros((*mask.shape, 5), np.int32)
    for i, (sequence, n) in enumerate(zip(sequences, lengths)):
        tokens[i, :n], places[i, :n] = sequence
    return tokens, places, mask


def tensors(sequences):
    """batch() as tensors of PyTorch."""
    import torch
    return tuple(torch.from_numpy(array) for array in batch(sequences))


def pad(sequences):
    """Sequences [n_i, token length, at most 32] -> float32 [B, max n, 32] with zeros behind each token and each
    sequence, and lengths [B]."""
    lengths = np.array([len(s) for s in sequences])
    padded = np.zeros((len(sequences), int(lengths.max(initial=0)), 32), np.float32)
    for row, sequence in zip(padded, sequences):
        row[:len(sequence), :sequence.shape[1]] = sequence
    return padded, lengths
