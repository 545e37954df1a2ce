# SPDX-License-Identifier: LGPL-2.1-or-later
"""Videos of a few coloured shapes that move over a plain ground and bounce off its edges."""
import numpy as np

SHAPES = 3            # at most
SPEED = 3.0           # luma samples a frame, at most


def _cover(kind, y, x, radius):
    """How much of each sample a shape around (0, 0) covers: 0..1, with soft edges."""
    if kind == 0:
        distance = np.hypot(y, x)                                # disc
    elif kind == 1:
        distance = np.maximum(abs(y), abs(x))                    # square
    else:
        distance = np.maximum(-y, 0.866 * abs(x) + 0.5 * y) * 1.5  # triangle
    return np.clip(radius - distance + 0.5, 0, 1)


class _Shape:
    def __init__(self, rng, side):
        self.kind = rng.integers(3)
        self.radius = rng.uniform(0.08, 0.2) * side
        self.place = rng.uniform(self.radius, side - self.radius, 2)
        angle = rng.uniform(0, 2 * np.pi)
        self.speed = rng.uniform(0.5, SPEED) * np.array([np.sin(angle), np.cos(angle)])
        self.colour = np.array([rng.uniform(60, 235), *rng.uniform(70, 186, 2)])
        self.side = side

    def move(self):
        self.place += self.speed
        for axis in range(2):
            low, high = self.radius, self.side - self.radius
            if not low < self.place[axis] < high:
                self.place[axis] = np.clip(self.place[axis], low, high)
                self.speed[axis] *= -1

    def draw(self, planes):
        for plane, colour, step in zip(planes, self.colour, (1, 2, 2)):
            y, x = (np.arange(0, self.side, step) + (step - 1) / 2 - p for p in self.place)
            cover = _cover(self.kind, y[:, None], x[None], self.radius)
            plane += cover * (colour - plane)


def video(rng, frames, side):
    """uint8 [frames, side * side * 3 / 2]: yuv420p frames; side is even."""
    ground = np.array([rng.uniform(20, 120), *rng.uniform(108, 148, 2)])
    shapes = [_Shape(rng, side) for _ in range(rng.integers(1, SHAPES + 1))]
    out = []
    for _ in range(frames):
        planes = [np.full((side // step,) * 2, colour) for colour, step in zip(ground, (1, 2, 2))]
        for shape in shapes:
            shape.draw(planes)
            shape.move()
        out.append(np.concatenate([p.ravel() for p in planes]))
    return np.rint(out).astype(np.uint8)
