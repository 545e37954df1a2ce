# SPDX-License-Identifier: LGPL-2.1-or-later
"""A picture of what training draws: a row of a recorded clip, and one of each kind of synthetic clip."""
import subprocess
import time

import numpy as np

from . import canvases


SIZE = 128
GAP, LEFT, TOP = 4, 92, 46
ROWS = {None: "recorded", "camera": "camera motion", "parallax": "parallax", "leaves": "dead leaves"}
COLUMNS = "first frame", "last frame", "middle column over time"


def rgb(y, u, v, visible):
    """Planes of BT.601 and limited range as [H, W, 3] in 0 .. 1, what is not visible dark."""
    y = (y.astype(float) - 16) / 219
    u, v = ((p.repeat(2, 0).repeat(2, 1).astype(float) - 128) / 224 for p in (u, v))
    colours = np.stack([y + 1.402 * v, y - 0.344 * u - 0.714 * v, y + 1.772 * u], -1)
    return np.clip(colours * (0.3 + 0.7 * visible.repeat(4, 0).repeat(4, 1)[..., None]), 0, 1)


def pictures(planes):
    """First frame, last frame, and the middle column of every frame, from left to right."""
    frames = [rgb(*frame) for frame in zip(*planes)]
    columns = np.stack([f[:, SIZE // 2] for f in frames], 1)
    return frames[0], frames[-1], columns.repeat(SIZE // len(frames), 1)


def draw(sampler, kind):
    """Planes y, u, v, visible of a clip of this kind, or of a recorded one."""
    if kind:
        planes = sampler.synthetic.make(sampler.rng, 16, SIZE, SIZE, kind)
    else:
        planes = list(sampler.recorded(4, SIZE // 16, SIZE // 16))
    if len(planes) == 3:
        planes = [*planes, np.ones((16, SIZE // 4, SIZE // 4), np.uint8)]
    return canvases.pad(planes, 16, SIZE, SIZE)  # clips may be shorter


def cost(sampler, crops=60):
    """Mean CPU time of a synthetic crop of 2x2 tiles of 16 frames, in seconds."""
    for _ in range(crops):  # until some are used again
        sampler.made(4, 16, 16)
    begin = time.process_time()
    for _ in range(crops):
        sampler.made(4, 16, 16)
    return (time.process_time() - begin) / crops


def write_png(picture, path, ffmpeg):
    """uint8 [H, W, 3] with a palette: a quarter of the bytes of true colours."""
    height, width, _ = picture.shape
    subprocess.run([ffmpeg, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
                    "-i", "-", "-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse",
                    "-frames:v", "1", path], input=picture.tobytes(), check=True)


def write(samplers, path, ffmpeg):
    """samplers: of a title each, side by side; their synthetic is not None."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    step, group = SIZE + GAP, len(COLUMNS) * (SIZE + GAP) + 2 * GAP
    width, height = LEFT + group * len(samplers), TOP + step * len(ROWS)
    sheet = np.ones((height, width, 3))
    figure = plt.figure(figsize=(width / 100, height / 100), dpi=100)

    def label(text, x, y, **how):
        figure.text(x / width, 1 - y / height, text, fontsize=7.5, va="center", **how)

    for j, (title, sampler) in enumerate(samplers.items()):
        label(title, LEFT + group * j + group / 2, 12, ha="center", weight="bold")
        for k, column in enumerate(COLUMNS):
            label(column, LEFT + group * j + step * k + SIZE / 2, 34, ha="center")
        for i, kind in enumerate(ROWS):
            for k, picture in enumerate(pictures(draw(sampler, kind))):
                y, x = TOP + step * i, LEFT + group * j + step * k
                sheet[y:y + SIZE, x:x + SIZE] = picture
    for i, text in enumerate(ROWS.values()):
        label(text, 4, TOP + step * i + SIZE / 2)
    figure.figimage(sheet, origin="upper")
    figure.canvas.draw()
    write_png(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy(), path, ffmpeg)
