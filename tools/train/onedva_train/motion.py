# SPDX-License-Identifier: LGPL-2.1-or-later
"""Smooth random motion of a camera or an object."""
import numpy as np

# pan x, pan y, zoom, rotation, perspective x, perspective y: how far each may go from the middle frame
LIMITS = np.array([np.inf, np.inf, 0.14, 0.3, 0.12, 0.12])
# how often each takes part beside the pan
PART = np.array([1, 1, 0.45, 0.35, 0.2, 0.2])


def translation(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float)


def inverse(m):
    """[n, 3, 3], up to a factor: NumPy's own asks BLAS for threads, which costs more than all else."""
    rows = m[:, 0], m[:, 1], m[:, 2]
    return np.stack([np.cross(rows[(i + 1) % 3], rows[(i + 2) % 3]) for i in range(3)], 2)


class Motion:
    """Maps samples of a clip to a layer: a homography that changes with time.

    Coordinates are in samples from the centre of the clip (or object); radius is how far they go. With
    speed, the fastest corner moves by so many samples a frame; with excursion, by so many from where it
    is in the middle of the clip."""

    def __init__(self, rng, frames, radius, speed=None, excursion=None):
        self.frames, self.radius = frames, radius
        parts = rng.random(6) < PART
        # steady, accelerated, swaying and shaking
        shape = rng.standard_normal((6, 4)) * (1, 0.4, 0.25 * (rng.random() < 0.4), 0.08 * (rng.random() < 0.3))
        self.periods = frames * rng.uniform(0.7, 1.5), max(4, frames * rng.uniform(0.2, 0.5))
        self.phases = rng.uniform(0, 2 * np.pi, 2)
        self.amplitudes = shape * parts[:, None]
        self.angle = 0.0
        for _ in range(3):  # corners move almost in proportion
            reached = self.reached(excursion is not None)
            self.amplitudes *= (speed if excursion is None else excursion) / max(reached, 1e-9)
            q = self.components(np.arange(frames)) - self.components(np.array([frames / 2]))
            self.amplitudes *= np.minimum(1, LIMITS / np.maximum(np.abs(q).max(0), 1e-9))[:, None]

    def components(self, times):
        """[n, 6]: pan, zoom, rotation and perspective at these times."""
        s = (times - self.frames / 2) / self.frames
        sway = [np.sin(2 * np.pi * (times - self.frames / 2) / p + f) for p, f in zip(self.periods, self.phases)]
        units = np.array([1, 1, *[1 / self.radius] * 4])
        return np.stack([s, 4 * s * s, *sway], 1) @ self.amplitudes.T * units

    def matrices(self, times):
        """[n, 3, 3] homographies."""
        px, py, zoom, turn, gx, gy = self.components(np.asarray(times, float)).T
        c, s = np.exp(zoom) * np.cos(turn + self.angle), np.exp(zoom) * np.sin(turn + self.angle)
        m = np.empty((len(times), 3, 3))
        m[:, 2] = np.stack([gx / self.radius, gy / self.radius, np.ones_like(gx)], 1)
        m[:, 0] = np.stack([c, -s, np.zeros_like(c)], 1) + px[:, None] * m[:, 2]
        m[:, 1] = np.stack([s, c, np.zeros_like(c)], 1) + py[:, None] * m[:, 2]
        return m

    def corners(self, times, width, height):
        """[n, 4, 2]: where the corners of a rectangle about the centre go."""
        x, y = width / 2, height / 2
        points = np.array([[-x, -y, 1], [x, -y, 1], [-x, y, 1], [x, y, 1]]).T
        p = (self.matrices(times) @ points).transpose(0, 2, 1)
        return p[..., :2] / p[..., 2:]

    def reached(self, excursion):
        side = self.radius * 2 ** 0.5
        times = np.arange(self.frames)
        way = self.corners(times, side, side)
        if excursion:
            return np.linalg.norm(way - self.corners([self.frames / 2], side, side), axis=-1).max()
        return np.linalg.norm(np.diff(way, axis=0), axis=-1).max()

    def scale(self, factor):
        """Make all of it smaller."""
        self.amplitudes = self.amplitudes * factor
        self.angle *= factor


def warp(rng, times, frames, height, width, amplitude, mesh=32):
    """Displacement [n, 2, ny, nx] of the nodes of a mesh, smooth in time, at most amplitude samples."""
    ny, nx = -(-height // mesh) + 1, -(-width // mesh) + 1
    modes = rng.standard_normal((3, 2 * ny * nx)) * [[1], [0.7], [0.4]]
    way = np.cos(np.pi / frames * np.outer(np.asarray(times) + 0.5, np.arange(1, 4))) @ modes
    way = way.reshape(len(times), 2, ny, nx)
    return (way * amplitude / np.linalg.norm(way, axis=1).max()).astype(np.float32)
