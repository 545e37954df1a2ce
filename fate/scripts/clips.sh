#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Clips that end early, at scene cuts and before gaps, keep every frame and its time.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# Three scenes of 11, 20 and 26 frames.
size=130x98
scenes="testsrc2=size=$size:rate=25,trim=end_frame=11,format=yuv420p[a];\
mandelbrot=size=$size:rate=25,trim=end_frame=20,format=yuv420p[b];\
testsrc=size=$size:rate=25,trim=end_frame=26,format=yuv420p[c];\
[a][b][c]concat=n=3,settb=1/1000,setpts=N*40"
irregular="$scenes,setpts='40*N+3*mod(N*N,7)'"
# 6000 s without a frame, more than 32 bits of microseconds, before the frames 3, 14 and 40
gaps="$scenes,settb=1/1000000,setpts='40000*N+6e9*(gte(N,3)+gte(N,14)+gte(N,40))'"

# usage: encode CODEC FILE SOURCE [OPTION...]
encode() {
    codec=$1 file=$2 source=$3
    shift 3
    ffmpeg -filter_complex "${source}[v]" -map "[v]" -fps_mode passthrough -enc_time_base filter \
        -pix_fmt yuv420p -c:v "$codec" "$@" "$file"
}

# usage: keeps_times SOURCE [OPTION...]
keeps_times() {
    encode ffv1 other.mkv "$1" && encode onedva onedva.mkv "$@" &&
        timestamps other.mkv > expected && timestamps onedva.mkv > found &&
        [ "$(wc -l < expected)" -eq 57 ] && same expected found
}

# usage: list_packets; a line "first frame, frames" for each clip of onedva.mkv, whose frames last 40 ms
list_packets() {
    ffprobe -show_entries packet=pts_time,size -of csv=p=0 onedva.mkv | awk -F , '$2 > 3 { print $1 }' | awk '
        function line(next_frame) { printf "%d,%d\n", first, next_frame - first }
        { frame = int(($1 - 6000 * int($1 / 6000 + 0.5)) * 25 + 0.5) }
        NR > 1 { line(frame) }
        { first = frame }
        END { line(57) }'
}

# usage: at_most FRAMES; no clip of onedva.mkv has more
at_most() {
    list_packets > packets
    cat packets
    awk -F , -v most="$1" '$2 > most { exit 1 }' packets
}

for motion in off global mesh auto; do
    check "$motion, constant rate" keeps_times "$scenes" -motion $motion
    check "$motion, variable rate" keeps_times "$irregular" -motion $motion
    check "$motion, gaps" keeps_times "$gaps" -motion $motion
done
short_clips() {
    keeps_times "$irregular" -clip_frames 5 && keeps_times "$scenes" -clip_frames 5 && at_most 5
}
check "clips of at most 5 frames" short_clips
check "clips of 1 frame" keeps_times "$irregular" -clip_frames 1
fixed_clips() {
    keeps_times "$scenes" -adaptive_clips 0 && at_most 16 &&
        printf '0,16\n16,16\n32,16\n48,9\n' > expected && same expected packets
}
check "adaptive_clips 0 fills every clip" fixed_clips

# usage: starts FRAME...; clips of the file "packets" start there
starts() {
    for frame; do
        grep "^$frame," packets || return
    done
}
ends_at_cuts() {
    keeps_times "$scenes" && at_most 16 && starts 0 11 31
}
check "clips end at scene cuts" ends_at_cuts

ends_at_gaps() {
    keeps_times "$gaps" && at_most 16 && starts 0 3 14 40
}
check "clips end at gaps" ends_at_gaps

# usage: slow RATE FRAMES OPTION...; clips of a video of RATE frames per second have at most FRAMES
slow() {
    rate=$1 frames=$2
    shift 2
    slow="testsrc2=size=66x50:rate=$rate,trim=end_frame=40,format=yuv420p"
    ffmpeg -filter_complex "$slow" -c:v ffv1 other.mkv &&
        ffmpeg -filter_complex "$slow" -c:v onedva -adaptive_clips 0 "$@" slow.mkv &&
        timestamps other.mkv > expected && timestamps slow.mkv > found && same expected found &&
        ffprobe -show_entries packet=size -of csv=p=0 slow.mkv | awk '$1 > 3' | wc -l |
        grep -x $(((40 + frames - 1) / frames))
}
check "16 frames of 8 a second" slow 8 16
check "8 frames of 4 a second" slow 4 8
check "1 frame of one in 5 s" slow 1/5 1
check "clips of half a second" slow 8 4 -clip_duration 0.5
check "clips of any duration" slow 1/5 16 -clip_duration 0
# The first picture is out when the next one is in, and not after 16.
live_slideshow() {
    mkfifo pictures
    ffmpeg -f rawvideo -video_size 66x50 -framerate 1/5 -fpsprobesize 0 -analyzeduration 1 -probesize 32 \
        -i pictures -fps_mode passthrough -c:v onedva -threads 1 -f framecrc -flush_packets 1 packets.crc &
    encoder=$!
    exec 3> pictures
    ffmpeg -f lavfi -i testsrc2=size=66x50:rate=1/5,trim=end_frame=3,format=yuv420p -f rawvideo - >&3
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        grep -q '^0,' packets.crc && break
        sleep 0.5
    done
    grep '^0,' packets.crc
    found=$?
    exec 3>&-
    wait $encoder
    return $found
}
check "a slideshow comes out while it goes in" live_slideshow

# usage: begins SOURCE_OPTION... -- FRAME...; clips begin with these frames, too, and they are keyframes
begins() {
    options=''
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    # shellcheck disable=SC2086 # a list of words
    keeps_times "$scenes" $options && at_most 16 && starts "$@" &&
        ffprobe -show_entries packet=flags -of csv=p=0 onedva.mkv | awk '/^K/ { print NR - 1 }' > keys &&
        cat keys && for frame; do grep -qx "$frame" keys || return; done
}
# usage: keys_at_most FRAMES; keyframes of the file "keys" are no further apart
keys_at_most() {
    echo 57 | awk -v most="$1" '$1 - last > most { exit 1 } { last = $1 }' keys -
}
check "forced keyframes" begins -force_key_frames 0.2,0.96,1 -- 0 5 24 25
check "a forced keyframe every half second" begins -adaptive_clips 0 \
    -force_key_frames 'expr:gte(t,n_forced*0.52)' -- 0 13 26 39 52
gop() { begins -g 20 -- 0 && keys_at_most 20; }
check "a keyframe every 20 frames" gop
check "-g counts from a forced keyframe" begins -g 20 -adaptive_clips 0 -force_key_frames 0.2 -- 0 5 25 45
at_most_g() { keeps_times "$scenes" -g 5 && at_most 5; }
check "at most 5 frames in a clip with -g 5" at_most_g
intra_only() { begins -g 0 -clip_frames 1 -- 0 && at_most 1 && [ "$(wc -l < keys)" -eq 57 ]; }
check "every frame a keyframe with -g 0 -clip_frames 1" intra_only
# Pictures that the source codes alone are no request.
source_keyframes() {
    ffmpeg -i other.mkv -c:v onedva -adaptive_clips 0 onedva.mkv && at_most 16 && [ "$(wc -l < packets)" -eq 4 ]
}
check "keyframes of the source begin no clip" source_keyframes

# A decode of a clip alone has the frames that the whole decode has there.
seeks() {
    keeps_times "$scenes" || return
    pixels onedva.mkv > whole
    for frame in 10 11 12 30 31 56; do
        pixels onedva.mkv -ss "$(echo $frame | awk '{ printf "%.3f", $1 / 25 }')" > found
        tail -n "+$((frame + 1))" whole > expected
        same expected found || return
    done
}
check "seeking around scene cuts" seeks

filters() {
    for filter in null onedva onedva=clip_frames=5; do
        ffmpeg -filter_complex "$irregular,${filter}[v]" -map "[v]" -fps_mode passthrough \
            -enc_time_base filter -f framecrc - | sed 's/,[^,]*$//' > $filter.times
        grep -c '^0,' $filter.times | grep -x 57 && same null.times $filter.times || return
    done
}
check "the filter keeps times" filters

finish
