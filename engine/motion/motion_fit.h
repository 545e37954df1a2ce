/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Estimated displacement fields to the bitstream's paths of points and nodes. */
#ifndef ODVA_MOTION_FIT_H
#define ODVA_MOTION_FIT_H

#include "bitstream/motion.h"
#include "motion/motion_estimation.h"

/** How finely paths are coded. */
struct odva_motion_precision {
    int point_terms, point_step;
    int mesh; /* 0: control points only */
    int mesh_terms, mesh_step;
};

/**
 * Fit paths to the fields of a clip and choose the margins.
 * @param is_inter  whether the first picture estimated is the one before the clip
 * @param reference picture that motion was estimated against
 * @param motion    result; its memory is kept from clip to clip
 * @param precision terms beyond the clip's are left out
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM, or ONEDVA_ERR_UNSUPPORTED where the paths fold the picture
 */
int odva_motion_fit(struct odva_motion *motion, const struct odva_motion_estimation *estimation,
                    int is_inter, int reference, const struct odva_motion_precision *precision);

#endif
