/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The public interface, from pixels to pixels. */
#include "bitstream/packet.h"
#include "decoder/decoder.h"
#include "kernels/backend.h"
#include "network/latent_shares.h"
#include "tests/support/backend.h"
#include "tests/support/codec.h"
#include "tests/support/host_synthesis.h"
#include "transform/deblocking.h"

static void check_size(int width, int height, int frames, int steps)
{
    struct onedva_packet packet;
    struct onedva_clip info;
    struct codec codec;
    struct clip clip;

    codec_init(&codec, width, height);
    codec.decoder_settings.steps = steps;
    codec_open(&codec);
    clip_alloc(&clip, frames, width, height);
    clip_draw(&clip, 0);
    packet = encode(&codec, &clip);
    assert_true(decode(&codec, packet.data, packet.size, &clip, &info) < 30);
    assert_int_equal(info.tokens, packet.stats.tokens);
    assert_int_equal(info.qidx, packet.stats.qidx);
    assert_int_equal(info.durations[0], 1);
    assert_int_equal(info.stream.full_range, 2);
    assert_int_equal(info.stream.sar_num, 4);
    /* a superblock is one tile, or cut down to single patches */
    assert_in_range(packet.stats.tiles, ((width + 127) / 128) * ((height + 127) / 128),
                    ((width + 15) / 16) * ((height + 15) / 16));
    assert_int_equal(packet.stats.tiles, odva_decoder_latents(codec.decoder)->grid.tile_count);
    clip_free(&clip);
    codec_close(&codec);
}

static void sizes(void **state)
{
    static const int size[][2] = {{1, 1}, {2, 2}, {17, 33}, {130, 250}};

    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int frames = 1; frames <= 16; frames += i < 3 ? 1 : 5) {
            check_size(size[i][0], size[i][1], frames, 0);
            check_size(size[i][0], size[i][1], frames, 1);
        }
    }
    check_size(17, 33, 6, 4);
}

/* 17 frames: a clip of 16 and one of 1 through the same encoder and decoder. */
static void clips_of_different_lengths(void **state)
{
    struct codec codec;
    struct onedva_clip info;

    (void)state;
    codec_init(&codec, 40, 40);
    codec_open(&codec);
    for (int frames = 16; frames > 0; frames -= 15) {
        struct onedva_packet packet;
        struct clip clip;
        clip_alloc(&clip, frames, 40, 40);
        clip_draw(&clip, 16 - frames);
        packet = encode(&codec, &clip);
        assert_true(decode(&codec, packet.data, packet.size, &clip, &info) < 30);
        clip_free(&clip);
    }
    codec_close(&codec);
}

/* @return total bits over the wanted bits */
static double rate_error(int64_t bitrate, enum onedva_preset preset)
{
    const int clips = 8;
    struct codec codec;
    double bits = 0;

    codec_init(&codec, 208, 160);
    codec.encoder_settings.bitrate = bitrate;
    codec.encoder_settings.preset = preset;
    codec_open(&codec);
    for (int i = 0; i < clips; i++) {
        struct clip clip;
        clip_alloc(&clip, 16, 208, 160);
        clip_draw(&clip, 16 * i);
        bits += 8.0 * encode(&codec, &clip).size;
        clip_free(&clip);
    }
    codec_close(&codec);
    return bits / (bitrate * clips * 16 / 25.0);
}

static void bitrate_is_met(void **state)
{
    (void)state;
    assert_true(fabs(rate_error(6000, ONEDVA_PRESET_ULTRAFAST) - 1) < 0.1);
    assert_true(fabs(rate_error(30000, ONEDVA_PRESET_ULTRAFAST) - 1) < 0.1);
    assert_true(fabs(rate_error(30000, ONEDVA_PRESET_MEDIUM) - 1) < 0.1);
    assert_true(fabs(rate_error(15000, ONEDVA_PRESET_SLOW) - 1) < 0.1);
}

/* Frames of a scene that something leaves, in clips of 8 but for the last one. @return bytes of
 * packets
 * @param stats what a first pass gives is appended */
static size_t encode_pass(struct codec *codec, int clips, char *stats, size_t stats_size)
{
    const char *end;
    size_t size = 0;

    codec_open(codec);
    for (int i = 0; i < clips; i++) {
        struct onedva_packet packet;
        struct clip clip;

        clip_alloc(&clip, i < clips - 1 ? 8 : 5, 48, 32);
        clip_draw(&clip, 8 * i);
        packet = encode(codec, &clip);
        size += packet.size;
        assert_int_equal(packet.pass_stats != NULL,
                         codec->encoder_settings.pass == ONEDVA_PASS_FIRST);
        if (packet.pass_stats) {
            assert_true(strlen(stats) + strlen(packet.pass_stats) < stats_size);
            strcat(stats, packet.pass_stats);
        }
        clip_free(&clip);
    }
    assert_int_equal(onedva_encoder_end_pass(codec->encoder, &end), ONEDVA_OK);
    if (end)
        strcat(stats, end);
    codec_close(codec);
    return size;
}

static void two_passes(void **state)
{
    enum { CLIPS = 10 };
    static char stats[10000];
    const double seconds = (8 * (CLIPS - 1) + 5) / 25.0, bitrate = 1000;
    struct codec codec;
    double error;

    (void)state;
    stats[0] = '\0';
    for (int pass = ONEDVA_PASS_FIRST; pass <= ONEDVA_PASS_SECOND; pass++) {
        codec_init(&codec, 48, 32);
        codec.encoder_settings.bitrate = (int64_t)bitrate;
        codec.encoder_settings.pass = (enum onedva_pass)pass;
        codec.encoder_settings.clip_packets = 1;
        codec.encoder_settings.pass_stats = stats;
        error =
            8 * (double)encode_pass(&codec, CLIPS, stats, sizeof(stats) - 100) / seconds / bitrate;
        /* a first pass spends on each clip as if the video ended there */
        assert_true(fabs(error - 1) < (pass == ONEDVA_PASS_SECOND ? 0.01 : 0.2));
    }
    /* fewer frames: a warning */
    codec_init(&codec, 48, 32);
    codec.encoder_settings.bitrate = (int64_t)bitrate;
    codec.encoder_settings.pass = ONEDVA_PASS_SECOND;
    codec.encoder_settings.pass_stats = stats;
    codec.message[0] = '\0';
    encode_pass(&codec, 1, stats, 0);
    assert_non_null(strstr(codec.message, "72 frames more"));
}

/* A packet cut behind each of its layers decodes, better with each layer. With the embedded model:
 * one of random vectors has more from deblocking, which is stronger with fewer layers, than from
 * them. */
static void layers(void **state)
{
    struct onedva_packet packet;
    struct onedva_clip info;
    struct codec codec;
    struct clip clip;
    double last = 1e9;
    int layers_seen = 0;

    (void)state;
    codec_init(&codec, 144, 130);
    onedva_model_close(&codec.model);
    assert_int_equal(onedva_model_open(&codec.model, NULL, NULL), ONEDVA_OK);
    codec.encoder_settings.layers = 4;
    codec.decoder_settings.steps = 0; /* an untrained network's error does not fall with the step */
    codec_open(&codec);
    clip_alloc(&clip, 8, 144, 130);
    clip_draw(&clip, 0);
    packet = encode(&codec, &clip);
    for (size_t size = 0; size <= packet.size; size++) {
        const int status = onedva_decoder_read_packet(codec.decoder, packet.data, size, &info);
        if (status < 0) {
            assert_int_equal(status, ONEDVA_ERR_DATA);
            assert_true(onedva_decoder_reconstruct(codec.decoder, clip.picture, 8) < 0);
        } else if (info.layers_decoded > layers_seen) {
            const double mse = decode(&codec, packet.data, size, &clip, &info);
            assert_int_equal(info.layers, 4);
            assert_true(mse <= last);
            last = mse;
            layers_seen = info.layers_decoded;
        }
    }
    assert_int_equal(layers_seen, 4);
    assert_true(last < 30);
    clip_free(&clip);
    codec_close(&codec);
}

/* A tile has its share of what the bound leaves 128x128 samples, and one token at least. */
static void max_tokens(void **state)
{
    struct onedva_packet packet;
    struct onedva_clip info;
    struct codec codec;
    struct clip clip;
    double last = 0;
    int64_t before = INT64_MAX;

    (void)state;
    clip_alloc(&clip, 16, 128, 128);
    clip_draw(&clip, 0);
    for (int limit = 256; limit > 0; limit /= 4) {
        double mse;
        codec_init(&codec, 128, 128);
        codec.decoder_settings.max_tokens = limit;
        codec.decoder_settings.steps = 0;
        codec_open(&codec);
        packet = encode(&codec, &clip);
        mse = decode(&codec, packet.data, packet.size, &clip, &info);
        assert_true(info.coefficients <= ODVA_LATENT_TOKEN * (limit + packet.stats.tiles));
        assert_true(info.coefficients <= before);
        assert_true(mse >= last);
        before = info.coefficients;
        last = mse;
        codec_close(&codec);
    }
    assert_true(before < packet.stats.coefficients);
    codec_init(&codec, 128, 128);
    codec.encoder_settings.max_tokens = 3;
    codec_open(&codec);
    packet = encode(&codec, &clip);
    assert_in_range(packet.stats.coefficients, 2 * 32, 3 * 32);
    decode(&codec, packet.data, packet.size, &clip, &info);
    assert_int_equal(info.tokens, packet.stats.tokens);
    codec_close(&codec);
    clip_free(&clip);
}

/* The same packets and pixels with one thread and with several, and a second time. */
static void repeatable(void **state)
{
    uint8_t *packets[3];
    size_t sizes[3];
    struct clip clip, decoded[3];

    (void)state;
    clip_alloc(&clip, 9, 150, 140);
    clip_draw(&clip, 0);
    for (int i = 0; i < 3; i++) {
        struct onedva_packet packet;
        struct onedva_clip info;
        struct codec codec;
        codec_init(&codec, 150, 140);
        codec.encoder_settings.preset = ONEDVA_PRESET_SLOW;
        codec.encoder_settings.motion = ONEDVA_MOTION_AUTO;
        codec.encoder_settings.threads = codec.decoder_settings.threads = i < 2 ? 1 : 3;
        codec.decoder_settings.steps = 3;
        codec_open(&codec);
        packet = encode(&codec, &clip);
        sizes[i] = packet.size;
        packets[i] = malloc(packet.size);
        assert_non_null(packets[i]);
        memcpy(packets[i], packet.data, packet.size);
        clip_alloc(&decoded[i], 9, 150, 140);
        assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &info),
                         ONEDVA_OK);
        assert_int_equal(onedva_decoder_reconstruct(codec.decoder, decoded[i].picture, 9),
                         ONEDVA_OK);
        codec_close(&codec);
        assert_int_equal(sizes[i], sizes[0]);
        assert_memory_equal(packets[i], packets[0], sizes[0]);
        assert_true(clip_mse(&decoded[i], &decoded[0]) == 0);
    }
    for (int i = 0; i < 3; i++) {
        free(packets[i]);
        clip_free(&decoded[i]);
    }
    clip_free(&clip);
}

static void wrong_model(void **state)
{
    const uint8_t *header;
    uint8_t changed[ONEDVA_MAX_STREAM_HEADER];
    char id[17], other_id[17];
    struct onedva_model_info info;
    struct codec codec;
    size_t size;

    (void)state;
    codec_init(&codec, 16, 16);
    codec_open(&codec);
    onedva_model_get_info(codec.model, &info);
    onedva_encoder_stream_header(codec.encoder, &header, &size);
    memcpy(changed, header, size);
    changed[8] ^= 0x80;
    snprintf(id, sizeof(id), "%016llx", (unsigned long long)info.id);
    snprintf(other_id, sizeof(other_id), "%016llx",
             (unsigned long long)info.id ^ 0x8000000000000000ull);
    assert_int_equal(onedva_decoder_set_stream_header(codec.decoder, changed, size),
                     ONEDVA_ERR_MODEL_MISMATCH);
    assert_non_null(strstr(codec.message, id));
    assert_non_null(strstr(codec.message, other_id));
    assert_non_null(strstr(codec.message, info.name));
    codec_close(&codec);
}

/* Durations come back as they went in, and the header inside the packet is enough. */
static void durations_and_headers_in_packets(void **state)
{
    static const uint32_t durations[3] = {1, 7, 70000};
    struct onedva_packet packet;
    struct onedva_clip info;
    onedva_decoder *fresh;
    struct codec codec;
    struct clip clip;

    (void)state;
    codec_init(&codec, 20, 10);
    codec.encoder_settings.header_in_packets = 1;
    codec.encoder_settings.clip_packets = 1;
    codec_open(&codec);
    clip_alloc(&clip, 3, 20, 10);
    clip_draw(&clip, 0);
    assert_int_equal(onedva_encode(codec.encoder, clip.const_picture, durations, 3, &packet),
                     ONEDVA_OK);
    assert_int_equal(onedva_decoder_open(&fresh, codec.model, &codec.decoder_settings), ONEDVA_OK);
    assert_int_equal(onedva_decoder_read_packet(fresh, packet.data, packet.size, &info), ONEDVA_OK);
    assert_memory_equal(info.durations, durations, sizeof(durations));
    assert_int_equal(info.stream.width, 20);
    onedva_decoder_close(&fresh);
    clip_free(&clip);
    codec_close(&codec);
}

/* @return what the decoder says of the packet when it is written like this */
static int read_written(onedva_decoder *decoder, const struct odva_packet *packet, int damaged)
{
    struct odva_byte_writer writer = {0};
    struct onedva_clip info;
    int status;

    odva_packet_write(&writer, packet);
    assert_false(writer.failed);
    writer.data[writer.size - 1] ^= damaged;
    status = onedva_decoder_read_packet(decoder, writer.data, writer.size, &info);
    odva_byte_writer_free(&writer);
    return status;
}

/* A header counts where only the layers behind it are damaged, not in a packet that is invalid. */
static void headers_of_refused_packets(void **state)
{
    struct onedva_packet encoded;
    struct odva_packet headed, bare, invalid;
    struct codec codec;
    struct clip clip;

    (void)state;
    codec_init(&codec, 20, 10);
    codec.encoder_settings.header_in_packets = 1;
    codec_open(&codec);
    onedva_decoder_close(&codec.decoder);
    assert_int_equal(onedva_decoder_open(&codec.decoder, codec.model, &codec.decoder_settings),
                     ONEDVA_OK);
    clip_alloc(&clip, 3, 20, 10);
    clip_draw(&clip, 0);
    encoded = encode(&codec, &clip);
    assert_int_equal(odva_packet_parse(&headed, encoded.data, encoded.size), ONEDVA_OK);
    bare = invalid = headed;
    bare.has_stream = 0;
    invalid.has_durations = 1; /* all of them 0 */
    assert_int_equal(read_written(codec.decoder, &bare, 0), ONEDVA_ERR_NO_HEADER);
    assert_int_equal(read_written(codec.decoder, &invalid, 0), ONEDVA_ERR_DATA);
    assert_int_equal(read_written(codec.decoder, &bare, 0), ONEDVA_ERR_NO_HEADER);
    assert_int_equal(read_written(codec.decoder, &headed, 1), ONEDVA_ERR_DATA);
    assert_int_equal(read_written(codec.decoder, &bare, 0), ONEDVA_OK);
    clip_free(&clip);
    codec_close(&codec);
}

#define REFUSED(part, field, value, status)                                                        \
    do {                                                                                           \
        struct codec codec;                                                                        \
        codec_init(&codec, 16, 16);                                                                \
        codec.part.field = value;                                                                  \
        assert_int_equal(onedva_encoder_open(&codec.encoder, codec.model, &codec.encoder_settings, \
                                             &codec.stream),                                       \
                         status);                                                                  \
        assert_null(codec.encoder);                                                                \
        assert_true(codec.message[0] != 0);                                                        \
        codec_close(&codec);                                                                       \
    } while (0)

static void refused_encoder_settings(void **state)
{
    (void)state;
    REFUSED(encoder_settings, crf, 99, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, crf, -1, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, crf, NAN, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, qp, -2, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, qp, ONEDVA_MAX_QP + 1, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, target_psnr, 14, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, target_psnr, -1, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, target_psnr, 61, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, target_psnr, NAN, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, aq, 1.1, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, aq, -0.1, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, aq, NAN, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, pass, 3, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, pass, ONEDVA_PASS_SECOND, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, bitrate, -1, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, max_rate, 1000, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, buffer_size, 1000, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, max_tokens, -1, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, layers, 0, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, layers, 17, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, preset, 3, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, motion, 4, ONEDVA_ERR_ARGUMENT);
    REFUSED(encoder_settings, threads, -1, ONEDVA_ERR_ARGUMENT);
    REFUSED(stream, width, 0, ONEDVA_ERR_ARGUMENT);
    REFUSED(stream, height, 65536, ONEDVA_ERR_ARGUMENT);
    REFUSED(stream, timebase_den, 0, ONEDVA_ERR_ARGUMENT);
}

#undef REFUSED
#define REFUSED(field, value)                                                                      \
    do {                                                                                           \
        struct codec codec;                                                                        \
        codec_init(&codec, 16, 16);                                                                \
        codec.decoder_settings.field = value;                                                      \
        assert_int_equal(                                                                          \
            onedva_decoder_open(&codec.decoder, codec.model, &codec.decoder_settings),             \
            ONEDVA_ERR_ARGUMENT);                                                                  \
        assert_null(codec.decoder);                                                                \
        assert_true(codec.message[0] != 0);                                                        \
        codec_close(&codec);                                                                       \
    } while (0)

/* Clips of no known duration take one step, others what the clock says after three of them. */
static void steps_auto(void **state)
{
    struct onedva_clip info;
    struct codec codec;
    struct clip clip;

    (void)state;
    codec_init(&codec, 40, 40);
    codec.decoder_settings.steps = ONEDVA_STEPS_AUTO;
    codec_open(&codec);
    clip_alloc(&clip, 3, 40, 40);
    for (int i = 0; i < 5; i++) {
        struct onedva_packet packet;

        clip_draw(&clip, 3 * i);
        packet = encode(&codec, &clip);
        assert_true(decode(&codec, packet.data, packet.size, &clip, &info) < 40);
    }
    clip_free(&clip);
    codec_close(&codec);
}

static void refused_decoder_settings(void **state)
{
    (void)state;
    REFUSED(steps, -2);
    REFUSED(steps, 65);
    REFUSED(sampler, 2);
    REFUSED(precision, 3);
    REFUSED(max_tokens, -1);
    REFUSED(max_pixels, -1);
    REFUSED(threads, -1);
}

static void refused_clips(void **state)
{
    static const uint32_t durations[2] = {1, 0};
    struct onedva_packet packet;
    struct codec codec;
    struct clip clip;

    (void)state;
    codec_init(&codec, 16, 16);
    codec.stream.frame_duration = 0;
    codec.encoder_settings.bitrate = 1000;
    codec_open(&codec);
    clip_alloc(&clip, 2, 16, 16);
    clip_draw(&clip, 0);
    assert_int_equal(onedva_encode(codec.encoder, clip.const_picture, durations, 2, &packet),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_encode(codec.encoder, clip.const_picture, NULL, 2, &packet),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_encode(codec.encoder, clip.const_picture, NULL, 0, &packet),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_encode(codec.encoder, clip.const_picture, NULL, 17, &packet),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_encoder_set_crf(codec.encoder, 20), ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_decoder_reconstruct(codec.decoder, clip.picture, 2),
                     ONEDVA_ERR_ARGUMENT);
    clip_free(&clip);
    codec_close(&codec);
}

/* The quantised latents can be had without pixels. */
static void latents_without_pixels(void **state)
{
    const struct odva_latents *latents;
    struct onedva_packet packet;
    struct onedva_clip info;
    struct codec codec;
    struct clip clip;
    int nonzero = 0;

    (void)state;
    codec_init(&codec, 150, 40);
    codec_open(&codec);
    assert_null(odva_decoder_latents(codec.decoder));
    clip_alloc(&clip, 5, 150, 40);
    clip_draw(&clip, 0);
    packet = encode(&codec, &clip);
    assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &info),
                     ONEDVA_OK);
    latents = odva_decoder_latents(codec.decoder);
    assert_non_null(latents);
    assert_int_equal(latents->qidx, packet.stats.qidx);
    assert_int_equal(latents->tiles[0].tokens + latents->tiles[1].tokens, packet.stats.tokens);
    for (size_t i = 0; i < odva_latents_count(latents); i++)
        nonzero += latents->q[i] != 0;
    assert_in_range(nonzero, 1, packet.stats.tokens * ODVA_LATENT_TOKEN);
    assert_true(onedva_decoder_read_packet(codec.decoder, packet.data, 9, &info) < 0);
    assert_null(odva_decoder_latents(codec.decoder));
    clip_free(&clip);
    codec_close(&codec);
}

/* What the network would see of the clip read last is, deblocked, what no step shows. */
static void check_linear(struct codec *codec, const struct clip *shown)
{
    struct clip linear = {.width = shown->width, .height = shown->height, .frames = shown->frames};
    const struct odva_latents *latents = odva_decoder_latents(codec->decoder);
    const struct odva_canvas *canvas;
    struct odva_deblocking deblocking = {0};
    struct odva_backend *backend;

    assert_int_equal(odva_decoder_reconstruct_linear(codec->decoder, &canvas), ONEDVA_OK);
    assert_int_equal(canvas->frames, shown->frames);
    memcpy(linear.picture, canvas->picture, sizeof(linear.picture));
    memcpy(linear.const_picture, canvas->const_picture, sizeof(linear.const_picture));
    assert_true(clip_mse(&linear, shown) > 0);
    backend = backend_new();
    assert_int_equal(host_deblock(&deblocking, backend, linear.picture, latents, linear.frames),
                     ONEDVA_OK);
    assert_true(clip_mse(&linear, shown) == 0);
    odva_deblocking_free(&deblocking, backend);
    odva_backend_close(&backend);
}

/* Of key and inter clips; so are the shares that the network is told. */
static void linear_reconstruction(void **state)
{
    const struct odva_canvas *canvas;
    struct clip clip, shown;
    struct onedva_clip info;
    struct codec codec;
    float shares[2];

    (void)state;
    codec_init(&codec, 150, 40);
    codec.decoder_settings.steps = 0;
    codec_open(&codec);
    assert_int_equal(odva_decoder_reconstruct_linear(codec.decoder, &canvas), ONEDVA_OK);
    assert_null(canvas);
    clip_alloc(&clip, 5, 150, 40);
    clip_alloc(&shown, 5, 150, 40);
    for (int i = 0; i < 3; i++) {
        const struct odva_latents *latents;
        struct onedva_packet packet;

        clip_draw(&clip, 5 * i);
        packet = encode(&codec, &clip);
        assert_int_equal(packet.is_key, i == 0);
        assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &info),
                         ONEDVA_OK);
        assert_int_equal(onedva_decoder_reconstruct(codec.decoder, shown.picture, 5), ONEDVA_OK);
        check_linear(&codec, &shown);
        latents = odva_decoder_latents(codec.decoder);
        odva_latent_shares(shares, latents);
        assert_float_equal((8 * shares[0] + 2 * shares[1]) / 10 *
                               (float)odva_latents_count(latents),
                           (float)packet.stats.coefficients, 0.5);
    }
    clip_free(&clip);
    clip_free(&shown);
    codec_close(&codec);
}

/* Each tile covers its squares of the map, and nothing is left over. */
static void assert_map_is_of_tiles(const struct onedva_tiles *tiles)
{
    int covered = 0;

    for (int i = 0; i < tiles->count; i++) {
        const struct onedva_tile *tile = &tiles->tile[i];
        const int side = tile->side / ONEDVA_MIN_TILE_SIZE;
        for (int row = tile->y / ONEDVA_MIN_TILE_SIZE, y = row; y < row + side; y++)
            for (int column = tile->x / ONEDVA_MIN_TILE_SIZE, x = column; x < column + side; x++)
                if (y < tiles->map_rows && x < tiles->map_columns) {
                    assert_int_equal(tiles->map[y * tiles->map_columns + x], i);
                    covered++;
                }
    }
    assert_int_equal(covered, tiles->map_rows * tiles->map_columns);
}

/* Tiles come row by row: the left tiles have the texture, the right ones nothing. */
static void tiles_of_a_clip(void **state)
{
    struct onedva_packet packet;
    struct onedva_tiles tiles;
    struct codec codec;
    struct clip clip;
    int64_t coefficients[4] = {0};

    (void)state;
    codec_init(&codec, 256, 250);
    codec_open(&codec);
    assert_int_equal(onedva_encoder_get_tiles(codec.encoder, &tiles), ONEDVA_ERR_ARGUMENT);
    clip_alloc(&clip, 5, 256, 250);
    clip_draw(&clip, 0);
    for (int t = 0; t < 5; t++) {
        for (int plane = 0; plane < 3; plane++) {
            const int half = plane_width(&clip, plane) / 2;
            for (int y = 0; y < plane_height(&clip, plane); y++)
                memset(clip.picture[t].data[plane] + y * clip.picture[t].stride[plane] + half, 90,
                       half);
        }
    }
    packet = encode(&codec, &clip);
    assert_int_equal(onedva_encoder_get_tiles(codec.encoder, &tiles), ONEDVA_OK);
    assert_int_equal(tiles.columns, 2);
    assert_int_equal(tiles.rows, 2);
    assert_int_equal(tiles.count, packet.stats.tiles);
    for (int i = 0; i < tiles.count; i++) {
        const struct onedva_tile *tile = &tiles.tile[i];
        assert_int_equal(tile->superblock, 2 * (tile->y / 128) + tile->x / 128);
        assert_in_range(tile->coefficients, 0, tile->max_coefficients);
        coefficients[tile->superblock] += tile->coefficients;
    }
    assert_int_equal(coefficients[0] + coefficients[1] + coefficients[2] + coefficients[3],
                     packet.stats.coefficients);
    assert_true(coefficients[0] > 2 * coefficients[1]);
    assert_true(coefficients[2] > 2 * coefficients[3]);
    assert_map_is_of_tiles(&tiles);
    clip_free(&clip);
    codec_close(&codec);
}

/* The quality can change from clip to clip. */
static void crf_between_clips(void **state)
{
    struct codec codec;
    struct clip clip;
    size_t size;

    (void)state;
    codec_init(&codec, 64, 64);
    codec_open(&codec);
    clip_alloc(&clip, 4, 64, 64);
    clip_draw(&clip, 0);
    assert_int_equal(onedva_encoder_set_crf(codec.encoder, 10), ONEDVA_OK);
    size = encode(&codec, &clip).size;
    assert_int_equal(onedva_encoder_set_crf(codec.encoder, 30.4), ONEDVA_OK);
    assert_true(encode(&codec, &clip).size < size);
    assert_int_equal(encode(&codec, &clip).stats.qidx, -9);
    assert_int_equal(onedva_encoder_set_crf(codec.encoder, 63.5), ONEDVA_ERR_ARGUMENT);
    clip_free(&clip);
    codec_close(&codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(clips_of_different_lengths),
        cmocka_unit_test(bitrate_is_met),
        cmocka_unit_test(two_passes),
        cmocka_unit_test(layers),
        cmocka_unit_test(max_tokens),
        cmocka_unit_test(repeatable),
        cmocka_unit_test(wrong_model),
        cmocka_unit_test(durations_and_headers_in_packets),
        cmocka_unit_test(headers_of_refused_packets),
        cmocka_unit_test(refused_encoder_settings),
        cmocka_unit_test(steps_auto),
        cmocka_unit_test(refused_decoder_settings),
        cmocka_unit_test(refused_clips),
        cmocka_unit_test(tiles_of_a_clip),
        cmocka_unit_test(crf_between_clips),
        cmocka_unit_test(latents_without_pixels),
        cmocka_unit_test(linear_reconstruction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
