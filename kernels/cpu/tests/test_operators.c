/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The SIMD operators against the C reference on random and edge shapes: within 1e-5 of the largest
 * number. Where factors are rounded to bfloat16 or 8 bits, the reference gets rounded ones: the
 * same 1e-5, and 2^-12 after GELU. And what all of them promise: no number outside of the result is
 * written, and rows cut in any way give the same bits.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "kernels/cpu/fastest.h"
#include "kernels/cpu/tests/each_version.h"
#include "kernels/cpu/tests/guarded.h"
#include "tests/support/test.h"

#define TOLERANCE           1e-5
#define TOLERANCE_GELU      0x1p-12 /* where factors are rounded */
#define TOLERANCE_ATTENTION 0.01    /* the same */
#define CANARY              12345.75f
#define ROUNDS              150

static float *random_floats(struct random *random, int64_t count, float scale)
{
    float *data = guarded_new(count * sizeof(*data));

    for (int64_t i = 0; i < count; i++)
        data[i] = (float)(random_unit(random) * 2 - 1) * scale;
    return data;
}

/* To the nearest bfloat16, of two the even one. */
static void round_floats(float *data, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;

        memcpy(&bits, &data[i], sizeof(bits));
        bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000;
        memcpy(&data[i], &bits, sizeof(bits));
    }
}

/* Each row of count numbers to 127 steps to both sides of 0, the largest of which it has. */
static void round_to_bytes(float *data, int64_t rows, int count, int64_t stride)
{
    for (; rows > 0; rows--, data += stride) {
        float largest = 0;

        for (int i = 0; i < count; i++)
            largest = fmaxf(largest, fabsf(data[i]));
        for (int i = 0; i < count; i++)
            data[i] = largest > 0 ? rintf(data[i] * (127.0f / largest)) * (largest / 127.0f) : 0;
    }
}

static int32_t *random_rows(struct random *random, int count, int below)
{
    int32_t *rows = guarded_new(count * sizeof(*rows));

    for (int i = 0; i < count; i++)
        rows[i] = random_below(random, below);
    return rows;
}

static float *canaries(int64_t count)
{
    float *data = guarded_new(count * sizeof(*data));

    for (int64_t i = 0; i < count; i++)
        data[i] = CANARY;
    return data;
}

/* Rows of width numbers, stride apart; what lies between them has to be untouched. */
static void compare(const float *found, const float *expected, int64_t rows, int width,
                    int64_t stride, double tolerance, const char *what)
{
    double largest = 0, worst = 0;

    for (int64_t r = 0; r < rows; r++) {
        for (int i = 0; i < stride; i++) {
            const float a = found[r * stride + i], b = expected[r * stride + i];

            if (i >= width && a != CANARY)
                fail_msg("%s: row %d column %d behind the result was written", what, (int)r, i);
            if (i < width) {
                assert_true(isfinite(a));
                largest = fmax(largest, fabs(b));
                worst = fmax(worst, fabs((double)a - b));
            }
        }
    }
    if (worst > tolerance * largest)
        fail_msg("%s: error %g of %g", what, worst, largest);
}

/* ---- linear ------------------------------------------------------------------------------ */

/** One random product. */
struct linear_case {
    struct odva_cpu_linear linear; /* without dst and weights */
    float *w;
    int n_in, n_out, rows;
    int64_t stride;
};

static void linear_case_new(struct linear_case *c, struct random *random)
{
    static const int edges[] = {1, 7, 8, 15, 16, 17, 31, 32, 33, 48, 64, 100, 128};
    const int n_edges = sizeof(edges) / sizeof(edges[0]);
    const int tiles = 5;

    c->n_in = edges[random_below(random, n_edges)];
    c->n_out = edges[random_below(random, n_edges)];
    c->rows = 1 + random_below(random, 53);
    c->stride = c->n_out + random_below(random, 5);
    c->w = random_floats(random, (int64_t)c->n_out * c->n_in, 1.0f / sqrtf((float)c->n_in));
    c->linear = (struct odva_cpu_linear){
        .src = random_floats(random, (int64_t)c->rows * (c->n_in + 3), 2),
        .src_stride = c->n_in + 3,
        .dst_stride = c->stride,
        .activation = random_below(random, 3),
        .bias = random_below(random, 2) ? random_floats(random, c->n_out, 1) : NULL,
    };
    if (random_below(random, 3) == 0) /* inputs that are 0 in all rows */
        for (int i = 0; i < c->n_in; i++)
            for (int r = 0; r < c->rows && i % 3 != 1; r++)
                ((float *)c->linear.src)[r * c->linear.src_stride + i] = r % 2 ? 0.0f : -0.0f;
    if (random_below(random, 2)) {
        c->linear.gate = random_floats(random, tiles * (c->n_out + 1), 2);
        c->linear.gate_stride = c->n_out + 1;
        c->linear.gate_row = random_rows(random, c->rows, tiles);
    }
    if (random_below(random, 2)) {
        c->linear.add_row = random_below(random, 2) ? random_rows(random, c->rows, tiles) : NULL;
        c->linear.add_stride = c->n_out + 2;
        c->linear.add =
            random_floats(random, (c->linear.add_row ? tiles : c->rows) * c->linear.add_stride, 2);
    }
}

static void linear_case_free(struct linear_case *c)
{
    guarded_free(c->linear.src);
    guarded_free(c->linear.bias);
    guarded_free(c->linear.gate);
    guarded_free(c->linear.gate_row);
    guarded_free(c->linear.add);
    guarded_free(c->linear.add_row);
    guarded_free(c->w);
}

static float *linear_scratch(const struct odva_cpu_operators *operators, int n_in)
{
    const size_t floats = operators->linear_scratch ? operators->linear_scratch(n_in) : 0;

    return guarded_new((floats + 15) / 16 * 16 * sizeof(float)); /* so aligned */
}

/* Rows in pieces of the given length. To be freed. */
static float *run_linear(const struct odva_cpu_operators *operators, const struct linear_case *c,
                         enum odva_precision precision, int piece)
{
    struct odva_weights *weights =
        odva_cpu_weights_pack(c->w, c->n_out, c->n_in, precision, operators);
    float *scratch = linear_scratch(operators, c->n_in);
    struct odva_cpu_linear linear = c->linear;

    assert_non_null(weights);
    linear.dst = canaries(c->rows * c->stride);
    linear.weights = weights;
    for (int first = 0; first < c->rows; first += piece)
        operators->linear(&linear, first, c->rows - first < piece ? c->rows - first : piece,
                          scratch);
    odva_cpu_weights_free(weights);
    guarded_free(scratch);
    return linear.dst;
}

/* Round what a version rounds. */
static void round_factors(struct linear_case *c, enum onedva_precision precision)
{
    float *src = (float *)c->linear.src;

    if (precision == ONEDVA_PRECISION_BFLOAT16) {
        round_floats(c->w, (int64_t)c->n_out * c->n_in);
        round_floats(src, c->rows * c->linear.src_stride);
    } else if (precision == ONEDVA_PRECISION_INT8) {
        round_to_bytes(c->w, c->n_out, c->n_in, c->n_in);
        round_to_bytes(src, c->rows, c->n_in, c->linear.src_stride);
    }
}

static void check_linear(const struct odva_cpu_operators *operators, enum odva_precision precision)
{
    const enum onedva_precision factors = precision == ODVA_PRECISION_NETWORK
                                              ? operators->linear_precision
                                              : ONEDVA_PRECISION_FLOAT32;
    struct random random = {1};

    for (int round = 0; round < ROUNDS; round++) {
        struct linear_case c;
        float *expected, *whole, *pieces;

        linear_case_new(&c, &random);
        whole = run_linear(operators, &c, precision, c.rows);
        pieces = run_linear(operators, &c, precision, 1 + random_below(&random, c.rows));
        round_factors(&c, factors);
        expected = run_linear(&odva_cpu_operators_c, &c, precision, c.rows);
        compare(whole, expected, c.rows, c.n_out, c.stride,
                factors && c.linear.activation == ODVA_ACTIVATION_GELU ? TOLERANCE_GELU : TOLERANCE,
                operators->name);
        assert_memory_equal(whole, pieces, c.rows * c.stride * sizeof(*whole));
        guarded_free(expected);
        guarded_free(whole);
        guarded_free(pieces);
        linear_case_free(&c);
    }
}

/* Copies of rows as bfloat16, which they are already. */
static uint16_t *rounded_copy(const float *data, int64_t count)
{
    uint16_t *copy = guarded_new(count * sizeof(*copy));

    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;

        memcpy(&bits, &data[i], sizeof(bits));
        copy[i] = (uint16_t)(bits >> 16);
    }
    return copy;
}

/* count numbers of bfloat16 have to be those of floats rounded, where nothing was written, too. */
static void compare_rounded(const uint16_t *found, float *expected, int64_t count, const char *what)
{
    uint16_t *rounded;

    round_floats(expected, count);
    rounded = rounded_copy(expected, count);
    if (memcmp(found, rounded, count * sizeof(*found)))
        fail_msg("%s: rows of bfloat16 are not those of floats", what);
    guarded_free(rounded);
}

static uint16_t *rounded_canaries(int64_t count)
{
    float *data = canaries(count);
    uint16_t *rounded;

    round_floats(data, count);
    rounded = rounded_copy(data, count);
    guarded_free(data);
    return rounded;
}

/* From and to rows of bfloat16. To be freed. */
static uint16_t *run_rounded_linear(const struct odva_cpu_operators *operators,
                                    const struct linear_case *c)
{
    struct odva_weights *weights =
        odva_cpu_weights_pack(c->w, c->n_out, c->n_in, ODVA_PRECISION_NETWORK, operators);
    float *scratch = linear_scratch(operators, c->n_in);
    uint16_t *src = rounded_copy(c->linear.src, c->rows * c->linear.src_stride);
    struct odva_cpu_linear linear = c->linear;

    assert_non_null(weights);
    linear.src = NULL;
    linear.rounded_src = src;
    linear.rounded_dst = rounded_canaries(c->rows * c->stride);
    linear.weights = weights;
    operators->linear(&linear, 0, c->rows, scratch);
    odva_cpu_weights_free(weights);
    guarded_free(scratch);
    guarded_free(src);
    return linear.rounded_dst;
}

static void check_rounded_linear(const struct odva_cpu_operators *operators)
{
    struct random random = {5};

    for (int round = 0; round < ROUNDS; round++) {
        struct linear_case c;

        linear_case_new(&c, &random);
        if (c.n_in % 2 == 0) {
            float *expected;
            uint16_t *found;

            round_floats((float *)c.linear.src, c.rows * c.linear.src_stride);
            expected = run_linear(operators, &c, ODVA_PRECISION_NETWORK, c.rows);
            found = run_rounded_linear(operators, &c);
            compare_rounded(found, expected, c.rows * c.stride, operators->name);
            guarded_free(expected);
            guarded_free(found);
        }
        linear_case_free(&c);
    }
}

/* The residual is added in place. */
static void check_linear_in_place(const struct odva_cpu_operators *operators,
                                  enum odva_precision precision)
{
    struct random random = {2};
    const int n = 40, rows = 29;
    float *w = random_floats(&random, n * n, 0.2f), *x = random_floats(&random, rows * n, 1);
    float *add = random_floats(&random, rows * n, 1), *apart = canaries(rows * n);
    struct odva_weights *weights = odva_cpu_weights_pack(w, n, n, precision, operators);
    float *scratch = linear_scratch(operators, n);
    struct odva_cpu_linear linear = {.dst = apart,
                                     .src = x,
                                     .dst_stride = n,
                                     .src_stride = n,
                                     .weights = weights,
                                     .add = add,
                                     .add_stride = n};

    assert_non_null(weights);
    operators->linear(&linear, 0, rows, scratch);
    linear.dst = add;
    operators->linear(&linear, 0, rows, scratch);
    assert_memory_equal(add, apart, rows * n * sizeof(*add));
    odva_cpu_weights_free(weights);
    guarded_free(scratch);
    guarded_free(w);
    guarded_free(x);
    guarded_free(add);
    guarded_free(apart);
}

/* ---- norm -------------------------------------------------------------------------------- */

static void check_norm(const struct odva_cpu_operators *operators)
{
    struct random random = {3};

    for (int round = 0; round < ROUNDS; round++) {
        const int width = 1 + random_below(&random, 200), rows = 1 + random_below(&random, 20);
        const int64_t stride = width + random_below(&random, 4);
        float *x = random_floats(&random, rows * stride, 3);
        float *shift = random_floats(&random, 3 * stride, 1);
        float *scale = random_floats(&random, 3 * stride, 1);
        int32_t *row = random_rows(&random, rows, 3);
        float *expected = canaries(rows * stride), *found = canaries(rows * stride);
        struct odva_cpu_norm norm = {.src = x,
                                     .dst_stride = stride,
                                     .src_stride = stride,
                                     .width = width,
                                     .shift = round % 2 ? shift : NULL,
                                     .scale = round % 2 ? scale : NULL,
                                     .shift_stride = stride,
                                     .scale_stride = stride,
                                     .row = row};

        if (round % 10 == 0) /* a flat row */
            for (int i = 0; i < width; i++)
                x[i] = 0.75f;
        norm.dst = expected;
        odva_cpu_operators_c.norm_modulate(&norm, 0, rows);
        norm.dst = found;
        operators->norm_modulate(&norm, 0, rows / 2);
        operators->norm_modulate(&norm, rows / 2, rows - rows / 2);
        compare(found, expected, rows, width, stride, TOLERANCE, operators->name);
        guarded_free(x);
        guarded_free(shift);
        guarded_free(scale);
        guarded_free(row);
        guarded_free(expected);
        guarded_free(found);
    }
}

/* ---- attention --------------------------------------------------------------------------- */

static void run_attention(const struct odva_cpu_operators *operators,
                          struct odva_cpu_attention *attention, int windows, int max_length,
                          float *dst, int64_t stride)
{
    const size_t floats = operators->attention_scratch(max_length, attention->head_dim);
    float *scratch = guarded_new((floats + 15) / 16 * 16 * sizeof(*scratch)); /* so aligned */

    attention->dst = dst;
    attention->dst_stride = stride;
    for (int w = 0; w < windows; w++)
        for (int h = 0; h < attention->heads; h++)
            operators->attention(attention, w, h, scratch);
    guarded_free(scratch);
}

/* Rows of bfloat16 against floats with the same numbers, which are in attention. */
static void check_rounded_attention(const struct odva_cpu_operators *operators,
                                    const struct odva_cpu_attention *attention, int windows,
                                    int max_length, int total)
{
    const int d = attention->heads * attention->head_dim;
    struct odva_cpu_attention floats = *attention, rounded = *attention;
    float *expected = canaries((int64_t)total * (d + 3));
    uint16_t *found = rounded_canaries((int64_t)total * (d + 3));
    uint16_t *qkv = rounded_copy(attention->qkv, (int64_t)total * 3 * d);

    run_attention(operators, &floats, windows, max_length, expected, d + 3);
    rounded.qkv = NULL;
    rounded.rounded_qkv = qkv;
    rounded.rounded_dst = found;
    run_attention(operators, &rounded, windows, max_length, NULL, d + 3);
    compare_rounded(found, expected, (int64_t)total * (d + 3), operators->name);
    guarded_free(expected);
    guarded_free(found);
    guarded_free(qkv);
}

/*
 * Windows over shuffled rows. With a large scale one key takes all, and scores are in the
 * thousands, whose own rounding then shows in the weights.
 */
static void attention_round(const struct odva_cpu_operators *operators, struct random *random,
                            enum odva_precision precision, int length, int head_dim, float scale)
{
    const int rounded = operators->attention_precision && precision == ODVA_PRECISION_NETWORK;
    const double tolerance = rounded ? TOLERANCE_ATTENTION : scale > 10 ? 1e-3 : TOLERANCE;
    enum { WINDOWS = 3, POSITIONS = 256 };
    const int heads = 1 + random_below(random, 3), d = heads * head_dim;
    const int short_length = 1 + random_below(random, length);
    const int total = 2 * length + short_length;
    const int32_t begin[WINDOWS + 1] = {0, length, length + short_length, total};
    int32_t *rows = guarded_new(total * sizeof(*rows)),
            *rope = random_rows(random, total, POSITIONS);
    float *qkv = random_floats(random, (int64_t)total * 3 * d, scale), *copy;
    float *angles = random_floats(random, POSITIONS * head_dim / 2, 3);
    float *cosines = random_floats(random, POSITIONS * head_dim / 2, 1);
    float *sines = random_floats(random, POSITIONS * head_dim / 2, 1);
    float *expected = canaries((int64_t)total * (d + 3)),
          *found = canaries((int64_t)total * (d + 3));
    struct odva_cpu_attention attention = {.qkv = qkv,
                                           .qkv_stride = 3 * d,
                                           .heads = heads,
                                           .head_dim = head_dim,
                                           .precision = precision,
                                           .cosines = cosines,
                                           .sines = sines,
                                           .begin = begin,
                                           .rows = rows,
                                           .rope = rope};

    assert_non_null(rows);
    for (int i = 0; i < POSITIONS * head_dim / 2; i++) {
        cosines[i] = cosf(angles[i]);
        sines[i] = sinf(angles[i]);
    }
    for (int i = 0; i < total; i++) {
        const int j = random_below(random, i + 1);

        rows[i] = rows[j];
        rows[j] = i;
        if (random_below(random, 4) == 0)
            rope[i] = -1;
    }
    run_attention(&odva_cpu_operators_c, &attention, WINDOWS, length, expected, d + 3);
    run_attention(operators, &attention, WINDOWS, length, found, d + 3);
    compare(found, expected, total, d, d + 3, tolerance, operators->name);
    copy = guarded_new((int64_t)total * 3 * d * sizeof(*copy));
    memcpy(copy, qkv, (int64_t)total * 3 * d * sizeof(*copy));
    attention.qkv = copy; /* the result may replace q */
    run_attention(operators, &attention, WINDOWS, length, copy, 3 * d);
    for (int i = 0; i < total; i++)
        assert_memory_equal(copy + (int64_t)i * 3 * d, found + (int64_t)i * (d + 3),
                            d * sizeof(*copy));
    if (rounded && operators->network_element == ODVA_BFLOAT16) {
        round_floats(qkv, (int64_t)total * 3 * d);
        attention.qkv = qkv;
        check_rounded_attention(operators, &attention, WINDOWS, length, total);
    }
    guarded_free(rows);
    guarded_free(rope);
    guarded_free(qkv);
    guarded_free(copy);
    guarded_free(angles);
    guarded_free(cosines);
    guarded_free(sines);
    guarded_free(expected);
    guarded_free(found);
}

static void check_attention(const struct odva_cpu_operators *operators,
                            enum odva_precision precision)
{
    static const int lengths[] = {1, 2, 5, 12, 13, 15, 16, 17, 31, 32, 33, 100, 272, 384};
    struct random random = {4};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        attention_round(operators, &random, precision, lengths[i], 16, 1);
        attention_round(operators, &random, precision, lengths[i], 32, 2);
        attention_round(operators, &random, precision, lengths[i], 48, 1);
        attention_round(operators, &random, precision, lengths[i], 64, 0.1f);
    }
    if (!operators->attention_precision || precision == ODVA_PRECISION_EXACT)
        for (int i = 0; i < 8; i++)
            attention_round(operators, &random, precision, 40, 32, 40);
}

/* ---- which ------------------------------------------------------------------------------- */

static void check(const char *name)
{
    const struct odva_cpu_operators *operators = version(name);

    if (!operators)
        skip();
    assert_string_equal(operators->name, name);
    check_linear(operators, ODVA_PRECISION_EXACT);
    check_linear(operators, ODVA_PRECISION_NETWORK);
    check_linear_in_place(operators, ODVA_PRECISION_EXACT);
    check_linear_in_place(operators, ODVA_PRECISION_NETWORK);
    if (operators->network_element == ODVA_BFLOAT16)
        check_rounded_linear(operators);
    check_norm(operators);
    check_attention(operators, ODVA_PRECISION_EXACT);
    check_attention(operators, ODVA_PRECISION_NETWORK);
}

static void reference(void **state)
{
    (void)state;
    check("c");
}

static void avx2(void **state)
{
    (void)state;
    check("avx2");
}

static void avx512(void **state)
{
    (void)state;
    check("avx512");
}

static void avx512bf16(void **state)
{
    (void)state;
    check("avx512bf16");
}

static void avx512vnni(void **state)
{
    (void)state;
    check("avx512vnni");
}

static void avx512bf16vnni(void **state)
{
    (void)state;
    check("avx512bf16vnni");
}

static void neon(void **state)
{
    (void)state;
    check("neon");
}

static void choice(void **state)
{
    (void)state;
    assert_null(version("sse9"));
    assert_int_equal(setenv("ONEDVA_CPU", "avx2", 1), 0); /* bitexact is stronger */
    assert_ptr_equal(odva_cpu_operators_choose(1, ONEDVA_PRECISION_BFLOAT16, NULL),
                     &odva_cpu_operators_c);
    unsetenv("ONEDVA_CPU");
    for (int p = ONEDVA_PRECISION_FLOAT32; p <= ONEDVA_PRECISION_INT8; p++)
        assert_true((int)odva_cpu_operators_choose(0, p, NULL)->linear_precision <= p);
    assert_non_null(odva_cpu_operators_choose(0, ONEDVA_PRECISION_BFLOAT16, NULL));
#if HAVE_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        assert_ptr_not_equal(odva_cpu_operators_choose(0, ONEDVA_PRECISION_BFLOAT16, NULL),
                             &odva_cpu_operators_c);
#elif HAVE_NEON
    assert_ptr_equal(odva_cpu_operators_choose(0, ONEDVA_PRECISION_BFLOAT16, NULL),
                     &odva_cpu_operators_neon);
#endif
}

/* The C reference is the slowest wherever it stands, and every product takes its time. */
static void measurement(void **state)
{
    (void)state;
#if HAVE_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        for (int i = 0; i < 2; i++) {
            struct odva_cpu_time times[2];

            times[i].operators = &odva_cpu_operators_c;
            times[!i].operators = &odva_cpu_operators_avx2;
            assert_ptr_equal(odva_cpu_fastest(times, 2), &odva_cpu_operators_avx2);
            assert_true(times[!i].nanoseconds > 0 &&
                        times[i].nanoseconds > 2 * times[!i].nanoseconds);
        }
#endif
    for (int i = 0; i < 2; i++) /* what was chosen once stays */
        assert_ptr_equal(odva_cpu_operators_choose(0, ONEDVA_PRECISION_INT8, NULL),
                         odva_cpu_operators_choose(0, ONEDVA_PRECISION_INT8, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measurement),    cmocka_unit_test(reference),
        cmocka_unit_test(avx2),           cmocka_unit_test(avx512),
        cmocka_unit_test(avx512bf16),     cmocka_unit_test(avx512vnni),
        cmocka_unit_test(avx512bf16vnni), cmocka_unit_test(neon),
        cmocka_unit_test(choice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
