#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# onedva_metadata: headers are printed, and their colour fields changed, without a model.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# Containers with the stream header in their own, and with one in each packet.
for container in mkv mp4 avi; do
    ffmpeg -f lavfi -i "testsrc2=size=66x50:rate=25,trim=end_frame=40" -pix_fmt yuv420p \
        -c:v onedva -adaptive_clips 0 -g 1 -layers 3 "video.$container"
done

# usage: change INPUT OPTIONS OUTPUT
change() {
    ffmpeg -i "$1" -c copy -bsf:v "onedva_metadata=$2" "$3"
}

# usage: colours FILE; of the first frame that is decoded
colours() {
    ffprobe -show_entries frame=color_range,color_space,color_primaries,color_transfer,chroma_location \
        -read_intervals "%+#1" -of csv=p=0 "$1" | head -n 1
}

# usage: changes CONTAINER
changes() {
    change "video.$1" color_range=pc:color_primaries=9:transfer_characteristics=16:\
matrix_coefficients=9:chroma_location=topleft "changed.$1" && colours "changed.$1" &&
        [ "$(colours "changed.$1")" = "pc,bt2020nc,bt2020,smpte2084,topleft" ] &&
        pixels "video.$1" > expected.pixels && pixels "changed.$1" > found.pixels &&
        same expected.pixels found.pixels
}
for container in mkv mp4 avi; do
    check "colours of $container" changes $container
done

one_field() {
    change changed.mkv color_range=tv other.mkv && colours other.mkv &&
        [ "$(colours other.mkv)" = "tv,bt2020nc,bt2020,smpte2084,topleft" ]
}
check "a field alone, the others stay" one_field

nothing_changes() {
    for container in mkv avi; do
        change "video.$container" print=0 "same.$container" &&
            ffmpeg -i "video.$container" -c copy -f framemd5 expected &&
            ffmpeg -i "same.$container" -c copy -f framemd5 found && same expected found || return 1
    done
}
check "without options packets stay" nothing_changes

# 16, 16 and 8 frames; three layers of halved steps.
prints() {
    ffmpeg -v info -i "video.$1" -c copy -bsf:v onedva_metadata=print=1 -f null - 2> log
    sed -n 's/^\[onedva_metadata[^]]*\] //p' log > printed && cat printed &&
        [ "$(grep -c '^stream: model [0-9a-f]*, 66x50, ' printed)" -ge "$2" ] &&
        [ "$(grep -c '^packet at .* 16 frames' printed)" -eq 2 ] &&
        [ "$(grep -c '^packet at .* 8 frames' printed)" -eq 1 ] &&
        [ "$(grep -c 'layer 0: qidx 6, tokens 0 to .*layer 1: qidx -2, .*layer 2: qidx -10, ' printed)" -eq 3 ]
}
check "headers are printed" prints mkv 1
check "headers are printed, the stream's with each packet" prints avi 3

# usage: says PATTERN OPTIONS
says() {
    ! change video.mkv "$2" x.mkv 2> log && cat log && grep -q "$1" log
}
check "value out of range" says "Value 256.0.* for parameter 'color_primaries' out of range" \
    color_primaries=256
check "name that does not exist" says 'Unable to parse .*option value "blue"' color_range=blue

damaged() {
    ffmpeg -i video.mkv -c copy -bsf:v "noise=amount='if(eq(n,1),1,0)'" damaged.mkv &&
        ffmpeg -v warning -i damaged.mkv -c copy -bsf:v onedva_metadata=color_range=pc x.mkv 2> log
    cat log
    [ "$(grep -c 'packet of .* bytes is passed on as it is' log)" -eq 1 ]
}
check "a damaged packet is passed on" damaged

finish
