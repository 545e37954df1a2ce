/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>

#include "bitstream/crc16.h"
#include "bitstream/packet.h"
#include "tests/support/random_coder.h"

#define BASIS       6
#define CORRUPTIONS 10000 /* over all packets */
#define PACKETS     20
#define MAX_PIXELS  (1 << 18)

/* A packet in memory of exactly its size. */
struct bytes {
    uint8_t *data;
    size_t size;
};

static struct bytes copy_bytes(const uint8_t *data, size_t size)
{
    struct bytes copy = {malloc(size + !size), size};

    assert_non_null(copy.data);
    if (size > 0)
        memcpy(copy.data, data, size);
    return copy;
}

static void insert(struct bytes *bytes, size_t at, uint8_t value)
{
    uint8_t *data = realloc(bytes->data, bytes->size + 1);

    assert_non_null(data);
    memmove(data + at + 1, data + at, bytes->size - at);
    data[at] = value;
    bytes->data = data;
    bytes->size++;
}

/* Some bit flips, overwritten bytes and inserted bytes in [first, size). */
static void corrupt(struct random *random, struct bytes *bytes, size_t first, int may_insert)
{
    for (int n = 1 + random_below(random, 4); n > 0 && first < bytes->size; n--) {
        const size_t at = first + random_below(random, (int)(bytes->size - first));
        const int kind = random_below(random, may_insert ? 3 : 2);
        if (kind == 0)
            bytes->data[at] ^= 1 << random_below(random, 8);
        else if (kind == 1)
            bytes->data[at] = (uint8_t)random_u64(random);
        else
            insert(bytes, at, (uint8_t)random_u64(random));
    }
}

/* Damage payloads and fields, then write the packet with the right checksums. */
static struct bytes corrupt_inside(struct random *random, struct odva_packet packet)
{
    struct odva_byte_writer writer = {0};
    struct bytes payloads[ONEDVA_MAX_LAYERS], motion, result;

    for (int i = 0; i < packet.layers; i++) {
        payloads[i] = copy_bytes(packet.layer[i].payload, packet.layer[i].size);
        if (random_below(random, 2))
            corrupt(random, &payloads[i], 0, 1);
        packet.layer[i].payload = payloads[i].data;
        packet.layer[i].size = payloads[i].size;
    }
    if (random_below(random, 4) == 0) /* its first layer begins with the partition */
        for (size_t i = 0; i < payloads[0].size && i < 6; i++)
            payloads[0].data[i] = (uint8_t)random_u64(random);
    motion = copy_bytes(packet.motion, packet.motion_size);
    if (random_below(random, 2))
        corrupt(random, &motion, 0, 1);
    packet.motion = motion.data;
    packet.motion_size = motion.size;
    if (random_below(random, 4) == 0)
        packet.qidx = ONEDVA_MIN_QIDX + random_below(random, 128);
    if (random_below(random, 4) == 0)
        packet.frames = 1 + random_below(random, 16);
    if (random_below(random, 4) == 0)
        packet.layer[packet.layers - 1].token_end += random_below(random, 20);
    if (random_below(random, 4) == 0)
        packet.layer[random_below(random, packet.layers)].threshold = random_below(random, 32);
    if (random_below(random, 4) == 0)
        packet.stream.width = 1 + random_below(random, 700);
    odva_packet_write(&writer, &packet);
    result = copy_bytes(writer.data, writer.size);
    odva_byte_writer_free(&writer);
    for (int i = 0; i < packet.layers; i++)
        free(payloads[i].data);
    free(motion.data);
    return result;
}

/* Damage the header and correct its checksum. */
static struct bytes corrupt_header(struct random *random, const uint8_t *data, size_t size,
                                   size_t header_size)
{
    struct bytes header = copy_bytes(data, header_size - 2);
    struct bytes result = copy_bytes(data, size);
    uint16_t crc;

    corrupt(random, &header, 0, 0);
    crc = odva_crc16(header.data, header.size);
    memcpy(result.data, header.data, header.size);
    result.data[header_size - 2] = (uint8_t)crc;
    result.data[header_size - 1] = (uint8_t)(crc >> 8);
    free(header.data);
    return result;
}

/* What was read is within the format's bounds. */
static void check_latents(const struct coder *coder, const struct onedva_clip *clip)
{
    const struct odva_latents *latents = &coder->decoder.latents;
    int64_t tokens = 0;

    assert_int_equal(latents->grid.frames, clip->frames);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        assert_in_range(latents->tiles[i].tokens, 0, latents->tiles[i].max_tokens);
        tokens += latents->tiles[i].tokens;
    }
    assert_int_equal(tokens, clip->tokens);
    for (size_t i = 0; i < odva_latents_count(latents); i++)
        assert_true(abs(latents->q[i]) < 1 << (17 + ODVA_MAX_REFINEMENTS - 1));
}

/* Counts of what became of the packets. */
struct outcome {
    int decoded, refused;
};

static void read_corrupted(struct coder *coder, struct bytes bytes, struct outcome *outcome)
{
    struct onedva_clip clip;
    const int status = odva_packet_decoder_read(&coder->decoder, bytes.data, bytes.size, &clip);

    assert_in_range(clip.frames, 0, 16);
    if (status == ONEDVA_OK)
        check_latents(coder, &clip);
    else
        assert_int_equal(coder->decoder.frames, 0);
    outcome->decoded += status == ONEDVA_OK;
    outcome->refused += status != ONEDVA_OK;
    free(bytes.data);
}

static void corrupt_one_packet(struct random *random, int index, struct outcome *plain,
                               struct outcome *repaired)
{
    struct coder coder;
    struct odva_packet packet;
    struct onedva_clip clip;
    const struct odva_byte_writer *original = &coder.encoder.packet;
    struct odva_motion motion = {.width = 1 + random_below(random, 300),
                                 .height = 1 + random_below(random, 300)};
    size_t header;

    coder_open(&coder, 200 + index, BASIS, 1 + index % 5, index % 4 == 3 ? 7 : 0);
    coder.decoder.max_pixels = MAX_PIXELS;
    if (index % 2)
        coder_encode_motion(&coder, random, &motion);
    else
        coder_encode(&coder, random, 1 + random_below(random, 16), motion.width, motion.height);
    header = original->size - coder.encoder.payloads.size;
    assert_int_equal(odva_packet_parse(&packet, original->data, original->size), ONEDVA_OK);
    for (int i = 0; i < CORRUPTIONS / PACKETS; i++) {
        struct bytes bytes;
        if (i % 2 == 0) {
            bytes = copy_bytes(original->data, original->size);
            corrupt(random, &bytes, 0, 1);
            read_corrupted(&coder, bytes, plain);
        } else if (i % 8 == 7) {
            read_corrupted(&coder, corrupt_header(random, original->data, original->size, header),
                           repaired);
        } else {
            read_corrupted(&coder, corrupt_inside(random, packet), repaired);
        }
    }
    assert_int_equal(
        odva_packet_decoder_read(&coder.decoder, original->data, original->size, &clip), ONEDVA_OK);
    coder_close(&coder);
    odva_motion_free(&motion);
}

static void corruptions(void **state)
{
    struct random random = {9};
    struct outcome plain = {0}, repaired = {0};

    (void)state;
    for (int i = 0; i < PACKETS; i++)
        corrupt_one_packet(&random, i, &plain, &repaired);
    assert_int_equal(plain.decoded + plain.refused, CORRUPTIONS / 2);
    assert_int_equal(repaired.decoded + repaired.refused, CORRUPTIONS / 2);
    assert_true(repaired.decoded > CORRUPTIONS / 4);
    assert_true(plain.refused > CORRUPTIONS / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corruptions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
