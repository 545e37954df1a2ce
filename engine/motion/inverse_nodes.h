/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* From where a picture's samples rest on a canvas to which of them a canvas sample shows
 * (doc/bitstream.md, section 10). Integer arithmetic only. */
#ifndef ODVA_INVERSE_NODES_H
#define ODVA_INVERSE_NODES_H

#include <stddef.h>
#include <stdint.h>

#include "bitstream/motion.h"
#include "kernels/backend.h"

/** Canvases' own nodes, by which pictures are warped to them; zero-initialised is empty. */
struct odva_inverse_nodes {
    int columns, rows;
    int16_t (*nodes)[2];   /* [canvases][rows][columns], 1/16 luma sample */
    int16_t (*forward)[2]; /* [canvases] of the motion's nodes */
    size_t capacity, forward_capacity;
};

/**
 * Make room for the nodes of so many canvases.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_inverse_nodes_reserve(struct odva_inverse_nodes *inverse, const struct odva_motion *motion,
                               int count);

/**
 * Set the nodes of one canvas; threads may do so for one each.
 * @param canvas  which of those that there is room for
 * @param picture which of those that paths lead through it shows
 */
void odva_inverse_nodes_set(const struct odva_inverse_nodes *inverse,
                            const struct odva_motion *motion, int canvas, int picture);

/** The nodes of a canvas. */
static inline int16_t (*odva_inverse_nodes_of(const struct odva_inverse_nodes *inverse,
                                              int canvas))[2]
{
    return inverse->nodes + (size_t)canvas * inverse->columns * inverse->rows;
}

/** The warp from so many pictures to the first canvases. */
struct odva_warp odva_inverse_nodes_warp(const struct odva_inverse_nodes *inverse,
                                         const struct odva_motion *motion, int count);

void odva_inverse_nodes_free(struct odva_inverse_nodes *inverse);

#endif
