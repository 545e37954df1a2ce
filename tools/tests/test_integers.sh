#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What reads packets compiles for a processor without floating-point registers: latents and motion
# are the same numbers on any machine.
#
# usage: test_integers.sh

set -eu

cd "$(dirname "$0")/../.."
cc=$(sed -n 's/^CC = //p' build/config.mak)
work=build/test/integers
case $($cc -dumpmachine) in
x86_64* | aarch64*) ;;
*)
    echo "skipped: integers: the compiler has -mgeneral-regs-only for x86-64 and AArch64 only"
    exit 77
    ;;
esac
rm -rf $work
mkdir -p $work

# usage: compiles FILE; without floating point
compiles() {
    # shellcheck disable=SC2046 # a list of options
    $cc -std=c11 -O2 -D_GNU_SOURCE -DONEDVA_BUILDING -Iengine/include -Iengine -I. -Ibuild \
        $(sed -n 's/^LIBRARY_CFLAGS = //p' build/config.mak) -mgeneral-regs-only -c -o $work/object.o "$1"
}

echo 'float twice(float x) { return 2 * x; }' > $work/float.c
! compiles $work/float.c 2> $work/log || {
    echo "a function with floats compiled, so that this test proves nothing" >&2
    exit 1
}
for name in base/byte_reader base/layout motion/motion_paths \
    bitstream/crc16 bitstream/stream_header bitstream/packet_parser bitstream/packet_info \
    bitstream/packet_truncation bitstream/packet_decoder bitstream/range_decoder bitstream/latent_decoder \
    bitstream/latents bitstream/scan bitstream/symbol_predictor bitstream/symbol_context \
    bitstream/logistic bitstream/motion_decoder bitstream/motion_context; do
    compiles engine/$name.c
    echo "ok $name"
done
