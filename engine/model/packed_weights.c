/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/packed_weights.h"

#include <stdlib.h>

#include "base/assert.h"

struct odva_packed_matrix {
    struct odva_packed_matrix *next;
    struct odva_matrix_source source;
    const void *packing; /* of the backend */
    struct odva_weights *weights;
    void (*free_weights)(struct odva_weights *weights);
};

void odva_packed_weights_init(struct odva_packed_weights *packed)
{
    pthread_mutex_init(&packed->lock, NULL);
    packed->first = NULL;
}

void odva_packed_weights_free(struct odva_packed_weights *packed)
{
    struct odva_packed_matrix *matrix = packed->first;

    while (matrix) {
        struct odva_packed_matrix *next = matrix->next;

        matrix->free_weights(matrix->weights);
        free(matrix);
        matrix = next;
    }
    pthread_mutex_destroy(&packed->lock);
}

static const struct odva_packed_matrix *find(const struct odva_packed_weights *packed,
                                             const void *packing,
                                             const struct odva_matrix_source *source)
{
    const struct odva_packed_matrix *matrix = packed->first;

    while (matrix &&
           (matrix->packing != packing || matrix->source.data != source->data ||
            matrix->source.read != source->read || matrix->source.precision != source->precision))
        matrix = matrix->next;
    return matrix;
}

static struct odva_weights *pack(struct odva_backend *backend,
                                 const struct odva_matrix_source *source)
{
    float *numbers = malloc((size_t)source->n_out * source->n_in * sizeof(*numbers));
    struct odva_weights *weights = NULL;

    if (numbers) {
        source->read(numbers, source);
        weights =
            backend->ops->pack(backend, numbers, source->n_out, source->n_in, source->precision);
    }
    free(numbers);
    return weights;
}

/* @return NULL when memory ran out */
static const struct odva_packed_matrix *add(struct odva_packed_weights *packed,
                                            struct odva_backend *backend,
                                            const struct odva_matrix_source *source)
{
    struct odva_packed_matrix *matrix = malloc(sizeof(*matrix));

    if (!matrix)
        return NULL;
    *matrix = (struct odva_packed_matrix){.next = packed->first,
                                          .source = *source,
                                          .packing = backend->packing,
                                          .weights = pack(backend, source),
                                          .free_weights = backend->ops->free_weights};
    if (!matrix->weights) {
        free(matrix);
        return NULL;
    }
    packed->first = matrix;
    return matrix;
}

const struct odva_weights *odva_packed_weights_get(struct odva_packed_weights *packed,
                                                   struct odva_backend *backend,
                                                   const struct odva_matrix_source *source)
{
    const struct odva_packed_matrix *matrix;

    ODVA_ASSERT(source->n_out > 0 && source->n_in > 0);
    pthread_mutex_lock(&packed->lock);
    matrix = find(packed, backend->packing, source);
    if (!matrix)
        matrix = add(packed, backend, source);
    pthread_mutex_unlock(&packed->lock);
    return matrix ? matrix->weights : NULL;
}
