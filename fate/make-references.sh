#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the references in fate/ref anew, after a change of the bitstream, of a model or of the strict C
# kernels that is meant to change results, and the stream of the shipped model where it is of another
# one. Look at "git diff" before committing them. "make fate-onedva GEN=1" only brings references up to
# date; this removes those of tests that are gone, too.
#
# usage: make-references.sh

set -eu

cd "$(dirname "$0")/.."
make ffmpeg-check
build/ffmpeg-check/ffmpeg -v quiet -xerror -model models/onedva-tiny.safetensors \
    -i fate/streams/shipped/parts.nut -f null - || fate/make-streams.sh shipped/parts
rm -f fate/ref/*/onedva-* build/ffmpeg-src/tests/ref/*/onedva-*
make fate-onedva GEN=1 > build/make-references.log 2>&1 || {
    tail -n 5 build/make-references.log >&2
    exit 1
}
make fate-onedva
