/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/linear_layer.h"

static void read_tensor(float *numbers, const struct odva_weight_source *source)
{
    const struct odva_tensor *tensor = source->data;

    odva_tensor_read_floats(tensor, 0, tensor->count, numbers);
}

struct odva_buffer *odva_device_tensor(struct odva_device_weights *weights,
                                       const struct odva_tensor *tensor)
{
    const struct odva_weight_source source = {.data = tensor, .read = read_tensor};

    return odva_device_vector(weights, &source, tensor->count);
}

int odva_linear_layer_load(struct odva_linear_layer *layer, struct odva_device_weights *weights,
                           const struct odva_linear_tensors *tensors, enum odva_precision precision)
{
    const struct odva_tensor *matrix = tensors->weight;
    const struct odva_weight_source source = {.data = matrix, .read = read_tensor};

    *layer = (struct odva_linear_layer){
        .weights = odva_device_matrix(weights, &source, (int)matrix->shape[0],
                                      (int)matrix->shape[1], precision),
        .bias = tensors->bias ? odva_device_tensor(weights, tensors->bias) : NULL,
    };
    return layer->weights && (!tensors->bias || layer->bias) ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

int odva_linear_layer_run(const struct odva_linear_layer *layer, struct odva_backend *backend,
                          struct odva_matrix dst, struct odva_matrix src, int64_t rows,
                          struct odva_epilogue epilogue)
{
    epilogue.bias = layer->bias;
    return backend->ops->linear(backend, dst, src, rows, layer->weights, &epilogue);
}
