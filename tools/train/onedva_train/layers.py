# SPDX-License-Identifier: LGPL-2.1-or-later
"""Textures in motion, drawn over one another."""
import numpy as np
import torch
import torch.nn.functional as F


# moments of a layer that shows only in a box are drawn together
GROUP = 4


class Layer:
    """A texture and where each sample of the clip finds it.

    luma [1, c, h, w], chroma [1, c + 1, h/2, w/2]; a mask, if any, is the last channel of both and the
    others are multiplied by it, else the layer is opaque. maps [n, 3, 3]: from samples of the clip, counted
    from its centre, to the texture, whose bounds are -1 and 1, at n moments. field: displacements
    [n, 2, ny, nx] in the same units of the nodes of a mesh over the clip, or None. boxes [n, 4]: even
    y0, y1, x0, x1 outside of which the layer shows nothing, or None."""

    def __init__(self, luma, chroma, maps, field=None, boxes=None):
        self.planes = luma, chroma
        self.opaque = luma.shape[1] == 1
        self.maps = torch.from_numpy(maps).float()
        self.field = None if field is None else torch.from_numpy(field)
        self.boxes = boxes

    def draw(self, first, targets):
        """Over the targets y [n, 1, H, W] and uv [n, 2, H/2, W/2] of the moments from the first."""
        if self.boxes is not None:
            boxes = self.boxes[first:first + len(targets[0])]
            self.draw_box(first, targets, (*boxes[:, ::2].min(0), *boxes[:, 1::2].max(0)))
            return
        for i in range(len(targets[0])):  # one moment fits into a processor's cache
            self.draw_box(first + i, [t[i:i + 1] for t in targets], (0, 0, *targets[0].shape[2:]))

    def draw_box(self, first, targets, box):
        y0, x0, y1, x1 = map(int, box)
        if y1 <= y0 or x1 <= x0:
            return
        n, _, h, w = targets[0].shape
        for step, texture, target in zip((1, 2), self.planes, targets):
            xs = torch.arange(x0 + step / 2 - w / 2, x1 - w / 2, step)
            ys = torch.arange(y0 + step / 2 - h / 2, y1 - h / 2, step)[:, None]
            found = F.grid_sample(texture.expand(n, -1, -1, -1), self.grid(slice(first, first + n), xs, ys),
                                  padding_mode="border" if self.opaque else "zeros", align_corners=False)
            target = target[:, :, y0 // step:y1 // step, x0 // step:x1 // step]
            if self.opaque:
                target.copy_(found)
            else:
                target.sub_(target * found[:, -1:]).add_(found[:, :-1])

    def grid(self, moments, xs, ys):
        """[n, h, w, 2] for grid_sample, which takes the two planes of a transposed view as quickly."""
        m = self.maps[moments, :, :, None, None]
        grid = torch.empty(len(m), 2, len(ys), len(xs))
        torch.add(xs * m[:, :2, 0] + m[:, :2, 2], ys * m[:, :2, 1], out=grid)
        if m[:, 2, :2].any():
            grid /= xs * m[:, 2:, 0] + (ys * m[:, 2:, 1] + m[:, 2:, 2])
        if self.field is not None:
            grid += F.interpolate(self.field[moments], grid.shape[2:], mode="bilinear", align_corners=True)
        return grid.permute(0, 2, 3, 1)


def render(layers, frames, exposures, height, width):
    """Float planes y [T, H, W], u, v: means of so many exposures a frame; layers from back to front."""
    moments = frames * exposures
    out = [torch.empty(moments, 1, height, width), torch.empty(moments, 2, height // 2, width // 2)]
    for first in range(0, moments, GROUP):
        targets = [p[first:first + GROUP] for p in out]
        for layer in layers:
            layer.draw(first, targets)
    if exposures > 1:
        out = [p.reshape(frames, exposures, *p.shape[1:]).mean(1) for p in out]
    return out[0][:, 0], out[1][:, 0], out[1][:, 1]


def masked(luma, chroma, mask):
    """The texture with a mask [h, w] for Layer."""
    half = F.avg_pool2d(mask[None, None], 2)
    mask = mask[None, None]
    return torch.cat([luma * mask, mask], 1), torch.cat([chroma * half, half], 1)


def smooth_noise(rng, height, width, cell):
    """[height, width] that changes over about cell samples, at least 8."""
    coarse = torch.from_numpy(rng.standard_normal((1, 1, height // cell + 2, width // cell + 2), np.float32))
    # bicubic as far as it shows, for it is slow
    some = F.interpolate(coarse, (height // 8 + 1, width // 8 + 1), mode="bicubic", align_corners=True)
    return F.interpolate(some, (height, width), mode="bilinear", align_corners=True)[0, 0]


def edge(field, width):
    """Mask of where a field is above zero, with an edge about so many samples wide."""
    dy = F.pad(field[2:] - field[:-2], (0, 0, 1, 1)) / 2
    dx = F.pad(field[:, 2:] - field[:, :-2], (1, 1)) / 2
    slope = (dx * dx + dy * dy).sqrt_().add_(1e-6)
    return (0.5 + field / (slope * width)).clamp_(0, 1)
