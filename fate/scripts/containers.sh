#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In every container a stream has the frames and timestamps that a codec with one packet per frame
# has there, at constant and at variable frame rate.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: encode CODEC FILE SOURCE [OPTION...]
encode() {
    codec=$1 file=$2 source=$3
    shift 3
    ffmpeg -f lavfi -i "$source" -c:v "$codec" -pix_fmt yuv420p "$@" "$file"
}

# usage: agrees CONTAINER SOURCE [OPTION...]
agrees() {
    container=$1
    shift
    case $container in
    mp4 | mov) other=mpeg4 ;;
    *) other=ffv1 ;;
    esac
    encode $other "other.$container" "$@" &&
        encode onedva "onedva.$container" "$@" &&
        timestamps "other.$container" > expected &&
        timestamps "onedva.$container" > found &&
        same expected found
}

# usage: lasts FILE SECONDS; the packets' durations add up to that
lasts() {
    ffprobe -show_entries packet=duration_time -of csv=p=0 "$1" |
        awk -v expected="$2" '{ sum += $1 }
            END { print sum; exit !(sum > expected - 0.002 && sum < expected + 0.002) }'
}

size=66x50
irregular="settb=1/1000,setpts='40*N+3*mod(N*N,7)'"
for container in mkv mp4 mov nut avi; do
    for rate in 25 30000/1001 24000/1001 60; do
        check "$container, $rate frames per second" \
            agrees $container "testsrc2=size=$size:rate=$rate,trim=end_frame=37"
    done
    check "$container, variable frame rate" \
        agrees $container "testsrc2=size=$size,trim=end_frame=37,$irregular" \
        -enc_time_base 1/1000 -fps_mode passthrough
    check "$container, output cut to 23 frames" \
        agrees $container "testsrc2=size=$size,trim=end_frame=37" -frames:v 23
done

for container in mkv mp4 mov nut; do
    check "$container, stream that starts at 2 s" \
        agrees $container "testsrc2=size=$size,trim=end_frame=20,setpts=PTS+2/TB"
    check "$container, gap of 10 s inside of a clip" \
        agrees $container "testsrc2=size=$size,trim=end_frame=20,setpts='PTS+gt(N,5)*10/TB'" \
        -fps_mode passthrough
done

encode onedva sum.mp4 "testsrc2=size=$size:rate=25,trim=end_frame=37"
check "mp4, packets last as long as the frames" lasts sum.mp4 1.48

long_gap() {
    agrees mkv "testsrc2=size=$size,trim=end_frame=20,settb=1/1000000,\
setpts='40000*N+gt(N,5)*5e9'" \
        -enc_time_base 1/1000000 -fps_mode passthrough &&
        ffprobe -show_entries packet=pts_time -of csv=p=0 onedva.mkv | grep -x 5000.240000
}
check "mkv, gap above 32 bits ends the clip" long_gap

# usage: warns_once COUNT CONTAINER [OPTION...]; of packets of whole clips
warns_once() {
    count=$1 container=$2
    shift 2
    ffmpeg -v info -i clips.mkv -c copy "$@" "clips.$container" 2> log
    cat log
    [ "$(grep -c 'packets of whole clips: .* -bsf:v onedva_split' log)" -eq "$count" ]
}
encode onedva clips.mkv "testsrc2=size=$size:rate=25,trim=end_frame=37" -clip_packets 1
for container in mp4 mov avi; do
    check "$container, one line on whole clips" warns_once 1 $container
    check "$container, none on a packet for each frame" warns_once 0 $container -bsf:v onedva_split
done
for container in nut odva; do
    check "$container, none on whole clips" warns_once 0 $container
done

finish
