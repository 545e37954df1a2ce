/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/mesh_solver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"

/* Tensors hold the difference over two samples of the sum of two pictures: four times a gradient.
 */
#define GRADIENT_SCALE 4.0f

#define AFFINE   6
#define RIGIDITY 3.0 /* mean blocks' worth of data that hold what is not a translation */
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
            const struct odva_structure_tensor *t = &a->tensors[j * a->columns + i];
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

/* Hold a step back: a small part that moves on its own must not turn the whole where a coarse level
 * has few blocks. */
static void hold_affine(double a[AFFINE][AFFINE], int blocks)
{
    const double trace = a[0][0] + a[1][1];

    for (int i = 0; i < AFFINE; i++)
        a[i][i] += (1e-3 + (i < 2 ? 0 : RIGIDITY / blocks)) * trace + 1.0;
}

void odva_affine_step(struct odva_affine *affine, const struct odva_alignment *alignment,
                      float scale)
{
    static const int product[3][3] = {{0, 1, 2}, {1, 3, 4}, {2, 4, 5}};
    double sums[6][5] = {{0}}, a[AFFINE][AFFINE], b[AFFINE];

    ODVA_ASSERT(alignment->columns == (alignment->width + 3) / 4);
    ODVA_ASSERT(alignment->rows == (alignment->height + 3) / 4);
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
    hold_affine(a, alignment->columns * alignment->rows);
    if (!solve(a, b))
        return;
    for (int m = 0; m < 3; m++)
        for (int k = 0; k < 2; k++)
            affine->c[m][k] += scale * limit_step((float)b[2 * m + k]);
}

/* A mesh whose arrays have a border of nodes that never move. */
struct mesh_sizes {
    int columns, rows;
    int pitch; /* from row to row */
};

static struct mesh_sizes sizes_of(const struct odva_displacement_mesh *mesh)
{
    return (struct mesh_sizes){mesh->columns, mesh->rows, mesh->columns + 2};
}

static int index_of(struct mesh_sizes size, int i, int j)
{
    return (j + 1) * size.pitch + i + 1;
}

static int reserve(struct odva_mesh_solver *s, struct mesh_sizes size)
{
    const size_t nodes = (size_t)size.pitch * (size.rows + 2);

    s->matrix = odva_reserve(s->matrix, &s->matrix_capacity, nodes, sizeof(*s->matrix));
    s->right = odva_reserve(s->right, &s->right_capacity, nodes, sizeof(*s->right));
    s->step = odva_reserve(s->step, &s->step_capacity, nodes, sizeof(*s->step));
    s->deviation = odva_reserve(s->deviation, &s->deviation_capacity, nodes, sizeof(*s->deviation));
    s->inverse = odva_reserve(s->inverse, &s->inverse_capacity, nodes, sizeof(*s->inverse));
    if (!s->matrix || !s->right || !s->step || !s->deviation || !s->inverse)
        return ONEDVA_ERR_NOMEM;
    memset(s->matrix, 0, nodes * sizeof(*s->matrix));
    memset(s->right, 0, nodes * sizeof(*s->right));
    memset(s->step, 0, nodes * sizeof(*s->step));
    return ONEDVA_OK;
}

#define CELL_PAIRS 10

/* Nodes of a cell, and entry of the first one's matrix, that each product of two weights is for. */
static const struct {
    int first, second, entry;
} cell_pair[CELL_PAIRS] = {
    {0, 0, SELF}, {1, 1, SELF},  {2, 2, SELF},  {3, 3, SELF},       {0, 1, EAST},
    {2, 3, EAST}, {0, 2, SOUTH}, {1, 3, SOUTH}, {0, 3, SOUTH_EAST}, {1, 2, SOUTH_WEST},
};

/* How a block's tensor is divided among its cell's four nodes, and their pairs. */
struct block_share {
    float pair[CELL_PAIRS];
    float node[4];
};

/* @param i, j place of the block in its cell @param per_cell blocks along a cell */
static void set_share(struct block_share *share, int i, int j, int per_cell)
{
    const float fx = ((float)i + 0.5f) / (float)per_cell;
    const float fy = ((float)j + 0.5f) / (float)per_cell;
    const float w[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};

    for (int k = 0; k < 4; k++)
        share->node[k] = w[k];
    for (int k = 0; k < CELL_PAIRS; k++)
        share->pair[k] = w[cell_pair[k].first] * w[cell_pair[k].second];
}

/* What the blocks of a cell add to the equations of its nodes. */
struct cell_sums {
    float pair[3][CELL_PAIRS];
    float node[2][4];
};

static void add_block(struct cell_sums *sums, const struct block_share *share,
                      const struct odva_structure_tensor *t, float weight)
{
    const float value[3] = {weight * (float)t->xx, weight * (float)t->xy, weight * (float)t->yy};
    const float pull[2] = {weight * (float)t->xe, weight * (float)t->ye};

    for (int c = 0; c < 3; c++)
        for (int k = 0; k < CELL_PAIRS; k++)
            sums->pair[c][k] += share->pair[k] * value[c];
    for (int c = 0; c < 2; c++)
        for (int k = 0; k < 4; k++)
            sums->node[c][k] += share->node[k] * pull[c];
}

/* @param first index of the cell's first node */
static void add_cell(struct odva_mesh_solver *s, const struct cell_sums *sums, int first, int pitch)
{
    const int node[4] = {first, first + 1, first + pitch, first + pitch + 1};

    for (int k = 0; k < CELL_PAIRS; k++)
        for (int c = 0; c < 3; c++)
            s->matrix[node[cell_pair[k].first]][cell_pair[k].entry][c] += sums->pair[c][k];
    for (int k = 0; k < 4; k++)
        for (int c = 0; c < 2; c++)
            s->right[node[k]][c] -= GRADIENT_SCALE * sums->node[c][k];
}

/* The blocks' tensors, each divided among the four nodes of its cell. @param per_cell blocks along
 * a cell */
static int assemble(struct odva_mesh_solver *s, const struct odva_alignment *a,
                    struct mesh_sizes size, int per_cell)
{
    struct block_share *share;

    s->share =
        odva_reserve(s->share, &s->share_capacity, (size_t)per_cell * per_cell, sizeof(*s->share));
    if (!s->share)
        return ONEDVA_ERR_NOMEM;
    share = s->share;
    for (int j = 0; j < per_cell; j++)
        for (int i = 0; i < per_cell; i++)
            set_share(&share[j * per_cell + i], i, j, per_cell);
    for (int y = 0; y < a->rows; y += per_cell) {
        for (int x = 0; x < a->columns; x += per_cell) {
            const int width = odva_min(per_cell, a->columns - x);
            const int height = odva_min(per_cell, a->rows - y);
            struct cell_sums sums = {0};

            for (int j = 0; j < height; j++)
                for (int i = 0; i < width; i++) {
                    const int n = (y + j) * a->columns + x + i;
                    if (a->weights[n] != 0)
                        add_block(&sums, &share[j * per_cell + i], &a->tensors[n], a->weights[n]);
                }
            add_cell(s, &sums, index_of(size, x / per_cell, y / per_cell), size.pitch);
        }
    }
    return ONEDVA_OK;
}

/* Put what holds a node into its equation. @param tension matrix entry of one smooth edge */
static void hold_node(struct odva_mesh_solver *s, struct mesh_sizes size, int i, int j,
                      float tension)
{
    const float(*deviation)[2] = (const float(*)[2])s->deviation;
    const int n = index_of(size, i, j);
    const int neighbour[4] = {n + 1, n - 1, n + size.pitch, n - size.pitch};
    const int has[4] = {i<size.columns - 1, i> 0, j<size.rows - 1, j> 0};
    float diagonal = ANCHOR * tension + 1e-3f, xx, xy, yy, det;

    for (int k = 0; k < 2; k++)
        s->right[n][k] -= ANCHOR * tension * deviation[n][k];
    for (int e = 0; e < 4; e++) {
        if (!has[e])
            continue;
        diagonal += tension;
        for (int k = 0; k < 2; k++)
            s->right[n][k] += tension * (deviation[neighbour[e]][k] - deviation[n][k]);
    }
    xx = s->matrix[n][SELF][0] + diagonal;
    xy = s->matrix[n][SELF][1];
    yy = s->matrix[n][SELF][2] + diagonal;
    det = xx * yy - xy * xy;
    s->inverse[n][0] = yy / det;
    s->inverse[n][1] = -xy / det;
    s->inverse[n][2] = xx / det;
    s->matrix[n][EAST][0] -= tension;
    s->matrix[n][EAST][2] -= tension;
    s->matrix[n][SOUTH][0] -= tension;
    s->matrix[n][SOUTH][2] -= tension;
}

static inline void subtract_neighbour(float right[2], const float tensor[3], const float step[2])
{
    right[0] -= tensor[0] * step[0] + tensor[1] * step[1];
    right[1] -= tensor[1] * step[0] + tensor[2] * step[1];
}

/* One node's exact step while its neighbours' are held. */
static inline void relax_node(struct odva_mesh_solver *s, int n, int pitch)
{
    const float(*matrix)[5][3] = (const float(*)[5][3])s->matrix;
    const float(*step)[2] = (const float(*)[2])s->step;
    const float *inverse = s->inverse[n];
    float right[2] = {s->right[n][0], s->right[n][1]};

    subtract_neighbour(right, matrix[n][SOUTH_WEST], step[n + pitch - 1]);
    subtract_neighbour(right, matrix[n][SOUTH], step[n + pitch]);
    subtract_neighbour(right, matrix[n][SOUTH_EAST], step[n + pitch + 1]);
    subtract_neighbour(right, matrix[n - pitch - 1][SOUTH_EAST], step[n - pitch - 1]);
    subtract_neighbour(right, matrix[n - pitch][SOUTH], step[n - pitch]);
    subtract_neighbour(right, matrix[n - pitch + 1][SOUTH_WEST], step[n - pitch + 1]);
    subtract_neighbour(right, matrix[n][EAST], step[n + 1]);
    subtract_neighbour(right, matrix[n - 1][EAST], step[n - 1]);
    s->step[n][0] += RELAX * (inverse[0] * right[0] + inverse[1] * right[1] - step[n][0]);
    s->step[n][1] += RELAX * (inverse[1] * right[0] + inverse[2] * right[1] - step[n][1]);
}

/* Successive over-relaxation, forwards and backwards in turn. */
static void relax(struct odva_mesh_solver *s, struct mesh_sizes size)
{
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (int k = 0; k < size.rows; k++) {
            const int row = index_of(size, 0, sweep & 1 ? size.rows - 1 - k : k);

            if (sweep & 1)
                for (int i = size.columns - 1; i >= 0; i--)
                    relax_node(s, row + i, size.pitch);
            else
                for (int i = 0; i < size.columns; i++)
                    relax_node(s, row + i, size.pitch);
        }
    }
}

int odva_mesh_step(struct odva_mesh_solver *solver, struct odva_displacement_mesh *mesh,
                   const struct odva_alignment *alignment,
                   const struct odva_displacement_mesh *smooth, float scale, float stiffness)
{
    const struct mesh_sizes size = sizes_of(mesh);
    const float tension = GRADIENT_SCALE * GRADIENT_SCALE * stiffness;
    int status = reserve(solver, size);

    ODVA_ASSERT(mesh->spacing % (int)(4 * scale) == 0);
    ODVA_ASSERT(mesh->spacing == smooth->spacing && mesh->columns == smooth->columns);
    ODVA_ASSERT(alignment->columns == (alignment->width + 3) / 4);
    if (status == ONEDVA_OK)
        status = assemble(solver, alignment, size, (int)((float)mesh->spacing / scale) / 4);
    if (status < 0)
        return status;
    for (int j = 0; j < size.rows; j++)
        for (int i = 0; i < size.columns; i++)
            for (int k = 0; k < 2; k++)
                solver->deviation[index_of(size, i, j)][k] =
                    (mesh->d[j * size.columns + i][k] - smooth->d[j * size.columns + i][k]) / scale;
    for (int j = 0; j < size.rows; j++)
        for (int i = 0; i < size.columns; i++)
            hold_node(solver, size, i, j, tension);
    relax(solver, size);
    for (int j = 0; j < size.rows; j++)
        for (int i = 0; i < size.columns; i++)
            for (int k = 0; k < 2; k++)
                mesh->d[j * size.columns + i][k] +=
                    scale * limit_step(solver->step[index_of(size, i, j)][k]);
    return ONEDVA_OK;
}

void odva_mesh_solver_free(struct odva_mesh_solver *solver)
{
    free(solver->matrix);
    free(solver->right);
    free(solver->step);
    free(solver->deviation);
    free(solver->inverse);
    free(solver->share);
    *solver = (struct odva_mesh_solver){0};
}
