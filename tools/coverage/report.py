# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes doc/coverage.md from the lines that gcovr counted, and its table of files as CSV.

Each function with lines that no test reaches is listed with them, and with the reason that
unreached.txt, beside this file, gives for it: "FILE FUNCTION: REASON". A reason that nothing
needs any more is an error.

usage: report.py LINES.json FILES.csv > doc/coverage.md
"""

import csv
import dataclasses
import json
import platform
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path, PurePosixPath

REASONS = Path(__file__).with_name("unreached.txt")

GOAL = 90  # per cent of the lines
GOAL_FOLDERS = "engine", "libavcodec_onedva"

HEAD = """# Coverage

Which lines of C the tests reach: the unit tests, the committed inputs of the fuzz targets, `make fate-onedva` and `fate/scripts`.
Made by `make coverage` (GCC's counters, gcovr) on {machine}, commit {commit}. The goal is {goal} % of the lines of `engine/` and
`libavcodec_onedva/`. Lines are those that hold code on that machine: kernels for other processors are not among them. `kernels/cpu` is counted
in the unit tests and the fuzzer's inputs only, because counters in its loops make FFmpeg's tests six times as slow. Branches are those of
conditions, each way.

| folder | files | lines | reached | branches | reached |
|---|---:|---:|---:|---:|---:|"""

UNREACHED = """
## Not reached

{count} lines. Line numbers are those of the commit above.

| file | function | lines | why |
|---|---|---|---|"""

FILES = """
## Files

The same as CSV: [coverage.csv](coverage.csv).

| file | lines | not reached | reached | branches reached |
|---|---:|---:|---:|---:|"""


@dataclasses.dataclass
class Counts:
    files: int = 0
    lines: int = 0
    reached: int = 0
    branches: int = 0
    branches_reached: int = 0

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def source_name(name):
    """The name in this repository of a file that gcovr saw in FFmpeg's tree."""
    path = PurePosixPath(name)
    if path.parts[0] == "build":
        return f"{path.parent.name}_onedva/{path.name}"
    return name


def code_lines(entry):
    return [line for line in entry["lines"] if not line["gcovr/noncode"] and not line["gcovr/excluded"]]


def count(entry):
    lines = code_lines(entry)
    branches = [branch["count"] for line in lines for branch in line["branches"] if not branch["throw"]]
    return Counts(1, len(lines), sum(line["count"] > 0 for line in lines),
                  len(branches), sum(taken > 0 for taken in branches))


def unreached(entry):
    """Numbers of the lines that are not reached, for each function."""
    starts = sorted((function["lineno"], function["name"]) for function in entry["functions"])
    lines = defaultdict(list)
    for line in code_lines(entry):
        if line["count"] <= 0:
            number = line["line_number"]
            names = [name for start, name in starts if start <= number]
            lines[names[-1] if names else "-"].append(number)
    return lines


def ranges(numbers):
    """1, 2, 3, 7 as "1-3, 7"."""
    runs = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def percent(part, whole, unit=" %"):
    return f"{100 * part / whole:.1f}{unit}" if whole else "-"


def load_reasons():
    reasons = {}
    for line in REASONS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            place, reason = line.split(": ", 1)
            reasons[tuple(place.split())] = reason
    return reasons


def machine():
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="ascii"), re.M)
    gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{os.cpu_count()} cores of {cpu[1] if cpu else platform.machine()}, {system}, gcc {gcc}"


def commit():
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def sum_folders(counts):
    folders = defaultdict(Counts)
    for name, of_file in counts.items():
        folders[name.split("/", 1)[0]].add(of_file)
    return folders


def print_folders(folders):
    for name, of_folder in sorted(folders.items()):
        print(f"| `{name}/` | {of_folder.files} | {of_folder.lines} | {percent(of_folder.reached, of_folder.lines)} "
              f"| {of_folder.branches} | {percent(of_folder.branches_reached, of_folder.branches)} |")


def print_unreached(files):
    reasons = load_reasons()
    missing = {name: unreached(entry) for name, entry in files.items()}
    print(UNREACHED.format(count=sum(len(lines) for of_file in missing.values() for lines in of_file.values())))
    for name, functions in sorted(missing.items()):
        for function, lines in sorted(functions.items(), key=lambda item: item[1]):
            print(f"| `{name}` | `{function}` | {ranges(lines)} | {reasons.pop((name, function), '')} |")
    if reasons:
        places = ", ".join(" ".join(place) for place in reasons)
        raise SystemExit(f"coverage: {REASONS.name} gives reasons for what is reached: {places}")


def print_files(counts):
    print(FILES)
    for name, of_file in sorted(counts.items()):
        print(f"| `{name}` | {of_file.lines} | {of_file.lines - of_file.reached} "
              f"| {percent(of_file.reached, of_file.lines)} | {percent(of_file.branches_reached, of_file.branches)} |")


def write_files(counts, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# made by tools/coverage/report.py at commit {commit()}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "lines", "lines_not_reached", "percent_reached", "percent_branches_reached"])
        for name, of_file in sorted(counts.items()):
            writer.writerow([name, of_file.lines, of_file.lines - of_file.reached,
                             percent(of_file.reached, of_file.lines, ""),
                             percent(of_file.branches_reached, of_file.branches, "")])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        files = {source_name(entry["file"]): entry for entry in json.load(file)["files"]}
    counts = {name: of_file for name, of_file in ((name, count(entry)) for name, entry in files.items())
              if of_file.lines}
    print(HEAD.format(machine=machine(), commit=commit(), goal=GOAL))
    folders = sum_folders(counts)
    print_folders(folders)
    print_unreached(files)
    print_files(counts)
    write_files(counts, sys.argv[2])
    low = [name for name in GOAL_FOLDERS if 100 * folders[name].reached < GOAL * folders[name].lines]
    return f"coverage: less than {GOAL} % of {' and '.join(low)}" if low else 0


if __name__ == "__main__":
    sys.exit(main())
