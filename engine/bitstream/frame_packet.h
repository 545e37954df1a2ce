/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets of the later frames of a clip (doc/bitstream.md, section 3). */
#ifndef ODVA_FRAME_PACKET_H
#define ODVA_FRAME_PACKET_H

#include <stddef.h>
#include <stdint.h>

/** Whether a packet is one, by its first byte, or as it is too short to be any other. */
int odva_is_frame_packet(const uint8_t *data, size_t size);

/**
 * Parse one.
 * @param frame 1..15
 * @param clip  the clip that it is of, as odva_frame_packet_clip has it; or NULL
 * @return ONEDVA_OK, ONEDVA_ERR_DATA or ONEDVA_ERR_VERSION
 */
int odva_frame_packet_parse(int *frame, uint8_t *clip, const uint8_t *data, size_t size);

/** What a clip's frames name it by. @param first_crc of its packet */
static inline uint8_t odva_frame_packet_clip(uint16_t first_crc)
{
    return first_crc & 255;
}

#endif
