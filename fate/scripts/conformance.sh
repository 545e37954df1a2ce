#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The conformance streams decode to the pixels they are listed with, and a reader that was written
# from the specification alone reads the same latents and motion in them: doc/conformance.md.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

streams=$root/fate/conformance

# usage: decodes NAME STEPS MD5; damage in a stream is meant
decodes() {
    found=$("$ONEDVA_BIN/ffmpeg" -nostdin -v quiet -flags +bitexact -steps "$2" -i "$streams/$1.odva" \
        -noautoscale -fps_mode passthrough -pix_fmt "$(format_listed "$1")" -f md5 - 2>&1)
    echo "expected $3, found $found"
    [ "$found" = "MD5=$3" ]
}
while read -r name steps md5; do
    check "$name, steps $steps" decodes "$name" "$steps" "$md5"
done < "$streams/md5"

no_other_streams() {
    cut -d ' ' -f 1 "$streams/md5" | sort -u > listed
    for file in "$streams"/*.odva; do basename "$file" .odva; done | sort > there
    same listed there
}
check "every stream is listed" no_other_streams

reader="a reader of the specification alone"
if python=$("$root/tools/find-python.sh" numpy); then
    "$root/tools/latents/build.sh" "$ONEDVA_BIN" "$work/onedva-latents" &&
        make -s -C "$root" build/fate/conformance/print_clips || exit 1
    export ONEDVA_BIN ONEDVA_LATENTS="$work/onedva-latents"
    export PRINT_CLIPS="$root/build/fate/conformance/print_clips"
    check "parts of it" "$python" -B "$streams/test_spec_decoder.py" -v
    check "$reader" "$python" -B "$streams/test_conformance.py" -v
else
    left_out "$reader" "python3 with numpy"
fi

finish
