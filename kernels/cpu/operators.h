/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The operators that have several CPU versions, and what they work on. */
#ifndef ODVA_CPU_OPERATORS_H
#define ODVA_CPU_OPERATORS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/backend.h"
#include "kernels/cpu/basis.h"

#define ODVA_CPU_ALIGN 64

/**
 * A matrix [n_out][n_in] as panels of panel_width outputs, each [n_in][panel_width]: one step along
 * n_in reads consecutive numbers. Outputs beyond n_out are 0. Or the same rounded to bfloat16, with
 * the inputs two by two: panels are [ceil(n_in / 2)][panel_width][2], an odd last input's pair is
 * 0. Or to 8 bits, four by four: panels are [ceil(n_in / 4)][panel_width][4].
 */
struct odva_weights {
    int n_out, n_in;
    int panel_width;
    /* one of these three, aligned to ODVA_CPU_ALIGN; the others are NULL */
    float *panels;
    uint16_t *pairs;
    int8_t *bytes;
    float *scale;   /* with bytes: what a step of an output's weights is worth, 0 beyond n_out */
    int32_t *start; /* with bytes: -128 times the sum of an output's */
};

#define ODVA_CPU_INT8_MAX   127.0f /* so that there are as many steps to both sides of 0 */
#define ODVA_CPU_INT8_LEAST 1e-30f /* numbers all below it are 0; above it, inverses are finite */

/** Bytes in a row somewhere in memory. */
struct odva_cpu_range {
    const void *data;
    int64_t bytes; /* 0: none */
};

/** odva_backend_ops.linear with plain pointers. */
struct odva_cpu_linear {
    float *dst;
    const float *src;
    uint16_t *rounded_dst;       /* not NULL: of bfloat16, instead of dst */
    const uint16_t *rounded_src; /* not NULL: of bfloat16, instead of src; weights are rounded */
    int64_t dst_stride, src_stride;
    const struct odva_weights *weights;
    const float *bias; /* NULL: none */
    enum odva_activation activation;
    const float *gate; /* NULL: none */
    int64_t gate_stride;
    const int32_t *gate_row;
    const float *add; /* NULL: none */
    int64_t add_stride;
    const int32_t *add_row;      /* NULL: the same row */
    struct odva_cpu_range ahead; /* wanted after these rows, to be asked for meanwhile */
};

/** odva_backend_ops.norm_modulate with plain pointers. */
struct odva_cpu_norm {
    float *dst;
    const float *src;
    int64_t dst_stride, src_stride;
    int width;
    const float *shift, *scale; /* NULL: neither */
    int64_t shift_stride, scale_stride;
    const int32_t *row;
};

/** odva_backend_ops.attention with plain pointers. */
struct odva_cpu_attention {
    float *dst;
    const float *qkv;
    uint16_t *rounded_dst;       /* of bfloat16, instead of dst */
    const uint16_t *rounded_qkv; /* of bfloat16, instead of qkv; both or none, not if exact */
    int64_t dst_stride, qkv_stride;
    int heads, head_dim;
    enum odva_precision precision;
    const float *cosines, *sines;
    const int32_t *begin, *rows, *rope;
};

/** One plane of one frame of odva_backend_ops.warp; samples are those of the plane. */
struct odva_cpu_warp {
    uint8_t *dst;
    const uint8_t *src;
    ptrdiff_t dst_stride, src_stride;
    int width, height;
    int source_width, source_height;
    int left, top;
    int chroma; /* 1: half of the nodes' resolution */
    int log2_spacing, columns, rows;
    const int16_t (*nodes)[2]; /* [rows][columns]; the last ones go on where some are missing */
};

/** odva_backend_ops.downscale2x. */
struct odva_cpu_downscale2x {
    uint8_t *dst;
    const uint8_t *src;
    ptrdiff_t dst_stride, src_stride;
    int width, height; /* of src */
};

/** odva_backend_ops.structure_tensors. */
struct odva_cpu_structure_tensors {
    struct odva_structure_tensor *tensors;
    const uint8_t *a, *b;
    ptrdiff_t a_stride, b_stride;
    int width, height;
};

/** One plane of one frame of odva_backend_ops.deblock or .smooth. */
struct odva_cpu_filter {
    uint8_t *plane;
    int sample_bytes;
    ptrdiff_t stride;
    int width, height;
    int side;            /* of a token's part of the plane */
    int limit;           /* as of the operator */
    const uint8_t *kept; /* likewise */
    int columns;         /* of kept */
};

/** The part of a plane that belongs to a token, some of which may lie outside of it. */
struct odva_cpu_block {
    int x, y, side;    /* samples of the plane */
    int width, height; /* of the plane */
};

#define ODVA_CPU_DCT_MAX 8 /* longest axis of a transform */

struct odva_cpu_wide_operators; /* kernels/cpu/wide.h */

/** [side][side] numbers of a block's samples. */
typedef void (*odva_cpu_read_block_fn)(float *dst, const struct odva_cpu_block *block,
                                       const uint8_t *data, ptrdiff_t stride);
typedef void (*odva_cpu_write_block_fn)(uint8_t *data, ptrdiff_t stride,
                                        const struct odva_cpu_block *block, const float *src);

/** One instruction set's versions. Results do not depend on how rows are cut into calls. */
struct odva_cpu_operators {
    const char *name;
    const struct odva_cpu_wide_operators *wide; /* the same of pictures of more than 8 bits */
    int panel_width;
    /* of networks */
    enum onedva_precision linear_precision, attention_precision;
    enum odva_element network_element; /* BFLOAT16: linear and attention take it besides floats */
    /** @param scratch linear_scratch() floats, aligned */
    void (*linear)(const struct odva_cpu_linear *linear, int64_t first_row, int64_t rows,
                   float *scratch);
    size_t (*linear_scratch)(int n_in); /* NULL: none */
    void (*norm_modulate)(const struct odva_cpu_norm *norm, int64_t first_row, int64_t rows);
    /** One head of one window. @param scratch attention_scratch() floats, aligned */
    void (*attention)(const struct odva_cpu_attention *attention, int window, int head,
                      float *scratch);
    size_t (*attention_scratch)(int max_length, int head_dim);
    /* Integers only: the same in all versions. */
    void (*warp)(const struct odva_cpu_warp *warp, int first_row, int rows); /* of blocks */
    void (*downscale2x)(const struct odva_cpu_downscale2x *downscale2x, int first_row,
                        int rows); /* of dst */
    void (*structure_tensors)(const struct odva_cpu_structure_tensors *job, int first_row,
                              int rows); /* of blocks */
    void (*deblock)(const struct odva_cpu_filter *job, int first_band, int bands);
    /** @param scratch odva_cpu_smooth_scratch() bytes */
    void (*smooth)(const struct odva_cpu_filter *job, uint8_t *scratch);
    void (*multiply_pairs)(const struct odva_cpu_pairs *product);
    /** A patch's samples [4][384] to its bands [4][384], in 1/8 of a sample's step. */
    void (*split_bands)(int16_t *restrict bands, const uint8_t *restrict samples,
                        const int16_t *restrict mean);
    /** Sums [4][384] of the basis to samples; at rest: those of band 0 only, all frames the same.
     */
    void (*join_bands)(uint8_t *restrict samples, const int32_t *restrict sums,
                       const int16_t *restrict mean, int is_at_rest);
    /** dst[i] = (sum over f < inputs of matrix[f][i] src[f] + 2^15) >> 16 for i < n, on vectors of
     * length numbers, a multiple of 16. */
    void (*inverse_transform)(int32_t *restrict dst, const int32_t *restrict src,
                              const int32_t matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], int n,
                              int inputs, int64_t length);
    /* the same in all versions */
    odva_cpu_read_block_fn read_block;
    odva_cpu_write_block_fn write_block;
    /** dst[o] = sum over i of matrix[o][i] src[i], on n vectors of length numbers. */
    void (*transform)(float *restrict dst, const float *restrict src,
                      const float matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], int n,
                      int64_t length);
};

extern const struct odva_cpu_operators odva_cpu_operators_c;
extern const struct odva_cpu_operators odva_cpu_operators_avx2;
extern const struct odva_cpu_operators odva_cpu_operators_avx512;
extern const struct odva_cpu_operators odva_cpu_operators_avx512vnni;
extern const struct odva_cpu_operators odva_cpu_operators_avx512bf16;
extern const struct odva_cpu_operators odva_cpu_operators_avx512bf16vnni;
extern const struct odva_cpu_operators odva_cpu_operators_neon;

/**
 * The fastest versions that this processor runs and the build has, with factors no coarser than
 * precision: where there are several, they are measured, once a process for each precision. The
 * environment variable ONEDVA_CPU (c, avx2, avx512, avx512bf16, avx512vnni, avx512bf16vnni, neon)
 * names others, of whatever precision.
 * @param logger NULL, or told at ONEDVA_LOG_DEBUG what was measured
 * @return NULL when that names one that cannot run here
 */
const struct odva_cpu_operators *odva_cpu_operators_choose(int bitexact,
                                                           enum onedva_precision precision,
                                                           const struct onedva_logger *logger);

/** @return NULL when memory ran out */
struct odva_weights *odva_cpu_weights_pack(const float *weights, int n_out, int n_in,
                                           enum odva_precision precision,
                                           const struct odva_cpu_operators *operators);
void odva_cpu_weights_free(struct odva_weights *weights);

void *odva_cpu_alloc(size_t bytes); /* aligned to ODVA_CPU_ALIGN */

static inline int odva_cpu_round_up(int n, int multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

#endif
