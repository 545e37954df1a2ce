/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/picture_error.h"

#include "base/assert.h"
#include "base/squared_error.h"

struct comparison {
    const struct onedva_const_picture *a, *b;
    int width, height, depth;
    int64_t squared[ONEDVA_MAX_CLIP_FRAMES];
};

static void compare(void *opaque, int64_t t, int worker)
{
    struct comparison *c = opaque;
    const struct onedva_const_picture *a = &c->a[t], *b = &c->b[t];

    (void)worker;
    for (int p = 0; p < 3; p++)
        c->squared[t] += odva_squared_error_of_depth(
            a->data[p], a->stride[p], b->data[p], b->stride[p], p ? (c->width + 1) / 2 : c->width,
            p ? (c->height + 1) / 2 : c->height, c->depth);
}

int64_t odva_picture_error(struct odva_thread_pool *pool, const struct onedva_const_picture *a,
                           const struct onedva_const_picture *b, int count, int width, int height,
                           int depth)
{
    struct comparison comparison = {
        .a = a, .b = b, .width = width, .height = height, .depth = depth};
    int64_t sum = 0;

    ODVA_ASSERT(count >= 1 && count <= ONEDVA_MAX_CLIP_FRAMES);
    odva_thread_pool_run(pool, count, compare, &comparison);
    for (int t = 0; t < count; t++)
        sum += comparison.squared[t];
    return sum;
}
