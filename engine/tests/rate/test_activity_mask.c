/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>

#include "rate/activity_mask.h"
#include "tests/support/codec.h"
#include "tests/support/random_model.h"

/* The same waves in both tiles, faint on the left. */
static void draw_halves(struct clip *clip)
{
    for (int t = 0; t < clip->frames; t++)
        for (int plane = 0; plane < 3; plane++)
            for (int y = 0; y < plane_height(clip, plane); y++)
                for (int x = 0; x < plane_width(clip, plane); x++) {
                    const double wave = sin(0.07 * x + 0.3 * t) * sin(0.11 * y + 0.001 * x * y);
                    clip->picture[t].data[plane][y * clip->picture[t].stride[plane] + x] =
                        (uint8_t)(128 + (x < plane_width(clip, plane) / 2 ? 12 : 90) * wave);
                }
}

/* @param coefficients of the two superblocks */
static void encode_halves(double aq, int *coefficients)
{
    struct onedva_tiles tiles;
    struct codec codec;
    struct clip clip;

    codec_init(&codec, 256, 128);
    codec.encoder_settings.crf = 40;
    codec.encoder_settings.aq = aq;
    codec_open(&codec);
    clip_alloc(&clip, 4, 256, 128);
    draw_halves(&clip);
    encode(&codec, &clip);
    assert_int_equal(onedva_encoder_get_tiles(codec.encoder, &tiles), ONEDVA_OK);
    assert_int_equal(tiles.columns * tiles.rows, 2);
    coefficients[0] = coefficients[1] = 0;
    for (int i = 0; i < tiles.count; i++)
        coefficients[tiles.tile[i].superblock] += tiles.tile[i].coefficients;
    clip_free(&clip);
    codec_close(&codec);
}

static void active_tiles_end_sooner(void **state)
{
    int plain[2], masked[2];

    (void)state;
    encode_halves(0, plain);
    encode_halves(1, masked);
    assert_true(masked[1] < plain[1]);
    assert_true(masked[0] >= plain[0]);
}

/* Three superblocks of one basis coefficient, of all 1536 that there could be, that is twice as
 * large in each. */
struct superblocks {
    struct onedva_model *model;
    struct odva_scan_cache scans;
    struct odva_latents latents;
    float y[3 * 256];
};

/* @param splits of each */
static void superblocks_open(struct superblocks *s, uint32_t splits)
{
    s->model = random_model_new(1, 1);
    s->scans = (struct odva_scan_cache){.model = s->model};
    s->latents = (struct odva_latents){0};
    assert_int_equal(odva_latents_set_size(&s->latents, &s->scans, ODVA_DETAILS - 1,
                                           (struct odva_clip_size){16, 3 * 128, 128}),
                     ONEDVA_OK);
    for (int i = 0; i < 3; i++)
        s->latents.splits[i] = splits;
    odva_latents_set_partition(&s->latents);
    for (int i = 0; i < s->latents.grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &s->latents.tiles[i];
        const int means = (8 * tile->coefficients + 255) / 256;

        for (int c = 0; c < tile->coefficients; c++)
            s->y[tile->offset + c] =
                c < means ? 4000 : 40 * powf(2, (float)s->latents.grid.tiles[i].superblock);
    }
}

static void superblocks_close(struct superblocks *s)
{
    odva_latents_free(&s->latents);
    odva_scan_cache_free(&s->scans);
    random_model_free(s->model);
}

static void weigh(const struct superblocks *s, double strength, double weight[3])
{
    odva_activity_measure(&s->latents, s->y, weight);
    odva_activity_weights(weight, 3, strength);
}

static void weights_are_powers_of_activity(void **state)
{
    static struct superblocks superblocks;
    double weight[3], half[3];

    (void)state;
    superblocks_open(&superblocks, 0);
    weigh(&superblocks, 1, weight);
    weigh(&superblocks, 0.5, half);
    assert_true(fabs(weight[0] * weight[1] * weight[2] - 1) < 1e-6);
    assert_true(fabs(weight[2] / weight[1] - 4) < 0.01 && fabs(weight[1] / weight[0] - 4) < 0.01);
    for (int i = 0; i < 3; i++)
        assert_true(fabs(half[i] * half[i] - weight[i]) < 1e-6);
    superblocks_close(&superblocks);
}

/* How a superblock is cut does not change its weight, where as much of it is above its means. */
static void weights_are_of_superblocks(void **state)
{
    static const uint32_t splits[] = {1, 0x1f, ODVA_ALL_SPLIT, 0x5};
    static struct superblocks whole, cut;
    double weight[3], other[3];

    (void)state;
    superblocks_open(&whole, 0);
    weigh(&whole, 1, weight);
    for (size_t n = 0; n < sizeof(splits) / sizeof(splits[0]); n++) {
        superblocks_open(&cut, splits[n]);
        weigh(&cut, 1, other);
        /* the means of single patches are rounded up to a coefficient of four */
        for (int i = 0; i < 3; i++)
            assert_true(fabs(other[i] / weight[i] - 1) < 1e-3);
        superblocks_close(&cut);
    }
    superblocks_close(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_powers_of_activity),
        cmocka_unit_test(weights_are_of_superblocks),
        cmocka_unit_test(active_tiles_end_sooner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
