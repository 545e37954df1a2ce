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

/** A canvas's own nodes, by which pictures are warped to it; zero-initialised is empty. */
struct odva_inverse_nodes {
    int columns, rows;
    int16_t (*nodes)[2];   /* [pictures][rows][columns], 1/16 luma sample */
    int16_t (*forward)[2]; /* of the motion's nodes, for one picture */
    size_t capacity, forward_capacity;
};

/**
 * Set the nodes for pictures first .. first+count-1 that paths lead through: those of the first one
 * come first.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_inverse_nodes_set(struct odva_inverse_nodes *inverse, const struct odva_motion *motion,
                           int first, int count);

/** The warp from so many pictures to their canvases. */
struct odva_warp odva_inverse_nodes_warp(const struct odva_inverse_nodes *inverse,
                                         const struct odva_motion *motion, int count);

void odva_inverse_nodes_free(struct odva_inverse_nodes *inverse);

#endif
