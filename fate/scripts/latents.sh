#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# onedva-latents: packets come back byte for byte, and no file makes it crash.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

"$root/tools/latents/build.sh" "$ONEDVA_BIN" "$work/onedva-latents" || {
    echo "latents: cannot compile with the libraries in $ONEDVA_BIN" >&2
    exit 1
}

# usage: packets FILE [STREAM] > FILE; times, sizes and contents of the packets that are not empty
packets() {
    ffmpeg -i "$1" -map "0:${2:-0}" -c copy -f framemd5 - | awk -F , '/^#/ || $5 > 0'
}

# usage: comes_back VIDEO STREAM COPY [IMPORT_OPTION...]
comes_back() {
    video=$1
    stream_number=$2
    copy=$3
    shift 3
    ./onedva-latents export "$video" latents.safetensors &&
        ./onedva-latents "$@" import latents.safetensors "$copy" &&
        packets "$video" "$stream_number" > expected && packets "$copy" > found &&
        same expected found
}
for stream in "$root"/fate/streams/*.nut; do
    name=$(basename "$stream" .nut)
    check "$name" comes_back "$stream" 0 copy.nut
    check "$name from values" comes_back "$stream" 0 copy.nut --from y
done
for container in mkv mp4 mov avi; do
    ffmpeg -f lavfi -i "testsrc2=size=140x90:rate=25,trim=end_frame=41" -map 0 -map 0 \
        -pix_fmt yuv420p -c:v:0 mpeg4 -c:v:1 onedva -adaptive_clips 0 "video.$container"
    check "second stream of $container" comes_back "video.$container" 1 "copy.$container"
done

# A stream of sixteen layers, and what is left of it where one of them is the last.
still="mandelbrot=size=320x240:rate=25:start_scale=0.5,trim=end_frame=1,loop=-1:1:0,setpts=N"
ffmpeg -filter_complex "$still,crop=130:98:x=2*n:y=n:exact=1,trim=end_frame=20,format=yuv420p" \
    -c:v onedva -crf 10 -layers 16 layers.nut
for layers in 16 15 14 13 10 6 5 3; do
    ffmpeg -i layers.nut -c copy -bsf:v onedva_truncate=layers=$layers cut.nut
    check "$layers of 16 layers" comes_back cut.nut 0 copy.nut
    check "$layers of 16 layers from values" comes_back cut.nut 0 copy.nut --from y
done

# usage: entry NAME FIELD; the first number of a tensor's shape or data_offsets in latents.safetensors
entry() {
    head -c 4000 latents.safetensors | LC_ALL=C sed -n "s/.*\"$1\":{[^}]*\"$2\":\[\([0-9]*\).*/\1/p"
}
# A picture of 2x1 superblocks, of which the texture is cut into tiles of other sizes than what is still.
cut_up() {
    ffmpeg -f lavfi -i "testsrc2=size=256x128:rate=25,trim=end_frame=16,format=yuv420p" \
        -c:v onedva -crf 5 -motion off -adaptive_clips 0 cut-up.nut && comes_back cut-up.nut 0 copy.nut &&
        entry superblock.splits shape && entry tile.place shape &&
        [ "$(entry superblock.splits shape)" -eq 2 ] && [ "$(entry tile.place shape)" -gt 4 ] &&
        comes_back cut-up.nut 0 copy.nut --from y
}
check "superblocks that are cut up" cut_up

# Clips that are predicted from the one before: as they were encoded, and as they were drawn.
inter="testsrc2=size=140x90:rate=25,trim=end_frame=40,format=yuv420p"
inter_clips() {
    ffmpeg -f lavfi -i "$inter" -c:v onedva -g 250 "$@" inter.odva && comes_back inter.odva 0 copy.odva &&
        cmp inter.odva copy.odva && comes_back inter.odva 0 copy.odva --from y &&
        ./onedva-latents import latents.safetensors copy.mkv &&
        ffprobe -show_entries packet=flags -of csv=p=0 inter.odva > expected &&
        ffprobe -show_entries packet=flags -of csv=p=0 copy.mkv > found && same expected found &&
        [ "$(grep -c K found)" -eq 1 ] && [ "$(entry clip.is_key shape)" -gt 1 ]
}
check "inter clips" inter_clips
check "inter clips, a packet each" inter_clips -clip_packets 1
drawn() {
    for name in random-inter random-inter-motion random-inter-tiles; do
        ./onedva-latents export "$root/fate/conformance/$name.odva" latents.safetensors &&
            ./onedva-latents import latents.safetensors again.odva && comes_back again.odva 0 copy.odva &&
            pixels "$root/fate/conformance/$name.odva" > expected && pixels copy.odva > found &&
            same expected found || return
    done
}
check "inter clips that were drawn" drawn

elementary_stream() {
    ffmpeg -i "$root/fate/streams/passes.nut" -c copy video.odva &&
        comes_back video.odva 0 copy.odva && cmp video.odva copy.odva
}
check "elementary stream, the same file" elementary_stream

# usage: joins NAME OPTION...; a file of another stream behind one, of which the header has other fields
joins() {
    ffmpeg -f lavfi -i "testsrc2=size=140x90:rate=25,trim=end_frame=41,format=yuv420p" -c:v onedva first.odva &&
        ffmpeg -f lavfi -i "$1" -c:v onedva second.odva &&
        cat first.odva second.odva first.odva > joined.odva &&
        comes_back joined.odva 0 copy.odva && pixels joined.odva > expected && pixels copy.odva > found &&
        same expected found && frame_fields joined.odva > expected && frame_fields copy.odva > found &&
        same expected found && [ "$(sort -u found | wc -l)" -eq 2 ]
}
frame_fields() {
    ffprobe -show_entries frame=width,height,color_range -of csv=p=0 "$1"
}
check "two sizes joined" joins "testsrc2=size=66x50:rate=25,trim=end_frame=20,format=yuv420p"
check "two colour ranges joined" \
    joins "testsrc2=size=140x90:rate=25,trim=end_frame=20,format=yuv420p,setparams=range=pc"
# The first packet behind the change is lost, and with it nothing of the header.
lost_at_change() {
    ffmpeg -i joined.odva -c copy -bsf:v "noise=amount='if(eq(n,41),1,0)'" lost.odva &&
        ! ./onedva-latents export lost.odva latents.safetensors &&
        ./onedva-latents import latents.safetensors copy.odva && pixels lost.odva > expected &&
        pixels copy.odva > found && same expected found
}
check "packet lost where the header changes" lost_at_change
changing() {
    ./onedva-latents export joined.odva latents.safetensors &&
        says "latents.safetensors: its stream header changes with clip [0-9]*, which only .odva can say" 1 \
            import latents.safetensors x.mkv
}
# AVI has no place for a header: its packets have it, and .odva then needs none.
headers_in_packets() {
    ffmpeg -i video.avi -map 0:1 -c copy video.odva && comes_back video.odva 0 copy.odva &&
        cmp video.odva copy.odva && ./onedva-latents import latents.safetensors copy.mkv &&
        pixels video.odva > expected && pixels copy.mkv > found && same expected found
}
check "headers in packets only" headers_in_packets

# usage: says PATTERN STATUS ARGUMENT...; one line, and the status
says() {
    pattern=$1
    status=$2
    shift 2
    ./onedva-latents "$@" 2> log
    [ $? -eq "$status" ] && cat log && [ "$(wc -l < log)" -eq 1 ] && grep -q "^onedva-latents: $pattern" log
}
check "headers that change, to a container that cannot say it" changing
ffmpeg -f lavfi -i "testsrc2=size=64x48,trim=end_frame=2" -c:v mpeg4 other.mkv
check "video of another codec" says "other.mkv has no One-DVA stream" 1 export other.mkv x.safetensors
check "no such file" says "none.mkv: No such file" 1 export none.mkv x.safetensors
head -c 3000 /dev/zero | LC_ALL=C tr '\0' '\200' > noise.mkv
check "file that is no video" says "noise.mkv: Invalid data found when processing input: EBML header parsing failed" 1 \
    export noise.mkv x.safetensors
check "a name without a kind of file" says "novideo: its name says no kind of file; .mkv" 1 import latents.safetensors novideo
not_lost() {
    echo kept > kept.ts && says "kept.ts: a file of kind mpegts does not hold One-DVA; .mkv" 1 import latents.safetensors kept.ts &&
        grep -x kept kept.ts
}
check "a file that is there is not lost to a container that cannot hold it" not_lost
check "an option of import" says "--from is an option of import, not of export" 1 --from q export video.mkv x.safetensors
check "an option of generate" says "--clips is an option of generate, not of import" 1 \
    --seed 1 --clips 2 import latents.safetensors x.mkv
import_to_a_pipe() {
    ./onedva-latents import latents.safetensors file.odva && ./onedva-latents import latents.safetensors - > piped.odva &&
        cmp file.odva piped.odva
}
check "import to a pipe" import_to_a_pipe

# ---- many videos ----

mkdir many exported
for i in 1 2 3 4; do cp video.mkv many/$i.mkv; done
many() {
    ./onedva-latents export many/*.mkv exported > said && cat said && grep -x "4 videos: 4 exported, 0 were there, 0 failed" said &&
        ./onedva-latents export many/1.mkv one.safetensors && for i in 1 2 3 4; do
        cmp one.safetensors exported/$i.mkv.safetensors || return
    done
    touch many/2.mkv && ./onedva-latents export many/*.mkv exported > said && cat said &&
        grep -x "4 videos: 1 exported, 3 were there, 0 failed" said
}
check "many videos: each once, and again where it is newer" many
one_fails() {
    cp noise.mkv many/3.mkv && ! ./onedva-latents export many/*.mkv exported > said 2> log && cat said log &&
        grep -x "4 videos: 0 exported, 3 were there, 1 failed" said && [ "$(wc -l < log)" -eq 1 ] &&
        grep "^onedva-latents: many/3.mkv: " log
}
check "many videos: one that fails does not end the others" one_fails
check "many videos: of one name" says "many/1.mkv and ./many/1.mkv have one name" 1 export many/1.mkv ./many/1.mkv exported
check "many videos: no folder" says "x.safetensors is no folder" 1 export many/1.mkv many/2.mkv x.safetensors
for i in $(seq 400); do ln -f video.mkv "many/$i.mkv"; done
bar_of_many() {
    mkdir shown && TERM=vt100 script -q -e -c "./onedva-latents export many/*.mkv shown" typescript > /dev/null && cat typescript &&
        grep -a '\[####*  *\] [0-9]*/400 videos, [0-9.]* videos/s, [0-9]* s left' typescript &&
        grep -a '\[#\{20\}\] 400/400 videos, [0-9.]* videos/s' typescript
}
check "many videos: a bar on a terminal" bar_of_many
many_interrupted() {
    mkdir kept && { ./onedva-latents export many/*.mkv kept > said 2> log & } && tool=$! && for _ in $(seq 100); do
        [ "$(find kept -name '*.safetensors' | wc -l)" -lt 5 ] || break
        sleep 0.02
    done
    kill -TERM $tool && ! wait $tool && cat said log &&
        number=$(sed -n 's/^onedva-latents: interrupted: \([0-9]*\) of 400 videos are kept in kept; the same command goes on$/\1/p' log) &&
        [ "$number" -ge 5 ] && [ "$number" -lt 400 ] && [ "$(find kept -type f | wc -l)" -eq "$number" ] &&
        ./onedva-latents export many/*.mkv kept > said && grep "^400 videos: .* $number were there, 0 failed$" said
}
check "many videos: what is kept is told" many_interrupted
check "wrong command" says "give export or import" 1 exprot video.mkv x.safetensors
check "latents of a file that is none" says "video.mkv: not a safetensors file" 1 import video.mkv x.mkv
check "a model as latents" says ".*no tensor stream.header" 1 import "$ONEDVA_MODEL" x.mkv
check "wrong source of tokens" says "--from z does not exist" 1 --from z import latents.safetensors x.mkv
other_model() (
    unset ONEDVA_MODEL
    says "latents.safetensors: latents of model [0-9a-f]*, this program has model" 1 \
        import latents.safetensors x.mkv
)
check "latents of another model" other_model
# usage: change TENSOR BYTE OCTAL; in latents.safetensors
change() {
    at=$((8 + $(od -A n -t u4 -N 4 latents.safetensors) + $(entry "$1" data_offsets) + $2))
    # shellcheck disable=SC2059 # an octal escape
    printf "\\$3" | dd of=latents.safetensors bs=1 seek="$at" conv=notrunc 2> /dev/null
}
# usage: other_splits BYTE OCTAL PATTERN; the first superblock of cut-up.nut is said to be cut in another way
other_splits() {
    ./onedva-latents export cut-up.nut latents.safetensors || return
    change superblock.splits "$1" "$2"
    says "latents.safetensors: $3" 1 import latents.safetensors x.nut
}
check "tiles of another partition" \
    other_splits 0 000 "clip 0 has [0-9]* tiles, its superblock.splits make [0-9]*"
check "splits of nodes that do not exist" \
    other_splits 3 001 "superblock.splits has 0x[0-9a-f]*, 0 to 0x1fffff can be"
# usage: other_prediction OCTAL PATTERN; of the first tile, which a key clip has
other_prediction() {
    ./onedva-latents export inter.odva latents.safetensors && change tile.is_predicted 0 "$1" &&
        says "latents.safetensors: $2" 1 import latents.safetensors x.nut
}
check "predicted tile of a key clip" other_prediction 001 "tile.is_predicted has 1, 0 in a key clip can be"
# usage: intact VIDEO; every inter clip follows the clip that it is predicted from
intact() {
    ffmpeg -xerror -err_detect explode -i "$1" -f null -
}
# The key clip has another level than it had; the clips behind still follow it.
other_level() {
    ./onedva-latents export inter.odva latents.safetensors && change coefficient.q 0 007 &&
        ./onedva-latents import latents.safetensors changed.odva &&
        intact changed.odva && pixels inter.odva > expected && pixels changed.odva > found &&
        [ "$(wc -l < found)" -eq 40 ] && ! cmp expected found
}
check "inter clips behind other latents" other_level
# A clip is lost; those behind it do not follow the one before.
chain_that_broke() {
    ffmpeg -i inter.odva -c copy -bsf:v "onedva_merge,noise=amount='if(eq(n,1),1,0)'" broken.odva &&
        ! ./onedva-latents export broken.odva latents.safetensors && ./onedva-latents import latents.safetensors copy.odva &&
        pixels broken.odva > expected && pixels copy.odva > found && same expected found &&
        ! intact copy.odva
}
check "inter clips behind a damaged one" chain_that_broke

check "unwritable output" says "/nowhere/x.safetensors: No such file" 1 export video.mkv /nowhere/x.safetensors

# A name that no file may take the place of.
into_a_pipe() {
    rm -f fifo && mkfifo fifo && { cat fifo > through.safetensors & } &&
        ./onedva-latents export video.mkv fifo && wait && [ -p fifo ] &&
        ./onedva-latents export video.mkv direct.safetensors && cmp direct.safetensors through.safetensors
}
check "output into a pipe" into_a_pipe
# usage: limited COMMAND...; no file may become larger than 1 kB
limited() (
    trap '' XFSZ
    ulimit -f 2 # blocks of 512 bytes
    "$@"
)
full_disk() {
    limited says "full.safetensors: File too large" 1 export video.mkv full.safetensors &&
        [ ! -e full.safetensors ] && [ ! -e full.safetensors.part ] &&
        limited says "full.nut: File too large" 1 import direct.safetensors full.nut
}
check "full disk: one line, and no part of a file of latents" full_disk

# The packet in the middle has bytes changed; the others are exported.
damaged() {
    ffmpeg -i video.mkv -map 0:1 -c copy -bsf:v "noise=amount='if(eq(n,16),1,0)'" damaged.mkv &&
        says "packet at [0-9]* left out: " 1 export damaged.mkv latents.safetensors &&
        ./onedva-latents import latents.safetensors copy.mkv &&
        packets video.mkv 1 | sed '/^#/d' | sed 17,32d > expected &&
        packets copy.mkv | sed '/^#/d' > found && same expected found
}
check "damaged packet" damaged

# usage: survives SEED; four bytes of the file are others: any answer but a crash
survives() {
    cp whole.safetensors broken.safetensors
    awk -v seed="$1" -v size="$(wc -c < whole.safetensors)" -v header="$header" 'BEGIN {
        srand(seed)
        for (i = 0; i < 4; i++) {
            end = seed % 2 ? header : size
            printf "%d %d\n", int(rand() * end), int(rand() * 256)
        }
    }' | while read -r at byte; do
        # shellcheck disable=SC2059 # an octal escape
        printf "\\$(printf %03o "$byte")" |
            dd of=broken.safetensors bs=1 seek="$at" conv=notrunc 2> /dev/null
    done
    ./onedva-latents import broken.safetensors broken.nut > log 2>&1
    [ $? -le 1 ]
}
survive_all() {
    ./onedva-latents export "$root/fate/streams/mesh.nut" whole.safetensors || return
    header=$(od -A n -t u4 -N 4 whole.safetensors | tr -d ' ')
    for seed in $(seq 200); do
        survives "$seed" || { echo "crash with seed $seed"; cat log; return 1; }
    done
}
check "200 broken files" survive_all

finish
