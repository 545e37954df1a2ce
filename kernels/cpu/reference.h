/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The strict C reference: the same bits from any compiler (with -ffp-contract=off). */
#ifndef ODVA_CPU_REFERENCE_H
#define ODVA_CPU_REFERENCE_H

#include "kernels/cpu/operators.h"

#define ODVA_CPU_C_WIDTH 16 /* numbers that a loop handles side by side */

void odva_cpu_linear_c(const struct odva_cpu_linear *linear, int64_t first_row, int64_t rows,
                       float *scratch);
void odva_cpu_norm_modulate_c(const struct odva_cpu_norm *norm, int64_t first_row, int64_t rows);
void odva_cpu_attention_c(const struct odva_cpu_attention *attention, int window, int head,
                          float *scratch);
size_t odva_cpu_attention_scratch_c(int max_length, int head_dim);
void odva_cpu_warp_c(const struct odva_cpu_warp *warp, int first_row, int rows);
void odva_cpu_downscale2x_c(const struct odva_cpu_downscale2x *downscale2x, int first_row,
                            int rows);
void odva_cpu_structure_tensors_c(const struct odva_cpu_structure_tensors *job, int first_row,
                                  int rows);

void odva_cpu_read_block_c(float *dst, const struct odva_cpu_block *block, const uint8_t *data,
                           ptrdiff_t stride);
void odva_cpu_write_block_c(uint8_t *data, ptrdiff_t stride, const struct odva_cpu_block *block,
                            const float *src);
void odva_cpu_transform_c(float *restrict dst, const float *restrict src,
                          const float matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], int n,
                          int64_t length);

/* What the clipped step across a border moves the samples on each side of it, nearest first, in
 * 1/128 of it; and of the step from the nearest one to that beside it, what moves the nearest. */
#define ODVA_CPU_DEBLOCK_REACH 4
#define ODVA_CPU_DEBLOCK_WEIGHTS                                                                   \
    {                                                                                              \
        56, 30, 14, 5                                                                              \
    }
#define ODVA_CPU_DEBLOCK_BESIDE 30

/** First row of a band: each has the rows half a side above and below the border band * side. */
static inline int odva_cpu_deblock_top(const struct odva_cpu_filter *job, int band)
{
    const int top = band * job->side - job->side / 2;

    return top < 0 ? 0 : top < job->height ? top : job->height;
}

/** What of a step counts across the border between columns before token (row, column). */
static inline int odva_cpu_deblock_column_limit(const struct odva_cpu_filter *job, int row,
                                                int column)
{
    const uint8_t *token = job->kept ? job->kept + (ptrdiff_t)row * job->columns + column : NULL;

    return token && token[0] && token[-1] ? 0 : job->limit;
}

/** Likewise across the border above it. */
static inline int odva_cpu_deblock_row_limit(const struct odva_cpu_filter *job, int row, int column)
{
    const uint8_t *token = job->kept ? job->kept + (ptrdiff_t)row * job->columns + column : NULL;

    return token && token[0] && token[-job->columns] ? 0 : job->limit;
}

/** Deblock one line across a border. @param at its first sample behind it @param distance of
 * samples @param limit 0: nothing changes */
void odva_cpu_deblock_border(uint8_t *at, ptrdiff_t distance, int limit);
/** Deblock rows across the borders between columns. */
void odva_cpu_deblock_columns(const struct odva_cpu_filter *job, int first_row, int end_row);
/** All of some bands; columns does what odva_cpu_deblock_columns() does, row deblocks the border
 * above a row in all columns. */
void odva_cpu_deblock_bands(const struct odva_cpu_filter *job, int first_band, int bands,
                            void (*columns)(const struct odva_cpu_filter *job, int first_row,
                                            int end_row),
                            void (*row)(const struct odva_cpu_filter *job, int border));
void odva_cpu_deblock_c(const struct odva_cpu_filter *job, int first_band, int bands);

/* What the differences to the four samples at distance 1, and to those at distance 2, move a
 * sample, in 1/128. What four count together is a signed byte. */
#define ODVA_CPU_SMOOTH_NEAR   14
#define ODVA_CPU_SMOOTH_FAR    11
#define ODVA_CPU_SMOOTH_REACH  2
#define ODVA_CPU_SMOOTH_MARGIN 80 /* of lines' memory, on both sides */

/** Bytes that smooth works in. @param width of the plane */
size_t odva_cpu_smooth_scratch(int width, int sample_bytes);
/** A plane, run by run of samples that are not kept.
 * @param run smooths count samples of a row: lines are that row as it was and the two above and the
 * two below it, from the run on; their edges are repeated, and memory reaches
 * ODVA_CPU_SMOOTH_MARGIN bytes further on both sides */
void odva_cpu_smooth_plane(const struct odva_cpu_filter *job, uint8_t *scratch,
                           void (*run)(uint8_t *dst, const uint8_t *const *lines, int count,
                                       int limit));
void odva_cpu_smooth_c(const struct odva_cpu_filter *job, uint8_t *scratch);

/** Sum of ODVA_CPU_C_WIDTH partial sums in a fixed order. */
static inline float odva_cpu_tree_sum(float *partial)
{
    for (int half = ODVA_CPU_C_WIDTH / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            partial[j] += partial[j + half];
    return partial[0];
}

#endif
