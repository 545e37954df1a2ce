#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the references in fate/ref/fate anew, after a change of the bitstream, the test model or the
# strict C kernels that is meant to change results. Look at "git diff" before committing them.
#
# usage: make-references.sh

set -eu

cd "$(dirname "$0")/.."
make ffmpeg-check
references=build/ffmpeg-src/tests/ref/fate
mkdir -p fate/ref/fate
rm -f fate/ref/fate/onedva-* $references/onedva-*
ONEDVA_MODEL=$PWD/fate/model/onedva-test.safetensors \
    make -C build/ffmpeg-check fate-onedva GEN=1 > build/make-references.log 2>&1 || {
    tail -n 5 build/make-references.log >&2
    exit 1
}
cp $references/onedva-* fate/ref/fate
make fate-onedva
