/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators of networks. */
#include <math.h>

#include "base/integers.h"
#include "base/log.h"
#include "kernels/cuda/cublas.h"
#include "kernels/cuda/cuda_backend.h"

#define MOST_ROWS    65535 /* of blocks; they go on in steps of all */
#define WARP         32
#define NORM_THREADS 256       /* at most, whole warps */
#define CHAIN_ROWS   (1 << 14) /* between two steps */

_Static_assert((int)ODVA_CUDA_ACTIVATION_GELU == ODVA_ACTIVATION_GELU &&
                   (int)ODVA_CUDA_ACTIVATION_SILU == ODVA_ACTIVATION_SILU,
               "kernels are told which activation");

/* ---- linear ------------------------------------------------------------------------------ */

/* With bfloat16 factors, by the kernel. */
static int multiply_bf16(struct odva_backend *backend, const struct odva_cuda_linear *arguments)
{
    return odva_cuda_launch(
        odva_cuda_stream_of(backend), ODVA_CUDA_KERNEL_linear_bf16, arguments,
        (struct odva_cuda_blocks){odva_ceil_div64(arguments->rows, ODVA_CUDA_BF16_ROWS),
                                  odva_ceil_div(arguments->n_out, ODVA_CUDA_BF16_COLUMNS), 1,
                                  ODVA_CUDA_BF16_THREADS});
}

/* By cuBLASLt, where there is one and it can, or else by the kernel. */
static int multiply_large(struct odva_backend *backend, const struct odva_cublas *cublas,
                          const struct odva_cuda_linear *arguments)
{
    struct odva_cuda_backend *cuda = odva_cuda_backend_of(backend);
    int status = ONEDVA_ERR_UNSUPPORTED;

    if (!cublas && !cuda->has_said_cublas)
        odva_log(&cuda->stream.logger, ONEDVA_LOG_DEBUG,
                 "cuda: libcublasLt.so of CUDA 12 or 13 was not found; large matrices are "
                 "multiplied by own kernels");
    cuda->has_said_cublas |= !cublas;
    if (cublas && arguments->rows > 0)
        status = odva_cublas_linear(cublas, &cuda->stream, arguments);
    return status == ONEDVA_ERR_UNSUPPORTED ? multiply_bf16(backend, arguments) : status;
}

int odva_cuda_linear(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix src,
                     int64_t rows, const struct odva_weights *weights,
                     const struct odva_epilogue *epilogue)
{
    const struct odva_cuda_linear arguments = {
        .dst = odva_cuda_rows_to_write(dst),
        .src = odva_cuda_rows(src),
        .weights = (const void *)(uintptr_t)weights->numbers,
        .dst_stride = dst.stride,
        .src_stride = src.stride,
        .rows = rows,
        .n_in = weights->n_in,
        .n_out = weights->n_out,
        .epilogue = {.bias = odva_cuda_at(epilogue->bias, 0),
                     .gate = odva_cuda_rows(epilogue->gate),
                     .add = odva_cuda_rows(epilogue->add),
                     .gate_row = odva_cuda_indices(epilogue->gate_row, epilogue->first_row),
                     .add_row = odva_cuda_indices(epilogue->add_row, epilogue->first_row),
                     .gate_stride = epilogue->gate.stride,
                     .add_stride = epilogue->add.stride,
                     .activation = (int)epilogue->activation},
    };

    if (weights->is_large)
        return multiply_large(backend, weights->cublas, &arguments);
    if (weights->is_rounded)
        return multiply_bf16(backend, &arguments);
    return odva_cuda_launch(
        odva_cuda_stream_of(backend), ODVA_CUDA_KERNEL_linear, &arguments,
        (struct odva_cuda_blocks){odva_ceil_div64(rows, ODVA_CUDA_LINEAR_TILE),
                                  odva_ceil_div(weights->n_out, ODVA_CUDA_LINEAR_TILE), 1,
                                  ODVA_CUDA_LINEAR_THREADS});
}

static struct odva_matrix from_row(struct odva_matrix matrix, int64_t row)
{
    matrix.offset += row * matrix.stride;
    return matrix;
}

/* A step that begins at row 0 of all its matrices becomes one that begins at another row. */
static struct odva_linear_step step_from(const struct odva_linear_step *step, int64_t row)
{
    struct odva_linear_step later = *step;

    later.dst = from_row(step->dst, row);
    later.src = from_row(step->src, row);
    later.epilogue.first_row += row;
    if (!step->epilogue.add_row)
        later.epilogue.add = from_row(step->epilogue.add, row);
    return later;
}

/* Rows that no matrix of a chain's caller has. @return whether there was memory */
static int new_rows(struct odva_cuda_stream *stream, struct odva_matrix *matrix, int64_t rows,
                    int width)
{
    struct odva_buffer *buffer = odva_cuda_alloc(stream, rows * width * sizeof(float));

    *matrix = (struct odva_matrix){buffer, 0, width, ODVA_FLOAT32};
    return buffer != NULL;
}

/* Freed when what was begun is done with them. */
static void free_rows(struct odva_cuda_stream *stream, struct odva_matrix *matrix)
{
    if (matrix->buffer)
        odva_cuda_free(stream, matrix->buffer);
    matrix->buffer = NULL;
}

/* One step, whose matrices are both there. */
static int run_step(struct odva_backend *backend, const struct odva_linear_step *step,
                    int64_t first, int64_t rows)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    const int width = step->weights->n_in;
    struct odva_modulation norm;
    struct odva_matrix normed;
    int status;

    if (!step->norm)
        return odva_cuda_linear(backend, step->dst, step->src, rows, step->weights,
                                &step->epilogue);
    if (!new_rows(stream, &normed, rows, width))
        return ONEDVA_ERR_NOMEM;
    norm = *step->norm;
    norm.first_row += first;
    status = odva_cuda_norm_modulate(backend, normed, step->src, rows, width, &norm);
    if (status >= 0)
        status = odva_cuda_linear(backend, step->dst, normed, rows, step->weights, &step->epilogue);
    free_rows(stream, &normed);
    return status;
}

/* Some rows through all steps. */
static int run_chain(struct odva_backend *backend, const struct odva_linear_step *steps, int count,
                     int64_t first, int64_t rows)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_matrix between = {0}; /* of the step before */
    int status = ONEDVA_OK;

    for (int i = 0; i < count && status >= 0; i++) {
        struct odva_linear_step step = step_from(&steps[i], first);
        struct odva_matrix made = {0};

        if (!step.src.buffer)
            step.src = between.buffer ? between : from_row(steps[i - 1].dst, first);
        if (!step.dst.buffer && new_rows(stream, &made, rows, step.weights->n_out))
            step.dst = made;
        status = step.dst.buffer ? run_step(backend, &step, first, rows) : ONEDVA_ERR_NOMEM;
        free_rows(stream, &between);
        between = made;
    }
    free_rows(stream, &between);
    return status;
}

int odva_cuda_linear_chain(struct odva_backend *backend, const struct odva_linear_step *steps,
                           int count, int64_t rows)
{
    int status = ONEDVA_OK;

    for (int64_t first = 0; first < rows && status >= 0; first += CHAIN_ROWS)
        status = run_chain(backend, steps, count, first, odva_min64(CHAIN_ROWS, rows - first));
    return status;
}

/* ---- attention --------------------------------------------------------------------------- */

/** A kernel, and what a block of it has. */
struct attention_way {
    enum odva_cuda_kernel kernel;
    int queries, warps;
};

static struct attention_way way_of(const struct odva_backend *backend,
                                   const struct odva_attention *attention)
{
    if (!odva_cuda_device_of(backend)->is_rounded ||
        attention->precision != ODVA_PRECISION_NETWORK ||
        attention->head_dim > ODVA_CUDA_BF16_HEAD_DIM)
        return (struct attention_way){ODVA_CUDA_KERNEL_attention, ODVA_CUDA_ATTENTION_QUERIES,
                                      ODVA_CUDA_ATTENTION_QUERIES};
    return (struct attention_way){attention->head_dim > 64 ? ODVA_CUDA_KERNEL_attention_bf16_128
                                                           : ODVA_CUDA_KERNEL_attention_bf16_64,
                                  ODVA_CUDA_BF16_QUERIES, ODVA_CUDA_BF16_QUERIES / 16};
}

int odva_cuda_attention(struct odva_backend *backend, struct odva_matrix dst,
                        struct odva_matrix qkv, const struct odva_attention *attention,
                        const struct odva_windows *windows)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    const struct attention_way way = way_of(backend, attention);
    const struct odva_cuda_attention arguments = {
        .dst = odva_cuda_rows_to_write(dst),
        .qkv = odva_cuda_rows(qkv),
        .cosines = odva_cuda_at(attention->cosines, 0),
        .sines = odva_cuda_at(attention->sines, 0),
        .begin = odva_cuda_indices(windows->begin, windows->first),
        .rows = odva_cuda_indices(windows->rows, 0),
        .rope = odva_cuda_indices(windows->rope, 0),
        .dst_stride = dst.stride,
        .qkv_stride = qkv.stride,
        .blocks = odva_ceil_div(windows->max_length, way.queries),
        .heads = attention->heads,
        .head_dim = attention->head_dim,
        .factor = 1.0f / sqrtf((float)attention->head_dim),
    };

    if (attention->head_dim > ODVA_CUDA_MOST_HEAD_DIM) {
        odva_log(&stream->logger, ONEDVA_LOG_ERROR,
                 "cuda: attention over %d numbers is more than %d; use -backend cpu",
                 attention->head_dim, ODVA_CUDA_MOST_HEAD_DIM);
        return ONEDVA_ERR_UNSUPPORTED;
    }
    return odva_cuda_launch(stream, way.kernel, &arguments,
                            (struct odva_cuda_blocks){(int64_t)windows->count * arguments.blocks,
                                                      attention->heads, 1, WARP * way.warps});
}

/* ---- rows -------------------------------------------------------------------------------- */

int odva_cuda_norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                            struct odva_matrix src, int64_t rows, int width,
                            const struct odva_modulation *modulation)
{
    const int threads = odva_min(odva_ceil_div(width, WARP) * WARP, NORM_THREADS);
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
                            &arguments, (struct odva_cuda_blocks){rows, 1, 1, threads});
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
