# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command line: python3 -m onedva_ablation --help"""
import argparse
import json
import math
import os
import sys
import time

import torch

from onedva_train import batches, canvases
from onedva_train.__main__ import open_canvases, read_start
from onedva_train.errors import InputError

from . import measure, variants
from .table import write_table


class Fixed(variants.WithoutDecoder):
    """The same share of every tile's tokens is kept."""

    share = 1.0

    def lengths(self, y, hat, cost, d, scan):
        return torch.full((len(y),), max(1, round(self.share * scan.tokens)))


def linear_subject(linear, kind=variants.WithoutDecoder):
    return variants.Standard(kind(variants.config(linear, encoder_layers=0, decoder_layers=0), linear))


def fixed_lengths(linear, clip):
    """Of every quantiser and share of tokens, the rows that no other one beats."""
    subject = linear_subject(linear, Fixed)
    rows = []
    for share in (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32):
        subject.codec.share = share
        rows += measure.rates(subject, [clip])
    rows.sort(key=lambda r: r["bpp"])
    best = []
    for row in rows:
        if not best or row["psnr"] > best[-1]["psnr"]:
            best.append(row)
    return best


def length_gains(linear, clips):
    """BD-rate of lengths chosen for each tile against one for all tiles of a clip, linear path, for each clip."""
    variable = linear_subject(linear)
    return [measure.bd_rate(fixed_lengths(linear, c), measure.rates(variable, [c])) for c in clips]


def fit_variant(subject, sampler, args, log):
    """Train for a span of this process' CPU time; the rate rises for 100 steps and falls as a cosine."""
    budget, begin, step = args.cpu_minutes * 60, time.process_time(), 0
    weights = [p for p in subject.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, args.rate, betas=(0.9, 0.98), weight_decay=0.01)
    mean = None
    while (part := (time.process_time() - begin) / budget) < 1:
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1, (step + 1) / 100) * (0.02 + 0.49 * (1 + math.cos(math.pi * part)))
        x, mask, qidx = batches.draw_batch(sampler, args.patches)
        loss = subject.loss(x, mask, qidx, sampler.rng)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        step += 1
        mean = float(loss) if mean is None else 0.98 * mean + 0.02 * float(loss)
        if step % 50 == 0:
            log(f"step {step} loss {mean:.4f} {100 * part:.0f} % of {args.cpu_minutes:g} min")
    return step


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
        keep("linear", rows=measure.rates(linear_subject(linear), held_out, ffmpeg=args.ffmpeg))
    if "lengths" not in results:
        keep("lengths", gains=length_gains(linear, held_out))
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


def main():
    top = argparse.ArgumentParser(prog="onedva_ablation", description="Train variants of the codec for equal CPU "
                                  "time on canvases from one model, and measure them on held-out clips.")
    sub = top.add_subparsers(dest="command", required=True)
    p = sub.add_parser("run", help="train and measure; what --out already has is not done again")
    p.add_argument("--cache", default="build/train-cache")
    p.add_argument("--ffmpeg", default="build/ffmpeg")
    p.add_argument("--train", required=True, help="folder of videos")
    p.add_argument("--valid", required=True, help="folder of held-out videos")
    p.add_argument("--canvas", required=True, help="the program onedva-canvas")
    p.add_argument("--canvas-crf", type=float, nargs="+", default=[30])
    p.add_argument("--scales", type=float, nargs="+", default=[1.0, 2.0])
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--start", required=True, help="model file whose linear path and decoder the variants begin with")
    p.add_argument("--variants", nargs="+", choices=variants.NAMES, default=variants.NAMES)
    p.add_argument("--cpu-minutes", type=float, default=5)
    p.add_argument("--rate", type=float, default=1e-3)
    p.add_argument("--patches", type=int, default=3072)
    p.add_argument("--out", required=True, help="JSON file of results")
    p = sub.add_parser("table", help="Markdown table of a results file")
    p.add_argument("results")
    args = top.parse_args()
    try:
        write_table(args.results) if args.command == "table" else run(args)
    except InputError as error:
        sys.exit(f"onedva_ablation: {error}")


if __name__ == "__main__":
    main()
