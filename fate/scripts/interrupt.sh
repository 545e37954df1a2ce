#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An encode that is interrupted leaves a file that plays.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

"$ONEDVA_BIN/ffmpeg" -nostdin -v error -y -re -f lavfi -i testsrc2=size=140x90:rate=25 \
    -pix_fmt yuv420p -c:v onedva cut.mkv 2> log &
encoder=$!
sleep 3
kill -INT $encoder
wait $encoder

ends_well() {
    cat log
    frames=$(count cut.mkv)
    echo "$frames frames"
    [ "$frames" -ge 16 ] && ffmpeg -xerror -i cut.mkv -f null -
}
check "SIGINT" ends_well

finish
