/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/frame_packet.h"

#include <string.h>

#include "bitstream/crc16.h"
#include "bitstream/packet.h"
#include "bitstream/packet_format.h"
#include "onedva/onedva.h"

/* What the frame's index does to the last byte, so that no bit of either is wrong unseen. */
#define CHECK_OF_FRAME 17

int odva_is_frame_packet(const uint8_t *data, size_t size)
{
    return size <= ONEDVA_FRAME_PACKET_SIZE || data[0] == ODVA_PACKET_SYNC_FRAME;
}

int odva_frame_packet_parse(int *frame, uint8_t *clip, const uint8_t *data, size_t size)
{
    *frame = 0;
    if (size != ONEDVA_FRAME_PACKET_SIZE || data[0] != ODVA_PACKET_SYNC_FRAME)
        return ONEDVA_ERR_DATA;
    if (data[1] >> 4 != ODVA_PACKET_VERSION)
        return ONEDVA_ERR_VERSION;
    if ((data[1] & 15) == 0)
        return ONEDVA_ERR_DATA;
    *frame = data[1] & 15;
    if (clip)
        *clip = data[2] ^ (uint8_t)(CHECK_OF_FRAME * *frame);
    return ONEDVA_OK;
}

int onedva_frame_packet_write(uint8_t *result, const uint8_t *clip, size_t size, int frame)
{
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    const int status = odva_packet_parse_header(&packet, clip, size, crc);

    if (status < 0)
        return status;
    if (frame < 1 || frame >= packet.frames)
        return ONEDVA_ERR_ARGUMENT;
    result[0] = ODVA_PACKET_SYNC_FRAME;
    result[1] = (uint8_t)(ODVA_PACKET_VERSION << 4 | frame);
    result[2] = odva_frame_packet_clip(packet.first_crc) ^ (uint8_t)(CHECK_OF_FRAME * frame);
    return ONEDVA_OK;
}

/* Write the durations, or those that the packet has. @return whether there are any */
static int write_durations(struct odva_byte_writer *writer, const struct odva_packet *packet,
                           const uint8_t *data, const uint32_t *durations)
{
    uint32_t any = 0;

    if (!durations) {
        odva_write_bytes(writer, data + packet->durations_at, packet->durations_size);
        return packet->has_durations;
    }
    for (int i = 0; i < packet->frames; i++)
        any |= durations[i];
    for (int i = 0; any && i < packet->frames; i++)
        odva_write_leb(writer, durations[i]);
    return any != 0;
}

int onedva_packet_set_kind(const uint8_t *data, size_t size, enum onedva_packet_kind kind,
                           const uint32_t *durations, uint8_t *result, size_t *result_size)
{
    struct odva_byte_writer writer = {0};
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    const int status = odva_packet_parse_header(&packet, data, size, crc);
    size_t behind;
    int has_durations;

    *result_size = 0;
    if (status < 0)
        return status;
    if (kind != ONEDVA_PACKET_WHOLE_CLIP && kind != ONEDVA_PACKET_CLIP)
        return ONEDVA_ERR_ARGUMENT;
    /* every other byte stays, those that a parser ignores included */
    odva_write_bytes(&writer, data, packet.durations_at);
    has_durations = write_durations(&writer, &packet, data, durations);
    behind = packet.durations_at + packet.durations_size;
    odva_write_bytes(&writer, data + behind, packet.crc_at - behind);
    if (!writer.failed) {
        writer.data[0] = odva_packet_sync(kind, packet.is_inter);
        writer.data[1] = (uint8_t)((data[1] & ~ODVA_PACKET_HAS_DURATIONS) |
                                   (has_durations ? ODVA_PACKET_HAS_DURATIONS : 0));
        odva_write_u16(&writer, odva_crc16(writer.data, writer.size));
    }
    odva_write_bytes(&writer, data + packet.crc_at + 2, size - packet.crc_at - 2);
    return odva_byte_writer_give(&writer, result, size + 5 * ONEDVA_MAX_CLIP_FRAMES, result_size);
}
