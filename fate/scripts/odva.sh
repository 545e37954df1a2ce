#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The elementary stream (doc/bitstream.md, annex A): times, seeking, pipes, joined and cut files, damage.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: encode FILE FRAMES [OPTION...]; clips of 16 frames
encode() {
    file=$1 frames=$2
    shift 2
    ffmpeg -f lavfi -i "testsrc2=size=66x50:rate=25,trim=end_frame=$frames" -pix_fmt yuv420p \
        -c:v onedva -adaptive_clips 0 -g 1 "$@" "$file"
}

# usage: piped COMMAND [OPTION...] < FILE; ffmpeg's standard input is the file
piped() {
    program=$1
    shift
    "$ONEDVA_BIN/$program" -v error "$@"
}

# usage: packets FILE
packets() {
    ffprobe -show_entries packet=pts_time,duration_time,size,flags:packet_side_data= -of csv=p=0 "$1"
}

# usage: says TEXT COMMAND...; standard error is one line with that text
says() {
    text=$1
    shift
    "$@" 2> errors
    cat errors
    [ "$(wc -l < errors)" -eq 1 ] && grep -q -e "$text" errors
}

encode a.odva 75
encode a.mkv 75
pixels a.odva > a.pixels
packets a.odva > a.packets

check "named and found by its contents" sh -c "cp a.odva unnamed && '$ONEDVA_BIN/ffprobe' -v error \
    -show_entries format=format_name,probe_score,duration,start_time -of csv=p=0 unnamed |
    grep -x odva,0.000000,3.000000,100"

same_as_matroska() {
    pixels a.mkv > mkv.pixels && same mkv.pixels a.pixels &&
        packets a.mkv > mkv.packets && same mkv.packets a.packets
}
check "pictures and packets as in Matroska" same_as_matroska

pipes() {
    "$ONEDVA_BIN/ffmpeg" -v error -i - -c copy -f odva - < a.odva > piped.odva &&
        cmp a.odva piped.odva
}
check "a pipe to a pipe gives the same bytes" pipes

# usage: survives CONTAINER; a copy there and back
survives() {
    ffmpeg -i a.odva -c copy "there.$1" && ffmpeg -i "there.$1" -c copy back.odva &&
        pixels back.odva > back.pixels && same a.pixels back.pixels &&
        timestamps a.odva > a.times && timestamps back.odva > back.times && same a.times back.times
}
for container in mkv mp4 mov nut avi; do
    check "copy to $container and back" survives $container
done

variable_rate() {
    for file in variable.nut variable.odva; do
        ffmpeg -f lavfi -i "testsrc2=size=66x50,trim=end_frame=37,settb=1/1000000,\
setpts='40000*N+3001*mod(N*N,7)+gt(N,20)*5e9+2e6'" -enc_time_base 1/1000000 -fps_mode passthrough \
            -pix_fmt yuv420p -c:v onedva $file || return 1
        timestamps $file > $file.times
    done
    same variable.nut.times variable.odva.times
}
check "variable frame rate, a late start and a long gap" variable_rate

cut_exactly() {
    ffmpeg -ss 0.8 -i a.mkv -c copy -copyts cut.mkv && ffmpeg -ss 0.8 -i a.odva -c copy cut.odva &&
        pixels cut.odva > cut.pixels && tail -n +21 a.pixels > expected && same expected cut.pixels &&
        [ "$(timestamps cut.odva | head -n 1)" = 0.000000 ]
}
check "copy from 0.8 s begins at the frame" cut_exactly

# ---- joined files and seeking ----

encode b.odva 20 -crf 40
ffmpeg -f lavfi -i testsrc2=size=130x98:rate=25,trim=end_frame=33 -pix_fmt yuv420p \
    -c:v onedva -adaptive_clips 0 -enc_time_base 1/1000 c.odva
cat a.odva b.odva c.odva > joined.odva

joins() {
    ffprobe -show_entries format=duration -of csv=p=0 joined.odva | grep -x 5.120000 &&
        awk 'BEGIN { for (i = 0; i < 128; i++) printf "%.6f\n", i / 25 }' > expected &&
        timestamps joined.odva > joined.times && same expected joined.times
}
check "joined by cat, times go on" joins

joins_in_pipe() {
    piped ffprobe -show_entries frame=pts_time,width -of csv=p=0 - < joined.odva |
        sed 's/,*$//' > found
    awk 'BEGIN { for (i = 0; i < 128; i++) printf "%.6f,%d\n", i / 25, i < 95 ? 66 : 130 }' > expected
    same expected found
}
check "joined by cat in a pipe, of two sizes" joins_in_pipe

# usage: corners FILE [OPTION...]; of frames of any size
corners() {
    input=$1
    shift
    ffmpeg "$@" -i "$input" -vf crop=40:40:0:0 -fps_mode passthrough -f framemd5 - |
        sed -n 's/^0,.*, *//p'
}
corners joined.odva > joined.corners

# usage: finds FRAME; the frames from there on are those of the whole decode
finds() {
    corners joined.odva -ss "$(awk -v f="$1" 'BEGIN { printf "%.3f", f / 25 }')" > found
    tail -n "+$(($1 + 1))" joined.corners > expected
    same expected found
}
for frame in 0 1 15 16 17 40 74 75 76 94 95 96 111 127; do
    check "seek to frame $frame of joined files" finds $frame
done

copy_of_joined() {
    ffmpeg -i joined.odva -c copy again.odva && corners again.odva > found &&
        same joined.corners found && timestamps again.odva > found && same joined.times found
}
check "copy of joined files" copy_of_joined

# ---- display matrix ----

ffmpeg -display_rotation 90 -i a.mkv -c copy turned.odva
# usage: turns FILE; a line "frames rotation" for each row of frames that are displayed alike
turns() {
    piped ffprobe -show_entries frame_side_data=rotation -show_frames -of compact "$1" |
        sed 's/.*[:|]rotation=\(-*[0-9]*\).*/\1/;t;s/.*/0/' | uniq -c | sed 's/^ *//'
}
keeps_matrix() {
    ffmpeg -i turned.odva -c copy turned.mp4 && ffmpeg -i turned.mp4 -c copy again.odva &&
        for file in turned.odva turned.mp4 again.odva; do
            turns $file | grep -x '75 90' || return
        done
    turns - < turned.odva | grep -x '75 90' &&
        ffmpeg -i turned.odva -fps_mode passthrough -f framemd5 - | grep '#dimensions 0: 50x66' &&
        ffprobe -show_entries stream_side_data=rotation -of csv=p=0 turned.odva | grep -x 90
}
check "rotation" keeps_matrix
joined_matrices() {
    cat turned.odva a.odva turned.odva > joined.odva && ffmpeg -i joined.odva -c copy again.odva &&
        printf '75 90\n75 0\n75 90\n' > expected &&
        for file in joined.odva again.odva; do
            turns $file > found && same expected found && turns - < $file > found && same expected found || return
        done
    cat a.odva turned.odva > joined.odva && printf '75 0\n75 90\n' > expected && turns joined.odva > found &&
        same expected found
}
check "files of other rotations joined" joined_matrices

# ---- joined late ----

# usage: joined_late BSF; from somewhere in the first packet on, as a file and in a pipe
joined_late() {
    ffmpeg -display_rotation 90 -i a.mkv -c copy -bsf:v "$1" live.odva && pixels live.odva -noautorotate > found &&
        same a.pixels found && turns live.odva | grep -x '75 90' && tail -c +150 live.odva > late.odva || return
    timestamps a.odva | tail -n +17 > expected && timestamps late.odva > found && same expected found || return
    piped ffprobe -show_entries frame=pts_time -of csv=p=0 - < late.odva | sed 's/,.*//' > found &&
        same expected found && pixels late.odva -noautorotate > found && tail -n +17 a.pixels > expected &&
        same expected found && turns late.odva | grep -x '59 90'
}
check "joined late, onedva_metadata=repeat_headers=1" joined_late onedva_metadata=repeat_headers=1
check "joined late, dump_extra" joined_late dump_extra
seeks_with_headers() {
    for frame in 0 15 16 40 74; do
        pixels live.odva -noautorotate -ss "$(awk -v f=$frame 'BEGIN { printf "%.3f", f / 25 }')" > found
        tail -n "+$((frame + 1))" a.pixels > expected
        same expected found || return
    done
}
check "seeking where headers are repeated" seeks_with_headers

# ---- cut and damaged files ----

# usage: poke FILE BYTE [TEXT]; overwrites there
poke() {
    printf %s "${3:-x}" | dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}
# The place of the second clip's unit.
second=$(ffprobe -show_entries packet=pos -of csv=p=0 a.odva | sed -n 17p)
# Of its second frame.
frame=$(ffprobe -show_entries packet=pos -of csv=p=0 a.odva | sed -n 18p)

decode() {
    ffmpeg -i "$1" -fps_mode passthrough -f framemd5 found
}
cut_between_packets() {
    head -c "$second" a.odva > short.odva
    says "the stream ends early, at byte $second: it was cut" decode short.odva &&
        [ "$(grep -c '^0' found)" -eq 16 ]
}
check "file cut between packets" cut_between_packets

cut_in_packet() {
    head -c $((second + 9)) a.odva > short.odva
    says "the stream ends early, at byte $((second + 9)): it was cut" decode short.odva &&
        [ "$(grep -c '^0' found)" -eq 16 ]
}
check "file cut in a unit" cut_in_packet

# The times of the first packet and of what follows are further apart than 64 bits hold; what begins before 0 is
# not shown.
cut_with_far_times() {
    ffmpeg -i a.odva -c copy -bsf:v "setts=ts='if(N,8e18+N,-8e18)'" far.odva &&
        head -c -40 far.odva > short.odva &&
        ffprobe -show_entries stream=duration_ts -of csv=p=0 short.odva > found 2> errors
    grep -x 9223372036854775807 found
}
check "file cut with times far apart" cut_with_far_times

far_times() {
    ffprobe -smooth_clips 1 -show_entries frame=pts -of csv=p=0 far.odva > found 2> errors
    [ "$(wc -l < found)" -eq 74 ] && [ ! -s errors ]
}
check "frames with times far apart" far_times

damaged_unit() {
    cp a.odva damaged.odva && poke damaged.odva $((frame + 2)) &&
        says "damaged: no unit at byte $frame, going on at byte" decode damaged.odva &&
        [ "$(grep -c '^0' found)" -eq 74 ]
}
check "damaged unit costs its packet" damaged_unit
damaged_unit_of_clip() {
    cp a.odva damaged.odva && poke damaged.odva $((second + 2)) && decode damaged.odva 2> errors
    cat errors
    grep -q "damaged: no unit at byte $second, going on at byte" errors &&
        [ "$(grep -c '^\[onedva.*shows no frame' errors)" -eq 1 ] && [ "$(grep -c '^0' found)" -eq 59 ]
}
check "damaged unit of a clip costs the clip" damaged_unit_of_clip

damaged_unit_in_pipe() {
    piped ffmpeg -i - -fps_mode passthrough -f framemd5 - < damaged.odva > found 2> errors
    grep "damaged: no unit at byte $second, going on" errors && [ "$(grep -c '^0' found)" -eq 59 ]
}
check "damaged unit in a pipe" damaged_unit_in_pipe

damaged_size() {
    cp a.odva damaged.odva && poke damaged.odva $((frame + 6)) &&
        says "damaged: no unit at byte $frame, going on at byte" decode damaged.odva
}
check "damaged packet size" damaged_size

# The cut packet takes in the second file's header, and gives it back.
joined_behind_cut() {
    head -c $((second + 30)) a.odva | cat - a.odva > joined.odva &&
        ffmpeg -i joined.odva -fps_mode passthrough -f framemd5 found 2> errors
    cat errors
    grep "damaged: no unit at byte [0-9]*, going on at byte $((second + 30))" errors &&
        [ "$(grep -c '^0' found)" -eq 91 ] && timestamps joined.odva | tail -n 1 | grep -x 3.640000
}
check "file joined to one that was cut" joined_behind_cut

no_beginning() {
    tail -c "+$((second + 1))" a.odva > late.odva
    "$ONEDVA_BIN/ffprobe" -v error -f odva late.odva 2> errors
    grep "no header: not an .odva stream, or it has lost its beginning" errors
}
check "file without its beginning" no_beginning

other_codec() {
    ffmpeg -f lavfi -i testsrc2=duration=0.1 -c:v mpeg4 other.odva 2> errors
    grep "an .odva stream holds One-DVA video, not mpeg4: use -c:v onedva" errors
}
check "another codec is refused" other_codec

# usage: survives_damage SEED; eight bytes are others: any answer but a crash
survives_damage() {
    cat a.odva b.odva > broken.odva
    awk -v seed="$1" -v size="$(wc -c < broken.odva)" 'BEGIN {
        srand(seed)
        for (i = 0; i < 8; i++)
            printf "%d %d\n", int(rand() * size), int(rand() * 256)
    }' | while read -r at byte; do
        # shellcheck disable=SC2059 # an octal escape
        printf "\\$(printf %03o "$byte")" |
            dd of=broken.odva bs=1 seek="$at" conv=notrunc 2> /dev/null
    done
    ffmpeg -ss 1 -i broken.odva -c copy -f null - > broken.log 2>&1
    code=$?
    # a signal's number is 128 less than the code; FFmpeg's own codes are above all of them
    [ $code -lt 128 ] || [ $code -gt 159 ] || { echo "seed $1"; cat broken.log; return 1; }
}
survives_all() {
    for seed in $(seq 40); do survives_damage "$seed" || return 1; done
}
check "40 damaged files" survives_all

# ---- other formats ----

not_taken_for_others() {
    for file in a.mkv there.mp4 there.avi there.nut; do
        ffprobe -show_entries format=format_name -of csv=p=0 "$file" | grep -v odva || return 1
    done
    head -c 4 a.odva > short && head -c 100000 /dev/urandom | cat short - > random
    ! ffprobe -i random
}
check "no other format is taken for it" not_taken_for_others

finish
