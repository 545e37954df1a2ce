#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How far the fast paths' pixels are from the exact ones, for each instruction set that runs here:
# 55 dB and at most one code value for 99.9 % of the samples, with 8-bit factors 50 dB.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

source="mandelbrot=size=200x140:rate=25:start_scale=0.8,trim=end_frame=20,format=yuv420p"
ffmpeg -f lavfi -i "$source" -c:v onedva -crf 25 coded.mkv

# usage: raw NAME FFMPEG_ARGUMENT...
raw() {
    name=$1
    shift
    ffmpeg "$@" -i coded.mkv -fps_mode passthrough -pix_fmt yuv420p -f rawvideo "$name"
}

# usage: runs_here INSTRUCTION_SET
runs_here() {
    ONEDVA_CPU=$1 ffmpeg -steps 0 -i coded.mkv -frames:v 1 -f null - 2> /dev/null
}

for steps in 0 1 4; do
    raw exact -flags +bitexact -steps $steps
    for cpu in c avx2 avx512 avx512bf16 neon; do
        runs_here $cpu || continue
        ONEDVA_CPU=$cpu raw fast -steps $steps
        check "$cpu, $steps steps" near 55 exact fast
    done
    for cpu in avx512vnni avx512bf16vnni; do
        runs_here $cpu || continue
        ONEDVA_CPU=$cpu raw fast -steps $steps
        check "$cpu, $steps steps" near 50 exact fast
    done
done
raw fast -precision float32 -steps 1
raw exact -flags +bitexact -steps 1
check "-precision float32" near 70 exact fast
finish
