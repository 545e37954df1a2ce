/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A matrix and a bias that a device holds for the model. */
#ifndef ODVA_LINEAR_LAYER_H
#define ODVA_LINEAR_LAYER_H

#include "kernels/backend.h"
#include "model/model.h"
#include "model/model_weights.h"

struct odva_linear_layer {
    const struct odva_weights *weights;
    const struct odva_buffer *bias; /* NULL: none */
};

/** @param tensors of the model whose weights these are @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_linear_layer_load(struct odva_linear_layer *layer, struct odva_device_weights *weights,
                           const struct odva_linear_tensors *tensors,
                           enum odva_precision precision);

/** dst = src W^T + bias, then what the epilogue has besides a bias. */
int odva_linear_layer_run(const struct odva_linear_layer *layer, struct odva_backend *backend,
                          struct odva_matrix dst, struct odva_matrix src, int64_t rows,
                          struct odva_epilogue epilogue);

/** A tensor of the model as floats on the device. @return NULL when memory ran out */
struct odva_buffer *odva_device_tensor(struct odva_device_weights *weights,
                                       const struct odva_tensor *tensor);

#endif
