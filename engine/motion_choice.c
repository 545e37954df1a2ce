/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion_choice.h"

#include <math.h>

#include "motion_coder.h"
#include "motion_fit.h"
#include "quantiser.h"

#define SPACING     32 /* luma samples */
#define POINT_TERMS ODVA_MAX_TERMS
#define POINT_STEP  0
#define MESH_TERMS  5
#define MESH_STEP   6

/* What a clip costs as it is aligned. */
static int measure(struct odva_motion_choice *choice, struct odva_linear_coder *coder,
                   const struct onedva_const_picture *frames, int n, int qidx,
                   struct odva_aligned_clip *clip)
{
    const double step = odva_quantiser_step(qidx);
    double bits, squared;
    int ret = odva_linear_coder_analyse(coder, clip->pictures, n, clip->width, clip->height);

    if (ret == ONEDVA_OK)
        ret = odva_linear_coder_quantise(coder, coder->linear, qidx, &bits);
    if (ret == ONEDVA_OK)
        ret = odva_linear_coder_compare(coder, clip->motion, frames, &squared);
    if (ret < 0)
        return ret;
    if (clip->motion) {
        odva_byte_writer_reset(&choice->writer);
        odva_motion_write(&choice->writer, clip->motion);
        if (choice->writer.failed)
            return ONEDVA_ERR_NOMEM;
        bits += 8.0 * (double)choice->writer.size;
    }
    clip->cost = squared + ODVA_LAMBDA * step * step * bits;
    return ONEDVA_OK;
}

/* Fit paths and build the canvases. @return ONEDVA_ERR_UNSUPPORTED where the clip cannot be aligned
 * so */
static int align(struct odva_motion_choice *choice, int slot,
                 const struct onedva_const_picture *frames, int reference,
                 const struct odva_motion_precision *precision, struct odva_aligned_clip *clip)
{
    struct odva_motion *motion = &choice->motion[slot];
    struct odva_canvas_builder *builder = &choice->builder[slot];
    int ret = odva_motion_fit(motion, &choice->estimation, reference, precision);

    if (ret < 0)
        return ret;
    builder->backend = choice->backend;
    ret = odva_canvas_build(builder, motion, frames);
    if (ret < 0)
        return ret == ONEDVA_ERR_ARGUMENT ? ONEDVA_ERR_UNSUPPORTED : ret;
    *clip = (struct odva_aligned_clip){
        .motion = motion,
        .pictures = builder->canvas.const_picture,
        .width = builder->canvas.width,
        .height = builder->canvas.height,
        .visible = builder->visible,
    };
    return ONEDVA_OK;
}

int odva_motion_choose(struct odva_motion_choice *choice, struct odva_linear_coder *coder,
                       const struct onedva_const_picture *frames, int n, int width, int height,
                       enum onedva_motion mode, int qidx, struct odva_aligned_clip *clip)
{
    const struct odva_motion_precision precisions[2] = {
        {.point_terms = POINT_TERMS,
         .point_step = POINT_STEP,
         .mesh = 1,
         .mesh_terms = MESH_TERMS,
         .mesh_step = MESH_STEP},
        {.point_terms = POINT_TERMS, .point_step = POINT_STEP},
    };
    const int reference = n / 2;
    int slot = 0, ret;

    *clip = (struct odva_aligned_clip){
        .pictures = frames, .width = width, .height = height, .cost = INFINITY};
    if (mode == ONEDVA_MOTION_OFF || n == 1)
        return ONEDVA_OK;
    if (mode == ONEDVA_MOTION_AUTO && (ret = measure(choice, coder, frames, n, qidx, clip)) < 0)
        return ret;
    choice->estimation.backend = choice->backend;
    ret = odva_motion_estimate(&choice->estimation, frames, n, width, height, reference, SPACING);
    for (int i = 0; i < 2 && ret == ONEDVA_OK; i++) {
        struct odva_aligned_clip trial;

        if (mode == ONEDVA_MOTION_GLOBAL && precisions[i].mesh)
            continue;
        ret = align(choice, slot, frames, reference, &precisions[i], &trial);
        if (ret == ONEDVA_ERR_UNSUPPORTED) {
            ret = ONEDVA_OK;
            continue;
        }
        if (ret == ONEDVA_OK && mode == ONEDVA_MOTION_AUTO)
            ret = measure(choice, coder, frames, n, qidx, &trial);
        if (ret == ONEDVA_OK && (mode != ONEDVA_MOTION_AUTO || trial.cost < clip->cost)) {
            *clip = trial;
            slot ^= 1;
            if (mode != ONEDVA_MOTION_AUTO)
                break;
        }
    }
    return ret;
}

void odva_motion_choice_free(struct odva_motion_choice *choice)
{
    odva_motion_estimation_free(&choice->estimation);
    for (int i = 0; i < 2; i++) {
        odva_motion_free(&choice->motion[i]);
        odva_canvas_builder_free(&choice->builder[i]);
    }
    odva_byte_writer_free(&choice->writer);
}
