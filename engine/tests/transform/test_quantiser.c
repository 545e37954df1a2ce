/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Dequantisation as section 7 of doc/bitstream.md says it, in numbers that cannot overflow. */
#include "transform/quantiser.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/random_latents.h"
#include "tests/support/random_model.h"

#define MOST_LEVEL (INT64_C(1) << 20) /* of four refinements */

/* e >= -8, so that the shift is 10 to 27. */
static int64_t definition(int64_t m, int qidx)
{
    static const int64_t v[8] = {32768, 35734, 38968, 42495, 46341, 50535, 55109, 60097};
    const int e = (qidx + 128) / 8 - 16;
    const __int128 y = ((__int128)m * v[(qidx + 128) % 8] * 255 + ((__int128)1 << (18 - e))) /
                       ((__int128)1 << (19 - e));

    return y < (1 << 23) - 1 ? (int64_t)y : (1 << 23) - 1;
}

static void points(void **state)
{
    struct random random = {1};

    (void)state;
    for (int qidx = -64; qidx <= 71; qidx++) {
        for (int64_t point = 1; point < 3000; point++)
            assert_int_equal(odva_dequantise_exactly(point, qidx), definition(point, qidx));
        for (int i = 0; i < 3000; i++) {
            const int bits = 1 + random_below(&random, 28);
            const int64_t point = 1 + (int64_t)(random_u64(&random) >> (64 - bits));

            assert_int_equal(odva_dequantise_exactly(point, qidx), definition(point, qidx));
        }
        assert_int_equal(odva_dequantise_exactly(256 * MOST_LEVEL + 96, qidx),
                         definition(256 * MOST_LEVEL + 96, qidx));
    }
}

/* The step that encoders quantise with, in units of 1/32 of a sample's step. */
static void steps_agree(void **state)
{
    (void)state;
    for (int qidx = -64; qidx <= 63; qidx++) {
        const double step = (double)odva_quantiser_step(qidx) * ODVA_LATENT_UNITS;

        for (int level = 1; level < 100 && level * step < ODVA_LATENT_MOST; level++)
            assert_true(fabs(odva_dequantise_exactly(256 * level, qidx) - level * step) <=
                        0.5 + 2e-5 * level * step);
    }
}

/* |y| of a coefficient as the text says it. */
static int64_t magnitude(const struct odva_model_tables *tables, int b, int64_t level, int qidx,
                         int n)
{
    const int c = (b - qidx + 40 + 1024) / 4 - 256;
    const int symbol_class = c < 0 ? 0 : c > 31 ? 31 : c;
    int delta;

    if (level == 0)
        return 0;
    delta = tables->dequant_delta[symbol_class][(level < 3 ? level : 3) - 1];
    return definition(256 * level - delta + 96 - (96 >> n), qidx);
}

/* Coefficients that the last refinement has decoded, and others. */
static void check_latents(struct random *random, const struct onedva_model *model,
                          struct odva_latents *latents)
{
    int32_t *y = malloc((odva_latents_held(latents) + 1) * sizeof(*y));
    const int32_t *next = y;

    assert_non_null(y);
    for (size_t i = 0; i < odva_latents_count(latents); i++)
        latents->seen[i] = random_below(random, 3) ? ODVA_CODED | 3 : 3;
    odva_dequantise_latents(latents, &model->tables, y);
    for (int t = 0; t < latents->grid.tile_count; t++) {
        const struct odva_latent_tile *tile = &latents->tiles[t];
        const int count = odva_coefficients_of(tile, tile->tokens);

        for (int i = 0; i < count; i++) {
            const int64_t q = latents->q[tile->offset + i];
            const int is_coded = (latents->seen[tile->offset + i] & ODVA_CODED) != 0;
            const int64_t expected =
                is_coded ? magnitude(&model->tables, tile->scan->scale[i], llabs(q), latents->qidx,
                                     latents->nested)
                         : magnitude(&model->tables, tile->scan->scale[i], llabs(q) / 2,
                                     latents->qidx + 8, latents->nested + 1);

            assert_int_equal(*next++, q < 0 ? -expected : expected);
        }
    }
    assert_int_equal(next - y, odva_latents_held(latents));
    free(y);
}

static void latents_of_all_kinds(void **state)
{
    struct random random = {2};

    (void)state;
    for (int run = 0; run < 40; run++) {
        struct onedva_model *model = random_model_new(40 + run, 9);
        struct odva_scan_cache scans = {.model = model};
        struct odva_latents latents = {0};
        struct odva_layer_plan layer_plan;

        for (int c = 0; c < ODVA_SYMBOL_CLASSES; c++)
            for (int l = 0; l < 3; l++)
                model->tables.dequant_delta[c][l] = (uint8_t)random_below(&random, 256);
        random_latents(&random, &latents, &scans, 1 + random_below(&random, 16),
                       1 + random_below(&random, 160), 1 + random_below(&random, 160), &layer_plan,
                       1);
        latents.nested = random_below(&random, 4);
        latents.qidx = run % 4 ? latents.qidx : run % 8 ? ONEDVA_MIN_QIDX : ONEDVA_MAX_QIDX;
        check_latents(&random, model, &latents);
        odva_latents_free(&latents);
        odva_scan_cache_free(&scans);
        random_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points),
        cmocka_unit_test(steps_agree),
        cmocka_unit_test(latents_of_all_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
