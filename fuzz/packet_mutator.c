/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* libFuzzer's mutator of packets: damages fields and payloads and repairs checksums, so that the
 * decoder behind them is reached (doc/bitstream.md, section 3); and codes what a packet holds in
 * other tiles. */
#include <string.h>

#include "base/integers.h"
#include "bitstream/crc16.h"
#include "bitstream/layer_plan.h"
#include "bitstream/packet.h"
#include "bitstream/packet_decoder.h"
#include "bitstream/packet_encoder.h"
#include "bitstream/packet_format.h"
#include "fuzz.h"
#include "mutator.h"

#define MAX_PACKET 65535
#define MAX_LIST   32
#define MAX_PIXELS (1 << 14) /* of packets that are coded anew */

/* A packet, or what follows the last one, in memory of its own. */
struct piece {
    uint8_t *data;
    size_t size;
};

struct pieces {
    int count;
    struct piece piece[MAX_LIST];
};

static struct piece copy_of(const uint8_t *data, size_t size, size_t room)
{
    struct piece piece = {malloc(size + room + 1), size};

    FUZZ_CHECK(piece.data);
    if (size)
        memcpy(piece.data, data, size);
    return piece;
}

static void put_le(uint8_t *data, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        data[i] = (uint8_t)(value >> 8 * i);
}

/* Where the header's checksum is; those of the layers are made right on the way.
 * @return 0 where the header is cut short */
static size_t repair_layers(struct odva_byte_reader *reader, uint8_t *data, int layers)
{
    size_t size[ONEDVA_MAX_LAYERS], checksum[ONEDVA_MAX_LAYERS], end, payload;

    for (int i = 0; i < layers; i++) {
        odva_read_leb(reader);
        size[i] = odva_read_leb(reader);
        checksum[i] = reader->position;
        odva_read_u16(reader);
    }
    end = reader->position;
    odva_read_u16(reader);
    if (reader->failed)
        return 0;
    payload = reader->position;
    for (int i = 0; i < layers && size[i] <= reader->size - payload; payload += size[i++])
        put_le(data + checksum[i], odva_crc16(data + payload, size[i]), 2);
    return end;
}

/* Set sync, version, model and checksums to what they must be; smoothing and detail stay. */
static void repair(struct piece *packet)
{
    struct onedva_model_info model;
    struct odva_byte_reader reader;
    uint8_t *data = packet->data;
    int flags, counts;
    size_t end;

    if (packet->size < 8)
        return;
    onedva_model_get_info(fuzz_model(), &model);
    if (data[0] != ODVA_PACKET_SYNC_CLIP)
        data[0] = ODVA_PACKET_SYNC_WHOLE;
    data[1] = (uint8_t)(ODVA_PACKET_VERSION << 4 | (data[1] & 15));
    put_le(data + 2,
           (model.id & ODVA_MODEL_TAG_MASK) | (uint64_t)(data[3] >> (ODVA_MODEL_TAG_BITS - 8))
                                                  << ODVA_MODEL_TAG_BITS,
           2);
    flags = data[1];
    counts = data[4];
    odva_byte_reader_init(&reader, data, packet->size);
    odva_read_bytes(&reader, flags & ODVA_PACKET_WAS_CUT ? 7 : 6);
    if (flags & ODVA_PACKET_HAS_STREAM) {
        const uint32_t size = odva_read_leb(&reader);
        if (odva_read_bytes(&reader, size) && size > 9)
            put_le(data + reader.position - size + 1, model.id, 8);
    }
    for (int i = 0; flags & ODVA_PACKET_HAS_DURATIONS && i <= counts >> 4; i++)
        odva_read_leb(&reader);
    if (flags & ODVA_PACKET_HAS_MOTION)
        odva_read_bytes(&reader, odva_read_leb(&reader));
    end = repair_layers(&reader, data, (counts & 15) + 1);
    if (end)
        put_le(data + end, odva_crc16(data, end), 2);
}

/* Change what a pointer of a packet points to. @return the memory, to be freed */
static uint8_t *mutate_bytes(const uint8_t **data, size_t *size)
{
    const size_t room = *size / 4 + 8;
    struct piece piece = copy_of(*data, *size, room);

    *size = LLVMFuzzerMutate(piece.data, piece.size, piece.size + room);
    *data = piece.data;
    return piece.data;
}

static void mutate_header(struct odva_packet *packet, unsigned *seed)
{
    struct odva_layer *layer = &packet->layer[fuzz_below(seed, packet->layers)];

    switch (fuzz_below(seed, 13)) {
    case 0:
        packet->frames = 1 + (int)fuzz_below(seed, ONEDVA_MAX_CLIP_FRAMES);
        break;
    case 1:
        /* others come from changed bytes: the writer asserts that it is given none */
        packet->qidx =
            ONEDVA_MIN_QIDX + (int)fuzz_below(seed, ONEDVA_MAX_QIDX - ONEDVA_MIN_QIDX + 1);
        break;
    case 2:
        packet->stream.width = 1 + fuzz_below(seed, fuzz_below(seed, 8) ? 200 : 65535);
        break;
    case 3:
        packet->stream.height = 1 + fuzz_below(seed, fuzz_below(seed, 8) ? 200 : 65535);
        break;
    case 4:
        layer->token_end = fuzz_below(seed, fuzz_below(seed, 8) ? 80 : 1u << ODVA_TOKEN_END_BITS);
        break;
    case 5:
        packet->dropped_refinements = (int)fuzz_below(seed, 4);
        break;
    case 6:
        packet->has_durations = !packet->has_durations;
        packet->durations[fuzz_below(seed, ONEDVA_MAX_CLIP_FRAMES)] = fuzz_below(seed, 1u << 24)
                                                                      << 8;
        break;
    case 7:
        packet->has_stream = !packet->has_stream;
        break;
    case 8:
        layer->threshold = (int)fuzz_below(seed, 34);
        break;
    case 9:
        packet->kind =
            packet->kind == ONEDVA_PACKET_CLIP ? ONEDVA_PACKET_WHOLE_CLIP : ONEDVA_PACKET_CLIP;
        break;
    case 10:
        packet->detail = (int)fuzz_below(seed, ODVA_DETAILS);
        packet->smoothing = (int)fuzz_below(seed, ODVA_SMOOTHINGS);
        break;
    case 11:
        packet->stream.depth = packet->stream.depth == 10 ? 8 : 10;
        break;
    default:
        packet->stream.frame_duration = fuzz_below(seed, 3);
        break;
    }
}

static void mutate_layers(struct odva_packet *packet, unsigned *seed)
{
    const int at = (int)fuzz_below(seed, packet->layers),
              other = (int)fuzz_below(seed, packet->layers);
    struct odva_layer *layer = &packet->layer[at];

    if (fuzz_below(seed, 2) && packet->layers < ONEDVA_MAX_LAYERS) {
        memmove(layer + 1, layer, (packet->layers++ - at) * sizeof(*layer));
        layer[1].token_end += fuzz_below(seed, 2) * fuzz_below(seed, 8);
        layer->threshold = (int)(fuzz_below(seed, 2) * fuzz_below(seed, 20));
    } else if (fuzz_below(seed, 2) && packet->layers > 1) {
        memmove(layer, layer + 1, (--packet->layers - at) * sizeof(*layer));
    } else {
        const struct odva_layer swapped = *layer;
        *layer = packet->layer[other];
        packet->layer[other] = swapped;
    }
}

/* Change a part of a packet and write it anew. @return 0 where it cannot be parsed */
static int mutate_parts(struct piece *piece, unsigned *seed)
{
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    struct odva_byte_writer writer = {0};
    uint8_t *memory = NULL;
    unsigned part;

    if (odva_packet_parse_header(&packet, piece->data, piece->size, crc) < 0 ||
        packet.whole_layers < packet.layers)
        return 0;
    part = fuzz_below(seed, packet.has_motion ? 8 : 5);
    if (part == 0)
        mutate_header(&packet, seed);
    else if (part == 1)
        mutate_layers(&packet, seed);
    else if (part < 5) {
        struct odva_layer *layer = &packet.layer[fuzz_below(seed, packet.layers)];
        memory = mutate_bytes(&layer->payload, &layer->size);
    } else {
        memory = mutate_bytes(&packet.motion, &packet.motion_size);
    }
    odva_packet_write(&writer, &packet);
    FUZZ_CHECK(!writer.failed);
    free(memory);
    free(piece->data);
    *piece = (struct piece){writer.data, writer.size};
    return 1;
}

static uint32_t mutated_splits(uint32_t splits, unsigned *seed)
{
    switch (fuzz_below(seed, 4)) {
    case 0:
        return 0;
    case 1:
        return ODVA_ALL_SPLIT;
    case 2:
        return fuzz_below(seed, ODVA_ALL_SPLIT + 1);
    default:
        return splits ^ 1u << fuzz_below(seed, 21);
    }
}

/* Set a tile's tokens to those up to its last coefficient that is not 0, or to as many as there can
 * be, and the lengths that its layers have then. */
static void set_lengths(struct odva_latent_tile *tile, const int32_t *q,
                        const struct odva_layer_plan *plan, unsigned *seed)
{
    const int last = plan->count - 1;
    int count = tile->coefficients, whole;

    while (count > 0 && q[count - 1] == 0 && fuzz_below(seed, 512))
        count--;
    tile->tokens = odva_min(odva_ceil_div(count, tile->token_length), plan->layer[last].end);
    tile->length[last] = whole = tile->tokens;
    for (int i = last - 1; i >= 0; i--) {
        const int most = odva_layer_ends_sweep(plan, i) ? whole : tile->length[i + 1];
        const int length = fuzz_below(seed, 4) ? most : (int)fuzz_below(seed, (unsigned)most + 1);
        tile->length[i] = odva_min(length, plan->layer[i].end);
        if (odva_layer_ends_refinement(plan, i))
            whole = tile->length[i];
    }
}

/* Cut some superblocks into other tiles, whose sequences then hold the coefficients that are there.
 */
static void cut_anew(struct odva_latents *latents, const struct odva_layer_plan *plan,
                     unsigned *seed)
{
    for (int n = 1 + (int)fuzz_below(seed, 3); n > 0; n--) {
        uint32_t *splits = &latents->splits[fuzz_below(seed, latents->grid.superblock_count)];
        *splits = mutated_splits(*splits, seed);
    }
    odva_latents_set_partition(latents);
    for (size_t i = 0; i < odva_latents_count(latents); i++)
        latents->q[i] = odva_clip(latents->q[i], -ODVA_MAX_LEVEL, ODVA_MAX_LEVEL);
    for (int i = 0; i < latents->grid.tile_count; i++)
        set_lengths(&latents->tiles[i], latents->q + latents->tiles[i].offset, plan, seed);
}

/* Code a packet anew with another partition. @return 0 where it is not whole, or has no header */
static int mutate_partition(struct piece *piece, unsigned *seed)
{
    const struct onedva_logger silent = {0};
    struct odva_scan_cache scans = {.model = fuzz_model()};
    struct odva_packet_decoder decoder;
    struct odva_packet_encoder encoder;
    struct odva_layer_plan plan;
    struct onedva_clip clip;
    int is_whole;

    FUZZ_CHECK(odva_packet_decoder_init(&decoder, fuzz_model(), &scans, 0, MAX_PIXELS,
                                        ONEDVA_MAX_DEPTH, &silent) == ONEDVA_OK);
    FUZZ_CHECK(odva_packet_encoder_init(&encoder, fuzz_model()) == ONEDVA_OK);
    is_whole = odva_packet_decoder_read(&decoder, piece->data, piece->size, &clip) == ONEDVA_OK &&
               clip.layers_decoded == clip.layers;
    if (is_whole) {
        const struct odva_packet *packet = &decoder.packet;
        odva_layer_plan_of_packet(&plan, packet);
        cut_anew(&decoder.latents, &plan, seed);
        FUZZ_CHECK(odva_packet_encoder_write(&encoder, &decoder.latents, &plan,
                                             decoder.has_motion ? &decoder.motion : NULL,
                                             packet->has_stream ? &packet->stream : NULL,
                                             packet->has_durations ? packet->durations : NULL) ==
                   ONEDVA_OK);
        free(piece->data);
        *piece = copy_of(encoder.packet.data, encoder.packet.size, 0);
    }
    odva_packet_encoder_free(&encoder);
    odva_packet_decoder_free(&decoder);
    odva_scan_cache_free(&scans);
    return is_whole;
}

static void mutate_piece(struct piece *piece, unsigned *seed)
{
    const unsigned kind = fuzz_below(seed, 16);

    if (kind < 10 && mutate_parts(piece, seed))
        return;
    if (kind == 10 && mutate_partition(piece, seed))
        return;
    if (kind == 15) {
        piece->size = fuzz_below(seed, (unsigned)piece->size + 1);
        return;
    }
    *piece = (struct piece){realloc(piece->data, piece->size + 17), piece->size};
    FUZZ_CHECK(piece->data);
    piece->size = LLVMFuzzerMutate(piece->data, piece->size, piece->size + 16);
    if (kind != 14)
        repair(piece);
}

/* The packet of a frame of a clip, or a copy of what is none. */
static struct piece frame_of(const struct piece *clip, unsigned *seed)
{
    const int frame = 1 + (int)fuzz_below(seed, ONEDVA_MAX_CLIP_FRAMES - 1);
    uint8_t data[ONEDVA_FRAME_PACKET_SIZE];

    if (onedva_frame_packet_write(data, clip->data, clip->size, frame) < 0)
        return copy_of(clip->data, clip->size, 0);
    return copy_of(data, sizeof(data), 0);
}

static void mutate_list(struct pieces *pieces, unsigned *seed)
{
    const int at = (int)fuzz_below(seed, pieces->count);
    struct piece *piece = &pieces->piece[at];

    if (fuzz_below(seed, 2) && pieces->count < MAX_LIST) {
        pieces->piece[pieces->count++] =
            fuzz_below(seed, 2) ? frame_of(piece, seed) : copy_of(piece->data, piece->size, 0);
    } else if (pieces->count > 1) {
        free(piece->data);
        *piece = pieces->piece[--pieces->count];
    }
}

static void split(struct pieces *pieces, const uint8_t *data, size_t size)
{
    struct odva_byte_reader input;
    const uint8_t *packet;

    *pieces = (struct pieces){0};
    odva_byte_reader_init(&input, data, size);
    odva_read_u8(&input);
    while (pieces->count < MAX_LIST && (packet = fuzz_next_packet(&input, &size)))
        pieces->piece[pieces->count++] = copy_of(packet, size, 0);
}

/* Write the pieces behind the first byte, as many as there is room for. @return the input's size */
static size_t join(uint8_t *data, size_t max_size, struct pieces *pieces)
{
    size_t size = 1;

    for (int i = 0; i < pieces->count; i++) {
        const struct piece *piece = &pieces->piece[i];
        if (piece->size <= MAX_PACKET && size + 2 + piece->size <= max_size) {
            put_le(data + size, piece->size, 2);
            if (piece->size)
                memcpy(data + size + 2, piece->data, piece->size);
            size += 2 + piece->size;
        }
        free(piece->data);
    }
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct pieces pieces;
    unsigned what;

    if (size < 3 || fuzz_below(&seed, 32) == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    split(&pieces, data, size);
    what = fuzz_below(&seed, 16);
    if (what == 0)
        data[0] = (uint8_t)fuzz_below(&seed, 256);
    else if (what == 1)
        mutate_list(&pieces, &seed);
    else
        mutate_piece(&pieces.piece[fuzz_below(&seed, (unsigned)pieces.count)], &seed);
    return join(data, max_size, &pieces);
}
