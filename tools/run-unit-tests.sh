#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs test programs from the repository's root, all of them even after a failure; EMULATOR: a
# command that runs them.
#
# usage: run-unit-tests.sh PROGRAM...

set -u

cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || {
    echo "unit: no test programs" >&2
    exit 1
}
failed=
for program; do
    echo "UNIT    ${program##*/}"
    ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 ${EMULATOR:-} "$program" || failed="$failed ${program##*/}"
done
[ -z "$failed" ] || {
    echo "unit: failed:$failed" >&2
    exit 1
}
