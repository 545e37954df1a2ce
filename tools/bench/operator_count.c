/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/bench/operator_count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/bench.h"
#include "tools/bench/median.h"

#define MAX_ROWS    64
#define MAX_RUNS    32
#define NAME_LENGTH 96

/** One operator with one shape. */
struct row {
    char name[NAME_LENGTH];
    enum machine_peak_kind bound;       /* what its rate is compared with */
    int64_t calls;                      /* of all runs */
    double operations, bytes, elements; /* of all runs */
    double seconds[MAX_RUNS];
};

static struct odva_backend *counted;
static const struct odva_backend_ops *real;
static const struct operator_machine *machine;
static struct row rows[MAX_ROWS];
static int row_count, runs;
static double peaks[PEAK_KINDS][MAX_RUNS], frequencies[MAX_RUNS];

static void add(const char *name, enum machine_peak_kind bound, double operations, double bytes,
                double elements, double seconds)
{
    int i = 0;

    while (i < row_count && strcmp(rows[i].name, name))
        i++;
    if (i == MAX_ROWS || !runs)
        return;
    if (i == row_count) {
        rows[row_count++] = (struct row){.bound = bound};
        snprintf(rows[i].name, sizeof(rows[i].name), "%s", name);
    }
    rows[i].calls++;
    rows[i].operations += operations;
    rows[i].bytes += bytes;
    rows[i].elements += elements;
    rows[i].seconds[runs - 1] += seconds;
}

/* ---- operators --------------------------------------------------------------------------- */

#define TIMED(call)                                                                                \
    const double start = machine->seconds(backend);                                                \
    const int status = real->call;                                                                 \
    const double seconds = machine->seconds(backend) - start

/* What a buffer holds from a byte on, to be freed. */
static void *contents(struct odva_backend *backend, const struct odva_buffer *buffer, size_t offset,
                      size_t bytes)
{
    void *data = bench_checked(malloc(bytes));

    bench_check(real->download(backend, buffer, offset, data, bytes));
    return data;
}

/* A chain counts as one operator: its steps take turns. */
static void add_linear(const struct odva_linear_step *steps, int count, int64_t n, double seconds)
{
    const char *const activations[] = {"", " GELU", " SiLU"};
    const struct operator_factors factors = machine->factors(steps[0].weights);
    double operations = 0, bytes = 0, elements = 0;
    char name[NAME_LENGTH] = "linear";

    for (int i = 0; i < count; i++) {
        const struct odva_epilogue *epilogue = &steps[i].epilogue;
        const size_t used = strlen(name);
        int in_width, out_width;
        double in, out;

        counted->device->ops->weights_size(steps[i].weights, &out_width, &in_width);
        in = in_width;
        out = out_width;
        snprintf(name + used, sizeof(name) - used, "%s%s %d to %d%s%s%s", i > 0 ? "," : "",
                 steps[i].norm ? " norm" : "", in_width, out_width,
                 activations[epilogue->activation], epilogue->gate.buffer ? " gate" : "",
                 epilogue->add.buffer ? " add" : "");
        operations += 2 * n * in * out;
        bytes += in * out * factors.size;
        if (steps[i].src.buffer)
            bytes += n * in * odva_element_size(steps[i].src.element);
        if (steps[i].dst.buffer)
            bytes += n * out * odva_element_size(steps[i].dst.element);
        if (epilogue->add.buffer)
            bytes += n * out * sizeof(float);
        elements += n * out;
    }
    snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s", factors.suffix);
    add(name, factors.peak, operations, bytes, elements, seconds);
}

static int linear(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix src,
                  int64_t n, const struct odva_weights *weights,
                  const struct odva_epilogue *epilogue)
{
    TIMED(linear(backend, dst, src, n, weights, epilogue));

    add_linear(&(struct odva_linear_step){dst, src, NULL, weights, *epilogue}, 1, n, seconds);
    return status;
}

static int linear_chain(struct odva_backend *backend, const struct odva_linear_step *steps,
                        int count, int64_t n)
{
    TIMED(linear_chain(backend, steps, count, n));

    add_linear(steps, count, n, seconds);
    return status;
}

static int norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                         struct odva_matrix src, int64_t n, int width,
                         const struct odva_modulation *modulation)
{
    TIMED(norm_modulate(backend, dst, src, n, width, modulation));

    add("norm and modulation", PEAK_COPY, 8.0 * n * width, 2.0 * n * width * sizeof(float),
        (double)n * width, seconds);
    return status;
}

static int attention(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix qkv,
                     const struct odva_attention *params, const struct odva_windows *windows)
{
    TIMED(attention(backend, dst, qkv, params, windows));
    int32_t *begin = contents(backend, windows->begin, windows->first * sizeof(*begin),
                              (windows->count + 1) * sizeof(*begin));
    const double width = (double)params->heads * params->head_dim;
    const struct operator_factors factors = params->precision == ODVA_PRECISION_NETWORK
                                                ? machine->factors(NULL)
                                                : (struct operator_factors){"", PEAK_FMA, 4};
    double products = 0, tokens = 0;
    char name[NAME_LENGTH];

    for (int w = 0; w < windows->count; w++) {
        const double length = begin[w + 1] - begin[w];

        products += length * length;
        tokens += length;
    }
    snprintf(name, sizeof(name), "attention, heads of %d%s", params->head_dim, factors.suffix);
    free(begin);
    add(name, factors.peak, 4 * products * width,
        4 * tokens * width * odva_element_size(qkv.element), tokens * width, seconds);
    return status;
}

static double grid_samples(const struct odva_grid *grid)
{
    return 1.5 * grid->frames * grid->width * grid->height;
}

static int patchify(struct odva_backend *backend, struct odva_matrix dst,
                    const struct odva_grid *grid, struct odva_image *const *images,
                    const struct odva_buffer *position, int64_t first, int64_t count)
{
    TIMED(patchify(backend, dst, grid, images, position, first, count));
    const double samples = (double)count * ODVA_PATCH_SAMPLES;

    add("patchify", PEAK_COPY, 2 * samples, samples * (1 + odva_element_size(dst.element)), samples,
        seconds);
    return status;
}

static int unpatchify(struct odva_backend *backend, struct odva_image *const *images,
                      const struct odva_grid *grid, struct odva_matrix src,
                      const struct odva_buffer *position, int64_t first, int64_t count)
{
    TIMED(unpatchify(backend, images, grid, src, position, first, count));
    const double samples = (double)count * ODVA_PATCH_SAMPLES;

    add("unpatchify", PEAK_COPY, 4 * samples, 5 * samples, samples, seconds);
    return status;
}

static int warp(struct odva_backend *backend, struct odva_image *const *images,
                struct odva_image *const *sources, const struct odva_warp *params,
                const struct odva_buffer *nodes)
{
    TIMED(warp(backend, images, sources, params, nodes));
    const double samples = 1.5 * params->frames * params->width * params->height;

    add("warp", PEAK_COPY, 16 * samples, 2 * samples, samples, seconds);
    return status;
}

static int deblock(struct odva_backend *backend, struct odva_image *const *images,
                   const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    TIMED(deblock(backend, images, grid, limit, kept));

    add("deblock", PEAK_COPY, 4 * grid_samples(grid), 2 * grid_samples(grid), grid_samples(grid),
        seconds);
    return status;
}

static int smooth(struct odva_backend *backend, struct odva_image *const *images,
                  const struct odva_grid *grid, int limit, const struct odva_buffer *kept)
{
    TIMED(smooth(backend, images, grid, limit, kept));

    add("smooth", PEAK_COPY, 80 * grid_samples(grid), 2 * grid_samples(grid), grid_samples(grid),
        seconds);
    return status;
}

static double image_samples(const struct odva_image *image)
{
    const struct odva_image_shape shape = real->image_shape(image);

    return (shape.has_chroma ? 1.5 : 1) * shape.width * shape.height;
}

static int downscale2x(struct odva_backend *backend, struct odva_image *dst, struct odva_image *src)
{
    TIMED(downscale2x(backend, dst, src));
    const double samples = image_samples(src);

    add("downscale2x", PEAK_COPY, samples, 1.25 * samples, samples, seconds);
    return status;
}

static int structure_tensors(struct odva_backend *backend, struct odva_buffer *tensors,
                             struct odva_image *a, struct odva_image *b)
{
    TIMED(structure_tensors(backend, tensors, a, b));
    const struct odva_image_shape shape = real->image_shape(a);
    const double samples = (double)shape.width * shape.height;

    add("block tensors", PEAK_COPY, 17 * samples,
        (2 + sizeof(struct odva_structure_tensor) / 16.0) * samples, samples, seconds);
    return status;
}

static int project(struct odva_backend *backend, struct odva_matrix coefs,
                   const struct odva_grid *grid, struct odva_image *const *images,
                   const struct odva_buffer *position, int64_t first, int64_t count,
                   const struct odva_basis *basis, const struct odva_bands *bands)
{
    TIMED(project(backend, coefs, grid, images, position, first, count, basis, bands));
    const double samples = (double)count * ODVA_PATCH_SAMPLES,
                 numbers = (double)count * bands->basis;
    char name[NAME_LENGTH];

    snprintf(name, sizeof(name), "projection, %d a patch", bands->basis);
    add(name, PEAK_INT16, 2 * ODVA_FRAME_SAMPLES * numbers, samples + numbers * sizeof(float),
        samples, seconds);
    return status;
}

/* What a tile's latents need: vectors that any of them is of, and tokens unless all are the same.
 */
struct need {
    int vectors, tokens;
};

static struct need need_of(const struct odva_dct_tile *tile, const int32_t *latents,
                           const int32_t *order)
{
    uint8_t used[ODVA_MOST_COEFS] = {0};
    struct need need = {0, 1};

    for (int i = 0; i < tile->coefficients; i++) {
        const int k = order[i] & ODVA_ORDER_MASK;

        if (!latents[i])
            continue;
        need.vectors += !used[k];
        used[k] = 1;
        if (order[i] >> ODVA_ORDER_BITS >= tile->ny * tile->nx)
            need.tokens = tile->nt;
    }
    return need;
}

static int reconstruct(struct odva_backend *backend, struct odva_image *const *images,
                       const struct odva_grid *grid, const struct odva_buffer *latents,
                       const struct odva_basis *basis, const struct odva_bands *bands,
                       const struct odva_dct_tile *tiles, int count, struct odva_image *prediction)
{
    TIMED(reconstruct(backend, images, grid, latents, basis, bands, tiles, count, prediction));
    int32_t *levels = contents(backend, latents, 0, real->buffer_size(latents));
    double products = 0, held = 0;

    for (int i = 0; i < count; i++) {
        const struct odva_dct_tile *tile = &tiles[i];
        int32_t *order = contents(backend, tile->order, 0, real->buffer_size(tile->order));
        const struct need need = need_of(tile, levels + tile->offset, order);
        const double numbers = (double)need.vectors * need.tokens * tile->ny * tile->nx;

        free(order);

        products += numbers * (ODVA_FRAME_SAMPLES + tile->nt + tile->ny + tile->nx);
        held += tile->coefficients;
    }
    free(levels);
    add("reconstruction", PEAK_INT16, 2 * products, held * sizeof(int32_t) + grid_samples(grid),
        grid_samples(grid), seconds);
    return status;
}

static int dct_forward(struct odva_backend *backend, struct odva_buffer *latents,
                       const struct odva_buffer *coefs, int basis,
                       const struct odva_dct_tile *tiles, int count)
{
    TIMED(dct_forward(backend, latents, coefs, basis, tiles, count));
    double numbers = 0, products = 0;

    for (int i = 0; i < count; i++) {
        const double n = (double)tiles[i].nt * tiles[i].ny * tiles[i].nx * basis;

        numbers += n;
        products += n * (tiles[i].nt + tiles[i].ny + tiles[i].nx);
    }
    add("DCT and scan", PEAK_COPY, 2 * products, 2 * numbers * sizeof(float), numbers, seconds);
    return status;
}

static int upload(struct odva_backend *backend, struct odva_buffer *buffer, size_t offset,
                  const void *data, size_t bytes)
{
    TIMED(upload(backend, buffer, offset, data, bytes));

    add("upload", PEAK_COPY, 0, 2.0 * bytes, bytes / 4.0, seconds);
    return status;
}

void operator_count_attach(struct odva_backend *backend, const struct operator_machine *on)
{
    static struct odva_backend_ops counting;

    counted = backend;
    machine = on;
    real = backend->ops;
    counting = *real;
    counting.linear = linear;
    counting.linear_chain = linear_chain;
    counting.norm_modulate = norm_modulate;
    counting.attention = attention;
    counting.patchify = patchify;
    counting.unpatchify = unpatchify;
    counting.warp = warp;
    counting.deblock = deblock;
    counting.smooth = smooth;
    counting.downscale2x = downscale2x;
    counting.structure_tensors = structure_tensors;
    counting.dct_forward = dct_forward;
    counting.project = project;
    counting.reconstruct = reconstruct;
    counting.upload = upload;
    backend->ops = &counting;
}

/* ---- the table --------------------------------------------------------------------------- */

static const char *const peak_names[PEAK_KINDS] = {"FMA", "BF16", "int8", "int16", "copy"};

void operator_count_reset(void)
{
    row_count = 0;
    runs = 0;
}

void operator_count_next_run(void)
{
    double measured[PEAK_KINDS] = {0};

    if (runs == MAX_RUNS)
        return;
    frequencies[runs] = machine->measure(counted, measured);
    for (int kind = 0; kind < PEAK_KINDS; kind++)
        peaks[kind][runs] = measured[kind];
    runs++;
}

static double median(const double *values)
{
    double sorted[MAX_RUNS];

    memcpy(sorted, values, runs * sizeof(*sorted));
    return bench_median(sorted, runs);
}

static int compare_rows(const void *a, const void *b)
{
    const double x = median(((const struct row *)a)->seconds);
    const double y = median(((const struct row *)b)->seconds);

    return (x < y) - (x > y);
}

/* Of each run what the row does, divided by what the machine does: the median. */
static double fraction(const struct row *row)
{
    const double work = (row->bound == PEAK_COPY ? row->bytes : row->operations) / runs;
    double fractions[MAX_RUNS];

    for (int i = 0; i < runs; i++)
        fractions[i] = row->seconds[i] > 0 && peaks[row->bound][i] > 0
                           ? work / row->seconds[i] / peaks[row->bound][i]
                           : 0;
    return median(fractions);
}

static void print_row(const struct row *row, int elements)
{
    const double seconds = median(row->seconds), work = row->operations / runs;

    printf("| %s | %.2f | %.1f | %.1f | %.2f of %s |", row->name, seconds * 1e3,
           row->bound == PEAK_COPY ? 0.0 : work / seconds * 1e-9,
           row->bytes / runs / seconds * 1e-9, fraction(row), peak_names[row->bound]);
    if (elements)
        printf(" %.2f |", seconds * median(frequencies) / (row->elements / runs));
    putchar('\n');
}

/* Products only: how long they would take at the peaks, against how long they took. */
static void print_sums(void)
{
    double all[MAX_RUNS] = {0}, products[MAX_RUNS] = {0}, ideal[MAX_RUNS] = {0};
    double fractions[MAX_RUNS];

    for (int r = 0; r < runs; r++) {
        for (int i = 0; i < row_count; i++) {
            all[r] += rows[i].seconds[r];
            if (rows[i].bound != PEAK_COPY && peaks[rows[i].bound][r] > 0) {
                products[r] += rows[i].seconds[r];
                ideal[r] += rows[i].operations / runs / peaks[rows[i].bound][r];
            }
        }
        fractions[r] = products[r] > 0 ? ideal[r] / products[r] : 0;
    }
    printf("\nAll operators: %.1f ms; products: %.1f ms, %.2f of the time being what they take at "
           "the peak.\n",
           median(all) * 1e3, median(products) * 1e3, median(fractions));
    for (int r = 0; r < runs; r++)
        fractions[r] = all[r] > 0 ? ideal[r] / all[r] : 0;
    printf("Products at the peak are %.2f of all operators' time.\n", median(fractions));
}

void operator_count_print(const char *title, int elements)
{
    qsort(rows, row_count, sizeof(*rows), compare_rows);
    printf("\n%s: medians of %d runs. Peaks: copy %.1f GB/s", title, runs,
           median(peaks[PEAK_COPY]) * 1e-9);
    for (int kind = 0; kind < PEAK_COPY; kind++)
        if (median(peaks[kind]) > 0)
            printf(", %s %.0f Gop/s", peak_names[kind], median(peaks[kind]) * 1e-9);
    if (median(frequencies) > 0)
        printf(", %.2f GHz", median(frequencies) * 1e-9);
    printf(".\n\n");
    printf("| operator | ms | Gop/s | GB/s | achieved |%s\n",
           elements ? " cycles per element |" : "");
    printf("|---|---|---|---|---|%s\n", elements ? "---|" : "");
    for (int i = 0; i < row_count; i++)
        print_row(&rows[i], elements);
    print_sums();
}
