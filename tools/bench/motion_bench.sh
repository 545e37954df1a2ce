#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What motion costs beside the rest of encoder and decoder, at 640x360, with one thread and with two.
# The tables are Markdown, for doc/results.md.
#
# usage: motion_bench.sh [VIDEO]

set -eu

# shellcheck source=tools/bench/input.sh
. "$(dirname "$0")/input.sh"
build/ffmpeg -v error -nostdin -y -t 8 -i "$input" -map 0:v:0 \
    -vf scale=640:360:flags=bicubic,format=yuv420p -strict -1 build/bench/motion.y4m
for threads in 1 2; do
    build/tools/bench/motion_bench $threads < build/bench/motion.y4m
    echo
done
