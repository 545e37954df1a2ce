/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A model's matrices are packed once for all that use it, also for those that come at once. */
#include <pthread.h>

#include "kernels/device_array.h"
#include "model/linear_layer.h"
#include "network/diffusion_decoder.h"
#include "network/query_encoder.h"
#include "tests/support/backend.h"
#include "tests/support/test_clip.h"

#define THREADS 8

static struct odva_backend *open_backend(int bitexact)
{
    struct odva_backend *backend;

    assert_int_equal(odva_backend_open(&backend, ONEDVA_BACKEND_CPU, test_threads(1), bitexact,
                                       ONEDVA_PRECISION_BFLOAT16, NULL),
                     ONEDVA_OK);
    return backend;
}

/* Opens the decoder's output layer, which every model with a decoder has. */
static struct odva_linear_layer open_layer(const onedva_model *model, struct odva_backend *backend)
{
    struct odva_linear_layer layer;

    assert_int_equal(odva_linear_layer_load(&layer, backend, model, &model->weights->decoder.out,
                                            ODVA_PRECISION_NETWORK),
                     ONEDVA_OK);
    return layer;
}

/* Layers of backends of one packing have the same weights; others have their own. */
static void shared_by_packing(void **state)
{
    onedva_model *model = open_test_model();
    struct odva_backend *backends[] = {open_backend(0), open_backend(0), open_backend(1)};
    struct odva_linear_layer layers[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        layers[i] = open_layer(model, backends[i]);
    assert_ptr_equal(backends[0]->packing, backends[1]->packing);
    for (int i = 1; i < 3; i++)
        assert_int_equal(layers[0].weights == layers[i].weights,
                         backends[0]->packing == backends[i]->packing);
    assert_ptr_not_equal(layers[0].bias, layers[1].bias);
    for (int i = 0; i < 3; i++) {
        odva_linear_layer_close(&layers[i], backends[i]);
        odva_backend_close(&backends[i]);
    }
    onedva_model_close(&model);
}

/* A row of ones through the layer. */
static void run_layer(const struct odva_linear_layer *layer, struct odva_backend *backend,
                      float *result)
{
    struct odva_device_array src = {0}, dst = {0};
    float *ones;
    int n_out, n_in;

    backend->ops->weights_size(layer->weights, &n_out, &n_in);
    assert_int_equal(n_out, ODVA_PATCH_SAMPLES);
    ones = malloc(n_in * sizeof(*ones));
    assert_non_null(ones);
    for (int i = 0; i < n_in; i++)
        ones[i] = 1;
    assert_int_equal(odva_device_array_set(backend, &src, ones, n_in, sizeof(*ones)), ONEDVA_OK);
    assert_int_equal(odva_device_array_reserve(backend, &dst, n_out, sizeof(*ones)), ONEDVA_OK);
    assert_int_equal(odva_linear_layer_run(layer, backend, odva_device_array_rows(&dst, 0, n_out),
                                           odva_device_array_rows(&src, 0, n_in), 1,
                                           (struct odva_epilogue){0}),
                     ONEDVA_OK);
    assert_int_equal(
        backend->ops->download(backend, dst.buffer, 0, result, n_out * sizeof(*result)), ONEDVA_OK);
    odva_device_array_free(backend, &src);
    odva_device_array_free(backend, &dst);
    free(ones);
}

/* The backend that packed may be closed before another one computes. */
static void outlive_their_backend(void **state)
{
    onedva_model *model = open_test_model();
    struct odva_backend *first = open_backend(0), *second;
    struct odva_linear_layer layer = open_layer(model, first);
    const struct odva_weights *weights = layer.weights;
    static float expected[ODVA_PATCH_SAMPLES], result[ODVA_PATCH_SAMPLES];

    (void)state;
    run_layer(&layer, first, expected);
    odva_linear_layer_close(&layer, first);
    odva_backend_close(&first);
    second = open_backend(0);
    layer = open_layer(model, second);
    assert_ptr_equal(layer.weights, weights);
    run_layer(&layer, second, result);
    assert_memory_equal(result, expected, sizeof(result));
    odva_linear_layer_close(&layer, second);
    odva_backend_close(&second);
    onedva_model_close(&model);
}

struct worker {
    pthread_t thread;
    const onedva_model *model;
    int status;
};

/* Opens both networks, beside the other workers. */
static void *open_both(void *opaque)
{
    struct worker *worker = opaque;
    struct odva_backend *backend = open_backend(0);
    struct odva_query_encoder encoder = {0};
    struct odva_diffusion_decoder decoder = {0};

    worker->status = odva_query_encoder_open(&encoder, worker->model, backend, test_threads(1));
    if (worker->status == ONEDVA_OK)
        worker->status = odva_diffusion_decoder_open(&decoder, worker->model, backend);
    odva_query_encoder_close(&encoder);
    odva_diffusion_decoder_close(&decoder);
    odva_backend_close(&backend);
    return NULL;
}

static void packed_at_once(void **state)
{
    onedva_model *model = open_test_model();
    struct worker workers[THREADS];
    const struct odva_packed_matrix *last;

    (void)state;
    test_threads(1); /* before the workers, which would open it at once */
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.model = model};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, open_both, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].status, ONEDVA_OK);
    }
    last = model->weights->packed.first;
    assert_non_null(last);
    open_both(&workers[0]);
    assert_ptr_equal(model->weights->packed.first, last);
    onedva_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_by_packing),
        cmocka_unit_test(outlive_their_backend),
        cmocka_unit_test(packed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
