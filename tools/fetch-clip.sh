#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Puts the demo's video, cockatoo.mp4 of Debian's package python3-imageio, at FILE. The package is
# downloaded and unpacked, not installed.
#
# usage: fetch-clip.sh FILE

set -eu

die() {
    echo "fetch-clip: $*; give another video with INPUT=file" >&2
    exit 1
}

file=$1
[ ! -f "$file" ] || exit 0
command -v apt-get >/dev/null || die "the default video comes from a Debian package, and this is not Debian"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(
    cd "$work"
    apt-get -qq -o APT::Sandbox::User=root download python3-imageio > log 2>&1 ||
        die "cannot download Debian's package python3-imageio ($(tail -n 1 log))"
    dpkg-deb -x python3-imageio_*.deb .
)
clip=$(find "$work" -name cockatoo.mp4)
[ -n "$clip" ] || die "Debian's package python3-imageio has no cockatoo.mp4"
mkdir -p "$(dirname "$file")"
cp "$clip" "$file"
