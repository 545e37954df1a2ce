/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Clips that are begun before those before them are ended give the same packets. */
#include <stdlib.h>

#include "tests/support/codec.h"

#define CLIPS  5
#define FRAMES 4
#define WIDTH  200
#define HEIGHT 140

struct bytes {
    uint8_t *data;
    size_t size;
};

static struct bytes bytes_of(const struct onedva_packet *packet)
{
    struct bytes copy = {malloc(packet->size), packet->size};

    assert_non_null(copy.data);
    memcpy(copy.data, packet->data, packet->size);
    return copy;
}

static void open_encoder(struct codec *codec, int threads, int layers)
{
    codec_init(codec, WIDTH, HEIGHT);
    codec->encoder_settings.threads = threads;
    codec->encoder_settings.motion = ONEDVA_MOTION_AUTO;
    codec->encoder_settings.layers = layers;
    codec_open(codec);
}

static void begin(struct codec *codec, const struct clip *clip)
{
    struct onedva_packet packet;

    assert_int_equal(
        onedva_encode_begin(codec->encoder, clip->const_picture, NULL, FRAMES, &packet), ONEDVA_OK);
    assert_null(packet.data);
    assert_int_equal(packet.size, 0);
    assert_int_equal(packet.frames, FRAMES);
    assert_true(packet.stats.tokens > 0);
}

static void check_end(struct codec *codec, const struct bytes *expected)
{
    struct onedva_packet packet;

    assert_int_equal(onedva_encode_end(codec->encoder, &packet), ONEDVA_OK);
    assert_int_equal(packet.frames, FRAMES);
    assert_int_equal(packet.size, expected->size);
    assert_int_equal(packet.stats.bytes,
                     expected->size + (packet.frames - 1) * ONEDVA_FRAME_PACKET_SIZE);
    assert_memory_equal(packet.data, expected->data, expected->size);
}

/* Clips of one layer are predicted from those before them, others are key clips. */
static void check_packets(int layers)
{
    struct bytes expected[CLIPS];
    struct codec codec;
    struct clip clip;

    clip_alloc(&clip, FRAMES, WIDTH, HEIGHT);
    open_encoder(&codec, 1, layers);
    assert_int_equal(onedva_encoder_delay(codec.encoder), 0);
    for (int i = 0; i < CLIPS; i++) {
        struct onedva_packet packet;

        clip_draw(&clip, 7 * i);
        packet = encode(&codec, &clip);
        assert_int_equal(packet.is_key, layers > 1 || i == 0);
        expected[i] = bytes_of(&packet);
    }
    codec_close(&codec);
    for (int threads = 1; threads <= 3; threads++) {
        open_encoder(&codec, threads, layers);
        assert_int_equal(onedva_encoder_delay(codec.encoder), threads > 1);
        for (int i = 0; i < CLIPS; i++) {
            clip_draw(&clip, 7 * i); /* the frames of the clip begun before are gone */
            begin(&codec, &clip);
            if (i > 0)
                check_end(&codec, &expected[i - 1]);
        }
        check_end(&codec, &expected[CLIPS - 1]);
        codec_close(&codec);
    }
    for (int i = 0; i < CLIPS; i++)
        free(expected[i].data);
    clip_free(&clip);
}

static void same_packets(void **state)
{
    (void)state;
    check_packets(1);
    check_packets(3);
}

static void wrong_order(void **state)
{
    struct onedva_packet packet;
    struct codec codec;
    struct clip clip;

    (void)state;
    clip_alloc(&clip, FRAMES, WIDTH, HEIGHT);
    clip_draw(&clip, 0);
    open_encoder(&codec, 2, 1);
    assert_int_equal(onedva_encode_end(codec.encoder, &packet), ONEDVA_ERR_ARGUMENT);
    begin(&codec, &clip);
    begin(&codec, &clip);
    assert_int_equal(onedva_encode_begin(codec.encoder, clip.const_picture, NULL, FRAMES, &packet),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_encode_end(codec.encoder, &packet), ONEDVA_OK);
    begin(&codec, &clip);
    codec_close(&codec); /* with two that are not ended */
    clip_free(&clip);
}

/* What a packet took decides on the next one: each is made at once. */
static void rates_wait(void **state)
{
    struct codec codec;

    (void)state;
    for (int i = 0; i < 3; i++) {
        codec_init(&codec, WIDTH, HEIGHT);
        if (i == 0)
            codec.encoder_settings.bitrate = 100000;
        else if (i == 1)
            codec.encoder_settings.target_psnr = 30;
        else
            codec.encoder_settings.pass = ONEDVA_PASS_FIRST;
        codec_open(&codec);
        assert_int_equal(onedva_encoder_delay(codec.encoder), 0);
        codec_close(&codec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_packets),
        cmocka_unit_test(wrong_order),
        cmocka_unit_test(rates_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
