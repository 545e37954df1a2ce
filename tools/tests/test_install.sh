#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make install below a DESTDIR: every file is there, and a program finds the library by pkg-config
# and runs with it, shared and static.
#
# usage: test_install.sh

set -eu

die() {
    echo "test_install: $*" >&2
    exit 1
}

cd "$(dirname "$0")/../.."
cc=$(sed -n 's/^CC = //p' build/config.mak)
prefix=$(sed -n 's/^PREFIX = //p' build/config.mak)
ffplay=$(sed -n 's/^FFPLAY = //p' build/config.mak)
sanitizers=$(sed -n 's/^SANITIZERS = //p' build/config.mak)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

make --no-print-directory install FLAVOUR=check DESTDIR="$scratch"
installed=$scratch$prefix
for file in bin/ffmpeg bin/ffprobe bin/onedva-latents bin/onedva-corpus lib/libonedva.a lib/libonedva.so lib/libonedva.so.0 \
    include/onedva/onedva.h lib/pkgconfig/onedva.pc; do
    [ -f "$installed/$file" ] || die "$file was not installed"
done
[ "$ffplay" = no ] || [ -x "$installed/bin/ffplay" ] || die "bin/ffplay was not installed"
! grep -q "$PWD" "$installed/lib/pkgconfig/onedva.pc" || die "onedva.pc names the build directory"
"$installed/bin/ffmpeg" -v error -h encoder=onedva > "$scratch/help"
grep -q 'Encoder onedva' "$scratch/help" || die "the installed ffmpeg has no onedva encoder"

cat > "$scratch/program.c" <<'EOF'
#include <stdio.h>
#include <onedva/onedva.h>

int main(void)
{
    onedva_model *model = NULL;
    int status = onedva_model_open(&model, NULL, NULL);

    printf("libonedva %s: %s\n", onedva_version(), onedva_status_text(status));
    onedva_model_close(&model);
    return status != ONEDVA_OK;
}
EOF

flags() {
    PKG_CONFIG_PATH=$installed/lib/pkgconfig pkg-config \
        --define-variable=prefix="$installed" "$@" onedva
}
sanitize=
[ "$sanitizers" = no ] || sanitize=-fsanitize=address,undefined
unset ONEDVA_MODEL
# shellcheck disable=SC2046,SC2086 # lists of flags
$cc $sanitize -o "$scratch/shared" "$scratch/program.c" $(flags --cflags --libs)
LD_LIBRARY_PATH=$installed/lib "$scratch/shared"
# Without the shared library the linker takes the static one.
rm "$installed"/lib/libonedva.so*
# shellcheck disable=SC2046,SC2086
$cc $sanitize -o "$scratch/static" "$scratch/program.c" $(flags --cflags --libs --static)
"$scratch/static"

[ -z "$(nm -D --defined-only build/lib/shared/libonedva.so | awk '$3 !~ /^(onedva_|_init$|_fini$)/')" ] ||
    die "libonedva.so exports names that do not begin with onedva_"
