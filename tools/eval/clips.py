# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clips to measure on, decoded once to raw frames."""
import dataclasses
import os
import re

from programs import ProgramError, file_digest, run


@dataclasses.dataclass(frozen=True)
class Clip:
    name: str
    digest: str   # of the file
    raw: str      # path of its frames: yuv420p, 8 bits, one after the other
    width: int
    height: int
    rate: str     # frames per second, a fraction
    frames: int

    @property
    def samples(self):
        """Luma samples of all frames."""
        return self.width * self.height * self.frames

    @property
    def raw_options(self):
        """ffmpeg's options in front of -i for raw frames of this size."""
        return ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{self.width}x{self.height}",
                "-framerate", self.rate]


def frame_bytes(width, height):
    return width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)


def video_files(paths):
    """Files, and what folders among the paths hold, in order."""
    found = []
    for path in paths:
        if os.path.isdir(path):
            found += [os.path.join(path, name) for name in sorted(os.listdir(path))]
        else:
            found.append(path)
    if not found:
        raise ProgramError(f"{' '.join(paths)}: no videos there")
    return found


def load(ffmpeg, ffprobe, path, folder):
    """Decodes a video's frames, all of them and each once, to a file in folder."""
    out = run([ffprobe, "-v", "error", "-select_streams", "v:0", "-show_entries",
               "stream=width,height,avg_frame_rate", "-of", "default=nw=1", path]).stdout
    value = dict(re.findall(r"^(\w+)=(\S+)", out, re.M))
    if "width" not in value:
        raise ProgramError(f"{path}: no video in it")
    name = os.path.splitext(os.path.basename(path))[0]
    raw = os.path.join(folder, name + ".yuv")
    run([ffmpeg, "-nostdin", "-v", "error", "-y", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
         "-pix_fmt", "yuv420p", "-f", "rawvideo", raw])
    width, height = int(value["width"]), int(value["height"])
    frames = os.path.getsize(raw) // frame_bytes(width, height)
    rate = value["avg_frame_rate"] if not value["avg_frame_rate"].startswith("0") else "25"
    return Clip(name, file_digest(path), raw, width, height, rate, frames)


def load_all(ffmpeg, ffprobe, paths, folder):
    clips = [load(ffmpeg, ffprobe, path, folder) for path in video_files(paths)]
    names = [clip.name for clip in clips]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ProgramError(f"two videos of the name {twice.pop()}: give each its own")
    return clips
