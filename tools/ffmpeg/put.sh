#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Puts programs of a build of FFmpeg into another folder. Where FFmpeg is shared they are scripts that tell
# the programs where its libraries are, until these are installed.
#
# usage: put.sh DIRECTORY-OF-FFMPEG FOLDER PROGRAM...

set -eu

from=$(cd "$1" && pwd)
to=$2
shift 2
new=$(mktemp)
trap 'rm -f "$new"' EXIT
for program; do
    # shellcheck disable=SC2016 # read by the script
    if grep -qx CONFIG_SHARED=yes "$from/ffbuild/config.mak"; then
        libraries=$(printf '%s:' "$from"/lib*/)
        printf '#!/bin/sh\nLD_LIBRARY_PATH="%s$LD_LIBRARY_PATH" exec "%s" "$@"\n' \
            "$libraries" "$from/$program" > "$new"
    else
        cp "$from/$program" "$new"
    fi
    cmp -s "$new" "$to/$program" || install -m 755 "$new" "$to/$program"
done
