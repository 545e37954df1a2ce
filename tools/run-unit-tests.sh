#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs test programs from the repository's root, as many at a time as there are processors, all of
# them even after a failure; EMULATOR: a command that runs them.
#
# usage: run-unit-tests.sh PROGRAM...

set -u

cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || {
    echo "unit: no test programs" >&2
    exit 1
}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM
export scratch EMULATOR="${EMULATOR:-}" ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
ran=yes # all of them
# shellcheck disable=SC2016 # expanded by the shell that xargs starts
printf '%s\n' "$@" | xargs -P "$(nproc)" -I PROGRAM sh -c '
    name=${1##*/}
    $EMULATOR "$1" > "$scratch/$name.log" 2>&1 || echo " $name" >> "$scratch/failed"
    flock "$scratch" sh -c "echo \"UNIT    \$1\" && cat \"\$scratch/\$1.log\"" sh "$name"' sh PROGRAM || ran=no
if [ -e "$scratch/failed" ]; then
    echo "unit: failed:$(tr -d '\n' < "$scratch/failed")" >&2
    exit 1
fi
[ $ran = yes ] || {
    echo "unit: some programs could not be run" >&2
    exit 1
}
