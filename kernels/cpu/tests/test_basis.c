/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The integer operators of the linear path, every version against sections 4 and 8 of
 * doc/bitstream.md in 64 bits that are cut to 32 as the text says; between guard pages.
 */
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/dct.h"
#include "kernels/cpu/tests/each_version.h"
#include "kernels/cpu/tests/guarded.h"
#include "kernels/cpu/tests/sample.h"
#include "kernels/cpu/wide.h"
#include "tests/support/exact_arithmetic.h"

#define SAMPLES ODVA_FRAME_SAMPLES
#define CANARY  0x5A5A5A5A

/* Any numbers from -most to most, or those at the ends. */
static int32_t random_number(struct random *random, int64_t most, int is_extreme)
{
    if (is_extreme && random_below(random, 4))
        return (int32_t)(random_below(random, 2) ? most : -most);
    return (int32_t)((int64_t)(random_u64(random) % (uint64_t)(2 * most + 1)) - most);
}

static int16_t *random_shorts(struct random *random, size_t count, int most, int is_extreme)
{
    int16_t *data = guarded_new(count * sizeof(*data));

    for (size_t i = 0; i < count; i++)
        data[i] = (int16_t)random_number(random, most, is_extreme);
    return data;
}

static int32_t *random_ints(struct random *random, size_t count, int64_t most, int is_extreme)
{
    int32_t *data = guarded_new(count * sizeof(*data));

    for (size_t i = 0; i < count; i++)
        data[i] = random_number(random, most, is_extreme);
    return data;
}

/* ---- products of pairs ------------------------------------------------------------------- */

/* @return pairs without an order of their own, or NULL: all of them */
static int16_t *random_pairs(struct random *random, int pairs, int all)
{
    int16_t *pair;

    if (random_below(random, 2) || all == 0)
        return NULL;
    pair = guarded_new(pairs * sizeof(*pair));
    for (int p = 0; p < pairs; p++)
        pair[p] = (int16_t)random_below(random, all);
    return pair;
}

static void compare_product(const struct odva_cpu_pairs *product)
{
    for (int r = 0; r < product->rows; r++) {
        const int16_t *src = product->src + r * product->src_stride;

        for (int o = 0; o < product->outputs; o++) {
            int64_t sum = 0;

            for (int p = 0; p < product->pairs; p++) {
                const int pair = product->pair ? product->pair[p] : p;
                const int16_t *w =
                    product->weights + 2 * ((int64_t)pair * product->weight_outputs + o);

                sum += (int64_t)src[2 * p] * w[0] + (int64_t)src[2 * p + 1] * w[1];
            }
            assert_int_equal(product->dst[r * product->dst_stride + o], wrap(sum));
        }
        for (int64_t o = product->outputs; o < product->dst_stride && r + 1 < product->rows; o++)
            assert_int_equal(product->dst[r * product->dst_stride + o], CANARY);
    }
}

static void check_product(const struct odva_cpu_operators *operators, struct random *random)
{
    const int is_extreme = random_below(random, 3) == 0;
    const int rows = 1 + random_below(random, 9), all = 1 + random_below(random, 192);
    const int weight_outputs = 16 * (1 + random_below(random, 24));
    const int outputs = 16 * (1 + random_below(random, weight_outputs / 16));
    const int src_stride = 2 * all + random_below(random, 5);
    const int dst_stride = outputs + random_below(random, 5);
    const size_t dst_count = (size_t)(rows - 1) * dst_stride + outputs;
    int32_t *dst = guarded_new(dst_count * sizeof(*dst));
    int16_t *pair = random_pairs(random, all, all);
    int16_t *src =
        random_shorts(random, (size_t)(rows - 1) * src_stride + 2 * (size_t)all, 32767, is_extreme);
    struct odva_cpu_pairs product = {
        .dst = dst,
        .dst_stride = dst_stride,
        .src = src,
        .src_stride = src_stride,
        .rows = rows,
        .weights = random_shorts(random, (size_t)2 * all * weight_outputs, 32767, is_extreme),
        .weight_outputs = weight_outputs,
        .pair = pair,
        .pairs = random_below(random, 8) ? all : random_below(random, all + 1),
        .outputs = outputs,
    };

    for (size_t i = 0; i < dst_count; i++)
        dst[i] = CANARY;
    src[0] = INT16_MIN; /* coefficients are clipped to it */
    operators->multiply_pairs(&product);
    compare_product(&product);
    guarded_free(dst);
    guarded_free(pair);
    guarded_free(product.src);
    guarded_free(product.weights);
}

static void check_products(const struct odva_cpu_operators *operators)
{
    struct random random = {1};

    for (int i = 0; i < 60; i++)
        check_product(operators, &random);
}

/* ---- a basis and its products ------------------------------------------------------------ */

/* What is packed multiplies as the vectors do: samples by them, and coefficients. */
static void check_packed(const struct odva_cpu_operators *operators, struct random *random,
                         int count)
{
    const int pairs = (count + 1) / 2;
    int16_t *vectors = random_shorts(random, (size_t)count * SAMPLES, 32767, count % 2);
    int16_t *mean = random_shorts(random, SAMPLES, 2040, 0);
    int16_t *samples = random_shorts(random, SAMPLES, 8160, 0);
    int16_t *coefs = random_shorts(random, (size_t)2 * pairs, 32767, 0);
    struct odva_basis *basis = odva_cpu_basis_pack(vectors, count, mean);
    int32_t sums[SAMPLES], back[SAMPLES];

    assert_non_null(basis);
    assert_memory_equal(basis->mean, mean, sizeof(basis->mean));
    operators->multiply_pairs(&(struct odva_cpu_pairs){.dst = sums,
                                                       .src = samples,
                                                       .rows = 1,
                                                       .weights = basis->forward,
                                                       .weight_outputs = basis->outputs,
                                                       .pairs = SAMPLES / 2,
                                                       .outputs = basis->outputs});
    operators->multiply_pairs(&(struct odva_cpu_pairs){.dst = back,
                                                       .src = coefs,
                                                       .rows = 1,
                                                       .weights = basis->inverse,
                                                       .weight_outputs = SAMPLES,
                                                       .pairs = pairs,
                                                       .outputs = SAMPLES});
    for (int j = 0; j < basis->outputs; j++) {
        int64_t sum = 0;

        for (int i = 0; i < SAMPLES && j < count; i++)
            sum += (int64_t)samples[i] * vectors[j * SAMPLES + i];
        assert_int_equal(sums[j], wrap(sum));
    }
    for (int i = 0; i < SAMPLES; i++) {
        int64_t sum = 0;

        for (int j = 0; j < count; j++)
            sum += (int64_t)coefs[j] * vectors[j * SAMPLES + i];
        assert_int_equal(back[i], wrap(sum));
    }
    odva_cpu_basis_free(basis);
    guarded_free(vectors);
    guarded_free(mean);
    guarded_free(samples);
    guarded_free(coefs);
}

static void check_bases(const struct odva_cpu_operators *operators)
{
    static const int counts[] = {1, 2, 3, 15, 16, 17, 32, 100, 383, 384};
    struct random random = {2};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        check_packed(operators, &random, counts[i]);
}

/* ---- bands ------------------------------------------------------------------------------- */

static uint8_t *random_samples(struct random *random, int is_extreme, int depth)
{
    const int largest = sample_largest(depth);
    uint8_t *samples = guarded_new(ODVA_PATCH_SAMPLES * odva_sample_bytes(depth));

    for (int i = 0; i < ODVA_PATCH_SAMPLES; i++)
        sample_set(samples, i, depth,
                   is_extreme ? largest * random_below(random, 2)
                              : random_below(random, largest + 1));
    return samples;
}

static int16_t *random_mean(struct random *random, int is_extreme)
{
    int16_t *mean = guarded_new(SAMPLES * sizeof(*mean));

    for (int i = 0; i < SAMPLES; i++)
        mean[i] =
            (int16_t)(is_extreme ? 2040 * random_below(random, 2) : random_below(random, 2041));
    return mean;
}

/* Bands are the DCT over four frames of what lies above the mean, in eighths of a step. */
static void check_split(const struct odva_cpu_operators *operators, struct random *random,
                        int is_extreme, int depth)
{
    uint8_t *samples = random_samples(random, is_extreme, depth);
    int16_t *mean = random_mean(random, is_extreme);
    int16_t *bands = guarded_new(ODVA_PATCH_SAMPLES * sizeof(*bands));

    if (depth > 8)
        operators->wide->split_bands(bands, (const uint16_t *)samples, mean);
    else
        operators->split_bands(bands, samples, mean);
    for (int b = 0; b < 4; b++)
        for (int i = 0; i < SAMPLES; i++) {
            int64_t sum = 1 << 11;

            for (int f = 0; f < 4; f++)
                sum += T[b][f] *
                       ((8 >> (depth - 8)) * sample_get(samples, f * SAMPLES + i, depth) - mean[i]);
            assert_int_equal(bands[b * SAMPLES + i], floor_divide(sum, 12));
        }
    guarded_free(samples);
    guarded_free(mean);
    guarded_free(bands);
}

static void check_join(const struct odva_cpu_operators *operators, struct random *random,
                       int64_t most, int is_at_rest, int depth)
{
    const int shift = 28 - depth;
    int32_t *sums = random_ints(random, ODVA_PATCH_SAMPLES, most, random_below(random, 2));
    int16_t *mean = random_mean(random, random_below(random, 2));
    uint8_t *samples = guarded_new(ODVA_PATCH_SAMPLES * odva_sample_bytes(depth));

    if (depth > 8)
        operators->wide->join_bands((uint16_t *)samples, sums, mean, is_at_rest);
    else
        operators->join_bands(samples, sums, mean, is_at_rest);
    for (int f = 0; f < 4; f++)
        for (int i = 0; i < SAMPLES; i++) {
            int64_t sum = ((int64_t)mean[i] << 17) + (1 << (shift - 1));

            for (int b = 0; b < (is_at_rest ? 1 : 4); b++)
                sum += T[b][f] * floor_divide(wrap((int64_t)sums[b * SAMPLES + i] + 128), 8);
            assert_int_equal(sample_get(samples, f * SAMPLES + i, depth),
                             clip(floor_divide(wrap(sum), shift), 0, sample_largest(depth)));
        }
    guarded_free(sums);
    guarded_free(mean);
    guarded_free(samples);
}

/* Sums of every size: those of pictures, and those that wrap around. */
static void check_bands(const struct odva_cpu_operators *operators)
{
    struct random random = {3};

    for (int depth = 8; depth <= 10; depth += 2) {
        for (int i = 0; i < 20; i++)
            check_split(operators, &random, i % 2, depth);
        for (int bits = 8; bits <= 31; bits++)
            for (int is_at_rest = 0; is_at_rest < 2; is_at_rest++)
                check_join(operators, &random, (INT64_C(1) << bits) - 1, is_at_rest, depth);
    }
}

/* ---- inverse DCT ------------------------------------------------------------------------- */

static void check_axis(const struct odva_cpu_operators *operators,
                       const struct odva_cpu_dct_tables *tables, struct random *random, int n,
                       int inputs, int length)
{
    /* as many outputs as are wanted: those of tokens that are all the same are made once */
    const int outputs = inputs == 1 && random_below(random, 2) ? 1 : n;
    int32_t *src =
        random_ints(random, (size_t)inputs * length, (1 << 28) - 1, random_below(random, 2));
    int32_t *dst = guarded_new((size_t)outputs * length * sizeof(*dst));

    operators->inverse_transform(dst, src, tables->exact[n], outputs, inputs, length);
    for (int i = 0; i < outputs; i++)
        for (int j = 0; j < length; j++) {
            int64_t sum = 1 << 15;

            for (int f = 0; f < inputs; f++)
                sum += (int64_t)tables->exact[n][f][i] * src[f * length + j];
            assert_int_equal(dst[i * length + j], floor_divide(sum, 16));
        }
    guarded_free(src);
    guarded_free(dst);
}

static void check_inverse(const struct odva_cpu_operators *operators)
{
    static struct odva_cpu_dct_tables tables;
    struct random random = {4};

    odva_cpu_dct_tables_init(&tables);
    for (int n = 1; n <= 8; n++)
        for (int inputs = 1; inputs <= n; inputs++)
            for (int length = 16; length <= 144; length += 64)
                check_axis(operators, &tables, &random, n, inputs, length);
}

#define EACH(name, check)                                                                          \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        each_operators(check);                                                                     \
    }

EACH(products, check_products)
EACH(bases, check_bases)
EACH(bands, check_bands)
EACH(inverse_dct, check_inverse)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(bases),
        cmocka_unit_test(bands),
        cmocka_unit_test(inverse_dct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
