#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every picture size, clip length and pixel format goes through, also in pipes.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"
unset ONEDVA_MODEL # the test model is too small for a bound on quality; the built-in one is not

# usage: psnr y|average FILE SOURCE; of luma or of the three planes, in dB
psnr() {
    ffmpeg -v info -i "$2" -f lavfi -i "$3" -lavfi "[0][1]psnr" -f null - 2>&1 |
        sed -n "s/.*PSNR y:.*$1:\([0-9.inf]*\).*/\1/p; s/.*PSNR $1:\([0-9.inf]*\).*/\1/p"
}

# usage: coded_well y|average SOURCE ENCODER_OPTION...
coded_well() {
    plane=$1 source=$2
    shift 2
    ffmpeg -f lavfi -i "$source" -c:v onedva -crf 10 "$@" size.mkv || return
    found_size=$(ffprobe -show_entries stream=width,height -of csv=p=0:s=x size.mkv)
    found_psnr=$(psnr "$plane" size.mkv "$source")
    echo "$(count size.mkv) frames of $found_size, $plane PSNR $found_psnr dB"
    [ "$(count size.mkv)" -eq "$frames" ] && [ "$found_size" = "${width}x$height" ] &&
        echo "$found_psnr" | awk '{ exit !($1 == "inf" || $1 > 35) }'
}

# usage: goes_through WIDTH HEIGHT FRAMES [ENCODER_OPTION...]; smooth pictures and one colour do
goes_through() {
    width=$1 height=$2 frames=$3
    shift 3
    coded_well y "testsrc2=size=640x480,scale=8:6:flags=area,scale=$width:$height:flags=bicubic,\
format=yuv420p,trim=end_frame=$frames" "$@" &&
        coded_well average "color=0x406080,scale=$width:$height,format=yuv420p,\
trim=end_frame=$frames" "$@"
}

for size in "1 1" "2 2" "17 33" "130 250" "90 360" "1000 6"; do
    # shellcheck disable=SC2086 # two words
    check "$size" goes_through $size 17
done
check "1920 1080" goes_through 1920 1080 1
for frames in 1 2 15 16 17 33; do
    check "$frames frames" goes_through 66 50 $frames
done
for clip_frames in 1 3 4 5; do
    check "clips of $clip_frames frames" goes_through 66 50 17 -clip_frames $clip_frames
done

# usage: converts PIXEL_FORMAT TO
converts() {
    ffmpeg -f lavfi -i "testsrc2=size=66x50,trim=end_frame=17" -pix_fmt "$1" -c:v rawvideo in.nut &&
        ffmpeg -i in.nut -c:v onedva format.mkv &&
        [ "$(count format.mkv)" -eq 17 ] &&
        [ "$(ffprobe -show_entries stream=pix_fmt -of csv=p=0 format.mkv)" = "$2" ]
}
for format in yuv444p yuv422p rgb24 gray yuva420p; do
    check "$format input" converts $format yuv420p
done
for format in yuv420p10le yuv422p10le yuv444p12le gray10le; do
    check "$format input" converts $format yuv420p10le
done

# usage: pipes MUXER; the same pixels through a pipe as through a file
pipes() {
    ffmpeg -f lavfi -i "testsrc2=size=66x50,trim=end_frame=37" -pix_fmt yuv420p -f yuv4mpegpipe - |
        ffmpeg -f yuv4mpegpipe -i - -c:v onedva -f "$1" - |
        pixels - > piped
    ffmpeg -f lavfi -i "testsrc2=size=66x50,trim=end_frame=37" -pix_fmt yuv420p -c:v onedva file.mkv
    pixels file.mkv > unpiped
    [ "$(wc -l < piped)" -eq 37 ] && same piped unpiped
}
check "matroska in a pipe" pipes matroska
check "nut in a pipe" pipes nut

finish
