/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/displacement_mesh.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"

/* Limit of a node in 1/16 sample (doc/bitstream.md, section 10). */
#define MAX_NODE 16383.0f

void odva_affine_at(const struct odva_affine *affine, int width, int height, float x, float y,
                    float d[2])
{
    const float u = 2.0f * x / (float)width - 1.0f, v = 2.0f * y / (float)height - 1.0f;

    ODVA_ASSERT(width >= 1 && height >= 1);
    for (int i = 0; i < 2; i++)
        d[i] = affine->c[0][i] + affine->c[1][i] * u + affine->c[2][i] * v;
}

static float clip_float(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

void odva_mesh_at(const struct odva_displacement_mesh *mesh, float x, float y, float d[2])
{
    const float u = clip_float(x / (float)mesh->spacing, 0.0f, (float)(mesh->columns - 1));
    const float v = clip_float(y / (float)mesh->spacing, 0.0f, (float)(mesh->rows - 1));
    const int i = u < (float)(mesh->columns - 1) ? (int)u : mesh->columns - 2;
    const int j = v < (float)(mesh->rows - 1) ? (int)v : mesh->rows - 2;
    const float fx = u - (float)i, fy = v - (float)j;
    const float(*node)[2] = (const float(*)[2])mesh->d + j * mesh->columns + i;

    ODVA_ASSERT(mesh->spacing > 0 && mesh->columns >= 1 && mesh->rows >= 1);
    for (int k = 0; k < 2; k++) {
        const float above = node[0][k] + fx * (node[1][k] - node[0][k]);
        const float below =
            node[mesh->columns][k] + fx * (node[mesh->columns + 1][k] - node[mesh->columns][k]);
        d[k] = above + fy * (below - above);
    }
}

struct odva_affine odva_affine_fit(const struct odva_displacement_mesh *mesh, int width, int height)
{
    struct odva_affine affine = {0};
    double mean_u = 0, mean_v = 0, uu = 0, vv = 0, count = (double)mesh->columns * mesh->rows;
    double sum[3][2] = {{0}};

    ODVA_ASSERT(mesh->spacing > 0 && mesh->columns >= 1 && mesh->rows >= 1);
    for (int i = 0; i < mesh->columns; i++)
        mean_u += 2.0 * i * mesh->spacing / width - 1.0;
    for (int j = 0; j < mesh->rows; j++)
        mean_v += 2.0 * j * mesh->spacing / height - 1.0;
    mean_u /= mesh->columns;
    mean_v /= mesh->rows;
    /* a grid's two coordinates are not correlated, so that each slope stands alone */
    for (int j = 0; j < mesh->rows; j++) {
        for (int i = 0; i < mesh->columns; i++) {
            const double u = 2.0 * i * mesh->spacing / width - 1.0 - mean_u;
            const double v = 2.0 * j * mesh->spacing / height - 1.0 - mean_v;
            uu += u * u;
            vv += v * v;
            for (int k = 0; k < 2; k++) {
                const double d = mesh->d[j * mesh->columns + i][k];
                sum[0][k] += d;
                sum[1][k] += d * u;
                sum[2][k] += d * v;
            }
        }
    }
    for (int k = 0; k < 2; k++) {
        const double slope_u = sum[1][k] / uu, slope_v = sum[2][k] / vv;
        affine.c[0][k] = (float)(sum[0][k] / count - slope_u * mean_u - slope_v * mean_v);
        affine.c[1][k] = (float)slope_u;
        affine.c[2][k] = (float)slope_v;
    }
    return affine;
}

void odva_mesh_round(int16_t node[2], const float d[2], int level)
{
    ODVA_ASSERT(level >= 0);
    for (int k = 0; k < 2; k++)
        node[k] =
            (int16_t)lrintf(clip_float(d[k] * 16.0f / (float)(1 << level), -MAX_NODE, MAX_NODE));
}
