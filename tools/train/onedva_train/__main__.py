# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command line: python3 -m onedva_train COMMAND --help"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile

import numpy as np
import torch

import onedva_progress

from . import (canvases, curve, data, entropy, evaluate, grow, model, model_file, pairs, perceptual, sample_sheet, ssim, stills, synthetic_videos,
               untrained)
from . import fit as linear_fit
from .codec import Codec
from .errors import InputError
from .synthetic import Synthetic
from .processes import Processes
from .train import PairTrainer, Trainer, light_state, save

# what a machine with an accelerator may give back of a file, in bytes
CHECKPOINT_LIMIT = 16e6


def cache_of(args, source):
    return os.path.join(args.cache, os.path.basename(os.path.normpath(source)))


def open_canvases(args, source, scales):
    cache = f"{cache_of(args, source)}-canvas-{'-'.join(f'{c:g}' for c in args.canvas_crf)}"
    canvases.prepare(source, cache, args.canvas, args.ffmpeg, scales, args.canvas_crf, args.jobs)
    return canvases.load(cache)


def open_pairs(args, source, device):
    """Of a folder of videos, made here, or of a folder of pairs that are made; they lie on the device."""
    if data.has_index(source):
        return pairs.load(source, device)
    if not args.canvas:
        raise InputError(f"{source} has no index.json of pairs, and onedva-canvas makes them: give --canvas PROGRAM")
    cache = f"{cache_of(args, source)}-pairs-{'-'.join(f'{c:g}' for c in args.canvas_crf)}"
    pairs.prepare(source, cache, args.canvas, args.ffmpeg, args.canvas_crf, jobs=args.jobs)
    return pairs.load(cache, device)


def open_videos(args, source, scales):
    cache = cache_of(args, source)
    data.prepare(source, cache, args.ffmpeg, scales)
    return data.load(cache)


def open_stills(args):
    cache = cache_of(args, args.stills)
    stills.prepare(args.stills, cache, args.ffmpeg)
    return stills.load(cache)


def check_judges(args):
    if args.ssim_weight and not args.pairs:
        raise InputError("--ssim-weight is for --pairs: leave it away elsewhere")
    if min(args.ssim_weight, args.perceptual_weight) < 0:
        raise InputError("--ssim-weight and --perceptual-weight are at least 0: below it training would make worse what they weigh")
    if args.perceptual is not None and (args.command not in ("stage3", "stage4") or not args.pairs):
        raise InputError("--perceptual judges fine detail of stage3 and stage4 with --pairs: leave it away elsewhere")
    if args.command == "stage4" and (not args.pairs or args.perceptual is None):
        raise InputError("stage4 learns on pairs, and features judge it: give --pairs and --perceptual SIZE")


def check_pairs(args):
    if args.encoder != "off":
        raise InputError("--pairs are of linear latents, the decoder learns alone: give --encoder off")
    if args.stills:
        raise InputError("--pairs are of videos: leave --stills away")


def open_sampler(args):
    if getattr(args, "pairs", False):
        check_pairs(args)
        sources = args.train.split(os.pathsep)
        return pairs.Sampler([clip for s in sources for clip in open_pairs(args, s, args.device)], args.seed)
    kind, clips = (canvases, open_canvases) if args.canvas else (data, open_videos)
    synthetic = Synthetic(open_stills(args), aligned=bool(args.canvas)) if args.stills else None
    return kind.Sampler(clips(args, args.train, args.scales), args.seed, synthetic=synthetic,
                        share=args.synthetic)


def command_samples(args):
    photographs = open_stills(args)
    videos = open_videos(args, args.train, args.scales)
    samplers = {"pictures": data.Sampler(videos, args.seed, synthetic=Synthetic(photographs, False))}
    if args.canvas:
        clips = open_canvases(args, args.train, args.scales)
        samplers["canvases"] = canvases.Sampler(clips, args.seed, synthetic=Synthetic(photographs, True))
    sample_sheet.write(samplers, args.out, args.ffmpeg)
    for title, sampler in samplers.items():
        print(f"{title}: {1e3 * sample_sheet.cost(sampler):.0f} ms of CPU time a synthetic crop of 16x256x256")


def command_videos(args):
    """Synthetic clips as videos, of which --pairs makes pairs."""
    synthetic_videos.make(Synthetic(open_stills(args), aligned=False), np.random.default_rng(args.seed), args.out, args.count)


def held_out(args):
    """Of each clip its patches and its mask; clips of pairs as they are."""
    if not args.valid:
        return []
    if getattr(args, "pairs", False):
        return open_pairs(args, args.valid, "cpu")
    if args.canvas:
        clips = canvases.held_out(open_canvases(args, args.valid, (1.0,)))
        return [canvases.clip_tensor(c) for c in clips]
    return [(evaluate.clip_tensor(v, 0), None) for v in open_videos(args, args.valid, (1.0,))]


def newest(path):
    """A file, or of a folder the checkpoint of most steps."""
    if not os.path.isdir(path):
        return path
    found = [os.path.join(path, name) for name in sorted(os.listdir(path)) if name.endswith(".pt")]
    if not found:
        raise InputError(f"{path} has no checkpoint, whose name ends in .pt")
    return max(found, key=lambda p: torch.load(p, map_location="cpu", weights_only=False).get("step", 0))


def read_start(path):
    """A checkpoint's state ({} for a model file) and its plain codec, untrained where it is a checkpoint."""
    if path.endswith(".safetensors"):
        codec = Codec.from_file(*model_file.read(path))
        codec.cfg.id = model_file.packet_id(path)  # packets stay what they are while linear path and tables do
        return {}, codec
    start = torch.load(path, map_location="cpu", weights_only=False)
    return start, Codec(model.Config(**start["config"]), start["linear"])


def averaged(start, codec):
    """The codec with a checkpoint's averaged weights, as a model file has them."""
    codec.for_training().load_state_dict(start["ema"])
    return codec.to_plain()


def command_fit(args):
    cfg, path = model.Config(**model.PRESETS[args.preset]), None
    if args.basis_from:
        _, codec = read_start(args.basis_from)
        cfg = codec.cfg
        path = {name: codec.linear[name] for name in ("linear.mean", "linear.basis", "linear.bands")}
    bands = untrained.BANDS["test"] if args.preset == "test" else None
    linear = linear_fit.fit(open_sampler(args), args.tiles, args.tokens, path=path, bands=bands)
    torch.save({"config": cfg.__dict__, "linear": linear}, args.out)


def command_train(args):
    check_judges(args)
    start, codec = read_start(args.start)
    resumes = "ema" in start and not args.linear
    if args.sampler_start is not None:
        codec.cfg.sampler_start = args.sampler_start
    if args.linear:
        codec = averaged(start, codec) if "ema" in start else codec
        codec.cfg.id = None  # the packets are others then
        codec = codec.with_linear(torch.load(args.linear, map_location="cpu", weights_only=False)["linear"])
    processes = Processes(args.device)
    sampler = open_sampler(args)
    # a resumed run must not repeat the crops that it has seen, nor a process those of another
    seeds = [args.seed, start.get("step", 0), processes.rank]
    sampler.rng = type(sampler.rng)(type(sampler.rng.bit_generator)(seeds))
    trainer = (PairTrainer if args.pairs else Trainer)(codec, sampler, args.out, processes, args.rate, args.patches,
                                                       args.light)
    if args.pairs:
        trainer.judge(None if args.perceptual is None else
                      perceptual.Perceptual(args.perceptual, args.perceptual_weight, args.device),
                      ssim.Similarity(args.ssim_weight) if args.ssim_weight else None)
    if resumes:
        trainer.load(args.start, not args.fresh_optimiser)
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, lambda *_: trainer.stop())
    trainer.run(int(args.command[-1]), args.minutes * 60, args.encoder,
                held_out(args), args.check_minutes * 60, lambda s: print(s, flush=True))
    if trainer.stopped and processes.first:
        onedva_progress.say_interrupted("onedva_train", f"step {trainer.step} is kept in {args.out}; --start {args.out} goes on")
    processes.close()


def command_grow(args):
    """A wider, deeper decoder that does what the start's does, as a model file to train on from."""
    start, codec = read_start(args.start)
    codec = averaged(start, codec) if "ema" in start else codec
    if args.width < codec.cfg.width or args.layers < codec.cfg.decoder_layers or args.width % codec.cfg.head_dim:
        raise InputError(f"--width {args.width} --layers {args.layers}: at least {codec.cfg.width} and "
                         f"{codec.cfg.decoder_layers} of {args.start}, and the width a multiple of {codec.cfg.head_dim}")
    grown = grow.grow(codec, args.name, args.width, args.layers)
    config, tensors, _ = model_file.from_training(grown.cfg, grown.linear, None, grown.decoder.state_dict())
    model_file.write(args.out, config, tensors)


def command_export(args):
    state = torch.load(args.start, map_location="cpu", weights_only=False)
    cfg = model.Config(**state["config"])
    if args.sampler_start is not None:
        cfg.sampler_start = args.sampler_start
    codec = Codec(cfg, state["linear"])
    parts = {"encoder": None, "decoder": None}
    if "ema" in state and not args.linear_only:
        averaged(state, codec)
        networks = {name: getattr(codec, name) for name in parts}
        parts = {name: None if network is None else network.state_dict() for name, network in networks.items()}
    if args.no_encoder:
        parts["encoder"] = None
    config, tensors, weights = model_file.from_training(cfg, state["linear"], parts["encoder"], parts["decoder"])
    model_file.write(args.out, config, tensors, weights if args.bf16 else ())
    print(f"{args.out}: {os.path.getsize(args.out) / 1e6:.2f} MB")


def command_pack(args):
    """What training needs on another machine: a light checkpoint, and as many pairs as there is room for beside it."""
    if not data.has_index(args.train):
        raise InputError(f"{args.train} has no index.json of pairs: stage3 --pairs makes them")
    os.makedirs(args.out, exist_ok=True)
    checkpoint = os.path.join(args.out, "checkpoint.pt")
    start = torch.load(args.start, map_location="cpu", weights_only=False)
    if "ema" not in start:
        raise InputError(f"{args.start} has no weights: a checkpoint of stage1 to stage3 is needed")
    save(light_state(start), checkpoint)
    size = os.path.getsize(checkpoint)
    if size > CHECKPOINT_LIMIT:
        raise InputError(f"a light checkpoint of {args.start} has {size / 1e6:.1f} MB, and at most "
                         f"{CHECKPOINT_LIMIT / 1e6:.0f} MB come back: a smaller network is needed")
    room = args.megabytes * 1e6 - size
    count = pairs.pack(args.train, os.path.join(args.out, "pairs"), room, args.seed + start["step"])
    if not count:
        raise InputError(f"no pairs fit into {args.megabytes:g} MB beside the checkpoint's {size / 1e6:.1f}")
    print(f"{args.out}: {count} clips, step {start['step']}")


def command_tables(args):
    """Fit the tables that entropy coding and dequantisation use with tools/entropy, on canvases that exist."""
    directory = f"{cache_of(args, args.train)}-canvas-{'-'.join(f'{c:g}' for c in args.canvas_crf)}"
    config, tensors = model_file.read(args.start)
    with tempfile.TemporaryDirectory() as work:
        start, fitted = os.path.join(work, "start.safetensors"), os.path.join(work, "tables")
        tensors = {**entropy.prediction_prior(), **tensors}
        tensors["large.cdf"] = tensors["large.cdf"].astype("int32")
        model_file.write(start, config, tensors, model_file.stored_bf16(args.start))
        command = [args.tool, "--model", start, "--fit", directory, "--every", str(args.every),
                   "--out", fitted]
        if subprocess.run(command).returncode:
            raise InputError(f"{args.tool} failed")
        values = np.fromfile(fitted, np.int32)
    tensors.update(entropy.split_tables(values))
    config.pop("id", None)  # the packets are others now
    for name in ("dec.out.weight", "dec.out.bias"):
        tensors[name] = (tensors[name] * args.correction).astype(tensors[name].dtype)
    model_file.write(args.out, config, tensors, model_file.stored_bf16(args.start))


def command_eval(args):
    codec = Codec.from_file(*model_file.read(args.start))
    for row in evaluate.exact(codec, held_out(args), args.qidx):
        print(row)


def command_judge(args):
    """PSNR-Y, texture and differences of features by numbers of steps, of pairs that are coarser than a quantiser index."""
    start, codec = read_start(args.start)
    codec = averaged(start, codec) if "ema" in start else codec
    clips = [clip for clip in open_pairs(args, args.valid, "cpu") if clip.qidx >= args.qidx]
    if not clips:
        raise InputError(f"{args.valid} has no clip of --qidx {args.qidx} or more")
    nets = [perceptual.network(size) for size in args.perceptual]
    print(f"{len(clips)} clips\n| steps | PSNR-Y | texture |{''.join(f' Lite{size} |' for size in args.perceptual)}")
    print("|---|---|---|" + "---|" * len(nets))
    for steps, (psnr, detail, *differences) in evaluate.judged(codec.eval(), clips, nets, args.steps).items():
        print(f"| {steps} | {psnr:.2f} dB | {detail:+.3f} |{''.join(f' {d:.4f} |' for d in differences)}")


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
        p.add_argument("--canvas", help="the program onedva-canvas: clips on their canvases, not pictures")
        p.add_argument("--canvas-crf", type=float, nargs="+", default=[30],
                       help="quality for which canvases are made, each clip the next one of these")
        p.add_argument("--jobs", type=int, default=os.cpu_count(), help="canvas programs at a time")
        p.add_argument("--seed", type=int, default=1)
        if needs_start:
            p.add_argument("--start", required=True,
                           help="checkpoint, or a folder of them: that of most steps; a model file for eval, or to "
                                "train on from")
        return p

    p = command("fit", "stage 0: basis, scans and entropy tables in closed form", False)
    p.add_argument("--preset", choices=sorted(model.PRESETS), default="tiny")
    p.add_argument("--basis-from", metavar="MODEL", help="keep mean, basis and bands of this checkpoint or model file")
    p.add_argument("--tiles", type=int, default=1600)
    p.add_argument("--tokens", type=int, default=120_000)
    for name, text in (("stage1", "deterministic, full length"),
                       ("stage2", "variable length dropout and flow matching"),
                       ("stage3", "fine detail at the sampler's times; the encoder rests"),
                       ("stage4", "as stage3, and latents with errors as drawn ones have; the encoder rests")):
        p = command(name, text)
        p.add_argument("--minutes", type=float, required=True)
        p.add_argument("--rate", type=float, default=1e-3, help="learning rate at its peak")
        p.add_argument("--patches", type=int, default=4096, help="batch size in patches, of each process")
        p.add_argument("--encoder", choices=("frozen", "off") if name in ("stage3", "stage4") else ("train", "frozen", "off"),
                       default="frozen" if name in ("stage3", "stage4") else "train",
                       help="off: linear latents; frozen: the query encoder runs but rests")
        p.add_argument("--pairs", action="store_true",
                       help="the decoder alone, on exact linear reconstructions that --canvas has written, as many "
                            "qualities as --canvas-crf names, key and inter clips")
        p.add_argument("--sampler-start", type=float, help="time at which -steps N > 1 begins, kept in the model")
        p.add_argument("--perceptual", type=int, choices=range(5), metavar="SIZE",
                       help="stage3 and 4 with --pairs: features of EfficientNet-Lite of this size, 0 to 4, judge fine detail, too")
        p.add_argument("--perceptual-weight", type=float, default=1.0,
                       help="what the logarithm of their difference counts against that of the squared error")
        p.add_argument("--ssim-weight", type=float, default=0.0,
                       help="with --pairs: what the logarithm of 1 - SSIM of one step's picture counts against that of the squared error")
        p.add_argument("--fresh-optimiser", action="store_true")
        p.add_argument("--light", action="store_true",
                       help="checkpoints of averaged weights alone: a third of the bytes, for another machine")
        p.add_argument("--linear", metavar="FIT",
                       help="the linear path of this fit instead of the start's")
        p.add_argument("--check-minutes", type=float, default=10)
        p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    for name in ("fit", "stage1", "stage2", "stage3", "stage4"):
        sub.choices[name].add_argument("--synthetic", type=float, default=0.25, metavar="SHARE",
                                       help="how many of the crops are made of stills, 0 to 1")
        sub.choices[name].add_argument("--out", required=True, help="checkpoint to write")
    p = command("pack", "a folder with which another machine can train on: the checkpoint, and pairs")
    p.add_argument("--train", required=True, help="folder of pairs that are made")
    p.add_argument("--megabytes", type=float, default=60, help="what the folder may have")
    p.add_argument("--out", required=True, help="folder to write")
    p = command("samples", "a picture of what training draws: recorded and synthetic clips", False)
    p.add_argument("--out", required=True, help="PNG to write")
    p = command("videos", "synthetic clips of stills as videos, of which --pairs makes pairs", False)
    p.add_argument("--stills", required=True, help="folder of photographs")
    p.add_argument("--count", type=int, default=300, help="how many")
    p.add_argument("--out", required=True, help="folder to write")
    p = command("grow", "a wider, deeper decoder that does what the start's does, to train on from")
    p.add_argument("--name", default="base", help="of the model")
    p.add_argument("--width", type=int, default=192)
    p.add_argument("--layers", type=int, default=6)
    p.add_argument("--out", required=True, help="model file to write")
    for name in ("fit", "stage1", "stage2", "stage3", "stage4", "samples"):
        sub.choices[name].add_argument("--train", required=True,
                                       help="folder of videos; with --pairs also several, with : between")
        sub.choices[name].add_argument("--scales", type=float, nargs="+", default=data.SCALES,
                                       help="how much smaller the videos are made")
        sub.choices[name].add_argument("--stills", required=name == "samples",
                                       help="folder of photographs, for synthetic clips")
    p = command("export", "checkpoint to model file")
    p.add_argument("--out", required=True)
    p.add_argument("--bf16", action="store_true", help="network weights as bfloat16")
    p.add_argument("--linear-only", action="store_true")
    p.add_argument("--no-encoder", action="store_true", help="leave the query encoder out")
    p.add_argument("--sampler-start", type=float, help="time at which -steps N > 1 begins")
    p = command("tables", "refit the tables of entropy coding and the quantiser's")
    p.add_argument("--train", required=True, help="folder of videos whose canvases a fit has made")
    p.add_argument("--tool", default="build/onedva-entropy", help="the program onedva-entropy")
    p.add_argument("--every", type=int, default=12, help="learn from every Nth clip")
    p.add_argument("--correction", type=float, default=1.0,
                   help="scales what the decoder's network adds, where its linear path errs less than in training")
    p.add_argument("--out", required=True, help="model file to write")
    p = command("eval", "rate and PSNR-Y of a model file on held-out clips")
    p.add_argument("--qidx", type=int, nargs="+", default=[-24, -12, 0, 12])
    p = command("judge", "texture and features of a pretrained network by numbers of steps, on pairs")
    p.add_argument("--perceptual", type=int, nargs="+", default=[0, 2], choices=range(5), metavar="SIZE",
                   help="EfficientNet-Lite of these sizes: others than trained it")
    p.add_argument("--steps", type=int, nargs="+", default=[0, 1, 4])
    p.add_argument("--qidx", type=int, default=-8, help="of the finest clips that count")
    p = command("curve", "the validation curve of a checkpoint: table, and plot")
    p.add_argument("--plot", help="PNG to write")
    args = top.parse_args()
    torch.manual_seed(args.seed)
    commands = {"fit": command_fit, **{f"stage{i}": command_train for i in range(1, 5)}, "samples": command_samples,
                "videos": command_videos, "grow": command_grow, "pack": command_pack, "export": command_export,
                "tables": command_tables, "eval": command_eval, "judge": command_judge, "curve": command_curve}
    onedva_progress.interrupt_at_sigterm()
    try:
        if "start" in args:
            args.start = newest(args.start)
        commands[args.command](args)
    except KeyboardInterrupt:
        onedva_progress.interrupted("onedva_train", f"what is prepared in {args.cache} is kept; the same command goes on")
    except InputError as error:
        sys.exit(f"onedva_train: {error}")


if __name__ == "__main__":
    sys.exit(main())
