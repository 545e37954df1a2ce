/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/motion_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"
#include "motion/motion_paths.h"

#define UNITS_PER_SAMPLE 64.0 /* of a path's step */
#define POINT_DEAD_ZONE  0.0
#define MESH_DEAD_ZONE   0.2
#define LEAST_JACOBIAN   0.1
#define UNFOLDING_ROUNDS 60
#define STILL            0.04f /* samples; less motion is none */

/** Least squares of a path on the basis: coefficient k = sum over t of weight[k][t] d(t). */
struct projection {
    int frames, terms;
    double weight[ODVA_MAX_TERMS][ODVA_MAX_PATH_FRAMES];
};

static double basis(int frames, int reference, int k, int t)
{
    return (odva_motion_basis(frames, k, t) - odva_motion_basis(frames, k, reference)) /
           (double)ODVA_BASIS_UNIT;
}

/* weight = (B B^T)^-1 B, by Gauss-Jordan elimination: the basis functions are well apart. */
static void projection_init(struct projection *p, int frames, int reference, int terms)
{
    double gram[ODVA_MAX_TERMS][ODVA_MAX_TERMS] = {{0}};

    p->frames = frames;
    p->terms = terms;
    for (int k = 0; k < terms; k++) {
        for (int t = 0; t < frames; t++)
            p->weight[k][t] = basis(frames, reference, k, t);
        for (int m = 0; m < terms; m++)
            for (int t = 0; t < frames; t++)
                gram[k][m] += p->weight[k][t] * basis(frames, reference, m, t);
    }
    for (int k = 0; k < terms; k++) {
        const double inverse = 1.0 / gram[k][k];

        for (int m = 0; m < terms; m++)
            gram[k][m] *= inverse;
        for (int t = 0; t < frames; t++)
            p->weight[k][t] *= inverse;
        for (int i = 0; i < terms; i++) {
            const double factor = gram[i][k];

            if (i == k)
                continue;
            for (int m = 0; m < terms; m++)
                gram[i][m] -= factor * gram[k][m];
            for (int t = 0; t < frames; t++)
                p->weight[i][t] -= factor * p->weight[k][t];
        }
    }
}

static int16_t quantise(double value, double dead_zone)
{
    const double magnitude = floor(fabs(value) + 0.5 - dead_zone);

    return (int16_t)(magnitude < 1 ? 0 : copysign(fmin(magnitude, ODVA_MAX_COEFFICIENT), value));
}

/* @param d one component of the displacements over time, luma samples; the next one is 2 further */
static void fit_path(struct odva_path *path, const struct projection *p, const float (*d)[2],
                     int step, double dead_zone)
{
    const double scale = UNITS_PER_SAMPLE / odva_motion_step(step);

    *path = (struct odva_path){0};
    for (int c = 0; c < 2; c++) {
        for (int k = 0; k < p->terms; k++) {
            double sum = 0;

            for (int t = 0; t < p->frames; t++)
                sum += p->weight[k][t] * (double)d[t][c];
            path->value[c * ODVA_MAX_TERMS + k] = quantise(sum * scale, dead_zone);
        }
    }
}

static int is_translation(const struct odva_affine *affine, int frames)
{
    for (int t = 0; t < frames; t++)
        for (int k = 0; k < 2; k++)
            if (fabsf(affine[t].c[1][k]) > STILL || fabsf(affine[t].c[2][k]) > STILL)
                return 0;
    return 1;
}

static int is_still(const struct odva_affine *affine, int frames)
{
    for (int t = 0; t < frames; t++)
        if (fabsf(affine[t].c[0][0]) > STILL || fabsf(affine[t].c[0][1]) > STILL)
            return 0;
    return 1;
}

static void fit_points(struct odva_motion *motion, const struct odva_affine *affine, int terms,
                       int step)
{
    const int frames = odva_motion_path_frames(motion);
    struct projection p;
    float d[ODVA_MAX_PATH_FRAMES][2];

    motion->points = is_translation(affine, frames) ? !is_still(affine, frames) : ODVA_MAX_POINTS;
    motion->point_terms = motion->points ? odva_min(terms, odva_motion_most_terms(motion)) : 0;
    motion->point_step = motion->points ? step : 0;
    projection_init(&p, frames, motion->reference, motion->point_terms);
    for (int i = 0; i < motion->points; i++) {
        const float x = motion->points == 1 ? 0.5f : (float)(i & 1);
        const float y = motion->points == 1 ? 0.5f : (float)(i >> 1);

        for (int t = 0; t < frames; t++)
            odva_affine_at(&affine[t], 1, 1, x, y, d[t]);
        fit_path(&motion->point[i], &p, (const float(*)[2])d, step, POINT_DEAD_ZONE);
    }
}

/* What the control points leave of the estimated displacements, [node][frame]. @return NULL when
 * out of memory */
static float (*residual_paths(const struct odva_motion *motion,
                              const struct odva_motion_estimation *e))[2]
{
    const int nodes = odva_motion_columns(motion) * odva_motion_rows(motion);
    const int frames = odva_motion_path_frames(motion);
    float(*residual)[2] = malloc((size_t)nodes * frames * sizeof(*residual));
    int16_t(*global)[2] = malloc(nodes * sizeof(*global));

    if (residual && global) {
        memset(motion->mesh, 0, nodes * sizeof(*motion->mesh));
        for (int t = 0; t < frames; t++) {
            odva_motion_path_nodes(motion, t, global);
            for (int n = 0; n < nodes; n++)
                for (int k = 0; k < 2; k++)
                    residual[n * frames + t][k] = e->mesh[t].d[n][k] - (float)global[n][k] / 16.0f;
        }
    } else {
        free(residual);
        residual = NULL;
    }
    free(global);
    return residual;
}

static int fit_mesh(struct odva_motion *motion, const struct odva_motion_estimation *e,
                    const struct odva_motion_precision *precision)
{
    struct projection p;
    float(*residual)[2];
    int status;

    motion->spacing = e->spacing;
    motion->mesh_terms = odva_min(precision->mesh_terms, odva_motion_most_terms(motion));
    motion->mesh_step = precision->mesh_step;
    status = odva_motion_reserve(motion);
    if (status < 0)
        return status;
    residual = residual_paths(motion, e);
    if (!residual)
        return ONEDVA_ERR_NOMEM;
    projection_init(&p, odva_motion_path_frames(motion), motion->reference, motion->mesh_terms);
    for (int n = 0; n < odva_motion_columns(motion) * odva_motion_rows(motion); n++)
        fit_path(&motion->mesh[n], &p, (const float(*)[2])residual + n * p.frames,
                 motion->mesh_step, MESH_DEAD_ZONE);
    free(residual);
    return ONEDVA_OK;
}

/* The least determinant of d(q + G)/dq in a cell: of a bilinear map it lies in a corner. */
static double least_jacobian(const int16_t (*node)[2], int columns, int spacing)
{
    const double s = 16.0 * spacing;
    const int16_t *a = node[0], *b = node[1], *c = node[columns], *d = node[columns + 1];
    double least = INFINITY;

    for (int corner = 0; corner < 4; corner++) {
        const int16_t *x0 = corner & 2 ? c : a, *x1 = corner & 2 ? d : b;
        const int16_t *y0 = corner & 1 ? b : a, *y1 = corner & 1 ? d : c;
        const double xx = 1 + (x1[0] - x0[0]) / s, xy = (x1[1] - x0[1]) / s;
        const double yx = (y1[0] - y0[0]) / s, yy = 1 + (y1[1] - y0[1]) / s;

        least = fmin(least, xx * yy - xy * yx);
        if (xx <= 0 || yy <= 0)
            least = fmin(least, 0);
    }
    return least;
}

/* Bring the paths of a cell's nodes halfway to the mean of the cell. */
static void relax_cell(struct odva_motion *motion, int i, int j)
{
    const int columns = odva_motion_columns(motion), n = j * columns + i;
    struct odva_path *node[4] = {&motion->mesh[n], &motion->mesh[n + 1], &motion->mesh[n + columns],
                                 &motion->mesh[n + columns + 1]};

    for (int k = 0; k < 2 * ODVA_MAX_TERMS; k++) {
        const int sum =
            node[0]->value[k] + node[1]->value[k] + node[2]->value[k] + node[3]->value[k];

        for (int m = 0; m < 4; m++)
            node[m]->value[k] = (int16_t)((4 * node[m]->value[k] + sum) / 8);
    }
}

/* @return the number of cells that folded in some frame; they are relaxed where there is a mesh */
static int unfold_once(struct odva_motion *motion, int16_t (*nodes)[2])
{
    const int columns = odva_motion_columns(motion), rows = odva_motion_rows(motion);
    int folded = 0;

    for (int t = 0; t < motion->frames; t++) {
        odva_motion_nodes(motion, t, nodes);
        for (int j = 0; j < rows - 1; j++) {
            for (int i = 0; i < columns - 1; i++) {
                if (least_jacobian((const int16_t(*)[2])nodes + j * columns + i, columns,
                                   odva_motion_spacing(motion)) >= LEAST_JACOBIAN)
                    continue;
                folded++;
                if (motion->spacing)
                    relax_cell(motion, i, j);
            }
        }
    }
    return folded;
}

static int unfold(struct odva_motion *motion, int16_t (*nodes)[2])
{
    const int rounds = motion->spacing ? UNFOLDING_ROUNDS : 1;

    for (int round = 0; round < rounds; round++)
        if (unfold_once(motion, nodes) == 0)
            return ONEDVA_OK;
    return ONEDVA_ERR_UNSUPPORTED;
}

static int margin_for(double beyond)
{
    const int even = 2 * (int)ceil(beyond / 2);

    return beyond <= 0.5 ? 0 : odva_min(even, ODVA_MAX_MARGIN);
}

/* Where the node in column i and row j lies, the last ones brought back to the picture's edge. */
static void place_node(const struct odva_motion *motion, const struct odva_displacement_mesh *mesh,
                       int i, int j, float place[2])
{
    const float x = (float)odva_min(i * mesh->spacing, motion->width);
    const float y = (float)odva_min(j * mesh->spacing, motion->height);

    odva_mesh_at(mesh, x, y, place);
    place[0] += x;
    place[1] += y;
}

/* Margins that hold all of the frames: what lies between nodes does not reach beyond them. */
static int set_margins(struct odva_motion *motion, int16_t (*nodes)[2])
{
    struct odva_displacement_mesh mesh = {.spacing = odva_motion_spacing(motion),
                                          .columns = odva_motion_columns(motion),
                                          .rows = odva_motion_rows(motion)};
    double left = 0, top = 0, right = 0, bottom = 0;

    mesh.d = malloc((size_t)mesh.columns * mesh.rows * sizeof(*mesh.d));
    if (!mesh.d)
        return ONEDVA_ERR_NOMEM;
    for (int t = 0; t < motion->frames; t++) {
        odva_motion_nodes(motion, t, nodes);
        for (int n = 0; n < mesh.columns * mesh.rows; n++)
            for (int k = 0; k < 2; k++)
                mesh.d[n][k] = (float)nodes[n][k] / 16.0f;
        for (int j = 0; j < mesh.rows; j++) {
            for (int i = 0; i < mesh.columns; i++) {
                float place[2];

                place_node(motion, &mesh, i, j, place);
                left = fmax(left, -place[0]);
                top = fmax(top, -place[1]);
                right = fmax(right, place[0] - motion->width);
                bottom = fmax(bottom, place[1] - motion->height);
            }
        }
    }
    free(mesh.d);
    motion->left = margin_for(left);
    motion->top = margin_for(top);
    motion->right = margin_for(right);
    motion->bottom = margin_for(bottom);
    return ONEDVA_OK;
}

int odva_motion_fit(struct odva_motion *motion, const struct odva_motion_estimation *e,
                    int is_inter, int reference, const struct odva_motion_precision *precision)
{
    struct odva_affine affine[ODVA_MAX_PATH_FRAMES];
    int16_t(*nodes)[2];
    int status = ONEDVA_OK;

    ODVA_ASSERT(reference >= 0 && reference < e->frames);
    ODVA_ASSERT(precision->point_terms >= 1 && precision->point_step >= 0);
    motion->is_inter = is_inter;
    motion->frames = e->frames - motion->is_inter;
    motion->width = e->width;
    motion->height = e->height;
    motion->reference = reference;
    motion->spacing = motion->mesh_terms = motion->mesh_step = 0;
    for (int t = 0; t < e->frames; t++)
        affine[t] =
            precision->mesh ? odva_affine_fit(&e->mesh[t], e->width, e->height) : e->affine[t];
    fit_points(motion, affine, precision->point_terms, precision->point_step);
    if (precision->mesh)
        status = fit_mesh(motion, e, precision);
    if (status < 0)
        return status;
    nodes = malloc((size_t)odva_motion_columns(motion) * odva_motion_rows(motion) * sizeof(*nodes));
    if (!nodes)
        return ONEDVA_ERR_NOMEM;
    status = unfold(motion, nodes);
    if (status == ONEDVA_OK)
        status = set_margins(motion, nodes);
    free(nodes);
    return status;
}
