#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Documents name what is there: each path in Markdown, each document that sources name, and each link lead
# somewhere; every document is in the index beside it; README.md is one screen. Documents that are wrong on
# purpose are noticed.
#
# usage: test_documents.sh

set -eu

cd "$(dirname "$0")/../.."
mkdir -p build/test
export LC_ALL=C

folders='engine kernels libavcodec_onedva libavfilter_onedva libavformat_onedva fate fuzz tools models doc mk'
most_lines=60 # of README.md, outside of code

# usage: paths PATTERN FILE...; lines "FILE:LINE PATH" of what matches behind a folder's name
paths() {
    pattern="($(echo "$folders" | tr ' ' '|'))/$1"
    shift
    awk -v pattern="$pattern" '
        {
            rest = $0
            before = ""
            while (match(rest, pattern)) {
                path = substr(rest, RSTART, RLENGTH)
                before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : before
                if (before !~ /[A-Za-z0-9_.\/-]/) {
                    sub(/[.-]+$/, "", path)
                    print FILENAME ":" FNR " " path
                }
                before = substr(path, length(path))
                rest = substr(rest, RSTART + RLENGTH)
            }
        }' "$@"
}

# usage: links FILE...; lines "FILE:LINE PATH" of links outside of code, the path from here
links() {
    awk '
        FNR == 1 { code = 0 }
        /^```/ { code = !code }
        !code && !/^    / {
            rest = $0
            while (match(rest, /\]\([^)]*\)/)) {
                link = substr(rest, RSTART + 2, RLENGTH - 3)
                rest = substr(rest, RSTART + RLENGTH)
                sub(/#.*/, "", link)
                folder = FILENAME
                if (!sub(/\/[^\/]*$/, "/", folder))
                    folder = ""
                if (link != "" && link !~ /^[a-z]+:/)
                    print FILENAME ":" FNR " " folder link
            }
        }' "$@"
}

# Print those of "FILE:LINE PATH" lines that lead nowhere. NAME and FOLDER stand for any, as * does.
missing() {
    while read -r place path; do
        pattern=$path
        case $path in
        *NAME* | *FOLDER*) pattern=$(echo "$path" | sed 's/NAME/*/g; s/FOLDER/*/g') ;;
        esac
        # shellcheck disable=SC2086 # a pattern
        set -- $pattern
        [ -e "$1" ] || echo "$place: there is no $path"
    done
}

# usage: not_listed INDEX FILE...; files of the index's folder to which it has no link
not_listed() {
    index=$1
    shift
    for file; do
        [ "$file" = "$index" ] || grep -qF "](${file##*/})" "$index" || echo "$file: is not in $index"
    done
}

# usage: too_long FILE
too_long() {
    awk -v most=$most_lines '/^```/ { code = !code } !code { n++ }
        END { if (n > most) print FILENAME ": " n " lines outside of code, " most " at most" }' "$1"
}

scratch=build/test/documents
rm -rf $scratch
mkdir -p $scratch
# shellcheck disable=SC2016 # Markdown
printf '%s\n' 'in `engine/base/nothing.c`, ' '[no](nothing.md), [`tools/gone/`](../README.md)' \
    'and `kernels/cpu/nothing_NAME.c`.' > $scratch/wrong.md
seq $((most_lines + 1)) > $scratch/long.md
seen() {
    grep -qF "$1" || {
        echo "test_documents: '$1' is not noticed, so that this test proves nothing" >&2
        exit 1
    }
}
every='[A-Za-z0-9_.*/-]*'
paths "$every" $scratch/wrong.md | missing | seen 'wrong.md:1: there is no engine/base/nothing.c'
paths "$every" $scratch/wrong.md | missing | seen 'wrong.md:2: there is no tools/gone/'
paths "$every" $scratch/wrong.md | missing | seen 'wrong.md:3: there is no kernels/cpu/nothing_NAME.c'
links $scratch/wrong.md | missing | seen "wrong.md:2: there is no $scratch/nothing.md"
not_listed $scratch/wrong.md $scratch/long.md | seen "long.md: is not in $scratch/wrong.md"
too_long $scratch/long.md | seen "long.md: $((most_lines + 1)) lines"

# shellcheck disable=SC2086 # a list of folders
documents=$(find ./*.md $folders -name '*.md' | sed 's|^\./||' | sort)
# shellcheck disable=SC2086
sources=$(grep -rlIE 'doc/[a-z]' configure Makefile $folders --exclude='*.md' | sort)
# shellcheck disable=SC2086 # lists of files
problems=$(paths "$every" $documents | missing
    links $documents | missing
    paths '[a-z/-]*[.]md' $sources | missing
    not_listed doc/README.md doc/*.md
    not_listed doc/decisions/README.md doc/decisions/*.md
    too_long README.md)
[ -z "$problems" ] || {
    echo "$problems" >&2
    exit 1
}
echo "$(echo "$documents" | wc -l) documents, paths and links lead somewhere"
