/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The host's processors. */
#ifndef ODVA_CPU_DEVICE_H
#define ODVA_CPU_DEVICE_H

#include "kernels/backend.h"
#include "kernels/cpu/dct.h"
#include "kernels/cpu/operators.h"

/** One instruction set of them. */
struct odva_cpu_device {
    struct odva_device base;
    const struct odva_cpu_operators *operators;
    struct odva_cpu_dct_tables dct;
};

/** @return 1: the C reference works everywhere */
int odva_cpu_probe(void);
/** @param operators struct odva_cpu_operators @return ONEDVA_OK, or ONEDVA_ERR_UNSUPPORTED after
 * one line where ONEDVA_CPU names some that cannot run here */
int odva_cpu_choose(const struct odva_device_wish *wish, const void **operators);
int odva_cpu_device_open(struct odva_device **device, const void *operators,
                         const struct odva_device_wish *wish);

/** Member of odva_device_ops. */
struct odva_backend *odva_cpu_backend_open(struct odva_device *device,
                                           struct odva_thread_pool *pool,
                                           const struct onedva_logger *logger);

#endif
