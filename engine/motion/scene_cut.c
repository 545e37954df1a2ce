/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/scene_cut.h"

#include <stdlib.h>

#include "base/assert.h"

#define BLOCK        4
#define RADIUS       3   /* samples of the level that is searched */
#define WIDEST_LEVEL 128 /* samples of its longer side */
#define NOISE        1   /* mean difference per sample that says nothing */
#define BIAS         0.8 /* part of the blocks' own variation from which a difference is a cut */

/* Sum of absolute differences of a block of a to the place (x + dx, y + dy) of b. */
static int difference(const struct odva_luma_plane *a, const struct odva_luma_plane *b, int x,
                      int y, int dx, int dy)
{
    int sum = 0;

    for (int j = 0; j < BLOCK; j++) {
        const uint8_t *p = a->data + (y + j) * a->stride + x;
        const uint8_t *q = b->data + (y + j + dy) * b->stride + x + dx;

        for (int i = 0; i < BLOCK; i++)
            sum += abs(p[i] - q[i]);
    }
    return sum;
}

static int least_difference(const struct odva_luma_plane *a, const struct odva_luma_plane *b, int x,
                            int y)
{
    int least = difference(a, b, x, y, 0, 0);

    for (int dy = -RADIUS; dy <= RADIUS && least > NOISE * BLOCK * BLOCK; dy++) {
        for (int dx = -RADIUS; dx <= RADIUS; dx++) {
            int d;

            if (x + dx < 0 || y + dy < 0 || x + dx + BLOCK > a->width || y + dy + BLOCK > a->height)
                continue;
            d = difference(a, b, x, y, dx, dy);
            least = d < least ? d : least;
        }
    }
    return least;
}

/* Sum of absolute differences of a block to its mean. */
static int variation(const struct odva_luma_plane *a, int x, int y)
{
    int mean = BLOCK * BLOCK / 2, sum = 0;

    for (int j = 0; j < BLOCK; j++)
        for (int i = 0; i < BLOCK; i++)
            mean += a->data[(y + j) * a->stride + x + i];
    mean /= BLOCK * BLOCK;
    for (int j = 0; j < BLOCK; j++)
        for (int i = 0; i < BLOCK; i++)
            sum += abs(a->data[(y + j) * a->stride + x + i] - mean);
    return sum;
}

int odva_is_scene_cut(const struct odva_luma_pyramid *before, const struct odva_luma_pyramid *frame)
{
    int64_t between = 0, inside = 0;
    int level = 0;

    ODVA_ASSERT(before->levels == frame->levels);
    while (level < frame->levels - 1 &&
           (frame->level[level].width > WIDEST_LEVEL || frame->level[level].height > WIDEST_LEVEL))
        level++;
    for (int y = 0; y + BLOCK <= frame->level[level].height; y += BLOCK) {
        for (int x = 0; x + BLOCK <= frame->level[level].width; x += BLOCK) {
            between += least_difference(&frame->level[level], &before->level[level], x, y);
            inside += variation(&frame->level[level], x, y) + NOISE * BLOCK * BLOCK;
        }
    }
    return (double)between > BIAS * (double)inside;
}
