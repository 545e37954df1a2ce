#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# doc/options.md lists every option that the programs know, and none that is gone.

. "$(dirname "$0")/../common.sh"

# usage: listed SECTION...; options in the first column of the tables below these headings
listed() {
    for section; do
        awk -v section="$section" '
            /^#/ { sub(/^#+ /, ""); here = $0 == section }
            /^\| [^`]/ { own = /^\| option / }
            here && own && match($0, /^\| `[^`]*`/) { print substr($0, RSTART + 3, RLENGTH - 4) }
        ' "$root/doc/options.md"
    done | sed 's/^-*//; s/=.*//' | sort -u
}

# usage: helped PART; options that ffmpeg -h tells of an encoder, decoder, filter ...
helped() {
    ffmpeg -h "$1" | sed -n 's/^ *-\{0,1\}\([a-z_]*\) *<[a-z0-9]*> .*/\1/p' | sort -u
}

# usage: agree SECTION... < OPTIONS
agree() {
    sort -u > helped
    listed "$@" > in_document
    [ -s in_document ] && diff in_document helped
}

# usage: part PART SECTION...
part() {
    name=$1
    shift
    helped "$name" | agree "$@"
}

# usage: long_options FILE; those of lines that begin with one
long_options() {
    sed -n 's/^ *"\{0,1\} *--\([a-z-]*\).*/\1/p' "$1" | grep -vx help
}

latents() { long_options "$root/tools/latents/onedva_latents.c" | agree onedva-latents; }
corpus() { "$root/tools/corpus/onedva-corpus" --help > help && long_options help | agree onedva-corpus; }
# only the common ones are listed
configure() {
    "$root/configure" --help > help && long_options help | sort -u > helped && listed configure > in_document &&
        [ -s in_document ] && comm -23 in_document helped > gone && cat gone && [ ! -s gone ]
}
# an option that is not listed is noticed, and one that is gone
unlike() {
    ! { helped encoder=onedva && echo new; } | agree Encoder &&
        ! helped encoder=onedva | sed 1d | agree Encoder
}

check "encoder" part encoder=onedva Encoder
check "decoder" part decoder=onedva Decoder
check "filter" part filter=onedva Encoder Decoder Filter
check "onedva_truncate" part bsf=onedva_truncate onedva_truncate
check "onedva_metadata" part bsf=onedva_metadata onedva_metadata
check "demuxer and muxer have none" sh -c "! '$ONEDVA_BIN/ffmpeg' -hide_banner -h muxer=odva | grep '<' &&
    ! '$ONEDVA_BIN/ffmpeg' -hide_banner -h demuxer=odva | grep '<'"
check "onedva-latents" latents
check "onedva-corpus" corpus
check "configure" configure
check "differences are noticed" unlike
finish
