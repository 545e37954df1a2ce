/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* cuBLASLt on the CPU: what it is told of its matrices it does with loops, when the stream comes to
 * it; a call that the real one need not take fails the test, or is not supported. */
#include <stdlib.h>

#include "base/bfloat16.h"
#include "kernels/cuda/cublas.h"
#include "kernels/cuda/tests/emulator.h"
#include "tests/support/test.h"

#define INVALID_VALUE 7
#define ALIGNMENT     16

struct cublasLtContext {
    int is_open;
};

struct cublasLtMatmulDesc {
    int32_t transposed[2]; /* a, b */
    uint32_t epilogue;
    const float *bias;
};

struct cublasLtMatrixLayout {
    int type;
    uint64_t rows, columns;
    int64_t stride; /* between columns */
};

/** A product that waits. */
struct product {
    struct cublasLtMatmulDesc operation;
    struct cublasLtMatrixLayout a, b, d;
    const void *a_data, *b_data;
    float *d_data;
};

static int products;

int emulator_products(void)
{
    return products;
}

#define DECLARE(member, function, parameters) int function parameters;
ODVA_CUBLAS_FUNCTIONS(DECLARE)
#undef DECLARE

int cublasLtCreate(odva_cublas_handle *handle)
{
    assert_true(emulator_has_context());
    if (emulator_fails("cublasLtCreate"))
        return ODVA_CUBLAS_ALLOC_FAILED;
    *handle = calloc(1, sizeof(**handle));
    assert_non_null(*handle);
    (*handle)->is_open = 1;
    emulator_opened(1);
    return ODVA_CUBLAS_SUCCESS;
}

int cublasLtDestroy(odva_cublas_handle handle)
{
    assert_true(emulator_has_context() && handle->is_open);
    free(handle);
    emulator_opened(-1);
    return ODVA_CUBLAS_SUCCESS;
}

int cublasLtMatmulDescCreate(odva_cublas_operation *operation, int compute_type, int scale_type)
{
    assert_int_equal(compute_type, ODVA_CUBLAS_COMPUTE_32F);
    assert_int_equal(scale_type, ODVA_CUBLAS_R_32F);
    if (emulator_fails("cublasLtMatmulDescCreate"))
        return ODVA_CUBLAS_ALLOC_FAILED;
    *operation = calloc(1, sizeof(**operation));
    assert_non_null(*operation);
    emulator_opened(1);
    return ODVA_CUBLAS_SUCCESS;
}

int cublasLtMatmulDescDestroy(odva_cublas_operation operation)
{
    free(operation);
    emulator_opened(-1);
    return ODVA_CUBLAS_SUCCESS;
}

int cublasLtMatmulDescSetAttribute(odva_cublas_operation operation, int attribute,
                                   const void *value, size_t bytes)
{
    if (attribute == ODVA_CUBLAS_TRANSA || attribute == ODVA_CUBLAS_TRANSA + 1) {
        assert_int_equal(bytes, sizeof(int32_t));
        memcpy(&operation->transposed[attribute - ODVA_CUBLAS_TRANSA], value, bytes);
    } else if (attribute == ODVA_CUBLAS_EPILOGUE) {
        assert_int_equal(bytes, sizeof(uint32_t));
        memcpy(&operation->epilogue, value, bytes);
    } else {
        assert_int_equal(attribute, ODVA_CUBLAS_BIAS_POINTER);
        assert_int_equal(bytes, sizeof(void *));
        memcpy(&operation->bias, value, bytes);
    }
    return ODVA_CUBLAS_SUCCESS;
}

int cublasLtMatrixLayoutCreate(odva_cublas_layout *layout, int type, uint64_t rows,
                               uint64_t columns, int64_t stride)
{
    assert_true(stride >= 0 && rows <= (uint64_t)stride);
    if (emulator_fails("cublasLtMatrixLayoutCreate"))
        return ODVA_CUBLAS_ALLOC_FAILED;
    *layout = calloc(1, sizeof(**layout));
    assert_non_null(*layout);
    **layout = (struct cublasLtMatrixLayout){type, rows, columns, stride};
    emulator_opened(1);
    return ODVA_CUBLAS_SUCCESS;
}

int cublasLtMatrixLayoutDestroy(odva_cublas_layout layout)
{
    free(layout);
    emulator_opened(-1);
    return ODVA_CUBLAS_SUCCESS;
}

/* ---- products ---------------------------------------------------------------------------- */

static size_t element(const struct cublasLtMatrixLayout *layout)
{
    return layout->type == ODVA_CUBLAS_R_16BF ? sizeof(uint16_t) : sizeof(float);
}

static size_t bytes_of(const struct cublasLtMatrixLayout *layout)
{
    return ((layout->columns - 1) * layout->stride + layout->rows) * element(layout);
}

/* The number at row i of op(matrix), column k. */
static float factor(const struct cublasLtMatrixLayout *layout, const void *data, int transposed,
                    uint64_t i, uint64_t k)
{
    const uint64_t row = transposed ? k : i, column = transposed ? i : k;

    assert_true(row < layout->rows && column < layout->columns);
    return odva_from_bfloat16(((const uint16_t *)data)[column * layout->stride + row]);
}

static void run_product(void *opaque)
{
    const struct product *p = opaque;
    const uint64_t depth = p->operation.transposed[0] ? p->a.rows : p->a.columns;

    for (uint64_t j = 0; j < p->d.columns; j++)
        for (uint64_t i = 0; i < p->d.rows; i++) {
            float sum = 0;

            for (uint64_t k = 0; k < depth; k++)
                sum += factor(&p->a, p->a_data, p->operation.transposed[0], i, k) *
                       factor(&p->b, p->b_data, p->operation.transposed[1], k, j);
            if (p->operation.epilogue == ODVA_CUBLAS_EPILOGUE_BIAS)
                sum += p->operation.bias[i];
            p->d_data[j * p->d.stride + i] = sum;
        }
}

static int is_aligned(const struct cublasLtMatrixLayout *layout, const void *data)
{
    return (uintptr_t)data % ALIGNMENT == 0 && layout->stride * element(layout) % ALIGNMENT == 0;
}

static void check_matrix(const struct cublasLtMatrixLayout *layout, const void *data, int type)
{
    assert_int_equal(layout->type, type);
    assert_true(layout->rows > 0 && layout->columns > 0);
    assert_true(is_aligned(layout, data));
    emulator_check_range(data, bytes_of(layout));
}

int cublasLtMatmul(odva_cublas_handle handle, odva_cublas_operation operation, const void *alpha,
                   const void *a, odva_cublas_layout a_layout, const void *b,
                   odva_cublas_layout b_layout, const void *beta, const void *c,
                   odva_cublas_layout c_layout, void *d, odva_cublas_layout d_layout,
                   const void *algorithm, void *workspace, size_t workspace_bytes,
                   odva_cuda_queue queue)
{
    const struct product product = {*operation, *a_layout, *b_layout, *d_layout, a, b, d};
    const int *transposed = operation->transposed;

    assert_true(handle->is_open && *(const float *)alpha == 1 && *(const float *)beta == 0);
    assert_true(c == d && c_layout == d_layout && !algorithm && !workspace && !workspace_bytes);
    if (emulator_fails("cublasLtMatmul"))
        return emulator_failure();
    check_matrix(a_layout, a, ODVA_CUBLAS_R_16BF);
    check_matrix(b_layout, b, ODVA_CUBLAS_R_16BF);
    check_matrix(d_layout, d, ODVA_CUBLAS_R_32F);
    if (operation->epilogue == ODVA_CUBLAS_EPILOGUE_BIAS)
        emulator_check_range(operation->bias, d_layout->rows * sizeof(float));
    else
        assert_int_equal(operation->epilogue, 0);
    if ((transposed[0] ? a_layout->columns : a_layout->rows) != d_layout->rows ||
        (transposed[1] ? b_layout->rows : b_layout->columns) != d_layout->columns ||
        (transposed[0] ? a_layout->rows : a_layout->columns) !=
            (transposed[1] ? b_layout->columns : b_layout->rows))
        return INVALID_VALUE;
    products++;
    emulator_push(queue, run_product, &product, sizeof(product));
    return ODVA_CUBLAS_SUCCESS;
}
