# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command line: python3 -m onedva_ablation --help"""
import argparse
import json
import os
import sys

import torch

from onedva_train import batches, canvases, pairs
from onedva_train.__main__ import open_canvases, open_videos, read_start
from onedva_train.errors import InputError

from . import clip_lengths, encoder_bound, lengths, measure, pixel_network, query_encoder, told, variants
from .fitting import fit
from .table import write_table


WARM_UP = 100   # steps of a variant's training


def fit_variant(subject, sampler, args, log):
    def loss(_):
        x, mask, qidx = batches.draw_batch(sampler, args.patches)
        return subject.loss(x, mask, qidx, sampler.rng)

    return fit(subject.parameters(), loss, args.cpu_minutes, args.rate, WARM_UP, log)


def run(args):
    _, trained = read_start(args.start)
    linear = trained.linear
    held_out = [canvases.clip_tensor(c) for c in canvases.held_out(open_canvases(args, args.valid, (1.0,)))]
    clips = open_canvases(args, args.train, args.scales)
    results = {}
    if os.path.exists(args.out):
        with open(args.out) as f:
            results = json.load(f)

    def keep(name, **result):
        results[name] = result
        with open(args.out + ".part", "w") as f:
            json.dump(results, f, indent=1)
        os.replace(args.out + ".part", args.out)

    if "start" not in results:
        whole = variants.build("decoder", trained, None)
        keep("start", rows=measure.rates(whole, held_out, ffmpeg=args.ffmpeg))
    if "linear" not in results:
        keep("linear", rows=measure.rates(lengths.linear_subject(linear), held_out, ffmpeg=args.ffmpeg))
    if "lengths" not in results:
        keep("lengths", gains=[lengths.gains(linear, clip)[0] for clip in held_out])
    for name in args.variants:
        if name in results:
            continue
        torch.manual_seed(args.seed)
        sampler = canvases.Sampler(clips, args.seed)
        subject = variants.build(name, trained, sampler)
        parameters = sum(p.numel() for p in subject.parameters() if p.requires_grad)
        steps = fit_variant(subject, sampler, args, lambda s: print(f"{name}: {s}", flush=True))
        rows = measure.rates(subject, held_out, ffmpeg=args.ffmpeg)
        extra = {}
        if name in ("decoder", "tail-dropout"):
            extra["half"] = measure.rates(subject, held_out, share=0.5)
        keep(name, rows=rows, steps=steps, parameters=parameters, minutes=args.cpu_minutes, **extra)
        change = measure.bd_rate(results["linear"]["rows"], rows)
        print(f"{name}: BD-rate {100 * change:+.1f} % against the linear path", flush=True)


def compare_lengths(args):
    _, trained = read_start(args.start)
    clips = canvases.held_out(open_canvases(args, args.valid, (1.0,)))
    lengths.write_table(trained.linear, {clip.name: canvases.clip_tensor(clip) for clip in clips})


def compare_clip_lengths(args):
    _, trained = read_start(args.start)
    videos = open_videos(args, args.valid, (1.0,))
    clip_lengths.write_table(trained.linear, [clip for video in videos for clip in clip_lengths.clips_of(video)])


def bound_encoder(args):
    torch.manual_seed(args.seed)
    _, trained = read_start(args.start)
    encoder_bound.write_table(trained, args.pairs, args.qidx, args.count, args.seed)


def train_encoder(args):
    torch.manual_seed(args.seed)
    _, trained = read_start(args.start)
    query_encoder.run(trained, args, lambda s: print(s, flush=True))


def train_on_pairs(args):
    torch.manual_seed(args.seed)
    _, trained = read_start(args.start)
    clips = [clip for folder in args.train for clip in pairs.load(folder)]
    {"pixels": pixel_network, "told": told}[args.command].run(trained, clips, args, lambda s: print(s, flush=True))


def main():
    top = argparse.ArgumentParser(prog="onedva_ablation", description="Train variants of the codec for equal CPU "
                                  "time on canvases from one model, and measure them on held-out clips.")
    sub = top.add_subparsers(dest="command", required=True)
    on_videos = argparse.ArgumentParser(add_help=False)
    on_videos.add_argument("--cache", default="build/train-cache")
    on_videos.add_argument("--ffmpeg", default="build/ffmpeg")
    on_videos.add_argument("--valid", required=True, help="folder of held-out videos")
    on_videos.add_argument("--start", required=True, help="model file with the linear path, and the decoder that the "
                           "variants begin with")
    on_canvases = argparse.ArgumentParser(add_help=False, parents=[on_videos])
    on_canvases.add_argument("--canvas", required=True, help="the program onedva-canvas")
    on_canvases.add_argument("--canvas-crf", type=float, nargs="+", default=[30])
    on_canvases.add_argument("--jobs", type=int, default=os.cpu_count())
    p = sub.add_parser("run", parents=[on_canvases], help="train and measure; what --out already has is not done again")
    p.add_argument("--train", required=True, help="folder of videos")
    p.add_argument("--scales", type=float, nargs="+", default=[1.0, 2.0])
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--variants", nargs="+", choices=variants.NAMES, default=variants.NAMES)
    p.add_argument("--cpu-minutes", type=float, default=5)
    p.add_argument("--rate", type=float, default=1e-3)
    p.add_argument("--patches", type=int, default=3072)
    p.add_argument("--out", required=True, help="JSON file of results")
    sub.add_parser("lengths", parents=[on_canvases], help="lengths of tiles against one for all, clip by clip")
    sub.add_parser("clip-lengths", parents=[on_videos], help="a number of values given to clips by cost, motion or evenly")
    on_superblocks = argparse.ArgumentParser(add_help=False)
    on_superblocks.add_argument("--start", required=True, help="model file with the decoder")
    on_superblocks.add_argument("--pairs", required=True, help="folder of pairs (onedva_train, --pairs), of which key clips "
                                "are taken to measure on")
    on_superblocks.add_argument("--qidx", type=int, nargs="+", default=[0, 12])
    on_superblocks.add_argument("--count", type=int, default=24, help="superblocks to measure on, each of another video")
    on_superblocks.add_argument("--seed", type=int, default=1)
    sub.add_parser("encoder-bound", parents=[on_superblocks], help="what an encoder that knows the decoder could save at most")
    p = sub.add_parser("encoder-train", parents=[on_superblocks], help="how much of that a query encoder learns")
    p.add_argument("--train", required=True, help="folder of pairs of other videos, to learn from")
    p.add_argument("--blocks", type=int, default=600, help="superblocks to learn from")
    p.add_argument("--layers", type=int, default=2)
    p.add_argument("--queries", type=int, default=128, help="latent tokens of a whole superblock that are corrected")
    p.add_argument("--cpu-minutes", type=float, nargs="+", default=[20], help="a comparison follows each")
    p.add_argument("--rate", type=float, default=1e-3)
    on_pairs = argparse.ArgumentParser(add_help=False)
    on_pairs.add_argument("--start", required=True, help="model file with the decoder")
    on_pairs.add_argument("--pairs", required=True, help="folder of pairs (onedva_train, --pairs) to measure on")
    on_pairs.add_argument("--train", required=True, nargs="+", metavar="FOLDER", help="of pairs of other videos, to learn from")
    on_pairs.add_argument("--cpu-minutes", type=float, default=10)
    on_pairs.add_argument("--patches", type=int, default=300)
    on_pairs.add_argument("--seed", type=int, default=1)
    p = sub.add_parser("pixels", parents=[on_pairs], help="what a network of whole samples behind the decoder gains")
    p.add_argument("--channels", type=int, default=16)
    p.add_argument("--rate", type=float, default=2e-3)
    p = sub.add_parser("told", parents=[on_pairs], help="what the decoder gains if it is told which clips are inter clips")
    p.add_argument("--rate", type=float, default=2e-4)
    p = sub.add_parser("table", help="Markdown table of a results file")
    p.add_argument("results")
    args = top.parse_args()
    try:
        if args.command == "table":
            write_table(args.results)
        else:
            {"run": run, "lengths": compare_lengths, "clip-lengths": compare_clip_lengths,
             "encoder-bound": bound_encoder, "encoder-train": train_encoder, "pixels": train_on_pairs, "told": train_on_pairs}[args.command](args)
    except InputError as error:
        sys.exit(f"onedva_ablation: {error}")


if __name__ == "__main__":
    main()
