#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the tests with the programs of make coverage, and writes doc/coverage.md and doc/coverage.csv:
# which lines they reach. Logs are in build/coverage/log.
#
# usage: coverage.sh

set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=fuzz/common.sh
. fuzz/common.sh
logs=$PWD/build/coverage/log
mkdir -p "$logs"
failed=

# usage: run NAME COMMAND...
run() {
    name=$1
    shift
    begin=$(date +%s)
    "$@" > "$logs/$name.log" 2>&1 < /dev/null || failed="$failed $name"
    printf '%-24s%s s\n' "$name" $(($(date +%s) - begin))
}

# A test that fills a disk leaves no room for counters: what libgcov says of it is not the program's.
export GCOV_ERROR_FILE="$logs/libgcov.log"

find build/coverage build/coverage-ffmpeg build/ffmpeg-coverage -name '*.gcda' -delete
# shellcheck disable=SC2046 # a list of programs
run unit tools/run-unit-tests.sh $(find build/coverage/engine/tests build/coverage/kernels/cpu/tests \
    -name 'test_*' -type f -perm -u+x)
for program in build/coverage/fuzz/replay_*; do
    case $program in
    *.*) continue ;;
    esac
    run "${program##*/}" "$program" "$(inputs_of "${program##*/replay_}")"/*
done
run fate-onedva env ONEDVA_MODEL="$PWD/fate/model/onedva-test.safetensors" \
    make -k -j "$(nproc)" -C build/ffmpeg-coverage fate-onedva
for script in fate/scripts/*.sh; do
    run "$(basename "$script" .sh)" env ONEDVA_BIN="$PWD/build/ffmpeg-coverage" \
        ONEDVA_LIBRARY="$PWD/build/coverage-ffmpeg/lib/libonedva.a" "$script"
done

# FFmpeg's build has One-DVA's files of FFmpeg below src, a link to build/ffmpeg-src.
run gcovr gcovr --root . --gcov-ignore-parse-errors --exclude-unreachable-branches \
    --exclude-throw-branches --filter engine/ --filter kernels/ --exclude '.*/tests/' \
    --filter 'build/ffmpeg-(src|coverage/src)/libav[a-z]*/(vf_)?(onedva|odva)' \
    --json build/coverage/lines.json build/coverage build/coverage-ffmpeg build/ffmpeg-coverage
python3 tools/coverage/report.py build/coverage/lines.json build/coverage/report.csv > build/coverage/report.md &&
    cp build/coverage/report.md doc/coverage.md && cp build/coverage/report.csv doc/coverage.csv ||
    failed="$failed report"
[ -z "$failed" ] || {
    echo "coverage: failed, see build/coverage/log:$failed" >&2
    exit 1
}
