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
    /** The variant that a wish leads to: odva_device's. @return ONEDVA_OK or, after one line,
     * ONEDVA_ERR_UNSUPPORTED or ONEDVA_ERR_ARGUMENT */
    int (*choose)(const struct odva_device_wish *wish, const void **variant);
    /** @param wish that leads to the variant, not kept @return as odva_device_open */
    int (*open)(struct odva_device **device, const void *variant,
                const struct odva_device_wish *wish);
};

/** @param index from 0, the fastest backend first, the CPU's last @return NULL behind it */
const struct odva_backend_entry *odva_registry_entry(int index);

/** @return NULL where this build has none */
const struct odva_backend_entry *odva_registry_find(enum onedva_backend kind);

#endif
