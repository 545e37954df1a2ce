/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A matrix that the model holds packed, and a bias of its own on the device. */
#ifndef ODVA_LINEAR_LAYER_H
#define ODVA_LINEAR_LAYER_H

#include "kernels/backend.h"
#include "model/model.h"
#include "model/model_weights.h"

struct odva_linear_layer {
    const struct odva_weights *weights; /* the model's */
    struct odva_buffer *bias;           /* NULL: none */
};

/** @param tensors of the model @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_linear_layer_load(struct odva_linear_layer *layer, struct odva_backend *backend,
                           const struct onedva_model *model,
                           const struct odva_linear_tensors *tensors,
                           enum odva_precision precision);
void odva_linear_layer_close(struct odva_linear_layer *layer, struct odva_backend *backend);

/** dst = src W^T + bias, then what the epilogue has besides a bias. */
int odva_linear_layer_run(const struct odva_linear_layer *layer, struct odva_backend *backend,
                          struct odva_matrix dst, struct odva_matrix src, int64_t rows,
                          struct odva_epilogue epilogue);

/** Copy floats to a new device buffer. @return NULL when that failed */
struct odva_buffer *odva_buffer_of_floats(struct odva_backend *backend, const float *data,
                                          int64_t count);
/** A tensor as floats. @return to be freed; NULL when memory ran out */
float *odva_tensor_floats(const struct odva_tensor *tensor);

#endif
