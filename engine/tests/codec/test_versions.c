/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Programs that were compiled with an older or a newer header than the library. */
#include <stddef.h>

#include "config.h"
#include "tests/support/codec.h"

#define SIDE    32
#define GARBAGE 0xEE /* no setting is valid so */

/* Settings as an older header has them: all behind the first size bytes is something else. */
static void make_older(void *settings, size_t size, size_t whole)
{
    memset((char *)settings + size, GARBAGE, whole - size);
}

static int is_garbage(const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != GARBAGE)
            return 0;
    return 1;
}

/* The defaults fill no more than what the caller has, and opening reads no more. */
static void older_encoder_settings(void **state)
{
    static const size_t sizes[] = {
        offsetof(struct onedva_encoder_settings, crf),
        offsetof(struct onedva_encoder_settings, qp),
        offsetof(struct onedva_encoder_settings, pass_stats),
        offsetof(struct onedva_encoder_settings, preset),
        offsetof(struct onedva_encoder_settings, threads),
        offsetof(struct onedva_encoder_settings, logger),
    };
    struct codec codec;

    (void)state;
    codec_init(&codec, SIDE, SIDE);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct onedva_encoder_settings settings;

        make_older(&settings, 0, sizeof(settings));
        onedva_encoder_settings_init(&settings, sizes[i]);
        assert_int_equal(settings.struct_size, sizes[i]);
        assert_true(is_garbage((char *)&settings + sizes[i], sizeof(settings) - sizes[i]));
        assert_int_equal(onedva_encoder_open(&codec.encoder, codec.model, &settings, &codec.stream),
                         ONEDVA_OK);
        onedva_encoder_close(&codec.encoder);
        settings.struct_size = sizeof(settings);
        settings.logger = codec.encoder_settings.logger;
        if (sizes[i] <= offsetof(struct onedva_encoder_settings, threads)) /* now it is read */
            assert_int_equal(
                onedva_encoder_open(&codec.encoder, codec.model, &settings, &codec.stream),
                ONEDVA_ERR_ARGUMENT);
    }
    codec_close(&codec);
}

static void older_decoder_settings(void **state)
{
    static const size_t sizes[] = {
        offsetof(struct onedva_decoder_settings, steps),
        offsetof(struct onedva_decoder_settings, max_pixels),
        offsetof(struct onedva_decoder_settings, precision),
        offsetof(struct onedva_decoder_settings, threads),
        offsetof(struct onedva_decoder_settings, logger),
    };
    struct codec codec;

    (void)state;
    codec_init(&codec, SIDE, SIDE);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct onedva_decoder_settings settings;

        make_older(&settings, 0, sizeof(settings));
        onedva_decoder_settings_init(&settings, sizes[i]);
        assert_int_equal(settings.struct_size, sizes[i]);
        assert_true(is_garbage((char *)&settings + sizes[i], sizeof(settings) - sizes[i]));
        assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &settings), ONEDVA_OK);
        onedva_decoder_close(&codec.decoder);
        settings.struct_size = sizeof(settings);
        settings.logger = codec.decoder_settings.logger;
        if (sizes[i] <= offsetof(struct onedva_decoder_settings, threads)) /* now it is read */
            assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &settings),
                             ONEDVA_ERR_ARGUMENT);
    }
    codec_close(&codec);
}

/* What a newer header has at the end is 0 by default, and refused in one line where it is set. */
static void newer_settings(void **state)
{
    struct {
        struct onedva_encoder_settings settings;
        int64_t added;
    } encoder;
    struct {
        struct onedva_decoder_settings settings;
        int64_t added;
    } decoder;
    struct codec codec;

    (void)state;
    codec_init(&codec, SIDE, SIDE);
    encoder.added = decoder.added = -1;
    onedva_encoder_settings_init(&encoder.settings, sizeof(encoder));
    onedva_decoder_settings_init(&decoder.settings, sizeof(decoder));
    assert_int_equal(encoder.added, 0);
    assert_int_equal(decoder.added, 0);
    encoder.settings.logger = decoder.settings.logger = codec.encoder_settings.logger;
    assert_int_equal(
        onedva_encoder_open(&codec.encoder, codec.model, &encoder.settings, &codec.stream),
        ONEDVA_OK);
    assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &decoder.settings),
                     ONEDVA_OK);
    onedva_encoder_close(&codec.encoder);
    onedva_decoder_close(&codec.decoder);
    encoder.added = decoder.added = INT64_C(1) << 56;
    assert_int_equal(
        onedva_encoder_open(&codec.encoder, codec.model, &encoder.settings, &codec.stream),
        ONEDVA_ERR_UNSUPPORTED);
    assert_non_null(strstr(codec.message, "later version"));
    codec.message[0] = '\0';
    assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &decoder.settings),
                     ONEDVA_ERR_UNSUPPORTED);
    assert_non_null(strstr(codec.message, "later version"));
    assert_null(codec.encoder);
    assert_null(codec.decoder);
    codec_close(&codec);
}

static void settings_without_size(void **state)
{
    struct codec codec;

    (void)state;
    codec_init(&codec, SIDE, SIDE);
    codec.encoder_settings.struct_size = 0;
    codec.decoder_settings.struct_size = sizeof(size_t) - 1;
    assert_int_equal(
        onedva_encoder_open(&codec.encoder, codec.model, &codec.encoder_settings, &codec.stream),
        ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &codec.decoder_settings),
                     ONEDVA_ERR_ARGUMENT);
    codec_close(&codec);
}

/* A stream of a newer header is not written as if its new fields were not there; those read from
 * packets have none. */
static void reserved_fields(void **state)
{
    uint8_t bytes[ONEDVA_MAX_STREAM_HEADER];
    struct onedva_stream stream;
    struct codec codec;
    size_t size;

    (void)state;
    codec_init(&codec, SIDE, SIDE);
    assert_int_equal(onedva_stream_header_write(bytes, &size, &codec.stream), ONEDVA_OK);
    memset(&stream, GARBAGE, sizeof(stream));
    assert_int_equal(onedva_stream_header_parse(&stream, bytes, size), ONEDVA_OK);
    codec.stream.reserved_int = 1;
    assert_int_equal(onedva_stream_header_write(bytes, &size, &codec.stream), ONEDVA_ERR_ARGUMENT);
    codec.stream.reserved_int = 0;
    codec.stream.reserved[6] = 1;
    assert_int_equal(onedva_stream_header_write(bytes, &size, &codec.stream), ONEDVA_ERR_ARGUMENT);
    assert_int_equal(
        onedva_encoder_open(&codec.encoder, codec.model, &codec.encoder_settings, &codec.stream),
        ONEDVA_ERR_ARGUMENT);
    assert_non_null(strstr(codec.message, "reserved"));
    for (size_t i = 0; i < sizeof(stream.reserved) / sizeof(stream.reserved[0]); i++)
        assert_int_equal(stream.reserved[i], 0);
    assert_int_equal(stream.reserved_int, 0);
    codec_close(&codec);
}

static void interface(void **state)
{
    (void)state;
    assert_int_equal(onedva_api_version(), ONEDVA_API_VERSION);
    assert_true(onedva_backend_available(ONEDVA_BACKEND_AUTO));
    assert_true(onedva_backend_available(ONEDVA_BACKEND_CPU));
    if (!HAVE_CUDA)
        assert_false(onedva_backend_available(ONEDVA_BACKEND_CUDA));
    assert_false(onedva_backend_available((enum onedva_backend)99));
}

static void expect_refusal(struct codec *codec, enum onedva_backend backend, int device,
                           int expected, const char *message)
{
    codec->encoder_settings.backend = codec->decoder_settings.backend = backend;
    codec->encoder_settings.device = codec->decoder_settings.device = device;
    codec->message[0] = '\0';
    assert_int_equal(onedva_decoder_open(&codec->decoder, codec->model, &codec->decoder_settings),
                     expected);
    assert_string_equal(codec->message, message);
    codec->message[0] = '\0';
    assert_int_equal(onedva_encoder_open(&codec->encoder, codec->model, &codec->encoder_settings,
                                         &codec->stream),
                     expected);
    assert_string_equal(codec->message, message);
}

/* A backend that this build has not is refused in one line, which names those that it has; so is
 * the number of a device that there cannot be. */
static void absent_backend(void **state)
{
    struct codec codec;

    (void)state;
    codec_init(&codec, SIDE, SIDE);
    if (!HAVE_CUDA)
        expect_refusal(&codec, ONEDVA_BACKEND_CUDA, -1, ONEDVA_ERR_UNSUPPORTED,
                       HAVE_VULKAN ? "backend cuda is not in this build; use vulkan, cpu or auto"
                                   : "backend cuda is not in this build; use cpu or auto");
    if (!HAVE_VULKAN)
        expect_refusal(&codec, ONEDVA_BACKEND_VULKAN, -1, ONEDVA_ERR_UNSUPPORTED,
                       HAVE_CUDA ? "backend vulkan is not in this build; use cuda, cpu or auto"
                                 : "backend vulkan is not in this build; use cpu or auto");
    expect_refusal(&codec, (enum onedva_backend)99, -1, ONEDVA_ERR_ARGUMENT,
                   "backend 99 does not exist");
    expect_refusal(&codec, ONEDVA_BACKEND_CPU, 0, ONEDVA_ERR_ARGUMENT,
                   "device 0 goes with -backend cuda or vulkan; the CPU has no numbers");
    expect_refusal(&codec, ONEDVA_BACKEND_AUTO, 1, ONEDVA_ERR_ARGUMENT,
                   "device 1 goes with -backend cuda or vulkan; the CPU has no numbers");
    expect_refusal(&codec, ONEDVA_BACKEND_AUTO, -2, ONEDVA_ERR_ARGUMENT,
                   "device -2 does not exist; the first is 0");
    codec_close(&codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_encoder_settings), cmocka_unit_test(older_decoder_settings),
        cmocka_unit_test(newer_settings),         cmocka_unit_test(settings_without_size),
        cmocka_unit_test(reserved_fields),        cmocka_unit_test(interface),
        cmocka_unit_test(absent_backend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
