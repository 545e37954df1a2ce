#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The filter shows the very pixels that encoding to a file and decoding it gives, with the
# timestamps of its input.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

source="testsrc2=size=140x90:rate=25,trim=end_frame=37,format=yuv420p"

# usage: equals FILTER_OPTIONS ENCODER_OPTIONS DECODER_OPTIONS; the last two are lists of words
# shellcheck disable=SC2086
equals() {
    ffmpeg -f lavfi -i "$source" -vf "onedva=$1" -f framemd5 filtered &&
        ffmpeg -f lavfi -i "$source" -c:v onedva $2 coded.mkv &&
        ffmpeg $3 -i coded.mkv -f framemd5 coded && same filtered coded
}
check "defaults" equals crf=30 "" ""
check "linear" equals steps=0:crf=20 "-crf 20" "-steps 0"
check "diffusion, Euler" equals steps=3:crf=40 "-crf 40" "-steps 3"
check "diffusion, Heun" equals steps=3:sampler=heun "" "-steps 3 -sampler heun"
check "short clips" equals clip_frames=5:crf=25.5 "-clip_frames 5 -crf 25.5" ""
check "token limits" equals tokens=4:max_tokens=2:layers=3 "-tokens 4 -layers 3" "-max_tokens 2"
check "preset ultrafast" equals preset=ultrafast "-preset ultrafast" ""
check "preset slow" equals preset=slow "-preset slow" ""
for motion in off global mesh auto; do
    check "motion $motion" equals motion=$motion:crf=20 "-motion $motion -crf 20" ""
done
check "fixed clips" equals adaptive_clips=0:motion=mesh "-adaptive_clips 0 -motion mesh" ""
check "bitrate" equals b=60k "-b:v 60k" ""
check "smooth clips" equals smooth_clips=1:crf=45 "-crf 45" "-smooth_clips 1"
check "bitexact" equals bitexact=1 "-flags +bitexact" "-flags +bitexact"

keeps_times() {
    irregular="settb=1/1000,setpts='40*N+3*mod(N*N,7)'"
    for filter in null onedva; do
        ffmpeg -f lavfi -i "$source,$irregular" -vf $filter -fps_mode passthrough \
            -enc_time_base 1/1000 -f framecrc - | sed 's/,[^,]*$//' > $filter.times
    done
    grep -c '^0,' null.times | grep -x 37 && same null.times onedva.times
}
check "timestamps of a variable frame rate" keeps_times

compares() {
    ffmpeg -v info -f lavfi -i "$source" \
        -lavfi "split[a][b];[b]onedva=crf=10[c];[a][c]psnr" -f null - 2>&1 |
        awk -F 'PSNR y:' '/PSNR y:/ { print; found = $2 + 0 > 20 } END { exit !found }'
}
check "split, onedva and psnr in one command line" compares

# The command comes with frame 20, so it holds from the second clip (16 to 31) on.
changes_crf() {
    for crf in 40 10; do
        pixels_of_filter "onedva=crf=$crf:adaptive_clips=0" > crf$crf
    done
    pixels_of_filter "sendcmd=c='0.8 onedva crf 10',onedva=crf=40:adaptive_clips=0" > changed
    { head -n 16 crf40 && tail -n +17 crf10; } > expected
    same expected changed
}
pixels_of_filter() {
    ffmpeg -f lavfi -i "$source" -vf "$1" -f framemd5 - | sed -n 's/^0,.*, //p'
}
check "crf changed by a command" changes_crf

# usage: draws MOTION LEAST MOST; so many samples in 1000 of a picture that moves 4 samples a frame
# are not the reconstruction's with show=mesh
draws() {
    pan="testsrc2=size=320x240,trim=end_frame=1,loop=11:1:0,setpts=N/25/TB,\
crop=192:128:x='8+4*n':y=40,format=yuv420p"
    for show in none mesh; do
        ffmpeg -f lavfi -i "$pan" -vf "onedva=motion=$1:crf=20:adaptive_clips=0:show=$show" \
            -f rawvideo $show.yuv || return
    done
    cmp -l none.yuv mesh.yuv | wc -l |
        awk -v least="$2" -v most="$3" -v size="$(wc -c < none.yuv)" '
            { share = 1000 * $1 / size; print share; exit !(share >= least && share <= most) }'
}
check "show=mesh without motion draws nothing" draws off 0 0
check "show=mesh draws global motion" draws global 20 400
check "show=mesh draws a mesh" draws mesh 20 400

finish
