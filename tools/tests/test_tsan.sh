#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ThreadSanitizer on ffmpeg with many threads: encodes, decodes, the filter, a stream that changes.
# Needs build/ffmpeg-tsan (make tsan).
#
# usage: test_tsan.sh

set -eu

cd "$(dirname "$0")/../.."
export TSAN_OPTIONS="halt_on_error=1 exitcode=66"
export ONEDVA_MODEL=fate/model/onedva-test.safetensors
mkdir -p build/test/tsan

# usage: ffmpeg ARGUMENT...
ffmpeg() {
    build/ffmpeg-tsan/ffmpeg_g -v error -nostdin -y -bitexact "$@"
}

# usage: video SIZE FRAMES
video() {
    echo "testsrc2=size=$1:rate=25,trim=end_frame=$2,format=yuv420p"
}

for motion in off auto; do
    echo "encode, motion $motion"
    ffmpeg -f lavfi -i "$(video 300x180 40)" -c:v onedva -threads 4 -motion $motion -clip_frames 8 \
        -layers 3 build/test/tsan/$motion.nut
done
for threads in 1 4 8; do
    for steps in 0 1; do
        echo "decode, $steps steps, $threads threads"
        ffmpeg -threads $threads -steps $steps -i build/test/tsan/auto.nut -f framemd5 \
            build/test/tsan/$steps-$threads.md5
    done
done
for steps in 0 1; do
    cmp build/test/tsan/$steps-1.md5 build/test/tsan/$steps-4.md5
    cmp build/test/tsan/$steps-1.md5 build/test/tsan/$steps-8.md5
done
echo "damaged packets, smoothed"
ffmpeg -i build/test/tsan/off.nut -c copy -bsf:v onedva_truncate=layers=2 build/test/tsan/cut.odva
head -c 3000 build/test/tsan/cut.odva > build/test/tsan/damaged.odva
cat build/test/tsan/cut.odva >> build/test/tsan/damaged.odva
ffmpeg -v fatal -threads 8 -smooth_clips 1 -i build/test/tsan/damaged.odva -f null -
echo "filter"
ffmpeg -f lavfi -i "$(video 200x140 20)" -filter_threads 4 -vf onedva=show=side -f null -
