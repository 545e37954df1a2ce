# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command line: python3 -m onedva_train COMMAND --help"""
import argparse
import os
import sys

import torch

from . import curve, data, evaluate, model, model_file
from . import fit as linear_fit
from .codec import Codec
from .train import Trainer


def open_videos(args, source, scales):
    cache = os.path.join(args.cache, os.path.basename(os.path.normpath(source)))
    data.prepare(source, cache, args.ffmpeg, scales)
    return data.load(cache)


def held_out(args):
    videos = open_videos(args, args.valid, (1.0,)) if args.valid else []
    return [evaluate.clip_tensor(v, 0) for v in videos]


def command_fit(args):
    cfg = model.Config(**model.PRESETS[args.preset])
    if args.basis:
        cfg.basis = args.basis
    sampler = data.Sampler(open_videos(args, args.train, data.SCALES), args.seed)
    linear = linear_fit.fit(sampler, cfg, args.tiles, args.tokens)
    torch.save({"config": cfg.__dict__, "linear": linear}, args.out)


def command_train(args):
    if args.start.endswith(".safetensors"):
        start, codec = {}, Codec.from_file(*model_file.read(args.start))
    else:
        start = torch.load(args.start, map_location="cpu", weights_only=False)
        codec = Codec(model.Config(**start["config"]), start["linear"])
    sampler = data.Sampler(open_videos(args, args.train, data.SCALES), args.seed)
    # a resumed run must not repeat the crops that it has seen
    sampler.rng = type(sampler.rng)(type(sampler.rng.bit_generator)([args.seed, start.get("step", 0)]))
    trainer = Trainer(codec, sampler, args.out, args.device, args.rate, args.patches)
    if "codec" in start:
        trainer.load(args.start, not args.fresh_optimiser)
    trainer.run(1 if args.command == "stage1" else 2, args.minutes * 60, args.encoder,
                held_out(args), args.check_minutes * 60, lambda s: print(s, flush=True))


def command_export(args):
    state = torch.load(args.start, map_location="cpu", weights_only=False)
    cfg = model.Config(**state["config"])
    if args.sampler_start is not None:
        cfg.sampler_start = args.sampler_start
    codec = Codec(cfg, state["linear"])
    parts = {"encoder": None, "decoder": None}
    if "ema" in state and not args.linear_only:
        codec.for_training().load_state_dict(state["ema"])
        codec.to_plain()
        parts = {name: getattr(codec, name).state_dict() for name in parts}
    if args.no_encoder:
        parts["encoder"] = None
    config, tensors, weights = model_file.from_training(
        cfg, state["linear"], parts["encoder"], parts["decoder"], codec.coef_scale)
    model_file.write(args.out, config, tensors, weights if args.bf16 else ())
    print(f"{args.out}: {os.path.getsize(args.out) / 1e6:.2f} MB")


def command_eval(args):
    codec = Codec.from_file(*model_file.read(args.start))
    for row in evaluate.exact(codec, held_out(args), args.qidx):
        print(row)


def command_curve(args):
    history = torch.load(args.start, map_location="cpu", weights_only=False)["history"]
    print(curve.table(history))
    if args.plot:
        curve.plot(history, args.plot)


def main():
    top = argparse.ArgumentParser(prog="onedva_train", description="Train One-DVA models.")
    sub = top.add_subparsers(dest="command", required=True)

    def command(name, text, needs_start=True):
        p = sub.add_parser(name, help=text, description=text)
        p.add_argument("--cache", default="build/train-cache", help="decoded video")
        p.add_argument("--ffmpeg", default="build/ffmpeg", help="ffmpeg program; ffprobe beside it")
        p.add_argument("--valid", help="folder of held-out videos")
        p.add_argument("--seed", type=int, default=1)
        if needs_start:
            p.add_argument("--start", required=True,
                           help="checkpoint; a model file for eval, or to train on from")
        return p

    p = command("fit", "stage 0: patch basis, scan and entropy tables in closed form", False)
    p.add_argument("--preset", choices=sorted(model.PRESETS), default="tiny")
    p.add_argument("--basis", type=int, help="K, instead of the preset's")
    p.add_argument("--tiles", type=int, default=1600)
    p.add_argument("--tokens", type=int, default=120_000)
    for name, text in (("stage1", "deterministic, full length"),
                       ("stage2", "variable length dropout and flow matching")):
        p = command(name, text)
        p.add_argument("--minutes", type=float, required=True)
        p.add_argument("--rate", type=float, default=1e-3, help="learning rate at its peak")
        p.add_argument("--patches", type=int, default=4096, help="batch size in patches")
        p.add_argument("--encoder", choices=("train", "frozen", "off"), default="train",
                       help="off: linear latents; frozen: the query encoder runs but rests")
        p.add_argument("--fresh-optimiser", action="store_true")
        p.add_argument("--check-minutes", type=float, default=10)
        p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    for name in ("fit", "stage1", "stage2"):
        sub.choices[name].add_argument("--train", required=True, help="folder of videos")
        sub.choices[name].add_argument("--out", required=True, help="checkpoint to write")
    p = command("export", "checkpoint to model file")
    p.add_argument("--out", required=True)
    p.add_argument("--bf16", action="store_true", help="network weights as bfloat16")
    p.add_argument("--linear-only", action="store_true")
    p.add_argument("--no-encoder", action="store_true", help="leave the query encoder out")
    p.add_argument("--sampler-start", type=float, help="time at which -steps N > 1 begins")
    p = command("eval", "rate and PSNR-Y of a model file on held-out clips")
    p.add_argument("--qidx", type=int, nargs="+", default=[-24, -12, 0, 12])
    p = command("curve", "the validation curve of a checkpoint: table, and plot")
    p.add_argument("--plot", help="PNG to write")
    args = top.parse_args()
    torch.manual_seed(args.seed)
    {"fit": command_fit, "stage1": command_train, "stage2": command_train,
     "export": command_export, "eval": command_eval, "curve": command_curve}[args.command](args)


if __name__ == "__main__":
    sys.exit(main())
