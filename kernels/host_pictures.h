/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators on pictures of the host, for what works on them there as well: their results are there
 * when these return. Parameters are those of odva_backend_ops. */
#ifndef ODVA_HOST_PICTURES_H
#define ODVA_HOST_PICTURES_H

#include "kernels/backend.h"

/** @param depth of the pictures */
int odva_host_warp(struct odva_backend *backend, const struct onedva_picture *pictures,
                   const struct onedva_const_picture *sources, const struct odva_warp *warp,
                   const int16_t (*nodes)[2], int depth);

/** Of one plane. @param width, height of src */
int odva_host_downscale2x(struct odva_backend *backend, uint8_t *dst, ptrdiff_t dst_stride,
                          const uint8_t *src, ptrdiff_t src_stride, int width, int height);

/**
 * Warp luma of 8 bits, and set each picture that becomes of it against another one, with one wait
 * for all.
 * @param pictures memory for them; what it holds then is undefined
 * @param others   first pictures of structure_tensors @param tensors results, of each picture
 */
int odva_host_warp_tensors(struct odva_backend *backend, const struct onedva_picture *pictures,
                           const struct onedva_const_picture *sources, const struct odva_warp *warp,
                           const int16_t (*nodes)[2], const struct onedva_const_picture *others,
                           struct odva_structure_tensor *const *tensors);

int odva_host_structure_tensors(struct odva_backend *backend, struct odva_structure_tensor *tensors,
                                const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                                ptrdiff_t b_stride, int width, int height);

#endif
