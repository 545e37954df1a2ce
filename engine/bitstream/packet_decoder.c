/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/packet_decoder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/reserve.h"
#include "bitstream/latent_coder.h"
#include "bitstream/layer_plan.h"
#include "bitstream/motion_coder.h"
#include "bitstream/packet.h"

/* Canvases may be larger than pictures, but not by any factor that a narrow picture allows. */
#define CANVAS_FACTOR 4
#define CANVAS_EXTRA  (1 << 20) /* pixels */

#define HOW_TO_CHOOSE "give the right file with -model or ONEDVA_MODEL"

int odva_packet_decoder_init(struct odva_packet_decoder *decoder, const struct onedva_model *model,
                             struct odva_scan_cache *scans, int max_tokens, int64_t max_pixels,
                             int max_depth, const struct onedva_logger *logger)
{
    ODVA_ASSERT(max_tokens >= 0 && max_pixels >= 0);
    *decoder = (struct odva_packet_decoder){
        .model = model,
        .scans = scans,
        .logger = *logger,
        .max_tokens = max_tokens,
        .max_pixels = max_pixels,
        .max_depth = max_depth,
    };
    return odva_symbol_predictor_init(&decoder->predictor, model->config.basis);
}

void odva_packet_decoder_free(struct odva_packet_decoder *decoder)
{
    odva_motion_free(&decoder->motion);
    odva_latents_free(&decoder->latents);
    odva_latents_free(&decoder->first);
    odva_symbol_predictor_free(&decoder->predictor);
    *decoder = (struct odva_packet_decoder){0};
}

/* Whether the decoder can and may decode a stream; says why not. */
static int check_stream(const struct odva_packet_decoder *decoder,
                        const struct onedva_stream *stream)
{
    const struct onedva_model *model = decoder->model;

    if (stream->model_id != model->id) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "stream was encoded with model %016" PRIx64 ", this decoder has model %016" PRIx64
                 " (%s); " HOW_TO_CHOOSE,
                 stream->model_id, model->id, model->name);
        return ONEDVA_ERR_MODEL_MISMATCH;
    }
    if (decoder->max_pixels > 0 && (int64_t)stream->width * stream->height > decoder->max_pixels) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "picture of %" PRIu32 "x%" PRIu32 " is larger than the limit of %" PRId64
                 " pixels",
                 stream->width, stream->height, decoder->max_pixels);
        return ONEDVA_ERR_LIMIT;
    }
    if ((int)stream->depth > decoder->max_depth) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "pictures of %" PRIu32
                 " bits, this decoder gives %d at most: use -backend cpu, and "
                 "in a program max_depth",
                 stream->depth, decoder->max_depth);
        return ONEDVA_ERR_LIMIT;
    }
    return ONEDVA_OK;
}

/* Make a stream the current one, or none where it is refused: what follows belongs to neither that
 * stream nor the one before. */
static int change_stream(struct odva_packet_decoder *decoder, const struct onedva_stream *stream,
                         int status)
{
    if (status == ONEDVA_OK)
        status = check_stream(decoder, stream);
    decoder->refusal = status;
    decoder->has_stream = status == ONEDVA_OK;
    if (decoder->has_stream)
        decoder->stream = *stream;
    return status;
}

int odva_packet_decoder_set_stream(struct odva_packet_decoder *decoder, const uint8_t *data,
                                   size_t size)
{
    struct onedva_stream stream;
    const int status = onedva_stream_header_parse(&stream, data, size);

    if (status < 0)
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR, "stream header of %zu bytes: %s", size,
                 onedva_status_text(status));
    return change_stream(decoder, &stream, status);
}

/* Check the packet's model and take over its stream header. */
static int apply_stream(struct odva_packet_decoder *decoder, const struct odva_packet *packet)
{
    const struct onedva_model *model = decoder->model;

    if (packet->has_stream) {
        const int status = change_stream(decoder, &packet->stream, ONEDVA_OK);
        if (status < 0)
            return status;
    }
    if (packet->model_tag != (model->id & ODVA_MODEL_TAG_MASK)) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "packet was encoded with a model whose id ends in the bits %04x, this decoder has "
                 "model "
                 "%016" PRIx64 " (%s); " HOW_TO_CHOOSE,
                 packet->model_tag, model->id, model->name);
        return ONEDVA_ERR_MODEL_MISMATCH;
    }
    if (decoder->refusal) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "packet of a stream whose header was refused: %s",
                 onedva_status_text(decoder->refusal));
        return decoder->refusal;
    }
    if (!decoder->has_stream) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "packet before any stream header: the container must carry one or the encoder "
                 "repeat it in packets");
        return ONEDVA_ERR_NO_HEADER;
    }
    return ONEDVA_OK;
}

/* Fill in the clip's durations. @return 0 where a duration is 0 that may not be */
static int set_durations(const struct odva_packet *packet, const struct onedva_stream *stream,
                         struct onedva_clip *clip)
{
    for (int i = 0; i < packet->frames; i++) {
        clip->durations[i] = packet->has_durations ? packet->durations[i] : stream->frame_duration;
        if (clip->durations[i] == 0 && stream->frame_duration != 0)
            return 0;
    }
    return 1;
}

static int check_header(struct odva_packet_decoder *decoder, const struct odva_packet *packet,
                        struct onedva_clip *clip)
{
    uint32_t last_end = 0;
    const int tokens = odva_tile_tokens(decoder->model->tables.bands[packet->detail].basis);
    const int status = apply_stream(decoder, packet);

    if (status < 0)
        return status;
    clip->stream = decoder->stream;
    if (!set_durations(packet, &decoder->stream, clip)) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR, "packet has a frame of no duration");
        return ONEDVA_ERR_DATA;
    }
    for (int i = 0; i < packet->layers; i++)
        last_end = packet->layer[i].token_end > last_end ? packet->layer[i].token_end : last_end;
    if (last_end > (uint32_t)tokens) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "packet has %" PRIu32 " latent tokens per tile, its model at most %d", last_end,
                 tokens);
        return ONEDVA_ERR_DATA;
    }
    return ONEDVA_OK;
}

static int check_payloads(const struct odva_packet_decoder *decoder,
                          const struct odva_packet *packet)
{
    if (packet->whole_layers == 0) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "packet is cut short or damaged before its first layer ends: %d frame%s lost",
                 packet->frames, packet->frames == 1 ? "" : "s");
        return ONEDVA_ERR_DATA;
    }
    if (packet->whole_layers < packet->layers)
        odva_log(&decoder->logger, ONEDVA_LOG_WARNING,
                 "packet is cut short or damaged: %d of %d layers are whole", packet->whole_layers,
                 packet->layers);
    return ONEDVA_OK;
}

/* Forget what lies behind max_tokens, clear what no layer held, and count what is left. */
static void finish_tiles(struct odva_packet_decoder *decoder, struct onedva_clip *clip)
{
    const struct odva_latents *latents = &decoder->latents;

    clip->tokens = clip->coefficients = 0;
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        const int limit = odva_token_limit(latents->grid.tiles[i].size, decoder->max_tokens);
        int held;
        if (decoder->max_tokens > 0 && tile->tokens > limit)
            tile->tokens = limit;
        held = odva_coefficients_of(tile, tile->tokens);
        memset(latents->q + tile->offset + held, 0,
               (tile->coefficients - held) * sizeof(*latents->q));
        clip->tokens += tile->tokens;
        clip->coefficients += held;
    }
}

/* Read what the packet has of motion. */
static int read_motion(struct odva_packet_decoder *decoder, const struct odva_packet *packet)
{
    struct odva_motion *motion = &decoder->motion;
    int status;

    decoder->has_motion = packet->has_motion;
    if (!packet->has_motion)
        return ONEDVA_OK;
    motion->frames = packet->frames;
    motion->is_inter = packet->is_inter;
    motion->width = (int)decoder->stream.width;
    motion->height = (int)decoder->stream.height;
    status = odva_motion_read(motion, packet->motion, packet->motion_size);
    if (status == ONEDVA_ERR_DATA)
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "packet's motion of %zu bytes is damaged or not of a picture of %dx%d: %d frame%s "
                 "lost",
                 packet->motion_size, motion->width, motion->height, packet->frames,
                 packet->frames == 1 ? "" : "s");
    return status;
}

/* Make room for the first layer's latents where they may differ from those that are decoded. */
static int set_first_size(struct odva_packet_decoder *decoder, const struct odva_packet *packet,
                          struct odva_clip_size size)
{
    struct odva_latents *first = &decoder->first;
    int status;

    decoder->has_first = packet->whole_layers > 1 || decoder->max_tokens > 0;
    if (!decoder->has_first)
        return ONEDVA_OK;
    status = odva_latents_set_shape(first, decoder->scans, packet->detail, size);
    if (status < 0)
        return status;
    first->seen = odva_reserve(first->seen, &first->seen_capacity, odva_latents_count(first),
                               sizeof(*first->seen));
    return first->seen ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* Set the size of the latents: that of the canvases where there is motion. */
static int set_latents_size(struct odva_packet_decoder *decoder, const struct odva_packet *packet)
{
    const struct odva_motion *motion = &decoder->motion;
    const struct odva_clip_size size = {
        .frames = packet->frames,
        .width =
            decoder->has_motion ? odva_motion_canvas_width(motion) : (int)decoder->stream.width,
        .height =
            decoder->has_motion ? odva_motion_canvas_height(motion) : (int)decoder->stream.height,
    };
    int status;

    if (decoder->has_motion && decoder->max_pixels > 0 &&
        ((int64_t)size.width * size.height - CANVAS_EXTRA) / CANVAS_FACTOR > decoder->max_pixels) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR,
                 "canvas of %dx%d is larger than %d times the limit of %" PRId64
                 " pixels and %d pixels more",
                 size.width, size.height, CANVAS_FACTOR, decoder->max_pixels, CANVAS_EXTRA);
        return ONEDVA_ERR_LIMIT;
    }
    status = odva_latents_set_size(&decoder->latents, decoder->scans, packet->detail, size);
    decoder->latents.smoothing = packet->smoothing;
    return status < 0 ? status : set_first_size(decoder, packet, size);
}

/* Keep what the first layer holds, which has just been decoded. */
static void keep_first(struct odva_packet_decoder *decoder)
{
    const struct odva_latents *latents = &decoder->latents;
    struct odva_latents *first = &decoder->first;
    const size_t superblocks = latents->grid.superblock_count;

    first->is_inter = latents->is_inter;
    first->qidx = latents->qidx;
    first->smoothing = latents->smoothing;
    first->nested = decoder->packet.refinements - 1 + decoder->packet.dropped_refinements;
    memcpy(first->splits, latents->splits, superblocks * sizeof(*first->splits));
    memcpy(first->predicted, latents->predicted, superblocks * sizeof(*first->predicted));
    odva_latents_set_partition(first);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const size_t held = odva_coefficients_of(tile, tile->tokens);

        first->tiles[i].tokens = tile->tokens;
        memcpy(first->q + tile->offset, latents->q + tile->offset, held * sizeof(*first->q));
        memcpy(first->seen + tile->offset, latents->seen + tile->offset, held);
    }
}

void odva_packet_decoder_finish(struct odva_packet_decoder *decoder, struct onedva_clip *clip)
{
    const struct odva_packet *packet = &decoder->packet;
    const int last_refinement = packet->layer[packet->whole_layers - 1].refinement;
    struct odva_layer_plan layer_plan;

    ODVA_ASSERT(decoder->packet.layers >= 1);
    ODVA_ASSERT(decoder->latents.detail == decoder->packet.detail);
    odva_layer_plan_of_packet(&layer_plan, packet);
    for (int i = 0; i < packet->whole_layers; i++) {
        odva_decode_layer(&decoder->latents, &decoder->model->tables, layer_plan.layer[i],
                          packet->layer[i].payload, packet->layer[i].size, &decoder->predictor);
        if (i == 0 && decoder->has_first)
            keep_first(decoder);
    }
    decoder->latents.nested =
        packet->refinements - 1 - last_refinement + packet->dropped_refinements;
    clip->qidx = decoder->latents.qidx;
    finish_tiles(decoder, clip);
    decoder->seed = XXH64(packet->layer[0].payload, packet->layer[0].size, 0);
    decoder->frames = packet->frames;
}

/* Parse a packet; say why it cannot be. */
static int parse(struct odva_packet_decoder *decoder, struct odva_packet *packet,
                 const uint8_t *data, size_t size, struct onedva_clip *clip)
{
    const int status = odva_packet_parse(packet, data, size);

    *clip = (struct onedva_clip){0};
    decoder->frames = 0;
    if (status < 0) {
        odva_log(&decoder->logger, ONEDVA_LOG_ERROR, "packet of %zu bytes: %s", size,
                 onedva_status_text(status));
        return status;
    }
    clip->kind = packet->kind;
    clip->is_key = !packet->is_inter;
    clip->frames = packet->frames;
    clip->qidx = packet->qidx;
    clip->layers = packet->layers;
    clip->layers_decoded = packet->whole_layers;
    return ONEDVA_OK;
}

/* Read all but the layers. The stream header of a packet that is invalid does not count; one that
 * is beyond the limit does, and what follows it is refused. */
static int read_header(struct odva_packet_decoder *decoder, const uint8_t *data, size_t size,
                       struct odva_packet *packet, struct onedva_clip *clip)
{
    const struct onedva_stream stream = decoder->stream;
    const int had_stream = decoder->has_stream, refusal = decoder->refusal;
    int status = parse(decoder, packet, data, size, clip);

    if (status < 0)
        return status;
    if ((status = check_header(decoder, packet, clip)) < 0 ||
        (status = read_motion(decoder, packet)) < 0 ||
        (status = set_latents_size(decoder, packet)) < 0) {
        if (decoder->refusal != ONEDVA_ERR_LIMIT) {
            decoder->stream = stream;
            decoder->has_stream = had_stream;
            decoder->refusal = refusal;
        }
        return status;
    }
    decoder->is_inter = decoder->latents.is_inter = packet->is_inter;
    decoder->latents.qidx = odva_packet_qidx(packet, 0);
    return ONEDVA_OK;
}

int odva_packet_decoder_read_header(struct odva_packet_decoder *decoder, const uint8_t *data,
                                    size_t size, struct odva_packet *packet)
{
    struct onedva_clip clip;

    return read_header(decoder, data, size, packet, &clip);
}

int odva_packet_decoder_begin(struct odva_packet_decoder *decoder, const uint8_t *data, size_t size,
                              struct onedva_clip *clip)
{
    const int status = read_header(decoder, data, size, &decoder->packet, clip);

    return status < 0 ? status : check_payloads(decoder, &decoder->packet);
}

int odva_packet_decoder_read(struct odva_packet_decoder *decoder, const uint8_t *data, size_t size,
                             struct onedva_clip *clip)
{
    const int status = odva_packet_decoder_begin(decoder, data, size, clip);

    if (status == ONEDVA_OK)
        odva_packet_decoder_finish(decoder, clip);
    return status;
}
