/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/first_pass.h"

#include "base/assert.h"

#define BISECTIONS 13 /* to 1/64 of an index */

double odva_first_pass_index(const struct odva_first_pass *pass, double bitrate, double seconds)
{
    const double target = bitrate * (pass->seconds + seconds);
    double low = ODVA_FIRST_PASS_FINEST, high = ODVA_FIRST_PASS_COARSEST;

    ODVA_ASSERT(bitrate > 0);
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (low + high) / 2;
        const double before = pass->seconds > 0 ? odva_first_pass_bits(&pass->sum, middle) : 0;

        if (before + odva_first_pass_bits(&pass->clip, middle) > target)
            low = middle;
        else
            high = middle;
    }
    return high;
}

void odva_first_pass_add(struct odva_first_pass *pass, double seconds, double index, double bits,
                         double fixed)
{
    const double scale = (bits - fixed) / odva_first_pass_bits(&pass->clip, index);

    for (int i = 0; i < ODVA_FIRST_PASS_POINTS; i++) {
        pass->clip.bits[i] = pass->clip.bits[i] * scale + fixed;
        pass->sum.bits[i] += pass->clip.bits[i];
    }
    pass->seconds += seconds;
    odva_first_pass_write_clip(&pass->writer, &pass->clip);
}
