# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clips made of stills: camera motion, parallax of two layers, moving dead leaves."""
import math

import numpy as np
import torch
import torch.nn.functional as F

from . import layers
from .errors import InputError
from .motion import Motion, inverse, translation, warp
from .stills import LEAST_SCALE, OVERSAMPLING

KINDS = {"camera": 0.35, "parallax": 0.35, "leaves": 0.3}
LARGEST_SCALE = 3.0
# how many textures are made as soft as most video is: scaled photographs are sharper
SOFT = 0.4
# samples a texture is larger on each side than what a clip shows of it
MARGIN = 2
# samples a leaf's texture is larger than the leaf
RIM = 2


def log_uniform(rng, low, high):
    return math.exp(rng.uniform(math.log(low), math.log(high)))


class Scene:
    """Draws the parts of one clip of frames x height x width, all of it from rng."""

    def __init__(self, stills, rng, frames, height, width, aligned):
        self.stills, self.rng, self.aligned = stills, rng, aligned
        self.frames, self.height, self.width = frames, height, width
        self.times, self.exposures = np.arange(frames), 1
        need = LEAST_SCALE * (height + 2 * MARGIN + 2), LEAST_SCALE * (width + 2 * MARGIN + 2)
        self.large = [s for s in stills if s.height >= need[0] and s.width >= need[1]]
        if not self.large:
            raise InputError(f"no still has {math.ceil(need[1])} x {math.ceil(need[0])} pixels, which a crop "
                             f"of {width} x {height} needs")

    def pick(self, stills):
        return stills[self.rng.integers(len(stills))]

    def camera(self):
        """Motion of the whole picture: what alignment leaves of it, or all."""
        rng, radius = self.rng, math.hypot(self.height, self.width) / 2
        if self.aligned:
            motion = Motion(rng, self.frames, radius,
                            excursion=0 if rng.random() < 0.25 else log_uniform(rng, 0.05, 2))
        else:
            motion = Motion(rng, self.frames, radius,
                            speed=0 if rng.random() < 0.1 else log_uniform(rng, 0.15, 8))
        if rng.random() < 0.4:
            motion.angle = rng.normal(0, 0.12)
        return motion

    def object(self, radius):
        """Motion of something in front of the rest."""
        rng = self.rng
        speed = 0 if rng.random() < 0.15 else log_uniform(rng, 0.1, 4 if self.aligned else 8)
        return Motion(rng, self.frames, radius, speed=speed)

    def expose(self, motions):
        """Sometimes blur by motion: several moments of each frame, at most a sample or two apart."""
        if self.rng.random() < 0.3:
            shutter = self.rng.uniform(0.3, 0.7)
            way = shutter * max(m.reached(False) for m in motions)
            self.exposures = int(np.clip(np.ceil(way), 1, 4))
            moments = (np.arange(self.exposures) + 0.5) / self.exposures - 0.5
            self.times = (np.arange(self.frames)[:, None] + shutter * moments).reshape(-1)

    def field(self):
        """What the homographies leave: a smooth warp of the picture, or None."""
        share, low, high = (0.5, 0.1, 1.5) if self.aligned else (0.25, 0.2, 3)
        if self.rng.random() >= share:
            return None, 0
        amplitude = log_uniform(self.rng, low, high)
        return warp(self.rng, self.times, self.frames, self.height, self.width, amplitude), amplitude

    def whole(self, motion, change=lambda *texture: texture):
        """A layer as large as the clip, from a still; change(luma, chroma) may alter its texture."""
        field, margin = self.field()
        still = self.pick(self.large)
        margin = min(margin, 1) + MARGIN
        while True:
            way = motion.corners(self.times, self.width, self.height).reshape(-1, 2)
            low, high = way.min(0) - margin, way.max(0) + margin
            most = min(np.array([still.width, still.height]) / (high - low))
            if most >= LEAST_SCALE:
                break
            motion.scale(0.7)  # until the still is large enough
        scale = log_uniform(self.rng, LEAST_SCALE, min(most, LARGEST_SCALE))
        size = [min(2 * math.ceil(n * scale / 2), m) for n, m in zip(high - low, (still.width, still.height))]
        x0, y0 = (2 * int(self.rng.integers((m - n) // 2 + 1)) for n, m in zip(size, (still.width, still.height)))
        luma, chroma = still.texture(x0, y0, x0 + size[0], y0 + size[1], scale)
        if self.rng.random() < SOFT:
            luma = F.avg_pool2d(luma, 3, 1, 1, count_include_pad=False)
        texture = change(luma, chroma)
        gain = 2 * scale / np.array(size)  # from samples to the texture's -1 .. 1
        fit = np.diag([*gain, 1]) @ translation(*-low - 1 / gain)
        if field is not None:
            field = field * gain.astype(np.float32)[:, None, None]
        return layers.Layer(*texture, fit @ motion.matrices(self.times), field)

    def cut_out(self, luma, chroma):
        """A smooth random part of a texture."""
        rng = self.rng
        h, w = luma.shape[2:]
        cell = int(OVERSAMPLING * rng.uniform(30, 100))
        field = layers.smooth_noise(rng, h, w, cell)
        if rng.random() < 0.5:
            field = field + 0.35 * layers.smooth_noise(rng, h, w, cell // 4)
        threshold = np.quantile(field[::8, ::8].numpy(), rng.uniform(0.4, 0.8))
        return layers.masked(luma, chroma, layers.edge(field - threshold, self.softness()))

    def softness(self):
        """Width of an edge in texels: mostly sharp, at times out of focus."""
        return 1.8 if self.rng.random() < 0.7 else log_uniform(self.rng, 1.8, 8)

    def radii(self, smallest, coverage, most):
        """Radii whose number falls as r^-3, until their areas cover this part of the picture."""
        area, largest = coverage * self.height * self.width, 0.3 * min(self.height, self.width)
        found = []
        while area > 0 and len(found) < most:
            u = self.rng.random()
            r = (smallest ** -2 + u * (largest ** -2 - smallest ** -2)) ** -0.5
            found.append(r)
            area -= math.pi * r * r
        return found

    def shape(self, radius, n):
        """Mask [n, n] of an ellipse, polygon or blob of about this radius in texels, in the middle."""
        rng = self.rng
        line = (torch.arange(n, dtype=torch.float32) + 0.5 - n / 2) / radius
        angle = rng.uniform(0, 2 * np.pi)
        x = line * math.cos(angle) - line[:, None] * math.sin(angle)
        y = line * math.sin(angle) + line[:, None] * math.cos(angle)
        kind = rng.integers(4)
        if kind == 0:
            field = 1 - (x * x + (y / rng.uniform(0.3, 1)) ** 2).sqrt()
        elif kind == 1:
            sides = rng.integers(3, 7)
            turns = 2 * np.pi * (np.arange(sides) + rng.uniform(-0.3, 0.3, sides)) / sides
            reach = rng.uniform(0.4, 0.8, sides)
            field = x.new_full((n, n), 1.0) - (x * x + y * y).sqrt()
            for t, d in zip(turns, reach):
                field = torch.minimum(field, d - x * math.cos(t) - y * math.sin(t))
        elif kind == 2:
            wide, high = rng.uniform(0.2, 0.95), rng.uniform(0.1, 0.3)
            field = torch.minimum(wide - x.abs(), high / wide ** 0.5 - y.abs())
        else:
            turn, far = torch.atan2(y, x), (x * x + y * y).sqrt()
            a, b = rng.uniform(0, 0.2, 2)
            field = 0.65 * (1 + a * torch.cos(2 * turn) + b * torch.cos(int(rng.integers(3, 7)) * turn)) - far
        return layers.edge(field * radius, min(self.softness(), radius / 3))

    def leaf(self, radius):
        """Texture and chroma with a mask of one leaf, and how many samples they reach from its centre."""
        rng, reach = self.rng, radius + RIM
        n = 4 * math.ceil(reach * OVERSAMPLING / 2)
        still = self.pick(self.stills)
        most = (min(still.width, still.height) - 2) / (2 * reach)
        scale = log_uniform(rng, LEAST_SCALE, max(LEAST_SCALE, min(most, LARGEST_SCALE)))
        size = min(2 * math.ceil(reach * scale), still.width, still.height)
        x0, y0 = (2 * int(rng.integers((m - size) // 2 + 1)) for m in (still.width, still.height))
        luma, chroma = still.texture(x0, y0, x0 + size, y0 + size, size * OVERSAMPLING / n)
        if rng.random() < 0.25:
            luma, chroma = luma[..., :1, :1].expand_as(luma), chroma[..., :1, :1].expand_as(chroma)
        return layers.masked(luma, chroma, self.shape(radius * OVERSAMPLING, n)), reach

    def strew(self, luma, chroma):
        """Leaves at rest on a texture."""
        rng = self.rng
        h, w = luma.shape[2:]
        for radius in self.radii(rng.uniform(8, 24), rng.uniform(0, 1), 20):
            texture, _ = self.leaf(radius)
            size = texture[0].shape[2]
            if size > min(h, w):
                continue
            y, x = (2 * int(rng.integers((m - size) // 2 + 1)) for m in (h, w))
            for n, target, t in zip((1, 2), (luma, chroma), texture):
                part = target[..., y // n:(y + size) // n, x // n:(x + size) // n]
                part.mul_(1 - t[:, -1:]).add_(t[:, :-1])
        return luma, chroma

    def falling(self, radius, motion):
        """A leaf that moves."""
        texture, reach = self.leaf(radius)
        centre = self.rng.uniform(-0.55, 0.55, 2) * (self.width, self.height)
        maps = motion.matrices(self.times) @ translation(*-centre)
        square = reach * np.array([[-1, 1, -1, 1], [-1, -1, 1, 1], [1 / reach] * 4])
        way = inverse(maps) @ square
        way = way[:, :2] / way[:, 2:] + np.array([[self.width / 2], [self.height / 2]])
        low, high = 2 * np.floor(way.min(2) / 2), 2 * np.ceil(way.max(2) / 2)
        box = np.stack([low[:, 1], high[:, 1], low[:, 0], high[:, 0]], 1)
        box = np.clip(box, 0, (self.height, self.height, self.width, self.width)).astype(int)
        maps = np.diag([1 / reach, 1 / reach, 1]) @ maps
        return layers.Layer(*texture, maps, boxes=box)

    def draw_camera(self):
        motion = self.camera()
        self.expose([motion])
        return [self.whole(motion)]

    def draw_parallax(self):
        radius = math.hypot(self.height, self.width) / 2
        back, front = self.camera(), self.object(radius)
        if self.rng.random() < 0.4:
            back, front = front, back
        self.expose([back, front])
        return [self.whole(back), self.whole(front, self.cut_out)]

    def draw_leaves(self):
        back = self.camera()
        falling = [(r, self.object(r)) for r in self.radii(self.rng.uniform(10, 28), self.rng.uniform(0.1, 0.8), 14)]
        self.expose([back, *(m for _, m in falling)])
        return [self.whole(back, self.strew), *(self.falling(*leaf) for leaf in falling)]

    def light(self, y, u, v):
        """Sometimes the light changes slowly, seldom up from or down to black."""
        rng = self.rng
        if rng.random() >= 0.25:
            return
        gain, offset = (0, 0) if rng.random() < 0.15 else (log_uniform(rng, 0.7, 1.3), rng.uniform(-10, 10))
        begin, end = np.sort(rng.uniform(-0.5, 1.5, 2)) * self.frames
        s = np.clip((np.arange(self.frames) - begin) / max(end - begin, self.frames / 2), 0, 1)
        s = s if rng.random() < 0.5 else s[::-1]
        s = torch.tensor(s * s * (3 - 2 * s), dtype=torch.float32)[:, None, None]
        gain = 1 + s * (gain - 1)
        y.sub_(16).mul_(gain).add_(16 + s * offset)
        for p in (u, v):
            p.sub_(128).mul_(gain).add_(128)

    def draw(self, kind):
        """uint8 planes y [T, H, W], u, v."""
        parts = getattr(self, "draw_" + kind)()
        planes = layers.render(parts, self.frames, self.exposures, self.height, self.width)
        self.light(*planes)
        return [p.add_(0.5).clamp_(0, 255).byte().numpy() for p in planes]


# a clip is shown about so often, flipped and lit differently each time, among so many others
USES, POOL = 3, 96


class Synthetic:
    """Makes clips of stills. aligned: of the motion, only what motion alignment leaves (canvases)."""

    def __init__(self, stills, aligned):
        self.stills, self.aligned = stills, aligned
        self.pool = []

    def make(self, rng, frames, height, width, kind=None):
        """uint8 planes y [T, H, W], u, v of a new clip of a kind of KINDS, else a random one; sizes are even."""
        if kind is None:
            kind = rng.choice(list(KINDS), p=list(KINDS.values()))
        with torch.no_grad():
            return Scene(self.stills, rng, frames, height, width, self.aligned).draw(kind)

    def clip(self, rng, frames, height, width):
        """A new clip or, to save time, one of the last ones of this shape."""
        made = [p for p in self.pool if p[0].shape == (frames, height, width)]
        if rng.random() * USES >= 1 and len(made) >= USES:
            return made[rng.integers(len(made))]
        planes = self.make(rng, frames, height, width)
        self.pool = [*self.pool[1 - POOL:], planes]
        return planes
