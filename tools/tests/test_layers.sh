#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A file of the library includes what lies in its own folder or in one below it, by the folder's name;
# every file lies in a folder, and in mk/sources.mk. Breaking the order on purpose is noticed.
#
# usage: test_layers.sh

set -eu

cd "$(dirname "$0")/../.."
mkdir -p build/test
export LC_ALL=C

# From the lowest one up; those of a line do not see each other.
order='base
kernels
model
bitstream
transform
motion
network
rate
encoder decoder generate'

# Print each include of "FILE FOLDER INCLUDE" lines that points upwards or names no folder.
wrong_includes() {
    awk -v order="$order" '
        BEGIN {
            lines = split(order, line, "\n")
            for (i = 1; i <= lines; i++) {
                n = split(line[i], folders, " ")
                for (j = 1; j <= n; j++)
                    rank[folders[j]] = i
            }
        }
        {
            split($3, part, "/")
            if ($3 == "config.h" || $3 ~ /^onedva\/onedva(_vulkan|_generate)?\.h$/ || part[1] == $2)
                next
            if (!(part[1] in rank))
                print $1 ": \"" $3 "\" names no folder of the library"
            else if (!($2 in rank) || rank[part[1]] >= rank[$2])
                print $1 ": \"" $3 "\" points upwards: " $2 "/ lies below " part[1] "/ or beside it"
        }'
}

# usage: includes FILE...
includes() {
    for file; do
        case $file in
        engine/*) folder=${file#engine/} folder=${folder%%/*} ;;
        *) folder=kernels ;;
        esac
        sed -n "s|^#include \"\([^\"]*\)\".*|$file $folder \1|p" "$file"
    done
}

for example in 'engine/base/log.c base model/model.h' 'engine/motion/mosaic.c motion rate/bit_cost.h' \
    'engine/decoder/decoder.c decoder encoder/encoder.h' 'kernels/backend.c kernels model/model.h' \
    'engine/rate/bit_cost.c rate bit_cost.h'; do
    [ -n "$(echo "$example" | wrong_includes)" ] || {
        echo "test_layers: '$example' is not noticed, so that this test proves nothing" >&2
        exit 1
    }
done

sources=$(find engine kernels -name '*.[chS]' -not -path '*/tests/*' -not -path 'engine/include/*' | sort)
# shellcheck disable=SC2086 # a list of files
problems=$(includes $sources | wrong_includes
    find engine -maxdepth 1 -type f | sed 's|$|: lies outside of every folder|'
    make --no-print-directory -f - list <<'MAKE' | tr ' ' '\n' | sort > build/test/sources
HAVE_AVX2 = yes
HAVE_AVX512 = yes
HAVE_AVX512BF16 = yes
HAVE_AVX512VNNI = yes
HAVE_AVX512BF16VNNI = yes
HAVE_NEON = yes
HAVE_VULKAN = yes
HAVE_CUDA = yes
SANITIZERS = yes
include mk/sources.mk
list:
	@echo $(SOURCES)
MAKE
    echo "$sources" | grep '\.c$' | comm -3 - build/test/sources | sed 's|^\t*||; s|$|: not both there and in mk/sources.mk|')
[ -z "$problems" ] || {
    echo "$problems" >&2
    exit 1
}
echo "$(echo "$sources" | wc -l) files, includes point downwards"
