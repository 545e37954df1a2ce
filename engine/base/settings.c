/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/settings.h"

#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void odva_settings_give(void *settings, size_t size, const void *defaults, size_t known)
{
    memset(settings, 0, size);
    memcpy(settings, defaults, smaller(size, known));
    if (size >= sizeof(size))
        memcpy(settings, &size, sizeof(size));
}

int odva_settings_take(void *own, size_t known, const void *settings)
{
    const unsigned char *bytes = settings;
    size_t size;

    memcpy(&size, settings, sizeof(size));
    if (size < sizeof(size))
        return ONEDVA_ERR_ARGUMENT;
    memcpy(own, settings, smaller(size, known));
    memcpy(own, &known, sizeof(known));
    for (size_t i = known; i < size; i++)
        if (bytes[i])
            return ONEDVA_ERR_UNSUPPORTED;
    return ONEDVA_OK;
}
