#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# register.sh: what it adds to which version, that a second run changes nothing, that a changed table or source file
# arrives, and that a missing or doubled anchor is named and leaves FFmpeg's files as they were.
#
# usage: test_register.sh

set -eu

die() {
    echo "test_register: $*" >&2
    exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
register=$here/../register.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# A tree and a repository of only the files that matter here.
new_tree() {
    rm -rf tree repository
    mkdir -p tree/libavcodec tree/libavformat tree/libavfilter tree/tests repository/libavcodec_onedva \
        repository/libavformat_onedva repository/libavfilter_onedva repository/fate/ref/fate
    echo 8.1.2 > tree/RELEASE
    printf 'first\nsecond\nthird\n' > tree/libavcodec/allcodecs.c
    printf 'one\n    two\n' > tree/configure
    echo encoder > repository/libavcodec_onedva/onedvaenc.c
    echo muxer > repository/libavformat_onedva/odvaenc.c
    echo filter > repository/libavfilter_onedva/vf_onedva.c
    echo rules > repository/fate/onedva.mak
    echo sums > repository/fate/ref/fate/onedva-test
    cat > table <<'EOF'
# comment
file libavcodec/allcodecs.c
after |first
add |after first
add |
before |third
add |before third

file configure
after |    two
add |    three
EOF
}

run() {
    ONEDVA_ROOT=$scratch/repository ONEDVA_REGISTRATIONS=$scratch/table "$register" tree
}

snapshot() {
    find tree -type f ! -path '*/.onedva/*' -exec cksum {} + | sort -k 3
}

new_tree
run
printf 'first\nafter first\n\nsecond\nbefore third\nthird\n' | cmp - tree/libavcodec/allcodecs.c
printf 'one\n    two\n    three\n' | cmp - tree/configure
cmp repository/libavcodec_onedva/onedvaenc.c tree/libavcodec/onedvaenc.c
cmp repository/libavformat_onedva/odvaenc.c tree/libavformat/odvaenc.c
cmp repository/libavfilter_onedva/vf_onedva.c tree/libavfilter/vf_onedva.c
cmp repository/fate/onedva.mak tree/tests/fate/onedva.mak
cmp repository/fate/ref/fate/onedva-test tree/tests/ref/fate/onedva-test

touch -d '2001-01-01' mark
find tree -exec touch -r mark {} +
before=$(snapshot)
run
[ "$before" = "$(snapshot)" ] || die "a second run changed the tree"
[ -z "$(find tree -type f -newer mark)" ] || die "a second run touched $(find tree -type f -newer mark)"

echo 'add |four' >> table
echo changed > repository/libavcodec_onedva/onedvaenc.c
run
printf 'one\n    two\n    three\nfour\n' | cmp - tree/configure
[ "$(cat tree/libavcodec/onedvaenc.c)" = changed ] || die "a changed source file did not arrive"

# usage: expect_failure MESSAGE; nothing in the tree may change
expect_failure() {
    before=$(snapshot)
    if run 2> message; then
        die "expected a failure: $1"
    fi
    grep -qF "$1" message || die "expected '$1' in: $(cat message)"
    [ "$before" = "$(snapshot)" ] || die "a failed registration changed the tree"
}

# Edits and lines of one version only, and of all behind them.
new_tree
cat > table <<'EOF_TABLE'
file libavcodec/allcodecs.c
in 7.1
after |an anchor of 7.1
add |not here
in 8.1 9.0
before |second
in 9.0
add |nor this
in 8.1
add |added
in all
add |everywhere
after |third
add |last
file configure
after |    two
add |    three
EOF_TABLE
run
printf 'first\nadded\neverywhere\nsecond\nthird\nlast\n' | cmp - tree/libavcodec/allcodecs.c
printf 'one\n    two\n    three\n' | cmp - tree/configure

new_tree
echo 6.0.1 > tree/RELEASE
expect_failure 'tree is FFmpeg 6.0.1; known are'
new_tree
printf 'one\n    2\n' > tree/configure
expect_failure 'configure: anchor not found:     two'
new_tree
printf '    two\n    two\n' > tree/configure
expect_failure 'configure: anchor found 2 times, expected once:     two'
new_tree
rm tree/configure
expect_failure 'tree/configure: no such file'

# The real table on the real trees of the versions that have been fetched already.
for pristine in "$here"/../../../build/ffmpeg-src*; do
    [ -d "$pristine/.onedva" ] || continue
    version=$("$here/../versions.sh" of "$pristine")
    awk '$1 == "file" { print $2 }' "$here/../registrations.txt" | while read -r path; do
        awk -v path="$path" -v version="$version" -f "$here/../register.awk" "$here/../registrations.txt" \
            "$pristine/.onedva/$path" > /dev/null || die "the table does not fit $path of FFmpeg $version"
    done
done
echo "registration: as expected"
