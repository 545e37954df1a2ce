/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/operators.h"

void *odva_cpu_alloc(size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + ODVA_CPU_ALIGN - 1) / ODVA_CPU_ALIGN * ODVA_CPU_ALIGN;
    return aligned_alloc(ODVA_CPU_ALIGN, bytes ? bytes : ODVA_CPU_ALIGN);
}

static void fill_panels(struct odva_weights *packed, const float *weights, int padded)
{
    const int width = packed->panel_width, n_in = packed->n_in;

    for (int o = 0; o < padded; o++) {
        float *column = packed->panels + (size_t)(o / width) * width * n_in + o % width;

        for (int i = 0; i < n_in; i++)
            column[(size_t)i * width] = o < packed->n_out ? weights[(size_t)o * n_in + i] : 0.0f;
    }
}

/* The nearest bfloat16, an even one of two; what is not a number stays so. */
static uint16_t to_bfloat16(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static void fill_pairs(struct odva_weights *packed, const float *weights, int padded)
{
    const int width = packed->panel_width, n_in = packed->n_in, rounded = (n_in + 1) / 2 * 2;

    for (int o = 0; o < padded; o++) {
        uint16_t *column = packed->pairs + (size_t)(o / width) * width * rounded + 2 * (o % width);

        for (int i = 0; i < rounded; i++)
            column[(size_t)(i / 2) * 2 * width + i % 2] =
                o < packed->n_out && i < n_in ? to_bfloat16(weights[(size_t)o * n_in + i]) : 0;
    }
}

struct odva_weights *odva_cpu_weights_pack(const float *weights, int n_out, int n_in,
                                           enum odva_precision precision,
                                           const struct odva_cpu_operators *operators)
{
    const int padded = odva_cpu_round_up(n_out, operators->panel_width);
    struct odva_weights *packed = malloc(sizeof(*packed));

    if (!packed)
        return NULL;
    *packed =
        (struct odva_weights){.n_out = n_out, .n_in = n_in, .panel_width = operators->panel_width};
    if (operators->pairs && precision == ODVA_PRECISION_NETWORK) {
        packed->pairs = odva_cpu_alloc((size_t)padded * ((n_in + 1) / 2) * 2 * sizeof(uint16_t));
        if (packed->pairs)
            fill_pairs(packed, weights, padded);
    } else {
        packed->panels = odva_cpu_alloc((size_t)padded * n_in * sizeof(float));
        if (packed->panels)
            fill_panels(packed, weights, padded);
    }
    if (packed->pairs || packed->panels)
        return packed;
    free(packed);
    return NULL;
}

void odva_cpu_weights_free(struct odva_weights *weights)
{
    if (!weights)
        return;
    free(weights->panels);
    free(weights->pairs);
    free(weights);
}
