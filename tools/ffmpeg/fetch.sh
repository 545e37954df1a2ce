#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Puts a pristine FFmpeg source tree at DEST, from SOURCE when one is given and otherwise from
# Debian's source package. A tree that is already at DEST is kept.
#
# usage: fetch.sh DEST [SOURCE]

set -eu

# shellcheck source=tools/ffmpeg/debian.sh
. "$(dirname "$0")/debian.sh"

die() {
    echo "fetch: $*" >&2
    exit 1
}

unpack_debian() {
    command -v apt-get >/dev/null ||
        die "no FFmpeg source: this is not Debian; give an FFmpeg $series tree with --ffmpeg-source=DIR"
    command -v dpkg-source >/dev/null || die "dpkg-source is missing: install the package dpkg-dev"
    mkdir -p "$work"
    cd "$work"
    from_debian deb-src source --download-only ffmpeg
    set -- ffmpeg_*.dsc
    [ -f "$1" ] || die "cannot download Debian's FFmpeg source package (see $work/download.log);" \
        "check the network, or give an unpacked FFmpeg $series tree with --ffmpeg-source=DIR"
    dpkg-source --no-check --extract "$1" tree > unpack.log 2>&1 ||
        die "cannot unpack $work/$1 (see $work/unpack.log)"
}

copy_source() {
    [ -d "$1" ] || die "--ffmpeg-source=$1: no such directory; expected an unpacked FFmpeg source tree"
    [ -f "$1/libavcodec/allcodecs.c" ] || die "--ffmpeg-source=$1 is not an FFmpeg source tree" \
        "(it has no libavcodec/allcodecs.c)"
    [ ! -f "$1/config.h" ] || die "--ffmpeg-source=$1 was configured in place, which breaks builds" \
        "outside it; run 'make distclean' there first"
    mkdir -p "$work"
    cp -R "$1" "$work/tree"
}

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    die "usage: fetch.sh DEST [SOURCE]"
fi
dest=$1
work=$dest.part
source=${2:-}
origin=$dest.origin

# A tree made from another source than the one asked for now is replaced.
if [ -f "$dest/libavcodec/allcodecs.c" ]; then
    if [ -z "$source" ] || [ "$(cat "$origin" 2>/dev/null)" = "$source" ]; then
        exit 0
    fi
fi

mkdir -p "$(dirname "$dest")"
case $work in
/*) ;;
*) work=$PWD/$work ;;
esac
rm -rf "$work"
if [ -n "$source" ]; then
    copy_source "$source"
else
    (unpack_debian)
fi
rm -rf "$dest"
mv "$work/tree" "$dest"
rm -rf "$work"
echo "$source" > "$origin"
