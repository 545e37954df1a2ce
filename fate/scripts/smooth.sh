#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# -smooth_clips 1 changes the first four frames of clips that continue the one before, and no others.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

# Clips of 16 frames of noise that comes and goes: the borders of all of them can be seen.
ffmpeg -f lavfi -i "testsrc2=size=96x64:rate=25,noise=alls=20:allf=t:all_seed=1,trim=end_frame=64" \
    -pix_fmt yuv420p -c:v ffv1 source.mkv
# usage: encode FILE [OPTION...]
encode() {
    file=$1
    shift
    ffmpeg -i source.mkv -c:v onedva -adaptive_clips 0 -motion off -crf 45 "$@" "$file"
}
encode video.mkv -g 1
pixels video.mkv > plain

# usage: changes FIRST... < FRAMES; exactly the four frames from each of these on are other than plain's
changes() {
    awk -v firsts="$*" '
        BEGIN { count = split(firsts, first) }
        { for (i = 1; i <= count; i++) if (NR > first[i] && NR <= first[i] + 4) print NR }' plain > expected
    paste -d '|' plain found | awk -F '|' '$1 != $2 { print NR }' > changed
    [ "$(wc -l < found)" -eq "$(wc -l < plain)" ] && diff expected changed
}

playing() { pixels video.mkv -smooth_clips 1 > found && changes 16 32 48; }
check "playing" playing
one_thread() { pixels video.mkv -smooth_clips 1 -threads 1 > found && changes 16 32 48; }
check "one thread" one_thread
seeking() {
    pixels video.mkv -smooth_clips 1 -ss 1.28 > tail && head -n 32 plain > found && cat tail >> found &&
        changes 48
}
check "after a seek" seeking
skipping() {
    ffmpeg -i video.mkv -c copy -bsf:v "noise=amount=0:drop='eq(n,16)'" gap.mkv &&
        pixels gap.mkv -smooth_clips 1 > rest &&
        { head -n 16 plain && sed -n 17,32p plain && tail -n +17 rest; } > found && changes 48
}
check "after a lost packet" skipping
damage() {
    ffmpeg -i video.mkv -c copy -bsf:v "noise=amount='if(eq(n,16),1,0)'" broken.mkv &&
        "$ONEDVA_BIN/ffmpeg" -v quiet -nostdin -y -smooth_clips 1 -i broken.mkv -fps_mode passthrough -f framemd5 - |
        sed -n 's/^0,.*, *\([0-9]*, [0-9a-f]*\)$/\1/p' > rest
    { head -n 32 plain && tail -n +17 rest; } > found && changes 48
}
check "after a damaged packet" damage

# A clip that is predicted continues the one before, whose pictures are there, even if one was not shown.
encode predicted.mkv
pixels predicted.mkv > plain
predicted() {
    [ "$(ffprobe -show_entries packet=flags -of csv=p=0 predicted.mkv | grep -c '^K')" -eq 1 ] &&
        pixels predicted.mkv -smooth_clips 1 > found && changes 16 32 48
}
check "predicted clips" predicted
not_shown() {
    pixels predicted.mkv -smooth_clips 1 | sed 16d > expected &&
        ffmpeg -i predicted.mkv -c copy -bsf:v 'noise=amount=0:drop=eq(n\,15)' gap.mkv &&
        pixels gap.mkv -smooth_clips 1 > found 2> log && [ ! -s log ] && same expected found
}
check "predicted clips, the last frame of one is missing" not_shown

finish
