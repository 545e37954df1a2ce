/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The host's threads. One owner uses a pool at a time. */
#ifndef ODVA_THREAD_POOL_H
#define ODVA_THREAD_POOL_H

#include <stdint.h>

#include "backend.h"

struct odva_thread_pool;

/**
 * @param threads the caller's included, 0: one per online processor. Fewer run when the system
 *                refuses more.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_thread_pool_open(struct odva_thread_pool **pool, int threads);
void odva_thread_pool_close(struct odva_thread_pool **pool);
int odva_thread_pool_workers(const struct odva_thread_pool *pool);

/** See odva_backend_parallel_for. */
void odva_thread_pool_run(struct odva_thread_pool *pool, int64_t count, odva_task_fn fn,
                          void *opaque);

#endif
