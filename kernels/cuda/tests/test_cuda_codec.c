/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The whole codec by CUDA, on the CPU, beside the C reference: packets of linear latents and the
 * exact pictures are the same bytes, what a network computes is near, with bfloat16 factors, too.
 */
#include "kernels/cuda/tests/emulator.h"
#include "kernels/cuda/tests/registry_with_cuda.h"
#include "tests/support/codec.h"

#define WIDTH  50
#define HEIGHT 34
#define FRAMES 5                        /* of a clip */
#define CLIPS  2                        /* the second is predicted from the first */
#define NEAR   (255.0 * 255.0 / 316228) /* mean squared error of 55 dB */

/** Packets of all clips. */
struct coded {
    uint8_t *data[CLIPS];
    size_t size[CLIPS];
};

static void begin(struct codec *codec, enum onedva_backend backend)
{
    codec_init(codec, WIDTH, HEIGHT);
    codec->encoder_settings.threads = codec->decoder_settings.threads = 1;
    codec->encoder_settings.backend = codec->decoder_settings.backend = backend;
    codec->encoder_settings.bitexact = codec->decoder_settings.bitexact =
        backend == ONEDVA_BACKEND_CPU;
}

/* All that was opened is closed, and nothing of the driver is left. */
static void end(struct codec *codec)
{
    codec_close(codec);
    assert_int_equal(emulator_leaks(), 0);
}

static struct coded encode_all(enum onedva_backend backend, enum onedva_preset preset)
{
    struct coded coded;
    struct codec codec;

    begin(&codec, backend);
    codec.encoder_settings.preset = preset;
    codec.encoder_settings.motion = ONEDVA_MOTION_MESH;
    codec_open(&codec);
    for (int i = 0; i < CLIPS; i++) {
        struct onedva_packet packet;
        struct clip clip;

        clip_alloc(&clip, FRAMES, WIDTH, HEIGHT);
        clip_draw(&clip, i * FRAMES);
        packet = encode(&codec, &clip);
        assert_int_equal(packet.is_key, i == 0);
        coded.size[i] = packet.size;
        coded.data[i] = malloc(packet.size);
        assert_non_null(coded.data[i]);
        memcpy(coded.data[i], packet.data, packet.size);
        clip_free(&clip);
    }
    end(&codec);
    return coded;
}

static void free_coded(struct coded *coded)
{
    for (int i = 0; i < CLIPS; i++)
        free(coded->data[i]);
}

/* The pictures of the last clip. */
static struct clip decode_all(enum onedva_backend backend, const struct coded *coded, int steps,
                              enum onedva_precision precision)
{
    struct codec codec;
    struct clip clip;

    begin(&codec, backend);
    codec.decoder_settings.steps = steps;
    codec.decoder_settings.precision = precision;
    codec_open(&codec);
    clip_alloc(&clip, FRAMES, WIDTH, HEIGHT);
    for (int i = 0; i < CLIPS; i++) {
        struct onedva_clip info;

        assert_int_equal(
            onedva_decoder_read_packet(codec.decoder, coded->data[i], coded->size[i], &info),
            ONEDVA_OK);
        assert_int_equal(info.frames, FRAMES);
        assert_int_equal(onedva_decoder_reconstruct(codec.decoder, clip.picture, FRAMES),
                         ONEDVA_OK);
    }
    assert_true(clip_guards_hold(&clip));
    end(&codec);
    return clip;
}

/* @return the mean squared error between what the C reference decodes and what CUDA does */
static double error_of(const struct coded *coded, int steps, enum onedva_precision precision)
{
    struct clip expected = decode_all(ONEDVA_BACKEND_CPU, coded, steps, precision);
    struct clip found = decode_all(ONEDVA_BACKEND_CUDA, coded, steps, precision);
    const double mse = clip_mse(&expected, &found);

    clip_free(&expected);
    clip_free(&found);
    return mse;
}

static void linear_latents(void **state)
{
    struct coded expected = encode_all(ONEDVA_BACKEND_CPU, ONEDVA_PRESET_ULTRAFAST);
    struct coded found = encode_all(ONEDVA_BACKEND_CUDA, ONEDVA_PRESET_ULTRAFAST);

    (void)state;
    for (int i = 0; i < CLIPS; i++) {
        assert_int_equal(found.size[i], expected.size[i]);
        assert_memory_equal(found.data[i], expected.data[i], expected.size[i]);
    }
    assert_true(error_of(&expected, 0, ONEDVA_PRECISION_BFLOAT16) == 0);
    assert_true(error_of(&expected, 1, ONEDVA_PRECISION_FLOAT32) < NEAR);
    assert_true(error_of(&expected, 4, ONEDVA_PRECISION_BFLOAT16) < NEAR);
    free_coded(&expected);
    free_coded(&found);
}

/* The network's numbers differ in their last bits, and with them a level here and there. */
static void query_encoder(void **state)
{
    struct coded expected = encode_all(ONEDVA_BACKEND_CPU, ONEDVA_PRESET_MEDIUM);
    struct coded found = encode_all(ONEDVA_BACKEND_CUDA, ONEDVA_PRESET_MEDIUM);
    struct clip a = decode_all(ONEDVA_BACKEND_CPU, &expected, 1, ONEDVA_PRECISION_FLOAT32);
    struct clip b = decode_all(ONEDVA_BACKEND_CPU, &found, 1, ONEDVA_PRECISION_FLOAT32);

    (void)state;
    assert_true(clip_mse(&a, &b) < NEAR);
    clip_free(&a);
    clip_free(&b);
    free_coded(&expected);
    free_coded(&found);
}

/* A driver that is not there is told in one line, by both. */
static void no_driver(void **state)
{
    struct codec codec;

    (void)state;
    begin(&codec, ONEDVA_BACKEND_CUDA);
    emulated_gpu.lacks = "libcuda.so.1";
    assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &codec.decoder_settings),
                     ONEDVA_ERR_UNSUPPORTED);
    assert_non_null(strstr(codec.message, "cuda: libcuda.so.1 was not found"));
    codec.message[0] = '\0';
    assert_int_equal(
        onedva_encoder_open(&codec.encoder, codec.model, &codec.encoder_settings, &codec.stream),
        ONEDVA_ERR_UNSUPPORTED);
    assert_non_null(strstr(codec.message, "cuda: libcuda.so.1 was not found"));
    emulated_gpu = (struct emulated_gpu)EMULATED_GPU;
    end(&codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_latents),
        cmocka_unit_test(query_encoder),
        cmocka_unit_test(no_driver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
