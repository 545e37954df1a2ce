/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Settings structures of the public interface grow at their end. They begin with their size as the
 * caller was compiled with it, which may be smaller or larger than what this library knows.
 */
#ifndef ODVA_SETTINGS_H
#define ODVA_SETTINGS_H

#include <stddef.h>

#include "onedva/onedva.h"

/** What is said of ONEDVA_ERR_UNSUPPORTED. */
#define ODVA_UNKNOWN_SETTING                                                                       \
    "a setting is of a later version than this library; update libonedva, or leave it out"

/**
 * Give a caller the defaults: as many of the known bytes as it has room for, and 0 behind them.
 * @param size of the caller's structure
 */
void odva_settings_give(void *settings, size_t size, const void *defaults, size_t known);

/**
 * Take a caller's settings over defaults: what it does not know keeps its default.
 * @param own the defaults, of known bytes; their size stays known
 * @return ONEDVA_OK; ONEDVA_ERR_ARGUMENT where the settings have no size; ONEDVA_ERR_UNSUPPORTED,
 * with own filled in, where something is set that this library does not know
 */
int odva_settings_take(void *own, size_t known, const void *settings);

#endif
