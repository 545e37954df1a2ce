/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * This engine's matrix products beside those of oneDNN and OpenBLAS, at the shapes of its networks,
 * with one thread, in turns: the median of RUNS. All have their weights packed beforehand but
 * OpenBLAS, which has no such call.
 *
 * make gemm-bench
 */
#include <cblas.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "backend.h"
#include "bench_clip.h"
#include "machine_peak.h"
#include "median.h"

#define RUNS 31

/** A product y [rows][n_out] = x [rows][n_in] w^T, w [n_out][n_in]. */
struct product {
    int rows, n_in, n_out;
    float *x, *w, *y;
};

static void fail(const char *what)
{
    fprintf(stderr, "gemm_peers: %s failed\n", what);
    exit(1);
}

/* ---- this engine ------------------------------------------------------------------------- */

struct engine_product {
    struct odva_backend *backend;
    struct odva_weights *weights;
    struct odva_array x, y;
};

static void engine_open(struct engine_product *e, struct odva_backend *backend,
                        const struct product *p, enum odva_precision precision)
{
    *e = (struct engine_product){.backend = backend};
    e->weights = bench_checked(backend->ops->pack(backend, p->w, p->n_out, p->n_in, precision));
    if (odva_array_set(backend, &e->x, p->x, (int64_t)p->rows * p->n_in, sizeof(float)) < 0 ||
        odva_array_reserve(backend, &e->y, (int64_t)p->rows * p->n_out, sizeof(float)) < 0)
        fail("allocation");
}

static void engine_run(struct engine_product *e, const struct product *p)
{
    const struct odva_epilogue none = {0};

    if (e->backend->ops->linear(e->backend, odva_array_rows(&e->y, 0, p->n_out),
                                odva_array_rows(&e->x, 0, p->n_in), p->rows, e->weights, &none) < 0)
        fail("linear");
}

static void engine_close(struct engine_product *e)
{
    e->backend->ops->free_weights(e->backend, e->weights);
    odva_array_free(e->backend, &e->x);
    odva_array_free(e->backend, &e->y);
}

/* ---- oneDNN ------------------------------------------------------------------------------ */

struct onednn_product {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
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

/* data, of floats in a plain order, as what a primitive wants */
static dnnl_memory_t reordered(const struct onednn_product *o, const dnnl_memory_desc_t *plain,
                               void *data, const dnnl_memory_desc_t *wanted)
{
    dnnl_memory_t from, to;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;

    check(dnnl_memory_create(&from, plain, o->engine, data));
    check(dnnl_memory_create(&to, wanted, o->engine, DNNL_MEMORY_ALLOCATE));
    check(dnnl_reorder_primitive_desc_create(&desc, plain, o->engine, wanted, o->engine, NULL));
    check(dnnl_primitive_create(&primitive, desc));
    check(dnnl_primitive_execute(
        primitive, o->stream, 2,
        (const dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}));
    check(dnnl_stream_wait(o->stream));
    check(dnnl_primitive_destroy(primitive));
    check(dnnl_primitive_desc_destroy(desc));
    check(dnnl_memory_destroy(from));
    return to;
}

/* @param type of x and w; y is of floats */
static void onednn_open(struct onednn_product *o, const struct product *p, dnnl_data_type_t type)
{
    const dnnl_memory_desc_t x_plain = matrix_of(p->rows, p->n_in, dnnl_f32, dnnl_ab);
    const dnnl_memory_desc_t w_plain = matrix_of(p->n_in, p->n_out, dnnl_f32, dnnl_ba);
    const dnnl_memory_desc_t x = matrix_of(p->rows, p->n_in, type, dnnl_ab);
    const dnnl_memory_desc_t w = matrix_of(p->n_in, p->n_out, type, dnnl_format_tag_any);
    const dnnl_memory_desc_t y = matrix_of(p->rows, p->n_out, dnnl_f32, dnnl_ab);
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_desc_t desc;

    check(dnnl_engine_create(&o->engine, dnnl_cpu, 0));
    check(dnnl_stream_create(&o->stream, o->engine, dnnl_stream_default_flags));
    check(dnnl_matmul_desc_init(&matmul, &x, &w, NULL, &y));
    check(dnnl_primitive_desc_create(&desc, &matmul, NULL, o->engine, NULL));
    check(dnnl_primitive_create(&o->primitive, desc));
    o->memory[0] = reordered(o, &x_plain, p->x, &x);
    o->memory[1] =
        reordered(o, &w_plain, p->w, dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0));
    check(dnnl_memory_create(&o->memory[2], &y, o->engine, p->y));
    check(dnnl_primitive_desc_destroy(desc));
}

static void onednn_run(struct onednn_product *o)
{
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
    check(dnnl_primitive_destroy(o->primitive));
    check(dnnl_stream_destroy(o->stream));
    check(dnnl_engine_destroy(o->engine));
}

/* ---- in turns ---------------------------------------------------------------------------- */

enum { ENGINE_F32, ONEDNN_F32, OPENBLAS_F32, ENGINE_BF16, ONEDNN_BF16, PEERS };

static void bench(struct odva_backend *backend, int rows, int n_in, int n_out)
{
    struct product p = {rows,
                        n_in,
                        n_out,
                        bench_random_floats((size_t)rows * n_in),
                        bench_random_floats((size_t)n_out * n_in),
                        bench_random_floats((size_t)rows * n_out)};
    struct engine_product engine[2];
    struct onednn_product onednn[2];
    double seconds[PEERS][RUNS], speed[PEERS];

    engine_open(&engine[0], backend, &p, ODVA_PRECISION_EXACT);
    engine_open(&engine[1], backend, &p, ODVA_PRECISION_NETWORK);
    onednn_open(&onednn[0], &p, dnnl_f32);
    onednn_open(&onednn[1], &p, dnnl_bf16);
    for (int i = 0; i < RUNS; i++) {
        for (int peer = 0; peer < PEERS; peer++) {
            const double start = machine_thread_seconds();

            if (peer == ENGINE_F32 || peer == ENGINE_BF16)
                engine_run(&engine[peer == ENGINE_BF16], &p);
            else if (peer == ONEDNN_F32 || peer == ONEDNN_BF16)
                onednn_run(&onednn[peer == ONEDNN_BF16]);
            else
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, n_out, n_in, 1, p.x,
                            n_in, p.w, n_in, 0, p.y, n_out);
            seconds[peer][i] = machine_thread_seconds() - start;
        }
    }
    for (int peer = 0; peer < PEERS; peer++)
        speed[peer] = 2e-9 * rows * n_in * n_out / bench_median(seconds[peer], RUNS);
    printf("| %d x %d -> %d | %.0f | %.0f | %.0f | %.2f | %.0f | %.0f | %.2f |\n", rows, n_in,
           n_out, speed[ENGINE_F32], speed[ONEDNN_F32], speed[OPENBLAS_F32],
           speed[ENGINE_F32] / speed[ONEDNN_F32], speed[ENGINE_BF16], speed[ONEDNN_BF16],
           speed[ENGINE_BF16] / speed[ONEDNN_BF16]);
    for (int i = 0; i < 2; i++) {
        engine_close(&engine[i]);
        onednn_close(&onednn[i]);
    }
    free(p.x);
    free(p.w);
    free(p.y);
}

int main(void)
{
    static const int rows[] = {256, 3680}, width[] = {128, 320};
    struct odva_backend *backend;

    if (odva_backend_open(&backend, ONEDVA_BACKEND_CPU, 1, 0, ONEDVA_PRECISION_BFLOAT16, NULL) < 0)
        fail("opening the engine");
    printf("GFLOP/s, one thread, median of %d.\n\n", RUNS);
    puts("| rows x in -> out | f32 | oneDNN | OpenBLAS | of oneDNN | bf16 | oneDNN | of oneDNN |");
    puts("|---|---|---|---|---|---|---|---|");
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
    odva_backend_close(&backend);
    return 0;
}
