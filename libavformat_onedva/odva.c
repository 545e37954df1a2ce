/*
 * One-DVA elementary stream: reading and writing its units
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <limits.h>
#include <string.h>

#include "libavcodec/bytestream.h"
#include "libavcodec/defs.h"
#include "libavutil/avutil.h"
#include "libavutil/bswap.h"
#include "libavutil/crc.h"
#include "libavutil/error.h"
#include "libavutil/intreadwrite.h"

#include "odva.h"

#define FLAG_CONTINUES 1

static uint16_t unit_crc(const uint8_t *data, int size)
{
    // av_crc() has the first byte of a big endian checksum in the low half
    return av_bswap16(av_crc(av_crc_get_table(AV_CRC_16_CCITT), 0xFFFF, data, size));
}

/* ---- numbers of variable length ---- */

static void put_leb(PutByteContext *pb, uint64_t value)
{
    for (; value > 127; value >>= 7)
        bytestream2_put_byte(pb, value | 128);
    bytestream2_put_byte(pb, value);
}

/** @return 0 where the number is longer than 64 bits or than the data */
static int get_leb(GetByteContext *gb, uint64_t *value)
{
    int byte, shift = 0;

    *value = 0;
    do {
        if (!bytestream2_get_bytes_left(gb) || shift > 63)
            return 0;
        byte    = bytestream2_get_byteu(gb);
        *value |= (uint64_t)(byte & 127) << shift;
        if (shift == 63 && byte > 1)
            return 0;
        shift += 7;
    } while (byte & 128);
    return 1;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t from_zigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

/* ---- fields ---- */

static int parse_header(ODVAUnit *unit, GetByteContext *gb)
{
    uint64_t num, den;

    unit->version   = bytestream2_get_byte(gb);
    unit->continues = bytestream2_get_byte(gb) & FLAG_CONTINUES;
    if (unit->version != ODVA_VERSION)
        return 1; // the fields of another version are not known
    if (!get_leb(gb, &num) || !get_leb(gb, &den) || !num || num > INT_MAX || !den || den > INT_MAX)
        return 0;
    unit->time_base          = (AVRational) { num, den };
    unit->stream_header_size = bytestream2_get_bytes_left(gb);
    if (unit->stream_header_size > ODVA_MAX_STREAM_HEADER)
        return 0;
    bytestream2_get_buffer(gb, unit->stream_header, unit->stream_header_size);
    return 1;
}

static int parse_packet(ODVAUnit *unit, GetByteContext *gb)
{
    uint64_t size, pts, duration;

    if (!get_leb(gb, &size) || !get_leb(gb, &pts) || !get_leb(gb, &duration) || !size ||
        size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE || duration > INT64_MAX)
        return 0;
    unit->packet_size = size;
    unit->pts         = from_zigzag(pts);
    unit->duration    = duration;
    return unit->pts != AV_NOPTS_VALUE;
}

static int parse_end(ODVAUnit *unit, GetByteContext *gb)
{
    if (bytestream2_get_bytes_left(gb) != 24)
        return 0;
    unit->segment_size = bytestream2_get_le64(gb);
    unit->start_pts    = bytestream2_get_le64(gb);
    unit->end_pts      = bytestream2_get_le64(gb);
    return unit->segment_size > 0 && unit->start_pts != AV_NOPTS_VALUE &&
           unit->end_pts >= unit->start_pts;
}

static int parse_matrix(ODVAUnit *unit, GetByteContext *gb)
{
    if (bytestream2_get_bytes_left(gb) != sizeof(unit->matrix))
        return 0;
    for (int i = 0; i < FF_ARRAY_ELEMS(unit->matrix); i++)
        unit->matrix[i] = bytestream2_get_le32(gb);
    return 1;
}

int ff_odva_unit_parse(ODVAUnit *unit, const uint8_t *data, int size)
{
    GetByteContext gb;
    int fields, valid = 1;

    memset(unit, 0, sizeof(*unit));
    if (size < ODVA_PREFIX_SIZE + ODVA_CRC_SIZE || AV_RB32(data) != ODVA_MARKER)
        return AVERROR_INVALIDDATA;
    fields     = data[5];
    unit->type = data[4];
    unit->size = ODVA_PREFIX_SIZE + fields + ODVA_CRC_SIZE;
    if (size < unit->size || AV_RL16(data + ODVA_PREFIX_SIZE + fields) !=
                             unit_crc(data, ODVA_PREFIX_SIZE + fields))
        return AVERROR_INVALIDDATA;

    bytestream2_init(&gb, data + ODVA_PREFIX_SIZE, fields);
    switch (unit->type) {
    case ODVA_UNIT_HEADER: valid = parse_header(unit, &gb); break;
    case ODVA_UNIT_PACKET: valid = parse_packet(unit, &gb); break;
    case ODVA_UNIT_END:    valid = parse_end(unit, &gb);    break;
    case ODVA_UNIT_MATRIX: valid = parse_matrix(unit, &gb); break;
    }
    return valid ? unit->size : AVERROR_INVALIDDATA;
}

static void write_fields(const ODVAUnit *unit, PutByteContext *pb)
{
    switch (unit->type) {
    case ODVA_UNIT_HEADER:
        bytestream2_put_byte(pb, ODVA_VERSION);
        bytestream2_put_byte(pb, unit->continues ? FLAG_CONTINUES : 0);
        put_leb(pb, unit->time_base.num);
        put_leb(pb, unit->time_base.den);
        bytestream2_put_buffer(pb, unit->stream_header, unit->stream_header_size);
        break;
    case ODVA_UNIT_PACKET:
        put_leb(pb, unit->packet_size);
        put_leb(pb, zigzag(unit->pts));
        put_leb(pb, unit->duration);
        break;
    case ODVA_UNIT_END:
        bytestream2_put_le64(pb, unit->segment_size);
        bytestream2_put_le64(pb, unit->start_pts);
        bytestream2_put_le64(pb, unit->end_pts);
        break;
    case ODVA_UNIT_MATRIX:
        for (int i = 0; i < FF_ARRAY_ELEMS(unit->matrix); i++)
            bytestream2_put_le32(pb, unit->matrix[i]);
        break;
    }
}

int ff_odva_unit_write(const ODVAUnit *unit, uint8_t *data)
{
    PutByteContext pb;
    int size;

    AV_WB32(data, ODVA_MARKER);
    data[4] = unit->type;
    bytestream2_init_writer(&pb, data + ODVA_PREFIX_SIZE, 255);
    write_fields(unit, &pb);
    data[5] = bytestream2_tell_p(&pb);
    size    = ODVA_PREFIX_SIZE + data[5];
    AV_WL16(data + size, unit_crc(data, size));
    return size + ODVA_CRC_SIZE;
}
