/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "bitstream/crc16.h"
#include "bitstream/packet.h"
#include "tests/support/test.h"

static const struct onedva_stream stream = {
    .width = 65535,
    .height = 1,
    .timebase_num = 1,
    .timebase_den = 25,
    .frame_duration = 1,
    .sar_den = 1,
    .model_id = UINT64_C(0xFEDCBA9876543210),
};

static const uint8_t motion[200] = {0x11, 0x22, 0x33};

/* A packet of every field, with payloads in bytes. */
static struct odva_packet make_packet(int frames, int layers, int qidx, int flags, uint8_t *bytes)
{
    struct odva_packet packet = {
        .kind = (frames + layers) % 2 ? ONEDVA_PACKET_CLIP : ONEDVA_PACKET_WHOLE_CLIP,
        .frames = frames,
        .layers = layers,
        .qidx = qidx,
        .model_tag = 0x321,
        .smoothing = frames % ODVA_SMOOTHINGS,
        .detail = (frames + layers) % 4,
        .has_stream = flags & 1,
        .has_durations = flags >> 1 & 1,
        .stream = stream,
        .has_motion = flags >> 2 & 1,
        .motion = motion,
        .motion_size = (size_t)(13 * (frames - 1)),
    };
    struct random random = {(uint64_t)(frames * 1000 + layers)};

    packet.stream.depth = frames % 2 ? 8 : 10;
    for (int i = 0; i < frames; i++)
        packet.durations[i] = (uint32_t)(random_u64(&random) >> random_below(&random, 64));
    for (int i = 0; i < layers; i++) {
        const int size = i == 1 ? 0 : random_below(&random, 200);
        packet.layer[i] = (struct odva_layer){
            .token_end = (uint32_t)(i + 1) * (frames > 1 ? 1023 : 3),
            .threshold = frames % 3 == 0 ? 31 - i : 0,
            .payload = bytes + 200 * i,
            .size = size,
        };
        for (int b = 0; b < 200; b++)
            bytes[200 * i + b] = (uint8_t)random_u64(&random);
    }
    return packet;
}

static void assert_packets_equal(const struct odva_packet *a, const struct odva_packet *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->frames, b->frames);
    assert_int_equal(a->layers, b->layers);
    assert_int_equal(a->qidx, b->qidx);
    assert_int_equal(a->model_tag, b->model_tag);
    assert_int_equal(a->smoothing, b->smoothing);
    assert_int_equal(a->detail, b->detail);
    assert_int_equal(a->has_stream, b->has_stream);
    assert_int_equal(a->has_durations, b->has_durations);
    if (a->has_stream)
        assert_memory_equal(&a->stream, &b->stream, sizeof(a->stream));
    for (int i = 0; a->has_durations && i < a->frames; i++)
        assert_int_equal(a->durations[i], b->durations[i]);
    assert_int_equal(a->has_motion, b->has_motion);
    if (a->has_motion) {
        assert_int_equal(a->motion_size, b->motion_size);
        assert_memory_equal(a->motion, b->motion, a->motion_size);
    }
    for (int i = 0; i < b->whole_layers; i++) {
        assert_int_equal(a->layer[i].token_end, b->layer[i].token_end);
        assert_int_equal(a->layer[i].threshold, b->layer[i].threshold);
        assert_int_equal(a->layer[i].size, b->layer[i].size);
        assert_memory_equal(a->layer[i].payload, b->layer[i].payload, a->layer[i].size);
    }
}

static void round_trips(void **state)
{
    uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
    struct odva_byte_writer writer = {0};
    struct odva_packet packet, parsed;

    (void)state;
    for (int frames = 1; frames <= 16; frames++) {
        for (int layers = 1; layers <= 16; layers++) {
            for (int flags = 0; flags < 8; flags++) {
                packet = make_packet(frames, layers, 4 * (frames - layers), flags, bytes);
                odva_byte_writer_reset(&writer);
                odva_packet_write(&writer, &packet);
                odva_write_u8(&writer, 0x55);
                assert_int_equal(odva_packet_parse(&parsed, writer.data, writer.size), ONEDVA_OK);
                assert_int_equal(parsed.whole_layers, layers);
                assert_packets_equal(&packet, &parsed);
            }
        }
    }
    odva_byte_writer_free(&writer);
}

/* Parse from memory of exactly the packet's size, so that reading past it is noticed. */
static int parse_exact(struct odva_packet *packet, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + !size);
    int status;

    assert_non_null(copy);
    memcpy(copy, data, size);
    status = odva_packet_parse(packet, copy, size);
    if (packet->has_motion && packet->frames > 0)
        assert_true(packet->motion >= copy && packet->motion + packet->motion_size <= copy + size);
    for (int i = 0; i < packet->whole_layers; i++)
        assert_true(packet->layer[i].payload >= copy &&
                    packet->layer[i].payload + packet->layer[i].size <= copy + size);
    free(copy);
    return status;
}

static void truncations(void **state)
{
    uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
    struct odva_byte_writer writer = {0};
    struct odva_packet packet = make_packet(7, 16, 0, 7, bytes), parsed;
    size_t end, payloads = 0;

    (void)state;
    odva_packet_write(&writer, &packet);
    for (int i = 0; i < packet.layers; i++)
        payloads += packet.layer[i].size;
    for (size_t size = 0; size < writer.size - payloads; size++) {
        assert_int_equal(parse_exact(&parsed, writer.data, size), ONEDVA_ERR_DATA);
        assert_int_equal(parsed.frames, 0);
    }
    for (size_t size = writer.size - payloads; size <= writer.size; size++) {
        int whole = 0;
        for (end = writer.size - payloads; whole < 16; end += packet.layer[whole++].size) {
            if (end + packet.layer[whole].size > size)
                break;
        }
        assert_int_equal(parse_exact(&parsed, writer.data, size), ONEDVA_OK);
        assert_int_equal(parsed.frames, 7);
        assert_int_equal(parsed.whole_layers, whole);
    }
    odva_byte_writer_free(&writer);
}

/* A changed bit anywhere in the header fails; one in a payload drops its layer and all after. */
static void single_bits(void **state)
{
    uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
    struct odva_byte_writer writer = {0};
    struct odva_packet packet = make_packet(3, 4, -1, 7, bytes), parsed;
    size_t payloads = 0;

    (void)state;
    odva_packet_write(&writer, &packet);
    for (int i = 0; i < packet.layers; i++)
        payloads += packet.layer[i].size;
    for (size_t bit = 0; bit < 8 * writer.size; bit++) {
        size_t end = writer.size - payloads;
        int layer = 0, status;
        writer.data[bit / 8] ^= 1 << bit % 8;
        status = parse_exact(&parsed, writer.data, writer.size);
        writer.data[bit / 8] ^= 1 << bit % 8;
        if (bit / 8 < end) {
            assert_true(status < 0);
            assert_int_equal(parsed.frames, 0);
            continue;
        }
        while ((end += packet.layer[layer].size) <= bit / 8)
            layer++;
        assert_int_equal(status, ONEDVA_OK);
        assert_int_equal(parsed.whole_layers, layer);
    }
    odva_byte_writer_free(&writer);
}

/* Change byte at of a packet's header, correct the header's crc. @return the parser's status */
static int parse_changed(const struct odva_byte_writer *writer, size_t header_size, size_t at,
                         uint8_t value)
{
    struct odva_packet parsed;
    uint8_t data[1000];
    uint16_t crc;

    assert_true(writer->size <= sizeof(data));
    memcpy(data, writer->data, writer->size);
    data[at] = value;
    crc = odva_crc16(data, header_size - 2);
    data[header_size - 2] = (uint8_t)crc;
    data[header_size - 1] = (uint8_t)(crc >> 8);
    return parse_exact(&parsed, data, writer->size);
}

/* One number: the model's tag below, then smoothing, then detail. */
static void smoothing_detail_and_model(void **state)
{
    uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
    struct odva_byte_writer writer = {0};
    struct odva_packet packet = make_packet(1, 1, 0, 0, bytes), parsed;
    struct onedva_packet_info info;

    (void)state;
    for (int tag = 0; tag < 1 << 11; tag += 13) {
        for (int i = 0; i < 32; i++) {
            const int detail = i >> 3, smoothing = i & 7;

            packet.model_tag = (uint16_t)tag;
            packet.smoothing = smoothing;
            packet.detail = detail;
            odva_byte_writer_reset(&writer);
            odva_packet_write(&writer, &packet);
            assert_int_equal(writer.data[2], tag & 255);
            assert_int_equal(writer.data[3], tag >> 8 | smoothing << 3 | detail << 6);
            assert_int_equal(parse_exact(&parsed, writer.data, writer.size), ONEDVA_OK);
            assert_int_equal(parsed.model_tag, tag);
            assert_int_equal(parsed.smoothing, smoothing);
            assert_int_equal(parsed.detail, detail);
            assert_int_equal(onedva_packet_get_info(&info, writer.data, writer.size), ONEDVA_OK);
            assert_int_equal(info.model_tag, tag);
            assert_int_equal(info.smoothing, smoothing);
            assert_int_equal(info.detail, detail);
        }
    }
    odva_byte_writer_free(&writer);
}

/* A key clip's is the crc of its first layer, an inter clip's that of its reference and of it. */
static void ids(void **state)
{
    uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
    struct odva_byte_writer writer = {0};
    struct odva_packet packet = make_packet(2, 3, 0, 0, bytes), parsed;

    (void)state;
    packet.layer[0].size = 9;
    memcpy(bytes, "123456789", 9);
    for (int is_inter = 0; is_inter < 2; is_inter++) {
        packet.is_inter = is_inter;
        packet.reference = 0x3231;
        odva_byte_writer_reset(&writer);
        odva_packet_write(&writer, &packet);
        assert_int_equal(parse_exact(&parsed, writer.data, writer.size), ONEDVA_OK);
        assert_int_equal(parsed.is_inter, is_inter);
        assert_int_equal(parsed.first_crc, 0x29B1);
        assert_int_equal(odva_packet_id(&parsed, parsed.first_crc), is_inter ? 0xED2F : 0x29B1);
        assert_int_equal(odva_packet_id(&packet, 0x3433), is_inter ? 0x5349 : 0x3433);
    }
    odva_byte_writer_free(&writer);
}

static void field_limits(void **state)
{
    uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
    struct odva_byte_writer writer = {0};
    struct odva_packet packet = make_packet(1, 2, 0, 0, bytes);
    size_t header;

    (void)state;
    packet.layer[0].size = 3;
    odva_packet_write(&writer, &packet);
    header = writer.size - 3;
    for (int value = 0; value < 256; value++) {
        const int qidx = (int8_t)value;
        const int version = value >> 4;
        const int status = parse_changed(&writer, header, 1, (uint8_t)value);
        assert_int_equal(parse_changed(&writer, header, 0, (uint8_t)value),
                         value == 0xD5 || value == 0xD6 ? ONEDVA_OK : ONEDVA_ERR_DATA);
        assert_int_equal(parse_changed(&writer, header, 5, (uint8_t)value),
                         qidx >= -64 && qidx <= 63 ? ONEDVA_OK : ONEDVA_ERR_DATA);
        if (version != 2)
            assert_int_equal(status, ONEDVA_ERR_VERSION);
        else if (value == 0x20)
            assert_int_equal(status, ONEDVA_OK);
    }
    assert_int_equal(parse_changed(&writer, header, 6, 0), ONEDVA_ERR_DATA);
    assert_int_equal(parse_changed(&writer, header, 6, 1), ONEDVA_OK);
    assert_int_equal(parse_changed(&writer, header, 10, 0), ONEDVA_ERR_DATA);
    assert_int_equal(parse_changed(&writer, header, 10, 3), ONEDVA_OK);
    assert_int_equal(parse_changed(&writer, header, 10, 4), ONEDVA_OK);
    odva_byte_writer_free(&writer);
}

/* A layer whose token_end is not above the one before begins a refinement; four are allowed, those
 * that were cut off included, and the coarsest one's quantiser must exist. */
static void refinements(void **state)
{
    static const struct {
        int ends[6], dropped, qidx, refinements, status;
    } cases[] = {
        {{3, 6, 9, 12, 15, 18}, 0, 63, 1, ONEDVA_OK},
        {{3, 6, 9, 9, 15, 18}, 0, 55, 2, ONEDVA_OK},
        {{3, 6, 9, 9, 15, 18}, 0, 56, 2, ONEDVA_ERR_DATA},
        {{18, 2, 18, 1, 18, 1}, 0, 39, 4, ONEDVA_OK},
        {{18, 2, 18, 1, 18, 1}, 1, 39, 4, ONEDVA_ERR_DATA},
        {{18, 18, 18, 18, 18, 19}, 0, -64, 5, ONEDVA_ERR_DATA},
        {{18, 2, 18, 1, 18, 19}, 1, 20, 3, ONEDVA_OK},
        {{3, 6, 9, 12, 15, 18}, 3, 20, 1, ONEDVA_OK},
        {{3, 6, 9, 12, 15, 18}, 4, 20, 1, ONEDVA_ERR_DATA},
    };

    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
        struct odva_byte_writer writer = {0};
        struct odva_packet packet = make_packet(1, 6, cases[c].qidx, 0, bytes), parsed;
        packet.dropped_refinements = cases[c].dropped;
        for (int i = 0; i < 6; i++)
            packet.layer[i].token_end = (uint32_t)cases[c].ends[i];
        odva_packet_write(&writer, &packet);
        assert_int_equal(parse_exact(&parsed, writer.data, writer.size), cases[c].status);
        if (cases[c].status == ONEDVA_OK) {
            assert_int_equal(parsed.refinements, cases[c].refinements);
            assert_int_equal(parsed.layer[5].refinement, cases[c].refinements - 1);
            assert_int_equal(parsed.dropped_refinements, cases[c].dropped);
        }
        odva_byte_writer_free(&writer);
    }
}

/* A layer whose token_end is not above the one before or whose threshold is another begins a sweep,
 * and the next refinement where the one before leaves nothing. */
static void sweeps(void **state)
{
    static const struct {
        int ends[6], thresholds[6], sweep[6], refinements, status;
    } cases[] = {
        {{3, 6, 9, 12, 15, 18}, {5, 5, 5, 5, 5, 5}, {0, 0, 0, 0, 0, 0}, 1, ONEDVA_OK},
        {{3, 6, 6, 12, 15, 18}, {5, 5, 5, 5, 5, 31}, {0, 0, 1, 1, 1, 2}, 1, ONEDVA_OK},
        {{9, 9, 9, 9, 9, 9}, {9, 0, 9, 0, 9, 0}, {0, 1, 2, 3, 4, 5}, 3, ONEDVA_OK},
        {{3, 6, 9, 12, 15, 18}, {0, 1, 2, 3, 0, 1}, {0, 1, 2, 3, 4, 5}, 3, ONEDVA_OK},
        {{3, 2, 1, 3, 2, 1}, {1, 1, 1, 0, 0, 0}, {0, 1, 2, 3, 4, 5}, 3, ONEDVA_OK},
        {{9, 9, 9, 9, 9, 9}, {0, 0, 0, 0, 0, 1}, {0, 1, 2, 3, 4, 5}, 6, ONEDVA_ERR_DATA},
        {{3, 6, 9, 12, 15, 18}, {5, 5, 5, 5, 5, 32}, {0}, 0, ONEDVA_ERR_DATA},
        {{3, 6, 0, 12, 15, 18}, {5, 5, 5, 5, 5, 5}, {0}, 0, ONEDVA_ERR_DATA},
    };

    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
        struct odva_byte_writer writer = {0};
        struct odva_packet packet = make_packet(2, 6, 0, 0, bytes), parsed;
        for (int i = 0; i < 6; i++) {
            packet.layer[i].token_end = (uint32_t)cases[c].ends[i];
            packet.layer[i].threshold = cases[c].thresholds[i];
        }
        odva_packet_write(&writer, &packet);
        assert_int_equal(parse_exact(&parsed, writer.data, writer.size), cases[c].status);
        for (int i = 0; i < 6 && cases[c].status == ONEDVA_OK; i++)
            assert_int_equal(parsed.layer[i].sweep, cases[c].sweep[i]);
        if (cases[c].status == ONEDVA_OK)
            assert_int_equal(parsed.refinements, cases[c].refinements);
        odva_byte_writer_free(&writer);
    }
}

/* The size of a stream header inside a packet is exactly what it takes. */
static void stream_header_size(void **state)
{
    uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
    struct odva_byte_writer writer = {0};
    struct odva_packet packet = make_packet(1, 1, 0, 1, bytes);
    size_t header;

    (void)state;
    packet.layer[0].size = 3;
    odva_packet_write(&writer, &packet);
    header = writer.size - 3;
    for (int value = 0; value < 256; value++) {
        if (value != writer.data[6])
            assert_true(parse_changed(&writer, header, 6, (uint8_t)value) < 0);
    }
    odva_byte_writer_free(&writer);
}

/* Motion of more bytes than the packet has. */
static void motion_size(void **state)
{
    uint8_t bytes[200 * ONEDVA_MAX_LAYERS];
    struct odva_byte_writer writer = {0};
    struct odva_packet packet = make_packet(1, 1, 0, 4, bytes);

    (void)state;
    packet.layer[0].size = 3;
    odva_packet_write(&writer, &packet);
    assert_int_equal(parse_changed(&writer, writer.size - 3, 6, 0), ONEDVA_OK);
    for (int value = 1; value < 256; value++)
        assert_int_equal(parse_changed(&writer, writer.size - 3, 6, (uint8_t)value),
                         ONEDVA_ERR_DATA);
    odva_byte_writer_free(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(truncations),
        cmocka_unit_test(single_bits),
        cmocka_unit_test(field_limits),
        cmocka_unit_test(refinements),
        cmocka_unit_test(sweeps),
        cmocka_unit_test(stream_header_size),
        cmocka_unit_test(motion_size),
        cmocka_unit_test(smoothing_detail_and_model),
        cmocka_unit_test(ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
