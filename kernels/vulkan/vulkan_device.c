/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/vulkan_device.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/strict_math.h"

#define SAMPLES ODVA_FRAME_SAMPLES
#define PAIRS   (SAMPLES / 2)

/* ---- constants --------------------------------------------------------------------------- */

struct odva_buffer *odva_vulkan_constant(struct odva_vulkan_device *device, const void *data,
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

void odva_vulkan_free_constant(struct odva_vulkan_device *device, struct odva_buffer *buffer)
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
    device->tables = odva_vulkan_constant(device, tables, sizeof(*tables));
    free(tables);
    if (device->tables)
        return ONEDVA_OK;
    return device->stream.status < 0 ? device->stream.status : ONEDVA_ERR_NOMEM;
}

/* ---- device ------------------------------------------------------------------------------ */

int odva_vulkan_device_open(struct odva_vulkan_device **opened, int index,
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
    *opened = device;
    if ((status = odva_vulkan_gpu_open(&device->gpu, index, logger)) < 0 ||
        (status = odva_vulkan_stream_open(&device->stream, device->gpu, logger)) < 0 ||
        (status = open_tables(device)) < 0)
        odva_vulkan_device_close(opened);
    return status;
}

void odva_vulkan_device_close(struct odva_vulkan_device **opened)
{
    struct odva_vulkan_device *device = *opened;

    *opened = NULL;
    if (!device)
        return;
    if (device->tables)
        odva_vulkan_free_constant(device, device->tables);
    odva_vulkan_stream_close(&device->stream);
    odva_vulkan_gpu_close(&device->gpu);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

/* ---- models ------------------------------------------------------------------------------ */

struct odva_weights *odva_vulkan_pack(struct odva_vulkan_device *device, const float *weights,
                                      int n_out, int n_in)
{
    struct odva_weights *packed = malloc(sizeof(*packed));

    if (!packed)
        return NULL;
    *packed = (struct odva_weights){.device = device, .n_out = n_out, .n_in = n_in};
    packed->numbers =
        odva_vulkan_constant(device, weights, (size_t)n_out * n_in * sizeof(*weights));
    if (packed->numbers)
        return packed;
    free(packed);
    return NULL;
}

void odva_vulkan_free_weights(struct odva_weights *weights)
{
    if (!weights)
        return;
    odva_vulkan_free_constant(weights->device, weights->numbers);
    free(weights);
}

static uint32_t pair_of(const int16_t *numbers)
{
    return (uint16_t)numbers[0] | (uint32_t)(uint16_t)numbers[1] << 16;
}

struct odva_basis *odva_vulkan_pack_basis(struct odva_vulkan_device *device, const int16_t *vectors,
                                          int count, const int16_t *mean)
{
    const size_t numbers = (size_t)PAIRS * count;
    struct odva_basis *basis = malloc(sizeof(*basis));
    uint32_t *words = malloc((PAIRS + 2 * numbers) * sizeof(*words));

    if (basis && words) {
        *basis = (struct odva_basis){.device = device,
                                     .count = count,
                                     .forward = PAIRS * sizeof(*words),
                                     .inverse = (PAIRS + numbers) * sizeof(*words)};
        for (int p = 0; p < PAIRS; p++) {
            words[p] = pair_of(mean + 2 * p);
            for (int j = 0; j < count; j++) {
                const uint32_t pair = pair_of(vectors + (size_t)j * SAMPLES + 2 * p);

                words[PAIRS + (size_t)p * count + j] = pair;
                words[PAIRS + numbers + (size_t)j * PAIRS + p] = pair;
            }
        }
        basis->words = odva_vulkan_constant(device, words, (PAIRS + 2 * numbers) * sizeof(*words));
    }
    free(words);
    if (basis && words && basis->words)
        return basis;
    free(basis);
    return NULL;
}

void odva_vulkan_free_basis(struct odva_basis *basis)
{
    if (!basis)
        return;
    odva_vulkan_free_constant(basis->device, basis->words);
    free(basis);
}
