/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The canvases of a still seen by a moving camera are the still, those of frames at rest they
 * themselves. */
#include "motion/canvas_builder.h"

#include "kernels/host_pictures.h"
#include "motion/motion_warp.h"
#include "tests/support/backend.h"
#include "tests/support/textured_still.h"

#define BLOCK 4
#define NEAR  1.5 /* samples */

struct scene {
    struct still still;
    struct camera camera;
    struct odva_motion motion;
    struct clip clip;
};

static int even_at_least(double v)
{
    const int even = 2 * (int)ceil(v / 2);

    return even < 0 ? 0 : even > ODVA_MAX_MARGIN ? ODVA_MAX_MARGIN : even;
}

/* Frames that move by whole samples. @param margins 0: the canvas is as large as the picture */
static void scene_init(struct scene *s, int width, int height, int frames, int reference, int dx,
                       int dy, int margins)
{
    struct odva_motion *motion = &s->motion;

    *s = (struct scene){0};
    still_init(&s->still, 1);
    s->camera = (struct camera){
        .pan_x = dx, .pan_y = dy, .zoom = 1, .width = width, .height = height, .origin = reference};
    clip_alloc(&s->clip, frames, width, height);
    for (int t = 0; t < frames; t++)
        still_draw(&s->still, &s->clip, t, camera_displacement, &s->camera);
    *motion = (struct odva_motion){.frames = frames,
                                   .width = width,
                                   .height = height,
                                   .reference = reference,
                                   .points = 1,
                                   .point_terms = 1};
    /* the straight line's basis goes from -1 to 1, a unit is 1/32 sample */
    motion->point[0].value[0] = (int16_t)(16 * dx * (frames - 1));
    motion->point[0].value[ODVA_MAX_TERMS] = (int16_t)(16 * dy * (frames - 1));
    if (!margins)
        return;
    motion->left = even_at_least(fmax(reference * dx, (reference - frames + 1) * dx));
    motion->right = even_at_least(fmax(-reference * dx, (frames - 1 - reference) * dx));
    motion->top = even_at_least(fmax(reference * dy, (reference - frames + 1) * dy));
    motion->bottom = even_at_least(fmax(-reference * dy, (frames - 1 - reference) * dy));
}

static void scene_free(struct scene *s)
{
    clip_free(&s->clip);
    odva_motion_free(&s->motion);
}

/* Where luma sample (x, y) of the canvas lies in a frame. */
static void place(const struct scene *s, int t, int x, int y, int at[2])
{
    const int n = t - s->camera.origin;

    at[0] = x - s->motion.left - n * (int)s->camera.pan_x;
    at[1] = y - s->motion.top - n * (int)s->camera.pan_y;
}

/* Whether a block's centre is in a frame or near it. */
static int is_shown(const struct scene *s, int t, int i, int j)
{
    int at[2];

    place(s, t, i * BLOCK + BLOCK / 2, j * BLOCK + BLOCK / 2, at);
    return at[0] >= -NEAR && at[1] >= -NEAR && at[0] <= s->clip.width + NEAR &&
           at[1] <= s->clip.height + NEAR;
}

static int visible(const struct odva_canvas_builder *b, int t, int i, int j)
{
    return b->visible[(t * b->block_rows + j) * b->block_columns + i];
}

/* The frame nearest in time that shows a block, the earlier one of two; -1: none. */
static int nearest(const struct scene *s, int t, int i, int j)
{
    int best = -1;

    for (int u = 0; u < s->clip.frames; u++)
        if (is_shown(s, u, i, j) && (best < 0 || abs(u - t) < abs(best - t)))
            best = u;
    return best;
}

static int sample(const struct odva_canvas *canvas, int t, int plane, int x, int y)
{
    return canvas->picture[t].data[plane][y * canvas->picture[t].stride[plane] + x];
}

/* Samples of a visible block that lie in the frame are the still's. @return how many were compared
 */
static int check_shown(const struct scene *s, const struct odva_canvas *canvas, int t, int plane,
                       int x, int y)
{
    const int scale = plane ? 2 : 1;
    const double u = scale * x - s->motion.left, v = scale * y - s->motion.top;
    int at[2];

    place(s, t, scale * x, scale * y, at);
    if (at[0] < 0 || at[1] < 0 || at[0] >= s->clip.width || at[1] >= s->clip.height)
        return 0;
    assert_int_equal(sample(canvas, t, plane, x, y),
                     to_sample(still_at(&s->still, u + 300 * plane, v - 200 * plane)));
    return 1;
}

/* @return samples compared with the still */
static int check_block(const struct scene *s, const struct odva_canvas_builder *b, int t, int i,
                       int j)
{
    const struct odva_canvas *canvas = &b->canvas;
    const int source = nearest(s, t, i, j) < 0 ? s->motion.reference : nearest(s, t, i, j);
    /* chroma moves by whole samples only where luma moves by even numbers of them */
    const int is_even = (int)s->camera.pan_x % 2 == 0 && (int)s->camera.pan_y % 2 == 0;
    int compared = 0;

    for (int plane = 0; plane < 3; plane++) {
        const int side = plane ? BLOCK / 2 : BLOCK;
        const int width = plane ? (canvas->width + 1) / 2 : canvas->width;
        const int height = plane ? (canvas->height + 1) / 2 : canvas->height;

        for (int y = j * side; y < (j + 1) * side && y < height; y++) {
            for (int x = i * side; x < (i + 1) * side && x < width; x++) {
                if (!is_shown(s, t, i, j))
                    assert_int_equal(sample(canvas, t, plane, x, y),
                                     sample(canvas, source, plane, x, y));
                else if (!plane || is_even)
                    compared += check_shown(s, canvas, t, plane, x, y);
            }
        }
    }
    return compared;
}

/* Canvases seen through the motion are the frames, a block's size from their edges on. */
static void check_warp_back(const struct scene *s, struct odva_canvas_builder *b, int planes)
{
    struct odva_motion_warp warp = {0};
    struct clip back;

    clip_alloc(&back, s->clip.frames, s->clip.width, s->clip.height);
    assert_int_equal(odva_motion_warp_set(&warp, &s->motion), ONEDVA_OK);
    assert_int_equal(odva_host_warp(b->backend, back.picture, b->canvas.const_picture, &warp.warp,
                                    odva_motion_warp_nodes(&warp), 8),
                     ONEDVA_OK);
    assert_true(clip_guards_hold(&back));
    for (int t = 0; t < back.frames; t++) {
        for (int plane = 0; plane < planes; plane++) {
            for (int y = BLOCK; y < plane_height(&back, plane) - BLOCK; y++) {
                const ptrdiff_t row = y * back.picture[t].stride[plane] + BLOCK;

                if (plane_width(&back, plane) > 2 * BLOCK)
                    assert_memory_equal(back.picture[t].data[plane] + row,
                                        s->clip.picture[t].data[plane] + row,
                                        plane_width(&back, plane) - 2 * BLOCK);
            }
        }
    }
    clip_free(&back);
    odva_motion_warp_free(&warp);
}

static void check_pan(struct odva_canvas_builder *b, const struct scene *s, int margins)
{
    int compared = 0;

    assert_int_equal(odva_canvas_build(b, &s->motion, s->clip.const_picture, NULL), ONEDVA_OK);
    assert_int_equal(b->canvas.frames, s->clip.frames);
    assert_int_equal(b->canvas.width, odva_motion_canvas_width(&s->motion));
    assert_int_equal(b->canvas.height, odva_motion_canvas_height(&s->motion));
    assert_int_equal(b->block_columns, (b->canvas.width + BLOCK - 1) / BLOCK);
    assert_int_equal(b->block_rows, (b->canvas.height + BLOCK - 1) / BLOCK);
    for (int t = 0; t < s->clip.frames; t++) {
        for (int j = 0; j < b->block_rows; j++) {
            for (int i = 0; i < b->block_columns; i++) {
                assert_int_equal(visible(b, t, i, j), is_shown(s, t, i, j));
                compared += check_block(s, b, t, i, j);
            }
        }
    }
    assert_true(compared > 0);
    if (margins)
        check_warp_back(s, b, (int)s->camera.pan_x % 2 || (int)s->camera.pan_y % 2 ? 1 : 3);
}

static void pans(void **state)
{
    static const struct {
        int width, height, frames, reference, dx, dy, margins;
    } pan[] = {
        {128, 64, 16, 8, 4, 0, 1}, {64, 48, 4, 0, -6, 2, 1},   {97, 51, 7, 6, 3, -5, 1},
        {33, 17, 9, 4, -2, -2, 1}, {130, 75, 5, 2, 16, 10, 1}, {65, 49, 8, 3, 4, 6, 0},
        {17, 34, 16, 8, 1, 1, 1},  {2, 2, 3, 1, 2, 0, 1},      {40, 40, 2, 1, 0, 0, 1},
    };
    struct odva_canvas_builder builder = {.backend = test_backend, .pool = test_threads(2)};

    (void)state;
    for (size_t i = 0; i < sizeof(pan) / sizeof(*pan); i++) {
        struct scene scene;

        scene_init(&scene, pan[i].width, pan[i].height, pan[i].frames, pan[i].reference, pan[i].dx,
                   pan[i].dy, pan[i].margins);
        check_pan(&builder, &scene, pan[i].margins);
        scene_free(&scene);
    }
    odva_canvas_builder_free(&builder);
}

static void draw_noise(struct clip *clip, struct random *random)
{
    for (int t = 0; t < clip->frames; t++) {
        for (int p = 0; p < 3; p++) {
            for (int y = 0; y < plane_height(clip, p); y++) {
                uint8_t *row = clip->picture[t].data[p] + y * clip->picture[t].stride[p];

                for (int x = 0; x < plane_width(clip, p); x++)
                    row[x] = (uint8_t)random_below(random, 256);
            }
        }
    }
}

/* Without motion every canvas is its frame, whatever the size. */
static void frames_at_rest(void **state)
{
    struct odva_canvas_builder b = {.backend = test_backend, .pool = test_threads(2)};
    struct random random = {1};

    (void)state;
    for (int side = 1; side < 20; side++) {
        const struct odva_motion motion = {
            .frames = 3, .width = side, .height = 1 + side * 5 % 19, .reference = 1};
        struct clip clip;

        clip_alloc(&clip, motion.frames, motion.width, motion.height);
        draw_noise(&clip, &random);
        assert_int_equal(odva_canvas_build(&b, &motion, clip.const_picture, NULL), ONEDVA_OK);
        for (int t = 0; t < clip.frames; t++) {
            const struct onedva_picture *canvas = &b.canvas.picture[t];

            for (int p = 0; p < 3; p++)
                for (int y = 0; y < plane_height(&clip, p); y++)
                    assert_memory_equal(canvas->data[p] + y * canvas->stride[p],
                                        clip.picture[t].data[p] + y * clip.picture[t].stride[p],
                                        plane_width(&clip, p));
        }
        clip_free(&clip);
    }
    odva_canvas_builder_free(&b);
}

/* A zoom: the canvases back through the motion are almost the frames. */
static void zoom_there_and_back(void **state)
{
    const int width = 131, height = 85, frames = 8, reference = 3;
    struct odva_canvas_builder b = {.backend = test_backend, .pool = test_threads(2)};
    struct odva_motion_warp warp = {0};
    struct odva_motion motion = {.frames = frames,
                                 .width = width,
                                 .height = height,
                                 .left = 12,
                                 .top = 12,
                                 .right = 12,
                                 .bottom = 12,
                                 .reference = reference,
                                 .points = 4,
                                 .point_terms = 1};
    struct clip clip, back;
    struct still still;
    double sum = 0;
    int count = 0;

    (void)state;
    /* corners move by 1 and 0.7 samples a frame */
    for (int i = 0; i < 4; i++) {
        motion.point[i].value[0] = (int16_t)(16 * (frames - 1) * (i & 1 ? 1 : -1));
        motion.point[i].value[ODVA_MAX_TERMS] =
            (int16_t)lrint(16 * (frames - 1) * (i & 2 ? 0.7 : -0.7));
    }
    still_init(&still, 2);
    clip_alloc(&clip, frames, width, height);
    clip_alloc(&back, frames, width, height);
    assert_int_equal(odva_motion_warp_set(&warp, &motion), ONEDVA_OK);
    for (int t = 0; t < frames; t++) {
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                const double n = t - reference;
                clip.picture[t].data[0][y * clip.picture[t].stride[0] + x] = to_sample(still_at(
                    &still, x + n * (2.0 * x / width - 1), y + n * 0.7 * (2.0 * y / height - 1)));
            }
        }
    }
    assert_int_equal(odva_canvas_build(&b, &motion, clip.const_picture, NULL), ONEDVA_OK);
    assert_int_equal(odva_host_warp(b.backend, back.picture, b.canvas.const_picture, &warp.warp,
                                    odva_motion_warp_nodes(&warp), 8),
                     ONEDVA_OK);
    for (int t = 0; t < frames; t++) {
        for (int y = BLOCK; y < height - BLOCK; y++) {
            for (int x = BLOCK; x < width - BLOCK; x++) {
                const int e = clip.picture[t].data[0][y * clip.picture[t].stride[0] + x] -
                              back.picture[t].data[0][y * back.picture[t].stride[0] + x];
                sum += e * e;
                count++;
            }
        }
    }
    assert_true(sum / count < 4);
    clip_free(&clip);
    clip_free(&back);
    odva_motion_warp_free(&warp);
    odva_canvas_builder_free(&b);
}

/* What a block of an inter clip's canvas shows: 0 the prediction, 1 + t frame t. */
static int shown_of(const struct odva_canvas_builder *b, int t, int i, int j)
{
    return sample(&b->canvas, t, 0, i * BLOCK, j * BLOCK) / 10 - 1;
}

/* Flat frames of a pan and a flat prediction, each of a value of its own: what a frame does not
 * show is of the picture nearest in time that does, the prediction only where it does, too, or
 * where none does. */
static void prediction_is_a_source(void **state)
{
    static const int pans[] = {8, -8};

    (void)state;
    for (int n = 0; n < 2; n++) {
        struct odva_canvas_builder b = {.backend = test_backend, .pool = test_threads(2)};
        struct clip prediction;
        struct scene s;
        int seen[2] = {0};

        /* five pictures of a path, of which the first one is the prediction's */
        scene_init(&s, 64, 32, 5, 2, pans[n], 0, 1);
        s.motion.is_inter = 1;
        s.motion.frames = 4;
        clip_alloc(&prediction, 1, odva_motion_canvas_width(&s.motion),
                   odva_motion_canvas_height(&s.motion));
        for (int t = 0; t < 4; t++)
            for (int y = 0; y < 32; y++)
                memset(s.clip.picture[t].data[0] + y * s.clip.picture[t].stride[0], 10 * (t + 2),
                       64);
        for (int y = 0; y < prediction.height; y++)
            memset(prediction.picture[0].data[0] + y * prediction.picture[0].stride[0], 10,
                   prediction.width);
        assert_int_equal(
            odva_canvas_build(&b, &s.motion, s.clip.const_picture, prediction.const_picture),
            ONEDVA_OK);
        for (int t = 0; t < 4; t++)
            for (int j = 0; j < b.block_rows; j++)
                for (int i = 0; i < b.block_columns; i++) {
                    /* of the five pictures, of which frame t is the one at t + 1 */
                    const int source = is_shown(&s, t + 1, i, j) ? t + 1 : nearest(&s, t + 1, i, j);

                    assert_int_equal(visible(&b, t, i, j), is_shown(&s, t + 1, i, j));
                    assert_int_equal(shown_of(&b, t, i, j), source < 0 ? 0 : source);
                    seen[source > 0] += source != t + 1;
                }
        /* both kinds of filling were met */
        assert_true(seen[0] > 0 && seen[1] > 0);
        clip_free(&prediction);
        odva_canvas_builder_free(&b);
        scene_free(&s);
    }
}

static void too_large(void **state)
{
    const struct odva_motion motion = {
        .frames = 2, .width = ONEDVA_MAX_DIMENSION, .height = 1, .left = 2};
    const struct onedva_const_picture none[2] = {{.data = {NULL}}};
    struct odva_canvas_builder builder = {.backend = test_backend, .pool = test_threads(2)};

    (void)state;
    assert_int_equal(odva_canvas_build(&builder, &motion, none, NULL), ONEDVA_ERR_ARGUMENT);
    odva_canvas_builder_free(&builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pans),
        cmocka_unit_test(frames_at_rest),
        cmocka_unit_test(zoom_there_and_back),
        cmocka_unit_test(prediction_is_a_source),
        cmocka_unit_test(too_large),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
