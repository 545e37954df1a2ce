/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The basis of a frame's samples, and products of 16-bit integers with it (doc/bitstream.md,
 * section 8). */
#ifndef ODVA_CPU_BASIS_H
#define ODVA_CPU_BASIS_H

#include <stdint.h>

#include "base/layout.h"

#define ODVA_CPU_PAIR_OUTPUTS 16 /* outputs of a product are a multiple of it */

/** Numbers two by two, so that one instruction multiplies both and adds. */
struct odva_basis {
    int count;   /* vectors */
    int outputs; /* count rounded up */
    int16_t mean[ODVA_FRAME_SAMPLES];
    int16_t *forward; /* [192][outputs][2]: samples 2p, 2p + 1 of each vector, 0 beyond count */
    int16_t *inverse; /* [ceil(count / 2)][384][2]: vectors 2p, 2p + 1, an odd last one's is 0 */
};

/**
 * dst[r][o] = sum over p of src[r][2p] w[pair[p]][o][0] + src[r][2p + 1] w[pair[p]][o][1], modulo
 * 2^32.
 */
struct odva_cpu_pairs {
    int32_t *dst;
    const int16_t *src;
    int64_t dst_stride, src_stride;
    int rows;
    const int16_t *weights; /* [..][weight_outputs][2] */
    int weight_outputs;
    const int16_t *pair; /* NULL: p */
    int pairs, outputs;
};

/** @param vectors [count][384] @return NULL when memory ran out */
struct odva_basis *odva_cpu_basis_pack(const int16_t *vectors, int count, const int16_t *mean);
void odva_cpu_basis_free(struct odva_basis *basis);

void odva_cpu_multiply_pairs_c(const struct odva_cpu_pairs *product);

#endif
