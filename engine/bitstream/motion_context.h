/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a coefficient of a path is predicted from and what its probabilities depend on
 * (doc/bitstream.md, section 10). */
#ifndef ODVA_MOTION_CONTEXT_H
#define ODVA_MOTION_CONTEXT_H

#include <stdint.h>

#include "bitstream/adaptive_bit.h"
#include "bitstream/motion.h"

#define ODVA_TERM_CLASSES  4  /* the last one is that of all higher terms */
#define ODVA_MOTION_PREFIX 12 /* a residual's magnitude is below 2^(this + 1) */

/** The probabilities of a path's residuals: one for all points, one for all nodes. */
struct odva_motion_context {
    struct odva_adaptive_bit zero[ODVA_TERM_CLASSES][3]; /* how many neighbours' are not 0 */
    struct odva_adaptive_bit size[ODVA_TERM_CLASSES][ODVA_MOTION_PREFIX];
};

/** Paths that a path is predicted from; NULL where there is none. */
struct odva_path_neighbours {
    const struct odva_path *west, *north, *north_west;
    uint32_t west_residuals, north_residuals; /* bit i: the residual of value[i] is not 0 */
};

void odva_motion_context_init(struct odva_motion_context *context);

/** Neighbours of a point: the first point, for its prediction only. */
struct odva_path_neighbours odva_point_neighbours(const struct odva_motion *motion, int index);

/**
 * Neighbours of a node.
 * @param residuals of the nodes coded last in each column, one set of bits for each
 */
struct odva_path_neighbours odva_node_neighbours(const struct odva_motion *motion, int column,
                                                 int row, const uint32_t *residuals);

/** The prediction of value[i]. */
int odva_path_prediction(const struct odva_path_neighbours *near, int i);

/** Context of whether the residual of value[i] is 0: 0..2. */
static inline int odva_residual_context(const struct odva_path_neighbours *near, int i)
{
    return (int)((near->west_residuals >> i & 1) + (near->north_residuals >> i & 1));
}

static inline int odva_term_class(int term)
{
    return term < ODVA_TERM_CLASSES - 1 ? term : ODVA_TERM_CLASSES - 1;
}

#endif
