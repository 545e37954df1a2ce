#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Trains a decoder on pairs on a machine that is at hand for ten minutes and takes 60 MB. 'pack' writes all that
# is needed to the folder PACK: the trainer, the checkpoint of most steps in the folder CHECKPOINTS, and of the folder
# PAIRS, which 'onedva_train stage3 --pairs' has made, as many clips as there is room for; others for each checkpoint.
# 'train', run from PACK on that machine, goes on from the newest checkpoint of PACK and OUT, and writes
# OUT/checkpoint.pt, of at most 16 MB: copy it to CHECKPOINTS, under any name that ends in .pt, before packing again.
# Options of stage3 may follow, as --minutes 20. SIGTERM ends it with a checkpoint, too.
#
# usage: on-device.sh pack CHECKPOINTS PAIRS PACK
#        on-device.sh train PACK OUT [OPTION...]

set -eu

python=${PYTHON:-python3}
megabytes=60
code=1 # of these, what the trainer may have

die() {
    echo "on-device: $*" >&2
    exit 1
}

pack() {
    here=$(dirname "$0")
    [ ! -e "$3" ] || die "$3 exists: remove it, or name another folder"
    mkdir -p "$3/onedva_train"
    cp "$here"/onedva_train/*.py "$3/onedva_train"
    cp "$here/../python/onedva_progress.py" "$3"
    cp "$0" "$3"
    PYTHONPATH=$3 "$python" -m onedva_train pack --start "$1" --train "$2" --megabytes $((megabytes - code)) --out "$3" || {
        rm -r "$3"
        return 1
    }
}

# Nine minutes: the pairs are unpacked before.
train() {
    pack=$1 out=$2
    shift 2
    mkdir -p "$out"
    cp "$pack/checkpoint.pt" "$out/packed.pt"
    PYTHONPATH=$pack "$python" -m onedva_train stage3 --start "$out" --train "$pack/pairs" --pairs --encoder off \
        --light --out "$out/checkpoint.pt" --minutes 9 --check-minutes 3 --rate 3e-4 --ssim-weight 0.5 "$@" > "$out/log" 2>&1 &
    trainer=$!
    trap 'kill $trainer' TERM
    status=0
    wait $trainer || status=$?
    # the signal ended the waiting, and the trainer writes its checkpoint
    [ $status -le 128 ] || { status=0 && wait $trainer || status=$?; }
    rm "$out/packed.pt"
    tail -n 3 "$out/log"
    return $status
}

case ${1:-}:$# in
pack:4) pack "$2" "$3" "$4" ;;
train:[012]) die "usage: on-device.sh train PACK OUT [OPTION...]" ;;
train:*) shift && train "$@" ;;
*) die "usage: on-device.sh pack CHECKPOINTS PAIRS PACK, or on-device.sh train PACK OUT [OPTION...]" ;;
esac
