/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "kernels/cpu/operators.h"

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

static void fill_pairs(struct odva_weights *packed, const float *weights, int padded)
{
    const int width = packed->panel_width, n_in = packed->n_in, rounded = (n_in + 1) / 2 * 2;

    for (int o = 0; o < padded; o++) {
        uint16_t *column = packed->pairs + (size_t)(o / width) * width * rounded + 2 * (o % width);

        for (int i = 0; i < rounded; i++)
            column[(size_t)(i / 2) * 2 * width + i % 2] =
                o < packed->n_out && i < n_in ? odva_to_bfloat16(weights[(size_t)o * n_in + i]) : 0;
    }
}

static float largest_magnitude(const float *numbers, int count)
{
    float largest = 0;

    for (int i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(numbers[i]));
    return largest;
}

/* @param weights of output o, NULL: all 0 */
static void fill_bytes_of(struct odva_weights *packed, int o, const float *weights)
{
    const int width = packed->panel_width, n_in = packed->n_in, rounded = (n_in + 3) / 4 * 4;
    int8_t *column = packed->bytes + (size_t)(o / width) * width * rounded + 4 * (o % width);
    const float largest = weights ? largest_magnitude(weights, n_in) : 0;
    const float inverse = largest > ODVA_CPU_INT8_LEAST ? ODVA_CPU_INT8_MAX / largest : 0;
    int32_t sum = 0;

    for (int i = 0; i < rounded; i++) {
        const int8_t level = weights && i < n_in ? (int8_t)lrintf(weights[i] * inverse) : 0;

        column[(size_t)(i / 4) * 4 * width + i % 4] = level;
        sum += level;
    }
    packed->scale[o] = largest / ODVA_CPU_INT8_MAX;
    packed->start[o] = -128 * sum;
}

static int pack_bytes(struct odva_weights *packed, const float *weights, int padded)
{
    packed->bytes = odva_cpu_alloc((size_t)padded * ((packed->n_in + 3) / 4) * 4);
    packed->scale = odva_cpu_alloc(padded * sizeof(*packed->scale));
    packed->start = odva_cpu_alloc(padded * sizeof(*packed->start));
    if (!packed->bytes || !packed->scale || !packed->start)
        return 0;
    for (int o = 0; o < padded; o++)
        fill_bytes_of(packed, o, o < packed->n_out ? weights + (size_t)o * packed->n_in : NULL);
    return 1;
}

static int pack_pairs(struct odva_weights *packed, const float *weights, int padded)
{
    packed->pairs =
        odva_cpu_alloc((size_t)padded * ((packed->n_in + 1) / 2) * 2 * sizeof(*packed->pairs));
    if (!packed->pairs)
        return 0;
    fill_pairs(packed, weights, padded);
    return 1;
}

static int pack_panels(struct odva_weights *packed, const float *weights, int padded)
{
    packed->panels = odva_cpu_alloc((size_t)padded * packed->n_in * sizeof(*packed->panels));
    if (!packed->panels)
        return 0;
    fill_panels(packed, weights, padded);
    return 1;
}

struct odva_weights *odva_cpu_weights_pack(const float *weights, int n_out, int n_in,
                                           enum odva_precision precision,
                                           const struct odva_cpu_operators *operators)
{
    const int padded = odva_cpu_round_up(n_out, operators->panel_width);
    const enum onedva_precision factors = precision == ODVA_PRECISION_NETWORK
                                              ? operators->linear_precision
                                              : ONEDVA_PRECISION_FLOAT32;
    struct odva_weights *packed = malloc(sizeof(*packed));
    int done;

    if (!packed)
        return NULL;
    *packed =
        (struct odva_weights){.n_out = n_out, .n_in = n_in, .panel_width = operators->panel_width};
    if (factors == ONEDVA_PRECISION_INT8)
        done = pack_bytes(packed, weights, padded);
    else if (factors == ONEDVA_PRECISION_BFLOAT16)
        done = pack_pairs(packed, weights, padded);
    else
        done = pack_panels(packed, weights, padded);
    if (done)
        return packed;
    odva_cpu_weights_free(packed);
    return NULL;
}

void odva_cpu_weights_free(struct odva_weights *weights)
{
    if (!weights)
        return;
    free(weights->panels);
    free(weights->pairs);
    free(weights->bytes);
    free(weights->scale);
    free(weights->start);
    free(weights);
}
