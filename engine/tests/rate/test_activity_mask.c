/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>

#include "rate/activity_mask.h"
#include "tests/support/codec.h"

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

static void weights_are_powers_of_activity(void **state)
{
    float y[3 * 64];
    struct odva_latent_tile tiles[3];
    const struct odva_latents latents = {.tiles = tiles, .grid = {.tile_count = 3}};
    double weight[3], half[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        tiles[i] = (struct odva_latent_tile){.offset = 64 * (size_t)i, .coefficients = 64};
        for (int c = 0; c < 64; c++)
            y[64 * i + c] = c < 8 ? 100 : powf(2, (float)i);
    }
    odva_activity_weights(&latents, y, 1, weight);
    odva_activity_weights(&latents, y, 0.5, half);
    assert_true(fabs(weight[0] * weight[1] * weight[2] - 1) < 1e-6);
    assert_true(fabs(weight[2] / weight[1] - 4) < 0.01 && fabs(weight[1] / weight[0] - 4) < 0.01);
    for (int i = 0; i < 3; i++)
        assert_true(fabs(half[i] * half[i] - weight[i]) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_powers_of_activity),
        cmocka_unit_test(active_tiles_end_sooner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
