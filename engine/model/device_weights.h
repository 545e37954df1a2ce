/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The devices that a model's codecs compute on, each opened once, and what each holds of the model:
 * matrices and vectors, made when the first encoder or decoder asks for them. All stays until the
 * model is closed, and all that use the model share it, in any threads.
 */
#ifndef ODVA_DEVICE_WEIGHTS_H
#define ODVA_DEVICE_WEIGHTS_H

#include <pthread.h>

#include "kernels/device.h"
#include "model/model.h"

/** Where numbers come from; data, other and read tell them apart. */
struct odva_weight_source {
    const void *data, *other; /* live as long as the model */
    /** Write them all. */
    void (*read)(float *numbers, const struct odva_weight_source *source);
};

/** What one device holds of a model. */
struct odva_device_weights;

/** Devices, and what they hold of one file of networks. */
struct odva_model_devices {
    pthread_mutex_t lock;
    struct odva_device_weights *first;
    const struct odva_model_weights *linear_path; /* whose basis they hold, or NULL */
};

void odva_model_devices_init(struct odva_model_devices *devices,
                             const struct odva_model_weights *linear_path);
void odva_model_devices_free(struct odva_model_devices *devices);

/** Find the device that a wish leads to, or open it. @param device the model's: not to be released
 * @return as odva_device_open */
int odva_model_device(const struct onedva_model *model, const struct odva_device_wish *wish,
                      struct odva_device **device);

/** What a device, the model's or one that was opened elsewhere, holds of the model. @return NULL
 * when memory ran out */
struct odva_device_weights *odva_device_weights_of(const struct onedva_model *model,
                                                   struct odva_device *device);

/** Likewise of any file of networks, whose devices these are. */
struct odva_device_weights *odva_device_weights_in(struct odva_model_devices *devices,
                                                   struct odva_device *device);

/** A matrix [n_out][n_in]. @return NULL when memory ran out */
const struct odva_weights *odva_device_matrix(struct odva_device_weights *weights,
                                              const struct odva_weight_source *source, int n_out,
                                              int n_in, enum odva_precision precision);

/** A buffer of count floats, which no operator may write. @return NULL when memory ran out */
struct odva_buffer *odva_device_vector(struct odva_device_weights *weights,
                                       const struct odva_weight_source *source, int64_t count);

/** The basis of the linear path, where the file has one. @return NULL when memory ran out */
const struct odva_basis *odva_device_basis(struct odva_device_weights *weights);

/** What a layer above has made of the model for this device: NULL before it sets it. */
_Atomic(struct odva_shared *) *odva_device_shared(struct odva_device_weights *weights);

struct odva_device *odva_device_of(const struct odva_device_weights *weights);

#endif
