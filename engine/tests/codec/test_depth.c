/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures of 10 bits through the public interface, and who does not get them. */
#include <stdlib.h>

#include "tests/support/codec.h"

#define WIDTH  96
#define HEIGHT 80
#define FRAMES 6
#define CLIPS  3

/* Samples are words: memory is that of a clip of bytes which is twice as wide. */
static void wide_alloc(struct clip *clip)
{
    clip_alloc(clip, FRAMES, 2 * WIDTH, HEIGHT);
}

static uint16_t *wide_row(const struct clip *clip, int t, int plane, int y)
{
    return (uint16_t *)(clip->picture[t].data[plane] + y * clip->picture[t].stride[plane]);
}

/* A gradient of which 8 bits have a quarter of the levels, under a disc that moves. */
static void wide_draw(const struct clip *clip, int first_frame)
{
    for (int t = 0; t < FRAMES; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(clip, p); y++)
                for (int x = 0; x < plane_width(clip, p) / 2; x++) {
                    const int scale = p ? 2 : 1;
                    const double dx = scale * x - 30.0 - 2 * (t + first_frame);
                    const double dy = scale * y - 40.0;
                    const double disc = 200 / (1 + exp((sqrt(dx * dx + dy * dy) - 20) / 3));

                    wide_row(clip, t, p, y)[x] = (uint16_t)(300 + 0.6 * scale * (x + y) + disc);
                }
}

/* Of luma, in squared steps of 10 bits. */
static double wide_mse(const struct clip *a, const struct clip *b)
{
    double sum = 0;

    for (int t = 0; t < FRAMES; t++)
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                const int d = wide_row(a, t, 0, y)[x] - wide_row(b, t, 0, y)[x];

                sum += d * d;
            }
    return sum / (FRAMES * HEIGHT * WIDTH);
}

/* Samples whose lower two bits say something. */
static int fine_samples(const struct clip *clip)
{
    int count = 0;

    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            count += wide_row(clip, 0, 0, y)[x] % 4 != 0;
    return count;
}

static void init_wide(struct codec *codec)
{
    codec_init(codec, WIDTH, HEIGHT);
    codec->stream.depth = 10;
    codec->encoder_settings.crf = 5;
    codec->decoder_settings.max_depth = ONEDVA_MAX_DEPTH;
}

static struct onedva_packet encode_wide(struct codec *codec, const struct clip *clip)
{
    struct onedva_packet packet;

    assert_int_equal(onedva_encode(codec->encoder, clip->const_picture, NULL, FRAMES, &packet),
                     ONEDVA_OK);
    assert_int_equal(packet.frames, FRAMES);
    return packet;
}

/* Clips one after the other, each of which is near to what was drawn: their predictions are those
 * that the encoder had. */
static void check_clips(struct codec *codec)
{
    struct clip source, decoded;

    wide_alloc(&source);
    wide_alloc(&decoded);
    codec_open(codec);
    for (int i = 0; i < CLIPS; i++) {
        struct onedva_packet packet;
        struct onedva_clip clip;

        wide_draw(&source, i * FRAMES);
        packet = encode_wide(codec, &source);
        assert_int_equal(packet.is_key, i == 0 || codec->encoder_settings.gop == 1);
        assert_int_equal(
            onedva_decoder_read_packet(codec->decoder, packet.data, packet.size, &clip), ONEDVA_OK);
        assert_int_equal(clip.stream.depth, 10);
        assert_false(clip.is_corrupt);
        assert_int_equal(onedva_decoder_reconstruct(codec->decoder, decoded.picture, FRAMES),
                         ONEDVA_OK);
        assert_true(clip_guards_hold(&decoded));
        assert_true(wide_mse(&source, &decoded) < 30);
        assert_true(fine_samples(&decoded) > WIDTH * HEIGHT / 2);
    }
    codec_close(codec);
    clip_free(&source);
    clip_free(&decoded);
}

static void round_trip(void **state)
{
    static const enum onedva_preset presets[] = {ONEDVA_PRESET_ULTRAFAST, ONEDVA_PRESET_MEDIUM};

    (void)state;
    for (int motion = ONEDVA_MOTION_OFF; motion <= ONEDVA_MOTION_AUTO; motion++)
        for (int i = 0; i < 2; i++)
            for (int steps = 0; steps < 2; steps++) {
                struct codec codec;

                init_wide(&codec);
                codec.encoder_settings.motion = motion;
                codec.encoder_settings.preset = presets[i];
                codec.encoder_settings.gop = i == 0 && steps == 0 ? 1 : 250;
                codec.decoder_settings.steps = steps;
                codec.decoder_settings.smooth_clips = steps;
                codec.decoder_settings.bitexact = motion == ONEDVA_MOTION_OFF;
                check_clips(&codec);
            }
}

/* A clip has the PSNR of 10 bits that is asked for, or a little more. */
static void target(void **state)
{
    struct clip source, decoded;
    struct onedva_packet packet;
    struct onedva_clip clip;
    struct codec codec;
    double psnr;

    (void)state;
    init_wide(&codec);
    codec.encoder_settings.target_psnr = 44;
    codec_open(&codec);
    wide_alloc(&source);
    wide_alloc(&decoded);
    wide_draw(&source, 0);
    packet = encode_wide(&codec, &source);
    assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &clip),
                     ONEDVA_OK);
    assert_int_equal(onedva_decoder_reconstruct(codec.decoder, decoded.picture, FRAMES), ONEDVA_OK);
    psnr = 10 * log10(1023.0 * 1023.0 / wide_mse(&source, &decoded));
    assert_true(psnr >= 44 && psnr < 47);
    codec_close(&codec);
    clip_free(&source);
    clip_free(&decoded);
}

/* Words that are no samples, as a caller may have them by mistake, give some pictures. */
static void any_words(void **state)
{
    struct clip source, decoded;
    struct random random = {7};

    (void)state;
    wide_alloc(&source);
    wide_alloc(&decoded);
    for (int t = 0; t < FRAMES; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(&source, p); y++)
                for (int x = 0; x < plane_width(&source, p) / 2; x++)
                    wide_row(&source, t, p, y)[x] =
                        (uint16_t)(random_below(&random, 2) ? 0xFFFF
                                                            : random_below(&random, 65536));
    for (int motion = ONEDVA_MOTION_OFF; motion <= ONEDVA_MOTION_MESH; motion++) {
        struct onedva_packet packet;
        struct onedva_clip clip;
        struct codec codec;

        init_wide(&codec);
        codec.encoder_settings.motion = motion;
        codec.encoder_settings.target_psnr = motion == ONEDVA_MOTION_OFF ? 0 : 20;
        codec_open(&codec);
        packet = encode_wide(&codec, &source);
        assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &clip),
                         ONEDVA_OK);
        assert_int_equal(onedva_decoder_reconstruct(codec.decoder, decoded.picture, FRAMES),
                         ONEDVA_OK);
        assert_true(clip_guards_hold(&decoded));
        for (int x = 0; x < WIDTH; x++)
            assert_in_range(wide_row(&decoded, 0, 0, 0)[x], 0, 1023);
        codec_close(&codec);
    }
    clip_free(&source);
    clip_free(&decoded);
}

/* A caller whose pictures have no room for words is not given any. */
static void refused(void **state)
{
    struct onedva_packet packet;
    struct onedva_clip clip;
    struct codec codec;
    struct clip source;
    const uint8_t *header;
    size_t size;

    (void)state;
    init_wide(&codec);
    codec.encoder_settings.header_in_packets = 1;
    codec_open(&codec);
    onedva_decoder_close(&codec.decoder);
    codec.decoder_settings.max_depth = 8;
    assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &codec.decoder_settings),
                     ONEDVA_OK);
    onedva_encoder_stream_header(codec.encoder, &header, &size);
    assert_int_equal(onedva_decoder_set_stream_header(codec.decoder, header, size),
                     ONEDVA_ERR_LIMIT);
    assert_non_null(strstr(codec.message, "pictures of 10 bits"));
    wide_alloc(&source);
    wide_draw(&source, 0);
    packet = encode_wide(&codec, &source);
    assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &clip),
                     ONEDVA_ERR_LIMIT);
    codec_close(&codec);
    clip_free(&source);
}

static void settings(void **state)
{
    struct codec codec;

    (void)state;
    init_wide(&codec);
    codec.decoder_settings.max_depth = 9;
    assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &codec.decoder_settings),
                     ONEDVA_ERR_ARGUMENT);
    codec.stream.depth = 12;
    assert_int_equal(
        onedva_encoder_open(&codec.encoder, codec.model, &codec.encoder_settings, &codec.stream),
        ONEDVA_ERR_ARGUMENT);
    assert_non_null(strstr(codec.message, "neither 8 nor 10 bits"));
    codec.stream.depth = 10;
    codec.encoder_settings.backend = ONEDVA_BACKEND_VULKAN; /* or it is not in the build */
    assert_int_equal(
        onedva_encoder_open(&codec.encoder, codec.model, &codec.encoder_settings, &codec.stream),
        ONEDVA_ERR_UNSUPPORTED);
    codec_close(&codec);
}

/* Encode three clips of a depth, of which the later ones are predicted, to copies. */
static void encode_copies(int depth, uint8_t *data[CLIPS], size_t size[CLIPS])
{
    struct clip source;
    struct codec codec;

    init_wide(&codec);
    codec.stream.depth = (uint32_t)depth;
    codec.encoder_settings.header_in_packets = 1;
    codec_open(&codec);
    if (depth > 8)
        wide_alloc(&source);
    else
        clip_alloc(&source, FRAMES, WIDTH, HEIGHT);
    for (int i = 0; i < CLIPS; i++) {
        struct onedva_packet packet;

        if (depth > 8)
            wide_draw(&source, i * FRAMES);
        else
            clip_draw(&source, i * FRAMES);
        packet = encode_wide(&codec, &source);
        data[i] = malloc(packet.size);
        assert_non_null(data[i]);
        memcpy(data[i], packet.data, packet.size);
        size[i] = packet.size;
    }
    codec_close(&codec);
    clip_free(&source);
}

/* The next clip, which is intact. */
static void decode_next(struct codec *codec, const uint8_t *data, size_t size, int depth,
                        const struct clip *decoded)
{
    struct onedva_clip clip;

    assert_int_equal(onedva_decoder_read_packet(codec->decoder, data, size, &clip), ONEDVA_OK);
    assert_int_equal(clip.stream.depth, depth);
    assert_false(clip.is_corrupt);
    assert_int_equal(onedva_decoder_reconstruct(codec->decoder, decoded->picture, FRAMES),
                     ONEDVA_OK);
    assert_true(clip_guards_hold(decoded));
}

/* Streams of both depths behind each other, as if each were alone, and an inter clip behind a clip
 * of the other one. */
static void changes(void **state)
{
    static const int depths[] = {8, 10};
    struct clip alone[2][CLIPS], decoded;
    uint8_t *data[2][CLIPS], header[ONEDVA_MAX_STREAM_HEADER];
    size_t size[2][CLIPS], header_size;
    struct onedva_clip clip;
    struct codec codec;

    (void)state;
    init_wide(&codec);
    for (int d = 0; d < 2; d++) {
        encode_copies(depths[d], data[d], size[d]);
        assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &codec.decoder_settings),
                         ONEDVA_OK);
        for (int i = 0; i < CLIPS; i++) {
            wide_alloc(&alone[d][i]);
            decode_next(&codec, data[d][i], size[d][i], depths[d], &alone[d][i]);
        }
        onedva_decoder_close(&codec.decoder);
    }
    assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &codec.decoder_settings),
                     ONEDVA_OK);
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < CLIPS; i++) {
            const int d = round % 2;

            wide_alloc(&decoded);
            decode_next(&codec, data[d][i], size[d][i], depths[d], &decoded);
            assert_true(clip_mse(&decoded, &alone[d][i]) == 0);
            clip_free(&decoded);
        }
    assert_int_equal(onedva_decoder_read_packet(codec.decoder, data[0][0], size[0][0], &clip),
                     ONEDVA_OK);
    codec.stream = clip.stream;
    decode_next(&codec, data[1][0], size[1][0], 10, &alone[1][0]);
    assert_int_equal(onedva_stream_header_write(header, &header_size, &codec.stream), ONEDVA_OK);
    assert_int_equal(onedva_decoder_set_stream_header(codec.decoder, header, header_size),
                     ONEDVA_OK);
    assert_int_equal(onedva_decoder_read_packet(codec.decoder, data[0][1], size[0][1], &clip),
                     ONEDVA_ERR_DATA);
    for (int d = 0; d < 2; d++)
        for (int i = 0; i < CLIPS; i++) {
            clip_free(&alone[d][i]);
            free(data[d][i]);
        }
    codec_close(&codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(target),  cmocka_unit_test(refused),
        cmocka_unit_test(settings),   cmocka_unit_test(changes), cmocka_unit_test(any_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
