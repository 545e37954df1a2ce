/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/rate_plan.h"

#include <math.h>
#include <stdlib.h>

#include "base/assert.h"

/* Plans are made anew for so many parts of what is left, and near the end for every clip. */
#define PLANS 64

/* Steps of bisection of an index: to 1/64 of a quantiser index. */
#define BISECTIONS 13

/* Clips in a row that share what the buffer lacks. */
#define MAX_WINDOW 32

/* Plans fill the buffer that far: what clips take is not known exactly. */
#define HEADROOM 0.95

/* The first pass is trusted as if it had been right about so many parts of the video. */
#define TRUST 0.1

/* What a clip of the first pass takes, in parts that are left of it, as far as is known now. */
static double bits_of(const struct odva_rate_plan *plan, int clip, double index)
{
    const struct odva_first_pass_clip *c = &plan->stats.clips[clip];
    const double left = clip == plan->clip ? 1 - (double)plan->frame / c->frames : 1;

    return left * odva_first_pass_bits(c, index);
}

/* What clips took against what the first pass said. */
static double correction(const struct odva_rate_plan *plan)
{
    const double trust = TRUST * (plan->taken + plan->bits);

    return (plan->taken + trust) / (plan->counted + trust);
}

static double seconds_of(const struct odva_rate_plan *plan, int clip)
{
    const struct odva_first_pass_clip *c = &plan->stats.clips[clip];
    const int frames = clip == plan->clip ? c->frames - plan->frame : c->frames;

    return (double)c->duration * plan->seconds * frames / c->frames;
}

/* The buffer behind a clip. @param bits of the clip */
static double level_after(const struct odva_rate_plan *plan,
                          const struct odva_rate_control *control, int clip, double level,
                          double bits)
{
    return fmin(level - bits + control->max_rate * seconds_of(plan, clip), control->buffer_size);
}

/* Whether the buffer holds clips first..last at an index or coarser. @param level before them,
 * then behind them */
static int holds(const struct odva_rate_plan *plan, const struct odva_rate_control *control,
                 int first, int last, double index, double *level)
{
    const double scale = correction(plan);

    for (int i = first; i <= last; i++) {
        const double bits = scale * bits_of(plan, i, fmax(plan->index[i], index));
        if (bits > HEADROOM * *level)
            return 0;
        *level = level_after(plan, control, i, *level, bits);
    }
    return 1;
}

/* Make clips first..last coarser until the buffer holds them. @return its level behind them */
static double make_coarser(struct odva_rate_plan *plan, const struct odva_rate_control *control,
                           int first, int last, double before)
{
    double low = ODVA_FIRST_PASS_FINEST, high = ODVA_FIRST_PASS_COARSEST, level = before;

    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (low + high) / 2;
        double behind = before;

        if (holds(plan, control, first, last, middle, &behind))
            high = middle;
        else
            low = middle;
    }
    for (int i = first; i <= last; i++) {
        plan->index[i] = fmax(plan->index[i], high);
        level = fmax(level_after(plan, control, i, level,
                                 correction(plan) * bits_of(plan, i, plan->index[i])),
                     0);
    }
    return level;
}

/* Give every clip that is left an index, or a coarser one where the buffer wants that.
 * @return what they take */
static double assign(struct odva_rate_plan *plan, const struct odva_rate_control *control,
                     double index)
{
    const double scale = correction(plan);
    double level = control->buffered, start_level = level, sum = 0;
    int start = plan->clip; /* the buffer was full here, or is asked for no more than this */

    for (int i = plan->clip; i < plan->stats.count; i++) {
        double bits = scale * bits_of(plan, i, index);

        plan->index[i] = index;
        if (control->buffer_size > 0 && bits > HEADROOM * level) {
            level = make_coarser(plan, control, start, i, start_level);
        } else if (control->buffer_size > 0) {
            level = level_after(plan, control, i, level, bits);
        }
        if (level >= control->buffer_size || i - start >= MAX_WINDOW) {
            start = i + 1;
            start_level = level;
        }
    }
    for (int i = plan->clip; i < plan->stats.count; i++)
        sum += scale * bits_of(plan, i, plan->index[i]);
    return sum;
}

static void make_plan(struct odva_rate_plan *plan, const struct odva_rate_control *control)
{
    double low = ODVA_FIRST_PASS_FINEST, high = ODVA_FIRST_PASS_COARSEST;

    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (low + high) / 2;

        if (assign(plan, control, middle) > plan->bits)
            low = middle;
        else
            high = middle;
    }
    assign(plan, control, high);
    plan->coded = 0;
}

int odva_rate_plan_open(struct odva_rate_plan *plan, const char *text,
                        const struct onedva_stream *stream, const struct odva_rate_control *control,
                        const struct onedva_logger *logger)
{
    const int status = odva_first_pass_stats_read(&plan->stats, text, stream, logger);

    if (status < 0)
        return status;
    plan->index = malloc((size_t)plan->stats.count * sizeof(*plan->index));
    if (!plan->index)
        return ONEDVA_ERR_NOMEM;
    plan->seconds = (double)stream->timebase_num / stream->timebase_den;
    plan->bits = control->bitrate * plan->seconds * (double)plan->stats.duration;
    make_plan(plan, control);
    return ONEDVA_OK;
}

void odva_rate_plan_close(struct odva_rate_plan *plan)
{
    odva_first_pass_stats_free(&plan->stats);
    free(plan->index);
    *plan = (struct odva_rate_plan){0};
}

double odva_rate_plan_index(struct odva_rate_plan *plan, const struct odva_rate_control *control)
{
    ODVA_ASSERT(plan->clip < plan->stats.count);
    if (plan->coded > (plan->stats.count - plan->clip) / PLANS)
        make_plan(plan, control);
    return plan->index[plan->clip];
}

int64_t odva_rate_plan_frames(const struct odva_rate_plan *plan)
{
    int64_t frames = -plan->frame;

    for (int i = plan->clip; i < plan->stats.count; i++)
        frames += plan->stats.clips[i].frames;
    return frames;
}

int odva_rate_plan_known(const struct odva_rate_plan *plan,
                         const struct onedva_const_picture *frames, int n,
                         const struct onedva_stream *stream)
{
    int clip = plan->clip, frame = plan->frame;

    for (int i = 0; i < n; i++) {
        if (clip == plan->stats.count)
            return i;
        if (frame == 0 && odva_first_pass_hash(&frames[i], stream) != plan->stats.clips[clip].hash)
            return i;
        if (++frame == plan->stats.clips[clip].frames) {
            frame = 0;
            clip++;
        }
    }
    return n;
}

void odva_rate_plan_spend(struct odva_rate_plan *plan, int frames, double index, double bits)
{
    ODVA_ASSERT(frames >= 1 && frames <= odva_rate_plan_frames(plan));
    plan->bits -= bits;
    plan->taken += bits;
    plan->coded++;
    while (frames > 0 && plan->clip < plan->stats.count) {
        const struct odva_first_pass_clip *clip = &plan->stats.clips[plan->clip];
        const int rest = clip->frames - plan->frame;
        const int part = frames < rest ? frames : rest;

        plan->counted += odva_first_pass_bits(clip, index) * part / clip->frames;
        frames -= part;
        plan->frame += part;
        if (part == rest) {
            plan->frame = 0;
            plan->clip++;
        }
    }
}
