#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Writes the inputs that fuzzing the demuxer starts with: .odva files behind settings (fuzz_demuxer.c).
#
# usage: make-odva.sh FOLDER

set -eu

folder=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
export ONEDVA_MODEL=fate/model/onedva-test.safetensors
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# usage: encode NAME SOURCE [OPTION...]
encode() {
    name=$1 source=$2
    shift 2
    build/ffmpeg-check/ffmpeg -hide_banner -nostdin -v error -y -f lavfi -i "$source,format=yuv420p" \
        -threads 1 -c:v onedva -flags +bitexact -adaptive_clips 0 -preset ultrafast -motion off \
        "$@" -f odva "$work/$name"
}

# usage: save NAME SETTINGS FILE...; SETTINGS: seven bytes in octal for printf
save() {
    name=$1 settings=$2
    shift 2
    # shellcheck disable=SC2059 # the format is the bytes
    { printf "$settings" && (cd "$work" && cat "$@"); } > "$folder/$name"
}

encode one testsrc2=size=16x16:rate=5:duration=0.8 -crf 50
encode three testsrc2=size=24x16:rate=25:duration=0.48 -crf 40 -clip_frames 4
encode ntsc testsrc2=size=16x24:rate=30000/1001:duration=0.2 -crf 50 -clip_frames 2
encode late testsrc2=size=16x16:rate=10:duration=0.8,setpts=PTS+3/TB -crf 50 -clip_frames 4 -copyts
head -c -40 "$work/three" > "$work/cut"
build/ffmpeg-check/ffmpeg -nostdin -v error -f odva -i "$work/three" -c copy -bsf:v "setts=ts='if(N,8e18+N,-8e18)'" \
    -f odva - | head -c -40 > "$work/far-times"
build/ffmpeg-check/ffmpeg -nostdin -v error -display_rotation 90 -f odva -i "$work/three" -c copy \
    -bsf:v onedva_metadata=repeat_headers=1 -f odva "$work/turned"

save one '\001\000\000\001\000\377\377' one
save streamed '\004\000\000\001\000\377\377' three
save three '\011\005\000\001\000\011\000' three
save ntsc '\007\002\000\004\000\001\000' ntsc
save late '\003\036\000\050\000\001\000' late
save cut '\005\005\000\001\000\011\000' cut
save far-times '\001\005\000\020\000\011\000' far-times
save two '\011\005\000\020\000\011\000' three ntsc
save cut-first '\001\005\000\020\000\011\000' cut late one
save far '\031\005\000\020\000\377\177' ntsc three ntsc
save turned '\011\005\000\001\000\011\000' turned three
