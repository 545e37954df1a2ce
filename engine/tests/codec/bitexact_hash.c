/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Encodes a synthetic clip and inter clips behind it to a file, or prints the XXH64 of the pixels
 * such a file decodes to, with the strict C kernels. tools/tests/test_bitexact.sh compares builds
 * by different compilers. The file has each packet behind its size, a u32, little endian.
 *
 * usage: bitexact_hash encode|decode FILE
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "onedva/onedva.h"

enum {
    WIDTH = 150, /* two columns of tiles, the second one narrow */
    HEIGHT = 70,
    CHROMA_WIDTH = (WIDTH + 1) / 2,
    CHROMA_HEIGHT = (HEIGHT + 1) / 2,
    FRAMES = 6,       /* of the key clip; not a multiple of the token length */
    INTER_CLIPS = 20, /* of a frame each */
    ALL_FRAMES = FRAMES + INTER_CLIPS,
    FRAME_SIZE = WIDTH * HEIGHT + 2 * CHROMA_WIDTH * CHROMA_HEIGHT,
    MAX_PACKET = 1 << 20,
};

static uint8_t pixels[ALL_FRAMES][FRAME_SIZE];

static int fail(const char *what, int status)
{
    fprintf(stderr, "bitexact_hash: %s: %s\n", what, onedva_status_text(status));
    return 1;
}

static void log_line(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    if (level <= ONEDVA_LOG_WARNING)
        fprintf(stderr, "bitexact_hash: %s\n", message);
}

/* A moving texture with noise in every plane, so that tiles keep many tokens. */
static void draw_frames(void)
{
    uint32_t random = 1;

    for (int t = 0; t < ALL_FRAMES; t++)
        for (int i = 0; i < FRAME_SIZE; i++) {
            int x = i % WIDTH + 3 * t, y = i / WIDTH;

            random = random * 1664525 + 1013904223;
            pixels[t][i] = (uint8_t)(40 + (x * y / 7 + 5 * x) % 160 + (random >> 28));
        }
}

static void set_planes(uint8_t *frame, uint8_t *data[3], ptrdiff_t stride[3])
{
    data[0] = frame;
    data[1] = frame + WIDTH * HEIGHT;
    data[2] = data[1] + CHROMA_WIDTH * CHROMA_HEIGHT;
    stride[0] = WIDTH;
    stride[1] = stride[2] = CHROMA_WIDTH;
}

static int first_frame(int clip)
{
    return clip == 0 ? 0 : FRAMES + clip - 1;
}

static int frames_of(int clip)
{
    return clip == 0 ? FRAMES : 1;
}

static int write_packet(const struct onedva_packet *packet, FILE *file)
{
    const uint8_t size[4] = {(uint8_t)packet->size, (uint8_t)(packet->size >> 8),
                             (uint8_t)(packet->size >> 16), (uint8_t)(packet->size >> 24)};

    return fwrite(size, 1, sizeof(size), file) == sizeof(size) &&
                   fwrite(packet->data, 1, packet->size, file) == packet->size
               ? ONEDVA_OK
               : ONEDVA_ERR_IO;
}

static int encode_clips(onedva_encoder *encoder, const struct onedva_const_picture *pictures,
                        FILE *file)
{
    int status = ONEDVA_OK;

    for (int clip = 0; clip <= INTER_CLIPS && status == ONEDVA_OK; clip++) {
        struct onedva_packet packet;

        status =
            onedva_encode(encoder, &pictures[first_frame(clip)], NULL, frames_of(clip), &packet);
        if (status == ONEDVA_OK && packet.is_key != (clip == 0))
            status = ONEDVA_ERR_DATA; /* nothing would be predicted */
        if (status == ONEDVA_OK)
            status = write_packet(&packet, file);
    }
    return status;
}

static int encode(const onedva_model *model, FILE *file)
{
    const struct onedva_stream stream = {
        .width = WIDTH,
        .height = HEIGHT,
        .timebase_num = 1,
        .timebase_den = 25,
        .frame_duration = 1,
        .sar_den = 1,
    };
    struct onedva_encoder_settings settings;
    struct onedva_const_picture pictures[ALL_FRAMES];
    onedva_encoder *encoder = NULL;
    int status;

    onedva_encoder_settings_default(&settings);
    settings.crf = 15;
    settings.bitexact = 1;
    settings.adaptive_clips = 0;
    settings.header_in_packets = 1;
    settings.logger.log = log_line;
    draw_frames();
    for (int t = 0; t < ALL_FRAMES; t++) {
        uint8_t *data[3];

        set_planes(pixels[t], data, pictures[t].stride);
        for (int plane = 0; plane < 3; plane++)
            pictures[t].data[plane] = data[plane];
    }
    status = onedva_encoder_open(&encoder, model, &settings, &stream);
    if (status < 0)
        return fail("opening the encoder", status);
    status = encode_clips(encoder, pictures, file);
    onedva_encoder_close(&encoder);
    return status < 0 ? fail("encoding", status) : 0;
}

/* @return the size of the next packet, 0: there is none, or it is too large */
static size_t read_packet(uint8_t packet[MAX_PACKET], FILE *file)
{
    uint8_t bytes[4];
    size_t size;

    if (fread(bytes, 1, sizeof(bytes), file) != sizeof(bytes))
        return 0;
    size = bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
    return size <= MAX_PACKET && fread(packet, 1, size, file) == size ? size : 0;
}

static int decode_clips(onedva_decoder *decoder, FILE *file, int clips)
{
    static uint8_t packet[MAX_PACKET];
    int status = ONEDVA_OK;

    for (int clip = 0; clip < clips && status == ONEDVA_OK; clip++) {
        const size_t size = read_packet(packet, file);
        struct onedva_picture pictures[FRAMES];
        struct onedva_clip info;

        for (int t = 0; t < frames_of(clip); t++)
            set_planes(pixels[first_frame(clip) + t], pictures[t].data, pictures[t].stride);
        status = onedva_decoder_read_packet(decoder, packet, size, &info);
        if (status == ONEDVA_OK && (info.frames != frames_of(clip) || info.is_corrupt ||
                                    info.layers_decoded < info.layers))
            status = ONEDVA_ERR_DATA;
        if (status == ONEDVA_OK)
            status = onedva_decoder_reconstruct(decoder, pictures, info.frames);
    }
    return status;
}

/* @param clips the key clip among them */
static int print_hash(const onedva_model *model, FILE *file, int steps, int clips)
{
    struct onedva_decoder_settings settings;
    onedva_decoder *decoder = NULL;
    int status;

    onedva_decoder_settings_default(&settings);
    settings.steps = steps;
    settings.bitexact = 1;
    settings.logger.log = log_line;
    status = onedva_decoder_open(&decoder, model, &settings);
    if (status < 0)
        return fail("opening the decoder", status);
    rewind(file);
    memset(pixels, 0, sizeof(pixels));
    status = decode_clips(decoder, file, clips);
    onedva_decoder_close(&decoder);
    if (status < 0)
        return fail("decoding", status);
    printf("steps %d: %016" PRIx64 "\n", steps, (uint64_t)XXH64(pixels, sizeof(pixels), 0));
    return 0;
}

static int decode(const onedva_model *model, FILE *file)
{
    return print_hash(model, file, 0, 1 + INTER_CLIPS) || print_hash(model, file, 1, 2) ||
           print_hash(model, file, 3, 2);
}

int main(int argc, char **argv)
{
    const struct onedva_logger logger = {.log = log_line};
    onedva_model *model = NULL;
    int encoding, result;
    FILE *file;

    if (argc != 3 || (strcmp(argv[1], "encode") && strcmp(argv[1], "decode"))) {
        fprintf(stderr, "usage: bitexact_hash encode|decode FILE\n");
        return 1;
    }
    encoding = !strcmp(argv[1], "encode");
    result = onedva_model_open(&model, NULL, &logger);
    if (result < 0)
        return fail("opening the model", result);
    file = fopen(argv[2], encoding ? "wb" : "rb");
    if (!file) {
        perror(argv[2]);
        onedva_model_close(&model);
        return 1;
    }
    result = encoding ? encode(model, file) : decode(model, file);
    if (fclose(file))
        result = fail(argv[2], ONEDVA_ERR_IO);
    onedva_model_close(&model);
    return result;
}
