#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# 1920x1080 with the built-in model takes less than 1 GiB, motion included, to encode and to decode.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"
unset ONEDVA_MODEL # the test model needs less

# usage: fits OPTION_OF_FFMPEG...; peak of the process' resident memory
fits() {
    kibibytes=$(ffmpeg -v info -benchmark "$@" 2>&1 | sed -n 's/.*maxrss=\([0-9]*\)KiB.*/\1/p')
    echo "$kibibytes KiB"
    [ "$kibibytes" -gt 0 ] && [ "$kibibytes" -lt 1048576 ]
}

check "encoding" fits -f lavfi -i "testsrc2=size=1920x1080,trim=end_frame=32" -c:v onedva \
    -preset ultrafast -motion mesh -adaptive_clips 0 full.nut
for options in "-steps 0" "-steps 1" "-steps 1 -threads 8" "-steps 2 -smooth_clips 1"; do
    # shellcheck disable=SC2086 # several words
    check "decoding, $options" fits $options -i full.nut -f null -
done

finish
