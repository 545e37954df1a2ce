#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every test of the project: installs and builds what is missing, runs each test even after a
# failure, and ends with the line "N passed, N failed, N skipped" with the end of each failed test's
# log below it. Logs are in build/check.
#
# A test says "skipped: WHAT AND WHY" for what it leaves out, and exits with 77 where that is all of
# it. What could have been installed here is not left out: then the test fails.
#
# usage: check.sh; FUZZ_SECONDS=n fuzzes each target for so long [60]; PYTHON: another python3

set -u

cd "$(dirname "$0")/.." || exit 1
logs=$PWD/build/check
passed=0 failed=0 skipped=0 failures=

# usage: run NAME COMMAND...
run() {
    name=$1
    shift
    printf '%-24s' "$name"
    begin=$(date +%s)
    "$@" > "$logs/$name.log" 2>&1 < /dev/null
    case $? in
    0) passed=$((passed + 1)) verdict=ok ;;
    77) verdict=skipped ;;
    *) failed=$((failed + 1)) verdict=FAILED failures="$failures $name" ;;
    esac
    echo "$verdict $(($(date +%s) - begin)) s"
    sed -n 's/^skipped: /    &/p' "$logs/$name.log"
    skipped=$((skipped + $(grep -c '^skipped: ' "$logs/$name.log")))
}

# usage: emulated MACHINE
# shellcheck disable=SC2317 # run calls it
emulated() {
    command -v apt-get > /dev/null || {
        echo "skipped: $1: no apt-get to fetch the cross compiler and its libraries with"
        return 77
    }
    make "check-$1"
}

# usage: python_tests FOLDER MODULE...; the modules that they import
# shellcheck disable=SC2317
python_tests() {
    folder=$1
    shift
    if ! python=$(tools/find-python.sh "$@"); then
        command -v apt-get > /dev/null && return 1
        echo "skipped: tests of $folder: no python3 with $*"
        return 77
    fi
    (export PATH="$PWD/build/ffmpeg-check:$PATH" && cd "$folder" && "$python" -m unittest discover -v -s tests)
}

# usage: show NAME
# The end of the log of a failed test.
show() {
    echo "$1 FAILED, build/check/$1.log ends with:"
    tail -n 25 "$logs/$1.log" | sed 's/^/    /'
}

tools/install-deps.sh check || exit 1
[ -f build/config.mak ] || ./configure || exit 1
mkdir -p "$logs"
jobs=-j$(nproc)
export CUDA_FOR=90 # one generation of GPUs: each takes nvcc half a minute
required=$(command -v apt-get) # what could have been installed

run register tools/ffmpeg/tests/test_register.sh
run configure tools/ffmpeg/tests/test_configure.sh
run layers tools/tests/test_layers.sh
run documents tools/tests/test_documents.sh
run library make "$jobs" lib
run unit env ${required:+ONEDVA_TEST_VULKAN=1} make "$jobs" unit
run bitexact tools/tests/test_bitexact.sh
run integers tools/tests/test_integers.sh
run aarch64 emulated aarch64
run s390x emulated s390x
run ffmpeg make ffmpeg-check
run tools tools/tests/test_tools.sh
run training python_tests tools/train torch numpy matplotlib
run evaluation python_tests tools/eval numpy matplotlib PIL
run reader python_tests tools/python numpy
run fuzz make fuzz SECONDS="${FUZZ_SECONDS:-60}"
run fate-onedva make fate-onedva
for script in fate/scripts/*.sh; do
    run "$(basename "$script" .sh)" "$script"
done
run install tools/tests/test_install.sh

echo
echo "$passed passed, $failed failed, $skipped skipped"
for name in $failures; do
    show "$name"
done
[ $failed -eq 0 ] && exit
echo "failed:$failures"
exit 1
