/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A sequence of work on a GPU, and the memory that it works on. */
#ifndef ODVA_CUDA_STREAM_H
#define ODVA_CUDA_STREAM_H

#include "kernels/cuda/gpu.h"

/** Memory of the device. */
struct odva_buffer {
    odva_cuda_address address;
    size_t bytes;
    /* of memory of the host */
    void *host;     /* NULL: it does not stand for such */
    int is_current; /* the device has what the host has, or what kernels wrote */
    int is_written; /* and the host has not got it yet */
    struct odva_buffer *next;
};

/** Memory of the host from which the device copies, or to which it does. */
struct odva_cuda_staging {
    void *memory;
    size_t bytes;
    int is_taken; /* for the caller, until odva_cuda_release_staging */
    int is_used;  /* until event */
    odva_cuda_event event;
    struct odva_cuda_staging *next;
};

struct odva_cuda_stream {
    struct odva_cuda_gpu *gpu;
    struct onedva_logger logger;
    odva_cuda_queue queue;
    struct odva_cuda_staging *staging;
    int staging_count;
    struct odva_buffer *wrapped; /* those that stand for memory of the host */
    odva_cuda_event outside;     /* of others' streams */
    int is_busy;                 /* there may be work that is not waited for yet */
    int status;                  /* negative: the device failed, nothing works any more */
};

/** @return ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE */
int odva_cuda_stream_open(struct odva_cuda_stream *stream, struct odva_cuda_gpu *gpu,
                          const struct onedva_logger *logger);
/** All buffers must have been freed. */
void odva_cuda_stream_close(struct odva_cuda_stream *stream);

/** @return NULL, after one line, when memory ran out */
struct odva_buffer *odva_cuda_alloc(struct odva_cuda_stream *stream, size_t bytes);
/** A buffer that stands for memory of the host: what is there is copied before the next kernel, and
 * what kernels have written, odva_cuda_written, goes there when the stream is synchronised. */
struct odva_buffer *odva_cuda_wrap(struct odva_cuda_stream *stream, void *memory, size_t bytes);
void odva_cuda_written(struct odva_buffer *buffer);
/** Work that was begun may still use it. */
void odva_cuda_free(struct odva_cuda_stream *stream, struct odva_buffer *buffer);

/* All of these return ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE. */

/** data has been copied when it returns. */
int odva_cuda_upload(struct odva_cuda_stream *stream, struct odva_buffer *buffer, size_t offset,
                     const void *data, size_t bytes);
/** Waits. */
int odva_cuda_download(struct odva_cuda_stream *stream, const struct odva_buffer *buffer,
                       size_t offset, void *data, size_t bytes);
int odva_cuda_copy(struct odva_cuda_stream *stream, const struct odva_buffer *dst,
                   const struct odva_buffer *src, size_t bytes);
/** Rows of bytes. */
struct odva_cuda_rows {
    odva_cuda_address address;
    size_t stride;
};

int odva_cuda_copy_rows(struct odva_cuda_stream *stream, struct odva_cuda_rows dst,
                        struct odva_cuda_rows src, size_t width, size_t height);
/** Begin nothing before what was begun on another stream of the context is done. */
int odva_cuda_wait_for(struct odva_cuda_stream *stream, odva_cuda_queue other);
/** All of it 0. */
int odva_cuda_clear(struct odva_cuda_stream *stream, const struct odva_buffer *buffer);

/** Blocks of a launch: x 0 .. 2^31-1, with 0 of which nothing is done; y, z 1 .. 65535. */
struct odva_cuda_blocks {
    int64_t x;
    int y, z;
    int threads; /* of each */
};

/** Threads of ODVA_CUDA_THREADS to a block, one for each of so many pieces of work. */
static inline struct odva_cuda_blocks odva_cuda_blocks_for(int64_t pieces, int y, int z)
{
    return (struct odva_cuda_blocks){(pieces + ODVA_CUDA_THREADS - 1) / ODVA_CUDA_THREADS, y, z,
                                     ODVA_CUDA_THREADS};
}

/** @param arguments the structure that the kernel is given */
int odva_cuda_launch(struct odva_cuda_stream *stream, enum odva_cuda_kernel kernel,
                     const void *arguments, struct odva_cuda_blocks blocks);

/** Wait until all is done, and what kernels wrote is in the memory that buffers stand for. */
int odva_cuda_synchronize(struct odva_cuda_stream *stream);

/** The device is past all that was begun, whatever became of it. */
void odva_cuda_finish(struct odva_cuda_stream *stream);

/** Memory of the host to write or to read; NULL: there is none. */
struct odva_cuda_staging *odva_cuda_take_staging(struct odva_cuda_stream *stream, size_t bytes);
/** The device may still copy what was begun. */
void odva_cuda_release_staging(struct odva_cuda_stream *stream, struct odva_cuda_staging *staging);
int odva_cuda_copy_from_staging(struct odva_cuda_stream *stream, const struct odva_buffer *dst,
                                size_t offset, const struct odva_cuda_staging *src, size_t bytes);
/** It is there when the stream is synchronised. */
int odva_cuda_copy_to_staging(struct odva_cuda_stream *stream, const struct odva_cuda_staging *dst,
                              const struct odva_buffer *src, size_t offset, size_t bytes);

#endif
