/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/luma_pyramid.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "kernels/host_pictures.h"

#define ALIGNMENT     64
#define SMALLEST_SIDE 32

/* @param first level that the pyramid has memory for */
static int set_levels(struct odva_luma_pyramid *pyramid, int width, int height, int first)
{
    size_t total = 0;
    int l = 0;

    ODVA_ASSERT(width >= 1 && height >= 1);
    for (;; l++) {
        struct odva_luma_plane *plane = &pyramid->level[l];

        plane->width = width;
        plane->height = height;
        plane->stride = (width + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        plane->data = NULL;
        if (l >= first)
            total += (size_t)plane->stride * height;
        if (l == ODVA_PYRAMID_LEVELS - 1 || odva_min(width, height) < SMALLEST_SIDE)
            break;
        width = (width + 1) / 2;
        height = (height + 1) / 2;
    }
    pyramid->levels = l + 1;
    pyramid->memory = odva_reserve(pyramid->memory, &pyramid->capacity, total + 1, 1);
    if (!pyramid->memory)
        return ONEDVA_ERR_NOMEM;
    total = 0;
    for (l = first; l < pyramid->levels; l++) {
        pyramid->level[l].data = pyramid->memory + total;
        total += (size_t)pyramid->level[l].stride * pyramid->level[l].height;
    }
    return ONEDVA_OK;
}

int odva_luma_pyramid_set_size(struct odva_luma_pyramid *pyramid, int width, int height)
{
    return set_levels(pyramid, width, height, 1);
}

int odva_luma_pyramid_build(struct odva_luma_pyramid *pyramid, struct odva_backend *backend)
{
    ODVA_ASSERT(pyramid->levels >= 1 && pyramid->levels <= ODVA_PYRAMID_LEVELS);
    ODVA_ASSERT(pyramid->level[0].data);
    for (int l = 1; l < pyramid->levels; l++) {
        const struct odva_luma_plane *dst = &pyramid->level[l], *src = dst - 1;
        const int status = odva_host_downscale2x(backend, dst->data, dst->stride, src->data,
                                                 src->stride, src->width, src->height);
        if (status < 0)
            return status;
    }
    return ONEDVA_OK;
}

/* The upper 8 bits of luma. */
static void take_high_bits(const struct odva_luma_plane *dst,
                           const struct onedva_const_picture *frame, int shift)
{
    for (int y = 0; y < dst->height; y++) {
        const uint16_t *src = (const uint16_t *)(frame->data[0] + y * frame->stride[0]);
        uint8_t *to = dst->data + (ptrdiff_t)y * dst->stride;

        for (int x = 0; x < dst->width; x++)
            to[x] = (uint8_t)(src[x] >> shift);
    }
}

int odva_luma_pyramid_of_frame(struct odva_luma_pyramid *pyramid, struct odva_backend *backend,
                               const struct onedva_const_picture *frame, int width, int height)
{
    const int is_wide = backend->depth > 8;
    const int status = set_levels(pyramid, width, height, is_wide ? 0 : 1);

    if (status < 0)
        return status;
    if (is_wide) {
        take_high_bits(&pyramid->level[0], frame, backend->depth - 8);
    } else {
        pyramid->level[0].data = (uint8_t *)frame->data[0];
        pyramid->level[0].stride = frame->stride[0];
    }
    return odva_luma_pyramid_build(pyramid, backend);
}

void odva_luma_pyramid_free(struct odva_luma_pyramid *pyramid)
{
    free(pyramid->memory);
    *pyramid = (struct odva_luma_pyramid){0};
}
