/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* dst[r] = epilogue(src[r] W^T) in float32: a block makes 64 x 64 numbers, a thread 4 x 4 of them.
 */
#include "kernels/cuda/epilogue.cuh"

#define TILE    ODVA_CUDA_LINEAR_TILE
#define DEPTH   16
#define THREADS ODVA_CUDA_LINEAR_THREADS
#define SHARE   4          /* rows, and columns, of a thread */
#define STRIDE  (TILE + 4) /* keeps threads that write out of each other's banks */

static_assert(TILE * TILE == THREADS * SHARE * SHARE, "threads make all numbers");

/* The numbers first .. first + DEPTH - 1 of some rows, 0 beyond the matrix. */
static __device__ __forceinline__ void load_tile(float (*tile)[STRIDE], const float *matrix,
                                                 int64_t stride, int64_t rows, int n_in, int first)
{
    const int k = threadIdx.x % DEPTH;

    for (int r = threadIdx.x / DEPTH; r < TILE; r += THREADS / DEPTH)
        tile[k][r] = r < rows && first + k < n_in ? matrix[r * stride + first + k] : 0.0f;
}

static __device__ __forceinline__ void multiply_tiles(float (*sums)[SHARE], float (*rows)[STRIDE],
                                                      float (*columns)[STRIDE], int y, int x)
{
    for (int k = 0; k < DEPTH; k++)
        for (int r = 0; r < SHARE; r++)
            for (int c = 0; c < SHARE; c++)
                sums[r][c] += rows[k][SHARE * y + r] * columns[k][SHARE * x + c];
}

KERNEL(linear, linear)
{
    __shared__ float rows[DEPTH][STRIDE], columns[DEPTH][STRIDE];
    const int64_t first_row = (int64_t)blockIdx.x * TILE;
    const int first_column = blockIdx.y * TILE;
    const int y = threadIdx.x / (TILE / SHARE), x = threadIdx.x % (TILE / SHARE);
    float sums[SHARE][SHARE] = {};

    for (int first = 0; first < a.n_in; first += DEPTH) {
        load_tile(rows, a.src + first_row * a.src_stride, a.src_stride, a.rows - first_row, a.n_in,
                  first);
        load_tile(columns, (const float *)a.weights + (int64_t)first_column * a.n_in, a.n_in,
                  a.n_out - first_column, a.n_in, first);
        __syncthreads();
        multiply_tiles(sums, rows, columns, y, x);
        __syncthreads();
    }
    for (int r = 0; r < SHARE; r++)
        for (int c = 0; c < SHARE; c++) {
            const int64_t row = first_row + SHARE * y + r;
            const int column = first_column + SHARE * x + c;

            if (row < a.rows && column < a.n_out)
                a.dst[row * a.dst_stride + column] = finish(a.epilogue, row, column, sums[r][c]);
        }
}
