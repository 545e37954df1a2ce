/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The generator by its public interface: packets that any decoder takes, and settings refused in
 * one line. */
#include "onedva/onedva_generate.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/edited_file.h"
#include "tests/support/test_clip.h"

#define MODEL "fate/model/onedva-test.safetensors"
#define PRIOR "fate/model/onedva-test-prior.safetensors"
#define SIDE  144
#define ROOM  65536

static onedva_model *model;
static onedva_prior *prior;

static int open_files(void **state)
{
    (void)state;
    assert_int_equal(onedva_model_open(&model, MODEL, NULL), ONEDVA_OK);
    assert_int_equal(onedva_prior_open(&prior, PRIOR, NULL), ONEDVA_OK);
    return 0;
}

static int close_files(void **state)
{
    (void)state;
    onedva_prior_close(&prior);
    onedva_model_close(&model);
    return 0;
}

static struct onedva_generator_settings usual(void)
{
    struct onedva_generator_settings settings;

    onedva_generator_settings_default(&settings);
    settings.backend = ONEDVA_BACKEND_CPU;
    settings.threads = 2;
    settings.steps = 3;
    settings.seed = 4;
    return settings;
}

static onedva_generator *open_generator(const struct onedva_generator_settings *settings)
{
    onedva_generator *generator;

    assert_int_equal(onedva_generator_open(&generator, model, prior, settings), ONEDVA_OK);
    return generator;
}

/* The first clip, or the one after so many. @return its size */
static size_t draw(uint8_t *packet, const struct onedva_generator_settings *settings, int clip)
{
    onedva_generator *generator = open_generator(settings);
    struct onedva_packet drawn;

    for (int i = 0; i <= clip; i++)
        assert_int_equal(onedva_generator_next(generator, &drawn), ONEDVA_OK);
    assert_int_equal(drawn.frames, 16);
    assert_true(drawn.is_key && drawn.stats.tiles == 4 && drawn.stats.bytes == drawn.size);
    assert_true(drawn.stats.coefficients > 100 && drawn.size < ROOM);
    memcpy(packet, drawn.data, drawn.size);
    onedva_generator_close(&generator);
    return drawn.size;
}

/* Whether two settings draw the same packet. */
static int same(const struct onedva_generator_settings *a,
                const struct onedva_generator_settings *b, int clip)
{
    static uint8_t first[ROOM], second[ROOM];
    const size_t size = draw(first, a, clip);

    return draw(second, b, clip) == size && !memcmp(first, second, size);
}

static void seeds_and_classes(void **state)
{
    const struct onedva_generator_settings settings = usual();
    struct onedva_generator_settings other = settings;

    (void)state;
    assert_true(same(&settings, &settings, 1));
    other.seed = UINT64_C(1) << 40;
    assert_false(same(&settings, &other, 0));
    other = settings;
    other.prior_class = 1;
    assert_false(same(&settings, &other, 0));
    other.guidance = 1;
    assert_false(same(&settings, &other, 0));
    other = settings;
    other.tokens = 5;
    assert_false(same(&settings, &other, 0));
    other = settings;
    other.single_clips = 1;
    assert_true(same(&settings, &other, 0)); /* nothing is before the first clip */
    assert_false(same(&settings, &other, 1));
    other = settings;
    other.bitexact = 1;
    other.threads = 4;
    assert_true(same(&other, &other, 1));
}

/* What is drawn decodes, and has as many tokens as were asked for at most. */
static void decodes(void **state)
{
    struct onedva_generator_settings settings = usual();
    struct onedva_decoder_settings decoder_settings;
    onedva_generator *generator;
    onedva_decoder *decoder;
    struct clip pictures;
    const uint8_t *header;
    size_t size;

    (void)state;
    settings.tokens = 3;
    generator = open_generator(&settings);
    onedva_decoder_settings_default(&decoder_settings);
    decoder_settings.backend = ONEDVA_BACKEND_CPU;
    assert_int_equal(onedva_decoder_open(&decoder, model, &decoder_settings), ONEDVA_OK);
    onedva_generator_stream_header(generator, &header, &size);
    assert_int_equal(onedva_decoder_set_stream_header(decoder, header, size), ONEDVA_OK);
    clip_alloc(&pictures, 16, SIDE, SIDE);
    for (int i = 0; i < 3; i++) {
        struct onedva_packet packet;
        struct onedva_clip clip;

        assert_int_equal(onedva_generator_next(generator, &packet), ONEDVA_OK);
        assert_int_equal(onedva_decoder_read_packet(decoder, packet.data, packet.size, &clip),
                         ONEDVA_OK);
        assert_int_equal(clip.frames, 16);
        assert_true(clip.is_key && clip.layers_decoded == 1);
        assert_int_equal(clip.stream.width, SIDE);
        assert_int_equal(clip.tokens, packet.stats.tokens);
        assert_true(clip.tokens > 0 && clip.tokens <= 3 * 4);
        assert_int_equal(onedva_decoder_reconstruct(decoder, pictures.picture, 16), ONEDVA_OK);
    }
    clip_free(&pictures);
    onedva_decoder_close(&decoder);
    onedva_generator_close(&generator);
}

static void refused(const struct onedva_generator_settings *settings, int wanted,
                    const char *part_of_message)
{
    struct onedva_generator_settings logged = *settings;
    onedva_generator *generator;
    struct log log = {0};

    logged.logger = (struct onedva_logger){log_line, &log};
    assert_int_equal(onedva_generator_open(&generator, model, prior, &logged), wanted);
    assert_null(generator);
    assert_int_equal(log.lines, 1);
    if (!strstr(log.last, part_of_message))
        fail_msg("message \"%s\" does not name %s", log.last, part_of_message);
}

static void wrong_settings(void **state)
{
    static const struct {
        struct onedva_generator_settings settings;
        const char *message;
    } cases[] = {
        {{.prior_class = 2}, "class 2 is not -1 to 1"},
        {{.prior_class = -2}, "class -2"},
        {{.steps = -1}, "-1 steps are not 1 to 1000"},
        {{.steps = 1001}, "1001 steps"},
        {{.guidance = 21}, "guidance 21 is not in 0 to 20"},
        {{.tokens = 17}, "17 tokens are not 1 to the prior's 16"},
        {{.threads = -1}, "-1 threads"},
        {{.timebase_num = 70000}, "time base"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct onedva_generator_settings *given = &cases[i].settings;
        struct onedva_generator_settings settings = usual();

        settings.prior_class = given->prior_class;
        settings.steps = given->steps ? given->steps : settings.steps;
        settings.guidance = given->guidance;
        settings.tokens = given->tokens;
        settings.threads = given->threads;
        if (given->timebase_num)
            settings.timebase_num = settings.timebase_den = 0;
        refused(&settings, ONEDVA_ERR_ARGUMENT, cases[i].message);
    }
}

static void another_model(void **state)
{
    const struct onedva_generator_settings settings = usual();
    onedva_model *own = model;

    (void)state;
    assert_int_equal(onedva_model_open(&model, "engine/tests/golden/model.safetensors", NULL),
                     ONEDVA_OK);
    refused(&settings, ONEDVA_ERR_MODEL_MISMATCH, "is of latents of model 8b0816d77dc064c3");
    onedva_model_close(&model);
    model = own;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_and_classes),
        cmocka_unit_test(decodes),
        cmocka_unit_test(wrong_settings),
        cmocka_unit_test(another_model),
    };

    return cmocka_run_group_tests(tests, open_files, close_files);
}
