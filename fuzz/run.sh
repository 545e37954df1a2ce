#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs a fuzz target from the committed inputs and from those of runs before, which build/fuzz/corpus
# collects. An input that fails is kept in build/fuzz/found and named in one line. Every ten minutes,
# at the end, when stopped and at a finding, what was run is added to build/fuzz/record/TARGET, for report.py.
#
# usage: run.sh SECONDS TARGET

set -u

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=fuzz/common.sh
. fuzz/common.sh
seconds=$1
program=$2
case $seconds in
'' | *[!0-9]* | 0) echo "fuzz: SECONDS=$seconds is not a number of seconds, 1 or more" >&2 && exit 1 ;;
esac
found=build/fuzz/found
name=${program##*/fuzz_}
mkdir -p $found "build/fuzz/corpus/$name" build/fuzz/record
log=build/fuzz/$name.log
dictionary=fuzz/$name.dict
[ -f "$dictionary" ] || dictionary=
commit=$(git describe --always --dirty --exclude='*' 2>/dev/null || echo unknown)

# Sets processor to the seconds that it worked for the commands so far.
read_processor() {
    times > "$log.times" # not of a subshell
    processor=$(tail -n 1 "$log.times" | tr ms '  ' | awk '{ printf "%.0f", 60 * ($1 + $3) + $2 + $4 }')
}

# usage: fuzz SECONDS
fuzz() {
    ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
        "$program" -max_total_time="$1" -rss_limit_mb=2000 -timeout=300 -max_len=8192 \
        -artifact_prefix="$found/$name-" -print_final_stats=1 ${dictionary:+-dict="$dictionary"} \
        "build/fuzz/corpus/$name" "$(inputs_of "$name")" > "$log" 2>&1
}

# usage: last_number TEXT; the number behind it where the log last has it
last_number() {
    sed -n "s/.*$1 *\([0-9][0-9]*\).*/\1/p" "$log" | tail -n 1
}

stopped=
trap 'stopped=1' INT TERM # what was run until then is recorded
all_executions=0
read_processor
processor_before=$processor
end=$(($(date +%s) + seconds))
while begin=$(date +%s) && [ -z "$stopped" ] && [ "$begin" -lt $end ]; do
    left=$((end - begin))
    fuzz $((left < 600 ? left : 600))
    status=$?
    executions=$(sed -n 's/^#\([0-9][0-9]*\).*/\1/p; s/^stat::number_of_executed_units: *//p' "$log" |
        tail -n 1)
    edges=$(last_number ' cov:')
    read_processor
    input=
    [ $status -eq 0 ] || input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    printf '%s\t' "$(date -u -d "@$begin" +%Y-%m-%dT%H:%M:%SZ)" "$commit" \
        $(($(date +%s) - begin)) $((processor - processor_before)) "${executions:-0}" "${edges:-0}" \
        "$(last_number ' ft:')" >> "build/fuzz/record/$name"
    echo "${input:--}" >> "build/fuzz/record/$name"
    [ $status -eq 0 ] || [ -n "$stopped" ] || {
        reason=$(grep -m 1 -E 'does not hold|runtime error|ERROR: ' "$log" || tail -n 1 "$log")
        echo "fuzz: $name fails: $reason; again: $program ${input:-(no input kept)}" >&2
        exit 1
    }
    processor_before=$processor
    all_executions=$((all_executions + ${executions:-0}))
done
echo "FUZZ    $name: $all_executions executions, $edges edges"
[ -z "$stopped" ]
