/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Displacement fields as the encoder estimates them: affine, or bilinear between nodes. */
#ifndef ODVA_DISPLACEMENT_MESH_H
#define ODVA_DISPLACEMENT_MESH_H

#include <stdint.h>

/** Displacement in luma samples at (x, y): c[0] + c[1] X + c[2] Y, X and Y from -1 to 1 over the
 * picture. */
struct odva_affine {
    float c[3][2];
};

/** Displacements in luma samples of nodes at multiples of spacing from (origin_x, origin_y). */
struct odva_displacement_mesh {
    int spacing, columns, rows;
    float (*d)[2]; /* row by row */
};

/** Columns or rows of a mesh that covers a size. */
static inline int odva_mesh_nodes(int size, int spacing)
{
    return (size + spacing - 1) / spacing + 1;
}

/** @param x, y luma samples of a picture of width x height */
void odva_affine_at(const struct odva_affine *affine, int width, int height, float x, float y,
                    float d[2]);

/** Bilinear between nodes; outside of the mesh its nearest point. */
void odva_mesh_at(const struct odva_displacement_mesh *mesh, float x, float y, float d[2]);

/** The affine field that is nearest to a mesh over a picture in the least squares. */
struct odva_affine odva_affine_fit(const struct odva_displacement_mesh *mesh, int width,
                                   int height);

/** Displacement as the warp operator takes it, at 1/2^level of the size. */
void odva_mesh_round(int16_t node[2], const float d[2], int level);

#endif
