#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Packets lost, sent twice, out of order, with bit errors and damaged at random: each packet that no
# fault has hit decodes to the same frames, and what rests on one that a fault has hit is marked.
# Needs the build directory of FFmpeg in ONEDVA_BIN.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

"$root/fate/api/build.sh" damage damage || exit 1

# usage: encode FILE [OPTION...]; 100 clips
encode() {
    file=$1
    shift
    ffmpeg -f lavfi -i "testsrc2=size=66x50:rate=25,trim=end_frame=800,format=yuv420p" \
        -c:v onedva -clip_frames 8 -adaptive_clips 0 "$@" "$file"
}
encode one.nut -layers 1 -motion mesh -g 1
encode four.nut -layers 4 -crf 10 -g 1
encode inter.nut -g 40

check "one layer, linear" ./damage one.nut 3 steps=0
check "four layers, packets read ahead" ./damage four.nut 3 steps=0:threads=4
check "clips that are predicted" ./damage inter.nut 3 steps=0
check "clips that are predicted, packets read ahead" ./damage inter.nut 3 steps=0:threads=4
check "clips that are predicted, network" ./damage inter.nut 1 steps=1
check "four layers, network, diffusion" ./damage four.nut 1 steps=2
check "smoothed clips differ in four frames after a fault" ./damage four.nut 3 steps=0:smooth_clips=1

# One packet, as a player meets it: nothing stops, and what it holds alone is not there.
# usage: plays_to_the_end LINES OPTIONS; without these lines of the frames, behind the bitstream filter "noise"
plays_to_the_end() {
    ffmpeg -i one.nut -c copy -bsf:v "noise=$2" bad.nut && pixels one.nut > expected &&
        pixels bad.nut > found 2> log || return
    cat log
    [ "$(grep -c '^\[onedva' log)" -eq 1 ] && sed -i "$1d" expected && same expected found
}
check "packet of a clip damaged: plays to the end, one line, one clip lost" \
    plays_to_the_end 329,336 'amount=eq(n\,328)'
check "packet of a clip missing: one line, one clip lost" plays_to_the_end 329,336 'amount=0:drop=eq(n\,328)'
check "packet of a frame damaged: one line, one frame lost" plays_to_the_end 331 'amount=eq(n\,330)'
one_frame_missing() {
    ffmpeg -i one.nut -c copy -bsf:v 'noise=amount=0:drop=eq(n\,330)' bad.nut && pixels one.nut > expected &&
        pixels bad.nut > found 2> log && [ ! -s log ] && sed -i 331d expected && same expected found
}
check "packet of a frame missing: one frame lost" one_frame_missing

check "bit errors in a whole .odva file cost its packets, nothing is wrong, and other clips are shown by chance alone" \
    python3 "$root/fate/damaged_files.py" "$ONEDVA_BIN/ffmpeg" "$work/one.nut" 5 odva

finish
