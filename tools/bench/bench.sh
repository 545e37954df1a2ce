#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Decoding speed of One-DVA at 640x360 beside FFmpeg's H.264 decoder on an x264 stream of the same
# clip, in the same run. Each figure is the median of five runs that take turns. The table is
# Markdown, for doc/results.md.
#
# usage: bench.sh [VIDEO]

set -eu

die() {
    echo "bench: $*" >&2
    exit 1
}

# usage: median NUMBER...
median() {
    printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# usage: decode_seconds ARGUMENTS...; wall-clock time of decoding to nothing
decode_seconds() {
    build/ffmpeg -nostdin -hide_banner -benchmark "$@" -f null - 2>&1 |
        sed -n 's/.*rtime=\([0-9.]*\)s.*/\1/p'
}

runs="1 2 3 4 5"
input=${1:-}
[ -z "$input" ] || [ -r "$input" ] || die "$input cannot be read"
[ -z "$input" ] || input=$(cd "$(dirname "$input")" && pwd)/$(basename "$input")
cd "$(dirname "$0")/../.."

tools/install-deps.sh bench
x264=$(PATH=/usr/bin:/usr/local/bin:$PATH command -v ffmpeg) || die "no ffmpeg with libx264 found"
work=build/bench
mkdir -p $work
if [ -z "$input" ]; then
    input=$work/cockatoo.mp4
    tools/fetch-clip.sh "$input"
fi

build/ffmpeg -v error -nostdin -y -t 8 -i "$input" -map 0:v:0 \
    -vf scale=640:360:flags=bicubic,format=yuv420p -c:v rawvideo $work/reference.nut
"$x264" -v error -nostdin -y -i $work/reference.nut -c:v libx264 -preset medium -crf 23 $work/h264.mkv
build/ffmpeg -v error -nostdin -y -i $work/reference.nut -c:v onedva -crf 30 $work/onedva.mkv
frames=$(build/ffprobe -v error -count_packets -show_entries stream=nb_read_packets -of csv=p=0 \
    $work/reference.nut)

h264='' steps0='' steps1=''
for _ in $runs; do
    h264="$h264 $(decode_seconds -i $work/h264.mkv)"
    steps0="$steps0 $(decode_seconds -steps 0 -i $work/onedva.mkv)"
    steps1="$steps1 $(decode_seconds -steps 1 -i $work/onedva.mkv)"
done

commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
# shellcheck disable=SC2086 # lists of numbers
awk -v frames="$frames" -v h264="$(median $h264)" -v steps0="$(median $steps0)" \
    -v steps1="$(median $steps1)" -v commit="$commit" -v cores="$(nproc)" \
    -v processor="$processor" -v clip="$(basename "$input")" '
    function row(name, seconds) {
        printf "| %s | %.1f | %.3f |\n", name, frames / seconds, h264 / seconds
    }
    BEGIN {
        printf "`make bench`, %s, %d cores, commit %s: %s at 640x360, %d frames, median of 5.\n\n",
            processor, cores, commit, clip, frames
        print "| decoder | fps | speed relative to H.264 |"
        print "|---|---|---|"
        row("H.264 (x264 medium, crf 23)", h264)
        row("One-DVA, `-steps 0`", steps0)
        row("One-DVA, `-steps 1`", steps1)
    }'
