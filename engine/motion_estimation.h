/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Where the content of a clip's frames lies in the reference frame's coordinates.
 *
 * From the reference frame outwards, each frame is aligned with a mosaic of those before: on a
 * pyramid, from coarse to fine, first an affine field and then the nodes of a mesh, by Gauss-Newton
 * steps on the squared difference. Blocks that do not match (occluded, or moving on their own) lose
 * their weight.
 */
#ifndef ODVA_MOTION_ESTIMATION_H
#define ODVA_MOTION_ESTIMATION_H

#include "displacement_mesh.h"
#include "luma_pyramid.h"
#include "mesh_solver.h"
#include "mosaic.h"
#include "onedva/onedva.h"

struct odva_motion_estimation {
    struct odva_backend *backend; /* borrowed */
    int width, height, frames;
    int base; /* finest pyramid level used */
    int spacing;
    const struct odva_luma_pyramid *pyramid; /* of each frame; borrowed during a call */
    struct odva_mosaic mosaic;
    struct odva_mesh_solver solver;
    struct odva_luma_plane warped; /* the mosaic as a field shows it */
    struct odva_block_tensor *tensors;
    float *weights;
    int16_t (*nodes)[2];
    float (*scratch)[2];
    size_t warped_capacity, tensor_capacity, weight_capacity, node_capacity, scratch_capacity;

    /* the result: displacements G of frame sample q, which shows what the reference frame has at q
     * + G(q) */
    struct odva_affine affine[ONEDVA_MAX_CLIP_FRAMES];          /* of the whole frame */
    struct odva_displacement_mesh mesh[ONEDVA_MAX_CLIP_FRAMES]; /* of its parts */
    float (*mesh_memory)[2];
    size_t mesh_capacity;
};

/**
 * Estimate the motion of n frames of width x height against frame reference.
 * @param pyramids of the n frames' luma
 * @param spacing  of the mesh's nodes, luma samples: 16, 32, 64 or 128
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_motion_estimate(struct odva_motion_estimation *estimation,
                         const struct odva_luma_pyramid *pyramids, int n, int reference,
                         int spacing);

void odva_motion_estimation_free(struct odva_motion_estimation *estimation);

#endif
