/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures in the memory of a GPU, some of which stand for planes of the host, or lie in memory of
 * others. */
#ifndef ODVA_CUDA_IMAGE_H
#define ODVA_CUDA_IMAGE_H

#include "kernels/backend.h"
#include "kernels/cuda/stream.h"

/** Three planes in a buffer; those of chroma mean nothing where there is none. */
struct odva_image {
    struct odva_buffer *buffer;     /* NULL: they lie elsewhere */
    odva_cuda_address elsewhere[3]; /* where */
    struct odva_image_shape shape;
    int32_t stride[2]; /* bytes, of luma and chroma */
    size_t offset[3];  /* bytes, of the planes */
    /* of planes of the host */
    int is_wrapped;
    int is_current; /* the buffer has what the host has, or what kernels wrote */
    int is_written; /* and the host has not got it yet */
    struct onedva_picture host;
    struct odva_cuda_staging *fetched; /* on its way to the host */
    struct odva_image *next;
};

enum odva_cuda_access {
    ODVA_CUDA_READ,
    ODVA_CUDA_WRITE,     /* in part maybe */
    ODVA_CUDA_OVERWRITE, /* all of it */
};

/** Make images ready for a kernel that will be launched next, and tell where they are. @return
 * ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE */
int odva_cuda_use_images(struct odva_cuda_stream *stream, struct odva_cuda_picture *pictures,
                         struct odva_image *const *images, int count, enum odva_cuda_access access);

/** Write to the host what kernels wrote since the last time, to images of this list. Waits. */
int odva_cuda_images_synchronize(struct odva_cuda_stream *stream, struct odva_image *wrapped);

/* Members of odva_backend_ops. */
struct odva_image *odva_cuda_image_alloc(struct odva_backend *backend, struct odva_image *reuse,
                                         int width, int height, int depth);
struct odva_image *odva_cuda_image_wrap(struct odva_backend *backend,
                                        const struct onedva_picture *picture, int width, int height,
                                        int depth);
struct odva_image *odva_cuda_image_import(struct odva_backend *backend, const void *picture,
                                          int width, int height);
void odva_cuda_image_free(struct odva_backend *backend, struct odva_image *image);
struct odva_image_shape odva_cuda_image_shape(const struct odva_image *image);
int odva_cuda_image_copy(struct odva_backend *backend, struct odva_image *dst,
                         struct odva_image *src);

#endif
