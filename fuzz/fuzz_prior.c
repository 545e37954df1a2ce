/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Priors' files: the test prior with edits and another header. What opens must draw what decodes.
 */
#include <unistd.h>

#include "edited_file.h"
#include "fuzz.h"
#include "onedva/onedva_generate.h"

#define MOST_SIDE 256 /* of what is drawn */

/* The test prior's file, mapped once for the life of the process. */
static const struct odva_mapped_file *base_file(void)
{
    static struct odva_mapped_file base;

    if (!base.data)
        FUZZ_CHECK(odva_mapped_file_open(&base, FUZZ_PRIOR) == 0);
    return &base;
}

static void decode(const onedva_generator *generator, const struct onedva_packet *packet,
                   const struct onedva_prior_info *info)
{
    struct onedva_decoder_settings settings;
    onedva_decoder *decoder;
    struct fuzz_clip pictures;
    struct onedva_clip clip;
    const uint8_t *header;
    size_t size;

    onedva_decoder_settings_default(&settings);
    settings.steps = 0;
    settings.threads = 1;
    FUZZ_CHECK(onedva_decoder_open(&decoder, fuzz_model(), &settings) == ONEDVA_OK);
    onedva_generator_stream_header(generator, &header, &size);
    FUZZ_CHECK(onedva_decoder_set_stream_header(decoder, header, size) == ONEDVA_OK);
    FUZZ_CHECK(onedva_decoder_read_packet(decoder, packet->data, packet->size, &clip) == ONEDVA_OK);
    FUZZ_CHECK(clip.frames == info->frames && clip.tokens == packet->stats.tokens);
    fuzz_clip_alloc(&pictures, clip.frames, info->width, info->height, 8);
    FUZZ_CHECK(onedva_decoder_reconstruct(decoder, pictures.picture, clip.frames) == ONEDVA_OK);
    fuzz_clip_free(&pictures);
    onedva_decoder_close(&decoder);
}

static void draw(const onedva_prior *prior, const struct onedva_prior_info *info)
{
    struct onedva_generator_settings settings;
    onedva_generator *generator;
    struct onedva_packet packet;
    int status;

    onedva_generator_settings_default(&settings);
    settings.threads = 1;
    settings.steps = 2;
    settings.prior_class = info->classes - 1;
    status = onedva_generator_open(&generator, fuzz_model(), prior, &settings);
    FUZZ_CHECK((status == ONEDVA_OK) == (generator != NULL));
    FUZZ_CHECK(status == ONEDVA_OK || status == ONEDVA_ERR_MODEL_MISMATCH);
    for (int i = 0; generator && i < 2; i++) {
        FUZZ_CHECK(onedva_generator_next(generator, &packet) == ONEDVA_OK);
        decode(generator, &packet, info);
    }
    onedva_generator_close(&generator);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct odva_byte_reader input;
    struct onedva_prior_info info;
    onedva_prior *prior;
    char path[32];
    int fd, status;

    odva_byte_reader_init(&input, data, size);
    fd = edited_file_write(path, base_file(), input);
    status = onedva_prior_open(&prior, path, NULL);
    close(fd);
    FUZZ_CHECK((status == ONEDVA_OK) == (prior != NULL));
    FUZZ_CHECK(status == ONEDVA_OK || status == ONEDVA_ERR_MODEL || status == ONEDVA_ERR_IO);
    if (status < 0)
        return 0;
    onedva_prior_get_info(prior, &info);
    if (info.width <= MOST_SIDE)
        draw(prior, &info);
    onedva_prior_close(&prior);
    return 0;
}
