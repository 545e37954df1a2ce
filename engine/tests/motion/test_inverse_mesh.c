/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A field after its inverse leaves every place where it was. */
#include <math.h>

#include "motion/inverse_mesh.h"
#include "tests/support/test.h"

#define COLUMNS 9
#define ROWS    7

/* The largest distance of q + G(q) from p, q being the inverse's place of p. */
static double worst_round_trip(const struct odva_displacement_mesh *mesh, int margin)
{
    double worst = 0;

    for (int y = -margin; y < (mesh->rows - 1) * mesh->spacing + margin; y += 3) {
        for (int x = -margin; x < (mesh->columns - 1) * mesh->spacing + margin; x += 3) {
            float d[2], g[2];

            odva_mesh_invert_at(mesh, (float)x, (float)y, d);
            odva_mesh_at(mesh, (float)x + d[0], (float)y + d[1], g);
            worst = fmax(worst, hypot(d[0] + g[0], d[1] + g[1]));
        }
    }
    return worst;
}

/* A translation of up to 40 samples, and waves whose slope is the steepest one at most in any
 * direction: each component has half of it along each axis. */
static void random_smooth_mesh(struct random *random, float steepest,
                               struct odva_displacement_mesh *mesh)
{
    const float height = steepest / 2 * (float)mesh->spacing;
    float phase[6];

    for (int i = 0; i < 6; i++)
        phase[i] = (float)(6.28 * random_unit(random));
    for (int j = 0; j < mesh->rows; j++) {
        for (int i = 0; i < mesh->columns; i++) {
            for (int k = 0; k < 2; k++)
                mesh->d[j * mesh->columns + i][k] =
                    40 * cosf(phase[k]) +
                    height * (sinf((float)i + phase[2 + k]) + sinf((float)j + phase[4 + k]));
        }
    }
}

static void smooth_meshes_are_inverted(void **state)
{
    float d[COLUMNS * ROWS][2];
    struct random random = {5};

    (void)state;
    for (int i = 0; i < 240; i++) {
        const float steepest = 0.15f * (float)(1 + i / 4 % 4);
        struct odva_displacement_mesh mesh = {
            .spacing = 16 << i % 4, .columns = COLUMNS, .rows = ROWS, .d = d};
        double worst;

        random_smooth_mesh(&random, steepest, &mesh);
        worst = worst_round_trip(&mesh, 50);
        /* the last step was below 1/64, and the next one is that times the slope */
        if (!(worst <= steepest / 64))
            fail_msg("mesh %d, slopes of %.2f, nodes %d apart: %.4f samples", i, steepest,
                     mesh.spacing, worst);
    }
}

static void translation_is_exact(void **state)
{
    float d[COLUMNS * ROWS][2];
    const struct odva_displacement_mesh mesh = {
        .spacing = 32, .columns = COLUMNS, .rows = ROWS, .d = d};

    (void)state;
    for (int n = 0; n < COLUMNS * ROWS; n++) {
        d[n][0] = -17.25f;
        d[n][1] = 3.5f;
    }
    assert_true(worst_round_trip(&mesh, 200) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smooth_meshes_are_inverted),
        cmocka_unit_test(translation_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
