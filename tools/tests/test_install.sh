#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make install below a DESTDIR with a space: every file is there, the programs run, man shows the pages
# without a warning, and other programs find the libraries by pkg-config and run with them: libonedva
# shared and static, and where FFmpeg is shared its libraries, too. make uninstall leaves what was there before.
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
sanitize=
[ "$sanitizers" = no ] || sanitize=-fsanitize=address,undefined
scratch=build/test/install
rm -rf "$scratch"
mkdir -p "$scratch"
unset ONEDVA_MODEL LD_LIBRARY_PATH
# Compilers and pkg-config take the same files by a name without a space.
ln -s "a machine" "$scratch/machine"
destination="$scratch/a machine"
installed=$PWD/$scratch/machine$prefix
mkdir -p "$destination$prefix/lib/pkgconfig" "$destination$prefix/include"
echo "another's" > "$destination$prefix/lib/pkgconfig/libother.pc"

# usage: files; below the destination
files() {
    (cd "$destination" && find . ! -type d | sort)
}
before=$(files)

# usage: install FLAVOUR DESTDIR
install() {
    make --no-print-directory install FLAVOUR="$1" DESTDIR="$2"
    for file in bin/ffmpeg bin/ffprobe bin/onedva-latents bin/onedva-corpus lib/libonedva.a \
        lib/libonedva.so lib/libonedva.so.0 include/onedva/onedva.h include/onedva/onedva_generate.h include/onedva/onedva_vulkan.h lib/pkgconfig/onedva.pc \
        share/man/man1/onedva-latents.1 share/man/man1/onedva-corpus.1 share/man/man7/onedva.7; do
        [ -f "$installed/$file" ] || die "$file was not installed"
    done
    [ "$ffplay" = no ] || [ -x "$installed/bin/ffplay" ] || die "bin/ffplay was not installed"
    ! grep -q "$PWD" "$installed"/lib/pkgconfig/*.pc || die "a .pc file names the build directory"
    "$installed/bin/ffmpeg" -v error -h encoder=onedva > "$scratch/help"
    grep -q 'Encoder onedva' "$scratch/help" || die "the installed ffmpeg has no onedva encoder"
    "$installed/bin/onedva-latents" --help > "$scratch/help"
    grep -q '^Usage: onedva-latents' "$scratch/help" || die "onedva-latents --help: $(cat "$scratch/help")"
    "$installed/bin/onedva-corpus" --help > "$scratch/help"
    grep -q '^usage: onedva-corpus' "$scratch/help" || die "onedva-corpus --help: $(cat "$scratch/help")"
}

# usage: pages FOLDER; man shows every page without a warning, and whatis finds its line
pages() {
    for program in man lexgrog mandoc; do
        command -v $program > /dev/null && continue
        ! command -v apt-get > /dev/null || die "there is no $program: run tools/install-deps.sh check"
        echo "skipped: man pages: there is no $program"
        return
    done
    for page in "$1"/man?/*; do
        man --warnings -l "$page" > "$scratch/shown" 2> "$scratch/warnings" || die "man does not show $page"
        [ ! -s "$scratch/warnings" ] || die "man, ${page##*/}: $(head -n 1 "$scratch/warnings")"
        grep -q '^SEE ALSO' "$scratch/shown" || die "man shows no end of $page"
        mandoc -T lint -W warning "$page" || die "mandoc finds mistakes in $page"
        lexgrog "$page" || die "whatis finds no line in $page"
    done
}

# usage: uninstall FLAVOUR DESTDIR
uninstall() {
    make --no-print-directory uninstall FLAVOUR="$1" DESTDIR="$2"
    [ "$(files)" = "$before" ] || die "make uninstall leaves or takes: $(files)"
    [ -z "$(find "$destination" -name 'onedva*' -o -name 'libav*')" ] || die "make uninstall leaves folders"
}

# usage: flags OPTION... PACKAGE
flags() {
    PKG_CONFIG_PATH=$installed/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$PWD/$scratch/machine pkg-config "$@"
}

cp tools/tests/library_program.c "$scratch/program.c"
cat > "$scratch/player.c" <<'PROGRAM'
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <stdio.h>

int main(void)
{
    const AVCodec *encoder = avcodec_find_encoder_by_name("onedva");
    const AVCodec *decoder = avcodec_find_decoder_by_name("onedva");
    const AVFilter *filter = avfilter_get_by_name("onedva");
    const AVInputFormat *demuxer = av_find_input_format("odva");
    AVCodecContext *opened = decoder ? avcodec_alloc_context3(decoder) : NULL;
    int ret = opened ? avcodec_open2(opened, decoder, NULL) : AVERROR_DECODER_NOT_FOUND;

    printf("FFmpeg %s: decoder %d\n", av_version_info(), ret);
    avcodec_free_context(&opened);
    return !encoder || !filter || !demuxer || ret < 0;
}
PROGRAM

install check "$PWD/$destination"
pages "$installed/share/man"
# shellcheck disable=SC2046,SC2086 # lists of flags
$cc $sanitize -o "$scratch/shared" "$scratch/program.c" $(flags --cflags --libs onedva)
LD_LIBRARY_PATH=$installed/lib "$scratch/shared"
# Without the shared library the linker takes the static one.
mkdir "$scratch/away"
mv "$installed"/lib/libonedva.so* "$scratch/away"
# shellcheck disable=SC2046,SC2086
$cc $sanitize -o "$scratch/static" "$scratch/program.c" $(flags --cflags --libs --static onedva)
"$scratch/static"
mv "$scratch/away"/* "$installed/lib"
uninstall check "$PWD/$destination"

# No path to the libraries is told but the folder that pkg-config names.
install shared "$destination"
# shellcheck disable=SC2046,SC2086
$cc $sanitize -o "$scratch/player" "$scratch/player.c" -Wl,-rpath,"$installed/lib" \
    $(flags --cflags --libs libavcodec libavfilter libavformat libavutil)
"$scratch/player"
# The example of doc/players.md decodes to what ffmpeg does, and says what is wrong.
# shellcheck disable=SC2046,SC2086
$cc $sanitize -std=c11 -Wall -Wextra -Werror -o "$scratch/decode_file" tools/examples/decode_file.c \
    -Wl,-rpath,"$installed/lib" $(flags --cflags --libs libavformat libavcodec libavutil)
"$installed/bin/ffmpeg" -v error -f lavfi -i testsrc2=size=64x48 -frames:v 20 -pix_fmt yuv420p -c:v onedva "$scratch/video.odva"
for options in steps=0 steps=1; do
    "$scratch/decode_file" "$scratch/video.odva" $options > "$scratch/frames" 2> "$scratch/said" || die "$(cat "$scratch/said")"
    grep -q ': 20 frames of onedva, 64x48, yuv420p$' "$scratch/said" || die "decode_file says: $(cat "$scratch/said")"
    build/ffmpeg-check/ffmpeg -v error -y "-${options%=*}" "${options#*=}" -i "$scratch/video.odva" -f rawvideo "$scratch/expected"
    cmp "$scratch/frames" "$scratch/expected" || die "decode_file does not decode what ffmpeg does with $options"
done
for wrong in steps=x stairs=1; do
    ! "$scratch/decode_file" "$scratch/video.odva" $wrong > "$scratch/frames" 2> "$scratch/said" || die "decode_file takes $wrong"
    grep -q "^decode_file: ${wrong%=1}: " "$scratch/said" || die "decode_file says of $wrong: $(cat "$scratch/said")"
done
readelf -d "$scratch/player" | grep 'NEEDED.*libavcodec\.so' || die "the player was not linked with libavcodec.so"
uninstall shared "$destination"
tools/ffmpeg/put.sh build/ffmpeg-shared "$scratch" ffmpeg onedva-latents
"$scratch/ffmpeg" -v error -f lavfi -i testsrc2=size=32x32 -frames:v 2 -pix_fmt yuv420p -c:v onedva "$scratch/put.odva"
"$scratch/onedva-latents" export "$scratch/put.odva" "$scratch/put.safetensors"

[ -z "$(nm -D --defined-only build/lib/shared/libonedva.so | awk '$3 !~ /^(onedva_|_init$|_fini$)/')" ] ||
    die "libonedva.so exports names that do not begin with onedva_"
