#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a symbol costs the entropy decoder, at 640x360. The table is Markdown, for doc/performance.md.
#
# usage: entropy_bench.sh [VIDEO]

set -eu

input=${1:-}
[ -z "$input" ] || [ -r "$input" ] || { echo "entropy_bench: $input cannot be read" >&2; exit 1; }
[ -z "$input" ] || input=$(cd "$(dirname "$input")" && pwd)/$(basename "$input")
cd "$(dirname "$0")/../.."
mkdir -p build/bench
if [ -z "$input" ]; then
    input=build/bench/cockatoo.mp4
    tools/fetch-clip.sh "$input"
fi
build/ffmpeg -v error -nostdin -y -t 8 -i "$input" -map 0:v:0 \
    -vf scale=640:360:flags=bicubic,format=yuv420p -strict -1 build/bench/entropy.y4m
build/tools/bench/entropy_bench < build/bench/entropy.y4m
