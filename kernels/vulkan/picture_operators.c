/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators on pictures, and between them and tokens. */
#include "base/integers.h"
#include "kernels/vulkan/vulkan_backend.h"

#define THREADS 64 /* of a group */
#define PLANES  3  /* kernels leave those that a picture lacks */

struct odva_vulkan_grid_argument odva_vulkan_grid_of(const struct odva_grid *grid)
{
    return (struct odva_vulkan_grid_argument){(uint32_t)grid->frames, (uint32_t)grid->width,
                                              (uint32_t)grid->height, (uint32_t)grid->gy,
                                              (uint32_t)grid->gx};
}

/* Groups for pieces of a plane. */
static uint32_t plane_groups(int64_t pieces)
{
    return odva_vulkan_groups(odva_ceil_div64(pieces, THREADS));
}

/* ---- tokens ------------------------------------------------------------------------------ */

int odva_vulkan_run_patches(struct odva_backend *backend, const struct odva_vulkan_kernel *kernel,
                            const struct odva_vulkan_patches *patches,
                            enum odva_vulkan_access access,
                            struct odva_vulkan_patch_arguments *arguments, size_t bytes)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    const int64_t most = odva_vulkan_rows_at_once(patches->rows.stride);
    struct odva_vulkan_images list;
    int status =
        odva_vulkan_images_begin(stream, &list, patches->images, patches->grid->frames, access);

    for (int64_t done = 0; done < patches->count && status >= 0; done += most) {
        const int64_t rows = odva_min64(patches->count - done, most);

        *arguments = (struct odva_vulkan_patch_arguments){
            .pictures = list.argument,
            .rows = odva_vulkan_rows(odva_vulkan_from_row(patches->rows, done)),
            .position = odva_vulkan_indices(patches->position, patches->first + done),
            .stride = (uint32_t)patches->rows.stride,
            .count = (uint32_t)rows,
            .grid = odva_vulkan_grid_of(patches->grid),
        };
        status =
            odva_vulkan_dispatch(stream, kernel, arguments, bytes, odva_vulkan_groups(rows), 1, 1);
    }
    odva_vulkan_images_end(stream, &list);
    return status;
}

/** As patchify.comp has them. */
struct patchify_arguments {
    struct odva_vulkan_patch_arguments patches;
    VkDeviceAddress tables;
};

int odva_vulkan_patchify(struct odva_backend *backend, struct odva_matrix dst,
                         const struct odva_grid *grid, struct odva_image *const *images,
                         const struct odva_buffer *position, int64_t first, int64_t count)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_PATCHIFY_SHADER, {0}};
    const struct odva_vulkan_patches patches = {dst, grid, images, position, first, count};
    struct patchify_arguments arguments = {
        .tables = odva_vulkan_address(odva_vulkan_device_of(backend)->tables)};

    odva_vulkan_written(dst.buffer);
    return odva_vulkan_run_patches(backend, &kernel, &patches, ODVA_VULKAN_READ, &arguments.patches,
                                   sizeof(arguments));
}

int odva_vulkan_unpatchify(struct odva_backend *backend, struct odva_image *const *images,
                           const struct odva_grid *grid, struct odva_matrix src,
                           const struct odva_buffer *position, int64_t first, int64_t count)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_UNPATCHIFY_SHADER, {0}};
    const struct odva_vulkan_patches patches = {src, grid, images, position, first, count};
    struct odva_vulkan_patch_arguments arguments;

    return odva_vulkan_run_patches(backend, &kernel, &patches, ODVA_VULKAN_WRITE, &arguments,
                                   sizeof(arguments));
}

/* ---- pictures from pictures -------------------------------------------------------------- */

/* How a kernel writes pictures of whose planes it makes those that both have. */
static enum odva_vulkan_access access_of(struct odva_image *const *images,
                                         struct odva_image *const *sources, int count)
{
    for (int t = 0; t < count; t++)
        if (images[t]->shape.has_chroma && !sources[t]->shape.has_chroma)
            return ODVA_VULKAN_WRITE;
    return ODVA_VULKAN_OVERWRITE;
}

/** Those that a kernel writes, and those that it reads. */
struct image_pairs {
    struct odva_vulkan_images to, from;
};

static void end_pairs(struct odva_vulkan_stream *stream, struct image_pairs *pairs)
{
    odva_vulkan_images_end(stream, &pairs->to);
    odva_vulkan_images_end(stream, &pairs->from);
}

static int begin_pairs(struct odva_vulkan_stream *stream, struct image_pairs *pairs,
                       struct odva_image *const *images, struct odva_image *const *sources,
                       int count)
{
    int status = odva_vulkan_images_begin(stream, &pairs->from, sources, count, ODVA_VULKAN_READ);

    if (status < 0)
        return status;
    status = odva_vulkan_images_begin(stream, &pairs->to, images, count,
                                      access_of(images, sources, count));
    if (status < 0)
        odva_vulkan_images_end(stream, &pairs->from);
    return status;
}

/** As warp.comp has them. */
struct warp_arguments {
    struct odva_vulkan_images_argument pictures, sources;
    VkDeviceAddress nodes;
    uint32_t width, height, source_width, source_height;
    int32_t left, top;
    uint32_t log2_spacing, columns, rows;
};

int odva_vulkan_warp(struct odva_backend *backend, struct odva_image *const *images,
                     struct odva_image *const *sources, const struct odva_warp *warp,
                     const struct odva_buffer *nodes)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_WARP_SHADER, {0}};
    const int64_t blocks = (int64_t)((warp->width + 3) / 4) * ((warp->height + 3) / 4);
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct warp_arguments arguments = {
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
    struct image_pairs pairs;
    int status = begin_pairs(stream, &pairs, images, sources, warp->frames);

    if (status < 0)
        return status;
    arguments.pictures = pairs.to.argument;
    arguments.sources = pairs.from.argument;
    status = odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments),
                                  plane_groups(blocks), (uint32_t)warp->frames, PLANES);
    end_pairs(stream, &pairs);
    return status;
}

/** As downscale2x.comp has them. */
struct downscale2x_arguments {
    struct odva_vulkan_images_argument dst, src;
    uint32_t width, height;
};

int odva_vulkan_downscale2x(struct odva_backend *backend, struct odva_image *dst,
                            struct odva_image *src)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_DOWNSCALE2X_SHADER, {0}};
    const int64_t words = (int64_t)((dst->shape.width + 3) / 4) * dst->shape.height;
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct downscale2x_arguments arguments = {.width = (uint32_t)src->shape.width,
                                              .height = (uint32_t)src->shape.height};
    struct image_pairs pairs;
    int status = begin_pairs(stream, &pairs, &dst, &src, 1);

    if (status < 0)
        return status;
    arguments.dst = pairs.to.argument;
    arguments.src = pairs.from.argument;
    status = odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments),
                                  plane_groups(words), 1, PLANES);
    end_pairs(stream, &pairs);
    return status;
}

/* ---- deblocking -------------------------------------------------------------------------- */

/** As deblock.glsl has them. */
struct deblock_arguments {
    struct odva_vulkan_images_argument pictures;
    VkDeviceAddress kept;
    uint32_t width, height, columns;
    int32_t limit;
    uint32_t has_kept;
};

int odva_vulkan_deblock(struct odva_backend *backend, struct odva_image *const *images,
                        const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    const struct odva_vulkan_kernel columns = {ODVA_VULKAN_DEBLOCK_COLUMNS_SHADER, {0}};
    const struct odva_vulkan_kernel rows = {ODVA_VULKAN_DEBLOCK_ROWS_SHADER, {0}};
    const int64_t column_lines = (int64_t)grid->gx * grid->height;
    const int64_t row_words = (int64_t)grid->gy * ((grid->width + 3) / 4);
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct deblock_arguments arguments = {
        .kept = kept ? odva_vulkan_address(kept) : 0,
        .width = (uint32_t)grid->width,
        .height = (uint32_t)grid->height,
        .columns = (uint32_t)grid->gx,
        .limit = limit,
        .has_kept = kept != NULL,
    };
    struct odva_vulkan_images list;
    int status = odva_vulkan_images_begin(stream, &list, images, grid->frames, ODVA_VULKAN_WRITE);

    if (status < 0)
        return status;
    arguments.pictures = list.argument;
    status = odva_vulkan_dispatch(stream, &columns, &arguments, sizeof(arguments),
                                  plane_groups(column_lines), (uint32_t)grid->frames, PLANES);
    if (status >= 0)
        status = odva_vulkan_dispatch(stream, &rows, &arguments, sizeof(arguments),
                                      plane_groups(row_words), (uint32_t)grid->frames, PLANES);
    odva_vulkan_images_end(stream, &list);
    return status;
}

/* ---- smoothing --------------------------------------------------------------------------- */

/** As smooth.comp has them. */
struct smooth_arguments {
    struct odva_vulkan_images_argument pictures, sources;
    VkDeviceAddress kept;
    uint32_t width, height, columns;
    int32_t limit;
    uint32_t has_kept;
};

static void free_copies(struct odva_backend *backend, struct odva_image *const *copies, int count)
{
    for (int t = 0; t < count; t++)
        if (copies[t])
            odva_vulkan_image_free(backend, copies[t]);
}

/* @return ONEDVA_OK, or an error with which there is nothing to be freed */
static int copy_images(struct odva_backend *backend, struct odva_image **copies,
                       struct odva_image *const *images, int count)
{
    int status = ONEDVA_OK;

    for (int t = 0; t < count; t++)
        copies[t] = NULL;
    for (int t = 0; t < count && status >= 0; t++) {
        copies[t] = odva_vulkan_image_alloc(backend, NULL, images[t]->shape.width,
                                            images[t]->shape.height, 8);
        status =
            copies[t] ? odva_vulkan_image_copy(backend, copies[t], images[t]) : ONEDVA_ERR_NOMEM;
    }
    if (status < 0)
        free_copies(backend, copies, count);
    return status;
}

int odva_vulkan_smooth(struct odva_backend *backend, struct odva_image *const *images,
                       const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_SMOOTH_SHADER, {0}};
    const int64_t words = (int64_t)((grid->width + 3) / 4) * grid->height;
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct smooth_arguments arguments = {
        .kept = kept ? odva_vulkan_address(kept) : 0,
        .width = (uint32_t)grid->width,
        .height = (uint32_t)grid->height,
        .columns = (uint32_t)grid->gx,
        .limit = limit,
        .has_kept = kept != NULL,
    };
    struct odva_image *copies[ONEDVA_MAX_CLIP_FRAMES];
    struct odva_vulkan_images to, from;
    int status = copy_images(backend, copies, images, grid->frames);

    if (status < 0)
        return status;
    status = odva_vulkan_images_begin(stream, &from, copies, grid->frames, ODVA_VULKAN_READ);
    if (status >= 0)
        status = odva_vulkan_images_begin(stream, &to, images, grid->frames, ODVA_VULKAN_WRITE);
    else
        to = (struct odva_vulkan_images){0};
    arguments.pictures = to.argument;
    arguments.sources = from.argument;
    if (status >= 0)
        status = odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments),
                                      plane_groups(words), (uint32_t)grid->frames, PLANES);
    odva_vulkan_images_end(stream, &from);
    odva_vulkan_images_end(stream, &to);
    free_copies(backend, copies, grid->frames);
    return status;
}

/* ---- gradients --------------------------------------------------------------------------- */

/** As structure_tensors.comp has them. */
struct structure_tensors_arguments {
    struct odva_vulkan_images_argument a, b;
    VkDeviceAddress dst;
    uint32_t width, height;
};

int odva_vulkan_structure_tensors(struct odva_backend *backend, struct odva_buffer *tensors,
                                  struct odva_image *a, struct odva_image *b)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_STRUCTURE_TENSORS_SHADER, {0}};
    const int64_t blocks = (int64_t)((a->shape.width + 3) / 4) * ((a->shape.height + 3) / 4);
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct structure_tensors_arguments arguments = {.dst = odva_vulkan_address(tensors),
                                                    .width = (uint32_t)a->shape.width,
                                                    .height = (uint32_t)a->shape.height};
    struct odva_vulkan_images first, second;
    int status = odva_vulkan_images_begin(stream, &first, &a, 1, ODVA_VULKAN_READ);

    if (status < 0)
        return status;
    status = odva_vulkan_images_begin(stream, &second, &b, 1, ODVA_VULKAN_READ);
    arguments.a = first.argument;
    arguments.b = second.argument;
    odva_vulkan_written(tensors);
    if (status >= 0)
        status = odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments),
                                      plane_groups(blocks), 1, 1);
    odva_vulkan_images_end(stream, &first);
    odva_vulkan_images_end(stream, &second);
    return status;
}
