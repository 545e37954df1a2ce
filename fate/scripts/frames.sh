#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A packet for every frame: whatever counts packets, changes their times or reads until a frame is there
# finds what it finds with another codec of as many keyframes, MPEG-4 here. And packets of whole clips become
# packets of frames and back without a change. Needs the build directory of FFmpeg in ONEDVA_BIN.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

frames=150
source="testsrc2=size=96x64:rate=25,trim=end_frame=$frames,format=yuv420p"

# usage: encode CODEC FILE [OPTION...]; keyframes every 32 frames, and a clip between them that is none
encode() {
    codec=$1 file=$2
    shift 2
    case $codec in
    onedva) set -- -adaptive_clips 0 -g 32 "$@" ;;
    mpeg4) set -- -g 32 -sc_threshold 1000000000 "$@" ;;
    esac
    ffmpeg -f lavfi -i "$source" -c:v "$codec" "$@" "$file"
}
encode onedva a.mkv
encode onedva b.mkv -crf 45
encode mpeg4 other.mkv
pixels a.mkv > a.pixels
# usage: keyframes FILE
keyframes() {
    ffprobe -show_entries packet=flags -of csv=p=0 "$1" | awk '/^K/ { print NR - 1 }'
}
same_keyframes() {
    keyframes other.mkv > expected && keyframes a.mkv > found && same expected found && [ "$(wc -l < found)" -eq 5 ]
}
check "keyframes are where MPEG-4 has them" same_keyframes

# ---- programs that count ----

# usage: movie FILE
movie() {
    ffmpeg -f lavfi -i "movie=$1" -fps_mode passthrough -f framemd5 - |
        sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' > found && same a.pixels found
}
check "movie= delivers all frames" movie a.mkv
comparison() {
    ffmpeg -i a.mkv -i b.mkv -lavfi '[0:v][1:v]psnr=stats_file=files' -f null - &&
        ffmpeg -i a.mkv -vf 'movie=b.mkv[b];[in][b]psnr=stats_file=filter' -f null - &&
        [ "$(wc -l < files)" -eq "$frames" ] && same files filter
}
check "psnr against movie= is psnr against the file" comparison

# usage: counts FILE; the container's number of frames is that of those that decode
counts() {
    ffprobe -count_frames -select_streams v -show_entries stream=nb_frames,nb_read_frames -of csv=p=0 "$1" |
        grep -x "$frames,$frames"
}
for container in mp4 mov; do
    ffmpeg -i a.mkv -c copy a.$container
    check "$container, nb_frames" counts a.$container
done

# usage: holds_bytes; of all packets, not more than three a frame above those of whole clips
holds_bytes() {
    encode onedva whole.mkv -clip_packets 1
    for file in a.mkv whole.mkv; do
        ffprobe -show_entries packet=size -of csv=p=0 "$file" | awk '{ sum += $1 } END { print sum }'
    done | awk -v most=$((3 * frames)) '{ print; size[NR] = $1 }
        END { exit !(size[1] > size[2] && size[1] <= size[2] + most) }'
}
check "three bytes a frame" holds_bytes

sizes_add_up() {
    ffprobe -show_entries frame=pkt_size -of csv=p=0 a.mkv | awk '{ sum += $1 } END { print sum }' > found &&
        ffprobe -show_entries packet=size -of csv=p=0 a.mkv | awk '{ sum += $1 } END { print sum }' > expected &&
        same expected found
}
check "pkt_size of frames adds up to the file's packets" sizes_add_up

check "movie= of whole clips delivers all frames" movie whole.mkv

# ---- FFmpeg's examples ----

examples=$ONEDVA_BIN/src/doc/examples
# The first prints a line for each frame, here with its time; the second waits between frames.
sed 's/printf("video_frame n:%d\\n",/printf("video_frame n:%d pts %lld\\n",/
    s/video_frame_count++);/video_frame_count++, (long long)frame->pts);/' "$examples/demux_decode.c" > demux_decode.c
cat > wait.h <<'END'
#include <libavutil/time.h>
#include <stdio.h>
#include <unistd.h>
#define usleep(time) fprintf(stderr, "waits %d\n", (int)(time))
#define av_usleep usleep
END
# usage: builds NAME FILE
builds() {
    "$root/fate/api/build.sh" "$2" "$1" -w -I"$examples" -include "$work/wait.h"
}
check "demux_decode is built" builds demux_decode demux_decode.c
check "decode_filter_video is built" builds decode_filter_video "$examples/decode_filter_video.c"
# usage: prints_times CONTAINER
prints_times() {
    for file in a other; do
        ffmpeg -i "$file.mkv" -c copy "times.$1" &&
            ./demux_decode "times.$1" video audio 2> log | grep '^video_frame' > "$file.frames" || return
    done
    [ "$(wc -l < a.frames)" -eq "$frames" ] && same other.frames a.frames
}
for container in mkv mp4 nut; do
    check "demux_decode, $container: times" prints_times $container
done
waits() {
    for file in a.mkv other.mkv; do
        ./decode_filter_video "$file" 2>&1 > screen | grep '^waits' > "$file.waits"
    done
    [ "$(wc -l < a.mkv.waits)" -eq $((frames - 1)) ] && same other.mkv.waits a.mkv.waits
}
check "decode_filter_video: waits" waits

# ---- OpenCV's loop ----

"$root/fate/api/build.sh" reading_loop reading_loop || exit 1
for container in mkv mp4 mov avi; do
    [ -f a.$container ] || encode onedva a.$container
    check "OpenCV's loop, $container" ./reading_loop a.$container $frames
done

# ---- seeking ----

# usage: finds FILE FRAME; the frames from there on are those of the whole decode
finds() {
    pixels "$1" -an -ss "$(awk -v f="$2" 'BEGIN { printf "%.3f", f / 25 }')" > found
    tail -n "+$(($2 + 1))" a.pixels > expected
    same expected found || { echo "frame $2"; return 1; }
}
# usage: seeks FILE; to ten frames
seeks() {
    for frame in $(awk -v n="$frames" 'BEGIN { srand(7); for (i = 0; i < 10; i++) print int(rand() * n) }'); do
        finds "$1" "$frame" || return
    done
}
# usage: with_sound VIDEO CODEC FILE; a tone beside the picture
with_sound() {
    ffmpeg -i "$1" -f lavfi -i "aevalsrc=0.2*sin(2000*t):sample_rate=48000:duration=6" -c:v copy -c:a "$2" "$3"
}
for container in mkv mp4 mov nut odva; do
    [ -f a.$container ] || ffmpeg -i a.mkv -c copy a.$container
    check "ten seeks, $container" seeks a.$container
done
for sound in pcm_s16le ac3 flac; do
    seeks_with_sound() {
        with_sound a.avi "$sound" "$sound.avi" && seeks "$sound.avi"
    }
    check "ten seeks, avi with $sound" seeks_with_sound
done
fragments() {
    with_sound a.mp4 ac3 sound.mp4 && ffmpeg -i sound.mp4 -c copy -movflags frag_keyframe+delay_moov fragments.mp4 &&
        seeks fragments.mp4
}
check "ten seeks, MP4 in fragments with sound" fragments
in_segments() {
    ffmpeg -i a.mkv -c copy -hls_segment_type fmp4 -hls_time 1 -hls_playlist_type vod play.m3u8 && seeks play.m3u8
}
check "ten seeks, HLS" in_segments

# ---- times that are changed, cuts and joins ----

# usage: times_of FILE [OPTION...]; of the frames that ffmpeg decodes, with OPTIONs of the input
times_of() {
    file=$1
    shift
    ffmpeg "$@" -i "$file" -map 0:v -fps_mode passthrough -enc_time_base 1/1000 -f framecrc - |
        awk -F ', *' '/^0/ { print $3 }'
}
# usage: like_other CONTAINER OPTION...; frames have the same times, with OPTIONs of the input
like_other() {
    container=$1
    shift
    times_of "other.$container" "$@" > expected && times_of "a.$container" "$@" > found &&
        [ -s expected ] && same expected found
}
# usage: copies_like_other CONTAINER OPTION... [-i OPTION...]; copies with OPTIONs of the input, and of the output
copies_like_other() {
    container=$1 before=''
    shift
    while [ $# -gt 0 ] && [ "$1" != -i ]; do
        before="$before $1"
        shift
    done
    [ $# -eq 0 ] || shift
    for file in other a; do
        # shellcheck disable=SC2086 # a list of words
        ffmpeg $before -i "$file.mkv" -c copy "$@" "copy.$container" && times_of "copy.$container" > $file.found || return
    done
    [ -s other.found ] && same other.found a.found
}
for container in mkv mp4 nut; do
    [ -f other.$container ] || ffmpeg -i other.mkv -c copy other.$container
    for scale in 0.5 2; do
        check "$container, -itsscale $scale" like_other $container -itsscale $scale
        check "$container, copy with -itsscale $scale" copies_like_other $container -itsscale $scale
    done
    check "$container, -t 1.3" like_other $container -t 1.3
    check "$container, copy with -t 1.3" copies_like_other $container -t 1.3
    check "$container, copy with -t 1.3 of the output" copies_like_other $container -i -t 1.3
    check "$container, copy with -to 2.7" copies_like_other $container -to 2.7
    check "$container, copy from 1.5 to 3.1" copies_like_other $container -ss 1.5 -to 3.1
    check "$container, copy with setts" copies_like_other $container -i -bsf:v 'setts=ts=2*TS:duration=2*DURATION'
    check "$container, copy with setts of times alone" copies_like_other $container -i -bsf:v 'setts=ts=TS+N*5'
done
joined() {
    for file in other a; do
        printf 'file %s.mkv\ninpoint 1.28\nfile %s.mkv\noutpoint 2\n' "$file" "$file" > list &&
            ffmpeg -f concat -i list -c copy "$file.joined.mkv" && times_of "$file.joined.mkv" > "$file.found" || return
    done
    [ -s other.found ] && same other.found a.found
}
check "concat with inpoint and outpoint" joined
segments() {
    for file in other a; do
        ffmpeg -i "$file.mkv" -c copy -f segment -segment_time 1 "$file%d.segment.mkv" &&
            for segment in "$file"?.segment.mkv; do times_of "$segment"; done > "$file.found" || return
    done
    [ -s other.found ] && same other.found a.found
}
check "segments" segments

# ---- whole clips ----

# usage: listed FILE; its packets
listed() {
    ffmpeg -i "$1" -map 0:v -c copy -copyts -f framecrc - | grep '^0,'
}
# usage: identical FILE FIRST SECOND; two bitstream filters, one after the other, give the file again
identical() {
    ffmpeg -i "$1" -map 0:v -c copy "same.${1##*.}" &&
        ffmpeg -i "$1" -map 0:v -c copy -bsf:v "$2" "first.${1##*.}" &&
        ffmpeg -i "first.${1##*.}" -c copy -bsf:v "$3" "second.${1##*.}" &&
        listed "same.${1##*.}" > expected && listed "second.${1##*.}" > found && same expected found &&
        listed "first.${1##*.}" > between && ! cmp -s between expected
}
irregular="settb=1/1000000,setpts='40000*N+3001*mod(N*N,7)+gt(N,20)*5e5'"
plain=$source
for rate in 25 30000/1001 variable; do
    case $rate in
    variable) source="$plain,$irregular" options='-fps_mode passthrough -enc_time_base 1/1000000' ;;
    *) source="$plain,settb=expr=1/($rate),setpts=N" options="-r $rate" ;;
    esac
    for container in mkv mp4 nut odva avi; do
        # AVI has one frame rate
        [ $container$rate != avivariable ] || continue
        # shellcheck disable=SC2086 # a list of words
        {
            encode onedva frames.$container $options
            encode onedva clips.$container $options -clip_packets 1
        }
        check "$container, $rate frames per second: merged and split" \
            identical frames.$container onedva_merge onedva_split
        # NUT does not say how long the last frame of a clip is
        [ $container$rate = nutvariable ] || check "$container, $rate frames per second: split and merged" \
            identical clips.$container onedva_split onedva_merge
    done
done
source=$plain
clips_play_alike() {
    pixels clips.nut > clips.pixels && pixels frames.nut > frames.pixels && same frames.pixels clips.pixels &&
        timestamps frames.nut > frames.times && timestamps clips.nut > clips.times && same frames.times clips.times
}
check "whole clips show the same frames at the same times" clips_play_alike

finish
