/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/byte_reader.h"
#include "bitstream/crc16.h"
#include "bitstream/packet.h"
#include "bitstream/packet_format.h"
#include "bitstream/stream_header.h"

static int read_stream(struct odva_byte_reader *reader, struct onedva_stream *stream)
{
    const uint32_t size = odva_read_leb(reader);
    const uint8_t *bytes = size <= ONEDVA_MAX_STREAM_HEADER ? odva_read_bytes(reader, size) : NULL;
    struct odva_byte_reader header;
    int status;

    if (!bytes)
        return ONEDVA_ERR_DATA;
    odva_byte_reader_init(&header, bytes, size);
    status = odva_stream_header_read(&header, stream);
    reader->redundant += header.redundant;
    return status < 0 || header.position == size ? status : ONEDVA_ERR_DATA;
}

static int read_motion(struct odva_byte_reader *reader, struct odva_packet *packet)
{
    packet->motion_size = odva_read_leb(reader);
    packet->motion = odva_read_bytes(reader, packet->motion_size);
    return packet->motion ? ONEDVA_OK : ONEDVA_ERR_DATA;
}

/* Which sweep and refinement a layer behind the first one is of. */
static void place_layer(struct odva_packet *packet, int i)
{
    struct odva_layer *layer = &packet->layer[i];
    const struct odva_layer *before = layer - 1;
    const int is_new =
        layer->token_end <= before->token_end || layer->threshold != before->threshold;

    packet->refinements += is_new && before->threshold == 0;
    layer->refinement = packet->refinements - 1;
    layer->sweep = before->sweep + is_new;
}

/* Read the layers' sizes and checksums. */
static int read_layer_table(struct odva_byte_reader *reader, struct odva_packet *packet,
                            uint16_t *crc)
{
    packet->refinements = 1;
    for (int i = 0; i < packet->layers; i++) {
        struct odva_layer *layer = &packet->layer[i];
        const uint32_t extent = odva_read_leb(reader);
        layer->token_end = extent & ((1u << ODVA_TOKEN_END_BITS) - 1);
        layer->threshold = (int)(extent >> ODVA_TOKEN_END_BITS);
        layer->size = odva_read_leb(reader);
        crc[i] = odva_read_u16(reader);
        if (reader->failed || layer->token_end == 0 || layer->threshold > ODVA_MAX_THRESHOLD)
            return ONEDVA_ERR_DATA;
        if (i > 0)
            place_layer(packet, i);
    }
    return packet->refinements + packet->dropped_refinements <= ODVA_MAX_REFINEMENTS
               ? ONEDVA_OK
               : ONEDVA_ERR_DATA;
}

static int read_header(struct odva_byte_reader *reader, struct odva_packet *packet, uint16_t *crc)
{
    const uint8_t sync = odva_read_u8(reader);
    const uint8_t version_flags = odva_read_u8(reader);
    uint16_t tag;
    uint8_t counts;
    int status = ONEDVA_OK;

    packet->is_inter = odva_sync_is_inter(sync);
    packet->kind = ONEDVA_PACKET_CLIP;
    if (sync == odva_packet_sync(ONEDVA_PACKET_WHOLE_CLIP, packet->is_inter))
        packet->kind = ONEDVA_PACKET_WHOLE_CLIP;
    if (reader->failed || sync != odva_packet_sync(packet->kind, packet->is_inter))
        return ONEDVA_ERR_DATA;
    if (version_flags >> 4 != ODVA_PACKET_VERSION)
        return ONEDVA_ERR_VERSION;
    tag = odva_read_u16(reader);
    packet->model_tag = tag & ODVA_MODEL_TAG_MASK;
    packet->smoothing = tag >> ODVA_MODEL_TAG_BITS & (ODVA_SMOOTHINGS - 1);
    packet->detail = tag >> (ODVA_MODEL_TAG_BITS + ODVA_SMOOTHING_BITS);
    counts = odva_read_u8(reader);
    packet->frames = (counts >> 4) + 1;
    packet->layers = (counts & 15) + 1;
    packet->qidx = (int8_t)odva_read_u8(reader);
    packet->has_stream = !!(version_flags & ODVA_PACKET_HAS_STREAM);
    packet->has_durations = !!(version_flags & ODVA_PACKET_HAS_DURATIONS);
    packet->has_motion = !!(version_flags & ODVA_PACKET_HAS_MOTION);
    if (version_flags & ODVA_PACKET_WAS_CUT) {
        packet->dropped_refinements = odva_read_u8(reader);
        if (packet->dropped_refinements == 0)
            return ONEDVA_ERR_DATA;
    }
    if (packet->is_inter)
        packet->reference = odva_read_u16(reader);
    if (packet->has_stream)
        status = read_stream(reader, &packet->stream);
    packet->durations_at = reader->position;
    for (int i = 0; packet->has_durations && i < packet->frames; i++)
        packet->durations[i] = odva_read_leb(reader);
    packet->durations_size = reader->position - packet->durations_at;
    if (status == ONEDVA_OK && packet->has_motion)
        status = read_motion(reader, packet);
    if (status < 0 || (status = read_layer_table(reader, packet, crc)) < 0)
        return status;
    if (packet->qidx < ONEDVA_MIN_QIDX || odva_packet_qidx(packet, 0) > ONEDVA_MAX_QIDX)
        return ONEDVA_ERR_DATA;
    return ONEDVA_OK;
}

static int header_crc_is_right(struct odva_byte_reader *reader)
{
    const uint16_t actual = odva_crc16(reader->data, reader->position);

    return odva_read_u16(reader) == actual && !reader->failed;
}

static void find_payloads(struct odva_byte_reader *reader, struct odva_packet *packet)
{
    for (int i = 0; i < packet->layers; i++) {
        struct odva_layer *layer = &packet->layer[i];
        layer->payload = odva_read_bytes(reader, layer->size);
        if (!layer->payload)
            break;
        packet->whole_layers++;
    }
}

int odva_packet_parse_header(struct odva_packet *packet, const uint8_t *data, size_t size,
                             uint16_t *crc)
{
    struct odva_byte_reader reader;
    int status;

    *packet = (struct odva_packet){0};
    odva_byte_reader_init(&reader, data, size);
    status = read_header(&reader, packet, crc);
    if (status == ONEDVA_OK && !header_crc_is_right(&reader))
        status = ONEDVA_ERR_DATA;
    if (status < 0) {
        packet->frames = 0;
        return status;
    }
    packet->header_size = reader.position - reader.redundant;
    packet->crc_at = reader.position - 2;
    packet->first_crc = crc[0];
    find_payloads(&reader, packet);
    return ONEDVA_OK;
}

int odva_packet_parse(struct odva_packet *packet, const uint8_t *data, size_t size)
{
    uint16_t crc[ONEDVA_MAX_LAYERS];
    const int status = odva_packet_parse_header(packet, data, size, crc);
    int whole = 0;

    while (whole < packet->whole_layers &&
           odva_crc16(packet->layer[whole].payload, packet->layer[whole].size) == crc[whole])
        whole++;
    packet->whole_layers = whole;
    return status;
}
