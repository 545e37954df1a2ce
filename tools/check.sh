#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every test of the project: installs and builds what is missing, runs each test even after a
# failure, and ends with the line "N passed, N failed" with the end of each failed test's log below
# it. Logs are in build/check.
#
# usage: check.sh; FUZZ_SECONDS=n fuzzes each target for so long [60]

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
    if "$@" > "$logs/$name.log" 2>&1 < /dev/null; then
        passed=$((passed + 1)) verdict=ok
    else
        failed=$((failed + 1)) verdict=FAILED failures="$failures $name"
    fi
    echo "$verdict ($(($(date +%s) - begin)) s)"
}

# usage: show NAME
# The end of the log of a failed test.
show() {
    echo "$1 FAILED, build/check/$1.log ends with:"
    tail -n 25 "$logs/$1.log" | sed 's/^/    /'
}

# usage: skip NAME REASON
skip() {
    printf '%-24sskipped: %s\n' "$1" "$2"
    skipped=$((skipped + 1))
}

tools/install-deps.sh check || exit 1
[ -f build/config.mak ] || ./configure || exit 1
mkdir -p "$logs"
python=$(sed -n 's/^PYTHON = //p' build/config.mak)
jobs=-j$(nproc)

run register tools/ffmpeg/tests/test_register.sh
run configure tools/ffmpeg/tests/test_configure.sh
run library make "$jobs" lib
run unit make "$jobs" unit
run bitexact tools/tests/test_bitexact.sh
run integers tools/tests/test_integers.sh
if command -v apt-get > /dev/null; then
    run aarch64 make check-aarch64
    run s390x make check-s390x
else
    skip aarch64 "no apt-get to fetch the cross compiler and its libraries with"
    skip s390x "no apt-get to fetch the cross compiler and its libraries with"
fi
run ffmpeg make ffmpeg-check
if [ -n "$python" ]; then
    run training env PATH="$PWD/build/ffmpeg-check:$PATH" sh -c "cd tools/train && exec '$python' -m unittest discover -v -s tests"
    run evaluation sh -c "cd tools/eval && exec '$python' -m unittest discover -v -s tests"
    run reader sh -c "cd tools/python && exec '$python' -m unittest discover -v -s tests"
else
    skip training "no python3 with PyTorch"
    skip evaluation "no python3 with PyTorch, and so perhaps without numpy"
    skip reader "no python3 with PyTorch, and so perhaps without numpy"
fi
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
