#!/usr/bin/env python3
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what the runs of fuzz targets came to, in Markdown: from build/fuzz/record, which run.sh
writes, and from build/fuzz-coverage/TARGET.json, what the inputs of a target reach (coverage.sh).
Lines and branches are those that clang counts in what the targets link.

A line of a record: UTC time, commit, seconds, seconds of the processor, executions, edges (libFuzzer's
"cov"), features ("ft"), the input that failed or "-".

usage: report.py TARGET...
"""

import dataclasses
import json
import re
import sys
from pathlib import Path

RECORDS = Path("build/fuzz/record")
COVERAGE = Path("build/fuzz-coverage")

PLACES = "/engine/", "/libav(codec|format)/(onedva|odva)"

HEAD = """| target | commits | time | processor | executions | per second | edges | features | new edges until | findings | last finding |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""

REACHED = """
| inputs of | inputs | of {} lines of `engine/` | of {} branches | of {} lines of FFmpeg's filters and demuxer | of {} branches |
|---|---:|---:|---:|---:|---:|"""


@dataclasses.dataclass
class Run:
    time: str
    commit: str
    seconds: int
    processor: int
    executions: int
    edges: int
    features: int
    finding: str


def read_record(target):
    runs = []
    path = RECORDS / target
    for line in path.read_text(encoding="ascii").splitlines() if path.exists() else ():
        time, commit, *numbers, finding = line.split("\t")
        runs.append(Run(time, commit, *(int(number or 0) for number in numbers), finding))
    return runs


def clock(seconds):
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def time_until(runs, holds):
    """The time of all runs up to the end of the last one of which holds(runs before, run)."""
    last, elapsed = None, 0
    for index, run in enumerate(runs):
        elapsed += run.seconds
        if holds(runs[:index], run):
            last = elapsed
    return "-" if last is None else clock(last)


def print_record(target, runs):
    seconds, processor, executions = (sum(getattr(run, name) for run in runs)
                                      for name in ("seconds", "processor", "executions"))
    commits = list(dict.fromkeys(run.commit for run in runs))
    findings = [run.finding for run in runs if run.finding != "-"]
    new_edges = time_until(runs, lambda before, run: run.edges > max((other.edges for other in before), default=0))
    print(f"| `{target}` | {', '.join(commits)} | {clock(seconds)} | {clock(processor)} | {executions:,} "
          f"| {executions / max(processor, 1):.0f} | {runs[-1].edges} | {runs[-1].features} | {new_edges} "
          f"| {len(findings)} | {time_until(runs, lambda _, run: run.finding != '-')} |")


def total(name, key):
    """For each place, lines and branches of its files, summed up."""
    report = json.loads((COVERAGE / f"{name}.json").read_text(encoding="utf-8"))
    files = report["data"][0]["files"]
    return [sum(file["summary"][kind][key] for file in files if re.search(place, file["filename"]))
            for place in PLACES for kind in ("lines", "branches")]


def print_reached(name, label, whole):
    columns = (f"{covered}, {100 * covered / count:.1f} %" if covered else "-"
               for covered, count in zip(total(name, "covered"), whole))
    inputs = (COVERAGE / f"{name}.inputs").read_text(encoding="ascii").strip()
    print(f"| {label} | {inputs} | {' | '.join(columns)} |")


def main():
    targets = sys.argv[1:]
    print(HEAD)
    for target in targets:
        runs = read_record(target)
        if runs:
            print_record(target, runs)
    whole = total("all", "count")
    print(REACHED.format(*whole))
    for target in targets:
        print_reached(target, f"`{target}`", whole)
    print_reached("all", "all", whole)
    return 0


if __name__ == "__main__":
    sys.exit(main())
