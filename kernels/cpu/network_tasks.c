/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The CPU backend's operators on rows of tokens. */
#include <stdint.h>

#include "base/integers.h"
#include "base/thread_pool.h"
#include "kernels/cpu/cpu_tasks.h"

#define LINEAR_ROWS  48 /* a multiple of every kernel's rows */
#define LINEAR_TASKS 4  /* for each worker, or tasks have LINEAR_ROWS and not twice as many */
#define NORM_ROWS    64
#define ELEMENTS     16384

/* ---- linear and norm --------------------------------------------------------------------- */

/** One step of a chain, with pointers to row 0. */
struct chain_step {
    struct odva_cpu_linear linear;
    struct odva_cpu_norm norm;    /* of width 0: none */
    int src_between, dst_between; /* in the worker's scratch */
};

struct chain_job {
    const struct odva_cpu_backend *cpu;
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

/* Where the first step will read a block of rows. */
static struct odva_cpu_range rows_from(const struct chain_job *job, int64_t first)
{
    const int64_t rows = odva_min64(job->rows_per_task, job->rows - first);
    struct chain_step step = job->steps[0];

    if (rows <= 0)
        return (struct odva_cpu_range){0};
    advance(&step, first);
    if (step.norm.width)
        return (struct odva_cpu_range){step.norm.src, rows * step.norm.src_stride * sizeof(float)};
    if (step.linear.rounded_src)
        return (struct odva_cpu_range){step.linear.rounded_src,
                                       rows * step.linear.src_stride * sizeof(uint16_t)};
    return (struct odva_cpu_range){step.linear.src, rows * step.linear.src_stride * sizeof(float)};
}

/* A block of rows through all steps. Workers take blocks in turns, more or less. */
static void chain_task(void *opaque, int64_t index, int worker)
{
    const struct chain_job *job = opaque;
    const struct odva_cpu_operators *operators = job->cpu->operators;
    const int64_t first = index * job->rows_per_task;
    const int64_t next = first + odva_thread_pool_workers(job->cpu->pool) * job->rows_per_task;
    const int64_t rows = odva_min64(job->rows_per_task, job->rows - first);
    float *scratch = odva_cpu_scratch_of(job->cpu, worker);

    for (int i = 0; i < job->count; i++) {
        struct chain_step step = job->steps[i];
        struct odva_cpu_linear *linear = &step.linear;

        advance(&step, first);
        if (i == 0)
            linear->ahead = rows_from(job, next);
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
        norm.row = odva_cpu_indices(modulation->row) + modulation->first_row;
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

    set_src(&linear, odva_cpu_elements(step->src, 0), step->src.element);
    set_dst(&linear, odva_cpu_elements(step->dst, 0), step->dst.element);
    if (epilogue->gate.buffer) {
        linear.gate = odva_cpu_floats(epilogue->gate);
        linear.gate_stride = epilogue->gate.stride;
        linear.gate_row = odva_cpu_indices(epilogue->gate_row) + epilogue->first_row;
    }
    if (epilogue->add.buffer) {
        linear.add = odva_cpu_floats(epilogue->add);
        linear.add_stride = epilogue->add.stride;
        if (epilogue->add_row)
            linear.add_row = odva_cpu_indices(epilogue->add_row) + epilogue->first_row;
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
static int reserve_chain(struct odva_cpu_backend *cpu, struct chain_job *job)
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
    return odva_cpu_reserve_scratch(cpu, job->between[1] + between);
}

/* Weights are read once for each task; smaller ones share few rows more evenly. */
static int64_t linear_rows_per_task(const struct odva_cpu_backend *cpu, int64_t rows)
{
    const int64_t most = 2 * LINEAR_ROWS;
    const int workers = odva_thread_pool_workers(cpu->pool);

    return workers > 1 && rows < most * LINEAR_TASKS * workers ? LINEAR_ROWS : most;
}

int odva_cpu_backend_linear_chain(struct odva_backend *backend,
                                  const struct odva_linear_step *steps, int count, int64_t rows)
{
    struct odva_cpu_backend *cpu = odva_cpu_backend_of(backend);
    struct chain_job job = {.cpu = cpu, .count = count, .rows = rows};
    int status;

    job.rows_per_task = linear_rows_per_task(cpu, rows);
    for (int i = 0; i < count; i++)
        job.steps[i] = chain_step_of(&steps[i]);
    status = reserve_chain(cpu, &job);
    if (status < 0)
        return status;
    odva_cpu_run(backend, odva_ceil_div64(rows, job.rows_per_task), chain_task, &job);
    return ONEDVA_OK;
}

int odva_cpu_backend_linear(struct odva_backend *backend, struct odva_matrix dst,
                            struct odva_matrix src, int64_t rows,
                            const struct odva_weights *weights,
                            const struct odva_epilogue *epilogue)
{
    const struct odva_linear_step step = {
        .dst = dst, .src = src, .weights = weights, .epilogue = *epilogue};

    return odva_cpu_backend_linear_chain(backend, &step, 1, rows);
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

int odva_cpu_backend_norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                                   struct odva_matrix src, int64_t rows, int width,
                                   const struct odva_modulation *modulation)
{
    struct norm_job job = {.operators = odva_cpu_backend_of(backend)->operators,
                           .norm = norm_of(src, width, modulation),
                           .rows = rows};

    job.norm.dst = odva_cpu_floats(dst);
    job.norm.dst_stride = dst.stride;
    odva_cpu_run(backend, odva_ceil_div64(rows, NORM_ROWS), norm_task, &job);
    return ONEDVA_OK;
}

/* ---- attention --------------------------------------------------------------------------- */

struct attention_job {
    const struct odva_cpu_backend *cpu;
    struct odva_cpu_attention attention;
};

static void attention_task(void *opaque, int64_t index, int worker)
{
    const struct attention_job *job = opaque;
    const int heads = job->attention.heads;

    job->cpu->operators->attention(&job->attention, (int)(index / heads), (int)(index % heads),
                                   odva_cpu_scratch_of(job->cpu, worker));
}

int odva_cpu_backend_attention(struct odva_backend *backend, struct odva_matrix dst,
                               struct odva_matrix qkv, const struct odva_attention *attention,
                               const struct odva_windows *windows)
{
    struct odva_cpu_backend *cpu = odva_cpu_backend_of(backend);
    struct attention_job job = {.cpu = cpu};
    const int status = odva_cpu_reserve_scratch(
        cpu, cpu->operators->attention_scratch(windows->max_length, attention->head_dim));

    if (status < 0)
        return status;
    job.attention = (struct odva_cpu_attention){
        .dst_stride = dst.stride,
        .qkv_stride = qkv.stride,
        .heads = attention->heads,
        .head_dim = attention->head_dim,
        .precision = attention->precision,
        .cosines = attention->cosines->data,
        .sines = attention->sines->data,
        .begin = odva_cpu_indices(windows->begin) + windows->first,
        .rows = odva_cpu_indices(windows->rows),
        .rope = odva_cpu_indices(windows->rope),
    };
    if (qkv.element == ODVA_BFLOAT16) {
        job.attention.rounded_dst = odva_cpu_elements(dst, 0);
        job.attention.rounded_qkv = odva_cpu_elements(qkv, 0);
    } else {
        job.attention.dst = odva_cpu_elements(dst, 0);
        job.attention.qkv = odva_cpu_elements(qkv, 0);
    }
    odva_cpu_run(backend, (int64_t)windows->count * attention->heads, attention_task, &job);
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

int odva_cpu_backend_axpby(struct odva_backend *backend, struct odva_matrix dst, float a,
                           struct odva_matrix x, float b, struct odva_matrix y, int64_t rows,
                           int cols)
{
    struct axpby_job job = {.dst = dst, .x = x, .y = y, .a = a, .b = b, .rows = rows, .cols = cols};

    job.rows_per_task = odva_ceil_div64(ELEMENTS, cols);
    odva_cpu_run(backend, odva_ceil_div64(rows, job.rows_per_task), axpby_task, &job);
    return ONEDVA_OK;
}
