#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fetch.sh, with an archive in a folder for Debian's: the default is the first version that is to be had, in one
# line that says why it is no other; a version that was asked for is taken or refused in one line; what lacks
# Debian's own part is taken without.
#
# usage: test_fetch.sh

set -eu

die() {
    echo "test_fetch: $*" >&2
    exit 1
}

here=$(cd "$(dirname "$0")/.." && pwd)
command -v apt-get > /dev/null || {
    echo "skipped: fetching FFmpeg: this is not Debian"
    exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir -p bin archive/pool
export ARCHIVE="$scratch/archive" PATH="$scratch/bin:$PATH"

# apt-get and apt-cache on the archive: pool has the files, a file of the release's name the versions that it carries.
cat > bin/apt-get <<'EOF'
#!/bin/sh
suite=$(sed -n 's/^Suites: //p' apt/debian.sources)
status=0 kinds=".orig.tar.xz -1.dsc -1.debian.tar.xz"
for argument; do
    case $argument in
    update) [ -f "$ARCHIVE/$suite" ] && exit ;;
    --tar-only) kinds=.orig.tar.xz ;;
    ffmpeg=*) version=${argument#ffmpeg=7:} version=${version%-1} ;;
    esac
done
for kind in $kinds; do
    cp "$ARCHIVE/pool/ffmpeg_${version:?}$kind" . || status=100
done
exit $status
EOF
cat > bin/apt-cache <<'EOF'
#!/bin/sh
sed 's/.*/Version: 7:&-1/' "$ARCHIVE/$(sed -n 's/^Suites: //p' apt/debian.sources)"
EOF
chmod +x bin/*

# usage: package VERSION; with a patch of Debian's
package() {
    mkdir -p source/tree/libavcodec
    echo "$1" > source/tree/RELEASE
    echo "a codec" > source/tree/libavcodec/allcodecs.c
    tar -C source -cJf "archive/pool/ffmpeg_$1.orig.tar.xz" tree
    mkdir -p source/tree/debian/source source/tree/debian/patches
    cd source/tree
    echo "3.0 (quilt)" > debian/source/format
    echo patch > debian/patches/series
    printf '%s\n' '--- a/RELEASE' '+++ b/RELEASE' '@@ -1 +1,2 @@' " $1" "+patched" > debian/patches/patch
    printf 'Source: ffmpeg\nMaintainer: A <a@b>\nStandards-Version: 4.6.2\n\nPackage: ffmpeg\nArchitecture: any\nDescription: a test\n' > debian/control
    printf 'ffmpeg (7:%s-1) unstable; urgency=low\n\n  * A test.\n\n -- A <a@b>  Sun, 29 Nov 2026 00:00:00 +0000\n' "$1" > debian/changelog
    cd "$scratch/archive/pool"
    dpkg-source --build ../../source/tree > /dev/null 2>&1 || die "cannot make a source package"
    cd "$scratch"
    rm -r source
}

# What each release of Debian carries, as versions.sh has it.
carry() {
    find archive -maxdepth 1 -type f -delete
    for version; do
        for suite in $("$here/versions.sh" suites "$version"); do
            echo "$version.2" >> "archive/$suite"
        done
    done
}

# usage: fetch VERSIONS; one line in the file output
fetch() {
    rm -rf dest dest.*
    status=0
    "$here/fetch.sh" dest "$1" > output 2>&1 || status=$?
    [ "$(wc -l < output)" -eq 1 ] || die "'$1': not one line: $(cat output)"
    return $status
}

# usage: takes VERSIONS VERSION LINE [patched]
takes() {
    fetch "$1" || die "'$1' is not fetched: $(cat output)"
    [ "$(cat output)" = "fetch: FFmpeg $2.2 from Debian $3" ] || die "'$1': expected '$2.2 from Debian $3' in: $(cat output)"
    [ "$(tr '\n' ' ' < dest/RELEASE)" = "$2.2 ${4:+$4 }" ] || die "'$1': the tree is not $2 ${4:-}: $(cat dest/RELEASE)"
}

# usage: refused VERSIONS
refused() {
    ! fetch "$1" || die "'$1' is fetched: $(cat output)"
    grep -q "^fetch: cannot download Debian's source package of FFmpeg $1 (see .*download.log): check the network, give another --ffmpeg-version," output ||
        die "'$1': $(cat output)"
    [ ! -e dest ] || die "'$1' is refused and leaves a tree"
}

known=$("$here/versions.sh" known)
# shellcheck disable=SC2086 # a list
set -- $known
[ $# -eq 3 ] || die "this test is for three versions; known are $known"
for version; do
    package "$version.2"
done
first_suite=$("$here/versions.sh" suites "$1") second_suite=$("$here/versions.sh" suites "$2") third_suite=$("$here/versions.sh" suites "$3")
first_suite=${first_suite%% *} second_suite=${second_suite%% *} third_suite=${third_suite%% *}

# All are there, or the newest ones have moved on.
carry "$1" "$2" "$3"
takes "$known" "$1" "$first_suite" patched
takes "$3" "$3" "$third_suite" patched
carry "$2" "$3"
takes "$known" "$2" "$second_suite, since $1 cannot be had there now" patched
refused "$1"
carry "$3"
takes "$known" "$3" "$third_suite, since $1 $2 cannot be had there now" patched
carry
refused "$known"

# Debian's own part is missing, all of it or some; the release is listed and missing.
carry "$1" "$2" "$3"
for file in "archive/pool/ffmpeg_$1.2-1.debian.tar.xz" "archive/pool/ffmpeg_$1.2-1.dsc"; do
    rm "$file"
    takes "$known" "$1" "$first_suite, without Debian's patches: they are missing from the archive"
done
rm "archive/pool/ffmpeg_$1.2.orig.tar.xz"
takes "$known" "$2" "$second_suite, since $1 cannot be had there now" patched
refused "$1"
echo "fetching: as expected"
