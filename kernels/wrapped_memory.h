/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Memory of the host as a device without access to it has it: what backend.h calls wrapped has a
 * copy of its own, which operators work on. It is made when an operator first reads it, and written
 * back by synchronize alone; until then the host's own holds noise where operators wrote. A caller
 * that does not wait, or changes what is the device's, fails tests on the CPU as it would on such a
 * device.
 */
#ifndef ODVA_WRAPPED_MEMORY_H
#define ODVA_WRAPPED_MEMORY_H

#include "kernels/backend.h"

/** @return NULL when memory ran out */
struct odva_image *odva_wrapped_image(struct odva_backend *backend,
                                      const struct onedva_picture *picture, int width, int height,
                                      int depth);
struct odva_buffer *odva_wrapped_buffer(struct odva_backend *backend, void *memory, size_t bytes);

/** An image or a buffer, the other one NULL, which may be one that is not wrapped, is freed. */
void odva_wrapped_forget(struct odva_backend *backend, const struct odva_image *image,
                         const struct odva_buffer *buffer);
int odva_wrapped_has(const struct odva_backend *backend, const struct odva_image *image);

/** Operators read or write images, some of which may be wrapped. */
void odva_wrapped_read(struct odva_backend *backend, struct odva_image *const *images, int count);
void odva_wrapped_write(struct odva_backend *backend, struct odva_image *const *images, int count);
void odva_wrapped_buffer_read(struct odva_backend *backend, const struct odva_buffer *buffer);
void odva_wrapped_buffer_write(struct odva_backend *backend, const struct odva_buffer *buffer);

/** Member of odva_backend_ops. */
int odva_wrapped_synchronize(struct odva_backend *backend);

#endif
