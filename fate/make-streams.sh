#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the streams in fate/streams, which decoders must go on to decode as they do, and checks that
# each has the motion it is there for. Only a change of the bitstream or of the test model needs new
# ones; other streams can be added without making these anew. Then run make-references.sh.
#
# usage: make-streams.sh [NAME...]; without a name, all
#
# ONEDVA_BIN  directory of ffmpeg (build/ffmpeg-check)

set -eu

cd "$(dirname "$0")/.."
bin=${ONEDVA_BIN:-build/ffmpeg-check}
names=" $* "
export ONEDVA_MODEL=fate/model/onedva-test.safetensors
[ -x "$bin/ffmpeg" ] || {
    echo "make-streams: there is no $bin/ffmpeg; run make ffmpeg-check first" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p fate/streams

ffmpeg() {
    "$bin/ffmpeg" -hide_banner -nostdin -v error -y -fflags +bitexact "$@"
}

# usage: encode FILE SOURCE [OPTION...]; key clips; SOURCE is a filter graph
encode() {
    file=$1 source=$2
    shift 2
    ffmpeg -filter_complex "$source,format=yuv420p[v]" -map "[v]" -fps_mode passthrough \
        -enc_time_base filter -c:v onedva -flags +bitexact -g 1 -adaptive_clips 0 -clip_duration 0 -clip_packets 1 -crf 30 "$@" \
        -fflags +bitexact "$file"
}

# usage: list_motion FILE; for each packet frames, layers and motion: left, top, right and bottom
# margin in luma samples, reference, points and spacing of the mesh (doc/bitstream.md, 3 and 10)
list_motion() {
    packets=$("$bin/ffprobe" -v error -show_packets -show_data -of default=nw=1 "$1" |
        awk '/^pts=/ { printf "\n" } /^[0-9a-f]+: / { printf "%s", substr($0, 11, 40) }')
    echo "$packets" | tr -d ' ' | while read -r hex; do
        [ -n "$hex" ] || continue
        # shellcheck disable=SC2046 # a list of numbers
        list_packet $(echo "$hex" | head -c 400 | sed 's/../0x& /g')
    done
}

# usage: read_leb; of the bytes in $rest
read_leb() {
    leb=0 shift=0 byte=128
    while [ $byte -ge 128 ]; do
        byte=$((${rest%% *}))
        rest=${rest#* }
        leb=$((leb | (byte & 127) << shift))
        shift=$((shift + 7))
    done
}

list_packet() {
    flags=$(($2 & 15)) frames=$((($5 >> 4) + 1)) layers=$((($5 & 15) + 1))
    shift $((flags & 8 ? 7 : 6))
    rest="$*"
    if [ $((flags & 1)) -ne 0 ]; then
        read_leb
        rest=$(echo "$rest" | cut -d ' ' -f "$((leb + 1))-")
    fi
    if [ $((flags & 2)) -ne 0 ]; then
        for _ in $(seq $frames); do read_leb; done
    fi
    motion=off
    if [ $((flags & 4)) -ne 0 ]; then
        read_leb
        # shellcheck disable=SC2086 # a list of numbers
        set -- $rest
        motion="margins $((2 * $1)) $((2 * $2)) $((2 * $3)) $((2 * $4)) reference $(($5 >> 4))"
        motion="$motion points $(($5 & 15)) spacing $((($7 >> 4) > 0 ? 8 << ($7 >> 4) : 0))"
    fi
    echo "frames $frames layers $layers $motion"
}

# usage: expect NAME PATTERNS; each matches a packet of the stream
expect() {
    list_motion "fate/streams/$1.nut" > "$work/motion"
    echo "$2" | tr ';' '\n' | while read -r pattern; do
        grep -q -x -E "$pattern" "$work/motion" || {
            echo "make-streams: no packet of $1.nut is \"$pattern\"; they are:" >&2
            cat "$work/motion" >&2
            exit 1
        }
    done
    echo "$1: $(wc -l < "$work/motion") packets, $(wc -c < "fate/streams/$1.nut") bytes"
}

# usage: wanted NAME; whether it was asked for
wanted() {
    case $names in "  " | *" $1 "*) ;; *) return 1 ;; esac
}

# usage: stream NAME "PATTERN;..." SOURCE [OPTION...]
stream() {
    name=$1 patterns=$2
    shift 2
    wanted "$name" || return 0
    encode "fate/streams/$name.nut" "$@"
    expect "$name" "$patterns"
}

# usage: pan SIZE X Y FRAMES; a window of SIZE at (X, Y) of a still, in each frame n
pan() {
    echo "$still,crop=$1:x='$2':y='$3':exact=1,trim=end_frame=$4"
}
held="trim=end_frame=1,loop=-1:1:0,setpts=N"
still="mandelbrot=size=320x240:rate=25:start_scale=0.5,$held"
chart="testsrc2=size=320x240:rate=25,$held"
rotation="$chart,rotate=0.01*n"
zoom="mandelbrot=rate=25:start_scale=0.5:end_scale=0.05:end_pts=40"
parts="$(pan 120:160 2*n n 16)[a];$(pan 120:160 60-n 30-n 16)[b];[a][b]hstack"
scenes="$rotation,crop=130:98,trim=end_frame=11[a];$zoom:size=130x98,trim=end_frame=23[b];\
$(pan 130:98 2*n n 8)[c];[a][b][c]concat=n=3"
side="[1-9][0-9]*" some="margins( [1-9][0-9]*){4}"

stream off "frames 16 .* off;frames 4 .* off" "$(pan 130:98 2*n n 20)" -motion off
stream pan "frames 8 .* $some reference 4 points 1 spacing 0" "$(pan 144:96 8*n 4*n 12)" \
    -motion global -clip_frames 8
stream zoom ".* $some reference 8 points 2 spacing 0" "$zoom:size=144x96,trim=end_frame=16" \
    -motion global
stream rotation ".* $some reference 8 points 2 spacing 0" \
    "$rotation,crop=176:144,trim=end_frame=16" -motion global
stream mesh ".* reference 8 points . spacing 32" "$parts" -motion mesh
stream margins ".* margins $side 0 0 0 .*;.* margins 0 $side 0 0 .*;.* margins 0 0 $side 0 .*;\
.* margins 0 0 0 $side .*" "$(pan 144:96 '96+8*(eq(n,1)-eq(n,3))' '64+8*(eq(n,5)-eq(n,7))' 8)" \
    -motion global -clip_frames 2
stream wide-margins ".* margins (.* )?12[0-9] .*" "$(pan 64:48 16*n 12*n 16)" -motion global

stream 201x133 ".* $some .* spacing 32" "$rotation,crop=201:133:x=n:y=n:exact=1,trim=end_frame=16" \
    -motion mesh
stream 37x35 ".* $some .* spacing 0" "$(pan 37:35 2*n n 16)" -motion global
stream 300x6 ".* spacing 32" "$(pan 300:6 n 0 16)" -motion mesh
stream 2x2 ".* spacing 32" "$(pan 2:2 n n 16)" -motion mesh
stream 1x1 ".* spacing 32" "$(pan 1:1 n n 16)" -motion mesh

stream passes ".* layers 6 .* spacing 32" "$parts" -motion mesh -layers 6 -crf 10
stream durations "frames 16 .* spacing 0" "$(pan 96:64 2*n n 18),settb=1/1000000,\
setpts='1001*N*N+gte(N\,5)*3e9+gte(N\,17)*6e9'" -motion global
stream scenes ".* off;.* spacing 32" "$scenes" -motion auto -adaptive_clips 1
stream finest ".* spacing 32" "$(pan 130:98 2*n n 5)" -motion mesh -crf 0 -preset slow
stream coarsest ".* spacing 32" "$parts" -motion mesh -crf 63 -preset ultrafast

# What is left of packets with layers in the midst of a refinement, and behind one.
if wanted cut; then
    for layers in 3 4; do
        ffmpeg -i fate/streams/passes.nut -c copy -bsf:v "onedva_truncate=layers=$layers" \
            -fflags +bitexact "$work/cut$layers.nut"
        echo "file cut$layers.nut" >> "$work/cuts"
    done
    ffmpeg -f concat -i "$work/cuts" -c copy -fflags +bitexact fate/streams/cut.nut
    expect cut ".* layers 3 .* spacing 32;.* layers 4 .* spacing 32"
fi

# The header is in each packet where the container wants none of its own.
if wanted headers; then
    encode "$work/headers.avi" "$(pan 96:64 2*n n 20)" -motion global
    ffmpeg -i "$work/headers.avi" -c copy -fflags +bitexact fate/streams/headers.nut
    expect headers "frames 16 .* spacing 0;frames 4 .* spacing 0"
fi

# A packet for each frame.
if wanted frames; then
    encode fate/streams/frames.nut "$(pan 96:64 2*n n 20)" -motion global -layers 3 -clip_packets 0
    echo "frames: $(wc -c < fate/streams/frames.nut) bytes"
fi

# By the model that is shipped.
if wanted shipped/parts; then
    mkdir -p fate/streams/shipped
    encode fate/streams/shipped/parts.nut "$parts" -motion mesh -crf 40 \
        -model models/onedva-tiny.safetensors
    expect shipped/parts ".* spacing 32"
fi

# One clip of each length.
if wanted lengths; then
    for frames in $(seq 16); do
        encode "$work/$frames.mkv" "$(pan 130:98 2*n n "$frames")" -motion mesh
        echo "file $frames.mkv" >> "$work/list"
    done
    ffmpeg -f concat -i "$work/list" -c copy -fflags +bitexact fate/streams/lengths.nut
    expect lengths "frames 1 .* off$(seq -f ';frames %.0f .* spacing 32' -s '' 2 16)"
fi
