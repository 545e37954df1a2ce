/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/cublas.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "base/integers.h"
#include "base/log.h"

#define ALIGNMENT 16 /* bytes, of what it is given; it may load so many at a time */
#define QUAD      (ALIGNMENT / (int)sizeof(float))
#define MOST_ROWS 65535

/* ---- the library ------------------------------------------------------------------------- */

static void *find_library(void)
{
    static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
    void *library = NULL;

    for (size_t i = 0; !library && i < sizeof(names) / sizeof(names[0]); i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

/* @return whether all functions are there */
static int find_functions(struct odva_cublas *cublas)
{
#define FIND(member, name, parameters)                                                             \
    cublas->member = (int(*) parameters)dlsym(cublas->library, #name);                             \
    if (!cublas->member)                                                                           \
        return 0;
    ODVA_CUBLAS_FUNCTIONS(FIND)
#undef FIND
    return 1;
}

struct odva_cublas *odva_cublas_open(const struct odva_cuda_gpu *gpu)
{
    struct odva_cublas *cublas = calloc(1, sizeof(*cublas));

    if (!cublas)
        return NULL;
    cublas->library = find_library();
    if (cublas->library && find_functions(cublas) && odva_cuda_enter(gpu) == ODVA_CUDA_SUCCESS) {
        if (cublas->create(&cublas->handle) != ODVA_CUBLAS_SUCCESS)
            cublas->handle = NULL;
        odva_cuda_leave(gpu);
    }
    if (cublas->handle)
        return cublas;
    odva_cublas_close(cublas, gpu);
    return NULL;
}

void odva_cublas_close(struct odva_cublas *cublas, const struct odva_cuda_gpu *gpu)
{
    if (!cublas)
        return;
    if (cublas->handle && odva_cuda_enter(gpu) == ODVA_CUDA_SUCCESS) {
        (void)cublas->destroy(cublas->handle);
        odva_cuda_leave(gpu);
    }
    if (cublas->library)
        dlclose(cublas->library);
    free(cublas);
}

/* ---- products ---------------------------------------------------------------------------- */

/** What is multiplied: columns of its matrices are our rows. */
struct product {
    odva_cublas_operation operation;
    odva_cublas_layout weights, rows, sums;
};

static int padded(int count)
{
    return odva_ceil_div(count, ODVA_CUDA_BF16_DEPTH) * ODVA_CUDA_BF16_DEPTH;
}

/* @param bias NULL: none */
static int describe(struct product *product, const struct odva_cublas *cublas,
                    const struct odva_cuda_linear *a, int64_t stride, const float *bias)
{
    const int32_t transposed = ODVA_CUBLAS_OP_T;
    const uint32_t epilogue = ODVA_CUBLAS_EPILOGUE_BIAS;
    const int depth = padded(a->n_in);
    int result =
        cublas->operation_create(&product->operation, ODVA_CUBLAS_COMPUTE_32F, ODVA_CUBLAS_R_32F);

    if (result == ODVA_CUBLAS_SUCCESS)
        result = cublas->operation_set(product->operation, ODVA_CUBLAS_TRANSA, &transposed,
                                       sizeof(transposed));
    if (result == ODVA_CUBLAS_SUCCESS && bias)
        result = cublas->operation_set(product->operation, ODVA_CUBLAS_EPILOGUE, &epilogue,
                                       sizeof(epilogue));
    if (result == ODVA_CUBLAS_SUCCESS && bias)
        result = cublas->operation_set(product->operation, ODVA_CUBLAS_BIAS_POINTER, &bias,
                                       sizeof(bias));
    if (result == ODVA_CUBLAS_SUCCESS)
        result =
            cublas->layout_create(&product->weights, ODVA_CUBLAS_R_16BF, depth, a->n_out, depth);
    if (result == ODVA_CUBLAS_SUCCESS)
        result = cublas->layout_create(&product->rows, ODVA_CUBLAS_R_16BF, depth, a->rows, depth);
    if (result == ODVA_CUBLAS_SUCCESS)
        result =
            cublas->layout_create(&product->sums, ODVA_CUBLAS_R_32F, a->n_out, a->rows, stride);
    return result;
}

static void forget(struct product *product, const struct odva_cublas *cublas)
{
    if (product->sums)
        (void)cublas->layout_destroy(product->sums);
    if (product->rows)
        (void)cublas->layout_destroy(product->rows);
    if (product->weights)
        (void)cublas->layout_destroy(product->weights);
    if (product->operation)
        (void)cublas->operation_destroy(product->operation);
}

static int status_of(struct odva_cuda_stream *stream, int result)
{
    if (result == ODVA_CUBLAS_SUCCESS)
        return ONEDVA_OK;
    if (result == ODVA_CUBLAS_NOT_SUPPORTED)
        return ONEDVA_ERR_UNSUPPORTED;
    if (result == ODVA_CUBLAS_ALLOC_FAILED)
        return ONEDVA_ERR_NOMEM;
    odva_log(&stream->logger, ONEDVA_LOG_ERROR, "cuda: a product of cuBLASLt failed with %d",
             result);
    return stream->status = ONEDVA_ERR_DEVICE;
}

/* sums[r] = rows[r] W^T, + bias. */
static int multiply(const struct odva_cublas *cublas, struct odva_cuda_stream *stream,
                    const struct odva_cuda_linear *a, const struct odva_buffer *rows, float *sums,
                    int64_t stride, const float *bias)
{
    const float one = 1, none = 0;
    struct product product = {0};
    int result;

    if (odva_cuda_enter(stream->gpu) != ODVA_CUDA_SUCCESS)
        return ONEDVA_ERR_UNSUPPORTED;
    result = describe(&product, cublas, a, stride, bias);
    if (result == ODVA_CUBLAS_SUCCESS)
        result =
            cublas->multiply(cublas->handle, product.operation, &one, a->weights, product.weights,
                             (const void *)(uintptr_t)rows->address, product.rows, &none, sums,
                             product.sums, sums, product.sums, NULL, NULL, 0, stream->queue);
    forget(&product, cublas);
    odva_cuda_leave(stream->gpu);
    return status_of(stream, result);
}

/* ---- before and behind ------------------------------------------------------------------- */

static int blocks_of_rows(int64_t rows)
{
    return (int)odva_min64(rows, MOST_ROWS);
}

static int round_rows(struct odva_cuda_stream *stream, const struct odva_cuda_linear *a,
                      const struct odva_buffer *rows)
{
    const struct odva_cuda_round_rows arguments = {.dst = (uint32_t *)(uintptr_t)rows->address,
                                                   .src = a->src,
                                                   .src_stride = a->src_stride,
                                                   .rows = a->rows,
                                                   .width = a->n_in,
                                                   .stride = padded(a->n_in)};

    return odva_cuda_launch(stream, ODVA_CUDA_KERNEL_round_rows, &arguments,
                            odva_cuda_blocks_for(arguments.stride / 2, blocks_of_rows(a->rows), 1));
}

static int finish_rows(struct odva_cuda_stream *stream, const struct odva_cuda_linear *a,
                       const float *sums, int64_t stride)
{
    const struct odva_cuda_finish_rows arguments = {.dst = a->dst,
                                                    .sums = sums,
                                                    .dst_stride = a->dst_stride,
                                                    .sums_stride = stride,
                                                    .rows = a->rows,
                                                    .columns = a->n_out,
                                                    .epilogue = a->epilogue};

    return odva_cuda_launch(stream, ODVA_CUDA_KERNEL_finish_rows, &arguments,
                            odva_cuda_blocks_for(a->n_out, blocks_of_rows(a->rows), 1));
}

/* Whether cuBLASLt itself can do all that follows the product, and write it. */
static int is_whole(const struct odva_cuda_linear *a)
{
    return !a->epilogue.gate && !a->epilogue.add &&
           a->epilogue.activation == ODVA_CUDA_ACTIVATION_NONE &&
           (uintptr_t)a->dst % ALIGNMENT == 0 &&
           a->dst_stride * (int64_t)sizeof(float) % ALIGNMENT == 0 &&
           (uintptr_t)a->epilogue.bias % ALIGNMENT == 0;
}

/* By sums in memory, which an epilogue reads. */
static int multiply_and_finish(const struct odva_cublas *cublas, struct odva_cuda_stream *stream,
                               const struct odva_cuda_linear *a, const struct odva_buffer *rows)
{
    const int64_t stride = odva_ceil_div(a->n_out, QUAD) * QUAD;
    struct odva_buffer *buffer = odva_cuda_alloc(stream, a->rows * stride * sizeof(float));
    float *sums;
    int status;

    if (!buffer)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    sums = (float *)(uintptr_t)buffer->address;
    status = multiply(cublas, stream, a, rows, sums, stride, NULL);
    if (status >= 0)
        status = finish_rows(stream, a, sums, stride);
    odva_cuda_free(stream, buffer);
    return status;
}

int odva_cublas_linear(const struct odva_cublas *cublas, struct odva_cuda_stream *stream,
                       const struct odva_cuda_linear *arguments)
{
    struct odva_buffer *rows;
    int status;

    rows = odva_cuda_alloc(stream, arguments->rows * padded(arguments->n_in) * sizeof(uint16_t));
    if (!rows)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    status = round_rows(stream, arguments, rows);
    if (status >= 0)
        status = is_whole(arguments) ? multiply(cublas, stream, arguments, rows, arguments->dst,
                                                arguments->dst_stride, arguments->epilogue.bias)
                                     : multiply_and_finish(cublas, stream, arguments, rows);
    odva_cuda_free(stream, rows);
    return status;
}
