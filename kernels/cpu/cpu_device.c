/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/cpu_device.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernels/cpu/basis.h"
#include "kernels/cpu/buffer.h"
#include "kernels/cpu/wide.h"

static void cpu_close(struct odva_device *device)
{
    free(device);
}

static struct odva_weights *pack(struct odva_device *device, const float *weights, int n_out,
                                 int n_in, enum odva_precision precision)
{
    return odva_cpu_weights_pack(weights, n_out, n_in, precision,
                                 ((struct odva_cpu_device *)device)->operators);
}

static void free_weights(struct odva_device *device, struct odva_weights *weights)
{
    (void)device;
    odva_cpu_weights_free(weights);
}

static void weights_size(const struct odva_weights *weights, int *n_out, int *n_in)
{
    *n_out = weights->n_out;
    *n_in = weights->n_in;
}

static struct odva_basis *pack_basis(struct odva_device *device, const int16_t *vectors, int count,
                                     const int16_t *mean)
{
    (void)device;
    return odva_cpu_basis_pack(vectors, count, mean);
}

static void free_basis(struct odva_device *device, struct odva_basis *basis)
{
    (void)device;
    odva_cpu_basis_free(basis);
}

static struct odva_buffer *constant(struct odva_device *device, const void *data, size_t bytes)
{
    struct odva_buffer *buffer = odva_cpu_buffer_alloc(bytes);

    (void)device;
    if (buffer)
        memcpy(buffer->data, data, bytes);
    return buffer;
}

static void free_constant(struct odva_device *device, struct odva_buffer *buffer)
{
    (void)device;
    odva_cpu_buffer_free(buffer);
}

static const struct odva_device_ops device_ops = {
    .close = cpu_close,
    .open_backend = odva_cpu_backend_open,
    .pack = pack,
    .free_weights = free_weights,
    .weights_size = weights_size,
    .pack_basis = pack_basis,
    .free_basis = free_basis,
    .constant = constant,
    .free_constant = free_constant,
};

int odva_cpu_probe(void)
{
    return 1;
}

int odva_cpu_choose(const struct odva_device_wish *wish, const void **operators)
{
    *operators = odva_cpu_operators_choose(wish->bitexact, wish->precision, wish->logger);
    if (*operators)
        return ONEDVA_OK;
    odva_log(wish->logger, ONEDVA_LOG_ERROR,
             "ONEDVA_CPU=%s cannot run here; use c, or unset it for the fastest",
             getenv("ONEDVA_CPU"));
    return ONEDVA_ERR_UNSUPPORTED;
}

int odva_cpu_device_open(struct odva_device **device, const void *operators,
                         const struct odva_device_wish *wish)
{
    struct odva_cpu_device *cpu = calloc(1, sizeof(*cpu));

    (void)wish;
    if (!cpu)
        return ONEDVA_ERR_NOMEM;
    cpu->operators = operators;
    cpu->base.ops = &device_ops;
    cpu->base.max_depth = ODVA_WIDE_DEPTH;
    cpu->base.network_element = cpu->operators->network_element;
    odva_cpu_dct_tables_init(&cpu->dct);
    *device = &cpu->base;
    return ONEDVA_OK;
}
