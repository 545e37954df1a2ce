/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "strict_math.h"

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
    double p = 0.0;
    for (int i = 21; i > 0; i -= 2)
        p = p * s2 + 2.0 / i;
    return n * 6.93147180369123816490e-01 + (p * s + n * 1.90821492927058770002e-10);
}

/* Taylor series for |x| <= pi/4. */
static double sin_kernel(double x)
{
    const double x2 = x * x;
    double p = 1.0;

    for (int i = 17; i > 1; i -= 2)
        p = 1.0 - p * x2 / (i * (i - 1));
    return p * x;
}

static double cos_kernel(double x)
{
    const double x2 = x * x;
    double p = 1.0;

    for (int i = 18; i > 0; i -= 2)
        p = 1.0 - p * x2 / (i * (i - 1));
    return p;
}

/* sin(x + quarter pi/2); pi/2 in two parts whose first has 33 bits. */
static double sin_quarter(double x, int quarter)
{
    const double n = round_to_integer(x * 0.63661977236758134308);
    const double r = (x - n * 1.57079632673412561417e+00) - n * 6.07710050650619224932e-11;

    switch (((int)n + quarter) & 3) {
    case 0:
        return sin_kernel(r);
    case 1:
        return cos_kernel(r);
    case 2:
        return -sin_kernel(r);
    default:
        return -cos_kernel(r);
    }
}

double odva_sin(double x)
{
    return sin_quarter(x, 0);
}

double odva_cos(double x)
{
    return sin_quarter(x, 1);
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
