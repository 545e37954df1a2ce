/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Cuts every operator into tasks for the thread pool. */
#include "cpu/cpu_backend.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/buffer.h"
#include "cpu/dct.h"
#include "cpu/operators.h"
#include "cpu/planes.h"
#include "integers.h"
#include "log.h"
#include "noise.h"
#include "thread_pool.h"

#define LINEAR_ROWS     48 /* a multiple of every kernel's rows */
#define LINEAR_TASKS    4  /* for each worker, or tasks have LINEAR_ROWS and not twice as many */
#define NORM_ROWS       64
#define PATCHES         8
#define ELEMENTS        16384
#define BLOCK_ROWS      96        /* per worker */
#define WARP_SAMPLES    (1 << 15) /* a task takes more time than to wake a thread */
#define TENSOR_SAMPLES  (1 << 17)
#define DEBLOCK_SAMPLES (1 << 17)
#define HALVE_SAMPLES   (1 << 18)
#define MAX_BLOCK       6144

struct cpu_backend {
    struct odva_backend base;
    const struct odva_cpu_operators *operators;
    struct odva_cpu_dct_tables dct;
    float *scratch; /* of all workers */
    size_t scratch_size, worker_scratch;
};

static struct cpu_backend *cpu_backend(struct odva_backend *backend)
{
    return (struct cpu_backend *)backend;
}

/* Give every worker that many floats; they lie worker_scratch apart. */
static int reserve_scratch(struct cpu_backend *cpu, size_t floats)
{
    const size_t step = (floats + 15) / 16 * 16;
    const size_t size = step * odva_backend_workers(&cpu->base);

    cpu->worker_scratch = step;
    if (size <= cpu->scratch_size)
        return ONEDVA_OK;
    free(cpu->scratch);
    cpu->scratch = odva_cpu_alloc(size * sizeof(float));
    cpu->scratch_size = cpu->scratch ? size : 0;
    return cpu->scratch ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* A worker's scratch, NULL where the operators need none. */
static float *scratch_of(const struct cpu_backend *cpu, int worker)
{
    return cpu->scratch ? cpu->scratch + worker * cpu->worker_scratch : NULL;
}

static const int32_t *indices(const struct odva_buffer *buffer)
{
    return buffer ? buffer->data : NULL;
}

/* ---- memory ------------------------------------------------------------------------------ */

static void cpu_close(struct odva_backend *backend)
{
    odva_thread_pool_close(&backend->pool);
    free(cpu_backend(backend)->scratch);
    free(backend);
}

static struct odva_buffer *buffer_alloc(struct odva_backend *backend, size_t bytes)
{
    struct odva_buffer *buffer = malloc(sizeof(*buffer));

    (void)backend;
    if (!buffer)
        return NULL;
    buffer->bytes = bytes;
    buffer->data = odva_cpu_alloc(bytes);
    if (!buffer->data) {
        free(buffer);
        return NULL;
    }
    return buffer;
}

static void buffer_free(struct odva_backend *backend, struct odva_buffer *buffer)
{
    (void)backend;
    if (!buffer)
        return;
    free(buffer->data);
    free(buffer);
}

static int upload(struct odva_backend *backend, struct odva_buffer *buffer, size_t offset,
                  const void *data, size_t bytes)
{
    (void)backend;
    if (bytes)
        memcpy((char *)buffer->data + offset, data, bytes);
    return ONEDVA_OK;
}

static int download(struct odva_backend *backend, const struct odva_buffer *buffer, size_t offset,
                    void *data, size_t bytes)
{
    (void)backend;
    if (bytes)
        memcpy(data, (const char *)buffer->data + offset, bytes);
    return ONEDVA_OK;
}

static struct odva_weights *pack(struct odva_backend *backend, const float *weights, int n_out,
                                 int n_in, enum odva_precision precision)
{
    return odva_cpu_weights_pack(weights, n_out, n_in, precision, cpu_backend(backend)->operators);
}

static void free_weights(struct odva_backend *backend, struct odva_weights *weights)
{
    (void)backend;
    odva_cpu_weights_free(weights);
}

/* ---- linear and norm --------------------------------------------------------------------- */

/** One step of a chain, with pointers to row 0. */
struct chain_step {
    struct odva_cpu_linear linear;
    struct odva_cpu_norm norm;    /* of width 0: none */
    int src_between, dst_between; /* in the worker's scratch */
};

struct chain_job {
    const struct cpu_backend *cpu;
    struct chain_step steps[ODVA_CHAIN_MAX];
    int count;
    int64_t rows, rows_per_task;
    size_t normed, between[2]; /* where those of a block of rows are in a worker's scratch */
};

static void set_src(struct odva_cpu_linear *linear, void *rows, enum odva_element element)
{
    linear->src = element == ODVA_FLOAT32 ? rows : NULL;
    linear->rounded_src = element == ODVA_BFLOAT16 ? rows : NULL;
}

static void set_dst(struct odva_cpu_linear *linear, void *rows, enum odva_element element)
{
    linear->dst = element == ODVA_FLOAT32 ? rows : NULL;
    linear->rounded_dst = element == ODVA_BFLOAT16 ? rows : NULL;
}

/* What is between two steps is rounded as the second one would do it. */
static enum odva_element element_before(const struct odva_cpu_linear *second)
{
    return second->weights->pairs ? ODVA_BFLOAT16 : ODVA_FLOAT32;
}

/* The odd line keeps rows out of each other's sets. */
static int64_t stride_between(int width)
{
    return odva_cpu_round_up(width, 32) + 32;
}

/* Pointers to row 0 become those to another row. */
static void advance(struct chain_step *step, int64_t row)
{
    struct odva_cpu_linear *linear = &step->linear;

    if (linear->src)
        linear->src += row * linear->src_stride;
    if (linear->rounded_src)
        linear->rounded_src += row * linear->src_stride;
    if (linear->dst)
        linear->dst += row * linear->dst_stride;
    if (linear->rounded_dst)
        linear->rounded_dst += row * linear->dst_stride;
    if (linear->gate)
        linear->gate_row += row;
    if (linear->add_row)
        linear->add_row += row;
    else if (linear->add)
        linear->add += row * linear->add_stride;
    if (step->norm.width)
        step->norm.src += row * step->norm.src_stride;
    if (step->norm.row)
        step->norm.row += row;
}

/* A block of rows through all steps. */
static void chain_task(void *opaque, int64_t index, int worker)
{
    const struct chain_job *job = opaque;
    const struct odva_cpu_operators *operators = job->cpu->operators;
    const int64_t first = index * job->rows_per_task;
    const int64_t rows = odva_min64(job->rows_per_task, job->rows - first);
    float *scratch = scratch_of(job->cpu, worker);

    for (int i = 0; i < job->count; i++) {
        struct chain_step step = job->steps[i];
        struct odva_cpu_linear *linear = &step.linear;

        advance(&step, first);
        if (step.src_between)
            set_src(linear, scratch + job->between[(i + 1) % 2], element_before(linear));
        if (step.dst_between)
            set_dst(linear, scratch + job->between[i % 2],
                    element_before(&job->steps[i + 1].linear));
        if (step.norm.width) {
            step.norm.dst = scratch + job->normed;
            operators->norm_modulate(&step.norm, 0, rows);
            linear->src = step.norm.dst;
        }
        operators->linear(linear, 0, rows, scratch);
    }
}

static void *elements(struct odva_matrix matrix)
{
    const size_t size = odva_element_size(matrix.element);

    return matrix.buffer ? (char *)matrix.buffer->data + matrix.offset * size : NULL;
}

static struct odva_cpu_norm norm_of(struct odva_matrix src, int width,
                                    const struct odva_modulation *modulation)
{
    struct odva_cpu_norm norm = {
        .src = odva_cpu_floats(src), .src_stride = src.stride, .dst_stride = width, .width = width};

    if (modulation->shift.buffer) {
        norm.shift = odva_cpu_floats(modulation->shift);
        norm.scale = odva_cpu_floats(modulation->scale);
        norm.shift_stride = modulation->shift.stride;
        norm.scale_stride = modulation->scale.stride;
        norm.row = indices(modulation->row) + modulation->first_row;
    }
    return norm;
}

static struct odva_cpu_linear linear_of(const struct odva_linear_step *step)
{
    const struct odva_epilogue *epilogue = &step->epilogue;
    struct odva_cpu_linear linear = {
        .dst_stride = step->dst.buffer ? step->dst.stride : stride_between(step->weights->n_out),
        .src_stride = step->src.buffer ? step->src.stride : stride_between(step->weights->n_in),
        .weights = step->weights,
        .bias = epilogue->bias ? epilogue->bias->data : NULL,
        .activation = epilogue->activation,
    };

    set_src(&linear, elements(step->src), step->src.element);
    set_dst(&linear, elements(step->dst), step->dst.element);
    if (epilogue->gate.buffer) {
        linear.gate = odva_cpu_floats(epilogue->gate);
        linear.gate_stride = epilogue->gate.stride;
        linear.gate_row = indices(epilogue->gate_row) + epilogue->first_row;
    }
    if (epilogue->add.buffer) {
        linear.add = odva_cpu_floats(epilogue->add);
        linear.add_stride = epilogue->add.stride;
        if (epilogue->add_row)
            linear.add_row = indices(epilogue->add_row) + epilogue->first_row;
    }
    return linear;
}

static struct chain_step chain_step_of(const struct odva_linear_step *step)
{
    struct chain_step s = {.linear = linear_of(step),
                           .src_between = !step->src.buffer,
                           .dst_between = !step->dst.buffer};

    if (step->norm) {
        s.norm = norm_of(step->src, step->weights->n_in, step->norm);
        s.linear.src = NULL; /* a block of rows in scratch */
        s.linear.src_stride = s.norm.dst_stride = stride_between(s.norm.width);
    }
    return s;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Where what the steps need lies in a worker's scratch. */
static int reserve_chain(struct cpu_backend *cpu, struct chain_job *job)
{
    size_t kernel = 0, normed = 0, between = 0;

    for (int i = 0; i < job->count; i++) {
        const struct chain_step *step = &job->steps[i];

        if (cpu->operators->linear_scratch)
            kernel = larger(kernel, cpu->operators->linear_scratch(step->linear.weights->n_in));
        if (step->norm.width)
            normed = larger(normed, job->rows_per_task * step->norm.dst_stride);
        if (step->dst_between)
            between = larger(between, job->rows_per_task * step->linear.dst_stride);
    }
    job->normed = (kernel + 15) / 16 * 16;
    job->between[0] = job->normed + normed;
    job->between[1] = job->between[0] + between;
    if (job->between[1] + between == 0)
        return ONEDVA_OK;
    return reserve_scratch(cpu, job->between[1] + between);
}

/* Weights are read once for each task. */
static int64_t linear_rows_per_task(const struct odva_backend *backend, int64_t rows)
{
    const int64_t most = 2 * LINEAR_ROWS;

    return rows < most * LINEAR_TASKS * odva_backend_workers(backend) ? LINEAR_ROWS : most;
}

static int linear_chain(struct odva_backend *backend, const struct odva_linear_step *steps,
                        int count, int64_t rows)
{
    struct cpu_backend *cpu = cpu_backend(backend);
    struct chain_job job = {.cpu = cpu, .count = count, .rows = rows};
    int ret;

    job.rows_per_task = linear_rows_per_task(backend, rows);
    for (int i = 0; i < count; i++)
        job.steps[i] = chain_step_of(&steps[i]);
    ret = reserve_chain(cpu, &job);
    if (ret < 0)
        return ret;
    odva_backend_parallel_for(backend, odva_ceil_div64(rows, job.rows_per_task), chain_task, &job);
    return ONEDVA_OK;
}

static int linear(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix src,
                  int64_t rows, const struct odva_weights *weights,
                  const struct odva_epilogue *epilogue)
{
    const struct odva_linear_step step = {
        .dst = dst, .src = src, .weights = weights, .epilogue = *epilogue};

    return linear_chain(backend, &step, 1, rows);
}

struct norm_job {
    const struct odva_cpu_operators *operators;
    struct odva_cpu_norm norm;
    int64_t rows;
};

static void norm_task(void *opaque, int64_t index, int worker)
{
    const struct norm_job *job = opaque;
    const int64_t first = index * NORM_ROWS;

    (void)worker;
    job->operators->norm_modulate(&job->norm, first, odva_min64(NORM_ROWS, job->rows - first));
}

static int norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                         struct odva_matrix src, int64_t rows, int width,
                         const struct odva_modulation *modulation)
{
    struct norm_job job = {.operators = cpu_backend(backend)->operators,
                           .norm = norm_of(src, width, modulation),
                           .rows = rows};

    job.norm.dst = odva_cpu_floats(dst);
    job.norm.dst_stride = dst.stride;
    odva_backend_parallel_for(backend, odva_ceil_div64(rows, NORM_ROWS), norm_task, &job);
    return ONEDVA_OK;
}

/* ---- attention --------------------------------------------------------------------------- */

struct attention_job {
    const struct cpu_backend *cpu;
    struct odva_cpu_attention attention;
};

static void attention_task(void *opaque, int64_t index, int worker)
{
    const struct attention_job *job = opaque;
    const int heads = job->attention.heads;

    job->cpu->operators->attention(&job->attention, (int)(index / heads), (int)(index % heads),
                                   scratch_of(job->cpu, worker));
}

static int attention(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix qkv,
                     const struct odva_attention *attention, const struct odva_windows *windows)
{
    struct cpu_backend *cpu = cpu_backend(backend);
    struct attention_job job = {.cpu = cpu};
    const int ret = reserve_scratch(
        cpu, cpu->operators->attention_scratch(windows->max_length, attention->head_dim));

    if (ret < 0)
        return ret;
    job.attention = (struct odva_cpu_attention){
        .dst_stride = dst.stride,
        .qkv_stride = qkv.stride,
        .heads = attention->heads,
        .head_dim = attention->head_dim,
        .precision = attention->precision,
        .cosines = attention->cosines->data,
        .sines = attention->sines->data,
        .begin = indices(windows->begin) + windows->first,
        .rows = indices(windows->rows),
        .rope = indices(windows->rope),
    };
    if (qkv.element == ODVA_BFLOAT16) {
        job.attention.rounded_dst = elements(dst);
        job.attention.rounded_qkv = elements(qkv);
    } else {
        job.attention.dst = elements(dst);
        job.attention.qkv = elements(qkv);
    }
    odva_backend_parallel_for(backend, (int64_t)windows->count * attention->heads, attention_task,
                              &job);
    return ONEDVA_OK;
}

/* ---- planes ------------------------------------------------------------------------------ */

struct patch_job {
    const struct odva_cpu_operators *operators;
    struct odva_matrix rows;
    const struct odva_grid *grid;
    const struct onedva_const_picture *sources;
    const struct onedva_picture *targets;
    const int32_t *position;
    int64_t count;
    uint64_t seed;
    uint32_t step;
};

static void read_task(void *opaque, int64_t index, int worker)
{
    const struct patch_job *job = opaque;

    (void)worker;
    for (int64_t i = index * PATCHES; i < odva_min64((index + 1) * PATCHES, job->count); i++)
        odva_cpu_read_patch(job->operators, odva_cpu_row(job->rows, i), job->grid, job->sources,
                            job->position[i]);
}

static int patchify(struct odva_backend *backend, struct odva_matrix dst,
                    const struct odva_grid *grid, const struct onedva_const_picture *pictures,
                    const struct odva_buffer *position, int64_t first, int64_t count)
{
    struct patch_job job = {.operators = cpu_backend(backend)->operators,
                            .rows = dst,
                            .grid = grid,
                            .sources = pictures,
                            .position = indices(position) + first,
                            .count = count};

    odva_backend_parallel_for(backend, odva_ceil_div64(count, PATCHES), read_task, &job);
    return ONEDVA_OK;
}

static void write_task(void *opaque, int64_t index, int worker)
{
    const struct patch_job *job = opaque;

    (void)worker;
    for (int64_t i = index * PATCHES; i < odva_min64((index + 1) * PATCHES, job->count); i++)
        odva_cpu_write_patch(job->operators, job->targets, job->grid, odva_cpu_row(job->rows, i),
                             job->position[i]);
}

static int unpatchify(struct odva_backend *backend, const struct onedva_picture *pictures,
                      const struct odva_grid *grid, struct odva_matrix src,
                      const struct odva_buffer *position, int64_t first, int64_t count)
{
    struct patch_job job = {.operators = cpu_backend(backend)->operators,
                            .rows = src,
                            .grid = grid,
                            .targets = pictures,
                            .position = indices(position) + first,
                            .count = count};

    odva_backend_parallel_for(backend, odva_ceil_div64(count, PATCHES), write_task, &job);
    return ONEDVA_OK;
}

static void noise_task(void *opaque, int64_t index, int worker)
{
    const struct patch_job *job = opaque;

    (void)worker;
    for (int64_t i = index * PATCHES; i < odva_min64((index + 1) * PATCHES, job->count); i++)
        odva_noise_fill(odva_cpu_row(job->rows, i), (uint64_t)job->position[i] * ODVA_PATCH_SAMPLES,
                        ODVA_PATCH_SAMPLES, job->seed, job->step);
}

static int noise(struct odva_backend *backend, struct odva_matrix dst,
                 const struct odva_buffer *position, int64_t first, int64_t count, uint64_t seed,
                 uint32_t step)
{
    struct patch_job job = {.operators = cpu_backend(backend)->operators,
                            .rows = dst,
                            .position = indices(position) + first,
                            .count = count,
                            .seed = seed,
                            .step = step};

    odva_backend_parallel_for(backend, odva_ceil_div64(count, PATCHES), noise_task, &job);
    return ONEDVA_OK;
}

/* ---- transform --------------------------------------------------------------------------- */

struct dct_job {
    const struct cpu_backend *cpu;
    float *coefs, *latents;
    const float *coefs_in, *latents_in;
    int basis;
    const struct odva_dct_tile *tiles;
};

static void forward_task(void *opaque, int64_t index, int worker)
{
    const struct dct_job *job = opaque;
    const struct odva_dct_tile *tile = &job->tiles[index];
    const int32_t *order = indices(tile->order);
    const int count = tile->nt * tile->ny * tile->nx * job->basis;
    float *data = scratch_of(job->cpu, worker);

    memcpy(data, job->coefs_in + tile->offset, count * sizeof(*data));
    odva_cpu_dct_tile(job->cpu->operators, &job->cpu->dct, 0, data, tile->nt, tile->ny, tile->nx,
                      job->basis, data + count);
    for (int i = 0; i < count; i++)
        job->latents[tile->offset + i] = data[order[i]];
}

static void inverse_task(void *opaque, int64_t index, int worker)
{
    const struct dct_job *job = opaque;
    const struct odva_dct_tile *tile = &job->tiles[index];
    const int32_t *order = indices(tile->order);
    const int count = tile->nt * tile->ny * tile->nx * job->basis;
    float *data = job->coefs + tile->offset;

    for (int i = 0; i < count; i++)
        data[order[i]] = job->latents_in[tile->offset + i];
    odva_cpu_dct_tile(job->cpu->operators, &job->cpu->dct, 1, data, tile->nt, tile->ny, tile->nx,
                      job->basis, scratch_of(job->cpu, worker));
}

static int run_dct(struct odva_backend *backend, odva_task_fn task, struct dct_job *job, int count)
{
    const int ret =
        reserve_scratch(cpu_backend(backend), (size_t)2 * ODVA_TILE_PATCHES * job->basis);

    if (ret < 0)
        return ret;
    job->cpu = cpu_backend(backend);
    odva_backend_parallel_for(backend, count, task, job);
    return ONEDVA_OK;
}

static int dct_forward(struct odva_backend *backend, struct odva_buffer *latents,
                       const struct odva_buffer *coefs, int basis,
                       const struct odva_dct_tile *tiles, int count)
{
    struct dct_job job = {
        .latents = latents->data, .coefs_in = coefs->data, .basis = basis, .tiles = tiles};

    return run_dct(backend, forward_task, &job, count);
}

static int dct_inverse(struct odva_backend *backend, struct odva_buffer *coefs,
                       const struct odva_buffer *latents, int basis,
                       const struct odva_dct_tile *tiles, int count)
{
    struct dct_job job = {
        .coefs = coefs->data, .latents_in = latents->data, .basis = basis, .tiles = tiles};

    return run_dct(backend, inverse_task, &job, count);
}

/* ---- motion ------------------------------------------------------------------------------ */

struct warp_job {
    const struct odva_cpu_operators *operators;
    const struct onedva_picture *pictures;
    const struct onedva_const_picture *sources;
    const struct odva_warp *warp;
    int bands, bands_per_task; /* a band is 8 rows of luma; bands of a frame */
};

static void warp_band(const struct warp_job *job, int t, int plane, int band)
{
    const struct odva_warp *warp = job->warp;
    const int chroma = plane > 0, blocks = chroma ? 1 : 2;
    const struct odva_cpu_warp part = {
        .dst = job->pictures[t].data[plane],
        .src = job->sources[t].data[plane],
        .dst_stride = job->pictures[t].stride[plane],
        .src_stride = job->sources[t].stride[plane],
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
        .nodes = warp->nodes + (size_t)t * warp->rows * warp->columns,
    };
    const int first = band * blocks, end = (part.height + 3) / 4;

    job->operators->warp(&part, first, (int)odva_min64(blocks, end - first));
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
            if (job->pictures[t].data[plane] && job->sources[t].data[plane])
                warp_band(job, t, plane, band);
    }
}

static int warp(struct odva_backend *backend, const struct onedva_picture *pictures,
                const struct onedva_const_picture *sources, const struct odva_warp *warp)
{
    struct warp_job job = {.operators = cpu_backend(backend)->operators,
                           .pictures = pictures,
                           .sources = sources,
                           .warp = warp,
                           .bands = (warp->height + 7) / 8};

    job.bands_per_task = (int)odva_ceil_div64(WARP_SAMPLES, 8 * (int64_t)warp->width);
    odva_backend_parallel_for(
        backend, odva_ceil_div64((int64_t)job.bands * warp->frames, job.bands_per_task), warp_task,
        &job);
    return ONEDVA_OK;
}

struct deblock_job {
    const struct odva_cpu_operators *operators;
    const struct onedva_picture *pictures;
    const struct odva_grid *grid;
    int limit, bands, bands_per_task;
};

static void deblock_task(void *opaque, int64_t index, int worker)
{
    const struct deblock_job *job = opaque;
    const int tasks = (int)odva_ceil_div64(job->bands, job->bands_per_task);
    const int first = (int)(index % tasks) * job->bands_per_task;
    const int bands = (int)odva_min64(job->bands_per_task, job->bands - first);
    const struct onedva_picture *picture = &job->pictures[index / tasks];

    (void)worker;
    for (int p = 0; p < 3; p++) {
        const struct odva_cpu_deblock plane = {
            .plane = picture->data[p],
            .stride = picture->stride[p],
            .width = p ? (job->grid->width + 1) / 2 : job->grid->width,
            .height = p ? (job->grid->height + 1) / 2 : job->grid->height,
            .spacing = p ? ODVA_TOKEN_CHROMA : ODVA_TOKEN_LUMA,
            .limit = p ? 5 * job->limit / 8 : job->limit,
        };

        if (plane.plane && plane.limit > 0)
            job->operators->deblock(&plane, first, bands);
    }
}

static int deblock(struct odva_backend *backend, const struct onedva_picture *pictures,
                   const struct odva_grid *grid, int limit)
{
    struct deblock_job job = {.operators = cpu_backend(backend)->operators,
                              .pictures = pictures,
                              .grid = grid,
                              .limit = limit,
                              .bands = (grid->height + 7) / 16 + 1};

    job.bands_per_task = (int)odva_ceil_div64(DEBLOCK_SAMPLES, 16 * (int64_t)grid->width);
    odva_backend_parallel_for(
        backend, odva_ceil_div64(job.bands, job.bands_per_task) * grid->frames, deblock_task, &job);
    return ONEDVA_OK;
}

struct plane_job {
    const struct odva_cpu_operators *operators;
    struct odva_cpu_halve halve;
    struct odva_cpu_block_tensors block_tensors;
    int rows, rows_per_task;
};

static int task_rows(const struct plane_job *job, int64_t first)
{
    return (int)odva_min64(job->rows_per_task, job->rows - first);
}

static void halve_task(void *opaque, int64_t index, int worker)
{
    const struct plane_job *job = opaque;
    const int64_t first = index * job->rows_per_task;

    (void)worker;
    job->operators->halve(&job->halve, (int)first, task_rows(job, first));
}

static int halve(struct odva_backend *backend, uint8_t *dst, ptrdiff_t dst_stride,
                 const uint8_t *src, ptrdiff_t src_stride, int width, int height)
{
    struct plane_job job = {.operators = cpu_backend(backend)->operators, .rows = (height + 1) / 2};

    job.halve = (struct odva_cpu_halve){
        .dst = dst,
        .src = src,
        .dst_stride = dst_stride,
        .src_stride = src_stride,
        .width = width,
        .height = height,
    };
    job.rows_per_task = (int)odva_ceil_div64(HALVE_SAMPLES, 2 * (int64_t)width);
    odva_backend_parallel_for(backend, odva_ceil_div64(job.rows, job.rows_per_task), halve_task,
                              &job);
    return ONEDVA_OK;
}

static void block_tensors_task(void *opaque, int64_t index, int worker)
{
    const struct plane_job *job = opaque;
    const int64_t first = index * job->rows_per_task;

    (void)worker;
    job->operators->block_tensors(&job->block_tensors, (int)first, task_rows(job, first));
}

static int block_tensors(struct odva_backend *backend, struct odva_block_tensor *tensors,
                         const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride,
                         int width, int height)
{
    struct plane_job job = {.operators = cpu_backend(backend)->operators, .rows = (height + 3) / 4};

    job.block_tensors = (struct odva_cpu_block_tensors){
        .tensors = tensors,
        .a = a,
        .b = b,
        .a_stride = a_stride,
        .b_stride = b_stride,
        .width = width,
        .height = height,
    };
    job.rows_per_task = (int)odva_ceil_div64(TENSOR_SAMPLES, 4 * (int64_t)width);
    odva_backend_parallel_for(backend, odva_ceil_div64(job.rows, job.rows_per_task),
                              block_tensors_task, &job);
    return ONEDVA_OK;
}

/* ---- sums -------------------------------------------------------------------------------- */

struct axpby_job {
    struct odva_matrix dst, x, y;
    float a, b;
    int64_t rows, rows_per_task;
    int cols;
};

static void axpby_task(void *opaque, int64_t index, int worker)
{
    const struct axpby_job *job = opaque;
    const int64_t end = odva_min64((index + 1) * job->rows_per_task, job->rows);

    (void)worker;
    for (int64_t row = index * job->rows_per_task; row < end; row++) {
        float *dst = odva_cpu_row(job->dst, row);
        const float *x = odva_cpu_row(job->x, row), *y = odva_cpu_row(job->y, row);

        for (int i = 0; i < job->cols; i++)
            dst[i] = job->a * x[i] + job->b * y[i];
    }
}

static int axpby(struct odva_backend *backend, struct odva_matrix dst, float a,
                 struct odva_matrix x, float b, struct odva_matrix y, int64_t rows, int cols)
{
    struct axpby_job job = {.dst = dst, .x = x, .y = y, .a = a, .b = b, .rows = rows, .cols = cols};

    job.rows_per_task = odva_ceil_div64(ELEMENTS, cols);
    odva_backend_parallel_for(backend, odva_ceil_div64(rows, job.rows_per_task), axpby_task, &job);
    return ONEDVA_OK;
}

static const struct odva_backend_ops cpu_ops = {
    .name = "cpu",
    .close = cpu_close,
    .alloc = buffer_alloc,
    .free = buffer_free,
    .upload = upload,
    .download = download,
    .pack = pack,
    .free_weights = free_weights,
    .linear = linear,
    .linear_chain = linear_chain,
    .norm_modulate = norm_modulate,
    .attention = attention,
    .patchify = patchify,
    .unpatchify = unpatchify,
    .warp = warp,
    .deblock = deblock,
    .halve = halve,
    .block_tensors = block_tensors,
    .dct_forward = dct_forward,
    .dct_inverse = dct_inverse,
    .axpby = axpby,
    .noise = noise,
};

int odva_cpu_backend_open(struct odva_backend **backend, int threads, int bitexact,
                          enum onedva_precision precision, const struct onedva_logger *logger)
{
    const struct odva_cpu_operators *operators = odva_cpu_operators_choose(bitexact, precision);
    struct cpu_backend *cpu;

    *backend = NULL;
    if (!operators) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "ONEDVA_CPU=%s cannot run here; use c, or unset it for the fastest",
                 getenv("ONEDVA_CPU"));
        return ONEDVA_ERR_UNSUPPORTED;
    }
    cpu = calloc(1, sizeof(*cpu));
    if (!cpu)
        return ONEDVA_ERR_NOMEM;
    cpu->base.ops = &cpu_ops;
    cpu->operators = operators;
    if (odva_thread_pool_open(&cpu->base.pool, threads) < 0) {
        free(cpu);
        return ONEDVA_ERR_NOMEM;
    }
    cpu->base.block_rows = odva_min64(BLOCK_ROWS * odva_backend_workers(&cpu->base), MAX_BLOCK);
    cpu->base.network_element = operators->network_element;
    odva_cpu_dct_tables_init(&cpu->dct);
    odva_log(logger, ONEDVA_LOG_DEBUG, "backend cpu, %s, %d threads", operators->name,
             odva_backend_workers(&cpu->base));
    *backend = &cpu->base;
    return ONEDVA_OK;
}
