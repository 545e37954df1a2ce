/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/backend.h"

#ifdef ONEDVA_CHECKS
#include "kernels/checked_ops.h"
#endif

int odva_backend_open(struct odva_backend **backend, struct odva_device *device,
                      struct odva_thread_pool *pool, const struct onedva_logger *logger)
{
    *backend = device->ops->open_backend(device, pool, logger);
    if (!*backend)
        return ONEDVA_ERR_NOMEM;
    (*backend)->device = odva_device_reference(device);
    (*backend)->depth = 8;
#ifdef ONEDVA_CHECKS
    odva_backend_check_calls(*backend);
#endif
    return ONEDVA_OK;
}

void odva_backend_close(struct odva_backend **backend)
{
    struct odva_device *device = *backend ? (*backend)->device : NULL;

    if (*backend)
        (*backend)->ops->close(*backend);
    *backend = NULL;
    odva_device_release(&device);
}
