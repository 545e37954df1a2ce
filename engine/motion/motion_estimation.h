/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Where the content of a clip's frames lies in the reference frame's coordinates.
 *
 * From the reference frame outwards in both directions of time, each frame is aligned with a mosaic
 * of those nearer to it, the two that are equally far side by side: on a
 * pyramid, from coarse to fine, first an affine field and then the nodes of a mesh, by Gauss-Newton
 * steps on the squared difference. Blocks that do not match (occluded, or moving on their own) lose
 * their weight.
 */
#ifndef ODVA_MOTION_ESTIMATION_H
#define ODVA_MOTION_ESTIMATION_H

#include "bitstream/motion.h"
#include "motion/displacement_mesh.h"
#include "motion/luma_pyramid.h"
#include "motion/mesh_solver.h"
#include "motion/mosaic.h"
#include "onedva/onedva.h"

/** Frames that are aligned at a time: they do not depend on each other. */
#define ODVA_MOTION_LANES 2

/** A frame that is being aligned. */
struct odva_motion_lane {
    int t, direction;                   /* of time, from the reference frame: 1 or -1 */
    struct odva_displacement_mesh mesh; /* the field it is compared through */
    struct odva_luma_plane warped;      /* memory for the mosaic as the field shows it */
    struct odva_structure_tensor *tensors;
    float *weights;
    struct odva_mesh_solver solver;
    float (*scratch)[2]; /* three meshes */
    size_t warped_capacity, tensor_capacity, weight_capacity, scratch_capacity;
    int status;
};

struct odva_motion_estimation {
    struct odva_backend *backend; /* borrowed, as the next */
    struct odva_thread_pool *pool;
    int width, height, frames, reference;
    int base; /* finest pyramid level used */
    int spacing;
    const struct odva_luma_pyramid *pyramid; /* of each frame; borrowed during a call */
    struct odva_mosaic mosaic;
    struct odva_motion_lane lane[ODVA_MOTION_LANES];
    int lanes; /* in use */
    int16_t (
        *nodes)[2]; /* of the lanes' fields, one after the other, as the warp operator takes them */
    size_t node_capacity;

    /* the result: displacements G of frame sample q, which shows what the reference frame has at q
     * + G(q) */
    struct odva_affine affine[ODVA_MAX_PATH_FRAMES];          /* of the whole frame */
    struct odva_displacement_mesh mesh[ODVA_MAX_PATH_FRAMES]; /* of its parts */
    float (*mesh_memory)[2];
    size_t mesh_capacity;
};

/**
 * Estimate the motion of 1..17 frames of width x height against frame reference.
 * @param pyramids of the n frames' luma
 * @param spacing  of the mesh's nodes, luma samples: 16, 32, 64 or 128
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_motion_estimate(struct odva_motion_estimation *estimation,
                         const struct odva_luma_pyramid *pyramids, int n, int reference,
                         int spacing);

void odva_motion_estimation_free(struct odva_motion_estimation *estimation);

#endif
