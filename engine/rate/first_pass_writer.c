/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <xxhash.h>

#include "base/assert.h"
#include "base/samples.h"
#include "rate/first_pass_stats.h"

#define LINE_SIZE 64

uint64_t odva_first_pass_hash(const struct onedva_const_picture *picture,
                              const struct onedva_stream *stream)
{
    const size_t bytes = (size_t)stream->width * odva_sample_bytes((int)stream->depth);
    uint64_t hash = 0;

    for (int y = 0; y < (int)stream->height; y++)
        hash = XXH64(picture->data[0] + y * picture->stride[0], bytes, hash);
    return hash;
}

void odva_first_pass_writer_free(struct odva_first_pass_writer *writer)
{
    odva_byte_writer_free(&writer->text);
}

void odva_first_pass_writer_reset(struct odva_first_pass_writer *writer)
{
    odva_byte_writer_reset(&writer->text);
    odva_write_u8(&writer->text, 0);
}

/* Append to the text, in front of the 0 byte. */
__attribute__((format(printf, 2, 3))) static void append(struct odva_first_pass_writer *writer,
                                                         const char *format, ...)
{
    struct odva_byte_writer *text = &writer->text;
    char part[LINE_SIZE];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(part, sizeof(part), format, arguments);
    va_end(arguments);
    if (text->failed)
        return;
    text->size--;
    odva_write_bytes(text, (const uint8_t *)part, (size_t)length + 1);
}

/* @param start of the line in the text */
static void end_line(struct odva_first_pass_writer *writer, size_t start)
{
    append(writer, "\n");
    if (!writer->text.failed)
        writer->checksum =
            XXH64(writer->text.data + start, writer->text.size - 1 - start, writer->checksum);
}

void odva_first_pass_write_header(struct odva_first_pass_writer *writer,
                                  const struct onedva_stream *stream)
{
    const size_t start = writer->text.size - 1;

    append(writer, "onedva-pass 1 %" PRIu32 " %" PRIu32 " %016" PRIx64, stream->width,
           stream->height, stream->model_id);
    end_line(writer, start);
}

void odva_first_pass_write_clip(struct odva_first_pass_writer *writer,
                                const struct odva_first_pass_clip *clip)
{
    const size_t start = writer->text.size - 1;

    ODVA_ASSERT(clip->frames >= 1 && clip->frames <= ONEDVA_MAX_CLIP_FRAMES);
    append(writer, "clip %d %" PRIu64 " %016" PRIx64, clip->frames, clip->duration, clip->hash);
    for (int i = 0; i < ODVA_FIRST_PASS_POINTS; i++)
        append(writer, " %.0f", clip->bits[i]);
    end_line(writer, start);
    writer->frames += clip->frames;
}

void odva_first_pass_write_end(struct odva_first_pass_writer *writer)
{
    append(writer, "end %" PRId64 " %016" PRIx64 "\n", writer->frames, writer->checksum);
}
