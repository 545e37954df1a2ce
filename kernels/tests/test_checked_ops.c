/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A broken precondition of any operator ends the program in a build with ONEDVA_CHECKS, and a call
 * that keeps to all of them does not. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef ONEDVA_CHECKS
#include "kernels/checked_ops.h"
#endif
#include "tests/support/backend.h"

#define ROWS   8
#define WIDTH  64 /* of qkv, too: 3 heads' parts of 16, and 16 more */
#define SIDE   16
#define FRAMES 4
#define BASIS  2
#define MESH   3 /* nodes each way, at a distance of 8 */

/** Arguments that are right for every operator; each case spoils one. */
struct world {
    struct odva_backend *backend;
    struct odva_backend_ops ops; /* the backend's, and image_import */
    struct odva_device *device;
    struct odva_buffer *x, *y, *index, *patches;
    struct odva_weights *weights;
    struct odva_basis *basis;
    struct odva_bands bands;
    int vectors;
    struct odva_matrix dst, src, coefs;
    int64_t rows;
    int width, steps;
    struct odva_epilogue epilogue;
    struct odva_modulation modulation;
    struct odva_linear_step step[ODVA_CHAIN_MAX];
    struct odva_attention attention;
    struct odva_windows windows;
    struct odva_grid grid;
    struct odva_matrix patch;
    uint8_t samples[2][FRAMES][3][SIDE * SIDE], more[SIDE * SIDE];
    struct onedva_picture pictures[2 * FRAMES];
    struct odva_images to, from; /* of all pictures */
    struct odva_image *prediction;
    struct odva_image *luma, *half; /* without chroma; allocated, of half the size */
    struct odva_buffer *tensors, *nodes, *byte;
    struct odva_warp warp;
    struct odva_dct_tile tile;
    int limit;
    int side, depth;
    size_t offset, bytes;
    float numbers[WIDTH * WIDTH];
    const void *data, *picture;
};

static const struct odva_backend_ops *own_ops(const struct odva_backend *backend)
{
#ifdef ONEDVA_CHECKS
    return backend->unchecked_ops;
#else
    return backend->ops;
#endif
}

/* The CPU has no pictures but the host's. */
static struct odva_image *import_picture(struct odva_backend *backend, const void *picture,
                                         int width, int height)
{
    return own_ops(backend)->image_wrap(backend, picture, width, height, 8);
}

static void open_importing(struct world *w)
{
    w->backend = backend_of(ONEDVA_BACKEND_CPU, 1, 1, ONEDVA_PRECISION_FLOAT32);
    w->ops = *own_ops(w->backend);
    w->ops.image_import = import_picture;
    w->backend->ops = &w->ops;
#ifdef ONEDVA_CHECKS
    odva_backend_check_calls(w->backend);
#endif
}

static struct odva_buffer *buffer_of(struct odva_backend *backend, const void *data, size_t bytes)
{
    struct odva_buffer *buffer = backend->ops->alloc(backend, bytes);

    assert_non_null(buffer);
    assert_int_equal(backend->ops->upload(backend, buffer, 0, data, bytes), ONEDVA_OK);
    return buffer;
}

static void set_pictures(struct world *w)
{
    for (int t = 0; t < 2 * FRAMES; t++)
        for (int p = 0; p < 3; p++) {
            w->pictures[t].data[p] = w->samples[t / FRAMES][t % FRAMES][p];
            w->pictures[t].stride[p] = SIDE;
        }
    assert_int_equal(odva_images_wrap(&w->to, w->backend, w->pictures, FRAMES, SIDE, SIDE, 8),
                     ONEDVA_OK);
    assert_int_equal(
        odva_images_wrap(&w->from, w->backend, w->pictures + FRAMES, FRAMES, SIDE, SIDE, 8),
        ONEDVA_OK);
    w->luma = w->backend->ops->image_wrap(
        w->backend, &(struct onedva_picture){.data = {w->more}, .stride = {SIDE}}, SIDE, SIDE, 8);
    w->half = w->backend->ops->image_alloc(w->backend, NULL, SIDE / 2, SIDE / 2, 8);
    assert_non_null(w->luma);
    assert_non_null(w->half);
    w->prediction = w->from.image[0];
    w->warp = (struct odva_warp){.frames = FRAMES,
                                 .width = SIDE,
                                 .height = SIDE,
                                 .source_width = SIDE,
                                 .source_height = SIDE,
                                 .log2_spacing = 3,
                                 .columns = MESH,
                                 .rows = MESH};
}

static void set_calls(struct world *w)
{
    w->src = (struct odva_matrix){w->x, 0, WIDTH, ODVA_FLOAT32};
    w->dst = (struct odva_matrix){w->y, 0, WIDTH, ODVA_FLOAT32};
    w->patch = (struct odva_matrix){w->patches, 0, ODVA_PATCH_SAMPLES, ODVA_FLOAT32};
    w->coefs = (struct odva_matrix){w->y, 0, BASIS, ODVA_FLOAT32};
    w->bands = (struct odva_bands){.count = {1, 0, 0, 1}, .basis = BASIS};
    w->epilogue =
        (struct odva_epilogue){.bias = w->x, .gate = w->src, .gate_row = w->index, .add = w->dst};
    w->modulation = (struct odva_modulation){.shift = w->src, .scale = w->src, .row = w->index};
    w->step[0] = (struct odva_linear_step){.src = w->src, .weights = w->weights};
    w->step[1] = (struct odva_linear_step){.dst = w->dst, .weights = w->weights};
    w->attention = (struct odva_attention){.heads = 1,
                                           .head_dim = 16,
                                           .precision = ODVA_PRECISION_EXACT,
                                           .cosines = w->x,
                                           .sines = w->x};
    w->windows = (struct odva_windows){
        .count = 1, .max_length = 1, .begin = w->index, .rows = w->index, .rope = w->index};
    w->tile = (struct odva_dct_tile){.nt = 1,
                                     .ny = 1,
                                     .nx = 1,
                                     .coefficients = BASIS,
                                     .order = w->index,
                                     .rows = w->index,
                                     .is_predicted = 1};
}

static struct world *world_open(void)
{
    static const int16_t vectors[2 * ODVA_FRAME_SAMPLES] = {1, 2, 3}, *const mean = vectors;
    static const int32_t index[ROWS] = {0, 1};
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->rows = 2;
    w->width = WIDTH;
    w->steps = 2;
    w->limit = 1;
    w->side = SIDE;
    w->depth = 8;
    w->vectors = 2;
    w->bytes = sizeof(float);
    w->data = w->numbers;
    w->picture = w->pictures;
    open_importing(w);
    w->x = buffer_of(w->backend, w->numbers, ROWS * WIDTH * sizeof(float));
    w->y = buffer_of(w->backend, w->numbers, ROWS * WIDTH * sizeof(float));
    w->index = buffer_of(w->backend, index, sizeof(index));
    w->patches = buffer_of(w->backend, w->numbers, ODVA_PATCH_SAMPLES * sizeof(float));
    w->tensors =
        buffer_of(w->backend, w->numbers, SIDE * SIDE / 16 * sizeof(struct odva_structure_tensor));
    w->nodes = buffer_of(w->backend, w->numbers, FRAMES * MESH * MESH * 2 * sizeof(int16_t));
    w->byte = buffer_of(w->backend, w->numbers, 1);
    w->device = w->backend->device;
    w->weights = w->device->ops->pack(w->device, w->numbers, WIDTH, WIDTH, ODVA_PRECISION_EXACT);
    assert_non_null(w->weights);
    w->basis = w->device->ops->pack_basis(w->device, vectors, 2, mean);
    assert_non_null(w->basis);
    assert_int_equal(odva_grid_init(&w->grid, FRAMES, SIDE, SIDE, BASIS), ONEDVA_OK);
    set_calls(w);
    set_pictures(w);
    return w;
}

static void world_close(struct world *w)
{
    struct odva_buffer *buffers[] = {w->x,       w->y,     w->index, w->patches,
                                     w->tensors, w->nodes, w->byte};

    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
        w->backend->ops->free(w->backend, buffers[i]);
    odva_images_free(&w->to, w->backend);
    odva_images_free(&w->from, w->backend);
    w->backend->ops->image_free(w->backend, w->luma);
    w->backend->ops->image_free(w->backend, w->half);
    w->device->ops->free_weights(w->device, w->weights);
    w->device->ops->free_basis(w->device, w->basis);
    odva_grid_free(&w->grid);
    odva_backend_close(&w->backend);
    free(w);
}

/* ---- calls ------------------------------------------------------------------------------- */

#define CALL(operator, ...)                                                                        \
    static int call_##operator(struct world *w)                                                    \
    {                                                                                              \
        return w->backend->ops->operator(w->backend, __VA_ARGS__);                                 \
    }

CALL(upload, w->y, w->offset, w->data, w->bytes)
CALL(download, w->y, w->offset, (void *)w->data, w->bytes)
CALL(linear, w->dst, w->src, w->rows, w->weights, &w->epilogue)
CALL(linear_chain, w->step, w->steps, w->rows)
CALL(norm_modulate, w->dst, w->src, w->rows, w->width, &w->modulation)
CALL(attention, w->dst, w->src, &w->attention, &w->windows)
CALL(patchify, w->patch, &w->grid, w->from.image, w->index, w->offset, 1)
CALL(unpatchify, w->to.image, &w->grid, w->patch, w->index, w->offset, 1)
CALL(warp, w->to.image, w->from.image, &w->warp, w->nodes)
CALL(deblock, w->to.image, &w->grid, w->limit, w->byte)
CALL(smooth, w->to.image, &w->grid, w->limit, w->byte)
CALL(downscale2x, w->half, w->from.image[0])
CALL(structure_tensors, w->tensors, w->from.image[0], w->from.image[1])
CALL(image_copy, w->to.image[0], w->from.image[0])
CALL(dct_forward, w->dst.buffer, w->src.buffer, BASIS, &w->tile, 1)
CALL(project, w->coefs, &w->grid, w->from.image, w->index, w->offset, 1, w->basis, &w->bands)
CALL(reconstruct, w->to.image, &w->grid, w->src.buffer, w->basis, &w->bands, &w->tile, 1,
     w->prediction)
CALL(axpby, w->dst, 1.0f, w->src, 1.0f, w->dst, w->rows, w->width)
CALL(noise, w->patch, w->index, w->offset, 1, 0, 0)

static int call_free(struct world *w)
{
    w->backend->ops->free(w->backend, w->dst.buffer);
    w->dst.buffer = w->y = buffer_of(w->backend, w->numbers, ROWS * WIDTH * sizeof(float));
    return ONEDVA_OK;
}

static int call_image_wrap(struct world *w)
{
    struct odva_image *image =
        w->backend->ops->image_wrap(w->backend, w->pictures, w->side, SIDE, w->depth);

    assert_non_null(image);
    w->backend->ops->image_free(w->backend, image);
    return ONEDVA_OK;
}

static int call_image_import(struct world *w)
{
    struct odva_image *image = w->backend->ops->image_import(w->backend, w->picture, w->side, SIDE);

    assert_non_null(image);
    w->backend->ops->image_free(w->backend, image);
    return ONEDVA_OK;
}

static int call_image_alloc(struct world *w)
{
    w->half = w->backend->ops->image_alloc(w->backend, w->half, SIDE / 2, SIDE / 2, 8);
    assert_non_null(w->half);
    return ONEDVA_OK;
}

static int call_image_free(struct world *w)
{
    w->backend->ops->image_free(w->backend, w->half);
    w->half = NULL;
    return call_image_alloc(w);
}

static int call_pack(struct world *w)
{
    struct odva_weights *weights =
        w->device->ops->pack(w->device, w->data, w->width, w->width, ODVA_PRECISION_EXACT);

    assert_non_null(weights);
    w->device->ops->free_weights(w->device, weights);
    return ONEDVA_OK;
}

static int call_constant(struct world *w)
{
    struct odva_buffer *buffer = w->device->ops->constant(w->device, w->data, w->bytes);

    assert_non_null(buffer);
    w->device->ops->free_constant(w->device, buffer);
    return ONEDVA_OK;
}

static int call_pack_basis(struct world *w)
{
    struct odva_basis *basis =
        w->device->ops->pack_basis(w->device, w->data, w->vectors, (const int16_t *)w->numbers);

    assert_non_null(basis);
    w->device->ops->free_basis(w->device, basis);
    return ONEDVA_OK;
}

static void right_calls(void **state)
{
    static int (*const calls[])(struct world * w) = {call_upload,
                                                     call_download,
                                                     call_linear,
                                                     call_linear_chain,
                                                     call_attention,
                                                     call_patchify,
                                                     call_norm_modulate,
                                                     call_unpatchify,
                                                     call_warp,
                                                     call_deblock,
                                                     call_smooth,
                                                     call_downscale2x,
                                                     call_structure_tensors,
                                                     call_dct_forward,
                                                     call_project,
                                                     call_reconstruct,
                                                     call_axpby,
                                                     call_noise,
                                                     call_free,
                                                     call_pack,
                                                     call_pack_basis,
                                                     call_constant,
                                                     call_image_copy,
                                                     call_image_wrap,
                                                     call_image_import,
                                                     call_image_alloc,
                                                     call_image_free};
    struct world *w = world_open();

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        assert_int_equal(calls[i](w), ONEDVA_OK);
    world_close(w);
}

/* ---- violations -------------------------------------------------------------------------- */

/* Operator, what is spoiled, and a part of the condition that does not hold. */
#define VIOLATIONS(V)                                                                              \
    V(upload, w->offset = 1 << 20, "offset <= ops->buffer_size(buffer)")                           \
    V(upload, w->bytes = 1 << 20, "bytes <= ops->buffer_size(buffer) - offset")                    \
    V(upload, w->data = NULL, "data || !bytes")                                                    \
    V(download, w->bytes = 1 << 20, "bytes <= ops->buffer_size(buffer) - offset")                  \
    V(free, w->dst.buffer = NULL, "buffer && backend->buffers > 0")                                \
    V(close, (void)0, "backend->buffers == 0")                                                     \
    V(pack, w->data = NULL, "weights && n_out > 0")                                                \
    V(pack, w->width = 0, "weights && n_out > 0")                                                  \
    V(linear, w->rows = ROWS + 1, "rows <= rows_of")                                               \
    V(linear, w->rows = -1, "rows >= 0")                                                           \
    V(linear, w->src.stride = WIDTH - 1, "matrix.stride >= cols")                                  \
    V(linear, w->src.offset = -1, "matrix.offset >= 0")                                            \
    V(linear, w->src.element = ODVA_BFLOAT16, "network_element == ODVA_BFLOAT16")                  \
    V(linear, w->src = w->dst, "!overlap(step->dst")                                               \
    V(linear, w->epilogue.bias = w->index, "bytes <= ops->buffer_size(buffer) - offset")           \
    V(linear, w->epilogue.activation = 3, "activation <= ODVA_ACTIVATION_SILU")                    \
    V(linear, w->epilogue.gate_row = NULL, "row does not hold")                                    \
    V(linear, w->epilogue.gate_row = odd_rows(w), "chunk[i] <= high")                              \
    V(linear, w->epilogue.first_row = ROWS, "bytes <= ops->buffer_size(buffer) - offset")          \
    V(linear, w->epilogue.add.offset = WIDTH, "is_same(step->dst, add)")                           \
    V(linear, w->epilogue.add_row = w->index, "!step->epilogue.add_row")                           \
    V(linear_chain, w->steps = 0, "count >= 1")                                                    \
    V(linear_chain, w->steps = ODVA_CHAIN_MAX + 1, "count <= ODVA_CHAIN_MAX")                      \
    V(linear_chain, w->step[0].src.buffer = NULL, "steps[0].src.buffer")                           \
    V(linear_chain, w->step[0].dst = w->dst, "!steps[i - 1].dst.buffer")                           \
    V(linear_chain, w->step[0].weights = NULL, "step->weights")                                    \
    V(linear_chain, w->step[1].norm = &w->modulation, "is_plain(step->src)")                       \
    V(linear_chain, spoil_order(w), "earlier->dst.offset == later->src.offset")                    \
    V(norm_modulate, w->width = WIDTH + 1, "matrix.stride >= cols")                                \
    V(norm_modulate, w->dst.buffer = w->x; w->dst.offset = 1, "!overlap(dst, width, src")          \
    V(norm_modulate, w->modulation.scale.buffer = NULL, "!modulation->scale.buffer")               \
    V(norm_modulate, w->modulation.row = odd_rows(w), "chunk[i] <= high")                          \
    V(attention, w->attention.head_dim = 8, "head_dim % 16 == 0")                                  \
    V(attention, w->dst.element = ODVA_BFLOAT16, "network_element == ODVA_BFLOAT16")               \
    V(attention, w->windows.rows = odd_rows(w), "chunk[i] <= high")                                \
    V(attention, w->windows.rope = odd_rows(w), "chunk[i] <= high")                                \
    V(attention, w->windows.max_length = 0, "<= windows->max_length")                              \
    V(attention, w->windows.count = ROWS, "bytes <= ops->buffer_size(buffer) - offset")            \
    V(attention, w->attention.sines = w->index, "ops->buffer_size(params->sines)")                 \
    V(attention, w->dst.buffer = w->x; w->dst.offset = 16, "!overlap(dst, width, qkv")             \
    V(patchify, w->grid.frames = 0, "grid->frames >= 1")                                           \
    V(patchify, w->from.image[1] = NULL, "image does not hold")                                    \
    V(patchify, w->from.image[1] = w->luma, "!chroma || shape.has_chroma")                         \
    V(patchify, w->from.image[1] = w->half, "shape.width == width")                                \
    V(patchify, w->offset = 1, "chunk[i] <= high")                                                 \
    V(patchify, w->patch.element = ODVA_BFLOAT16, "network_element == ODVA_BFLOAT16")              \
    V(unpatchify, w->to.image[1] = w->luma, "!chroma || shape.has_chroma")                         \
    V(unpatchify, w->to.image[1] = wide(w, SIDE), "depth_of(backend, images[0])")                  \
    V(unpatchify, w->patch.offset = 1, "rows <= rows_of")                                          \
    V(warp, w->warp.left = 1, "warp->left % 2 == 0")                                               \
    V(warp, w->warp.log2_spacing = 2, "warp->log2_spacing >= 3")                                   \
    V(warp, w->warp.columns = 2, "warp->width - 1")                                                \
    V(warp, w->warp.rows = 2, "warp->height - 1")                                                  \
    V(warp, w->from.image[0] = w->to.image[0], "images[t] != sources[t]")                          \
    V(warp, w->from.image[0] = w->half, "shape.width == width")                                    \
    V(warp, wide_sources(w), "depth_of(backend, sources[0])")                                      \
    V(warp, w->nodes = w->byte, "bytes <= ops->buffer_size(buffer) - offset")                      \
    V(warp, w->nodes = NULL, "nodes && warp->log2_spacing")                                        \
    V(deblock, w->limit = 0, "limit >= 1")                                                         \
    V(deblock, w->limit = 320, "limit <= MAX_DEBLOCKING")                                          \
    V(deblock, w->to.image[3] = NULL, "image does not hold")                                       \
    V(deblock, w->grid.gy = 2; w->grid.patches = 2, "bytes <= ops->buffer_size(buffer) - offset")  \
    V(smooth, w->limit = 0, "limit >= 1")                                                          \
    V(smooth, w->limit = 64, "limit <= MAX_SMOOTHING")                                             \
    V(smooth, w->to.image[3] = w->half, "shape.width == width")                                    \
    V(smooth, w->grid.gx = 2; w->grid.patches = 2, "bytes <= ops->buffer_size(buffer) - offset")   \
    V(downscale2x, w->half = w->luma, "shape.width == width")                                      \
    V(downscale2x, w->half = wide(w, SIDE / 2), "shape.depth == 8")                                \
    V(structure_tensors, w->from.image[1] = w->half, "shape.width == width")                       \
    V(structure_tensors, w->from.image[1] = wide(w, SIDE), "shape.depth == 8")                     \
    V(structure_tensors, w->tensors = w->byte, "bytes <= ops->buffer_size(buffer) - offset")       \
    V(image_copy, w->from.image[0] = w->half, "shape.width == width")                              \
    V(image_copy, w->from.image[0] = wide(w, SIDE), "depth_of(backend, dst) == shape.depth")       \
    V(image_copy, w->from.image[0] = w->to.image[0], "dst != src")                                 \
    V(image_wrap, w->pictures[0].data[0] = NULL, "plane does not hold")                            \
    V(image_wrap, w->pictures[0].stride[2] = SIDE / 2 - 1, "absolute(stride) >= (int64_t)width")   \
    V(image_wrap, w->side = 0, "width > 0 && height > 0")                                          \
    V(image_wrap, w->depth = 9, "depth == 8 || depth == backend->device->max_depth")               \
    V(image_wrap, w->depth = 10, "absolute(stride) >= (int64_t)width * sample_bytes")              \
    V(image_wrap, spoil_strides(w), "% sample_bytes == 0")                                         \
    V(image_import, w->picture = NULL, "picture && width > 0")                                     \
    V(image_import, w->side = 0, "picture && width > 0 && height > 0")                             \
    V(image_alloc, w->half = w->luma, "!odva_wrapped_has")                                         \
    V(image_free, w->half = NULL, "image && backend->images > 0")                                  \
    V(dct_forward, w->tile.nx = 9, "tile->nx <= ODVA_SUPERBLOCK_SIDE")                             \
    V(dct_forward, w->tile.offset = ROWS * WIDTH, "bytes <= ops->buffer_size(buffer) - offset")    \
    V(dct_forward, w->tile.order = odd_rows(w), "chunk[i] <= high")                                \
    V(dct_forward, w->tile.rows = odd_rows(w), "chunk[i] <= high")                                 \
    V(dct_forward, w->src.buffer = w->y, "latents != coefs")                                       \
    V(dct_forward, w->tile.nt = 0, "tile->nt >= 1")                                                \
    V(dct_forward, w->tile.coefs = ROWS * WIDTH, "bytes <= ops->buffer_size(buffer) - offset")     \
    V(dct_forward, w->tile.coefficients = BASIS + 1, "coefficients <= patches * basis")            \
    V(constant, w->data = NULL, "data && bytes > 0")                                               \
    V(constant, w->bytes = 0, "data && bytes > 0")                                                 \
    V(pack_basis, w->data = NULL, "vectors && mean")                                               \
    V(pack_basis, w->vectors = 0, "count > 0")                                                     \
    V(pack_basis, w->vectors = ODVA_FRAME_SAMPLES + 1, "count <= ODVA_FRAME_SAMPLES")              \
    V(project, w->basis = NULL, "basis && sum == bands->basis")                                    \
    V(project, w->bands.basis = 1, "basis && sum == bands->basis")                                 \
    V(project, w->grid.width = 0, "grid->width > 0")                                               \
    V(project, w->from.image[1] = w->luma, "!chroma || shape.has_chroma")                          \
    V(project, w->coefs.offset = ROWS * WIDTH, "rows <= rows_of")                                  \
    V(project, w->coefs.element = ODVA_BFLOAT16, "network_element == ODVA_BFLOAT16")               \
    V(project, w->offset = 1, "chunk[i] <= high")                                                  \
    V(reconstruct, w->basis = NULL, "basis && sum == bands->basis")                                \
    V(reconstruct, w->bands.count[1] = 1, "basis && sum == bands->basis")                          \
    V(reconstruct, w->bands = (struct odva_bands){.basis = 0}, "basis > 0")                        \
    V(reconstruct, w->grid.frames = 17, "grid->frames <= ONEDVA_MAX_CLIP_FRAMES")                  \
    V(reconstruct, w->to.image[3] = w->luma, "!chroma || shape.has_chroma")                        \
    V(reconstruct, w->tile.ny = 9, "tile->ny <= ODVA_SUPERBLOCK_SIDE")                             \
    V(reconstruct, w->tile.nt = 2, "tiles[i].nt == grid->gt")                                      \
    V(reconstruct, w->tile.y0 = 1, "tiles[i].y0 + tiles[i].ny <= grid->gy")                        \
    V(reconstruct, w->tile.x0 = -1, "tiles[i].x0 >= 0")                                            \
    V(reconstruct, w->tile.coefficients = -1, "tile->coefficients >= 0")                           \
    V(reconstruct, w->tile.offset = -1, "tile->offset >= 0")                                       \
    V(reconstruct, w->tile.offset = ROWS * WIDTH, "bytes <= ops->buffer_size(buffer) - offset")    \
    V(reconstruct, w->tile.order = odd_rows(w), "chunk[i] <= high")                                \
    V(reconstruct, w->prediction = NULL, "prediction || !tiles[i].is_predicted")                   \
    V(reconstruct, w->prediction = w->luma, "!chroma || shape.has_chroma")                         \
    V(reconstruct, w->prediction = w->to.image[3], "images[t] != prediction")                      \
    V(reconstruct, w->prediction = wide(w, SIDE), "depth_of(backend, prediction)")                 \
    V(axpby, w->width = 0, "cols > 0")                                                             \
    V(axpby, w->src.buffer = w->y; w->src.offset = 1, "!overlap(dst, cols, x")                     \
    V(noise, w->patch.buffer = NULL, "matrix.buffer")                                              \
    V(noise, w->offset = ROWS, "bytes <= ops->buffer_size(buffer) - offset")

#ifdef ONEDVA_CHECKS

static int call_close(struct world *w)
{
    odva_backend_close(&w->backend);
    return ONEDVA_OK;
}

/* A picture of 10 bits. */
static struct odva_image *wide(struct world *w, int side)
{
    return w->backend->ops->image_alloc(w->backend, NULL, side, side, 10);
}

static void wide_sources(struct world *w)
{
    for (int t = 0; t < FRAMES; t++)
        w->from.image[t] = wide(w, SIDE);
}

/* Strides that words of 16 bits cannot have. */
static void spoil_strides(struct world *w)
{
    w->depth = 10;
    for (int p = 0; p < 3; p++)
        w->pictures[0].stride[p] = 2 * SIDE + 1;
}

/* Indices that are too large for everything. */
static const struct odva_buffer *odd_rows(struct world *w)
{
    int32_t rows[ROWS];

    for (int i = 0; i < ROWS; i++)
        rows[i] = 1 << 20;
    return buffer_of(w->backend, rows, sizeof(rows));
}

/* A step reads the row behind the one that the step before it writes. */
static void spoil_order(struct world *w)
{
    w->step[0].dst = w->dst;
    w->step[1].src = w->dst;
    w->step[1].src.offset = WIDTH;
    w->step[1].dst = w->src;
    w->step[1].dst.offset = 4 * WIDTH;
}

struct violation {
    const char *operator, * spoiled, *condition;
    int (*call)(struct world *w);
};

static const struct violation violations[] = {
#define ROW(operator, statement, condition) {#operator, #statement, condition, call_##operator},
    VIOLATIONS(ROW)
#undef ROW
};

static void spoil(struct world *w, int index)
{
    int i = 0;

#define SPOIL(operator, statement, condition)                                                      \
    if (i++ == index) {                                                                            \
        statement;                                                                                 \
    }
    VIOLATIONS(SPOIL)
#undef SPOIL
}

/* In a child process, whose messages go to a pipe. */
static void violate(int index, int messages)
{
    struct world *w = world_open();

    dup2(messages, STDERR_FILENO);
    spoil(w, index);
    violations[index].call(w);
    _exit(0);
}

static void violations_end_the_program(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(violations) / sizeof(violations[0]); i++) {
        char text[512] = "";
        int ends[2], status;
        pid_t child;

        assert_int_equal(pipe(ends), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0)
            violate((int)i, ends[1]);
        close(ends[1]);
        if (read(ends[0], text, sizeof(text) - 1) < 0)
            text[0] = '\0';
        close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT ||
            !strstr(text, violations[i].condition))
            fail_msg("%s with %s: status %d, \"%s\"", violations[i].operator, violations[i].spoiled,
                     status, text);
    }
}

/* ---- waiting ----------------------------------------------------------------------------- */

static uint8_t *first_sample(struct world *w)
{
    return w->pictures[0].data[0];
}

/* What operators write is there for the host after synchronize, and not before. */
static void results_wait(void **state)
{
    struct world *w = world_open();
    uint8_t *written = first_sample(w), *read = w->pictures[FRAMES].data[0];

    (void)state;
    memset(read, 7, SIDE * SIDE);
    assert_int_equal(call_image_copy(w), ONEDVA_OK);
    assert_int_not_equal(written[0], 7);
    assert_int_equal(w->backend->ops->synchronize(w->backend), ONEDVA_OK);
    assert_int_equal(written[0], 7);
    assert_int_equal(written[SIDE * SIDE - 1], 7);
    world_close(w);
}

/* What the host writes while the device has its picture, operators may not see. */
static void pictures_are_the_devices(void **state)
{
    struct world *w = world_open();
    uint8_t *written = first_sample(w), *read = w->pictures[FRAMES].data[0];

    (void)state;
    for (int run = 0; run < 2; run++) {
        assert_int_equal(call_image_copy(w), ONEDVA_OK);
        assert_int_equal(w->backend->ops->synchronize(w->backend), ONEDVA_OK);
        assert_int_equal(written[0], 0);
        read[0] = 9;
    }
    assert_int_equal(
        odva_images_wrap(&w->from, w->backend, w->pictures + FRAMES, FRAMES, SIDE, SIDE, 8),
        ONEDVA_OK);
    assert_int_equal(call_image_copy(w), ONEDVA_OK);
    assert_int_equal(w->backend->ops->synchronize(w->backend), ONEDVA_OK);
    assert_int_equal(written[0], 9);
    world_close(w);
}

/* Buffers that stand for the host's memory, likewise. */
static void buffers_wait(void **state)
{
    struct odva_structure_tensor tensors[SIDE * SIDE / 16];
    struct world *w = world_open();
    struct odva_buffer *own = w->tensors;

    (void)state;
    w->tensors = w->backend->ops->wrap(w->backend, tensors, sizeof(tensors));
    assert_non_null(w->tensors);
    assert_int_equal(call_structure_tensors(w), ONEDVA_OK);
    assert_int_not_equal(tensors[0].xx, 0);
    assert_int_equal(w->backend->ops->synchronize(w->backend), ONEDVA_OK);
    assert_int_equal(tensors[0].xx, 0);
    w->backend->ops->free(w->backend, w->tensors);
    w->tensors = own;
    world_close(w);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_calls),
#ifdef ONEDVA_CHECKS
        cmocka_unit_test(violations_end_the_program),
        cmocka_unit_test(results_wait),
        cmocka_unit_test(pictures_are_the_devices),
        cmocka_unit_test(buffers_wait),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
