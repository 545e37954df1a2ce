/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/bench/bench_backend.h"

int bench_backend_open_wish(struct bench_backend *bench, const struct odva_device_wish *wish,
                            int threads)
{
    struct odva_device *device;
    int status = odva_device_open(&device, wish, NULL);

    *bench = (struct bench_backend){0};
    if (status == ONEDVA_OK)
        status = odva_thread_pool_open(&bench->pool, threads);
    if (status == ONEDVA_OK)
        status = odva_backend_open(&bench->backend, device, bench->pool, wish->logger);
    odva_device_release(&device);
    if (status < 0)
        bench_backend_close(bench);
    return status;
}

int bench_backend_open(struct bench_backend *bench, int threads, enum onedva_precision precision,
                       const struct onedva_logger *logger)
{
    const struct odva_device_wish wish = {.kind = ONEDVA_BACKEND_CPU,
                                          .index = ODVA_ANY_DEVICE,
                                          .precision = precision,
                                          .logger = logger};

    return bench_backend_open_wish(bench, &wish, threads);
}

void bench_backend_close(struct bench_backend *bench)
{
    odva_backend_close(&bench->backend);
    odva_thread_pool_close(&bench->pool);
}
