/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Memory that runs out at the nth allocation, for every n: each call says so, and what failed can
 * be closed. The Makefile links this with wrapped allocation functions. */
#include <cjson/cJSON.h>

#include "generate/prior.h"
#include "model/model.h"
#include "model/model_weights.h"
#include "tests/support/codec.h"
#include "tests/support/failing_allocations.h"

#define WIDTH  40
#define HEIGHT 32
#define FRAMES 5
#define CLIPS  2
#define ROOM   65536 /* bytes for a packet */
#define PRIOR  "fate/model/onedva-test-prior.safetensors"

/* What a run does, all of it from memory that was there before. */
struct run {
    onedva_model *model;
    onedva_prior *prior; /* of draw_clips */
    struct onedva_encoder_settings encoder_settings;
    struct onedva_decoder_settings decoder_settings;
    struct onedva_stream stream;
    struct clip source, decoded;
    uint8_t *packet[CLIPS];
    size_t packet_size[CLIPS];
};

static void run_init(struct run *run, enum onedva_motion motion, int layers, int steps)
{
    struct codec codec;

    codec_init(&codec, WIDTH, HEIGHT);
    *run = (struct run){.model = codec.model,
                        .encoder_settings = codec.encoder_settings,
                        .decoder_settings = codec.decoder_settings,
                        .stream = codec.stream};
    run->encoder_settings.logger = run->decoder_settings.logger = (struct onedva_logger){0};
    run->encoder_settings.motion = motion;
    run->encoder_settings.layers = layers;
    run->encoder_settings.header_in_packets = 1;
    run->decoder_settings.steps = steps;
    run->decoder_settings.smooth_clips = 1;
    run->decoder_settings.threads = 4;
    clip_alloc(&run->source, FRAMES, WIDTH, HEIGHT);
    clip_alloc(&run->decoded, FRAMES, WIDTH, HEIGHT);
    clip_draw(&run->source, 0);
}

static void run_free(struct run *run)
{
    for (int i = 0; i < CLIPS; i++)
        free(run->packet[i]);
    clip_free(&run->source);
    clip_free(&run->decoded);
    onedva_model_close(&run->model);
}

static int open_model(struct run *run)
{
    const char *path = getenv("ONEDVA_TEST_MODEL");
    onedva_model *model;
    const int status =
        onedva_model_open(&model, path ? path : "fate/model/onedva-test.safetensors", NULL);

    (void)run;
    assert_true((status == ONEDVA_OK) == (model != NULL));
    onedva_model_close(&model);
    return status;
}

/* The JSON parser does not say whether memory ran out or the text is wrong. */
static int parse_model(struct run *run)
{
    const int status = open_model(run);

    return status == ONEDVA_ERR_MODEL ? ONEDVA_ERR_NOMEM : status;
}

static int open_prior(struct run *run)
{
    onedva_prior *prior;
    const int status = onedva_prior_open(&prior, PRIOR, NULL);

    (void)run;
    assert_true((status == ONEDVA_OK) == (prior != NULL));
    onedva_prior_close(&prior);
    return status == ONEDVA_ERR_MODEL ? ONEDVA_ERR_NOMEM : status;
}

/* The model as it was opened: what follows opens devices and gives them the model again. */
static void forget_devices(struct run *run)
{
    odva_model_devices_free(&run->model->weights->devices);
    odva_model_devices_init(&run->model->weights->devices, run->model->weights);
}

/* Encode two clips; an encoder that has failed once encodes the next clip. */
static int encode_clips(struct run *run)
{
    onedva_encoder *encoder;
    int status;

    forget_devices(run);
    status = onedva_encoder_open(&encoder, run->model, &run->encoder_settings, &run->stream);
    assert_true((status == ONEDVA_OK) == (encoder != NULL));
    for (int i = 0; i < CLIPS && encoder; i++) {
        struct onedva_packet packet;
        struct onedva_tiles tiles;
        const int encoded =
            onedva_encode(encoder, run->source.const_picture, NULL, FRAMES, &packet);
        if (encoded == ONEDVA_OK && status == ONEDVA_OK)
            status = onedva_encoder_get_tiles(encoder, &tiles);
        status = encoded < 0 ? encoded : status;
    }
    onedva_encoder_close(&encoder);
    return status;
}

/* Decode two clips, the second announced; a decoder that has failed once goes on with the next
 * clip. */
static int decode_clips(struct run *run)
{
    onedva_decoder *decoder;
    int status;

    forget_devices(run);
    status = onedva_decoder_open(&decoder, run->model, &run->decoder_settings);
    assert_true((status == ONEDVA_OK) == (decoder != NULL));
    for (int i = 0; i < CLIPS && decoder; i++) {
        struct onedva_clip clip;
        struct onedva_mesh mesh;
        int decoded =
            onedva_decoder_read_packet(decoder, run->packet[i], run->packet_size[i], &clip);
        if (i + 1 < CLIPS)
            onedva_decoder_announce_packet(decoder, run->packet[i + 1], run->packet_size[i + 1]);
        if (decoded == ONEDVA_OK)
            decoded = onedva_decoder_get_mesh(decoder, &mesh);
        if (decoded == ONEDVA_OK)
            decoded = onedva_decoder_reconstruct(decoder, run->decoded.picture, FRAMES);
        /* of an inter clip without the one before it, something else is said */
        status = status == ONEDVA_OK ? decoded : status;
    }
    onedva_decoder_close(&decoder);
    return status;
}

/* Draw two clips; a generator that has failed once draws the next one. */
static int draw_clips(struct run *run)
{
    struct onedva_generator_settings settings;
    onedva_generator *generator;
    int status;

    onedva_generator_settings_default(&settings);
    settings.prior_class = 1;
    settings.steps = 2;
    settings.backend = ONEDVA_BACKEND_CPU;
    settings.threads = 2;
    forget_devices(run);
    odva_model_devices_free(&run->prior->devices);
    odva_model_devices_init(&run->prior->devices, NULL);
    status = onedva_generator_open(&generator, run->model, run->prior, &settings);
    assert_true((status == ONEDVA_OK) == (generator != NULL));
    for (int i = 0; i < CLIPS && generator; i++) {
        struct onedva_packet packet;
        const int drawn = onedva_generator_next(generator, &packet);

        status = drawn < 0 ? drawn : status;
    }
    onedva_generator_close(&generator);
    return status;
}

static int use_packet_tools(struct run *run)
{
    uint8_t header[ONEDVA_MAX_STREAM_HEADER];
    uint8_t *result = run->packet[1];
    size_t size;
    int status = onedva_stream_header_write(header, &size, &run->stream);

    if (status == ONEDVA_OK)
        status = onedva_packet_truncate(run->packet[0], run->packet_size[0], 1, result, &size);
    if (status == ONEDVA_OK)
        status = onedva_packet_set_stream(run->packet[0], run->packet_size[0], &run->stream, result,
                                          &size);
    if (status == ONEDVA_OK)
        status = onedva_packet_set_kind(run->packet[0], run->packet_size[0],
                                        ONEDVA_PACKET_WHOLE_CLIP, NULL, result, &size);
    return status;
}

/* Fail each allocation in turn until none is left that could fail. @return how many said so */
static int fail_each(struct run *run, int (*fn)(struct run *run))
{
    int refused = 0;

    for (int n = 1;; n++) {
        int status, reached;
        atomic_store(&countdown, n);
        status = fn(run);
        reached = atomic_load(&countdown) <= 0;
        atomic_store(&countdown, 0);
        assert_true(status == ONEDVA_OK || (reached && status == ONEDVA_ERR_NOMEM));
        refused += status == ONEDVA_ERR_NOMEM;
        if (!reached)
            return refused;
    }
}

/* Packets for decode_clips, in memory with room for a repeated header. */
static void make_packets(struct run *run)
{
    onedva_encoder *encoder;

    assert_int_equal(
        onedva_encoder_open(&encoder, run->model, &run->encoder_settings, &run->stream), ONEDVA_OK);
    for (int i = 0; i < CLIPS; i++) {
        struct onedva_packet packet;
        clip_draw(&run->source, i * FRAMES);
        assert_int_equal(onedva_encode(encoder, run->source.const_picture, NULL, FRAMES, &packet),
                         ONEDVA_OK);
        run->packet[i] = malloc(ROOM);
        assert_non_null(run->packet[i]);
        assert_true(packet.size + ONEDVA_MAX_STREAM_HEADER < ROOM);
        memcpy(run->packet[i], packet.data, packet.size);
        run->packet_size[i] = packet.size;
    }
    onedva_encoder_close(&encoder);
}

static void *hooked_malloc(size_t size)
{
    return __wrap_malloc(size);
}

static void opening_a_model(void **state)
{
    cJSON_Hooks hooks = {hooked_malloc, free};

    (void)state;
    assert_true(fail_each(NULL, open_model) >= 8);
    cJSON_InitHooks(&hooks);
    assert_true(fail_each(NULL, parse_model) >= 100);
    assert_true(fail_each(NULL, open_prior) >= 100);
    cJSON_InitHooks(NULL);
}

static void encoding_and_decoding(void **state)
{
    static const struct {
        enum onedva_motion motion;
        int layers, steps;
    } kinds[] = {{ONEDVA_MOTION_OFF, 6, 0}, {ONEDVA_MOTION_MESH, 1, 2}, {ONEDVA_MOTION_AUTO, 4, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct run run;
        run_init(&run, kinds[i].motion, kinds[i].layers, kinds[i].steps);
        make_packets(&run);
        assert_true(fail_each(&run, encode_clips) >= 30);
        assert_true(fail_each(&run, decode_clips) >= 20);
        run_free(&run);
    }
}

static void drawing(void **state)
{
    struct run run;

    (void)state;
    run_init(&run, ONEDVA_MOTION_OFF, 1, 0);
    assert_int_equal(onedva_prior_open(&run.prior, PRIOR, NULL), ONEDVA_OK);
    assert_true(fail_each(&run, draw_clips) >= 30);
    onedva_prior_close(&run.prior);
    run_free(&run);
}

static void packet_tools(void **state)
{
    struct run run;

    (void)state;
    run_init(&run, ONEDVA_MOTION_OFF, 4, 0);
    make_packets(&run);
    assert_true(fail_each(&run, use_packet_tools) >= 3);
    run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_a_model),
        cmocka_unit_test(encoding_and_decoding),
        cmocka_unit_test(drawing),
        cmocka_unit_test(packet_tools),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
