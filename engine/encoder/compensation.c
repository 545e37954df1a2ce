/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/compensation.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "base/thread_pool.h"

struct addition {
    struct odva_canvas *pictures;
    const struct odva_canvas *shown;
    const struct onedva_const_picture *source;
};

static void add_bytes(uint8_t *picture, const uint8_t *shown, const uint8_t *source, int count)
{
    for (int x = 0; x < count; x++)
        picture[x] = (uint8_t)odva_clip(source[x] + picture[x] - shown[x], 0, 255);
}

static void add_words(uint16_t *picture, const uint16_t *shown, const uint16_t *source, int count,
                      int most)
{
    for (int x = 0; x < count; x++)
        picture[x] = (uint16_t)odva_clip(source[x] + picture[x] - shown[x], 0, most);
}

static void add_frame(void *opaque, int64_t t, int worker)
{
    const struct addition *a = opaque;
    const int depth = a->pictures->depth;

    (void)worker;
    for (int p = 0; p < 3; p++) {
        const struct onedva_picture *picture = &a->pictures->picture[t];
        const struct onedva_const_picture *shown = &a->shown->const_picture[t];
        const struct onedva_const_picture *source = &a->source[t];
        const int columns = p ? (a->pictures->width + 1) / 2 : a->pictures->width;
        const int rows = p ? (a->pictures->height + 1) / 2 : a->pictures->height;

        for (int y = 0; y < rows; y++) {
            uint8_t *to = picture->data[p] + y * picture->stride[p];
            const uint8_t *less = shown->data[p] + y * shown->stride[p];
            const uint8_t *from = source->data[p] + y * source->stride[p];

            if (depth == 8)
                add_bytes(to, less, from, columns);
            else
                add_words((uint16_t *)to, (const uint16_t *)less, (const uint16_t *)from, columns,
                          (1 << depth) - 1);
        }
    }
}

void odva_compensation_add(struct odva_canvas *pictures, const struct odva_canvas *shown,
                           const struct onedva_const_picture *source, struct odva_thread_pool *pool)
{
    struct addition addition = {.pictures = pictures, .shown = shown, .source = source};

    ODVA_ASSERT(pictures->width == shown->width && pictures->height == shown->height);
    ODVA_ASSERT(pictures->frames == shown->frames && pictures->depth == shown->depth);
    odva_thread_pool_run(pool, pictures->frames, add_frame, &addition);
}

/* Of predicted tiles what the prediction leaves. */
static int subtract(struct odva_compensation *c, const struct odva_latents *latents,
                    const struct onedva_const_picture *prediction)
{
    int status;

    c->difference = odva_reserve(c->difference, &c->difference_capacity,
                                 odva_latents_count(latents), sizeof(*c->difference));
    c->energy =
        odva_reserve(c->energy, &c->energy_capacity, latents->grid.tile_count, sizeof(*c->energy));
    if (!c->difference || !c->energy)
        return ONEDVA_ERR_NOMEM;
    status =
        odva_linear_path_project_prediction(&c->path, &latents->grid, latents->detail, prediction);
    if (status == ONEDVA_OK)
        status =
            odva_linear_path_subtract(&c->path, latents, 0, c->latents, c->difference, c->energy);
    for (int i = 0; i < latents->grid.tile_count && status == ONEDVA_OK; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];

        if (odva_tile_is_predicted(latents, i))
            memcpy(c->latents + tile->offset, c->difference + tile->offset,
                   tile->coefficients * sizeof(*c->latents));
    }
    return status;
}

int odva_compensation_transform(struct odva_compensation *compensation,
                                const struct onedva_model *model, struct odva_backend *backend,
                                const struct odva_latents *latents,
                                const struct onedva_const_picture *prediction)
{
    struct odva_linear_path *path = &compensation->path;
    int status = path->backend ? ONEDVA_OK : odva_linear_path_open(path, model, backend);

    compensation->latents =
        odva_reserve(compensation->latents, &compensation->latent_capacity,
                     odva_latents_count(latents), sizeof(*compensation->latents));
    if (!compensation->latents)
        return ONEDVA_ERR_NOMEM;
    if (status == ONEDVA_OK)
        status = odva_linear_path_project(path, &latents->grid, latents->detail,
                                          compensation->pictures.const_picture);
    if (status == ONEDVA_OK)
        status = odva_linear_path_transform(path, latents, 0, compensation->latents);
    return status < 0 || !prediction ? status : subtract(compensation, latents, prediction);
}

void odva_compensation_free(struct odva_compensation *compensation)
{
    odva_linear_path_close(&compensation->path);
    odva_canvas_free(&compensation->pictures);
    free(compensation->latents);
    free(compensation->difference);
    free(compensation->energy);
    *compensation = (struct odva_compensation){0};
}
