/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Whole clips through encoder and decoder networks: the same bits with any number of threads, from
 * a context that has seen other clips, and, with the strict C operators, from every compiler.
 */
#include <string.h>

#include "config.h"
#include "model/model.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/host_synthesis.h"
#include "tests/support/networks.h"
#include "transform/quantiser.h"
#include "xxhash.h"

enum {
    WIDTH = 150,
    HEIGHT = 141,
    FRAMES = 6,
    CHROMA = 75 * 71,
    FRAME = WIDTH * HEIGHT + 2 * CHROMA
};

static onedva_model *model;

struct pictures {
    uint8_t data[FRAMES][FRAME];
    struct onedva_picture pictures[FRAMES];
    struct onedva_const_picture sources[FRAMES];
};

static struct pictures *pictures_new(void)
{
    struct pictures *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    for (int t = 0; t < FRAMES; t++) {
        const int offset[3] = {0, WIDTH * HEIGHT, WIDTH * HEIGHT + CHROMA};

        for (int i = 0; i < FRAME; i++)
            p->data[t][i] = golden_sample(0, t, i / WIDTH, i % WIDTH);
        for (int c = 0; c < 3; c++) {
            p->pictures[t].data[c] = p->data[t] + offset[c];
            p->sources[t].data[c] = p->data[t] + offset[c];
            p->pictures[t].stride[c] = p->sources[t].stride[c] = c ? 75 : WIDTH;
        }
    }
    return p;
}

/* Levels of latents, all of them held. */
static void quantise(struct odva_latents *latents, const float *y)
{
    const float inverse_step = 1 / odva_quantiser_step(latents->qidx);

    for (int i = 0; i < latents->grid.tile_count; i++)
        latents->tiles[i].tokens = latents->tiles[i].max_tokens;
    for (size_t i = 0; i < odva_latents_count(latents); i++) {
        const int32_t level = odva_quantise(fabsf(y[i]), inverse_step, ODVA_DEAD_ZONE);

        latents->q[i] = y[i] < 0 ? -level : level;
        latents->seen[i] = ODVA_CODED;
    }
}

/* Encode and decode one clip of the first frames frames, of a detail that they say. */
static uint64_t run_clip(struct networks *networks, int frames, int steps)
{
    static const uint32_t splits[] = {0x1f, 0x4b, 0, ODVA_ALL_SPLIT}; /* tiles of every size */
    const struct odva_clip_size size = {frames, WIDTH, HEIGHT};
    const struct odva_sampler_params params = {
        .qidx = -20, .steps = steps, .sampler = ONEDVA_SAMPLER_HEUN, .seed = 7};
    struct pictures *p = pictures_new();
    struct odva_latents latents = {0};
    float *linear, *y;
    size_t count;
    uint64_t hash;

    assert_int_equal(odva_latents_set_size(&latents, &networks->scans, frames % 4, size),
                     ONEDVA_OK);
    assert_int_equal(latents.grid.superblock_count, sizeof(splits) / sizeof(splits[0]));
    memcpy(latents.splits, splits, sizeof(splits));
    odva_latents_set_partition(&latents);
    latents.qidx = params.qidx;
    count = odva_latents_count(&latents);
    linear = malloc(count * sizeof(*linear));
    y = malloc(count * sizeof(*y));
    assert_non_null(linear);
    assert_non_null(y);
    networks_analyse(networks, &latents, p->sources, params.qidx, linear, y);
    quantise(&latents, y);
    assert_int_equal(host_sample(&networks->sampler, &latents, &params, p->pictures), ONEDVA_OK);
    hash = XXH64(y, count * sizeof(*y), 0);
    hash = XXH64(p->data, sizeof(p->data), hash);
    free(linear);
    free(y);
    free(p);
    odva_latents_free(&latents);
    return hash;
}

/** What a backend and its device were asked for. */
static int allocations, packings;
static const struct odva_backend_ops *counted;
static const struct odva_device_ops *counted_device;

static struct odva_buffer *counting_alloc(struct odva_backend *backend, size_t bytes)
{
    allocations++;
    return counted->alloc(backend, bytes);
}

static struct odva_weights *counting_pack(struct odva_device *device, const float *weights,
                                          int n_out, int n_in, enum odva_precision precision)
{
    packings++;
    return counted_device->pack(device, weights, n_out, n_in, precision);
}

static struct odva_basis *counting_pack_basis(struct odva_device *device, const int16_t *vectors,
                                              int count, const int16_t *mean)
{
    packings++;
    return counted_device->pack_basis(device, vectors, count, mean);
}

static struct odva_buffer *counting_constant(struct odva_device *device, const void *data,
                                             size_t bytes)
{
    allocations++;
    return counted_device->constant(device, data, bytes);
}

/* Neither device memory nor weights are asked for again, by whatever uses the model, and none of
 * the network's for linear clips. */
static void nothing_is_made_twice(void **state)
{
    struct odva_backend *backend = backend_new();
    struct odva_sampler *sampler;
    struct odva_device_ops device_ops;
    struct odva_backend_ops ops;
    struct networks networks;
    onedva_model *fresh;

    (void)state;
    assert_int_equal(onedva_model_open(&fresh, GOLDEN "model.safetensors", NULL), ONEDVA_OK);
    sampler = &networks.sampler;
    counted = backend->ops;
    ops = *counted;
    ops.alloc = counting_alloc;
    backend->ops = &ops;
    counted_device = backend->device->ops;
    device_ops = *counted_device;
    device_ops.pack = counting_pack;
    device_ops.pack_basis = counting_pack_basis;
    device_ops.constant = counting_constant;
    backend->device->ops = &device_ops;
    networks_open(&networks, fresh, backend); /* packs the query encoder */
    assert_true(packings > 2);
    packings = 0;
    odva_sampler_close(sampler);
    assert_int_equal(odva_sampler_open(sampler, fresh, backend), ONEDVA_OK);
    run_clip(&networks, FRAMES, 0);
    assert_int_equal(packings, 0);
    run_clip(&networks, FRAMES, 3);
    assert_true(packings > 0);
    allocations = packings = 0;
    for (int i = 0; i < 5; i++)
        run_clip(&networks, FRAMES, i);
    assert_int_equal(allocations, 0);
    assert_int_equal(packings, 0);
    odva_sampler_close(sampler);
    assert_int_equal(odva_sampler_open(sampler, fresh, backend), ONEDVA_OK);
    run_clip(&networks, FRAMES, 1);
    assert_int_equal(packings, 0);
    networks_close(&networks);
    backend->ops = counted;
    backend->device->ops = counted_device;
    odva_backend_close(&backend);
    onedva_model_close(&fresh);
}

/* @param before clips of other sizes first */
static uint64_t run(const char *cpu, int threads, int bitexact, int steps, int before)
{
    struct odva_backend *backend = backend_of_cpu(cpu, threads, bitexact);
    struct networks networks;
    uint64_t hash;

    if (!backend)
        return 0;
    networks_open(&networks, model, backend);
    for (int i = 0; i < before; i++)
        run_clip(&networks, 1 + i, i);
    hash = run_clip(&networks, FRAMES, steps);
    networks_close(&networks);
    odva_backend_close(&backend);
    return hash;
}

static void threads_do_not_matter(void **state)
{
    static const char *const cpus[] = {"c", "avx2", "avx512", "avx512bf16", "avx512bf16vnni"};

    (void)state;
    for (int i = 0; i < 5; i++) {
        const uint64_t one = run(cpus[i], 1, 0, 3, 0);

        assert_int_equal(run(cpus[i], 2, 0, 3, 0), one);
        assert_int_equal(run(cpus[i], 7, 0, 3, 0), one);
    }
}

static void history_does_not_matter(void **state)
{
    (void)state;
    assert_int_equal(run("c", 2, 0, 3, 5), run("c", 2, 0, 3, 0));
    assert_int_equal(run("c", 2, 0, 0, 5), run("c", 2, 0, 0, 0));
}

/* The hash was made by gcc -O2; another compiler or level that gives another one is wrong. */
static void same_bits_everywhere(void **state)
{
    (void)state;
    assert_int_equal(run("avx2", 2, 1, 3, 0), UINT64_C(0x41a7828b263665b9));
}

static void absent_backend(void **state)
{
    (void)state;
    if (!HAVE_CUDA)
        assert_null(backend_of(ONEDVA_BACKEND_CUDA, 1, 0, ONEDVA_PRECISION_BFLOAT16));
}

static int open_model(void **state)
{
    (void)state;
    return onedva_model_open(&model, GOLDEN "model.safetensors", NULL);
}

static int close_model(void **state)
{
    (void)state;
    onedva_model_close(&model);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_matter), cmocka_unit_test(history_does_not_matter),
        cmocka_unit_test(same_bits_everywhere),  cmocka_unit_test(nothing_is_made_twice),
        cmocka_unit_test(absent_backend),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
