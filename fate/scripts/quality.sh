#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the shipped model's linear path reaches at its finest: a page of text is sharp and stands
# still, and a camera's video has no ceiling. And that what stands still is paid for once, and that
# streams of the model's first version are decoded as they were.

ONEDVA_MODEL=${ONEDVA_MODEL:-$(cd "$(dirname "$0")/../.." && pwd)/models/onedva-tiny.safetensors}
# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

python=$("$root/tools/find-python.sh" PIL) || exit 1

# 26 lines of text, black on white.
"$python" - << 'EOF'
from PIL import Image, ImageDraw

page = Image.new("RGB", (640, 368), "white")
words = "Video is coded as one-dimensional sequences of latents whose length follows what they show. ".split()
for line in range(26):
    text = " ".join(words[(line * 5 + i) % len(words)] for i in range(14))
    ImageDraw.Draw(page).text((12, 8 + 13.5 * line), text[:100], fill="black")
page.save("page.png")
EOF

# usage: psnr FILE REFERENCE_ARGUMENT...; PSNR-Y of what FILE shows with steps 0
psnr() {
    file=$1
    shift
    ffmpeg -v info -steps 0 -i "$file" "$@" -filter_complex "[0:v]settb=1/25,setpts=N[d];[1:v]trim=end_frame=32,format=yuv420p,settb=1/25,setpts=N[s];[d][s]psnr" \
        -f null - 2>&1 | sed -n 's/.*PSNR y:\([0-9.inf]*\) .*/\1/p'
}
# usage: at_least DB VALUE
at_least() {
    echo "$2 dB"
    awk -v wanted="$1" -v found="$2" 'BEGIN { exit !(found == "inf" || found >= wanted) }'
}

page() { ffmpeg -loop 1 -i page.png -frames:v 32 -pix_fmt yuv420p -c:v onedva -preset ultrafast "$@"; }
check "page of text, encoded" page -crf 5 page.mkv
text_is_sharp() { at_least 40 "$(psnr page.mkv -loop 1 -i page.png)"; }
check "page of text at crf 5: 40 dB" text_is_sharp
text_stands_still() {
    ffmpeg -steps 0 -i page.mkv -f framemd5 - | sed '/^#/d; s/.*,//' | sort | uniq -c > sums
    cat sums && [ "$(wc -l < sums)" -le 2 ]
}
check "page of text: all frames of a clip are the same" text_stands_still
paid_once() {
    page -crf 30 -g 250 still.mkv && page -crf 30 -g 1 keys.mkv &&
        still=$(ffprobe -show_entries packet=size -of csv=p=0 still.mkv | awk '{ s += $1 } END { print s }') &&
        keys=$(ffprobe -show_entries packet=size -of csv=p=0 keys.mkv | awk '{ s += $1 } END { print s }') &&
        echo "$still bytes, $keys with key clips alone" && [ $((still * 10)) -lt $((keys * 8)) ]
}
check "what stands still is paid for once" paid_once

# A model that says by its id that its packets are those of an earlier one has that one's linear path and tables.
# Made by dc152c069793994e: -lavfi mandelbrot=size=144x112:rate=25,format=yuv420p,trim=end_frame=24 -crf 30
still_decoded() { [ "$(ffmpeg -steps 0 -i "$root/fate/streams/shipped/first-version.nut" -f md5 -)" = "MD5=b79f70d5d51967acd9dee388efa0d117" ]; }
check "a stream that the first version of the model encoded" still_decoded

"$root/tools/fetch-clip.sh" "$work/cockatoo.mp4"
no_ceiling() {
    ffmpeg -i cockatoo.mp4 -frames:v 16 -vf scale=426:240,format=yuv420p source.y4m &&
        ffmpeg -i source.y4m -c:v onedva -preset ultrafast -crf 0 finest.mkv && at_least 45 "$(psnr finest.mkv -i source.y4m)"
}
check "a camera's video at crf 0: 45 dB" no_ceiling

finish
