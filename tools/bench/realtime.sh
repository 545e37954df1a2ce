#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whether 1280x720 at 60 frames a second is coded in real time, and how soon a 320x240 stream shows its
# first frame: medians of three. The table is Markdown, for doc/results.md.
#
# usage: realtime.sh [VIDEO]

set -eu

# shellcheck source=tools/bench/input.sh
. "$(dirname "$0")/input.sh"
work=build/bench

# usage: median COMMAND...; of the seconds that three runs take
median() {
    for _ in 1 2 3; do
        begin=$(date +%s%N)
        "$@"
        echo $(($(date +%s%N) - begin))
    done | sort -n | awk 'NR == 2 { printf "%.3f", $1 / 1e9 }'
}

ffmpeg() {
    build/ffmpeg -v error -nostdin -y "$@"
}

# usage: row NAME FRAMES COMMAND...
row() {
    name=$1 frames=$2
    shift 2
    seconds=$(median "$@")
    echo "$name $frames $seconds" | awk '{ n = $NF; f = $(NF - 1); NF -= 2; printf "| %s | %.3f | %.0f |\n", $0, n, f / n }'
}

ffmpeg -i "$input" -t 4 -an -vf "scale=1280:720,fps=60,format=yuv420p" -c:v rawvideo $work/hd.nut
ffmpeg -i $work/hd.nut -c:v onedva -preset ultrafast -crf 30 $work/hd.mkv
ffmpeg -i "$input" -t 2 -an -vf scale=320:240 -c:v onedva $work/small.mkv
echo "| from the start of the program to its end | seconds | frames/s |"
echo "|---|---|---|"
row "1280x720, decode, \`-steps 0\`" 240 ffmpeg -steps 0 -i $work/hd.mkv -f null -
row "1280x720, encode, \`-preset ultrafast\`" 240 \
    ffmpeg -i $work/hd.nut -c:v onedva -preset ultrafast -crf 30 -f null -
row "the same, \`-motion off -adaptive_clips 0\`" 240 \
    ffmpeg -i $work/hd.nut -c:v onedva -preset ultrafast -motion off -adaptive_clips 0 -crf 30 -f null -
row "320x240, first frame, \`-steps 0\`" 1 ffmpeg -steps 0 -i $work/small.mkv -frames:v 1 -f null -
row "320x240, first frame, \`-steps 1\`" 1 ffmpeg -steps 1 -i $work/small.mkv -frames:v 1 -f null -
