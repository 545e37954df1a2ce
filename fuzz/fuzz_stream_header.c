/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The stream header: what parses must be written to bytes that parse to the same. */
#include <string.h>

#include "fuzz.h"

static int same_stream(const struct onedva_stream *a, const struct onedva_stream *b)
{
    return a->width == b->width && a->height == b->height && a->timebase_num == b->timebase_num &&
           a->timebase_den == b->timebase_den && a->frame_duration == b->frame_duration &&
           a->sar_num == b->sar_num && a->sar_den == b->sar_den && a->full_range == b->full_range &&
           a->colour_primaries == b->colour_primaries && a->transfer == b->transfer &&
           a->matrix == b->matrix && a->chroma_location == b->chroma_location &&
           a->model_id == b->model_id;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t written[ONEDVA_MAX_STREAM_HEADER], again[ONEDVA_MAX_STREAM_HEADER];
    struct onedva_stream stream = {0}, parsed = {0};
    size_t written_size, again_size;

    if (onedva_stream_header_parse(&stream, data, size) < 0)
        return 0;
    FUZZ_CHECK(onedva_stream_header_write(written, &written_size, &stream) == ONEDVA_OK);
    FUZZ_CHECK(written_size <= size && written_size <= sizeof(written));
    FUZZ_CHECK(onedva_stream_header_parse(&parsed, written, written_size) == ONEDVA_OK);
    FUZZ_CHECK(same_stream(&stream, &parsed));
    FUZZ_CHECK(onedva_stream_header_write(again, &again_size, &parsed) == ONEDVA_OK);
    FUZZ_CHECK(again_size == written_size && !memcmp(written, again, again_size));
    for (size_t cut = 0; cut < written_size; cut++)
        FUZZ_CHECK(onedva_stream_header_parse(&parsed, written, cut) < 0);
    return 0;
}
