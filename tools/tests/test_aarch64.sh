#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The library built for AArch64 by Debian's cross compiler and run by QEMU: every NEON operator
# against C, and one stream that encodes and decodes to the same bits as here.
#
# usage: test_aarch64.sh

set -eu

cd "$(dirname "$0")/../.."
tools/install-deps.sh aarch64
[ -f build/config.mak ] || ./configure

directory=build/aarch64
root=$PWD/$directory/root
apt=$PWD/$directory/apt
packages="libcjson1 libcjson-dev libxxhash0 libxxhash-dev libcmocka0 libcmocka-dev"

# usage: apt_get ARGUMENTS...
apt_get() {
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
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

PKG_CONFIG_LIBDIR=$root/usr/lib/aarch64-linux-gnu/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root \
    ./configure --directory=$directory --cc=aarch64-linux-gnu-gcc --disable-ffplay > /dev/null
export EMULATOR="qemu-aarch64 -L /usr/aarch64-linux-gnu \
    -E LD_LIBRARY_PATH=$root/usr/lib/aarch64-linux-gnu:/usr/aarch64-linux-gnu/lib"

make -j"$(nproc)" --no-print-directory CONFIG=$directory BUILD=$directory checkasm

program=engine/tests/bitexact_hash
export ONEDVA_MODEL=fate/model/onedva-test.safetensors
make --no-print-directory "build/$program"
make --no-print-directory CONFIG=$directory BUILD=$directory "$directory/$program"
"build/$program" encode $directory/reference.odva
"build/$program" decode $directory/reference.odva | tee $directory/reference.txt
$EMULATOR "$directory/$program" encode $directory/packet.odva
cmp $directory/reference.odva $directory/packet.odva || {
    echo "test_aarch64: AArch64 encodes another packet" >&2
    exit 1
}
$EMULATOR "$directory/$program" decode $directory/reference.odva > $directory/pixels.txt
diff $directory/reference.txt $directory/pixels.txt || {
    echo "test_aarch64: AArch64 decodes other pixels" >&2
    exit 1
}
