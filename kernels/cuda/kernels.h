/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The kernels, and what each is given: one structure, whose pointers are addresses on the device.
 * Host and device share this file, so that it is C11 and C++17.
 */
#ifndef ODVA_CUDA_KERNELS_H
#define ODVA_CUDA_KERNELS_H

#include <stdint.h>

#include "base/layout.h"
#include "onedva/onedva.h"

/** Files of kernels, those of tensor cores apart: for capability ODVA_CUDA_BF16_CAPABILITY on. */
#define ODVA_CUDA_MODULES(MODULE)                                                                  \
    ODVA_CUDA_BF16_MODULES(MODULE)                                                                 \
    MODULE(attention)                                                                              \
    MODULE(axpby)                                                                                  \
    MODULE(dct)                                                                                    \
    MODULE(deblock)                                                                                \
    MODULE(downscale2x)                                                                            \
    MODULE(linear)                                                                                 \
    MODULE(noise)                                                                                  \
    MODULE(norm_modulate)                                                                          \
    MODULE(patchify)                                                                               \
    MODULE(project)                                                                                \
    MODULE(reconstruct)                                                                            \
    MODULE(scan)                                                                                   \
    MODULE(smooth)                                                                                 \
    MODULE(structure_tensors)                                                                      \
    MODULE(unpatchify)                                                                             \
    MODULE(warp)

#define ODVA_CUDA_BF16_MODULES(MODULE)                                                             \
    MODULE(attention_bf16)                                                                         \
    MODULE(linear_bf16)                                                                            \
    MODULE(product_rows)

#define ODVA_CUDA_BF16_CAPABILITY 80

/** File, kernel and the structure that it is given. */
#define ODVA_CUDA_KERNELS(KERNEL)                                                                  \
    KERNEL(attention, attention, attention)                                                        \
    KERNEL(attention_bf16, attention_bf16_64, attention)                                           \
    KERNEL(attention_bf16, attention_bf16_128, attention)                                          \
    KERNEL(axpby, axpby, axpby)                                                                    \
    KERNEL(dct, dct_forward, dct)                                                                  \
    KERNEL(dct, dct_inverse, dct)                                                                  \
    KERNEL(deblock, deblock_columns, deblock)                                                      \
    KERNEL(deblock, deblock_rows, deblock)                                                         \
    KERNEL(downscale2x, downscale2x, downscale2x)                                                  \
    KERNEL(linear, linear, linear)                                                                 \
    KERNEL(linear_bf16, linear_bf16, linear)                                                       \
    KERNEL(noise, noise, noise)                                                                    \
    KERNEL(norm_modulate, norm_modulate, norm_modulate)                                            \
    KERNEL(patchify, patchify, patchify)                                                           \
    KERNEL(product_rows, finish_rows, finish_rows)                                                 \
    KERNEL(product_rows, round_rows, round_rows)                                                   \
    KERNEL(project, project, project)                                                              \
    KERNEL(reconstruct, reconstruct, reconstruct)                                                  \
    KERNEL(scan, scan_to_latents, scan)                                                            \
    KERNEL(scan, scan_to_numbers, scan)                                                            \
    KERNEL(smooth, smooth, smooth)                                                                 \
    KERNEL(structure_tensors, structure_tensors, structure_tensors)                                \
    KERNEL(unpatchify, unpatchify, unpatchify)                                                     \
    KERNEL(warp, warp, warp)

#define ODVA_CUDA_THREADS     128 /* of a block whose threads do not speak to each other */
#define ODVA_CUDA_WORDS       384 /* of four samples, of a patch */
#define ODVA_CUDA_FRAME_WORDS 96  /* of a token in a frame */
#define ODVA_CUDA_DCT_MAX     8   /* longest axis of a transform */
#define ODVA_CUDA_ORDER_BITS  11  /* of k in the order of a scan: ODVA_ORDER_BITS */

/** A picture. Rows of a plane begin at addresses that four divides, and have room for whole words
 * of four samples. */
struct odva_cuda_picture {
    uint8_t *planes[3]; /* of chroma: NULL where it has none */
    int32_t stride[2];  /* bytes, of luma and of chroma */
};

/** Pictures of a clip. */
struct odva_cuda_pictures {
    struct odva_cuda_picture at[ONEDVA_MAX_CLIP_FRAMES];
};

/** The tokens of a clip. */
struct odva_cuda_grid {
    int32_t frames, width, height, rows, columns;
};

/* ---- pictures ---------------------------------------------------------------------------- */

/** Blocks: patches. */
struct odva_cuda_patchify {
    struct odva_cuda_pictures pictures;
    struct odva_cuda_grid grid;
    const int32_t *position;
    float *dst;
    int64_t stride;
};

/** Blocks: patches. */
struct odva_cuda_unpatchify {
    struct odva_cuda_pictures pictures;
    struct odva_cuda_grid grid;
    const int32_t *position;
    const float *src;
    int64_t stride;
};

/** Threads: blocks of 4x4 samples, frames, planes. */
struct odva_cuda_warp {
    struct odva_cuda_pictures pictures, sources;
    int32_t width, height, source_width, source_height;
    int32_t left, top;
    int32_t log2_spacing, columns, rows;
    const int16_t *nodes;
};

/** Threads: words, 1, planes. */
struct odva_cuda_downscale2x {
    struct odva_cuda_picture dst, src;
    int32_t width, height; /* of src */
};

/** Threads: of columns a row of a border each, of rows a word of one; frames, planes. */
struct odva_cuda_deblock {
    struct odva_cuda_pictures pictures;
    int32_t width, height, columns; /* columns: of tokens */
    int32_t limit;
    const uint8_t *kept; /* of each token; may be NULL */
};

/** Threads: words, frames, planes. */
struct odva_cuda_smooth {
    struct odva_cuda_pictures pictures, sources;
    int32_t width, height, columns; /* columns: of tokens */
    int32_t limit;
    const uint8_t *kept; /* of each token; may be NULL */
};

/** Threads: blocks of 4x4 samples. */
struct odva_cuda_structure_tensors {
    struct odva_cuda_picture a, b;
    int32_t width, height;
    int32_t *dst;
};

/* ---- linear path ------------------------------------------------------------------------- */

/** What kernels look up: [n][f][i], orthonormal DCT-II of n numbers, and rounded to 1/65536. */
struct odva_cuda_tables {
    float forward[ODVA_CUDA_DCT_MAX + 1][ODVA_CUDA_DCT_MAX][ODVA_CUDA_DCT_MAX];
    int32_t exact[ODVA_CUDA_DCT_MAX + 1][ODVA_CUDA_DCT_MAX][ODVA_CUDA_DCT_MAX];
};

/** A pair of numbers of a basis. */
struct odva_cuda_pair {
    int16_t first, second;
};

/** Blocks: patches. */
struct odva_cuda_project {
    struct odva_cuda_pictures pictures;
    struct odva_cuda_grid grid;
    const int32_t *position;
    const int16_t *mean;
    const struct odva_cuda_pair *forward; /* [192][vectors]: samples 2p, 2p + 1 of each */
    int32_t vectors;
    int32_t band_count[ODVA_BANDS];
    float unit; /* what a sum is in */
    float *coefs;
    int64_t stride;
};

/** A tile of a transform. */
struct odva_cuda_tile {
    const int32_t *rows, *order; /* as in odva_dct_tile */
    void *latents;               /* the tile's first one, of 32 bits */
    const float *coefs;          /* the tile's first one */
    void *numbers;               /* [nt][ny][nx][basis] at work, of 32 bits */
    int32_t nt, ny, nx, y0, x0, coefficients, is_predicted;
};

/** Threads: coefficients, in steps of the grid; tiles. */
struct odva_cuda_scan {
    const struct odva_cuda_tile *tiles;
    int32_t basis;
};

/** Threads: lines along an axis, in steps of the grid; tiles. */
struct odva_cuda_dct {
    const struct odva_cuda_tile *tiles;
    const struct odva_cuda_tables *tables;
    int32_t basis;
    int32_t axis; /* 0: t, 1: y, 2: x */
};

/** Blocks: patches, in steps of the grid; tiles. */
struct odva_cuda_reconstruct {
    struct odva_cuda_pictures pictures;
    struct odva_cuda_picture prediction;
    struct odva_cuda_grid grid;
    const struct odva_cuda_tile *tiles;
    const int16_t *mean, *inverse; /* inverse: [vectors][384] */
    int32_t band_count[ODVA_BANDS];
};

/* ---- networks ---------------------------------------------------------------------------- */

#define ODVA_CUDA_LINEAR_TILE    64 /* rows and columns that a block makes */
#define ODVA_CUDA_LINEAR_THREADS 256

/* The same with bfloat16 factors, whose weights are padded to whole tiles by zeros. */
#define ODVA_CUDA_BF16_ROWS    128
#define ODVA_CUDA_BF16_COLUMNS 64
#define ODVA_CUDA_BF16_DEPTH   32 /* of what is multiplied at a time */
#define ODVA_CUDA_BF16_THREADS 256

/** What follows a product, as odva_epilogue has it; what there is none of is NULL. */
struct odva_cuda_epilogue {
    const float *bias, *gate, *add;
    const int32_t *gate_row, *add_row;
    int64_t gate_stride, add_stride;
    int32_t activation; /* enum odva_cuda_activation */
};

enum odva_cuda_activation {
    ODVA_CUDA_ACTIVATION_NONE,
    ODVA_CUDA_ACTIVATION_GELU,
    ODVA_CUDA_ACTIVATION_SILU,
};

/** Blocks: tiles of rows, tiles of columns; of ODVA_CUDA_LINEAR_THREADS or _BF16_THREADS. */
struct odva_cuda_linear {
    float *dst;
    const float *src;
    const void *weights; /* [n_out][n_in], float or, padded, bfloat16 */
    int64_t dst_stride, src_stride, rows;
    int32_t n_in, n_out;
    struct odva_cuda_epilogue epilogue;
};

/** Threads: pairs of numbers, rows in steps of the grid. */
struct odva_cuda_round_rows {
    uint32_t *dst; /* rows of bfloat16, stride of them each, an even number */
    const float *src;
    int64_t src_stride, rows;
    int32_t width, stride;
};

/** Threads: columns, rows in steps of the grid. */
struct odva_cuda_finish_rows {
    float *dst;
    const float *sums;
    int64_t dst_stride, sums_stride, rows;
    int32_t columns;
    struct odva_cuda_epilogue epilogue;
};

#define ODVA_CUDA_MOST_HEAD_DIM     256
#define ODVA_CUDA_ATTENTION_QUERIES 8 /* of a block, a warp each */

/* The same with bfloat16 factors. */
#define ODVA_CUDA_BF16_HEAD_DIM 128
#define ODVA_CUDA_BF16_QUERIES  64 /* of a block, 16 a warp */

/** Blocks: of each window one after the other, those that its queries want; heads. */
struct odva_cuda_attention {
    float *dst;
    const float *qkv, *cosines, *sines;
    const int32_t *begin, *rows, *rope; /* as in odva_windows; begin: of the first window */
    int64_t dst_stride, qkv_stride;
    int32_t blocks; /* of the longest window */
    int32_t heads, head_dim;
    float factor; /* of scores */
};

/** Threads: columns, rows in steps of the grid. */
struct odva_cuda_axpby {
    float *dst;
    const float *x, *y;
    int64_t dst_stride, x_stride, y_stride;
    int64_t rows;
    int32_t columns;
    float a, b;
};

/** Blocks: rows. */
struct odva_cuda_norm_modulate {
    float *dst;
    const float *src, *shift, *scale; /* shift NULL: neither */
    const int32_t *row;
    int64_t dst_stride, src_stride, shift_stride, scale_stride;
    int32_t width;
};

/** Threads: four numbers of a row; rows in steps of the grid. */
struct odva_cuda_noise {
    float *dst;
    const int32_t *position;
    int64_t stride, rows;
    uint64_t seed;
    uint32_t step;
};

#endif
