/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mesh_solver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reserve.h"

/* Tensors hold the difference over two samples of the sum of two pictures: four times a gradient.
 */
#define GRADIENT_SCALE 4.0f

#define AFFINE   6
#define SWEEPS   10
#define RELAX    1.3f /* of successive over-relaxation */
#define MAX_STEP 3.0f /* samples; further the gradient says nothing */

/* Part of the stiffness that holds a node where the smooth field has it. */
#define ANCHOR 0.02f

enum { SELF, EAST, SOUTH_WEST, SOUTH, SOUTH_EAST };

static float limit_step(float v)
{
    return v < -MAX_STEP ? -MAX_STEP : v > MAX_STEP ? MAX_STEP : v;
}

/* Solve a symmetric positive definite system in place by Cholesky's method. @return 0 where it is
 * not */
static int solve(double a[AFFINE][AFFINE], double b[AFFINE])
{
    for (int i = 0; i < AFFINE; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k];
            if (i == j && sum <= 0)
                return 0;
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
    }
    for (int i = 0; i < AFFINE; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = AFFINE - 1; i >= 0; i--) {
        for (int k = i + 1; k < AFFINE; k++)
            b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return 1;
}

/* Sums over all blocks of the tensor with the moments 1, X, Y, XX, XY, YY of its place. */
static void sum_moments(const struct odva_alignment *a, double sums[6][5])
{
    for (int j = 0; j < a->rows; j++) {
        const float y = 2.0f * (4 * j + 2) / a->height - 1.0f;

        for (int i = 0; i < a->columns; i++) {
            const struct odva_block_tensor *t = &a->tensors[j * a->columns + i];
            const float w = a->weights[j * a->columns + i];
            const float x = 2.0f * (4 * i + 2) / a->width - 1.0f;
            const float moment[6] = {w, w * x, w * y, w * x * x, w * x * y, w * y * y};
            const float value[5] = {t->xx, t->xy, t->yy, t->xe, t->ye};

            for (int m = 0; m < 6; m++)
                for (int k = 0; k < 5; k++)
                    sums[m][k] += moment[m] * value[k];
        }
    }
}

void odva_affine_step(struct odva_affine *affine, const struct odva_alignment *alignment,
                      float scale)
{
    static const int product[3][3] = {{0, 1, 2}, {1, 3, 4}, {2, 4, 5}};
    double sums[6][5] = {{0}}, a[AFFINE][AFFINE], b[AFFINE];

    sum_moments(alignment, sums);
    for (int m = 0; m < 3; m++) {
        for (int n = 0; n < 3; n++) {
            const double *s = sums[product[m][n]];
            a[2 * m][2 * n] = s[0];
            a[2 * m][2 * n + 1] = a[2 * m + 1][2 * n] = s[1];
            a[2 * m + 1][2 * n + 1] = s[2];
        }
        b[2 * m] = -GRADIENT_SCALE * sums[m][3];
        b[2 * m + 1] = -GRADIENT_SCALE * sums[m][4];
    }
    for (int i = 0; i < AFFINE; i++)
        a[i][i] += 1e-3 * (a[0][0] + a[1][1]) + 1.0;
    if (!solve(a, b))
        return;
    for (int m = 0; m < 3; m++)
        for (int k = 0; k < 2; k++)
            affine->c[m][k] += scale * limit_step((float)b[2 * m + k]);
}

static int reserve(struct odva_mesh_solver *s, size_t nodes)
{
    s->matrix = odva_reserve(s->matrix, &s->matrix_capacity, nodes, sizeof(*s->matrix));
    s->right = odva_reserve(s->right, &s->right_capacity, nodes, sizeof(*s->right));
    s->step = odva_reserve(s->step, &s->step_capacity, nodes, sizeof(*s->step));
    s->deviation = odva_reserve(s->deviation, &s->deviation_capacity, nodes, sizeof(*s->deviation));
    if (!s->matrix || !s->right || !s->step || !s->deviation)
        return ONEDVA_ERR_NOMEM;
    memset(s->matrix, 0, nodes * sizeof(*s->matrix));
    memset(s->right, 0, nodes * sizeof(*s->right));
    memset(s->step, 0, nodes * sizeof(*s->step));
    return ONEDVA_OK;
}

static void add_tensor(float dst[3], float w, const float tensor[5])
{
    for (int k = 0; k < 3; k++)
        dst[k] += w * tensor[k];
}

static void add_right(float dst[2], float w, const float tensor[5])
{
    dst[0] -= w * GRADIENT_SCALE * tensor[3];
    dst[1] -= w * GRADIENT_SCALE * tensor[4];
}

/* The blocks' tensors, each divided among the four nodes of its cell. @param per_cell blocks along
 * a cell */
static void assemble(struct odva_mesh_solver *s, const struct odva_alignment *a, int columns,
                     int per_cell)
{
    for (int j = 0; j < a->rows; j++) {
        const float fy = ((float)(j % per_cell) + 0.5f) / (float)per_cell;

        for (int i = 0; i < a->columns; i++) {
            const struct odva_block_tensor *t = &a->tensors[j * a->columns + i];
            const float weight = a->weights[j * a->columns + i];
            const float value[5] = {t->xx, t->xy, t->yy, t->xe, t->ye};
            const float fx = ((float)(i % per_cell) + 0.5f) / (float)per_cell;
            const float w[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};
            const int n = j / per_cell * columns + i / per_cell;
            const int node[4] = {n, n + 1, n + columns, n + columns + 1};

            if (weight == 0)
                continue;
            for (int k = 0; k < 4; k++) {
                add_tensor(s->matrix[node[k]][SELF], weight * w[k] * w[k], value);
                add_right(s->right[node[k]], weight * w[k], value);
            }
            add_tensor(s->matrix[node[0]][EAST], weight * w[0] * w[1], value);
            add_tensor(s->matrix[node[2]][EAST], weight * w[2] * w[3], value);
            add_tensor(s->matrix[node[0]][SOUTH], weight * w[0] * w[2], value);
            add_tensor(s->matrix[node[1]][SOUTH], weight * w[1] * w[3], value);
            add_tensor(s->matrix[node[0]][SOUTH_EAST], weight * w[0] * w[3], value);
            add_tensor(s->matrix[node[1]][SOUTH_WEST], weight * w[1] * w[2], value);
        }
    }
}

/* Add the pull of a neighbour's step that the data exert. */
static void subtract_neighbour(float right[2], const float tensor[3], const float step[2])
{
    right[0] -= tensor[0] * step[0] + tensor[1] * step[1];
    right[1] -= tensor[1] * step[0] + tensor[2] * step[1];
}

struct mesh_sizes {
    int columns, rows;
};

/* One node's exact step while its neighbours' are held. @param tension matrix entry of one smooth
 * edge */
static void relax_node(struct odva_mesh_solver *s, struct mesh_sizes size, int i, int j,
                       float tension)
{
    static const int offset[8][2] = {{1, 0},  {-1, 1}, {0, 1},  {1, 1},
                                     {-1, 0}, {1, -1}, {0, -1}, {-1, -1}};
    static const int straight[8] = {1, 0, 1, 0, 1, 0, 1, 0};
    const float(*deviation)[2] = (const float(*)[2])s->deviation;
    const int n = j * size.columns + i;
    float right[2] = {s->right[n][0], s->right[n][1]};
    float diagonal = ANCHOR * tension + 1e-3f, xx, xy, yy, det;

    for (int k = 0; k < 2; k++)
        right[k] -= ANCHOR * tension * deviation[n][k];
    for (int e = 0; e < 8; e++) {
        const int x = i + offset[e][0], y = j + offset[e][1], m = y * size.columns + x;

        if (x < 0 || y < 0 || x >= size.columns || y >= size.rows)
            continue;
        subtract_neighbour(right, e < 4 ? s->matrix[n][e + 1] : s->matrix[m][e - 3], s->step[m]);
        if (!straight[e])
            continue;
        diagonal += tension;
        for (int k = 0; k < 2; k++)
            right[k] += tension * (deviation[m][k] + s->step[m][k] - deviation[n][k]);
    }
    xx = s->matrix[n][SELF][0] + diagonal;
    xy = s->matrix[n][SELF][1];
    yy = s->matrix[n][SELF][2] + diagonal;
    det = xx * yy - xy * xy;
    s->step[n][0] += RELAX * ((yy * right[0] - xy * right[1]) / det - s->step[n][0]);
    s->step[n][1] += RELAX * ((xx * right[1] - xy * right[0]) / det - s->step[n][1]);
}

int odva_mesh_step(struct odva_mesh_solver *solver, struct odva_displacement_mesh *mesh,
                   const struct odva_alignment *alignment,
                   const struct odva_displacement_mesh *smooth, float scale, float stiffness)
{
    const struct mesh_sizes size = {mesh->columns, mesh->rows};
    const int nodes = mesh->columns * mesh->rows;
    const float tension = GRADIENT_SCALE * GRADIENT_SCALE * stiffness;
    int ret = reserve(solver, nodes);

    if (ret < 0)
        return ret;
    for (int n = 0; n < nodes; n++)
        for (int k = 0; k < 2; k++)
            solver->deviation[n][k] = (mesh->d[n][k] - smooth->d[n][k]) / scale;
    assemble(solver, alignment, mesh->columns, (int)((float)mesh->spacing / scale) / 4);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (int k = 0; k < nodes; k++) {
            const int n = sweep & 1 ? nodes - 1 - k : k;
            relax_node(solver, size, n % size.columns, n / size.columns, tension);
        }
    }
    for (int n = 0; n < nodes; n++)
        for (int k = 0; k < 2; k++)
            mesh->d[n][k] += scale * limit_step(solver->step[n][k]);
    return ONEDVA_OK;
}

void odva_mesh_solver_free(struct odva_mesh_solver *solver)
{
    free(solver->matrix);
    free(solver->right);
    free(solver->step);
    free(solver->deviation);
    *solver = (struct odva_mesh_solver){0};
}
