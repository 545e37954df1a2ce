/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/cuda_device.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "base/integers.h"
#include "base/log.h"
#include "base/strict_math.h"
#include "kernels/cuda/cublas.h"
#include "kernels/cuda/cuda_backend.h"

#define SAMPLES ODVA_FRAME_SAMPLES
#define PAIRS   (SAMPLES / 2)

static struct odva_cuda_device *cuda_of(struct odva_device *device)
{
    return (struct odva_cuda_device *)device;
}

/* ---- tables ------------------------------------------------------------------------------ */

static void fill_tables(struct odva_cuda_tables *tables)
{
    for (int n = 1; n <= ODVA_CUDA_DCT_MAX; n++)
        for (int f = 0; f < n; f++)
            for (int i = 0; i < n; i++) {
                const double norm = sqrt((f ? 2.0 : 1.0) / n);
                const double c = odva_cos(ODVA_PI * (2 * i + 1) * f / (2 * n)) * norm;

                tables->forward[n][f][i] = (float)c;
                tables->exact[n][f][i] = (int32_t)floor(65536 * c + 0.5);
            }
}

static int open_tables(struct odva_cuda_device *device)
{
    struct odva_cuda_tables *tables = calloc(1, sizeof(*tables));

    if (!tables)
        return ONEDVA_ERR_NOMEM;
    fill_tables(tables);
    device->tables = odva_cuda_constant(device->gpu, tables, sizeof(*tables));
    free(tables);
    return device->tables ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* ---- members of odva_device_ops ---------------------------------------------------------- */

static int padded(int count, int unit)
{
    return odva_ceil_div(count, unit) * unit;
}

/* @return 0: there is no memory */
static odva_cuda_address round_weights(const struct odva_cuda_gpu *gpu, const float *weights,
                                       int n_out, int n_in)
{
    const size_t stride = padded(n_in, ODVA_CUDA_BF16_DEPTH);
    const size_t rows = padded(n_out, ODVA_CUDA_BF16_COLUMNS);
    uint16_t *numbers = calloc(rows * stride, sizeof(*numbers));
    odva_cuda_address address = 0;

    for (int o = 0; numbers && o < n_out; o++)
        for (int i = 0; i < n_in; i++)
            numbers[o * stride + i] = odva_to_bfloat16(weights[(size_t)o * n_in + i]);
    if (numbers)
        address = odva_cuda_constant(gpu, numbers, rows * stride * sizeof(*numbers));
    free(numbers);
    return address;
}

/* @return NULL: it is not there */
static const struct odva_cublas *find_cublas(struct odva_cuda_device *device)
{
    const struct odva_cublas *cublas;

    pthread_mutex_lock(&device->lock);
    if (!device->is_cublas_sought)
        device->cublas = odva_cublas_open(device->gpu);
    device->is_cublas_sought = 1;
    cublas = device->cublas;
    pthread_mutex_unlock(&device->lock);
    return cublas;
}

static struct odva_weights *pack(struct odva_device *device, const float *weights, int n_out,
                                 int n_in, enum odva_precision precision)
{
    struct odva_cuda_device *cuda = cuda_of(device);
    struct odva_weights *packed = malloc(sizeof(*packed));

    if (!packed)
        return NULL;
    *packed = (struct odva_weights){.n_out = n_out, .n_in = n_in};
    packed->is_rounded = cuda->is_rounded && precision == ODVA_PRECISION_NETWORK;
    packed->is_large = packed->is_rounded && (int64_t)n_out * n_in >= cuda->cublas_numbers;
    if (packed->is_large)
        packed->cublas = find_cublas(cuda);
    packed->numbers =
        packed->is_rounded
            ? round_weights(cuda->gpu, weights, n_out, n_in)
            : odva_cuda_constant(cuda->gpu, weights, (size_t)n_out * n_in * sizeof(*weights));
    if (packed->numbers)
        return packed;
    free(packed);
    return NULL;
}

static void free_weights(struct odva_device *device, struct odva_weights *weights)
{
    if (!weights)
        return;
    odva_cuda_free_constant(cuda_of(device)->gpu, weights->numbers);
    free(weights);
}

static void weights_size(const struct odva_weights *weights, int *n_out, int *n_in)
{
    *n_out = weights->n_out;
    *n_in = weights->n_in;
}

/* Mean, forward, inverse. */
static void fill_basis(int16_t *numbers, const int16_t *vectors, int count, const int16_t *mean)
{
    int16_t *forward = numbers + SAMPLES, *inverse = forward + (size_t)SAMPLES * count;

    memcpy(numbers, mean, SAMPLES * sizeof(*mean));
    memcpy(inverse, vectors, (size_t)SAMPLES * count * sizeof(*vectors));
    for (int p = 0; p < PAIRS; p++)
        for (int j = 0; j < count; j++)
            memcpy(forward + ((size_t)p * count + j) * 2, vectors + (size_t)j * SAMPLES + 2 * p,
                   2 * sizeof(*vectors));
}

static struct odva_basis *pack_basis(struct odva_device *device, const int16_t *vectors, int count,
                                     const int16_t *mean)
{
    const size_t matrix = (size_t)SAMPLES * count * sizeof(int16_t);
    const size_t bytes = SAMPLES * sizeof(int16_t) + 2 * matrix;
    struct odva_basis *basis = calloc(1, sizeof(*basis));
    int16_t *numbers = malloc(bytes);

    if (basis && numbers) {
        fill_basis(numbers, vectors, count, mean);
        basis->count = count;
        basis->forward = SAMPLES * sizeof(int16_t);
        basis->inverse = basis->forward + matrix;
        basis->numbers = odva_cuda_constant(cuda_of(device)->gpu, numbers, bytes);
    }
    free(numbers);
    if (basis && basis->numbers)
        return basis;
    free(basis);
    return NULL;
}

static void free_basis(struct odva_device *device, struct odva_basis *basis)
{
    odva_cuda_free_constant(cuda_of(device)->gpu, basis->numbers);
    free(basis);
}

static struct odva_buffer *constant(struct odva_device *device, const void *data, size_t bytes)
{
    struct odva_buffer *buffer = calloc(1, sizeof(*buffer));

    if (!buffer)
        return NULL;
    buffer->bytes = bytes;
    buffer->address = odva_cuda_constant(cuda_of(device)->gpu, data, bytes);
    if (buffer->address)
        return buffer;
    free(buffer);
    return NULL;
}

static void free_constant(struct odva_device *device, struct odva_buffer *buffer)
{
    odva_cuda_free_constant(cuda_of(device)->gpu, buffer->address);
    free(buffer);
}

/* What there is of it, when opening failed. */
static void close_device(struct odva_device *closed)
{
    struct odva_cuda_device *device = cuda_of(closed);

    if (device->gpu)
        odva_cuda_free_constant(device->gpu, device->tables);
    odva_cublas_close(device->cublas, device->gpu);
    odva_cuda_gpu_close(&device->gpu);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

static const struct odva_device_ops device_ops = {
    .close = close_device,
    .open_backend = odva_cuda_backend_open,
    .pack = pack,
    .free_weights = free_weights,
    .weights_size = weights_size,
    .pack_basis = pack_basis,
    .free_basis = free_basis,
    .constant = constant,
    .free_constant = free_constant,
};

/* @param context NULL: the primary one of the device of that index */
static int open_device(struct odva_cuda_device **opened, int index, odva_cuda_context context,
                       int is_rounded, const struct onedva_logger *logger)
{
    struct odva_cuda_device *device = calloc(1, sizeof(*device));
    int status;

    *opened = NULL;
    if (!device)
        return ONEDVA_ERR_NOMEM;
    if (pthread_mutex_init(&device->lock, NULL)) {
        free(device);
        return ONEDVA_ERR_NOMEM;
    }
    device->cublas_numbers = ODVA_CUDA_CUBLAS_NUMBERS;
    device->base.ops = &device_ops;
    device->base.max_depth = 8;
    atomic_init(&device->base.references, 1);
    status = context ? odva_cuda_gpu_adopt(&device->gpu, context, logger)
                     : odva_cuda_gpu_open(&device->gpu, index, logger);
    if (status < 0 || (status = open_tables(device)) < 0) {
        close_device(&device->base);
        return status;
    }
    device->is_rounded = is_rounded && device->gpu->capability >= ODVA_CUDA_BF16_CAPABILITY;
    *opened = device;
    return ONEDVA_OK;
}

int odva_cuda_device_open(struct odva_cuda_device **device, int index, int is_rounded,
                          const struct onedva_logger *logger)
{
    return open_device(device, index, NULL, is_rounded, logger);
}

int odva_cuda_device_adopt(struct odva_cuda_device **device, odva_cuda_context context,
                           int is_rounded, const struct onedva_logger *logger)
{
    return open_device(device, 0, context, is_rounded, logger);
}

/* ---- for the registry -------------------------------------------------------------------- */

#define MAX_NUMBER 15 /* of a device */

/* A place for each device's number, behind that of the first one, with float32 and with bfloat16:
 * its address is what a choice is known by. */
static const char choices[1 + MAX_NUMBER + 1][2];

int odva_cuda_probe(void)
{
    struct odva_cuda_gpu *gpu;
    const int status = odva_cuda_gpu_open(&gpu, -1, NULL);

    odva_cuda_gpu_close(&gpu);
    return status == ONEDVA_OK;
}

int odva_cuda_choose(const struct odva_device_wish *wish, const void **choice)
{
    const char *problem = NULL;

    if (wish->index > MAX_NUMBER)
        problem = "no machine has so many devices; leave -device out for the first";
    else if (wish->bitexact)
        problem = "bitexact is what the C reference computes; use -backend cpu with it";
    else if (wish->kind == ONEDVA_BACKEND_AUTO && !wish->cuda_context)
        problem = "it has not been tried on a GPU yet; -backend cuda asks for it";
    if (problem) {
        odva_log(wish->logger, ONEDVA_LOG_ERROR, "cuda: %s", problem);
        return wish->index > MAX_NUMBER ? ONEDVA_ERR_ARGUMENT : ONEDVA_ERR_UNSUPPORTED;
    }
    if (wish->cuda_context) /* a key of its own for each precision */
        *choice = (const char *)wish->cuda_context + (wish->precision != ONEDVA_PRECISION_FLOAT32);
    else
        *choice = &choices[1 + wish->index][wish->precision != ONEDVA_PRECISION_FLOAT32];
    return ONEDVA_OK;
}

int odva_cuda_open(struct odva_device **device, const void *choice,
                   const struct odva_device_wish *wish)
{
    struct odva_cuda_device *cuda;
    const int place = wish->cuda_context ? 0 : (int)((const char *)choice - choices[0]);
    const int status = open_device(&cuda, place / 2 - 1, wish->cuda_context,
                                   wish->precision != ONEDVA_PRECISION_FLOAT32, wish->logger);

    *device = status < 0 ? NULL : &cuda->base;
    return status;
}
