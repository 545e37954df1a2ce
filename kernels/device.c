/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/device.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/log.h"
#include "kernels/registry.h"
#ifdef ONEDVA_CHECKS
#include "kernels/checked_ops.h"
#endif

/* What this build has, as "cuda, cpu" where there are two. */
static void list_backends(char *text, size_t size)
{
    const struct odva_backend_entry *entry;
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; (entry = odva_registry_entry(i)) && used < size; i++)
        used += snprintf(text + used, size - used, "%s%s", i ? ", " : "", entry->name);
}

/* @return ONEDVA_ERR_UNSUPPORTED or ONEDVA_ERR_ARGUMENT, after one line */
static int refuse(enum onedva_backend kind, const struct onedva_logger *logger)
{
    char present[64];

    if (kind != ONEDVA_BACKEND_CUDA && kind != ONEDVA_BACKEND_VULKAN) {
        odva_log(logger, ONEDVA_LOG_ERROR, "backend %d does not exist", (int)kind);
        return ONEDVA_ERR_ARGUMENT;
    }
    list_backends(present, sizeof(present));
    odva_log(logger, ONEDVA_LOG_ERROR, "backend %s is not in this build; use %s or auto",
             kind == ONEDVA_BACKEND_CUDA ? "cuda" : "vulkan", present);
    return ONEDVA_ERR_UNSUPPORTED;
}

int odva_device_variant(const struct odva_device_wish *wish, const void **variant)
{
    const struct odva_backend_entry *entry = odva_registry_find(wish->kind);

    *variant = NULL;
    if (!entry)
        return refuse(wish->kind, wish->logger);
    *variant = entry->choose(wish);
    return *variant ? ONEDVA_OK : ONEDVA_ERR_UNSUPPORTED;
}

int odva_device_open(struct odva_device **device, const struct odva_device_wish *wish)
{
    const void *variant;
    const int status = odva_device_variant(wish, &variant);

    *device = NULL;
    if (status < 0)
        return status;
    *device = odva_registry_find(wish->kind)->open(variant);
    if (!*device)
        return ONEDVA_ERR_NOMEM;
    (*device)->variant = variant;
    atomic_init(&(*device)->references, 1);
#ifdef ONEDVA_CHECKS
    odva_device_check_calls(*device);
#endif
    return ONEDVA_OK;
}

struct odva_device *odva_device_reference(struct odva_device *device)
{
    ODVA_ASSERT(atomic_load(&device->references) > 0);
    atomic_fetch_add(&device->references, 1);
    return device;
}

void odva_device_release(struct odva_device **device)
{
    if (*device && atomic_fetch_sub(&(*device)->references, 1) == 1)
        (*device)->ops->close(*device);
    *device = NULL;
}
