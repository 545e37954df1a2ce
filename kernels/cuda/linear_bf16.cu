/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * dst[r] = epilogue(src[r] W^T) with bfloat16 factors: a block makes 128 x 64 numbers, a warp
 * 32 x 32 of them. While some warps multiply, others load what comes next.
 */
#include "kernels/cuda/epilogue.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/warps.cuh"

#define ROWS    ODVA_CUDA_BF16_ROWS
#define COLUMNS ODVA_CUDA_BF16_COLUMNS
#define THREADS ODVA_CUDA_BF16_THREADS
#define PAIRS   (ODVA_CUDA_BF16_DEPTH / 2)
#define STRIDE  (PAIRS + 4) /* keeps lanes out of each other's banks */
#define SHARE   32          /* rows, and columns, of a warp */
#define M       (SHARE / 16)
#define N       (SHARE / 8)

static_assert(ROWS / SHARE * (COLUMNS / SHARE) * WARP == THREADS, "warps make all numbers");
static_assert(COLUMNS * PAIRS == 4 * THREADS, "a thread loads four pairs of weights");

struct alignas(16) quad {
    uint32_t v[4];
};

/** What is multiplied at a time. */
struct tiles {
    alignas(16) uint32_t rows[ROWS][STRIDE];
    alignas(16) uint32_t columns[COLUMNS][STRIDE];
};

/* The numbers from one on of some rows, rounded; 0 beyond the matrix. */
static __device__ __forceinline__ void load_rows(tiles &to, const odva_cuda_linear &a,
                                                 int64_t first_row, int first)
{
    const int pair = threadIdx.x % PAIRS, left = a.n_in - first - 2 * pair;

    for (int r = threadIdx.x / PAIRS; r < ROWS; r += THREADS / PAIRS) {
        const float *from = a.src + (first_row + r) * a.src_stride + first + 2 * pair;
        const int count = first_row + r < a.rows ? left : 0;

        to.rows[r][pair] = bf16_pair(count > 0 ? from[0] : 0.0f, count > 1 ? from[1] : 0.0f);
    }
}

/* The same of weights, which are padded. */
static __device__ __forceinline__ void load_columns(tiles &to, const odva_cuda_linear &a,
                                                    int first_column, int first)
{
    const int column = threadIdx.x / 4, pair = threadIdx.x % 4 * 4;
    const int64_t stride = (a.n_in + ODVA_CUDA_BF16_DEPTH - 1) / ODVA_CUDA_BF16_DEPTH * PAIRS;
    const uint32_t *weights = (const uint32_t *)a.weights;

    *(quad *)&to.columns[column][pair] =
        *(const quad *)&weights[(first_column + column) * stride + first / 2 + pair];
}

static __device__ __forceinline__ void multiply_tiles(float (*sums)[N][4], const tiles &of, int row,
                                                      int column)
{
    const int g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;

    UNROLL for (int k = 0; k < PAIRS; k += 8)
    {
        uint32_t b[N][2];

        UNROLL for (int n = 0; n < N; n++) UNROLL for (int i = 0; i < 2; i++) b[n][i] =
            of.columns[column + 8 * n + g][k + t + 4 * i];
        UNROLL for (int m = 0; m < M; m++)
        {
            uint32_t factors[4];

            UNROLL for (int i = 0; i < 4; i++) factors[i] =
                of.rows[row + 16 * m + g + i % 2 * 8][k + t + i / 2 * 4];
            UNROLL for (int n = 0; n < N; n++) multiply_add_bf16(sums[m][n], factors, b[n]);
        }
    }
}

KERNEL(linear_bf16, linear)
{
    __shared__ tiles shared[2];
    const int64_t first_row = (int64_t)blockIdx.x * ROWS;
    const int first_column = blockIdx.y * COLUMNS;
    const int warp = threadIdx.x / WARP, g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;
    const int row = warp % (ROWS / SHARE) * SHARE, column = warp / (ROWS / SHARE) * SHARE;
    float sums[M][N][4] = {};
    int stage = 0;

    for (int first = 0; first < a.n_in; first += ODVA_CUDA_BF16_DEPTH) {
        load_rows(shared[stage], a, first_row, first);
        load_columns(shared[stage], a, first_column, first);
        __syncthreads();
        multiply_tiles(sums, shared[stage], row, column);
        stage ^= 1;
    }
    UNROLL for (int m = 0; m < M; m++) UNROLL for (int n = 0; n < N; n++)
        UNROLL for (int i = 0; i < 4; i++)
    {
        const int64_t r = first_row + row + 16 * m + g + i / 2 * 8;
        const int c = first_column + column + 8 * n + 2 * t + i % 2;

        if (r < a.rows && c < a.n_out)
            a.dst[r * a.dst_stride + c] = finish(a.epilogue, r, c, sums[m][n][i]);
    }
}
