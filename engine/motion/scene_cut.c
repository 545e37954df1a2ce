/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/scene_cut.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/integers.h"

#define BLOCK        4
#define RADIUS       3   /* samples of the level that is searched */
#define WIDEST_LEVEL 128 /* samples of its longer side */
#define NOISE        1   /* mean difference per sample that says nothing */
#define BIAS         0.8 /* part of the blocks' own variation from which a difference is a cut */

/* A fade from a frame to the next: change of the mean, and factors of the contrast; a flash is
 * more. */
#define MOST_FADE      8.0
#define LEAST_CONTRAST 0.3
#define MOST_CONTRAST  3.5

/** What the frame before would be if it had faded. */
struct fade {
    uint8_t sample[256];
};

/* Sums of two planes of a size, sample by sample. */
struct moments {
    double count, a, b, bb, ab;
};

static struct moments moments_of(const struct odva_luma_plane *a, const struct odva_luma_plane *b)
{
    struct moments m = {.count = (double)a->width * a->height};

    for (int y = 0; y < a->height; y++) {
        const uint8_t *p = a->data + y * a->stride, *q = b->data + y * b->stride;

        for (int x = 0; x < a->width; x++) {
            m.a += p[x];
            m.b += q[x];
            m.bb += q[x] * q[x];
            m.ab += p[x] * q[x];
        }
    }
    return m;
}

/* The line through samples of b and a that lie at one place. */
static struct fade find_fade(const struct odva_luma_plane *a, const struct odva_luma_plane *b)
{
    const struct moments m = moments_of(a, b);
    const double mean_a = m.a / m.count, mean_b = m.b / m.count;
    const double variance = m.bb / m.count - mean_b * mean_b;
    double contrast = variance > 0 ? (m.ab / m.count - mean_a * mean_b) / variance : 1;
    double offset = mean_a - contrast * mean_b;
    struct fade fade;

    if (fabs(mean_a - mean_b) > MOST_FADE || contrast < LEAST_CONTRAST ||
        contrast > MOST_CONTRAST) {
        contrast = 1;
        offset = 0;
    }
    for (int i = 0; i < 256; i++)
        fade.sample[i] = (uint8_t)odva_clip((int)floor(contrast * i + offset + 0.5), 0, 255);
    return fade;
}

/* Sum of absolute differences of a block of a to the place (x + dx, y + dy) of b, or of its first
 * rows where that is limit or more. */
static int difference(const struct odva_luma_plane *a, const struct odva_luma_plane *b,
                      const struct fade *fade, int x, int y, int dx, int dy, int limit)
{
    int sum = 0;

    for (int j = 0; j < BLOCK && sum < limit; j++) {
        const uint8_t *p = a->data + (y + j) * a->stride + x;
        const uint8_t *q = b->data + (y + j + dy) * b->stride + x + dx;

        for (int i = 0; i < BLOCK; i++)
            sum += abs(p[i] - fade->sample[q[i]]);
    }
    return sum;
}

static int least_difference(const struct odva_luma_plane *a, const struct odva_luma_plane *b,
                            const struct fade *fade, int x, int y)
{
    int least = difference(a, b, fade, x, y, 0, 0, INT_MAX);

    for (int dy = -RADIUS; dy <= RADIUS && least > NOISE * BLOCK * BLOCK; dy++) {
        for (int dx = -RADIUS; dx <= RADIUS; dx++) {
            int d;

            if (x + dx < 0 || y + dy < 0 || x + dx + BLOCK > a->width || y + dy + BLOCK > a->height)
                continue;
            d = difference(a, b, fade, x, y, dx, dy, least);
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
    int64_t between = 0, faded = 0, inside = 0;
    struct fade fade, none;
    int level = 0;

    ODVA_ASSERT(before->levels == frame->levels);
    while (level < frame->levels - 1 &&
           (frame->level[level].width > WIDEST_LEVEL || frame->level[level].height > WIDEST_LEVEL))
        level++;
    fade = find_fade(&frame->level[level], &before->level[level]);
    for (int i = 0; i < 256; i++)
        none.sample[i] = (uint8_t)i;
    for (int y = 0; y + BLOCK <= frame->level[level].height; y += BLOCK) {
        for (int x = 0; x + BLOCK <= frame->level[level].width; x += BLOCK) {
            between += least_difference(&frame->level[level], &before->level[level], &none, x, y);
            faded += least_difference(&frame->level[level], &before->level[level], &fade, x, y);
            inside += variation(&frame->level[level], x, y) + NOISE * BLOCK * BLOCK;
        }
    }
    return (double)(between < faded ? between : faded) > BIAS * (double)inside;
}
