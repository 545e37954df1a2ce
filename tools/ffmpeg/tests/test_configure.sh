#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# configure: what it writes for its options, one clear line for each that is wrong, and make, which
# runs it again once it is newer than what it wrote.
#
# usage: test_configure.sh

set -eu

die() {
    echo "test_configure: $*" >&2
    exit 1
}

root=$(cd "$(dirname "$0")/../../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
cp "$root/configure" .
echo weights > other.safetensors

# usage: expect_failure MESSAGE OPTION...
expect_failure() {
    message=$1
    shift
    if ./configure "$@" > output 2>&1; then
        die "'$*' was accepted"
    fi
    [ "$(wc -l < output)" -eq 1 ] || die "'$*' gives more than one line: $(cat output)"
    grep -qF -- "$message" output || die "'$*': expected '$message' in: $(cat output)"
    [ ! -e build/config.mak ] || die "'$*' failed but wrote build/config.mak"
}

# usage: expect_setting LINE
expect_setting() {
    grep -qxF "$1" build/config.mak || die "expected '$1' in: $(cat build/config.mak)"
}

./configure --help | grep -q '^  --prefix=PREFIX' || die "--help does not list --prefix"
expect_failure 'models/onedva-tiny.safetensors: no such file'
mkdir models
echo weights > models/onedva-tiny.safetensors
expect_failure 'unknown option --nonsense' --nonsense
expect_failure '--model needs a value' --model
expect_failure '/missing: no such file' --model=missing
expect_failure 'is not an absolute path' --prefix=relative
expect_failure 'is not an FFmpeg source tree' --ffmpeg-source="$scratch"
expect_failure 'C compiler no-such-cc was not found' --cc=no-such-cc
expect_failure 'cannot import torch' --python=false

./configure --disable-ffplay > /dev/null
expect_setting 'PREFIX = /usr/local'
expect_setting 'MODEL = models/onedva-tiny.safetensors'
expect_setting 'FFPLAY = no'
expect_setting 'SANITIZERS = no'

./configure --disable-ffplay --prefix=/opt/onedva --model=other.safetensors --disable-asm \
    --enable-sanitizers --ffmpeg-flags='--enable-gpl --enable-libx264' > /dev/null
expect_setting 'PREFIX = /opt/onedva'
expect_setting "MODEL = $scratch/other.safetensors"
expect_setting 'HAVE_AVX2 = no'
expect_setting 'HAVE_AVX512 = no'
expect_setting 'SANITIZERS = yes'
expect_setting 'FFMPEG_FLAGS = --enable-gpl --enable-libx264'
grep -qx '#define HAVE_AVX2 0' build/config.h || die "build/config.h still has AVX2"

# An old configuration: make asks configure again, with the options it had.
cp "$root/Makefile" .
sed -i '/^HAVE_AVX2/d' build/config.mak
touch -d '1 hour ago' build/config.mak
make build/config.mak > output 2>&1 || die "make does not configure again: $(cat output)"
expect_setting 'HAVE_AVX2 = no'
expect_setting "MODEL = $scratch/other.safetensors"
expect_setting 'FFMPEG_FLAGS = --enable-gpl --enable-libx264'
echo "configure: as expected"
