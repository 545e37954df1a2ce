/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A luma plane at halved sizes. */
#ifndef ODVA_LUMA_PYRAMID_H
#define ODVA_LUMA_PYRAMID_H

#include <stddef.h>
#include <stdint.h>

#include "onedva/onedva.h"

struct odva_backend;

#define ODVA_PYRAMID_LEVELS 6

struct odva_luma_plane {
    uint8_t *data;
    ptrdiff_t stride;
    int width, height;
};

/** Level l has ceil(size / 2^l) samples of 8 bits; level 0 is stored here where the frame's samples
 * have more. */
struct odva_luma_pyramid {
    int levels; /* 1 .. ODVA_PYRAMID_LEVELS */
    struct odva_luma_plane level[ODVA_PYRAMID_LEVELS];
    uint8_t *memory; /* of the levels that are stored here */
    size_t capacity;
};

/**
 * Set the size of level 0 and make room for the others; level 0 has no data yet. The last level is
 * the first one with fewer than 32 samples along a side, if there is one.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_luma_pyramid_set_size(struct odva_luma_pyramid *pyramid, int width, int height);

/** Fill in the levels from 1 on. */
int odva_luma_pyramid_build(struct odva_luma_pyramid *pyramid, struct odva_backend *backend);

/**
 * Both of the luma plane of a frame of the backend's depth, which is only read and must stay there.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_luma_pyramid_of_frame(struct odva_luma_pyramid *pyramid, struct odva_backend *backend,
                               const struct onedva_const_picture *frame, int width, int height);

void odva_luma_pyramid_free(struct odva_luma_pyramid *pyramid);

#endif
