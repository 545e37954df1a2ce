/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/prediction_canvas.h"

#include <string.h>

#include "base/assert.h"
#include "base/integers.h"

/** Samples of a plane, of which so many lie in the margins before and behind those of a picture. */
struct axis {
    int before, size, behind;
};

static struct axis plane_axis(int before, int size, int behind, int plane)
{
    return plane ? (struct axis){before / 2, (size + 1) / 2, behind / 2}
                 : (struct axis){before, size, behind};
}

static void set_row(uint8_t *dst, const uint8_t *src, struct axis x)
{
    memset(dst, src[0], x.before);
    memcpy(dst + x.before, src, x.size);
    memset(dst + x.before + x.size, src[x.size - 1], x.behind);
}

int odva_prediction_canvas_set(struct odva_canvas *canvas,
                               const struct onedva_const_picture *reference,
                               const struct odva_motion *motion)
{
    const int status = odva_canvas_set_size(canvas, 1, odva_motion_canvas_width(motion),
                                            odva_motion_canvas_height(motion));

    if (status < 0)
        return status;
    ODVA_ASSERT(motion->left % 2 == 0 && motion->top % 2 == 0);
    ODVA_ASSERT(motion->right % 2 == 0 && motion->bottom % 2 == 0);
    for (int p = 0; p < 3; p++) {
        const struct axis x = plane_axis(motion->left, motion->width, motion->right, p);
        const struct axis y = plane_axis(motion->top, motion->height, motion->bottom, p);
        uint8_t *dst = canvas->picture[0].data[p];

        for (int i = 0; i < y.before + y.size + y.behind; i++) {
            const int row = odva_clip(i - y.before, 0, y.size - 1);

            set_row(dst, reference->data[p] + row * reference->stride[p], x);
            dst += canvas->picture[0].stride[p];
        }
    }
    return ONEDVA_OK;
}
