#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes doc/motion.png: a frame of the demo's video at -crf 40 and -steps 0 without motion (left) and
# with it (right), and prints the bytes of both. Needs build/ffmpeg (make).
#
# usage: draw-motion.sh [PNG]

set -eu

cd "$(dirname "$0")/.."
picture=${1:-doc/motion.png}
work=build/demo
begin=9 # seconds; the camera and the bird move, each in its own direction

[ -x build/ffmpeg ] || {
    echo "draw-motion: there is no build/ffmpeg; run make first" >&2
    exit 1
}
mkdir -p $work
tools/fetch-clip.sh $work/cockatoo.mp4
for motion in off auto; do
    build/ffmpeg -nostdin -v error -y -i $work/cockatoo.mp4 -an \
        -vf "trim=start=$begin:duration=2,setpts=PTS-STARTPTS,scale=480:-2:flags=bicubic,format=yuv420p" \
        -c:v onedva -crf 40 -preset ultrafast -motion $motion $work/motion-$motion.mkv
    echo "-motion $motion: $(stat -c %s $work/motion-$motion.mkv) bytes"
done
build/ffmpeg -nostdin -v error -y -steps 0 -i $work/motion-off.mkv -steps 0 -i $work/motion-auto.mkv \
    -lavfi "[0:v]select=eq(n\,10)[a];[1:v]select=eq(n\,10)[b];[a][b]hstack" -frames:v 1 -update 1 -pred mixed "$picture"
