/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which clips are predicted from those before them, what that saves, and that the encoder predicts
 * from what decoders have. */
#include "bitstream/packet_decoder.h"
#include "encoder/clip_choice.h"
#include "encoder/clip_encoder.h"
#include "tests/support/backend.h"
#include "tests/support/codec.h"
#include "tests/support/textured_still.h"

#define WIDTH  96
#define HEIGHT 64
#define CLIPS  20

/* Frames of a still from one on, whose camera moves by (pan, pan / 2) a frame. */
static void draw_scene(struct clip *clip, uint64_t seed, int frames, int first, double pan)
{
    const struct camera camera = {.pan_x = pan,
                                  .pan_y = pan / 2,
                                  .zoom = 1,
                                  .width = WIDTH,
                                  .height = HEIGHT,
                                  .origin = -first};
    struct still still;

    still_init(&still, seed);
    clip_alloc(clip, frames, WIDTH, HEIGHT);
    for (int t = 0; t < frames; t++)
        still_draw(&still, clip, t, camera_displacement, &camera);
}

/* Noise that is another one in every frame. */
static void add_noise(struct clip *clip, struct random *random)
{
    for (int t = 0; t < clip->frames; t++)
        for (int y = 0; y < clip->height; y++)
            for (int x = 0; x < clip->width; x++) {
                uint8_t *sample = &clip->picture[t].data[0][y * clip->picture[t].stride[0] + x];
                *sample = to_sample(*sample + random_below(random, 5) - 2);
            }
}

static void init_gop(struct codec *codec, int gop, int adaptive)
{
    codec_init(codec, WIDTH, HEIGHT);
    codec->encoder_settings.gop = gop;
    codec->encoder_settings.adaptive_clips = adaptive;
    codec->encoder_settings.preset = ONEDVA_PRESET_ULTRAFAST;
    codec->encoder_settings.header_in_packets = 1;
    codec->encoder_settings.clip_packets = 1;
    codec->decoder_settings.steps = 0;
}

static void open_gop(struct codec *codec, int gop, int adaptive)
{
    init_gop(codec, gop, adaptive);
    codec_open(codec);
}

/* Encode what frames there are room for. */
static struct onedva_packet encode_some(struct codec *codec, const struct clip *clip)
{
    struct onedva_packet packet;

    assert_int_equal(
        onedva_encode(codec->encoder, clip->const_picture, NULL, clip->frames, &packet), ONEDVA_OK);
    assert_in_range(packet.frames, 1, clip->frames);
    return packet;
}

/* ---- what is predicted ------------------------------------------------------------------- */

/** Clips of a video. */
struct tally {
    size_t key_bytes, inter_bytes;
    int keys, inters;
    int tiles, predicted; /* of inter clips */
    double error;         /* mean of the clips' squared errors */
};

static void count_tiles(struct odva_packet_decoder *decoder, const struct onedva_packet *packet,
                        struct tally *tally)
{
    const struct odva_latents *latents = &decoder->latents;
    struct onedva_clip clip;

    assert_int_equal(odva_packet_decoder_read(decoder, packet->data, packet->size, &clip),
                     ONEDVA_OK);
    assert_int_equal(latents->is_inter, !packet->is_key);
    assert_int_equal(clip.is_key, packet->is_key);
    for (int i = 0; i < latents->grid.tile_count && latents->is_inter; i++) {
        tally->tiles++;
        tally->predicted += odva_tile_is_predicted(latents, i);
    }
}

/* Six clips of 16 frames of a still, with noise, with the embedded model: the vectors of another
 * one are random, and what it leaves of a clip the next one may show. */
static struct tally encode_scene(int gop, double pan, enum onedva_motion motion)
{
    const struct onedva_logger silent = {0};
    struct odva_packet_decoder decoder;
    struct tally tally = {0};
    struct random random = {9};
    struct codec codec;

    init_gop(&codec, gop, 0);
    onedva_model_close(&codec.model);
    assert_int_equal(onedva_model_open(&codec.model, NULL, NULL), ONEDVA_OK);
    codec.encoder_settings.motion = motion;
    codec.encoder_settings.crf = 30;
    codec_open(&codec);
    assert_int_equal(odva_packet_decoder_init(&decoder, codec.model,
                                              odva_scan_cache_of(codec.model), 0, 0,
                                              ONEDVA_MAX_DEPTH, &silent),
                     ONEDVA_OK);
    for (int i = 0; i < 6; i++) {
        struct onedva_packet packet;
        struct onedva_clip info;
        struct clip clip;

        draw_scene(&clip, 4, 16, 16 * i, pan);
        add_noise(&clip, &random);
        packet = encode(&codec, &clip);
        *(packet.is_key ? &tally.key_bytes : &tally.inter_bytes) += packet.size;
        tally.keys += packet.is_key;
        tally.inters += !packet.is_key;
        count_tiles(&decoder, &packet, &tally);
        tally.error += decode(&codec, packet.data, packet.size, &clip, &info) / 6;
        clip_free(&clip);
    }
    odva_packet_decoder_free(&decoder);
    codec_close(&codec);
    return tally;
}

/* What stands still is predicted, is no worse, and costs little after the first clip. */
static void still_is_predicted(void **state)
{
    const struct tally keys = encode_scene(1, 0, ONEDVA_MOTION_OFF),
                       tally = encode_scene(250, 0, ONEDVA_MOTION_OFF);

    (void)state;
    assert_int_equal(keys.keys, 6);
    assert_int_equal(keys.tiles, 0);
    assert_int_equal(tally.keys, 1);
    assert_int_equal(tally.inters, 5);
    assert_int_equal(tally.predicted, tally.tiles);
    assert_true(tally.inter_bytes / 5 < tally.key_bytes / 8);
    assert_true(tally.key_bytes + tally.inter_bytes < keys.key_bytes / 3);
    assert_true(tally.error < keys.error);
}

/* So is what moves, where the clips are aligned. */
static void pan_is_predicted(void **state)
{
    const struct tally keys = encode_scene(1, 1.5, ONEDVA_MOTION_MESH),
                       tally = encode_scene(250, 1.5, ONEDVA_MOTION_MESH);

    (void)state;
    assert_int_equal(tally.inters, 5);
    assert_in_range(tally.predicted, tally.tiles / 2, tally.tiles);
    assert_true(tally.key_bytes + tally.inter_bytes < keys.key_bytes);
    assert_true(tally.error < 1.02 * keys.error);
}

/* A scene's first clip is a key clip, whether clips end where scenes do or not. */
static void cuts_give_key_clips(void **state)
{
    (void)state;
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        struct codec codec;

        open_gop(&codec, 250, adaptive);
        for (int scene = 0; scene < 4; scene++) {
            struct clip clip, next;

            draw_scene(&clip, 10 + scene, 12, 0, 0.5);
            draw_scene(&next, 11 + scene, 4, 0, 0.5);
            for (int first = 0; first < 12;) {
                struct clip rest = {.frames = 12 - first + (adaptive ? 4 : 0)};
                struct onedva_packet packet;

                for (int t = 0; t < rest.frames; t++)
                    rest.const_picture[t] = first + t < 12 ? clip.const_picture[first + t]
                                                           : next.const_picture[first + t - 12];
                packet = encode_some(&codec, &rest);
                assert_int_equal(packet.is_key, first == 0);
                first += packet.frames;
                assert_in_range(first, 1, 12);
            }
            clip_free(&clip);
            clip_free(&next);
        }
        codec_close(&codec);
    }
}

/* ---- gops -------------------------------------------------------------------------------- */

#define SCENE_FRAMES 80

/* A slow pan, frame by frame. */
static struct clip scene[SCENE_FRAMES];

static int draw_frames(void **state)
{
    (void)state;
    for (int t = 0; t < SCENE_FRAMES; t++)
        draw_scene(&scene[t], 3, 1, t, 0.5);
    return 0;
}

static int free_frames(void **state)
{
    (void)state;
    for (int t = 0; t < SCENE_FRAMES; t++)
        clip_free(&scene[t]);
    return 0;
}

/* Encode frames first .. end-1, n at a time. @param key frame that the last key clip
 * began with */
static void encode_frames(struct codec *codec, int first, int end, int n, int gop, int *key)
{
    while (first < end) {
        struct clip clip = {.frames = end - first < n ? end - first : n};
        struct onedva_packet packet;

        for (int t = 0; t < clip.frames; t++)
            clip.const_picture[t] = scene[first + t].const_picture[0];
        packet = encode_some(codec, &clip);
        assert_int_equal(packet.is_key, first == *key || gop == 1 || (gop && first - *key >= gop));
        if (packet.is_key)
            *key = first;
        first += packet.frames;
        if (gop > 1)
            assert_in_range(first - *key, 1, gop);
    }
    assert_int_equal(first, end);
}

/* With nothing but a pan, key clips are as far apart as they may be. */
static void gops_are_of_their_length(void **state)
{
    static const int gops[] = {0, 1, 2, 5, 16, 33};

    (void)state;
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        for (size_t i = 0; i < sizeof(gops) / sizeof(*gops); i++) {
            struct codec codec;
            int key = 0;

            open_gop(&codec, gops[i], adaptive);
            encode_frames(&codec, 0, 70, 16, gops[i], &key);
            assert_int_equal(gops[i] > 1 ? key : 0, gops[i] > 1 ? 69 / gops[i] * gops[i] : 0);
            codec_close(&codec);
        }
    }
}

/* A gop that is begun before the one before has its length has its own length. */
static void gop_is_begun(void **state)
{
    struct onedva_packet packet;
    struct codec codec;
    int key = 0;

    (void)state;
    open_gop(&codec, 20, 0);
    encode_frames(&codec, 0, 30, 16, 20, &key);
    assert_int_equal(key, 20);
    onedva_encoder_begin_gop(codec.encoder);
    key = 30;
    encode_frames(&codec, 30, 72, 7, 20, &key);
    assert_int_equal(key, 70);
    /* a clip that is refused begins none */
    onedva_encoder_begin_gop(codec.encoder);
    assert_int_equal(onedva_encode(codec.encoder, scene[72].const_picture, NULL, 17, &packet),
                     ONEDVA_ERR_ARGUMENT);
    key = 72;
    encode_frames(&codec, 72, SCENE_FRAMES, 4, 20, &key);
    codec_close(&codec);
}

/* Packets of several layers hold key clips: they may lose any but the first. */
static void layers_are_of_key_clips(void **state)
{
    struct codec codec;
    struct clip clip;

    (void)state;
    codec_init(&codec, WIDTH, HEIGHT);
    codec.encoder_settings.layers = 2;
    codec_open(&codec);
    draw_scene(&clip, 3, 8, 0, 0);
    for (int i = 0; i < 3; i++)
        assert_true(encode(&codec, &clip).is_key);
    codec_close(&codec);
    clip_free(&clip);
}

/* ---- the loop ---------------------------------------------------------------------------- */

struct loop {
    onedva_model *model;
    struct onedva_encoder_settings settings;
    struct onedva_stream stream;
    struct odva_backend *backend;
    struct odva_clip_choice choice;
    struct odva_clip_encoder encoder;
    onedva_decoder *decoder;
    struct odva_canvas reference[2]; /* of the last two clips */
    int inters, aligned;
};

static void loop_open(struct loop *loop, enum onedva_preset preset, enum onedva_motion motion,
                      int threads)
{
    struct onedva_decoder_settings settings;

    *loop = (struct loop){.model = open_test_model()};
    onedva_encoder_settings_default(&loop->settings);
    loop->settings.preset = preset;
    loop->settings.motion = motion;
    loop->settings.adaptive_clips = 0;
    loop->settings.header_in_packets = loop->settings.clip_packets = 1;
    loop->stream = (struct onedva_stream){.width = WIDTH,
                                          .height = HEIGHT,
                                          .timebase_num = 1,
                                          .timebase_den = 25,
                                          .frame_duration = 1,
                                          .sar_den = 1,
                                          .model_id = loop->model->id};
    loop->backend = backend_of(ONEDVA_BACKEND_CPU, threads, 0, ONEDVA_PRECISION_BFLOAT16);
    loop->choice.backend = loop->backend;
    loop->choice.pool = test_threads(threads);
    assert_int_equal(odva_clip_encoder_open(&loop->encoder, loop->model, &loop->settings,
                                            &loop->stream, loop->backend, test_threads(threads),
                                            threads > 1),
                     ONEDVA_OK);
    onedva_decoder_settings_default(&settings);
    settings.steps = 0;
    settings.threads = 1;
    assert_int_equal(onedva_decoder_open(&loop->decoder, loop->model, &settings), ONEDVA_OK);
}

static void loop_close(struct loop *loop)
{
    onedva_decoder_close(&loop->decoder);
    odva_clip_choice_free(&loop->choice);
    odva_clip_encoder_close(&loop->encoder);
    odva_backend_close(&loop->backend);
    odva_canvas_free(&loop->reference[0]);
    odva_canvas_free(&loop->reference[1]);
    onedva_model_close(&loop->model);
}

/* The last frame of the packet that ends next is the encoder's reference picture. */
static void check_last_frame(struct loop *loop, const struct odva_canvas *reference)
{
    const struct odva_packet_slot *slot = odva_clip_encoder_end_packet(&loop->encoder);
    struct onedva_clip info;
    struct clip decoded;
    int last;

    assert_int_equal(slot->status, ONEDVA_OK);
    assert_int_equal(
        onedva_decoder_read_packet(loop->decoder, slot->packet.data, slot->packet.size, &info),
        ONEDVA_OK);
    assert_int_equal(info.is_key, slot->packet.is_key);
    assert_int_equal(info.is_corrupt, 0);
    clip_alloc(&decoded, info.frames, WIDTH, HEIGHT);
    assert_int_equal(onedva_decoder_reconstruct(loop->decoder, decoded.picture, info.frames),
                     ONEDVA_OK);
    last = info.frames - 1;
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < plane_height(&decoded, p); y++)
            assert_memory_equal(decoded.picture[last].data[p] + y * decoded.picture[last].stride[p],
                                reference->picture[0].data[p] + y * reference->picture[0].stride[p],
                                plane_width(&decoded, p));
    clip_free(&decoded);
    loop->inters += !info.is_key;
    loop->aligned += !info.is_key && slot->packet.stats.motion != ONEDVA_MOTION_OFF;
}

/* Encode a clip as the encoder does. */
static void encode_clip(struct loop *loop, const struct clip *clip, int is_key, double index,
                        struct odva_canvas *reference)
{
    struct odva_clip_encoder *encoder = &loop->encoder;
    double counted;

    assert_int_equal(odva_clip_choose(&loop->choice, &encoder->coder, &loop->settings,
                                      clip->const_picture, clip->frames, WIDTH, HEIGHT,
                                      is_key ? NULL : encoder->reference.const_picture,
                                      odva_qidx_of(index)),
                     ONEDVA_OK);
    assert_int_equal(odva_clip_encoder_analyse(encoder, loop->choice.trial, NULL, index),
                     ONEDVA_OK);
    assert_int_equal(odva_clip_encoder_encode(encoder, index, &counted), ONEDVA_OK);
    assert_int_equal(odva_clip_encoder_begin_packet(encoder), ONEDVA_OK);
    assert_true(encoder->has_reference);
    assert_int_equal(
        odva_canvas_copy(reference, encoder->reference.const_picture, WIDTH, HEIGHT, 8), ONEDVA_OK);
    assert_int_equal(odva_clip_choice_end_clip(
                         &loop->choice, &clip->const_picture[clip->frames - 1], WIDTH, HEIGHT),
                     ONEDVA_OK);
}

/* Clips of any length of two scenes, at one quantiser and another. */
static void check_loop(enum onedva_preset preset, enum onedva_motion motion, int threads)
{
    struct random random = {(uint64_t)preset + 10 * motion};
    struct loop loop;
    int first = 0;

    loop_open(&loop, preset, motion, threads);
    for (int i = 0; i < CLIPS; i++) {
        const double index = 12 * random_unit(&random) - 6;
        struct clip clip;

        draw_scene(&clip, i < CLIPS / 2 ? 1 : 2, 1 + random_below(&random, 16), first, 1.25);
        first += clip.frames;
        encode_clip(&loop, &clip, i == 0, index, &loop.reference[i % 2]);
        clip_free(&clip);
        if (loop.encoder.overlaps && i > 0)
            check_last_frame(&loop, &loop.reference[(i - 1) % 2]);
        else if (!loop.encoder.overlaps)
            check_last_frame(&loop, &loop.reference[i % 2]);
    }
    if (loop.encoder.overlaps)
        check_last_frame(&loop, &loop.reference[(CLIPS - 1) % 2]);
    assert_int_equal(loop.inters, CLIPS - 2);
    assert_int_equal(loop.aligned > 0, motion != ONEDVA_MOTION_OFF);
    loop_close(&loop);
}

static void loop_is_closed(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        check_loop(ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, threads);
        check_loop(ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_AUTO, threads);
        check_loop(ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_GLOBAL, threads);
        check_loop(ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_MESH, threads);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(still_is_predicted),  cmocka_unit_test(pan_is_predicted),
        cmocka_unit_test(cuts_give_key_clips), cmocka_unit_test(gops_are_of_their_length),
        cmocka_unit_test(gop_is_begun),        cmocka_unit_test(layers_are_of_key_clips),
        cmocka_unit_test(loop_is_closed),
    };

    return cmocka_run_group_tests(tests, draw_frames, free_frames);
}
