# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# For scripts of this folder: sets input to the whole path of the video that their first argument names,
# or to a clip that is fetched, and goes to the project's root, where build/bench is.

input=${1:-}
[ -z "$input" ] || [ -r "$input" ] || { echo "$(basename "$0" .sh): $input cannot be read" >&2; exit 1; }
[ -z "$input" ] || input=$(cd "$(dirname "$input")" && pwd)/$(basename "$input")
cd "$(dirname "$0")/../.." || exit
mkdir -p build/bench
if [ -z "$input" ]; then
    input=build/bench/cockatoo.mp4
    tools/fetch-clip.sh "$input"
fi
