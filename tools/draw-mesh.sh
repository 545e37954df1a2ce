#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes doc/motion-mesh.png: two frames of one clip of the demo's video, with the grid that follows
# its content and the paths of the grid's points. Needs build/ffmpeg (make).
#
# usage: draw-mesh.sh [PNG]

set -eu

cd "$(dirname "$0")/.."
picture=${1:-doc/motion-mesh.png}
video=build/demo/cockatoo.mp4
begin=9 # seconds; the camera and the bird move, each in its own direction

[ -x build/ffmpeg ] || {
    echo "draw-mesh: there is no build/ffmpeg; run make first" >&2
    exit 1
}
tools/fetch-clip.sh $video
build/ffmpeg -nostdin -v error -y -i $video -lavfi \
    "trim=start=$begin,scale=-2:360:flags=bicubic,format=yuv420p,trim=end_frame=16,\
onedva=motion=mesh:adaptive_clips=0:crf=20:show=mesh,split[a][b];\
[a]select=eq(n\,2),setpts=0[first];[b]select=eq(n\,13),setpts=0[second];[first][second]hstack,\
split[p][q];[p]palettegen=reserve_transparent=0[r];[q][r]paletteuse=dither=bayer:bayer_scale=5" \
    -frames:v 1 -update 1 "$picture"
