/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* From a clip's motion to what the warp operator needs. */
#ifndef ODVA_MOTION_WARP_H
#define ODVA_MOTION_WARP_H

#include <stddef.h>
#include <stdint.h>

#include "bitstream/motion.h"
#include "kernels/backend.h"

/** Nodes of all frames, kept from clip to clip; zero-initialised is empty. */
struct odva_motion_warp {
    struct odva_warp warp; /* of the motion set last */
    int16_t (*nodes)[2];   /* [frames][rows][columns], 1/16 luma sample */
    size_t capacity;
};

/** They are as the operator reads them. */
static inline const int16_t (*odva_motion_warp_nodes(const struct odva_motion_warp *warp))[2]
{
    return (const int16_t(*)[2])warp->nodes;
}

/** Set all of a warp. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_motion_warp_set(struct odva_motion_warp *warp, const struct odva_motion *motion);
void odva_motion_warp_free(struct odva_motion_warp *warp);

#endif
