/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A safetensors file of tensors that grow row by row. */
#ifndef TENSOR_WRITER_H
#define TENSOR_WRITER_H

#include <stdint.h>

#include "base/byte_writer.h"

enum tensor_type { TENSOR_U8, TENSOR_I8, TENSOR_I32, TENSOR_I64, TENSOR_F32 };

struct growing_tensor {
    const char *name;
    enum tensor_type type;
    int columns; /* 0: a vector, otherwise rows of so many elements */
    struct odva_byte_writer bytes;
};

/** Append elements, little endian whatever the host is. */
void tensor_add_u8(struct growing_tensor *tensor, const uint8_t *data, size_t size);
void tensor_add_i8(struct growing_tensor *tensor, int8_t value);
void tensor_add_i32(struct growing_tensor *tensor, int32_t value);
void tensor_add_i64(struct growing_tensor *tensor, int64_t value);
void tensor_add_f32(struct growing_tensor *tensor, float value);

/** Elements so far. */
int64_t tensor_count(const struct growing_tensor *tensor);

/**
 * Write a file; it has its name only when it is whole.
 * @param metadata the string of __metadata__'s key "onedva-latents"
 * @return 0, or an errno value
 */
int tensors_write(const char *path, const struct growing_tensor *tensors, int count,
                  const char *metadata);

#endif
