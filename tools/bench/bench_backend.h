/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What operators run on, to measure with. */
#ifndef ONEDVA_BENCH_BACKEND_H
#define ONEDVA_BENCH_BACKEND_H

#include "base/thread_pool.h"
#include "kernels/backend.h"

/** A backend and the threads that are lent to it. */
struct bench_backend {
    struct odva_thread_pool *pool;
    struct odva_backend *backend;
};

/** @param threads 0: one per processor @return ONEDVA_OK or an error */
int bench_backend_open_wish(struct bench_backend *bench, const struct odva_device_wish *wish,
                            int threads);
/** The CPU's. */
int bench_backend_open(struct bench_backend *bench, int threads, enum onedva_precision precision,
                       const struct onedva_logger *logger);
void bench_backend_close(struct bench_backend *bench);

#endif
