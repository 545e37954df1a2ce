#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Pictures of 10 bits: what goes in comes out, through every container, and is nearer to the source than
# pictures of 8 bits are; what takes 8 bits only says so in one line.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: draw PIX_FMT FILE; what moves slowly, and is smooth
draw() {
    ffmpeg -f lavfi -i "mandelbrot=size=384x288:rate=25:start_scale=0.5:end_scale=0.4:end_pts=40,scale=96:72,format=$1,trim=end_frame=40" \
        -c:v ffv1 "$2"
}
draw yuv420p10 source.mkv
draw yuv420p source8.mkv

# usage: format_of FILE; that of its pictures
format_of() {
    ffprobe -select_streams v -show_entries stream=pix_fmt -of csv=p=0 "$1"
}

# usage: encode FILE [OPTION...]
encode() {
    encoded=$1
    shift
    ffmpeg -i source.mkv -c:v onedva -crf 12 "$@" "$encoded"
}

# usage: psnr_of FILE [OPTION...]; in dB, over all samples of 10 bits
psnr_of() {
    decoded=$1
    shift
    "$ONEDVA_BIN/ffmpeg" -hide_banner -nostdin "$@" -i "$decoded" -i source.mkv -lavfi \
        "[0]settb=1/25,setpts=N,format=yuv420p10[a];[1]settb=1/25,setpts=N[b];[a][b]psnr" -f null - 2>&1 |
        sed -n 's/.*average:\([0-9.]*\).*/\1/p'
}

chosen() {
    encode video.mkv && encode eight.mkv -pix_fmt yuv420p && ffmpeg -i source8.mkv -c:v onedva other.mkv &&
        [ "$(format_of video.mkv)" = yuv420p10le ] && [ "$(format_of eight.mkv)" = yuv420p ] &&
        [ "$(format_of other.mkv)" = yuv420p ] && [ "$(count video.mkv)" -eq 40 ]
}
check "the source's depth is the stream's" chosen

# 8 bits end below what 10 can reach
nearer() {
    for steps in 0 1; do
        wide=$(psnr_of video.mkv -steps $steps) narrow=$(psnr_of eight.mkv -steps $steps)
        echo "steps $steps: $wide dB with 10 bits, $narrow with 8"
        awk -v a="$wide" -v b="$narrow" 'BEGIN { exit !(a > b) }' || return 1
    done
}
check "nearer to the source than 8 bits" nearer

no_larger() {
    wide=$(wc -c < video.mkv) narrow=$(wc -c < eight.mkv)
    echo "$wide bytes with 10 bits, $narrow with 8"
    [ $((100 * wide)) -lt $((102 * narrow)) ]
}
check "in as many bytes" no_larger

# usage: same_everywhere OPTION...
same_everywhere() {
    pixels video.mkv -steps 0 > expected && pixels video.mkv -steps 0 "$@" > found && same expected found
}
check "the same pictures from plain C" same_everywhere -flags +bitexact
check "and from one thread" same_everywhere -threads 1

# usage: contained FILE
contained() {
    ffmpeg -i video.mkv -c copy "$1" && [ "$(format_of "$1")" = yuv420p10le ] &&
        pixels video.mkv > expected && pixels "$1" > found && same expected found
}
for form in mp4 nut odva mov; do check "$form" contained "copy.$form"; done
# the stream header is in packets alone
check "avi" contained copy.avi

sought() {
    pixels video.mkv | tail -n 20 > expected && pixels video.mkv -ss 0.8 > found && same expected found
}
check "after a seek" sought

smoothed() {
    encode clips.mkv -g 1 -adaptive_clips 0 -crf 45 && pixels clips.mkv > plain && pixels clips.mkv -smooth_clips 1 > found &&
        paste -d '|' plain found | awk -F '|' '$1 != $2 { print NR }' | tr '\n' ' ' > changed && cat changed &&
        [ "$(cat changed)" = "17 18 19 20 33 34 35 36 " ]
}
check "clips smoothed" smoothed

layered() {
    encode layers.mkv -layers 4 && ffmpeg -i layers.mkv -c copy -bsf:v onedva_truncate=layers=2 cut.mkv &&
        [ "$(format_of cut.mkv)" = yuv420p10le ] && [ "$(count cut.mkv)" -eq 40 ] &&
        awk -v a="$(psnr_of cut.mkv -steps 0)" 'BEGIN { print a; exit !(a > 25) }'
}
check "layers" layered

two_passes() {
    for pass in 1 2; do
        ffmpeg -i source.mkv -c:v onedva -b:v 60k -pass $pass passes.mkv || return 1
    done
    [ "$(format_of passes.mkv)" = yuv420p10le ] && [ "$(count passes.mkv)" -eq 40 ]
}
check "two passes" two_passes

# The statistics are of other frames.
other_pass() { refuses "first pass saw" -i source8.mkv -c:v onedva -b:v 60k -pass 2 refused.mkv; }
check "two passes of other depths" other_pass

said() {
    ffmpeg -v info -i video.mkv -c copy -bsf:v onedva_metadata=color_primaries=9:transfer_characteristics=16:print=1 said.mkv 2> log &&
        grep -q ', 96x72, 10 bits, .* primaries bt2020, transfer smpte2084, ' log && pixels video.mkv > expected &&
        pixels said.mkv > found && same expected found
}
check "another transfer function" said

changing() {
    encode wide.odva && ffmpeg -i source8.mkv -c:v onedva narrow.odva && cat wide.odva narrow.odva wide.odva > both.odva &&
        [ "$(count both.odva)" -eq 120 ] &&
        ffmpeg -i both.odva -fps_mode passthrough -pix_fmt yuv420p10le -f rawvideo found &&
        [ "$(wc -c < found)" -eq $((120 * 96 * 72 * 3)) ]
}
check "a stream whose depth changes" changing

# ---- who takes 8 bits ----

for backend in vulkan cuda; do
    check "the encoder on $backend" refuses "CPU only; use -backend cpu|not in this build" \
        -i source.mkv -c:v onedva -backend $backend refused.mkv
done
decoder_on_vulkan() { refuses "pictures of 10 bits.*-backend cpu" -backend vulkan -i video.mkv -f null -; }
if ffmpeg -backend vulkan -i eight.mkv -frames:v 1 -f null - 2> log; then
    check "the decoder on vulkan" decoder_on_vulkan
elif ! grep -q 'not in this build' log; then
    left_out "the decoder on vulkan" "device of Vulkan"
fi

filtered() {
    ffmpeg -i source.mkv -vf onedva=crf=12 -c:v ffv1 filtered.mkv && [ "$(format_of filtered.mkv)" = yuv420p10le ] &&
        pixels video.mkv > expected && pixels filtered.mkv > found && same expected found
}
check "the filter" filtered

# ffmpeg configures the graph anew, and goes on in the first one's format.
filtered_changing() {
    for file in wide narrow wide both; do
        ffmpeg -i $file.odva -vf onedva=steps=0:show=side -pix_fmt yuv420p10le -fps_mode passthrough -f framemd5 - |
            sed -n 's/^0,.*, //p' > $file.md5 || return
    done
    cat wide.md5 narrow.md5 wide.md5 > expected && [ "$(wc -l < expected)" -eq 120 ] && same expected both.md5
}
check "the filter, where the depth changes" filtered_changing

finish
