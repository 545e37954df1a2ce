#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ffplay shows a file with sound in a window, seeks, keeps picture and sound together and ends with the
# file. What it showed is in build/test/ffplay.png, what it said of its clocks in build/test/ffplay.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

[ -x "$ONEDVA_BIN/ffplay" ] || {
    echo "skipped: ffplay: configured with --disable-ffplay"
    exit 77
}
for program in Xvfb xdotool; do
    command -v $program > /dev/null || {
        echo "ffplay: there is no $program; install xvfb and xdotool" >&2
        exit 1
    }
done

ffmpeg -f lavfi -i testsrc2=size=320x240:rate=25:duration=12 \
    -f lavfi -i "aevalsrc=0.2*sin(2000*t):sample_rate=44100:duration=12" \
    -pix_fmt yuv420p -c:v onedva -g 25 -c:a pcm_s16le play.mkv

mkdir screen
rm -f ../ffplay.png # an old picture must not stand for a missing one
Xvfb -displayfd 3 -screen 0 640x480x24 -fbdir screen -nolisten tcp 3> display 2> xvfb.log &
server=$!
trap 'kill $server' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -s display ] && break
    sleep 1
done
DISPLAY=:$(cat display)
export DISPLAY SDL_AUDIODRIVER=dummy

# usage: colours; the number of colours on the screen, from the file that the X server draws to
colours() {
    ffmpeg -f image2 -c:v xwd -i screen/Xvfb_screen0 -update 1 ../ffplay.png
    ffmpeg -i ../ffplay.png -f rawvideo -pix_fmt rgb24 - | od -An -v -t x1 -w3 | sort -u | wc -l
}

# usage: play FILE LOG [OPTION...]; sets $player
play() {
    file=$1 log=$2
    shift 2
    timeout 60 "$ONEDVA_BIN/ffplay" -v error -stats -autoexit -x 640 -y 480 "$@" "$file" > "$log" 2>&1 &
    player=$!
}

# usage: clocks LOG > FILE; the line "TIME A-V" for each time that ffplay told its clocks
clocks() {
    tr '\r' '\n' < "$1" | sed -n 's/^ *\([0-9.]*\) A-V: *\(-\{0,1\}[0-9.]*\) .*/\1 \2/p'
}

# usage: wait_until LOG SECONDS; of its clock, not longer than 20 s
wait_until() {
    for _ in $(seq 100); do
        clocks "$1" | tail -n 1 | awk -v t="$2" '$1 < t { early = 1 } END { exit NR == 0 || early }' &&
            return
        kill -0 "$player" 2> /dev/null || return
        sleep 0.2
    done
    echo "the clock has not come to $2 s"
    return 1
}

# usage: ends LOG; with status 0 and without a word but its clocks, for which 9.0 clears the line
ends() {
    wait "$player"
    code=$?
    tr '\r' '\n' < "$1" | tr -d '\033' | sed 's/^\[2K//' | grep -v -e ' fd= .* aq= ' -e '^ *$' > words
    cat words
    echo "exit status $code"
    [ ! -s words ] && [ $code -eq 0 ]
}

# ---- from the beginning to the end ----

play play.mkv whole.log
shown=0
while [ "$shown" -le 50 ] && kill -0 $player 2> /dev/null; do
    sleep 1
    shown=$(colours)
done
shows_picture() {
    echo "$shown colours"
    [ "$shown" -gt 50 ]
}
check "the window shows the picture" shows_picture
check "plays to the end" ends whole.log

plays_all() {
    clocks whole.log | tail -n 1
    clocks whole.log | awk 'NR > 1 && $1 - last > 2 { exit 1 } { last = $1 } END { exit last < 11.5 }'
}
check "the clock runs from 0 to 12 s" plays_all

# The first second is left out: there the window opens.
in_sync() {
    clocks whole.log | awk '$1 >= 1 { d = $2 < 0 ? -$2 : $2; sum += d; n++; far += d > 0.1; if (d > max) max = d }
        END { printf "A-V of %d times: mean %.3f s, at most %.3f s, %d above 0.1 s\n", n, sum / n, max, far
              exit n < 100 || sum / n > 0.1 || far > n / 5 }' > sync
    code=$?
    cat sync
    return $code
}
check "picture and sound are together" in_sync
cat sync

# ---- seeking ----

# usage: press KEY LOG FROM TO; the clock then jumps by FROM to TO seconds
press() {
    before=$(clocks "$2" | wc -l)
    xdotool search --onlyvisible --name play.mkv windowfocus key "$1" || return 1
    for _ in $(seq 50); do
        clocks "$2" | tail -n "+$before" | awk -v from="$3" -v to="$4" '
            NR > 1 && $1 - last >= from && $1 - last <= to { found = 1 } { last = $1 } END { exit !found }' &&
            return
        sleep 0.1
    done
    clocks "$2" | tail -n 3
    return 1
}

play play.mkv seek.log -seek_interval 4
check "plays before it seeks" wait_until seek.log 1
check "right: 4 s forward" press Right seek.log 3 5
check "left: 4 s back" press Left seek.log -5 -3
check "up: a minute forward is the end" press Up seek.log 3 12
check "ends after seeking" ends seek.log

# ---- videos that never were ----

play "onedvasrc=prior=$root/fate/model/onedva-test-prior.safetensors:duration=3" drawn.log -f lavfi
shown=0
while [ "$shown" -le 50 ] && kill -0 "$player" 2> /dev/null; do
    sleep 0.3
    shown=$(colours)
done
check "the window shows what a prior draws" shows_picture
check "drawn video ends" ends drawn.log

# ---- other containers ----

ffmpeg -i play.mkv -t 2 -map 0:v -c copy short.odva
ffmpeg -i play.mkv -t 2 -c copy short.mov
ffmpeg -i play.mkv -t 2 -map 0:v -c copy -hls_segment_type fmp4 -hls_time 1 -hls_playlist_type vod short.m3u8
for file in short.odva short.mov short.m3u8; do
    play $file $file.log
    check "plays $file" ends $file.log
done

finish
