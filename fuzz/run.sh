#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs a fuzz target from the committed inputs. New inputs are collected in build/fuzz/corpus, and
# one that fails is kept in build/fuzz/found and named in one line.
#
# usage: run.sh SECONDS TARGET

set -u

cd "$(dirname "$0")/.." || exit 1
seconds=$1
program=$2
case $seconds in
'' | *[!0-9]* | 0) echo "fuzz: SECONDS=$seconds is not a number of seconds, 1 or more" >&2 && exit 1 ;;
esac
found=build/fuzz/found
name=${program##*/fuzz_}
case $name in
decoder | packet_tools | bsf) inputs=packets ;;
*) inputs=$name ;;
esac
mkdir -p $found "build/fuzz/corpus/$name"
log=build/fuzz/$name.log
dictionary=fuzz/$name.dict
[ -f "$dictionary" ] || dictionary=
ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
    "$program" -max_total_time="$seconds" -rss_limit_mb=2000 -timeout=60 -max_len=8192 \
    -artifact_prefix="$found/$name-" -print_final_stats=1 ${dictionary:+-dict="$dictionary"} \
    "build/fuzz/corpus/$name" "fuzz/corpus/$inputs" > "$log" 2>&1
status=$?
if [ $status -eq 0 ]; then
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    echo "FUZZ    $name: $executions executions, $edges edges"
else
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    reason=$(grep -m 1 -E 'does not hold|runtime error|ERROR: ' "$log" || tail -n 1 "$log")
    echo "fuzz: $name fails: $reason; again: $program ${input:-(no input kept)}" >&2
    exit 1
fi
