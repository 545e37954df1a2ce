#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Encodes 3 seconds of a video at 480 lines with One-DVA, decodes them with steps 0, 1 and 4, and
# prints rate, quality and speed. Installs and builds what is missing first.
#
# usage: demo.sh [VIDEO]

set -eu

die() {
    echo "demo: $*" >&2
    exit 1
}

input=${1:-}
crf=${CRF:-30}
seconds=3
lines=480
if [ -n "$input" ]; then
    [ -r "$input" ] || die "INPUT=$input cannot be read"
    input=$(cd "$(dirname "$input")" && pwd)/$(basename "$input")
fi
cd "$(dirname "$0")/.."

tools/install-deps.sh build
[ -f build/config.mak ] || ./configure
make --no-print-directory all

work=build/demo
mkdir -p $work
if [ -z "$input" ]; then
    input=$work/cockatoo.mp4
    tools/fetch-clip.sh "$input"
fi

# usage: ffmpeg ARGUMENTS...; the log goes to $work/log
ffmpeg() {
    build/ffmpeg -nostdin -hide_banner -y "$@" > $work/log 2>&1 || {
        tail -n 3 $work/log >&2
        die "failed: build/ffmpeg $*"
    }
}

# Seconds that the ffmpeg command run last took, from its -benchmark line.
seconds_taken() {
    sed -n 's/.*rtime=\([0-9.]*\)s.*/\1/p' $work/log | tail -n 1
}

echo "demo: $input"
ffmpeg -t $seconds -i "$input" -map 0:v:0 -vf "scale=-2:$lines:flags=bicubic,format=yuv420p" \
    -c:v rawvideo $work/reference.nut
ffmpeg -benchmark -i $work/reference.nut -c:v onedva -crf "$crf" build/demo.mkv
encode_seconds=$(seconds_taken)

build/ffprobe -v error -select_streams v:0 -count_packets -show_entries stream=width,height \
    -of csv=p=0 build/demo.mkv > $work/size
bytes=$(build/ffprobe -v error -select_streams v:0 -show_entries packet=size -of csv=p=0 \
    build/demo.mkv | awk '{ sum += $1 } END { print sum }')
frames=$(build/ffprobe -v error -count_frames -select_streams v:0 -show_entries \
    stream=nb_read_frames -of csv=p=0 $work/reference.nut)
duration=$(build/ffprobe -v error -show_entries format=duration -of csv=p=0 $work/reference.nut)

compare='[0:v]settb=1/1000,setpts=N,split[a][b];[1:v]settb=1/1000,setpts=N,split[c][d];
         [a][c]psnr[p];[b][d]ssim[s]'
for steps in 0 1 4; do
    ffmpeg -benchmark -steps $steps -i build/demo.mkv -f null -
    decode_seconds=$(seconds_taken)
    ffmpeg -steps $steps -i build/demo.mkv -i $work/reference.nut -lavfi "$compare" \
        -map '[p]' -map '[s]' -f null -
    psnr=$(sed -n 's/.*PSNR y:\([0-9.inf]*\) .*/\1/p' $work/log)
    ssim=$(sed -n 's/.*SSIM Y:\([0-9.]*\) .*/\1/p' $work/log)
    awk -F , -v steps=$steps -v bytes="$bytes" -v frames="$frames" -v duration="$duration" \
        -v encode="$encode_seconds" -v decode="$decode_seconds" -v psnr="$psnr" -v ssim="$ssim" '
        steps == 0 {
            printf "\n%dx%d, %d frames\n\n", $1, $2, frames
            print "steps    kbit/s  bit/pixel  PSNR-Y dB  SSIM-Y  encode fps  decode fps"
        }
        {
            printf "%5d %9.1f %10.4f %10.2f %7.4f %11.1f %11.1f\n", steps,
                bytes * 8 / duration / 1000, bytes * 8 / ($1 * $2 * frames), psnr, ssim,
                frames / encode, frames / decode
        }' $work/size
done

middle="select=eq(n\\,$((frames / 2)))"
ffmpeg -i $work/reference.nut -steps 1 -i build/demo.mkv \
    -lavfi "[0:v]${middle}[o];[1:v]${middle}[d];[o][d]hstack" -frames:v 1 -update 1 build/demo.png
cat <<EOF

build/demo.mkv   the encoded video; play it: build/ffplay build/demo.mkv
                 with four diffusion steps:  build/ffplay -steps 4 build/demo.mkv
build/demo.png   frame $((frames / 2)): original on the left, One-DVA with one step on the right
EOF
