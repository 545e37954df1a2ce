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
work=$PWD/build/fresh
# shellcheck source=tools/tests/bare_debian.sh
. tools/tests/bare_debian.sh

failed=
# usage: step COMMAND...; one line, and a failure's last ones
step() {
    log=$work/$scenario-$(echo "$*" | tr -cs '[:lower:]' - | sed 's|-*$||').log
    printf '%-12s %-32s' "$scenario" "$*"
    begin=$(date +%s)
    if inside onedva "$@" > "$log" 2>&1 < /dev/null; then
        verdict=ok
    else
        verdict=FAILED failed="$failed $scenario"
    fi
    echo "$verdict $(($(date +%s) - begin)) s$(sed -n 's/^[0-9]* passed, [0-9]* failed, .*/, &/p' "$log")"
    [ $verdict = ok ] || tail -n 25 "$log" | sed 's/^/    /'
}

make_base
echo "commit $(git rev-parse --short HEAD), $(nproc) processors, $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
for scenario; do
    make_machine
    git clone --quiet --no-local . "$machine/root/onedva"
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
