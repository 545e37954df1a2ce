#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# -backend cuda beside the C reference, on a GPU: pixels without a network are the same, others within
# 55 dB; packets of linear latents are the same. errors.sh has what is said without one.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

streams=$root/fate/conformance
small=$streams/encoded-17x33.odva

if ! ffmpeg -backend cuda -i "$small" -f null - 2> log; then
    echo "skipped: $(sed -n 's/^\[onedva[^]]*\] *//p' log | head -n 1)"
    exit 77
fi

# usage: raw FILE FFMPEG_ARGUMENT...; -i among them
raw() {
    name=$1
    shift
    ffmpeg -v quiet "$@" -noautoscale -fps_mode passthrough -pix_fmt yuv420p -f rawvideo "$name"
}

# usage: decodes NAME MD5
decodes() {
    raw found -backend cuda -steps 0 -i "$streams/$1.odva"
    echo "$2  found" | md5sum -c -
}

# usage: near_reference FILE STEPS [OPTION...]
near_reference() {
    input=$1 steps=$2
    shift 2
    raw exact -flags +bitexact -steps "$steps" "$@" -i "$input"
    raw found -backend cuda -steps "$steps" "$@" -i "$input"
    near 55 exact found
}
grep -v -e '-10-bits ' "$streams/md5" > listed # which the CPU alone takes
while read -r name steps md5; do
    if [ "$steps" -eq 0 ]; then
        check "$name, steps 0" decodes "$name" "$md5"
    else
        check "$name, steps 1" near_reference "$streams/$name.odva" 1
        check "$name, steps 4" near_reference "$streams/$name.odva" 4
    fi
done < listed
check "float32" near_reference "$small" 1 -precision float32

source="testsrc2=size=210x134:rate=25,trim=end_frame=50,format=yuv420p"

# usage: same_packets OPTION...
same_packets() {
    ffmpeg -f lavfi -i "$source" -c:v onedva -flags +bitexact "$@" -f framemd5 expected &&
        ffmpeg -f lavfi -i "$source" -c:v onedva -backend cuda "$@" -f framemd5 found && same expected found
}
check "packets of linear latents" same_packets -preset ultrafast
check "packets of key clips" same_packets -preset ultrafast -motion off -g 1 -layers 3 -clip_frames 8

# usage: filtered FILE OPTIONS
filtered() { ffmpeg -f lavfi -i "$source" -vf "onedva=preset=ultrafast:steps=0:$2" -f framemd5 "$1"; }
filter() { filtered expected bitexact=1 && filtered found backend=cuda && same expected found; }
check "filter" filter

runs_on() {
    "$ONEDVA_BIN/ffmpeg" -nostdin -v verbose -backend cuda -i "$small" -f null - 2>&1 |
        grep '^\[onedva.*all operators run on backend cuda: device 0, .*, bfloat16 factors'
}
check "device" runs_on
check "cuda and bitexact" refuses 'use -backend cpu with it' -backend cuda -flags +bitexact -i "$small" -f null -
finish
