/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/backend.h"

#include <stdio.h>

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

int odva_backend_open(struct odva_backend **backend, enum onedva_backend kind,
                      struct odva_thread_pool *pool, int bitexact, enum onedva_precision precision,
                      const struct onedva_logger *logger)
{
    const struct odva_backend_entry *entry = odva_registry_find(kind);
    int status;

    *backend = NULL;
    if (!entry)
        return refuse(kind, logger);
    status = entry->open(backend, pool, bitexact, precision, logger);
#ifdef ONEDVA_CHECKS
    if (status == ONEDVA_OK)
        odva_backend_check_calls(*backend);
#endif
    return status;
}

void odva_backend_close(struct odva_backend **backend)
{
    if (*backend)
        (*backend)->ops->close(*backend);
    *backend = NULL;
}
