/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Smoothing from clip to clip against the text of doc/bitstream.md, section 8. */
#include "decoder/clip_smoothing.h"

#include "tests/support/backend.h"
#include "tests/support/codec.h"
#include "transform/deblocking.h"

#define FRAMES 6

static int clip_byte(int v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* Clips after each other, and what the first frames of each are to be. */
static void expect_plane(const uint8_t *p, uint8_t *const q[], int frames, int count, int limit)
{
    static const int w[4] = {16, 11, 7, 3};

    for (int i = 0; i < count; i++) {
        const int d = p[i] - q[0][i];
        int m = abs(d) < limit - abs(d) ? abs(d) : limit - abs(d);

        if (m < 0)
            m = 0;
        for (int t = 0; t < 4 && t < frames; t++) {
            const double moved = floor((w[t] * (d < 0 ? -m : m) + 16) / 32.0);

            q[t][i] = (uint8_t)clip_byte(q[t][i] + (int)moved);
        }
    }
}

static void fill(struct clip *clip, int level, int spread)
{
    for (int t = 0; t < clip->frames; t++) {
        for (int p = 0; p < 3; p++) {
            const int width = p ? (clip->width + 1) / 2 : clip->width;
            const int height = p ? (clip->height + 1) / 2 : clip->height;

            for (int i = 0; i < width * height; i++)
                clip->picture[t].data[p][i / width * clip->picture[t].stride[p] + i % width] =
                    (uint8_t)clip_byte(level + rand() % (2 * spread + 1) - spread);
        }
    }
}

static uint8_t *copy_plane(const struct clip *clip, int t, int plane, int *count)
{
    const int width = plane ? (clip->width + 1) / 2 : clip->width;
    const int height = plane ? (clip->height + 1) / 2 : clip->height;
    uint8_t *copy = malloc((size_t)width * height);

    assert_non_null(copy);
    for (int y = 0; y < height; y++)
        memcpy(copy + y * width, clip->picture[t].data[plane] + y * clip->picture[t].stride[plane],
               width);
    *count = width * height;
    return copy;
}

static void check_planes(struct odva_clip_smoothing *smoothing, const struct clip *before,
                         const struct clip *clip, int qidx)
{
    uint8_t *expected[3][FRAMES], *last[3];
    int count[3];

    for (int p = 0; p < 3; p++) {
        const int limit = odva_deblocking_limit(qidx);

        last[p] = copy_plane(before, before->frames - 1, p, &count[p]);
        for (int t = 0; t < clip->frames; t++)
            expected[p][t] = copy_plane(clip, t, p, &count[p]);
        expect_plane(last[p], expected[p], clip->frames, count[p], p ? 5 * limit / 8 : limit);
    }
    assert_int_equal(odva_clip_smoothing_run(smoothing, test_threads(2), clip->picture,
                                             clip->frames, clip->width, clip->height, 8, qidx),
                     ONEDVA_OK);
    assert_true(clip_guards_hold(clip));
    for (int p = 0; p < 3; p++) {
        for (int t = 0; t < clip->frames; t++) {
            uint8_t *found = copy_plane(clip, t, p, &count[p]);

            assert_memory_equal(found, expected[p][t], count[p]);
            free(found);
            free(expected[p][t]);
        }
        free(last[p]);
    }
}

static void first_frames_move_as_the_text_says(void **state)
{
    static const int sizes[][3] = {{1, 1, 1}, {300, 37, 2}, {33, 70, 6}, {257, 18, 4}};
    static const int qidxs[] = {-10, 5, 15};

    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++) {
            struct odva_clip_smoothing smoothing = {0};
            struct clip before, clip;

            clip_alloc(&before, 1, sizes[i][0], sizes[i][1]);
            clip_alloc(&clip, sizes[i][2], sizes[i][0], sizes[i][1]);
            fill(&before, 5, 5);
            fill(&clip, 6, 6);
            assert_int_equal(odva_clip_smoothing_run(&smoothing, test_threads(2), before.picture, 1,
                                                     before.width, before.height, 8, qidxs[k]),
                             ONEDVA_OK);
            check_planes(&smoothing, &before, &clip, qidxs[k]);
            odva_clip_smoothing_free(&smoothing);
            clip_free(&before);
            clip_free(&clip);
        }
    }
}

/* @return whether a clip of one level after one of another changed */
static int changes(int before_level, int level, int before_width, int forget)
{
    struct odva_clip_smoothing smoothing = {0};
    struct clip before, clip;
    int changed;

    clip_alloc(&before, 2, before_width, 40);
    clip_alloc(&clip, 2, 64, 40);
    fill(&before, before_level, 0);
    fill(&clip, level, 0);
    assert_int_equal(odva_clip_smoothing_run(&smoothing, test_threads(2), before.picture, 2,
                                             before_width, 40, 8, 5),
                     ONEDVA_OK);
    if (forget)
        odva_clip_smoothing_forget(&smoothing);
    assert_int_equal(
        odva_clip_smoothing_run(&smoothing, test_threads(2), clip.picture, 2, 64, 40, 8, 5),
        ONEDVA_OK);
    changed = clip.picture[0].data[0][0] != level;
    odva_clip_smoothing_free(&smoothing);
    clip_free(&before);
    clip_free(&clip);
    return changed;
}

/* The limit is 48 at qidx 5: a mean step of more than 24 is a cut. */
static void what_does_not_continue_is_left(void **state)
{
    (void)state;
    assert_true(changes(100, 110, 64, 0));
    assert_true(changes(100, 124, 64, 0));
    assert_false(changes(100, 125, 64, 0));
    assert_false(changes(100, 110, 64, 1));
    assert_false(changes(100, 110, 62, 0));
}

/* Flat pictures of words. */
static void fill_wide(const struct clip *clip, int level)
{
    for (int t = 0; t < clip->frames; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(clip, p); y++) {
                uint16_t *row =
                    (uint16_t *)(clip->picture[t].data[p] + y * clip->picture[t].stride[p]);

                for (int x = 0; x < plane_width(clip, p) / 2; x++)
                    row[x] = (uint16_t)level;
            }
}

/* @return luma of the second frame of 10 bits, or of the first one */
static int moved_wide(int before_level, int level, int second)
{
    struct odva_clip_smoothing smoothing = {0};
    struct clip before, clip;
    uint16_t *row;
    int found;

    clip_alloc(&before, 1, 2 * 64, 40);
    clip_alloc(&clip, 2, 2 * 64, 40);
    fill_wide(&before, before_level);
    fill_wide(&clip, level);
    assert_int_equal(
        odva_clip_smoothing_run(&smoothing, test_threads(2), before.picture, 1, 64, 40, 10, 5),
        ONEDVA_OK);
    assert_int_equal(
        odva_clip_smoothing_run(&smoothing, test_threads(2), clip.picture, 2, 64, 40, 10, 5),
        ONEDVA_OK);
    assert_true(clip_guards_hold(&clip));
    row = (uint16_t *)(clip.picture[second].data[0] + 39 * clip.picture[second].stride[0]);
    found = row[63];
    odva_clip_smoothing_free(&smoothing);
    clip_free(&before);
    clip_free(&clip);
    return found;
}

/* With 10 bits the limit is 192 at qidx 5. */
static void wide_frames_move_as_the_text_says(void **state)
{
    (void)state;
    assert_int_equal(moved_wide(400, 440, 0), 440 - 20);
    assert_int_equal(moved_wide(400, 440, 1), 440 - 14);
    assert_int_equal(moved_wide(400, 496, 0), 496 - 48);
    assert_int_equal(moved_wide(400, 497, 0), 497);
    assert_int_equal(moved_wide(1100, 1023, 1), 1023);
}

/* @return the mean squared difference of two clips decoded one after the other from the source */
static double second_clip_error(int smooth, int flush, double *difference_at_border)
{
    struct codec codec;
    struct onedva_clip info;
    struct clip clip, decoded[2];
    double error;

    codec_init(&codec, 96, 64);
    codec.encoder_settings.crf = 50;
    codec.encoder_settings.gop = 1; /* clips that do without those before them */
    codec.decoder_settings.smooth_clips = smooth;
    codec_open(&codec);
    clip_alloc(&clip, 8, 96, 64);
    for (int i = 0; i < 2; i++) {
        struct onedva_packet packet;

        clip_draw(&clip, 8 * i);
        packet = encode(&codec, &clip);
        clip_alloc(&decoded[i], 8, 96, 64);
        if (i && flush)
            onedva_decoder_flush(codec.decoder);
        assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &info),
                         ONEDVA_OK);
        assert_int_equal(onedva_decoder_reconstruct(codec.decoder, decoded[i].picture, 8),
                         ONEDVA_OK);
    }
    error = clip_mse(&clip, &decoded[1]);
    *difference_at_border = 0;
    for (int i = 0; i < 96; i++)
        *difference_at_border +=
            abs(decoded[0].picture[7].data[0][i] - decoded[1].picture[0].data[0][i]);
    clip_free(&decoded[0]);
    clip_free(&decoded[1]);
    clip_free(&clip);
    codec_close(&codec);
    return error;
}

static void decoders_smooth_on_request(void **state)
{
    double plain_step, smooth_step, flushed_step;
    const double plain = second_clip_error(0, 0, &plain_step);
    const double smooth = second_clip_error(1, 0, &smooth_step);
    const double flushed = second_clip_error(1, 1, &flushed_step);

    (void)state;
    assert_true(smooth_step < plain_step);
    assert_true(smooth != plain);
    assert_true(flushed == plain);
    assert_true(flushed_step == plain_step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_frames_move_as_the_text_says),
        cmocka_unit_test(what_does_not_continue_is_left),
        cmocka_unit_test(wide_frames_move_as_the_text_says),
        cmocka_unit_test(decoders_smooth_on_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
