#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Compiles onedva-latents with the libraries of a build of FFmpeg, the shared ones where it has no others.
#
# usage: build.sh DIRECTORY-OF-FFMPEG PROGRAM; CC, CFLAGS (optimisation) and ONEDVA_LIBRARY (static) may be set

set -eu

[ $# -eq 2 ] || {
    echo "usage: build.sh DIRECTORY-OF-FFMPEG PROGRAM" >&2
    exit 1
}
ffmpeg=$1
program=$2
cd "$(dirname "$0")/../.."
onedva=${ONEDVA_LIBRARY:-build/lib/libonedva.a}

# usage: setting NAME; of FFmpeg's configuration
setting() {
    sed -n "s/^$1=//p" "$ffmpeg/ffbuild/config.mak"
}

libraries='' rpath=''
for library in avformat avcodec swresample avutil; do
    file=$ffmpeg/lib$library/lib$library
    if [ -f "$file.a" ]; then
        libraries="$libraries $file.a"
    else
        libraries="$libraries $file.so" rpath="$rpath -Wl,-rpath-link=$ffmpeg/lib$library"
    fi
done
[ -z "$rpath" ] || rpath="$rpath -Wl,-rpath,\$ORIGIN/../lib"
for file in tools/latents/*.c tools/latents/*.h $libraries $onedva; do
    [ ! -f "$program" ] || [ -z "$(find "$file" -newer "$program")" ] || rm -f "$program"
done
[ ! -f "$program" ] || exit 0

echo "CCLD    $program"
# shellcheck disable=SC2046,SC2086 # flags are lists of words
${CC:-cc} -std=c11 ${CFLAGS:--O2 -g} -Wall -Wextra -D_GNU_SOURCE -Iengine/include -Iengine -I. \
    -Ibuild -I"$ffmpeg/src" -I"$ffmpeg" $(setting LDFLAGS) $rpath -o "$program" tools/latents/*.c \
    $libraries $onedva $(setting EXTRALIBS-avformat) $(setting EXTRALIBS-avcodec) \
    $(setting EXTRALIBS-swresample) $(setting EXTRALIBS-avutil) $(setting EXTRALIBS)
