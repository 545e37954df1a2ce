/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets and stream headers with other metadata, of the public interface. */
#include "bitstream/packet.h"
#include "bitstream/stream_header.h"
#include "onedva/onedva.h"

int onedva_stream_header_write(uint8_t *result, size_t *result_size,
                               const struct onedva_stream *stream)
{
    struct odva_byte_writer writer = {0};

    *result_size = 0;
    if (odva_stream_header_check(stream))
        return ONEDVA_ERR_ARGUMENT;
    odva_stream_header_write(&writer, stream);
    return odva_byte_writer_give(&writer, result, ONEDVA_MAX_STREAM_HEADER, result_size);
}

int onedva_packet_set_stream(const uint8_t *data, size_t size, const struct onedva_stream *stream,
                             uint8_t *result, size_t *result_size)
{
    struct odva_byte_writer writer = {0};
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    const int status = odva_packet_parse_header(&packet, data, size, crc);

    *result_size = 0;
    if (status < 0)
        return status;
    if (odva_stream_header_check(stream) || packet.whole_layers < packet.layers)
        return ONEDVA_ERR_ARGUMENT;
    packet.has_stream = 1;
    packet.stream = *stream;
    odva_packet_write_checked(&writer, &packet, crc);
    return odva_byte_writer_give(&writer, result, size + ONEDVA_MAX_STREAM_HEADER + 1, result_size);
}
