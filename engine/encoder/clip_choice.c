/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/clip_choice.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/layout.h"
#include "encoder/encoder_settings.h"
#include "motion/scene_cut.h"
#include "transform/quantiser.h"

/* What a packet more costs in headers, its own and the container's. */
#define PACKET_BITS 240

/* Two halves must cost less than this part of the whole. */
#define WORTHWHILE 0.99

/* Content keeps its habits: plans are this many frames apart, and between them clips are as long as
 * the last one that was planned. */
#define PLAN_DISTANCE 64

/* A clip whose frames take so much more than those before is of other content. */
#define OTHER_CONTENT 1.4

/* Where the first half costs this part of the whole, the second one is not looked at. */
#define HALF_LIMIT     0.7
#define KEY_HALF_LIMIT 0.95 /* of a key clip, from which the second half is predicted */

/* Lines from which -preset ultrafast chooses by frames of half the size, of 8 bits, and the
 * quantiser index less with which: what both sizes show has coefficients half as large. BD-rate
 * against choices by whole frames: +0.7 % for 720 lines; forced for the ten validation clips, most
 * of 180 to 288 lines, +0.7 % too, and +1.5 % with the same index. */
#define REDUCED_LINES 400
#define REDUCED_QIDX  8

static int build_pyramids(struct odva_clip_choice *choice, const struct odva_frames *frames)
{
    int status = ONEDVA_OK;

    for (int t = 0; t < frames->count && status == ONEDVA_OK; t++)
        status = odva_luma_pyramid_of_frame(&choice->pyramid[1 + t], choice->backend,
                                            &frames->pictures[t], frames->width, frames->height);
    return status;
}

static int scene_length(const struct odva_frames *frames)
{
    int n = 1;

    while (n < frames->count && !odva_is_scene_cut(&frames->pyramids[n - 1], &frames->pyramids[n]))
        n++;
    return n;
}

/* Half of a clip, in whole tokens; 0: it is too short. */
static int half_of(int n)
{
    return n <= ODVA_TOKEN_FRAMES       ? 0
           : n <= 2 * ODVA_TOKEN_FRAMES ? ODVA_TOKEN_FRAMES
                                        : 2 * ODVA_TOKEN_FRAMES;
}

/* @param prediction of the part */
static struct odva_frames part_of(const struct odva_frames *frames, int first, int count,
                                  const struct onedva_const_picture *prediction)
{
    struct odva_frames part = *frames;

    part.pictures += first;
    part.pyramids += first;
    part.prediction = prediction;
    part.count = count;
    return part;
}

/* What every part of a plan shares. */
struct planner {
    struct odva_clip_choice *choice;
    struct odva_trial_coder *coder;
    enum onedva_motion mode;
    int qidx;       /* of the clip */
    int trial_qidx; /* at which costs are measured */
    double packet_cost;
    int thorough;          /* plan everything */
    int is_reduced;        /* choose by frames of half the size */
    int predicts;          /* all but the first clip, at least */
    int longest, shortest; /* clips that are tried */
};

/** What a plan comes to. */
struct outcome {
    double cost;
    const struct onedva_const_picture *last; /* its last frame as decoded */
};

static int plan(const struct planner *planner, const struct odva_frames *frames, int depth,
                struct outcome *outcome);

/* Append the lengths of two halves to the plan. @param limit where the first half costs as much,
 * the second one is left out and the cost infinite */
static int plan_halves(const struct planner *planner, const struct odva_frames *frames, int depth,
                       double limit, struct outcome *outcome)
{
    const int half = half_of(frames->count);
    const struct odva_frames first = part_of(frames, 0, half, frames->prediction);
    struct odva_canvas *between = &planner->choice->between[depth];
    struct odva_frames second;
    double cost;
    int status = plan(planner, &first, depth + 1, outcome);

    if (status < 0 || outcome->cost >= limit) {
        outcome->cost = INFINITY;
        return status;
    }
    cost = outcome->cost;
    if (planner->predicts)
        status = odva_canvas_copy(between, outcome->last, frames->width, frames->height,
                                  planner->choice->backend->depth);
    second = part_of(frames, half, frames->count - half,
                     planner->predicts ? between->const_picture : NULL);
    if (status == ONEDVA_OK)
        status = plan(planner, &second, depth + 1, outcome);
    outcome->cost += cost;
    return status;
}

/* What the first half may cost of the whole for the second one to be looked at. */
static double half_limit(const struct planner *planner, const struct odva_frames *frames)
{
    return planner->predicts && !frames->prediction ? KEY_HALF_LIMIT : HALF_LIMIT;
}

/* Append the lengths that cost least. @param depth of halving */
static int plan(const struct planner *planner, const struct odva_frames *frames, int depth,
                struct outcome *outcome)
{
    struct odva_clip_choice *choice = planner->choice;
    const int before = choice->planned, half = half_of(frames->count);
    struct outcome halves;
    int status;

    if (frames->count >= 2 * planner->longest)
        return plan_halves(planner, frames, depth, INFINITY, outcome);
    status = odva_motion_choose(&choice->motion, planner->coder, frames, planner->mode, 0,
                                planner->trial_qidx, 1, &choice->trial[depth]);
    outcome->cost = choice->trial[depth].cost + planner->packet_cost;
    outcome->last = choice->trial[depth].last.const_picture;
    if (status == ONEDVA_OK && half >= planner->shortest) {
        const double limit = half_limit(planner, frames) * outcome->cost;

        status = plan_halves(planner, frames, depth, limit, &halves);
        if (status == ONEDVA_OK && halves.cost < WORTHWHILE * outcome->cost) {
            *outcome = halves;
            return ONEDVA_OK;
        }
    }
    choice->planned = before;
    choice->plan[choice->planned].frames = frames->count;
    choice->plan[choice->planned].precision = choice->trial[depth].precision;
    choice->plan[choice->planned++].motion = odva_aligned_clip_motion(&choice->trial[depth]);
    return status;
}

/* A scene's first plan tries all lengths, and so does every one of -preset slow; the others try the
 * length chosen last and, in turn, the next longer or shorter one. */
static void limit_lengths(struct planner *planner)
{
    struct odva_clip_choice *choice = planner->choice;
    const int length = choice->length, first = choice->plans++ == 0;

    planner->longest = ONEDVA_MAX_CLIP_FRAMES;
    planner->shortest = ODVA_TOKEN_FRAMES;
    if (planner->thorough || first)
        return;
    if (choice->plans % 2 == 0 && length < ONEDVA_MAX_CLIP_FRAMES) {
        planner->longest = 2 * length;
        planner->shortest = length;
    } else {
        planner->longest = length;
        planner->shortest = length > ODVA_TOKEN_FRAMES ? length / 2 : length;
    }
}

/* A hash of a frame at its smallest size. */
static uint64_t hash_frame(const struct odva_luma_pyramid *pyramid)
{
    const struct odva_luma_plane *plane = &pyramid->level[pyramid->levels - 1];
    uint64_t hash = 0;

    for (int y = 0; y < plane->height; y++)
        hash = XXH64(plane->data + y * plane->stride, plane->width, hash);
    return hash;
}

/* Take the next clip from the plan, and note which frame comes after it. @return its motion */
static enum onedva_motion take_planned(struct odva_clip_choice *choice, struct odva_frames *frames,
                                       int *precision)
{
    const int length = choice->plan[0].frames;
    const enum onedva_motion motion = choice->plan[0].motion;

    *precision = choice->plan[0].precision;
    choice->planned--;
    memmove(choice->plan, choice->plan + 1, choice->planned * sizeof(*choice->plan));
    if (length >= frames->count) {
        choice->planned = 0;
        return motion;
    }
    choice->plan_start = hash_frame(&frames->pyramids[length]);
    frames->count = length;
    return motion;
}

/* Forget what was learnt. */
static void start_scene(struct odva_clip_choice *choice)
{
    choice->planned = choice->plans = choice->ends_scene = 0;
    choice->rate = 0;
    memset(choice->motion.habit, 0, sizeof(choice->motion.habit));
}

/* A length that planning may start from. */
static int round_length(int n)
{
    return n <= ODVA_TOKEN_FRAMES       ? ODVA_TOKEN_FRAMES
           : n <= 2 * ODVA_TOKEN_FRAMES ? 2 * ODVA_TOKEN_FRAMES
                                        : ONEDVA_MAX_CLIP_FRAMES;
}

/* The length of a clip that no plan is made for; a rest too short for a clip joins it. No cut
 * further on than such a rest matters to it. */
static int habitual_length(const struct odva_clip_choice *choice, int n)
{
    return n < choice->length + ODVA_TOKEN_FRAMES ? n : choice->length;
}

/* @return 1 where the whole clip was chosen, 0 where the plan's first one is to be */
static int make_plan(struct planner *planner, const struct odva_frames *frames)
{
    struct odva_clip_choice *choice = planner->choice;
    struct outcome outcome;
    int status = ONEDVA_OK;

    limit_lengths(planner);
    choice->since_plan = 0;
    if (planner->is_reduced)
        status = odva_reduced_frames_set(&choice->reduced, choice->backend, frames);
    if (status == ONEDVA_OK)
        status = plan(planner, planner->is_reduced ? &choice->reduced.frames : frames, 0, &outcome);
    if (status < 0) {
        start_scene(choice);
        return status;
    }
    choice->length = round_length(choice->plan[0].frames);
    if (choice->planned > 1 || planner->is_reduced)
        return 0;
    choice->planned = 0;
    return 1;
}

/* Align a clip as the mode says. */
static int align(const struct planner *planner, const struct odva_frames *frames,
                 enum onedva_motion mode, int precision)
{
    struct odva_clip_choice *choice = planner->choice;
    int status = ONEDVA_OK;

    if (mode == ONEDVA_MOTION_AUTO && planner->is_reduced) {
        status = odva_reduced_frames_set(&choice->reduced, choice->backend, frames);
        if (status == ONEDVA_OK)
            status = odva_motion_decide(&choice->motion, planner->coder, &choice->reduced.frames,
                                        planner->trial_qidx, &choice->trial[0], &mode);
    }
    if (status < 0)
        return status;
    return odva_motion_choose(&choice->motion, planner->coder, frames, mode, precision,
                              planner->qidx, 0, &choice->trial[0]);
}

static int choose_adaptively(struct planner *planner, struct odva_frames *frames)
{
    struct odva_clip_choice *choice = planner->choice;
    enum onedva_motion motion = planner->mode;
    int precision = 0, status;

    /* the caller may have gone elsewhere */
    if (choice->planned > 0 && hash_frame(&frames->pyramids[0]) != choice->plan_start)
        start_scene(choice);
    if (choice->planned == 0) {
        int plans, given;

        if (choice->ends_scene)
            start_scene(choice);
        plans = planner->thorough || choice->plans == 0 || choice->since_plan >= PLAN_DISTANCE;
        if (!plans)
            frames->count = odva_min(frames->count, choice->length + ODVA_TOKEN_FRAMES);
        given = frames->count;
        frames->count = scene_length(frames);
        choice->ends_scene = frames->count < given;
        if (plans) {
            status = make_plan(planner, frames);
            if (status != 0)
                return status < 0 ? status : ONEDVA_OK;
        }
    }
    if (choice->planned > 0) {
        motion = take_planned(choice, frames, &precision);
    } else {
        const int scene = frames->count;

        frames->count = habitual_length(choice, scene);
        choice->since_plan += frames->count;
        choice->ends_scene &= frames->count == scene;
    }
    return align(planner, frames, motion, precision);
}

int odva_clip_choose(struct odva_clip_choice *choice, struct odva_trial_coder *coder,
                     const struct onedva_encoder_settings *settings,
                     const struct onedva_const_picture *pictures, int n, int width, int height,
                     const struct onedva_const_picture *reference, int qidx)
{
    const int is_reduced = settings->preset == ONEDVA_PRESET_ULTRAFAST &&
                           odva_min(width, height) >= REDUCED_LINES && choice->backend->depth == 8;
    const int trial_qidx = odva_max(qidx - (is_reduced ? REDUCED_QIDX : 0), ONEDVA_MIN_QIDX);
    const double step = odva_quantiser_step(trial_qidx);
    struct planner planner = {.choice = choice,
                              .coder = coder,
                              .mode = settings->motion,
                              .qidx = qidx,
                              .trial_qidx = trial_qidx,
                              .thorough = settings->preset == ONEDVA_PRESET_SLOW,
                              .is_reduced = is_reduced,
                              .predicts = odva_encoder_settings_predicts(settings),
                              .packet_cost = ODVA_LAMBDA * step * step * PACKET_BITS};
    struct odva_frames frames = {.pictures = pictures,
                                 .pyramids = choice->pyramid + 1,
                                 .count = n,
                                 .width = width,
                                 .height = height};
    int status = ONEDVA_OK;

    ODVA_ASSERT(n >= 1 && n <= ONEDVA_MAX_CLIP_FRAMES);
    choice->motion.backend = choice->backend;
    choice->motion.pool = choice->pool;
    choice->motion.tries_precisions = settings->preset == ONEDVA_PRESET_SLOW;
    /* only planning knows where scenes end, and habits with them */
    choice->motion.thorough = settings->preset == ONEDVA_PRESET_SLOW || !settings->adaptive_clips;
    if (settings->adaptive_clips || settings->motion != ONEDVA_MOTION_OFF || reference)
        status = build_pyramids(choice, &frames);
    if (status < 0)
        return status;
    if (reference && !odva_is_scene_cut(&frames.pyramids[-1], &frames.pyramids[0]))
        frames.prediction = reference;
    if (settings->adaptive_clips)
        return choose_adaptively(&planner, &frames);
    return align(&planner, &frames, settings->motion, 0);
}

int odva_clip_choice_ends_scene(const struct odva_clip_choice *choice)
{
    return choice->ends_scene && choice->planned == 0;
}

void odva_clip_choice_note_bits(struct odva_clip_choice *choice, double bits)
{
    const struct odva_aligned_clip *clip = &choice->trial[0];
    const int is_inter = clip->prediction != NULL;
    const double rate = bits / clip->frames;

    if (choice->rate > 0 && is_inter == choice->was_inter && rate > OTHER_CONTENT * choice->rate) {
        choice->since_plan = PLAN_DISTANCE;
        memset(choice->motion.habit, 0, sizeof(choice->motion.habit));
    }
    choice->rate = rate;
    choice->was_inter = is_inter;
}

int odva_clip_choice_end_clip(struct odva_clip_choice *choice,
                              const struct onedva_const_picture *frame, int width, int height)
{
    const int status =
        odva_canvas_copy(&choice->before, frame, width, height, choice->backend->depth);

    return status < 0 ? status
                      : odva_luma_pyramid_of_frame(&choice->pyramid[0], choice->backend,
                                                   choice->before.const_picture, width, height);
}

void odva_clip_choice_free(struct odva_clip_choice *choice)
{
    for (int t = 0; t <= ONEDVA_MAX_CLIP_FRAMES; t++)
        odva_luma_pyramid_free(&choice->pyramid[t]);
    odva_canvas_free(&choice->before);
    for (int i = 0; i < ODVA_CLIP_DEPTHS; i++)
        odva_canvas_free(&choice->between[i]);
    odva_reduced_frames_free(&choice->reduced);
    odva_motion_choice_free(&choice->motion);
    for (int i = 0; i < ODVA_CLIP_DEPTHS; i++)
        odva_aligned_clip_free(&choice->trial[i]);
}
