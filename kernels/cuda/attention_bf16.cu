/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * softmax(q k^T / sqrt(head_dim)) v with bfloat16 factors: a warp makes 16 queries of a window and
 * head. Keys come by tiles of 32; sums so far are scaled where a larger score appears. Scores come
 * out of one product as the next one takes its rows.
 */
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/rotated.cuh"
#include "kernels/cuda/warps.cuh"

#define KEYS 32
#define N    (KEYS / 8) /* products for scores of a tile */

/* Columns of keys, and rows of their values, that a block shares: in pairs of dimensions, and in
 * pairs of keys; strides that keep lanes out of each other's banks. */
#define KEY_STRIDE(dim)  (dim / 2 + 4)
#define KEY_PAIRS(dim)   (KEYS * KEY_STRIDE(dim))
#define VALUE_STRIDE     (KEYS / 2 + 4)
#define VALUE_PAIRS(dim) (dim * VALUE_STRIDE)

/** What a warp knows of its queries: g and g + 8 of a lane. */
template <int DIM> struct state {
    uint32_t queries[DIM / 16][4];
    float sums[DIM / 8][4];
    float largest[2], totals[2];
};

/* Two dimensions of an entry's q or k. */
static __device__ __forceinline__ uint32_t rotated_pair(const odva_cuda_attention &a, int entry,
                                                        int part, int d)
{
    return bf16_pair(rotated(a, entry, part, d), rotated(a, entry, part, d + 1));
}

template <int DIM>
static __device__ __forceinline__ void begin_queries(state<DIM> &s, const odva_cuda_attention &a,
                                                     int first, int end)
{
    const int g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;

    UNROLL for (int c = 0; c < DIM / 16; c++) UNROLL for (int i = 0; i < 4; i++)
    {
        const int entry = first + g + i % 2 * 8, d = 16 * c + 2 * t + i / 2 * 8;

        s.queries[c][i] = entry < end && d < a.head_dim ? rotated_pair(a, entry, 0, d) : 0;
    }
    UNROLL for (int n = 0; n < DIM / 8; n++) UNROLL for (int i = 0; i < 4; i++) s.sums[n][i] = 0;
    UNROLL for (int h = 0; h < 2; h++)
    {
        s.largest[h] = -INFINITY;
        s.totals[h] = 0;
    }
}

static __device__ __forceinline__ void load_keys(uint32_t *keys, int stride,
                                                 const odva_cuda_attention &a, int first, int end)
{
    const int pairs = a.head_dim / 2;

    for (int i = threadIdx.x; i < KEYS * pairs; i += blockDim.x) {
        const int entry = first + i / pairs, p = i % pairs;

        keys[i / pairs * stride + p] = entry < end ? rotated_pair(a, entry, 1, 2 * p) : 0;
    }
}

static __device__ __forceinline__ void load_values(uint32_t *values, const odva_cuda_attention &a,
                                                   int first, int end)
{
    for (int i = threadIdx.x; i < KEYS / 2 * a.head_dim; i += blockDim.x) {
        const int entry = first + i / a.head_dim * 2, d = i % a.head_dim;

        values[d * VALUE_STRIDE + i / a.head_dim] =
            bf16_pair(entry < end ? part_of(a, entry, 2)[d] : 0.0f,
                      entry + 1 < end ? part_of(a, entry + 1, 2)[d] : 0.0f);
    }
}

/* Of so many keys; those beyond have none. */
template <int DIM>
static __device__ __forceinline__ void score(float (*scores)[4], const state<DIM> &s,
                                             const odva_cuda_attention &a, const uint32_t *keys,
                                             int count)
{
    const int g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;

    UNROLL for (int n = 0; n < N; n++)
    {
        const uint32_t *key = keys + (8 * n + g) * KEY_STRIDE(DIM) + t;

        UNROLL for (int i = 0; i < 4; i++) scores[n][i] = 0;
        UNROLL for (int c = 0; c < DIM / 16; c++) if (16 * c < a.head_dim)
        {
            const uint32_t b[2] = {key[8 * c], key[8 * c + 4]};

            multiply_add_bf16(scores[n], s.queries[c], b);
        }
        UNROLL for (int i = 0; i < 4; i++) scores[n][i] =
            8 * n + 2 * t + i % 2 < count ? scores[n][i] * a.factor : -INFINITY;
    }
}

/* Scores to weights, of which those of a query are in the four lanes of a g. */
template <int DIM> static __device__ __forceinline__ void weigh(float (*scores)[4], state<DIM> &s)
{
    UNROLL for (int h = 0; h < 2; h++)
    {
        float largest = s.largest[h], scale;

        UNROLL for (int n = 0; n < N; n++) largest =
            fmaxf(largest, fmaxf(scores[n][2 * h], scores[n][2 * h + 1]));
        largest = fmaxf(largest, __shfl_xor_sync(ALL_LANES, largest, 1));
        largest = fmaxf(largest, __shfl_xor_sync(ALL_LANES, largest, 2));
        scale = expf(s.largest[h] - largest);
        s.largest[h] = largest;
        s.totals[h] *= scale;
        UNROLL for (int n = 0; n < DIM / 8; n++) UNROLL for (int i = 2 * h; i < 2 * h + 2; i++)
            s.sums[n][i] *= scale;
        UNROLL for (int n = 0; n < N; n++) UNROLL for (int i = 2 * h; i < 2 * h + 2; i++)
        {
            scores[n][i] = expf(scores[n][i] - largest);
            s.totals[h] += scores[n][i];
        }
    }
}

template <int DIM>
static __device__ __forceinline__ void
add_values(state<DIM> &s, float (*weights)[4], const odva_cuda_attention &a, const uint32_t *values)
{
    const int g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;

    UNROLL for (int c = 0; c < KEYS / 16; c++)
    {
        uint32_t rows[4];

        UNROLL for (int i = 0; i < 4; i++) rows[i] =
            bf16_pair(weights[2 * c + i / 2][i % 2 * 2], weights[2 * c + i / 2][i % 2 * 2 + 1]);
        UNROLL for (int n = 0; n < DIM / 8; n++) if (8 * n < a.head_dim)
        {
            const uint32_t *value = values + (8 * n + g) * VALUE_STRIDE + 8 * c + t;
            const uint32_t b[2] = {value[0], value[4]};

            multiply_add_bf16(s.sums[n], rows, b);
        }
    }
}

template <int DIM>
static __device__ __forceinline__ void end_queries(const state<DIM> &s,
                                                   const odva_cuda_attention &a, int first, int end)
{
    const int g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;

    UNROLL for (int h = 0; h < 2; h++)
    {
        const int entry = first + g + 8 * h;
        float total = s.totals[h];

        total += __shfl_xor_sync(ALL_LANES, total, 1);
        total += __shfl_xor_sync(ALL_LANES, total, 2);
        UNROLL for (int n = 0; n < DIM / 8; n++) UNROLL for (int i = 0; i < 2; i++)
        {
            const int d = 8 * n + 2 * t + i;

            if (entry < end && d < a.head_dim)
                a.dst[a.rows[entry] * a.dst_stride + blockIdx.y * a.head_dim + d] =
                    s.sums[n][2 * h + i] / total;
        }
    }
}

/* @param keys, values shared */
template <int DIM>
static __device__ __forceinline__ void attend(const odva_cuda_attention &a, uint32_t *keys,
                                              uint32_t *values)
{
    const int window = blockIdx.x / a.blocks, begin = a.begin[window], end = a.begin[window + 1];
    const int first_of_block = begin + blockIdx.x % a.blocks * ODVA_CUDA_BF16_QUERIES;
    const int first_query = first_of_block + threadIdx.x / WARP * 16;
    state<DIM> s;

    if (first_of_block >= end)
        return;
    begin_queries(s, a, first_query, end);
    for (int first = begin; first < end; first += KEYS) {
        float scores[N][4];

        __syncthreads();
        load_keys(keys, KEY_STRIDE(DIM), a, first, end);
        load_values(values, a, first, end);
        __syncthreads();
        score(scores, s, a, keys, end - first);
        weigh(scores, s);
        add_values(s, scores, a, values);
    }
    end_queries(s, a, first_query, end);
}

KERNEL(attention_bf16_64, attention)
{
    __shared__ uint32_t keys[KEY_PAIRS(64)], values[VALUE_PAIRS(64)];

    attend<64>(a, keys, values);
}

KERNEL(attention_bf16_128, attention)
{
    __shared__ uint32_t keys[KEY_PAIRS(128)], values[VALUE_PAIRS(128)];

    attend<128>(a, keys, values);
}
