#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The codec through libavcodec's API: flushing, refused frames, changed headers, odd timestamps.
# Needs the build directory of FFmpeg, with its libraries, in ONEDVA_BIN.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# usage: setting NAME; of FFmpeg's configuration
setting() {
    sed -n "s/^$1=//p" "$ONEDVA_BIN/ffbuild/config.mak"
}

# shellcheck disable=SC2046 # flags are lists of words
${CC:-cc} -std=c11 -O1 -g -Wall -Wextra -I"$ONEDVA_BIN/src" -I"$ONEDVA_BIN" \
    $(setting LDFLAGS) -o test_codec "$root/fate/api/test_codec.c" \
    "$ONEDVA_BIN/libavcodec/libavcodec.a" "$ONEDVA_BIN/libswresample/libswresample.a" \
    "$ONEDVA_BIN/libavutil/libavutil.a" \
    $(setting EXTRALIBS-avcodec) $(setting EXTRALIBS-avutil) $(setting EXTRALIBS) || {
    echo "api: cannot compile with the libraries in $ONEDVA_BIN" >&2
    exit 1
}
for name in $(./test_codec); do
    check "$name" ./test_codec "$name"
done

finish
