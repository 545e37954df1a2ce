# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A bare Debian of this machine's release, which comes through this machine's apt configuration, in
# $work/machine; what is in its root's home is all that it sees of this one. Needs root and debootstrap.
#
# A script sources this in the root of the repository, with its arguments and $work, and is started again:
# what is mounted and started in there ends with it, and so does the Debian.

# shellcheck shell=sh
[ "$(id -u)" -eq 0 ] || die "only root can make and enter another Debian"
command -v debootstrap > /dev/null || die "debootstrap is missing: apt-get install debootstrap"
if [ -z "${ONEDVA_BARE_DEBIAN:-}" ]; then
    ONEDVA_BARE_DEBIAN=yes exec unshare --mount --pid --fork --kill-child "tools/tests/${0##*/}" "$@"
fi

machine=${work:?}/machine
base=$PWD/build/fresh/base.tar # kept
mkdir -p "$work" "${base%/*}"
trap 'rm -rf --one-file-system "$machine"' EXIT
trap 'exit 1' INT TERM

# Debian's own archives among the machine's: "URI SUITE COMPONENT" lines.
archives() {
    # shellcheck disable=SC2016 # apt's fields
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Identifier: Packages' 'Origin: Debian' | sort -u
}

make_base() {
    [ ! -f "$base" ] || return 0
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
    tar -C "$machine" -cf "$base.part" .
    mv "$base.part" "$base"
}

# A new machine, of the base.
make_machine() {
    rm -rf --one-file-system "$machine"
    mkdir "$machine"
    tar -C "$machine" -xf "$base"
    mount --bind "$machine" "$machine"
    mount -t proc proc "$machine/proc"
    mount -t sysfs -o ro sysfs "$machine/sys"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$machine/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$machine/dev/shm"
    cp /etc/resolv.conf /etc/hosts "$machine/etc/"
}

# usage: inside FOLDER COMMAND...; in a folder of root's home there
inside() {
    folder=$1
    shift
    # shellcheck disable=SC2016 # in there
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
        ${FUZZ_SECONDS:+"FUZZ_SECONDS=$FUZZ_SECONDS"} ${http_proxy:+"http_proxy=$http_proxy"} \
        ${https_proxy:+"https_proxy=$https_proxy"} ${no_proxy:+"no_proxy=$no_proxy"} \
        chroot "$machine" sh -c 'cd "/root/$0" && exec "$@"' "$folder" "$@"
}
