/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The backends of this build. */
#ifndef ODVA_REGISTRY_H
#define ODVA_REGISTRY_H

#include "onedva/onedva.h"

struct odva_backend;
struct odva_thread_pool;

/** What a backend is known by. */
struct odva_backend_entry {
    enum onedva_backend kind;
    const char *name; /* as options call it */
    /** @return whether it works on this machine */
    int (*probe)(void);
    /** Parameters and results as in odva_backend_open. */
    int (*open)(struct odva_backend **backend, struct odva_thread_pool *pool, int bitexact,
                enum onedva_precision precision, const struct onedva_logger *logger);
};

/** @param index from 0, the fastest backend first @return NULL behind the last */
const struct odva_backend_entry *odva_registry_entry(int index);

/** @param kind AUTO: the fastest that works here @return NULL where this build has none */
const struct odva_backend_entry *odva_registry_find(enum onedva_backend kind);

#endif
