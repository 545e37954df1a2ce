#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The versions of FFmpeg that One-DVA is built into, the default first, and where they come from.
#
# usage: versions.sh known            all of them
#        versions.sh suites VERSION   the releases of Debian that may carry it, the one to prefer first
#        versions.sh of TREE          that of a source tree

set -eu

known="9.0 8.1 7.1"

case ${1:-}-$# in
known-1) echo "$known" ;;
suites-2)
    case $2 in
    7.1) echo trixie sid ;;
    8.1) echo sid ;;
    9.0) echo forky sid ;;
    *) exit 1 ;;
    esac
    ;;
of-2)
    if ! release=$(cat "$2/RELEASE" 2>/dev/null); then
        echo "does not say in a file RELEASE which version of FFmpeg it is; known are $known" >&2
        exit 1
    fi
    for version in $known; do
        case $release in
        *git*) ;; # what comes after it
        "$version" | "$version".*) echo "$version" && exit ;;
        esac
    done
    echo "is FFmpeg $release; known are $known" >&2
    exit 1
    ;;
*)
    echo "usage: versions.sh known | suites VERSION | of TREE" >&2
    exit 1
    ;;
esac
