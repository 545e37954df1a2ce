/*
 * One-DVA elementary stream: its units
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The syntax is specified in doc/bitstream.md, annex A.
 */

#ifndef AVFORMAT_ODVA_H
#define AVFORMAT_ODVA_H

#include <stdint.h>

#include "libavutil/macros.h"
#include "libavutil/rational.h"

#define ODVA_MARKER            MKBETAG('O', 'D', 'V', 'A')
#define ODVA_VERSION           1
#define ODVA_PREFIX_SIZE       6                               ///< marker, type, size of the fields
#define ODVA_CRC_SIZE          2
#define ODVA_MAX_UNIT          (ODVA_PREFIX_SIZE + 255 + ODVA_CRC_SIZE)
#define ODVA_END_SIZE          (ODVA_PREFIX_SIZE + 24 + ODVA_CRC_SIZE)
#define ODVA_MATRIX_SIZE       (ODVA_PREFIX_SIZE + 36 + ODVA_CRC_SIZE)
#define ODVA_MAX_STREAM_HEADER 64

/* Of the packets inside (doc/bitstream.md, section 3) */
#define ONEDVA_SYNC_WHOLE 0xD5 ///< first byte of one that shows all frames of a key clip
#define ONEDVA_SYNC_CLIP  0xD6 ///< of one that shows the first frame of a key clip
#define ONEDVA_SYNC_FRAME 0xD7 ///< of one that shows a later frame of a clip
#define ONEDVA_HAS_STREAM 1    ///< flag in the second byte of clips

enum ODVAUnitType {
    ODVA_UNIT_HEADER, ///< begins a segment
    ODVA_UNIT_PACKET, ///< stands before the bytes of a packet
    ODVA_UNIT_END,    ///< ends a segment
    ODVA_UNIT_MATRIX, ///< stands behind a header: how the segment's pictures are displayed
};

typedef struct ODVAUnit {
    uint8_t type; ///< enum ODVAUnitType; a reader skips others
    int size;     ///< bytes of the unit, without those of the packet behind it

    /* header */
    uint8_t version;
    int continues;        ///< its timestamps go on where those of the segment before end
    AVRational time_base; ///< of all times in the segment
    uint8_t stream_header[ODVA_MAX_STREAM_HEADER];
    int stream_header_size; ///< 0: the packets have it

    /* packet */
    int packet_size;
    int64_t pts;
    int64_t duration; ///< 0: unknown

    /* end */
    int64_t segment_size;   ///< bytes from the segment's header up to this unit
    int64_t start_pts;      ///< of the segment's first packet
    int64_t end_pts;        ///< where its last packet ends

    /* matrix */
    int32_t matrix[9]; ///< as libavutil/display.h has it
} ODVAUnit;

/** Whether decoding can begin with a packet. @param sync its first byte */
static inline int ff_odva_is_key(int sync)
{
    return sync == ONEDVA_SYNC_WHOLE || sync == ONEDVA_SYNC_CLIP;
}

/**
 * Parse the unit that data begins with.
 * @return its size; AVERROR_INVALIDDATA where there is none or it is damaged
 */
int ff_odva_unit_parse(ODVAUnit *unit, const uint8_t *data, int size);

/**
 * Write a unit.
 * @param data has room for ODVA_MAX_UNIT bytes
 * @return its size
 */
int ff_odva_unit_write(const ODVAUnit *unit, uint8_t *data);

#endif /* AVFORMAT_ODVA_H */
