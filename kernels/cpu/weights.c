/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>

#include "cpu/operators.h"

void *odva_cpu_alloc(size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + ODVA_CPU_ALIGN - 1) / ODVA_CPU_ALIGN * ODVA_CPU_ALIGN;
    return aligned_alloc(ODVA_CPU_ALIGN, bytes ? bytes : ODVA_CPU_ALIGN);
}

struct odva_weights *odva_cpu_weights_pack(const float *weights, int n_out, int n_in,
                                           int panel_width)
{
    const int padded = odva_cpu_round_up(n_out, panel_width);
    struct odva_weights *packed = malloc(sizeof(*packed));

    if (!packed)
        return NULL;
    *packed = (struct odva_weights){.n_out = n_out, .n_in = n_in, .panel_width = panel_width};
    packed->panels = odva_cpu_alloc((size_t)padded * n_in * sizeof(float));
    if (!packed->panels) {
        free(packed);
        return NULL;
    }
    for (int o = 0; o < padded; o++) {
        float *column =
            packed->panels + (size_t)(o / panel_width) * panel_width * n_in + o % panel_width;

        for (int i = 0; i < n_in; i++)
            column[(size_t)i * panel_width] = o < n_out ? weights[(size_t)o * n_in + i] : 0.0f;
    }
    return packed;
}

void odva_cpu_weights_free(struct odva_weights *weights)
{
    if (!weights)
        return;
    free(weights->panels);
    free(weights);
}
