/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The encoder with settings, good and bad, and frames from the input; what it writes must decode.
 */
#include <math.h>
#include <string.h>

#include "fuzz.h"

#define MAX_CLIPS 2
#define MAX_SIDE  40

static void count_message(void *opaque, enum onedva_log_level level, const char *message)
{
    int *errors = opaque;

    FUZZ_CHECK(message[0] != '\0' && !strchr(message, '\n'));
    *errors += level == ONEDVA_LOG_ERROR;
}

/* Most often one of the good values, else any. */
static int choice(struct odva_byte_reader *input, int first, int last)
{
    const int value = odva_read_u8(input);

    return value >= 248 ? value - 252 : first + value % (last - first + 1);
}

static double read_crf(struct odva_byte_reader *input)
{
    const int value = odva_read_u8(input);

    return value == 255 ? NAN : value == 254 ? INFINITY : value / 3.9 - 0.5;
}

static int64_t read_rate(struct odva_byte_reader *input)
{
    const int value = odva_read_u8(input);

    if (value < 192)
        return 0;
    return value == 255 ? INT64_MIN : value == 254 ? INT64_MAX : INT64_C(1) << (value % 24);
}

static void read_settings(struct odva_byte_reader *input, struct onedva_encoder_settings *settings)
{
    int packets;

    onedva_encoder_settings_default(settings);
    settings->crf = read_crf(input);
    settings->bitrate = read_rate(input);
    settings->max_rate = read_rate(input);
    settings->buffer_size = read_rate(input);
    settings->buffer_start = read_rate(input);
    settings->max_tokens = odva_read_u8(input) % 4 ? 0 : odva_read_u8(input) - 1;
    settings->layers = choice(input, 1, ONEDVA_MAX_LAYERS);
    settings->preset =
        (enum onedva_preset)choice(input, ONEDVA_PRESET_ULTRAFAST, ONEDVA_PRESET_SLOW);
    settings->motion = (enum onedva_motion)choice(input, ONEDVA_MOTION_OFF, ONEDVA_MOTION_AUTO);
    settings->adaptive_clips = odva_read_u8(input) & 1;
    settings->threads = 1;
    settings->bitexact = odva_read_u8(input) & 1;
    packets = odva_read_u8(input);
    settings->header_in_packets = packets & 1;
    settings->clip_packets = packets >> 1 & 1;
    if (odva_read_u8(input) % 4 == 0)
        settings->qp = odva_read_u8(input) - 1;
    if (odva_read_u8(input) % 8 == 0)
        settings->target_psnr = odva_read_u8(input) / 3.0;
    settings->aq = odva_read_u8(input) % 2 ? 0 : odva_read_u8(input) / 200.0;
}

/* A pass and its statistics. @param text room for 256 bytes */
static void read_pass(struct odva_byte_reader *input, struct onedva_encoder_settings *settings,
                      char *text)
{
    const size_t size = odva_read_u8(input);
    const uint8_t *bytes = odva_read_bytes(input, size);

    settings->pass = (enum onedva_pass)choice(input, ONEDVA_PASS_ONLY, ONEDVA_PASS_SECOND);
    if (bytes)
        memcpy(text, bytes, size);
    settings->pass_stats = text;
}

static void read_stream(struct odva_byte_reader *input, struct onedva_stream *stream)
{
    *stream = (struct onedva_stream){
        .width = odva_read_u8(input) % (MAX_SIDE + 1),
        .height = odva_read_u8(input) % (MAX_SIDE + 1),
        .timebase_num = odva_read_u8(input) ? 1 : odva_read_u16(input),
        .timebase_den = odva_read_u8(input) ? 25 : odva_read_u16(input),
        .frame_duration = odva_read_u8(input) % 3,
        .sar_num = odva_read_u8(input),
        .sar_den = odva_read_u8(input) % 4 ? 1 : odva_read_u8(input),
        .full_range = odva_read_u8(input) % 16 ? 1 : odva_read_u8(input),
        .chroma_location = odva_read_u8(input) % 16 ? 1 : odva_read_u8(input),
    };
    stream->depth = stream->sar_num % 4 == 3 ? 10 : 8; /* which no byte of the corpus says */
}

/* Each number of a packet's layers decodes without the others. */
static void decode_layers(onedva_decoder *decoder, const struct onedva_packet *packet,
                          const struct onedva_packet_info *info)
{
    uint8_t *data = malloc(packet->size);
    struct onedva_clip clip;
    size_t size;

    FUZZ_CHECK(data);
    for (int i = 1; i <= info->layers; i++) {
        FUZZ_CHECK(onedva_packet_truncate(packet->data, packet->size, i, data, &size) == ONEDVA_OK);
        FUZZ_CHECK(size == info->layer[i - 1].size);
        FUZZ_CHECK(onedva_decoder_read_packet(decoder, data, size, &clip) == ONEDVA_OK);
        FUZZ_CHECK(clip.frames == info->frames && clip.layers_decoded == i);
    }
    free(data);
}

/* Each later frame of the clip decoded last is shown by its packet. */
static void show_frames(onedva_decoder *decoder, const struct onedva_packet *packet)
{
    uint8_t data[ONEDVA_FRAME_PACKET_SIZE];
    struct onedva_clip clip;

    for (int i = 1; i < packet->frames; i++) {
        FUZZ_CHECK(onedva_frame_packet_write(data, packet->data, packet->size, i) == ONEDVA_OK);
        FUZZ_CHECK(onedva_decoder_read_packet(decoder, data, sizeof(data), &clip) == ONEDVA_OK);
        FUZZ_CHECK(clip.kind == ONEDVA_PACKET_FRAME && clip.frames == 1 && clip.frame == i);
    }
}

/* A packet decodes to as many frames as it says. */
static void decode(onedva_decoder *decoder, const struct onedva_packet *packet,
                   const struct onedva_encoder_settings *settings, const struct fuzz_clip *source)
{
    struct onedva_packet_info info;
    struct onedva_clip clip;
    struct fuzz_clip pictures;

    FUZZ_CHECK(onedva_packet_get_info(&info, packet->data, packet->size) == ONEDVA_OK);
    FUZZ_CHECK(info.has_stream == (settings->header_in_packets && info.is_key));
    FUZZ_CHECK(info.whole_layers == info.layers && info.layers <= settings->layers);
    decode_layers(decoder, packet, &info);
    FUZZ_CHECK(onedva_decoder_read_packet(decoder, packet->data, packet->size, &clip) == ONEDVA_OK);
    FUZZ_CHECK(clip.frames == packet->frames && clip.layers_decoded == info.layers);
    FUZZ_CHECK(clip.tokens == packet->stats.tokens &&
               clip.coefficients == packet->stats.coefficients && clip.qidx == packet->stats.qidx);
    fuzz_clip_alloc(&pictures, clip.frames, source->width, source->height, source->depth);
    FUZZ_CHECK(onedva_decoder_reconstruct(decoder, pictures.picture, clip.frames) == ONEDVA_OK);
    fuzz_clip_free(&pictures);
    if (!settings->clip_packets)
        show_frames(decoder, packet);
}

/* Encode the frames of a clip as an application does: what was not taken is given again. */
static void encode_clip(onedva_encoder *encoder, onedva_decoder *decoder,
                        const struct onedva_encoder_settings *settings,
                        const struct fuzz_clip *clip, const uint32_t *durations)
{
    struct onedva_const_picture frames[ONEDVA_MAX_CLIP_FRAMES];
    const int *errors = settings->logger.opaque;

    for (int t = 0; t < clip->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            frames[t].data[plane] = clip->picture[t].data[plane];
            frames[t].stride[plane] = clip->picture[t].stride[plane];
        }
    }
    for (int done = 0; done < clip->frames;) {
        struct onedva_packet packet;
        const int before = *errors, left = clip->frames - done;
        const int status = onedva_encode(encoder, frames + done,
                                         durations ? durations + done : NULL, left, &packet);
        if (status < 0) {
            FUZZ_CHECK(status == ONEDVA_ERR_ARGUMENT && *errors == before + 1);
            return;
        }
        FUZZ_CHECK(packet.frames >= 1 && packet.frames <= left);
        FUZZ_CHECK(packet.frames == left || settings->adaptive_clips);
        FUZZ_CHECK(packet.stats.bytes ==
                   packet.size + (settings->clip_packets
                                      ? 0
                                      : (packet.frames - 1) * ONEDVA_FRAME_PACKET_SIZE));
        decode(decoder, &packet, settings, clip);
        done += packet.frames;
    }
}

static void use_encoder(onedva_encoder *encoder, const struct onedva_encoder_settings *settings,
                        const struct onedva_stream *stream, struct odva_byte_reader *input)
{
    struct onedva_decoder_settings decoder_settings;
    onedva_decoder *decoder;
    const uint8_t *header;
    const char *statistics;
    size_t size;

    onedva_decoder_settings_default(&decoder_settings);
    decoder_settings.steps = 0;
    decoder_settings.max_depth = ONEDVA_MAX_DEPTH;
    decoder_settings.threads = 1;
    FUZZ_CHECK(onedva_decoder_open(&decoder, fuzz_model(), &decoder_settings) == ONEDVA_OK);
    onedva_encoder_stream_header(encoder, &header, &size);
    FUZZ_CHECK(onedva_decoder_set_stream_header(decoder, header, size) == ONEDVA_OK);
    for (int i = 0; i < MAX_CLIPS && input->position < input->size; i++) {
        uint32_t durations[ONEDVA_MAX_CLIP_FRAMES];
        const int frames = 1 + odva_read_u8(input) % ONEDVA_MAX_CLIP_FRAMES;
        const int has_durations = odva_read_u8(input) & 1, crf = odva_read_u8(input);
        struct fuzz_clip clip;
        for (int t = 0; t < frames; t++)
            durations[t] = has_durations ? odva_read_leb(input) : 1;
        if (crf % 4 == 0)
            onedva_encoder_set_crf(encoder, crf - 1);
        fuzz_clip_alloc(&clip, frames, (int)stream->width, (int)stream->height, (int)stream->depth);
        fuzz_clip_draw(&clip, input);
        encode_clip(encoder, decoder, settings, &clip, has_durations ? durations : NULL);
        fuzz_clip_free(&clip);
    }
    onedva_encoder_end_pass(encoder, &statistics);
    FUZZ_CHECK(!statistics || settings->pass == ONEDVA_PASS_FIRST);
    onedva_decoder_close(&decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct onedva_encoder_settings settings;
    struct onedva_stream stream;
    struct odva_byte_reader input;
    onedva_encoder *encoder;
    char statistics[256] = {0};
    int errors = 0, status;

    odva_byte_reader_init(&input, data, size);
    read_settings(&input, &settings);
    settings.logger = (struct onedva_logger){count_message, &errors};
    read_stream(&input, &stream);
    if (odva_read_u8(&input) % 4 == 0)
        read_pass(&input, &settings, statistics);
    status = onedva_encoder_open(&encoder, fuzz_model(), &settings, &stream);
    if (status < 0) {
        FUZZ_CHECK(status == ONEDVA_ERR_ARGUMENT && errors == 1 && !encoder);
        return 0;
    }
    use_encoder(encoder, &settings, &stream, &input);
    onedva_encoder_close(&encoder);
    return 0;
}
