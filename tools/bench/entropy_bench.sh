#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a symbol costs the entropy decoder, at 640x360. The table is Markdown, for doc/performance.md.
#
# usage: entropy_bench.sh [VIDEO]

set -eu

# shellcheck source=tools/bench/input.sh
. "$(dirname "$0")/input.sh"
build/ffmpeg -v error -nostdin -y -t 8 -i "$input" -map 0:v:0 \
    -vf scale=640:360:flags=bicubic,format=yuv420p -strict -1 build/bench/entropy.y4m
build/tools/bench/entropy_bench < build/bench/entropy.y4m
