/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * This engine's matrix products beside those of oneDNN and OpenBLAS, at the shapes of its networks,
 * with one thread, in turns: the median of RUNS. All have their weights packed beforehand but
 * OpenBLAS, which has no such call. With bfloat16 both read rows of it and write them, as between
 * the network's operators, or both begin and end with floats, where oneDNN rounds the rows in a
 * step of its own. With 8 bits both begin and end with bfloat16, oneDNN scales the rows in a step
 * of its own, and both have a scale for each output; the engine finds another for each row.
 *
 * make gemm-bench [RUNS=n]
 */
#include <cblas.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/backend.h"
#include "kernels/device_array.h"
#include "tools/bench/bench.h"
#include "tools/bench/bench_backend.h"
#include "tools/bench/machine_peak.h"
#include "tools/bench/median.h"

#ifndef RUNS
#define RUNS 31
#endif

/** A product y [rows][n_out] = x [rows][n_in] w^T, w [n_out][n_in]. */
struct product {
    int rows, n_in, n_out;
    float *x, *w, *y;
    uint16_t *rounded_x; /* bfloat16 */
};

static void fail(const char *what)
{
    fprintf(stderr, "gemm_peers: %s failed\n", what);
    exit(1);
}

/* @return half of the bits of each number, the upper ones, which are a bfloat16 number */
static uint16_t *cut_to_bfloat16(const float *src, size_t count)
{
    uint16_t *dst = bench_checked(malloc(count * sizeof(*dst)));

    for (size_t i = 0; i < count; i++) {
        uint32_t bits;

        memcpy(&bits, &src[i], sizeof(bits));
        dst[i] = (uint16_t)(bits >> 16);
    }
    return dst;
}

/* ---- this engine ------------------------------------------------------------------------- */

struct engine_product {
    struct odva_backend *backend;
    struct odva_weights *weights;
    struct odva_device_array x, y, rounded_x; /* rounded: bfloat16 */
};

static void engine_open(struct engine_product *e, struct odva_backend *backend,
                        const struct product *p, enum odva_precision precision)
{
    const size_t count = (size_t)p->rows * p->n_in;

    *e = (struct engine_product){.backend = backend};
    e->weights = bench_checked(
        backend->device->ops->pack(backend->device, p->w, p->n_out, p->n_in, precision));
    if (odva_device_array_set(backend, &e->x, p->x, count, sizeof(float)) < 0 ||
        odva_device_array_set(backend, &e->rounded_x, p->rounded_x, count, sizeof(*p->rounded_x)) <
            0 ||
        odva_device_array_reserve(backend, &e->y, (int64_t)p->rows * p->n_out, sizeof(float)) < 0)
        fail("allocation");
}

static void engine_run(struct engine_product *e, const struct product *p, enum odva_element element)
{
    const struct odva_epilogue none = {0};
    struct odva_matrix y = odva_device_array_rows(&e->y, 0, p->n_out), x;

    x = odva_device_array_rows(element == ODVA_BFLOAT16 ? &e->rounded_x : &e->x, 0, p->n_in);
    x.element = y.element = element;
    if (e->backend->ops->linear(e->backend, y, x, p->rows, e->weights, &none) < 0)
        fail("linear");
}

static void engine_close(struct engine_product *e)
{
    e->backend->device->ops->free_weights(e->backend->device, e->weights);
    odva_device_array_free(e->backend, &e->x);
    odva_device_array_free(e->backend, &e->rounded_x);
    odva_device_array_free(e->backend, &e->y);
}

/* ---- oneDNN ------------------------------------------------------------------------------ */

struct onednn_product {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t rounding, primitive;
    dnnl_memory_t given;     /* x before the rounding */
    dnnl_memory_t memory[3]; /* x, w, y */
};

static void check(dnnl_status_t status)
{
    if (status != dnnl_success)
        fail("oneDNN");
}

static dnnl_memory_desc_t matrix_of(int rows, int columns, dnnl_data_type_t type,
                                    dnnl_format_tag_t tag)
{
    const dnnl_dims_t dims = {rows, columns};
    dnnl_memory_desc_t desc;

    check(dnnl_memory_desc_init_by_tag(&desc, 2, dims, type, tag));
    return desc;
}

static void reorder(const struct onednn_product *o, dnnl_primitive_t primitive, dnnl_memory_t from,
                    dnnl_memory_t to)
{
    check(dnnl_primitive_execute(
        primitive, o->stream, 2,
        (const dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}));
    check(dnnl_stream_wait(o->stream));
}

/* data, in a plain order, as what a primitive wants. @param from, primitive get what it
 * takes to do so again */
static dnnl_memory_t reordered(const struct onednn_product *o, const dnnl_memory_desc_t *plain,
                               void *data, const dnnl_memory_desc_t *wanted, dnnl_memory_t *from,
                               dnnl_primitive_t *primitive)
{
    dnnl_memory_t to;
    dnnl_primitive_desc_t desc;

    check(dnnl_memory_create(from, plain, o->engine, data));
    check(dnnl_memory_create(&to, wanted, o->engine, DNNL_MEMORY_ALLOCATE));
    check(dnnl_reorder_primitive_desc_create(&desc, plain, o->engine, wanted, o->engine, NULL));
    check(dnnl_primitive_create(primitive, desc));
    check(dnnl_primitive_desc_destroy(desc));
    reorder(o, *primitive, *from, to);
    return to;
}

/* What the steps of each output's weights are worth. */
static void set_scales(dnnl_primitive_attr_t attributes, int n_out)
{
    float *scales = bench_random_floats(n_out);

    check(dnnl_primitive_attr_set_output_scales(attributes, n_out, 1 << 1, scales));
    free(scales);
}

/* What rows are given in, and what rows, weights and results of a product are made of. */
struct types {
    dnnl_data_type_t given, x, w, y;
};

static void onednn_open(struct onednn_product *o, const struct product *p, struct types types)
{
    const dnnl_memory_desc_t x_plain = matrix_of(p->rows, p->n_in, types.given, dnnl_ab);
    const dnnl_memory_desc_t w_plain = matrix_of(p->n_in, p->n_out, dnnl_f32, dnnl_ba);
    const dnnl_memory_desc_t x = matrix_of(p->rows, p->n_in, types.x, dnnl_ab);
    const dnnl_memory_desc_t w = matrix_of(p->n_in, p->n_out, types.w, dnnl_format_tag_any);
    const dnnl_memory_desc_t y = matrix_of(p->rows, p->n_out, types.y, dnnl_ab);
    dnnl_primitive_attr_t attributes;
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t packing;
    dnnl_memory_t plain;

    check(dnnl_engine_create(&o->engine, dnnl_cpu, 0));
    check(dnnl_stream_create(&o->stream, o->engine, dnnl_stream_default_flags));
    check(dnnl_matmul_desc_init(&matmul, &x, &w, NULL, &y));
    check(dnnl_primitive_attr_create(&attributes));
    if (types.w == dnnl_s8)
        set_scales(attributes, p->n_out);
    check(dnnl_primitive_desc_create(&desc, &matmul, attributes, o->engine, NULL));
    check(dnnl_primitive_attr_destroy(attributes));
    check(dnnl_primitive_create(&o->primitive, desc));
    o->memory[0] =
        reordered(o, &x_plain, types.given == dnnl_f32 ? (void *)p->x : (void *)p->rounded_x, &x,
                  &o->given, &o->rounding);
    o->memory[1] =
        reordered(o, &w_plain, p->w, dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0),
                  &plain, &packing);
    check(dnnl_primitive_destroy(packing));
    check(dnnl_memory_destroy(plain));
    check(dnnl_memory_create(&o->memory[2], &y, o->engine, p->y));
    check(dnnl_primitive_desc_destroy(desc));
}

static void onednn_run(struct onednn_product *o, int with_rounding)
{
    if (with_rounding)
        reorder(o, o->rounding, o->given, o->memory[0]);
    check(dnnl_primitive_execute(o->primitive, o->stream, 3,
                                 (const dnnl_exec_arg_t[]){{DNNL_ARG_SRC, o->memory[0]},
                                                           {DNNL_ARG_WEIGHTS, o->memory[1]},
                                                           {DNNL_ARG_DST, o->memory[2]}}));
    check(dnnl_stream_wait(o->stream));
}

static void onednn_close(struct onednn_product *o)
{
    for (int i = 0; i < 3; i++)
        check(dnnl_memory_destroy(o->memory[i]));
    check(dnnl_memory_destroy(o->given));
    check(dnnl_primitive_destroy(o->rounding));
    check(dnnl_primitive_destroy(o->primitive));
    check(dnnl_stream_destroy(o->stream));
    check(dnnl_engine_destroy(o->engine));
}

/* ---- in turns ---------------------------------------------------------------------------- */

enum {
    ENGINE_F32,
    ONEDNN_F32,
    OPENBLAS_F32,
    ENGINE_BF16,
    ONEDNN_BF16,
    ENGINE_ROUNDING,
    ONEDNN_ROUNDING,
    ENGINE_INT8,
    ONEDNN_INT8,
    PEERS
};

/* A product in every precision that both have. */
struct products {
    struct product plain;
    struct engine_product engine[3];
    struct onednn_product onednn[4];
};

/* @param backend of bfloat16, and of 8 bits */
static void products_open(struct products *s, struct odva_backend *const backend[2], int rows,
                          int n_in, int n_out)
{
    struct product *p = &s->plain;

    *p = (struct product){rows,
                          n_in,
                          n_out,
                          bench_random_floats((size_t)rows * n_in),
                          bench_random_floats((size_t)n_out * n_in),
                          bench_random_floats((size_t)rows * n_out),
                          NULL};
    p->rounded_x = cut_to_bfloat16(p->x, (size_t)rows * n_in);
    engine_open(&s->engine[0], backend[0], p, ODVA_PRECISION_EXACT);
    engine_open(&s->engine[1], backend[0], p, ODVA_PRECISION_NETWORK);
    engine_open(&s->engine[2], backend[1], p, ODVA_PRECISION_NETWORK);
    onednn_open(&s->onednn[0], p, (struct types){dnnl_f32, dnnl_f32, dnnl_f32, dnnl_f32});
    onednn_open(&s->onednn[1], p, (struct types){dnnl_bf16, dnnl_bf16, dnnl_bf16, dnnl_bf16});
    onednn_open(&s->onednn[2], p, (struct types){dnnl_f32, dnnl_bf16, dnnl_bf16, dnnl_f32});
    onednn_open(&s->onednn[3], p, (struct types){dnnl_bf16, dnnl_u8, dnnl_s8, dnnl_bf16});
}

static void products_close(struct products *s)
{
    for (int i = 0; i < 3; i++)
        engine_close(&s->engine[i]);
    for (int i = 0; i < 4; i++)
        onednn_close(&s->onednn[i]);
    free(s->plain.x);
    free(s->plain.rounded_x);
    free(s->plain.w);
    free(s->plain.y);
}

static void run_peer(struct products *s, int peer)
{
    const struct product *p = &s->plain;

    switch (peer) {
    case ENGINE_F32:
        engine_run(&s->engine[0], p, ODVA_FLOAT32);
        break;
    case ONEDNN_F32:
        onednn_run(&s->onednn[0], 0);
        break;
    case OPENBLAS_F32:
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, p->rows, p->n_out, p->n_in, 1, p->x,
                    p->n_in, p->w, p->n_in, 0, p->y, p->n_out);
        break;
    case ENGINE_BF16:
        engine_run(&s->engine[1], p, ODVA_BFLOAT16);
        break;
    case ONEDNN_BF16:
        onednn_run(&s->onednn[1], 0);
        break;
    case ENGINE_ROUNDING:
        engine_run(&s->engine[1], p, ODVA_FLOAT32);
        break;
    case ONEDNN_ROUNDING:
        onednn_run(&s->onednn[2], 1);
        break;
    case ENGINE_INT8:
        engine_run(&s->engine[2], p, ODVA_BFLOAT16);
        break;
    case ONEDNN_INT8:
        onednn_run(&s->onednn[3], 1);
        break;
    }
}

static void print_beside(double engine, double onednn)
{
    printf("| %.0f | %.0f | %.2f ", engine, onednn, engine / onednn);
}

static void bench(struct odva_backend *const backend[2], int rows, int n_in, int n_out)
{
    struct products s;
    double seconds[PEERS][RUNS], speed[PEERS], peak[2][RUNS];

    products_open(&s, backend, rows, n_in, n_out);
    for (int i = 0; i < RUNS; i++) {
        peak[0][i] = 1e-9 * machine_peak(PEAK_FMA);
        peak[1][i] = 1e-9 * machine_peak(PEAK_BF16);
        for (int peer = 0; peer < PEERS; peer++) {
            double start;

            run_peer(&s,
                     peer); /* so that all begin with their own weights and rows in the caches */
            start = machine_thread_seconds();
            run_peer(&s, peer);
            seconds[peer][i] = machine_thread_seconds() - start;
        }
    }
    for (int peer = 0; peer < PEERS; peer++)
        speed[peer] = 2e-9 * rows * n_in * n_out / bench_median(seconds[peer], RUNS);
    printf("| %d x %d -> %d ", rows, n_in, n_out);
    print_beside(speed[ENGINE_F32], speed[ONEDNN_F32]);
    printf("| %.0f | %.2f ", speed[OPENBLAS_F32], speed[ENGINE_F32] / bench_median(peak[0], RUNS));
    print_beside(speed[ENGINE_BF16], speed[ONEDNN_BF16]);
    printf("| %.2f ", speed[ENGINE_BF16] / bench_median(peak[1], RUNS));
    print_beside(speed[ENGINE_ROUNDING], speed[ONEDNN_ROUNDING]);
    print_beside(speed[ENGINE_INT8], speed[ONEDNN_INT8]);
    puts("|");
    products_close(&s);
}

int main(void)
{
    static const int rows[] = {256, 3680}, width[] = {128, 320};
    struct bench_backend engine[2];
    struct odva_backend *backend[2];

    if (bench_backend_open(&engine[0], 1, ONEDVA_PRECISION_BFLOAT16, NULL) < 0 ||
        bench_backend_open(&engine[1], 1, ONEDVA_PRECISION_INT8, NULL) < 0)
        fail("opening the engine");
    backend[0] = engine[0].backend;
    backend[1] = engine[1].backend;
    printf("GFLOP/s, one thread, median of %d.\n\n", RUNS);
    puts("| rows x in -> out | f32 | oneDNN | of oneDNN | OpenBLAS | of the peak "
         "| bf16 | oneDNN | of oneDNN | of the peak | bf16 of floats | oneDNN | of oneDNN "
         "| int8 | oneDNN | of oneDNN |");
    puts("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (int r = 0; r < 2; r++) {
        for (int w = 0; w < 2; w++) {
            const int d = width[w];

            bench(backend, rows[r], d, 3 * d);
            bench(backend, rows[r], d, d);
            bench(backend, rows[r], d, 4 * d);
            bench(backend, rows[r], 4 * d, d);
            bench(backend, rows[r], d, 1536);
        }
    }
    bench_backend_close(&engine[0]);
    bench_backend_close(&engine[1]);
    return 0;
}
