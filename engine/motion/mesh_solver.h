/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * One Gauss-Newton step of aligning two pictures: which change of an affine field, or of a mesh's
 * nodes, brings the sum of squared differences down most. Differences and gradients come as block
 * tensors, and a block moves as its centre does.
 */
#ifndef ODVA_MESH_SOLVER_H
#define ODVA_MESH_SOLVER_H

#include <stddef.h>

#include "kernels/backend.h"
#include "motion/displacement_mesh.h"

/** Blocks of 4x4 samples of one pyramid level, and how much each counts. */
struct odva_alignment {
    int columns, rows; /* of blocks */
    int width, height; /* samples of the level */
    const struct odva_structure_tensor *tensors;
    const float *weights;
};

struct block_share;

/** The normal equations of a mesh: for each node its 2x2 blocks with itself and neighbours. */
struct odva_mesh_solver {
    float (*matrix)[5][3]; /* self, E, SW, S, SE: xx, xy, yy */
    float (*inverse)[3];   /* of self with all that holds the node: xx, xy, yy */
    float (*right)[2];
    float (*step)[2];          /* the solution, samples of the level */
    float (*deviation)[2];     /* from the smooth field */
    struct block_share *share; /* of each block of a cell */
    size_t matrix_capacity, inverse_capacity, right_capacity, step_capacity, deviation_capacity,
        share_capacity;
};

/** Add to affine the best step. @param scale luma samples per sample of the level */
void odva_affine_step(struct odva_affine *affine, const struct odva_alignment *alignment,
                      float scale);

/**
 * Add to a mesh its best step.
 * @param mesh       spacing is a multiple of 4 scale
 * @param smooth     the field that costs nothing: deviations from it are held smooth
 * @param stiffness  how much, in units of squared gradient per node
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_mesh_step(struct odva_mesh_solver *solver, struct odva_displacement_mesh *mesh,
                   const struct odva_alignment *alignment,
                   const struct odva_displacement_mesh *smooth, float scale, float stiffness);

void odva_mesh_solver_free(struct odva_mesh_solver *solver);

#endif
