/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Constants of the packet header that its writer and its parser share. */
#ifndef ODVA_PACKET_FORMAT_H
#define ODVA_PACKET_FORMAT_H

#include <stdint.h>

#include "onedva/onedva.h"

/* What kind of packet it is (enum onedva_packet_kind). */
#define ODVA_PACKET_SYNC_WHOLE 0xD5
#define ODVA_PACKET_SYNC_CLIP  0xD6
#define ODVA_PACKET_SYNC_FRAME 0xD7
#define ODVA_PACKET_SYNC_INTER 8 /* added to those of clips where it is an inter clip */

#define ODVA_PACKET_VERSION 2

#define ODVA_PACKET_HAS_STREAM    1
#define ODVA_PACKET_HAS_DURATIONS 2
#define ODVA_PACKET_HAS_MOTION    4
#define ODVA_PACKET_WAS_CUT       8

/** Whether a first byte is that of an inter clip's packet. */
static inline int odva_sync_is_inter(uint8_t sync)
{
    return sync == ODVA_PACKET_SYNC_WHOLE + ODVA_PACKET_SYNC_INTER ||
           sync == ODVA_PACKET_SYNC_CLIP + ODVA_PACKET_SYNC_INTER;
}

/** First byte of a clip's packet. */
static inline uint8_t odva_packet_sync(enum onedva_packet_kind kind, int is_inter)
{
    const int sync = kind == ONEDVA_PACKET_CLIP ? ODVA_PACKET_SYNC_CLIP : ODVA_PACKET_SYNC_WHOLE;

    return (uint8_t)(sync + (is_inter ? ODVA_PACKET_SYNC_INTER : 0));
}

#endif
