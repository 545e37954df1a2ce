# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: python3 -m onedva_generate clips | autoencode | train | sample | measure | sheet    (-h says more; doc/generation.md)"""
import argparse
import os
import sys

import numpy as np
import torch

import onedva_progress

from . import autoencoder, clips, flow, measure, prior, train
from .errors import InputError


def number(kind, low, high):
    """A type of arguments: an int or a float, low .. high."""
    def parse_number(text):
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not {low:g} to {high:g}")
        return value
    return parse_number


def whole(low, high=2 ** 31 - 1):
    return number(int, low, high)


def can_write(path):
    """Long work ends in a file: what is wrong with its place is said before."""
    with open(path + ".part", "wb"):
        pass
    os.remove(path + ".part")


def make_clips(args):
    can_write(args.out)
    if args.side % 128:
        raise InputError(f"--side {args.side}: clips are whole tiles, 128 samples or a multiple")
    classes = clips.read_classes(args.classes)
    clips.make(classes, args.programs, args.side, args.crf, args.length, args.crops, args.count, args.seed).save(args.out)


def autoencode(args):
    can_write(args.out)
    can_write(args.autoencoder)
    torch.set_num_threads(args.threads)
    classes = clips.read_classes(args.classes)
    autoencoder.make(classes, args.autoencoder, args.programs, args.side, args.qidx, args.crops, args.count, args.seed,
                     args.minutes).save(args.out)


def run_training(args):
    can_write(args.out)
    if args.width % args.head_dim or args.head_dim % 16:
        raise InputError(f"--head-dim {args.head_dim} must be a multiple of 16 and divide --width {args.width}")
    if args.steps is None and args.minutes is None:
        raise InputError("say when training ends: --steps or --minutes")
    torch.set_num_threads(args.threads)
    sizes = {"width": args.width, "layers": args.layers, "head_dim": args.head_dim}
    training = train.Training(clips.Clips.load(args.clips), args.checkpoint, args.rate, sizes, args.spread)
    parameters = sum(p.numel() for p in training.prior.parameters())
    print(f"{parameters / 1e6:.2f} million weights, {len(training.data.train)} clips, {len(training.data.held)} left out", flush=True)
    try:
        training.run(args.batch, args.steps, args.minutes and args.minutes * 60, args.every, lambda s: print(s, flush=True))
    except KeyboardInterrupt:
        training.save()
        onedva_progress.interrupted("onedva_generate", f"step {training.step} is kept in {args.checkpoint}; the same command goes on")
    prior.save(args.out, training.average)


def draw_samples(args):
    network = prior.load(args.prior)
    if args.name not in network.cfg.classes:
        raise InputError(f"no class {args.name}; there are {', '.join(network.cfg.classes)}")
    if args.tokens and args.tokens > network.cfg.length:
        raise InputError(f"--tokens {args.tokens}: the prior has {network.cfg.length}")
    classes = torch.full((args.number,), network.cfg.classes.index(args.name))
    latents = flow.sample(network, classes, args.tokens or network.cfg.length, args.seed, args.clips, args.flow_steps, args.guidance)
    np.save(args.out, latents.numpy())


def show_measures(args):
    data, classes = clips.Clips.load(args.clips), args.classes and clips.read_classes(args.classes)
    if classes and set(classes) != set(data.config["classes"]):
        raise InputError(f"{args.classes} has classes {', '.join(classes)}; the clips', {', '.join(data.config['classes'])}, are needed")
    program = clips.programs_in(args.programs)
    if args.autoencoder:
        coder = autoencoder.Coder.load(args.autoencoder)
        source = autoencoder.Drawing(program, coder, prior.load(args.prior), data)
    else:
        source = measure.Engine(program, args.prior, data)
    measure.table(data, source, program, args.count, classes)


def make_sheet(args):
    program = clips.programs_in(args.programs)
    print("\n".join(measure.sheet(clips.Clips.load(args.clips), args.prior, program, args.out)))


def parse(argv):
    parser = argparse.ArgumentParser(prog="onedva_generate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, text in (("clips", make_clips, "videos to latents with classes"),
                            ("autoencode", autoencode, "the same with latents of a 3D-CNN autoencoder, to compare with")):
        p = commands.add_parser(name, help=text)
        p.add_argument("classes", help='JSON: {"name": ["videos/of/it/*.mp4", ...], "shapes": "shapes"}; the latter are drawn')
        p.add_argument("out", help="file.npz")
        p.add_argument("--programs", default="build", help="folder of ffmpeg and onedva-latents")
        p.add_argument("--side", type=whole(128, 1024), default=128, help="of the clips, in samples")
        p.add_argument("--crops", type=whole(1), default=8, help="of each video, at each of two sizes")
        p.add_argument("--count", type=whole(1), default=400, help="of drawn videos of 64 frames")
        p.add_argument("--seed", type=whole(0), default=0)
        p.set_defaults(run=run)
        if name == "clips":
            p.add_argument("--crf", type=number(float, 0, 63), default=34)
            p.add_argument("--length", type=whole(1, 4096), default=64, help="latent tokens of a tile")
        else:
            p.add_argument("--autoencoder", required=True, help="file.pt; where it is not there, it is trained and written")
            p.add_argument("--minutes", type=number(float, 0, 1e6), default=20, help="of its training")
            p.add_argument("--qidx", type=whole(-40, 63), default=-6, help="of its quantiser")
            p.add_argument("--threads", type=whole(1), default=1)
    p = commands.add_parser("train", help="a prior on clips")
    p.add_argument("clips")
    p.add_argument("out", help="the prior: file.safetensors")
    p.add_argument("--checkpoint", required=True, help="written as it goes on; where it is there, training goes on from it")
    p.add_argument("--width", type=whole(16, 2048), default=192)
    p.add_argument("--layers", type=whole(1, 64), default=6)
    p.add_argument("--head-dim", type=whole(16, 256), default=32)
    p.add_argument("--batch", type=whole(1), default=48)
    p.add_argument("--rate", type=number(float, 0, 1), default=5e-4)
    p.add_argument("--spread", type=number(float, 0, 1), default=0.5,
                   help="how much larger coarse coefficients are than fine ones to the network: 0 all alike, 1 as in pixels")
    p.add_argument("--steps", type=whole(1), help="of training in all")
    p.add_argument("--minutes", type=number(float, 0, 1e6), help="of training in all")
    p.add_argument("--every", type=whole(1), default=200, help="steps from a checkpoint to the next")
    p.add_argument("--threads", type=whole(1), default=1)
    p.set_defaults(run=run_training)
    p = commands.add_parser("sample", help="latents of a prior")
    p.add_argument("prior")
    p.add_argument("out", help="file.npy: over the scan's scale, [number, clips, tokens, 32]")
    p.add_argument("--class", dest="name", required=True)
    p.add_argument("--number", type=whole(1), default=1)
    p.add_argument("--clips", type=whole(1), default=1)
    p.add_argument("--tokens", type=whole(1), help="of each tile; as many as the prior has")
    p.add_argument("--flow-steps", type=whole(1, 1000), default=24)
    p.add_argument("--guidance", type=number(float, 0, 20), default=1.5)
    p.add_argument("--seed", type=whole(0, 2 ** 64 - 1), default=0)
    p.set_defaults(run=draw_samples)
    for name, run, text in (("measure", show_measures, "Fréchet distances of drawn clips from real ones"),
                            ("sheet", make_sheet, "a picture of drawn clips and the training clips nearest to them")):
        p = commands.add_parser(name, help=text)
        p.add_argument("clips")
        p.add_argument("prior")
        p.add_argument("--programs", default="build", help="folder of ffmpeg and onedva-latents")
        p.set_defaults(run=run)
        if name == "sheet":
            p.add_argument("out", help="file.png")
        else:
            p.add_argument("--count", type=whole(4), default=128, help="clips of each class")
            p.add_argument("--classes", metavar="FILE", help="that of `clips`: its videos as they were recorded, too")
            p.add_argument("--autoencoder", metavar="FILE", help="that of `autoencode`, whose clips these are")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    onedva_progress.interrupt_at_sigterm()
    try:
        args.run(args)
    except KeyboardInterrupt:
        onedva_progress.interrupted("onedva_generate", f"nothing is kept: {args.command} has to begin again")
    except (InputError, OSError) as error:
        sys.exit(f"onedva_generate: {error}")


if __name__ == "__main__":
    main()
