#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is wrong is said in one clear line, and the frames around a bad packet come out.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

source="testsrc2=size=140x90:rate=25,trim=end_frame=83,format=yuv420p"
ffmpeg -f lavfi -i "$source" -c:v onedva -adaptive_clips 0 -g 1 good.mkv
pixels good.mkv > good.pixels

other_model() (
    unset ONEDVA_MODEL # now the library's own model decodes
    refuses '[0-9a-f]{16}.*[0-9a-f]{16}' -i good.mkv -f null -
)
check "stream of another model names both" other_model
# FFmpeg opens the decoder more than once, and each time it says so.
version_1() {
    ! ffmpeg -i "$root/fate/streams/version-1.odva" -f null - 2> log || return
    cat log
    grep '^\[onedva' log | sed 's/ @ [^]]*//' | sort -u > lines
    [ "$(wc -l < lines)" -eq 1 ] && grep -q 'made with another version of the bitstream' lines
}
check "stream of bitstream 1" version_1
check "ffprobe needs no model" sh -c "env ONEDVA_MODEL=none '$ONEDVA_BIN/ffprobe' -v error \
    -show_entries stream=width,pix_fmt -of csv=p=0 good.mkv | grep -x 140,yuv420p"
check "model that is not there, decoder" refuses 'nofile' -model nofile -i good.mkv -f null -
check "model that is not there, encoder" \
    refuses 'nofile' -f lavfi -i "$source" -c:v onedva -model nofile out.mkv
check "model that is not there, filter" \
    refuses 'nofile' -f lavfi -i "$source" -vf onedva=model=nofile -f null -
head -c 10000 "$ONEDVA_MODEL" > cut.model
check "model file cut short" refuses 'cut.model' -model cut.model -i good.mkv -f null -

check "crf above 63" refuses "'crf' out of range \[0 - 63\]" \
    -f lavfi -i "$source" -c:v onedva -crf 99 out.mkv
check "qp above 103" refuses "'qp' out of range \[-1 - 103\]" \
    -f lavfi -i "$source" -c:v onedva -qp 104 out.mkv
check "target_psnr above 60" refuses "'target_psnr' out of range \[0 - 60\]" \
    -f lavfi -i "$source" -c:v onedva -target_psnr 61 out.mkv
check "aq_strength above 1" refuses "'aq_strength' out of range \[0 - 1\]" \
    -f lavfi -i "$source" -c:v onedva -aq_strength 2 out.mkv
check "tiles that do not exist" refuses "tiles of 48 samples a side do not exist; expected 16, 32, 64 or 128" \
    -f lavfi -i "$source" -c:v onedva -tile_size 48 out.mkv
check "clip_frames above 16" refuses "'clip_frames' out of range \[1 - 16\]" \
    -f lavfi -i "$source" -c:v onedva -clip_frames 17 out.mkv
check "motion above auto" refuses "'motion' out of range \[0 - 3\]" \
    -f lavfi -i "$source" -c:v onedva -motion 4 out.mkv
check "filter steps above 64" refuses "'steps' out of range \[-1 - 64\]" \
    -f lavfi -i "$source" -vf onedva=steps=99 -f null -

# usage: unknown_value VALUE FFMPEG_ARGUMENT...; ffmpeg knows no such value of an option, and says so
unknown_value() {
    value=$1
    shift
    ! ffmpeg "$@" 2> log && grep -E -q "Unable to parse (\"[a-z_]+\" )?option value \"$value\"" log
}

# usage: lists_backends NAMES ENCODER_OR_DECODER; the help offers these backends and no others
lists_backends() {
    ffmpeg -h "$2=onedva" | sed -n '/^  -backend /,/^  -/{s/^     \([a-z]*\) .*/\1/p;}' | tr '\n' ' ' > names
    [ "$(cat names)" = "$1 " ]
}

check "backends of the encoder" lists_backends "auto cpu cuda vulkan" encoder
check "backends of the decoder" lists_backends "auto cpu cuda vulkan" decoder
check "backend that there is not, encoder" \
    unknown_value metal -f lavfi -i "$source" -c:v onedva -backend metal out.mkv
check "backend that there is not, decoder" \
    unknown_value metal -backend metal -i good.mkv -f null -
check "backend that there is not, filter" \
    unknown_value metal -f lavfi -i "$source" -vf onedva=backend=metal -f null -
# Not in this build, or without a driver: the library of that name is none.
printf 'nothing' > libcuda.so.1
without_driver() { (export LD_LIBRARY_PATH="$work${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" && "$@"); }
no_cuda='backend cuda is not in this build; use |cuda: libcuda.so.1 was not found; install NVIDIA.s driver, or use -backend cpu'
check "CUDA without a driver, decoder" without_driver refuses "$no_cuda" -backend cuda -i good.mkv -f null -
check "CUDA without a driver, encoder" without_driver refuses "$no_cuda" \
    -f lavfi -i "$source" -c:v onedva -backend cuda -device 0 out.mkv
# usage: refuses_in_filter PATTERN OPTIONS; the filter learns of a device when pictures come, and FFmpeg says more of that
refuses_in_filter() {
    ! ffmpeg -f lavfi -i "$source" -vf "onedva=$2" -f null - 2> log && [ "$(grep -cE "$1" log)" -eq 1 ]
}
check "CUDA without a driver, filter" without_driver refuses_in_filter "$no_cuda" backend=cuda
automatic() { without_driver ffmpeg -i good.mkv -f null - 2> log && [ ! -s log ]; }
check "auto without a driver of CUDA" automatic
check "device below -1" refuses "'device' out of range \[-1 - 2.*\]" \
    -f lavfi -i "$source" -c:v onedva -device -2 out.mkv
check "device of the CPU, decoder" refuses 'device 0 goes with -backend cuda or vulkan; the CPU has no numbers' \
    -backend cpu -device 0 -i good.mkv -f null -
check "device of no backend, encoder" refuses 'device 1 goes with -backend cuda or vulkan; the CPU has no numbers' \
    -f lavfi -i "$source" -c:v onedva -device 1 out.mkv
check "device of no backend, filter" \
    refuses_in_filter 'device 1 goes with -backend cuda or vulkan; the CPU has no numbers' device=1
check "precision that there is not" refuses "'precision' out of range \[0 - 2\]" \
    -f lavfi -i "$source" -vf onedva=precision=3 -f null -
check "filter that shows what there is not" refuses "'show' out of range \[0 - 4\]" \
    -f lavfi -i "$source" -vf onedva=show=5 -f null -
check "filter with a negative buffer" refuses "'bufsize' out of range \[0 - 2.*\]" \
    -f lavfi -i "$source" -vf onedva=bufsize=-1 -f null -
check "filter with a stats file that cannot be written" \
    refuses 'stats_file /nowhere/stats: No such file or directory' \
    -f lavfi -i "$source" -vf onedva=stats_file=/nowhere/stats -f null -
# usage: ignores NAMES OPTION...; one line names the options that change nothing, and no others
ignores() {
    names=$1
    shift
    ffmpeg -v warning -f lavfi -i "$source" -c:v onedva -f md5 plain &&
        ffmpeg -v warning -f lavfi -i "$source" -c:v onedva "$@" -f md5 ignored 2> log && same plain ignored &&
        says_once "without effect here: $names; what sets quality and rate is -crf, -qp, "
}
check "options of other codecs" ignores "-qmin, -qmax, -bf, -minrate, -q:v, -keyint_min, -refs" \
    -q:v 3 -bf 2 -minrate 30k -qmin 3 -qmax 20 -refs 4 -keyint_min 12
check "flags of other codecs" ignores "-flags \+qpel, -flags \+ildct, -trellis" \
    -flags +ildct+qpel+cgop -trellis 1
silent() {
    ffmpeg -v warning -f lavfi -i "$source" -c:v onedva -crf 30 -maxrate 90k -bufsize 90k \
        -rc_init_occupancy 80k -g 250 -bf 0 -refs 1 -threads 2 -strict 1 -color_range pc -colorspace bt709 \
        -color_primaries bt709 -color_trc bt709 -flags +cgop+bitexact+low_delay -field_order progressive \
        -aspect 16:9 -pass 1 silent.mkv 2> log
    cat log
    [ ! -s log ]
}
check "options that hold are not named" silent

unwritable() {
    ! ffmpeg -i good.mkv -c:v onedva /nowhere/out.mkv 2> log &&
        grep -q '/nowhere/out.mkv: No such file or directory' log
}
check "output that cannot be written" unwritable

# usage: begins FOUND EXPECTED; the first lines of EXPECTED are those of FOUND
begins() {
    head -n "$(wc -l < "$1")" "$2" | same "$1" -
}
cut_file() {
    size=$(wc -c < good.mkv)
    head -c $((size / 2)) good.mkv > cut.mkv
    pixels cut.mkv > cut.pixels 2> log
    cat log
    [ "$(grep -c '^\[onedva' log)" -le 1 ] && [ "$(wc -l < cut.pixels)" -ge 16 ] &&
        head -n 16 cut.pixels > cut.whole && begins cut.whole good.pixels
}
check "file cut in half" cut_file

bad_packet() {
    ffmpeg -i good.mkv -c copy -bsf:v 'noise=amount=eq(n\,32)' bad.mkv &&
        pixels bad.mkv > bad.pixels 2> log
    { sed -n 1,32p good.pixels && sed -n '49,$p' good.pixels; } > expected
    same expected bad.pixels && says_once .
}
check "bad packet: the frames before and after it come out" bad_packet

bad_packet_times() {
    timestamps good.mkv | sed 33,48d > expected
    timestamps bad.mkv > found
    same expected found
}
check "bad packet: the other frames keep their times" bad_packet_times

no_crash() {
    ffmpeg -i good.mkv -c copy -bsf:v "noise=amount=$1" noisy.mkv || return
    ffmpeg -max_error_rate 1 -i noisy.mkv -f null - 2> log
    code=$?
    cat log
    [ $code -le 1 ] && ! grep -i sanitizer log
}
for amount in 20 200 2000; do
    check "one bad byte in about $amount: no crash" no_crash $amount
done

finish
