#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every example of the man pages runs as it stands, but for those on other machines (corpus.sh has these), and
# README's way from a folder of videos to a batch.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

mkdir programs
"$root/tools/latents/build.sh" "$ONEDVA_BIN" "$work/programs/onedva-latents" || {
    echo "examples: cannot compile onedva-latents with the libraries in $ONEDVA_BIN" >&2
    exit 1
}
ln -s "$root/tools/corpus/onedva-corpus" programs
# Without a question and without a window.
cat > programs/ffmpeg <<PROGRAM
#!/bin/sh
exec "$ONEDVA_BIN/ffmpeg" -nostdin -v error -y "\$@"
PROGRAM
cat > programs/ffplay <<PROGRAM
#!/bin/sh
SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy exec "$ONEDVA_BIN/ffplay" -v error -autoexit "\$@"
PROGRAM
chmod +x programs/*

# usage: examples PAGE; a command on each line
examples() {
    awk -v version=test -v date=2026-01-01 -f "$root/tools/man/page.awk" "$root/doc/man/$1.md" | awk '
        /^\.SH / { here = $2 == "EXAMPLES" }
        /^\.E[XE]/ { code = $1 == ".EX"; next }
        here && code && !/^#/ {
            sub(/^ +/, "")
            gsub(/\\-/, "-")
            gsub(/\\\(aq/, "'\''")
            continues = sub(/\\\(rs$/, "")
            printf "%s%s", $0, continues ? "" : "\n"
        }'
}

# usage: run COMMAND; ffplay says what is wrong and ends with 0. Before it says how a file is made, 9.0 clears the line.
run() {
    PATH=$work/programs:$PATH timeout 120 sh -c "$1" < /dev/null 2> said
    code=$?
    cat said
    [ $code -eq 0 ] && ! tr -d '\r\n\033' < said | sed 's/\[2K//g' | grep .
}

ffmpeg -f lavfi -i testsrc2=size=64x48:rate=25 -frames:v 20 -pix_fmt yuv420p -c:v onedva in.mp4
mkdir -p videos/a
cp in.mp4 videos/a/b.mp4
for page in onedva.7 onedva-latents.1 onedva-corpus.1; do
    examples $page > commands
    check "$page has examples" [ -s commands ]
    while read -r command; do
        case $command in
        *--sshlogin* | *--slurm*) continue ;;
        ffplay*)
            [ -x "$ONEDVA_BIN/ffplay" ] || {
                echo "skipped: $command: configured with --disable-ffplay"
                continue
            }
            ;;
        onedva-corpus*)
            command -v parallel > /dev/null || {
                left_out "$command" "GNU parallel"
                continue
            }
            ;;
        esac
        check "$command" run "$command"
    done < commands
done
# What the pages say of files.
check "two passes leave ffmpeg2pass-0.log" [ -s ffmpeg2pass-0.log ]
check "same.mkv has the same packets" sh -c "
    for video in video same; do
        '$ONEDVA_BIN/ffmpeg' -v error -i \$video.mkv -c copy -f framemd5 - | grep -v '^#' > \$video.md5
    done
    diff video.md5 same.md5"
check "a/b.mp4 becomes a/b.mp4.mkv" [ -s encoded/a/b.mp4.mkv ]
check "a report is left" [ -s encoded/.onedva-corpus/report ]

rm -r encoded
ln -s programs build
grep '^build/onedva-corpus' "$root/README.md" > commands
check "README encodes a folder" run "$(cat commands)"
{
    echo 'import glob, sys, torch.utils.data'
    echo 'sys.path.append(sys.argv[1])'
    echo 'import onedva'
    awk '/^```/ { code = $0 == "```python"; next } code' "$root/README.md"
    echo 'print(tokens.shape, places.shape, mask.all().item())'
} > batches.py
python=$("$root/tools/find-python.sh" torch numpy) || python=
if [ -n "$python" ]; then
    check "README makes batches of its latents" sh -c "'$python' batches.py '$root/tools/python' | tee shapes &&
        grep -q '\[1, [0-9]*, 32\]) torch.Size(\[1, [0-9]*, 5\]) True' shapes"
else
    left_out "README's batches" "python3 with torch"
fi
finish
