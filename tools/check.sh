#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every test of the project, or those that are named: installs and builds what is missing, runs each test
# even after a failure, as many at a time as there are processors, and ends with the line "N passed, N failed,
# N skipped" with the end of each failed test's log below it. Logs are in build/check.
#
# A test says "skipped: WHAT AND WHY" for what it leaves out, and exits with 77 where that is all of
# it. What could have been installed here is not left out: then the test fails.
#
# usage: check.sh [TEST...]; FUZZ_SECONDS=n fuzzes each target for so long [60]; PYTHON: another python3

set -u

cd "$(dirname "$0")/.." || exit 1
logs=$PWD/build/check
jobs=-j$(nproc)
export CUDA_FOR=90 # one generation of GPUs: each takes nvcc half a minute

# One after the other, since what follows needs them; then the others, the longest first.
first="register fetch configure sources documents library ffmpeg"
others="unit allocation fate-onedva fuzz s390x aarch64 corpus conformance training bitexact vulkan install"
others="$others integers tools evaluation reader generation"
for script in fate/scripts/*.sh; do
    name=$(basename "$script" .sh)
    case " $others " in
    *" $name "*) ;;
    *) others="$others $name" ;;
    esac
done

# usage: emulated MACHINE
emulated() {
    command -v apt-get > /dev/null || {
        echo "skipped: $1: no apt-get to fetch the cross compiler and its libraries with"
        return 77
    }
    make "check-$1"
}

# usage: python_tests FOLDER MODULE...; the modules that they import
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

# usage: test_of NAME
test_of() {
    required=$(command -v apt-get) # what could have been installed
    case $1 in
    register | fetch | configure) "tools/ffmpeg/tests/test_$1.sh" ;;
    sources) tools/tests/test_layers.sh ;;
    documents | bitexact | integers | tools | install) "tools/tests/test_$1.sh" ;;
    library) make "$jobs" lib ;;
    ffmpeg) make ffmpeg-check ;;
    unit) env ${required:+ONEDVA_TEST_VULKAN=1} make "$jobs" unit ;;
    aarch64 | s390x) emulated "$1" ;;
    training) python_tests tools/train torch numpy matplotlib ;;
    evaluation) python_tests tools/eval numpy matplotlib PIL ;;
    generation) python_tests tools/generate torch numpy ;;
    reader) python_tests tools/python numpy torch ;;
    fuzz) make fuzz SECONDS="${FUZZ_SECONDS:-60}" ;;
    fate-onedva) make fate-onedva ;;
    *) "fate/scripts/$1.sh" ;; # without such a script the log says so
    esac
}

# usage: run NAME; leaves its log and its exit status
run() {
    begin=$(date +%s)
    (test_of "$1") > "$logs/$1.log" 2>&1 < /dev/null
    status=$?
    echo $status > "$logs/$1.status"
    case $status in
    0) verdict=ok ;;
    77) verdict=skipped ;;
    *) verdict=FAILED ;;
    esac
    # one write, so that lines of two tests do not mix
    printf '%-24s%s %s s%s\n' "$1" $verdict $(($(date +%s) - begin)) \
        "$(sed -n 's/^skipped: /\n    &/p' "$logs/$1.log")"
}

# usage: show NAME; the end of the log of a failed test
show() {
    echo "$1 FAILED, build/check/$1.log ends with:"
    tail -n 25 "$logs/$1.log" | sed 's/^/    /'
}

if [ "${1:-}" = --run ]; then
    run "$2"
    exit
fi

for purpose in check fuzz aarch64 s390x; do
    tools/install-deps.sh $purpose || exit 1
done
[ -f build/config.mak ] || ./configure || exit 1
mkdir -p "$logs"
rm -f "$logs"/*.status
[ $# -eq 0 ] || others=$*
for name in $first; do
    run "$name"
done
# shellcheck disable=SC2086 # a list of names
printf '%s\n' $others | xargs -P "$(nproc)" -I NAME "$0" --run NAME

passed=0 skipped=0 failures=
for name in $first $others; do
    case $(cat "$logs/$name.status" 2> /dev/null) in
    0) passed=$((passed + 1)) ;;
    77) ;;
    *) failures="$failures $name" ;;
    esac
    skipped=$((skipped + $(grep -c '^skipped: ' "$logs/$name.log")))
done
# shellcheck disable=SC2086
set -- $failures
echo
echo "$passed passed, $# failed, $skipped skipped"
for name; do
    show "$name"
done
[ $# -eq 0 ] && exit
echo "failed:$failures"
exit 1
