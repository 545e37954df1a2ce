/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets with fewer layers, of the public interface. */
#include <string.h>

#include "onedva/onedva.h"
#include "packet.h"

/* Bytes that stand for a number. */
static size_t leb_size(size_t value)
{
    size_t size = 1;

    for (; value >= 128; value >>= 7)
        size++;
    return size;
}

/* Leave out all layers behind the first ones, and with them finer passes. */
static void keep_layers(struct odva_packet *packet, int layers)
{
    const int passes = packet->layer[layers - 1].pass + 1;

    packet->qidx = odva_packet_qidx(packet, passes - 1);
    packet->dropped_passes += packet->passes - passes;
    packet->passes = passes;
    packet->layers = layers;
}

int onedva_packet_get_info(struct onedva_packet_info *info, const uint8_t *data, size_t size)
{
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    size_t header, payloads = 0;
    const int status = odva_packet_parse_header(&packet, data, size, crc);

    *info = (struct onedva_packet_info){0};
    if (status < 0)
        return status;
    info->frames = packet.frames;
    info->layers = packet.layers;
    info->whole_layers = packet.whole_layers;
    header = packet.whole_layers > 0 ? (size_t)(packet.layer[0].payload - data) : size;
    for (int i = packet.layers - 1; i >= 0; i--) {
        info->layer[i].qidx = odva_packet_qidx(&packet, packet.layer[i].pass);
        info->layer[i].token_end = packet.layer[i].token_end;
        info->layer[i].token_start = i > 0 && packet.layer[i - 1].pass == packet.layer[i].pass
                                         ? packet.layer[i - 1].token_end
                                         : 0;
        /* one that leaves passes out says so in a byte, once */
        info->layer[i].size =
            header + (packet.dropped_passes == 0 && packet.layer[i].pass < packet.passes - 1);
        header -= leb_size(packet.layer[i].token_end) + leb_size(packet.layer[i].size) + 2;
    }
    for (int i = 0; i < packet.layers; i++) {
        payloads += packet.layer[i].size;
        info->layer[i].size += payloads;
    }
    return ONEDVA_OK;
}

int onedva_packet_truncate(const uint8_t *data, size_t size, int layers, uint8_t *result,
                           size_t *result_size)
{
    struct odva_byte_writer writer = {0};
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    int status = odva_packet_parse_header(&packet, data, size, crc);

    *result_size = 0;
    if (status < 0)
        return status;
    if (layers < 1 || layers > packet.whole_layers)
        return ONEDVA_ERR_ARGUMENT;
    keep_layers(&packet, layers);
    odva_packet_write_checked(&writer, &packet, crc);
    if (writer.failed)
        status = ONEDVA_ERR_NOMEM;
    else if (writer.size > size)
        status = ONEDVA_ERR_DATA;
    else {
        memcpy(result, writer.data, writer.size);
        *result_size = writer.size;
    }
    odva_byte_writer_free(&writer);
    return status;
}
