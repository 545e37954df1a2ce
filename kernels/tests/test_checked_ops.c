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

#include "kernels/backend.h"
#include "tests/support/test.h"

#define ROWS   8
#define WIDTH  64 /* of qkv, too: 3 heads' parts of 16, and 16 more */
#define SIDE   16
#define FRAMES 4
#define BASIS  2
#define MESH   3 /* nodes each way, at a distance of 8 */

/** Arguments that are right for every operator; each case spoils one. */
struct world {
    struct odva_backend *backend;
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
    uint8_t samples[2][FRAMES][3][SIDE * SIDE];
    struct onedva_picture pictures[FRAMES];
    struct onedva_const_picture sources[FRAMES];
    const struct onedva_const_picture *prediction;
    struct odva_structure_tensor tensors[SIDE * SIDE / 16];
    int16_t nodes[FRAMES * MESH * MESH][2];
    struct odva_warp warp;
    struct odva_dct_tile tile;
    int limit;
    size_t offset, bytes;
    float numbers[WIDTH * WIDTH];
    const void *data;
};

static struct odva_buffer *buffer_of(struct odva_backend *backend, const void *data, size_t bytes)
{
    struct odva_buffer *buffer = backend->ops->alloc(backend, bytes);

    assert_non_null(buffer);
    assert_int_equal(backend->ops->upload(backend, buffer, 0, data, bytes), ONEDVA_OK);
    return buffer;
}

static void set_pictures(struct world *w)
{
    for (int t = 0; t < FRAMES; t++) {
        for (int p = 0; p < 3; p++) {
            w->pictures[t].data[p] = w->samples[0][t][p];
            w->sources[t].data[p] = w->samples[1][t][p];
            w->pictures[t].stride[p] = w->sources[t].stride[p] = SIDE;
        }
    }
    w->warp = (struct odva_warp){.frames = FRAMES,
                                 .width = SIDE,
                                 .height = SIDE,
                                 .source_width = SIDE,
                                 .source_height = SIDE,
                                 .log2_spacing = 3,
                                 .columns = MESH,
                                 .rows = MESH,
                                 .nodes = (const int16_t(*)[2])w->nodes};
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
    w->prediction = w->sources;
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
    w->vectors = 2;
    w->bytes = sizeof(float);
    w->data = w->numbers;
    assert_int_equal(
        odva_backend_open(&w->backend, ONEDVA_BACKEND_CPU, 1, 1, ONEDVA_PRECISION_FLOAT32, NULL),
        ONEDVA_OK);
    w->x = buffer_of(w->backend, w->numbers, ROWS * WIDTH * sizeof(float));
    w->y = buffer_of(w->backend, w->numbers, ROWS * WIDTH * sizeof(float));
    w->index = buffer_of(w->backend, index, sizeof(index));
    w->patches = buffer_of(w->backend, w->numbers, ODVA_PATCH_SAMPLES * sizeof(float));
    w->weights = w->backend->ops->pack(w->backend, w->numbers, WIDTH, WIDTH, ODVA_PRECISION_EXACT);
    assert_non_null(w->weights);
    w->basis = w->backend->ops->pack_basis(w->backend, vectors, 2, mean);
    assert_non_null(w->basis);
    assert_int_equal(odva_grid_init(&w->grid, FRAMES, SIDE, SIDE, BASIS), ONEDVA_OK);
    set_calls(w);
    set_pictures(w);
    return w;
}

static void world_close(struct world *w)
{
    struct odva_buffer *buffers[] = {w->x, w->y, w->index, w->patches};

    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
        w->backend->ops->free(w->backend, buffers[i]);
    w->backend->ops->free_weights(w->weights);
    w->backend->ops->free_basis(w->basis);
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
CALL(patchify, w->patch, &w->grid, w->sources, w->index, w->offset, 1)
CALL(unpatchify, w->pictures, &w->grid, w->patch, w->index, w->offset, 1)
CALL(warp, w->pictures, w->sources, &w->warp)
CALL(deblock, w->pictures, &w->grid, w->limit, NULL)
CALL(smooth, w->pictures, &w->grid, w->limit, NULL)
CALL(downscale2x, w->pictures[0].data[0], w->pictures[0].stride[0], w->sources[0].data[0],
     w->sources[0].stride[0], w->grid.width, w->grid.height)
CALL(structure_tensors, w->tensors, w->sources[0].data[0], w->sources[0].stride[0],
     w->sources[1].data[0], w->sources[1].stride[0], w->grid.width, w->grid.height)
CALL(dct_forward, w->dst.buffer, w->src.buffer, BASIS, &w->tile, 1)
CALL(project, w->coefs, &w->grid, w->sources, w->index, w->offset, 1, w->basis, &w->bands)
CALL(reconstruct, w->pictures, &w->grid, w->src.buffer, w->basis, &w->bands, &w->tile, 1,
     w->prediction)
CALL(axpby, w->dst, 1.0f, w->src, 1.0f, w->dst, w->rows, w->width)
CALL(noise, w->patch, w->index, w->offset, 1, 0, 0)

static int call_free(struct world *w)
{
    w->backend->ops->free(w->backend, w->dst.buffer);
    w->dst.buffer = w->y = buffer_of(w->backend, w->numbers, ROWS * WIDTH * sizeof(float));
    return ONEDVA_OK;
}

static int call_pack(struct world *w)
{
    struct odva_weights *weights =
        w->backend->ops->pack(w->backend, w->data, w->width, w->width, ODVA_PRECISION_EXACT);

    assert_non_null(weights);
    w->backend->ops->free_weights(weights);
    return ONEDVA_OK;
}

static int call_pack_basis(struct world *w)
{
    struct odva_basis *basis =
        w->backend->ops->pack_basis(w->backend, w->data, w->vectors, (const int16_t *)w->numbers);

    assert_non_null(basis);
    w->backend->ops->free_basis(basis);
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
                                                     call_pack_basis};
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
    V(patchify, w->sources[1].data[2] = NULL, "plane does not hold")                               \
    V(patchify, w->sources[1].stride[0] = SIDE - 1, "absolute(stride) >= width")                   \
    V(patchify, w->offset = 1, "chunk[i] <= high")                                                 \
    V(patchify, w->patch.element = ODVA_BFLOAT16, "network_element == ODVA_BFLOAT16")              \
    V(unpatchify, w->pictures[1].data[2] = NULL, "plane does not hold")                            \
    V(unpatchify, w->patch.offset = 1, "rows <= rows_of")                                          \
    V(warp, w->warp.left = 1, "warp->left % 2 == 0")                                               \
    V(warp, w->warp.log2_spacing = 2, "warp->log2_spacing >= 3")                                   \
    V(warp, w->warp.columns = 2, "warp->width - 1")                                                \
    V(warp, w->warp.rows = 2, "warp->height - 1")                                                  \
    V(warp, w->sources[0].data[0] = w->pictures[0].data[0], "!host_overlap")                       \
    V(deblock, w->limit = 0, "limit >= 1")                                                         \
    V(deblock, w->limit = 320, "limit <= MAX_LIMIT")                                               \
    V(deblock, w->pictures[3].data[0] = NULL, "plane does not hold")                               \
    V(smooth, w->limit = 0, "limit >= 1")                                                          \
    V(smooth, w->limit = 64, "limit <= 63")                                                      \
    V(smooth, w->pictures[3].data[0] = NULL, "plane does not hold")                                \
    V(downscale2x, w->grid.width = 0, "width > 0")                                                 \
    V(downscale2x, w->sources[0].data[0] = w->pictures[0].data[0], "!host_overlap")                \
    V(structure_tensors, w->grid.height = 0, "height > 0")                                         \
    V(structure_tensors, w->sources[1].data[0] = NULL, "plane does not hold")                      \
    V(dct_forward, w->tile.nx = 9, "tile->nx <= ODVA_SUPERBLOCK_SIDE")                             \
    V(dct_forward, w->tile.offset = ROWS * WIDTH, "bytes <= ops->buffer_size(buffer) - offset")    \
    V(dct_forward, w->tile.order = odd_rows(w), "chunk[i] <= high")                                \
    V(dct_forward, w->tile.rows = odd_rows(w), "chunk[i] <= high")                                 \
    V(dct_forward, w->src.buffer = w->y, "latents != coefs")                                       \
    V(dct_forward, w->tile.nt = 0, "tile->nt >= 1")                                                \
    V(dct_forward, w->tile.coefs = ROWS * WIDTH, "bytes <= ops->buffer_size(buffer) - offset")     \
    V(dct_forward, w->tile.coefficients = BASIS + 1, "coefficients <= patches * basis")            \
    V(pack_basis, w->data = NULL, "vectors && mean")                                               \
    V(pack_basis, w->vectors = 0, "count > 0")                                                     \
    V(pack_basis, w->vectors = ODVA_FRAME_SAMPLES + 1, "count <= ODVA_FRAME_SAMPLES")              \
    V(project, w->basis = NULL, "basis && sum == bands->basis")                                    \
    V(project, w->bands.basis = 1, "basis && sum == bands->basis")                                 \
    V(project, w->grid.width = 0, "grid->width > 0")                                               \
    V(project, w->sources[1].data[2] = NULL, "plane does not hold")                                \
    V(project, w->coefs.offset = ROWS * WIDTH, "rows <= rows_of")                                  \
    V(project, w->coefs.element = ODVA_BFLOAT16, "network_element == ODVA_BFLOAT16")               \
    V(project, w->offset = 1, "chunk[i] <= high")                                                  \
    V(reconstruct, w->basis = NULL, "basis && sum == bands->basis")                                \
    V(reconstruct, w->bands.count[1] = 1, "basis && sum == bands->basis")                          \
    V(reconstruct, w->bands = (struct odva_bands){.basis = 0}, "basis > 0")                        \
    V(reconstruct, w->grid.frames = 17, "grid->frames <= ONEDVA_MAX_CLIP_FRAMES")                  \
    V(reconstruct, w->pictures[3].data[1] = NULL, "plane does not hold")                           \
    V(reconstruct, w->tile.ny = 9, "tile->ny <= ODVA_SUPERBLOCK_SIDE")                             \
    V(reconstruct, w->tile.nt = 2, "tiles[i].nt == grid->gt")                                      \
    V(reconstruct, w->tile.y0 = 1, "tiles[i].y0 + tiles[i].ny <= grid->gy")                        \
    V(reconstruct, w->tile.x0 = -1, "tiles[i].x0 >= 0")                                            \
    V(reconstruct, w->tile.coefficients = -1, "tile->coefficients >= 0")                           \
    V(reconstruct, w->tile.offset = -1, "tile->offset >= 0")                                       \
    V(reconstruct, w->tile.offset = ROWS * WIDTH, "bytes <= ops->buffer_size(buffer) - offset")    \
    V(reconstruct, w->tile.order = odd_rows(w), "chunk[i] <= high")                                \
    V(reconstruct, w->prediction = NULL, "prediction || !tiles[i].is_predicted")                   \
    V(reconstruct, w->sources[0].data[1] = NULL, "plane does not hold")                            \
    V(reconstruct, w->sources[0].data[0] = w->pictures[3].data[0], "is_apart")                     \
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

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_calls),
#ifdef ONEDVA_CHECKS
        cmocka_unit_test(violations_end_the_program),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
