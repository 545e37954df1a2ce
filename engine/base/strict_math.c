/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/strict_math.h"

static double bits_to_double(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t double_to_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double round_to_integer(double x)
{
    const double shift = 6755399441055744.0; /* 1.5 * 2^52 */

    return (x + shift) - shift;
}

double odva_exp(double x)
{
    const double n = round_to_integer(x * 1.4426950408889634);
    const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    double p = 1.0;

    for (int i = 13; i > 0; i--)
        p = p * r / i + 1.0;
    return p * bits_to_double((uint64_t)((int64_t)n + 1023) << 52);
}

/* x = m 2^n with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh((m - 1) / (m + 1)). */
double odva_ln(double x)
{
    uint64_t bits = double_to_bits(x);
    int n = (int)(bits >> 52) - 1023;

    bits = (bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
    double m = bits_to_double(bits);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        n++;
    }
    const double s = (m - 1.0) / (m + 1.0);
    const double s2 = s * s;
    double p = 2.0 / 21;
    p = p * s2 + 2.0 / 19;
    p = p * s2 + 2.0 / 17;
    p = p * s2 + 2.0 / 15;
    p = p * s2 + 2.0 / 13;
    p = p * s2 + 2.0 / 11;
    p = p * s2 + 2.0 / 9;
    p = p * s2 + 2.0 / 7;
    p = p * s2 + 2.0 / 5;
    p = p * s2 + 2.0 / 3;
    p = p * s2 + 2.0;
    return n * 6.93147180369123816490e-01 + (p * s + n * 1.90821492927058770002e-10);
}

/* Taylor series for |x| <= pi/4. */
static double sin_kernel(double x, double x2)
{
    double p = 1.0 / 355687428096000.0; /* 17! */

    p = p * x2 - 1.0 / 1307674368000.0;
    p = p * x2 + 1.0 / 6227020800.0;
    p = p * x2 - 1.0 / 39916800.0;
    p = p * x2 + 1.0 / 362880.0;
    p = p * x2 - 1.0 / 5040.0;
    p = p * x2 + 1.0 / 120.0;
    p = p * x2 - 1.0 / 6.0;
    return x + x * (x2 * p);
}

static double cos_kernel(double x2)
{
    double p = -1.0 / 6402373705728000.0; /* 18! */

    p = p * x2 + 1.0 / 20922789888000.0;
    p = p * x2 - 1.0 / 87178291200.0;
    p = p * x2 + 1.0 / 479001600.0;
    p = p * x2 - 1.0 / 3628800.0;
    p = p * x2 + 1.0 / 40320.0;
    p = p * x2 - 1.0 / 720.0;
    p = p * x2 + 1.0 / 24.0;
    return 1.0 - x2 * (0.5 - x2 * p);
}

void odva_sincos(double x, double *sine, double *cosine)
{
    const double n = round_to_integer(x * 0.63661977236758134308);
    /* pi/2 in two parts, the first with 33 bits */
    const double r = (x - n * 1.57079632673412561417e+00) - n * 6.07710050650619224932e-11;
    const double s = sin_kernel(r, r * r), c = cos_kernel(r * r);
    const int quarter = (int)n & 3;
    const double sin_part = quarter & 1 ? c : s, cos_part = quarter & 1 ? s : c;

    *sine = quarter & 2 ? -sin_part : sin_part;
    *cosine = (quarter + 1) & 2 ? -cos_part : cos_part;
}

double odva_sin(double x)
{
    double sine, cosine;

    odva_sincos(x, &sine, &cosine);
    return sine;
}

double odva_cos(double x)
{
    double sine, cosine;

    odva_sincos(x, &sine, &cosine);
    return cosine;
}

float odva_exp2_eighths(int n)
{
    static const double roots[8] = {
        1.0,
        1.0905077326652577,
        1.1892071150027210,
        1.2968395546510096,
        1.4142135623730951,
        1.5422108254079408,
        1.6817928305074290,
        1.8340080864093424,
    };
    const int octave = n >= 0 ? n / 8 : -((7 - n) / 8);

    return (float)(roots[n - 8 * octave] * bits_to_double((uint64_t)(octave + 1023) << 52));
}
