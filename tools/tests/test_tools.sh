#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every program of tools/ and what else no other test builds compiles without a warning, by gcc and by
# clang, with the libraries of test_bitexact.sh.
#
# usage: test_tools.sh

set -eu

cd "$(dirname "$0")/../.."
has_cuda=$(sed -n 's/^HAVE_CUDA *:*= *//p' build/config.mak)
# Users' programs are built by the tests of what is installed, product_bench where there is a CUDA Toolkit.
programs=$(grep -l '^int main(' tools/*/*.c | grep -v -e '^tools/tests/' -e '^tools/examples/' | sed 's|.*/||; s|\.c$||')

for variant in gcc-O3 clang-O2; do
    compiler=${variant%-*} optimize="-${variant#*-} -Werror" directory=build/variants/$variant
    rm -rf "$directory/tools" "$directory/fuzz" "$directory"/onedva-*
    # Any BLAS has the functions; libblas-dev puts none in the place of the machine's.
    make -j"$(nproc)" --no-print-directory BUILD=$directory CC="$compiler" OPTIMIZE="$optimize" BLAS=blas \
        tools $directory/fuzz/make_corpus $directory/fuzz/replay_decoder
    CC=$compiler CFLAGS=$optimize ONEDVA_LIBRARY=$directory/lib/libonedva.a \
        tools/latents/build.sh build/ffmpeg-check $directory/onedva-latents
    for program in $programs; do
        [ "$program" != product_bench ] || [ "$has_cuda" = yes ] || continue
        [ -x "$directory/tools/bench/$program" ] || [ -x "$directory/$(echo "$program" | tr _ -)" ] || {
            echo "test_tools: 'make tools' does not build $program" >&2
            exit 1
        }
    done
done
