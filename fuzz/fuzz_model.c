/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Model files: the test model with edits and another header. What opens must encode and decode. */
#include <unistd.h>

#include "edited_file.h"
#include "fuzz.h"

#define SIDE   24
#define FRAMES 5

static void decode(const onedva_model *model, const struct onedva_packet *packet, int steps,
                   const struct fuzz_clip *source)
{
    struct onedva_decoder_settings settings;
    onedva_decoder *decoder;
    struct onedva_clip clip;
    struct fuzz_clip pictures;

    onedva_decoder_settings_default(&settings);
    settings.steps = steps;
    settings.threads = 1;
    FUZZ_CHECK(onedva_decoder_open(&decoder, model, &settings) == ONEDVA_OK);
    FUZZ_CHECK(onedva_decoder_read_packet(decoder, packet->data, packet->size, &clip) == ONEDVA_OK);
    FUZZ_CHECK(clip.frames == packet->frames);
    fuzz_clip_alloc(&pictures, clip.frames, source->width, source->height, source->depth);
    FUZZ_CHECK(onedva_decoder_reconstruct(decoder, pictures.picture, clip.frames) == ONEDVA_OK);
    fuzz_clip_free(&pictures);
    onedva_decoder_close(&decoder);
}

static void encode(const onedva_model *model, const struct fuzz_clip *clip)
{
    const struct onedva_stream stream = {
        .width = SIDE, .height = SIDE, .timebase_num = 1, .timebase_den = 25, .sar_den = 1};
    struct onedva_const_picture frames[FRAMES];
    struct onedva_encoder_settings settings;
    onedva_encoder *encoder;
    struct onedva_packet packet;

    for (int t = 0; t < FRAMES; t++) {
        for (int plane = 0; plane < 3; plane++) {
            frames[t].data[plane] = clip->picture[t].data[plane];
            frames[t].stride[plane] = clip->picture[t].stride[plane];
        }
    }
    onedva_encoder_settings_default(&settings);
    settings.adaptive_clips = 0;
    settings.header_in_packets = 1;
    settings.threads = 1;
    FUZZ_CHECK(onedva_encoder_open(&encoder, model, &settings, &stream) == ONEDVA_OK);
    FUZZ_CHECK(onedva_encode(encoder, frames, NULL, FRAMES, &packet) == ONEDVA_OK);
    for (int steps = 0; steps <= 2; steps++)
        decode(model, &packet, steps, clip);
    onedva_encoder_close(&encoder);
}

/* The test model's file, mapped once for the life of the process. */
static const struct odva_mapped_file *base_file(void)
{
    static struct odva_mapped_file base;

    if (!base.data)
        FUZZ_CHECK(odva_mapped_file_open(&base, fuzz_model_path()) == 0);
    return &base;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct odva_byte_reader input, texture;
    struct fuzz_clip clip;
    onedva_model *model;
    char path[32];
    int fd, status;

    odva_byte_reader_init(&input, data, size);
    fd = edited_file_write(path, base_file(), input);
    status = onedva_model_open(&model, path, NULL);
    close(fd);
    FUZZ_CHECK((status == ONEDVA_OK) == (model != NULL));
    FUZZ_CHECK(status == ONEDVA_OK || status == ONEDVA_ERR_MODEL || status == ONEDVA_ERR_IO);
    if (status < 0)
        return 0;
    odva_byte_reader_init(&texture, base_file()->data + base_file()->size / 2,
                          base_file()->size / 2);
    fuzz_clip_alloc(&clip, FRAMES, SIDE, SIDE, 8);
    fuzz_clip_draw(&clip, &texture);
    encode(model, &clip);
    fuzz_clip_free(&clip);
    onedva_model_close(&model);
    return 0;
}
