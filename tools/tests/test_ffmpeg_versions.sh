#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One-DVA in each version of FFmpeg that it knows, other than that of build/ffmpeg-check: builds a small
# configuration of it, decodes the conformance streams to the pixels that they are listed with, and compares
# what else comes out of it, byte for byte, with what comes out of build/ffmpeg-check.
#
# usage: test_ffmpeg_versions.sh, with what build.sh wants in the environment

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../../fate/common.sh"

streams=$root/fate/streams conformance=$root/fate/conformance
reference=$ONEDVA_BIN

# usage: with FOLDER COMMAND...; the command, with the programs of that folder
with() {
    (ONEDVA_BIN=$1 && shift && "$@")
}

# usage: alike COMMAND...; both versions print the same, and something
alike() {
    with "$reference" "$@" > expected && with "$other" "$@" > found && same expected found
}

# usage: packets INPUT [OPTION...]; of what comes out everything but the version
packets() {
    input=$1
    shift
    ffmpeg -i "$input" "$@" -f framemd5 - | grep -v '^#software'
}

# Steps 0 only: what the network gives is not said to the last bit with any compiler and processor.
decodes() {
    while read -r name steps md5; do
        [ "$steps" = 0 ] || continue
        found=$("$other/ffmpeg" -nostdin -v quiet -flags +bitexact -steps 0 -i "$conformance/$name.odva" \
            -noautoscale -fps_mode passthrough -pix_fmt "$(format_listed "$name")" -f md5 -)
        [ "$found" = "MD5=$md5" ] || {
            echo "$name: expected $md5, found $found"
            return 1
        }
    done < "$conformance/md5"
}

# usage: muxed CONTAINER; each version reads the other's file, and seeks in it, as it does in its own
muxed() {
    with "$reference" encode expected."$1" && with "$other" encode found."$1" || return 1
    for file in expected."$1" found."$1"; do
        alike packets "$file" -c copy && alike pixels "$file" -steps 0 && alike pixels "$file" -steps 0 -ss 3.2 ||
            return 1
    done
    packets expected."$1" -c copy > expected && packets found."$1" -c copy > found && same expected found
}
encode() {
    ffmpeg -steps 0 -i "$conformance/encoded-lengths.odva" -c:v onedva -crf 20 -clip_frames 8 "$1"
}

# usage: coded OPTION...; the packets of an encode
coded() {
    packets "$conformance/encoded-inter.odva" -c:v onedva -flags +bitexact "$@"
}
two_passes() {
    ffmpeg -i "$conformance/encoded-inter.odva" -c:v onedva -flags +bitexact -b:v 20k -pass 1 -f null - &&
        coded -b:v 20k -pass 2
}

# usage: filter OPTIONS
filter() {
    packets "$conformance/encoded-motion-mesh.odva" -vf "onedva=bitexact=1:$1"
}

# usage: options PART; as its help lists them
options() {
    ffmpeg -h "$1" | sed -n '/^onedva.*AVOptions:/,/^$/{/./p;}'
}

for version in $("$root/tools/ffmpeg/versions.sh" known); do
    [ "$version" != "$("$root/tools/ffmpeg/versions.sh" of "$root/build/ffmpeg-src")" ] || continue
    other=$root/build/ffmpeg-$version
    begin=$(date +%s)
    check "FFmpeg $version: builds" "$root/tools/ffmpeg/build.sh" smoke "$version"
    [ -x "$other/ffmpeg" ] || continue
    built=$(date +%s)
    check "FFmpeg $version: decodes" decodes
    check "FFmpeg $version: encodes" alike coded -preset slow
    check "FFmpeg $version: two passes" alike two_passes
    for container in mkv mp4 mov nut odva; do
        check "FFmpeg $version: $container" muxed $container
    done
    for options in crf=20 show=side show=mesh steps=0:show=tokens; do
        check "FFmpeg $version: filter, $options" alike filter $options
    done
    for bsf in onedva_split onedva_merge onedva_truncate=layers=1 onedva_metadata=color_range=pc; do
        check "FFmpeg $version: $bsf" alike packets "$streams/passes.nut" -c copy -bsf:v $bsf
    done
    for part in encoder=onedva decoder=onedva filter=onedva bsf=onedva_truncate bsf=onedva_metadata; do
        check "FFmpeg $version: -h $part" alike options $part
    done
    echo "FFmpeg $version: built in $((built - begin)) s, tested in $(($(date +%s) - built)) s"
done

finish
