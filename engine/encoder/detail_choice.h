/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How many coefficients a clip's patches get: no more than its quantiser leaves something of. */
#ifndef ODVA_DETAIL_CHOICE_H
#define ODVA_DETAIL_CHOICE_H

#include "transform/linear_path.h"

struct odva_detail_choice {
    struct odva_device_array position, coefs; /* of the patches that are looked at */
    float *host;                              /* coefs */
    size_t capacity;
};

void odva_detail_choice_free(struct odva_detail_choice *choice, struct odva_backend *backend);

/** The least detail with which a clip loses next to nothing. @return 0 .. ODVA_DETAILS-1 or an
 * error
 */
int odva_detail_choice_run(struct odva_detail_choice *choice, const struct odva_linear_path *path,
                           struct odva_clip_size size, const struct onedva_const_picture *pictures,
                           int qidx);

#endif
