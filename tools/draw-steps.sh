#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes doc/steps.png: part of a frame of the demo's video, above the source and -steps 0, below -steps 1
# and -steps 8 of the same packets at -crf 45, and prints their bits per pixel. Needs build/ffmpeg (make).
#
# usage: draw-steps.sh [PNG]

set -eu

cd "$(dirname "$0")/.."
picture=${1:-doc/steps.png}
work=build/demo
begin=9 # seconds
part="select=eq(n\\,20),crop=320:240:160:40"

[ -x build/ffmpeg ] || {
    echo "draw-steps: there is no build/ffmpeg; run make first" >&2
    exit 1
}
mkdir -p $work
tools/fetch-clip.sh $work/cockatoo.mp4
build/ffmpeg -nostdin -v error -y -i $work/cockatoo.mp4 -an \
    -vf "trim=start=$begin:duration=2,setpts=PTS-STARTPTS,scale=640:-2:flags=bicubic,format=yuv420p" \
    -c:v rawvideo $work/steps-source.nut
build/ffmpeg -nostdin -v error -y -i $work/steps-source.nut -c:v onedva -crf 45 $work/steps.mkv
build/ffprobe -v error -show_entries packet=size -of csv=p=0 $work/steps.mkv | awk \
    -v pixels="$(build/ffprobe -v error -count_packets -show_entries stream=width,height,nb_read_packets \
        -of csv=p=0 $work/steps-source.nut | awk -F , '{ print $1 * $2 * $3 }')" \
    '{ bytes += $1 } END { printf "%d bytes, %.4f bits per pixel\n", bytes, 8 * bytes / pixels }'
build/ffmpeg -nostdin -v error -y -i $work/steps-source.nut -steps 0 -i $work/steps.mkv \
    -steps 1 -i $work/steps.mkv -steps 8 -i $work/steps.mkv \
    -lavfi "[0:v]${part}[a];[1:v]${part}[b];[2:v]${part}[c];[3:v]${part}[d];[a][b]hstack[x];[c][d]hstack[y];[x][y]vstack" \
    -frames:v 1 -update 1 -pred mixed "$picture"
