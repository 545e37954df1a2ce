/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The clip that was read last, and packets announced whose latents other threads decode before it
 * is their turn. What a packet means does not depend on that: one that cannot be read ahead is read
 * when it is its turn. */
#ifndef ODVA_PACKET_QUEUE_H
#define ODVA_PACKET_QUEUE_H

#include "base/thread_pool.h"
#include "bitstream/packet_decoder.h"

#define ODVA_MOST_AHEAD 8

/** A packet that is being read, or has been. */
struct odva_queued_packet {
    struct odva_thread_job job;
    struct odva_packet_decoder decoder;
    struct onedva_clip clip;
    int is_begun;  /* its decoder has begun without anything to complain of */
    uint8_t *data; /* a copy */
    size_t size, capacity;
};

struct odva_packet_queue {
    struct odva_thread_pool *pool;
    /* first the current one, then those announced, in order, then memory for others, or NULL */
    struct odva_queued_packet *packet[1 + ODVA_MOST_AHEAD];
    int announced;
};

/**
 * @param model, scans, max_tokens, max_pixels, max_depth, logger as odva_packet_decoder_init
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_packet_queue_init(struct odva_packet_queue *queue, struct odva_thread_pool *pool,
                           const struct onedva_model *model, struct odva_scan_cache *scans,
                           int max_tokens, int64_t max_pixels, int max_depth,
                           const struct onedva_logger *logger);
void odva_packet_queue_free(struct odva_packet_queue *queue);

/** Of the packet read last. */
static inline struct odva_packet_decoder *
odva_packet_queue_decoder(const struct odva_packet_queue *queue)
{
    return &queue->packet[0]->decoder;
}

/** How many packets to announce: enough to keep the threads busy, without taking much memory. */
int odva_packet_queue_lookahead(const struct odva_packet_queue *queue);

/** Arguments and result as onedva_decoder_announce_packet. */
int odva_packet_queue_announce(struct odva_packet_queue *queue, const uint8_t *data, size_t size);

/** Arguments and result as onedva_decoder_read_packet. */
int odva_packet_queue_read(struct odva_packet_queue *queue, const uint8_t *data, size_t size,
                           struct onedva_clip *clip);

/** Forget what was announced. */
void odva_packet_queue_forget(struct odva_packet_queue *queue);

#endif
