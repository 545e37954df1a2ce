#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Nothing depends on the number of threads or on the run.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

source="testsrc2=size=300x180:rate=25,trim=end_frame=18,format=yuv420p"
for threads in 1 2 3; do
    ffmpeg -f lavfi -i "$source" -c:v onedva -threads $threads -f framemd5 packets$threads
    ffmpeg -f lavfi -i "$source" -c:v onedva -threads $threads coded$threads.mkv
done
check "2 threads encode as 1" same packets1 packets2
check "3 threads encode as 1" same packets1 packets3
for steps in 0 1 2; do
    for threads in 1 2 3; do
        pixels coded1.mkv -threads $threads -steps $steps > pixels$threads
    done
    pixels coded1.mkv -threads 2 -steps $steps > again
    check "2 threads decode as 1, $steps steps" same pixels1 pixels2
    check "3 threads decode as 1, $steps steps" same pixels1 pixels3
    check "two decodes are the same, $steps steps" same pixels2 again
done

# Packets enough that several of them are read at a time.
ffmpeg -f lavfi -i "$source" -c:v onedva -clip_frames 2 -adaptive_clips 0 short.mkv
pixels short.mkv -threads 1 > pixels1
for threads in 2 4 16; do
    pixels short.mkv -threads $threads > pixels$threads
    check "$threads threads read packets ahead as 1 reads them" same pixels1 pixels$threads
done
pixels short.mkv -threads 4 -flags low_delay > pixels4
check "low delay" same pixels1 pixels4

finish
