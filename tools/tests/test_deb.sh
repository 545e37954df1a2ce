#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The packages of build/deb, which make deb made: lintian finds no error; in a bare Debian they are installed, code
# and play, a program is built on the library, man shows the pages, and nothing is left when they are removed.
#
# usage: test_deb.sh

set -eu

die() {
    echo "test_deb: $*" >&2
    exit 1
}

cd "$(dirname "$0")/../.."
packages="ffmpeg-onedva libonedva-dev libonedva0 onedva-tools"
programs="ffmpeg ffprobe ffplay"
for package in $packages; do
    [ -f "$(echo build/deb/"${package}"_*.deb)" ] || die "there is no package $package in build/deb: run make deb"
done
version=$(awk '/define ONEDVA_VERSION_/ { v = v s $3; s = "." } END { print v }' engine/include/onedva/onedva.h)
work=$PWD/build/test/deb
# shellcheck source=tools/tests/bare_debian.sh
. tools/tests/bare_debian.sh

log=$work/log
: > "$log"
# usage: step WHAT COMMAND...
step() {
    what=$1
    shift
    "$@" >> "$log" 2>&1 < /dev/null || {
        tail -n 20 "$log" >&2
        die "$what: failed"
    }
    echo "ok $what"
}
apt() {
    inside . env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
}

# usage: dependencies; of the packages, on others
dependencies() {
    for package in $packages; do
        dpkg-deb -f build/deb/"${package}"_*.deb Depends Pre-Depends
    done | sed 's/^[A-Za-z-]*: //' | tr ',' '\n' | sed 's/[(|:].*//; s/ //g' | grep -v onedva | sort -u
}

# What there is but dpkg's own records, and what its triggers write.
files() {
    inside . find / -xdev \( -path /proc -o -path /root -o -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /tmp \) -prune \
        -o ! -name ld.so.cache -print | sort
}

cp tools/tests/library_program.c "$work/program.c"

encode() {
    inside . ffmpeg-onedva -v error -f lavfi -i testsrc2=size=128x96:rate=25 -frames:v 20 -pix_fmt yuv420p \
        -c:v onedva -crf 20 coded.mkv &&
        [ "$(inside . ffprobe-onedva -v error -count_frames -show_entries stream=codec_name,nb_read_frames -of csv=p=0 coded.mkv)" = onedva,20 ]
}
play() {
    inside . env SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy ffplay-onedva -v error -autoexit -steps 1 coded.mkv
}
tools() {
    inside . onedva-latents export coded.mkv coded.safetensors && inside . mkdir videos && inside . cp coded.mkv videos &&
        inside . onedva-corpus videos encoded -- -crf 40 &&
        [ -n "$(find "$machine/root/encoded" -name "*.mkv" -size +0)" ]
}
program() {
    # shellcheck disable=SC2016 # in there
    inside . sh -c 'cc -o program program.c $(pkg-config --cflags --libs onedva)' &&
        inside . ./program | grep -x "libonedva $version: .*"
}
others() {
    for name in $programs; do
        [ "$(inside . "$name")" = "the distribution's" ] || return
    done
}
pages() {
    for page in onedva ffmpeg-onedva ffplay-onedva onedva-latents onedva-corpus; do
        inside . man "$page" | grep -q '^SEE ALSO' || return
    done
}
nothing_left() {
    # shellcheck disable=SC2016 # dpkg's field
    files > "$work/after" && diff "$work/before" "$work/after" &&
        [ -z "$(inside . dpkg-query -W -f '${Package}\n' '*onedva*' 2> /dev/null)" ]
}

step "lintian finds no error" lintian --fail-on error build/deb/*.deb
make_base
make_machine
cp build/deb/*.deb "$work/program.c" "$machine/root"
step "apt-get update" apt update
# shellcheck disable=SC2046 # a list
step "what they depend on" apt install libc6-dev man-db pkg-config $(dependencies)
for name in $programs; do
    printf '#!/bin/sh\necho "the distribution'"'"'s"\n' > "$machine/usr/bin/$name"
    chmod +x "$machine/usr/bin/$name"
done
files > "$work/before"
# shellcheck disable=SC2016 # in there
step "installs" inside . sh -c 'dpkg -i ./*.deb'
files > "$work/installed"
[ "$(comm -13 "$work/before" "$work/installed" | wc -l)" -gt 20 ] || die "the packages installed nothing"
[ -z "$(comm -23 "$work/before" "$work/installed")" ] || die "the packages took the place of other files"
step "encodes" encode
step "plays" play
step "onedva-latents, onedva-corpus" tools
step "a program links with -lonedva and runs" program
step "man" pages
step "the distribution's programs are as they were" others
# shellcheck disable=SC2086 # a list
step "removed" inside . dpkg --purge $packages
step "nothing is left" nothing_left
umount -R "$machine"
