#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The codec, muxer and bitstream filters through FFmpeg's API: flushing, refused frames, changed headers,
# empty packets, odd timestamps, the memory that a hostile header can ask for.
# Needs the build directory of FFmpeg, with its libraries, in ONEDVA_BIN.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

for program in test_codec test_frames test_container test_limits; do
    "$root/fate/api/build.sh" $program $program || exit 1
    for name in $(./$program); do
        check "$name" ./$program "$name"
    done
done

"$root/fate/api/build.sh" soak soak || exit 1
check "three rounds of make soak" ./soak 0.001

finish
