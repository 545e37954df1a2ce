/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Transcendental functions of +, -, * and / alone: the same bits from every compiler that follows
 * IEEE 754 and contracts nothing (-ffp-contract=off).
 */
#ifndef ODVA_STRICT_MATH_H
#define ODVA_STRICT_MATH_H

#include <float.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "float expressions must be evaluated in float: on 32-bit x86 use -msse2 -mfpmath=sse"
#endif

#define ODVA_PI 3.14159265358979323846

/** Relative error below 2^-50. @param x -700 .. 700 */
double odva_exp(double x);
/** Absolute error below 2^-50. @param x finite and > 0 */
double odva_ln(double x);
/** Absolute error below 2^-50. @param x radians, |x| < 10^5 */
double odva_sin(double x);
double odva_cos(double x);
void odva_sincos(double x, double *sine, double *cosine);

/** 2^(n/8), the scale of a coefficient or quantiser. */
float odva_exp2_eighths(int n);

static inline float odva_bits_to_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint32_t odva_float_to_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/** e^x with a relative error below 3e-7; x is clipped to -87 .. 88. Compilers vectorise it. */
static inline float odva_expf(float x)
{
    const float shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */

    x = x > -87.0f ? x : -87.0f;
    x = x < 88.0f ? x : 88.0f;
    const float shifted = x * 1.44269504f + shift;
    const float n = shifted - shift;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f; /* ln 2 in two parts */
    float p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * odva_bits_to_float((odva_float_to_bits(shifted) << 23) + 0x3f800000u);
}

#endif
