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

int odva_luma_pyramid_set_size(struct odva_luma_pyramid *pyramid, int width, int height)
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
        if (l > 0)
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
    for (l = 1; l < pyramid->levels; l++) {
        pyramid->level[l].data = pyramid->memory + total;
        total += (size_t)pyramid->level[l].stride * pyramid->level[l].height;
    }
    return ONEDVA_OK;
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

int odva_luma_pyramid_of_frame(struct odva_luma_pyramid *pyramid, struct odva_backend *backend,
                               const struct onedva_const_picture *frame, int width, int height)
{
    const int status = odva_luma_pyramid_set_size(pyramid, width, height);

    if (status < 0)
        return status;
    pyramid->level[0].data = (uint8_t *)frame->data[0];
    pyramid->level[0].stride = frame->stride[0];
    return odva_luma_pyramid_build(pyramid, backend);
}

void odva_luma_pyramid_free(struct odva_luma_pyramid *pyramid)
{
    free(pyramid->memory);
    *pyramid = (struct odva_luma_pyramid){0};
}
