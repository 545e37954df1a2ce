/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decoder/packet_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/reserve.h"

#define THREADS_PER_PACKET 3         /* reading takes up to a third of a decode without network */
#define MOST_COEFFICIENTS  (1 << 25) /* of all packets ahead: 200 MB */

static void finish(void *opaque)
{
    struct odva_queued_packet *packet = opaque;

    odva_packet_decoder_finish(&packet->decoder, &packet->clip);
}

static struct odva_queued_packet *packet_new(const struct onedva_model *model,
                                             struct odva_scan_cache *scans, int max_tokens,
                                             int64_t max_pixels, int max_depth,
                                             const struct onedva_logger *logger)
{
    struct odva_queued_packet *packet = calloc(1, sizeof(*packet));

    if (!packet)
        return NULL;
    packet->job.fn = finish;
    packet->job.opaque = packet;
    if (odva_packet_decoder_init(&packet->decoder, model, scans, max_tokens, max_pixels, max_depth,
                                 logger) < 0) {
        free(packet);
        return NULL;
    }
    return packet;
}

int odva_packet_queue_init(struct odva_packet_queue *queue, struct odva_thread_pool *pool,
                           const struct onedva_model *model, struct odva_scan_cache *scans,
                           int max_tokens, int64_t max_pixels, int max_depth,
                           const struct onedva_logger *logger)
{
    *queue = (struct odva_packet_queue){.pool = pool};
    queue->packet[0] = packet_new(model, scans, max_tokens, max_pixels, max_depth, logger);
    return queue->packet[0] ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

void odva_packet_queue_free(struct odva_packet_queue *queue)
{
    odva_packet_queue_forget(queue);
    for (int i = 0; i <= ODVA_MOST_AHEAD && queue->packet[i]; i++) {
        odva_packet_decoder_free(&queue->packet[i]->decoder);
        free(queue->packet[i]->data);
        free(queue->packet[i]);
        queue->packet[i] = NULL;
    }
}

int odva_packet_queue_lookahead(const struct odva_packet_queue *queue)
{
    const int workers = odva_thread_pool_workers(queue->pool);
    const struct odva_latents *latents = &odva_packet_queue_decoder(queue)->latents;
    int depth = (workers + THREADS_PER_PACKET - 1) / THREADS_PER_PACKET;

    if (workers == 1)
        return 0;
    depth = depth < ODVA_MOST_AHEAD ? depth : ODVA_MOST_AHEAD;
    while (depth > 1 && depth * odva_latents_count(latents) > MOST_COEFFICIENTS)
        depth--;
    return depth;
}

/* The packet that the next one announced is read into, with the stream that is current then. */
static struct odva_queued_packet *next_packet(struct odva_packet_queue *queue)
{
    const struct odva_packet_decoder *before = &queue->packet[queue->announced]->decoder;
    struct odva_queued_packet **next = &queue->packet[queue->announced + 1];

    if (!*next)
        *next = packet_new(before->model, before->scans, before->max_tokens, before->max_pixels,
                           before->max_depth, &(struct onedva_logger){0});
    if (!*next)
        return NULL;
    (*next)->decoder.has_stream = before->has_stream;
    (*next)->decoder.refusal = before->refusal;
    (*next)->decoder.stream = before->stream;
    return *next;
}

int odva_packet_queue_announce(struct odva_packet_queue *queue, const uint8_t *data, size_t size)
{
    struct odva_queued_packet *packet;

    if (queue->announced >= odva_packet_queue_lookahead(queue))
        return 0;
    packet = next_packet(queue);
    if (!packet)
        return 0;
    packet->data = odva_reserve(packet->data, &packet->capacity, size + 1, 1);
    if (!packet->data)
        return 0;
    if (size)
        memcpy(packet->data, data, size);
    packet->size = size;
    packet->decoder.logger = (struct onedva_logger){0};
    /* a packet with which something is wrong is begun again when it is its turn to say so */
    packet->is_begun = odva_packet_decoder_begin(&packet->decoder, packet->data, size,
                                                 &packet->clip) == ONEDVA_OK &&
                       packet->clip.layers_decoded == packet->clip.layers;
    if (packet->is_begun)
        odva_thread_pool_start(queue->pool, &packet->job);
    queue->announced++;
    return 1;
}

/* Make the packet announced first the current one. */
static void advance(struct odva_packet_queue *queue)
{
    struct odva_queued_packet *last = queue->packet[0], *first = queue->packet[1];

    for (int i = 0; i < queue->announced; i++)
        queue->packet[i] = queue->packet[i + 1];
    queue->packet[queue->announced--] = last;
    first->decoder.logger = last->decoder.logger;
    if (first->is_begun)
        return;
    first->decoder.has_stream = last->decoder.has_stream;
    first->decoder.refusal = last->decoder.refusal;
    first->decoder.stream = last->decoder.stream;
}

int odva_packet_queue_read(struct odva_packet_queue *queue, const uint8_t *data, size_t size,
                           struct onedva_clip *clip)
{
    struct odva_queued_packet *first = queue->packet[1];

    ODVA_ASSERT(queue->announced >= 0 && queue->announced <= ODVA_MOST_AHEAD);
    if (queue->announced == 0 || first->size != size || memcmp(first->data, data, size) != 0) {
        odva_packet_queue_forget(queue);
        return odva_packet_decoder_read(odva_packet_queue_decoder(queue), data, size, clip);
    }
    odva_thread_pool_wait(queue->pool, &first->job);
    advance(queue);
    if (!first->is_begun)
        return odva_packet_decoder_read(&first->decoder, data, size, clip);
    *clip = first->clip;
    return ONEDVA_OK;
}

void odva_packet_queue_forget(struct odva_packet_queue *queue)
{
    for (int i = 1; i <= queue->announced; i++)
        odva_thread_pool_cancel(queue->pool, &queue->packet[i]->job);
    queue->announced = 0;
}
