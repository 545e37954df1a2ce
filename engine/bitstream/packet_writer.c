/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/assert.h"
#include "bitstream/crc16.h"
#include "bitstream/packet.h"
#include "bitstream/packet_format.h"
#include "bitstream/stream_header.h"

/* No stream header is as long as 128 bytes, so its size is one byte that is set afterwards. */
static void write_stream(struct odva_byte_writer *writer, const struct onedva_stream *stream)
{
    const size_t size_at = writer->size;

    odva_write_leb(writer, 0);
    odva_stream_header_write(writer, stream);
    if (!writer->failed)
        writer->data[size_at] = (uint8_t)(writer->size - size_at - 1);
}

void odva_packet_write_checked(struct odva_byte_writer *writer, const struct odva_packet *packet,
                               const uint16_t *crc)
{
    const size_t start = writer->size;
    const int flags = (packet->has_stream ? ODVA_PACKET_HAS_STREAM : 0) |
                      (packet->has_durations ? ODVA_PACKET_HAS_DURATIONS : 0) |
                      (packet->has_motion ? ODVA_PACKET_HAS_MOTION : 0) |
                      (packet->dropped_refinements ? ODVA_PACKET_WAS_CUT : 0);

    ODVA_ASSERT(packet->frames >= 1 && packet->frames <= ONEDVA_MAX_CLIP_FRAMES);
    ODVA_ASSERT(packet->qidx >= ONEDVA_MIN_QIDX && packet->qidx <= ONEDVA_MAX_QIDX);
    ODVA_ASSERT(packet->model_tag <= ODVA_MODEL_TAG_MASK);
    ODVA_ASSERT(packet->smoothing >= 0 && packet->smoothing < ODVA_SMOOTHINGS);
    ODVA_ASSERT(packet->detail >= 0 && packet->detail < ODVA_DETAILS);
    ODVA_ASSERT(packet->kind != ONEDVA_PACKET_FRAME);
    ODVA_ASSERT(packet->layers >= 1 && packet->layers <= ONEDVA_MAX_LAYERS);
    odva_write_u8(writer, odva_packet_sync(packet->kind, packet->is_inter));
    odva_write_u8(writer, (uint8_t)(ODVA_PACKET_VERSION << 4 | flags));
    odva_write_u16(writer,
                   (uint16_t)(packet->model_tag | packet->smoothing << ODVA_MODEL_TAG_BITS |
                              packet->detail << (ODVA_MODEL_TAG_BITS + ODVA_SMOOTHING_BITS)));
    odva_write_u8(writer, (uint8_t)((packet->frames - 1) << 4 | (packet->layers - 1)));
    odva_write_u8(writer, (uint8_t)packet->qidx);
    if (packet->dropped_refinements)
        odva_write_u8(writer, (uint8_t)packet->dropped_refinements);
    if (packet->is_inter)
        odva_write_u16(writer, packet->reference);
    if (packet->has_stream)
        write_stream(writer, &packet->stream);
    for (int i = 0; packet->has_durations && i < packet->frames; i++)
        odva_write_leb(writer, packet->durations[i]);
    if (packet->has_motion) {
        odva_write_leb(writer, (uint32_t)packet->motion_size);
        odva_write_bytes(writer, packet->motion, packet->motion_size);
    }
    for (int i = 0; i < packet->layers; i++) {
        odva_write_leb(writer, odva_layer_extent(&packet->layer[i]));
        odva_write_leb(writer, (uint32_t)packet->layer[i].size);
        odva_write_u16(writer, crc[i]);
    }
    if (writer->failed)
        return;
    odva_write_u16(writer, odva_crc16(writer->data + start, writer->size - start));
    for (int i = 0; i < packet->layers; i++)
        odva_write_bytes(writer, packet->layer[i].payload, packet->layer[i].size);
}

void odva_packet_write(struct odva_byte_writer *writer, const struct odva_packet *packet)
{
    uint16_t crc[ONEDVA_MAX_LAYERS];

    for (int i = 0; i < packet->layers; i++)
        crc[i] = odva_crc16(packet->layer[i].payload, packet->layer[i].size);
    odva_packet_write_checked(writer, packet, crc);
}
