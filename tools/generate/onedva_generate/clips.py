# SPDX-License-Identifier: LGPL-2.1-or-later
"""Latents of many short clips with a class each: what a prior is trained on."""
import glob
import json
import os
import subprocess
import tempfile
import zipfile

import numpy as np

import onedva
from onedva_progress import Progress

from . import shapes
from .errors import InputError

FRAMES = 16           # of a clip: the most that a packet holds
SEQUENCE = 4          # clips that follow each other, at most
LEFT_OUT = 20         # one of so many sequences is for validation
# one tile in a superblock, each clip for itself, nothing that another clip of the same size might lack
ENCODER = ["-c:v", "onedva", "-g", "1", "-motion", "off", "-adaptive_clips", "0", "-clip_packets", "1",
           "-tile_size", "128", "-detail", "0"]


class Clips:
    """latents float16 [C, length, 32] over the scan's scale, zeros behind a clip's end; classes int [C]; follows bool [C]:
    the clip before it in this list is what was seen before it; typical float32 [length, 32]: the scan's scale, so that
    latents * typical differ as pixels do; config: what all have in common."""

    def __init__(self, latents, classes, follows, typical, config):
        self.latents, self.classes, self.follows = latents, classes, follows
        self.typical, self.config = typical, config

    def is_held(self):
        """bool [C]: of sequences that are left out of training."""
        runs = np.cumsum(~self.follows)
        if runs[-1] < 2:
            raise InputError("clips of one sequence only: there is none to leave out")
        return runs % min(LEFT_OUT, runs[-1]) == 0

    def tiled_typical(self):
        """typical of all tiles of a clip, [length * tiles, 32]"""
        return np.tile(self.typical, (self.config["tiles"], 1))

    def save(self, path):
        with open(path + ".part", "wb") as file:
            np.savez(file, latents=self.latents, classes=self.classes, follows=self.follows,
                     typical=self.typical, config=json.dumps(self.config))
        os.replace(path + ".part", path)

    @classmethod
    def load(cls, path):
        try:
            with np.load(path) as file:
                return cls(file["latents"], file["classes"], file["follows"], file["typical"], json.loads(str(file["config"])))
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: no clips that `onedva_generate clips` wrote ({error})") from None


def decode(ffmpeg, path, side, zoom):
    """A video as uint8 frames [n, h * w * 3 / 2] with h, w: its shorter side is zoom * side."""
    scale = f"scale=w='if(gt(iw,ih),-2,{int(side * zoom) // 2 * 2})':h='if(gt(iw,ih),{int(side * zoom) // 2 * 2},-2)'"
    probe = subprocess.run([ffmpeg, "-v", "error", "-i", path, "-vf", f"{scale},format=yuv420p", "-frames:v", "1",
                            "-f", "yuv4mpegpipe", "-"], capture_output=True, check=False)
    fields = probe.stdout.split(b"\n", 1)[0].decode(errors="replace").split()
    sizes = {f[0]: int(f[1:]) for f in fields[1:] if f[0] in "WH"}
    if len(sizes) != 2:
        said = probe.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"{path}: {said[-1] if said else 'has no video'}")
    w, h = sizes["W"], sizes["H"]
    raw = subprocess.run([ffmpeg, "-v", "error", "-i", path, "-vf", f"{scale},format=yuv420p", "-f", "rawvideo", "-"],
                         capture_output=True, check=False).stdout
    frame = w * h * 3 // 2
    return np.frombuffer(raw, np.uint8, len(raw) // frame * frame).reshape(-1, frame), h, w


def crop(frames, h, w, y, x, side, flip):
    """side x side out of yuv420p frames of h x w, from the even place (y, x); flip: left and right change sides."""
    out = []
    at = 0
    for step in (1, 2, 2):
        plane = frames[:, at:at + (h // step) * (w // step)].reshape(-1, h // step, w // step)
        part = plane[:, y // step:(y + side) // step, x // step:(x + side) // step]
        out.append((part[:, :, ::-1] if flip else part).reshape(len(frames), -1))
        at += (h // step) * (w // step)
    return np.concatenate(out, 1)


def sequences(path, ffmpeg, side, crops, rng):
    """Runs of whole clips of a video, crops of it at random places and sizes; each [16 n, side * side * 3 / 2]."""
    for zoom in (1.0, 1.4):
        frames, h, w = decode(ffmpeg, path, side, zoom)
        for i in range(crops):
            y, x = (2 * int(rng.integers((n - side) // 2 + 1)) for n in (h, w))
            start = int(rng.integers(FRAMES)) if len(frames) >= 2 * FRAMES else 0
            for first in range(start, len(frames) - FRAMES + 1, SEQUENCE * FRAMES):
                run = frames[first:first + SEQUENCE * FRAMES]
                yield crop(run[:len(run) // FRAMES * FRAMES], h, w, y, x, side, i % 2)


def runs_of(paths, ffmpeg, side, crops, rng, report):
    """Of all videos; one that cannot be read, or is shorter than a clip, is named and left out."""
    progress = Progress("videos", len(paths))
    for i, path in enumerate(paths):
        progress.show(i, path)
        count = 0
        try:
            for run in sequences(path, ffmpeg, side, crops, rng):
                count += 1
                yield run
        except InputError as error:
            progress.clear()
            report(f"left out: {error}")
            continue
        if not count:
            progress.clear()
            report(f"left out: {path} has fewer than {FRAMES} frames")
    progress.close(len(paths))


def drawn(rng, count, side):
    """As many runs of drawn videos."""
    progress = Progress("videos", count)
    for i in range(count):
        progress.show(i)
        yield shapes.video(rng, SEQUENCE * FRAMES, side)
    progress.close(count)


def raw(side):
    """Options of FFmpeg for what runs consist of."""
    return ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{side}x{side}", "-r", "25"]


def encode(program, runs, config, video):
    """Runs of frames through the encoder into a video, one behind the other; the frames stay in no file."""
    command = [program("ffmpeg"), "-v", "error", "-y", *raw(config["side"]), "-i", "-", *ENCODER, "-crf", str(config["crf"]),
               "-tokens", str(config["length"]), video]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        written = 0
        try:
            for run in runs:
                process.stdin.write(run.tobytes())
                written += 1
        except BrokenPipeError:
            pass
        said = process.communicate()[1].decode(errors="replace").strip().splitlines()
    if process.returncode:
        raise InputError(f"the encoder failed: {said[0] if said else process.returncode}")
    if not written:
        raise InputError("no clip: of no video there are frames enough")


def encoded_latents(program, runs, config):
    """Runs of frames through the encoder -> onedva.Latents."""
    with tempfile.TemporaryDirectory() as folder:
        video, exported = (os.path.join(folder, n) for n in ("clips.mkv", "clips.safetensors"))
        encode(program, runs, config, video)
        onedva.export(video, exported, program("onedva-latents"))
        return onedva.Latents(exported)


def typical_of(latents, length):
    """The scan's scale of the longest tile there is: clips of one kind have the same scan. [length, 32]"""
    scale = max((clip.tiles[0].scale for clip in latents), key=len).astype(np.float32)
    typical = np.exp2(np.resize(scale, length * 32) / 8)
    typical[len(scale):] = typical[min(len(scale), length * 32) - 1]
    return typical.reshape(length, 32)


def gather(latents, length):
    """Latents of all clips, float16 [C, length * tiles, 32], the tiles one behind the other; None for a clip that is of
    another kind."""
    out = []
    for clip in latents:
        if clip.detail or clip.frames != FRAMES or any(tile.side != 8 for tile in clip.tiles):
            out.append(None)
            continue
        rows = np.zeros((len(clip.tiles), length, 32), np.float16)
        for row, tile in zip(rows, clip.tiles):
            tokens = tile.tokens()
            row[:len(tokens)] = tokens[:length]
        out.append(rows.reshape(-1, 32))
    return out


def counted(runs, lengths):
    for run in runs:
        lengths.append(len(run) // FRAMES)
        yield run


def programs_in(folder):
    """Name of a program -> its path."""
    return lambda name: os.path.join(folder, name)


def read_classes(path):
    """A JSON file {name: pattern, list of patterns, or "shapes"} -> {name: list of patterns or "shapes"}."""
    with open(path) as file:
        try:
            classes = json.load(file)
        except ValueError as error:
            raise InputError(f"{path}: {error}") from None
    if not isinstance(classes, dict) or not classes:
        raise InputError(f'{path}: expected {{"name": ["videos/*.mp4", ...], ...}}')
    for name, patterns in classes.items():
        if isinstance(patterns, str):
            patterns = patterns if patterns == "shapes" else [patterns]
        elif not isinstance(patterns, list) or not patterns or not all(isinstance(p, str) for p in patterns):
            raise InputError(f'{path}: class {name}: expected a list of paths or patterns, or "shapes"')
        classes[name] = patterns
    return classes


def class_runs(name, patterns, program, side, crops, count, rng, report=print):
    """Runs of frames of a class: of videos, or as many as count that are drawn here."""
    if patterns == "shapes":
        return drawn(rng, count, side)
    paths = sorted(p for pattern in patterns for p in glob.glob(pattern))
    if not paths:
        raise InputError(f"class {name}: no file is named like {' or '.join(patterns)}")
    return runs_of(paths, program("ffmpeg"), side, crops, rng, report)


def make(classes, programs, side=128, crf=34, length=64, crops=8, count=400, seed=0, report=print):
    """classes: {name: list of videos' paths or patterns, or "shapes" for videos that are drawn here}."""
    program = programs_in(programs)
    rng = np.random.default_rng(seed)
    found, typical = ([], [], []), None
    config = {"side": side, "crf": crf, "length": length, "tiles": (-(-side // 128)) ** 2, "classes": list(classes)}
    for index, (name, patterns) in enumerate(classes.items()):
        runs, lengths = class_runs(name, patterns, program, side, crops, count, rng, report), []
        try:
            latents = encoded_latents(program, counted(runs, lengths), config)
        except ValueError as error:
            raise InputError(str(error)) from None
        config.update(qidx=latents[0].qidx, model=latents.model, model_id=latents.model_id)
        typical = typical_of(latents, length) if typical is None else typical
        starts, last = set(np.cumsum([0, *lengths]).tolist()), None
        for i, rows in enumerate(gather(latents, length)):
            if rows is not None:
                found[2].append(i not in starts and last == i - 1)
                found[0].append(rows)
                found[1].append(index)
                last = i
        report(f"{name}: {found[1].count(index)} clips of {sum(lengths)}")
    if not found[0]:
        raise InputError("no clip is left: the encoder gave none of one kind")
    return Clips(np.stack(found[0]), np.array(found[1], np.int32), np.array(found[2]), typical, config)
