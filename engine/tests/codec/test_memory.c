/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A decoder takes no more memory after 1,000 clips than after the first ones. */
#include <stdlib.h>

#include "tests/support/allocated.h"
#include "tests/support/codec.h"

#define CLIPS  1000
#define FIRST  20 /* after which every size of clip has been */
#define SIDE   24
#define FRAMES 16

/* A packet of n frames in memory of its own. */
static struct onedva_packet packet_of(struct codec *codec,
                                      const struct onedva_const_picture *frames, int n)
{
    struct onedva_packet packet;
    uint8_t *data;

    assert_int_equal(onedva_encode(codec->encoder, frames, NULL, n, &packet), ONEDVA_OK);
    data = malloc(packet.size);
    assert_non_null(data);
    memcpy(data, packet.data, packet.size);
    packet.data = data;
    return packet;
}

static void no_growth(void **state)
{
    static uint8_t memory[FRAMES][SIDE * SIDE * 3 / 2];
    struct onedva_picture pictures[FRAMES];
    struct onedva_const_picture frames[FRAMES];
    struct onedva_packet packets[4];
    struct codec codec;
    size_t after_first = 0;

    (void)state;
    codec_init(&codec, SIDE, SIDE);
    codec_open(&codec);
    for (int t = 0; t < FRAMES; t++) {
        for (int i = 0; i < SIDE * SIDE * 3 / 2; i++)
            memory[t][i] = (uint8_t)(i * 7 + t * 5);
        for (int p = 0; p < 3; p++) {
            pictures[t].data[p] = memory[t] + (p ? SIDE * SIDE * (3 + p) / 4 : 0);
            frames[t].data[p] = pictures[t].data[p];
            pictures[t].stride[p] = frames[t].stride[p] = p ? SIDE / 2 : SIDE;
        }
    }
    for (int i = 0; i < 4; i++)
        packets[i] = packet_of(&codec, frames, FRAMES - 5 * i);
    for (int i = 0; i < CLIPS; i++) {
        const struct onedva_packet *packet = &packets[i % 4], *next = &packets[(i + 1) % 4];
        struct onedva_clip clip;
        assert_int_equal(
            onedva_decoder_read_packet(codec.decoder, packet->data, packet->size, &clip),
            ONEDVA_OK);
        onedva_decoder_announce_packet(codec.decoder, next->data, next->size);
        assert_int_equal(onedva_decoder_reconstruct(codec.decoder, pictures, clip.frames),
                         ONEDVA_OK);
        if (i == FIRST)
            after_first = allocated();
    }
    /* a byte more with each clip would be found */
    assert_true(allocated() <= after_first + ALLOCATED_NOISE);
    for (int i = 0; i < 4; i++)
        free((void *)packets[i].data);
    codec_close(&codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
