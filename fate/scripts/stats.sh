#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the filter says of each frame (metadata) and of each clip (stats_file) is what encoding to a
# file gives.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

source="testsrc2=size=300x140:rate=25,trim=end_frame=37,format=yuv420p"

# usage: filtered FILTER_OPTIONS; leaves each frame's metadata in the file metadata, lines in stats
filtered() {
    ffmpeg -f lavfi -i "$source" -vf "onedva=stats_file=stats:$1,metadata=print:file=metadata" \
        -f null - && cat stats
}

# usage: values KEY; the metadata of each frame
values() {
    sed -n "s/^lavfi\.onedva\.$1=//p" metadata
}

# usage: column KEY; of the stats file
column() {
    sed "s/.*\<$1:\([^ ]*\).*/\1/" stats
}

# usage: agrees FILTER_OPTIONS ENCODER_OPTIONS; with the bits, time and frames of each clip's packets
# shellcheck disable=SC2086
agrees() {
    filtered "$1" && ffmpeg -f lavfi -i "$source" -c:v onedva $2 coded.nut || return
    ffprobe -show_entries packet=pts_time,size -of csv=p=0 coded.nut | awk -F, '
        function line() { if (NR > 1) print start "," size }
        $2 > 3 { line(); start = $1; size = 0 }
        { size += $2 }
        END { line() }' > packets
    cut -d, -f2 packets | awk '{ print 8 * $1 }' > bits
    column bits | same bits - || return
    awk -F, '{ print $1 + 0 }' packets > starts
    column pts_time | awk '{ print $1 + 0 }' | same starts - || return
    [ "$(values bits | awk '{ sum += $1 } END { print sum }')" -eq \
        "$(awk '{ sum += $1 } END { print sum }' bits)" ] || return
    [ "$(values bits | wc -l)" -eq 37 ] && values clip_bits | uniq > clip_bits &&
        uniq bits | same clip_bits - &&
        [ "$(column frames | awk '{ sum += $1 } END { print sum }')" -eq 37 ]
}
check "bits, times and frames are those of clips" agrees crf=25 "-crf 25"
check "bits of clips of 5 frames" agrees crf=40:clip_frames=5 "-crf 40 -clip_frames 5"
check "bits at a bitrate" agrees b=80k:layers=3 "-b:v 80k -layers 3"
check "bits where the decoder drops tokens" agrees crf=25:max_tokens=2:steps=0 "-crf 25"

# A frame's share differs from the others' by a bit at most.
even_shares() {
    filtered crf=25:adaptive_clips=0 && values bits | awk '
        NR % 16 == 1 { first = $1 }
        $1 < first - 1 || $1 > first + 1 { wrong = 1 }
        END { exit wrong || NR != 37 }'
}
check "bits are shared evenly" even_shares

# The map has a row for each row of superblocks, and its numbers add up to the clip's coefficients.
maps_add_up() {
    filtered crf=20:motion=off:adaptive_clips=0 || return
    column map | awk -F '[,|]' '
        $0 !~ /^[0-9]+,[0-9]+,[0-9]+\|[0-9]+,[0-9]+,[0-9]+$/ { exit 1 }
        { print $1 + $2 + $3 + $4 + $5 + $6 }' > sums || return
    [ "$(column superblocks | sort -u)" = 3x2 ] && [ "$(wc -l < sums)" -eq 3 ] &&
        column coefficients | same sums - && values coefficients | uniq | same sums -
}
check "maps add up to the coefficients" maps_add_up

# A picture of 19x9 squares of 16 samples in 3x2 superblocks, which its end cuts.
tiles_cover() {
    filtered crf=20:motion=off:adaptive_clips=0 && column tiles | awk -F , '
        !/^[0-9]+,[0-9]+,[0-9]+,[0-9]+$/ { exit wrong = 1 }
        { squares = 64 * $1 + 16 * $2 + 4 * $3 + $4 }
        squares < 19 * 9 || squares > 64 * 6 || $1 + $2 + $3 + $4 <= 6 { exit wrong = 1 }
        END { exit wrong || NR != 3 }'
}
check "tiles of all sizes cover the picture" tiles_cover

limited() {
    filtered crf=10:tokens=5:clip_frames=8 &&
        column map | tr '|,' '\n\n' | awk '$1 > 5 * 32 { wrong = 1 } $1 > 2 * 32 { found = 1 }
            END { exit wrong || !found }'
}
check "maps keep to a limit of tokens" limited

quantiser() {
    filtered crf=33:g=1 && [ "$(values qidx | sort -u)" = -7 ] && [ "$(column qidx | sort -u)" = -7 ]
}
check "quantiser index" quantiser

# usage: quality FILTER_OPTIONS; psnr_y is what the psnr filter says of the same frames
quality() {
    ffmpeg -f lavfi -i "$source" -lavfi "split[a][b];\
[b]onedva=stats_file=stats:$1[c];[c][a]psnr,metadata=print:file=metadata" -f null - || return
    sed -n 's/^lavfi.psnr.psnr.y=//p' metadata > expected
    values psnr_y | paste - expected | awk '
        $1 == "" || $1 - $2 > 0.0001 || $2 - $1 > 0.0001 { print; wrong = 1 }
        END { exit wrong || NR != 37 }' || return
    # a clip's is that of the mean error of its frames
    column frames | awk '{ for (i = 0; i < $1; i++) print NR }' | paste - expected | awk '
        { mse[$1] += 10 ^ (-$2 / 10); frames[$1]++; clips = $1 }
        END { for (i = 1; i <= clips; i++) print -10 * log(mse[i] / frames[i]) / log(10) }' > clips
    column psnr_y | paste - clips | awk '$1 - $2 > 0.001 || $2 - $1 > 0.001 { wrong = 1 }
        END { exit wrong || NR < 2 }'
}
check "psnr_y is the psnr filter's" quality crf=30
check "psnr_y of what is decoded" quality crf=30:steps=0:max_tokens=3
quality_of_10_bits() {
    (source=${source}10 && quality "$@")
}
check "psnr_y of 10 bits is the psnr filter's, too" quality_of_10_bits crf=20

same_with() {
    filtered crf=30 && mv stats expected && values psnr_y > expected.values || return
    filtered "crf=30:$1" && same expected stats && values psnr_y | same expected.values -
}
for show in diff tokens side mesh; do
    check "figures with show=$show are the reconstruction's" same_with show=$show
done
check "figures with one thread" same_with threads=1

# 37 frames last 1.48 s; the quality is that of the mean error of all frames.
summary() {
    filtered crf=30 && ffmpeg -v info -f lavfi -i "$source" -vf onedva=crf=30 -f null - 2> log ||
        return
    grep ' frames in ' log
    { column bits; values psnr_y | sed 's/^/psnr /'; } | awk '
        $1 != "psnr" { bits += $1; clips++; next }
        { mse += 10 ^ (-$2 / 10); frames++ }
        END { printf "%d frames in %d clips: %d bits, %.2f kbit/s, PSNR y:\n", frames, clips, bits, bits / 1480
              print -10 * log(mse / frames) / log(10) }' > expected
    grep -F "$(head -n 1 expected)" log &&
        sed -n 's/.* frames in .*PSNR y://p' log | awk -v expected="$(tail -n 1 expected)" '
            { found = $1 - expected } END { exit !(NR == 1 && found < 0.001 && found > -0.001) }'
}
check "rate and quality of all clips" summary

standard_output() {
    filtered crf=30 &&
        ffmpeg -f lavfi -i "$source" -vf onedva=crf=30:stats_file=- -f null - > output &&
        same stats output
}
check "stats_file=-" standard_output

only_enabled() {
    filtered "clip_frames=4:enable='between(n,10,20)'" || return
    column frames | awk 'BEGIN { pts = 10 } { print pts; pts += $1 } END { exit pts != 21 }' \
        > starts || return
    sed -n 's/^frame:\([0-9]*\) .*/\1/p' metadata > frames
    seq 10 20 | same frames - && [ "$(values bits | wc -l)" -eq 11 ] && column pts | same starts -
}
check "figures of what the timeline enables" only_enabled

# A full disk is said once, and the video is whole.
full_disk() {
    ffmpeg -f lavfi -i "$source" -vf onedva=crf=30:stats_file=/dev/full -f framemd5 frames \
        2> log || return
    cat log
    [ "$(wc -l < log)" -eq 1 ] && grep -q 'stats_file /dev/full: No space left on device' log &&
        [ "$(grep -c '^0,' frames)" -eq 37 ]
}
if [ -c /dev/full ]; then
    check "stats file on a full disk" full_disk
fi

finish
