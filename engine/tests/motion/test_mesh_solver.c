/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Planted fields are found: in exact quadratic problems, and between pictures. */
#include "motion/mesh_solver.h"

#include "kernels/host_pictures.h"
#include "tests/support/backend.h"
#include "tests/support/textured_still.h"

#define WIDTH   160
#define HEIGHT  96
#define COLUMNS (WIDTH / 4) /* of blocks */
#define ROWS    (HEIGHT / 4)
#define SPACING 32 /* of the mesh, samples of the level */
#define NODES   ((WIDTH / SPACING + 1) * (HEIGHT / SPACING + 1))

/* A field at a place of the level, samples of the level. */
typedef void (*field_fn)(const void *field, float scale, float x, float y, float d[2]);

static void affine_field(const void *field, float scale, float x, float y, float d[2])
{
    odva_affine_at(field, WIDTH, HEIGHT, x, y, d);
    d[0] /= scale;
    d[1] /= scale;
}

static void mesh_field(const void *field, float scale, float x, float y, float d[2])
{
    odva_mesh_at(field, x * scale, y * scale, d);
    d[0] /= scale;
    d[1] /= scale;
}

struct problem {
    struct odva_structure_tensor tensors[ROWS * COLUMNS];
    float weights[ROWS * COLUMNS];
    struct odva_alignment alignment;
    uint8_t a[WIDTH * HEIGHT], b[WIDTH * HEIGHT];
};

static void problem_init(struct problem *p, float weight)
{
    memset(p, 0, sizeof(*p));
    for (int i = 0; i < ROWS * COLUMNS; i++)
        p->weights[i] = weight;
    p->alignment = (struct odva_alignment){.columns = COLUMNS,
                                           .rows = ROWS,
                                           .width = WIDTH,
                                           .height = HEIGHT,
                                           .tensors = p->tensors,
                                           .weights = p->weights};
}

/* Differences that random gradients would give where wanted and have differ, to first order. */
static void plant_tensors(struct problem *p, struct random *random, field_fn field,
                          const void *wanted, const void *have, float scale)
{
    for (int j = 0; j < ROWS; j++) {
        for (int i = 0; i < COLUMNS; i++) {
            struct odva_structure_tensor *t = &p->tensors[j * COLUMNS + i];
            float u[2], v[2], gap[2];

            *t = (struct odva_structure_tensor){0};
            for (int k = 0; k < 4; k++) {
                const int x = random_below(random, 4001) - 2000;
                const int y = random_below(random, 4001) - 2000;
                t->xx += x * x;
                t->xy += x * y;
                t->yy += y * y;
            }
            field(wanted, scale, (float)(4 * i + 2), (float)(4 * j + 2), u);
            field(have, scale, (float)(4 * i + 2), (float)(4 * j + 2), v);
            for (int k = 0; k < 2; k++)
                gap[k] = (u[k] - v[k]) / 4;
            t->xe = -(int32_t)lrintf((float)t->xx * gap[0] + (float)t->xy * gap[1]);
            t->ye = -(int32_t)lrintf((float)t->xy * gap[0] + (float)t->yy * gap[1]);
        }
    }
}

static void draw(uint8_t *plane, const struct still *still, field_fn field, const void *of,
                 float scale)
{
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            float d[2];

            field(of, scale, (float)x, (float)y, d);
            plane[y * WIDTH + x] = to_sample(still_at(still, x + d[0], y + d[1]));
        }
    }
}

/* The tensors of a still as two fields show it. */
static void compare_pictures(struct problem *p, struct odva_backend *backend,
                             const struct still *still, field_fn field, const void *wanted,
                             const void *have, float scale)
{
    draw(p->a, still, field, wanted, scale);
    draw(p->b, still, field, have, scale);
    assert_int_equal(
        odva_host_structure_tensors(backend, p->tensors, p->a, WIDTH, p->b, WIDTH, WIDTH, HEIGHT),
        ONEDVA_OK);
}

/* The largest distance of two fields at blocks' centres, samples of the level. */
static double distance(field_fn field, const void *a, const void *b, float scale)
{
    double worst = 0;

    for (int y = 2; y < HEIGHT; y += 4) {
        for (int x = 2; x < WIDTH; x += 4) {
            float u[2], v[2];

            field(a, scale, (float)x, (float)y, u);
            field(b, scale, (float)x, (float)y, v);
            worst = fmax(worst, hypot(u[0] - v[0], u[1] - v[1]));
        }
    }
    return worst;
}

static void random_affine(struct random *random, struct odva_affine *affine, double size)
{
    for (int m = 0; m < 3; m++)
        for (int k = 0; k < 2; k++)
            affine->c[m][k] = (float)(size * (2 * random_unit(random) - 1));
}

static struct odva_displacement_mesh mesh_of(float (*d)[2], float scale)
{
    return (struct odva_displacement_mesh){.spacing = SPACING * (int)scale,
                                           .columns = WIDTH / SPACING + 1,
                                           .rows = HEIGHT / SPACING + 1,
                                           .d = d};
}

static void random_mesh(struct random *random, struct odva_displacement_mesh *mesh, double size)
{
    for (int n = 0; n < NODES; n++)
        for (int k = 0; k < 2; k++)
            mesh->d[n][k] = (float)(size * (2 * random_unit(random) - 1));
}

static void affine_of_a_quadratic(void **state)
{
    static struct problem problem;
    struct random random = {1};

    (void)state;
    problem_init(&problem, 0.7f);
    for (int scale = 1; scale <= 8; scale *= 2) {
        struct odva_affine wanted, found = {0};

        random_affine(&random, &wanted, scale);
        for (int step = 0; step < 4; step++) {
            plant_tensors(&problem, &random, affine_field, &wanted, &found, (float)scale);
            odva_affine_step(&found, &problem.alignment, (float)scale);
        }
        assert_true(distance(affine_field, &wanted, &found, (float)scale) < 1e-3);
    }
}

static void mesh_of_a_quadratic(void **state)
{
    static struct problem problem;
    struct odva_mesh_solver solver = {0};
    struct random random = {2};

    (void)state;
    problem_init(&problem, 0.7f);
    for (int scale = 1; scale <= 4; scale *= 2) {
        float wanted_d[NODES][2], found_d[NODES][2] = {{0}}, smooth_d[NODES][2] = {{0}};
        struct odva_displacement_mesh wanted = mesh_of(wanted_d, (float)scale);
        struct odva_displacement_mesh found = mesh_of(found_d, (float)scale);
        const struct odva_displacement_mesh smooth = mesh_of(smooth_d, (float)scale);

        random_mesh(&random, &wanted, 2 * scale);
        for (int step = 0; step < 6; step++) {
            plant_tensors(&problem, &random, mesh_field, &wanted, &found, (float)scale);
            assert_int_equal(
                odva_mesh_step(&solver, &found, &problem.alignment, &smooth, (float)scale, 0),
                ONEDVA_OK);
        }
        assert_true(distance(mesh_field, &wanted, &found, (float)scale) < 1e-2);
    }
    odva_mesh_solver_free(&solver);
}

static void affine_between_pictures(void **state)
{
    static struct problem problem;
    struct odva_backend *backend = test_backend;
    struct random random = {3};

    (void)state;
    problem_init(&problem, 1);
    for (uint64_t i = 0; i < 4; i++) {
        const float scale = (float)(1 << i % 3);
        struct odva_affine wanted, found = {0};
        struct still still;

        still_init(&still, i);
        random_affine(&random, &wanted, 0.7 * scale);
        for (int step = 0; step < 5; step++) {
            compare_pictures(&problem, backend, &still, affine_field, &wanted, &found, scale);
            odva_affine_step(&found, &problem.alignment, scale);
        }
        assert_true(distance(affine_field, &wanted, &found, scale) < 0.02);
    }
}

static void mesh_between_pictures(void **state)
{
    static struct problem problem;
    struct odva_backend *backend = test_backend;
    struct odva_mesh_solver solver = {0};
    struct random random = {4};

    (void)state;
    problem_init(&problem, 1);
    for (uint64_t i = 0; i < 4; i++) {
        const float scale = (float)(1 << i % 3);
        float wanted_d[NODES][2], found_d[NODES][2] = {{0}}, smooth_d[NODES][2] = {{0}};
        struct odva_displacement_mesh wanted = mesh_of(wanted_d, scale);
        struct odva_displacement_mesh found = mesh_of(found_d, scale);
        const struct odva_displacement_mesh smooth = mesh_of(smooth_d, scale);
        struct still still;

        still_init(&still, 10 + i);
        random_mesh(&random, &wanted, scale);
        for (int step = 0; step < 8; step++) {
            compare_pictures(&problem, backend, &still, mesh_field, &wanted, &found, scale);
            assert_int_equal(odva_mesh_step(&solver, &found, &problem.alignment, &smooth, scale, 1),
                             ONEDVA_OK);
        }
        assert_true(distance(mesh_field, &wanted, &found, scale) < 0.1);
    }
    odva_mesh_solver_free(&solver);
}

/* Few blocks, as on a coarse level: one part that moves on its own does not turn the others. */
static void part_of_few_blocks(void **state)
{
    enum { FEW_COLUMNS = 7, FEW_ROWS = 4 };
    struct odva_structure_tensor tensors[FEW_ROWS * FEW_COLUMNS];
    float weights[FEW_ROWS * FEW_COLUMNS];
    const struct odva_alignment alignment = {.columns = FEW_COLUMNS,
                                             .rows = FEW_ROWS,
                                             .width = 4 * FEW_COLUMNS,
                                             .height = 4 * FEW_ROWS,
                                             .tensors = tensors,
                                             .weights = weights};
    struct odva_affine affine = {{{0}}};
    float corner[2];

    (void)state;
    for (int n = 0; n < FEW_ROWS * FEW_COLUMNS; n++) {
        const int moves = n / FEW_COLUMNS < 2 && n % FEW_COLUMNS < 2;

        weights[n] = 1;
        tensors[n] = (struct odva_structure_tensor){.xx = 16000, .yy = 16000};
        if (moves)
            tensors[n].ye = -2 * tensors[n].yy / 4;
    }
    odva_affine_step(&affine, &alignment, 1);
    odva_affine_at(&affine, alignment.width, alignment.height, (float)alignment.width,
                   (float)alignment.height, corner);
    assert_true(fabsf(corner[1]) < 0.5f);
    assert_true(affine.c[0][1] > 0.2f);
}

/* Without data a mesh rests on the smooth field, and one that is off it comes back to it. */
static void nothing_weighs_anything(void **state)
{
    static struct problem problem;
    struct odva_mesh_solver solver = {0};
    struct random random = {5};
    float d[NODES][2], smooth_d[NODES][2];
    struct odva_displacement_mesh mesh = mesh_of(d, 2), smooth = mesh_of(smooth_d, 2);
    struct odva_affine affine = {{{0}}}, wanted;
    double last;

    (void)state;
    problem_init(&problem, 0);
    random_affine(&random, &wanted, 3);
    plant_tensors(&problem, &random, affine_field, &wanted, &affine, 2);
    odva_affine_step(&affine, &problem.alignment, 2);
    for (int m = 0; m < 3; m++)
        for (int k = 0; k < 2; k++)
            assert_true(affine.c[m][k] == 0);

    random_mesh(&random, &smooth, 20);
    memcpy(d, smooth_d, sizeof(d));
    assert_int_equal(odva_mesh_step(&solver, &mesh, &problem.alignment, &smooth, 2, 1000),
                     ONEDVA_OK);
    assert_memory_equal(d, smooth_d, sizeof(d));

    for (int n = 0; n < NODES; n++)
        d[n][0] += (float)(10 * random_unit(&random));
    last = distance(mesh_field, &mesh, &smooth, 2);
    for (int step = 0; step < 100; step++)
        assert_int_equal(odva_mesh_step(&solver, &mesh, &problem.alignment, &smooth, 2, 1000),
                         ONEDVA_OK);
    assert_true(distance(mesh_field, &mesh, &smooth, 2) < 0.05 * last);
    odva_mesh_solver_free(&solver);
}

/* Flat pictures that differ in brightness pull nowhere and are no division by zero. */
static void flat_pictures(void **state)
{
    static struct problem problem;
    struct odva_mesh_solver solver = {0};
    struct odva_backend *backend = test_backend;
    float d[NODES][2] = {{0}}, smooth_d[NODES][2] = {{0}};
    struct odva_displacement_mesh mesh = mesh_of(d, 1);
    const struct odva_displacement_mesh smooth = mesh_of(smooth_d, 1);
    struct odva_affine affine = {{{0}}};

    (void)state;
    problem_init(&problem, 1);
    memset(problem.b, 255, sizeof(problem.b));
    assert_int_equal(odva_host_structure_tensors(backend, problem.tensors, problem.a, WIDTH,
                                                 problem.b, WIDTH, WIDTH, HEIGHT),
                     ONEDVA_OK);
    odva_affine_step(&affine, &problem.alignment, 1);
    for (int stiffness = 0; stiffness < 2; stiffness++)
        assert_int_equal(
            odva_mesh_step(&solver, &mesh, &problem.alignment, &smooth, 1, (float)stiffness),
            ONEDVA_OK);
    for (int k = 0; k < 2; k++) {
        for (int m = 0; m < 3; m++)
            assert_true(affine.c[m][k] == 0);
        for (int n = 0; n < NODES; n++)
            assert_true(d[n][k] == 0);
    }
    odva_mesh_solver_free(&solver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(affine_of_a_quadratic),   cmocka_unit_test(mesh_of_a_quadratic),
        cmocka_unit_test(affine_between_pictures), cmocka_unit_test(mesh_between_pictures),
        cmocka_unit_test(part_of_few_blocks),      cmocka_unit_test(nothing_weighs_anything),
        cmocka_unit_test(flat_pictures),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
