/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Model files: the test model with edits and another header. What opens must encode and decode. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "model/mapped_file.h"

#define SIDE       24
#define FRAMES     5
#define CUT        1 /* bits of the first byte: leave out the file's end */
#define NEW_HEADER 2 /* the rest of the input is the file's header */
#define EDIT_SIZE  5 /* bytes of an edit in the input: u24 position, u16 value */

/* The test model's file, mapped once for the life of the process. */
static const struct odva_mapped_file *base_file(void)
{
    static struct odva_mapped_file base;

    if (!base.data)
        FUZZ_CHECK(odva_mapped_file_open(&base, fuzz_model_path()) == 0);
    return &base;
}

static size_t header_size(const struct odva_mapped_file *file)
{
    struct odva_byte_reader reader;

    odva_byte_reader_init(&reader, file->data, file->size);
    return (size_t)odva_read_u64(&reader);
}

static size_t read_position(struct odva_byte_reader *input)
{
    const size_t low = odva_read_u16(input);

    return low | (size_t)odva_read_u8(input) << 16;
}

/* The test model's numbers behind the input's header or its own. @return the file's size */
static size_t assemble(uint8_t **file, struct odva_byte_reader input)
{
    const struct odva_mapped_file *base = base_file();
    const int options = odva_read_u8(&input), edits = odva_read_u8(&input) % 16;
    const size_t data = 8 + header_size(base);
    const size_t cut = options & CUT ? read_position(&input) : 0;
    const uint8_t *edit = odva_read_bytes(&input, (size_t)edits * EDIT_SIZE);
    const size_t left = input.failed ? 0 : input.size - input.position;
    const size_t header = options & NEW_HEADER ? left : data - 8;
    size_t size = 8 + header + base->size - data;

    *file = malloc(size);
    FUZZ_CHECK(*file);
    for (int i = 0; i < 8; i++)
        (*file)[i] = (uint8_t)((uint64_t)header >> 8 * i);
    if (header)
        memcpy(*file + 8, options & NEW_HEADER ? input.data + input.position : base->data + 8,
               header);
    memcpy(*file + 8 + header, base->data + data, base->size - data);
    for (int i = 0; edit && i < edits; i++, edit += EDIT_SIZE) {
        const size_t position = (edit[0] | edit[1] << 8 | edit[2] << 16) % (size - 1);
        memcpy(*file + position, edit + 3, 2);
    }
    return cut < size ? size - cut : 0;
}

/* @return a file in memory, to be closed */
static int write_file(char path[32], struct odva_byte_reader input)
{
    uint8_t *file;
    const size_t size = assemble(&file, input);
    const int fd = memfd_create("model", MFD_CLOEXEC);

    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(write(fd, file, size) == (ssize_t)size);
    free(file);
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

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
    fuzz_clip_alloc(&pictures, clip.frames, source->width, source->height);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct odva_byte_reader input, texture;
    struct fuzz_clip clip;
    onedva_model *model;
    char path[32];
    int fd, status;

    odva_byte_reader_init(&input, data, size);
    fd = write_file(path, input);
    status = onedva_model_open(&model, path, NULL);
    close(fd);
    FUZZ_CHECK((status == ONEDVA_OK) == (model != NULL));
    FUZZ_CHECK(status == ONEDVA_OK || status == ONEDVA_ERR_MODEL || status == ONEDVA_ERR_IO);
    if (status < 0)
        return 0;
    odva_byte_reader_init(&texture, base_file()->data + base_file()->size / 2,
                          base_file()->size / 2);
    fuzz_clip_alloc(&clip, FRAMES, SIDE, SIDE);
    fuzz_clip_draw(&clip, &texture);
    encode(model, &clip);
    fuzz_clip_free(&clip);
    onedva_model_close(&model);
    return 0;
}
