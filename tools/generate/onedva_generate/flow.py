# SPDX-License-Identifier: LGPL-2.1-or-later
"""Flow matching: z = t x + (1 - t) e from noise at t = 0 to a clip at t = 1; the network tells x."""
import numpy as np
import torch

from onedva_train.noise import gaussians

LEAST_REST = 0.05     # of 1 - t, by which errors of x are weighted as those of the velocity


def loss(prior, x, classes, before, rng):
    """Mean squared error of the velocity (x - z) / (1 - t) at times drawn for each clip."""
    t = torch.sigmoid(torch.from_numpy(rng.normal(-0.8, 1.2, len(x))).float())
    at = t[:, None, None]
    z = at * x + (1 - at) * torch.randn_like(x)
    rest = (1 - at).clamp_min(LEAST_REST)
    return ((prior(z, t, classes, before).float() - x) / rest).pow(2).mean()


def time_of(step, steps):
    """Coarse latents, which are larger, are made out of the noise first: steps are shorter there."""
    share = np.float32(step) / np.float32(steps)
    return float(share * np.sqrt(share))


@torch.no_grad()
def predict(prior, z, t, classes, before, guidance):
    """x of no class, and from it the way to that of the class, guidance times as far."""
    at = torch.full((len(z),), t)
    x = prior(z, at, classes, before)
    if guidance == 1:
        return x
    none = torch.full_like(classes, len(prior.cfg.classes))
    return guidance * x + (1 - guidance) * prior(z, at, none, before)


@torch.no_grad()
def sample(prior, classes, length, seed, clips=1, steps=24, guidance=1.5):
    """Videos of so many clips that follow each other, one for each of classes int [N]; that of number i has the noise of
    seed + i -> latents over the scan's scale [N, clips, tiles * length, 32]."""
    shape = (prior.cfg.tiles * length, 32)
    out, before = [], None
    for clip in range(clips):
        noise = [gaussians(shape[0] * 32, seed + i, clip).reshape(shape) for i in range(len(classes))]
        z = torch.from_numpy(np.stack(noise))
        for k in range(steps):
            t, t_next = time_of(k, steps), time_of(k + 1, steps)
            share = (t_next - t) / (1 - t)
            x = predict(prior, z, t, classes, before, guidance)
            z = share * x + (1 - share) * z
        before = z
        out.append(prior.denormalise(z))
    return torch.stack(out, 1)
