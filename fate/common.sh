# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the scripts in fate/scripts share; each begins with
#     . "$(dirname "$0")/../common.sh"
# and ends with finish. A script runs alone, prints "ok NAME" or "not ok NAME" for each case and
# leaves its files in build/test/SCRIPT. Of what it leaves out it says "skipped: WHAT AND WHY", and it
# exits with 77 where that is all of it.
#
# ONEDVA_BIN    directory of ffmpeg, ffprobe and ffplay (build/ffmpeg-check, or else build)
# ONEDVA_MODEL  model file (the small test model of fate/model)

set -u

script=$(basename "$0" .sh)
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${ONEDVA_BIN:-}" ]; then
    ONEDVA_BIN=$root/build
    [ ! -x "$root/build/ffmpeg-check/ffmpeg" ] || ONEDVA_BIN=$root/build/ffmpeg-check
fi
ONEDVA_MODEL=${ONEDVA_MODEL:-$root/fate/model/onedva-test.safetensors}
export ONEDVA_BIN ONEDVA_MODEL
[ -x "$ONEDVA_BIN/ffmpeg" ] || {
    echo "$script: there is no $ONEDVA_BIN/ffmpeg; run make first" >&2
    exit 1
}
[ -f "$ONEDVA_MODEL" ] || {
    echo "$script: there is no model $ONEDVA_MODEL" >&2
    exit 1
}

work=$root/build/test/$script
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
passed=0 failed=0

ffmpeg() {
    "$ONEDVA_BIN/ffmpeg" -hide_banner -nostdin -v error -y "$@"
}

ffprobe() {
    "$ONEDVA_BIN/ffprobe" -v error "$@"
}

# usage: check NAME COMMAND...; ok when the command succeeds
check() {
    case_name=$1
    shift
    if "$@" > check.log 2>&1; then
        echo "ok $case_name"
        passed=$((passed + 1))
    else
        echo "not ok $case_name"
        sed 's/^/    /' check.log | head -n 20
        failed=$((failed + 1))
    fi
}

# usage: left_out NAME WHAT; the case NAME without WHAT, which make check installs where there is apt-get
left_out() {
    if command -v apt-get > /dev/null; then
        echo "not ok $1"
        echo "    there is no $2: run tools/install-deps.sh check"
        failed=$((failed + 1))
    else
        echo "skipped: $1: there is no $2"
    fi
}

# usage: same FILE FILE; both exist, are not empty and equal
same() {
    [ -s "$1" ] && diff "$1" "$2"
}

# usage: pixels INPUT [OPTION...] > FILE; a line "size, md5" for each frame
pixels() {
    input=$1
    shift
    ffmpeg "$@" -i "$input" -fps_mode passthrough -f framemd5 - |
        sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p'
}

# usage: format_listed STREAM; of the pictures whose MD5 fate/conformance/md5 has
format_listed() {
    case $1 in
    *-10-bits) echo yuv420p10le ;;
    *) echo yuv420p ;;
    esac
}

# usage: timestamps FILE > FILE; the timestamp in seconds of each frame
timestamps() {
    ffprobe -select_streams v -show_entries frame=pts_time -of csv=p=0 "$1" | sed 's/,.*//'
}

# usage: count FILE; the number of frames that decode
count() {
    timestamps "$1" | wc -l
}

# usage: near DB FILE FILE; the PSNR over all samples, and differences above 1
near() {
    size=$(wc -c < "$2")
    [ "$size" -gt 0 ] && [ "$size" -eq "$(wc -c < "$3")" ] || return 1
    cmp -l "$2" "$3" | awk -v size="$size" -v wanted="$1" '
        function octal(s,  i, v) { for (i = 1; i <= length(s); i++) v = 8 * v + substr(s, i, 1); return v }
        { d = octal($2) - octal($3); squared += d * d; large += d > 1 || d < -1 }
        END {
            psnr = squared ? 10 * log(65025 * size / squared) / log(10) : 999
            printf "%.1f dB, %d of %d samples are off by more than 1\n", psnr, large, size
            exit !(psnr >= wanted && (wanted < 55 || large <= size / 1000))
        }'
}

# usage: says_once PATTERN; One-DVA wrote one line to the file log, and it matches. A second line of
# FFmpeg's own, that an option could not be set or a filter not be configured, is not counted.
says_once() {
    cat log
    grep '^\[\(Parsed_\)\{0,1\}onedva' log | grep -v 'Error setting option\|Failed to configure' > lines
    [ "$(wc -l < lines)" -eq 1 ] && grep -E -q "$1" lines
}

# usage: refuses PATTERN FFMPEG_ARGUMENT...; ffmpeg fails and says so once
refuses() {
    pattern=$1
    shift
    ! ffmpeg "$@" 2> log && says_once "$pattern"
}

finish() {
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ] && [ $passed -gt 0 ]
    exit
}
