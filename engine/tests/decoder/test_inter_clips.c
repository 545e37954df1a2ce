/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Chains of inter clips with made-up latents: the decoder against a plain computation of section 8
 * of doc/bitstream.md, whatever is decoded of a clip and however, and what it says where clips are
 * missing.
 */
#include <stdlib.h>
#include <string.h>

#include "bitstream/packet_decoder.h"
#include "bitstream/packet_encoder.h"
#include "decoder/clip_smoothing.h"
#include "kernels/host_pictures.h"
#include "motion/motion_warp.h"
#include "motion/prediction_canvas.h"
#include "network/sampler.h"
#include "tests/support/host_synthesis.h"
#include "tests/support/random_latents.h"
#include "tests/support/random_motion.h"
#include "tests/support/scanned_model.h"
#include "tests/support/test_clip.h"
#include "transform/deblocking.h"

#define WIDTH  70
#define HEIGHT 40
#define QIDX   39 /* with which there is room for four refinements */
#define CLIPS  6

/* ---- packets ----------------------------------------------------------------------------- */

struct packet {
    uint8_t *data;
    size_t size;
    int frames;
};

struct chain {
    struct packet packet[CLIPS]; /* a key clip, four inter clips, another key clip */
};

/** Writes packets, each the reference of the next. */
struct writer {
    struct random random;
    struct odva_packet_encoder encoder;
    struct odva_latents latents;
    struct odva_motion motion;
    int is_all; /* tiles of inter clips are predicted */
};

static void writer_open(struct writer *writer, uint64_t seed)
{
    *writer = (struct writer){.random = {seed}};
    assert_int_equal(odva_packet_encoder_init(&writer->encoder, model), ONEDVA_OK);
}

static void writer_close(struct writer *writer)
{
    odva_packet_encoder_free(&writer->encoder);
    odva_latents_free(&writer->latents);
    odva_motion_free(&writer->motion);
}

/* Few coefficients, so that not all samples are 0 or 255. */
static void make_latents(struct writer *writer, int is_inter, struct odva_clip_size size,
                         struct odva_layer_plan *layer_plan, int layers)
{
    struct random *random = &writer->random;
    struct odva_latents *latents = &writer->latents;

    assert_int_equal(
        odva_latents_set_size(latents, scans, random_below(random, ODVA_DETAILS), size), ONEDVA_OK);
    random_partition(random, latents);
    if (is_inter)
        random_prediction(random, latents);
    if (writer->is_all)
        memset(latents->predicted, 0xff,
               latents->grid.superblock_count * sizeof(*latents->predicted));
    latents->qidx = QIDX;
    odva_layer_plan_init(layer_plan, layers, QIDX, odva_tile_tokens(latents->basis));
    latents->layers = layer_plan->count;
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        int32_t *q = latents->q + tile->offset;
        int count;

        tile->tokens = random_below(random, (tile->max_tokens < 20 ? tile->max_tokens : 20) + 1);
        random_lengths(random, tile, layer_plan);
        count = odva_coefficients_of(tile, tile->tokens);
        for (int c = 0; c < tile->coefficients; c++)
            q[c] = c < count && random_below(random, 6) == 0 ? random_below(random, 81) - 40 : 0;
    }
    odva_layer_plan_set_ends(layer_plan, latents);
}

static void make_motion(struct random *random, struct odva_motion *motion, int is_inter, int frames,
                        int width, int height)
{
    *motion = (struct odva_motion){.width = width,
                                   .height = height,
                                   .mesh = motion->mesh,
                                   .mesh_capacity = motion->mesh_capacity};
    random_motion(random, motion, frames + is_inter, random_below(random, 2) ? 4 : 1,
                  random_below(random, 2) ? 32 : 0, 15);
    motion->frames = frames;
    motion->is_inter = is_inter;
    motion->left = 2 * random_below(random, 8);
    motion->top = 2 * random_below(random, 8);
    motion->right = 2 * random_below(random, 8);
    motion->bottom = 2 * random_below(random, 8);
    motion->point_step = random_below(random, 8);
    motion->mesh_step = motion->spacing ? random_below(random, 8) : 0;
}

static struct packet write_clip(struct writer *writer, int is_inter, int has_motion, int frames,
                                int width, int height, int layers)
{
    const struct onedva_stream stream = {.model_id = model->id,
                                         .width = (uint32_t)width,
                                         .height = (uint32_t)height,
                                         .timebase_num = 1,
                                         .timebase_den = 25,
                                         .frame_duration = 1,
                                         .sar_den = 1};
    const struct odva_motion *motion = has_motion ? &writer->motion : NULL;
    struct odva_clip_size size = {frames, width, height};
    struct odva_layer_plan layer_plan;
    struct odva_packet fields;
    struct packet packet = {.frames = frames};

    if (has_motion)
        make_motion(&writer->random, &writer->motion, is_inter, frames, width, height);
    if (has_motion)
        size = (struct odva_clip_size){frames, odva_motion_canvas_width(motion),
                                       odva_motion_canvas_height(motion)};
    make_latents(writer, is_inter, size, &layer_plan, layers);
    assert_int_equal(odva_packet_encoder_write(&writer->encoder, &writer->latents, &layer_plan,
                                               motion, &stream, NULL),
                     ONEDVA_OK);
    packet.size = writer->encoder.packet.size;
    packet.data = malloc(packet.size);
    assert_non_null(packet.data);
    memcpy(packet.data, writer->encoder.packet.data, packet.size);
    assert_int_equal(odva_packet_parse(&fields, packet.data, packet.size), ONEDVA_OK);
    assert_int_equal(fields.is_inter, is_inter);
    writer->encoder.reference = odva_packet_encoder_id(&writer->encoder);
    assert_int_equal(writer->encoder.reference, odva_packet_id(&fields, fields.first_crc));
    return packet;
}

/* @param is_all whether all tiles of inter clips are predicted */
static void chain_write(struct chain *chain, uint64_t seed, int layers, int is_all)
{
    static const struct {
        int is_inter, has_motion, frames;
    } clips[CLIPS] = {{0, 0, 5}, {1, 1, 4}, {1, 0, 1}, {1, 1, 1}, {1, 0, 9}, {0, 1, 3}};
    struct writer writer;

    writer_open(&writer, seed);
    writer.is_all = is_all;
    for (int i = 0; i < CLIPS; i++)
        chain->packet[i] = write_clip(&writer, clips[i].is_inter, clips[i].has_motion,
                                      clips[i].frames, WIDTH, HEIGHT, layers);
    writer_close(&writer);
}

static uint16_t first_crc(const struct packet *packet)
{
    struct odva_packet fields;

    assert_int_equal(odva_packet_parse(&fields, packet->data, packet->size), ONEDVA_OK);
    return fields.first_crc;
}

/* All inter clips have the same layers: their packets differ in nothing but what they rest on. */
static void chain_write_equal(struct chain *chain, uint64_t seed)
{
    struct writer writer;
    struct random before = {0};

    writer_open(&writer, seed);
    writer.is_all = 1;
    for (int i = 0; i < CLIPS; i++) {
        const int is_inter = i > 0 && i < CLIPS - 1;

        if (i == 1)
            before = writer.random;
        if (is_inter)
            writer.random = before;
        chain->packet[i] = write_clip(&writer, is_inter, 0, 4, WIDTH, HEIGHT, 1);
        if (is_inter)
            assert_int_equal(first_crc(&chain->packet[i]), first_crc(&chain->packet[1]));
    }
    writer_close(&writer);
}

static void chain_free(struct chain *chain)
{
    for (int i = 0; i < CLIPS; i++)
        free(chain->packet[i].data);
}

/* The packet cut to its first layers. */
static struct packet cut(const struct packet *packet, int layers)
{
    struct packet result = {.data = malloc(packet->size), .frames = packet->frames};

    assert_non_null(result.data);
    assert_int_equal(
        onedva_packet_truncate(packet->data, packet->size, layers, result.data, &result.size),
        ONEDVA_OK);
    return result;
}

static void chain_cut(struct chain *chain, int layers)
{
    for (int i = 0; i < CLIPS; i++) {
        const struct packet packet = cut(&chain->packet[i], layers);

        free(chain->packet[i].data);
        chain->packet[i] = packet;
    }
}

/* ---- the text ---------------------------------------------------------------------------- */

struct how {
    int steps, max_tokens, smooth;
};

struct plain {
    struct odva_sampler sampler;
    struct odva_packet_decoder decoder;
    struct odva_motion_warp warp;
    struct odva_canvas reference, canvas, first;
    struct odva_prediction_canvas prediction;
    struct odva_deblocking deblocking;
    struct odva_clip_smoothing smoothing;
};

static void plain_open(struct plain *plain)
{
    *plain = (struct plain){0};
    assert_int_equal(odva_sampler_open(&plain->sampler, model, test_backend), ONEDVA_OK);
    assert_int_equal(odva_packet_decoder_init(&plain->decoder, model, scans, 0, 0, ONEDVA_MAX_DEPTH,
                                              &(struct onedva_logger){0}),
                     ONEDVA_OK);
}

static void plain_close(struct plain *plain)
{
    odva_sampler_close(&plain->sampler);
    odva_packet_decoder_free(&plain->decoder);
    odva_motion_warp_free(&plain->warp);
    odva_canvas_free(&plain->reference);
    odva_prediction_canvas_free(&plain->prediction);
    odva_canvas_free(&plain->canvas);
    odva_canvas_free(&plain->first);
    odva_deblocking_free(&plain->deblocking, test_backend);
    odva_clip_smoothing_free(&plain->smoothing);
}

/* What the clip read last is predicted from. */
static const struct onedva_const_picture *prediction_of(struct plain *plain)
{
    if (!plain->decoder.is_inter)
        return NULL;
    assert_int_equal(plain->reference.frames, 1);
    if (!plain->decoder.has_motion)
        return plain->reference.const_picture;
    assert_int_equal(odva_prediction_canvas_set(&plain->prediction, test_backend,
                                                plain->reference.const_picture,
                                                &plain->decoder.motion),
                     ONEDVA_OK);
    return plain->prediction.canvas.const_picture;
}

/* The pictures of a packet, whose predecessor's reference is there. */
static void draw(struct plain *plain, const struct packet *packet, struct how how,
                 const struct onedva_picture *pictures)
{
    struct odva_packet_decoder *decoder = &plain->decoder;
    const struct odva_latents *latents = &decoder->latents;
    struct odva_sampler_params params = {.steps = how.steps, .sampler = ONEDVA_SAMPLER_EULER};
    struct onedva_clip clip;

    decoder->max_tokens = how.max_tokens;
    assert_int_equal(odva_packet_decoder_read(decoder, packet->data, packet->size, &clip),
                     ONEDVA_OK);
    params.qidx = latents->qidx;
    params.seed = decoder->seed;
    assert_int_equal(odva_canvas_set_size(&plain->canvas, packet->frames, latents->grid.width,
                                          latents->grid.height, 8),
                     ONEDVA_OK);
    assert_int_equal(host_reconstruct(&plain->sampler.path, latents, prediction_of(plain),
                                      plain->canvas.picture),
                     ONEDVA_OK);
    assert_int_equal(host_refine(&plain->sampler, latents, &params, plain->canvas.picture),
                     ONEDVA_OK);
    assert_int_equal(host_deblock(&plain->deblocking, test_backend, plain->canvas.picture, latents,
                                  packet->frames),
                     ONEDVA_OK);
    if (decoder->has_motion) {
        assert_int_equal(odva_motion_warp_set(&plain->warp, &decoder->motion), ONEDVA_OK);
        assert_int_equal(odva_host_warp(test_backend, pictures, plain->canvas.const_picture,
                                        &plain->warp.warp, odva_motion_warp_nodes(&plain->warp), 8),
                         ONEDVA_OK);
        return;
    }
    for (int t = 0; t < packet->frames; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? (latents->grid.height + 1) / 2 : latents->grid.height); y++)
                memcpy(pictures[t].data[p] + y * pictures[t].stride[p],
                       plain->canvas.picture[t].data[p] + y * plain->canvas.picture[t].stride[p],
                       p ? (latents->grid.width + 1) / 2 : latents->grid.width);
}

/* The pictures that are shown, then the reference picture. */
static void plain_decode(struct plain *plain, const struct packet *packet, struct how how,
                         struct clip *pictures)
{
    const struct packet first = cut(packet, 1);
    int width, height;

    draw(plain, packet, how, pictures->picture);
    if (how.smooth)
        assert_int_equal(odva_clip_smoothing_run(&plain->smoothing, test_threads(2),
                                                 pictures->picture, pictures->frames,
                                                 pictures->width, pictures->height, 8,
                                                 plain->decoder.latents.qidx),
                         ONEDVA_OK);
    width = (int)plain->decoder.stream.width;
    height = (int)plain->decoder.stream.height;
    assert_int_equal(odva_canvas_set_size(&plain->first, packet->frames, width, height, 8),
                     ONEDVA_OK);
    draw(plain, &first, (struct how){0}, plain->first.picture);
    assert_int_equal(odva_canvas_copy(&plain->reference,
                                      &plain->first.const_picture[packet->frames - 1], width,
                                      height, 8),
                     ONEDVA_OK);
    free(first.data);
}

/** What a chain's clips look like. */
struct expected {
    struct clip clip[CLIPS];
};

static void expect(struct expected *expected, const struct chain *chain, struct how how)
{
    struct plain plain;

    plain_open(&plain);
    for (int i = 0; i < CLIPS; i++) {
        clip_alloc(&expected->clip[i], chain->packet[i].frames, WIDTH, HEIGHT);
        plain_decode(&plain, &chain->packet[i], how, &expected->clip[i]);
    }
    plain_close(&plain);
}

static void expected_free(struct expected *expected)
{
    for (int i = 0; i < CLIPS; i++)
        clip_free(&expected->clip[i]);
}

/* ---- the decoder ------------------------------------------------------------------------- */

struct decoding {
    onedva_decoder *decoder;
    struct onedva_clip clip; /* read last */
    char message[512];
    int messages;
};

static void remember(void *opaque, enum onedva_log_level level, const char *message)
{
    struct decoding *d = opaque;

    if (level > ONEDVA_LOG_WARNING)
        return;
    snprintf(d->message, sizeof(d->message), "%s", message);
    d->messages++;
}

static void decoding_open(struct decoding *d, struct how how, int threads)
{
    struct onedva_decoder_settings settings;

    *d = (struct decoding){0};
    onedva_decoder_settings_default(&settings);
    settings.steps = how.steps;
    settings.max_tokens = how.max_tokens;
    settings.smooth_clips = how.smooth;
    settings.threads = threads;
    settings.logger = (struct onedva_logger){remember, d};
    assert_int_equal(onedva_decoder_open(&d->decoder, model, &settings), ONEDVA_OK);
}

static void decoding_close(struct decoding *d)
{
    onedva_decoder_close(&d->decoder);
}

/* @return the status of reading it */
static int read_packet(struct decoding *d, const struct packet *packet)
{
    d->messages = 0;
    return onedva_decoder_read_packet(d->decoder, packet->data, packet->size, &d->clip);
}

/* Whether the clip read last has these pictures. */
static int is_shown(struct decoding *d, const struct clip *expected)
{
    struct clip found;
    int is_same;

    clip_alloc(&found, d->clip.frames, WIDTH, HEIGHT);
    assert_int_equal(found.frames, expected->frames);
    assert_int_equal(onedva_decoder_reconstruct(d->decoder, found.picture, found.frames),
                     ONEDVA_OK);
    assert_true(clip_guards_hold(&found));
    is_same = clip_mse(&found, expected) == 0;
    clip_free(&found);
    return is_same;
}

/* The clip is read without complaint. */
static void assert_read(struct decoding *d, const struct packet *packet)
{
    assert_int_equal(read_packet(d, packet), ONEDVA_OK);
    assert_int_equal(d->messages, 0);
    assert_int_equal(d->clip.frames, packet->frames);
    assert_int_equal(d->clip.is_corrupt, 0);
    assert_int_equal(d->clip.is_key, packet->data[0] == 0xD5);
}

static void assert_shown(struct decoding *d, const struct packet *packet,
                         const struct clip *expected)
{
    assert_read(d, packet);
    assert_true(is_shown(d, expected));
}

static void assert_corrupt(struct decoding *d, const struct packet *packet,
                           const struct clip *expected, int messages)
{
    assert_int_equal(read_packet(d, packet), ONEDVA_OK);
    assert_int_equal(d->clip.is_corrupt, 1);
    assert_int_equal(d->clip.is_key, 0);
    assert_int_equal(d->messages, messages);
    assert_false(is_shown(d, expected));
}

static void assert_lost(struct decoding *d, const struct packet *packet, int messages)
{
    assert_int_equal(read_packet(d, packet), ONEDVA_ERR_DATA);
    assert_int_equal(d->clip.frames, packet->frames);
    assert_int_equal(d->clip.is_key, 0);
    assert_int_equal(d->messages, messages);
    assert_int_equal(onedva_decoder_reconstruct(d->decoder, NULL, packet->frames),
                     ONEDVA_ERR_ARGUMENT);
}

/* ---- pictures ---------------------------------------------------------------------------- */

static void check_chain(struct chain *chain, struct how how)
{
    struct expected expected;
    struct decoding d;

    expect(&expected, chain, how);
    decoding_open(&d, how, 1);
    for (int i = 0; i < CLIPS; i++) {
        assert_shown(&d, &chain->packet[i], &expected.clip[i]);
        if (!how.smooth)
            assert_true(is_shown(&d, &expected.clip[i])); /* once more */
    }
    decoding_close(&d);
    expected_free(&expected);
}

/* The reference pictures are the same however many steps, layers and tokens are decoded. */
static void chains(void **state)
{
    static const struct how hows[] = {{0, 0, 0}, {1, 0, 0}, {0, 6, 0}, {1, 6, 0}, {2, 0, 1}};

    (void)state;
    for (uint64_t seed = 0; seed < 3; seed++)
        for (int layers = 1; layers <= 7; layers += 3)
            for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
                struct chain chain;

                chain_write(&chain, seed, layers, 0);
                check_chain(&chain, hows[i]);
                if (layers > 1) {
                    chain_cut(&chain, 2);
                    check_chain(&chain, hows[i]);
                    chain_cut(&chain, 1);
                    check_chain(&chain, hows[i]);
                }
                chain_free(&chain);
            }
}

/* Layers of packets may be cut in any way from clip to clip. */
static void layers_come_and_go(void **state)
{
    struct chain chain;
    struct random random = {1};

    (void)state;
    chain_write(&chain, 5, 6, 0);
    for (int i = 0; i < CLIPS; i++) {
        const struct packet packet = cut(&chain.packet[i], 1 + random_below(&random, 6));

        free(chain.packet[i].data);
        chain.packet[i] = packet;
    }
    check_chain(&chain, (struct how){0});
    chain_free(&chain);
}

/* Clips that are read and not reconstructed are what the next ones are predicted from. */
static void skipped_clips(void **state)
{
    struct expected expected;
    struct chain chain;

    (void)state;
    for (int layers = 1; layers <= 4; layers += 3) {
        chain_write(&chain, 6, layers, 0);
        expect(&expected, &chain, (struct how){0});
        for (int skipped = 1; skipped < 1 << CLIPS; skipped += 2) {
            struct decoding d;

            decoding_open(&d, (struct how){0}, 1);
            for (int i = 0; i < CLIPS; i++) {
                assert_read(&d, &chain.packet[i]);
                assert_true(skipped >> i & 1 || is_shown(&d, &expected.clip[i]));
            }
            decoding_close(&d);
        }
        expected_free(&expected);
        chain_free(&chain);
    }
}

/* Latents that other threads decode ahead change nothing. */
static void announced_clips(void **state)
{
    struct expected expected;
    struct chain chain;
    struct decoding d;
    int ahead = 0;

    (void)state;
    chain_write(&chain, 7, 4, 0);
    expect(&expected, &chain, (struct how){0});
    decoding_open(&d, (struct how){0}, 4);
    for (int i = 0; i < CLIPS; i++) {
        while (ahead < CLIPS && onedva_decoder_announce_packet(d.decoder, chain.packet[ahead].data,
                                                               chain.packet[ahead].size))
            ahead++;
        assert_true(ahead > i);
        assert_shown(&d, &chain.packet[i], &expected.clip[i]);
    }
    decoding_close(&d);
    expected_free(&expected);
    chain_free(&chain);
}

/* ---- packets that are tried -------------------------------------------------------------- */

static void try_packet(struct decoding *d, const struct packet *packet, const struct clip *expected)
{
    assert_int_equal(onedva_decoder_try_packet(d->decoder, packet->data, packet->size, &d->clip),
                     ONEDVA_OK);
    assert_int_equal(d->clip.is_corrupt, 0);
    if (expected)
        assert_true(is_shown(d, expected));
}

/* Others that might have been written in each clip's place leave no trace, nor does itself. */
static void trials(void **state)
{
    struct expected expected;
    struct chain chain, others;

    (void)state;
    for (int steps = 0; steps < 2; steps++) {
        const struct how how = {steps, 0, 0};
        struct decoding d;

        chain_write(&chain, 8, 1, 0);
        chain_write(&others, 9, 4, 0);
        expect(&expected, &chain, how);
        decoding_open(&d, how, 1);
        for (int i = 0; i < CLIPS; i++) {
            struct onedva_clip clip;

            try_packet(&d, &others.packet[0], NULL);
            try_packet(&d, &chain.packet[i], &expected.clip[i]);
            try_packet(&d, &others.packet[5], NULL);
            try_packet(&d, &chain.packet[i], &expected.clip[i]);
            d.messages = 0;
            assert_int_equal(onedva_decoder_try_packet(d.decoder, chain.packet[i].data, 10, &clip),
                             ONEDVA_ERR_DATA);
            assert_int_equal(d.messages, 1);
            if (i % 2)
                assert_shown(&d, &chain.packet[i], &expected.clip[i]);
            else
                assert_read(&d, &chain.packet[i]);
        }
        decoding_close(&d);
        expected_free(&expected);
        chain_free(&chain);
        chain_free(&others);
    }
}

/* ---- loss -------------------------------------------------------------------------------- */

/* A chain of one layer, what it looks like, and a decoder. */
struct loss {
    struct chain chain;
    struct expected expected;
    struct decoding d;
};

static struct loss *loss_of(const struct chain *chain)
{
    struct loss *loss = calloc(1, sizeof(*loss));

    assert_non_null(loss);
    loss->chain = *chain;
    expect(&loss->expected, &loss->chain, (struct how){0});
    decoding_open(&loss->d, (struct how){0}, 1);
    return loss;
}

static struct loss *loss_open(int layers)
{
    struct chain chain;

    chain_write(&chain, 10, layers, 1);
    return loss_of(&chain);
}

static void loss_close(struct loss *loss)
{
    decoding_close(&loss->d);
    expected_free(&loss->expected);
    chain_free(&loss->chain);
    free(loss);
}

static void show(struct loss *loss, int clip)
{
    assert_shown(&loss->d, &loss->chain.packet[clip], &loss->expected.clip[clip]);
}

static void show_corrupt(struct loss *loss, int clip, int messages)
{
    assert_corrupt(&loss->d, &loss->chain.packet[clip], &loss->expected.clip[clip], messages);
}

static void lose(struct loss *loss, int clip, int messages)
{
    assert_lost(&loss->d, &loss->chain.packet[clip], messages);
}

static void check_missing(struct loss *loss, int missing)
{
    for (int i = 0; i < missing; i++)
        show(loss, i);
    for (int i = missing + 1; i < 5; i++) {
        if (missing == 0)
            lose(loss, i, i == 1);
        else
            show_corrupt(loss, i, i == missing + 1);
    }
    show(loss, 5);
    show(loss, 0);
    show(loss, 1);
    loss_close(loss);
}

/* Each inter clip, and the first key clip, is missing in turn. */
static void missing_packets(void **state)
{
    (void)state;
    for (int missing = 0; missing < 5; missing++)
        check_missing(loss_open(1), missing);
}

/* The packet behind one that is missing is told from it by what it rests on alone. */
static void missing_equal_packets(void **state)
{
    (void)state;
    for (int missing = 0; missing < 5; missing++) {
        struct chain chain;

        chain_write_equal(&chain, 12);
        check_missing(loss_of(&chain), missing);
    }
}

/* A packet without a whole layer, or without a header, is as one that is missing. */
static void damaged_packets(void **state)
{
    (void)state;
    for (int header = 0; header < 2; header++)
        for (int damaged = 0; damaged < 5; damaged++) {
            struct loss *loss = loss_open(1);
            struct packet *packet = &loss->chain.packet[damaged];

            for (int i = 0; i < damaged; i++)
                show(loss, i);
            packet->data[header ? 4 : packet->size - 1] ^= 1;
            assert_int_equal(read_packet(&loss->d, packet), ONEDVA_ERR_DATA);
            assert_int_equal(loss->d.messages, 1);
            assert_int_equal(loss->d.clip.frames, header ? 0 : packet->frames);
            for (int i = damaged + 1; i < 5; i++) {
                if (damaged == 0)
                    lose(loss, i, i == 1);
                else
                    show_corrupt(loss, i, i == damaged + 1);
            }
            show(loss, 5);
            loss_close(loss);
        }
}

/* Layers behind the first one do not matter to the clips behind. */
static void damaged_layers(void **state)
{
    (void)state;
    for (int damaged = 0; damaged < 5; damaged++) {
        struct loss *loss = loss_open(4);
        struct packet *packet = &loss->chain.packet[damaged];

        for (int i = 0; i < damaged; i++)
            show(loss, i);
        packet->data[packet->size - 1] ^= 1;
        assert_int_equal(read_packet(&loss->d, packet), ONEDVA_OK);
        assert_int_equal(loss->d.clip.is_corrupt, 0);
        assert_int_equal(loss->d.clip.layers_decoded, loss->d.clip.layers - 1);
        for (int i = damaged + 1; i < CLIPS; i++)
            show(loss, i);
        loss_close(loss);
    }
}

/* A key clip is lost whose predecessor was not reconstructed: the picture before that remains, here
 * by chance the right one. */
static void damage_after_skipping(void **state)
{
    struct loss *loss = loss_open(1);

    (void)state;
    show(loss, 0);
    assert_read(&loss->d, &loss->chain.packet[5]);
    loss->chain.packet[0].data[4] ^= 1;
    assert_int_equal(read_packet(&loss->d, &loss->chain.packet[0]), ONEDVA_ERR_DATA);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(read_packet(&loss->d, &loss->chain.packet[i]), ONEDVA_OK);
        assert_int_equal(loss->d.messages, i == 1);
        assert_int_equal(loss->d.clip.is_corrupt, 1);
        assert_true(is_shown(&loss->d, &loss->expected.clip[i]));
    }
    loss_close(loss);
}

/* After a flush nothing is left to predict from. */
static void flushed(void **state)
{
    struct loss *loss = loss_open(1);

    (void)state;
    for (int skipped = 0; skipped < 2; skipped++) {
        if (skipped)
            assert_read(&loss->d, &loss->chain.packet[0]);
        else
            show(loss, 0);
        onedva_decoder_flush(loss->d.decoder);
        lose(loss, 1, 1);
        lose(loss, 2, 0);
    }
    show(loss, 0);
    show(loss, 1);
    loss_close(loss);
}

/* A clip of another size leaves nothing to predict from either. */
static void another_size(void **state)
{
    struct loss *loss = loss_open(1);
    struct writer writer;
    struct packet packet;

    (void)state;
    writer_open(&writer, 11);
    packet = write_clip(&writer, 0, 0, 2, WIDTH + 2, HEIGHT, 1);
    show(loss, 0);
    assert_read(&loss->d, &packet);
    lose(loss, 1, 1);
    lose(loss, 2, 0);
    show(loss, 0);
    show(loss, 1);
    free(packet.data);
    writer_close(&writer);
    loss_close(loss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains),
        cmocka_unit_test(layers_come_and_go),
        cmocka_unit_test(skipped_clips),
        cmocka_unit_test(announced_clips),
        cmocka_unit_test(trials),
        cmocka_unit_test(missing_packets),
        cmocka_unit_test(missing_equal_packets),
        cmocka_unit_test(damaged_packets),
        cmocka_unit_test(damaged_layers),
        cmocka_unit_test(damage_after_skipping),
        cmocka_unit_test(flushed),
        cmocka_unit_test(another_size),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
