#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What packets lost, sent twice or out of order, bit errors and other damage cost, for packets of whole clips of
# one layer and of four, and bit errors in whole files. The tables are Markdown, for doc/robustness.md.
#
# usage: damage.sh VIDEO|"" RUNS

set -eu

# shellcheck source=tools/bench/input.sh
. "$(dirname "$0")/input.sh"
unset ONEDVA_MODEL
fate/api/build.sh damage build/bench/damage
for layers in 4 1; do
    build/ffmpeg-check/ffmpeg -v error -nostdin -y -stream_loop -1 -t 64 -i "$input" -map 0:v:0 \
        -vf scale=320:180,fps=25,format=yuv420p -c:v onedva -preset ultrafast -motion off -crf 30 \
        -adaptive_clips 0 -clip_packets 1 -g 1 -layers $layers build/bench/damage.nut
    echo "$layers layer(s), $(wc -c < build/bench/damage.nut) bytes"
    build/bench/damage build/bench/damage.nut "$2" steps=0:threads=2
    echo
done
fate/damaged_files.py build/ffmpeg-check/ffmpeg build/bench/damage.nut $((($2 + 3) / 4)) odva mkv nut mp4
