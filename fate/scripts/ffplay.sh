#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ffplay shows a file in a window and ends with it. What it showed is in build/test/ffplay.png.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

[ -x "$ONEDVA_BIN/ffplay" ] || {
    echo "ffplay: not built, so not tested"
    exit 0
}
command -v Xvfb > /dev/null || {
    echo "ffplay: there is no Xvfb; install xvfb" >&2
    exit 1
}

ffmpeg -f lavfi -i testsrc2=size=320x240:rate=25:duration=4 -pix_fmt yuv420p -c:v onedva play.mkv

mkdir screen
rm -f ../ffplay.png # an old picture must not stand for a missing one
Xvfb -displayfd 3 -screen 0 640x480x24 -fbdir screen -nolisten tcp 3> display 2> xvfb.log &
server=$!
trap 'kill $server' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -s display ] && break
    sleep 1
done

# usage: colours; the number of colours on the screen, from the file that the X server draws to
colours() {
    ffmpeg -f image2 -c:v xwd -i screen/Xvfb_screen0 -update 1 ../ffplay.png
    ffmpeg -i ../ffplay.png -f rawvideo -pix_fmt rgb24 - | od -An -v -t x1 -w3 | sort -u | wc -l
}

DISPLAY=:$(cat display) SDL_AUDIODRIVER=dummy timeout 60 "$ONEDVA_BIN/ffplay" -v error -nostats \
    -autoexit -x 640 -y 480 play.mkv > play.log 2>&1 &
player=$!
shown=0
while [ "$shown" -le 50 ] && kill -0 $player 2> /dev/null; do
    sleep 1
    shown=$(colours)
done
wait $player
code=$?

plays() {
    cat play.log xvfb.log
    echo "exit status $code"
    [ $code -eq 0 ] && [ ! -s play.log ]
}
shows_picture() {
    echo "$shown colours"
    [ "$shown" -gt 50 ]
}
check "ffplay plays to the end" plays
check "the window shows the picture" shows_picture

finish
