/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/stream_header.h"

#define STREAM_HEADER_VERSION 2
#define FORMAT_YUV420P8       0
#define FORMAT_YUV420P10      1
#define LAST_RANGE            2
#define LAST_CHROMA_LOCATION  6

const char *odva_stream_header_check(const struct onedva_stream *stream)
{
    if (stream->width < 1 || stream->width > ONEDVA_MAX_DIMENSION || stream->height < 1 ||
        stream->height > ONEDVA_MAX_DIMENSION)
        return "picture size is outside 1x1 to 65535x65535";
    if (stream->timebase_num == 0 || stream->timebase_den == 0)
        return "time base has a zero";
    if (stream->sar_den == 0)
        return "sample aspect ratio has a zero denominator";
    if (stream->full_range > LAST_RANGE)
        return "sample range is not 0, 1 or 2";
    if (stream->chroma_location > LAST_CHROMA_LOCATION)
        return "chroma location is not 0 to 6";
    if (stream->depth != 0 && stream->depth != 8 && stream->depth != 10)
        return "samples have neither 8 nor 10 bits";
    if (stream->reserved_int)
        return "a reserved field is not 0";
    for (size_t i = 0; i < sizeof(stream->reserved) / sizeof(stream->reserved[0]); i++)
        if (stream->reserved[i])
            return "a reserved field is not 0";
    return NULL;
}

void odva_stream_header_write(struct odva_byte_writer *writer, const struct onedva_stream *stream)
{
    odva_write_u8(writer, STREAM_HEADER_VERSION);
    odva_write_u64(writer, stream->model_id);
    odva_write_leb(writer, stream->width);
    odva_write_leb(writer, stream->height);
    odva_write_u8(writer, stream->depth == 10 ? FORMAT_YUV420P10 : FORMAT_YUV420P8);
    odva_write_u8(writer, stream->full_range);
    odva_write_u8(writer, stream->colour_primaries);
    odva_write_u8(writer, stream->transfer);
    odva_write_u8(writer, stream->matrix);
    odva_write_u8(writer, stream->chroma_location);
    odva_write_leb(writer, stream->sar_num);
    odva_write_leb(writer, stream->sar_den);
    odva_write_leb(writer, stream->timebase_num);
    odva_write_leb(writer, stream->timebase_den);
    odva_write_leb(writer, stream->frame_duration);
}

int odva_stream_header_read(struct odva_byte_reader *reader, struct onedva_stream *stream)
{
    const uint8_t version = odva_read_u8(reader);
    uint8_t format;

    *stream = (struct onedva_stream){0};
    if (!reader->failed && version != STREAM_HEADER_VERSION)
        return ONEDVA_ERR_VERSION;
    stream->model_id = odva_read_u64(reader);
    stream->width = odva_read_leb(reader);
    stream->height = odva_read_leb(reader);
    format = odva_read_u8(reader);
    stream->full_range = odva_read_u8(reader);
    stream->colour_primaries = odva_read_u8(reader);
    stream->transfer = odva_read_u8(reader);
    stream->matrix = odva_read_u8(reader);
    stream->chroma_location = odva_read_u8(reader);
    stream->sar_num = odva_read_leb(reader);
    stream->sar_den = odva_read_leb(reader);
    stream->timebase_num = odva_read_leb(reader);
    stream->timebase_den = odva_read_leb(reader);
    stream->frame_duration = odva_read_leb(reader);
    if (reader->failed)
        return ONEDVA_ERR_DATA;
    if (format != FORMAT_YUV420P8 && format != FORMAT_YUV420P10)
        return ONEDVA_ERR_UNSUPPORTED;
    stream->depth = format == FORMAT_YUV420P10 ? 10 : 8;
    return odva_stream_header_check(stream) ? ONEDVA_ERR_DATA : ONEDVA_OK;
}

int onedva_stream_header_parse(struct onedva_stream *stream, const uint8_t *data, size_t size)
{
    struct odva_byte_reader reader;

    odva_byte_reader_init(&reader, data, data ? size : 0);
    return odva_stream_header_read(&reader, stream);
}
