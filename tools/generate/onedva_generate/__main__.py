# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: python3 -m onedva_generate clips | train | sample    (-h says more; doc/generation.md)"""
import argparse
import json
import os
import sys

import numpy as np
import torch

from . import clips, flow, measure, prior, train
from .errors import InputError


def make_clips(args):
    with open(args.classes) as file:
        classes = json.load(file)
    clips.make(classes, args.programs, args.side, args.crf, args.length, args.crops, args.count, args.seed).save(args.out)


def run_training(args):
    torch.set_num_threads(args.threads)
    sizes = {"width": args.width, "layers": args.layers, "head_dim": args.head_dim}
    training = train.Training(clips.Clips.load(args.clips), args.checkpoint, args.rate, sizes, args.bf16)
    parameters = sum(p.numel() for p in training.prior.parameters())
    print(f"{parameters / 1e6:.2f} million weights, {len(training.data.train)} clips, {len(training.data.held)} left out", flush=True)
    try:
        training.run(args.batch, args.steps, args.minutes and args.minutes * 60, args.every, lambda s: print(s, flush=True))
    except KeyboardInterrupt:
        print(f"stopped; {args.checkpoint} has the training up to its last line above, run the same command to go on")
        return
    prior.save(args.out, training.average)


def draw_samples(args):
    network = prior.load(args.prior)
    if args.name not in network.cfg.classes:
        raise InputError(f"no class {args.name}; there are {', '.join(network.cfg.classes)}")
    classes = torch.full((args.number,), network.cfg.classes.index(args.name))
    latents = flow.sample(network, classes, args.tokens or network.cfg.length, args.seed, args.clips, args.flow_steps, args.guidance)
    np.save(args.out, latents.numpy())


def show_measures(args):
    program = lambda name: os.path.join(args.programs, name)
    measure.table(clips.Clips.load(args.clips), args.prior, program, args.count)


def make_sheet(args):
    program = lambda name: os.path.join(args.programs, name)
    print("\n".join(measure.sheet(clips.Clips.load(args.clips), args.prior, program, args.out)))


def parse(argv):
    parser = argparse.ArgumentParser(prog="onedva_generate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    p = commands.add_parser("clips", help="videos to latents with classes")
    p.add_argument("classes", help='JSON: {"name": ["videos/of/it/*.mp4", ...], "shapes": "shapes"}; the latter are drawn')
    p.add_argument("out", help="file.npz")
    p.add_argument("--programs", default="build", help="folder of ffmpeg and onedva-latents")
    p.add_argument("--side", type=int, default=128, help="of the clips, in samples")
    p.add_argument("--crf", type=float, default=34)
    p.add_argument("--length", type=int, default=64, help="latent tokens of a tile")
    p.add_argument("--crops", type=int, default=8, help="of each video, at each of two sizes")
    p.add_argument("--count", type=int, default=400, help="of drawn videos of 64 frames")
    p.add_argument("--seed", type=int, default=0)
    p.set_defaults(run=make_clips)
    p = commands.add_parser("train", help="a prior on clips")
    p.add_argument("clips")
    p.add_argument("out", help="the prior: file.safetensors")
    p.add_argument("--checkpoint", required=True, help="written as it goes on; where it is there, training goes on from it")
    p.add_argument("--width", type=int, default=192)
    p.add_argument("--layers", type=int, default=6)
    p.add_argument("--head-dim", type=int, default=32)
    p.add_argument("--batch", type=int, default=48)
    p.add_argument("--rate", type=float, default=5e-4)
    p.add_argument("--steps", type=int, help="of training in all")
    p.add_argument("--minutes", type=float, help="of training in all")
    p.add_argument("--every", type=int, default=200, help="steps from a checkpoint to the next")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--bf16", action="store_true", help="multiply in bfloat16: faster where the processor has it")
    p.set_defaults(run=run_training)
    p = commands.add_parser("sample", help="latents of a prior")
    p.add_argument("prior")
    p.add_argument("out", help="file.npy: over the scan's scale, [number, clips, tokens, 32]")
    p.add_argument("--class", dest="name", required=True)
    p.add_argument("--number", type=int, default=1)
    p.add_argument("--clips", type=int, default=1)
    p.add_argument("--tokens", type=int, help="of each tile; as many as the prior has")
    p.add_argument("--flow-steps", type=int, default=24)
    p.add_argument("--guidance", type=float, default=1.5)
    p.add_argument("--seed", type=int, default=0)
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
            p.add_argument("--count", type=int, default=128, help="clips of each class")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    try:
        args.run(args)
    except (InputError, OSError) as error:
        sys.exit(f"onedva_generate: {error}")


if __name__ == "__main__":
    main()
