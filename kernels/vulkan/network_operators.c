/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators on rows of tokens. */
#include <math.h>

#include "base/integers.h"
#include "base/log.h"
#include "kernels/vulkan/vulkan_backend.h"

#define CHAIN_ROWS (1 << 14) /* between two steps */

/* ---- linear ------------------------------------------------------------------------------ */

/** As linear.glsl has them. */
struct linear_arguments {
    VkDeviceAddress dst, src, weights, bias, gate, gate_row, add, add_row;
    uint32_t dst_stride, src_stride, gate_stride, add_stride;
    uint32_t rows, n_in, n_out, flags;
};

enum linear_flags { /* above an activation */
                    LINEAR_BIAS = 4,
                    LINEAR_GATE = 8,
                    LINEAR_ADD = 16,
                    LINEAR_ADD_ROW = 32,
};

static struct linear_arguments linear_arguments_of(const struct odva_linear_step *step)
{
    const struct odva_epilogue *e = &step->epilogue;

    return (struct linear_arguments){
        .dst = odva_vulkan_rows_to_write(step->dst),
        .src = odva_vulkan_rows(step->src),
        .weights = odva_vulkan_address(step->weights->numbers),
        .bias = e->bias ? odva_vulkan_address(e->bias) : 0,
        .gate = odva_vulkan_rows(e->gate),
        .gate_row = odva_vulkan_indices(e->gate_row, e->first_row),
        .add = odva_vulkan_rows(e->add),
        .add_row = odva_vulkan_indices(e->add_row, e->first_row),
        .dst_stride = (uint32_t)step->dst.stride,
        .src_stride = (uint32_t)step->src.stride,
        .gate_stride = (uint32_t)e->gate.stride,
        .add_stride = (uint32_t)e->add.stride,
        .n_in = (uint32_t)step->weights->n_in,
        .n_out = (uint32_t)step->weights->n_out,
        .flags = e->activation | (e->bias ? LINEAR_BIAS : 0) | (e->gate.buffer ? LINEAR_GATE : 0) |
                 (e->add.buffer ? LINEAR_ADD : 0) |
                 (e->add.buffer && e->add_row ? LINEAR_ADD_ROW : 0),
    };
}

/* A step that begins at row 0 of all its matrices becomes one that begins at another row. */
static struct odva_linear_step step_from(const struct odva_linear_step *step, int64_t row)
{
    struct odva_linear_step later = *step;

    later.dst = odva_vulkan_from_row(step->dst, row);
    later.src = odva_vulkan_from_row(step->src, row);
    later.epilogue.first_row += row;
    if (!step->epilogue.add_row)
        later.epilogue.add = odva_vulkan_from_row(step->epilogue.add, row);
    return later;
}

/** What a group makes. */
struct linear_tile {
    int rows, outputs;
};

#define SIDE       8   /* invocations of a group, both ways */
#define GPU_GROUPS 128 /* that keep a GPU busy; software has a few processors */
#define CPU_GROUPS 4

/* A large one reads its factors less often, a small one leaves no part of a device without work. */
static struct linear_tile choose_linear_tile(const struct odva_vulkan_gpu *gpu, int64_t rows,
                                             int n_out)
{
    static const struct linear_tile large = {64, 64}, medium = {64, 32}, small = {8, 32};
    const int many =
        gpu->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU ? CPU_GROUPS : GPU_GROUPS;

    if (rows > medium.rows / 2 &&
        odva_ceil_div64(rows, large.rows) * odva_ceil_div(n_out, large.outputs) >= many)
        return large;
    return rows > small.rows ? medium : small;
}

/* Whether a kernel may have a matrix' rows four numbers at a time. */
static int has_quads(struct odva_matrix matrix)
{
    return matrix.stride % 4 == 0 && odva_vulkan_rows(matrix) % (4 * sizeof(float)) == 0;
}

/** How a product runs. */
struct linear_way {
    struct odva_vulkan_kernel kernel;
    struct linear_tile tile;
};

static struct linear_way choose_linear_way(const struct odva_vulkan_gpu *gpu,
                                           const struct odva_linear_step *step, int64_t rows)
{
    const struct linear_tile tile = choose_linear_tile(gpu, rows, step->weights->n_out);
    const uint32_t is_aligned =
        step->weights->n_in % ODVA_VULKAN_DEPTH == 0 && has_quads(step->src);

    if (gpu->matrices.rows && step->weights->is_half && rows > ODVA_VULKAN_MATRICES_TILE / 4)
        return (struct linear_way){{ODVA_VULKAN_LINEAR_MATRICES_SHADER,
                                    {is_aligned, gpu->matrices.threads, gpu->matrices.rows,
                                     gpu->matrices.outputs, gpu->matrices.inputs}},
                                   {ODVA_VULKAN_MATRICES_TILE, ODVA_VULKAN_MATRICES_TILE}};
    return (struct linear_way){
        {ODVA_VULKAN_LINEAR_SHADER,
         {is_aligned, (uint32_t)(tile.rows / SIDE), (uint32_t)(tile.outputs / SIDE),
          (uint32_t)step->weights->is_half}},
        tile};
}

/* @param step without norm, and with both matrices */
static int run_linear(struct odva_vulkan_stream *stream, const struct odva_linear_step *step,
                      int64_t rows)
{
    const int64_t stride =
        odva_max64(odva_max64(step->dst.stride, step->src.stride), step->epilogue.add.stride);
    const struct linear_way way = choose_linear_way(stream->gpu, step, rows);
    int status = ONEDVA_OK;

    for (int64_t first = 0; first < rows && status >= 0;
         first += odva_vulkan_rows_at_once(stride)) {
        const int64_t count = odva_min64(rows - first, odva_vulkan_rows_at_once(stride));
        const struct odva_linear_step part = step_from(step, first);
        struct linear_arguments arguments = linear_arguments_of(&part);

        arguments.rows = (uint32_t)count;
        status =
            odva_vulkan_dispatch(stream, &way.kernel, &arguments, sizeof(arguments),
                                 (uint32_t)odva_ceil_div(step->weights->n_out, way.tile.outputs),
                                 (uint32_t)odva_ceil_div64(count, way.tile.rows), 1);
    }
    return status;
}

int odva_vulkan_linear(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix src,
                       int64_t rows, const struct odva_weights *weights,
                       const struct odva_epilogue *epilogue)
{
    const struct odva_linear_step step = {
        .dst = dst, .src = src, .weights = weights, .epilogue = *epilogue};

    return run_linear(odva_vulkan_stream_of(backend), &step, rows);
}

/** Rows that no matrix of a chain's caller has. */
struct chain_rows {
    struct odva_buffer *buffers[2 * ODVA_CHAIN_MAX];
    int count;
};

/* @return whether there was memory */
static int add_rows(struct odva_vulkan_stream *stream, struct chain_rows *between,
                    struct odva_matrix *matrix, int64_t rows, int width)
{
    struct odva_buffer *buffer = odva_vulkan_alloc(stream, rows * width * sizeof(float));

    if (!buffer)
        return 0;
    between->buffers[between->count++] = buffer;
    *matrix = (struct odva_matrix){buffer, 0, width, ODVA_FLOAT32};
    return 1;
}

/* Some rows through all steps. */
static int run_chain(struct odva_backend *backend, const struct odva_linear_step *steps, int count,
                     int64_t first, int64_t rows, struct chain_rows *between)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct odva_matrix made = {0};
    int status = ONEDVA_OK;

    for (int i = 0; i < count && status >= 0; i++) {
        struct odva_linear_step step = step_from(&steps[i], first);

        if (!step.src.buffer)
            step.src = made;
        if (step.norm) {
            struct odva_modulation norm = *step.norm;
            struct odva_matrix normed;

            norm.first_row += first;
            if (!add_rows(stream, between, &normed, rows, step.weights->n_in))
                return ONEDVA_ERR_NOMEM;
            status = odva_vulkan_norm_modulate(backend, normed, step.src, rows, step.weights->n_in,
                                               &norm);
            step.src = normed;
        }
        if (!step.dst.buffer && !add_rows(stream, between, &step.dst, rows, step.weights->n_out))
            return ONEDVA_ERR_NOMEM;
        made = step.dst;
        if (status >= 0)
            status = run_linear(stream, &step, rows);
    }
    return status;
}

int odva_vulkan_linear_chain(struct odva_backend *backend, const struct odva_linear_step *steps,
                             int count, int64_t rows)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    int status = ONEDVA_OK;

    for (int64_t first = 0; first < rows && status >= 0; first += CHAIN_ROWS) {
        struct chain_rows between = {0};

        status =
            run_chain(backend, steps, count, first, odva_min64(CHAIN_ROWS, rows - first), &between);
        for (int i = 0; i < between.count; i++)
            odva_vulkan_free(stream, between.buffers[i]);
    }
    return status;
}

/* ---- norm -------------------------------------------------------------------------------- */

/** As norm_modulate.comp has them. */
struct norm_arguments {
    VkDeviceAddress dst, src, shift, scale, row;
    uint32_t dst_stride, src_stride, shift_stride, scale_stride;
    uint32_t rows, width, is_modulated;
};

int odva_vulkan_norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                              struct odva_matrix src, int64_t rows, int width,
                              const struct odva_modulation *modulation)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_NORM_MODULATE_SHADER, {0}};
    const int64_t most = odva_vulkan_rows_at_once(odva_max64(dst.stride, src.stride));
    int status = ONEDVA_OK;

    for (int64_t first = 0; first < rows && status >= 0; first += most) {
        const int64_t count = odva_min64(rows - first, most);
        const struct norm_arguments arguments = {
            .dst = odva_vulkan_rows_to_write(odva_vulkan_from_row(dst, first)),
            .src = odva_vulkan_rows(odva_vulkan_from_row(src, first)),
            .shift = odva_vulkan_rows(modulation->shift),
            .scale = odva_vulkan_rows(modulation->scale),
            .row = odva_vulkan_indices(modulation->row, modulation->first_row + first),
            .dst_stride = (uint32_t)dst.stride,
            .src_stride = (uint32_t)src.stride,
            .shift_stride = (uint32_t)modulation->shift.stride,
            .scale_stride = (uint32_t)modulation->scale.stride,
            .rows = (uint32_t)count,
            .width = (uint32_t)width,
            .is_modulated = modulation->shift.buffer != NULL,
        };

        status = odva_vulkan_dispatch(odva_vulkan_stream_of(backend), &kernel, &arguments,
                                      sizeof(arguments), odva_vulkan_groups(count), 1, 1);
    }
    return status;
}

/* ---- attention --------------------------------------------------------------------------- */

#define MOST_TILE 32 /* queries of a group, and keys at a time; less where memory is short */

/** As attention.comp has them. */
struct attention_arguments {
    VkDeviceAddress dst, qkv, cosines, sines, begin, rows, rope;
    uint32_t dst_stride, qkv_stride;
    uint32_t heads;
    float factor;
};

/* Bytes of shared memory that a group takes. */
static uint32_t attention_memory(int head_dim, int tile)
{
    return (uint32_t)(tile * (3 * (head_dim + 4) + tile + 1 + SIDE) * sizeof(float));
}

static int choose_tile(const struct odva_vulkan_stream *stream, int head_dim)
{
    const uint32_t most = stream->gpu->properties.limits.maxComputeSharedMemorySize;

    for (int tile = MOST_TILE; tile >= SIDE; tile /= 2)
        if (attention_memory(head_dim, tile) <= most)
            return tile;
    odva_log(&stream->logger, ONEDVA_LOG_ERROR,
             "vulkan: %s has too little shared memory for attention over %d numbers; use "
             "-backend cpu",
             stream->gpu->properties.deviceName, head_dim);
    return 0;
}

int odva_vulkan_attention(struct odva_backend *backend, struct odva_matrix dst,
                          struct odva_matrix qkv, const struct odva_attention *attention,
                          const struct odva_windows *windows)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    const int tile = choose_tile(stream, attention->head_dim);
    const struct odva_vulkan_kernel kernel = {
        ODVA_VULKAN_ATTENTION_SHADER,
        {(uint32_t)attention->head_dim, (uint32_t)tile, has_quads(dst) && has_quads(qkv)}};
    int status = tile ? ONEDVA_OK : ONEDVA_ERR_UNSUPPORTED;

    if (!windows->max_length)
        return status;
    for (int first = 0; first < windows->count && status >= 0; first += ODVA_VULKAN_GROUPS) {
        const struct attention_arguments arguments = {
            .dst = odva_vulkan_rows_to_write(dst),
            .qkv = odva_vulkan_rows(qkv),
            .cosines = odva_vulkan_address(attention->cosines),
            .sines = odva_vulkan_address(attention->sines),
            .begin = odva_vulkan_indices(windows->begin, windows->first + first),
            .rows = odva_vulkan_indices(windows->rows, 0),
            .rope = odva_vulkan_indices(windows->rope, 0),
            .dst_stride = (uint32_t)dst.stride,
            .qkv_stride = (uint32_t)qkv.stride,
            .heads = (uint32_t)attention->heads,
            .factor = 1.0f / sqrtf((float)attention->head_dim),
        };

        status = odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments),
                                      (uint32_t)odva_ceil_div(windows->max_length, tile),
                                      (uint32_t)attention->heads,
                                      odva_vulkan_groups(windows->count - first));
    }
    return status;
}

/* ---- sums and noise ---------------------------------------------------------------------- */

#define THREADS 64 /* of a group of both */

/** As axpby.comp has them. */
struct axpby_arguments {
    VkDeviceAddress dst, x, y;
    uint32_t dst_stride, x_stride, y_stride;
    uint32_t rows, columns;
    float a, b;
};

int odva_vulkan_axpby(struct odva_backend *backend, struct odva_matrix dst, float a,
                      struct odva_matrix x, float b, struct odva_matrix y, int64_t rows, int cols)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_AXPBY_SHADER, {0}};
    const int64_t most =
        odva_vulkan_rows_at_once(odva_max64(odva_max64(dst.stride, x.stride), y.stride));
    int status = ONEDVA_OK;

    for (int64_t first = 0; first < rows && status >= 0; first += most) {
        const int64_t count = odva_min64(rows - first, most);
        const struct axpby_arguments arguments = {
            .dst = odva_vulkan_rows_to_write(odva_vulkan_from_row(dst, first)),
            .x = odva_vulkan_rows(odva_vulkan_from_row(x, first)),
            .y = odva_vulkan_rows(odva_vulkan_from_row(y, first)),
            .dst_stride = (uint32_t)dst.stride,
            .x_stride = (uint32_t)x.stride,
            .y_stride = (uint32_t)y.stride,
            .rows = (uint32_t)count,
            .columns = (uint32_t)cols,
            .a = a,
            .b = b,
        };

        status = odva_vulkan_dispatch(odva_vulkan_stream_of(backend), &kernel, &arguments,
                                      sizeof(arguments), (uint32_t)odva_ceil_div(cols, THREADS),
                                      odva_vulkan_groups(count), 1);
    }
    return status;
}

/** As noise.comp has them. */
struct noise_arguments {
    VkDeviceAddress dst, position;
    uint32_t dst_stride, rows;
    uint32_t seed_low, seed_high, step;
};

int odva_vulkan_noise(struct odva_backend *backend, struct odva_matrix dst,
                      const struct odva_buffer *position, int64_t first, int64_t count,
                      uint64_t seed, uint32_t step)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_NOISE_SHADER, {0}};
    const int64_t most = odva_vulkan_rows_at_once(dst.stride);
    int status = ONEDVA_OK;

    for (int64_t done = 0; done < count && status >= 0; done += most) {
        const int64_t rows = odva_min64(count - done, most);
        const struct noise_arguments arguments = {
            .dst = odva_vulkan_rows_to_write(odva_vulkan_from_row(dst, done)),
            .position = odva_vulkan_indices(position, first + done),
            .dst_stride = (uint32_t)dst.stride,
            .rows = (uint32_t)rows,
            .seed_low = (uint32_t)seed,
            .seed_high = (uint32_t)(seed >> 32),
            .step = step,
        };

        status = odva_vulkan_dispatch(odva_vulkan_stream_of(backend), &kernel, &arguments,
                                      sizeof(arguments), ODVA_PATCH_SAMPLES / 4 / THREADS,
                                      odva_vulkan_groups(rows), 1);
    }
    return status;
}
