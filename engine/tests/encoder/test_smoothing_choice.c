/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How strongly clips are smoothed: no other strength decodes to what is nearer to the source. */
#include "bitstream/packet.h"
#include "tests/support/codec.h"
#include "tests/support/textured_still.h"

#define WIDTH  100
#define HEIGHT 70
#define FEW    1 /* frames, all of which the encoder tries */

static int smoothing_of(const struct onedva_packet *packet)
{
    struct onedva_packet_info info;

    assert_int_equal(onedva_packet_get_info(&info, packet->data, packet->size), ONEDVA_OK);
    return info.smoothing;
}

/* Squared error of the packet's clip, had it another smoothing. */
static double error_with(struct codec *codec, const struct onedva_packet *packet, int smoothing,
                         const struct clip *source)
{
    struct odva_byte_writer writer = {0};
    struct odva_packet fields;
    struct onedva_clip info;
    double error;

    assert_int_equal(odva_packet_parse(&fields, packet->data, packet->size), ONEDVA_OK);
    fields.smoothing = smoothing;
    odva_packet_write(&writer, &fields);
    error = decode(codec, writer.data, writer.size, source, &info);
    odva_byte_writer_free(&writer);
    return error;
}

static void check_choice(struct codec *codec, const struct clip *source, int seen[ODVA_SMOOTHINGS])
{
    const struct onedva_packet packet = encode(codec, source);
    const int chosen = smoothing_of(&packet);
    const double least = error_with(codec, &packet, chosen, source);

    seen[chosen]++;
    for (int i = 0; i < ODVA_SMOOTHINGS; i++) {
        const double error = error_with(codec, &packet, i, source);

        assert_true(i < chosen ? error > least : error >= least);
    }
}

/* A still with noise of an amplitude, of one kind or another. */
static void draw_source(struct clip *clip, struct random *random, int noise, int is_textured)
{
    struct still still;

    clip_alloc(clip, FEW, WIDTH, HEIGHT);
    clip_draw(clip, random_below(random, 100));
    if (is_textured) {
        still_init(&still, random_u64(random));
        still_draw(&still, clip, 0, camera_displacement,
                   &(struct camera){.zoom = 1, .width = WIDTH, .height = HEIGHT});
    }
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *sample = &clip->picture[0].data[0][y * clip->picture[0].stride[0] + x];

            *sample = to_sample(*sample + random_below(random, 2 * noise + 1) - noise);
        }
}

static void open_steps_0(struct codec *codec, enum onedva_preset preset, double crf, int gop)
{
    codec_init(codec, WIDTH, HEIGHT);
    codec->encoder_settings.preset = preset;
    codec->encoder_settings.crf = crf;
    codec->encoder_settings.gop = gop;
    codec->encoder_settings.clip_packets = 1;
    codec->decoder_settings.steps = 0;
    codec_open(codec);
}

static void the_nearest_is_chosen(void **state)
{
    int seen[ODVA_SMOOTHINGS] = {0}, kinds = 0;
    struct random random = {1};

    (void)state;
    for (int i = 0; i < 24; i++) {
        struct codec codec;
        struct clip clip;

        open_steps_0(&codec, i % 8 ? ONEDVA_PRESET_MEDIUM : ONEDVA_PRESET_SLOW, 5 + 2 * i, 1);
        draw_source(&clip, &random, i % 3 * 8, i & 1);
        check_choice(&codec, &clip, seen);
        clip_free(&clip);
        codec_close(&codec);
    }
    for (int i = 0; i < ODVA_SMOOTHINGS; i++)
        kinds += seen[i] > 0;
    assert_true(kinds >= 4);
}

/* The picture that an inter clip is predicted from is the one that is smoothed so. */
static void inter_clips_rest_on_it(void **state)
{
    struct random random = {2};
    struct codec codec;
    struct clip clip;

    (void)state;
    open_steps_0(&codec, ONEDVA_PRESET_MEDIUM, 30, 0);
    draw_source(&clip, &random, 3, 0);
    for (int i = 0; i < 6; i++) {
        const struct onedva_packet packet = encode(&codec, &clip);
        struct onedva_clip info;

        assert_int_equal(packet.is_key, i == 0);
        assert_true(decode(&codec, packet.data, packet.size, &clip, &info) < 20);
        assert_int_equal(info.is_corrupt, 0);
    }
    clip_free(&clip);
    codec_close(&codec);
}

static void ultrafast_takes_the_usual_one(void **state)
{
    struct random random = {3};

    (void)state;
    for (int crf = 5; crf < 60; crf += 10) {
        struct onedva_packet packet;
        struct codec codec;
        struct clip clip;

        open_steps_0(&codec, ONEDVA_PRESET_ULTRAFAST, crf, crf % 20 ? 1 : 0);
        draw_source(&clip, &random, 8, crf & 1);
        packet = encode(&codec, &clip);
        assert_int_equal(smoothing_of(&packet), 3);
        clip_free(&clip);
        codec_close(&codec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_is_chosen),
        cmocka_unit_test(inter_clips_rest_on_it),
        cmocka_unit_test(ultrafast_takes_the_usual_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
