/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Estimated displacements against motion that is known. */
#include "motion/motion_estimation.h"

#include "tests/support/backend.h"
#include "tests/support/textured_still.h"

#define SPACING 32

/* A clip of luma with its pyramids. */
struct sequence {
    struct clip clip;
    struct odva_luma_pyramid pyramid[ONEDVA_MAX_CLIP_FRAMES];
};

static void sequence_init(struct sequence *s, int frames, int width, int height)
{
    *s = (struct sequence){0};
    clip_alloc(&s->clip, frames, width, height);
}

static void sequence_free(struct sequence *s)
{
    for (int t = 0; t < s->clip.frames; t++)
        odva_luma_pyramid_free(&s->pyramid[t]);
    clip_free(&s->clip);
}

static uint8_t *luma_row(const struct sequence *s, int t, int y)
{
    return s->clip.picture[t].data[0] + y * s->clip.picture[t].stride[0];
}

static void estimate(struct odva_motion_estimation *e, struct sequence *s, int reference,
                     int spacing)
{
    for (int t = 0; t < s->clip.frames; t++)
        assert_int_equal(odva_luma_pyramid_of_frame(&s->pyramid[t], test_backend,
                                                    &s->clip.const_picture[t], s->clip.width,
                                                    s->clip.height),
                         ONEDVA_OK);
    e->backend = test_backend;
    e->pool = test_threads(2);
    assert_int_equal(odva_motion_estimate(e, s->pyramid, s->clip.frames, reference, spacing),
                     ONEDVA_OK);
    for (int t = 0; t < s->clip.frames; t++)
        for (int n = 0; n < e->mesh[t].columns * e->mesh[t].rows; n++)
            assert_true(isfinite(e->mesh[t].d[n][0]) && isfinite(e->mesh[t].d[n][1]));
}

/* ---- cameras ---- */

static void draw_camera(struct sequence *s, const struct still *still, const struct camera *camera)
{
    for (int t = 0; t < s->clip.frames; t++) {
        for (int y = 0; y < s->clip.height; y++) {
            uint8_t *row = luma_row(s, t, y);

            for (int x = 0; x < s->clip.width; x++) {
                double d[2];

                camera_displacement(camera, t, x, y, d);
                row[x] = to_sample(still_at(still, x + d[0], y + d[1]));
            }
        }
    }
}

struct distance {
    double mesh_mean, mesh_most, affine_mean; /* luma samples */
};

/* From the truth, at places whose content the reference frame shows, too. */
static struct distance distance_of(const struct odva_motion_estimation *e,
                                   const struct camera *camera)
{
    struct distance distance = {0};
    int count = 0;

    for (int t = 0; t < e->frames; t++) {
        for (int y = 4; y < e->height - 4; y += 8) {
            for (int x = 4; x < e->width - 4; x += 8) {
                float mesh[2], affine[2];
                double truth[2], error;

                camera_displacement(camera, t, x, y, truth);
                if (x + truth[0] < 0 || y + truth[1] < 0 || x + truth[0] > e->width ||
                    y + truth[1] > e->height)
                    continue;
                odva_mesh_at(&e->mesh[t], (float)x, (float)y, mesh);
                odva_affine_at(&e->affine[t], e->width, e->height, (float)x, (float)y, affine);
                error = hypot(mesh[0] - truth[0], mesh[1] - truth[1]);
                distance.mesh_mean += error;
                distance.mesh_most = fmax(distance.mesh_most, error);
                distance.affine_mean += hypot(affine[0] - truth[0], affine[1] - truth[1]);
                count++;
            }
        }
    }
    assert_true(count > 0);
    distance.mesh_mean /= count;
    distance.affine_mean /= count;
    return distance;
}

static void check_camera(struct odva_motion_estimation *e, struct camera camera, int width,
                         int height, double noise)
{
    struct random random = {9};
    struct distance distance;
    struct sequence s;
    struct still still;

    still_init(&still, 4);
    sequence_init(&s, 5, width, height);
    camera.width = width;
    camera.height = height;
    camera.origin = 2;
    draw_camera(&s, &still, &camera);
    for (int t = 0; noise > 0 && t < s.clip.frames; t++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                luma_row(&s, t, y)[x] =
                    to_sample(luma_row(&s, t, y)[x] + noise * (2 * random_unit(&random) - 1));
    estimate(e, &s, camera.origin, SPACING);
    distance = distance_of(e, &camera);
    print_message("pan %.1f, %.1f zoom %.3f angle %.3f noise %.0f at %dx%d: mesh %.3f, at most "
                  "%.3f; affine %.3f\n",
                  camera.pan_x, camera.pan_y, camera.zoom, camera.angle, noise, width, height,
                  distance.mesh_mean, distance.mesh_most, distance.affine_mean);
    assert_true(distance.mesh_mean < 0.15);
    assert_true(distance.mesh_most < 1);
    assert_true(distance.affine_mean < 0.25);
    sequence_free(&s);
}

static void pans(void **state)
{
    struct odva_motion_estimation e = {0};

    (void)state;
    for (int pan = 1; pan <= 12; pan++)
        check_camera(&e, (struct camera){.pan_x = pan, .pan_y = pan % 3 - 1, .zoom = 1}, 160, 96,
                     0);
    check_camera(&e, (struct camera){.pan_x = -2.4, .pan_y = 1.3, .zoom = 1}, 240, 160, 0);
    odva_motion_estimation_free(&e);
}

static void zooms_and_turns(void **state)
{
    struct odva_motion_estimation e = {0};

    (void)state;
    check_camera(&e, (struct camera){.zoom = 1.01}, 160, 96, 0);
    check_camera(&e, (struct camera){.zoom = 0.99}, 160, 96, 0);
    check_camera(&e, (struct camera){.zoom = 1, .angle = 0.01}, 160, 96, 0);
    check_camera(&e, (struct camera){.pan_x = 1.5, .zoom = 1.005, .angle = -0.008}, 240, 160, 0);
    odva_motion_estimation_free(&e);
}

static void noise(void **state)
{
    struct odva_motion_estimation e = {0};

    (void)state;
    check_camera(&e, (struct camera){.zoom = 1}, 160, 96, 4);
    check_camera(&e, (struct camera){.pan_x = 3, .pan_y = -1, .zoom = 1}, 160, 96, 4);
    odva_motion_estimation_free(&e);
}

/* ---- objects ---- */

/* A textured square that moves by (dx, dy) a frame; the background rests. */
struct object {
    double x, y; /* centre in the reference frame */
    double dx, dy;
};

#define OBJECT_SIDE 84

static const struct object objects[2] = {{66, 72, 2, 0.5}, {212, 72, -1, -1.5}};

static int covers(const struct object *object, int n, double x, double y)
{
    return fabs(x - object->x - n * object->dx) < OBJECT_SIDE / 2.0 &&
           fabs(y - object->y - n * object->dy) < OBJECT_SIDE / 2.0;
}

static void draw_objects(struct sequence *s, int reference)
{
    struct still still[3];

    for (uint64_t i = 0; i < 3; i++)
        still_init(&still[i], 20 + i);
    for (int t = 0; t < s->clip.frames; t++) {
        const int n = t - reference;

        for (int y = 0; y < s->clip.height; y++) {
            for (int x = 0; x < s->clip.width; x++) {
                double value = still_at(&still[2], x, y);

                for (int i = 0; i < 2; i++)
                    if (covers(&objects[i], n, x, y))
                        value = still_at(&still[i], x - n * objects[i].dx, y - n * objects[i].dy);
                luma_row(s, t, y)[x] = to_sample(value);
            }
        }
    }
}

/* Mean distance of a mesh from a displacement over a square. */
static double mean_distance(const struct odva_displacement_mesh *mesh, double cx, double cy,
                            double radius, double dx, double dy)
{
    double sum = 0;
    int count = 0;

    for (double y = cy - radius; y <= cy + radius; y += 4) {
        for (double x = cx - radius; x <= cx + radius; x += 4) {
            float d[2];

            odva_mesh_at(mesh, (float)x, (float)y, d);
            sum += hypot(d[0] - dx, d[1] - dy);
            count++;
        }
    }
    return sum / count;
}

/* A smooth mesh lags behind objects, the more the further they go, but it does follow each; the
 * background between them stays. */
static void objects_on_their_own(void **state)
{
    struct odva_motion_estimation e = {0};
    const int reference = 3;
    struct sequence s;

    (void)state;
    sequence_init(&s, 7, 278, 144);
    draw_objects(&s, reference);
    estimate(&e, &s, reference, 16);
    for (int t = 0; t < s.clip.frames; t++) {
        const int n = t - reference;
        const double rest = mean_distance(&e.mesh[t], 139, 72, 8, 0, 0);

        for (int i = 0; i < 2; i++) {
            const double error = mean_distance(&e.mesh[t], objects[i].x + n * objects[i].dx,
                                               objects[i].y + n * objects[i].dy, 20,
                                               -n * objects[i].dx, -n * objects[i].dy);

            print_message("frame %d, object %d: %.3f, background %.3f\n", t, i, error, rest);
            assert_true(error <= 0.5 * hypot(n * objects[i].dx, n * objects[i].dy));
            assert_true(error < 0.5 || abs(n) > 1);
        }
        assert_true(rest < 0.5);
    }
    sequence_free(&s);
    odva_motion_estimation_free(&e);
}

/* ---- nothing to find ---- */

static const int tiny[][2] = {{1, 1}, {2, 2}, {16, 16}, {17, 33}, {64, 8}, {100, 1}, {192, 161}};

static void assert_no_motion(const struct odva_motion_estimation *e, double tolerance)
{
    for (int t = 0; t < e->frames; t++) {
        for (int k = 0; k < 2; k++) {
            for (int m = 0; m < 3; m++)
                assert_true(fabs(e->affine[t].c[m][k]) <= tolerance);
            for (int n = 0; n < e->mesh[t].columns * e->mesh[t].rows; n++)
                assert_true(fabs(e->mesh[t].d[n][k]) <= tolerance);
        }
    }
}

/* Flat frames, the same or not, and a texture that rests. */
static void no_motion(void **state)
{
    struct odva_motion_estimation e = {0};
    struct still still;

    (void)state;
    still_init(&still, 6);
    for (size_t i = 0; i < sizeof(tiny) / sizeof(*tiny); i++) {
        for (int kind = 0; kind < 3; kind++) {
            const struct camera at_rest = {.zoom = 1};
            struct sequence s;

            sequence_init(&s, 3, tiny[i][0], tiny[i][1]);
            if (kind == 2)
                draw_camera(&s, &still, &at_rest);
            for (int t = 0; kind < 2 && t < s.clip.frames; t++)
                for (int y = 0; y < s.clip.height; y++)
                    memset(luma_row(&s, t, y), kind ? 60 * t : 77, s.clip.width);
            estimate(&e, &s, 1, SPACING);
            assert_no_motion(&e, 0);
            sequence_free(&s);
        }
    }
    odva_motion_estimation_free(&e);
}

/* Frames that have nothing in common, of every size: finite, and no larger than the limits. */
static void nothing_in_common(void **state)
{
    struct odva_motion_estimation e = {0};
    struct random random = {8};

    (void)state;
    for (size_t i = 0; i < sizeof(tiny) / sizeof(*tiny); i++) {
        const int frames = 2 + 7 * (int)(i % 3);
        struct sequence s;

        sequence_init(&s, frames, tiny[i][0], tiny[i][1]);
        for (int t = 0; t < frames; t++)
            for (int y = 0; y < s.clip.height; y++)
                for (int x = 0; x < s.clip.width; x++)
                    luma_row(&s, t, y)[x] = (uint8_t)random_below(&random, 256);
        estimate(&e, &s, random_below(&random, frames), 16 << i % 4);
        sequence_free(&s);
    }
    odva_motion_estimation_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pans),      cmocka_unit_test(zooms_and_turns),
        cmocka_unit_test(noise),     cmocka_unit_test(objects_on_their_own),
        cmocka_unit_test(no_motion), cmocka_unit_test(nothing_in_common),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
