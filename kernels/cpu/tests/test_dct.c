/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The transform against its definition, for every tile shape. */
#include <math.h>
#include <stdlib.h>

#include "kernels/cpu/dct.h"
#include "kernels/cpu/tests/each_version.h"

#define K 19 /* a whole vector and a part of one */

static double basis(int n, int f, int i)
{
    return cos(acos(-1) * (2 * i + 1) * f / (2 * n)) * sqrt((f ? 2.0 : 1.0) / n);
}

static double definition(const float *x, int nt, int ny, int nx, int ft, int fy, int fx, int k)
{
    double sum = 0;

    for (int t = 0; t < nt; t++)
        for (int y = 0; y < ny; y++)
            for (int i = 0; i < nx; i++)
                sum += basis(nt, ft, t) * basis(ny, fy, y) * basis(nx, fx, i) *
                       x[((t * ny + y) * nx + i) * K + k];
    return sum;
}

static void check_shape(const struct odva_cpu_operators *operators,
                        const struct odva_cpu_dct_tables *tables, struct random *random, int nt,
                        int ny, int nx)
{
    float x[4 * 8 * 8 * K], data[4 * 8 * 8 * K], scratch[4 * 8 * 8 * K];
    const int count = nt * ny * nx * K;
    const float *y;

    for (int i = 0; i < count; i++)
        data[i] = x[i] = (float)(random_unit(random) - 0.5);
    y = odva_cpu_dct_tile(operators, tables, data, nt, ny, nx, K, scratch);
    for (int i = 0; i < count; i += 1 + random_below(random, 40)) {
        const int p = i / K;
        const double expected = definition(x, nt, ny, nx, p / nx / ny, p / nx % ny, p % nx, i % K);

        if (fabs(y[i] - expected) > 1e-6 * sqrt(count))
            fail_msg("%dx%dx%d: coefficient %d is %g, not %g", nt, ny, nx, i, y[i], expected);
    }
}

static void check(const struct odva_cpu_operators *operators)
{
    struct odva_cpu_dct_tables tables;
    struct random random = {1};

    odva_cpu_dct_tables_init(&tables);
    for (int nt = 1; nt <= 4; nt++)
        for (int ny = 1; ny <= 8; ny++)
            for (int nx = 1; nx <= 8; nx++)
                check_shape(operators, &tables, &random, nt, ny, nx);
}

static void every_shape(void **state)
{
    (void)state;
    each_operators(check);
}

/* The factors of decoders, doc/bitstream.md, section 8; none is so near to a half that a cosine's
 * last bits could matter. */
static void exact_factors(void **state)
{
    static struct odva_cpu_dct_tables tables;

    (void)state;
    odva_cpu_dct_tables_init(&tables);
    for (int n = 1; n <= 8; n++)
        for (int f = 0; f < n; f++)
            for (int i = 0; i < n; i++) {
                const double exact = 65536 * basis(n, f, i) + 0.5;

                assert_true(fabs(exact - rint(exact)) > 1e-6 || fabs(exact) < 1);
                assert_int_equal(tables.exact[n][f][i], (int)floor(exact));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape),
        cmocka_unit_test(exact_factors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
