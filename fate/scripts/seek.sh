#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Seeking gives the very frame, as a decode from the start has it.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: finds FILE SECONDS INDEX; the frames from there on are those of the whole decode
finds() {
    pixels "$1" -ss "$2" > found
    tail -n "+$(($3 + 1))" whole > expected
    same expected found
}

for container in mkv mp4 mov nut avi; do
    file=seek.$container
    ffmpeg -f lavfi -i "testsrc2=size=66x50:rate=25,trim=end_frame=83" -pix_fmt yuv420p \
        -c:v onedva "$file"
    pixels "$file" > whole
    for frame in 0 1 15 16 17 40 47 48 79 82; do
        seconds=$((frame * 40 / 1000)).$(printf %03d $((frame * 40 % 1000)))
        check "$container, frame $frame" finds "$file" "$seconds" $frame
    done
done

finish
