#!/usr/bin/env python3
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures One-DVA, x264, x265, SVT-AV1 and libaom on a set of clips and writes a report in Markdown, with pictures and CSV.

Every figure comes from whole files: encoded by ffmpeg to Matroska, decoded by ffmpeg, compared frame by frame
with the source. What was measured before with the same program, model, options and clip is not measured again.
"""
import argparse
import dataclasses
import os
import re
import subprocess
import tempfile

import clips as clip_files
import lowest_rate
import metrics
import peers
import plots
import programs
import tables
from measurements import Bench, Store, ends_in_one_line

SEAM_CRF = (30, 45, 55)
SEAM_PEER_CRF = (32, 44, 51)
FIXED_CLIPS = "onedva, motion off, clips of 16"


@dataclasses.dataclass
class Result:
    clips: list
    onedva: peers.Encoder     # of the first of peers.GOPS
    others: list              # onedva of the other ones
    peers: list
    metrics: tuple
    measured: dict   # of Bench.qualities
    seams: dict      # of Bench.seams
    bench: Bench

    def of(self, encoder, decoder=""):
        return self.measured[encoder.curve_name(decoder)]


def seam_encoders(args, model, peer_list):
    """Those of one clip a packet, and x264 and x265 with the most keyframes."""
    smooth = ("steps 1, smooth clips", ("-steps", "1", "-smooth_clips", "1"))

    def onedva(name, *options, decoders=()):
        made = peers.onedva(args.ffmpeg, model, SEAM_CRF, (0, 1), options=(*options, "-clip_packets", "1"), name=name)
        return dataclasses.replace(made, decoders=(*made.decoders, *decoders), clip_packets=True)

    short = [peer for peer in peer_list if peer.gop == peers.GOPS[-1] and peer.name.startswith("x26")]
    return [onedva(FIXED_CLIPS, "-motion", "off", "-adaptive_clips", "0"), onedva("onedva", decoders=[smooth]),
            onedva("onedva, key clips alone", "-g", "1", decoders=[smooth]),
            *(dataclasses.replace(peer, qualities=SEAM_PEER_CRF) for peer in short)]


def measure(args, folder):
    comparison = metrics.Comparison(args.ffmpeg, args.vmaf)
    comparison.check()
    clips = clip_files.load_all(args.ffmpeg, args.ffprobe, args.clips, folder)
    bench = Bench(args.ffprobe, comparison, Store(args.store), args.jobs)
    model = peers.model_id(args.ffmpeg, args.ffprobe)
    onedva, *others = [peers.onedva_of_gop(args.ffmpeg, model, args.crf, args.steps, gop) for gop in peers.GOPS]
    peer_list = peers.all_peers(args.peers) if args.peers else []
    measured = bench.qualities(clips, [onedva, *others, *peer_list])
    seams = bench.seams(clips, seam_encoders(args, model, peer_list))
    return Result(clips, onedva, others, peer_list, comparison.metrics, measured, seams, bench)


def commit():
    """The checkout's commit, and whether what is measured was changed since."""
    git = ["git", "-C", os.path.dirname(os.path.abspath(__file__))]
    done = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    if done.returncode:
        return "unknown"
    sources = [":/engine", ":/kernels", ":/models", ":/libavcodec_onedva", ":/tools/eval"]
    changed = subprocess.run([*git, "status", "--porcelain", "--", *sources], capture_output=True, text=True)
    return done.stdout.strip() + (" and uncommitted changes" if changed.stdout.strip() else "")


def how(args, result):
    """What measured what."""
    options = " ".join(["VALID", "--crf", *(str(c) for c in args.crf), "--steps", *(str(s) for s in args.steps),
                        "--picture", args.picture])
    vmaf = " VMAF=FFMPEG_WITH_LIBVMAF" if args.vmaf else ""
    lines = ["## How", "", f"`make eval VALID=DIR{vmaf} PICTURE={args.picture}`, which runs `tools/eval/report.py {options}`. "
             "Written by that program; do not edit.", "",
             f"- machine: {programs.machine()}",
             f"- commit {commit()}; model {result.onedva.model}; onedva: `-preset medium`, "
             f"FFmpeg {programs.ffmpeg_version(args.ffmpeg)}"]
    if result.peers:
        lines += [f"- peers: {peers.peer_versions(result.peers)}; options beside -crf:"]
        lines += [f"  - {peer.name}: `{' '.join(peer.options)}`" for peer in result.peers]
    lines += [f"- {result.bench.comparison.description()}; decoded frames against the source, one thread for every encoder",
              "- bits per pixel: bytes of all video packets, without the container; a clip's quality is the mean "
              "that the filter prints; the mean curve joins the means over clips at equal crf",
              "- BD-rate: mean difference of log rate at equal quality, over monotone piecewise cubics (PCHIP) of "
              "log rate over quality; negative: fewer bits",
              "- clips: " + ", ".join(f"{c.name} ({c.width}x{c.height}, {c.frames} frames)" for c in result.clips)]
    return "\n".join(lines)


def steps_section(result):
    first, *others = [name for name, _ in result.onedva.decoders]
    pairs = [(f"{name} against {first}", result.of(result.onedva, first), result.of(result.onedva, name))
             for name in others]
    return "\n\n".join([
        "## The decoder's steps", f"The same packets, decoded with more steps, against `-{first}`, the linear path.",
        tables.bd_rate_table(pairs, result.metrics),
        "Change of rate at the quality of the linear path at one rate (mean curves; columns: bits per pixel):",
        tables.change_table(pairs, result.metrics)])


def main_peers(result):
    """Those of the same distance of keyframes, as their presets come."""
    return [peer for peer in result.peers if peer.gop == result.onedva.gop and not peer.tuned]


def best_decoder(result):
    names = [name for name, _ in result.onedva.decoders]
    return "steps 1" if "steps 1" in names else names[-1]


def peers_section(result, onedva):
    """Against those with keyframes as far apart."""
    best = best_decoder(result)
    mine = result.of(onedva, best)
    named = [(peer.name, result.of(peer)) for peer in result.peers if peer.gop == onedva.gop]
    main = [m for m in result.metrics if m in (metrics.PSNR, metrics.VMAF)]
    parts = [f"## Against other encoders, keyframes at most {onedva.gop} frames apart",
             f"onedva with `-{best}`. The other encoders run with their presets' own psychovisual options, except "
             "where tuned for PSNR. Low rates are those of the other encoder; a range that it does not reach counts "
             f"from its lowest rate. `{tables.NONE}`: no quality or rate in common.",
             tables.bd_rate_table([(f"against {name}", of_peer, mine) for name, of_peer in named], result.metrics),
             "Quality of onedva less that of the other at equal bits per pixel (columns; mean curves):"]
    parts += [tables.gap_table(named, mine, metric) for metric in result.metrics]
    parts += ["The same in the mean over the clips of which both have that rate; in brackets how many:"]
    parts += [tables.clip_gap_table(named, mine, metric) for metric in main]
    parts += ["The lowest rate of each, and the bits per pixel where onedva is ahead (mean curves, inside of the rates "
              "that both have):", tables.lowest_table(named, mine, main)]
    return "\n\n".join(parts)


def clips_section(result):
    best = best_decoder(result)
    mine, linear = result.of(result.onedva, best), result.of(result.onedva, result.onedva.decoders[0][0])
    same_gop = main_peers(result)
    columns = [(result.onedva.decoders[0][0], linear, mine)]
    columns += [(peer.name, result.of(peer), mine) for peer in same_gop]
    parts = ["## Clip by clip", f"BD-rate (PSNR-Y, %) of onedva `-{best}` over all common qualities, against",
             tables.clip_table(result.clips, columns)]
    for peer in same_gop:
        parts += [f"{peer.name}: its lowest rate of each clip, PSNR-Y of onedva `-{best}` less its own there, and the "
                  "bits per pixel where onedva is ahead:",
                  tables.clip_lowest_table(result.clips, result.of(peer), mine)]
    return "\n\n".join(parts)


def tiles_show(name):
    """Whether an encoder's tiles, or places where they would be, lie on the picture's own grid."""
    return name.startswith(FIXED_CLIPS) or not name.startswith("onedva")


def seams_section(result, path):
    return "\n\n".join([
        "## Seams",
        "The error is decoded less source luma; a seam is its mean absolute step across a border over that elsewhere, "
        "of the sums over clips. In space: between neighbouring samples across borders of tiles (multiples of 128 "
        "samples) over those 17 to 48 samples from such a border, over those anywhere inside of tiles, over those across other multiples of 16 only, and these over those "
        "inside. In time: from the last frame of a clip to the next clip's first over that inside of clips, and over "
        "that inside of clips at every fourth frame. With motion, tiles lie on canvases, so only time counts there; smooth clips: `-smooth_clips 1`; "
        "PSNR-Y: mean over clips of that of all frames at once. "
        "The other encoders have no tiles of 128: their columns say what the content does at those places, and why "
        "the rest of the tile is no fair measure; their clips are groups of pictures. The table as CSV: "
        f"[{os.path.basename(path)}]({os.path.basename(path)}).",
        tables.seam_table(result.seams, tiles_show)])


def picture_section(result, args, path):
    clip = next(clip for clip in result.clips if clip.name == args.picture)
    lowest_rate.draw(clip, lowest_rate.choose(result.bench, clip, result.onedva, main_peers(result)), path)
    return "\n\n".join([
        "## At the lowest rate",
        f"Frame {clip.frames // 2} of {args.picture}: the other encoders at the lowest rate that their "
        f"crf reaches, at GOP {result.onedva.gop}; onedva below {lowest_rate.RATE:g} bits per pixel and, where it can be, below all of "
        "theirs. Rate and PSNR-Y are those of the whole clip.", f"![the frame]({os.path.basename(path)})"])


def write_csv(result, measurements, seams):
    made = f"made by tools/eval/report.py at commit {commit()}, model {result.onedva.model}"
    with open(measurements, "w") as file:
        file.write(tables.measurement_csv(made, result.clips, result.measured, result.metrics))
    with open(seams, "w") as file:
        file.write(tables.seam_csv(made, result.seams, tiles_show))


def write(args, result):
    base = os.path.splitext(args.out)[0]
    csv_name = os.path.basename(base) + ".csv"
    plots.draw({name: by for name, by in result.measured.items() if "tune" not in name}, result.metrics, base + ".png")
    parts = ["# Rate and distortion", f"![rate against quality]({os.path.basename(base)}.png)",
             picture_section(result, args, os.path.join(os.path.dirname(args.out), "lowest-rate.png")), how(args, result)]
    if len(result.onedva.decoders) > 1:
        parts.append(steps_section(result))
    if result.peers:
        parts += [peers_section(result, onedva) for onedva in (result.onedva, *result.others)]
    parts += [clips_section(result), seams_section(result, base + "-seams.csv"), "## Measurements", f"Means over the clips; each clip's own are in [{csv_name}]({csv_name}).",
              tables.measurement_tables(result.measured, result.metrics)]
    write_csv(result, base + ".csv", base + "-seams.csv")
    with open(args.out, "w") as file:
        file.write("\n\n".join(parts) + "\n")


def check_programs(args):
    """Says before hours of work what cannot be done."""
    if args.peers:
        listed = programs.run([args.peers, "-hide_banner", "-encoders"]).stdout
        for name in peers.LIBRARIES:
            if not re.search(rf" {name} ", listed):
                raise programs.ProgramError(f"{args.peers} has no {name}: give --peers an ffmpeg that has (Debian's "
                                            "does), or --peers '' to measure onedva alone")
    names = [os.path.splitext(os.path.basename(p))[0] for p in clip_files.video_files(args.clips)]
    args.picture = args.picture or names[0]
    if args.picture not in names:
        raise programs.ProgramError(f"--picture {args.picture}: no clip of that name; there are {', '.join(names)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", help="video files or folders of them")
    parser.add_argument("--ffmpeg", default="build/ffmpeg", help="FFmpeg with onedva")
    parser.add_argument("--ffprobe", default="build/ffprobe")
    parser.add_argument("--peers", default="ffmpeg", help=f"ffmpeg with {', '.join(peers.LIBRARIES)}; '': none")
    parser.add_argument("--vmaf", default="", help="ffmpeg with libvmaf (that of pip's imageio-ffmpeg has)")
    parser.add_argument("--crf", type=int, nargs="+", default=[10, 20, 30, 35, 40, 45, 50, 55, 60, 63])
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 1, 8], help="the first is compared with")
    parser.add_argument("--picture", help="clip of the picture at the lowest rate (default: the first)")
    parser.add_argument("--jobs", type=int, default=1, help="clips at a time")
    parser.add_argument("--store", default="build/eval/measurements.jsonl", help="measurements, kept")
    parser.add_argument("--out", default="doc/rate-distortion.md")
    args = parser.parse_args()
    with ends_in_one_line("report", args.store):
        check_programs(args)
        with tempfile.TemporaryDirectory() as folder:
            write(args, measure(args, folder))


if __name__ == "__main__":
    main()
