/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A packet for every frame, from the encoder to the decoder. */
#include <stdlib.h>

#include "tests/support/codec.h"

#define FRAMES 5

/* Packets of two clips, each followed by those of its frames. */
struct packets {
    uint8_t *data[2 * FRAMES];
    size_t size[2 * FRAMES];
};

static void keep(struct packets *packets, int i, const uint8_t *data, size_t size)
{
    packets->data[i] = malloc(size);
    assert_non_null(packets->data[i]);
    memcpy(packets->data[i], data, size);
    packets->size[i] = size;
}

static void open_with_packets(struct codec *codec, struct packets *packets, int threads)
{
    struct clip clip;

    codec_init(codec, 40, 30);
    codec->decoder_settings.threads = threads;
    codec->encoder_settings.gop = 1; /* each clip can be read after a flush */
    codec_open(codec);
    clip_alloc(&clip, FRAMES, 40, 30);
    for (int c = 0; c < 2; c++) {
        struct onedva_packet packet;

        clip_draw(&clip, c);
        packet = encode(codec, &clip);
        keep(packets, c * FRAMES, packet.data, packet.size);
        for (int i = 1; i < FRAMES; i++) {
            uint8_t frame[ONEDVA_FRAME_PACKET_SIZE];

            assert_int_equal(onedva_frame_packet_write(frame, packet.data, packet.size, i),
                             ONEDVA_OK);
            keep(packets, c * FRAMES + i, frame, sizeof(frame));
        }
    }
    clip_free(&clip);
}

static void close_with_packets(struct codec *codec, struct packets *packets)
{
    for (int i = 0; i < 2 * FRAMES; i++)
        free(packets->data[i]);
    codec_close(codec);
}

static int read_packet(struct codec *codec, const struct packets *packets, int i,
                       struct onedva_clip *clip)
{
    codec->message[0] = 0;
    return onedva_decoder_read_packet(codec->decoder, packets->data[i], packets->size[i], clip);
}

/* The packet shows its frame. */
static void assert_shows(struct codec *codec, const struct packets *packets, int i)
{
    struct onedva_clip clip;

    assert_int_equal(read_packet(codec, packets, i, &clip), ONEDVA_OK);
    assert_int_equal(clip.kind, i % FRAMES ? ONEDVA_PACKET_FRAME : ONEDVA_PACKET_CLIP);
    assert_int_equal(clip.frame, i % FRAMES);
    assert_int_equal(clip.frames, i % FRAMES ? 1 : FRAMES);
    assert_int_equal(clip.stream.width, 40);
    assert_int_equal(clip.layers_decoded, 1);
    assert_string_equal(codec->message, "");
}

/* The packet shows nothing. @param status and there is a line with an error */
static void assert_shows_nothing(struct codec *codec, const struct packets *packets, int i,
                                 int status)
{
    struct onedva_clip clip;

    assert_int_equal(read_packet(codec, packets, i, &clip), status);
    assert_int_equal(clip.kind, ONEDVA_PACKET_FRAME);
    assert_int_equal(clip.frames, 0);
    assert_int_equal(status < 0, codec->message[0] != 0);
}

static void in_turn(void **state)
{
    struct packets packets;
    struct codec codec;

    (void)state;
    open_with_packets(&codec, &packets, 1);
    assert_shows_nothing(&codec, &packets, 1, ONEDVA_ERR_DATA);
    for (int i = 0; i < 2 * FRAMES; i++)
        assert_shows(&codec, &packets, i);
    assert_shows(&codec, &packets, FRAMES + 1);
    assert_shows_nothing(&codec, &packets, 1, ONEDVA_ERR_DATA); /* of the first clip */
    assert_shows(&codec, &packets, FRAMES + 3);
    assert_shows_nothing(&codec, &packets, 2, ONEDVA_ERR_DATA);
    assert_shows_nothing(&codec, &packets, 3, ONEDVA_OK); /* that was said */
    close_with_packets(&codec, &packets);
}

static void after_flush(void **state)
{
    struct packets packets;
    struct codec codec;

    (void)state;
    open_with_packets(&codec, &packets, 1);
    assert_shows(&codec, &packets, 0);
    assert_shows(&codec, &packets, 1);
    onedva_decoder_flush(codec.decoder);
    for (int i = 2; i < FRAMES; i++)
        assert_shows_nothing(&codec, &packets, i, ONEDVA_OK);
    assert_shows(&codec, &packets, FRAMES);
    close_with_packets(&codec, &packets);
}

/* A clip that is refused has no frames, and takes those of the one before it with it, in one line.
 */
static void refused_clip(void **state)
{
    struct packets packets;
    struct onedva_clip clip;
    struct codec codec;

    (void)state;
    open_with_packets(&codec, &packets, 1);
    assert_shows(&codec, &packets, 0);
    packets.data[FRAMES][packets.size[FRAMES] - 1] ^= 1;
    assert_int_equal(read_packet(&codec, &packets, FRAMES, &clip), ONEDVA_ERR_DATA);
    assert_int_equal(clip.frames, FRAMES);
    assert_shows_nothing(&codec, &packets, FRAMES + 1, ONEDVA_OK);
    assert_shows_nothing(&codec, &packets, 1, ONEDVA_OK);
    assert_shows(&codec, &packets, 0);
    close_with_packets(&codec, &packets);
}

/* A damaged packet of a frame leaves the clip as it is. */
static void damaged_frames(void **state)
{
    struct packets packets;
    struct codec codec;

    (void)state;
    open_with_packets(&codec, &packets, 1);
    assert_shows(&codec, &packets, 0);
    for (int bit = 0; bit < 8 * ONEDVA_FRAME_PACKET_SIZE; bit++) {
        packets.data[2][bit / 8] ^= 1 << bit % 8;
        assert_shows_nothing(&codec, &packets, 2, ONEDVA_ERR_DATA);
        packets.data[2][bit / 8] ^= 1 << bit % 8;
        assert_shows(&codec, &packets, 3);
    }
    for (size_t size = 0; size < ONEDVA_FRAME_PACKET_SIZE; size++) {
        packets.size[2] = size;
        assert_shows_nothing(&codec, &packets, 2, ONEDVA_ERR_DATA);
        assert_shows(&codec, &packets, 3);
    }
    close_with_packets(&codec, &packets);
}

/* Packets of frames take no room among those announced, and disturb none of them. */
static void announced(void **state)
{
    struct packets packets;
    struct onedva_clip clip;
    struct codec codec;
    int ahead = 0;

    (void)state;
    open_with_packets(&codec, &packets, 4);
    for (int i = 0; i < 2 * FRAMES; i++) {
        for (; ahead < 2 * FRAMES; ahead++)
            if (!onedva_decoder_announce_packet(codec.decoder, packets.data[ahead],
                                                packets.size[ahead]))
                break;
        assert_true(ahead > i);
        assert_shows(&codec, &packets, i);
    }
    assert_int_equal(read_packet(&codec, &packets, 0, &clip), ONEDVA_OK);
    close_with_packets(&codec, &packets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_turn),      cmocka_unit_test(after_flush),
        cmocka_unit_test(refused_clip), cmocka_unit_test(damaged_frames),
        cmocka_unit_test(announced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
