/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The stream header: what parses must be written to bytes that parse to the same. */
#include <string.h>

#include "fuzz.h"
#include "same_stream.h"

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
