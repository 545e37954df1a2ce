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

# usage: near DB FILE FILE; the PSNR over all samples, and differences above 1
near() {
    size=$(wc -c < "$2")
    [ "$size" -gt 0 ] && [ "$size" -eq "$(wc -c < "$3")" ] || return 1
    cmp -l "$2" "$3" | awk -v size="$size" -v wanted="$1" '
        function octal(s,  i, v) { for (i = 1; i <= length(s); i++) v = 8 * v + substr(s, i, 1); return v }
        { d = octal($2) - octal($3); squared += d * d; large += d > 1 || d < -1 }
        END {
            psnr = squared ? 10 * log(65025 * size / squared) / log(10) : 999
            printf "%.1f dB, %d of %d samples are off by more than 1\n", psnr, large, size
            exit !(psnr >= wanted && (wanted < 55 || large <= size / 1000))
        }'
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
