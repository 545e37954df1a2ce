/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets with fewer layers, of the public interface. */
#include <string.h>

#include "bitstream/packet.h"
#include "onedva/onedva.h"

/* Leave out all layers behind the first ones, and with them finer refinements. */
static void keep_layers(struct odva_packet *packet, int layers)
{
    const int refinements = packet->layer[layers - 1].refinement + 1;

    packet->qidx = odva_packet_qidx(packet, refinements - 1);
    packet->dropped_refinements += packet->refinements - refinements;
    packet->refinements = refinements;
    packet->layers = layers;
}

int onedva_packet_truncate(const uint8_t *data, size_t size, int layers, uint8_t *result,
                           size_t *result_size)
{
    struct odva_byte_writer writer = {0};
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    const int status = odva_packet_parse_header(&packet, data, size, crc);

    *result_size = 0;
    if (status < 0)
        return status;
    if (layers < 1 || layers > packet.whole_layers)
        return ONEDVA_ERR_ARGUMENT;
    keep_layers(&packet, layers);
    odva_packet_write_checked(&writer, &packet, crc);
    return odva_byte_writer_give(&writer, result, size, result_size);
}
