#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Bitrates and decoder buffers, checked by a replay of the packets' sizes and times.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# Ten seconds that can use any rate: a zoom with noise, a rotation, a test picture with noise.
source="mandelbrot=size=160x120:rate=25,noise=alls=30:allf=t:all_seed=1,trim=end_frame=80[a];\
testsrc2=size=160x120:rate=25,rotate=0.2*t,trim=end_frame=90[b];\
testsrc2=size=160x120:rate=25,noise=alls=12:allf=t:all_seed=2,trim=end_frame=80[c];[a]format=yuv420p[d];[b]format=yuv420p,setsar=1[e];\
[c]format=yuv420p[f];[d]setsar=1[g];[f]setsar=1[h];[g][e][h]concat=3"

# usage: encode OPTION... > sizes; "time bytes" of each packet
encode() {
    ffmpeg -filter_complex "$source" -t 10 -c:v onedva -preset ultrafast "$@" out.mkv &&
        ffprobe -show_entries packet=pts_time,size -of csv=p=0 out.mkv | tr , ' ' > sizes
}

# usage: replay RATE SIZE; the buffer begins three quarters full, fills at RATE and never runs empty
replay() {
    awk -v rate="$1" -v size="$2" '
        BEGIN { level = least = 0.75 * size }
        NR > 1 { level += rate * ($1 - time); if (level > size) level = size }
        { level -= 8 * $2; if (level < least) least = level; time = $1 }
        END { print "least level", least, "of", size; exit NR == 0 || least < 0 }' sizes
}

# usage: totals RATE PERCENT; ten seconds are so near to RATE
totals() {
    awk -v rate="$1" -v percent="$2" '
        { bits += 8 * $2 }
        END { off = 100 * (bits / 10 / rate - 1); print off, "%"; exit off < -percent || off > percent }' sizes
}

constant() {
    encode -b:v "$1" -maxrate "$1" -bufsize "$1" && replay "${1%k}000" "${1%k}000" && totals "${1%k}000" 2
}
for rate in 20k 30k 40k; do
    check "constant rate of $rate" constant $rate
done
average() { encode -b:v 30k && totals 30000 2; }
check "average rate without a buffer" average
capped() { encode -crf 5 -maxrate 25k -bufsize 30k && replay 25000 30000 && totals 25000 12; }
check "constant quality within a buffer" capped
untouched() {
    encode -crf 45 && cp sizes plain && encode -crf 45 -maxrate 10M -bufsize 10M && same plain sizes
}
check "a buffer that is never empty changes nothing" untouched
bufsize_only() { encode -b:v 30k -bufsize 30k && replay 30000 30000; }
check "bufsize without maxrate" bufsize_only
# A clip of 16 frames would last 1.28 s here, and the buffer 1 s. It may end with 15 kbit more than it began with.
slow() {
    ffmpeg -f lavfi -i "mandelbrot=size=320x240:rate=12.5,trim=end_frame=125,format=yuv420p" -c:v onedva \
        -preset ultrafast "$@" -maxrate 60k -bufsize 60k out.mkv &&
        ffprobe -show_entries packet=pts_time,size -of csv=p=0 out.mkv | tr , ' ' > sizes &&
        replay 60000 60000 && totals 60000 4
}
check "buffer of less than 16 frames" slow -b:v 60k
small() { encode -b:v 30k -bufsize 10k && replay 30000 10000; }
check "buffer of less than a clip" small

# usage: quantisers OPTION... > FILE; that of each packet
quantisers() {
    ffmpeg -v debug -filter_complex "$source" -t 3 -c:v onedva -preset ultrafast "$@" -f null - 2>&1 |
        sed -n 's/.*bytes, quantiser \(-*[0-9]*\),.*/\1/p'
}
constant_quantiser() {
    quantisers -qp 47 > found && [ "$(sort -u found)" = 7 ] && [ "$(wc -l < found)" -ge 5 ]
}
check "constant quantiser" constant_quantiser
fractions_of_crf() {
    for crf in 44 44.3 44.6 45; do
        encode -crf $crf && awk '{ sum += $2 } END { print sum }' sizes
    done > found
    cat found
    sort -nr -u found | diff found -
}
check "fractions of crf" fractions_of_crf

# usage: passes OPTION... > sizes
passes() {
    ffmpeg -filter_complex "$source" -t 10 -c:v onedva -preset ultrafast "$@" -pass 1 -f null - &&
        encode "$@" -pass 2
}
# usage: quality FILE; PSNR-Y
quality() {
    ffmpeg -v info -i "$1" -filter_complex "$source,trim=end=10[s];[0:v]settb=1/25,setpts=N[d];[s]settb=1/25,setpts=N[t];[d][t]psnr" \
        -f null - 2>&1 | sed -n 's/.*PSNR y:\([0-9.]*\) .*/\1/p'
}
masked() {
    encode -crf 45 && cp sizes plain && encode -crf 45 -aq_strength 0 && same plain sizes &&
        encode -crf 45 -aq_strength 1 && ! cmp plain sizes
}
check "activity mask" masked
# usage: has_psnr DB; each packet's frames have it in the mean, and none much more
has_psnr() {
    encode -target_psnr "$1" -clip_frames 8 -adaptive_clips 0 -preset medium &&
        ffmpeg -i out.mkv -filter_complex "$source,trim=end=10[s];[0:v]settb=1/25,setpts=N[d];[s]settb=1/25,setpts=N[t];[d][t]psnr=stats_file=frames" \
            -f null - &&
        sed 's/.*mse_y:\([0-9.]*\) .*/\1/' frames | awk -v wanted="$1" '
            { sum += $1; n++ }
            n == 8 { psnr = 10 * log(255 * 255 * n / sum) / log(10); print psnr; all += psnr; k++; sum = n = 0
                     if (psnr < wanted - 0.01) exit 1 }
            END { exit k < 20 || all / k > wanted + 1 }'
}
check "PSNR of 19 dB" has_psnr 19
two_passes() { passes -b:v 30k && totals 30000 1; }
check "two passes meet the rate within 1 %" two_passes
better() (
    # a still, and then what needs all the bits
    source="testsrc2=size=160x120:rate=25,trim=end_frame=1,loop=129:1:0,setpts=N,format=yuv420p[a];\
mandelbrot=size=160x120:rate=25,trim=end_frame=70,format=yuv420p,setsar=1[b];[a][b]concat"
    passes -b:v 8k && two=$(quality out.mkv) && encode -b:v 8k && one=$(quality out.mkv) &&
        echo "one pass $one, two $two" &&
        awk -v one="$one" -v two="$two" 'BEGIN { exit !(two > one + 0.05) }'
)
check "two passes are better than one where content changes" better
one_quality() {
    quantisers -b:v 30k -pass 1 > first && quantisers -b:v 30k -pass 2 > second && cat second &&
        sed '$d' second | sort -n | sed -n '1p;$p' | xargs | awk '{ exit !($2 - $1 <= 4) }'
}
check "two passes keep to about one quantiser" one_quality
passes_in_buffer() {
    passes -b:v 30k -maxrate 40k -bufsize 30k && replay 40000 30000 && totals 30000 1
}
check "two passes within a buffer" passes_in_buffer
passes_at_constant_rate() {
    passes -b:v 30k -maxrate 30k -bufsize 60k && replay 30000 60000 && totals 30000 2
}
check "two passes at constant rate" passes_at_constant_rate
passes_of_one_clip() {
    short="testsrc2=size=160x120:rate=25,trim=end_frame=12,format=yuv420p"
    for pass in 1 2; do
        ffmpeg -f lavfi -i "$short" -c:v onedva -b:v 20k -pass $pass one.mkv || return
    done
    ffprobe -show_entries packet=size -of csv=p=0 one.mkv |
        awk '{ bits += 8 * $1 } END { print bits; exit bits < 0.98 * 9600 || bits > 1.02 * 9600 }'
}
check "two passes over a single clip" passes_of_one_clip

# usage: refuses PATTERN OPTION...
refuses() {
    pattern=$1
    shift
    ! encode "$@" 2> log && cat log && [ "$(grep -c '^\[onedva' log)" -eq 1 ] && grep -q "$pattern" log
}
check "maxrate without bufsize" refuses "a maximum rate needs a buffer size" -maxrate 50k
check "bufsize without a rate" refuses "a maximum rate needs a buffer size" -bufsize 50k
check "maxrate below the bitrate" refuses "maximum rate 50000 is below the bitrate 60000" \
    -b:v 60k -maxrate 50k -bufsize 50k
check "buffer fuller than it is large" refuses "buffer begins with 70000 bits, not 1 to its size 60000" \
    -b:v 60k -maxrate 60k -bufsize 60k -rc_init_occupancy 70k
# Each packet that no quantiser makes small enough is said, and written.
too_small_buffer() {
    ffmpeg -v warning -f lavfi -i "testsrc2=size=160x120:rate=25,trim=end_frame=20,format=yuv420p" \
        -c:v onedva -adaptive_clips 0 -maxrate 50 -bufsize 50 small.mkv 2> log && cat log &&
        [ "$(grep -c 'breaks the buffer' log)" -eq 2 ] && [ "$(count small.mkv)" -eq 20 ]
}
check "buffer that no packet fits into" too_small_buffer
check "qp with a bitrate" refuses "constant quantiser qp 30 keeps to no bitrate" -qp 30 -b:v 60k
check "qp with a buffer" refuses "constant quantiser qp 30 keeps to no buffer" \
    -qp 30 -maxrate 60k -bufsize 60k
check "PSNR below 15 dB" refuses "a PSNR of 14 dB is not in 15 to 60" -target_psnr 14
check "PSNR with a bitrate" refuses "a PSNR of 30 dB goes with no bitrate" -target_psnr 30 -b:v 60k
check "PSNR with qp" refuses "a PSNR of 30 dB goes with no constant quantiser" -target_psnr 30 -qp 30
check "second pass without a bitrate" refuses "a second pass needs a bitrate" -pass 2
check "third pass" refuses "passes are 1 and 2" -b:v 30k -pass 3
no_log() {
    rm -f ffmpeg2pass-0.log
    ! encode -b:v 30k -pass 2 2> log && cat log && grep -q "ffmpeg2pass-0.log" log
}
check "second pass without the first" no_log
# usage: refuses_log PATTERN COMMAND...; with the log that COMMAND makes of that of a first pass
refuses_log() {
    pattern=$1
    shift
    ffmpeg -filter_complex "$source" -t 2 -c:v onedva -preset ultrafast -b:v 30k -pass 1 -f null - || return
    "$@" < ffmpeg2pass-0.log > changed && mv changed ffmpeg2pass-0.log
    ! encode -t 2 -b:v 30k -pass 2 2> log && cat log && [ "$(grep -c '^\[onedva' log)" -eq 1 ] &&
        grep -q "$pattern" log
}
check "second pass of damaged statistics" refuses_log "line 3 is not that of a first pass" \
    sed '3s/[0-9]/x/'
check "second pass of statistics changed" refuses_log "its statistics are damaged" sed '3s/ 16 / 15 /'
check "second pass of a first one that broke off" refuses_log "the first pass did not end" sed '$d'
# usage: log_of SOURCE; the log of its first pass
log_of() {
    ffmpeg -filter_complex "$1" -c:v onedva -preset ultrafast -b:v 30k -pass 1 -passlogfile other -f null - &&
        cat other-0.log
}
check "second pass of a longer video" refuses_log "the first pass saw only 20 frames" \
    log_of "$source,trim=end_frame=20"
check "second pass of another video" refuses_log "frame 0 is not the one that the first pass saw" \
    log_of "testsrc=size=160x120:rate=25,trim=end_frame=50,format=yuv420p"
check "second pass of another size" refuses_log "a first pass at 176x144 with" \
    log_of "testsrc=size=176x144:rate=25,trim=end_frame=50,format=yuv420p"

finish
