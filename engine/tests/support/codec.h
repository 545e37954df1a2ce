/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* An encoder and a decoder with the committed test model. */
#ifndef ODVA_CODEC_H
#define ODVA_CODEC_H

#include "tests/support/test_clip.h"

/* An encoder and a decoder of one stream. */
struct codec {
    onedva_model *model;
    onedva_encoder *encoder;
    onedva_decoder *decoder;
    struct onedva_encoder_settings encoder_settings;
    struct onedva_decoder_settings decoder_settings;
    struct onedva_stream stream;
    char message[300]; /* the last one */
};

static inline void remember_message(void *opaque, enum onedva_log_level level, const char *message)
{
    struct codec *codec = opaque;

    if (level <= ONEDVA_LOG_WARNING) {
        assert_null(strchr(message, '\n'));
        assert_true(strlen(message) < sizeof(codec->message));
        strcpy(codec->message, message);
    }
}

/* Settings that a test changes before codec_open: clips of all frames given, as they are. */
static inline void codec_init(struct codec *codec, int width, int height)
{
    memset(codec, 0, sizeof(*codec));
    onedva_encoder_settings_default(&codec->encoder_settings);
    onedva_decoder_settings_default(&codec->decoder_settings);
    codec->encoder_settings.threads = codec->decoder_settings.threads = 2;
    codec->encoder_settings.crf = 15;
    codec->encoder_settings.motion = ONEDVA_MOTION_OFF;
    codec->encoder_settings.adaptive_clips = 0;
    codec->encoder_settings.logger = (struct onedva_logger){remember_message, codec};
    codec->decoder_settings.logger = codec->encoder_settings.logger;
    codec->stream = (struct onedva_stream){.width = (uint32_t)width,
                                           .height = (uint32_t)height,
                                           .timebase_num = 1,
                                           .timebase_den = 25,
                                           .frame_duration = 1,
                                           .sar_num = 4,
                                           .sar_den = 3,
                                           .full_range = 2,
                                           .colour_primaries = 1,
                                           .transfer = 1,
                                           .matrix = 1};
    codec->model = open_test_model();
}

static inline void codec_open(struct codec *codec)
{
    const uint8_t *header;
    size_t size;

    assert_int_equal(onedva_encoder_open(&codec->encoder, codec->model, &codec->encoder_settings,
                                         &codec->stream),
                     ONEDVA_OK);
    assert_int_equal(onedva_decoder_open(&codec->decoder, codec->model, &codec->decoder_settings),
                     ONEDVA_OK);
    onedva_encoder_stream_header(codec->encoder, &header, &size);
    assert_int_equal(onedva_decoder_set_stream_header(codec->decoder, header, size), ONEDVA_OK);
}

static inline void codec_close(struct codec *codec)
{
    onedva_encoder_close(&codec->encoder);
    onedva_decoder_close(&codec->decoder);
    onedva_model_close(&codec->model);
    assert_null(codec->encoder);
    assert_null(codec->decoder);
    assert_null(codec->model);
}

/* All frames of a clip, which takes settings without adaptive_clips. */
static inline struct onedva_packet encode(struct codec *codec, const struct clip *clip)
{
    struct onedva_packet packet;

    assert_int_equal(
        onedva_encode(codec->encoder, clip->const_picture, NULL, clip->frames, &packet), ONEDVA_OK);
    assert_int_equal(packet.frames, clip->frames);
    assert_int_equal(packet.stats.bytes,
                     packet.size + (codec->encoder_settings.clip_packets
                                        ? 0
                                        : ONEDVA_FRAME_PACKET_SIZE * (clip->frames - 1)));
    return packet;
}

/* Decode to a clip of its size. @return the mean squared error against the source */
static inline double decode(struct codec *codec, const uint8_t *data, size_t size,
                            const struct clip *source, struct onedva_clip *info)
{
    struct clip decoded;
    double mse;

    clip_alloc(&decoded, source->frames, source->width, source->height);
    assert_int_equal(onedva_decoder_read_packet(codec->decoder, data, size, info), ONEDVA_OK);
    assert_int_equal(info->frames, source->frames);
    assert_int_equal(onedva_decoder_reconstruct(codec->decoder, decoded.picture, decoded.frames),
                     ONEDVA_OK);
    assert_true(clip_guards_hold(&decoded));
    mse = clip_mse(source, &decoded);
    clip_free(&decoded);
    return mse;
}

#endif
