#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Prints the python3 that has the modules: the one that PYTHON or else configure names, or the first
# that is found.
#
# usage: find-python.sh MODULE...

set -eu

config=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/build/config.mak
named=${PYTHON:-}
[ -n "$named" ] || [ ! -f "$config" ] || named=$(sed -n 's/^PYTHON = //p' "$config")

modules=$(echo "$*" | sed 's/ /, /g')
set -- "$named"
[ -n "$named" ] || set -- python3 /usr/bin/python3 /usr/local/bin/python3
for candidate; do
    if "$candidate" -c "import $modules" 2>/dev/null; then
        command -v "$candidate"
        exit
    fi
done
if [ -n "$named" ]; then
    echo "python: $named cannot import $modules; name another with PYTHON= or configure's --python=" >&2
else
    echo "python: no python3 can import $modules; run tools/install-deps.sh check, or name one with" \
        "PYTHON= or configure's --python=" >&2
fi
exit 1
