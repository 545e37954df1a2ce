/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A model's devices are opened once, and given its weights once, for all that use the model, also
 * for those that come at once. */
#include <pthread.h>

#include "kernels/device_array.h"
#include "model/linear_layer.h"
#include "network/diffusion_decoder.h"
#include "network/query_encoder.h"
#include "tests/support/backend.h"
#include "tests/support/test_clip.h"
#include "transform/tile_tables.h"

#define THREADS 8

static struct odva_device *device_of(const onedva_model *model, int bitexact)
{
    const struct odva_device_wish wish = {.kind = ONEDVA_BACKEND_CPU,
                                          .index = ODVA_ANY_DEVICE,
                                          .bitexact = bitexact,
                                          .precision = ONEDVA_PRECISION_BFLOAT16};
    struct odva_device *device;

    assert_int_equal(odva_model_device(model, &wish, &device), ONEDVA_OK);
    return device;
}

static struct odva_backend *backend_on(struct odva_device *device)
{
    struct odva_backend *backend;

    assert_int_equal(odva_backend_open(&backend, device, test_threads(1), NULL), ONEDVA_OK);
    return backend;
}

/* The decoder's output layer, which every model with a decoder has. */
static struct odva_linear_layer layer_of(const onedva_model *model, struct odva_device *device)
{
    struct odva_device_weights *weights = odva_device_weights_of(model, device);
    struct odva_linear_layer layer;

    assert_non_null(weights);
    assert_int_equal(odva_linear_layer_load(&layer, weights, &model->weights->decoder.out,
                                            ODVA_PRECISION_NETWORK),
                     ONEDVA_OK);
    return layer;
}

/* A wish leads to the device that is open already, if that computes as is wished. */
static void devices_are_opened_once(void **state)
{
    onedva_model *model = open_test_model();
    struct odva_device *device = device_of(model, 0), *exact = device_of(model, 1);

    (void)state;
    assert_ptr_equal(device_of(model, 0), device);
    assert_ptr_equal(device_of(model, 1), exact);
    assert_int_equal(device == exact, device->variant == exact->variant);
    onedva_model_close(&model);
}

/* Layers on one device have the same weights; other devices have their own. */
static void shared_on_a_device(void **state)
{
    onedva_model *model = open_test_model();
    struct odva_backend *own = backend_of(ONEDVA_BACKEND_CPU, 1, 0, ONEDVA_PRECISION_BFLOAT16);
    struct odva_device *device = device_of(model, 0);
    const struct odva_linear_layer first = layer_of(model, device);
    const struct odva_linear_layer second = layer_of(model, device);
    const struct odva_linear_layer other = layer_of(model, own->device);

    (void)state;
    assert_ptr_equal(first.weights, second.weights);
    assert_ptr_equal(first.bias, second.bias);
    assert_ptr_not_equal(first.weights, other.weights);
    assert_ptr_not_equal(first.bias, other.bias);
    assert_ptr_equal(odva_device_basis(odva_device_weights_of(model, device)),
                     odva_device_basis(odva_device_weights_of(model, device)));
    assert_ptr_equal(odva_tile_tables_of(model, device), odva_tile_tables_of(model, device));
    odva_backend_close(&own); /* its device stays open for what the model holds there */
    onedva_model_close(&model);
}

/* A row of ones through the layer. */
static void run_layer(const struct odva_linear_layer *layer, struct odva_backend *backend,
                      float *result)
{
    struct odva_device_array src = {0}, dst = {0};
    float *ones;
    int n_out, n_in;

    backend->device->ops->weights_size(layer->weights, &n_out, &n_in);
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

/* The backend for which weights were packed may be closed before another one computes. */
static void outlive_their_backend(void **state)
{
    onedva_model *model = open_test_model();
    struct odva_device *device = device_of(model, 0);
    const struct odva_linear_layer layer = layer_of(model, device);
    struct odva_backend *backend = backend_on(device);
    static float expected[ODVA_PATCH_SAMPLES], result[ODVA_PATCH_SAMPLES];

    (void)state;
    run_layer(&layer, backend, expected);
    odva_backend_close(&backend);
    backend = backend_on(device);
    run_layer(&layer, backend, result);
    assert_memory_equal(result, expected, sizeof(result));
    odva_backend_close(&backend);
    onedva_model_close(&model);
}

struct worker {
    pthread_t thread;
    const onedva_model *model;
    int status;
};

/* Opens device and networks, beside the other workers. */
static void *open_both(void *opaque)
{
    struct worker *worker = opaque;
    struct odva_backend *backend = backend_on(device_of(worker->model, 0));
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

static int packings;
static const struct odva_device_ops *counted;

static struct odva_weights *counting_pack(struct odva_device *device, const float *weights,
                                          int n_out, int n_in, enum odva_precision precision)
{
    packings++;
    return counted->pack(device, weights, n_out, n_in, precision);
}

static void packed_at_once(void **state)
{
    onedva_model *model = open_test_model();
    struct odva_device_ops ops;
    struct worker workers[THREADS];

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
    counted = device_of(model, 0)->ops;
    ops = *counted;
    ops.pack = counting_pack;
    device_of(model, 0)->ops = &ops;
    open_both(&workers[0]);
    assert_int_equal(packings, 0);
    device_of(model, 0)->ops = counted;
    onedva_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_are_opened_once),
        cmocka_unit_test(shared_on_a_device),
        cmocka_unit_test(outlive_their_backend),
        cmocka_unit_test(packed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
