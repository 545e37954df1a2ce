/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a packet's header says, of the public interface. */
#include <string.h>

#include "base/byte_reader.h"
#include "bitstream/crc16.h"
#include "bitstream/frame_packet.h"
#include "bitstream/packet.h"
#include "bitstream/packet_format.h"
#include "onedva/onedva.h"

int onedva_packet_get_kind(enum onedva_packet_kind *kind, const uint8_t *data, size_t size)
{
    *kind = ONEDVA_PACKET_WHOLE_CLIP;
    if (odva_is_frame_packet(data, size))
        *kind = ONEDVA_PACKET_FRAME;
    else if (data[0] == odva_packet_sync(ONEDVA_PACKET_CLIP, odva_sync_is_inter(data[0])))
        *kind = ONEDVA_PACKET_CLIP;
    else if (data[0] != odva_packet_sync(*kind, odva_sync_is_inter(data[0])))
        return ONEDVA_ERR_DATA;
    return ONEDVA_OK;
}

uint16_t odva_packet_id(const struct odva_packet *packet, uint16_t first_crc)
{
    const uint8_t chain[4] = {(uint8_t)packet->reference, (uint8_t)(packet->reference >> 8),
                              (uint8_t)first_crc, (uint8_t)(first_crc >> 8)};

    return packet->is_inter ? odva_crc16(chain, sizeof(chain)) : first_crc;
}

int onedva_packet_is_key(const uint8_t *data, size_t size)
{
    return size > ONEDVA_FRAME_PACKET_SIZE &&
           (data[0] == ODVA_PACKET_SYNC_CLIP || data[0] == ODVA_PACKET_SYNC_WHOLE);
}

int onedva_packet_get_info(struct onedva_packet_info *info, const uint8_t *data, size_t size)
{
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    size_t header, payloads = 0;
    int status;

    *info = (struct onedva_packet_info){0};
    if (odva_is_frame_packet(data, size)) {
        info->kind = ONEDVA_PACKET_FRAME;
        return odva_frame_packet_parse(&info->frame, NULL, data, size);
    }
    status = odva_packet_parse_header(&packet, data, size, crc);
    if (status < 0)
        return status;
    info->kind = packet.kind;
    info->is_key = !packet.is_inter;
    info->frames = packet.frames;
    info->model_tag = packet.model_tag;
    info->smoothing = packet.smoothing;
    info->detail = packet.detail;
    info->has_stream = packet.has_stream;
    info->stream = packet.stream;
    info->has_durations = packet.has_durations;
    memcpy(info->durations, packet.durations, sizeof(info->durations));
    info->has_motion = packet.has_motion;
    info->motion_size = packet.motion_size;
    info->dropped_refinements = packet.dropped_refinements;
    info->layers = packet.layers;
    info->whole_layers = packet.whole_layers;
    header = packet.header_size;
    for (int i = packet.layers - 1; i >= 0; i--) {
        info->layer[i].qidx = odva_packet_qidx(&packet, packet.layer[i].refinement);
        info->layer[i].token_end = packet.layer[i].token_end;
        info->layer[i].threshold = packet.layer[i].threshold;
        info->layer[i].token_start = i > 0 && packet.layer[i - 1].sweep == packet.layer[i].sweep
                                         ? packet.layer[i - 1].token_end
                                         : 0;
        /* one that leaves refinements out says so in a byte, once */
        info->layer[i].size = header + (packet.dropped_refinements == 0 &&
                                        packet.layer[i].refinement < packet.refinements - 1);
        header -= odva_leb_size(odva_layer_extent(&packet.layer[i])) +
                  odva_leb_size((uint32_t)packet.layer[i].size) + 2;
    }
    for (int i = 0; i < packet.layers; i++) {
        payloads += packet.layer[i].size;
        info->layer[i].size += payloads;
    }
    return ONEDVA_OK;
}
