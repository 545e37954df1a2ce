/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/pipeline_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define MAX_BYTES (64 << 20)
#define MAGIC     UINT64_C(0x316b762d6176646f) /* "odva-vk1" */

/** What a file begins with. Drivers trust what they get, so that it must not be damaged. */
struct header {
    uint64_t magic, bytes, hash;
};

int odva_vulkan_cache_path(char path[ODVA_VULKAN_CACHE_PATH], const uint8_t uuid[16])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char name[2 * 16 + 1];
    int length;

    for (int i = 0; i < 16; i++)
        snprintf(name + 2 * i, 3, "%02x", uuid[i]);
    if (cache && cache[0] == '/')
        length = snprintf(path, ODVA_VULKAN_CACHE_PATH, "%s/onedva/vulkan-%s", cache, name);
    else if (home && home[0] == '/')
        length = snprintf(path, ODVA_VULKAN_CACHE_PATH, "%s/.cache/onedva/vulkan-%s", home, name);
    else
        return 0;
    return length < ODVA_VULKAN_CACHE_PATH - 8; /* and what a temporary name adds */
}

static void *read_data(FILE *file, size_t *bytes)
{
    struct header header;
    void *data;

    if (fread(&header, sizeof(header), 1, file) != 1 || header.magic != MAGIC || !header.bytes ||
        header.bytes > MAX_BYTES)
        return NULL;
    data = malloc(header.bytes);
    if (!data)
        return NULL;
    if (fread(data, header.bytes, 1, file) != 1 || XXH64(data, header.bytes, 0) != header.hash) {
        free(data);
        return NULL;
    }
    *bytes = header.bytes;
    return data;
}

void *odva_vulkan_cache_read(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    void *data;

    if (!file)
        return NULL;
    data = read_data(file, bytes);
    fclose(file);
    return data;
}

/* The folders that a path leads through. What cannot be made is found out when the file is opened.
 */
static void make_folders(const char *path)
{
    char folder[ODVA_VULKAN_CACHE_PATH];

    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
        (void)mkdir(folder, 0700);
    }
}

static int write_data(int descriptor, const void *data, size_t bytes)
{
    const struct header header = {MAGIC, bytes, XXH64(data, bytes, 0)};
    FILE *file = fdopen(descriptor, "wb");
    int done;

    if (!file) {
        close(descriptor);
        return 0;
    }
    done = fwrite(&header, sizeof(header), 1, file) == 1 && fwrite(data, bytes, 1, file) == 1;
    return (fclose(file) == 0) & done;
}

int odva_vulkan_cache_write(const char *path, const void *data, size_t bytes)
{
    char temporary[ODVA_VULKAN_CACHE_PATH];
    int descriptor;

    if (!bytes || bytes > MAX_BYTES)
        return 0;
    make_folders(path);
    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    descriptor = mkstemp(temporary);
    if (descriptor < 0)
        return 0;
    if (write_data(descriptor, data, bytes) && rename(temporary, path) == 0)
        return 1;
    (void)unlink(temporary);
    return 0;
}
