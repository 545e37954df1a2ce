/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators of networks. */
#include "base/integers.h"
#include "kernels/cuda/cuda_backend.h"

#define MOST_ROWS    65535 /* of blocks; they go on in steps of all */
#define NORM_THREADS 128   /* whole warps */

int odva_cuda_norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                            struct odva_matrix src, int64_t rows, int width,
                            const struct odva_modulation *modulation)
{
    const struct odva_cuda_norm_modulate arguments = {
        .dst = odva_cuda_rows_to_write(dst),
        .src = odva_cuda_rows(src),
        .shift = odva_cuda_rows(modulation->shift),
        .scale = odva_cuda_rows(modulation->scale),
        .row = odva_cuda_indices(modulation->row, modulation->first_row),
        .dst_stride = dst.stride,
        .src_stride = src.stride,
        .shift_stride = modulation->shift.stride,
        .scale_stride = modulation->scale.stride,
        .width = width,
    };

    return odva_cuda_launch(odva_cuda_stream_of(backend), ODVA_CUDA_KERNEL_norm_modulate,
                            &arguments, (struct odva_cuda_blocks){rows, 1, 1, NORM_THREADS});
}

int odva_cuda_axpby(struct odva_backend *backend, struct odva_matrix dst, float a,
                    struct odva_matrix x, float b, struct odva_matrix y, int64_t rows, int cols)
{
    const struct odva_cuda_axpby arguments = {
        .dst = odva_cuda_rows_to_write(dst),
        .x = odva_cuda_rows(x),
        .y = odva_cuda_rows(y),
        .dst_stride = dst.stride,
        .x_stride = x.stride,
        .y_stride = y.stride,
        .rows = rows,
        .columns = cols,
        .a = a,
        .b = b,
    };

    return odva_cuda_launch(
        odva_cuda_stream_of(backend), ODVA_CUDA_KERNEL_axpby, &arguments,
        odva_cuda_blocks_for(rows ? cols : 0, (int)odva_min64(odva_max64(rows, 1), MOST_ROWS), 1));
}

int odva_cuda_noise(struct odva_backend *backend, struct odva_matrix dst,
                    const struct odva_buffer *position, int64_t first, int64_t count, uint64_t seed,
                    uint32_t step)
{
    const struct odva_cuda_noise arguments = {
        .dst = odva_cuda_rows_to_write(dst),
        .position = odva_cuda_indices(position, first),
        .stride = dst.stride,
        .rows = count,
        .seed = seed,
        .step = step,
    };

    return odva_cuda_launch(odva_cuda_stream_of(backend), ODVA_CUDA_KERNEL_noise, &arguments,
                            odva_cuda_blocks_for(count ? ODVA_PATCH_SAMPLES / 4 : 0,
                                                 (int)odva_min64(odva_max64(count, 1), MOST_ROWS),
                                                 1));
}
