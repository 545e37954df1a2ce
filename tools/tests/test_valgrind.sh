#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Valgrind's memcheck on the unit tests and on a short encode and decode by ffmpeg. Valgrind knows no
# AVX-512, so that the operators are C and AVX2. Takes some 15 minutes.
#
# usage: test_valgrind.sh UNIT_TEST...

set -eu

cd "$(dirname "$0")/../.."
memcheck="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite"
EMULATOR="$memcheck" tools/run-unit-tests.sh "$@"

# Half of a bitstream's tools: motion, clips of every length, layers, network and sampler.
export ONEDVA_MODEL=fate/model/onedva-test.safetensors
ffmpeg=build/ffmpeg-check/ffmpeg
stream=build/test/valgrind.nut
mkdir -p build/test
echo "encode"
$memcheck $ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=160x112:rate=25 -frames:v 20 -pix_fmt yuv420p \
    -c:v onedva -preset slow -layers 2 -threads 2 $stream
for steps in 0 1 3; do
    echo "decode, $steps steps"
    $memcheck $ffmpeg -v error -nostdin -threads 2 -steps $steps -i $stream -f null -
done
