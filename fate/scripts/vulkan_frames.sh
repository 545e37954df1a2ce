#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Frames of Vulkan: what -hwaccel vulkan decodes is what -backend vulkan decodes in memory, FFmpeg's filters
# work behind it, and encoder and filter take such frames. Pictures are small, since Mesa's lavapipe is
# slow; where the validation layer is there, it must find nothing wrong.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

streams=$root/fate/conformance
small=$streams/encoded-17x33.odva

export XDG_CACHE_HOME="$work" # pipelines
if ! "$ONEDVA_BIN/ffmpeg" -v error -hwaccels | grep -qx vulkan; then
    echo "skipped: frames of Vulkan: they are not in this build"
    exit 77
fi
if ! ffmpeg -init_hw_device vulkan=v -f lavfi -i nullsrc=size=16x16,trim=end_frame=1 -f null - 2> log; then
    cat log
    left_out "frames of Vulkan" "device of Vulkan"
    finish
fi

# What the layer says goes to a file: of what it finds wrong, and once that it is there.
cat > vk_layer_settings.txt <<EOT
khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG
khronos_validation.report_flags = error,warn,info
khronos_validation.enables = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT
khronos_validation.log_filename = $work/validation
EOT
export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation VK_LAYER_SETTINGS_PATH="$work/vk_layer_settings.txt"

device="-init_hw_device vulkan=v -filter_hw_device v"
frames="$device -hwaccel vulkan -hwaccel_device v -hwaccel_output_format vulkan"

# ---- decoder ----

# usage: same_pixels FILE FFMPEG_OPTION...; in memory, and from the device by a filter
same_pixels() {
    input=$1
    shift
    pixels "$input" -backend vulkan "$@" > expected
    # shellcheck disable=SC2086 # a list
    ffmpeg $frames "$@" -i "$input" -vf hwdownload,format=yuv420p -fps_mode passthrough -f framemd5 - |
        sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' > found && same expected found
}
for name in encoded-17x33 encoded-64x80 random-inter-sizes edited-frames; do
    check "$name, steps 0" same_pixels "$streams/$name.odva" -steps 0
done
for name in encoded-17x33 random-inter-sizes; do
    check "$name, steps 1" same_pixels "$streams/$name.odva" -steps 1
done
# usage: same_images OPTION; FFmpeg's images of a plane each, or in rows, which it downloads itself
same_images() {
    pixels "$small" -backend vulkan > expected
    pixels "$small" -init_hw_device "vulkan=v:0,$1" -hwaccel vulkan -hwaccel_device v > found && same expected found
}
check "an image for each plane" same_images disable_multiplane=1
check "images in rows" same_images linear_images=1
check "steps auto" same_pixels "$small" -steps auto

source="testsrc2=size=50x34:rate=25,trim=end_frame=20,format=yuv420p"
ffmpeg -f lavfi -i "$source" -c:v onedva -preset ultrafast -clip_frames 8 -flags +bitexact coded.mkv
seeks() {
    pixels coded.mkv -backend vulkan > whole
    for frame in 3 11 18; do
        # shellcheck disable=SC2086 # a list
        pixels coded.mkv $device -hwaccel vulkan -hwaccel_device v -ss "0.$(printf %03d $((frame * 40)))" > found
        tail -n "+$((frame + 1))" whole > expected
        same expected found || return
    done
}
check "seeking" seeks

# FFmpeg asks for properties that older layers do not know, and of its hwupload they find a layout wrong.
nothing_is_wrong() { ! grep 'ERROR / \|WARN / ' validation | grep -v 'unknown VkStructureType'; }
if [ -s validation ]; then
    check "the validation layer finds nothing wrong" nothing_is_wrong
else
    left_out "validation" "validation layer of Vulkan"
fi
unset VK_INSTANCE_LAYERS VK_LAYER_SETTINGS_PATH

# hwupload of FFmpeg 7.1 may still read memory that the next frame is written to: keep all frames.
keep=loop=loop=1:size=20:start=0,trim=end_frame=20
# The same filter with frames that were uploaded.
scaled() {
    filters=scale_vulkan=w=40:h=24,hwdownload,format=yuv420p
    # shellcheck disable=SC2086 # lists
    ffmpeg -backend vulkan $device -i coded.mkv -vf "$keep,hwupload,$filters" -f framemd5 expected &&
        ffmpeg $frames -i coded.mkv -vf "$filters" -f framemd5 found && same expected found
}
if "$ONEDVA_BIN/ffmpeg" -v error -filters | grep -q ' scale_vulkan '; then
    check "scale_vulkan behind the decoder" scaled
else
    left_out "scale_vulkan behind the decoder" "scale_vulkan in this build: libglslang"
fi

# ---- encoder and filter ----

# usage: packets FILE FILTER OPTION...
packets() {
    name=$1 filter=$2
    shift 2
    # shellcheck disable=SC2086 # a list
    ffmpeg $device -f lavfi -i "$source" -vf "$keep,$filter" -c:v onedva -preset ultrafast -clip_frames 8 "$@" -f framemd5 "$name"
}
same_packets() { packets expected null -backend vulkan && packets found hwupload && same expected found; }
check "packets of uploaded frames" same_packets
other_device() { packets expected null -backend cpu && packets found hwupload -backend cpu && same expected found; }
check "packets of uploaded frames, the CPU's" other_device
transcoded() {
    # shellcheck disable=SC2086 # a list
    ffmpeg -backend vulkan -i coded.mkv -c:v onedva -preset ultrafast -backend vulkan -f framemd5 expected &&
        ffmpeg $frames -i coded.mkv -c:v onedva -preset ultrafast -f framemd5 found && same expected found
}
check "from decoder to encoder" transcoded
# One thread uploads while another downloads, often; an ffmpeg that waits for ever heeds no other signal.
up_and_down() {
    # shellcheck disable=SC2086 # a list
    timeout -s KILL 100 "$ONEDVA_BIN/ffmpeg" -nostdin -v error $device -f lavfi \
        -i testsrc2=size=32x32,trim=end_frame=1500,format=yuv420p -vf hwupload -c:v onedva -preset ultrafast -motion off \
        -backend cpu -f null -
}
check "uploads beside downloads" up_and_down
# usage: filtered FILE BEFORE OPTIONS BEHIND
filtered() {
    # shellcheck disable=SC2086 # a list
    ffmpeg $device -f lavfi -i "$source" -vf "$keep,${2}onedva=preset=ultrafast:clip_frames=8:steps=0:$3$4" -f framemd5 "$1"
}
filter() {
    filtered expected "" backend=vulkan "" && filtered found hwupload, backend=auto ,hwdownload,format=yuv420p && same expected found
}
check "filter" filter
side_by_side() {
    filtered expected "" backend=vulkan:show=side "" &&
        filtered found hwupload, show=side ,hwdownload,format=yuv420p && same expected found
}
check "filter, twice as wide" side_by_side
# shellcheck disable=SC2086 # a list
check "frames that hold what is not coded" refuses 'hold rgba: they must hold yuv420p' $device -f lavfi \
    -i testsrc2=size=32x32 -vf format=rgba,hwupload -c:v onedva -f null -
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
    pixels "$small" -v warning $device -hwaccel vulkan -hwaccel_device v "$@" > found 2> log
    same expected found && says_once "frames of memory: $pattern"
}
check "bitexact" in_memory 'vulkan: bitexact is what the C reference computes' -flags +bitexact
check "the CPU, where it is asked for" in_memory 'a device of Vulkan that is open goes with -backend vulkan' -backend cpu
check "another device" in_memory 'device 0 is not the device of Vulkan that is open' -backend vulkan -device 0
check "smoothed clips" in_memory '-smooth_clips has no others' -backend vulkan -smooth_clips 1
"$root/fate/api/build.sh" test_device_frames test_device_frames -DDEVICE=VULKAN || exit 1
for name in $(./test_device_frames); do
    check "$name" ./test_device_frames "$name"
done
# A device for filters alone is none for the decoder.
other_use() {
    # shellcheck disable=SC2086 # a list
    "$ONEDVA_BIN/ffmpeg" -nostdin -v verbose $device -i "$small" -f null - 2>&1 | grep -a 'all operators run on backend cpu'
}
check "a device for filters alone" other_use
finish
