#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# configure: what it writes for its options, one clear line for each that is wrong; make, which runs it
# the first time and again once it is newer than what it wrote; and that each target of the Makefile's
# list has a rule.
#
# usage: test_configure.sh

set -eu

die() {
    echo "test_configure: $*" >&2
    exit 1
}

root=$(cd "$(dirname "$0")/../../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
cp "$root/configure" .
mkdir -p tools/ffmpeg
cp "$root/tools/ffmpeg/versions.sh" tools/ffmpeg
versions=$(tools/ffmpeg/versions.sh known)
newest=$(echo "$versions" | tr " " "\n" | sort -V | tail -n 1)
echo weights > other.safetensors

# usage: expect_failure MESSAGE OPTION...
expect_failure() {
    message=$1
    shift
    if ./configure "$@" > output 2>&1; then
        die "'$*' was accepted"
    fi
    [ "$(wc -l < output)" -eq 1 ] || die "'$*' gives more than one line: $(cat output)"
    grep -qF -- "$message" output || die "'$*': expected '$message' in: $(cat output)"
    [ ! -e build ] || die "'$*' failed but wrote build/"
}

# usage: expect_setting LINE
expect_setting() {
    grep -qxF "$1" build/config.mak || die "expected '$1' in: $(cat build/config.mak)"
}

./configure --help | grep -q '^  --prefix=PREFIX' || die "--help does not list --prefix"
expect_failure 'models/onedva-tiny.safetensors: no such file'
mkdir models
echo weights > models/onedva-tiny.safetensors
expect_failure 'models/onedva-prior.safetensors: no such file'
echo weights > models/onedva-prior.safetensors
expect_failure 'unknown option --nonsense' --nonsense
expect_failure '--model needs a value' --model
expect_failure '/missing: no such file' --model=missing
expect_failure '--prior needs a value' --prior=
expect_failure '/missing: no such file' --prior=missing
expect_failure 'is not an absolute path' --prefix=relative
expect_failure 'is not an FFmpeg source tree' --ffmpeg-source="$scratch"
expect_failure "--ffmpeg-version=6.0 is not known; known are $versions" --ffmpeg-version=6.0
expect_failure '--ffmpeg-version needs a value' --ffmpeg-version=

# Source trees of versions that are known and others.
mkdir -p tree/libavcodec
: > tree/libavcodec/allcodecs.c
expect_failure "/tree does not say in a file RELEASE which version of FFmpeg it is; known are $versions" --ffmpeg-source=tree
for release in 6.1.2 4.7.1 "$newest.git" "${newest}1" "1$newest"; do
    echo "$release" > tree/RELEASE
    expect_failure "/tree is FFmpeg $release; known are $versions" --ffmpeg-source=tree
done
echo "$newest.2" > tree/RELEASE
expect_failure "/tree is FFmpeg $newest, not 7.1 as --ffmpeg-version says" --ffmpeg-source=tree --ffmpeg-version=7.1
expect_failure 'C compiler no-such-cc was not found' --cc=no-such-cc
expect_failure '/missing: there is no such program' --python=./missing
for option in prefix=/opt/my\ own prefix=/opt/\$own "prefix=/own's" model=my\ own directory=my\ own; do
    expect_failure 'make and pkg-config take no path with a space' "--$option"
done
expect_failure 'an option holds a line break' "--ffmpeg-flags=--enable-gpl
--enable-nonfree"

# Where Vulkan's headers are missing.
cat > cc-without-vulkan <<'EOF'
#!/bin/sh
for file; do :; done
! grep -qs vulkan -- "$file" && exec gcc "$@"
EOF
chmod +x cc-without-vulkan
expect_failure '--enable-vulkan needs, was not found: install Debian' --disable-ffplay --cc=./cc-without-vulkan --enable-vulkan
./configure --disable-ffplay --cc=./cc-without-vulkan > output
grep -q "^Vulkan  *no: it needs <vulkan/vulkan_core.h> of 1.2, Debian's package libvulkan-dev\$" output ||
    die "configure did not say what Vulkan lacks: $(cat output)"
expect_setting 'HAVE_VULKAN = no'
rm -r build

# Where nvcc is missing, or is no such compiler.
printf '#!/bin/sh\necho "of 2010" >&2; exit 1\n' > nvcc-that-is-old
chmod +x nvcc-that-is-old
expect_failure '--enable-cuda needs nvcc at nvcc-that-is-not' --disable-ffplay --nvcc=nvcc-that-is-not --enable-cuda
expect_failure 'of CUDA 12 or later: of 2010' --disable-ffplay --nvcc=./nvcc-that-is-old --enable-cuda
./configure --disable-ffplay --nvcc=nvcc-that-is-not > output
grep -q "^CUDA  *no: it needs nvcc at nvcc-that-is-not, of NVIDIA's CUDA toolkit 12 or later\$" output ||
    die "configure did not say what CUDA lacks: $(cat output)"
expect_setting 'HAVE_CUDA = no'
rm -r build

# The versions that are known, and a tree of one.
for version in $versions; do
    ./configure --disable-ffplay --ffmpeg-version="$version" | grep -q "^FFmpeg sources  *Debian source package of $version\$" ||
        die "configure does not say that it takes FFmpeg $version"
    expect_setting "FFMPEG_VERSION = $version"
done
./configure --disable-ffplay --ffmpeg-source=tree > /dev/null
expect_setting "FFMPEG_SOURCE = $PWD/tree"

./configure --disable-ffplay --disable-vulkan --disable-cuda > /dev/null
expect_setting 'FFMPEG_VERSION = '
expect_setting 'HAVE_VULKAN = no'
expect_setting 'HAVE_CUDA = no'
expect_setting 'PREFIX = /usr/local'
expect_setting 'MODEL = models/onedva-tiny.safetensors'
expect_setting 'FFPLAY = no'
expect_setting 'SANITIZERS = no'

# From another folder, with all that a shell and make take for something else.
mkdir beside
cd beside
flags="--enable-gpl --extra-cflags='-O2 -DA=\"\\n\"' #\$HOME"
CDPATH=$scratch ../configure --disable-ffplay --prefix=/opt/onedva --model=../other.safetensors --disable-asm \
    --enable-sanitizers --ffmpeg-flags="$flags" > /dev/null
[ -z "$(ls -A)" ] || die "configure wrote into another folder: $(ls -A)"
cd ..
# What the lines say to make.
show_settings() {
    make --no-print-directory -f - <<'MAKE'
include build/config.mak
export MODEL FFMPEG_FLAGS
all:
	@printf '%s\n' "$$MODEL" "$$FFMPEG_FLAGS"
MAKE
}
expect_options() {
    expect_setting 'PREFIX = /opt/onedva'
    expect_setting 'HAVE_AVX2 = no'
    expect_setting 'HAVE_AVX512 = no'
    expect_setting 'SANITIZERS = yes'
    printf '%s\n' "$scratch/beside/../other.safetensors" "$flags" > expected
    show_settings | diff expected - || die "make reads other settings than configure was given"
}
expect_options
grep -qx '#define HAVE_AVX2 0' build/config.h || die "build/config.h still has AVX2"

# An old configuration: make asks configure again, with the options it had.
cp -r "$root/Makefile" "$root/mk" .
mkdir -p engine/include/onedva
cp "$root/engine/include/onedva/onedva.h" engine/include/onedva
sed -i '/^HAVE_AVX2/d' build/config.mak
touch -d '1 hour ago' build/config.mak
make build/config.mak > output 2>&1 || die "make does not configure again: $(cat output)"
expect_options

# None yet: make configures, once, whatever is asked for; what fails is said in one line.
for directory in build elsewhere; do
    rm -rf build
    make CONFIG=$directory -n -j2 corpus uninstall > output 2>&1 || die "make does not configure: $(cat output)"
    [ "$(grep -c '^install prefix' output)" -eq 1 ] || die "make configured more than once: $(cat output)"
    [ -f $directory/config.mak ] || die "make wrote no $directory/config.mak: $(cat output)"
done
rm -rf build
! env CC= PATH=/nonexistent "$(command -v make)" > output 2>&1 || die "make worked without a compiler"
[ ! -e build/config.mak ] || die "make wrote build/config.mak after configure had failed"

# Phony, as some have the name of a folder or a file, whatever TARGETS says.
make -C "$root" -pq CONFIG="$scratch/elsewhere" TARGETS=decoder lib > rules 2> /dev/null || true
goals=$(sed -n 's/^# make \([a-z0-9][a-z0-9-]*\) .*/\1/p' "$root/Makefile")
[ "$(echo "$goals" | wc -l)" -gt 30 ] || die "the Makefile's list of targets was not found"
for goal in all $goals; do
    awk -v goal="$goal" '
        /^$/ { ours = phony = 0 }
        index($0, goal ":") == 1 && !/ :?=/ { ours = 1; prerequisites = NF > 1 }
        /Phony target/ { phony = 1 }
        ours && phony && (prerequisites || /recipe to execute/) { found = 1 }
        END { exit !found }' rules || die "make $goal is in the Makefile's list and has no rule"
done
echo "configure: as expected"
