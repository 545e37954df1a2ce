/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The strict reference: every sum runs in ascending order of the input index, so that outputs, not
 * terms, are what a compiler vectorises.
 */
#include <string.h>

#include "base/strict_math.h"
#include "base/unroll.h"
#include "kernels/cpu/reference.h"

#define WIDTH ODVA_CPU_C_WIDTH
#define ROWS  2

static float activate(float v, enum odva_activation activation)
{
    switch (activation) {
    case ODVA_ACTIVATION_GELU: /* v/2 (1 + tanh u) = v / (1 + e^-2u) */
        return v / (1.0f + odva_expf(-1.59576912f * (v + 0.044715f * (v * v * v))));
    case ODVA_ACTIVATION_SILU:
        return v / (1.0f + odva_expf(-v));
    default:
        return v;
    }
}

/* sums [ROWS][WIDTH] = rows of x times one panel. */
static void multiply(float sums[ROWS][WIDTH], const float *const x[ROWS], const float *panel,
                     int n_in)
{
    float acc[ROWS][WIDTH] = {{0}};

    for (int i = 0; i < n_in; i++, panel += WIDTH) {
        ODVA_UNROLL
        for (int r = 0; r < ROWS; r++) {
            const float v = x[r][i];

            ODVA_UNROLL
            for (int j = 0; j < WIDTH; j++)
                acc[r][j] += v * panel[j];
        }
    }
    memcpy(sums, acc, sizeof(acc));
}

static void finish_row(const struct odva_cpu_linear *linear, int64_t row, int column, float *values,
                       int count)
{
    float *dst = linear->dst + row * linear->dst_stride + column;

    if (linear->bias)
        for (int j = 0; j < count; j++)
            values[j] += linear->bias[column + j];
    if (linear->activation != ODVA_ACTIVATION_NONE)
        for (int j = 0; j < count; j++)
            values[j] = activate(values[j], linear->activation);
    if (linear->gate) {
        const float *gate = linear->gate + linear->gate_row[row] * linear->gate_stride + column;

        for (int j = 0; j < count; j++)
            values[j] *= gate[j];
    }
    if (linear->add) {
        const int64_t add_row = linear->add_row ? linear->add_row[row] : row;
        const float *add = linear->add + add_row * linear->add_stride + column;

        for (int j = 0; j < count; j++)
            values[j] += add[j];
    }
    for (int j = 0; j < count; j++)
        dst[j] = values[j];
}

void odva_cpu_linear_c(const struct odva_cpu_linear *linear, int64_t first_row, int64_t rows,
                       float *scratch)
{
    const struct odva_weights *weights = linear->weights;
    const float *panel = weights->panels;

    (void)scratch;
    for (int column = 0; column < weights->n_out; column += WIDTH, panel += WIDTH * weights->n_in) {
        const int count = weights->n_out - column < WIDTH ? weights->n_out - column : WIDTH;

        for (int64_t row = first_row; row < first_row + rows; row += ROWS) {
            const int64_t left = first_row + rows - row;
            const float *x[ROWS];
            float sums[ROWS][WIDTH];

            for (int r = 0; r < ROWS; r++)
                x[r] = linear->src + (row + (r < left ? r : 0)) * linear->src_stride;
            multiply(sums, x, panel, weights->n_in);
            for (int r = 0; r < ROWS && r < left; r++)
                finish_row(linear, row + r, column, sums[r], count);
        }
    }
}
