#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Layers: one stream, many rates, without encoding again.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: encode FILE OPTION...
encode() {
    file=$1
    shift
    ffmpeg -f lavfi -i "testsrc2=size=210x140:rate=25,trim=end_frame=60" -pix_fmt yuv420p \
        -c:v onedva -flags +bitexact -crf 36 "$@" "$file"
}

# usage: truncate_stream INPUT OPTIONS OUTPUT
truncate_stream() {
    ffmpeg -i "$1" -c copy -bsf:v "onedva_truncate=$2" "$3"
}

# usage: stream_bytes FILE; of its packets
stream_bytes() {
    "$ONEDVA_BIN/ffprobe" -v error -show_entries packet=size -of csv=p=0 "$1" |
        awk '{ sum += $1 } END { print sum }'
}

# usage: psnr FILE; of all samples against the source, without a network
psnr() {
    ffmpeg -steps 0 -i "$1" -f lavfi -i "testsrc2=size=210x140:rate=25,format=yuv420p" \
        -lavfi "psnr=shortest=1" -f null -v info - 2>&1 | sed -n 's/.*average:\([0-9.]*\).*/\1/p'
}

all_layers_are_the_clip() {
    encode one.mkv -layers 1 -g 1 && pixels one.mkv > one.pixels
    for layers in 2 4 9 16; do
        encode "$layers.mkv" -layers "$layers" && pixels "$layers.mkv" > layers.pixels &&
            same one.pixels layers.pixels || return 1
    done
}
check "a stream of many layers is that of one" all_layers_are_the_clip

# Layers of a clip cost little, and little is lost against encoding at the lower rate.
layers_cost_little() {
    one=$(stream_bytes one.mkv) four=$(stream_bytes 4.mkv)
    echo "$one bytes of one layer, $four of four"
    [ $((four * 100)) -lt $((one * 105)) ]
}
check "four layers cost less than 5 %" layers_cost_little

better_with_each_refinement() {
    last_bytes=0 last_psnr=0
    for layers in $(seq 4); do
        truncate_stream 4.mkv "layers=$layers" cut.mkv && pixels cut.mkv > cut.pixels &&
            [ "$(wc -l < cut.pixels)" -eq 60 ] || return 1
        bytes=$(stream_bytes cut.mkv) psnr=$(psnr cut.mkv)
        echo "$layers: $bytes bytes, $psnr dB"
        [ "$bytes" -gt "$last_bytes" ] || return 1
        awk -v now="$psnr" -v last="$last_psnr" 'BEGIN { exit !(now > last) }' || return 1
        last_bytes=$bytes last_psnr=$psnr
    done
    same one.pixels cut.pixels
}
check "fewer refinements are smaller and worse, all of them the same" better_with_each_refinement

more_than_there_are() {
    truncate_stream 4.mkv layers=16 cut.mkv && [ "$(stream_bytes cut.mkv)" -eq "$(stream_bytes 4.mkv)" ]
}
check "more layers than there are" more_than_there_are

# 60 frames last 2.4 s; each clip has layers at about 1/3 and 1/8 of its rate.
meets_bitrate() {
    all=$(($(stream_bytes 9.mkv) * 8 * 10 / 24))
    for share in 90 50 35; do
        wanted=$((all * share / 100))
        truncate_stream 9.mkv "bitrate=$wanted" cut.mkv && pixels cut.mkv > cut.pixels &&
            [ "$(wc -l < cut.pixels)" -eq 60 ] || return 1
        rate=$(($(stream_bytes cut.mkv) * 8 * 10 / 24))
        echo "$wanted wanted, $rate"
        [ $rate -le $wanted ] && [ $rate -gt $((wanted / 2)) ] || return 1
    done
}
check "bitrate" meets_bitrate

# A layer whose refinement has begun with fewer tokens than these in every tile stays.
tokens_of_layers() {
    last=0
    for tokens in 1 4 16 1536; do
        truncate_stream 9.mkv tokens=$tokens cut.mkv && bytes=$(stream_bytes cut.mkv) || return 1
        echo "$tokens: $bytes bytes"
        [ "$bytes" -ge "$last" ] || return 1
        last=$bytes
    done
    [ "$last" -eq "$(stream_bytes 9.mkv)" ]
}
check "tokens" tokens_of_layers

through_a_pipe() {
    truncate_stream 4.mkv layers=2 cut.nut && pixels cut.nut > expected.pixels &&
        ffmpeg -i 4.mkv -c copy -bsf:v onedva_truncate=layers=2 -f nut pipe:1 > cut.pipe &&
        pixels cut.pipe > cut.pixels && same expected.pixels cut.pixels
}
check "through a pipe" through_a_pipe

# A proxy hands on the stream with fewer layers than it gets.
through_http() {
    port=$((20000 + $$ % 20000))
    ffmpeg -i 4.mkv -c copy -bsf:v onedva_truncate=layers=2 -f nut -listen 1 \
        "http://127.0.0.1:$port/cut.nut" 2> proxy.log &
    proxy=$!
    for _ in $(seq 50); do
        pixels "http://127.0.0.1:$port/cut.nut" > cut.pixels 2> http.log && [ -s cut.pixels ] && break
        sleep 0.1
    done
    kill $proxy 2> /dev/null
    wait $proxy 2> /dev/null
    same expected.pixels cut.pixels
}
check "over HTTP behind a proxy that leaves layers out" through_http

# usage: says PATTERN OPTIONS; an error in one line of the bitstream filter's own
says() {
    ffmpeg -i 4.mkv -c copy -bsf:v "onedva_truncate$2" -f null - 2> log
    [ $? -ne 0 ] && cat log && [ "$(grep -c '^\[onedva_truncate' log)" -le 1 ] && grep -q "$1" log
}
check "no option" says "expected one of layers=, tokens= and bitrate=, each above 0" ""
check "two options" says "expected one of layers=" "=layers=2:tokens=3"
check "too many layers" says "Value 17.0.* for parameter 'layers' out of range" "=layers=17"
check "unknown option" says "foo" "=foo=1"

# What would be predicted from a first layer alone costs more than a key clip.
key_clips() {
    [ "$(ffprobe -show_entries packet=flags -of csv=p=0 4.mkv | grep -c '^K')" -eq \
        "$(ffprobe -show_entries packet=size -of csv=p=0 4.mkv | awk '$1 > 3' | wc -l)" ]
}
check "every clip is a keyframe" key_clips

# Damage behind the first layers stays behind; a packet without a whole header is passed on.
damaged() {
    ffmpeg -i 4.mkv -c copy -bsf:v "noise=amount='if(eq(n,1),1,0)'" damaged.mkv &&
        ffmpeg -v warning -i damaged.mkv -c copy -bsf:v onedva_truncate=layers=2 cut.mkv 2> log
    cat log
    [ "$(grep -c 'packet of .* bytes is passed on as it is' log)" -eq 1 ]
}
check "a damaged packet is passed on" damaged

finish
