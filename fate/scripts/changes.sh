#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Streams whose pictures change their size midway, in each container that can say so, and in any by
# headers in packets; sizes above a limit, and the longest sides there are.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: encode FILE SIZE [OPTION...]; 20 frames in packets of 8
encode() {
    encoded=$1 size=$2
    shift 2
    ffmpeg -f lavfi -i "testsrc2=size=$size:rate=25,trim=end_frame=20,format=yuv420p" \
        -c:v onedva -clip_frames 8 -adaptive_clips 0 "$@" "$encoded"
}

# usage: frames FILE [OPTION...] > FILE; size and checksum of each frame, whatever its size. Lines of
# other threads' logs may stand between the two.
frames() {
    input=$1
    shift
    ffmpeg -v info "$@" -i "$input" -noautoscale -vf showinfo -f null - 2>&1 |
        grep -oE ' (s:[0-9]+x[0-9]+|checksum:[0-9A-F]+) ' | sed 's/.*:\(.*\) $/\1/' | paste -d ' ' - -
}

# AVI has no place for a stream header, so it is in the packets, and stays there in copies.
for name in small large; do
    case $name in small) size=66x50 ;; *) size=300x180 ;; esac
    encode $name.odva $size
    encode $name.avi $size
    for container in mkv nut mp4; do
        ffmpeg -i $name.avi -c copy $name.$container
    done
    frames $name.odva > $name.frames
done
cat small.frames large.frames small.frames > expected.frames

# usage: changes CONTAINER; three files in a row by FFmpeg's concat demuxer, headers in packets
changes() {
    printf "file '%s'\n" "small.$1" "large.$1" "small.$1" > list
    for threads in 1 8; do
        frames list -threads $threads -f concat > found && same expected.frames found || return
    done
}
for container in avi mkv nut mp4; do
    check "headers in packets, $container" changes $container
done

cat small.odva large.odva small.odva > joined.odva
joined() {
    for threads in 1 8; do
        frames joined.odva -threads $threads > found && same expected.frames found || return
    done
}
check "files of odva joined by cat" joined

# ffmpeg configures its filters anew: the clip in progress comes out first, and statistics go on.
filtered() {
    ffmpeg -v info -i joined.odva -noautoscale -vf onedva=stats_file=stats,showinfo -f null - 2> log
    grep -c 'Parsed_showinfo.* n: ' log | grep -x 60 || { cat log; return 1; }
    sed -n 's/.* frames:\([0-9]*\) .*/\1/p' stats | awk '{ sum += $1 } END { print sum; exit sum != 60 }' &&
        ! grep 'did not come out' log
}
check "the filter, and its statistics" filtered
check "statistics are begun anew in the next run" filtered

# usage: copied CONTAINER; which cannot say that the size changes, so each packet does
copied() {
    ffmpeg -i joined.odva -c copy -bsf:v onedva_metadata=repeat_headers=1 "copy.$1" &&
        frames "copy.$1" > found && same expected.frames found
}
for container in mkv nut mp4 avi odva; do
    check "joined files copied to $container" copied $container
done
# dump_extra is FFmpeg's own way to say the same.
dumped() {
    ffmpeg -i joined.odva -c copy -bsf:v dump_extra dumped.mkv && frames dumped.mkv > found &&
        same expected.frames found
}
check "joined files copied through dump_extra" dumped
changed_in_side_data() {
    ffmpeg -i joined.odva -c copy -bsf:v onedva_metadata=color_primaries=9:matrix_coefficients=9 changed.odva &&
        frames changed.odva > found && same expected.frames found &&
        [ "$(ffprobe -show_entries frame=color_primaries -of csv=p=0 changed.odva | sed 's/,.*//' | sort -u)" = bt2020 ]
}
check "colours changed in the header of each size" changed_in_side_data

# usage: one_line_each PATTERN PACKETS; the decoder says one thing of each
one_line_each() {
    cat log
    [ "$(grep -c '^\[onedva' log)" -eq "$2" ] && [ "$(grep '^\[onedva' log | grep -c "$1")" -eq "$2" ]
}

# What a refused header begins is left out whole; it must not be taken for the stream before. Clips that
# predict from a clip left out are left out with it.
#
# usage: refused_midway NAME LINES [OPTION...]; the line of each packet refused
refused_midway() {
    name=$1 lines=$2
    shift 2
    encode "$name-small.odva" 66x50 "$@" && encode "$name-large.odva" 300x180 "$@"
    cat "$name-small.odva" "$name-large.odva" "$name-small.odva" > "$name.odva"
    pixels "$name.odva" -max_pixels 10000 > found 2> log
    pixels "$name-small.odva" > once && cat once once > expected.twice
    one_line_each 'limit of 10000 pixels\|header was refused' "$lines" && same expected.twice found
}
check "size above -max_pixels midway: its packets are refused, the others decode" refused_midway key 3 -g 1
check "size above -max_pixels midway, of clips that predict" refused_midway inter 1
refused_at_first() {
    ! ffmpeg -max_pixels 10000 -i large.odva -f null - 2> log && cat log && grep 'Picture size 300x180' log
}
check "size above -max_pixels at the beginning" refused_at_first

# usage: longest SIZE
longest() {
    ffmpeg -f lavfi -i "color=0x406080:size=$1:rate=25,trim=end_frame=3,format=yuv420p" \
        -c:v onedva long.nut &&
        [ "$(ffprobe -show_entries stream=width,height -of csv=p=0:s=x long.nut)" = "$1" ] &&
        [ "$(frames long.nut | grep -c "^$1 ")" -eq 3 ]
}
check "65535x2" longest 65535x2
check "2x65535" longest 2x65535

finish
