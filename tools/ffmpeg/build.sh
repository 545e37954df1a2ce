#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Configures and builds FFmpeg with One-DVA, outside its source tree. The Makefile runs it with
# the library made and the settings of build/config.mak in the environment.
#
# usage: build.sh full|check|shared|tsan|coverage, or build.sh smoke VERSION
#   full   build/ffmpeg-full: all of FFmpeg's native parts
#   check  build/ffmpeg-check: only what the tests use, One-DVA's files under
#          UndefinedBehaviorSanitizer, which ends the program where it finds something
#   shared  build/ffmpeg-shared: shared libraries with only what tools/tests/test_install.sh uses
#   tsan   build/ffmpeg-tsan: only what tools/tests/test_tsan.sh uses, under ThreadSanitizer, with
#          build/tsan/lib/libonedva.a
#   coverage  build/ffmpeg-coverage: what the tests use, with One-DVA's files counting how often each
#          line runs, and build/coverage-ffmpeg/lib/libonedva.a
#   smoke  build/ffmpeg-VERSION: only what tools/tests/smoke_ffmpeg.sh uses, of another version of FFmpeg

set -eu

die() {
    echo "ffmpeg: $*" >&2
    exit 1
}

# Only what tools/check.sh and fate/ use; configure adds what these need.
check_parts="--disable-everything
    --enable-encoder=onedva,ac3,ffv1,flac,mpeg4,png,rawvideo,wrapped_avframe,pcm_s16le
    --enable-decoder=onedva,ffv1,h264,mpeg4,pcm_f64le,pcm_s16le,png,ppm,rawvideo,wrapped_avframe,xwd
    --enable-parser=ac3,flac,h264,mpeg4video
    --enable-muxer=avi,crc,framecrc,framehash,framemd5,hash,image2,matroska,md5,mov,mp4,null,nut
    --enable-muxer=dash,data,hls,mpegts,odva,rawvideo,segment,tee,yuv4mpegpipe
    --enable-demuxer=avi,concat,hls,image2,image2pipe,matroska,mov,nut,odva,rawvideo,yuv4mpegpipe
    --enable-protocol=concat,fd,file,http,pipe,subfile,tcp
    --enable-bsf=dump_extradata,extract_extradata,noise,onedva_merge,onedva_metadata,onedva_split,onedva_truncate,setts,trace_headers
    --enable-indev=lavfi
    --enable-filter=aevalsrc,aformat,aresample,atrim,color,copy,crop,drawbox,format,fps,framestep
    --enable-filter=hstack,hwdownload,hwupload,loop,lut2,metadata,movie,null,nullsink,nullsrc,pad,psnr,scale,scale_vulkan,scroll,select,setparams,setpts,settb,showinfo,split,ssim,transpose
    --enable-filter=testsrc,testsrc2,trim,vstack,mandelbrot,rotate,noise,onedva,onedvasrc,mix,concat,setsar,sendcmd,xpsnr"

# Only what tools/tests/test_tsan.sh uses.
tsan_parts="--disable-everything
    --enable-encoder=onedva,rawvideo,wrapped_avframe --enable-decoder=onedva,rawvideo,wrapped_avframe
    --enable-muxer=framemd5,null,nut,odva --enable-demuxer=nut,odva --enable-protocol=file,pipe
    --enable-bsf=onedva_split,onedva_truncate --enable-indev=lavfi --enable-filter=format,null,onedva,scale,testsrc2,trim"

# Only what tools/tests/test_install.sh uses, compiled quickly.
shared_parts="--disable-everything --disable-x86asm --optflags=-O1 --enable-shared
    --enable-encoder=onedva,wrapped_avframe --enable-decoder=onedva,wrapped_avframe --enable-protocol=file
    --enable-muxer=null,odva --enable-demuxer=odva --enable-bsf=onedva_merge,onedva_split,onedva_truncate
    --enable-indev=lavfi --enable-filter=format,null,onedva,scale,testsrc2,trim"

# Only what tools/tests/smoke_ffmpeg.sh uses, compiled quickly.
smoke_parts="--disable-everything --disable-x86asm --optflags=-O1 --enable-indev=lavfi --enable-protocol=file,pipe
    --enable-encoder=onedva,rawvideo,wrapped_avframe --enable-decoder=onedva,rawvideo,wrapped_avframe
    --enable-muxer=framemd5,matroska,md5,mov,mp4,null,nut,odva --enable-demuxer=matroska,mov,nut,odva
    --enable-bsf=onedva_merge,onedva_metadata,onedva_split,onedva_truncate
    --enable-filter=color,format,null,onedva,scale,testsrc2,trim"

usage="build.sh full|check|shared|tsan|coverage, or build.sh smoke VERSION"
case ${1:-}-$# in
smoke-2) flavour=$2 ;;
smoke-* | *-[!1]*) die "usage: $usage" ;;
*) flavour=$1 ;;
esac
# FFmpeg reads DASH manifests with libxml2.
if pkg-config --exists libxml-2.0; then
    check_parts="$check_parts --enable-libxml2 --enable-demuxer=dash"
fi
libraries=build/lib
own="libavcodec/onedva% libavformat/odva% libavfilter/onedva% libavfilter/vf_onedva% libavfilter/vsrc_onedva%"
rule= # more for make
linking="--disable-shared --enable-static"
case $1 in
full) parts='' linking='' ;;
shared) parts=$shared_parts linking='' ;;
check)
    parts="$check_parts --extra-ldflags=-fsanitize=undefined"
    rule="$own: CFLAGS += -fsanitize=undefined -fno-sanitize-recover=undefined"
    ;;
coverage)
    parts="$check_parts --extra-ldflags=--coverage"
    libraries=build/coverage-ffmpeg/lib
    rule="$own: CFLAGS += --coverage -fprofile-update=atomic"
    ;;
tsan)
    parts="$tsan_parts --extra-cflags=-fsanitize=thread --extra-ldflags=-fsanitize=thread"
    libraries=build/tsan/lib
    ;;
smoke) parts=$smoke_parts ;;
*) die "unknown flavour $1; expected full, check, shared, tsan, coverage or smoke" ;;
esac
directory=build/ffmpeg-$flavour

cd "$(dirname "$0")/../.."
root=$PWD
source=build/ffmpeg-src
library=$root/$libraries/libonedva.a

case $1 in
smoke)
    source=build/ffmpeg-src-$flavour
    tools/ffmpeg/fetch.sh "$source" "$flavour"
    ;;
*)
    tools/ffmpeg/fetch.sh "$source" "${ONEDVA_FFMPEG_VERSION:-$(tools/ffmpeg/versions.sh known)}" \
        "$ONEDVA_FFMPEG_SOURCE"
    ;;
esac
# Frames of Vulkan: no for flavours that do not use them.
frames=${ONEDVA_VULKAN_FRAMES:-no}
case $1 in
shared | tsan | smoke) frames=no ;;
esac
version=$(tools/ffmpeg/versions.sh of "$source")
[ "$version" != 8.1 ] || frames=no # not tested on it
headers=build/vulkan-headers
[ "$frames" != fetch ] || tools/ffmpeg/headers.sh libvulkan-dev $headers
# Frames of CUDA, likewise.
cuda_frames=${ONEDVA_CUDA_FRAMES:-no}
case $1 in
shared | tsan | smoke) cuda_frames=no ;;
esac
if [ "$cuda_frames" = fetch ]; then
    cuda_headers=build/cuda-headers
    tools/ffmpeg/headers.sh libffmpeg-nvenc-dev $cuda_headers
    sed -i "s|^prefix=/usr$|prefix=$root/$cuda_headers/usr|" $cuda_headers/usr/share/pkgconfig/ffnvcodec.pc
    PKG_CONFIG_PATH=$root/$cuda_headers/usr/share/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    export PKG_CONFIG_PATH
fi
tools/ffmpeg/register.sh "$source"

compiler=$ONEDVA_CC
case $compiler in
*ccache*) ;;
*) if command -v ccache >/dev/null; then compiler="ccache $compiler"; fi ;;
esac

set -- --cc="$compiler" --prefix="$ONEDVA_PREFIX" --enable-libonedva \
    --disable-autodetect --enable-zlib --disable-doc --disable-debug
if [ "$ONEDVA_FFPLAY" = yes ]; then
    set -- "$@" --enable-sdl2 --enable-ffplay
else
    set -- "$@" --disable-ffplay
fi
command -v nasm >/dev/null || command -v yasm >/dev/null || set -- "$@" --disable-x86asm
[ "$frames" = no ] || set -- "$@" --enable-vulkan
case $cuda_frames-$flavour in
no-*) ;;
*-full) set -- "$@" --enable-ffnvcodec --enable-cuvid --enable-nvdec --enable-nvenc ;;
*) set -- "$@" --enable-ffnvcodec ;;
esac
[ "$frames" != fetch ] || set -- "$@" --extra-cflags="-I$root/$headers/usr/include"
[ "$frames" = no ] || [ "$ONEDVA_VULKAN_FILTERS" = no ] || ! grep -q -- --enable-libglslang "$source/configure" ||
    set -- "$@" --enable-libglslang
# From 9.0 on shaders are compiled when FFmpeg is built; those of codecs ask for more than older compilers have.
if [ "$frames" != no ] && [ "$version" = 9.0 ]; then
    set -- "$@" --glslc="$ONEDVA_GLSLANG"
    printf '#version 460\n#extension %s : require\n#extension %s : require\nvoid main() {}\n' GL_EXT_expect_assume \
        GL_EXT_spec_constant_composites | "$ONEDVA_GLSLANG" -V --target-env spirv1.6 --stdin -S comp -o /dev/null > /dev/null 2>&1 ||
        set -- "$@" --disable-encoder=ffv1_vulkan,prores_ks_vulkan \
            --disable-hwaccel=apv_vulkan,ffv1_vulkan,prores_raw_vulkan,prores_vulkan
fi
if [ "$ONEDVA_SANITIZERS" = yes ]; then
    set -- "$@" --extra-cflags="-fsanitize=address -fno-omit-frame-pointer" \
        --extra-ldflags=-fsanitize=address,undefined
fi

# shellcheck disable=SC2086 # a list of parts
set -- "$@" $parts
eval "set -- \"\$@\" $ONEDVA_FFMPEG_FLAGS $linking" # flags as a shell reads them

# Shared libraries find each other, and programs find them, where they are installed. Of what is said
# here FFmpeg's configure takes the backslashes, and make a half of the dollars: twice, in its rule for a
# library.
shared=no
for flag; do
    case $flag in
    --enable-shared) shared=yes ;;
    --disable-shared) shared=no ;;
    esac
done
[ $shared = no ] || set -- "$@" --extra-ldexeflags="-Wl,-rpath,'\\\$\\\$ORIGIN/../lib'" \
    --extra-ldsoflags="-Wl,-rpath,'\\\$\\\$\\\$\\\$ORIGIN'"

# Objects found in ccache are good in any clone.
export CCACHE_BASEDIR="$root"

mkdir -p "$directory"
cd "$directory"

# FFmpeg reads its lists of parts only when it is configured, so a changed list configures again.
lists="configure libavcodec/allcodecs.c libavcodec/bitstream_filters.c libavfilter/allfilters.c libavformat/allformats.c"
# shellcheck disable=SC2086 # a list of files
wanted=$(
    printf '%s\n' "$@"
    cat "$root/$libraries/pkgconfig/onedva.pc"
    (cd "$root/$source" && cat $lists) | cksum
)
if [ ! -f ffbuild/config.mak ] || [ "$wanted" != "$(cat onedva.configuration 2>/dev/null)" ]; then
    echo "ffmpeg: configuring $directory"
    rm -f onedva.configuration
    PKG_CONFIG_PATH=$root/$libraries/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH} \
        "../${source#build/}/configure" "$@" > configure.log 2>&1 || {
        tail -n 5 configure.log >&2
        die "configure failed; see $directory/configure.log and $directory/ffbuild/config.log"
    }
    rm -f ffmpeg_g
    printf '%s\n' "$wanted" > onedva.configuration
fi

# FFmpeg tracks neither external static libraries nor the flags it links with.
if [ ! -f ffmpeg_g ] || [ -n "$(find "$library" -newer ffmpeg_g)" ]; then
    rm -f ffmpeg_g ffprobe_g ffplay_g lib*/lib*.so*
fi

# A parent make that was given -j shares its jobs.
case ${MAKEFLAGS:-} in
*-j*) jobs= ;;
*) jobs=-j$(nproc) ;;
esac
programs="ffmpeg ffprobe"
[ "$ONEDVA_FFPLAY" = yes ] && programs="$programs ffplay"
[ $shared = yes ] && programs="$programs all" # all libraries

echo "ffmpeg: building $directory"
# shellcheck disable=SC2086
make $jobs ${rule:+"--eval=$rule"} $programs > make.log 2>&1 || {
    grep -m 5 -E 'error:|undefined reference|No rule to make' make.log >&2 ||
        tail -n 5 make.log >&2
    die "the build failed; see $directory/make.log"
}
