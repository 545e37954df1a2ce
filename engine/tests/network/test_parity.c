/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The linear path, the query encoder, the diffusion decoder and the sampler against PyTorch. */
#include <string.h>

#include "base/strict_math.h"
#include "model/model.h"
#include "network/diffusion_decoder.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/networks.h"
#include "transform/deblocking.h"

#define TOLERANCE    1e-5
#define CASES        5
#define FIRST_SAMPLE 5 /* of each patch's samples that are kept, every SAMPLE_STEP-th */
#define SAMPLE_STEP  48
#define KEPT         (ODVA_PATCH_SAMPLES / SAMPLE_STEP)
#define SEED         UINT64_C(0x0123456789ABCDEF)

static struct golden golden;
static onedva_model *model;

/** Planes of a clip. */
struct clip {
    uint8_t *data;
    size_t size;
    struct onedva_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
};

/* Frame after frame, plane after plane, without gaps. */
static void clip_new(struct clip *clip, int frames, int width, int height)
{
    const int cw = (width + 1) / 2, ch = (height + 1) / 2;
    uint8_t *data;

    clip->size = (size_t)frames * (width * height + 2 * cw * ch);
    data = clip->data = malloc(clip->size);
    assert_non_null(data);
    for (int t = 0; t < frames; t++) {
        for (int p = 0; p < 3; p++) {
            clip->pictures[t].data[p] = data;
            clip->pictures[t].stride[p] = p ? cw : width;
            data += p ? cw * ch : width * height;
        }
    }
}

static void clip_fill(struct clip *clip, int frames, int width, int height)
{
    for (int t = 0; t < frames; t++) {
        for (int p = 0; p < 3; p++) {
            const int w = p ? (width + 1) / 2 : width, h = p ? (height + 1) / 2 : height;

            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++)
                    clip->pictures[t].data[p][y * w + x] = golden_sample(p, t, y, x);
        }
    }
}

static void const_pictures(struct onedva_const_picture *dst, const struct clip *clip, int frames)
{
    for (int t = 0; t < frames; t++) {
        for (int p = 0; p < 3; p++) {
            dst[t].data[p] = clip->pictures[t].data[p];
            dst[t].stride[p] = clip->pictures[t].stride[p];
        }
    }
}

/** What all tests begin with. */
struct setup {
    struct odva_grid grid;
    struct odva_scan_cache scans;
    int qidx;
    int64_t count;  /* latents */
    float *latents; /* dequantised */
    int *tokens;    /* of each tile */
};

static void setup_latents(struct setup *setup)
{
    for (int i = 0; i < setup->grid.tile_count; i++) {
        const struct odva_tile *tile = &setup->grid.tiles[i];
        const struct odva_scan *scan = odva_scan_get(&setup->scans, tile->nt, tile->ny, tile->nx);
        float *latents = setup->latents + model->config.basis * tile->first_patch;

        assert_non_null(scan);
        setup->tokens[i] = (int)(golden_mix(7000 + i) % (tile->tokens + 1));
        for (int j = 0; j < scan->count; j++)
            latents[j] = j < setup->tokens[i] * odva_token_length(tile->size)
                             ? (golden_uniform(100 + i, j) * 20.0f - 10.0f) *
                                   odva_exp2_eighths(scan->scale[j])
                             : 0.0f;
    }
}

static void setup_open(struct setup *setup, const char *prefix)
{
    int32_t *size = golden_ints(&golden, prefix, "size");
    int32_t *splits = golden_ints(&golden, prefix, "splits");

    *setup = (struct setup){.scans = {.model = model}, .qidx = size[3]};
    assert_int_equal(odva_grid_init(&setup->grid, size[0], size[1], size[2], model->config.basis),
                     ONEDVA_OK);
    assert_int_equal(golden_find(&golden, prefix, "splits")->count, setup->grid.superblock_count);
    odva_grid_set_partition(&setup->grid, (const uint32_t *)splits);
    setup->count = setup->grid.patches * model->config.basis;
    setup->latents = malloc(setup->count * sizeof(*setup->latents));
    setup->tokens = malloc(setup->grid.tile_count * sizeof(*setup->tokens));
    assert_non_null(setup->latents);
    assert_non_null(setup->tokens);
    setup_latents(setup);
    free(size);
    free(splits);
}

static void setup_close(struct setup *setup)
{
    free(setup->latents);
    free(setup->tokens);
    odva_scan_cache_free(&setup->scans);
    odva_grid_free(&setup->grid);
}

static void compare(const char *prefix, const char *name, const float *found, int64_t count)
{
    float *expected = golden_floats(&golden, prefix, name);
    char what[64];

    snprintf(what, sizeof(what), "%s%s", prefix, name);
    assert_int_equal(golden_find(&golden, prefix, name)->count, count);
    assert_close(found, expected, count, TOLERANCE, what);
    free(expected);
}

/* ---- analysis ---------------------------------------------------------------------------- */

static void check_analysis_case(struct networks *networks, const char *prefix,
                                const struct setup *setup)
{
    const struct odva_grid *grid = &setup->grid;
    struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    float *linear = malloc(setup->count * sizeof(*linear));
    float *corrected = malloc(setup->count * sizeof(*corrected));
    struct clip clip;

    clip_new(&clip, grid->frames, grid->width, grid->height);
    clip_fill(&clip, grid->frames, grid->width, grid->height);
    const_pictures(pictures, &clip, grid->frames);
    assert_non_null(linear);
    assert_non_null(corrected);
    networks_analyse(networks, grid, pictures, setup->qidx + 9, linear, corrected);
    compare(prefix, "linear", linear, setup->count);
    assert_int_equal(
        odva_query_encoder_correct(&networks->encoder, grid, setup->qidx, linear, corrected),
        ONEDVA_OK);
    compare(prefix, "refined", corrected, setup->count);
    free(clip.data);
    free(linear);
    free(corrected);
}

/* One object for all clips: it has to follow their sizes. */
static void check_analysis(struct odva_backend *backend)
{
    struct networks networks;

    networks_open(&networks, model, backend);
    for (int i = 0; i < 2 * CASES; i++) {
        struct setup setup;
        char prefix[8];

        snprintf(prefix, sizeof(prefix), "%d.", i % CASES);
        setup_open(&setup, prefix);
        check_analysis_case(&networks, prefix, &setup);
        setup_close(&setup);
    }
    networks_close(&networks);
}

/* ---- diffusion decoder ------------------------------------------------------------------- */

/** The samples of all patches that are kept. */
struct prediction {
    struct odva_diffusion_decoder *decoder;
    float *kept;
};

static int predict_block(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    const struct prediction *prediction = opaque;
    struct odva_backend *backend = prediction->decoder->backend;
    const size_t bytes = count * ODVA_PATCH_SAMPLES * sizeof(float);
    float *block = malloc(bytes);

    assert_non_null(block);
    assert_int_equal(odva_diffusion_decoder_correct(prediction->decoder, x, first, count),
                     ONEDVA_OK);
    assert_int_equal(backend->ops->download(backend, x.buffer, 0, block, bytes), ONEDVA_OK);
    for (int64_t i = 0; i < count * KEPT; i++)
        prediction->kept[first * KEPT + i] = block[i * SAMPLE_STEP + FIRST_SAMPLE];
    free(block);
    return ONEDVA_OK;
}

static void check_prediction(struct odva_linear_path *path, struct odva_diffusion_decoder *decoder,
                             const char *prefix, const char *name, const struct odva_grid *grid)
{
    float *kept = malloc(grid->patches * KEPT * sizeof(*kept));
    struct prediction prediction = {decoder, kept};

    assert_non_null(kept);
    assert_int_equal(odva_linear_path_for_coefs(path, grid, predict_block, &prediction), ONEDVA_OK);
    compare(prefix, name, kept, grid->patches * KEPT);
    free(kept);
}

/* The noisy clip of a case, in the order in which patches are stored. */
static struct odva_buffer *noisy_clip(struct odva_backend *backend, const struct odva_grid *grid)
{
    const int64_t bytes = grid->patches * ODVA_PATCH_SAMPLES * sizeof(float);
    struct odva_buffer *buffer = backend->ops->alloc(backend, bytes);
    float *z = malloc(bytes);

    assert_non_null(buffer);
    assert_non_null(z);
    for (int64_t position = 0; position < grid->patches; position++) {
        const int places = grid->gy * grid->gx;
        const int64_t row = grid->place[position % places] + position / places;

        for (int j = 0; j < ODVA_PATCH_SAMPLES; j++)
            z[row * ODVA_PATCH_SAMPLES + j] =
                golden_uniform(99, position * ODVA_PATCH_SAMPLES + j) * 4.0f - 2.0f;
    }
    assert_int_equal(backend->ops->upload(backend, buffer, 0, z, bytes), ONEDVA_OK);
    free(z);
    return buffer;
}

/* What the decoder is told of a clip whose coefficients the path has, from its definition: latents
 * of superblocks that are not split, and the share of their coefficients that are in tokens. */
static void set_decoder_clip(struct odva_diffusion_decoder *decoder, struct odva_linear_path *path,
                             const struct setup *setup)
{
    const struct odva_grid *grid = &setup->grid;
    const int basis = model->config.basis;
    float *latents = malloc(setup->count * sizeof(*latents));
    float *shares = calloc(grid->superblock_count, sizeof(*shares));
    struct odva_grid whole;

    assert_non_null(latents);
    assert_non_null(shares);
    assert_int_equal(odva_grid_init(&whole, grid->frames, grid->width, grid->height, basis),
                     ONEDVA_OK);
    assert_int_equal(odva_linear_path_transform(path, &whole, latents), ONEDVA_OK);
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *tile = &grid->tiles[i];
        const int held = setup->tokens[i] * odva_token_length(tile->size);
        const int count = basis * tile->patches;

        shares[tile->superblock] += (float)(held < count ? held : count) /
                                    (float)(basis * whole.tiles[tile->superblock].patches);
    }
    assert_int_equal(odva_diffusion_decoder_set_clip(decoder, grid, latents, shares, setup->qidx),
                     ONEDVA_OK);
    free(latents);
    free(shares);
    odva_grid_free(&whole);
}

static void check_decoder_case(struct odva_backend *backend, struct odva_linear_path *path,
                               struct odva_diffusion_decoder *decoder, const char *prefix,
                               struct setup *setup)
{
    const struct odva_grid *grid = &setup->grid;
    struct odva_matrix z = {noisy_clip(backend, grid), 0, ODVA_PATCH_SAMPLES, ODVA_FLOAT32};
    int32_t *tokens = golden_ints(&golden, prefix, "tokens");
    float *t = golden_floats(&golden, prefix, "t");

    for (int i = 0; i < grid->tile_count; i++)
        assert_int_equal(setup->tokens[i], tokens[i]);
    assert_int_equal(odva_linear_path_invert(path, grid, setup->latents), ONEDVA_OK);
    set_decoder_clip(decoder, path, setup);
    const struct odva_matrix coefs = odva_device_array_rows(&path->coefs, 0, model->config.basis);
    assert_int_equal(odva_diffusion_decoder_run(decoder, coefs, t[0], z), ONEDVA_OK);
    check_prediction(path, decoder, prefix, "noisy", grid);
    assert_int_equal(odva_diffusion_decoder_run(decoder, coefs, 0.0f, z), ONEDVA_OK);
    check_prediction(path, decoder, prefix, "mean", grid);
    backend->ops->free(backend, z.buffer);
    free(tokens);
    free(t);
}

static void check_decoder(struct odva_backend *backend)
{
    struct odva_scan_cache scans = {.model = model};
    struct odva_linear_path path;
    struct odva_diffusion_decoder decoder;

    assert_int_equal(odva_linear_path_open(&path, model, backend, &scans), ONEDVA_OK);
    assert_int_equal(odva_diffusion_decoder_open(&decoder, model, backend, &scans), ONEDVA_OK);
    for (int i = 0; i < 2 * CASES; i++) {
        struct setup setup;
        char prefix[8];

        snprintf(prefix, sizeof(prefix), "%d.", i % CASES);
        setup_open(&setup, prefix);
        check_decoder_case(backend, &path, &decoder, prefix, &setup);
        setup_close(&setup);
    }
    odva_diffusion_decoder_close(&decoder);
    odva_linear_path_close(&path);
    odva_scan_cache_free(&scans);
}

/* ---- sampler ----------------------------------------------------------------------------- */

/* Samples that lie on a rounding border may differ by one. */
static void compare_pictures(const struct clip *clip, const char *name)
{
    const struct odva_tensor *expected = golden_find(&golden, "pictures.", name);
    size_t different = 0;

    assert_int_equal(expected->count, clip->size);
    for (size_t i = 0; i < clip->size; i++) {
        const int d = clip->data[i] - expected->data[i];

        if (d < -1 || d > 1)
            fail_msg("pictures.%s: sample %zu is %d, not %d", name, i, clip->data[i],
                     expected->data[i]);
        different += d != 0;
    }
    if (different > clip->size / 500)
        fail_msg("pictures.%s: %zu of %zu samples differ", name, different, clip->size);
    if (getenv("GOLDEN_VERBOSE"))
        print_message("pictures.%s: %zu of %zu samples differ\n", name, different, clip->size);
}

static void check_sampler(struct odva_backend *backend)
{
    static const struct {
        const char *name;
        int steps;
        enum onedva_sampler sampler;
    } runs[] = {
        {"euler4", 4, ONEDVA_SAMPLER_EULER}, {"euler0", 0, ONEDVA_SAMPLER_EULER},
        {"euler1", 1, ONEDVA_SAMPLER_EULER}, {"euler2", 2, ONEDVA_SAMPLER_EULER},
        {"heun4", 4, ONEDVA_SAMPLER_HEUN},
    };
    struct setup setup;
    struct networks networks;
    struct clip clip;

    setup_open(&setup, "pictures.");
    clip_new(&clip, setup.grid.frames, setup.grid.width, setup.grid.height);
    networks_open(&networks, model, backend);
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        const struct odva_sampler_params params = {
            .qidx = setup.qidx, .steps = runs[i].steps, .sampler = runs[i].sampler, .seed = SEED};

        memset(clip.data, 0, clip.size);
        assert_int_equal(odva_sampler_run(&networks.sampler, &setup.grid, setup.latents,
                                          setup.tokens, &params, clip.pictures),
                         ONEDVA_OK);
        compare_pictures(&clip, runs[i].name);
    }
    networks_close(&networks);
    free(clip.data);
    setup_close(&setup);
}

/* ---- deblocking -------------------------------------------------------------------------- */

/* Tokens that differ by a few levels, so that their borders show. */
static void fill_tokens(const struct clip *clip, int width, int height)
{
    for (int p = 0; p < 3; p++) {
        const int n = p ? ODVA_TOKEN_CHROMA : ODVA_TOKEN_LUMA;
        const int w = width * n / ODVA_TOKEN_LUMA, h = height * n / ODVA_TOKEN_LUMA;

        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                clip->pictures[0].data[p][y * w + x] =
                    (uint8_t)(golden_sample(p, 0, y, x) / 2 +
                              (golden_mix((uint32_t)((((p << 8) + y / n) << 8) + x / n)) >> 28));
    }
}

static void check_deblocking(struct odva_backend *backend)
{
    const struct odva_tensor *expected = golden_find(&golden, "deblocked.", "samples");
    int32_t *size = golden_ints(&golden, "deblocked.", "size");
    struct odva_grid grid = {0};
    struct clip clip;

    assert_int_equal(odva_grid_init(&grid, size[0], size[1], size[2], 1), ONEDVA_OK);
    clip_new(&clip, size[0], size[1], size[2]);
    fill_tokens(&clip, size[1], size[2]);
    assert_int_equal(odva_deblock(backend, clip.pictures, &grid, size[3]), ONEDVA_OK);
    assert_int_equal(expected->count, clip.size);
    assert_memory_equal(clip.data, expected->data, clip.size);
    free(clip.data);
    free(size);
    odva_grid_free(&grid);
}

static void analysis(void **state)
{
    (void)state;
    for_each_cpu(2, check_analysis);
}

static void decoder(void **state)
{
    (void)state;
    for_each_cpu(2, check_decoder);
}

static void sampler(void **state)
{
    (void)state;
    for_each_cpu(2, check_sampler);
}

static void deblocking(void **state)
{
    (void)state;
    for_each_cpu(2, check_deblocking);
}

static void log_line(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    (void)level;
    print_message("%s\n", message);
}

static int open_golden(void **state)
{
    const struct onedva_logger logger = {log_line, NULL};

    (void)state;
    golden_open(&golden, GOLDEN "clips.safetensors");
    return onedva_model_open(&model, GOLDEN "model.safetensors", &logger);
}

static int close_golden(void **state)
{
    (void)state;
    onedva_model_close(&model);
    golden_close(&golden);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(analysis),
        cmocka_unit_test(decoder),
        cmocka_unit_test(sampler),
        cmocka_unit_test(deblocking),
    };

    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
