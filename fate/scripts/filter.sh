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

# usage: pixels_of_filter FILTERS > FILE; the md5 of each frame
pixels_of_filter() {
    ffmpeg -f lavfi -i "$source" -vf "$1" -f framemd5 - | sed -n 's/^0,.*, //p'
}

# usage: equals FILTER_OPTIONS ENCODER_OPTIONS DECODER_OPTIONS; the last two are lists of words
# shellcheck disable=SC2086
equals() {
    ffmpeg -f lavfi -i "$source" -vf "onedva=$1" -f framemd5 filtered &&
        ffmpeg -f lavfi -i "$source" -c:v onedva $2 coded.mkv &&
        ffmpeg $3 -i coded.mkv -f framemd5 coded && same filtered coded
}
# usage: of_10_bits COMMAND...; of the same source in 10 bits
of_10_bits() {
    (source=${source}10 && "$@")
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
check "constant quantiser" equals qp=24 "-qp 24" ""
check "bitrate" equals b=60k "-b:v 60k" ""
check "bitrate within a buffer" equals b=40k:maxrate=40k:bufsize=30k \
    "-b:v 40k -maxrate 40k -bufsize 30k" ""
check "crf within a buffer" equals crf=10:maxrate=50k:bufsize=40k:rc_init_occupancy=20k \
    "-crf 10 -maxrate 50k -bufsize 40k -rc_init_occupancy 20k" ""
check "smooth clips" equals smooth_clips=1:crf=45 "-crf 45" "-smooth_clips 1"
check "8 bits" equals precision=int8 "" "-precision int8"
check "bitexact" equals bitexact=1 "-flags +bitexact" "-flags +bitexact"
check "10 bits" of_10_bits equals crf=30 "" ""
check "10 bits, linear" of_10_bits equals steps=0:crf=20 "-crf 20" "-steps 0"
check "10 bits, diffusion" of_10_bits equals steps=3:crf=40 "-crf 40" "-steps 3"
check "10 bits, preset slow, mesh" of_10_bits equals preset=slow:motion=mesh "-preset slow -motion mesh" ""
check "10 bits, bitrate" of_10_bits equals b=60k "-b:v 60k" ""
check "10 bits, target PSNR" of_10_bits equals target_psnr=30 "-target_psnr 30" ""
check "10 bits, smooth clips" of_10_bits equals smooth_clips=1:crf=45 "-crf 45" "-smooth_clips 1"
check "10 bits, bitexact" of_10_bits equals steps=0:bitexact=1 "-flags +bitexact" "-flags +bitexact -steps 0"
equals_odd() {
    source="$source,crop=33:31:exact=1"
    equals "$@"
}
check "10 bits, odd size" of_10_bits equals_odd steps=0 "" "-steps 0"

keeps_times() {
    irregular="settb=1/1000,setpts='40*N+3*mod(N*N,7)'"
    for filter in null onedva; do
        ffmpeg -f lavfi -i "$source,$irregular" -vf $filter -fps_mode passthrough \
            -enc_time_base 1/1000 -f framecrc - | sed 's/,[^,]*$//' > $filter.times
    done
    grep -c '^0,' null.times | grep -x 37 && same null.times onedva.times
}
check "timestamps of a variable frame rate" keeps_times

threads_agree() {
    for threads in 1 2; do
        pixels_of_filter "onedva=steps=2:show=$1:threads=$threads" > threads$threads
    done
    same threads1 threads2
}
check "one and two threads" threads_agree recon
check "one and two threads, show=tokens" threads_agree tokens
check "one and two threads, 10 bits" of_10_bits threads_agree diff

# usage: keeps_properties FILTERS; what frames say of their colours is as without onedva
keeps_properties() {
    for filter in null onedva; do
        ffmpeg -f lavfi -i "$source,$1" -vf "$filter" -frames:v 1 -c:v ffv1 $filter.mkv &&
            ffprobe -show_entries stream=width,height,pix_fmt,color_range,color_space,\
color_transfer,color_primaries,chroma_location,sample_aspect_ratio $filter.mkv > $filter.stream ||
            return
    done
    same null.stream onedva.stream
}
check "colour properties, limited range" keeps_properties \
    setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709
check "colour properties, full range" keeps_properties \
    setparams=range=pc:colorspace=smpte170m:color_primaries=smpte170m:color_trc=smpte170m
check "sample aspect ratio" keeps_properties setsar=4/3
full_range_format() {
    ffmpeg -f lavfi -i "$source,setparams=range=pc,format=yuvj420p" -vf onedva=crf=0,showinfo \
        -v info -frames:v 1 -f null - 2>&1 | grep 'color_range:pc'
}
check "format of full range" full_range_format

# usage: compares LAST_FILTER WHAT_IT_PRINTS; psnr, ssim and that one measure in one command line
compares() {
    ffmpeg -v info -f lavfi -i "$source" -lavfi "split=4[a][b][c][d];[d]onedva=crf=10[x];\
[x][a]psnr[x];[x][b]ssim[x];[x][c]$1" -f null - 2> log
    cat log
    grep -E 'psnr.*PSNR y:[2-4][0-9]\.' log && grep -E 'ssim.*SSIM Y:0\.[5-9]' log &&
        grep -E "_$1_.*$2" log
}
check "onedva, psnr, ssim and xpsnr in one command line" compares xpsnr 'XPSNR *y: [1-4][0-9]\.'
if ffmpeg -filters | grep -q ' libvmaf '; then
    check "onedva, psnr, ssim and libvmaf in one command line" compares libvmaf 'VMAF score: [0-9]'
fi

# The command comes with frame 20, so it holds from the second clip (16 to 31) on.
changes_crf() {
    for crf in 40 10; do
        pixels_of_filter "onedva=crf=$crf:adaptive_clips=0:g=1" > crf$crf
    done
    pixels_of_filter "sendcmd=c='0.8 onedva crf 10',onedva=crf=40:adaptive_clips=0:g=1" > changed
    { head -n 16 crf40 && tail -n +17 crf10; } > expected
    same expected changed
}
check "crf changed by a command" changes_crf

# The command comes with frame 5.
flushes() {
    ffmpeg -f lavfi -i "$source" -vf "sendcmd=c='0.2 onedva flush',onedva=adaptive_clips=0:stats_file=flushed" \
        -f null - && sed -n 's/.* frames:\([0-9]*\) .*/\1/p' flushed > found && cat found &&
        [ "$(head -n 1 found)" -le 6 ] && awk '{ sum += $1 } END { exit sum != 37 }' found
}
check "clip ended by a command" flushes
# Where nothing more is wanted, what is left in the filter is said.
left() {
    ffmpeg -v info -f lavfi -i testsrc2=size=140x90 -vf onedva=adaptive_clips=0 -frames:v 20 -f null - 2> log
    grep '[1-9] frames did not come out: the graph was closed inside of a clip' log
}
check "frames left when the filter is closed" left

# usage: refuses_command COMMAND PATTERN FILTER_OPTIONS; it is said once, and all frames come out
refuses_command() {
    ffmpeg -f lavfi -i "$source" -vf "sendcmd=c='0.4 onedva $1',onedva=$3" -f framemd5 frames \
        2> log || return
    cat log
    [ "$(wc -l < log)" -eq 1 ] && grep -q "$2" log && [ "$(grep -c '^0,' frames)" -eq 37 ]
}
check "command with a crf above 63" refuses_command "crf 64" "'crf' out of range \[0 - 63\]" crf=30
check "command with a crf in bitrate mode" \
    refuses_command "crf 20" "crf cannot change where a bitrate sets the quality" b=60k

check "command with a crf beside qp" \
    refuses_command "crf 20" "crf cannot change where qp sets the quantiser" qp=30

# usage: passes FROM TO; frames FROM to TO-1 go through the codec as a video of their own, the
# others come out as they are, all in order
passes() {
    pixels_of_filter null > source.md5
    pixels_of_filter "trim=start_frame=$1:end_frame=$2,onedva" > alone.md5
    pixels_of_filter "onedva=enable='between(n,$1,$2-1)'" > enabled.md5
    { head -n "$1" source.md5 && cat alone.md5 && tail -n +$(($2 + 1)) source.md5; } > expected
    [ "$(wc -l < alone.md5)" -eq $(($2 - $1)) ] && same expected enabled.md5
}
check "timeline: the first frames" passes 0 21
check "timeline: frames in between" passes 7 25
check "timeline: the last frames" passes 20 37
check "timeline: no frame" passes 0 0
check "timeline: a single frame" passes 18 19
check "timeline: 10 bits" of_10_bits passes 7 25

passes_times() {
    ffmpeg -f lavfi -i "$source" -vf "onedva=enable='mod(floor(n/5),2)'" -f framecrc - |
        awk -F, '/^0,/ { if ($3 + 0 != n++) wrong++ } END { exit !(n == 37 && !wrong) }'
}
check "timeline: frames keep their order" passes_times

# Without smooth_clips a gap makes no difference; with it, a key clip after a gap begins anew. What the
# encoder tries with motion=auto depends on the clips before.
smooths_anew() {
    for range in 0:12 20:37; do
        pixels_of_filter "trim=start_frame=${range%:*}:end_frame=${range#*:},\
onedva=crf=45:smooth_clips=1:clip_frames=6:motion=mesh:g=1"
    done > alone.md5
    pixels_of_filter "onedva=crf=45:smooth_clips=1:clip_frames=6:motion=mesh:g=1:enable='lt(n,12)+gte(n,20)'" |
        sed 13,20d > enabled.md5
    same alone.md5 enabled.md5
}
check "timeline: smooth clips" smooths_anew

# Times at both ends of 64 bits.
far_times() {
    ffmpeg -f lavfi -i "$source" -fps_mode passthrough -enc_time_base demux -vf \
        "setpts='if(gte(N,33),9223372036854771712+1024*(N-33),N-8e18)',onedva=smooth_clips=1" -f framemd5 found &&
        [ "$(grep -c '^0' found)" -eq 37 ]
}
check "times far apart" far_times

# usage: gives SOURCE_FORMAT EXPECTED; all frames, in the format that the filter works in
gives() {
    ffmpeg -f lavfi -i "testsrc2=size=66x50:rate=25,trim=end_frame=5,format=$1" -vf onedva=steps=0 \
        -c:v ffv1 given.mkv && [ "$(count given.mkv)" -eq 5 ] &&
        ffprobe -show_entries stream=pix_fmt -of csv=p=0 given.mkv | grep -x "$2"
}
for format in yuv420p yuv422p yuv444p rgb24 gray; do
    check "$format input" gives $format yuv420p
done
for format in yuv420p10le yuv422p10le yuv444p10le yuv444p12le gray10le; do
    check "$format input" gives $format yuv420p10le
done
for backend in vulkan cuda; do
    check "10 bits on $backend" refuses "CPU only; use -backend cpu|not in this build" -f lavfi -i "${source}10" \
        -vf onedva=backend=$backend -f null -
done

finish
