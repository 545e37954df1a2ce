#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is made to be sent: MP4 with its index in front and in fragments, HLS and DASH, pipes, joined
# files. Everywhere the pictures, times and durations are those of the file, and seeking is exact.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# 4.8 s: seven clips of 16 frames and one of 8, every second one predicted, with sound
ffmpeg -f lavfi -i testsrc2=size=66x50:rate=25,trim=end_frame=120 \
    -f lavfi -i "aevalsrc=sin(2000*t):sample_rate=8000:duration=4.8" \
    -pix_fmt yuv420p -c:v onedva -adaptive_clips 0 -g 32 -c:a pcm_s16le source.mkv
pixels source.mkv > source.pixels
timestamps source.mkv > source.times

# usage: packets FILE; time, duration, flags
packets() {
    ffprobe -select_streams v -show_entries packet=pts_time,duration_time,flags:packet_side_data= \
        -of csv=p=0 "$1" | sed 's/,*$//'
}
packets source.mkv > source.packets

# usage: plays FILE
plays() {
    pixels "$1" > found && same source.pixels found &&
        timestamps "$1" > found && same source.times found &&
        packets "$1" > found && same source.packets found
}

# usage: seeks FILE; to frames in clips' beginnings, middles and ends
seeks() {
    for frame in 0 1 15 16 30 79 119; do
        pixels "$1" -ss "$(awk -v f=$frame 'BEGIN { printf "%.3f", f / 25 }')" > found
        tail -n "+$((frame + 1))" source.pixels > expected
        same expected found || { echo "frame $frame"; return 1; }
    done
}

# usage: is_streamed NAME FILE OPTION...
is_streamed() {
    name=$1 file=$2
    shift 2
    directory=$(dirname "$file")
    mkdir -p "$directory"
    check "$name, written" ffmpeg -i source.mkv -map 0:v -c copy "$@" "$file"
    # FFmpeg finds the segments of a DASH manifest from the manifest's directory only
    cd "$directory" || exit 1
    [ -f source.pixels ] || cp "$work/source.pixels" "$work/source.times" "$work/source.packets" .
    check "$name, played" plays "${file##*/}"
    check "$name, seeks" seeks "${file##*/}"
    cd "$work" || exit 1
}

is_streamed "MP4, index in front" front.mp4 -movflags +faststart
is_streamed "MP4, a fragment a packet" packet.mp4 -movflags frag_keyframe+empty_moov
is_streamed "MP4, fragments of 1 s" fragments.mp4 -movflags empty_moov+default_base_moof \
    -frag_duration 1000000
is_streamed "HLS" hls/play.m3u8 -hls_segment_type fmp4 -hls_time 1 -hls_playlist_type vod
if ffprobe -demuxers | grep -q ' dash '; then
    is_streamed "DASH, timeline" dash/play.mpd -seg_duration 1
    is_streamed "DASH, one duration" even/play.mpd -seg_duration 1.28 -use_timeline 0
else
    left_out DASH "libxml2 in FFmpeg"
fi

index_is_in_front() {
    [ "$(head -c 100000 front.mp4 | grep -a -b -o moov | head -n 1 | cut -d : -f 1)" -lt \
        "$(grep -a -b -o mdat front.mp4 | head -n 1 | cut -d : -f 1)" ]
}
check "moov is before mdat" index_is_in_front

# usage: segments_of SECONDS... ; the playlist's segments last exactly that long
segments_of() {
    mkdir -p forced
    ffmpeg -i source.mkv -c:v onedva -c:a pcm_s16le -force_key_frames 'expr:gte(t,n_forced*2)' \
        -hls_segment_type fmp4 -hls_time 2 -hls_playlist_type vod forced/play.m3u8 &&
        printf '%.6f\n' "$@" > expected && sed -n 's/^#EXTINF:\([0-9.]*\),/\1/p' forced/play.m3u8 > found &&
        same expected found
}
check "HLS segments of exactly 2 s" segments_of 2 2 0.8
segments_of_dash() {
    mkdir -p forced
    ffmpeg -i source.mkv -map 0:v -c:v onedva -force_key_frames 'expr:gte(t,n_forced*2)' -seg_duration 2 \
        forced/play.mpd && grep -c '<S t="0" d="25600" r="1" />' forced/play.mpd | grep -x 1 # in 12800ths
}
check "DASH segments of exactly 2 s" segments_of_dash
gop_of_segments() {
    mkdir -p forced
    ffmpeg -i source.mkv -map 0:v -c:v onedva -g 50 -hls_segment_type fmp4 -hls_time 2 -hls_playlist_type vod \
        forced/gop.m3u8 && grep -c '^#EXTINF:2.000000,' forced/gop.m3u8 | grep -x 2
}
check "HLS segments of exactly 2 s with -g 50" gop_of_segments

variable_rate() {
    ffmpeg -f lavfi -i "testsrc2=size=66x50,trim=end_frame=37,settb=1/1000,\
setpts='40*N+3*mod(N*N,7)'" -enc_time_base 1/1000 -fps_mode passthrough -pix_fmt yuv420p -c:v onedva \
        variable.mkv && ffmpeg -i variable.mkv -c copy -movflags frag_keyframe+empty_moov variable.mp4 &&
        packets variable.mkv > expected && packets variable.mp4 > found && same expected found
}
check "MP4 in fragments, variable frame rate" variable_rate

# ---- pipes ----

# usage: flows CONTAINER OPTION...; out through a pipe and in through one
flows() {
    container=$1
    shift
    ffmpeg -i source.mkv -map 0:v -c copy "$@" -f "$container" - > pipe.out &&
        "$ONEDVA_BIN/ffmpeg" -v error -i - -map 0:v -fps_mode passthrough -f framemd5 - < pipe.out |
        sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' > found &&
        same source.pixels found
}
check "pipe of Matroska" flows matroska
check "pipe of NUT" flows nut
check "pipe of .odva" flows odva
check "pipe of MP4" flows mp4 -movflags frag_keyframe+empty_moov

live() {
    ffmpeg -i source.mkv -map 0:v -c:v onedva -f nut - | ffmpeg_in -f nut -i - -c copy -f odva - |
        ffmpeg_in -f odva -i - -fps_mode passthrough -f framemd5 - | grep -c '^0,' | grep -x 120
}
ffmpeg_in() {
    "$ONEDVA_BIN/ffmpeg" -hide_banner -v error "$@"
}
check "encoder, copy and decoder in a row of pipes" live

# ---- joined files and cuts ----

ffmpeg -i source.mkv -map 0:v -c copy source.nut
ffmpeg -i source.mkv -map 0:v -c copy source.avi
ffmpeg -i source.mkv -map 0:v -c copy source.odva
awk 'BEGIN { for (i = 0; i < 240; i++) printf "%.6f\n", i / 25 }' > twice.times
cat source.pixels source.pixels > twice.pixels
awk -F , -v OFS=, '{ print } { line[NR] = $0 } END {
    for (i = 1; i <= NR; i++) { $0 = line[i]; $1 = sprintf("%.6f", $1 + 4.8); print }
}' source.packets > twice.packets

# usage: joins INPUT OUTPUT [OPTION...]
joins() {
    input=$1 output=$2
    shift 2
    ffmpeg "$@" -i "$input" -map 0:v -c copy "$output" &&
        pixels "$output" > found && same twice.pixels found &&
        timestamps "$output" > found && same twice.times found &&
        packets "$output" > found && same twice.packets found
}
# NUT does not say how long the last packet is
for container in mkv avi odva; do
    printf 'file source.%s\nfile source.%s\n' $container $container > list
    check "concat demuxer, $container" joins list joined.mkv -f concat
done
printf 'file front.mp4\nfile packet.mp4\n' > list
check "concat demuxer, MP4s of two kinds" joins list joined.mp4 -f concat
check "concat protocol, odva" joins "concat:source.odva|source.odva" joined.mkv

cut_sound_and_picture() {
    ffmpeg -ss 1.2 -t 2 -i source.mkv -c copy cut.mp4.mov && pixels cut.mp4.mov > found &&
        head -n "$((30 + $(wc -l < found)))" source.pixels | tail -n +31 > expected &&
        same expected found && [ "$(wc -l < found)" -ge 50 ]
}
check "copy of 2 s from 1.2 s begins at the frame" cut_sound_and_picture

# ---- what ffprobe says ----

frames_are_told() {
    ffprobe -select_streams v -show_entries \
        frame=key_frame,pict_type,duration_time,pkt_size,width,height,pix_fmt -of compact=p=0 "$1" |
        sed 's/|$//' > found
    rest='|width=66|height=50|pix_fmt=yuv420p|pict_type'
    grep -c "^key_frame=1|duration_time=0.040000|pkt_size=[0-9][0-9][0-9]*$rest=I" found | grep -x 4 &&
        grep -c "^key_frame=0|duration_time=0.040000|pkt_size=[0-9][0-9][0-9]*$rest=P" found | grep -x 4 &&
        grep -c "^key_frame=0|duration_time=0.040000|pkt_size=3$rest=P" found | grep -x 112
}
stream_is_told() {
    ffprobe -select_streams v -show_entries stream=codec_name,codec_type,width,height,pix_fmt,\
has_b_frames,r_frame_rate,avg_frame_rate -of compact=p=0 "$1" | sort -u | grep -x \
        "codec_name=onedva|codec_type=video|width=66|height=50|has_b_frames=0|pix_fmt=yuv420p|\
r_frame_rate=25/1|avg_frame_rate=25/1"
}
ffmpeg -f lavfi -i testsrc2=size=66x50:rate=25,trim=end_frame=120 -pix_fmt yuv420p -c:v onedva -adaptive_clips 0 \
    -g 32 told.avi
for file in source.mkv front.mp4 packet.mp4 hls/play.m3u8 source.nut told.avi source.odva; do
    check "ffprobe of ${file##*/}: frames" frames_are_told $file
    check "ffprobe of ${file##*/}: stream" stream_is_told $file
done

# ---- containers that cannot carry it ----

# usage: refuses FILE TEXT OPTION...
refuses() {
    file=$1 text=$2
    shift 2
    ! ffmpeg -i source.mkv -map 0:v -c copy "$@" "$file" 2> errors && cat errors &&
        grep -q "$text" errors
}
refusal="MPEG-TS cannot carry One-DVA: use MP4 (in HLS -hls_segment_type fmp4), Matroska, NUT or .odva"
check "MPEG-TS" refuses no.ts "$refusal"
check "HLS of MPEG-TS" refuses no.m3u8 "$refusal"

finish
