#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One stream, encoded by the library as it is shipped, decodes to the same pixels when the library
# is built by gcc -O0, gcc -O3 and clang -O2; the packet they encode is the same, too. None of the
# compilers warns of anything.
#
# usage: test_bitexact.sh

set -eu

cd "$(dirname "$0")/../.."
program=engine/tests/codec/bitexact_hash
# In the test model, unlike a freshly fitted one, every network changes the pixels.
export ONEDVA_MODEL=fate/model/onedva-test.safetensors

make --no-print-directory "build/$program"
mkdir -p build/variants
"build/$program" encode build/variants/reference.odva
"build/$program" decode build/variants/reference.odva | tee build/variants/reference.txt
[ "$(cut -d : -f 2 build/variants/reference.txt | sort -u | wc -l)" -eq 3 ] || {
    echo "test_bitexact: the numbers of steps decode alike, so this tests nothing" >&2
    exit 1
}

for variant in gcc-O0 gcc-O3 clang-O2; do
    directory=build/variants/$variant
    make --no-print-directory BUILD=$directory CC="${variant%-*}" OPTIMIZE="-${variant#*-} -Werror" \
        "$directory/$program"
    echo "$variant"
    "$directory/$program" decode build/variants/reference.odva > "$directory/pixels.txt"
    diff build/variants/reference.txt "$directory/pixels.txt" || {
        echo "test_bitexact: $variant decodes other pixels" >&2
        exit 1
    }
    "$directory/$program" encode "$directory/packet.odva"
    cmp build/variants/reference.odva "$directory/packet.odva" || {
        echo "test_bitexact: $variant encodes another packet" >&2
        exit 1
    }
done
