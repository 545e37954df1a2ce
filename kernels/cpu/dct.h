/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Orthonormal 3D DCT-II of a tile and the scan of its coefficients. */
#ifndef ODVA_CPU_DCT_H
#define ODVA_CPU_DCT_H

#include <stdint.h>

#include "kernels/cpu/operators.h"

/** Matrices of all lengths, [n][f][i]: in floats for encoders, and rounded to 1/65536. */
struct odva_cpu_dct_tables {
    float forward[ODVA_CPU_DCT_MAX + 1][ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX];
    int32_t exact[ODVA_CPU_DCT_MAX + 1][ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX];
};

void odva_cpu_dct_tables_init(struct odva_cpu_dct_tables *tables);

/** Over the first three axes of [nt][ny][nx][basis]. @param scratch as many floats
 * @return where the result is: data or scratch */
const float *odva_cpu_dct_tile(const struct odva_cpu_operators *operators,
                               const struct odva_cpu_dct_tables *tables, float *data, int nt,
                               int ny, int nx, int basis, float *scratch);

#endif
