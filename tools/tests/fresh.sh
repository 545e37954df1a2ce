#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What someone meets who tries this for the first time: a bare Debian that has git, gcc and make, a
# clone of the last commit, and the commands of the README. The Debian is this machine's release and
# comes through this machine's apt configuration; of this machine it sees nothing else. Needs root,
# git and debootstrap; logs are in build/fresh.
#
# usage: fresh.sh [demo-first|check-first|input|ci]...
#   demo-first   make demo, then make check
#   check-first  make check, then make demo
#   input        make demo INPUT=file, of a name with a space
#   ci           .ci/run; not among those that run unless told

set -eu

die() {
    echo "fresh: $*" >&2
    exit 1
}

for scenario; do
    case $scenario in
    demo-first | check-first | input | ci) ;;
    *) die "there is no '$scenario'; expected demo-first, check-first, input or ci" ;;
    esac
done
[ $# -gt 0 ] || set -- demo-first check-first input
cd "$(dirname "$0")/../.."
[ "$(id -u)" -eq 0 ] || die "only root can make and enter another Debian"
command -v debootstrap > /dev/null || die "debootstrap is missing: apt-get install debootstrap"

# All that is mounted and started in there ends with this script.
if [ -z "${ONEDVA_FRESH:-}" ]; then
    ONEDVA_FRESH=yes exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

work=$PWD/build/fresh
machine=$work/machine
mkdir -p "$work"
trap 'rm -rf --one-file-system "$machine"' EXIT
trap 'exit 1' INT TERM

# Debian's own archives among the machine's: "URI SUITE COMPONENT" lines.
archives() {
    # shellcheck disable=SC2016 # apt's fields
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Identifier: Packages' 'Origin: Debian' | sort -u
}

make_base() {
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    archive=$(archives | awk -v suite="$codename" '$2 == suite && $3 == "main" { print $1; exit }')
    [ -n "$archive" ] || die "apt knows no archive of Debian $codename: run apt-get update"
    rm -rf --one-file-system "$machine"
    debootstrap --variant=minbase --include=git,gcc,make "$codename" "$machine" "$archive" > "$work/base.log" ||
        die "debootstrap failed: $(tail -n 1 "$work/base.log")"
    rm -rf "$machine"/var/lib/apt/lists/* "$machine"/var/cache/apt/* "$machine"/etc/apt/sources.list
    archives | sed 's/^/deb /' > "$machine/etc/apt/sources.list.d/machine.list"
    apt-config dump | grep -E '^Acquire::([a-z]+::(Proxy|CaInfo)|Check-)' > "$machine/etc/apt/apt.conf.d/machine" || true
    tar -C "$machine" -cf "$work/base.tar.part" .
    mv "$work/base.tar.part" "$work/base.tar"
}

# A new machine with a clone.
make_machine() {
    rm -rf --one-file-system "$machine"
    mkdir "$machine"
    tar -C "$machine" -xf "$work/base.tar"
    mount --bind "$machine" "$machine"
    mount -t proc proc "$machine/proc"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$machine/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$machine/dev/shm"
    cp /etc/resolv.conf /etc/hosts "$machine/etc/"
    git clone --quiet --no-local . "$machine/root/onedva"
}

# usage: inside COMMAND...; in the clone
inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
        ${FUZZ_SECONDS:+"FUZZ_SECONDS=$FUZZ_SECONDS"} ${http_proxy:+"http_proxy=$http_proxy"} \
        ${https_proxy:+"https_proxy=$https_proxy"} ${no_proxy:+"no_proxy=$no_proxy"} \
        chroot "$machine" sh -c 'cd /root/onedva && exec "$@"' sh "$@"
}

failed=
# usage: step COMMAND...; one line, and a failure's last ones
step() {
    log=$work/$scenario-$(echo "$*" | tr -cs '[:lower:]' - | sed 's|-*$||').log
    printf '%-12s %-32s' "$scenario" "$*"
    begin=$(date +%s)
    if inside "$@" > "$log" 2>&1 < /dev/null; then
        verdict=ok
    else
        verdict=FAILED failed="$failed $scenario"
    fi
    echo "$verdict $(($(date +%s) - begin)) s$(sed -n 's/^[0-9]* passed, [0-9]* failed, .*/, &/p' "$log")"
    [ $verdict = ok ] || tail -n 25 "$log" | sed 's/^/    /'
}

[ -f "$work/base.tar" ] || make_base
echo "commit $(git rev-parse --short HEAD), $(nproc) processors, $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
for scenario; do
    make_machine
    case $scenario in
    demo-first)
        step make demo
        step make check
        ;;
    check-first)
        step make check
        step make demo
        ;;
    input)
        tools/fetch-clip.sh "$work/clip.mp4"
        cp "$work/clip.mp4" "$machine/root/my clip.mp4"
        step make demo INPUT="../my clip.mp4"
        ;;
    ci) step .ci/run ;;
    esac
    umount -R "$machine"
done
[ -z "$failed" ] || die "failed:$failed"
