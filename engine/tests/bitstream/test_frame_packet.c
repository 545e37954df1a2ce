/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets of frames, and of clips that have them or show all of their frames. */
#include "bitstream/frame_packet.h"

#include <stdlib.h>
#include <string.h>

#include "bitstream/crc16.h"
#include "bitstream/packet.h"
#include "tests/support/test.h"

#define FRAMES 16

/* A clip's packet of two layers, in writer. @param durations NULL: none */
static void write_clip(struct odva_byte_writer *writer, enum onedva_packet_kind kind,
                       const uint32_t *durations)
{
    static const uint8_t first[] = {1, 2, 3, 4}, second[] = {5, 6};
    struct odva_packet packet = {
        .kind = kind,
        .frames = FRAMES,
        .layers = 2,
        .has_durations = durations != NULL,
        .layer = {{.token_end = 8, .payload = first, .size = sizeof(first)},
                  {.token_end = 9, .payload = second, .size = sizeof(second)}},
    };

    if (durations)
        memcpy(packet.durations, durations, sizeof(packet.durations));
    odva_byte_writer_reset(writer);
    odva_packet_write(writer, &packet);
    assert_false(writer->failed);
}

static void every_frame(void **state)
{
    struct odva_byte_writer writer = {0};
    uint8_t data[ONEDVA_FRAME_PACKET_SIZE + 1], name;
    struct onedva_packet_info info;
    enum onedva_packet_kind kind;
    int frame;

    (void)state;
    write_clip(&writer, ONEDVA_PACKET_CLIP, NULL);
    for (int i = 1; i < FRAMES; i++) {
        /* the clip may be damaged behind its header */
        assert_int_equal(onedva_frame_packet_write(data, writer.data, writer.size - i % 3, i),
                         ONEDVA_OK);
        assert_true(odva_is_frame_packet(data, ONEDVA_FRAME_PACKET_SIZE));
        assert_int_equal(odva_frame_packet_parse(&frame, &name, data, ONEDVA_FRAME_PACKET_SIZE),
                         ONEDVA_OK);
        assert_int_equal(frame, i);
        assert_int_equal(name, odva_crc16((const uint8_t[]){1, 2, 3, 4}, 4) & 255);
        assert_int_equal(onedva_packet_get_info(&info, data, ONEDVA_FRAME_PACKET_SIZE), ONEDVA_OK);
        assert_int_equal(info.kind, ONEDVA_PACKET_FRAME);
        assert_int_equal(info.frame, i);
        assert_int_equal(info.frames, 0);
        data[ONEDVA_FRAME_PACKET_SIZE] = 0;
        for (size_t size = 0; size <= sizeof(data); size++)
            if (size != ONEDVA_FRAME_PACKET_SIZE)
                assert_int_equal(odva_frame_packet_parse(&frame, NULL, data, size),
                                 ONEDVA_ERR_DATA);
    }
    assert_int_equal(onedva_frame_packet_write(data, writer.data, writer.size, 0),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_frame_packet_write(data, writer.data, writer.size, FRAMES),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(onedva_frame_packet_write(data, writer.data, 10, 1), ONEDVA_ERR_DATA);
    assert_int_equal(onedva_packet_get_kind(&kind, writer.data, writer.size), ONEDVA_OK);
    assert_int_equal(kind, ONEDVA_PACKET_CLIP);
    assert_int_equal(onedva_packet_get_kind(&kind, writer.data, 3), ONEDVA_OK);
    assert_int_equal(kind, ONEDVA_PACKET_FRAME);
    writer.data[0] = 0xD4;
    assert_int_equal(onedva_packet_get_kind(&kind, writer.data, writer.size), ONEDVA_ERR_DATA);
    odva_byte_writer_free(&writer);
}

/* No bit of a frame's packet is another unseen: the frame, or the clip that it names, is not there.
 */
static void single_bits(void **state)
{
    struct odva_byte_writer writer = {0};

    (void)state;
    write_clip(&writer, ONEDVA_PACKET_CLIP, NULL);
    for (int i = 1; i < FRAMES; i++) {
        for (int bit = 0; bit < 8 * ONEDVA_FRAME_PACKET_SIZE; bit++) {
            uint8_t data[ONEDVA_FRAME_PACKET_SIZE], right, name;
            int frame;

            assert_int_equal(onedva_frame_packet_write(data, writer.data, writer.size, i),
                             ONEDVA_OK);
            assert_int_equal(odva_frame_packet_parse(&frame, &right, data, sizeof(data)),
                             ONEDVA_OK);
            data[bit / 8] ^= 1 << bit % 8;
            if (odva_frame_packet_parse(&frame, &name, data, sizeof(data)) == ONEDVA_OK)
                assert_int_not_equal(name, right);
        }
    }
    odva_byte_writer_free(&writer);
}

/* @return the packet as another kind, to be freed */
static uint8_t *changed(const uint8_t *data, size_t size, enum onedva_packet_kind kind,
                        const uint32_t *durations, size_t *result_size)
{
    uint8_t *result = malloc(size + 5 * ONEDVA_MAX_CLIP_FRAMES);

    assert_non_null(result);
    assert_int_equal(onedva_packet_set_kind(data, size, kind, durations, result, result_size),
                     ONEDVA_OK);
    return result;
}

/* A packet of one kind becomes the one that is written as the other kind, to the byte. */
static void kinds(void **state)
{
    static const uint32_t none[FRAMES];
    const uint32_t durations[FRAMES] = {1, 300, 70000, UINT32_MAX};
    struct odva_byte_writer whole = {0}, clip = {0};
    uint8_t *result, *again;
    size_t size, again_size;

    (void)state;
    write_clip(&whole, ONEDVA_PACKET_WHOLE_CLIP, durations);
    write_clip(&clip, ONEDVA_PACKET_CLIP, NULL);
    odva_write_bytes(&whole, (const uint8_t *)"behind", 6);
    odva_write_bytes(&clip, (const uint8_t *)"behind", 6);
    result = changed(whole.data, whole.size, ONEDVA_PACKET_CLIP, none, &size);
    assert_int_equal(size, clip.size);
    assert_memory_equal(result, clip.data, size);
    again = changed(result, size, ONEDVA_PACKET_WHOLE_CLIP, durations, &again_size);
    assert_int_equal(again_size, whole.size);
    assert_memory_equal(again, whole.data, again_size);
    free(result);
    free(again);
    result = changed(whole.data, whole.size, ONEDVA_PACKET_CLIP, NULL, &size);
    again = changed(result, size, ONEDVA_PACKET_WHOLE_CLIP, NULL, &again_size);
    assert_int_equal(size, whole.size);
    assert_memory_equal(again, whole.data, again_size);
    assert_int_equal(onedva_packet_set_kind(whole.data, whole.size, ONEDVA_PACKET_FRAME, NULL,
                                            again, &again_size),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(
        onedva_packet_set_kind(whole.data, 20, ONEDVA_PACKET_CLIP, NULL, again, &again_size),
        ONEDVA_ERR_DATA);
    free(result);
    free(again);
    odva_byte_writer_free(&whole);
    odva_byte_writer_free(&clip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame),
        cmocka_unit_test(single_bits),
        cmocka_unit_test(kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
