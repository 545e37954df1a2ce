/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/backend.h"

#include "base/log.h"
#include "base/thread_pool.h"
#include "kernels/cpu/cpu_backend.h"

int odva_backend_open(struct odva_backend **backend, enum onedva_backend kind, int threads,
                      int bitexact, enum onedva_precision precision,
                      const struct onedva_logger *logger)
{
    *backend = NULL;
    switch (kind) {
    case ONEDVA_BACKEND_AUTO:
    case ONEDVA_BACKEND_CPU:
        return odva_cpu_backend_open(backend, threads, bitexact, precision, logger);
    case ONEDVA_BACKEND_CUDA:
    case ONEDVA_BACKEND_VULKAN:
        odva_log(logger, ONEDVA_LOG_ERROR, "backend %s is not in this build; use cpu or auto",
                 kind == ONEDVA_BACKEND_CUDA ? "cuda" : "vulkan");
        return ONEDVA_ERR_UNSUPPORTED;
    }
    return ONEDVA_ERR_ARGUMENT;
}

void odva_backend_close(struct odva_backend **backend)
{
    if (*backend)
        (*backend)->ops->close(*backend);
    *backend = NULL;
}

void odva_backend_parallel_for(struct odva_backend *backend, int64_t count, odva_task_fn fn,
                               void *opaque)
{
    odva_thread_pool_run(backend->pool, count, fn, opaque);
}

int odva_backend_workers(const struct odva_backend *backend)
{
    return odva_thread_pool_workers(backend->pool);
}
