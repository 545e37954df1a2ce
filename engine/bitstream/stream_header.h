/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The stream header (doc/bitstream.md, section 2). */
#ifndef ODVA_STREAM_HEADER_H
#define ODVA_STREAM_HEADER_H

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "onedva/onedva.h"

/** @return NULL where every field can be written, or else what is wrong */
const char *odva_stream_header_check(const struct onedva_stream *stream);

/** @param stream that odva_stream_header_check accepts */
void odva_stream_header_write(struct odva_byte_writer *writer, const struct onedva_stream *stream);

/**
 * Read a stream header.
 * @return ONEDVA_OK, ONEDVA_ERR_DATA, ONEDVA_ERR_VERSION, or ONEDVA_ERR_UNSUPPORTED for a
 *         reserved sample format
 */
int odva_stream_header_read(struct odva_byte_reader *reader, struct onedva_stream *stream);

/** How long some units of its time base last. */
static inline double odva_stream_seconds(const struct onedva_stream *stream, uint64_t units)
{
    return (double)units * stream->timebase_num / stream->timebase_den;
}

#endif
