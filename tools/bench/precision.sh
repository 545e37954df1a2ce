#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the operators' precision costs on the clips of a folder: the first 16 frames of each, 320
# samples wide. See precision.c; the tables are Markdown, for doc/performance.md.
#
# usage: precision.sh FOLDER CPU...

set -eu

folder=${1:-}
[ -d "$folder" ] || { echo "precision: say which folder has the clips: precision.sh FOLDER CPU..." >&2; exit 1; }
folder=$(cd "$folder" && pwd)
shift
[ $# -gt 0 ] || set -- avx512bf16 avx512bf16vnni
cd "$(dirname "$0")/../.."
mkdir -p build/bench
for clip in "$folder"/*.mp4; do
    [ -r "$clip" ] || { echo "precision: no .mp4 in $folder" >&2; exit 1; }
    ${FFMPEG:-build/ffmpeg} -v error -nostdin -y -i "$clip" -map 0:v:0 -frames:v 16 \
        -vf scale=320:-2:flags=bicubic,format=yuv420p -strict -1 build/bench/precision.y4m
    printf '\n%s\n\n' "$(basename "$clip" .mp4)"
    printf '| crf | steps | c |'
    printf ' %s |' "$@"
    printf '\n|---|---|---|'
    for _; do printf -- '---|'; done
    printf '\n'
    build/tools/bench/precision 1 "$@" < build/bench/precision.y4m
done
