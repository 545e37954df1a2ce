/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Every version of downscale2x against its definition; planes fill their memory exactly. */
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "kernels/cpu/tests/each_version.h"
#include "kernels/cpu/tests/guarded.h"
#include "kernels/host_pictures.h"

#define CANARY 0xA5

static void check_size(struct odva_backend *backend, const char *name, struct random *random,
                       int width, int height)
{
    const int w = (width + 1) / 2, h = (height + 1) / 2, gap = random_below(random, 4);
    const int pitch = width + random_below(random, 4), dst_pitch = w + gap;
    const size_t size = (size_t)pitch * (height - 1) + width;
    const size_t dst_size = (size_t)dst_pitch * (h - 1) + w;
    const int extreme = random_below(random, 4) == 0;
    uint8_t *src = guarded_new(size), *dst = guarded_new(dst_size);

    for (size_t i = 0; i < size; i++)
        src[i] = (uint8_t)(extreme ? 255 : random_below(random, 256));
    memset(dst, CANARY, dst_size);
    assert_int_equal(odva_host_downscale2x(backend, dst, dst_pitch, src, pitch, width, height),
                     ONEDVA_OK);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            const uint8_t *above = src + 2 * y * pitch;
            const uint8_t *below = src + odva_min(2 * y + 1, height - 1) * pitch;
            const int right = odva_min(2 * x + 1, width - 1);
            const int expected =
                (above[2 * x] + above[right] + below[2 * x] + below[right] + 2) >> 2;

            if (dst[y * dst_pitch + x] != expected)
                fail_msg("%s: %dx%d, sample %d,%d is %d instead of %d", name, width, height, x, y,
                         dst[y * dst_pitch + x], expected);
        }
        if (y + 1 < h)
            for (int x = w; x < dst_pitch; x++)
                assert_int_equal(dst[y * dst_pitch + x], CANARY);
    }
    guarded_free(src);
    guarded_free(dst);
}

static void check(struct odva_backend *backend, const char *name)
{
    struct random random = {1};

    for (int width = 1; width < 200; width++)
        check_size(backend, name, &random, width, 1 + random_below(&random, 5));
    for (int i = 0; i < 50; i++)
        check_size(backend, name, &random, 1 + random_below(&random, 300),
                   1 + random_below(&random, 100));
    check_size(backend, name, &random, 1500, 701); /* several tasks */
}

EACH_VERSION_MAIN(check)
