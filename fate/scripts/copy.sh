#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Stream copy between containers, cutting, concatenation and segments lose no frame.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: encode FILE FRAMES; clips of 16 frames, of which every second one is a keyframe
encode() {
    ffmpeg -f lavfi -i "testsrc2=size=66x50:rate=25,trim=end_frame=$2" -pix_fmt yuv420p \
        -c:v onedva -adaptive_clips 0 -g 32 "$1"
}

encode first.mkv 75
pixels first.mkv > first.pixels
timestamps first.mkv > first.times

previous=first.mkv
for container in mp4 nut mov avi mkv; do
    next=copy.$container
    copies() {
        ffmpeg -i "$previous" -c copy "$next" &&
            pixels "$next" > copy.pixels && same first.pixels copy.pixels &&
            timestamps "$next" > copy.times && same first.times copy.times
    }
    check "copy of $previous to $next" copies
    previous=$next
done

# Frame 55 is the eighth of a clip that is predicted from the one before, the keyframe at 32.
cut_exactly() {
    ffmpeg -ss 2.2 -i copy.mp4 -c copy "cut.$1" && pixels "cut.$1" > cut.pixels &&
        tail -n +56 first.pixels > cut.expected && same cut.expected cut.pixels
}
cut_at_keyframe() {
    ffmpeg -ss 2.2 -i copy.mp4 -c copy "cut.$1" && pixels "cut.$1" > cut.pixels &&
        tail -n +33 first.pixels > cut.expected && same cut.expected cut.pixels
}
check "copy from 2.2 s to mp4 begins at the frame" cut_exactly mp4
check "copy from 2.2 s to mov begins at the frame" cut_exactly mov
check "copy from 2.2 s to mkv begins at the keyframe" cut_at_keyframe mkv
check "copy from 2.2 s to nut begins at the keyframe" cut_at_keyframe nut

# NUT does not say how long the last packet is, so only these join without an overlap.
concatenates() {
    encode "one.$1" 75 && encode "two.$1" 20 &&
        printf 'file one.%s\nfile two.%s\n' "$1" "$1" > list &&
        ffmpeg -f concat -i list -c copy "joined.$1" &&
        pixels "two.$1" | cat first.pixels - > joined.expected &&
        pixels "joined.$1" > joined.pixels && same joined.expected joined.pixels &&
        timestamps "joined.$1" > joined.times && awk '{ printf "%.6f\n", (NR - 1) / 25 }' \
        joined.times > joined.expected && same joined.expected joined.times
}
for container in mkv mp4 mov avi; do
    check "concatenation of two $container files" concatenates $container
done

# What another codec's frames do with times that were changed behind the encoder, One-DVA's do.
ffmpeg -i first.mkv -c:v mpeg4 other.mkv
for container in mp4 nut mov; do
    ffmpeg -i first.mkv -c copy retimed.$container
    ffmpeg -i other.mkv -c copy other.$container
done
cp first.mkv retimed.mkv

# usage: times_in FILE [OPTION...]; of the frames that ffmpeg decodes, with OPTIONs of the input
times_in() {
    file=$1
    shift
    ffmpeg "$@" -i "$file" -fps_mode passthrough -enc_time_base 1/1000 -f framecrc - |
        awk -F ', *' '/^0/ { print $3 }'
}
scaled() {
    times_in "other.$1" -itsscale "$2" > expected && times_in "retimed.$1" -itsscale "$2" > found &&
        [ "$(wc -l < found)" -eq 75 ] && same expected found
}
# usage: rewritten CONTAINER OPTION...; in a copy
rewritten() {
    container=$1
    shift
    for kind in other retimed; do
        ffmpeg "$@" -i $kind.mkv -c copy -f "$container" $kind.copy || return
        times_in $kind.copy > $kind.times
    done
    [ "$(wc -l < retimed.times)" -eq 75 ] && same other.times retimed.times
}
twice='setts=ts=2*TS:duration=2*DURATION'
for container in mkv mp4 nut mov; do
    for scale in 0.5 2; do
        check "$container, frames with -itsscale $scale" scaled $container $scale
    done
done
# NUT and AVI do not say how long a packet is
for container in matroska mp4 mov; do
    check "$container, copy with -itsscale 0.5" rewritten $container -itsscale 0.5
    check "$container, copy with -itsscale 2" rewritten $container -itsscale 2
    check "$container, copy with setts" rewritten $container -bsf:v "$twice"
done

segments() {
    ffmpeg -i first.mkv -c copy -f segment -segment_time 1 segment%d.mkv &&
        for segment in segment?.mkv; do pixels "$segment"; done > segments.pixels &&
        same first.pixels segments.pixels
}
check "segments of 1 s" segments

finish
