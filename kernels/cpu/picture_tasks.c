/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The CPU backend's operators on pictures, and between them and tokens. */
#include <stdint.h>

#include "base/integers.h"
#include "base/noise.h"
#include "base/thread_pool.h"
#include "kernels/cpu/cpu_tasks.h"
#include "kernels/cpu/image.h"
#include "kernels/cpu/patches.h"
#include "kernels/cpu/reference.h"
#include "kernels/cpu/wide.h"
#include "kernels/host_planes.h"

#define PATCHES           8
#define WARP_SAMPLES      (1 << 15) /* a task takes more time than to wake a thread */
#define TENSOR_SAMPLES    (1 << 17)
#define DEBLOCK_SAMPLES   (1 << 17)
#define DOWNSCALE_SAMPLES (1 << 18)

/* ---- planes ------------------------------------------------------------------------------ */

struct patch_job {
    void (*patch)(const struct patch_job *job, int64_t i); /* does one */
    odva_cpu_read_block_fn read_block;
    odva_cpu_write_block_fn write_block;
    struct odva_matrix rows;
    const struct odva_grid *grid;
    const struct onedva_const_picture *sources;
    const struct onedva_picture *targets;
    const int32_t *position;
    int64_t count;
    uint64_t seed;
    uint32_t step;
};

static void patch_task(void *opaque, int64_t index, int worker)
{
    const struct patch_job *job = opaque;

    (void)worker;
    for (int64_t i = index * PATCHES; i < odva_min64((index + 1) * PATCHES, job->count); i++)
        job->patch(job, i);
}

static int run_patches(struct odva_backend *backend, struct patch_job *job,
                       const struct odva_buffer *position, int64_t first, int64_t count)
{
    job->position = odva_cpu_indices(position) + first;
    job->count = count;
    odva_cpu_run(backend, odva_ceil_div64(count, PATCHES), patch_task, job);
    return ONEDVA_OK;
}

static void read_patch(const struct patch_job *job, int64_t i)
{
    odva_cpu_read_patch(job->read_block, odva_cpu_row(job->rows, i), job->grid, job->sources,
                        job->position[i]);
}

int odva_cpu_backend_patchify(struct odva_backend *backend, struct odva_matrix dst,
                              const struct odva_grid *grid, struct odva_image *const *images,
                              const struct odva_buffer *position, int64_t first, int64_t count)
{
    const struct odva_cpu_operators *operators = odva_cpu_backend_of(backend)->operators;
    struct onedva_const_picture sources[ONEDVA_MAX_CLIP_FRAMES];
    struct patch_job job = {.patch = read_patch,
                            .read_block = odva_cpu_is_wide(images[0]) ? operators->wide->read_block
                                                                      : operators->read_block,
                            .rows = dst,
                            .grid = grid,
                            .sources = sources};

    odva_cpu_sources(sources, images, grid->frames);
    return run_patches(backend, &job, position, first, count);
}

static void write_patch(const struct patch_job *job, int64_t i)
{
    odva_cpu_write_patch(job->write_block, job->targets, job->grid, odva_cpu_row(job->rows, i),
                         job->position[i]);
}

int odva_cpu_backend_unpatchify(struct odva_backend *backend, struct odva_image *const *images,
                                const struct odva_grid *grid, struct odva_matrix src,
                                const struct odva_buffer *position, int64_t first, int64_t count)
{
    const struct odva_cpu_operators *operators = odva_cpu_backend_of(backend)->operators;
    struct onedva_picture targets[ONEDVA_MAX_CLIP_FRAMES];
    struct patch_job job = {.patch = write_patch,
                            .write_block = odva_cpu_is_wide(images[0])
                                               ? operators->wide->write_block
                                               : operators->write_block,
                            .rows = src,
                            .grid = grid,
                            .targets = targets};

    odva_cpu_pictures(targets, images, grid->frames);
    return run_patches(backend, &job, position, first, count);
}

static void fill_patch(const struct patch_job *job, int64_t i)
{
    odva_noise_fill(odva_cpu_row(job->rows, i), (uint64_t)job->position[i] * ODVA_PATCH_SAMPLES,
                    ODVA_PATCH_SAMPLES, job->seed, job->step);
}

int odva_cpu_backend_noise(struct odva_backend *backend, struct odva_matrix dst,
                           const struct odva_buffer *position, int64_t first, int64_t count,
                           uint64_t seed, uint32_t step)
{
    struct patch_job job = {.patch = fill_patch, .rows = dst, .seed = seed, .step = step};

    return run_patches(backend, &job, position, first, count);
}

/* ---- motion ------------------------------------------------------------------------------ */

struct warp_job {
    void (*warp_rows)(const struct odva_cpu_warp *warp, int first_row, int rows);
    struct odva_image *const *images, *const *sources;
    const struct odva_warp *warp;
    const int16_t (*nodes)[2];
    int bands, bands_per_task; /* a band is 8 rows of luma; bands of a frame */
};

static void warp_band(const struct warp_job *job, int t, int plane, int band)
{
    const struct odva_warp *warp = job->warp;
    const int chroma = plane > 0, blocks = chroma ? 1 : 2;
    const struct odva_cpu_warp part = {
        .dst = job->images[t]->picture.data[plane],
        .src = job->sources[t]->picture.data[plane],
        .dst_stride = job->images[t]->picture.stride[plane],
        .src_stride = job->sources[t]->picture.stride[plane],
        .width = (warp->width + chroma) >> chroma,
        .height = (warp->height + chroma) >> chroma,
        .source_width = (warp->source_width + chroma) >> chroma,
        .source_height = (warp->source_height + chroma) >> chroma,
        .left = warp->left / (1 + chroma),
        .top = warp->top / (1 + chroma),
        .chroma = chroma,
        .log2_spacing = warp->log2_spacing,
        .columns = warp->columns,
        .rows = warp->rows,
        .nodes = job->nodes + (size_t)t * warp->rows * warp->columns,
    };
    const int first = band * blocks, end = (part.height + 3) / 4;

    job->warp_rows(&part, first, (int)odva_min64(blocks, end - first));
}

static void warp_task(void *opaque, int64_t index, int worker)
{
    const struct warp_job *job = opaque;
    const int64_t first = index * job->bands_per_task;
    const int64_t end =
        odva_min64(first + job->bands_per_task, (int64_t)job->bands * job->warp->frames);

    (void)worker;
    for (int64_t i = first; i < end; i++) {
        const int t = (int)(i / job->bands), band = (int)(i % job->bands);

        for (int plane = 0; plane < 3; plane++)
            if (job->images[t]->picture.data[plane] && job->sources[t]->picture.data[plane])
                warp_band(job, t, plane, band);
    }
}

int odva_cpu_backend_warp(struct odva_backend *backend, struct odva_image *const *images,
                          struct odva_image *const *sources, const struct odva_warp *warp,
                          const struct odva_buffer *nodes)
{
    const struct odva_cpu_operators *operators = odva_cpu_backend_of(backend)->operators;
    struct warp_job job = {.warp_rows = odva_cpu_is_wide(images[0]) ? operators->wide->warp
                                                                    : operators->warp,
                           .images = images,
                           .sources = sources,
                           .warp = warp,
                           .nodes = (const int16_t(*)[2])nodes->data,
                           .bands = (warp->height + 7) / 8};

    job.bands_per_task = (int)odva_ceil_div64(WARP_SAMPLES, 8 * (int64_t)warp->width);
    odva_cpu_run(backend, odva_ceil_div64((int64_t)job.bands * warp->frames, job.bands_per_task),
                 warp_task, &job);
    return ONEDVA_OK;
}

/* ---- filters ----------------------------------------------------------------------------- */

struct filter_job {
    const struct odva_cpu_backend *cpu;
    void (*deblock)(const struct odva_cpu_filter *job, int first_band, int bands);
    void (*smooth)(const struct odva_cpu_filter *job, uint8_t *scratch);
    struct odva_image *const *images;
    const struct odva_grid *grid;
    int limit;
    const uint8_t *kept;
    int bands, bands_per_task; /* deblocking: bands of a frame */
};

static struct odva_cpu_filter filtered_plane(const struct filter_job *job, int t, int plane)
{
    const struct odva_image *image = job->images[t];

    return (struct odva_cpu_filter){
        .plane = image->picture.data[plane],
        .sample_bytes = odva_cpu_sample_bytes(image),
        .stride = image->picture.stride[plane],
        .width = odva_plane_side(image->width, plane),
        .height = odva_plane_side(image->height, plane),
        .side = plane ? ODVA_TOKEN_CHROMA : ODVA_TOKEN_LUMA,
        .limit = job->limit,
        .kept = job->kept,
        .columns = job->grid->gx,
    };
}

static void deblock_task(void *opaque, int64_t index, int worker)
{
    const struct filter_job *job = opaque;
    const int tasks = (int)odva_ceil_div64(job->bands, job->bands_per_task);
    const int first = (int)(index % tasks) * job->bands_per_task;
    const int bands = (int)odva_min64(job->bands_per_task, job->bands - first);

    (void)worker;
    for (int p = 0; p < 3; p++) {
        const struct odva_cpu_filter plane = filtered_plane(job, (int)(index / tasks), p);

        if (plane.plane)
            job->deblock(&plane, first, bands);
    }
}

int odva_cpu_backend_deblock(struct odva_backend *backend, struct odva_image *const *images,
                             const struct odva_grid *grid, int limit,
                             const struct odva_buffer *kept)
{
    const struct odva_cpu_operators *operators = odva_cpu_backend_of(backend)->operators;
    struct filter_job job = {.deblock = odva_cpu_is_wide(images[0]) ? operators->wide->deblock
                                                                    : operators->deblock,
                             .images = images,
                             .grid = grid,
                             .limit = limit,
                             .kept = kept ? kept->data : NULL,
                             .bands = (grid->height + 7) / 16 + 1};

    job.bands_per_task = (int)odva_ceil_div64(DEBLOCK_SAMPLES, 16 * (int64_t)grid->width);
    odva_cpu_run(backend, odva_ceil_div64(job.bands, job.bands_per_task) * grid->frames,
                 deblock_task, &job);
    return ONEDVA_OK;
}

/* A plane of a frame; luma's come first. */
static void smooth_task(void *opaque, int64_t index, int worker)
{
    const struct filter_job *job = opaque;
    const int frames = job->grid->frames;
    const struct odva_cpu_filter plane =
        filtered_plane(job, (int)(index % frames), (int)(index / frames));

    if (plane.plane)
        job->smooth(&plane, (uint8_t *)odva_cpu_scratch_of(job->cpu, worker));
}

int odva_cpu_backend_smooth(struct odva_backend *backend, struct odva_image *const *images,
                            const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    const struct odva_cpu_operators *operators = odva_cpu_backend_of(backend)->operators;
    struct filter_job job = {.cpu = odva_cpu_backend_of(backend),
                             .smooth = odva_cpu_is_wide(images[0]) ? operators->wide->smooth
                                                                   : operators->smooth,
                             .images = images,
                             .grid = grid,
                             .limit = limit,
                             .kept = kept ? kept->data : NULL};
    const size_t bytes = odva_cpu_smooth_scratch(grid->width, odva_cpu_sample_bytes(images[0]));
    const int status = odva_cpu_reserve_scratch(odva_cpu_backend_of(backend),
                                                (bytes + sizeof(float) - 1) / sizeof(float));

    if (status == ONEDVA_OK)
        odva_cpu_run(backend, 3 * (int64_t)grid->frames, smooth_task, &job);
    return status;
}

/* ---- motion estimation ------------------------------------------------------------------- */

struct plane_job {
    const struct odva_cpu_operators *operators;
    struct odva_cpu_downscale2x downscale2x;
    struct odva_cpu_structure_tensors structure_tensors;
    int rows, rows_per_task;
};

static int task_rows(const struct plane_job *job, int64_t first)
{
    return (int)odva_min64(job->rows_per_task, job->rows - first);
}

static void downscale2x_task(void *opaque, int64_t index, int worker)
{
    const struct plane_job *job = opaque;
    const int64_t first = index * job->rows_per_task;

    (void)worker;
    job->operators->downscale2x(&job->downscale2x, (int)first, task_rows(job, first));
}

static void downscale_plane(struct odva_backend *backend, const struct odva_image *dst,
                            const struct odva_image *src, int plane)
{
    const int width = odva_plane_side(src->width, plane);
    const int height = odva_plane_side(src->height, plane);
    struct plane_job job = {.operators = odva_cpu_backend_of(backend)->operators,
                            .rows = (height + 1) / 2};

    job.downscale2x = (struct odva_cpu_downscale2x){
        .dst = dst->picture.data[plane],
        .src = src->picture.data[plane],
        .dst_stride = dst->picture.stride[plane],
        .src_stride = src->picture.stride[plane],
        .width = width,
        .height = height,
    };
    job.rows_per_task = (int)odva_ceil_div64(DOWNSCALE_SAMPLES, 2 * (int64_t)width);
    odva_cpu_run(backend, odva_ceil_div64(job.rows, job.rows_per_task), downscale2x_task, &job);
}

int odva_cpu_backend_downscale2x(struct odva_backend *backend, struct odva_image *dst,
                                 struct odva_image *src)
{
    for (int p = 0; p < 3; p++)
        if (dst->picture.data[p] && src->picture.data[p])
            downscale_plane(backend, dst, src, p);
    return ONEDVA_OK;
}

static void structure_tensors_task(void *opaque, int64_t index, int worker)
{
    const struct plane_job *job = opaque;
    const int64_t first = index * job->rows_per_task;

    (void)worker;
    job->operators->structure_tensors(&job->structure_tensors, (int)first, task_rows(job, first));
}

int odva_cpu_backend_structure_tensors(struct odva_backend *backend, struct odva_buffer *tensors,
                                       struct odva_image *a, struct odva_image *b)
{
    struct plane_job job = {.operators = odva_cpu_backend_of(backend)->operators,
                            .rows = (a->height + 3) / 4};

    job.structure_tensors = (struct odva_cpu_structure_tensors){
        .tensors = tensors->data,
        .a = a->picture.data[0],
        .b = b->picture.data[0],
        .a_stride = a->picture.stride[0],
        .b_stride = b->picture.stride[0],
        .width = a->width,
        .height = a->height,
    };
    job.rows_per_task = (int)odva_ceil_div64(TENSOR_SAMPLES, 4 * (int64_t)a->width);
    odva_cpu_run(backend, odva_ceil_div64(job.rows, job.rows_per_task), structure_tensors_task,
                 &job);
    return ONEDVA_OK;
}
