/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Encodes a synthetic clip to a file, or prints the XXH64 of the pixels such a file decodes to,
 * with the strict C kernels. tools/tests/test_bitexact.sh compares builds by different compilers.
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
    FRAMES = 6, /* not a multiple of the token length */
    FRAME_SIZE = WIDTH * HEIGHT + 2 * CHROMA_WIDTH * CHROMA_HEIGHT,
    MAX_PACKET = 1 << 20,
};

static uint8_t pixels[FRAMES][FRAME_SIZE];

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

    for (int t = 0; t < FRAMES; t++)
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
    struct onedva_const_picture pictures[FRAMES];
    struct onedva_packet packet;
    onedva_encoder *encoder = NULL;
    int status;

    onedva_encoder_settings_default(&settings);
    settings.crf = 15;
    settings.bitexact = 1;
    settings.header_in_packets = 1;
    settings.logger.log = log_line;
    draw_frames();
    for (int t = 0; t < FRAMES; t++) {
        uint8_t *data[3];

        set_planes(pixels[t], data, pictures[t].stride);
        for (int plane = 0; plane < 3; plane++)
            pictures[t].data[plane] = data[plane];
    }
    status = onedva_encoder_open(&encoder, model, &settings, &stream);
    if (status < 0)
        return fail("opening the encoder", status);
    status = onedva_encode(encoder, pictures, NULL, FRAMES, &packet);
    if (status >= 0 && fwrite(packet.data, 1, packet.size, file) != packet.size)
        status = ONEDVA_ERR_IO;
    onedva_encoder_close(&encoder);
    return status < 0 ? fail("encoding", status) : 0;
}

static int print_hash(const onedva_model *model, const uint8_t *packet, size_t size, int steps)
{
    struct onedva_decoder_settings settings;
    struct onedva_picture pictures[FRAMES];
    struct onedva_clip clip;
    onedva_decoder *decoder = NULL;
    int status;

    onedva_decoder_settings_default(&settings);
    settings.steps = steps;
    settings.bitexact = 1;
    settings.logger.log = log_line;
    for (int t = 0; t < FRAMES; t++)
        set_planes(pixels[t], pictures[t].data, pictures[t].stride);
    status = onedva_decoder_open(&decoder, model, &settings);
    if (status < 0)
        return fail("opening the decoder", status);
    status = onedva_decoder_read_packet(decoder, packet, size, &clip);
    if (status >= 0 && (clip.frames != FRAMES || clip.layers_decoded < clip.layers))
        status = ONEDVA_ERR_DATA;
    if (status >= 0)
        status = onedva_decoder_reconstruct(decoder, pictures, FRAMES);
    onedva_decoder_close(&decoder);
    if (status < 0)
        return fail("decoding", status);
    printf("steps %d: %016" PRIx64 "\n", steps, (uint64_t)XXH64(pixels, sizeof(pixels), 0));
    return 0;
}

static int decode(const onedva_model *model, FILE *file)
{
    static uint8_t packet[MAX_PACKET];
    size_t size = fread(packet, 1, sizeof(packet), file);

    if (size == sizeof(packet))
        return fail("reading", ONEDVA_ERR_LIMIT);
    return print_hash(model, packet, size, 0) || print_hash(model, packet, size, 1) ||
           print_hash(model, packet, size, 3);
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
