/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets and stream headers with other metadata, of the public interface. */
#include <string.h>

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
    if (writer.failed) {
        odva_byte_writer_free(&writer);
        return ONEDVA_ERR_NOMEM;
    }
    memcpy(result, writer.data, writer.size);
    *result_size = writer.size;
    odva_byte_writer_free(&writer);
    return ONEDVA_OK;
}

int onedva_packet_set_stream(const uint8_t *data, size_t size, const struct onedva_stream *stream,
                             uint8_t *result, size_t *result_size)
{
    struct odva_byte_writer writer = {0};
    uint16_t crc[ONEDVA_MAX_LAYERS];
    struct odva_packet packet;
    int status = odva_packet_parse_header(&packet, data, size, crc);

    *result_size = 0;
    if (status < 0)
        return status;
    if (odva_stream_header_check(stream) || packet.whole_layers < packet.layers)
        return ONEDVA_ERR_ARGUMENT;
    packet.has_stream = 1;
    packet.stream = *stream;
    odva_packet_write_checked(&writer, &packet, crc);
    if (writer.failed)
        status = ONEDVA_ERR_NOMEM;
    else if (writer.size > size + ONEDVA_MAX_STREAM_HEADER + 1)
        status = ONEDVA_ERR_DATA;
    else {
        memcpy(result, writer.data, writer.size);
        *result_size = writer.size;
    }
    odva_byte_writer_free(&writer);
    return status;
}
