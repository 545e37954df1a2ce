/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * NVIDIA's cuBLASLt, found when there are weights that it is for (ODVA_CUDA_CUBLAS_NUMBERS): what
 * of it is called, declared here.
 */
#ifndef ODVA_CUDA_CUBLAS_H
#define ODVA_CUDA_CUBLAS_H

#include "kernels/cuda/stream.h"

/**
 * How many weights a matrix has at least that cuBLASLt multiplies by. Rows are rounded to memory
 * before it and epilogues read sums from memory behind it: up to such sizes memory takes longer
 * than products. Not measured yet; tools/bench/on-gpu.sh prints both.
 */
#define ODVA_CUDA_CUBLAS_NUMBERS (1 << 20)

typedef struct cublasLtContext *odva_cublas_handle;
typedef struct cublasLtMatmulDesc *odva_cublas_operation;
typedef struct cublasLtMatrixLayout *odva_cublas_layout;

enum {
    ODVA_CUBLAS_SUCCESS = 0,
    ODVA_CUBLAS_ALLOC_FAILED = 3,
    ODVA_CUBLAS_NOT_SUPPORTED = 15, /* cublasStatus_t */
    ODVA_CUBLAS_COMPUTE_32F = 68,   /* cublasComputeType_t */
    ODVA_CUBLAS_R_32F = 0,          /* cudaDataType_t */
    ODVA_CUBLAS_R_16BF = 14,
    ODVA_CUBLAS_OP_T = 1,          /* cublasOperation_t */
    ODVA_CUBLAS_TRANSA = 3,        /* cublasLtMatmulDescAttributes_t; the first one is int32 */
    ODVA_CUBLAS_EPILOGUE = 7,      /* uint32 */
    ODVA_CUBLAS_BIAS_POINTER = 8,  /* const void * */
    ODVA_CUBLAS_EPILOGUE_BIAS = 4, /* cublasLtEpilogue_t */
};

/** Name of a member, name of the library's function, its parameters; all return cublasStatus_t. */
#define ODVA_CUBLAS_FUNCTIONS(FUNCTION)                                                            \
    FUNCTION(create, cublasLtCreate, (odva_cublas_handle * handle))                                \
    FUNCTION(destroy, cublasLtDestroy, (odva_cublas_handle handle))                                \
    FUNCTION(operation_create, cublasLtMatmulDescCreate,                                           \
             (odva_cublas_operation * operation, int compute_type, int scale_type))                \
    FUNCTION(operation_destroy, cublasLtMatmulDescDestroy, (odva_cublas_operation operation))      \
    FUNCTION(operation_set, cublasLtMatmulDescSetAttribute,                                        \
             (odva_cublas_operation operation, int attribute, const void *value, size_t bytes))    \
    FUNCTION(                                                                                      \
        layout_create, cublasLtMatrixLayoutCreate,                                                 \
        (odva_cublas_layout * layout, int type, uint64_t rows, uint64_t columns, int64_t stride))  \
    FUNCTION(layout_destroy, cublasLtMatrixLayoutDestroy, (odva_cublas_layout layout))             \
    FUNCTION(multiply, cublasLtMatmul,                                                             \
             (odva_cublas_handle handle, odva_cublas_operation operation, const void *alpha,       \
              const void *a, odva_cublas_layout a_layout, const void *b,                           \
              odva_cublas_layout b_layout, const void *beta, const void *c,                        \
              odva_cublas_layout c_layout, void *d, odva_cublas_layout d_layout,                   \
              const void *algorithm, void *workspace, size_t workspace_bytes,                      \
              odva_cuda_queue queue))

struct odva_cublas {
    void *library;
    odva_cublas_handle handle;
#define ODVA_CUBLAS_MEMBER(member, name, parameters) int(*member) parameters;
    ODVA_CUBLAS_FUNCTIONS(ODVA_CUBLAS_MEMBER)
#undef ODVA_CUBLAS_MEMBER
};

/** @return NULL: it is not there, or does not work */
struct odva_cublas *odva_cublas_open(const struct odva_cuda_gpu *gpu);
/** May be NULL. */
void odva_cublas_close(struct odva_cublas *cublas, const struct odva_cuda_gpu *gpu);

/**
 * What ODVA_CUDA_KERNEL_linear_bf16 computes, of the same arguments.
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM, ONEDVA_ERR_DEVICE, or ONEDVA_ERR_UNSUPPORTED: nothing was
 * written, and cuBLASLt does not do it
 */
int odva_cublas_linear(const struct odva_cublas *cublas, struct odva_cuda_stream *stream,
                       const struct odva_cuda_linear *arguments);

#endif
