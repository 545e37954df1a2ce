#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The library built for another machine by Debian's cross compiler and run by QEMU: its unit tests
# where that machine differs, and one stream that encodes and decodes to the same bits as here, also
# when built with other optimisation and by clang. No compiler warns of anything.
#
# usage: test_emulated.sh aarch64|s390x
#   aarch64  every NEON operator against C
#   s390x    big-endian: everything that reads or writes bytes

set -eu

machine=${1:-}
case $machine in
aarch64)
    debian=arm64
    tests=checkasm
    ;;
s390x)
    debian=s390x
    tests=byte-order-tests
    ;;
*)
    echo "usage: test_emulated.sh aarch64|s390x" >&2
    exit 1
    ;;
esac

cd "$(dirname "$0")/../.."
tools/install-deps.sh "$machine"
[ -f build/config.mak ] || ./configure

triplet=$machine-linux-gnu
directory=build/$machine
root=$PWD/$directory/root
apt=$PWD/$directory/apt
packages="libcjson1 libcjson-dev libxxhash0 libxxhash-dev libcmocka0 libcmocka-dev"

# usage: apt_get ARGUMENTS...
apt_get() {
    apt-get -qq -o APT::Architecture=$debian -o APT::Architectures=$debian -o APT::Sandbox::User=root \
        -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status" \
        -o Dir::Cache="$apt/cache" "$@"
}

# Unpacked, not installed: the machine's own packages stay as they are.
if [ ! -f "$root/complete" ]; then
    rm -rf "$root" "$apt"
    mkdir -p "$root" "$apt/lists/partial" "$apt/cache/archives/partial"
    : > "$apt/status"
    apt_get update
    # shellcheck disable=SC2086 # a list of packages
    (cd "$apt" && apt_get download $packages)
    for package in "$apt"/*.deb; do
        dpkg-deb --extract "$package" "$root"
    done
    rm -rf "$apt"
    : > "$root/complete"
fi

# usage: there COMMAND...; finds that machine's libraries
there() {
    PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root "$@"
}

there ./configure --directory="$directory" --cc="$triplet-gcc" --disable-ffplay --disable-vulkan --disable-cuda > /dev/null
export EMULATOR="qemu-$machine -L /usr/$triplet \
    -E LD_LIBRARY_PATH=$root/usr/lib/$triplet:/usr/$triplet/lib"

there make -j"$(nproc)" --no-print-directory CONFIG="$directory" BUILD="$directory" OPTIMIZE="-O2 -Werror" $tests

program=engine/tests/codec/bitexact_hash
export ONEDVA_MODEL=fate/model/onedva-test.safetensors
make --no-print-directory "build/$program"
"build/$program" encode "$directory/reference.odva"
"build/$program" decode "$directory/reference.odva" | tee "$directory/reference.txt"

for variant in gcc-O2 gcc-O0 gcc-O3 clang-O2; do
    build=$directory/variants/$variant
    [ $variant != gcc-O2 ] || build=$directory # with the tests
    case $variant in
    gcc-*) set -- CC="$triplet-gcc" ;;
    clang-*) set -- CC="clang --target=$triplet" MACHINE_CFLAGS= ;; # those are for GCC
    esac
    there make -j"$(nproc)" --no-print-directory CONFIG="$directory" BUILD="$build" OPTIMIZE="-${variant#*-} -Werror" \
        "$@" "$build/$program"
    $EMULATOR "$build/$program" encode "$build/packet.odva"
    cmp "$directory/reference.odva" "$build/packet.odva" || {
        echo "test_emulated: $variant for $machine encodes another packet" >&2
        exit 1
    }
    $EMULATOR "$build/$program" decode "$directory/reference.odva" > "$build/pixels.txt"
    diff "$directory/reference.txt" "$build/pixels.txt" || {
        echo "test_emulated: $variant for $machine decodes other pixels" >&2
        exit 1
    }
    echo "$machine $variant: the same packet and pixels"
done
