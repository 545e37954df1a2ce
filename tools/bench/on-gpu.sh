#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The CUDA backend on this machine's NVIDIA GPU, in under six minutes: builds, compares operators with the
# C reference and lets compute-sanitizer look at them, decodes the conformance streams and encodes
# (fate/scripts/cuda.sh, and cuda_frames.sh where FFmpeg was built here), and measures, PyTorch on the same
# model beside it where a python3 has it. Every step runs even after a failure; tables are Markdown, for
# doc/performance.md, and logs are in build/on-gpu.
#
# usage: on-gpu.sh; ONEDVA_BIN: a folder with ffmpeg [build, or else build/ffmpeg-check, which is built]

set -u

cd "$(dirname "$0")/../.." || exit 1
logs=$PWD/build/on-gpu
rm -rf "$logs"/*.log # tables are of this run
mkdir -p "$logs"
jobs=-j$(nproc)
failures=

# usage: step NAME COMMAND...
step() {
    name=$1
    shift
    begin=$(date +%s)
    if "$@" > "$logs/$name.log" 2>&1 < /dev/null; then
        verdict=ok
    else
        verdict=FAILED failures="$failures $name"
    fi
    echo "$name: $verdict, $(($(date +%s) - begin)) s"
}

# usage: give_up NAME; a step without which nothing works
give_up() {
    case $failures in
    *" $1"*) tail -n 15 "$logs/$1.log" >&2 && exit 1 ;;
    esac
}

# usage: median COMMAND...; of the seconds that three runs take
median() {
    for _ in 1 2 3; do
        start=$(date +%s%N)
        "$@"
        echo $(($(date +%s%N) - start))
    done | sort -n | awk 'NR == 2 { printf "%.3f", $1 / 1e9 }'
}

# usage: row TITLE COMMAND...; of 240 frames
row() {
    title=$1
    shift
    median "$@" | awk -v title="$title" '{ printf "| %s | %.3f | %.0f |\n", title, $1, 240 / $1 }'
}

# usage: through_ffmpeg WIDTHxHEIGHT; from the start of the program to its end
# shellcheck disable=SC2317 # step calls it
through_ffmpeg() {
    ffmpeg="timeout 20 $ONEDVA_BIN/ffmpeg -v error -nostdin -y"
    $ffmpeg -f lavfi -i "testsrc2=size=$1:rate=60,trim=end_frame=240,format=yuv420p" -c:v rawvideo "$logs/in.nut"
    $ffmpeg -i "$logs/in.nut" -c:v onedva -preset ultrafast "$logs/in.mkv"
    has_frames=$("$ONEDVA_BIN/ffmpeg" -v error -hwaccels | grep -x cuda)
    echo "| $1, through FFmpeg | seconds | frames/s |"
    echo "|---|---|---|"
    for steps in 0 1 4; do
        # shellcheck disable=SC2086 # a command
        row "decode, \`-steps $steps\`" $ffmpeg -backend cuda -steps $steps -i "$logs/in.mkv" -f null -
        # shellcheck disable=SC2086
        [ -z "$has_frames" ] || row "decode, \`-steps $steps\`, frames stay on the GPU" \
            $ffmpeg -hwaccel cuda -hwaccel_output_format cuda -steps $steps -i "$logs/in.mkv" -f null -
    done
    # shellcheck disable=SC2086
    row "encode, \`-preset ultrafast\`" $ffmpeg -i "$logs/in.nut" -c:v onedva -preset ultrafast -backend cuda -f null -
    rm -f "$logs/in.nut" "$logs/in.mkv"
}

grep -qs '^HAVE_CUDA = yes' build/config.mak ||
    step configure timeout 30 ./configure --enable-cuda --disable-ffplay
give_up configure
gpu=$(nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader 2> "$logs/nvidia-smi.log" | head -n 1)
echo "${gpu:-no nvidia-smi}"
# Code for this GPU alone, or for the newest one that is known.
case $gpu in
*" 7."*) export CUDA_FOR=75 ;;
*" 8.9") export CUDA_FOR=89 ;;
*" 8."*) export CUDA_FOR=80 ;;
*) export CUDA_FOR=90 ;;
esac

step library timeout 180 make "$jobs" lib
step programs timeout 120 make "$jobs" on-gpu-programs build/tools/bench/device_bench build/tools/bench/product_bench
give_up library
give_up programs
step driver timeout 20 build/tools/bench/device_bench cuda -1 64 48 1
case $failures in
*" driver"*)
    grep -m 1 '^cuda: ' "$logs/driver.log" >&2 || tail -n 5 "$logs/driver.log" >&2
    exit 1
    ;;
esac

for operators in pictures linear_path network bf16 cublas; do
    step $operators timeout 60 build/on-gpu/test_cuda_$operators
done
if command -v compute-sanitizer > /dev/null; then
    for operators in pictures linear_path bf16; do
        for tool in memcheck racecheck; do
            step $operators-$tool \
                timeout 30 compute-sanitizer --tool $tool --error-exitcode 9 build/on-gpu/test_cuda_$operators
        done
    done
else
    echo "skipped: compute-sanitizer: it is not installed"
fi

# The one for tests is slower, since it is checked.
if [ -z "${ONEDVA_BIN:-}" ]; then
    ONEDVA_BIN=$PWD/build
    [ -x build/ffmpeg ] || ONEDVA_BIN=$PWD/build/ffmpeg-check
    [ -x "$ONEDVA_BIN/ffmpeg" ] || step ffmpeg timeout 240 make "$jobs" ffmpeg-check
fi
export ONEDVA_BIN
if [ -x "$ONEDVA_BIN/ffmpeg" ]; then
    step conformance timeout 120 fate/scripts/cuda.sh
    [ ! -f "$ONEDVA_BIN/libavcodec/libavcodec.a" ] ||
        step frames timeout 40 env ONEDVA_ON_GPU=1 fate/scripts/cuda_frames.sh
    step through-ffmpeg through_ffmpeg 1920x1080
fi
for size in "640 360" "1280 720" "1920 1080"; do
    # shellcheck disable=SC2086 # two numbers
    step "device-bench-${size#* }" timeout 30 build/tools/bench/device_bench cuda -1 $size 5
done
step products timeout 20 build/tools/bench/product_bench
if python=$(tools/find-python.sh torch numpy 2> /dev/null); then
    for size in "640 360" "1920 1080"; do
        # shellcheck disable=SC2086 # two numbers
        step "pytorch-${size#* }" timeout 30 "$python" -W ignore tools/bench/network_peer_gpu.py models/onedva-tiny.safetensors --size $size
    done
else
    echo "skipped: PyTorch beside it: no python3 has it"
fi
for log in through-ffmpeg device-bench-360 device-bench-720 device-bench-1080 products pytorch-360 pytorch-1080; do
    [ ! -f "$logs/$log.log" ] || grep -h '^|\|medians of\|^$' "$logs/$log.log"
    echo
done
[ -z "$failures" ] && exit
for name in $failures; do
    echo "$name FAILED, build/on-gpu/$name.log ends with:"
    tail -n 15 "$logs/$name.log" | sed 's/^/    /'
done >&2
exit 1
