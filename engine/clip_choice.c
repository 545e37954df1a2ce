/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "clip_choice.h"

#include <math.h>
#include <string.h>

#include "layout.h"
#include "quantiser.h"
#include "scene_cut.h"

/* What a packet more costs in headers, its own and the container's. */
#define PACKET_BITS 240

/* Two halves must cost less than this part of the whole. */
#define WORTHWHILE 0.99

/* Where the first half costs this part of the whole, the second one is not looked at. */
#define HALF_LIMIT 0.7

static int build_pyramids(struct odva_clip_choice *choice, const struct odva_frames *frames)
{
    int ret = ONEDVA_OK;

    for (int t = 0; t < frames->count && ret == ONEDVA_OK; t++) {
        struct odva_luma_pyramid *pyramid = &choice->pyramid[t];

        ret = odva_luma_pyramid_set_size(pyramid, frames->width, frames->height);
        if (ret < 0)
            break;
        /* only read */
        pyramid->level[0].data = (uint8_t *)frames->pictures[t].data[0];
        pyramid->level[0].stride = frames->pictures[t].stride[0];
        ret = odva_luma_pyramid_build(pyramid, choice->backend, 0);
    }
    return ret;
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

static struct odva_frames part_of(const struct odva_frames *frames, int first, int count)
{
    struct odva_frames part = *frames;

    part.pictures += first;
    part.pyramids += first;
    part.count = count;
    return part;
}

/* What every part of a plan shares. */
struct planner {
    struct odva_clip_choice *choice;
    struct odva_linear_coder *coder;
    enum onedva_motion mode;
    int qidx;
    double packet_cost;
};

/* Append the lengths that cost least to the plan. @param depth of halving @param cost of these
 * clips */
static int plan(const struct planner *planner, const struct odva_frames *frames, int depth,
                double *cost)
{
    struct odva_clip_choice *choice = planner->choice;
    const int before = choice->planned, half = half_of(frames->count);
    double halves[2];
    int ret = odva_motion_choose(&choice->motion, planner->coder, frames, planner->mode,
                                 planner->qidx, 1, &choice->trial[depth]);

    *cost = choice->trial[depth].cost + planner->packet_cost;
    if (ret == ONEDVA_OK && half > 0) {
        const struct odva_frames first = part_of(frames, 0, half);
        const struct odva_frames second = part_of(frames, half, frames->count - half);

        ret = plan(planner, &first, depth + 1, &halves[0]);
        halves[1] = INFINITY;
        if (ret == ONEDVA_OK && halves[0] < HALF_LIMIT * *cost)
            ret = plan(planner, &second, depth + 1, &halves[1]);
        if (ret == ONEDVA_OK && halves[0] + halves[1] < WORTHWHILE * *cost) {
            *cost = halves[0] + halves[1];
            return ONEDVA_OK;
        }
    }
    choice->planned = before;
    choice->plan[choice->planned++] = frames->count;
    return ret;
}

/* Take the next clip's length from the plan. */
static int next_length(struct odva_clip_choice *choice, int n)
{
    const int length = choice->plan[0];

    choice->planned--;
    memmove(choice->plan, choice->plan + 1, choice->planned * sizeof(*choice->plan));
    return length < n ? length : n;
}

static int choose_adaptively(const struct planner *planner, struct odva_frames *frames)
{
    struct odva_clip_choice *choice = planner->choice;
    double cost;
    int ret;

    if (choice->planned == 0) {
        frames->count = scene_length(frames);
        ret = plan(planner, frames, 0, &cost);
        if (ret < 0)
            return ret;
        if (choice->planned == 1) {
            choice->planned = 0;
            return ONEDVA_OK;
        }
    }
    frames->count = next_length(choice, frames->count);
    return odva_motion_choose(&choice->motion, planner->coder, frames, planner->mode, planner->qidx,
                              0, &choice->trial[0]);
}

int odva_clip_choose(struct odva_clip_choice *choice, struct odva_linear_coder *coder,
                     const struct onedva_encoder_settings *settings,
                     const struct onedva_const_picture *pictures, int n, int width, int height,
                     int qidx)
{
    const double step = odva_quantiser_step(qidx);
    const struct planner planner = {.choice = choice,
                                    .coder = coder,
                                    .mode = settings->motion,
                                    .qidx = qidx,
                                    .packet_cost = ODVA_LAMBDA * step * step * PACKET_BITS};
    struct odva_frames frames = {.pictures = pictures,
                                 .pyramids = choice->pyramid,
                                 .count = n,
                                 .width = width,
                                 .height = height};
    int ret = ONEDVA_OK;

    choice->motion.backend = choice->backend;
    choice->clip = &choice->trial[0];
    if (settings->adaptive_clips || settings->motion != ONEDVA_MOTION_OFF)
        ret = build_pyramids(choice, &frames);
    if (ret < 0)
        return ret;
    if (settings->adaptive_clips)
        return choose_adaptively(&planner, &frames);
    return odva_motion_choose(&choice->motion, coder, &frames, settings->motion, qidx, 0,
                              &choice->trial[0]);
}

void odva_clip_choice_free(struct odva_clip_choice *choice)
{
    for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++)
        odva_luma_pyramid_free(&choice->pyramid[t]);
    odva_motion_choice_free(&choice->motion);
    for (int i = 0; i < ODVA_CLIP_DEPTHS; i++)
        odva_aligned_clip_free(&choice->trial[i]);
}
