#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes doc/tiles.png: a frame of the demo's video at crf 30, and the tiles of its clip, coloured by the
# latent coefficients that they keep. Needs build/ffmpeg (make).
#
# usage: draw-tiles.sh [PNG]

set -eu

cd "$(dirname "$0")/.."
picture=${1:-doc/tiles.png}
video=build/demo/cockatoo.mp4
begin=9 # seconds

[ -x build/ffmpeg ] || {
    echo "draw-tiles: there is no build/ffmpeg; run make first" >&2
    exit 1
}
tools/fetch-clip.sh $video
build/ffmpeg -nostdin -v error -y -i $video -lavfi \
    "trim=start=$begin,scale=-2:360:flags=bicubic,format=yuv420p,trim=end_frame=16,split[a][b];\
[a]onedva=crf=30:adaptive_clips=0[decoded];[b]onedva=crf=30:adaptive_clips=0:show=tokens[tiles];\
[decoded][tiles]hstack,select=eq(n\,7),split[p][q];\
[p]palettegen=reserve_transparent=0[r];[q][r]paletteuse=dither=bayer:bayer_scale=5" \
    -frames:v 1 -update 1 "$picture"
