#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Clips that are predicted from the clip before: keyframes are where they are asked for and where scenes begin,
# everything that looks for keyframes finds them there, and what is lost costs no more than up to the next one.
# Needs the build directory of FFmpeg in ONEDVA_BIN.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# Two scenes of 70 and 50 frames.
frames=120 cut=70
source="testsrc2=size=130x98:rate=25,trim=end_frame=$cut,format=yuv420p[a];\
mandelbrot=size=130x98:rate=25,trim=end_frame=$((frames - cut)),format=yuv420p[b];[a][b]concat,setpts=N/25/TB"

# usage: encode FILE [OPTION...]
encode() {
    file=$1
    shift
    ffmpeg -filter_complex "${source}[v]" -map "[v]" -c:v onedva -g 250 "$@" "$file"
}

# usage: keys FILE; the number of each packet that is a keyframe, from 0 on
keys() {
    ffprobe -select_streams v -show_entries packet=flags -of csv=p=0 "$1" | awk '/^K/ { print NR - 1 }'
}

# usage: clips FILE; how many packets hold one
clips() {
    ffprobe -select_streams v -show_entries packet=size -of csv=p=0 "$1" | awk '$1 > 3' | wc -l
}

encode whole.nut
pixels whole.nut > whole.pixels

# ---- keyframes ----

inter_clips() {
    keys whole.nut && clips whole.nut && [ "$(wc -l < whole.pixels)" -eq $frames ] &&
        [ "$(clips whole.nut)" -ge $(($(keys whole.nut | wc -l) + 3)) ]
}
check "clips are predicted" inter_clips
scenes() { keys whole.nut | head -n 1 | grep -x 0 && keys whole.nut | grep -x $cut; }
check "a scene begins with a keyframe" scenes
default_gop() {
    ffmpeg -filter_complex "${source}[v]" -map "[v]" -c:v onedva default.nut && pixels default.nut > found &&
        same whole.pixels found && encode minus.nut -g -1 && pixels minus.nut > found && same whole.pixels found
}
check "-g 250 is the default, and -g -1" default_gop
# usage: all_keys OPTION...
all_keys() {
    encode all.nut "$@" && [ "$(keys all.nut | wc -l)" -eq "$(clips all.nut)" ] && pixels all.nut > all.pixels
}
check "-g 1: every clip is a key clip" all_keys -g 1
cp all.pixels expected.pixels
as_1() { all_keys -g 0 && same expected.pixels all.pixels; }
check "-g 0 is -g 1" as_1
# usage: at_most FRAMES FILE; keyframes are no further apart
at_most() {
    { keys "$2" && echo $frames; } | awk -v most="$1" '{ print } NR > 1 && $1 - last > most { exit 1 } { last = $1 }'
}
gop_25() { encode gop.nut -g 25 && at_most 25 gop.nut && [ "$(keys gop.nut | wc -l)" -lt "$(clips gop.nut)" ]; }
check "-g 25: keyframes at most 25 frames apart" gop_25
# usage: forced FRAME... -- OPTION...; keyframes are there, and elsewhere clips are predicted
forced() {
    wanted=''
    while [ "$1" != -- ]; do
        wanted="$wanted $1"
        shift
    done
    shift
    encode forced.nut "$@" && keys forced.nut && [ "$(keys forced.nut | wc -l)" -lt "$(clips forced.nut)" ] &&
        for frame in $wanted; do keys forced.nut | grep -qx "$frame" || return; done
}
check "-force_key_frames" forced 5 24 40 -- -force_key_frames 0.2,0.96,1.6
check "-force_key_frames, clips of 16 frames" forced 5 24 40 -- -adaptive_clips 0 -force_key_frames 0.2,0.96,1.6
check "-force_key_frames every 1.2 s" forced 30 60 90 -- -force_key_frames 'expr:gte(t,n_forced*1.2)'
frames_are_told() {
    ffprobe -show_entries frame=key_frame,pict_type -of csv=p=0 whole.nut | sed 's/,*$//' > found &&
        { keys whole.nut && seq 0 $((frames - 1)); } | sort -n | uniq -c |
        awk '{ print $1 == 2 ? "1,I" : "0,P" }' > expected && same expected found
}
check "key_frame and pict_type of frames" frames_are_told
keyframes_alone() {
    ffmpeg -skip_frame nokey -i whole.nut -fps_mode passthrough -f framemd5 - | sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' \
        > found && keys whole.nut | awk 'NR == FNR { key[$1] = 1; next } FNR - 1 in key' - whole.pixels > expected &&
        same expected found
}
check "-skip_frame nokey" keyframes_alone

# ---- the same everywhere ----

# usage: raw [OPTION...]; the frames without steps, in one sum
raw() { ffmpeg -steps 0 "$@" -i whole.nut -f md5 -; }
raw > linear
threads() {
    for threads in 1 2; do
        encode threads$threads.nut -threads $threads && pixels threads$threads.nut -threads $threads \
            > threads$threads.pixels || return
    done
    cmp threads1.nut threads2.nut && same threads1.pixels threads2.pixels && same whole.pixels threads1.pixels
}
check "packets and frames with 1 and 2 threads" threads
instruction_sets() {
    for cpu in c avx2 avx512 neon; do
        if ONEDVA_CPU=$cpu raw > found 2> log; then
            echo $cpu && same linear found || return
        fi
    done
    ONEDVA_CPU=c raw > found && same linear found && raw -flags +bitexact > found && same linear found
}
check "-steps 0 with each instruction set" instruction_sets
filter_is_file() {
    encode filter.nut -threads 1 && ffmpeg -filter_complex "$source,onedva=threads=1[v]" -map "[v]" -fps_mode passthrough \
        -f framemd5 - | sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' > found && same whole.pixels found &&
        encode filter.nut -g 20 && pixels filter.nut > expected &&
        ffmpeg -filter_complex "$source,onedva=g=20[v]" -map "[v]" -fps_mode passthrough -f framemd5 - |
        sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' > found && same expected found
}
check "the filter gives the file's frames" filter_is_file

# ---- faults ----

"$root/fate/api/build.sh" inter inter || exit 1
encode gops.nut -g 40
check "each clip lost, flipped and begun with in turn" ./inter gops.nut steps=0
check "likewise, packets read ahead" ./inter gops.nut steps=0:threads=4
encode network.nut -g 40 -frames:v 70
check "likewise, with the network" ./inter network.nut steps=1
encode whole_clips.nut -g 40 -clip_packets 1
ffmpeg -i whole_clips.nut -c copy -bsf:v onedva_split split.nut
check "likewise, whole clips that were split" ./inter split.nut steps=0

# Of a file without its second clip's packet: what comes before it, and an end.
second=$(ffprobe -show_entries packet=size -of csv=p=0 whole.nut | awk 'NR > 1 && $1 > 3 { print NR - 1; exit }')
ffmpeg -i whole.nut -c copy -bsf:v "noise=amount=0:drop=eq(n\\,$second)" lost.nut
explodes() {
    ffmpeg -xerror -err_detect explode -i lost.nut -fps_mode passthrough -f framemd5 lost.md5
    [ $? -ne 0 ] && sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' lost.md5 > found && [ "$(wc -l < found)" -le "$second" ] &&
        head -n "$(wc -l < found)" whole.pixels | cmp - found
}
check "-err_detect explode stops" explodes
goes_on() {
    ffmpeg -v warning -i lost.nut -fps_mode passthrough -f framemd5 - 2> log |
        sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' > found
    cat log
    [ "$(grep -c '^\[onedva' log)" -eq 2 ] && grep -q "clip's packet is missing" log &&
        grep -q 'does not follow the clip that it is predicted from' log && [ "$(wc -l < found)" -ge $((frames - 16)) ] &&
        tail -n "$((frames - cut))" whole.pixels > expected && tail -n "$((frames - cut))" found > last && same expected last
}
check "without it one line each on what is lost and what rests on it; the next scene is right" goes_on

# ---- seeking, cutting, joining ----

# usage: finds FILE FRAME
finds() {
    pixels "$1" -ss "$(awk -v f="$2" 'BEGIN { printf "%.3f", f / 25 }')" > found
    tail -n "+$(($2 + 1))" whole.pixels > expected
    same expected found || { echo "frame $2"; return 1; }
}
# usage: seeks FILE; to ten frames
seeks() {
    for frame in $(awk -v n=$frames 'BEGIN { srand(3); for (i = 0; i < 10; i++) print int(rand() * n) }'); do
        finds "$1" "$frame" || return
    done
}
for container in mkv mp4 nut odva avi; do
    [ -f whole.$container ] || ffmpeg -i whole.nut -c copy whole.$container
    keys_are_kept() { keys whole.nut > expected && keys whole.$container > found && same expected found; }
    check "$container, keyframes" keys_are_kept
    check "$container, ten seeks" seeks whole.$container
    merged_and_split() {
        ffmpeg -i whole.$container -c copy -bsf:v onedva_merge merged.$container && pixels merged.$container > found &&
            same whole.pixels found && [ "$(keys merged.$container | wc -l)" -eq "$(keys whole.nut | wc -l)" ] &&
            ffmpeg -i merged.$container -c copy -bsf:v onedva_split back.$container && keys back.$container > found &&
            keys whole.nut > expected && same expected found
    }
    check "$container, merged and split" merged_and_split
    merged_seeks() { seeks merged.$container; }
    check "$container, ten seeks in whole clips" merged_seeks
done

encode many.nut -g 30
pixels many.nut > many.pixels
# usage: all_begin_with_keys FILE...; and their frames are those of many.nut
all_begin_with_keys() {
    [ $# -ge 3 ] || return
    for file; do
        keys "$file" | head -n 1 | grep -qx 0 || return
        pixels "$file"
    done > found
    same many.pixels found
}
segments() {
    ffmpeg -i many.nut -c copy -f segment -segment_time 1 segment%d.mkv && all_begin_with_keys segment?.mkv
}
check "segments begin with keyframes" segments
hls() {
    ffmpeg -i many.nut -c copy -hls_segment_type fmp4 -hls_time 1 -hls_playlist_type vod play.m3u8 &&
        for segment in play?.m4s; do cat init.mp4 "$segment" > "$segment.mp4"; done && all_begin_with_keys play?.m4s.mp4 &&
        pixels play.m3u8 > found && same many.pixels found
}
check "HLS segments begin with keyframes" hls
fragments() {
    ffmpeg -i many.nut -c copy -movflags frag_keyframe+empty_moov fragments.mp4 && pixels fragments.mp4 > found &&
        same many.pixels found && [ "$(grep -a -o moof fragments.mp4 | wc -l)" -eq "$(keys many.nut | wc -l)" ]
}
check "MP4 in fragments, one for each keyframe" fragments
joined() {
    printf 'file whole.mkv\nfile whole.mkv\n' > list && cat whole.pixels whole.pixels > expected &&
        ffmpeg -f concat -i list -c copy joined.mkv && pixels joined.mkv > found && same expected found &&
        cat whole.odva whole.odva > joined.odva && pixels joined.odva > found && same expected found
}
check "joined by concat and cat" joined
# A copy from the middle begins with the keyframe before.
middle() {
    ffmpeg -ss 1.6 -i many.nut -c copy middle.mkv && key=$(keys many.nut | awk '$1 <= 40 { key = $1 } END { print key }') &&
        tail -n "+$((key + 1))" many.pixels > expected && pixels middle.mkv > found && same expected found
}
check "a copy from the middle begins with a keyframe" middle
# MP4 and .odva say from which frame on the copy is shown, inside of a whole clip, too.
# usage: from_the_frame FILE
from_the_frame() {
    container=${1##*.}
    for frame in 41 60 95; do
        ffmpeg -ss "$(awk -v f=$frame 'BEGIN { printf "%.3f", f / 25 }')" -i "$1" -c copy "exact.$container" &&
            pixels "exact.$container" > found && tail -n "+$((frame + 1))" whole.pixels > expected &&
            same expected found || { echo "frame $frame"; return 1; }
    done
}
for file in whole.mp4 merged.mp4 whole.odva merged.odva; do
    check "a copy of $file from the middle begins at the frame" from_the_frame $file
done
# Without its beginning a stream with headers in its packets shows what comes from the next keyframe on.
late() {
    ffmpeg -i many.nut -c copy -bsf:v dump_extra many.odva && size=$(wc -c < many.odva) &&
        tail -c $((size / 2)) many.odva > late.odva && pixels late.odva > found &&
        lines=$(wc -l < found) && [ "$lines" -gt 20 ] && tail -n "$lines" many.pixels > expected && same expected found
}
check ".odva joined late" late
sizes_differ() {
    ffmpeg -f lavfi -i "testsrc2=size=66x50:rate=25,trim=end_frame=40,format=yuv420p" -c:v onedva small.odva &&
        cat whole.odva small.odva > sizes.odva &&
        ffmpeg -i sizes.odva -c copy -bsf:v onedva_metadata=repeat_headers=1 sizes.mkv &&
        [ "$(count sizes.odva)" -eq $((frames + 40)) ] && [ "$(count sizes.mkv)" -eq $((frames + 40)) ]
}
check "another size midway" sizes_differ
# Where it begins without a keyframe nothing is shown up to the next one.
size_without_key() {
    ffmpeg -f lavfi -i "testsrc2=size=66x50:rate=25,trim=end_frame=80,format=yuv420p" -c:v onedva -adaptive_clips 0 -g 40 \
        next.nut && ffmpeg -i next.nut -c copy -bsf:v 'noise=amount=0:drop=eq(n\,0)' next.odva && cat whole.odva next.odva > sizes.odva &&
        ffmpeg -v info -nostats -i sizes.odva -f null - 2> log
    grep '^\[onedva' log
    [ "$(grep -c 'no keyframe yet' log)" -eq 1 ] && [ "$(grep -c '^\[onedva' log)" -le 2 ] &&
        ffprobe -show_entries frame=width -of csv=p=0 sizes.odva 2> /dev/null | sed 's/,.*//' | uniq -c | sed 's/^ *//' > found &&
        printf '%d 130\n40 66\n' $frames > expected && same expected found
}
check "another size midway, its first keyframe is missing" size_without_key

finish
