#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Disks that are full and files that may not grow: the reason and the exit code are right, and what
# was written before plays.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

if [ ! -c /dev/full ]; then
    echo "skipped: full disks: this machine has no /dev/full"
    exit 77
fi
trap '' XFSZ # a write beyond the limit fails, as on a full disk

source="testsrc2=size=320x240:rate=25,trim=end_frame=200,format=yuv420p"
ffmpeg -f lavfi -i "$source" -c:v onedva -clip_frames 8 -adaptive_clips 0 -motion off -crf 0 whole.nut
pixels whole.nut > whole.pixels

# usage: fails_with CODE TEXT COMMAND...; ffmpeg's tool repeats the reason as its parts end, and the
# muxer and the codec add nothing
fails_with() {
    code=$1 text=$2
    shift 2
    "$@" 2> log
    found=$?
    cat log
    [ $found -eq "$code" ] && grep -q "$text" log && ! grep -E '^\[(onedva|odva) @' log
}

for format in odva nut matroska mp4 avi; do
    check "copy to a full disk, $format" fails_with 228 'No space left on device' \
        ffmpeg -i whole.nut -c copy -f $format /dev/full
done
check "encode to a full disk" fails_with 228 'No space left on device' \
    ffmpeg -f lavfi -i "$source" -c:v onedva -f odva /dev/full

# usage: limited COMMAND...; no file may become larger than 60 kB
limited() (
    ulimit -f 120 # blocks of 512 bytes
    "$@"
)
# usage: plays_up_to_the_limit FILE [MUXER_OPTION...]
plays_up_to_the_limit() {
    file=$1
    shift
    fails_with 229 'File too large' limited ffmpeg -i whole.nut -c copy "$@" "$file" || return
    pixels "$file" 2> log > found
    cat log
    lines=$(wc -l < found)
    echo "$lines of 200 frames, $(wc -c < "$file") bytes"
    [ "$lines" -ge 24 ] && [ "$lines" -lt 200 ] && [ $((lines % 8)) -eq 0 ] &&
        head -n "$lines" whole.pixels | same found -
}
for container in odva nut mkv avi; do
    check "what fits plays, $container" plays_up_to_the_limit limited.$container
done
check "what fits plays, mp4 of fragments" plays_up_to_the_limit limited.mp4 \
    -movflags +frag_keyframe+empty_moov

# The pictures are worth more than the statistics.
stats() {
    ffmpeg -f lavfi -i "$source" -vf "onedva=preset=ultrafast:stats_file=/dev/full,trim=end_frame=40" \
        -f framemd5 found 2> log
    code=$?
    cat log
    [ $code -eq 0 ] && [ "$(wc -l < log)" -eq 1 ] &&
        grep -q 'stats_file /dev/full: No space left on device' log && [ "$(grep -c '^0,' found)" -eq 40 ]
}
check "statistics of the filter on a full disk: one line, and the video goes on" stats

first_pass() {
    ln -s /dev/full passes-0.log
    ! ffmpeg -f lavfi -i "$source" -t 1 -c:v onedva -b:v 100k -pass 1 -passlogfile passes -f null - 2> log
    cat log
    grep -q 'No space left on device' log
}
check "statistics of a first pass on a full disk: an error" first_pass

finish
