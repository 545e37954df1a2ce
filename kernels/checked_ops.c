/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Each operator of the table here asserts what backend.h asks of a call, then makes it. */
#include "kernels/checked_ops.h"

#include "base/assert.h"
#include "base/integers.h"
#include "base/samples.h"
#include "kernels/backend.h"
#include "kernels/wrapped_memory.h"

#define CHUNK          1024 /* indices that are looked at together */
#define MAX_DEBLOCKING 319
#define MAX_SMOOTHING  63

/* ---- memory ------------------------------------------------------------------------------ */

static int64_t absolute(int64_t number)
{
    return number < 0 ? -number : number;
}

static void check_plane(const uint8_t *plane, ptrdiff_t stride, int width, int height,
                        int sample_bytes)
{
    ODVA_ASSERT(plane);
    ODVA_ASSERT(height == 1 || absolute(stride) >= (int64_t)width * sample_bytes);
    ODVA_ASSERT(((uintptr_t)plane | (uintptr_t)stride) % sample_bytes == 0);
}

static void check_depth(const struct odva_backend *backend, int depth)
{
    ODVA_ASSERT(depth == 8 || depth == backend->device->max_depth);
}

static void check_bytes(const struct odva_buffer *buffer, const struct odva_backend_ops *ops,
                        size_t offset, size_t bytes)
{
    ODVA_ASSERT(buffer);
    ODVA_ASSERT(offset <= ops->buffer_size(buffer));
    ODVA_ASSERT(bytes <= ops->buffer_size(buffer) - offset);
}

/* Numbers first .. first+count-1 of a buffer of int32 are low .. high. */
static void check_indices(struct odva_backend *backend, const struct odva_buffer *indices,
                          int64_t first, int64_t count, int64_t low, int64_t high)
{
    const struct odva_backend_ops *ops = backend->unchecked_ops;
    int32_t chunk[CHUNK];

    ODVA_ASSERT(first >= 0 && count >= 0);
    check_bytes(indices, ops, first * sizeof(*chunk), count * sizeof(*chunk));
    for (int64_t done = 0; done < count; done += CHUNK) {
        const int64_t n = odva_min64(CHUNK, count - done);

        if (ops->download(backend, indices, (first + done) * sizeof(*chunk), chunk,
                          n * sizeof(*chunk)) < 0)
            return;
        for (int64_t i = 0; i < n; i++)
            ODVA_ASSERT(chunk[i] >= low && chunk[i] <= high);
    }
}

/* ---- matrices ---------------------------------------------------------------------------- */

static int is_plain(struct odva_matrix matrix)
{
    return matrix.element == ODVA_FLOAT32;
}

static void check_element(const struct odva_backend *backend, struct odva_matrix matrix)
{
    ODVA_ASSERT(is_plain(matrix) || (matrix.element == ODVA_BFLOAT16 &&
                                     backend->device->network_element == ODVA_BFLOAT16));
}

/* Rows of so many columns that the buffer holds. */
static int64_t rows_of(const struct odva_backend *backend, struct odva_matrix matrix, int64_t cols)
{
    const int64_t numbers = (int64_t)(backend->unchecked_ops->buffer_size(matrix.buffer) /
                                      odva_element_size(matrix.element));
    const int64_t behind = numbers - matrix.offset - cols;

    if (behind < 0)
        return 0;
    return matrix.stride ? behind / matrix.stride + 1 : 1;
}

static void check_matrix(const struct odva_backend *backend, struct odva_matrix matrix,
                         int64_t rows, int64_t cols)
{
    ODVA_ASSERT(matrix.buffer);
    ODVA_ASSERT(rows >= 0 && cols > 0);
    ODVA_ASSERT(matrix.offset >= 0 && (rows <= 1 || matrix.stride >= cols));
    check_element(backend, matrix);
    ODVA_ASSERT(rows <= rows_of(backend, matrix, cols));
}

/* A matrix of floats whose rows are chosen by indices, one for each of so many rows. */
static void check_chosen_rows(struct odva_backend *backend, struct odva_matrix matrix, int64_t cols,
                              const struct odva_buffer *row, int64_t first_row, int64_t rows)
{
    ODVA_ASSERT(is_plain(matrix));
    check_matrix(backend, matrix, 1, cols);
    ODVA_ASSERT(row);
    check_indices(backend, row, first_row, rows, 0, rows_of(backend, matrix, cols) - 1);
}

static int is_same(struct odva_matrix a, struct odva_matrix b)
{
    return a.buffer == b.buffer && a.offset == b.offset && a.stride == b.stride &&
           a.element == b.element;
}

/* Whether matrices of so many rows have a number in common. */
static int overlap(struct odva_matrix a, int64_t a_cols, struct odva_matrix b, int64_t b_cols,
                   int64_t rows)
{
    const int64_t a_size = (int64_t)odva_element_size(a.element);
    const int64_t b_size = (int64_t)odva_element_size(b.element);
    const int64_t a_end = a.offset + (rows - 1) * a.stride + a_cols;
    const int64_t b_end = b.offset + (rows - 1) * b.stride + b_cols;
    int64_t apart;

    if (!rows || a.buffer != b.buffer || a.offset * a_size >= b_end * b_size ||
        b.offset * b_size >= a_end * a_size)
        return 0;
    if (a.stride != b.stride || a_size != b_size || a.stride <= 0)
        return 1;
    apart = (b.offset - a.offset) % a.stride; /* columns from those of a to the next ones of b */
    apart += apart < 0 ? a.stride : 0;
    return apart < a_cols || apart + b_cols > a.stride;
}

/* ---- linear and norm --------------------------------------------------------------------- */

static void check_epilogue(struct odva_backend *backend, const struct odva_epilogue *epilogue,
                           int64_t rows, int n_out)
{
    ODVA_ASSERT(epilogue->activation >= ODVA_ACTIVATION_NONE &&
                epilogue->activation <= ODVA_ACTIVATION_SILU);
    if (epilogue->bias)
        check_bytes(epilogue->bias, backend->unchecked_ops, 0, n_out * sizeof(float));
    if (epilogue->gate.buffer)
        check_chosen_rows(backend, epilogue->gate, n_out, epilogue->gate_row, epilogue->first_row,
                          rows);
    if (epilogue->add.buffer && epilogue->add_row)
        check_chosen_rows(backend, epilogue->add, n_out, epilogue->add_row, epilogue->first_row,
                          rows);
    if (epilogue->add.buffer && !epilogue->add_row) {
        ODVA_ASSERT(is_plain(epilogue->add));
        check_matrix(backend, epilogue->add, rows, n_out);
    }
}

static void check_modulation(struct odva_backend *backend, const struct odva_modulation *modulation,
                             int64_t rows, int width)
{
    ODVA_ASSERT(!modulation->shift.buffer == !modulation->scale.buffer);
    if (!modulation->shift.buffer)
        return;
    check_chosen_rows(backend, modulation->shift, width, modulation->row, modulation->first_row,
                      rows);
    check_chosen_rows(backend, modulation->scale, width, modulation->row, modulation->first_row,
                      rows);
}

/** A step's shape, and what the table says of it. */
struct step_shape {
    int n_out, n_in;
};

static struct step_shape shape_of(const struct odva_backend *backend,
                                  const struct odva_linear_step *step)
{
    struct step_shape shape;

    ODVA_ASSERT(step->weights);
    backend->device->ops->weights_size(step->weights, &shape.n_out, &shape.n_in);
    return shape;
}

static void check_step(struct odva_backend *backend, const struct odva_linear_step *step,
                       int64_t rows)
{
    const struct step_shape shape = shape_of(backend, step);
    const struct odva_matrix add = step->epilogue.add;

    if (step->src.buffer)
        check_matrix(backend, step->src, rows, shape.n_in);
    if (step->dst.buffer)
        check_matrix(backend, step->dst, rows, shape.n_out);
    if (step->src.buffer && step->dst.buffer)
        ODVA_ASSERT(!overlap(step->dst, shape.n_out, step->src, shape.n_in, rows));
    if (step->norm) {
        ODVA_ASSERT(step->src.buffer && is_plain(step->src));
        check_modulation(backend, step->norm, rows, shape.n_in);
    }
    check_epilogue(backend, &step->epilogue, rows, shape.n_out);
    if (step->dst.buffer && add.buffer && overlap(step->dst, shape.n_out, add, shape.n_out, rows))
        ODVA_ASSERT(is_same(step->dst, add) && !step->epilogue.add_row);
}

/* What a step reads of an earlier one's results are the same rows. */
static void check_order(const struct odva_backend *backend, const struct odva_linear_step *earlier,
                        const struct odva_linear_step *later, int64_t rows)
{
    const struct step_shape written = shape_of(backend, earlier), read = shape_of(backend, later);

    if (!earlier->dst.buffer)
        return;
    if (later->src.buffer && overlap(earlier->dst, written.n_out, later->src, read.n_in, rows))
        ODVA_ASSERT(earlier->dst.offset == later->src.offset &&
                    earlier->dst.stride == later->src.stride &&
                    earlier->dst.element == later->src.element);
    if (later->epilogue.add.buffer &&
        overlap(earlier->dst, written.n_out, later->epilogue.add, read.n_out, rows))
        ODVA_ASSERT(is_same(earlier->dst, later->epilogue.add) && !later->epilogue.add_row);
}

static int linear_chain(struct odva_backend *backend, const struct odva_linear_step *steps,
                        int count, int64_t rows)
{
    ODVA_ASSERT(count >= 1 && count <= ODVA_CHAIN_MAX);
    ODVA_ASSERT(steps[0].src.buffer && steps[count - 1].dst.buffer);
    for (int i = 0; i < count; i++) {
        check_step(backend, &steps[i], rows);
        if (i > 0 && !steps[i].src.buffer)
            ODVA_ASSERT(!steps[i - 1].dst.buffer && shape_of(backend, &steps[i - 1]).n_out ==
                                                        shape_of(backend, &steps[i]).n_in);
        for (int j = 0; j < i; j++)
            check_order(backend, &steps[j], &steps[i], rows);
    }
    return backend->unchecked_ops->linear_chain(backend, steps, count, rows);
}

static int linear(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix src,
                  int64_t rows, const struct odva_weights *weights,
                  const struct odva_epilogue *epilogue)
{
    const struct odva_linear_step step = {
        .dst = dst, .src = src, .weights = weights, .epilogue = *epilogue};

    ODVA_ASSERT(src.buffer && dst.buffer);
    check_step(backend, &step, rows);
    return backend->unchecked_ops->linear(backend, dst, src, rows, weights, epilogue);
}

static int norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                         struct odva_matrix src, int64_t rows, int width,
                         const struct odva_modulation *modulation)
{
    check_matrix(backend, dst, rows, width);
    check_matrix(backend, src, rows, width);
    ODVA_ASSERT(is_plain(dst) && is_plain(src));
    ODVA_ASSERT(is_same(dst, src) || !overlap(dst, width, src, width, rows));
    check_modulation(backend, modulation, rows, width);
    return backend->unchecked_ops->norm_modulate(backend, dst, src, rows, width, modulation);
}

/* ---- attention and sums ------------------------------------------------------------------ */

/* @return the last entry of all windows, and one more */
static int64_t check_window_bounds(struct odva_backend *backend, const struct odva_windows *windows)
{
    const struct odva_backend_ops *ops = backend->unchecked_ops;
    int32_t ends[2] = {0, 0};

    check_bytes(windows->begin, ops, windows->first * sizeof(*ends),
                ((size_t)windows->count + 1) * sizeof(*ends));
    for (int i = windows->first; i < windows->first + windows->count; i++) {
        if (ops->download(backend, windows->begin, i * sizeof(*ends), ends, sizeof(ends)) < 0)
            return 0;
        ODVA_ASSERT(ends[0] >= 0 && ends[0] <= ends[1]);
        ODVA_ASSERT(ends[1] - ends[0] <= windows->max_length);
    }
    return ends[1];
}

static void check_windows(struct odva_backend *backend, const struct odva_windows *windows,
                          int64_t token_rows, int64_t positions)
{
    int32_t first = 0;
    int64_t entries;

    ODVA_ASSERT(windows->first >= 0 && windows->count >= 0);
    entries = check_window_bounds(backend, windows);
    if (backend->unchecked_ops->download(backend, windows->begin, windows->first * sizeof(first),
                                         &first, sizeof(first)) < 0)
        return;
    entries = windows->count ? entries - first : 0;
    check_indices(backend, windows->rows, first, entries, 0, token_rows - 1);
    check_indices(backend, windows->rope, first, entries, -1, positions - 1);
}

static int attention(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix qkv,
                     const struct odva_attention *params, const struct odva_windows *windows)
{
    const struct odva_backend_ops *ops = backend->unchecked_ops;
    const int64_t width = (int64_t)params->heads * params->head_dim;
    const size_t rope_row = params->head_dim / 2 * sizeof(float);
    int64_t token_rows;

    ODVA_ASSERT(params->heads > 0 && params->head_dim > 0 && params->head_dim % 16 == 0);
    check_matrix(backend, qkv, 1, 3 * width);
    check_matrix(backend, dst, 1, width);
    ODVA_ASSERT(dst.element == qkv.element);
    ODVA_ASSERT(is_plain(qkv) || params->precision == ODVA_PRECISION_NETWORK);
    token_rows = odva_min64(rows_of(backend, qkv, 3 * width), rows_of(backend, dst, width));
    ODVA_ASSERT(dst.buffer != qkv.buffer || is_same(dst, qkv) ||
                !overlap(dst, width, qkv, 3 * width, token_rows));
    ODVA_ASSERT(params->cosines && params->sines);
    ODVA_ASSERT(ops->buffer_size(params->cosines) == ops->buffer_size(params->sines));
    check_windows(backend, windows, token_rows,
                  (int64_t)(ops->buffer_size(params->cosines) / rope_row));
    return ops->attention(backend, dst, qkv, params, windows);
}

static int axpby(struct odva_backend *backend, struct odva_matrix dst, float a,
                 struct odva_matrix x, float b, struct odva_matrix y, int64_t rows, int cols)
{
    check_matrix(backend, dst, rows, cols);
    check_matrix(backend, x, rows, cols);
    check_matrix(backend, y, rows, cols);
    ODVA_ASSERT(is_plain(dst) && is_plain(x) && is_plain(y));
    ODVA_ASSERT(is_same(dst, x) || !overlap(dst, cols, x, cols, rows));
    ODVA_ASSERT(is_same(dst, y) || !overlap(dst, cols, y, cols, rows));
    return backend->unchecked_ops->axpby(backend, dst, a, x, b, y, rows, cols);
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* A picture has the size that is asked of it. */
static void check_image(const struct odva_backend *backend, const struct odva_image *image,
                        int width, int height, int chroma)
{
    struct odva_image_shape shape;

    ODVA_ASSERT(image);
    shape = backend->unchecked_ops->image_shape(image);
    ODVA_ASSERT(shape.width == width && shape.height == height);
    ODVA_ASSERT(!chroma || shape.has_chroma);
}

static int depth_of(const struct odva_backend *backend, const struct odva_image *image)
{
    return backend->unchecked_ops->image_shape(image).depth;
}

/* Pictures of one size and depth. */
static void check_images(const struct odva_backend *backend, struct odva_image *const *images,
                         int count, int width, int height, int chroma)
{
    for (int t = 0; t < count; t++) {
        check_image(backend, images[t], width, height, chroma);
        ODVA_ASSERT(depth_of(backend, images[t]) == depth_of(backend, images[0]));
    }
}

static void check_grid(const struct odva_grid *grid)
{
    ODVA_ASSERT(grid->frames >= 1 && grid->frames <= ONEDVA_MAX_CLIP_FRAMES);
    ODVA_ASSERT(grid->width > 0 && grid->height > 0);
    ODVA_ASSERT(grid->patches == (int64_t)grid->gt * grid->gy * grid->gx);
}

/* Rows of patches, and the place of each in a grid of so many. */
static void check_patches(struct odva_backend *backend, struct odva_matrix rows,
                          const struct odva_buffer *position, int64_t first, int64_t count,
                          int64_t patches)
{
    check_matrix(backend, rows, count, ODVA_PATCH_SAMPLES);
    check_indices(backend, position, first, count, 0, patches - 1);
}

static int patchify(struct odva_backend *backend, struct odva_matrix dst,
                    const struct odva_grid *grid, struct odva_image *const *images,
                    const struct odva_buffer *position, int64_t first, int64_t count)
{
    check_grid(grid);
    check_images(backend, images, grid->frames, grid->width, grid->height, 1);
    check_patches(backend, dst, position, first, count, grid->patches);
    ODVA_ASSERT(is_plain(dst));
    odva_wrapped_read(backend, images, grid->frames);
    return backend->unchecked_ops->patchify(backend, dst, grid, images, position, first, count);
}

static int unpatchify(struct odva_backend *backend, struct odva_image *const *images,
                      const struct odva_grid *grid, struct odva_matrix src,
                      const struct odva_buffer *position, int64_t first, int64_t count)
{
    check_grid(grid);
    check_images(backend, images, grid->frames, grid->width, grid->height, 1);
    check_patches(backend, src, position, first, count, grid->patches);
    ODVA_ASSERT(is_plain(src));
    odva_wrapped_write(backend, images, grid->frames);
    return backend->unchecked_ops->unpatchify(backend, images, grid, src, position, first, count);
}

static int noise(struct odva_backend *backend, struct odva_matrix dst,
                 const struct odva_buffer *position, int64_t first, int64_t count, uint64_t seed,
                 uint32_t step)
{
    check_patches(backend, dst, position, first, count, INT32_MAX);
    ODVA_ASSERT(is_plain(dst));
    return backend->unchecked_ops->noise(backend, dst, position, first, count, seed, step);
}

static void check_mesh(const struct odva_backend *backend, const struct odva_warp *warp,
                       const struct odva_buffer *nodes)
{
    const size_t node = 2 * sizeof(int16_t);

    ODVA_ASSERT(warp->frames >= 1 && warp->frames <= ONEDVA_MAX_CLIP_FRAMES);
    ODVA_ASSERT(warp->left % 2 == 0 && warp->top % 2 == 0);
    ODVA_ASSERT(nodes && warp->log2_spacing >= 3);
    ODVA_ASSERT((int64_t)(warp->columns - 1) << warp->log2_spacing >= warp->width - 1);
    ODVA_ASSERT((int64_t)(warp->rows - 1) << warp->log2_spacing >= warp->height - 1);
    check_bytes(nodes, backend->unchecked_ops, 0,
                (size_t)warp->frames * warp->columns * warp->rows * node);
}

static int warp(struct odva_backend *backend, struct odva_image *const *images,
                struct odva_image *const *sources, const struct odva_warp *params,
                const struct odva_buffer *nodes)
{
    check_mesh(backend, params, nodes);
    check_images(backend, images, params->frames, params->width, params->height, 0);
    check_images(backend, sources, params->frames, params->source_width, params->source_height, 0);
    for (int t = 0; t < params->frames; t++)
        ODVA_ASSERT(images[t] != sources[t]);
    ODVA_ASSERT(depth_of(backend, images[0]) == depth_of(backend, sources[0]));
    odva_wrapped_read(backend, sources, params->frames);
    odva_wrapped_buffer_read(backend, nodes);
    odva_wrapped_write(backend, images, params->frames);
    return backend->unchecked_ops->warp(backend, images, sources, params, nodes);
}

/* Pictures that are filtered in place, and what of them is kept. */
static void check_filter(struct odva_backend *backend, struct odva_image *const *images,
                         const struct odva_grid *grid, const struct odva_buffer *kept)
{
    check_grid(grid);
    check_images(backend, images, grid->frames, grid->width, grid->height, 0);
    if (kept) {
        check_bytes(kept, backend->unchecked_ops, 0, (size_t)grid->gy * grid->gx);
        odva_wrapped_buffer_read(backend, kept);
    }
    odva_wrapped_write(backend, images, grid->frames);
}

static int deblock(struct odva_backend *backend, struct odva_image *const *images,
                   const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    ODVA_ASSERT(limit >= 1 && limit <= MAX_DEBLOCKING);
    check_filter(backend, images, grid, kept);
    return backend->unchecked_ops->deblock(backend, images, grid, limit, kept);
}

static int smooth(struct odva_backend *backend, struct odva_image *const *images,
                  const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    ODVA_ASSERT(limit >= 1 && limit <= MAX_SMOOTHING);
    check_filter(backend, images, grid, kept);
    return backend->unchecked_ops->smooth(backend, images, grid, limit, kept);
}

static int downscale2x(struct odva_backend *backend, struct odva_image *dst, struct odva_image *src)
{
    const struct odva_image_shape shape = backend->unchecked_ops->image_shape(src);

    check_image(backend, dst, (shape.width + 1) / 2, (shape.height + 1) / 2, 0);
    ODVA_ASSERT(dst != src);
    ODVA_ASSERT(shape.depth == 8 && depth_of(backend, dst) == 8);
    odva_wrapped_read(backend, &src, 1);
    odva_wrapped_write(backend, &dst, 1);
    return backend->unchecked_ops->downscale2x(backend, dst, src);
}

static int structure_tensors(struct odva_backend *backend, struct odva_buffer *tensors,
                             struct odva_image *a, struct odva_image *b)
{
    const struct odva_image_shape shape = backend->unchecked_ops->image_shape(a);

    check_image(backend, b, shape.width, shape.height, 0);
    ODVA_ASSERT(shape.depth == 8 && depth_of(backend, b) == 8);
    check_bytes(tensors, backend->unchecked_ops, 0,
                (size_t)odva_ceil_div(shape.width, 4) * odva_ceil_div(shape.height, 4) *
                    sizeof(struct odva_structure_tensor));
    odva_wrapped_read(backend, &a, 1);
    odva_wrapped_read(backend, &b, 1);
    odva_wrapped_buffer_write(backend, tensors);
    return backend->unchecked_ops->structure_tensors(backend, tensors, a, b);
}

static int image_copy(struct odva_backend *backend, struct odva_image *dst, struct odva_image *src)
{
    const struct odva_image_shape shape = backend->unchecked_ops->image_shape(src);

    check_image(backend, dst, shape.width, shape.height, 0);
    ODVA_ASSERT(dst != src);
    ODVA_ASSERT(depth_of(backend, dst) == shape.depth);
    odva_wrapped_read(backend, &src, 1);
    odva_wrapped_write(backend, &dst, 1);
    return backend->unchecked_ops->image_copy(backend, dst, src);
}

/* ---- transform --------------------------------------------------------------------------- */

/* @param latents numbers of 4 bytes */
static void check_tiles(struct odva_backend *backend, const struct odva_buffer *latents,
                        const struct odva_dct_tile *tiles, int count, int basis)
{
    ODVA_ASSERT(basis > 0 && basis <= ODVA_MOST_COEFS && count >= 0);
    for (int i = 0; i < count; i++) {
        const struct odva_dct_tile *tile = &tiles[i];
        const int patches = tile->nt * tile->ny * tile->nx;

        ODVA_ASSERT(tile->nt >= 1 && tile->nt <= ODVA_TILE_FRAMES);
        ODVA_ASSERT(tile->ny >= 1 && tile->ny <= ODVA_SUPERBLOCK_SIDE);
        ODVA_ASSERT(tile->nx >= 1 && tile->nx <= ODVA_SUPERBLOCK_SIDE);
        ODVA_ASSERT(tile->coefficients >= 0 && tile->coefficients <= patches * basis);
        ODVA_ASSERT(tile->offset >= 0);
        check_bytes(latents, backend->unchecked_ops, tile->offset * 4,
                    (size_t)tile->coefficients * 4);
        check_indices(backend, tile->order, 0, tile->coefficients, 0,
                      ((patches - 1) << ODVA_ORDER_BITS) + basis - 1);
        check_indices(backend, tile->rows, 0, patches, 0, patches - 1);
    }
}

static void check_bands(const struct odva_basis *basis, const struct odva_bands *bands)
{
    int sum = 0;

    for (int b = 0; b < ODVA_BANDS; b++)
        sum += bands->count[b];
    ODVA_ASSERT(basis && sum == bands->basis);
}

static int project(struct odva_backend *backend, struct odva_matrix coefs,
                   const struct odva_grid *grid, struct odva_image *const *images,
                   const struct odva_buffer *position, int64_t first, int64_t count,
                   const struct odva_basis *basis, const struct odva_bands *bands)
{
    check_grid(grid);
    check_bands(basis, bands);
    check_images(backend, images, grid->frames, grid->width, grid->height, 1);
    check_matrix(backend, coefs, count, bands->basis);
    ODVA_ASSERT(is_plain(coefs));
    check_indices(backend, position, first, count, 0, grid->patches - 1);
    odva_wrapped_read(backend, images, grid->frames);
    return backend->unchecked_ops->project(backend, coefs, grid, images, position, first, count,
                                           basis, bands);
}

static int dct_forward(struct odva_backend *backend, struct odva_buffer *latents,
                       const struct odva_buffer *coefs, int basis,
                       const struct odva_dct_tile *tiles, int count)
{
    ODVA_ASSERT(latents != coefs);
    check_tiles(backend, latents, tiles, count, basis);
    for (int i = 0; i < count; i++)
        check_bytes(coefs, backend->unchecked_ops, tiles[i].coefs * sizeof(float),
                    (size_t)tiles[i].nt * tiles[i].ny * tiles[i].nx * basis * sizeof(float));
    return backend->unchecked_ops->dct_forward(backend, latents, coefs, basis, tiles, count);
}

static int reconstruct(struct odva_backend *backend, struct odva_image *const *images,
                       const struct odva_grid *grid, const struct odva_buffer *latents,
                       const struct odva_basis *basis, const struct odva_bands *bands,
                       const struct odva_dct_tile *tiles, int count, struct odva_image *prediction)
{
    check_grid(grid);
    check_bands(basis, bands);
    check_tiles(backend, latents, tiles, count, bands->basis);
    for (int i = 0; i < count; i++) {
        ODVA_ASSERT(prediction || !tiles[i].is_predicted);
        ODVA_ASSERT(tiles[i].nt == grid->gt);
        ODVA_ASSERT(tiles[i].y0 >= 0 && tiles[i].y0 + tiles[i].ny <= grid->gy);
        ODVA_ASSERT(tiles[i].x0 >= 0 && tiles[i].x0 + tiles[i].nx <= grid->gx);
    }
    check_images(backend, images, grid->frames, grid->width, grid->height, 1);
    if (prediction) {
        check_image(backend, prediction, grid->width, grid->height, 1);
        ODVA_ASSERT(depth_of(backend, prediction) == depth_of(backend, images[0]));
        for (int t = 0; t < grid->frames; t++)
            ODVA_ASSERT(images[t] != prediction);
        odva_wrapped_read(backend, &prediction, 1);
    }
    odva_wrapped_write(backend, images, grid->frames);
    return backend->unchecked_ops->reconstruct(backend, images, grid, latents, basis, bands, tiles,
                                               count, prediction);
}

/* ---- buffers and weights ----------------------------------------------------------------- */

static void close_backend(struct odva_backend *backend)
{
    ODVA_ASSERT(backend->buffers == 0);
    ODVA_ASSERT(backend->images == 0);
    backend->unchecked_ops->close(backend);
}

static struct odva_buffer *alloc_buffer(struct odva_backend *backend, size_t bytes)
{
    struct odva_buffer *buffer = backend->unchecked_ops->alloc(backend, bytes);

    backend->buffers += buffer != NULL;
    return buffer;
}

static struct odva_buffer *wrap_buffer(struct odva_backend *backend, void *memory, size_t bytes)
{
    struct odva_buffer *buffer;

    ODVA_ASSERT(memory && bytes);
    buffer = odva_wrapped_buffer(backend, memory, bytes);
    backend->buffers += buffer != NULL;
    return buffer;
}

static void free_buffer(struct odva_backend *backend, struct odva_buffer *buffer)
{
    ODVA_ASSERT(buffer && backend->buffers > 0);
    backend->buffers--;
    odva_wrapped_forget(backend, NULL, buffer);
    backend->unchecked_ops->free(backend, buffer);
}

static struct odva_image *alloc_image(struct odva_backend *backend, struct odva_image *reuse,
                                      int width, int height, int depth)
{
    struct odva_image *image;

    ODVA_ASSERT(width > 0 && height > 0);
    ODVA_ASSERT(!reuse || !odva_wrapped_has(backend, reuse));
    check_depth(backend, depth);
    image = backend->unchecked_ops->image_alloc(backend, reuse, width, height, depth);
    backend->images += (image != NULL) - (reuse != NULL);
    return image;
}

static struct odva_image *wrap_image(struct odva_backend *backend,
                                     const struct onedva_picture *picture, int width, int height,
                                     int depth)
{
    struct odva_image *image;

    ODVA_ASSERT(width > 0 && height > 0);
    check_depth(backend, depth);
    for (int p = 0; p < 3; p++)
        if (p == 0 || picture->data[p])
            check_plane(picture->data[p], picture->stride[p], p ? (width + 1) / 2 : width,
                        p ? (height + 1) / 2 : height, odva_sample_bytes(depth));
    image = odva_wrapped_image(backend, picture, width, height, depth);
    backend->images += image != NULL;
    return image;
}

static struct odva_image *import_image(struct odva_backend *backend, const void *picture, int width,
                                       int height)
{
    struct odva_image *image;

    ODVA_ASSERT(picture && width > 0 && height > 0);
    image = backend->unchecked_ops->image_import(backend, picture, width, height);
    backend->images += image != NULL;
    return image;
}

static void free_image(struct odva_backend *backend, struct odva_image *image)
{
    ODVA_ASSERT(image && backend->images > 0);
    backend->images--;
    odva_wrapped_forget(backend, image, NULL);
    backend->unchecked_ops->image_free(backend, image);
}

static int upload(struct odva_backend *backend, struct odva_buffer *buffer, size_t offset,
                  const void *data, size_t bytes)
{
    check_bytes(buffer, backend->unchecked_ops, offset, bytes);
    ODVA_ASSERT(data || !bytes);
    return backend->unchecked_ops->upload(backend, buffer, offset, data, bytes);
}

static int download(struct odva_backend *backend, const struct odva_buffer *buffer, size_t offset,
                    void *data, size_t bytes)
{
    check_bytes(buffer, backend->unchecked_ops, offset, bytes);
    ODVA_ASSERT(data || !bytes);
    return backend->unchecked_ops->download(backend, buffer, offset, data, bytes);
}

/* ---- devices ----------------------------------------------------------------------------- */

static struct odva_weights *pack(struct odva_device *device, const float *weights, int n_out,
                                 int n_in, enum odva_precision precision)
{
    ODVA_ASSERT(weights && n_out > 0 && n_in > 0);
    ODVA_ASSERT(precision == ODVA_PRECISION_EXACT || precision == ODVA_PRECISION_NETWORK);
    return device->unchecked_ops->pack(device, weights, n_out, n_in, precision);
}

static struct odva_basis *pack_basis(struct odva_device *device, const int16_t *vectors, int count,
                                     const int16_t *mean)
{
    ODVA_ASSERT(vectors && mean && count > 0 && count <= ODVA_FRAME_SAMPLES);
    return device->unchecked_ops->pack_basis(device, vectors, count, mean);
}

static struct odva_buffer *constant(struct odva_device *device, const void *data, size_t bytes)
{
    ODVA_ASSERT(data && bytes > 0);
    return device->unchecked_ops->constant(device, data, bytes);
}

void odva_device_check_calls(struct odva_device *device)
{
    device->unchecked_ops = device->ops;
    device->checked_ops = *device->ops;
    device->checked_ops.pack = pack;
    device->checked_ops.pack_basis = pack_basis;
    device->checked_ops.constant = constant;
    device->ops = &device->checked_ops;
}

void odva_backend_check_calls(struct odva_backend *backend)
{
    const struct odva_backend_ops *ops = backend->ops;

    backend->unchecked_ops = ops;
    backend->checked_ops = (struct odva_backend_ops){
        .close = close_backend,
        .alloc = alloc_buffer,
        .wrap = wrap_buffer,
        .free = free_buffer,
        .buffer_size = ops->buffer_size,
        .upload = upload,
        .download = download,
        .image_alloc = alloc_image,
        .image_wrap = wrap_image,
        .image_import = ops->image_import ? import_image : NULL,
        .image_free = free_image,
        .image_shape = ops->image_shape,
        .image_copy = image_copy,
        .synchronize = odva_wrapped_synchronize,
        .linear = linear,
        .linear_chain = linear_chain,
        .norm_modulate = norm_modulate,
        .attention = attention,
        .patchify = patchify,
        .unpatchify = unpatchify,
        .warp = warp,
        .deblock = deblock,
        .smooth = smooth,
        .downscale2x = downscale2x,
        .structure_tensors = structure_tensors,
        .dct_forward = dct_forward,
        .project = project,
        .reconstruct = reconstruct,
        .axpby = axpby,
        .noise = noise,
    };
    backend->ops = &backend->checked_ops;
}
