/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/linear_layer.h"

#include <stdlib.h>

struct odva_buffer *odva_buffer_of_floats(struct odva_backend *backend, const float *data,
                                          int64_t count)
{
    struct odva_buffer *buffer = backend->ops->alloc(backend, count * sizeof(*data));

    if (buffer && backend->ops->upload(backend, buffer, 0, data, count * sizeof(*data)) < 0) {
        backend->ops->free(backend, buffer);
        return NULL;
    }
    return buffer;
}

float *odva_tensor_floats(const struct odva_tensor *tensor)
{
    float *data = malloc(tensor->count * sizeof(*data));

    if (data)
        odva_tensor_read_floats(tensor, 0, tensor->count, data);
    return data;
}

int odva_linear_layer_open(struct odva_linear_layer *layer, struct odva_backend *backend,
                           const float *weight, const float *bias, int n_out, int n_in,
                           enum odva_precision precision)
{
    *layer = (struct odva_linear_layer){0};
    layer->weights = backend->ops->pack(backend, weight, n_out, n_in, precision);
    if (bias)
        layer->bias = odva_buffer_of_floats(backend, bias, n_out);
    if (layer->weights && (!bias || layer->bias))
        return ONEDVA_OK;
    odva_linear_layer_close(layer, backend);
    return ONEDVA_ERR_NOMEM;
}

int odva_linear_layer_load(struct odva_linear_layer *layer, struct odva_backend *backend,
                           const struct odva_linear_tensors *tensors, const float *extra,
                           enum odva_precision precision)
{
    const int n_out = (int)tensors->weight->shape[0], n_in = (int)tensors->weight->shape[1];
    float *weight = odva_tensor_floats(tensors->weight);
    float *bias = tensors->bias ? odva_tensor_floats(tensors->bias) : NULL;
    int status = ONEDVA_ERR_NOMEM;

    *layer = (struct odva_linear_layer){0};
    if (weight && (bias || !tensors->bias)) {
        for (int i = 0; bias && extra && i < n_out; i++)
            bias[i] += extra[i];
        status = odva_linear_layer_open(layer, backend, weight, bias, n_out, n_in, precision);
    }
    free(weight);
    free(bias);
    return status;
}

void odva_linear_layer_close(struct odva_linear_layer *layer, struct odva_backend *backend)
{
    if (layer->weights)
        backend->ops->free_weights(backend, layer->weights);
    if (layer->bias)
        backend->ops->free(backend, layer->bias);
    *layer = (struct odva_linear_layer){0};
}

int odva_linear_layer_run(const struct odva_linear_layer *layer, struct odva_backend *backend,
                          struct odva_matrix dst, struct odva_matrix src, int64_t rows,
                          struct odva_epilogue epilogue)
{
    epilogue.bias = layer->bias;
    return backend->ops->linear(backend, dst, src, rows, layer->weights, &epilogue);
}
