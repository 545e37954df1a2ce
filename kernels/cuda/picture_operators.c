/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators on pictures, and between them and tokens. */
#include "base/integers.h"
#include "kernels/cuda/cuda_backend.h"

#define PLANES 3 /* kernels leave those that a picture lacks */

static int words_of(int width)
{
    return odva_ceil_div(width, 4);
}

/* ---- tokens ------------------------------------------------------------------------------ */

int odva_cuda_patchify(struct odva_backend *backend, struct odva_matrix dst,
                       const struct odva_grid *grid, struct odva_image *const *images,
                       const struct odva_buffer *position, int64_t first, int64_t count)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_cuda_patchify arguments = {
        .grid = odva_cuda_grid_of(grid),
        .position = odva_cuda_indices(position, first),
        .dst = odva_cuda_rows_to_write(dst),
        .stride = dst.stride,
    };
    const int status =
        odva_cuda_use_images(stream, arguments.pictures.at, images, grid->frames, ODVA_CUDA_READ);

    return status < 0 ? status
                      : odva_cuda_launch(stream, ODVA_CUDA_KERNEL_patchify, &arguments,
                                         (struct odva_cuda_blocks){count, 1, 1, ODVA_CUDA_THREADS});
}

int odva_cuda_unpatchify(struct odva_backend *backend, struct odva_image *const *images,
                         const struct odva_grid *grid, struct odva_matrix src,
                         const struct odva_buffer *position, int64_t first, int64_t count)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_cuda_unpatchify arguments = {
        .grid = odva_cuda_grid_of(grid),
        .position = odva_cuda_indices(position, first),
        .src = odva_cuda_rows(src),
        .stride = src.stride,
    };
    const int status =
        odva_cuda_use_images(stream, arguments.pictures.at, images, grid->frames, ODVA_CUDA_WRITE);

    return status < 0 ? status
                      : odva_cuda_launch(stream, ODVA_CUDA_KERNEL_unpatchify, &arguments,
                                         (struct odva_cuda_blocks){count, 1, 1, ODVA_CUDA_THREADS});
}

/* ---- pictures from pictures -------------------------------------------------------------- */

/* How a kernel writes pictures of whose planes it makes those that both have. */
static enum odva_cuda_access access_of(struct odva_image *const *images,
                                       struct odva_image *const *sources, int count)
{
    for (int t = 0; t < count; t++)
        if (images[t]->shape.has_chroma && !sources[t]->shape.has_chroma)
            return ODVA_CUDA_WRITE;
    return ODVA_CUDA_OVERWRITE;
}

/* Both, of whose planes a kernel makes those that both have. */
static int use_pairs(struct odva_cuda_stream *stream, struct odva_cuda_picture *to,
                     struct odva_image *const *images, struct odva_cuda_picture *from,
                     struct odva_image *const *sources, int count)
{
    const int status = odva_cuda_use_images(stream, from, sources, count, ODVA_CUDA_READ);

    return status < 0
               ? status
               : odva_cuda_use_images(stream, to, images, count, access_of(images, sources, count));
}

int odva_cuda_warp(struct odva_backend *backend, struct odva_image *const *images,
                   struct odva_image *const *sources, const struct odva_warp *warp,
                   const struct odva_buffer *nodes)
{
    const int64_t blocks = (int64_t)words_of(warp->width) * odva_ceil_div(warp->height, 4);
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_cuda_warp arguments = {
        .width = warp->width,
        .height = warp->height,
        .source_width = warp->source_width,
        .source_height = warp->source_height,
        .left = warp->left,
        .top = warp->top,
        .log2_spacing = warp->log2_spacing,
        .columns = warp->columns,
        .rows = warp->rows,
        .nodes = odva_cuda_at(nodes, 0),
    };
    const int status = use_pairs(stream, arguments.pictures.at, images, arguments.sources.at,
                                 sources, warp->frames);

    return status < 0 ? status
                      : odva_cuda_launch(stream, ODVA_CUDA_KERNEL_warp, &arguments,
                                         odva_cuda_blocks_for(blocks, warp->frames, PLANES));
}

int odva_cuda_downscale2x(struct odva_backend *backend, struct odva_image *dst,
                          struct odva_image *src)
{
    const int64_t words = (int64_t)words_of(dst->shape.width) * dst->shape.height;
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_cuda_downscale2x arguments = {.width = src->shape.width,
                                              .height = src->shape.height};
    const int status = use_pairs(stream, &arguments.dst, &dst, &arguments.src, &src, 1);

    return status < 0 ? status
                      : odva_cuda_launch(stream, ODVA_CUDA_KERNEL_downscale2x, &arguments,
                                         odva_cuda_blocks_for(words, 1, PLANES));
}

/* ---- in place ---------------------------------------------------------------------------- */

int odva_cuda_deblock(struct odva_backend *backend, struct odva_image *const *images,
                      const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    const int64_t lines = (int64_t)grid->gx * grid->height;
    const int64_t words = (int64_t)grid->gy * words_of(grid->width);
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_cuda_deblock arguments = {
        .width = grid->width,
        .height = grid->height,
        .columns = grid->gx,
        .limit = limit,
        .kept = odva_cuda_at(kept, 0),
    };
    int status =
        odva_cuda_use_images(stream, arguments.pictures.at, images, grid->frames, ODVA_CUDA_WRITE);

    if (status >= 0)
        status = odva_cuda_launch(stream, ODVA_CUDA_KERNEL_deblock_columns, &arguments,
                                  odva_cuda_blocks_for(lines, grid->frames, PLANES));
    return status < 0 ? status
                      : odva_cuda_launch(stream, ODVA_CUDA_KERNEL_deblock_rows, &arguments,
                                         odva_cuda_blocks_for(words, grid->frames, PLANES));
}

static void free_copies(struct odva_backend *backend, struct odva_image *const *copies, int count)
{
    for (int t = 0; t < count; t++)
        if (copies[t])
            odva_cuda_image_free(backend, copies[t]);
}

/* @return ONEDVA_OK, or an error with which there is nothing to be freed */
static int copy_images(struct odva_backend *backend, struct odva_image **copies,
                       struct odva_image *const *images, int count)
{
    int status = ONEDVA_OK;

    for (int t = 0; t < count; t++)
        copies[t] = NULL;
    for (int t = 0; t < count && status >= 0; t++) {
        copies[t] = odva_cuda_image_alloc(backend, NULL, images[t]->shape.width,
                                          images[t]->shape.height, 8);
        status = copies[t] ? odva_cuda_image_copy(backend, copies[t], images[t]) : ONEDVA_ERR_NOMEM;
    }
    if (status < 0)
        free_copies(backend, copies, count);
    return status;
}

int odva_cuda_smooth(struct odva_backend *backend, struct odva_image *const *images,
                     const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    const int64_t words = (int64_t)words_of(grid->width) * grid->height;
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_image *copies[ONEDVA_MAX_CLIP_FRAMES];
    struct odva_cuda_smooth arguments = {
        .width = grid->width,
        .height = grid->height,
        .columns = grid->gx,
        .limit = limit,
        .kept = odva_cuda_at(kept, 0),
    };
    int status = copy_images(backend, copies, images, grid->frames);

    if (status < 0)
        return status;
    status =
        odva_cuda_use_images(stream, arguments.sources.at, copies, grid->frames, ODVA_CUDA_READ);
    if (status >= 0)
        status = odva_cuda_use_images(stream, arguments.pictures.at, images, grid->frames,
                                      ODVA_CUDA_WRITE);
    if (status >= 0)
        status = odva_cuda_launch(stream, ODVA_CUDA_KERNEL_smooth, &arguments,
                                  odva_cuda_blocks_for(words, grid->frames, PLANES));
    free_copies(backend, copies, grid->frames);
    return status;
}

/* ---- gradients --------------------------------------------------------------------------- */

int odva_cuda_structure_tensors(struct odva_backend *backend, struct odva_buffer *tensors,
                                struct odva_image *a, struct odva_image *b)
{
    const int64_t blocks = (int64_t)words_of(a->shape.width) * odva_ceil_div(a->shape.height, 4);
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_cuda_structure_tensors arguments = {
        .width = a->shape.width, .height = a->shape.height, .dst = odva_cuda_at(tensors, 0)};
    int status = odva_cuda_use_images(stream, &arguments.a, &a, 1, ODVA_CUDA_READ);

    if (status >= 0)
        status = odva_cuda_use_images(stream, &arguments.b, &b, 1, ODVA_CUDA_READ);
    odva_cuda_written(tensors);
    return status < 0 ? status
                      : odva_cuda_launch(stream, ODVA_CUDA_KERNEL_structure_tensors, &arguments,
                                         odva_cuda_blocks_for(blocks, 1, 1));
}
