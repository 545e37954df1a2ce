/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/motion_paths.h"

#include "base/assert.h"

#define MAX_DISPLACEMENT (1 << 18) /* 1/256 luma sample */

/* 4096 cos(pi m / (2T)), rounded, for T = 2..17 and m = 0..T. */
static const int16_t quarter_wave[ODVA_MAX_PATH_FRAMES - 1][ODVA_MAX_PATH_FRAMES + 1] = {
    {4096, 2896, 0},
    {4096, 3547, 2048, 0},
    {4096, 3784, 2896, 1567, 0},
    {4096, 3896, 3314, 2408, 1266, 0},
    {4096, 3956, 3547, 2896, 2048, 1060, 0},
    {4096, 3993, 3690, 3202, 2554, 1777, 911, 0},
    {4096, 4017, 3784, 3406, 2896, 2276, 1567, 799, 0},
    {4096, 4034, 3849, 3547, 3138, 2633, 2048, 1401, 711, 0},
    {4096, 4046, 3896, 3650, 3314, 2896, 2408, 1860, 1266, 641, 0},
    {4096, 4054, 3930, 3726, 3446, 3096, 2682, 2214, 1702, 1154, 583, 0},
    {4096, 4061, 3956, 3784, 3547, 3250, 2896, 2493, 2048, 1567, 1060, 535, 0},
    {4096, 4066, 3977, 3830, 3627, 3371, 3066, 2716, 2327, 1904, 1452, 980, 494, 0},
    {4096, 4070, 3993, 3866, 3690, 3468, 3202, 2896, 2554, 2179, 1777, 1353, 911, 459, 0},
    {4096, 4074, 4006, 3896, 3742, 3547, 3314, 3044, 2741, 2408, 2048, 1666, 1266, 852, 428, 0},
    {4096, 4076, 4017, 3920, 3784, 3612, 3406, 3166, 2896, 2598, 2276, 1931, 1567, 1189, 799, 401,
     0},
    {4096, 4079, 4026, 3940, 3819, 3667, 3482, 3269, 3027, 2759, 2468, 2156, 1826, 1480, 1121, 753,
     378, 0},
};

/* 4096 cos(pi m / (2T)) for any m >= 0. */
static int cosine(int frames, int m)
{
    m %= 4 * frames;
    if (m > 2 * frames)
        m = 4 * frames - m;
    return m > frames ? -quarter_wave[frames - 2][2 * frames - m] : quarter_wave[frames - 2][m];
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int odva_motion_basis(int frames, int term, int t)
{
    const int intervals = frames - 1;

    ODVA_ASSERT(frames >= 2 && frames <= ODVA_MAX_PATH_FRAMES);
    ODVA_ASSERT(term >= 0 && term <= frames - 2 && t >= 0 && t < frames);
    if (term == 0)
        return (int)floor_div(2 * ODVA_BASIS_UNIT * (2 * t - intervals) + intervals, 2 * intervals);
    return cosine(frames, (2 * t + 1) * (term + 1));
}

int odva_motion_step(int index)
{
    ODVA_ASSERT(index >= 0 && index <= 15);
    return (2 + (index & 1)) << (index >> 1);
}

/* What a unit of each term adds in picture t of the paths, in 1/1024 of 1/256 luma sample. */
struct term_weights {
    int terms;
    int32_t weight[ODVA_MAX_TERMS];
};

static struct term_weights weigh_terms(const struct odva_motion *motion, int terms, int step, int t)
{
    struct term_weights weights = {.terms = terms};

    for (int k = 0; k < terms; k++)
        weights.weight[k] =
            odva_motion_step(step) *
            (odva_motion_basis(odva_motion_path_frames(motion), k, t) -
             odva_motion_basis(odva_motion_path_frames(motion), k, motion->reference));
    return weights;
}

/* A path's displacement in 1/256 luma sample. */
static int displacement(const struct odva_path *path, int component,
                        const struct term_weights *weights)
{
    const int16_t *value = path->value + component * ODVA_MAX_TERMS;
    int64_t sum = 512;

    for (int k = 0; k < weights->terms; k++)
        sum += (int64_t)value[k] * weights->weight[k];
    sum >>= 10;
    return (int)(sum < -MAX_DISPLACEMENT  ? -MAX_DISPLACEMENT
                 : sum > MAX_DISPLACEMENT ? MAX_DISPLACEMENT
                                          : sum);
}

/* Displacements d of the control points in one picture. */
struct point_displacements {
    int points;
    int64_t width, height; /* of the picture */
    int d[ODVA_MAX_POINTS][2];
};

static struct point_displacements displace_points(const struct odva_motion *motion, int t)
{
    const struct term_weights weights =
        weigh_terms(motion, motion->points > 0 ? motion->point_terms : 0, motion->point_step, t);
    struct point_displacements result = {
        .points = motion->points, .width = motion->width, .height = motion->height};

    for (int i = 0; i < motion->points; i++) {
        for (int c = 0; c < 2; c++)
            result.d[i][c] = displacement(&motion->point[i], c, &weights);
    }
    return result;
}

/* How far the points move what is at (x, y), in 1/256 luma sample. */
static int64_t move_with_points(const struct point_displacements *points, int64_t x, int64_t y,
                                int c)
{
    const int64_t w = points->width, h = points->height;

    if (points->points == 0)
        return 0;
    if (points->points == 1)
        return points->d[0][c];
    return floor_div((w - x) * (h - y) * points->d[0][c] + x * (h - y) * points->d[1][c] +
                         (w - x) * y * points->d[2][c] + x * y * points->d[3][c],
                     w * h);
}

/* 1/256 to 1/16 luma sample, inside the limits of a node. */
static int16_t round_node(int64_t d)
{
    d = (d + 8) >> 4;
    return (int16_t)(d < -16384 ? -16384 : d > 16383 ? 16383 : d);
}

void odva_motion_path_nodes(const struct odva_motion *motion, int t, int16_t (*nodes)[2])
{
    const int spacing = odva_motion_spacing(motion);
    const int columns = odva_motion_columns(motion), rows = odva_motion_rows(motion);
    const struct point_displacements points = displace_points(motion, t);
    const int has_mesh = motion->spacing > 0;
    const struct term_weights weights =
        weigh_terms(motion, has_mesh ? motion->mesh_terms : 0, motion->mesh_step, t);
    const struct odva_path *path = has_mesh ? motion->mesh : NULL;

    ODVA_ASSERT(t >= 0 && t < odva_motion_path_frames(motion));
    for (int j = 0; j < rows; j++) {
        for (int i = 0; i < columns; i++, nodes++) {
            for (int c = 0; c < 2; c++) {
                const int64_t g = move_with_points(&points, i * spacing, j * spacing, c);
                (*nodes)[c] = round_node(path ? g + displacement(path, c, &weights) : g);
            }
            if (path)
                path++;
        }
    }
}

void odva_motion_nodes(const struct odva_motion *motion, int t, int16_t (*nodes)[2])
{
    odva_motion_path_nodes(motion, t + motion->is_inter, nodes);
}
