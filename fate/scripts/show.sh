#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the filter shows instead of the reconstruction: its error, the lengths of tiles, the source
# beside it, the mesh.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

even="testsrc2=size=200x150:rate=25,trim=end_frame=20,format=yuv420p"
odd="testsrc2=size=144x92:rate=25,trim=end_frame=20,format=yuv420p,crop=141:89:exact=1"

# usage: shows SOURCE FILTERS > FILE; the md5 of each frame
shows() {
    ffmpeg -f lavfi -i "$1" -lavfi "$2" -f framemd5 - | sed -n 's/^0,.*, //p'
}

diff_of() {
    error="clip(128+4*(y-x),0,255)"
    shows "$1" onedva=crf=30:show=diff > shown
    shows "$1" "split[a][b];[b]onedva=crf=30[c];[a][c]lut2='$error':'$error':'$error'" > expected
    same expected shown
}
check "show=diff is 128 + 4 (picture - source)" diff_of "$even"
check "show=diff, odd size" diff_of "$odd"

# usage: side_by_side SOURCE WIDTH HEIGHT; the right picture begins at the next even column
side_by_side() {
    right=$((($2 + 1) / 2 * 2))
    shows "$1" null > source
    shows "$1" onedva=crf=30 > recon
    shows "$1" "onedva=crf=30:show=side,crop=$2:$3:0:0:exact=1" > left
    shows "$1" "onedva=crf=30:show=side,crop=$2:$3:$right:0:exact=1" > shown
    ffmpeg -f lavfi -i "$1" -vf onedva=show=side,showinfo -v info -frames:v 1 -f null - 2>&1 |
        grep " s:$((right + $2))x$3 " && same source left && same recon shown
}
check "show=side: the source, then the reconstruction" side_by_side "$even" 200 150
check "show=side, odd size: a column between them" side_by_side "$odd" 141 89
side_disabled() {
    shows "$even" "onedva=show=side:enable='gte(n,5)',trim=end_frame=5" > shown
    shows "$even" "trim=end_frame=5,split[a][b];[a][b]hstack" > expected
    same expected shown
}
check "show=side where the timeline disables it: the source twice" side_disabled

# usage: samples FILE OFFSET COUNT; values, one a line
samples() {
    od -An -v -tu1 -w1 -j "$2" -N "$3" "$1" | tr -d ' '
}

# Tiles of 128x128 samples: flat grey, a pattern, the pattern with noise. Chroma has 192x64.
tiles="color=gray:size=128x128:rate=25,trim=end_frame=16,format=yuv420p[flat];\
testsrc2=size=256x128:rate=25,trim=end_frame=1,loop=15:1:0,setpts=N/25/TB,split[a][b];\
[a]crop=128:128:0:0,format=yuv420p[drawn];\
[b]crop=128:128:128:0,format=yuv420p,noise=alls=40:all_seed=1[noisy];[flat][drawn][noisy]hstack=3"
luma=$((384 * 128)) chroma=$((192 * 64))

# usage: colours_of_tiles > FILE; for each tile, in its middle: tokens, U, V, Y, Y as reconstructed
colours_of_tiles() {
    for tile in 0 1 2; do
        middle=$((luma + 192 * 32 + 64 * tile + 32))
        echo "$(sed 's/.* map://' map | cut -d, -f$((tile + 1)))" \
            "$(samples tokens.yuv $middle 1)" "$(samples tokens.yuv $((middle + chroma)) 1)" \
            "$(samples tokens.yuv $((384 * 64 + 128 * tile + 64)) 1)" \
            "$(samples recon.yuv $((384 * 64 + 128 * tile + 64)) 1)"
    done
}

# The scale has five colours from no token to the test model's 64, logarithmically.
shows_lengths() {
    for show in recon tokens; do
        ffmpeg -f lavfi -i "$tiles" \
            -vf "onedva=crf=20:motion=off:adaptive_clips=0:show=$show:stats_file=map" \
            -frames:v 1 -f rawvideo $show.yuv || return
    done
    colours_of_tiles > colours
    cat map colours
    [ "$(samples tokens.yuv $luma $chroma | sort -u | wc -l)" -eq 3 ] && awk '
        function colour(values, tokens,    place, i, v) {
            split(values, v)
            place = 4 * log(1 + tokens) / log(1 + 64)
            i = int(place)
            return int(v[i + 1] + (place - i) * (v[i + 2] - v[i + 1]) + 0.5)
        }
        {
            wrong = wrong || $2 != colour("176 150 95 50 99", $1) ||
                $3 != colour("116 75 92 149 207", $1) || $1 <= tokens ||
                $4 != int(($5 + colour("62 106 143 193 92", $1)) / 2)
            tokens = $1
        }
        END { exit wrong || NR != 3 }' colours
}
check "show=tokens: colours are the lengths of the stats file" shows_lengths

pan="testsrc2=size=320x240,trim=end_frame=1,loop=11:1:0,setpts=N/25/TB,\
crop=192:128:x='8+4*n':y=40,format=yuv420p"

# usage: colours_of_pan MOTION; those of its first and of its last frame, of two colours or more
colours_of_pan() {
    ffmpeg -f lavfi -i "$pan" -vf "onedva=motion=$1:crf=20:adaptive_clips=0:show=tokens" \
        -f rawvideo pan.yuv || return
    samples pan.yuv $((192 * 128)) $((96 * 64)) > first
    samples pan.yuv $((192 * 128 * 3 / 2 * 11 + 192 * 128)) $((96 * 64)) > last
    [ "$(sort -u first | wc -l)" -ge 2 ]
}
tiles_rest() {
    colours_of_pan off && same first last
}
check "show=tokens: tiles rest without motion" tiles_rest
tiles_move() {
    colours_of_pan global && ! same first last > changed && [ -s changed ]
}
check "show=tokens: tiles move with the content" tiles_move

# usage: draws MOTION LEAST MOST; so many samples in 1000 of the pan are not the reconstruction's
# with show=mesh
draws() {
    for show in recon mesh; do
        ffmpeg -f lavfi -i "$pan" -vf "onedva=motion=$1:crf=20:adaptive_clips=0:show=$show" \
            -f rawvideo $show.yuv || return
    done
    cmp -l recon.yuv mesh.yuv | wc -l |
        awk -v least="$2" -v most="$3" -v size="$(wc -c < recon.yuv)" '
            { share = 1000 * $1 / size; print share; exit !(share >= least && share <= most) }'
}
check "show=mesh without motion draws nothing" draws off 0 0
check "show=mesh draws global motion" draws global 20 400
check "show=mesh draws a mesh" draws mesh 20 400

finish
