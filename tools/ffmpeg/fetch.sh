#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Puts a pristine FFmpeg source tree at DEST, from SOURCE when one is given and otherwise from
# Debian's source package of the first of VERSIONS that is to be had, since its releases move: it says
# which. A tree that is already at DEST and was made so is kept.
#
# usage: fetch.sh DEST VERSIONS [SOURCE]; VERSIONS such as "9.0 8.1"

set -eu

here=$(dirname "$0")
# shellcheck source=tools/ffmpeg/debian.sh
. "$here/debian.sh"

die() {
    echo "fetch: $*" >&2
    exit 1
}

# Download the newest source package of a version; where a file of Debian's own part is missing from the
# archive, FFmpeg's release without it.
# usage: download VERSION
download() {
    rm -f ffmpeg_*
    package=$(apt_private apt-cache showsrc ffmpeg |
        awk -v version="$1" '$1 == "Version:" && index($2, ":" version ".") { print $2 }' | sort -V | tail -n 1)
    [ -n "$package" ] || return 1
    apt_private apt-get source --download-only "ffmpeg=$package" || {
        rm -f ffmpeg_*.dsc
        apt_private apt-get source --download-only --tar-only "ffmpeg=$package"
    }
}

unpack_debian() {
    command -v apt-get >/dev/null || die "no FFmpeg source: this is not Debian; give a tree of FFmpeg" \
        "$versions with --ffmpeg-source=DIR"
    command -v dpkg-source >/dev/null || die "dpkg-source is missing: install the package dpkg-dev"
    mkdir -p "$work"
    cd "$work"
    taken='' lacking=''
    for version in $versions; do
        for suite in $("$versions_sh" suites "$version"); do
            if from_debian "$suite" deb-src download "$version"; then
                taken=$version
                break 2
            fi
        done
        lacking="$lacking $version"
    done
    [ -n "$taken" ] || die "cannot download Debian's source package of FFmpeg $versions (see $work/download.log):" \
        "check the network, give another --ffmpeg-version, or an unpacked tree with --ffmpeg-source=DIR"
    set -- ffmpeg_*.orig.tar.xz
    name=${1#ffmpeg_} remarks=
    [ -z "$lacking" ] || remarks=", since$lacking cannot be had there now"
    [ -f "$(echo ffmpeg_*.dsc)" ] || remarks="$remarks, without Debian's patches: they are missing from the archive"
    echo "fetch: FFmpeg ${name%.orig.tar.xz} from Debian $suite$remarks"
    {
        if [ -f "$(echo ffmpeg_*.dsc)" ]; then
            dpkg-source --no-check --extract ffmpeg_*.dsc tree
        else
            mkdir tree && tar -xf "$1" --strip-components=1 -C tree
        fi
    } > unpack.log 2>&1 || die "cannot unpack $work/$1 (see $work/unpack.log)"
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

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    die "usage: fetch.sh DEST VERSIONS [SOURCE]"
fi
dest=$1
versions=$2
source=${3:-}
work=$dest.part
wanted=${source:-"Debian: $versions"}
versions_sh=$(cd "$here" && pwd)/versions.sh

# A tree made from another source than the one asked for now is replaced.
if [ -f "$dest/libavcodec/allcodecs.c" ] && [ "$(cat "$dest.origin" 2>/dev/null)" = "$wanted" ]; then
    exit 0
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
# What was built from the tree that was there before is older.
find "$work/tree" -type f -exec touch {} +
rm -rf "$dest"
mv "$work/tree" "$dest"
rm -rf "$work"
echo "$wanted" > "$dest.origin"
