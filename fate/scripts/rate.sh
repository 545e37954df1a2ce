#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Bitrates and decoder buffers, checked by a replay of the packets' sizes and times.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# Ten seconds that can use any rate: a zoom with noise, a rotation, a test picture with noise.
source="mandelbrot=size=160x120:rate=25,noise=alls=30:allf=t:all_seed=1,trim=end_frame=80[a];\
testsrc2=size=160x120:rate=25,rotate=0.2*t,trim=end_frame=90[b];\
testsrc2=size=160x120:rate=25,noise=alls=12:allf=t:all_seed=2,trim=end_frame=80[c];[a]format=yuv420p[d];[b]format=yuv420p,setsar=1[e];\
[c]format=yuv420p[f];[d]setsar=1[g];[f]setsar=1[h];[g][e][h]concat=3"

# usage: encode OPTION... > sizes; "time bytes" of each packet
encode() {
    ffmpeg -filter_complex "$source" -t 10 -c:v onedva -preset ultrafast "$@" out.mkv &&
        ffprobe -show_entries packet=pts_time,size -of csv=p=0 out.mkv | tr , ' ' > sizes
}

# usage: replay RATE SIZE; the buffer begins nine tenths full, fills at RATE and never runs empty
replay() {
    awk -v rate="$1" -v size="$2" '
        BEGIN { level = least = 0.9 * size }
        NR > 1 { level += rate * ($1 - time); if (level > size) level = size }
        { level -= 8 * $2; if (level < least) least = level; time = $1 }
        END { print "least level", least, "of", size; exit NR == 0 || least < 0 }' sizes
}

# usage: totals RATE PERCENT; ten seconds are so near to RATE
totals() {
    awk -v rate="$1" -v percent="$2" '
        { bits += 8 * $2 }
        END { off = 100 * (bits / 10 / rate - 1); print off, "%"; exit off < -percent || off > percent }' sizes
}

constant() {
    encode -b:v "$1" -maxrate "$1" -bufsize "$1" && replay "${1%k}000" "${1%k}000" && totals "${1%k}000" 2
}
for rate in 20k 30k 40k; do
    check "constant rate of $rate" constant $rate
done
average() { encode -b:v 30k && totals 30000 2; }
check "average rate without a buffer" average
capped() { encode -crf 5 -maxrate 25k -bufsize 30k && replay 25000 30000 && totals 25000 12; }
check "constant quality within a buffer" capped
untouched() {
    encode -crf 45 && cp sizes plain && encode -crf 45 -maxrate 10M -bufsize 10M && same plain sizes
}
check "a buffer that is never empty changes nothing" untouched
bufsize_only() { encode -b:v 30k -bufsize 30k && replay 30000 30000; }
check "bufsize without maxrate" bufsize_only
small() { encode -b:v 30k -bufsize 10k && replay 30000 10000; }
check "buffer of less than a clip" small

# usage: refuses PATTERN OPTION...
refuses() {
    pattern=$1
    shift
    ! encode "$@" 2> log && cat log && [ "$(grep -c '^\[onedva' log)" -eq 1 ] && grep -q "$pattern" log
}
check "maxrate without bufsize" refuses "a maximum rate needs a buffer size" -maxrate 50k
check "bufsize without a rate" refuses "a maximum rate needs a buffer size" -bufsize 50k
check "maxrate below the bitrate" refuses "maximum rate 50000 is below the bitrate 60000" \
    -b:v 60k -maxrate 50k -bufsize 50k

finish
