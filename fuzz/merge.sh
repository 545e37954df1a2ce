#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Leaves of a target's inputs in build/fuzz/corpus only the smallest ones that reach, beside the committed
# ones, all that they reached together.
#
# usage: merge.sh TARGET

set -eu

cd "$(dirname "$0")/.."
# shellcheck source=fuzz/common.sh
. fuzz/common.sh
program=$1
name=${program##*/fuzz_}
inputs=$(inputs_of "$name")
corpus=build/fuzz/corpus/$name
merged=build/fuzz/merged/$name
[ -d "$corpus" ] || exit 0
rm -rf "$merged"
mkdir -p "$merged"
cp "$inputs"/* "$merged"
ASAN_OPTIONS=allocator_may_return_null=1 "$program" -merge=1 -rss_limit_mb=2000 -timeout=60 -max_len=8192 \
    -artifact_prefix="build/fuzz/found/$name-" "$merged" "$corpus" > "build/fuzz/$name.merge.log" 2>&1 || {
    echo "fuzz: $name cannot be merged; see build/fuzz/$name.merge.log" >&2
    exit 1
}
for input in "$inputs"/*; do
    rm -f "$merged/${input##*/}"
done
echo "MERGE   $name: $(find "$corpus" -type f | wc -l) inputs, $(find "$merged" -type f | wc -l) left"
rm -rf "$corpus"
mv "$merged" "$corpus"
