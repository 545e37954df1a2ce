/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A file of networks on its way in: what it must hold, and one line of what is wrong with it. */
#ifndef ODVA_TENSOR_READER_H
#define ODVA_TENSOR_READER_H

#include <cjson/cJSON.h>

#include "model/model_weights.h"
#include "onedva/onedva.h"

struct odva_tensor_reader {
    const char *kind, *path; /* for messages: "model"; NULL: built in */
    const struct onedva_logger *logger;
    const struct odva_safetensors *container;
    int64_t *parameters; /* floats of all tensors that were asked for are counted here */
};

/** Say why the file cannot be used. @return ONEDVA_ERR_MODEL */
int odva_refuse_file(const struct odva_tensor_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Map the file at reader->path, or where that is NULL one that is built in. @return ONEDVA_OK or
 * ONEDVA_ERR_IO */
int odva_read_file(struct odva_tensor_reader *reader, struct odva_mapped_file *file,
                   const unsigned char *embedded, const unsigned char *embedded_end);

/** Set reader->container to the file's. @return ONEDVA_OK, ONEDVA_ERR_MODEL or ONEDVA_ERR_NOMEM */
int odva_read_container(struct odva_tensor_reader *reader, struct odva_safetensors *container,
                        const struct odva_mapped_file *file);

/** A whole number low .. high of the metadata. */
int odva_read_size(const struct odva_tensor_reader *reader, const cJSON *json, const char *key,
                   int low, int high, int *value);

/** Width and head dimension of a transformer, of the metadata. */
int odva_read_width(const struct odva_tensor_reader *reader, const cJSON *json, int *width,
                    int *head_dim);

/** A model's id of the metadata: a text of 16 digits of base 16. */
int odva_read_id(const struct odva_tensor_reader *reader, const cJSON *json, const char *key,
                 uint64_t *id);

#define ODVA_NETWORK_WEIGHT (-1) /* f32 or bf16 */

struct odva_tensor_spec {
    const char *name;
    int dtype; /* enum odva_dtype or ODVA_NETWORK_WEIGHT */
    int rank;
    int64_t shape[ODVA_MAX_RANK];
};

/** Find a tensor and check its type, its shape and that its numbers are finite. */
int odva_read_tensor(const struct odva_tensor_reader *reader, const struct odva_tensor_spec *spec,
                     const struct odva_tensor **out);

/** A tensor of a network, prefix and suffix being its name. @param cols 0: a vector of rows */
int odva_read_weight(const struct odva_tensor_reader *reader, const char *prefix,
                     const char *suffix, int rows, int cols, const struct odva_tensor **out);

/** prefix layer .weight [n_out][n_in] and .bias [n_out] */
int odva_read_linear(const struct odva_tensor_reader *reader, const char *prefix, const char *layer,
                     int n_out, int n_in, struct odva_linear_tensors *out);

/** What a transformer of this width has besides its blocks. */
int odva_read_conditioning(const struct odva_tensor_reader *reader, int width, const char *prefix,
                           int scalars, struct odva_conditioning_tensors *cond);

/** @param blocks is allocated, also where an error is returned: the caller frees it */
int odva_read_blocks(const struct odva_tensor_reader *reader, int width, const char *prefix,
                     int count, struct odva_block_tensors **blocks);

#endif
