/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Compensated clips cost less than others, and pictures are added as they should be. */
#include "encoder/compensation.h"

#include "encoder/trial_coder.h"
#include "model/model.h"
#include "tests/support/backend.h"
#include "tests/support/built_in_model.h"
#include "tests/support/textured_still.h"

#define WIDTH      176
#define HEIGHT     128
#define FRAMES     3 /* of a canvas of odd size */
#define ODD_WIDTH  37
#define ODD_HEIGHT 21

static void fill(struct odva_canvas *canvas, struct random *random)
{
    assert_int_equal(odva_canvas_set_size(canvas, FRAMES, ODD_WIDTH, ODD_HEIGHT, canvas->depth),
                     ONEDVA_OK);
    for (int t = 0; t < FRAMES; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? (ODD_HEIGHT + 1) / 2 : ODD_HEIGHT); y++)
                for (int x = 0; x < (p ? (ODD_WIDTH + 1) / 2 : ODD_WIDTH); x++) {
                    uint8_t *row = canvas->picture[t].data[p] + y * canvas->picture[t].stride[p];
                    const int sample = random_below(random, 1 << canvas->depth);

                    if (canvas->depth == 8)
                        row[x] = (uint8_t)sample;
                    else
                        ((uint16_t *)row)[x] = (uint16_t)sample;
                }
}

static int sample_at(const struct odva_canvas *canvas, int t, int p, int y, int x)
{
    const uint8_t *row = canvas->picture[t].data[p] + y * canvas->picture[t].stride[p];

    return canvas->depth == 8 ? row[x] : ((const uint16_t *)row)[x];
}

static void check_sum(struct random *random, int depth)
{
    struct odva_canvas before = {.depth = depth}, sum = before, shown = before, source = before;
    struct random again = *random;

    fill(&sum, random);
    fill(&before, &again);
    fill(&shown, random);
    fill(&source, random);
    odva_compensation_add(&sum, &shown, source.const_picture, test_threads(2));
    for (int t = 0; t < FRAMES; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? (ODD_HEIGHT + 1) / 2 : ODD_HEIGHT); y++)
                for (int x = 0; x < (p ? (ODD_WIDTH + 1) / 2 : ODD_WIDTH); x++) {
                    const int wanted = sample_at(&source, t, p, y, x) +
                                       sample_at(&before, t, p, y, x) -
                                       sample_at(&shown, t, p, y, x);
                    const int most = (1 << depth) - 1;

                    assert_int_equal(sample_at(&sum, t, p, y, x),
                                     wanted < 0 ? 0 : (wanted > most ? most : wanted));
                }
    odva_canvas_free(&before);
    odva_canvas_free(&sum);
    odva_canvas_free(&shown);
    odva_canvas_free(&source);
}

static void what_was_taken_is_added(void **state)
{
    struct random random = {3};

    (void)state;
    check_sum(&random, 8);
    check_sum(&random, 10);
}

/* Squared error of the clip quantised last, as a decoder that takes so many steps shows it. */
static double error_of(struct odva_trial_coder *coder, const struct clip *clip, int steps)
{
    const struct odva_sampler_params params = {.qidx = coder->latents.qidx, .steps = steps};
    struct odva_backend *backend = coder->backend;
    struct odva_images prediction = {0}, images = {0};
    struct clip shown;
    double error;

    clip_alloc(&shown, clip->frames, clip->width, clip->height);
    assert_int_equal(odva_images_wrap(&images, backend, shown.picture, clip->frames, clip->width,
                                      clip->height, 8),
                     ONEDVA_OK);
    if (coder->prediction)
        assert_int_equal(odva_images_wrap_const(&prediction, backend, coder->prediction, 1,
                                                clip->width, clip->height, 8),
                         ONEDVA_OK);
    assert_int_equal(odva_linear_path_reconstruct(&coder->path, &coder->latents,
                                                  prediction.image[0], images.image),
                     ONEDVA_OK);
    assert_int_equal(odva_sampler_refine(&coder->sampler, &coder->latents, &params, images.image),
                     ONEDVA_OK);
    assert_int_equal(
        odva_deblock(&coder->deblocking, backend, images.image, &coder->latents, clip->frames),
        ONEDVA_OK);
    assert_int_equal(backend->ops->synchronize(backend), ONEDVA_OK);
    error = clip_mse(clip, &shown) * clip->frames * clip->width * clip->height * 1.5;
    odva_images_free(&prediction, backend);
    odva_images_free(&images, backend);
    clip_free(&shown);
    return error;
}

/* Error and bits in one number. */
static double cost_of(struct odva_trial_coder *coder, const struct clip *clip, double index,
                      double bits)
{
    return error_of(coder, clip, coder->refines) / (127.5 * 127.5) +
           ODVA_BIT * odva_rate_distortion_lambda(index) * bits;
}

/* @return cost of the compensated clip over that of the clip as it is */
static double ratio_of(struct odva_trial_coder *coder, const struct clip *clip,
                       const struct onedva_const_picture *prediction, double index)
{
    const struct odva_clip_size size = {clip->frames, clip->width, clip->height};
    double bits, plain;

    assert_int_equal(odva_trial_coder_analyse(coder, clip->const_picture, size, prediction, index),
                     ONEDVA_OK);
    assert_int_equal(odva_trial_coder_quantise(coder, index, &bits), ONEDVA_OK);
    plain = cost_of(coder, clip, index, bits);
    assert_int_equal(odva_trial_coder_compensate(coder, coder->linear, index, &bits), ONEDVA_OK);
    return cost_of(coder, clip, index, bits) / plain;
}

/* @param first which frame of the camera's way it begins with */
static void draw(struct clip *clip, int frames, int seed, int first)
{
    const struct camera camera = {
        .pan_x = 0.4, .zoom = 1.01, .width = WIDTH, .height = HEIGHT, .origin = -first};
    struct still still;

    clip_alloc(clip, frames, WIDTH, HEIGHT);
    still_init(&still, (uint64_t)seed);
    for (int t = 0; t < frames; t++)
        still_draw(&still, clip, t, camera_displacement, &camera);
}

static void check_costs(enum onedva_preset preset, double most)
{
    struct odva_backend *backend = backend_new();
    struct onedva_encoder_settings settings;
    struct odva_trial_coder coder = {0};
    double sum = 0;
    int count = 0;

    onedva_encoder_settings_default(&settings);
    settings.preset = preset;
    assert_int_equal(odva_trial_coder_open(&coder, model, backend, test_threads(2), &settings),
                     ONEDVA_OK);
    for (int seed = 0; seed < 4; seed++) {
        struct clip clip, before;

        draw(&clip, 8, seed, 0);
        draw(&before, 1, seed, -1);
        for (int index = -16; index <= 16; index += 16) {
            sum += ratio_of(&coder, &clip, NULL, index);
            sum += ratio_of(&coder, &clip, before.const_picture, index);
            count += 2;
        }
        clip_free(&clip);
        clip_free(&before);
    }
    printf("cost of compensated clips: %.4f of the others'\n", sum / count);
    assert_true(sum / count < most);
    odva_trial_coder_close(&coder);
    odva_backend_close(&backend);
}

static void compensated_clips_cost_less(void **state)
{
    (void)state;
    check_costs(ONEDVA_PRESET_MEDIUM, 0.992);
    check_costs(ONEDVA_PRESET_SLOW, 0.992);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_taken_is_added),
        cmocka_unit_test(compensated_clips_cost_less),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
