/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/vulkan_device.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/integers.h"
#include "base/log.h"
#include "base/strict_math.h"
#include "kernels/vulkan/vulkan_backend.h"

#define SAMPLES ODVA_FRAME_SAMPLES
#define PAIRS   (SAMPLES / 2)

/* ---- constants --------------------------------------------------------------------------- */

static struct odva_buffer *constant_of(struct odva_vulkan_device *device, const void *data,
                                       size_t bytes)
{
    struct odva_vulkan_stream *stream = &device->stream;
    struct odva_buffer *buffer;

    pthread_mutex_lock(&device->lock);
    buffer = odva_vulkan_alloc(stream, bytes);
    if (buffer && (odva_vulkan_upload(stream, buffer, 0, data, bytes) < 0 ||
                   odva_vulkan_synchronize(stream) < 0)) {
        odva_vulkan_free(stream, buffer);
        buffer = NULL;
    }
    pthread_mutex_unlock(&device->lock);
    return buffer;
}

static void free_buffer(struct odva_vulkan_device *device, struct odva_buffer *buffer)
{
    pthread_mutex_lock(&device->lock);
    odva_vulkan_free(&device->stream, buffer);
    pthread_mutex_unlock(&device->lock);
}

static void fill_tables(struct odva_vulkan_tables *tables)
{
    for (int i = 0; i < 256; i++)
        tables->numbers[i] = (float)i / 127.5f - 1.0f;
    for (int n = 1; n <= ODVA_VULKAN_DCT_MAX; n++)
        for (int f = 0; f < n; f++)
            for (int i = 0; i < n; i++) {
                const double norm = sqrt((f ? 2.0 : 1.0) / n);
                const double c = odva_cos(ODVA_PI * (2 * i + 1) * f / (2 * n)) * norm;

                tables->forward[n][f][i] = (float)c;
                tables->exact[n][f][i] = (int32_t)floor(65536 * c + 0.5);
            }
}

static int open_tables(struct odva_vulkan_device *device)
{
    struct odva_vulkan_tables *tables = calloc(1, sizeof(*tables));

    if (!tables)
        return ONEDVA_ERR_NOMEM;
    fill_tables(tables);
    device->tables = constant_of(device, tables, sizeof(*tables));
    free(tables);
    if (device->tables)
        return ONEDVA_OK;
    return device->stream.status < 0 ? device->stream.status : ONEDVA_ERR_NOMEM;
}

/* ---- members of odva_device_ops ---------------------------------------------------------- */

static int depth_of(int n_in)
{
    return odva_ceil_div(n_in, ODVA_VULKAN_DEPTH) * ODVA_VULKAN_DEPTH;
}

static struct odva_vulkan_device *vulkan_of(struct odva_device *device)
{
    return (struct odva_vulkan_device *)device;
}

#define HALF_MOST 65504.0f /* that a number of 16 bits is */

/* The nearest number of 16 bits, of two the even one; v is not larger than HALF_MOST. */
static uint16_t half_of(float v)
{
    uint32_t bits, sign, rest;

    memcpy(&bits, &v, sizeof(bits));
    sign = bits >> 16 & 0x8000;
    rest = bits & 0x7fffffff;
    if (rest < 113u << 23) /* without a leading 1: in 1/2^24 */
        return (uint16_t)(sign | (uint32_t)lrintf(fabsf(v) * (1 << 24)));
    return (uint16_t)(sign | (rest - (112u << 23) + 0xfff + (rest >> 13 & 1)) >> 13);
}

static int fit_halves(const float *numbers, size_t count)
{
    size_t i = 0;

    while (i < count && fabsf(numbers[i]) <= HALF_MOST)
        i++;
    return i == count;
}

/* Rows with zeros behind. */
static void fill_weights(void *packed, const struct odva_weights *of, const float *weights)
{
    const size_t stride = (size_t)depth_of(of->n_in);

    for (int o = 0; o < of->n_out; o++)
        for (int i = 0; i < of->n_in; i++) {
            const float v = weights[(size_t)o * of->n_in + i];

            if (of->is_half)
                ((uint16_t *)packed)[o * stride + i] = half_of(v);
            else
                ((float *)packed)[o * stride + i] = v;
        }
}

static struct odva_weights *pack(struct odva_device *opened, const float *weights, int n_out,
                                 int n_in, enum odva_precision precision)
{
    struct odva_vulkan_device *device = vulkan_of(opened);
    struct odva_weights *packed = calloc(1, sizeof(*packed));
    const size_t count = (size_t)n_out * depth_of(n_in);
    void *numbers = calloc(count, sizeof(float));

    if (packed && numbers) {
        *packed = (struct odva_weights){.n_out = n_out, .n_in = n_in};
        packed->is_half = device->has_halves && precision == ODVA_PRECISION_NETWORK &&
                          fit_halves(weights, (size_t)n_out * n_in);
        fill_weights(numbers, packed, weights);
        packed->numbers = constant_of(device, numbers,
                                      count * (packed->is_half ? sizeof(uint16_t) : sizeof(float)));
    }
    free(numbers);
    if (packed && packed->numbers)
        return packed;
    free(packed);
    return NULL;
}

static void free_weights(struct odva_device *device, struct odva_weights *weights)
{
    if (!weights)
        return;
    free_buffer(vulkan_of(device), weights->numbers);
    free(weights);
}

static void weights_size(const struct odva_weights *weights, int *n_out, int *n_in)
{
    *n_out = weights->n_out;
    *n_in = weights->n_in;
}

static uint32_t pair_of(const int16_t *numbers)
{
    return (uint16_t)numbers[0] | (uint32_t)(uint16_t)numbers[1] << 16;
}

/* Mean, forward, inverse. */
static void fill_basis(uint32_t *words, const int16_t *vectors, int count, const int16_t *mean)
{
    uint32_t *forward = words + PAIRS, *inverse = forward + (size_t)PAIRS * count;

    for (int p = 0; p < PAIRS; p++) {
        words[p] = pair_of(mean + 2 * p);
        for (int j = 0; j < count; j++) {
            const uint32_t pair = pair_of(vectors + (size_t)j * SAMPLES + 2 * p);

            forward[(size_t)p * count + j] = pair;
            inverse[(size_t)j * PAIRS + p] = pair;
        }
    }
}

static struct odva_basis *pack_basis(struct odva_device *device, const int16_t *vectors, int count,
                                     const int16_t *mean)
{
    const size_t matrix = (size_t)PAIRS * count * sizeof(uint32_t);
    const size_t bytes = PAIRS * sizeof(uint32_t) + 2 * matrix;
    struct odva_basis *basis = calloc(1, sizeof(*basis));
    uint32_t *words = malloc(bytes);

    if (basis && words) {
        fill_basis(words, vectors, count, mean);
        basis->count = count;
        basis->forward = PAIRS * sizeof(uint32_t);
        basis->inverse = basis->forward + matrix;
        basis->words = constant_of(vulkan_of(device), words, bytes);
    }
    free(words);
    if (basis && basis->words)
        return basis;
    free(basis);
    return NULL;
}

static void free_basis(struct odva_device *device, struct odva_basis *basis)
{
    free_buffer(vulkan_of(device), basis->words);
    free(basis);
}

static struct odva_buffer *constant(struct odva_device *device, const void *data, size_t bytes)
{
    return constant_of(vulkan_of(device), data, bytes);
}

static void free_constant(struct odva_device *device, struct odva_buffer *buffer)
{
    free_buffer(vulkan_of(device), buffer);
}

/* What there is of it, when opening failed. */
static void close_device(struct odva_device *closed)
{
    struct odva_vulkan_device *device = vulkan_of(closed);

    if (device->tables)
        free_buffer(device, device->tables);
    odva_vulkan_stream_close(&device->stream);
    odva_vulkan_gpu_close(&device->gpu);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

static const struct odva_device_ops device_ops = {
    .close = close_device,
    .open_backend = odva_vulkan_backend_open,
    .pack = pack,
    .free_weights = free_weights,
    .weights_size = weights_size,
    .pack_basis = pack_basis,
    .free_basis = free_basis,
    .constant = constant,
    .free_constant = free_constant,
};

/* @param outside NULL: the device of that index */
static int open_device(struct odva_vulkan_device **opened, int index,
                       const struct onedva_vulkan_device *outside,
                       const struct onedva_logger *logger)
{
    struct odva_vulkan_device *device = calloc(1, sizeof(*device));
    int status;

    *opened = NULL;
    if (!device)
        return ONEDVA_ERR_NOMEM;
    if (pthread_mutex_init(&device->lock, NULL)) {
        free(device);
        return ONEDVA_ERR_NOMEM;
    }
    device->base.ops = &device_ops;
    device->base.max_depth = 8;
    atomic_init(&device->base.references, 1);
    status = outside ? odva_vulkan_gpu_adopt(&device->gpu, outside, logger)
                     : odva_vulkan_gpu_open(&device->gpu, index, logger);
    if (status < 0 ||
        (status = odva_vulkan_stream_open(&device->stream, device->gpu, logger)) < 0 ||
        (status = open_tables(device)) < 0) {
        close_device(&device->base);
        return status;
    }
    device->stream.logger = (struct onedva_logger){0}; /* it may end before the device does */
    *opened = device;
    return ONEDVA_OK;
}

int odva_vulkan_device_open(struct odva_vulkan_device **device, int index,
                            const struct onedva_logger *logger)
{
    return open_device(device, index, NULL, logger);
}

int odva_vulkan_device_adopt(struct odva_vulkan_device **device,
                             const struct onedva_vulkan_device *outside,
                             const struct onedva_logger *logger)
{
    return open_device(device, 0, outside, logger);
}

/* ---- for the registry -------------------------------------------------------------------- */

#define MAX_NUMBER 15 /* of a device */

#define CHOICES (2 + MAX_NUMBER + 1)

/* A place for each device's number, behind those of the choices without one, and that for weights
 * of float32 throughout or not: its address is what a choice is known by. */
static const char choices[2][CHOICES];

/* Whether the kernel shows a GPU: a machine without one does not wait for drivers. */
static int may_have_gpu(void)
{
    static const char *const files[] = {"/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0",
                                        "/dev/mali0"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (!access(files[i], F_OK))
            return 1;
    return 0;
}

int odva_vulkan_probe(void)
{
    struct odva_vulkan_gpu *gpu;
    const int status = odva_vulkan_gpu_open(&gpu, ODVA_VULKAN_FIRST, NULL);

    odva_vulkan_gpu_close(&gpu);
    return status == ONEDVA_OK;
}

int odva_vulkan_choose(const struct odva_device_wish *wish, const void **choice)
{
    const char *problem = NULL;

    if (wish->index > MAX_NUMBER)
        problem = "no machine has so many devices; leave -device out for the first";
    else if (wish->bitexact)
        problem = "bitexact is what the C reference computes; use -backend cpu with it";
    else if (wish->kind == ONEDVA_BACKEND_AUTO && !wish->vulkan && !may_have_gpu())
        problem = "there is no GPU";
    if (problem) {
        odva_log(wish->logger, ONEDVA_LOG_ERROR, "vulkan: %s", problem);
        return wish->index > MAX_NUMBER ? ONEDVA_ERR_ARGUMENT : ONEDVA_ERR_UNSUPPORTED;
    }
    if (wish->vulkan) /* a key of its own for each precision */
        *choice =
            (const char *)wish->vulkan->device + (wish->precision != ONEDVA_PRECISION_FLOAT32);
    else
        *choice = &choices[wish->precision != ONEDVA_PRECISION_FLOAT32]
                          [wish->kind == ONEDVA_BACKEND_AUTO ? 0 : 2 + wish->index];
    return ONEDVA_OK;
}

int odva_vulkan_open(struct odva_device **device, const void *choice,
                     const struct odva_device_wish *wish)
{
    struct odva_vulkan_device *vulkan;
    const int index = wish->vulkan ? 0 : (int)((const char *)choice - choices[0]) % CHOICES - 2;
    const int status = open_device(&vulkan, index, wish->vulkan, wish->logger);

    *device = NULL;
    if (!vulkan)
        return status;
    vulkan->has_halves = wish->precision != ONEDVA_PRECISION_FLOAT32;
    *device = &vulkan->base;
    return status;
}
