/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/device_weights.h"

#include <stdlib.h>

#include "base/assert.h"
#include "model/model_weights.h"

/** A matrix or a vector. */
struct entry {
    struct entry *next;
    struct odva_weight_source source;
    enum odva_precision precision; /* of a matrix */
    struct odva_weights *matrix;   /* one of these is NULL */
    struct odva_buffer *vector;
};

struct odva_device_weights {
    struct odva_device_weights *next;
    struct odva_model_devices *devices; /* whose lock it is */
    struct odva_device *device;
    struct entry *first;
    struct odva_basis *basis;
    _Atomic(struct odva_shared *) shared;
};

/* ---- devices ----------------------------------------------------------------------------- */

void odva_model_devices_init(struct odva_model_devices *devices,
                             const struct odva_model_weights *linear_path)
{
    pthread_mutex_init(&devices->lock, NULL);
    devices->first = NULL;
    devices->linear_path = linear_path;
}

static void free_entry(struct odva_device *device, struct entry *entry)
{
    if (entry->matrix)
        device->ops->free_weights(device, entry->matrix);
    if (entry->vector)
        device->ops->free_constant(device, entry->vector);
    free(entry);
}

static void free_weights(struct odva_device_weights *weights)
{
    struct odva_shared *shared = atomic_load(&weights->shared);

    if (shared)
        shared->free(shared);
    while (weights->first) {
        struct entry *entry = weights->first;

        weights->first = entry->next;
        free_entry(weights->device, entry);
    }
    if (weights->basis)
        weights->device->ops->free_basis(weights->device, weights->basis);
    odva_device_release(&weights->device);
    free(weights);
}

void odva_model_devices_free(struct odva_model_devices *devices)
{
    while (devices->first) {
        struct odva_device_weights *weights = devices->first;

        devices->first = weights->next;
        free_weights(weights);
    }
    pthread_mutex_destroy(&devices->lock);
}

/* @param device whose reference becomes the list's @return NULL when memory ran out; then it is
 * released */
static struct odva_device_weights *add_device(struct odva_model_devices *devices,
                                              struct odva_device *device)
{
    struct odva_device_weights *weights = calloc(1, sizeof(*weights));

    if (!weights) {
        odva_device_release(&device);
        return NULL;
    }
    weights->next = devices->first;
    weights->devices = devices;
    weights->device = device;
    devices->first = weights;
    return weights;
}

static struct odva_device *find_variant(const void *opaque, const void *variant)
{
    const struct odva_model_devices *devices = opaque;
    const struct odva_device_weights *weights = devices->first;

    while (weights && weights->device->variant != variant)
        weights = weights->next;
    return weights ? weights->device : NULL;
}

static struct odva_device_weights *weights_on(const struct odva_model_devices *devices,
                                              const struct odva_device *device)
{
    struct odva_device_weights *weights = devices->first;

    while (weights && weights->device != device)
        weights = weights->next;
    return weights;
}

/* The lock is held. */
static int open_device(struct odva_model_devices *devices, const struct odva_device_wish *wish,
                       struct odva_device **device)
{
    const struct odva_open_devices open = {find_variant, devices};
    struct odva_device *opened;
    const int status = odva_device_open(&opened, wish, &open);

    if (status < 0)
        return status;
    *device = opened;
    if (!weights_on(devices, opened))
        return add_device(devices, opened) ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
    odva_device_release(&opened); /* the list has a reference */
    return ONEDVA_OK;
}

int odva_model_device(const struct onedva_model *model, const struct odva_device_wish *wish,
                      struct odva_device **device)
{
    struct odva_model_devices *devices = &model->weights->devices;
    int status;

    *device = NULL;
    pthread_mutex_lock(&devices->lock);
    status = open_device(devices, wish, device);
    pthread_mutex_unlock(&devices->lock);
    return status;
}

struct odva_device_weights *odva_device_weights_in(struct odva_model_devices *devices,
                                                   struct odva_device *device)
{
    struct odva_device_weights *weights;

    pthread_mutex_lock(&devices->lock);
    weights = weights_on(devices, device);
    if (!weights)
        weights = add_device(devices, odva_device_reference(device));
    pthread_mutex_unlock(&devices->lock);
    return weights;
}

struct odva_device_weights *odva_device_weights_of(const struct onedva_model *model,
                                                   struct odva_device *device)
{
    return odva_device_weights_in(&model->weights->devices, device);
}

/* ---- weights ----------------------------------------------------------------------------- */

static const struct entry *find(const struct odva_device_weights *weights,
                                const struct odva_weight_source *source,
                                enum odva_precision precision)
{
    const struct entry *entry = weights->first;

    while (entry && (entry->source.data != source->data || entry->source.other != source->other ||
                     entry->source.read != source->read || entry->precision != precision))
        entry = entry->next;
    return entry;
}

/* An entry is added as a copy once it has what it is for. @return NULL when memory ran out */
static const struct entry *add(struct odva_device_weights *weights, const struct entry *made)
{
    struct entry *entry = made->matrix || made->vector ? malloc(sizeof(*entry)) : NULL;

    if (entry) {
        *entry = *made;
        entry->next = weights->first;
        weights->first = entry;
    } else if (made->matrix) {
        weights->device->ops->free_weights(weights->device, made->matrix);
    } else if (made->vector) {
        weights->device->ops->free_constant(weights->device, made->vector);
    }
    return entry;
}

static float *read_numbers(const struct odva_weight_source *source, size_t count)
{
    float *numbers = malloc(count * sizeof(*numbers));

    if (numbers)
        source->read(numbers, source);
    return numbers;
}

static const struct entry *add_matrix(struct odva_device_weights *weights,
                                      const struct odva_weight_source *source, int n_out, int n_in,
                                      enum odva_precision precision)
{
    struct odva_device *device = weights->device;
    struct entry entry = {.source = *source, .precision = precision};
    float *numbers = read_numbers(source, (size_t)n_out * n_in);

    if (numbers)
        entry.matrix = device->ops->pack(device, numbers, n_out, n_in, precision);
    free(numbers);
    return add(weights, &entry);
}

const struct odva_weights *odva_device_matrix(struct odva_device_weights *weights,
                                              const struct odva_weight_source *source, int n_out,
                                              int n_in, enum odva_precision precision)
{
    const struct entry *entry;

    ODVA_ASSERT(n_out > 0 && n_in > 0);
    pthread_mutex_lock(&weights->devices->lock);
    entry = find(weights, source, precision);
    if (!entry)
        entry = add_matrix(weights, source, n_out, n_in, precision);
    pthread_mutex_unlock(&weights->devices->lock);
    return entry ? entry->matrix : NULL;
}

static const struct entry *add_vector(struct odva_device_weights *weights,
                                      const struct odva_weight_source *source, int64_t count)
{
    struct odva_device *device = weights->device;
    struct entry entry = {.source = *source};
    float *numbers = read_numbers(source, count);

    if (numbers)
        entry.vector = device->ops->constant(device, numbers, count * sizeof(*numbers));
    free(numbers);
    return add(weights, &entry);
}

struct odva_buffer *odva_device_vector(struct odva_device_weights *weights,
                                       const struct odva_weight_source *source, int64_t count)
{
    const struct entry *entry;

    ODVA_ASSERT(count > 0);
    pthread_mutex_lock(&weights->devices->lock);
    entry = find(weights, source, ODVA_PRECISION_EXACT);
    if (!entry)
        entry = add_vector(weights, source, count);
    pthread_mutex_unlock(&weights->devices->lock);
    return entry ? entry->vector : NULL;
}

const struct odva_basis *odva_device_basis(struct odva_device_weights *weights)
{
    const struct odva_model_weights *of = weights->devices->linear_path;
    struct odva_device *device = weights->device;

    ODVA_ASSERT(of);
    pthread_mutex_lock(&weights->devices->lock);
    if (!weights->basis)
        weights->basis = device->ops->pack_basis(device, of->basis, of->vectors, of->mean);
    pthread_mutex_unlock(&weights->devices->lock);
    return weights->basis;
}

_Atomic(struct odva_shared *) *odva_device_shared(struct odva_device_weights *weights)
{
    return &weights->shared;
}

struct odva_device *odva_device_of(const struct odva_device_weights *weights)
{
    return weights->device;
}
