/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The motion of a clip: canvas, control points, mesh (doc/bitstream.md, section 10). */
#ifndef ODVA_MOTION_H
#define ODVA_MOTION_H

#include <stddef.h>
#include <stdint.h>

#include "onedva/onedva.h"

#define ODVA_MAX_MARGIN      128 /* luma samples, even */
#define ODVA_MAX_TERMS       (ONEDVA_MAX_CLIP_FRAMES - 1)
#define ODVA_MAX_PATH_FRAMES (ONEDVA_MAX_CLIP_FRAMES + 1)
#define ODVA_MAX_POINTS      4
#define ODVA_MAX_COLUMNS     4097 /* of nodes: ceil(65535 / ODVA_MIN_SPACING) + 1 */
#define ODVA_MAX_COEFFICIENT 4095 /* larger magnitudes can be too far from their prediction */
#define ODVA_MIN_SPACING     16
#define ODVA_MAX_SPACING     128
#define ODVA_DEFAULT_SPACING 64 /* of the nodes where there is no mesh */

/** Quantised paths: coefficient of component c and term k is value[c * ODVA_MAX_TERMS + k]. */
struct odva_path {
    int16_t value[2 * ODVA_MAX_TERMS];
};

/** All that the bitstream says of a clip's motion, for a picture of width x height. */
struct odva_motion {
    int frames, width, height;
    int is_inter; /* paths lead from the picture before the clip on, which is 0 among theirs */
    int left, top, right, bottom; /* margins in luma samples, even */
    int reference;                /* which of the paths' pictures rests */
    int points;                   /* control points: 0, 1 or 4 */
    int point_terms, point_step;
    int spacing; /* of the mesh's nodes: 16, 32, 64, 128; 0: no mesh */
    int mesh_terms, mesh_step;
    struct odva_path point[ODVA_MAX_POINTS];
    struct odva_path *mesh; /* columns * rows, row by row, where spacing > 0 */
    size_t mesh_capacity;
};

/** Pictures that paths lead through: those of the clip, and the one before an inter clip. */
static inline int odva_motion_path_frames(const struct odva_motion *motion)
{
    return motion->frames + motion->is_inter;
}

/** Terms that a path may have. */
static inline int odva_motion_most_terms(const struct odva_motion *motion)
{
    const int terms = odva_motion_path_frames(motion) - 1;

    return terms < ODVA_MAX_TERMS ? terms : ODVA_MAX_TERMS;
}

/** Spacing, columns and rows of the nodes; without a mesh those that follow the points. */
int odva_motion_spacing(const struct odva_motion *motion);
int odva_motion_columns(const struct odva_motion *motion);
int odva_motion_rows(const struct odva_motion *motion);

/** Size of the canvas in luma samples. */
int odva_motion_canvas_width(const struct odva_motion *motion);
int odva_motion_canvas_height(const struct odva_motion *motion);

/**
 * Make room for the mesh's paths, where spacing > 0; they are not initialised.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_motion_reserve(struct odva_motion *motion);
void odva_motion_free(struct odva_motion *motion);

#endif
