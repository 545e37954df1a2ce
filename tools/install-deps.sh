#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs the Debian packages that a command needs and the machine lacks.
#
# usage: install-deps.sh build|deb|check-deb|check|fuzz|fuzz-report|cluster|aarch64|s390x|coverage|valgrind|bench|gemm|train|eval

set -eu

build="gcc libc6-dev make pkg-config dpkg-dev nasm glslang-dev glslang-tools libcjson-dev libxxhash-dev libsdl2-dev libvulkan-dev
    libffmpeg-nvenc-dev spirv-tools zlib1g-dev"
case ${1:-} in
build) wanted=$build ;;
deb) wanted="$build build-essential debhelper" ;;
check-deb) wanted="debootstrap lintian" ;;
check)
    wanted="$build clang g++ libblas-dev libclang-rt-dev libcmocka-dev libdnnl-dev libvulkan1 libxml2-dev
        man-db mandoc mesa-vulkan-drivers parallel procps python3 python3-matplotlib python3-numpy python3-pil python3-torch python3-xxhash
        vulkan-validationlayers xauth xdotool xvfb"
    ;;
fuzz) wanted="$build clang libclang-rt-dev" ;;
fuzz-report) wanted="$build clang libclang-rt-dev llvm python3" ;;
cluster) wanted="openssh-client openssh-server munge slurm-wlm" ;; # daemons: not for everyone's machine
aarch64) wanted="$build clang g++-aarch64-linux-gnu gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" ;;
s390x) wanted="$build clang gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user" ;;
coverage) wanted="$build g++ gcovr libcmocka-dev libxml2-dev parallel procps python3 xauth xdotool xvfb" ;;
valgrind) wanted="$build g++ libcmocka-dev valgrind" ;;
bench) wanted="$build ffmpeg" ;;
gemm) wanted="$build libdnnl-dev libopenblas-dev" ;;
train) wanted="$build python3 python3-numpy python3-torch python3-xxhash" ;;
eval) wanted="$build ffmpeg python3 python3-numpy python3-matplotlib" ;;
*)
    echo "usage: install-deps.sh build|deb|check-deb|check|fuzz|fuzz-report|cluster|aarch64|s390x|coverage|valgrind|bench|gemm|train|eval" >&2
    exit 1
    ;;
esac

if ! command -v apt-get >/dev/null; then
    echo "install-deps: this is not Debian; continuing, with what these packages hold: $wanted"
    exit 0
fi

missing=
for package in $wanted; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
    *" installed") ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    command -v sudo >/dev/null || {
        echo "install-deps: neither root nor sudo; as root: apt-get install$missing" >&2
        exit 1
    }
fi

# usage: apt COMMAND...
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

echo "install-deps: installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be missing or old: fetch them only when the first try fails.
# shellcheck disable=SC2086 # a list of packages
apt install -y --no-install-recommends $missing > "$log" 2>&1 ||
    { apt update && apt install -y --no-install-recommends $missing; } > "$log" 2>&1 || {
    tail -n 3 "$log" >&2
    echo "install-deps: apt failed; by hand: apt-get update && apt-get install$missing" >&2
    exit 1
}
