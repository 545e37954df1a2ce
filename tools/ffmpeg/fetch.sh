#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Puts a pristine FFmpeg source tree at DEST, from SOURCE when one is given and otherwise from
# Debian's source package. A tree that is already at DEST is kept.
#
# usage: fetch.sh DEST [SOURCE]

set -eu

suite=trixie # the Debian release that carries FFmpeg $series
series=7.1
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
    echo "fetch: $*" >&2
    exit 1
}

# Print "URI KEYRING" for each entry of the machine's apt sources that offers the main component
# of the running Debian release; the project's own archives (path /debian) come first.
debian_archives() {
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
    {
        find /etc/apt/sources.list.d -name '*.list' -exec cat {} + 2>/dev/null || true
        cat /etc/apt/sources.list 2>/dev/null || true
    } | awk -v codename="$codename" -v keyring="$keyring" '
        $1 == "deb" || $1 == "deb-src" {
            options = ""
            if (match($0, /\[[^]]*\]/)) {
                options = substr($0, RSTART + 1, RLENGTH - 2)
                $0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
            }
            main = 0
            for (i = 4; i <= NF; i++)
                main = main || $i == "main"
            if (!main || ($3 != codename && $3 != "stable"))
                next
            key = keyring
            if (match(options, /signed-by=[^ ]+/))
                key = substr(options, RSTART + 10, RLENGTH - 10)
            print $2, key
        }'
    find /etc/apt/sources.list.d -name '*.sources' -exec cat {} \; -exec echo \; 2>/dev/null |
        sed '/^[ \t]*#/d' | awk -v codename="$codename" -v keyring="$keyring" '
        function has(list, word,    n, i, words) {
            n = split(list, words)
            for (i = 1; i <= n; i++)
                if (words[i] == word)
                    return 1
            return 0
        }
        function flush(    n, i, uris) {
            if (has(field["components"], "main") && tolower(field["enabled"]) != "no" &&
                (has(field["suites"], codename) || has(field["suites"], "stable"))) {
                n = split(field["uris"], uris)
                for (i = 1; i <= n; i++)
                    print uris[i], field["signed-by"] ~ /^\/[^ ]+$/ ? field["signed-by"] : keyring
            }
            split("", field)
        }
        /^[ \t]*$/ { flush(); next }
        /^[ \t]/ { field[name] = field[name] " " $0; next }
        {
            name = tolower(substr($0, 1, index($0, ":") - 1))
            value = substr($0, index($0, ":") + 1)
            gsub(/^[ \t]+|[ \t]+$/, "", value)
            field[name] = value
        }
        END { flush() }'
}

# Download the source package into the current directory through a private apt configuration.
# usage: download URI KEYRING
download() {
    rm -rf apt
    mkdir -p apt/lists/partial apt/cache/archives/partial
    : > apt/empty
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
        "$1" "$suite" "$2" > apt/debian.sources
    set -- -qq -o Dir::Etc::sourcelist="$PWD/apt/debian.sources" \
        -o Dir::Etc::sourceparts="$PWD/apt/empty" -o Dir::State::Lists="$PWD/apt/lists" \
        -o Dir::Cache="$PWD/apt/cache" -o APT::Get::List-Cleanup=false -o APT::Sandbox::User=root
    apt-get "$@" update && apt-get "$@" source --download-only ffmpeg
}

unpack_debian() {
    command -v apt-get >/dev/null ||
        die "no FFmpeg source: this is not Debian; give an FFmpeg $series tree with --ffmpeg-source=DIR"
    command -v dpkg-source >/dev/null || die "dpkg-source is missing: install the package dpkg-dev"
    mkdir -p "$work"
    cd "$work"
    debian_archives | awk '!seen[$0]++ { print ($1 ~ /\/debian\/?$/ ? 0 : 1), $0 }' |
        sort -s -n -k 1,1 | cut -d ' ' -f 2- > archives
    while read -r uri key; do
        echo "fetch: FFmpeg source package of Debian $suite"
        if download "$uri" "$key" > download.log 2>&1; then
            break
        fi
    done < archives
    set -- ffmpeg_*.dsc
    [ -f "$1" ] || die "cannot download Debian's FFmpeg source package (see $work/download.log);" \
        "check the network, or give an unpacked FFmpeg $series tree with --ffmpeg-source=DIR"
    dpkg-source --no-check --extract "$1" tree > unpack.log 2>&1 ||
        die "cannot unpack $work/$1 (see $work/unpack.log)"
}

copy_source() {
    [ -d "$1" ] || die "--ffmpeg-source=$1: no such directory; expected an unpacked FFmpeg source tree"
    [ -f "$1/libavcodec/allcodecs.c" ] || die "--ffmpeg-source=$1 is not an FFmpeg source tree" \
        "(it has no libavcodec/allcodecs.c)"
    [ ! -f "$1/config.h" ] || die "--ffmpeg-source=$1 was configured in place, which breaks builds" \
        "outside it; run 'make distclean' there first"
    mkdir -p "$work"
    cp -R "$1" "$work/tree"
}

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    die "usage: fetch.sh DEST [SOURCE]"
fi
dest=$1
work=$dest.part
source=${2:-}
origin=$dest.origin

# A tree made from another source than the one asked for now is replaced.
if [ -f "$dest/libavcodec/allcodecs.c" ]; then
    if [ -z "$source" ] || [ "$(cat "$origin" 2>/dev/null)" = "$source" ]; then
        exit 0
    fi
fi

mkdir -p "$(dirname "$dest")"
case $work in
/*) ;;
*) work=$PWD/$work ;;
esac
rm -rf "$work"
if [ -n "$source" ]; then
    copy_source "$source"
else
    (unpack_debian)
fi
rm -rf "$dest"
mv "$work/tree" "$dest"
rm -rf "$work"
echo "$source" > "$origin"
