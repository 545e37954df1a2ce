#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Adds One-DVA to an FFmpeg source tree: copies the codec, the elementary stream, the filter and the
# FATE tests into it and makes the edits of registrations.txt. The edits always start from FFmpeg's
# own version of a file, kept in TREE/.onedva, so running this again changes nothing, and files that
# are already right keep their times. When an anchor is missing no file of FFmpeg is changed.
#
# usage: register.sh TREE

set -eu

die() {
    echo "register: $*" >&2
    exit 1
}

# usage: update NEW OLD; OLD gets NEW's contents unless it has them
update() {
    if ! cmp -s "$1" "$2"; then
        cp "$1" "$2.new"
        mv "$2.new" "$2"
    fi
}

# usage: copy_into DIRECTORY FILE...; an unmatched glob is skipped
copy_into() {
    directory=$1
    shift
    for file; do
        [ -f "$file" ] || continue
        mkdir -p "$directory"
        update "$file" "$directory/${file##*/}"
    done
}

[ $# -eq 1 ] || die "usage: register.sh TREE"
tree=$1
here=$(cd "$(dirname "$0")" && pwd)
root=${ONEDVA_ROOT:-$here/../..}
table=${ONEDVA_REGISTRATIONS:-$here/registrations.txt}
[ -f "$tree/libavcodec/allcodecs.c" ] || die "$tree is not an FFmpeg source tree"
version=$("$here/versions.sh" of "$tree" 2>&1) || die "$tree $version"

edited=$(mktemp -d)
trap 'rm -rf "$edited"' EXIT

paths=$(awk '$1 == "file" { print $2 }' "$table")
failed=0
for path in $paths; do
    original=$tree/.onedva/$path
    [ -f "$original" ] || original=$tree/$path
    [ -f "$original" ] || die "$original: no such file"
    mkdir -p "$edited/$(dirname "$path")"
    awk -v path="$path" -v version="$version" -f "$here/register.awk" "$table" "$original" > "$edited/$path" || failed=1
done
[ $failed -eq 0 ] || die "$tree was not changed: its sources differ from FFmpeg $version;" \
    "adapt tools/ffmpeg/registrations.txt"

copy_into "$tree/libavcodec" "$root"/libavcodec_onedva/*.[ch]
copy_into "$tree/libavformat" "$root"/libavformat_onedva/*.[ch]
copy_into "$tree/libavfilter" "$root"/libavfilter_onedva/*.[ch]
copy_into "$tree/tests/fate" "$root"/fate/*.mak
for directory in "$root"/fate/ref/*/; do
    copy_into "$tree/tests/ref/$(basename "$directory")" "$directory"*
done
for path in $paths; do
    if [ ! -f "$tree/.onedva/$path" ]; then
        mkdir -p "$tree/.onedva/$(dirname "$path")"
        cp "$tree/$path" "$tree/.onedva/$path"
    fi
    if ! cmp -s "$edited/$path" "$tree/$path"; then
        cat "$edited/$path" > "$tree/$path"
    fi
done
