/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators on pictures, and between them and tokens. */
#include <string.h>

#include "base/integers.h"
#include "kernels/vulkan/vulkan_backend.h"

#define THREADS 64 /* of a group */

/* ---- pictures of the host ---------------------------------------------------------------- */

/* New frames with what pictures of the host show. Those not made are zero. */
static int bring_pictures(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames,
                          const struct onedva_const_picture *pictures, int count, int width,
                          int height)
{
    int status = odva_vulkan_frames_alloc(stream, frames, count, 3, width, height);

    if (status >= 0)
        status = odva_vulkan_frames_upload(stream, frames, pictures);
    if (status < 0)
        odva_vulkan_frames_free(stream, frames);
    return status;
}

int odva_vulkan_bring_grid(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames,
                           const struct onedva_const_picture *pictures,
                           const struct odva_grid *grid, int count)
{
    return bring_pictures(stream, frames, pictures, count, grid->width, grid->height);
}

int odva_vulkan_take_back(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames,
                          const struct onedva_picture *pictures, int status)
{
    if (status >= 0)
        status = odva_vulkan_frames_download(stream, frames, pictures);
    odva_vulkan_frames_free(stream, frames);
    return status;
}

/* The same pictures, to be read. */
static void to_const(struct onedva_const_picture *sources, const struct onedva_picture *pictures,
                     int count)
{
    for (int t = 0; t < count; t++)
        for (int p = 0; p < 3; p++) {
            sources[t].data[p] = pictures[t].data[p];
            sources[t].stride[p] = pictures[t].stride[p];
        }
}

int odva_vulkan_bring_targets(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames,
                              const struct onedva_picture *pictures, const struct odva_grid *grid)
{
    struct onedva_const_picture sources[ONEDVA_MAX_CLIP_FRAMES];

    to_const(sources, pictures, grid->frames);
    return odva_vulkan_bring_grid(stream, frames, sources, grid, grid->frames);
}

struct odva_vulkan_grid_argument odva_vulkan_grid_of(const struct odva_grid *grid)
{
    return (struct odva_vulkan_grid_argument){(uint32_t)grid->frames, (uint32_t)grid->width,
                                              (uint32_t)grid->height, (uint32_t)grid->gy,
                                              (uint32_t)grid->gx};
}

/* ---- tokens ------------------------------------------------------------------------------ */

/** As patchify.comp has them. */
struct patchify_arguments {
    struct odva_vulkan_frames_argument pictures;
    VkDeviceAddress dst, tables, position;
    uint32_t dst_stride, count;
    struct odva_vulkan_grid_argument grid;
};

static int enqueue_patchify(struct odva_backend *backend, struct odva_matrix dst,
                            const struct odva_grid *grid, const struct odva_vulkan_frames *pictures,
                            const struct odva_buffer *position, int64_t first, int64_t count)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_PATCHIFY_SHADER, {0}};
    const int64_t most = odva_vulkan_rows_at_once(dst.stride);
    int status = ONEDVA_OK;

    for (int64_t done = 0; done < count && status >= 0; done += most) {
        const int64_t rows = odva_min64(count - done, most);
        const struct patchify_arguments arguments = {
            .pictures = pictures->argument,
            .dst = odva_vulkan_rows(odva_vulkan_from_row(dst, done)),
            .tables = odva_vulkan_address(odva_vulkan_backend_of(backend)->device->tables),
            .position = odva_vulkan_indices(position, first + done),
            .dst_stride = (uint32_t)dst.stride,
            .count = (uint32_t)rows,
            .grid = odva_vulkan_grid_of(grid),
        };

        status = odva_vulkan_dispatch(odva_vulkan_stream_of(backend), &kernel, &arguments,
                                      sizeof(arguments), odva_vulkan_groups(rows), 1, 1);
    }
    return status;
}

int odva_vulkan_patchify(struct odva_backend *backend, struct odva_matrix dst,
                         const struct odva_grid *grid, const struct onedva_const_picture *pictures,
                         const struct odva_buffer *position, int64_t first, int64_t count)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct odva_vulkan_frames frames;
    int status = odva_vulkan_bring_grid(stream, &frames, pictures, grid, grid->frames);

    if (status >= 0)
        status = enqueue_patchify(backend, dst, grid, &frames, position, first, count);
    odva_vulkan_frames_free(stream, &frames);
    return status;
}

/** As unpatchify.comp has them. */
struct unpatchify_arguments {
    struct odva_vulkan_frames_argument pictures;
    VkDeviceAddress src, position;
    uint32_t src_stride, count;
    struct odva_vulkan_grid_argument grid;
};

static int enqueue_unpatchify(struct odva_backend *backend,
                              const struct odva_vulkan_frames *pictures,
                              const struct odva_grid *grid, struct odva_matrix src,
                              const struct odva_buffer *position, int64_t first, int64_t count)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_UNPATCHIFY_SHADER, {0}};
    const int64_t most = odva_vulkan_rows_at_once(src.stride);
    int status = ONEDVA_OK;

    for (int64_t done = 0; done < count && status >= 0; done += most) {
        const int64_t rows = odva_min64(count - done, most);
        const struct unpatchify_arguments arguments = {
            .pictures = pictures->argument,
            .src = odva_vulkan_rows(odva_vulkan_from_row(src, done)),
            .position = odva_vulkan_indices(position, first + done),
            .src_stride = (uint32_t)src.stride,
            .count = (uint32_t)rows,
            .grid = odva_vulkan_grid_of(grid),
        };

        status = odva_vulkan_dispatch(odva_vulkan_stream_of(backend), &kernel, &arguments,
                                      sizeof(arguments), odva_vulkan_groups(rows), 1, 1);
    }
    return status;
}

int odva_vulkan_unpatchify(struct odva_backend *backend, const struct onedva_picture *pictures,
                           const struct odva_grid *grid, struct odva_matrix src,
                           const struct odva_buffer *position, int64_t first, int64_t count)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct odva_vulkan_frames frames;
    int status = odva_vulkan_bring_targets(stream, &frames, pictures, grid);

    if (status >= 0)
        status = enqueue_unpatchify(backend, &frames, grid, src, position, first, count);
    return odva_vulkan_take_back(stream, &frames, pictures, status);
}

/* ---- warp -------------------------------------------------------------------------------- */

/** As warp.comp has them. */
struct warp_arguments {
    struct odva_vulkan_frames_argument pictures, sources;
    VkDeviceAddress nodes;
    uint32_t width, height, source_width, source_height;
    int32_t left, top;
    uint32_t log2_spacing, columns, rows;
};

/* @param nodes as of odva_warp */
static int enqueue_warp(struct odva_vulkan_stream *stream,
                        const struct odva_vulkan_frames *pictures,
                        const struct odva_vulkan_frames *sources, const struct odva_warp *warp,
                        const struct odva_buffer *nodes)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_WARP_SHADER, {0}};
    const struct warp_arguments arguments = {
        .pictures = pictures->argument,
        .sources = sources->argument,
        .nodes = odva_vulkan_address(nodes),
        .width = (uint32_t)warp->width,
        .height = (uint32_t)warp->height,
        .source_width = (uint32_t)warp->source_width,
        .source_height = (uint32_t)warp->source_height,
        .left = warp->left,
        .top = warp->top,
        .log2_spacing = (uint32_t)warp->log2_spacing,
        .columns = (uint32_t)warp->columns,
        .rows = (uint32_t)warp->rows,
    };
    const int64_t blocks = (int64_t)((warp->width + 3) / 4) * ((warp->height + 3) / 4);

    return odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments),
                                odva_vulkan_groups(odva_ceil_div64(blocks, THREADS)),
                                (uint32_t)warp->frames, (uint32_t)pictures->planes);
}

static int run_warp(struct odva_vulkan_stream *stream, const struct odva_vulkan_frames *pictures,
                    const struct onedva_const_picture *sources, const struct odva_warp *warp)
{
    const size_t bytes = (size_t)warp->frames * warp->rows * warp->columns * sizeof(warp->nodes[0]);
    struct odva_buffer *nodes = odva_vulkan_alloc(stream, bytes);
    struct odva_vulkan_frames from = {0};
    int status =
        nodes ? odva_vulkan_upload(stream, nodes, 0, warp->nodes, bytes) : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = bring_pictures(stream, &from, sources, warp->frames, warp->source_width,
                                warp->source_height);
    if (status >= 0)
        status = enqueue_warp(stream, pictures, &from, warp, nodes);
    odva_vulkan_frames_free(stream, &from);
    if (nodes)
        odva_vulkan_free(stream, nodes);
    return status;
}

int odva_vulkan_warp(struct odva_backend *backend, const struct onedva_picture *pictures,
                     const struct onedva_const_picture *sources, const struct odva_warp *warp)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct onedva_picture made[ONEDVA_MAX_CLIP_FRAMES];
    struct odva_vulkan_frames frames;
    int status =
        odva_vulkan_frames_alloc(stream, &frames, warp->frames, 3, warp->width, warp->height);

    memcpy(made, pictures, warp->frames * sizeof(*made));
    for (int t = 0; t < warp->frames; t++)
        for (int p = 1; p < 3; p++)
            if (!sources[t].data[p])
                made[t].data[p] = NULL;
    if (status >= 0)
        status = run_warp(stream, &frames, sources, warp);
    return odva_vulkan_take_back(stream, &frames, made, status);
}

/* ---- deblocking -------------------------------------------------------------------------- */

/** As deblock.glsl has them. */
struct deblock_arguments {
    struct odva_vulkan_frames_argument pictures;
    VkDeviceAddress kept;
    uint32_t width, height, columns;
    int32_t limit;
    uint32_t has_kept;
};

/* @param kept a byte for each token, or NULL */
static int enqueue_deblock(struct odva_vulkan_stream *stream,
                           const struct odva_vulkan_frames *pictures, const struct odva_grid *grid,
                           int limit, const struct odva_buffer *kept)
{
    const struct deblock_arguments arguments = {
        .pictures = pictures->argument,
        .kept = kept ? odva_vulkan_address(kept) : 0,
        .width = (uint32_t)grid->width,
        .height = (uint32_t)grid->height,
        .columns = (uint32_t)grid->gx,
        .limit = limit,
        .has_kept = kept != NULL,
    };
    const int64_t column_lines = (int64_t)grid->gx * grid->height;
    const int64_t row_words = (int64_t)grid->gy * ((grid->width + 3) / 4);
    const int status = odva_vulkan_dispatch(
        stream, &(struct odva_vulkan_kernel){ODVA_VULKAN_DEBLOCK_COLUMNS_SHADER, {0}}, &arguments,
        sizeof(arguments), odva_vulkan_groups(odva_ceil_div64(column_lines, THREADS)),
        (uint32_t)grid->frames, (uint32_t)pictures->planes);

    if (status < 0)
        return status;
    return odva_vulkan_dispatch(
        stream, &(struct odva_vulkan_kernel){ODVA_VULKAN_DEBLOCK_ROWS_SHADER, {0}}, &arguments,
        sizeof(arguments), odva_vulkan_groups(odva_ceil_div64(row_words, THREADS)),
        (uint32_t)grid->frames, (uint32_t)pictures->planes);
}

/* Words have to be whole. @return NULL when memory ran out */
static struct odva_buffer *bring_kept(struct odva_vulkan_stream *stream,
                                      const struct odva_grid *grid, const uint8_t *kept)
{
    const size_t bytes = (size_t)grid->gy * grid->gx;
    struct odva_buffer *buffer = odva_vulkan_alloc(stream, (bytes + 3) / 4 * 4);

    if (buffer && odva_vulkan_upload(stream, buffer, 0, kept, bytes) < 0) {
        odva_vulkan_free(stream, buffer);
        return NULL;
    }
    return buffer;
}

int odva_vulkan_deblock(struct odva_backend *backend, const struct onedva_picture *pictures,
                        const struct odva_grid *grid, int limit, const uint8_t *kept)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct odva_buffer *marks = kept ? bring_kept(stream, grid, kept) : NULL;
    struct odva_vulkan_frames frames = {0};
    int status = kept && !marks ? ONEDVA_ERR_NOMEM
                                : odva_vulkan_bring_targets(stream, &frames, pictures, grid);

    if (status >= 0)
        status = enqueue_deblock(stream, &frames, grid, limit, marks);
    if (marks)
        odva_vulkan_free(stream, marks);
    return odva_vulkan_take_back(stream, &frames, pictures, status);
}

/* ---- planes ------------------------------------------------------------------------------ */

/** As downscale2x.comp has them. */
struct downscale2x_arguments {
    struct odva_vulkan_frames_argument dst, src;
    uint32_t width, height;
};

static int enqueue_downscale2x(struct odva_vulkan_stream *stream,
                               const struct odva_vulkan_frames *dst,
                               const struct odva_vulkan_frames *src)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_DOWNSCALE2X_SHADER, {0}};
    const struct downscale2x_arguments arguments = {.dst = dst->argument,
                                                    .src = src->argument,
                                                    .width = (uint32_t)src->width,
                                                    .height = (uint32_t)src->height};
    const int64_t words = (int64_t)((dst->width + 3) / 4) * dst->height;

    return odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments),
                                odva_vulkan_groups(odva_ceil_div64(words, THREADS)), 1, 1);
}

/* New frames of one plane with what one of the host shows. Those not made are zero. */
static int bring_plane(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames,
                       const uint8_t *data, ptrdiff_t stride, int width, int height)
{
    const struct onedva_const_picture picture = {.data = {data}, .stride = {stride}};
    int status = odva_vulkan_frames_alloc(stream, frames, 1, 1, width, height);

    if (status >= 0)
        status = odva_vulkan_frames_upload(stream, frames, &picture);
    if (status < 0)
        odva_vulkan_frames_free(stream, frames);
    return status;
}

int odva_vulkan_downscale2x(struct odva_backend *backend, uint8_t *dst, ptrdiff_t dst_stride,
                            const uint8_t *src, ptrdiff_t src_stride, int width, int height)
{
    const struct onedva_picture picture = {.data = {dst}, .stride = {dst_stride}};
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct odva_vulkan_frames from, to;
    int status = odva_vulkan_frames_alloc(stream, &to, 1, 1, (width + 1) / 2, (height + 1) / 2);

    if (status >= 0)
        status = bring_plane(stream, &from, src, src_stride, width, height);
    if (status >= 0) {
        status = enqueue_downscale2x(stream, &to, &from);
        odva_vulkan_frames_free(stream, &from);
    }
    return odva_vulkan_take_back(stream, &to, &picture, status);
}

/** As structure_tensors.comp has them. */
struct structure_tensors_arguments {
    struct odva_vulkan_frames_argument a, b;
    VkDeviceAddress dst;
    uint32_t width, height;
};

static int enqueue_structure_tensors(struct odva_vulkan_stream *stream,
                                     const struct odva_buffer *tensors,
                                     const struct odva_vulkan_frames *a,
                                     const struct odva_vulkan_frames *b)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_STRUCTURE_TENSORS_SHADER, {0}};
    const struct structure_tensors_arguments arguments = {.a = a->argument,
                                                          .b = b->argument,
                                                          .dst = odva_vulkan_address(tensors),
                                                          .width = (uint32_t)a->width,
                                                          .height = (uint32_t)a->height};
    const int64_t blocks = (int64_t)((a->width + 3) / 4) * ((a->height + 3) / 4);

    return odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments),
                                odva_vulkan_groups(odva_ceil_div64(blocks, THREADS)), 1, 1);
}

int odva_vulkan_structure_tensors(struct odva_backend *backend,
                                  struct odva_structure_tensor *tensors, const uint8_t *a,
                                  ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride,
                                  int width, int height)
{
    const size_t bytes =
        (size_t)((width + 3) / 4) * ((height + 3) / 4) * sizeof(struct odva_structure_tensor);
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct odva_buffer *buffer = odva_vulkan_alloc(stream, bytes);
    struct odva_vulkan_frames first = {0}, second = {0};
    int status = buffer ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = bring_plane(stream, &first, a, a_stride, width, height);
    if (status >= 0)
        status = bring_plane(stream, &second, b, b_stride, width, height);
    if (status >= 0)
        status = enqueue_structure_tensors(stream, buffer, &first, &second);
    odva_vulkan_frames_free(stream, &first);
    odva_vulkan_frames_free(stream, &second);
    if (status >= 0)
        status = odva_vulkan_download(stream, buffer, 0, tensors, bytes);
    if (buffer)
        odva_vulkan_free(stream, buffer);
    return status;
}
