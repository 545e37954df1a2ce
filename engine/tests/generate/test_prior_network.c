/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The prior's network and flow against PyTorch, on every instruction set. */
#include <string.h>

#include "generate/latent_flow.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"

#define PRIOR     "fate/model/onedva-test-prior.safetensors"
#define CASES     4
#define TOLERANCE 2e-5
#define SEED      12 /* and what follows: tools/generate/make_golden.py */
#define CLIPS     2
#define STEPS     5
#define GUIDANCE  2.5f

static onedva_prior *prior;
static struct golden golden;

static int open_all(void **state)
{
    (void)state;
    assert_int_equal(onedva_prior_open(&prior, PRIOR, NULL), ONEDVA_OK);
    golden_open(&golden, GOLDEN "prior.safetensors");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    golden_close(&golden);
    onedva_prior_close(&prior);
    assert_null(prior);
    return 0;
}

/* x of both sets equals PyTorch's: the second one is of no class. */
static void check_case(struct odva_prior_network *network, int number)
{
    char prefix[8];
    int32_t *given;
    float *t, *z, *before, *expected, *x;
    int64_t count;

    snprintf(prefix, sizeof(prefix), "%d.", number);
    given = golden_ints(&golden, prefix, "case");
    t = golden_floats(&golden, prefix, "t");
    z = golden_floats(&golden, prefix, "z");
    before = golden_floats(&golden, prefix, "before");
    expected = golden_floats(&golden, prefix, "x");
    count = golden_find(&golden, prefix, "x")->count;
    x = malloc(2 * count * sizeof(*x));
    assert_non_null(x);
    for (int guided = 0; guided < 2; guided++) {
        const int is_none = given[1] == prior->config.classes;
        const struct odva_prior_sequence sequence = {.length = given[0],
                                                     .class_index = is_none ? -1 : given[1],
                                                     .is_guided = guided,
                                                     .before = given[2] ? before : NULL};

        assert_int_equal(odva_prior_network_set(network, &sequence), ONEDVA_OK);
        assert_int_equal(odva_prior_network_run(network, t[0], z, x), ONEDVA_OK);
        assert_close(x, expected, count, TOLERANCE, prefix);
        if (guided && is_none)
            assert_memory_equal(x, x + count, count * sizeof(*x));
        else if (guided)
            assert_memory_not_equal(x, x + count, count * sizeof(*x));
    }
    free(given);
    free(t);
    free(z);
    free(before);
    free(expected);
    free(x);
}

static void on_backend(struct odva_backend *backend)
{
    struct odva_prior_network network;

    assert_int_equal(odva_prior_network_open(&network, prior, backend), ONEDVA_OK);
    for (int i = 0; i < CASES; i++)
        check_case(&network, i);
    odva_prior_network_close(&network);
}

static void draw_on(struct odva_backend *backend)
{
    float *expected = golden_floats(&golden, "", "drawn");
    const int64_t count = golden_find(&golden, "", "drawn")->count / CLIPS;
    float *before = malloc(count * sizeof(*before));
    struct odva_latent_flow flow;

    assert_non_null(before);
    assert_int_equal(odva_latent_flow_open(&flow, prior, backend), ONEDVA_OK);
    for (int i = 0; i < CLIPS; i++) {
        const struct odva_flow_params params = {
            .sequence = {.length = prior->config.length,
                         .class_index = 1,
                         .before = i ? before : NULL},
            .steps = STEPS,
            .guidance = GUIDANCE,
            .seed = SEED,
            .clip = i,
        };

        assert_int_equal(odva_latent_flow_run(&flow, &params), ONEDVA_OK);
        assert_close(flow.z, expected + i * count, count, TOLERANCE, "drawn");
        memcpy(before, flow.z, count * sizeof(*before));
    }
    odva_latent_flow_close(&flow);
    free(before);
    free(expected);
}

static void evaluations(void **state)
{
    (void)state;
    for_each_cpu(2, on_backend);
}

static void flows(void **state)
{
    (void)state;
    for_each_cpu(2, draw_on);
}

/* What is drawn on the strict kernels is the same bits with any number of threads. */
static void strict(void **state)
{
    struct odva_latent_flow flow[2];
    const struct odva_flow_params params = {
        .sequence = {.length = 7, .class_index = 0}, .steps = 3, .guidance = 2, .seed = 5};
    struct odva_backend *backend[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        backend[i] = backend_of(ONEDVA_BACKEND_CPU, 1 + 3 * i, 1, ONEDVA_PRECISION_FLOAT32);
        assert_int_equal(odva_latent_flow_open(&flow[i], prior, backend[i]), ONEDVA_OK);
        assert_int_equal(odva_latent_flow_run(&flow[i], &params), ONEDVA_OK);
    }
    assert_memory_equal(flow[0].z, flow[1].z,
                        prior->config.tiles * 7 * ODVA_LATENT_TOKEN * sizeof(*flow[0].z));
    for (int i = 0; i < 2; i++) {
        odva_latent_flow_close(&flow[i]);
        odva_backend_close(&backend[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluations),
        cmocka_unit_test(flows),
        cmocka_unit_test(strict),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
