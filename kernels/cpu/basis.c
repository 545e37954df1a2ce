/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/basis.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/operators.h"

#define SAMPLES ODVA_FRAME_SAMPLES

static void fill_basis(struct odva_basis *basis, const int16_t *vectors)
{
    const int inverse_pairs = (basis->count + 1) / 2;

    memset(basis->forward, 0, (size_t)SAMPLES * basis->outputs * sizeof(*basis->forward));
    memset(basis->inverse, 0, (size_t)2 * inverse_pairs * SAMPLES * sizeof(*basis->inverse));
    for (int j = 0; j < basis->count; j++)
        for (int i = 0; i < SAMPLES; i++) {
            const int16_t v = vectors[(size_t)j * SAMPLES + i];

            basis->forward[((size_t)i / 2 * basis->outputs + j) * 2 + i % 2] = v;
            basis->inverse[((size_t)j / 2 * SAMPLES + i) * 2 + j % 2] = v;
        }
}

struct odva_basis *odva_cpu_basis_pack(const int16_t *vectors, int count, const int16_t *mean)
{
    struct odva_basis *basis = calloc(1, sizeof(*basis));

    if (!basis)
        return NULL;
    basis->count = count;
    basis->outputs = odva_cpu_round_up(count, ODVA_CPU_PAIR_OUTPUTS);
    memcpy(basis->mean, mean, sizeof(basis->mean));
    basis->forward = odva_cpu_alloc((size_t)SAMPLES * basis->outputs * sizeof(int16_t));
    basis->inverse = odva_cpu_alloc((size_t)(count + 1) / 2 * 2 * SAMPLES * sizeof(int16_t));
    if (!basis->forward || !basis->inverse) {
        odva_cpu_basis_free(basis);
        return NULL;
    }
    fill_basis(basis, vectors);
    return basis;
}

void odva_cpu_basis_free(struct odva_basis *basis)
{
    free(basis->forward);
    free(basis->inverse);
    free(basis);
}

void odva_cpu_multiply_pairs_c(const struct odva_cpu_pairs *product)
{
    for (int r = 0; r < product->rows; r++) {
        int32_t *dst = product->dst + r * product->dst_stride;
        const int16_t *src = product->src + r * product->src_stride;

        memset(dst, 0, product->outputs * sizeof(*dst));
        for (int p = 0; p < product->pairs; p++) {
            const int pair = product->pair ? product->pair[p] : p;
            const int16_t *w = product->weights + (size_t)pair * product->weight_outputs * 2;

            for (int o = 0; o < product->outputs; o++)
                dst[o] = (int32_t)((uint32_t)dst[o] + (uint32_t)(src[2 * p] * w[2 * o]) +
                                   (uint32_t)(src[2 * p + 1] * w[2 * o + 1]));
        }
    }
}
