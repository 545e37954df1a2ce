#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The man pages, and so the documents that they are made from, list every option that the programs know with
# every value that has a name, and none that is gone.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

for page in "$root"/doc/man/*.md; do
    awk -v version=test -v date=2026-01-01 -f "$root/tools/man/page.awk" "$page" > "$(basename "$page" .md)" || exit 1
done

# usage: terms PAGE SECTION...; what the lists of these sections name, values behind it, without FFmpeg's own
# options
terms() {
    page=$1
    shift
    for section; do
        awk -v section="$section" '
            /^\.S[HS] / { here = substr($0, 5) == section }
            /^FFmpeg.s own options/ { here = 0 }
            here && named { gsub(/\\-/, "-"); print }
            { named = $0 == ".TP" }
        ' "$page"
    done
}

# usage: listed < TERMS; their options, and lines "OPTION VALUE" of their values
listed() {
    awk -F '\\\\fB' '{
        sub(/\\.*/, "", $2)
        sub(/^-+/, "", $2)
        print $2
        for (i = 3; i <= NF; i++) {
            sub(/\\.*/, "", $i)
            print $2, $i
        }
    }' | sort -u
}

# usage: helped PART; the same of what ffmpeg -h tells of an encoder, decoder, filter ...
helped() {
    ffmpeg -h "$1" | awk '
        $2 ~ /^<[a-z0-9_]+>$/ { sub(/^-/, "", $1); option = $1; print option; next }
        option && /^     [a-z]/ { print option, $1; next }
        { option = "" }' | sort -u
}

# usage: agree PAGE SECTION... < OPTIONS
agree() {
    sort -u > known
    terms "$@" | listed > in_page
    [ -s in_page ] && diff in_page known
}

# usage: part PART SECTION...; of onedva(7)
part() {
    name=$1
    shift
    helped "$name" | agree onedva.7 "$@"
}

# usage: long_options FILE; those of lines that begin with one
long_options() {
    sed -n 's/^ *"\{0,1\} *--\([a-z-]*\).*/\1/p' "$1" | grep -vx help
}

# usage: program PAGE HELP; the options, and the usage as it stands in the page
program() {
    long_options "$2" | sort -u > known
    terms "$1" OPTIONS | listed | grep -v ' ' > in_page
    sed -n 's/^[Uu]sage: *//p; s/^       \(onedva-\)/\1/p' "$2" > usage
    awk '/^\.S[HS] / { here = $2 == "SYNOPSIS" } here && /^[^.]/ { gsub(/\\-/, "-"); print }' "$1" > synopsis
    [ -s in_page ] && diff in_page known && [ -s usage ] && diff usage synopsis
}

latents() {
    "$root/tools/latents/build.sh" "$ONEDVA_BIN" "$work/onedva-latents" && ./onedva-latents --help > latents_help &&
        program onedva-latents.1 latents_help
}
corpus() { "$root/tools/corpus/onedva-corpus" --help > corpus_help && program onedva-corpus.1 corpus_help; }

# What the library asks of its environment.
environment() {
    grep -rhoE --include='*.c' --exclude-dir=tests 'getenv\("ONEDVA_[A-Z_]*"' "$root/engine" "$root/kernels" |
        cut -d '"' -f 2 | sort -u > known
    terms onedva.7 ENVIRONMENT | listed | grep -v ' ' > in_page
    [ -s in_page ] && diff in_page known
}

# Only the common ones are listed, in the document alone.
configure() {
    "$root/configure" --help > help && long_options help | sort -u > known
    awk '/^#/ { here = $2 == "configure" } here' "$root/doc/options.md" |
        sed -n 's/^| `--\([a-z-]*\).*/\1/p' | sort -u > in_document
    [ -s in_document ] && comm -23 in_document known > gone && cat gone && [ ! -s gone ]
}

# usage: unlike NAME; without this option of the encoder or value of it, as if it were gone, and with another
unlike() {
    ! helped encoder=onedva | grep -vx "$1" | agree onedva.7 Encoder &&
        ! { helped encoder=onedva && echo "${1}x"; } | agree onedva.7 Encoder
}

truncate="Bitstream filter onedva_truncate" metadata="Bitstream filter onedva_metadata"
check "encoder" part encoder=onedva Encoder
check "decoder" part decoder=onedva Decoder
check "filter" part filter=onedva Encoder Decoder Filter
check "source" part filter=onedvasrc Decoder Source
check "onedva_truncate" part bsf=onedva_truncate "$truncate"
check "onedva_metadata" part bsf=onedva_metadata "$metadata"
check "demuxer and muxer have none" sh -c "! '$ONEDVA_BIN/ffmpeg' -hide_banner -h muxer=odva | grep '<' &&
    ! '$ONEDVA_BIN/ffmpeg' -hide_banner -h demuxer=odva | grep '<'"
check "onedva-latents" latents
check "onedva-corpus" corpus
check "environment" environment
check "configure" configure
check "options are missed" unlike crf
check "values are missed" unlike "preset slow"
finish
