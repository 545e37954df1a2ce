/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Motion to bytes and back (doc/bitstream.md, section 10). */
#ifndef ODVA_MOTION_CODER_H
#define ODVA_MOTION_CODER_H

#include <stddef.h>
#include <stdint.h>

#include "base/byte_writer.h"
#include "bitstream/motion.h"

/**
 * Append a clip's motion. Every field is in its limits, and no coefficient's magnitude is above
 * ODVA_MAX_COEFFICIENT.
 */
void odva_motion_write(struct odva_byte_writer *writer, const struct odva_motion *motion);

/**
 * Read the motion of a clip of motion->frames pictures of motion->width x height (set by the
 * caller). Time and memory are bounded by the picture's size, whatever the bytes are.
 * @return ONEDVA_OK, ONEDVA_ERR_DATA or ONEDVA_ERR_NOMEM
 */
int odva_motion_read(struct odva_motion *motion, const uint8_t *data, size_t size);

#endif
