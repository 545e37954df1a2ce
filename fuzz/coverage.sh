#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Measures what the inputs of fuzz targets reach, the committed ones and those of build/fuzz/corpus,
# with the programs of make fuzz-report: build/fuzz-coverage/TARGET.json, and all.json for all.
#
# usage: coverage.sh TARGET...

set -eu

cd "$(dirname "$0")/.."
# shellcheck source=fuzz/common.sh
. fuzz/common.sh
build=build/fuzz-coverage

# usage: summarise NAME PROGRAM...
summarise() {
    name=$1
    first=$2
    shift 2
    objects=
    for program; do
        objects="$objects --object=$program"
    done
    # shellcheck disable=SC2086 # a list of flags
    llvm-cov export --summary-only --instr-profile="$build/$name.profdata" "$first" $objects > "$build/$name.json"
}

profiles='' programs='' total=0
for target; do
    program=$build/fuzz/replay_$target
    rm -f "$build/$target".*.profraw
    mkdir -p "build/fuzz/corpus/$target"
    find "build/fuzz/corpus/$target" "$(inputs_of "$target")" -type f > "$build/$target.list"
    wc -l < "$build/$target.list" > "$build/$target.inputs"
    LLVM_PROFILE_FILE=$build/$target.%p.profraw xargs -n 500 "$program" < "$build/$target.list" \
        > "$build/$target.log" 2>&1 || {
        echo "fuzz: $program fails with an input of $build/$target.list; see $build/$target.log" >&2
        exit 1
    }
    llvm-profdata merge -o "$build/$target.profdata" "$build/$target".*.profraw
    rm -f "$build/$target".*.profraw
    summarise "$target" "$program"
    total=$((total + $(cat "$build/$target.inputs")))
    profiles="$profiles $build/$target.profdata"
    programs="$programs $program"
done
# shellcheck disable=SC2086 # lists of files
llvm-profdata merge -o "$build/all.profdata" $profiles
echo $total > "$build/all.inputs"
# shellcheck disable=SC2086
summarise all $programs
