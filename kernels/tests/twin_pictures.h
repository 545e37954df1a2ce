/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures that two backends get and make, with what lies between their rows. */
#ifndef ODVA_TWIN_PICTURES_H
#define ODVA_TWIN_PICTURES_H

#include "base/integers.h"
#include "base/layout.h"
#include "kernels/tests/twin_backends.h"

/** The same pictures twice. Each plane's rows are further apart than they are long. */
struct twin_pictures {
    int count;
    size_t bytes; /* of all planes of one of both */
    uint8_t *memory[2];
    int width, height;
    struct onedva_picture of[2][ONEDVA_MAX_CLIP_FRAMES];
};

/* Smooth in places, so that borders have small steps as well as large ones. */
static inline void fill_samples(struct random *random, uint8_t *samples, size_t bytes)
{
    int level = random_below(random, 256);

    for (size_t i = 0; i < bytes; i++) {
        if (random_below(random, 40) == 0)
            level = random_below(random, 256);
        samples[i] = (uint8_t)odva_clip(level + random_below(random, 9) - 4, 0, 255);
    }
}

static inline void place_plane(struct twin_pictures *t, int b, int frame, int plane, size_t offset,
                               int stride, int height, int is_upside_down)
{
    uint8_t *data = t->memory[b] + offset + (is_upside_down ? (height - 1) * stride : 0);

    t->of[b][frame].data[plane] = data;
    t->of[b][frame].stride[plane] = is_upside_down ? -stride : stride;
}

static inline void twin_pictures_new(struct twin_pictures *t, struct random *random, int count,
                                     int width, int height)
{
    const int stride = width + 1 + random_below(random, 20),
              is_upside_down = random_below(random, 2);
    const size_t plane_bytes = (size_t)stride * height;

    *t = (struct twin_pictures){
        .count = count, .width = width, .height = height, .bytes = 3 * count * plane_bytes};
    t->memory[0] = malloc(t->bytes);
    t->memory[1] = malloc(t->bytes);
    assert_true(t->memory[0] && t->memory[1]);
    fill_samples(random, t->memory[0], t->bytes);
    memcpy(t->memory[1], t->memory[0], t->bytes);
    for (int b = 0; b < 2; b++)
        for (int f = 0; f < count; f++)
            for (int p = 0; p < 3; p++)
                place_plane(t, b, f, p, (3 * f + p) * plane_bytes, stride,
                            p ? (height + 1) / 2 : height, is_upside_down);
}

/* A picture without colours. */
static inline void drop_chroma(struct twin_pictures *t, int frame)
{
    for (int b = 0; b < 2; b++)
        for (int p = 1; p < 3; p++)
            t->of[b][frame].data[p] = NULL;
}

/* All bytes are the same, those between rows as well. */
static inline void compare_pictures(const struct twin_pictures *t, const char *what)
{
    size_t i = 0;

    while (i < t->bytes && t->memory[0][i] == t->memory[1][i])
        i++;
    if (i < t->bytes)
        fail_msg("%s: byte %zu of %zu is %d instead of %d", what, i, t->bytes, t->memory[1][i],
                 t->memory[0][i]);
}

/* Images that stand for those of a backend. */
static inline struct odva_images images_of(const struct twin_pictures *t, int b)
{
    struct odva_images images = {0};

    assert_int_equal(
        odva_images_wrap(&images, backends[b], t->of[b], t->count, t->width, t->height, 8),
        ONEDVA_OK);
    return images;
}

/* Wait for what was written, where status says that all went well. */
static inline void end_images(struct odva_images *images, int b, int status)
{
    assert_int_equal(status, ONEDVA_OK);
    assert_int_equal(backends[b]->ops->synchronize(backends[b]), ONEDVA_OK);
    odva_images_free(images, backends[b]);
}

static inline void twin_pictures_free(struct twin_pictures *t)
{
    free(t->memory[0]);
    free(t->memory[1]);
}

/** Of a clip: odd, cut and tiny ones, and one whose tiles have more patches than groups or blocks.
 */
struct picture_size {
    int frames, width, height;
};

static const struct picture_size picture_sizes[] = {
    {1, 1, 1},   {1, 16, 16},  {4, 17, 15}, {5, 33, 50},  {16, 8, 4},
    {3, 130, 7}, {2, 64, 144}, {7, 2, 35},  {13, 72, 66},
};

#define PICTURE_SIZES (sizeof(picture_sizes) / sizeof(picture_sizes[0]))

#endif
