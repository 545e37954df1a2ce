/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pipelines of earlier runs, kept in the user's folder for such files. */
#ifndef ODVA_VULKAN_PIPELINE_CACHE_H
#define ODVA_VULKAN_PIPELINE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define ODVA_VULKAN_CACHE_PATH 1024

/** Where those of a driver with this UUID are: in $XDG_CACHE_HOME or ~/.cache. @return whether
 * there is such a place */
int odva_vulkan_cache_path(char path[ODVA_VULKAN_CACHE_PATH], const uint8_t uuid[16]);

/** @return what was written there, to be freed; NULL: nothing that is whole */
void *odva_vulkan_cache_read(const char *path, size_t *bytes);

/** All of it or nothing. @return whether it was written */
int odva_vulkan_cache_write(const char *path, const void *data, size_t bytes);

#endif
