/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What is read ahead is what is read in turn: latents, clips, errors and their lines. */
#include "decoder/packet_queue.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/random_coder.h"

#define BASIS   6
#define PACKETS 40

/* Lines of log, one after the other. */
struct lines {
    char text[PACKETS * 300];
};

static void remember_line(void *opaque, enum onedva_log_level level, const char *message)
{
    struct lines *lines = opaque;
    const size_t used = strlen(lines->text);

    (void)level;
    snprintf(lines->text + used, sizeof(lines->text) - used, "%s\n", message);
}

struct packet {
    uint8_t *data;
    size_t size;
};

/* Of changing size, some damaged, some cut, some without the stream's header. */
static struct packet random_packet(struct coder *coder, struct random *random)
{
    static const int sizes[][3] = {{16, 140, 100}, {7, 140, 100}, {16, 260, 130}, {1, 20, 20}};
    const int *size = sizes[random_below(random, 8) ? 0 : random_below(random, 4)];
    const struct odva_byte_writer *writer = &coder->encoder.packet;
    struct packet packet;

    coder_encode(coder, random, size[0], size[1], size[2]);
    if (random_below(random, 2))
        odva_packet_encoder_write(&coder->encoder, &coder->latents, &coder->layer_plan, NULL, NULL,
                                  NULL);
    packet.size = writer->size;
    if (random_below(random, 6) == 0)
        packet.size -= random_below(random, (int)packet.size + 1);
    packet.data = malloc(packet.size + 1);
    assert_non_null(packet.data);
    memcpy(packet.data, writer->data, packet.size);
    if (packet.size > 0 && random_below(random, 6) == 0)
        packet.data[random_below(random, (int)packet.size)] ^= 1 << random_below(random, 8);
    return packet;
}

static void assert_same(const struct odva_packet_decoder *a, const struct odva_packet_decoder *b)
{
    assert_int_equal(a->frames, b->frames);
    assert_int_equal(a->has_stream, b->has_stream);
    assert_memory_equal(&a->stream, &b->stream, sizeof(a->stream));
    if (a->frames == 0)
        return;
    assert_int_equal(a->seed, b->seed);
    assert_int_equal(a->has_motion, b->has_motion);
    assert_int_equal(a->latents.qidx, b->latents.qidx);
    assert_int_equal(odva_latents_count(&a->latents), odva_latents_count(&b->latents));
    assert_memory_equal(a->latents.q, b->latents.q,
                        odva_latents_count(&a->latents) * sizeof(*a->latents.q));
    for (int i = 0; i < a->latents.grid.tile_count; i++)
        assert_int_equal(a->latents.tiles[i].tokens, b->latents.tiles[i].tokens);
}

/* Read packets with a queue and without; now and then the decoder jumps to another packet. */
static void walk(struct coder *coder, struct random *random, const struct packet *packets,
                 int threads)
{
    struct odva_thread_pool *pool;
    struct odva_packet_queue queue;
    struct lines *lines = calloc(2, sizeof(*lines));
    const struct onedva_logger ours = {remember_line, &lines[0]},
                               theirs = {remember_line, &lines[1]};
    int announced = 0;

    assert_non_null(lines);
    assert_int_equal(odva_thread_pool_open(&pool, threads), ONEDVA_OK);
    assert_int_equal(odva_packet_queue_init(&queue, pool, coder->model, &coder->scans, 0, 0,
                                            ONEDVA_MAX_DEPTH, &ours),
                     ONEDVA_OK);
    coder->decoder.logger = theirs;
    coder->decoder.has_stream = 0;
    memset(&coder->decoder.stream, 0, sizeof(coder->decoder.stream));
    for (int i = 0; i < PACKETS; i++) {
        struct onedva_clip clip, expected;
        const int most = random_below(random, ODVA_MOST_AHEAD + 2);
        if (random_below(random, 10) == 0)
            i = announced = random_below(random, i + 1);
        if (random_below(random, 10) == 0) {
            odva_packet_queue_forget(&queue);
            announced = i;
        }
        for (announced = announced < i ? i : announced;
             announced < PACKETS && announced < i + most &&
             odva_packet_queue_announce(&queue, packets[announced].data, packets[announced].size);)
            announced++;
        assert_int_equal(
            odva_packet_decoder_read(&coder->decoder, packets[i].data, packets[i].size, &expected),
            odva_packet_queue_read(&queue, packets[i].data, packets[i].size, &clip));
        assert_memory_equal(&clip, &expected, sizeof(clip));
        assert_same(odva_packet_queue_decoder(&queue), &coder->decoder);
        assert_string_equal(lines[0].text, lines[1].text);
        lines[0].text[0] = lines[1].text[0] = 0;
    }
    odva_packet_queue_free(&queue);
    odva_thread_pool_close(&pool);
    free(lines);
}

static void as_in_turn(void **state)
{
    struct random random = {21};
    struct packet packets[PACKETS];
    struct coder coder;

    (void)state;
    coder_open(&coder, 300, BASIS, 3, 0);
    for (int i = 0; i < PACKETS; i++)
        packets[i] = random_packet(&coder, &random);
    for (int run = 0; run < 10; run++)
        walk(&coder, &random, packets, 1 + run % 5 * 4);
    for (int i = 0; i < PACKETS; i++)
        free(packets[i].data);
    coder_close(&coder);
}

/* Threads are kept busy, and memory has a bound. */
static void lookahead(void **state)
{
    static const int depth[][2] = {{1, 0}, {2, 1}, {3, 1}, {4, 2}, {16, 6}, {100, 8}};
    const struct onedva_logger silent = {0};
    struct coder coder;

    (void)state;
    coder_open(&coder, 301, BASIS, 1, 0);
    for (int i = 0; i < 6; i++) {
        struct odva_thread_pool *pool;
        struct odva_packet_queue queue;

        assert_int_equal(odva_thread_pool_open(&pool, depth[i][0]), ONEDVA_OK);
        assert_int_equal(odva_packet_queue_init(&queue, pool, coder.model, &coder.scans, 0, 0,
                                                ONEDVA_MAX_DEPTH, &silent),
                         ONEDVA_OK);
        assert_int_equal(odva_packet_queue_lookahead(&queue), depth[i][1]);
        odva_packet_queue_decoder(&queue)->latents.basis = BASIS;
        odva_packet_queue_decoder(&queue)->latents.grid.patches = INT64_C(1) << 22;
        assert_int_equal(odva_packet_queue_lookahead(&queue), depth[i][1] > 1 ? 1 : depth[i][1]);
        odva_packet_queue_free(&queue);
        odva_thread_pool_close(&pool);
    }
    coder_close(&coder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_in_turn),
        cmocka_unit_test(lookahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
