#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Writes onedva-corpus as one file, with the module in it that it shares with other programs.
#
# usage: build.sh PROGRAM

set -eu

here=$(dirname "$0")
new=$(mktemp)
trap 'rm -f "$new"' EXIT
awk -v module="$here/../python/onedva_progress.py" '
    /^sys\.path\.insert/ { next }
    /^from onedva_progress import/ { while ((getline line < module) > 0) print line; next }
    { print }' "$here/onedva-corpus" > "$new"
cmp -s "$new" "$1" || install -D -m 755 "$new" "$1"
