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

static void read_tensor(float *matrix, const struct odva_matrix_source *source)
{
    const struct odva_tensor *tensor = source->data;

    odva_tensor_read_floats(tensor, 0, tensor->count, matrix);
}

int odva_linear_layer_load(struct odva_linear_layer *layer, struct odva_backend *backend,
                           const struct onedva_model *model,
                           const struct odva_linear_tensors *tensors, enum odva_precision precision)
{
    const struct odva_matrix_source matrix = {.data = tensors->weight,
                                              .read = read_tensor,
                                              .n_out = (int)tensors->weight->shape[0],
                                              .n_in = (int)tensors->weight->shape[1],
                                              .precision = precision};
    float *bias = tensors->bias ? odva_tensor_floats(tensors->bias) : NULL;

    *layer = (struct odva_linear_layer){0};
    layer->weights = odva_packed_weights_get(&model->weights->packed, backend, &matrix);
    if (bias)
        layer->bias = odva_buffer_of_floats(backend, bias, matrix.n_out);
    free(bias);
    if (layer->weights && (!tensors->bias || layer->bias))
        return ONEDVA_OK;
    odva_linear_layer_close(layer, backend);
    return ONEDVA_ERR_NOMEM;
}

void odva_linear_layer_close(struct odva_linear_layer *layer, struct odva_backend *backend)
{
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
