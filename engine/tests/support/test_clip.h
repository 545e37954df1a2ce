/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Clips of a synthetic scene, and the committed test model. */
#ifndef ODVA_TEST_CLIP_H
#define ODVA_TEST_CLIP_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onedva/onedva.h"
#include "tests/support/test.h"

#define GUARD      16 /* bytes behind every row that nothing may write to */
#define GUARD_BYTE 0xA5

/* Pictures of one size with their memory. */
struct clip {
    int width, height, frames;
    uint8_t *memory;
    struct onedva_picture picture[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_const_picture const_picture[ONEDVA_MAX_CLIP_FRAMES];
};

static inline int plane_width(const struct clip *clip, int plane)
{
    return plane ? (clip->width + 1) / 2 : clip->width;
}

static inline int plane_height(const struct clip *clip, int plane)
{
    return plane ? (clip->height + 1) / 2 : clip->height;
}

static inline void clip_alloc(struct clip *clip, int frames, int width, int height)
{
    size_t size = 0;
    uint8_t *data;

    *clip = (struct clip){.width = width, .height = height, .frames = frames};
    for (int plane = 0; plane < 3; plane++)
        size += (size_t)(plane_width(clip, plane) + GUARD) * plane_height(clip, plane);
    clip->memory = data = malloc(size * frames);
    assert_non_null(data);
    memset(data, GUARD_BYTE, size * frames);
    for (int t = 0; t < frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            const ptrdiff_t stride = plane_width(clip, plane) + GUARD;
            clip->picture[t].data[plane] = data;
            clip->picture[t].stride[plane] = stride;
            clip->const_picture[t].data[plane] = data;
            clip->const_picture[t].stride[plane] = stride;
            data += stride * plane_height(clip, plane);
        }
    }
}

static inline void clip_free(struct clip *clip)
{
    free(clip->memory);
    clip->memory = NULL;
}

/* A slow gradient, a moving soft disc and a little texture. */
static inline void clip_draw(struct clip *clip, int first_frame)
{
    for (int t = 0; t < clip->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            const int scale = plane ? 2 : 1;
            for (int y = 0; y < plane_height(clip, plane); y++) {
                uint8_t *row = clip->picture[t].data[plane] + y * clip->picture[t].stride[plane];
                for (int x = 0; x < plane_width(clip, plane); x++) {
                    const double dx = scale * x - clip->width / 3.0 - (t + first_frame);
                    const double dy = scale * y - clip->height / 2.0;
                    const double disc = 60 / (1 + exp((sqrt(dx * dx + dy * dy) - 20) / 8));
                    const double texture = 2 * sin(x * 0.7 + plane) * sin(y * 0.9);
                    row[x] = (uint8_t)(90 + 0.2 * scale * (x + y) / (1 + plane) + disc + texture);
                }
            }
        }
    }
}

/* Mean squared error over all planes. */
static inline double clip_mse(const struct clip *a, const struct clip *b)
{
    double sum = 0, count = 0;

    for (int t = 0; t < a->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            for (int y = 0; y < plane_height(a, plane); y++) {
                const uint8_t *p = a->picture[t].data[plane] + y * a->picture[t].stride[plane];
                const uint8_t *q = b->picture[t].data[plane] + y * b->picture[t].stride[plane];
                for (int x = 0; x < plane_width(a, plane); x++)
                    sum += (p[x] - q[x]) * (p[x] - q[x]);
                count += plane_width(a, plane);
            }
        }
    }
    return sum / count;
}

/* Whether the guards behind the rows are as clip_alloc left them. */
static inline int clip_guards_hold(const struct clip *clip)
{
    for (int t = 0; t < clip->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            for (int y = 0; y < plane_height(clip, plane); y++) {
                const uint8_t *guard = clip->picture[t].data[plane] +
                                       y * clip->picture[t].stride[plane] +
                                       plane_width(clip, plane);
                for (int i = 0; i < GUARD; i++) {
                    if (guard[i] != GUARD_BYTE)
                        return 0;
                }
            }
        }
    }
    return 1;
}

static inline onedva_model *open_test_model(void)
{
    const char *path = getenv("ONEDVA_TEST_MODEL");
    onedva_model *model;

    assert_int_equal(
        onedva_model_open(&model, path ? path : "fate/model/onedva-test.safetensors", NULL),
        ONEDVA_OK);
    return model;
}

#endif
