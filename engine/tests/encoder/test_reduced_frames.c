/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Frames of half the size, and -preset ultrafast's choices by them: motion is found, every frame is
 * coded once, and the packets are the same with any number of threads. */
#include <xxhash.h>

#include "encoder/reduced_frames.h"
#include "tests/support/backend.h"
#include "tests/support/codec.h"
#include "tests/support/textured_still.h"

/* Odd sizes, beyond the 400 lines from which frames are reduced. */
#define WIDTH  427
#define HEIGHT 405
#define FRAMES 20

static void assert_halved(const uint8_t *half, ptrdiff_t half_stride, const uint8_t *whole,
                          ptrdiff_t stride, int width, int height)
{
    for (int y = 0; y < (height + 1) / 2; y++) {
        const uint8_t *above = whole + 2 * y * stride;
        const uint8_t *below = 2 * y + 1 < height ? above + stride : above;

        for (int x = 0; x < (width + 1) / 2; x++) {
            const int next = 2 * x + 1 < width ? 2 * x + 1 : 2 * x;
            const int sum = above[2 * x] + above[next] + below[2 * x] + below[next];

            assert_int_equal(half[y * half_stride + x], (sum + 2) >> 2);
        }
    }
}

static void check_size(struct odva_backend *backend, int width, int height)
{
    struct odva_luma_pyramid pyramid[2] = {{0}};
    struct odva_reduced_frames reduced = {0};
    struct random random = {7};
    struct clip clip;

    clip_alloc(&clip, 2, width, height);
    for (int t = 0; t < 2; t++) {
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(&clip, p); y++)
                for (int x = 0; x < plane_width(&clip, p); x++)
                    clip.picture[t].data[p][y * clip.picture[t].stride[p] + x] =
                        (uint8_t)random_u64(&random);
        assert_int_equal(
            odva_luma_pyramid_of_frame(&pyramid[t], backend, &clip.const_picture[t], width, height),
            ONEDVA_OK);
    }
    const struct odva_frames frames = {.pictures = clip.const_picture,
                                       .pyramids = pyramid,
                                       .count = 2,
                                       .width = width,
                                       .height = height};

    assert_int_equal(odva_reduced_frames_set(&reduced, backend, &frames), ONEDVA_OK);
    assert_int_equal(reduced.frames.count, 2);
    assert_int_equal(reduced.frames.width, (width + 1) / 2);
    assert_int_equal(reduced.frames.height, (height + 1) / 2);
    for (int t = 0; t < 2; t++) {
        const struct onedva_const_picture *half = &reduced.frames.pictures[t];
        const struct odva_luma_pyramid *half_pyramid = &reduced.frames.pyramids[t];

        for (int p = 0; p < 3; p++)
            assert_halved(half->data[p], half->stride[p], clip.picture[t].data[p],
                          clip.picture[t].stride[p], plane_width(&clip, p), plane_height(&clip, p));
        assert_int_equal(half_pyramid->levels, pyramid[t].levels - 1);
        assert_ptr_equal(half_pyramid->level[0].data, half->data[0]);
        odva_luma_pyramid_free(&pyramid[t]);
    }
    odva_reduced_frames_free(&reduced);
    clip_free(&clip);
}

static void half_the_size(void **state)
{
    static const int sizes[][2] = {{64, 48}, {65, 47}, {427, 405}};
    struct odva_backend *backend = backend_new();

    (void)state;
    for (int i = 0; i < 3; i++)
        check_size(backend, sizes[i][0], sizes[i][1]);
    odva_backend_close(&backend);
}

/* Encode all frames and decode them. @param aligned clips with motion @return hash of the packets
 */
static uint64_t run(const struct clip *video, int threads, int *aligned)
{
    struct codec codec;
    uint64_t hash = 0;

    codec_init(&codec, WIDTH, HEIGHT);
    codec.encoder_settings.preset = ONEDVA_PRESET_ULTRAFAST;
    codec.encoder_settings.motion = ONEDVA_MOTION_AUTO;
    codec.encoder_settings.adaptive_clips = 1;
    codec.encoder_settings.threads = threads;
    codec.decoder_settings.steps = 0;
    codec_open(&codec);
    *aligned = 0;
    for (int first = 0; first < FRAMES;) {
        struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
        const int n = FRAMES - first < 16 ? FRAMES - first : 16;
        struct onedva_packet packet;
        struct onedva_clip info;
        struct clip decoded;

        for (int t = 0; t < n; t++)
            pictures[t] = video[first + t].const_picture[0];
        assert_int_equal(onedva_encode(codec.encoder, pictures, NULL, n, &packet), ONEDVA_OK);
        assert_in_range(packet.frames, 1, n);
        hash = XXH64(packet.data, packet.size, hash);
        *aligned += packet.stats.motion != ONEDVA_MOTION_OFF;
        clip_alloc(&decoded, packet.frames, WIDTH, HEIGHT);
        assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &info),
                         ONEDVA_OK);
        assert_int_equal(onedva_decoder_reconstruct(codec.decoder, decoded.picture, decoded.frames),
                         ONEDVA_OK);
        for (int t = 0; t < decoded.frames; t++) {
            const struct clip one = {
                .width = WIDTH, .height = HEIGHT, .frames = 1, .picture = {decoded.picture[t]}};

            /* 62 or so; the frame before is 105 away */
            assert_true(clip_mse(&one, &video[first + t]) < 80);
        }
        clip_free(&decoded);
        first += packet.frames;
    }
    codec_close(&codec);
    return hash;
}

static void threads_do_not_matter(void **state)
{
    struct clip video[FRAMES];
    struct still still;
    uint64_t hash;
    int aligned;

    (void)state;
    still_init(&still, 5);
    for (int t = 0; t < FRAMES; t++) {
        const struct camera camera = {
            .pan_x = 3.3, .pan_y = -1.2, .width = WIDTH, .height = HEIGHT, .origin = -t};

        clip_alloc(&video[t], 1, WIDTH, HEIGHT);
        still_draw(&still, &video[t], 0, camera_displacement, &camera);
    }
    hash = run(video, 1, &aligned);
    assert_true(aligned > 0);
    for (int threads = 2; threads <= 5; threads += 3)
        assert_true(run(video, threads, &aligned) == hash);
    for (int t = 0; t < FRAMES; t++)
        clip_free(&video[t]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_the_size),
        cmocka_unit_test(threads_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
