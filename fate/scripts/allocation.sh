#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Memory that runs out at the nth allocation, for every n, in each part on FFmpeg's side.
# Needs the build directory of FFmpeg, with its libraries, in ONEDVA_BIN.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

"$root/fate/api/build.sh" test_allocation test_allocation \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=posix_memalign \
    -Wl,--wrap=free,--wrap=pthread_create || exit 1
for name in $(./test_allocation); do
    check "$name" ./test_allocation "$name"
done

# usage: within KBYTES COMMAND...; with no more address space than that
within() (
    # shellcheck disable=SC3045 # Debian's sh has it
    ulimit -v "$1" && shift && "$@"
)
# Any answer but a crash; FFmpeg's own codes for errors are above all signals'.
address_space() {
    for kbytes in $(seq 50000 50000 600000); do
        within "$kbytes" ffmpeg -threads 4 -i space.mkv -vf onedva -f null - 2> log
        code=$?
        [ $code -lt 128 ] || [ $code -gt 159 ] || { echo "$kbytes kB: $code"; cat log; return 1; }
        codes="$codes $code"
    done
    echo "$codes"
    [ "$code" -eq 0 ] && echo "$codes" | grep -q '69\|24[45]'
}
if within 2000000 ffmpeg -version > /dev/null; then # not with AddressSanitizer
    ffmpeg -f lavfi -i testsrc2=size=130x98:rate=25,trim=end_frame=20 -pix_fmt yuv420p -c:v onedva space.mkv
    codes=
    check "ffmpeg in 50 to 600 MB of address space" address_space
fi

finish
