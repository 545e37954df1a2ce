/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * A model's matrices as backends compute with them. Each is packed when the first encoder or
 * decoder asks for it, once for every packing, and stays until the model is closed: all that use
 * the model share it, in any threads.
 */
#ifndef ODVA_PACKED_WEIGHTS_H
#define ODVA_PACKED_WEIGHTS_H

#include <pthread.h>

#include "kernels/backend.h"

/** Where the numbers of a matrix come from; data and read tell matrices apart. */
struct odva_matrix_source {
    const void *data; /* lives as long as the model */
    /** Write [n_out][n_in]. */
    void (*read)(float *matrix, const struct odva_matrix_source *source);
    int n_out, n_in;
    enum odva_precision precision;
};

struct odva_packed_weights {
    pthread_mutex_t lock;
    struct odva_packed_matrix *first;
};

void odva_packed_weights_init(struct odva_packed_weights *packed);
void odva_packed_weights_free(struct odva_packed_weights *packed);

/** @return a matrix for backends of this one's packing, not to be freed; NULL: memory ran out */
const struct odva_weights *odva_packed_weights_get(struct odva_packed_weights *packed,
                                                   struct odva_backend *backend,
                                                   const struct odva_matrix_source *source);

#endif
