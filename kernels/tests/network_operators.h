/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The operators of networks on a GPU against the C reference, on random and edge shapes:
 * sums and noise as said below, all others within 1e-5 of the largest number of a result.
 * With BFLOAT16_FACTORS those of ODVA_PRECISION_NETWORK: products of numbers that bfloat16 has are
 * as near, what is rounded on the way is within 1 %.
 */
#ifndef ODVA_NETWORK_OPERATORS_TEST_H
#define ODVA_NETWORK_OPERATORS_TEST_H

#include <math.h>

#include "kernels/tests/twin_backends.h"

#define TOLERANCE 1e-5
#ifdef BFLOAT16_FACTORS
#define PRECISION         ODVA_PRECISION_NETWORK
#define TOLERANCE_ROUNDED 0.01
#else
#define PRECISION         ODVA_PRECISION_EXACT
#define TOLERANCE_ROUNDED TOLERANCE
#endif
#define TOLERANCE_NOISE 4e-6 /* absolute; numbers are up to 6.7 */
#define ROUNDS          40

/* ---- linear ------------------------------------------------------------------------------ */

/** One random product; matrices of both backends. */
struct linear_case {
    int n_in, n_out, rows;
    int64_t stride;
    int64_t src_offset, src_stride; /* some are whole quads of numbers, others are not */
    float *w;
    struct twin src, bias, gate, gate_row, add, add_row, dst;
    struct odva_epilogue epilogue[2];
};

/* Weights are numbers that float16 has. */
static int has_half_weights;

static const int edges[] = {1, 7, 15, 16, 17, 31, 63, 64, 65, 100, 128, 130};

static int random_edge(struct random *random)
{
    return edges[random_below(random, sizeof(edges) / sizeof(edges[0]))];
}

/* Numbers that float16 has, too. */
static inline float *random_halves(struct random *random, int64_t count)
{
    float *data = random_floats(random, count, 1);

    for (int64_t i = 0; i < count; i++)
        data[i] = rintf(data[i] * 1024) / 1024;
    return data;
}

static void linear_case_new(struct linear_case *c, struct random *random, int n_in, int n_out,
                            int rows)
{
    const int has_gate = random_below(random, 2), has_add = random_below(random, 2);
    const int has_add_row = random_below(random, 2), tiles = 5, skipped = random_below(random, 3);
    const int has_quads = random_below(random, 2);

    *c = (struct linear_case){.n_in = n_in, .n_out = n_out, .rows = rows};
    c->stride = c->n_out + random_below(random, 5);
    c->src_offset = has_quads ? 4 : 2;
    c->src_stride = has_quads ? (n_in + 7) / 4 * 4 : n_in + 3;
    c->w = has_half_weights
               ? random_halves(random, (int64_t)n_out * n_in)
               : random_floats(random, (int64_t)n_out * n_in, 1.0f / sqrtf((float)n_in));
    c->src = twin_floats(random, c->rows * c->src_stride, 2);
    c->bias = random_below(random, 2) ? twin_floats(random, c->n_out, 1) : (struct twin){0};
    c->dst = twin_floats(random, c->rows * c->stride, 3);
    if (has_gate) {
        c->gate = twin_floats(random, tiles * (c->n_out + 1), 2);
        c->gate_row = twin_rows(random, c->rows + skipped, tiles);
    }
    if (has_add)
        c->add = twin_floats(random, (has_add_row ? tiles : c->rows) * (c->n_out + 2), 2);
    if (has_add && has_add_row)
        c->add_row = twin_rows(random, c->rows + skipped, tiles);
    for (int b = 0; b < 2; b++)
        c->epilogue[b] =
            (struct odva_epilogue){.bias = c->bias.of[b],
                                   .activation = c->rows % 3,
                                   .gate = {c->gate.of[b], 0, c->n_out + 1, ODVA_FLOAT32},
                                   .gate_row = c->gate_row.of[b],
                                   .add = {c->add.of[b], 0, c->n_out + 2, ODVA_FLOAT32},
                                   .add_row = c->add_row.of[b],
                                   .first_row = skipped};
}

static void linear_case_free(struct linear_case *c)
{
    const struct twin all[] = {c->src, c->bias, c->gate, c->gate_row, c->add, c->add_row, c->dst};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        twin_free(all[i]);
    free(c->w);
}

static void check_linear(struct random *random, int n_in, int n_out, int rows,
                         enum odva_precision precision, double tolerance)
{
    struct linear_case c;

    linear_case_new(&c, random, n_in, n_out, rows);
    for (int b = 0; b < 2; b++) {
        struct odva_backend *backend = backends[b];
        const struct odva_matrix dst = {c.dst.of[b], 0, c.stride, ODVA_FLOAT32};
        const struct odva_matrix src = {c.src.of[b], c.src_offset, c.src_stride, ODVA_FLOAT32};
        struct odva_weights *weights =
            backend->device->ops->pack(backend->device, c.w, c.n_out, c.n_in, precision);

        assert_non_null(weights);
        assert_int_equal(
            backend->ops->linear(backend, dst, src, c.rows - 1, weights, &c.epilogue[b]),
            ONEDVA_OK);
        backend->device->ops->free_weights(backend->device, weights);
    }
    compare_floats(c.dst, tolerance, "linear");
    linear_case_free(&c);
}

static void check_linears(enum odva_precision precision, double tolerance)
{
    struct random random = {1};

    for (int round = 0; round < ROUNDS; round++) {
        const int n_in = random_edge(&random), n_out = random_edge(&random);
        const int rows = random_below(&random, 2) ? 2 + random_below(&random, 62)
                                                  : 64 + random_below(&random, 90);

        check_linear(&random, n_in, n_out, rows, precision, tolerance);
    }
}

static void linear(void **state)
{
    (void)state;
    has_rounded_numbers = PRECISION == ODVA_PRECISION_NETWORK;
    check_linears(PRECISION, TOLERANCE);
    has_rounded_numbers = 0;
}

/* As a block's: norm and first matrix, second matrix added in place; more rows than a device keeps
 * between two steps. */
static void check_chain(struct random *random, int width, int64_t rows, int rounds)
{
    const int inner = 2 * width, tiles = 3;
    float *w[2] = {random_floats(random, inner * width, 0.2f),
                   random_floats(random, inner * width, 0.2f)};
    const struct twin x = twin_floats(random, rows * width, 2);
    const struct twin bias = twin_floats(random, inner, 1);
    const struct twin modulation = twin_floats(random, tiles * 3 * width, 1);
    const struct twin row = twin_rows(random, rows + 1, tiles);

    for (int b = 0; b < 2; b++) {
        struct odva_backend *backend = backends[b];
        const struct odva_matrix matrix = {x.of[b], 0, width, ODVA_FLOAT32};
        const struct odva_matrix shift = {modulation.of[b], 0, 3 * width, ODVA_FLOAT32};
        const struct odva_matrix scale = {modulation.of[b], width, 3 * width, ODVA_FLOAT32};
        const struct odva_matrix gate = {modulation.of[b], 2 * width, 3 * width, ODVA_FLOAT32};
        const struct odva_modulation norm = {shift, scale, row.of[b], 1};
        struct odva_weights *weights[2] = {
            backend->device->ops->pack(backend->device, w[0], inner, width, PRECISION),
            backend->device->ops->pack(backend->device, w[1], width, inner, PRECISION)};
        const struct odva_linear_step steps[2] = {
            {.src = matrix,
             .norm = &norm,
             .weights = weights[0],
             .epilogue = {.bias = bias.of[b], .activation = ODVA_ACTIVATION_GELU}},
            {.dst = matrix,
             .weights = weights[1],
             .epilogue = {.gate = gate, .gate_row = row.of[b], .add = matrix, .first_row = 1}}};

        for (int i = 0; i < rounds; i++)
            assert_int_equal(backend->ops->linear_chain(backend, steps, 2, rows), ONEDVA_OK);
        backend->device->ops->free_weights(backend->device, weights[0]);
        backend->device->ops->free_weights(backend->device, weights[1]);
    }
    compare_floats(x, TOLERANCE_ROUNDED, "linear_chain");
    twin_free(x);
    twin_free(bias);
    twin_free(modulation);
    twin_free(row);
    free(w[0]);
    free(w[1]);
}

static void linear_chain(void **state)
{
    struct random random = {2};

    (void)state;
    check_chain(&random, 48, 1, 1);
    check_chain(&random, 40, 77, 3);
    check_chain(&random, 2, (1 << 14) + 5, 1);
}

/* ---- norm and sums ----------------------------------------------------------------------- */

static inline void norm_modulate(void **state)
{
    struct random random = {3};

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        const int width = 1 + random_below(&random, 200), rows = 1 + random_below(&random, 20);
        const int64_t stride = width + random_below(&random, 4);
        const int in_place = random_below(&random, 2);
        const struct twin x = twin_floats(&random, rows * stride, 3);
        const struct twin y = twin_floats(&random, rows * stride, 3);
        const struct twin table = twin_floats(&random, 3 * 2 * stride, 1);
        const struct twin row = twin_rows(&random, rows, 3);

        for (int b = 0; b < 2; b++) {
            const struct odva_matrix shift = {table.of[b], 0, 2 * stride, ODVA_FLOAT32};
            const struct odva_matrix scale = {table.of[b], stride, 2 * stride, ODVA_FLOAT32};
            const struct odva_modulation plain = {0}, modulation = {shift, scale, row.of[b], 0};
            const struct odva_matrix src = {x.of[b], 0, stride, ODVA_FLOAT32};
            const struct odva_matrix dst = {(in_place ? x : y).of[b], 0, stride, ODVA_FLOAT32};

            assert_int_equal(backends[b]->ops->norm_modulate(backends[b], dst, src, rows, width,
                                                             round % 2 ? &modulation : &plain),
                             ONEDVA_OK);
        }
        compare_floats(x, TOLERANCE, "norm_modulate, in place");
        compare_floats(y, TOLERANCE, "norm_modulate");
        twin_free(x);
        twin_free(y);
        twin_free(table);
        twin_free(row);
    }
}

/* Two products and a sum, each rounded: the same everywhere. */
static inline void axpby(void **state)
{
    struct random random = {4};

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        const int columns = random_edge(&random), rows = 1 + random_below(&random, 40);
        const struct twin x = twin_floats(&random, rows * (columns + 1), 2);
        const struct twin y = twin_floats(&random, rows * (columns + 2), 2);

        for (int b = 0; b < 2; b++) {
            const struct odva_matrix from = {x.of[b], 0, columns + 1, ODVA_FLOAT32};
            const struct odva_matrix to = {y.of[b], 1, columns + 2, ODVA_FLOAT32};

            assert_int_equal(
                backends[b]->ops->axpby(backends[b], to, 0.3f, from, 0.7f, to, rows, columns),
                ONEDVA_OK);
        }
        compare_floats(y, 0, "axpby");
        twin_free(x);
        twin_free(y);
    }
}

static inline void noise(void **state)
{
    static const int32_t places[] = {0, 1, 7, 70000, 5000000, INT32_MAX - 1, 12};
    const int count = sizeof(places) / sizeof(places[0]);
    const struct twin position = twin_of(places, sizeof(places));
    struct random random = {5};

    (void)state;
    for (int round = 0; round < 10; round++) {
        const uint64_t seed = random_u64(&random);
        const struct twin rows = twin_floats(&random, (int64_t)count * 1540, 1);

        for (int b = 0; b < 2; b++) {
            const struct odva_matrix dst = {rows.of[b], 0, 1540, ODVA_FLOAT32};

            assert_int_equal(backends[b]->ops->noise(backends[b], dst, position.of[b], 1, count - 1,
                                                     seed, round),
                             ONEDVA_OK);
        }
        compare_floats_within(rows, TOLERANCE_NOISE, "noise");
        twin_free(rows);
    }
    twin_free(position);
}

/* ---- attention --------------------------------------------------------------------------- */

/* Windows of all tokens, whose rows are shuffled. */
static void check_attention(struct random *random, int head_dim, int heads, const int *lengths,
                            int count, float scale)
{
    const int positions = 50, in_place = random_below(random, 2);
    const int64_t width = (int64_t)heads * head_dim, stride = 3 * width + 4;
    int32_t begin[16] = {0}, rows[512], rope[512];
    struct twin qkv, dst, cosines, sines, windows[3];
    int max_length = 0;

    for (int i = 0; i < count; i++) {
        begin[i + 1] = begin[i] + lengths[i];
        max_length = lengths[i] > max_length ? lengths[i] : max_length;
    }
    for (int i = 0; i < begin[count]; i++) {
        const int j = random_below(random, i + 1);

        rows[i] = rows[j];
        rows[j] = i;
        rope[i] = random_below(random, positions + 1) - 1;
    }
    qkv = twin_floats(random, begin[count] * stride, scale);
    dst = twin_floats(random, begin[count] * width, 1);
    cosines = twin_floats(random, positions * head_dim / 2, 1);
    sines = twin_floats(random, positions * head_dim / 2, 1);
    windows[0] = twin_of(begin, (count + 1) * sizeof(*begin));
    windows[1] = twin_of(rows, begin[count] * sizeof(*rows));
    windows[2] = twin_of(rope, begin[count] * sizeof(*rope));
    for (int b = 0; b < 2; b++) {
        const struct odva_matrix from = {qkv.of[b], 0, stride, ODVA_FLOAT32};
        const struct odva_matrix to = {dst.of[b], 0, width, ODVA_FLOAT32};
        const struct odva_attention attention = {heads, head_dim, PRECISION, cosines.of[b],
                                                 sines.of[b]};
        const struct odva_windows all = {
            1, count - 1, max_length, windows[0].of[b], windows[1].of[b], windows[2].of[b]};

        assert_int_equal(
            backends[b]->ops->attention(backends[b], in_place ? from : to, from, &attention, &all),
            ONEDVA_OK);
    }
    compare_floats(in_place ? qkv : dst, TOLERANCE_ROUNDED, "attention");
    twin_free(qkv);
    twin_free(dst);
    twin_free(cosines);
    twin_free(sines);
    for (int i = 0; i < 3; i++)
        twin_free(windows[i]);
}

static inline void attention(void **state)
{
    struct random random = {6};
    static const int short_ones[] = {1, 1, 2, 15, 16, 17, 31, 32, 33}, long_ones[] = {3, 90, 130};
    const int is_exact = PRECISION == ODVA_PRECISION_EXACT; /* large scores do not do without */

    (void)state;
    check_attention(&random, 16, 3, short_ones, 9, 1);
    check_attention(&random, 32, 4, long_ones, 3, 1);
    check_attention(&random, 48, 2, short_ones, 9, is_exact ? 4 : 1);
    check_attention(&random, 64, 1, long_ones, 3, is_exact ? 30 : 1); /* one key takes all */
    check_attention(&random, 128, 1, short_ones, 9, 1);
    check_attention(&random, 256, 1, short_ones, 9, 1); /* more than shared memory usually has */
}

#define NETWORK_TESTS                                                                              \
    cmocka_unit_test(linear), cmocka_unit_test(linear_chain), cmocka_unit_test(norm_modulate),     \
        cmocka_unit_test(axpby), cmocka_unit_test(noise), cmocka_unit_test(attention)

#endif
