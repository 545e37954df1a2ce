#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds a program of this folder, or of another file, with the libraries of FFmpeg's build directory in
# ONEDVA_BIN (build/ffmpeg-check).
#
# usage: build.sh PROGRAM|FILE.c OUTPUT [FLAG...]

set -eu

directory=$(cd "$(dirname "$0")" && pwd)
build=${ONEDVA_BIN:-$directory/../../build/ffmpeg-check}
program=$1 output=$2
shift 2
case $program in
*.c) file=$program ;;
*) file=$directory/$program.c ;;
esac

# usage: setting NAME; of FFmpeg's configuration
setting() {
    sed -n "s/^$1=//p" "$build/ffbuild/config.mak"
}

libraries='' extra=''
for name in avfilter avformat avcodec swscale swresample avutil; do
    libraries="$libraries $build/lib$name/lib$name.a"
    extra="$extra $(setting "EXTRALIBS-$name")"
done
# shellcheck disable=SC2046,SC2086 # lists of words
${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -I"$build/src" -I"$build" \
    -I"$directory/../../engine/include" $(setting LDFLAGS) "$@" \
    -o "$output" "$file" $libraries $extra $(setting EXTRALIBS) || {
    echo "$program: cannot compile with the libraries in $build" >&2
    exit 1
}
