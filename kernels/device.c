/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/device.h"

#include <stdio.h>
#include <stdlib.h>

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

/* The backend of a device that is open outside, or else the one that is asked for. */
static enum onedva_backend kind_of(const struct odva_device_wish *wish)
{
    if (wish->vulkan)
        return ONEDVA_BACKEND_VULKAN;
    return wish->cuda_context ? ONEDVA_BACKEND_CUDA : wish->kind;
}

/* @return ONEDVA_OK, or ONEDVA_ERR_ARGUMENT after one line */
static int check_outside(const struct odva_device_wish *wish)
{
    const char *what = wish->vulkan ? "device of Vulkan" : "context of CUDA";

    if (wish->vulkan && wish->cuda_context)
        odva_log(wish->logger, ONEDVA_LOG_ERROR,
                 "a device of Vulkan and a context of CUDA are open; give one of them");
    else if (wish->kind != ONEDVA_BACKEND_AUTO && wish->kind != kind_of(wish))
        odva_log(wish->logger, ONEDVA_LOG_ERROR, "a %s that is open goes with -backend %s or auto",
                 what, wish->vulkan ? "vulkan" : "cuda");
    else if (wish->index != ODVA_ANY_DEVICE)
        odva_log(wish->logger, ONEDVA_LOG_ERROR,
                 "device %d is not the %s that is open; leave -device out", wish->index, what);
    else
        return ONEDVA_OK;
    return ONEDVA_ERR_ARGUMENT;
}

/* @return ONEDVA_OK, or ONEDVA_ERR_ARGUMENT after one line */
static int check_device(const struct odva_device_wish *wish)
{
    if (wish->vulkan || wish->cuda_context)
        return check_outside(wish);
    if (wish->index == ODVA_ANY_DEVICE)
        return ONEDVA_OK;
    else if (wish->index < 0)
        odva_log(wish->logger, ONEDVA_LOG_ERROR, "device %d does not exist; the first is 0",
                 wish->index);
    else if (wish->kind == ONEDVA_BACKEND_AUTO || wish->kind == ONEDVA_BACKEND_CPU)
        odva_log(wish->logger, ONEDVA_LOG_ERROR,
                 "device %d goes with -backend cuda or vulkan; the CPU has no numbers",
                 wish->index);
    else
        return ONEDVA_OK;
    return ONEDVA_ERR_ARGUMENT;
}

static int open_new(struct odva_device **device, const struct odva_backend_entry *entry,
                    const void *variant, const struct odva_device_wish *wish)
{
    const int status = entry->open(device, variant, wish);

    if (status < 0)
        return status;
    (*device)->variant = variant;
    atomic_init(&(*device)->references, 1);
#ifdef ONEDVA_CHECKS
    odva_device_check_calls(*device);
#endif
    return ONEDVA_OK;
}

static int open_of(struct odva_device **device, const struct odva_backend_entry *entry,
                   const struct odva_device_wish *wish, const struct odva_open_devices *open)
{
    const void *variant;
    const int status = entry->choose(wish, &variant);

    if (status < 0)
        return status;
    *device = open ? open->find(open->opaque, variant) : NULL;
    if (!*device)
        return open_new(device, entry, variant, wish);
    odva_device_reference(*device);
    return ONEDVA_OK;
}

/* What is wrong with a device is no error where another one is taken. */
static void say_at_debug(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)level;
    odva_log(opaque, ONEDVA_LOG_DEBUG, "%s", message);
}

static int open_fastest(struct odva_device **device, const struct odva_device_wish *wish,
                        const struct odva_open_devices *open)
{
    struct onedva_logger logger = wish->logger ? *wish->logger : (struct onedva_logger){0};
    const struct onedva_logger quiet = {say_at_debug, &logger};
    struct odva_device_wish attempt = *wish;
    const struct odva_backend_entry *entry;
    /* the first two are about instructions, and no other device takes more than 8 bits */
    const int is_cpu = wish->bitexact || getenv("ONEDVA_CPU") || wish->depth > 8;
    int status = ONEDVA_ERR_UNSUPPORTED;

    for (int i = 0; status < 0 && (entry = odva_registry_entry(i)); i++) {
        const int is_last = entry->kind == ONEDVA_BACKEND_CPU;

        attempt.logger = is_last ? wish->logger : &quiet;
        if (is_last || !is_cpu)
            status = open_of(device, entry, &attempt, open);
    }
    return status;
}

/* @return ONEDVA_OK, or ONEDVA_ERR_UNSUPPORTED after one line */
static int check_depth(const struct odva_backend_entry *entry, const struct odva_device_wish *wish)
{
    if (wish->depth <= 8 || entry->kind == ONEDVA_BACKEND_CPU)
        return ONEDVA_OK;
    odva_log(wish->logger, ONEDVA_LOG_ERROR,
             "pictures of %d bits are computed on the CPU only; use -backend cpu", wish->depth);
    return ONEDVA_ERR_UNSUPPORTED;
}

int odva_device_open(struct odva_device **device, const struct odva_device_wish *wish,
                     const struct odva_open_devices *open)
{
    const enum onedva_backend kind = kind_of(wish);
    const struct odva_backend_entry *entry = odva_registry_find(kind);
    const int status = check_device(wish);

    *device = NULL;
    if (status < 0)
        return status;
    if (kind == ONEDVA_BACKEND_AUTO)
        return open_fastest(device, wish, open);
    if (!entry)
        return refuse(kind, wish->logger);
    return check_depth(entry, wish) < 0 ? ONEDVA_ERR_UNSUPPORTED
                                        : open_of(device, entry, wish, open);
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
