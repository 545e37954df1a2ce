/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Constants of the packet header that its writer and its parser share. */
#ifndef ODVA_PACKET_FORMAT_H
#define ODVA_PACKET_FORMAT_H

/* What kind of packet it is (enum onedva_packet_kind). */
#define ODVA_PACKET_SYNC_WHOLE 0xD5
#define ODVA_PACKET_SYNC_CLIP  0xD6
#define ODVA_PACKET_SYNC_FRAME 0xD7

#define ODVA_PACKET_VERSION 2

#define ODVA_PACKET_HAS_STREAM    1
#define ODVA_PACKET_HAS_DURATIONS 2
#define ODVA_PACKET_HAS_MOTION    4
#define ODVA_PACKET_WAS_CUT       8

#endif
