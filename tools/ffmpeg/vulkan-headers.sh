#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Puts Vulkan's headers at DEST/usr/include, of Debian's package libvulkan-dev in a release whose are late enough:
# for machines whose own are older than FFmpeg takes. What is already at DEST is kept.
#
# usage: vulkan-headers.sh DEST

set -eu

# shellcheck source=tools/ffmpeg/debian.sh
. "$(dirname "$0")/debian.sh"

die() {
    echo "fetch: $*" >&2
    exit 1
}

[ $# -eq 1 ] || die "usage: vulkan-headers.sh DEST"
suite=trixie # has 1.4.309; FFmpeg 7.1, 8.1 and 9.0 take those of 1.3.277 and later
dest=$1
[ ! -f "$dest/usr/include/vulkan/vulkan.h" ] || exit 0
command -v apt-get >/dev/null || die "no headers of Vulkan: this is not Debian; install those of 1.3.277 or later"
work=$PWD/$dest.part
rm -rf "$work"
mkdir -p "$work"
(
    cd "$work"
    from_debian $suite deb apt_private apt-get download libvulkan-dev || true
    set -- libvulkan-dev_*.deb
    [ -f "$1" ] || die "cannot download Debian's package libvulkan-dev of $suite (see $work/download.log)"
    dpkg-deb -x "$1" tree
)
rm -rf "$dest"
mv "$work/tree" "$dest"
rm -rf "$work"
