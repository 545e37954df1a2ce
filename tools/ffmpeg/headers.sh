#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Puts headers at DEST/usr/include, of a package in a release of Debian whose are late enough: for machines
# whose own are older than FFmpeg takes. What is already at DEST is kept.
#
# usage: headers.sh libvulkan-dev|libffmpeg-nvenc-dev DEST

set -eu

# shellcheck source=tools/ffmpeg/debian.sh
. "$(dirname "$0")/debian.sh"

die() {
    echo "fetch: $*" >&2
    exit 1
}

suite=trixie
case ${1:-}-$# in
libvulkan-dev-2) late="Vulkan of 1.3.277" ;;          # has 1.4.309, which FFmpeg 7.1, 8.1 and 9.0 take
libffmpeg-nvenc-dev-2) late="ffnvcodec of 12.1.14.0" ;; # has just these, which they take, too
*) die "usage: headers.sh libvulkan-dev|libffmpeg-nvenc-dev DEST" ;;
esac
package=$1 dest=$2
[ ! -d "$dest/usr/include" ] || exit 0
command -v apt-get >/dev/null || die "no headers of $package: this is not Debian; install those of $late or later"
work=$PWD/$dest.part
rm -rf "$work"
mkdir -p "$work"
(
    cd "$work"
    from_debian $suite deb apt_private apt-get download "$package" || true
    set -- "$package"_*.deb
    [ -f "$1" ] || die "cannot download Debian's package $package of $suite (see $work/download.log)"
    dpkg-deb -x "$1" tree
)
rm -rf "$dest"
mv "$work/tree" "$dest"
rm -rf "$work"
