# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the scripts of fuzzing share.

# usage: inputs_of TARGET; the folder of the committed inputs that it starts from
inputs_of() {
    case $1 in
    decoder | packet_tools | bsf) echo fuzz/corpus/packets ;;
    *) echo "fuzz/corpus/$1" ;;
    esac
}
