/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "bitstream/crc16.h"
#include "tests/support/random_coder.h"

#define BASIS 6

/* What the reader made of a packet. */
struct reading {
    struct onedva_clip clip;
    int32_t *q;
    int nested;
};

static void reading_take(struct reading *reading, struct coder *coder, const uint8_t *data,
                         size_t size)
{
    const struct odva_latents *latents = &coder->decoder.latents;
    const size_t bytes = odva_latents_count(&coder->latents) * sizeof(*reading->q);

    assert_int_equal(odva_packet_decoder_read(&coder->decoder, data, size, &reading->clip),
                     ONEDVA_OK);
    reading->q = malloc(bytes);
    assert_non_null(reading->q);
    memcpy(reading->q, latents->q, bytes);
    reading->nested = latents->nested;
}

/* Bytes up to the end of a layer, where the packet is as it was written. */
static size_t cut_size(const struct coder *coder, int layers)
{
    const struct odva_packet *packet = &coder->decoder.packet;
    const struct odva_layer *last = &packet->layer[layers - 1];

    return (size_t)(last->payload + last->size - coder->encoder.packet.data);
}

/* A truncated packet is one of its own that reads as the whole one does when it is cut there, and
 * its size is what the info says. */
static void check_truncation(struct coder *coder, int layers, uint8_t *result)
{
    const struct odva_byte_writer *packet = &coder->encoder.packet;
    const size_t bytes = odva_latents_count(&coder->latents) * sizeof(int32_t);
    struct reading cut, truncated;
    struct onedva_packet_info info;
    size_t size;

    assert_int_equal(onedva_packet_get_info(&info, packet->data, packet->size), ONEDVA_OK);
    assert_int_equal(onedva_packet_truncate(packet->data, packet->size, layers, result, &size),
                     ONEDVA_OK);
    assert_int_equal(info.layer[layers - 1].size, size);
    reading_take(&cut, coder, packet->data, packet->size);
    free(cut.q);
    /* an empty layer is whole wherever the packet is cut */
    if (layers < info.layers && coder->decoder.packet.layer[layers].size == 0)
        return;
    reading_take(&cut, coder, packet->data, cut_size(coder, layers));
    reading_take(&truncated, coder, result, size);
    assert_int_equal(truncated.clip.layers, layers);
    assert_int_equal(truncated.clip.layers_decoded, layers);
    assert_int_equal(truncated.clip.qidx, cut.clip.qidx);
    assert_int_equal(truncated.clip.qidx, info.layer[layers - 1].qidx);
    assert_int_equal(truncated.clip.tokens, cut.clip.tokens);
    assert_int_equal(coder->decoder.latents.detail, coder->latents.detail);
    assert_int_equal(truncated.nested, cut.nested);
    assert_memory_equal(truncated.q, cut.q, bytes);
    free(cut.q);
    free(truncated.q);
}

/* Fewer layers of what has few already are the same as at once. */
static void check_again(const struct coder *coder, int layers, uint8_t *once, uint8_t *twice)
{
    const struct odva_byte_writer *packet = &coder->encoder.packet;
    size_t once_size, size, again_size;

    for (int first = layers; first <= coder->layer_plan.count; first++) {
        uint8_t *again = malloc(packet->size);
        assert_non_null(again);
        assert_int_equal(
            onedva_packet_truncate(packet->data, packet->size, layers, once, &once_size),
            ONEDVA_OK);
        assert_int_equal(onedva_packet_truncate(packet->data, packet->size, first, twice, &size),
                         ONEDVA_OK);
        assert_int_equal(onedva_packet_truncate(twice, size, layers, again, &again_size),
                         ONEDVA_OK);
        assert_int_equal(again_size, once_size);
        assert_memory_equal(again, once, once_size);
        free(again);
    }
}

static void every_layer(void **state)
{
    struct random random = {1};

    (void)state;
    for (int layers = 1; layers <= 16; layers++) {
        struct coder coder;
        uint8_t *once, *twice;

        coder_open(&coder, 20 + layers, BASIS, layers, 0);
        coder_encode(&coder, &random, 1 + random_below(&random, 16), 260, 140);
        once = malloc(coder.encoder.packet.size);
        twice = malloc(coder.encoder.packet.size);
        assert_true(once && twice);
        for (int left = 1; left <= coder.layer_plan.count; left++) {
            check_truncation(&coder, left, once);
            check_again(&coder, left, once, twice);
        }
        free(once);
        free(twice);
        coder_close(&coder);
    }
}

static void refused(void **state)
{
    struct random random = {2};
    struct onedva_packet_info info;
    struct coder coder;
    const struct odva_byte_writer *packet = &coder.encoder.packet;
    size_t size, header;
    uint8_t *result;

    (void)state;
    coder_open(&coder, 40, BASIS, 4, 0);
    coder_encode(&coder, &random, 16, 260, 140);
    header = packet->size - coder.encoder.payloads.size;
    result = malloc(packet->size);
    assert_non_null(result);
    assert_int_equal(onedva_packet_truncate(packet->data, packet->size, 0, result, &size),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_packet_truncate(packet->data, packet->size, 17, result, &size),
                     ONEDVA_ERR_ARGUMENT);
    for (size_t cut = 0; cut < packet->size; cut++) {
        const int status = onedva_packet_get_info(&info, packet->data, cut);
        assert_int_equal(status, cut < header ? ONEDVA_ERR_DATA : ONEDVA_OK);
        assert_int_equal(
            onedva_packet_truncate(packet->data, cut, info.whole_layers + 1, result, &size),
            cut < header ? ONEDVA_ERR_DATA : ONEDVA_ERR_ARGUMENT);
        assert_int_equal(size, 0);
    }
    free(result);
    coder_close(&coder);
}

/* Numbers of more bytes than they need are written in fewer, and the info's size says so. */
static void redundant_bytes(void **state)
{
    /* one frame, one layer: token_end 1 in three bytes, size 2 in two */
    uint8_t packet[] = {0xD5, 0x20, 0, 0, 0, 0, 0x81, 0x80, 0, 0x82, 0, 0, 0, 0, 0, 7, 9};
    uint8_t result[sizeof(packet)];
    const uint16_t payload_crc = odva_crc16(packet + sizeof(packet) - 2, 2);
    struct onedva_packet_info info;
    uint16_t crc;
    size_t size;

    (void)state;
    packet[11] = (uint8_t)payload_crc;
    packet[12] = (uint8_t)(payload_crc >> 8);
    crc = odva_crc16(packet, 13);
    packet[13] = (uint8_t)crc;
    packet[14] = (uint8_t)(crc >> 8);
    assert_int_equal(onedva_packet_get_info(&info, packet, sizeof(packet)), ONEDVA_OK);
    assert_int_equal(info.whole_layers, 1);
    assert_int_equal(info.layer[0].size, sizeof(packet) - 3);
    assert_int_equal(onedva_packet_truncate(packet, sizeof(packet), 1, result, &size), ONEDVA_OK);
    assert_int_equal(size, info.layer[0].size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer),
        cmocka_unit_test(refused),
        cmocka_unit_test(redundant_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
