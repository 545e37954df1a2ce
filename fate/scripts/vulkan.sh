#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# -backend vulkan beside the C reference: pixels without a network are the same, others within 55 dB;
# packets of linear latents are the same. It is said where no device can be opened. Pictures are
# small, since Mesa's lavapipe is slow; where the validation layer is there, it must find nothing wrong.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

streams=$root/fate/conformance
small=$streams/encoded-17x33.odva

export XDG_CACHE_HOME="$work" # pipelines
if ! ffmpeg -backend vulkan -i "$small" -f null - 2> log; then
    cat log
    if grep -q 'backend vulkan is not in this build' log; then
        echo "skipped: vulkan: it is not in this build"
        exit 77
    fi
    left_out vulkan "device of Vulkan"
    finish
fi

# usage: raw FILE FFMPEG_ARGUMENT...; -i among them
raw() {
    name=$1
    shift
    ffmpeg -v quiet "$@" -noautoscale -fps_mode passthrough -pix_fmt yuv420p -f rawvideo "$name"
}

# ---- conformance ----

# usage: decodes NAME MD5
decodes() {
    raw found -backend vulkan -steps 0 -i "$streams/$1.odva"
    echo "$2  found" | md5sum -c -
}
grep -v -e '-10-bits ' "$streams/md5" > listed # which the CPU alone takes
while read -r name steps md5; do
    [ "$steps" -ne 0 ] || check "$name, steps 0" decodes "$name" "$md5"
done < listed

# usage: near_reference FILE STEPS [OPTION...]
near_reference() {
    input=$1 steps=$2
    shift 2
    raw exact -flags +bitexact -steps "$steps" "$@" -i "$input"
    raw found -backend vulkan -steps "$steps" "$@" -i "$input"
    near 55 exact found
}
for name in encoded-6x200 encoded-300x6 encoded-257x131 encoded-skipped-tiles encoded-layers edited-frames \
    random-inter random-inter-sizes; do
    check "$name, steps 1" near_reference "$streams/$name.odva" 1
done
for name in encoded-17x33 encoded-64x80 edited-no-header; do
    check "$name, steps 4" near_reference "$streams/$name.odva" 4
done
check "Heun" near_reference "$small" 2 -sampler heun
check "smoothed clips" near_reference "$streams/edited-frames.odva" 0 -smooth_clips 1

# ---- under the validation layer ----

# What it says goes to a file: of what it finds wrong, and once that it is there.
cat > vk_layer_settings.txt <<EOF
khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG
khronos_validation.report_flags = error,warn,info
khronos_validation.enables = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT
khronos_validation.log_filename = $work/validation
EOF
export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation VK_LAYER_SETTINGS_PATH="$work/vk_layer_settings.txt"

source="testsrc2=size=50x34:rate=25,trim=end_frame=20,format=yuv420p"

# usage: packets FILE OPTION...
packets() {
    name=$1
    shift
    ffmpeg -f lavfi -i "$source" -c:v onedva "$@" -f framemd5 "$name"
}

# usage: same_packets OPTION...
same_packets() {
    packets expected -flags +bitexact "$@" && packets found -backend vulkan "$@" && same expected found
}
check "packets of linear latents" same_packets -preset ultrafast -motion mesh -clip_frames 8
check "packets of key clips" same_packets -preset ultrafast -motion off -g 1 -layers 3 -clip_frames 8

# The network's numbers differ in their last bits, and with them a level here and there.
# usage: size OPTION...; the bytes of all packets
size() { ffmpeg -f lavfi -i "$source" -c:v onedva "$@" -f framemd5 - | awk -F , '!/^#/ { n += $5 } END { print n }'; }
network_packets() {
    expected=$(size -flags +bitexact -adaptive_clips 0) && found=$(size -backend vulkan -adaptive_clips 0) &&
        echo "$found bytes, $expected of the reference" &&
        [ $((100 * (found - expected))) -le "$expected" ] && [ $((100 * (expected - found))) -le "$expected" ]
}
check "packets of the query encoder" network_packets

ffmpeg -f lavfi -i "$source" -c:v onedva -preset ultrafast -clip_frames 8 -flags +bitexact coded.mkv
inter_clips() {
    ffprobe -show_entries packet=flags -of csv=p=0 coded.mkv | grep -c K | grep -x 1 && near_reference coded.mkv 1
}
check "clips that are predicted" inter_clips
seeks() {
    pixels coded.mkv -backend vulkan > whole
    for frame in 3 11 18; do
        pixels coded.mkv -backend vulkan -ss "0.$(printf %03d $((frame * 40)))" > found
        tail -n "+$((frame + 1))" whole > expected
        same expected found || return
    done
}
check "seeking" seeks

# usage: filtered FILE OPTIONS
filtered() {
    ffmpeg -f lavfi -i "$source" -vf "onedva=preset=ultrafast:motion=global:clip_frames=8:steps=0:$2" -f framemd5 "$1"
}
filter() { filtered expected bitexact=1 && filtered found backend=vulkan && same expected found; }
check "filter" filter

nothing_is_wrong() { ! grep -A 3 'ERROR / \|WARN / ' validation; }
if [ -s validation ]; then
    check "the validation layer finds nothing wrong" nothing_is_wrong
else
    left_out "validation" "validation layer of Vulkan"
fi
unset VK_INSTANCE_LAYERS VK_LAYER_SETTINGS_PATH

# ---- which device ----

# usage: runs_on PATTERN FFMPEG_ARGUMENT...; says so with -v verbose
runs_on() {
    pattern=$1
    shift
    "$ONEDVA_BIN/ffmpeg" -nostdin -v verbose "$@" -f null - 2>&1 | grep -a '^\[\(Parsed_\)\{0,1\}onedva' | grep -a "$pattern"
}
check "device 0, decoder" runs_on 'all operators run on backend vulkan: device 0, ' -backend vulkan -device 0 -i "$small"
check "the first device, encoder" runs_on 'all operators run on backend vulkan: device ' \
    -i "$small" -c:v onedva -backend vulkan
check "the CPU, where it is asked for" runs_on 'all operators run on backend cpu: ' -backend cpu -i "$small"
check "the CPU, for bitexact" runs_on 'all operators run on backend cpu: c, ' -flags +bitexact -i "$small"
check "a device that there is not" refuses 'device 15 does not exist; there is 0 \(' -backend vulkan -device 15 \
    -i "$small" -f null -
check "vulkan and bitexact" refuses 'use -backend cpu with it' -backend vulkan -flags +bitexact -i "$small" -f null -

# Drivers are named by what there is not.
export VK_ICD_FILENAMES="$work/none.json" VK_DRIVER_FILES="$work/none.json"
check "without a driver" refuses 'vulkan: .*use -backend cpu' -backend vulkan -i "$small" -f null -
automatic() {
    runs_on 'all operators run on backend cpu: ' -i "$small" && ffmpeg -i "$small" -f null - 2> log && [ ! -s log ]
}
check "auto without a driver" automatic
finish
