/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/motion_choice.h"

#include <math.h>

#include "base/assert.h"
#include "base/layout.h"
#include "bitstream/motion_coder.h"
#include "motion/motion_fit.h"
#include "transform/quantiser.h"

#define SPACING     32 /* luma samples */
#define POINT_TERMS ODVA_MAX_TERMS
#define POINT_STEP  0
#define MESH_STEP   7 /* at qidx 0 */

/* Indices of the quantiser by which nodes get one index coarser. */
#define QIDX_PER_MESH_STEP 10

/* Aligned canvases must cost less than this part of what the frames do. Luma can lose what chroma
 * gains: without this, one clip's rate rose by 2.5 % at equal PSNR-Y. */
#define WORTHWHILE 0.99

/* An aligned clip wins clearly where it costs this part of what the frames do. */
#define CLEAR 0.95

/* Control points alone are worth a trial where the motion takes this part of the cost. */
#define GLOBAL_SHARE 0.02

/* Terms and steps of the mesh that are tried, the usual ones first. */
static const struct {
    int terms, step;
} precisions[] = {{5, 0}, {2, 2}, {10, 0}, {5, -2}};

#define PRECISIONS (int)(sizeof(precisions) / sizeof(*precisions))

static struct odva_motion_precision mesh_precision(int index, int qidx)
{
    const int step = MESH_STEP + qidx / QIDX_PER_MESH_STEP + precisions[index].step;

    return (struct odva_motion_precision){.point_terms = POINT_TERMS,
                                          .point_step = POINT_STEP,
                                          .mesh = 1,
                                          .mesh_terms = precisions[index].terms,
                                          .mesh_step = step < 0 ? 0 : step};
}

/* Keep the last frame that the coder decoded. */
static int keep_last(const struct odva_trial_coder *coder, struct odva_aligned_clip *clip)
{
    const struct odva_canvas *decoded = &coder->pictures;

    return odva_canvas_copy(&clip->last, &decoded->const_picture[clip->frames - 1], decoded->width,
                            decoded->height, decoded->depth);
}

/* Set a clip's cost. */
static int measure_cost(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                        const struct odva_frames *frames, int qidx, struct odva_aligned_clip *clip)
{
    const struct odva_motion *motion = clip->is_aligned ? &clip->motion : NULL;
    const struct odva_clip_size size = {clip->frames, clip->width, clip->height};
    const double step = odva_quantiser_step(qidx);
    double bits, squared;
    int status = odva_trial_coder_analyse(coder, clip->pictures, size, clip->prediction, qidx);

    if (status == ONEDVA_OK)
        status = odva_trial_coder_quantise(coder, qidx, &bits);
    if (status == ONEDVA_OK)
        status = odva_trial_coder_compare(coder, motion, frames->pictures, &squared);
    if (status == ONEDVA_OK)
        status = keep_last(coder, clip);
    if (status < 0)
        return status;
    if (motion) {
        odva_byte_writer_reset(&choice->writer);
        odva_motion_write(&choice->writer, motion);
        if (choice->writer.failed)
            return ONEDVA_ERR_NOMEM;
        bits += 8.0 * (double)choice->writer.size;
    }
    clip->cost = squared + ODVA_LAMBDA * step * step * bits;
    clip->motion_cost = motion ? ODVA_LAMBDA * step * step * 8.0 * (double)choice->writer.size : 0;
    return ONEDVA_OK;
}

static void leave_as_it_is(struct odva_aligned_clip *clip, const struct odva_frames *frames)
{
    clip->frames = frames->count;
    clip->is_aligned = 0;
    clip->pictures = frames->pictures;
    clip->width = frames->width;
    clip->height = frames->height;
    clip->prediction = frames->prediction;
    clip->cost = INFINITY;
    clip->motion_cost = 0;
}

/* Pictures whose motion is estimated: the clip's, and the one before an inter clip. */
static int path_frames(const struct odva_frames *frames)
{
    return frames->count + (frames->prediction != NULL);
}

/* The one that rests. */
static int reference_of(const struct odva_frames *frames)
{
    return path_frames(frames) / 2;
}

/* What an aligned clip is predicted from. */
static int align_prediction(struct odva_motion_choice *choice, const struct odva_frames *frames,
                            struct odva_aligned_clip *clip)
{
    int status;

    clip->prediction = NULL;
    if (!frames->prediction)
        return ONEDVA_OK;
    status = odva_prediction_canvas_set(&clip->prediction_canvas, choice->backend,
                                        frames->prediction, &clip->motion);
    clip->prediction = clip->prediction_canvas.canvas.const_picture;
    return status;
}

/* Fit paths and build the canvases. @return ONEDVA_ERR_UNSUPPORTED where the clip cannot be aligned
 * so */
static int align(struct odva_motion_choice *choice, const struct odva_frames *frames,
                 const struct odva_motion_precision *precision, struct odva_aligned_clip *clip)
{
    struct odva_canvas_builder *builder = &clip->builder;
    int status = odva_motion_fit(&clip->motion, &choice->estimation, frames->prediction != NULL,
                                 reference_of(frames), precision);

    if (status < 0)
        return status;
    if (odva_motion_canvas_width(&clip->motion) > ONEDVA_MAX_DIMENSION ||
        odva_motion_canvas_height(&clip->motion) > ONEDVA_MAX_DIMENSION)
        return ONEDVA_ERR_UNSUPPORTED;
    status = align_prediction(choice, frames, clip);
    builder->backend = choice->backend;
    builder->pool = choice->pool;
    if (status == ONEDVA_OK)
        status = odva_canvas_build(builder, &clip->motion, frames->pictures, clip->prediction);
    if (status < 0)
        return status;
    clip->frames = frames->count;
    clip->is_aligned = 1;
    clip->pictures = builder->canvas.const_picture;
    clip->width = builder->canvas.width;
    clip->height = builder->canvas.height;
    clip->cost = INFINITY;
    return ONEDVA_OK;
}

/* Keep the trial if it is better. */
static void keep_better(struct odva_motion_choice *choice, struct odva_aligned_clip *clip,
                        int forced)
{
    const struct odva_aligned_clip other = *clip;
    const double limit = clip->is_aligned ? clip->cost : WORTHWHILE * clip->cost;

    if (!forced && choice->trial.cost >= limit)
        return;
    *clip = choice->trial;
    choice->trial = other;
    if (clip->is_aligned)
        clip->pictures = clip->builder.canvas.const_picture;
    if (clip->is_aligned && clip->prediction)
        clip->prediction = clip->prediction_canvas.canvas.const_picture;
}

/* Try one way to align a clip. @param wanted it need not be better. @return 1 where it was possible
 */
static int try_precision(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                         const struct odva_frames *frames,
                         const struct odva_motion_precision *precision, int qidx, int measure,
                         int wanted, struct odva_aligned_clip *clip)
{
    int status = align(choice, frames, precision, &choice->trial);

    if (status == ONEDVA_OK && measure)
        status = measure_cost(choice, coder, frames, qidx, &choice->trial);
    if (status < 0)
        return status == ONEDVA_ERR_UNSUPPORTED ? 0 : status;
    keep_better(choice, clip, wanted);
    return 1;
}

/* Estimate and try the ways to align that the mode asks for. */
static int try_motion(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                      const struct odva_frames *frames, enum onedva_motion mode, int precision,
                      int qidx, int measure, struct odva_aligned_clip *clip)
{
    const struct odva_motion_precision global = {.point_terms = POINT_TERMS,
                                                 .point_step = POINT_STEP};
    const int forced = mode != ONEDVA_MOTION_AUTO;
    const int last = !forced && choice->tries_precisions ? PRECISIONS - 1 : precision;
    int status, done = 0;

    choice->estimation.backend = choice->backend;
    choice->estimation.pool = choice->pool;
    status =
        odva_motion_estimate(&choice->estimation, frames->pyramids - (frames->prediction != NULL),
                             path_frames(frames), reference_of(frames), SPACING);
    for (int i = precision; i <= last && status >= 0 && mode != ONEDVA_MOTION_GLOBAL; i++) {
        const struct odva_motion_precision mesh = mesh_precision(i, qidx);

        choice->trial.precision = i;
        status = try_precision(choice, coder, frames, &mesh, qidx, measure, forced, clip);
        done |= status > 0;
    }
    if (status >= 0 && (!done || (!forced && clip->motion_cost > GLOBAL_SHARE * clip->cost)))
        status = try_precision(choice, coder, frames, &global, qidx, measure, forced, clip);
    return status < 0 ? status : ONEDVA_OK;
}

static struct odva_motion_habit *habit_of(struct odva_motion_choice *choice, int frames)
{
    return &choice->habit[frames > 2 * ODVA_TOKEN_FRAMES ? 2 : frames > ODVA_TOKEN_FRAMES];
}

/* @param without cost of the clip as it is @param with cost of the better way */
static void learn(struct odva_motion_habit *habit, double without, double with)
{
    const enum onedva_motion winner = with < without ? ONEDVA_MOTION_MESH : ONEDVA_MOTION_OFF;

    if (winner != habit->winner || (with < without && with > CLEAR * without))
        habit->wins = 0;
    else if (habit->wins < ODVA_MAX_WINS)
        habit->wins++;
    habit->winner = winner;
    habit->rest = habit->wins;
}

/* Whether the way that has won before is taken without a comparison. */
static int rests(const struct odva_motion_choice *choice, struct odva_motion_habit *habit)
{
    if (choice->thorough || habit->rest == 0)
        return 0;
    habit->rest--;
    return 1;
}

/* Measure the clip as it is and aligned. */
static int compare(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                   const struct odva_frames *frames, int qidx, struct odva_motion_habit *habit,
                   struct odva_aligned_clip *clip)
{
    int status = measure_cost(choice, coder, frames, qidx, clip);
    const double without = clip->cost;

    if (status == ONEDVA_OK)
        status = try_motion(choice, coder, frames, ONEDVA_MOTION_AUTO, 0, qidx, 1, clip);
    if (status == ONEDVA_OK)
        learn(habit, without, clip->cost);
    return status;
}

/* Compare, or take the way that has won before. */
static int choose_automatically(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                                const struct odva_frames *frames, int qidx, int measure,
                                struct odva_aligned_clip *clip)
{
    struct odva_motion_habit *habit = habit_of(choice, frames->count);

    if (!rests(choice, habit))
        return compare(choice, coder, frames, qidx, habit, clip);
    return habit->winner == ONEDVA_MOTION_OFF
               ? ONEDVA_OK
               : try_motion(choice, coder, frames, ONEDVA_MOTION_MESH, 0, qidx, measure, clip);
}

int odva_motion_decide(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                       const struct odva_frames *frames, int qidx, struct odva_aligned_clip *clip,
                       enum onedva_motion *mode)
{
    struct odva_motion_habit *habit = habit_of(choice, frames->count);
    int status;

    *mode = ONEDVA_MOTION_OFF;
    if (path_frames(frames) < 2)
        return ONEDVA_OK;
    if (rests(choice, habit)) {
        *mode = habit->winner;
        return ONEDVA_OK;
    }
    leave_as_it_is(clip, frames);
    status = compare(choice, coder, frames, qidx, habit, clip);
    *mode = odva_aligned_clip_motion(clip);
    return status;
}

int odva_motion_choose(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                       const struct odva_frames *frames, enum onedva_motion mode, int precision,
                       int qidx, int measure, struct odva_aligned_clip *clip)
{
    int status = ONEDVA_OK;

    ODVA_ASSERT(frames->count >= 1 && frames->count <= ONEDVA_MAX_CLIP_FRAMES);
    leave_as_it_is(clip, frames);
    if (mode == ONEDVA_MOTION_AUTO && path_frames(frames) > 1)
        status = choose_automatically(choice, coder, frames, qidx, measure, clip);
    else if (mode != ONEDVA_MOTION_OFF && path_frames(frames) > 1)
        status = try_motion(choice, coder, frames, mode, precision, qidx, measure, clip);
    if (status == ONEDVA_OK && measure && clip->cost == INFINITY)
        status = measure_cost(choice, coder, frames, qidx, clip);
    return status;
}

enum onedva_motion odva_aligned_clip_motion(const struct odva_aligned_clip *clip)
{
    if (!clip->is_aligned)
        return ONEDVA_MOTION_OFF;
    return clip->motion.spacing ? ONEDVA_MOTION_MESH : ONEDVA_MOTION_GLOBAL;
}

void odva_aligned_clip_free(struct odva_aligned_clip *clip)
{
    odva_motion_free(&clip->motion);
    odva_canvas_builder_free(&clip->builder);
    odva_prediction_canvas_free(&clip->prediction_canvas);
    odva_canvas_free(&clip->last);
    *clip = (struct odva_aligned_clip){0};
}

void odva_motion_choice_free(struct odva_motion_choice *choice)
{
    odva_motion_estimation_free(&choice->estimation);
    odva_aligned_clip_free(&choice->trial);
    odva_byte_writer_free(&choice->writer);
}
