#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Frames of CUDA: what -hwaccel cuda decodes is what -backend cuda decodes in memory, and encoder and filter
# take such frames. The driver is the one on the CPU (kernels/cuda/tests), for FFmpeg and the library alike:
# where memory, streams and contexts do not fit it ends the program. ONEDVA_ON_GPU=1: the machine's own.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

streams=$root/fate/conformance
small=$streams/encoded-64x80.odva

if ! "$ONEDVA_BIN/ffmpeg" -v error -hwaccels | grep -qx cuda; then
    echo "skipped: frames of CUDA: they are not in this build"
    exit 77
fi
if [ -z "${ONEDVA_ON_GPU:-}" ]; then
    make -s -C "$root" build/cuda-on-cpu/libcuda.so.1 || exit 1
    export LD_LIBRARY_PATH="$root/build/cuda-on-cpu"
fi

device="-init_hw_device cuda=c -filter_hw_device c"
frames="$device -hwaccel cuda -hwaccel_device c -hwaccel_output_format cuda"

# ---- decoder ----

# usage: same_pixels FILE FFMPEG_OPTION...; in memory, and from the device by a filter
same_pixels() {
    input=$1
    shift
    pixels "$input" -backend cuda "$@" > expected
    # shellcheck disable=SC2086 # a list
    ffmpeg $frames "$@" -i "$input" -vf hwdownload,format=yuv420p -fps_mode passthrough -f framemd5 - |
        sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' > found && same expected found
}
# FFmpeg's own copies leave the last row of chroma of odd heights.
for name in encoded-64x80 encoded-motion-mesh encoded-inter edited-frames; do
    check "$name, steps 0" same_pixels "$streams/$name.odva" -steps 0
done
for name in encoded-64x80 encoded-inter; do
    check "$name, steps 1" same_pixels "$streams/$name.odva" -steps 1
done
check "float32" same_pixels "$small" -precision float32
check "steps auto" same_pixels "$small" -steps auto
# usage: same_context OPTION; the device's primary context, or one that is made
same_context() {
    pixels "$small" -backend cuda > expected
    pixels "$small" -init_hw_device "cuda=c:0,primary_ctx=$1" -hwaccel cuda -hwaccel_device c > found && same expected found
}
check "the primary context" same_context 1
check "another context" same_context 0
several() {
    pixels "$small" -backend cuda > expected
    options="-hwaccel cuda -hwaccel_device c -hwaccel_output_format cuda -i $small"
    # shellcheck disable=SC2086 # lists
    ffmpeg $device $options $options -map 0 -map 1 -vf hwdownload,format=yuv420p -fps_mode passthrough \
        -f framemd5 both || return
    for stream in 0 1; do
        sed -n "s/^$stream,.*, *\([0-9]*, [0-9a-f]*\)\$/\1/p" both > found
        same expected found || return
    done
}
check "several decoders" several

# What goes to the host is of the size of no picture.
stays() {
    rm -f calls
    # shellcheck disable=SC2086 # a list
    ONEDVA_CUDA_CALLS=calls ffmpeg $frames -i "$small" -f null - || return
    cat calls
    grep -q '^cuLaunchKernel [1-9]' calls && ! grep 'rows to the host\|^cuMemcpyDtoHAsync_v2 .* [1-9][0-9]*$' calls
}
if [ -z "${ONEDVA_ON_GPU:-}" ]; then
    check "frames stay on the device" stays
fi

source="testsrc2=size=50x34:rate=25,trim=end_frame=20,format=yuv420p"
ffmpeg -f lavfi -i "$source" -c:v onedva -preset ultrafast -clip_frames 8 -flags +bitexact coded.mkv
seeks() {
    pixels coded.mkv -backend cuda > whole
    for frame in 3 11 18; do
        # shellcheck disable=SC2086 # a list
        pixels coded.mkv $device -hwaccel cuda -hwaccel_device c -ss "0.$(printf %03d $((frame * 40)))" > found
        tail -n "+$((frame + 1))" whole > expected
        same expected found || return
    done
}
check "seeking" seeks

# ---- encoder and filter ----

# usage: packets FILE FILTER OPTION...
packets() {
    name=$1 filter=$2
    shift 2
    # shellcheck disable=SC2086 # a list
    ffmpeg $device -f lavfi -i "$source" -vf "$filter" -c:v onedva -preset ultrafast -clip_frames 8 "$@" -f framemd5 "$name"
}
same_packets() { packets expected null -backend cuda && packets found hwupload && same expected found; }
check "packets of uploaded frames" same_packets
other_device() { packets expected null -backend cpu && packets found hwupload -backend cpu && same expected found; }
check "packets of uploaded frames, the CPU's" other_device
# usage: transcoded FILE; of an odd height, too, where the encoder must not lose a row
transcoded() {
    # shellcheck disable=SC2086 # a list
    ffmpeg -backend cuda -i "$1" -c:v onedva -preset ultrafast -backend cuda -f framemd5 expected &&
        ffmpeg $frames -i "$1" -c:v onedva -preset ultrafast -f framemd5 found && same expected found
}
check "from decoder to encoder" transcoded coded.mkv
check "from decoder to encoder, 17x33" transcoded "$streams/encoded-17x33.odva"
# usage: filtered FILE BEFORE OPTIONS BEHIND
filtered() {
    # shellcheck disable=SC2086 # a list
    ffmpeg $device -f lavfi -i "$source" -vf "${2}onedva=preset=ultrafast:clip_frames=8:steps=0:$3$4" -f framemd5 "$1"
}
filter() {
    filtered expected "" backend=cuda "" && filtered found hwupload, backend=auto ,hwdownload,format=yuv420p && same expected found
}
check "filter" filter
side_by_side() {
    filtered expected "" backend=cuda:show=side "" &&
        filtered found hwupload, show=side ,hwdownload,format=yuv420p && same expected found
}
check "filter, twice as wide" side_by_side
# shellcheck disable=SC2086 # a list
check "frames that hold what is not coded" refuses 'hold nv12: they must hold yuv420p, .* scale_cuda=format=yuv420p' $device \
    -f lavfi -i testsrc2=size=32x32 -vf format=nv12,hwupload -c:v onedva -f null -
# shellcheck disable=SC2086 # a list
check "frames of 10 bits, in the filter" refuses 'hold yuv420p10le: they must hold yuv420p' $device -f lavfi \
    -i testsrc2=size=32x32 -vf format=yuv420p10le,hwupload,onedva -f null -

# ---- where frames are in memory ----

# usage: in_memory PATTERN OPTION...; one line, and all frames
in_memory() {
    pattern=$1
    shift
    pixels "$small" "$@" > expected
    # shellcheck disable=SC2086 # a list
    pixels "$small" -v warning $device -hwaccel cuda -hwaccel_device c "$@" > found 2> log
    same expected found && says_once "frames of memory: $pattern"
}
check "bitexact" in_memory 'cuda: bitexact is what the C reference computes' -flags +bitexact
check "the CPU, where it is asked for" in_memory 'a context of CUDA that is open goes with -backend cuda' -backend cpu
check "another device" in_memory 'device 0 is not the context of CUDA that is open' -backend cuda -device 0
check "smoothed clips" in_memory '-smooth_clips has no others' -backend cuda -smooth_clips 1
"$root/fate/api/build.sh" test_device_frames test_device_frames -DDEVICE=CUDA || exit 1
for name in $(./test_device_frames); do
    check "$name" ./test_device_frames "$name"
done
# A device for filters alone is none for the decoder.
other_use() {
    # shellcheck disable=SC2086 # a list
    "$ONEDVA_BIN/ffmpeg" -nostdin -v verbose $device -i "$small" -f null - 2>&1 | grep -a 'all operators run on backend cpu'
}
check "a device for filters alone" other_use
no_device() { ! ONEDVA_CUDA_DEVICES=0 ffmpeg -backend cuda -i "$small" -f null - 2> log && says_once 'there is no NVIDIA GPU'; }
[ -n "${ONEDVA_ON_GPU:-}" ] || check "no device" no_device
finish
