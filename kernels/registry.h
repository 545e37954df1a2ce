/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The backends of this build. */
#ifndef ODVA_REGISTRY_H
#define ODVA_REGISTRY_H

#include "onedva/onedva.h"

struct odva_device;
struct odva_device_wish;

/** What a backend is known by. */
struct odva_backend_entry {
    enum onedva_backend kind;
    const char *name; /* as options call it */
    /** @return whether it works on this machine */
    int (*probe)(void);
    /** The variant of odva_device_variant. @return NULL, after one line, where there is none */
    const void *(*choose)(const struct odva_device_wish *wish);
    /** @return NULL when memory ran out */
    struct odva_device *(*open)(const void *variant);
};

/** @param index from 0, the fastest backend first @return NULL behind the last */
const struct odva_backend_entry *odva_registry_entry(int index);

/** @param kind AUTO: the fastest that works here @return NULL where this build has none */
const struct odva_backend_entry *odva_registry_find(enum onedva_backend kind);

#endif
