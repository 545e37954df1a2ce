#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes Debian packages in build/deb: of a copy of this tree, with the options of the last ./configure, the
# prefix /usr, and the FFmpeg that was built here. Installs what the machine lacks for it.
#
# usage: deb.sh

set -eu

die() {
    echo "deb: $*" >&2
    exit 1
}

[ $# -eq 0 ] || die "usage: deb.sh"
cd "$(dirname "$0")/.."
command -v apt-get > /dev/null || die "this is not Debian: make install installs below any PREFIX and DESTDIR"
tools/install-deps.sh deb
[ -f build/config.mak ] || ./configure

# usage: setting NAME; what configure wrote, as make reads it
setting() {
    # shellcheck disable=SC2016 # read by make
    printf 'include build/config.mak\nexport %s\nall: ; @printf "%%s\\n" "$$%s"\n' "$1" "$1" | make --no-print-directory -f -
}
case $(setting FFMPEG_FLAGS) in
*--enable-shared*) die "FFmpeg's shared libraries would take the place of the distribution's: run ./configure without --enable-shared" ;;
esac
ONEDVA_OPTIONS="$(sed -n 's/^# Written by configure\(.*\)\.$/\1/p' build/config.mak) --enable-ffplay --disable-sanitizers"
export ONEDVA_OPTIONS

# The version of the sources, and of a commit what sorts it before their release.
version=$(awk '/define ONEDVA_VERSION_/ { v = v s $3; s = "." } END { print v }' engine/include/onedva/onedva.h)
if commit=$(git log -1 --format=%h 2> /dev/null); then
    version=$version~git$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd).$commit
    date=$(git log -1 --format=%cD)
else
    commit='' date=$(date -R)
fi

versions=$(setting FFMPEG_VERSION)
tools/ffmpeg/fetch.sh build/ffmpeg-src "${versions:-$(tools/ffmpeg/versions.sh known)}" "$(setting FFMPEG_SOURCE)"
tree=build/deb/onedva
rm -rf build/deb
mkdir -p $tree/build
tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C $tree
for part in ffmpeg-src ffmpeg-src.origin vulkan-headers; do # fetched already
    [ ! -e build/$part ] || cp -R build/$part $tree/build
done
{
    printf 'onedva (%s) unstable; urgency=medium\n\n' "$version"
    printf '  * %s: what is new is in /usr/share/doc/ffmpeg-onedva/NEWS.md.gz.\n\n' "Of ${commit:-the release}"
    printf ' -- %s  %s\n' "$(sed -n 's/^Maintainer: //p' debian/control)" "$date"
} > $tree/debian/changelog

echo "deb: building onedva $version; build/deb/log says how far it is"
(cd $tree && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc "-j$(nproc)" > ../log 2>&1) || {
    tail -n 5 build/deb/log >&2
    die "dpkg-buildpackage failed; see build/deb/log, and $tree"
}
rm -rf $tree
ls build/deb/*.deb
