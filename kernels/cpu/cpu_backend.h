/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The backend that runs on the host's processors. */
#ifndef ODVA_CPU_BACKEND_H
#define ODVA_CPU_BACKEND_H

#include "kernels/backend.h"

/** @return 1: the C reference works everywhere */
int odva_cpu_backend_probe(void);

/** See odva_backend_open. */
int odva_cpu_backend_open(struct odva_backend **backend, struct odva_thread_pool *pool,
                          int bitexact, enum onedva_precision precision,
                          const struct onedva_logger *logger);

#endif
