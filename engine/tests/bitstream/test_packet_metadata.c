/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/random_coder.h"

#define BASIS 6

static void stream_headers_come_back(void **state)
{
    const struct onedva_stream stream = {
        .width = 65535,
        .height = 1,
        .timebase_num = UINT32_MAX,
        .timebase_den = UINT32_MAX,
        .frame_duration = UINT32_MAX,
        .sar_num = UINT32_MAX,
        .sar_den = UINT32_MAX,
        .full_range = 2,
        .colour_primaries = 9,
        .transfer = 16,
        .matrix = 9,
        .chroma_location = 3,
        .model_id = UINT64_C(0x0123456789ABCDEF),
    };
    struct onedva_stream parsed, wrong = stream;
    uint8_t header[ONEDVA_MAX_STREAM_HEADER];
    size_t size;

    (void)state;
    assert_int_equal(onedva_stream_header_write(header, &size, &stream), ONEDVA_OK);
    assert_int_equal(onedva_stream_header_parse(&parsed, header, size), ONEDVA_OK);
    assert_int_equal(parsed.sar_den, UINT32_MAX);
    assert_int_equal(parsed.matrix, 9);
    assert_true(parsed.model_id == stream.model_id);
    wrong.chroma_location = 7;
    assert_int_equal(onedva_stream_header_write(header, &size, &wrong), ONEDVA_ERR_ARGUMENT);
    assert_int_equal(size, 0);
}

/* A packet has another header or gets its first one; nothing else changes. */
static void headers_of_packets_change(void **state)
{
    struct random random = {1};
    struct coder coder;

    (void)state;
    for (int run = 0; run < 32; run++) {
        const struct odva_byte_writer *packet = &coder.encoder.packet;
        struct onedva_packet_info before, after;
        struct onedva_clip clip;
        uint8_t *changed;
        size_t size;

        coder_open(&coder, 20 + run, BASIS, 1 + run % 5, 0);
        coder_encode(&coder, &random, 1 + random_below(&random, 16), 260, 140);
        if (run % 2)
            odva_packet_encoder_write(&coder.encoder, &coder.latents, &coder.layer_plan, NULL, NULL,
                                      NULL);
        coder.stream.colour_primaries = 9;
        coder.stream.sar_num = coder.stream.sar_den = UINT32_MAX;
        changed = malloc(packet->size + ONEDVA_MAX_STREAM_HEADER + 1);
        assert_non_null(changed);
        assert_int_equal(
            onedva_packet_set_stream(packet->data, packet->size, &coder.stream, changed, &size),
            ONEDVA_OK);
        assert_int_equal(onedva_packet_get_info(&before, packet->data, packet->size), ONEDVA_OK);
        assert_int_equal(onedva_packet_get_info(&after, changed, size), ONEDVA_OK);
        assert_int_equal(before.has_stream, !(run % 2));
        assert_int_equal(after.stream.colour_primaries, 9);
        assert_int_equal(after.layers, before.layers);
        assert_int_equal(after.detail, coder.latents.detail);
        assert_int_equal(odva_packet_decoder_read(&coder.decoder, changed, size, &clip), ONEDVA_OK);
        assert_int_equal(clip.layers_decoded, before.layers);
        assert_int_equal(clip.stream.sar_num, UINT32_MAX);
        assert_int_equal(
            onedva_packet_set_stream(packet->data, packet->size - 1, &coder.stream, changed, &size),
            ONEDVA_ERR_ARGUMENT);
        free(changed);
        coder_close(&coder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_headers_come_back),
        cmocka_unit_test(headers_of_packets_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
