#!/bin/sh
# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Memory that runs out at the nth allocation, for every n, in each part on FFmpeg's side.
# Needs the build directory of FFmpeg, with its libraries, in ONEDVA_BIN.

# shellcheck source=fate/common.sh
. "$(dirname "$0")/../common.sh"

"$root/fate/api/build.sh" test_allocation test_allocation \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=posix_memalign \
    -Wl,--wrap=free,--wrap=pthread_create || exit 1
for name in $(./test_allocation); do
    check "$name" ./test_allocation "$name"
done

finish
