#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the filter shows instead of the reconstruction: its error, the tiles and their lengths, the source
# beside it, the mesh.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: take_depth BITS; sources of so many bits, whose samples have so many bytes, and so many steps for one
# of 8 bits
take_depth() {
    depth=$1
    case $depth in
    8) format=yuv420p bytes=1 steps=1 ;;
    10) format=yuv420p10 bytes=2 steps=4 ;;
    esac
    even="testsrc2=size=200x150:rate=25,trim=end_frame=20,format=$format"
    odd="testsrc2=size=144x92:rate=25,trim=end_frame=20,format=$format,crop=141:89:exact=1"
    # A picture of 16x16 samples is one tile: flat grey, a pattern, the pattern with noise.
    flat="color=gray:size=16x16:rate=25,trim=end_frame=16,format=$format"
    drawn="testsrc2=size=64x64:rate=25,trim=end_frame=1,loop=15:1:0,setpts=N/25/TB,crop=16:16:24:24,format=yuv420p"
    noisy="$drawn,noise=alls=60:allf=t:all_seed=1,format=$format"
    drawn=$drawn,format=$format
    pan="testsrc2=size=320x240,trim=end_frame=1,loop=11:1:0,setpts=N/25/TB,crop=192:128:x='8+4*n':y=40,format=$format"
}

# usage: shows SOURCE FILTERS > FILE; the md5 of each frame
shows() {
    ffmpeg -f lavfi -i "$1" -lavfi "$2" -f framemd5 - | sed -n 's/^0,.*, //p'
}

diff_of() {
    error="clip($((128 * steps))+4*(y-x),0,$((256 * steps - 1)))"
    shows "$1" onedva=crf=30:show=diff > shown
    shows "$1" "split[a][b];[b]onedva=crf=30[c];[a][c]lut2='$error':'$error':'$error'" > expected
    same expected shown
}

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
side_disabled() {
    shows "$even" "onedva=show=side:enable='gte(n,5)',trim=end_frame=5" > shown
    shows "$even" "trim=end_frame=5,split[a][b];[a][b]hstack" > expected
    same expected shown
}

# usage: samples FILE OFFSET COUNT; values, one a line
samples() {
    od -An -v -tu"$bytes" -w"$bytes" -j $(($2 * bytes)) -N $(($3 * bytes)) "$1" | tr -d ' '
}

# usage: shown_and_not CRF SOURCE; leaves the first frames in tokens.yuv and recon.yuv, and the stats in map
shown_and_not() {
    for show in recon tokens; do
        ffmpeg -f lavfi -i "$2" -vf "onedva=crf=$1:motion=off:adaptive_clips=0:show=$show:stats_file=map" \
            -frames:v 1 -f rawvideo $show.yuv || return
    done
}

# The scale has five colours, logarithmically, to the test model's 512 tokens of 128x128 samples with all detail, of
# which the tile may have 256 coefficients.
shows_lengths() {
    for tile in "40 $flat" "30 $drawn" "10 $noisy"; do
        shown_and_not "${tile%% *}" "${tile#* }" && [ "$(samples tokens.yuv 256 128 | sort -u | wc -l)" -le 2 ] || return
        echo "$(sed 's/.* map://' map)" "$(samples tokens.yuv 292 1)" "$(samples tokens.yuv 356 1)" \
            "$(samples tokens.yuv 136 1)" "$(samples recon.yuv 136 1)"
    done > colours
    cat colours
    awk -v steps="$steps" '
        function colour(values, kept,    place, i, v) {
            split(values, v)
            place = 4 * log(1 + 512 * kept / 256) / log(1 + 512)
            i = place < 3 ? int(place) : 3
            return steps * int(v[i + 1] + (place - i) * (v[i + 2] - v[i + 1]) + 0.5)
        }
        {
            wrong = wrong || $2 != colour("176 150 95 50 99", $1) ||
                $3 != colour("116 75 92 149 207", $1) || (NR > 1 && $1 <= kept) ||
                $4 != int(($5 + colour("62 106 143 193 92", $1)) / 2)
            kept = $1
        }
        END { exit wrong || NR != 3 }' colours
}

# A square of 16x16 samples with lines above and on the left, or the picture's end, is a tile's first one.
encloses_tiles() {
    shown_and_not 20 "testsrc2=size=300x140:rate=25,trim=end_frame=16,format=$format" || return
    samples tokens.yuv 0 $((300 * 140)) > shown
    samples recon.yuv 0 $((300 * 140)) | paste - shown | awk -v tiles="$(sed 's/.* tiles:\([0-9,]*\).*/\1/' map)" '
        $2 == int($1 / 2) { line[NR - 1] = 1 }
        END {
            for (y = 0; y < 140; y += 16)
                for (x = 0; x < 300; x += 16)
                    found += (y == 0 || line[300 * y + x + 8]) && (x == 0 || line[300 * (y + 8) + x])
            split(tiles, count, ",")
            print found, tiles
            exit found <= 6 || found != count[1] + count[2] + count[3] + count[4]
        }'
}

# usage: colours_of_pan MOTION; those of its first and of its last frame, of two colours or more
colours_of_pan() {
    ffmpeg -f lavfi -i "$pan" -vf "onedva=motion=$1:crf=50:adaptive_clips=0:show=tokens" \
        -f rawvideo pan.yuv || return
    samples pan.yuv $((192 * 128)) $((96 * 64)) > first
    samples pan.yuv $((192 * 128 * 3 / 2 * 11 + 192 * 128)) $((96 * 64)) > last
    [ "$(sort -u first | wc -l)" -ge 2 ]
}
tiles_rest() {
    colours_of_pan off && same first last
}
tiles_move() {
    colours_of_pan global && ! same first last > changed && [ -s changed ]
}

# usage: draws MOTION LEAST MOST; so many bytes in 1000 of the pan are not the reconstruction's
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

for depth in 8 10; do
    take_depth $depth
    check "$depth bits, show=diff is 128 + 4 (picture - source)" diff_of "$even"
    check "$depth bits, show=diff, odd size" diff_of "$odd"
    check "$depth bits, show=side: the source, then the reconstruction" side_by_side "$even" 200 150
    check "$depth bits, show=side, odd size: a column between them" side_by_side "$odd" 141 89
    check "$depth bits, show=side where the timeline disables it: the source twice" side_disabled
    check "$depth bits, show=tokens: colours are the lengths of the stats file" shows_lengths
    check "$depth bits, show=tokens: lines enclose the tiles of the stats file" encloses_tiles
    check "$depth bits, show=tokens: tiles rest without motion" tiles_rest
    check "$depth bits, show=tokens: tiles move with the content" tiles_move
    check "$depth bits, show=mesh without motion draws nothing" draws off 0 0
    check "$depth bits, show=mesh draws global motion" draws global 20 400
    check "$depth bits, show=mesh draws a mesh" draws mesh 20 400
done

finish
