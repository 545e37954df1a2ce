#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Colour properties and the sample aspect ratio come back from every container, also from those
# that have no field for them.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

fields=color_range,color_space,color_transfer,color_primaries,chroma_location,sample_aspect_ratio

# usage: describe stream|frame FILE; what its stream or all its frames say
describe() {
    ffprobe -show_entries "$1=$fields" -of default=nw=1 "$2" | sort -u
}

# usage: keeps CONTAINER RANGE MATRIX TRANSFER PRIMARIES LOCATION SAR
keeps() {
    file=properties.$1
    ffmpeg -f lavfi -i "testsrc2=size=66x50,trim=end_frame=3,format=yuv420p,setsar=$7,\
setparams=range=$2:colorspace=$3:color_trc=$4:color_primaries=$5:chroma_location=$6" \
        -c:v onedva "$file" || return
    printf '%s\n' color_range="$2" color_space="$3" color_transfer="$4" color_primaries="$5" \
        chroma_location="$6" sample_aspect_ratio="$(echo "$7" | tr / :)" | sort > expected
    describe stream "$file" > found
    same expected found && describe frame "$file" > found && same expected found
}

for container in mkv mp4 mov nut avi; do
    check "$container, BT.709" keeps $container tv bt709 bt709 bt709 left 1/1
    check "$container, BT.601 NTSC, SAR 10/11" \
        keeps $container tv smpte170m smpte170m smpte170m topleft 10/11
    check "$container, BT.2020 HLG full range, SAR 4/3" \
        keeps $container pc bt2020nc arib-std-b67 bt2020 center 4/3
done

# usage: fields CONTAINER MODE INTERLACED TOP_FIRST; frames say what the container says, the log that they
# were coded as one picture
fields() {
    ffmpeg -v warning -f lavfi -i "testsrc2=size=66x50,trim=end_frame=20,format=yuv420p,setparams=field_mode=$2" \
        -c:v onedva "fields.$1" 2> log || return
    cat log
    [ "$(grep -c 'both fields are coded as one progressive picture' log)" -eq "$3" ] || return
    ffprobe -show_entries frame=interlaced_frame,top_field_first -of csv=p=0 "fields.$1" | sort | uniq -c |
        tr -s ' ' > found
    echo " 20 $3,$4" > expected
    same expected found
}
for container in mkv mov; do
    check "$container, top field first" fields $container tff 1 1
    check "$container, bottom field first" fields $container bff 1 0
    check "$container, progressive" fields $container prog 0 0
done
filtered_fields() {
    ffmpeg -v warning -f lavfi -i "testsrc2=size=66x50,trim=end_frame=40,format=yuv420p,setparams=field_mode=tff" \
        -vf onedva -f null - 2> log
    cat log
    [ "$(grep -c 'both fields are coded as one progressive picture' log)" -eq 1 ]
}
check "the filter says so, too" filtered_fields

full_range() {
    ffmpeg -f lavfi -i "testsrc2=size=66x50,trim=end_frame=3,scale=out_range=full,format=yuvj420p" \
        -c:v onedva range.mkv &&
        describe frame range.mkv | grep -x color_range=pc
}
check "yuvj420p input stays full range" full_range

finish
