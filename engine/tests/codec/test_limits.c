/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The largest sizes there are, and what a stream header may not ask for. */
#include "tests/support/codec.h"
#include "tests/support/random_coder.h"

#define WIDTH  40
#define HEIGHT 32
#define BASIS  6

/* A packet of a clip in memory of its own, with a stream header of another size in it or none. */
struct bytes {
    uint8_t data[65536];
    size_t size;
};

static void put_packet(struct bytes *bytes, struct codec *codec, const struct clip *clip, int width,
                       int height)
{
    const struct onedva_packet packet = encode(codec, clip);
    struct onedva_stream stream = codec->stream;
    struct onedva_model_info info;

    assert_true(packet.size + ONEDVA_MAX_STREAM_HEADER < sizeof(bytes->data));
    bytes->size = packet.size;
    memcpy(bytes->data, packet.data, packet.size);
    if (!width)
        return;
    onedva_model_get_info(codec->model, &info);
    stream.model_id = info.id;
    stream.width = (uint32_t)width;
    stream.height = (uint32_t)height;
    assert_int_equal(
        onedva_packet_set_stream(packet.data, packet.size, &stream, bytes->data, &bytes->size),
        ONEDVA_OK);
}

static int read_bytes(struct codec *codec, const struct bytes *bytes)
{
    struct onedva_clip clip;

    return onedva_decoder_read_packet(codec->decoder, bytes->data, bytes->size, &clip);
}

/* After a stream that is refused nothing decodes until a header comes that is not: its packets
 * would be taken for ones of the stream before. */
static void refused_streams(void **state)
{
    struct bytes *plain = calloc(3, sizeof(*plain)), *small = plain + 1, *large = plain + 2;
    struct codec codec;
    struct clip clip;
    const uint8_t *header;
    size_t size;

    (void)state;
    assert_non_null(plain);
    codec_init(&codec, WIDTH, HEIGHT);
    codec.decoder_settings.max_pixels = WIDTH * HEIGHT;
    codec_open(&codec);
    clip_alloc(&clip, 5, WIDTH, HEIGHT);
    clip_draw(&clip, 0);
    put_packet(plain, &codec, &clip, 0, 0);
    put_packet(small, &codec, &clip, WIDTH, HEIGHT);
    put_packet(large, &codec, &clip, WIDTH + 1, HEIGHT);
    assert_int_equal(read_bytes(&codec, plain), ONEDVA_OK);

    assert_int_equal(read_bytes(&codec, large), ONEDVA_ERR_LIMIT);
    assert_non_null(strstr(codec.message, "41x32 is larger than the limit of 1280 pixels"));
    assert_int_equal(read_bytes(&codec, plain), ONEDVA_ERR_LIMIT);
    assert_non_null(strstr(codec.message, "header was refused: larger than a limit"));
    assert_int_equal(read_bytes(&codec, small), ONEDVA_OK);
    assert_int_equal(read_bytes(&codec, plain), ONEDVA_OK);

    onedva_encoder_stream_header(codec.encoder, &header, &size);
    assert_int_equal(onedva_decoder_set_stream_header(codec.decoder, header, size - 1),
                     ONEDVA_ERR_DATA);
    assert_int_equal(read_bytes(&codec, plain), ONEDVA_ERR_DATA);
    assert_int_equal(onedva_decoder_set_stream_header(codec.decoder, header, size), ONEDVA_OK);
    assert_int_equal(read_bytes(&codec, plain), ONEDVA_OK);
    free(plain);
    clip_free(&clip);
    codec_close(&codec);
}

/* The same where the packets are read ahead. */
static void refused_streams_ahead(void **state)
{
    struct bytes *packets = calloc(3, sizeof(*packets));
    const struct bytes *order[] = {packets, packets + 2, packets, packets, packets + 1, packets};
    static const int expected[] = {ONEDVA_OK,        ONEDVA_ERR_LIMIT, ONEDVA_ERR_LIMIT,
                                   ONEDVA_ERR_LIMIT, ONEDVA_OK,        ONEDVA_OK};
    struct codec codec;
    struct clip clip;
    int announced = 0;

    (void)state;
    assert_non_null(packets);
    codec_init(&codec, WIDTH, HEIGHT);
    codec.decoder_settings.max_pixels = WIDTH * HEIGHT;
    codec.decoder_settings.threads = 16;
    codec_open(&codec);
    clip_alloc(&clip, 5, WIDTH, HEIGHT);
    clip_draw(&clip, 0);
    put_packet(packets, &codec, &clip, 0, 0);
    put_packet(packets + 1, &codec, &clip, WIDTH, HEIGHT);
    put_packet(packets + 2, &codec, &clip, 16384, 16384);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(read_bytes(&codec, order[i]), expected[i]);
        for (announced = announced > i ? announced : i; announced + 1 < 6; announced++)
            if (!onedva_decoder_announce_packet(codec.decoder, order[announced + 1]->data,
                                                order[announced + 1]->size))
                break;
    }
    assert_true(announced > 0);
    free(packets);
    clip_free(&clip);
    codec_close(&codec);
}

/* A narrow picture with motion, whose canvases would be many times as large. */
static void canvas_limit(void **state)
{
    static const struct {
        int width, height, margin;
        int64_t max_pixels;
        int status;
    } cases[] = {
        {65279, 16, 128, 65279 * 16, ONEDVA_ERR_LIMIT},
        {65279, 16, 128, INT64_C(1) << 27, ONEDVA_OK},
        {65279, 16, 128, 0, ONEDVA_OK},
        {65279, 16, 128, INT64_MAX, ONEDVA_OK},
        {65279, 16, 16, 65279 * 16, ONEDVA_OK},
        {16, 65279, 128, 65279 * 16, ONEDVA_ERR_LIMIT},
        {1, 1, 128, 1, ONEDVA_OK},
        {1000, 700, 128, 1000 * 700, ONEDVA_OK},
    };
    struct random random = {4};
    struct coder coder;

    (void)state;
    coder_open(&coder, 12, BASIS, 1, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct odva_byte_writer *packet = &coder.encoder.packet;
        struct odva_motion motion = {.width = cases[i].width, .height = cases[i].height};
        struct onedva_clip clip;

        random_motion(&random, &motion, 2, 1, 0, 100);
        motion.left = motion.right = motion.top = motion.bottom = cases[i].margin;
        coder.stream.width = (uint32_t)motion.width;
        coder.stream.height = (uint32_t)motion.height;
        random_latents(&random, &coder.latents, &coder.scans, 2, odva_motion_canvas_width(&motion),
                       odva_motion_canvas_height(&motion), &coder.layer_plan, 1);
        assert_int_equal(odva_packet_encoder_write(&coder.encoder, &coder.latents,
                                                   &coder.layer_plan, &motion, &coder.stream, NULL),
                         ONEDVA_OK);
        coder.decoder.max_pixels = cases[i].max_pixels;
        assert_int_equal(
            odva_packet_decoder_begin(&coder.decoder, packet->data, packet->size, &clip),
            cases[i].status);
        odva_motion_free(&motion);
    }
    coder_close(&coder);
}

/* Through all of the codec, as wide and as high as anything can be. */
static void longest_sides(void **state)
{
    static const int sizes[][2] = {{65535, 2}, {2, 65535}, {65535, 1}, {1, 65535}};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct codec codec;
        struct clip clip;

        codec_init(&codec, sizes[i][0], sizes[i][1]);
        codec.encoder_settings.motion = ONEDVA_MOTION_AUTO;
        codec.decoder_settings.steps = i % 2;
        codec.decoder_settings.max_pixels = sizes[i][0] * sizes[i][1];
        codec_open(&codec);
        clip_alloc(&clip, 2, sizes[i][0], sizes[i][1]);
        clip_draw(&clip, 0);
        {
            const struct onedva_packet packet = encode(&codec, &clip);
            struct onedva_clip info;

            /* of a picture that wraps around from white to black */
            assert_true(decode(&codec, packet.data, packet.size, &clip, &info) < 2500);
            assert_int_equal(info.stream.width, sizes[i][0]);
            assert_int_equal(info.stream.height, sizes[i][1]);
        }
        clip_free(&clip);
        codec_close(&codec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_streams),
        cmocka_unit_test(refused_streams_ahead),
        cmocka_unit_test(canvas_limit),
        cmocka_unit_test(longest_sides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
