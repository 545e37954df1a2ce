/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "onedva/onedva.h"

#define TEXT(x)  #x
#define VALUE(x) TEXT(x)

const char *onedva_status_text(int status)
{
    switch (status) {
    case ONEDVA_OK:
        return "success";
    case ONEDVA_ERR_NOMEM:
        return "out of memory";
    case ONEDVA_ERR_ARGUMENT:
        return "argument out of range";
    case ONEDVA_ERR_DATA:
        return "damaged packet or stream header";
    case ONEDVA_ERR_VERSION:
        return "made with another version of the bitstream: encode it anew, or use that version";
    case ONEDVA_ERR_MODEL:
        return "damaged or unusable model file";
    case ONEDVA_ERR_MODEL_MISMATCH:
        return "stream was made with another model";
    case ONEDVA_ERR_NO_HEADER:
        return "packet before any stream header";
    case ONEDVA_ERR_IO:
        return "model file cannot be opened or read";
    case ONEDVA_ERR_LIMIT:
        return "larger than a limit in the settings";
    case ONEDVA_ERR_UNSUPPORTED:
        return "not supported by this build";
    case ONEDVA_ERR_DEVICE:
        return "a device failed or was lost";
    }
    return "unknown status";
}

const char *onedva_version(void)
{
    return VALUE(ONEDVA_VERSION_MAJOR) "." VALUE(ONEDVA_VERSION_MINOR) "." VALUE(
        ONEDVA_VERSION_PATCH);
}

int onedva_api_version(void)
{
    return ONEDVA_API_VERSION;
}
