/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the host has made for shaders to look up: struct odva_vulkan_tables. */
#define DCT_MAX 8u /* longest axis of a transform */

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Tables
{
    float numbers[256]; /* of samples */
    float forward[9 * 8 * 8];
    int exact[9 * 8 * 8];
};

/* Where both have the number for n, frequency f and place i. */
uint dct_index(uint n, uint f, uint i)
{
    return (n * DCT_MAX + f) * DCT_MAX + i;
}
