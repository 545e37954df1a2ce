/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The linear path, the query encoder, the diffusion decoder and the sampler against PyTorch. */
#include <string.h>

#include "model/model.h"
#include "network/diffusion_decoder.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"
#include "tests/support/host_synthesis.h"
#include "tests/support/networks.h"
#include "transform/deblocking.h"
#include "transform/quantiser.h"

#define TOLERANCE    1e-5
#define CASES        5
#define SMOOTHING    2 /* of the deblocked picture */
#define FIRST_SAMPLE 5 /* of each patch's samples that are kept, every SAMPLE_STEP-th */
#define SAMPLE_STEP  48
#define KEPT         (ODVA_PATCH_SAMPLES / SAMPLE_STEP)
#define SEED         UINT64_C(0x0123456789ABCDEF)

static struct golden golden;
static onedva_model *model;
static struct odva_backend *current;

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
    struct odva_scan_cache scans;
    struct odva_latents latents;
    int32_t *y; /* of what their tokens hold */
};

/* Number i of a stream: up to 8 times a scale 2^(b/8), in latent units. */
static int32_t golden_latent(uint32_t stream, int64_t i, int b)
{
    static const int64_t eighths[8] = {2048, 2233, 2435, 2656, 2896, 3158, 3444, 3756};
    const int64_t drawn = (int64_t)(golden_mix((uint32_t)i + stream * 0x9E3779B9u) >> 16) - 32768;

    return (int32_t)(drawn * eighths[b & 7] >> (11 - (b >> 3)));
}

static void setup_latents(struct setup *setup)
{
    struct odva_latents *latents = &setup->latents;
    int32_t *y;

    for (int i = 0; i < latents->grid.tile_count; i++)
        latents->tiles[i].tokens = (int)(golden_mix(7000 + i) % (latents->tiles[i].max_tokens + 1));
    setup->y = y = malloc((odva_latents_held(latents) + 1) * sizeof(*y));
    assert_non_null(y);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const int count = odva_coefficients_of(tile, tile->tokens);

        for (int j = 0; j < count; j++)
            *y++ = golden_latent(100 + i, j, tile->scan->scale[j]);
    }
}

static void setup_open(struct setup *setup, const char *prefix)
{
    int32_t *size = golden_ints(&golden, prefix, "size");
    int32_t *splits = golden_ints(&golden, prefix, "splits");
    struct odva_latents *latents = &setup->latents;

    *setup = (struct setup){.scans = {.model = model}};
    assert_int_equal(odva_latents_set_size(latents, &setup->scans, size[4],
                                           (struct odva_clip_size){size[0], size[1], size[2]}),
                     ONEDVA_OK);
    assert_int_equal(golden_find(&golden, prefix, "splits")->count, latents->grid.superblock_count);
    memcpy(latents->splits, splits, latents->grid.superblock_count * sizeof(*splits));
    odva_latents_set_partition(latents);
    latents->qidx = size[3];
    setup_latents(setup);
    free(size);
    free(splits);
}

static void setup_close(struct setup *setup)
{
    free(setup->y);
    odva_latents_free(&setup->latents);
    odva_scan_cache_free(&setup->scans);
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

/* What rounding a band's samples to 1/8 of a step leaves in a coefficient. */
#define ROUNDING (1 / (8 * 127.5 * sqrt(12)))

/* Pictures that move have bands that are rounded. */
static void compare_linear(const char *prefix, const struct odva_latents *latents,
                           const float *found)
{
    const size_t count = odva_latents_count(latents);
    float *expected = golden_floats(&golden, prefix, "linear");
    double worst = 0, error = 0;

    assert_int_equal(golden_find(&golden, prefix, "linear")->count, count);
    for (size_t i = 0; i < count; i++) {
        const double d = fabs((double)found[i] - expected[i]);

        assert_true(d <= 1e30);
        worst = fmax(worst, d);
        error += d * d;
    }
    if (worst > 6 * ROUNDING || error > 1.1 * ROUNDING * ROUNDING * (double)count)
        fail_msg("%slinear: error %g (largest), %g (root mean square)", prefix, worst,
                 sqrt(error / (double)count));
    free(expected);
}

static void check_analysis_case(struct networks *networks, const char *prefix,
                                const struct setup *setup)
{
    const struct odva_latents *latents = &setup->latents;
    const struct odva_grid *grid = &latents->grid;
    const size_t count = odva_latents_count(latents);
    struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    float *expected = golden_floats(&golden, prefix, "linear");
    float *linear = malloc(count * sizeof(*linear)), *corrected = malloc(count * sizeof(*linear));
    struct clip clip;

    clip_new(&clip, grid->frames, grid->width, grid->height);
    clip_fill(&clip, grid->frames, grid->width, grid->height);
    const_pictures(pictures, &clip, grid->frames);
    assert_non_null(linear);
    assert_non_null(corrected);
    networks_analyse(networks, latents, pictures, latents->qidx + 9, linear, corrected);
    if (grid->frames == 1)
        compare(prefix, "linear", linear, count);
    compare_linear(prefix, latents, linear);
    assert_int_equal(
        odva_query_encoder_correct(&networks->encoder, latents, latents->qidx, expected, corrected),
        ONEDVA_OK);
    compare(prefix, "refined", corrected, count);
    free(clip.data);
    free(expected);
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

/* ---- linear reconstruction and diffusion decoder ----------------------------------------- */

/** The samples of all patches that are kept. */
struct prediction {
    struct odva_diffusion_decoder *decoder; /* NULL: of the linear reconstruction */
    float *kept;
};

static int predict_block(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    const struct prediction *prediction = opaque;
    const size_t bytes = count * ODVA_PATCH_SAMPLES * sizeof(float);
    float *block = malloc(bytes);

    assert_non_null(block);
    if (prediction->decoder)
        assert_int_equal(odva_diffusion_decoder_correct(prediction->decoder, x, first, count),
                         ONEDVA_OK);
    assert_int_equal(current->ops->download(current, x.buffer, 0, block, bytes), ONEDVA_OK);
    for (int64_t i = 0; i < count * KEPT; i++)
        prediction->kept[first * KEPT + i] = block[i * SAMPLE_STEP + FIRST_SAMPLE];
    free(block);
    return ONEDVA_OK;
}

/** A clip that a decoder has. */
struct decoding {
    struct odva_linear_path path;
    struct odva_diffusion_decoder decoder;
    const struct odva_grid *grid;
    struct clip clip;
    struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES]; /* its linear reconstruction */
};

static void walk_pictures(struct decoding *d, const struct odva_grid *grid, odva_patches_fn fn,
                          void *opaque)
{
    struct odva_images images = {0};

    assert_int_equal(odva_images_wrap_const(&images, current, d->pictures, grid->frames,
                                            grid->width, grid->height, 8),
                     ONEDVA_OK);
    assert_int_equal(odva_patch_walk_run(&d->path.walk, grid, images.image, fn, opaque), ONEDVA_OK);
    odva_images_free(&images, current);
}

static float *keep(struct decoding *d, struct odva_diffusion_decoder *decoder)
{
    float *kept = malloc(d->grid->patches * KEPT * sizeof(*kept));
    struct prediction prediction = {decoder, kept};

    assert_non_null(kept);
    walk_pictures(d, d->grid, predict_block, &prediction);
    return kept;
}

static void check_prediction(struct decoding *d, const char *prefix, const char *name)
{
    float *kept = keep(d, &d->decoder);

    compare(prefix, name, kept, d->grid->patches * KEPT);
    free(kept);
}

/* The linear reconstruction is the same to the last bit. */
static void check_base(struct decoding *d, const char *prefix)
{
    const struct odva_tensor *expected = golden_find(&golden, prefix, "base");
    float *kept = keep(d, NULL);

    assert_int_equal(expected->count, d->grid->patches * KEPT);
    for (int64_t i = 0; i < expected->count; i++)
        assert_int_equal(lrintf((kept[i] + 1) * 127.5f), expected->data[i]);
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

static int embed_block(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    return odva_diffusion_decoder_embed(opaque, x, first, count);
}

/* What the decoder is told of a clip, from its definition: the share of each superblock's
 * coefficients that are in tokens, and the linear reconstruction. */
static void set_decoder_clip(struct decoding *d, const struct odva_latents *latents)
{
    const struct odva_grid *grid = &latents->grid;
    float *share = calloc(grid->superblock_count, sizeof(*share));
    float *all = calloc(grid->superblock_count, sizeof(*all));

    assert_non_null(share);
    assert_non_null(all);
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *tile = &grid->tiles[i];
        const int held = latents->tiles[i].tokens * odva_token_length(tile->size);
        const int count = latents->basis * tile->patches;

        share[tile->superblock] += (float)(held < count ? held : count);
        all[tile->superblock] += (float)count;
    }
    for (int i = 0; i < grid->superblock_count; i++)
        share[i] /= all[i];
    assert_int_equal(odva_diffusion_decoder_set_clip(&d->decoder, grid, share, latents->qidx),
                     ONEDVA_OK);
    walk_pictures(d, grid, embed_block, &d->decoder);
    free(share);
    free(all);
}

static void check_decoder_case(struct decoding *d, const char *prefix, const struct setup *setup)
{
    const struct odva_latents *latents = &setup->latents;
    const struct odva_grid *grid = d->grid = &latents->grid;
    struct odva_matrix z = {noisy_clip(current, grid), 0, ODVA_PATCH_SAMPLES, ODVA_FLOAT32};
    int32_t *tokens = golden_ints(&golden, prefix, "tokens");
    float *t = golden_floats(&golden, prefix, "t");

    for (int i = 0; i < grid->tile_count; i++)
        assert_int_equal(latents->tiles[i].tokens, tokens[i]);
    clip_new(&d->clip, grid->frames, grid->width, grid->height);
    const_pictures(d->pictures, &d->clip, grid->frames);
    assert_int_equal(host_invert(&d->path, latents, setup->y, NULL, d->clip.pictures), ONEDVA_OK);
    check_base(d, prefix);
    set_decoder_clip(d, latents);
    assert_int_equal(odva_diffusion_decoder_run(&d->decoder, t[0], z), ONEDVA_OK);
    check_prediction(d, prefix, "noisy");
    assert_int_equal(odva_diffusion_decoder_run(&d->decoder, 0.0f, z), ONEDVA_OK);
    check_prediction(d, prefix, "mean");
    current->ops->free(current, z.buffer);
    free(d->clip.data);
    free(tokens);
    free(t);
}

static void check_decoder(struct odva_backend *backend)
{
    struct decoding d;

    current = backend;
    assert_int_equal(odva_linear_path_open(&d.path, model, backend), ONEDVA_OK);
    assert_int_equal(odva_diffusion_decoder_open(&d.decoder, model, backend), ONEDVA_OK);
    for (int i = 0; i < 2 * CASES; i++) {
        struct setup setup;
        char prefix[8];

        snprintf(prefix, sizeof(prefix), "%d.", i % CASES);
        setup_open(&setup, prefix);
        check_decoder_case(&d, prefix, &setup);
        setup_close(&setup);
    }
    odva_diffusion_decoder_close(&d.decoder);
    odva_linear_path_close(&d.path);
}

/* ---- sampler ----------------------------------------------------------------------------- */

/* Samples that lie on a rounding border may differ by one; with no steps there is none. */
static void compare_pictures(const struct clip *clip, const char *name, int steps)
{
    const struct odva_tensor *expected = golden_find(&golden, "pictures.", name);
    size_t different = 0;

    assert_int_equal(expected->count, clip->size);
    for (size_t i = 0; i < clip->size; i++) {
        const int d = clip->data[i] - expected->data[i];

        if (steps ? d < -1 || d > 1 : d != 0)
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
    const struct odva_grid *grid;
    struct setup setup;
    struct networks networks;
    struct clip clip;

    setup_open(&setup, "pictures.");
    grid = &setup.latents.grid;
    clip_new(&clip, grid->frames, grid->width, grid->height);
    networks_open(&networks, model, backend);
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        const struct odva_sampler_params params = {.qidx = setup.latents.qidx,
                                                   .steps = runs[i].steps,
                                                   .sampler = runs[i].sampler,
                                                   .seed = SEED};

        memset(clip.data, 0, clip.size);
        assert_int_equal(host_invert(&networks.path, &setup.latents, setup.y, NULL, clip.pictures),
                         ONEDVA_OK);
        assert_int_equal(host_refine(&networks.sampler, &setup.latents, &params, clip.pictures),
                         ONEDVA_OK);
        compare_pictures(&clip, runs[i].name, runs[i].steps);
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
    struct odva_latents latents = {.qidx = size[3], .smoothing = SMOOTHING};
    struct odva_deblocking deblocking = {0};
    struct clip clip;

    assert_int_equal(odva_grid_init(&latents.grid, size[0], size[1], size[2], 1), ONEDVA_OK);
    clip_new(&clip, size[0], size[1], size[2]);
    fill_tokens(&clip, size[1], size[2]);
    assert_int_equal(host_deblock(&deblocking, backend, clip.pictures, &latents, size[0]),
                     ONEDVA_OK);
    assert_int_equal(expected->count, clip.size);
    assert_memory_equal(clip.data, expected->data, clip.size);
    free(clip.data);
    free(size);
    odva_deblocking_free(&deblocking, backend);
    odva_grid_free(&latents.grid);
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
