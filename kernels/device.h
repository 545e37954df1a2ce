/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * A device, and what it holds of a model: weights, basis and constants. Whoever has opened it
 * computes on it by backends (kernels/backend.h), one for each codec; all of them may use what the
 * device holds, in any threads and at once.
 */
#ifndef ODVA_DEVICE_H
#define ODVA_DEVICE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "onedva/onedva.h"

struct odva_backend;
struct odva_device;
struct odva_thread_pool;
struct odva_buffer;  /* memory of the device */
struct odva_weights; /* a matrix in the device's own arrangement; immutable */
struct odva_basis;   /* of a frame's samples, likewise */

enum odva_element {
    ODVA_FLOAT32,
    ODVA_BFLOAT16, /* only where odva_device.network_element is that */
};

static inline size_t odva_element_size(enum odva_element element)
{
    return element == ODVA_BFLOAT16 ? 2 : sizeof(float);
}

/** What a matrix is for. */
enum odva_precision {
    ODVA_PRECISION_EXACT,   /* float32 throughout */
    ODVA_PRECISION_NETWORK, /* a device may round factors to bfloat16; sums stay float32 */
};

/** May be called by several threads at once, but for close. */
struct odva_device_ops {
    /** All backends are closed, and all that the device holds has been freed. */
    void (*close)(struct odva_device *device);
    /** @return NULL when memory ran out */
    struct odva_backend *(*open_backend)(struct odva_device *device, struct odva_thread_pool *pool,
                                         const struct onedva_logger *logger);

    /** @param weights [n_out][n_in] @return NULL when memory ran out */
    struct odva_weights *(*pack)(struct odva_device *device, const float *weights, int n_out,
                                 int n_in, enum odva_precision precision);
    void (*free_weights)(struct odva_device *device, struct odva_weights *weights);
    void (*weights_size)(const struct odva_weights *weights, int *n_out, int *n_in);

    /**
     * @param vectors [count][384], 1/16384 @param mean [384], 1/8 of a sample's step
     * @return NULL when memory ran out
     */
    struct odva_basis *(*pack_basis)(struct odva_device *device, const int16_t *vectors, int count,
                                     const int16_t *mean);
    void (*free_basis)(struct odva_device *device, struct odva_basis *basis);

    /** A buffer of such contents, which no operator may write; it was copied when this returns.
     * @return NULL when memory ran out */
    struct odva_buffer *(*constant)(struct odva_device *device, const void *data, size_t bytes);
    void (*free_constant)(struct odva_device *device, struct odva_buffer *buffer);
};

/** What all devices have; a device's own structure begins with this. */
struct odva_device {
    const struct odva_device_ops *ops;
    atomic_int references;
    const void
        *variant; /* which of the kind's ways to compute this is: one device each is enough */
    /* of rows that only operators of ODVA_PRECISION_NETWORK read */
    enum odva_element network_element;
    int max_depth; /* bits of the samples of pictures, at most */
#ifdef ONEDVA_CHECKS
    struct odva_device_ops checked_ops; /* what ops is; calls unchecked_ops when all is right */
    const struct odva_device_ops *unchecked_ops;
#endif
};

#define ODVA_ANY_DEVICE (-1)

/** What is asked of a device. */
struct odva_device_wish {
    enum onedva_backend kind;                  /* AUTO: a GPU that works here, or else the CPU */
    int index;                                 /* of the kind's devices, or ODVA_ANY_DEVICE */
    int bitexact;                              /* the strict C reference only */
    const struct onedva_vulkan_device *vulkan; /* that is open outside; NULL: none */
    struct CUctx_st *cuda_context;             /* likewise */
    enum onedva_precision precision;           /* of ODVA_PRECISION_NETWORK, at most */
    int depth; /* bits of samples that it must take, and AUTO looks for; 0: 8 */
    const struct onedva_logger *logger; /* may be NULL; gets one line on failure */
};

/** Devices that are open already. */
struct odva_open_devices {
    /** @return NULL where none is of the variant */
    struct odva_device *(*find)(const void *opaque, const void *variant);
    const void *opaque;
};

/**
 * Open a device, or give one that is open, where the wish leads to it. The caller gets a reference.
 * @param open may be NULL
 * @return ONEDVA_OK, ONEDVA_ERR_UNSUPPORTED, ONEDVA_ERR_ARGUMENT, ONEDVA_ERR_NOMEM or
 * ONEDVA_ERR_DEVICE
 */
int odva_device_open(struct odva_device **device, const struct odva_device_wish *wish,
                     const struct odva_open_devices *open);

struct odva_device *odva_device_reference(struct odva_device *device);
/** The last one of them closes the device. */
void odva_device_release(struct odva_device **device);

#endif
