/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * softmax(q k^T / sqrt(head_dim)) v in float32: a warp makes a query of a window and head. Keys
 * come by tiles, one for each lane; sums so far are scaled where a larger score appears.
 */
#include "kernels/cuda/rotated.cuh"
#include "kernels/cuda/warps.cuh"

#define QUERIES  ODVA_CUDA_ATTENTION_QUERIES
#define MOST_DIM ODVA_CUDA_MOST_HEAD_DIM

/* Some entries' q or k, 0 beyond the last one. */
static __device__ void load_rows(float *to, int stride, const odva_cuda_attention &a, int count,
                                 int first, int end, int part)
{
    for (int i = threadIdx.x; i < count * a.head_dim; i += blockDim.x) {
        const int entry = first + i / a.head_dim, d = i % a.head_dim;

        to[i / a.head_dim * stride + d] = entry < end ? rotated(a, entry, part, d) : 0.0f;
    }
}

/* In the order of the C reference: scores may be large, and what they lose by rounding, too. */
static __device__ float score_of(const odva_cuda_attention &a, const float *query, const float *key)
{
    float sum = 0;

    for (int d = 0; d < a.head_dim; d++)
        sum += query[d] * key[d];
    return sum * a.factor;
}

/* Add the weighted values of count entries; lane i makes every 32nd number from i on. */
static __device__ void add_values(float *sums, const odva_cuda_attention &a, float weight,
                                  int first, int count, int lane)
{
    for (int k = 0; k < count; k++) {
        const float w = __shfl_sync(ALL_LANES, weight, k);
        const float *value = part_of(a, first + k, 2);

        for (int i = 0; i < MOST_DIM / WARP; i++)
            if (lane + WARP * i < a.head_dim)
                sums[i] += w * value[lane + WARP * i];
    }
}

KERNEL(attention, attention)
{
    __shared__ float queries[QUERIES * MOST_DIM];
    __shared__ float keys[WARP * (MOST_DIM + 1)]; /* keeps rows out of each other's banks */
    const int window = blockIdx.x / a.blocks, begin = a.begin[window], end = a.begin[window + 1];
    const int first_query = begin + blockIdx.x % a.blocks * QUERIES;
    const int lane = threadIdx.x % WARP, query = threadIdx.x / WARP;
    float sums[MOST_DIM / WARP] = {}, largest = -INFINITY, total = 0;

    if (first_query >= end)
        return;
    load_rows(queries, a.head_dim, a, QUERIES, first_query, end, 0);
    for (int first = begin; first < end; first += WARP) {
        const int count = smaller(WARP, end - first);
        const float before = largest;
        float score, weight;

        __syncthreads();
        load_rows(keys, a.head_dim + 1, a, count, first, end, 1);
        __syncthreads();
        score = lane < count
                    ? score_of(a, queries + query * a.head_dim, keys + lane * (a.head_dim + 1))
                    : -INFINITY;
        largest = fmaxf(largest, largest_of_warp(score));
        weight = expf(score - largest);
        total = total * expf(before - largest) + sum_of_warp(weight);
        for (int i = 0; i < MOST_DIM / WARP; i++)
            sums[i] *= expf(before - largest);
        add_values(sums, a, weight, first, count, lane);
    }
    for (int i = 0; i < MOST_DIM / WARP; i++)
        if (first_query + query < end && lane + WARP * i < a.head_dim)
            a.dst[a.rows[first_query + query] * a.dst_stride + blockIdx.y * a.head_dim + lane +
                  WARP * i] = sums[i] / total;
}
