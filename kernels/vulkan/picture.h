/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Images of a device from outside, written by a stream. */
#ifndef ODVA_VULKAN_PICTURE_H
#define ODVA_VULKAN_PICTURE_H

#include "kernels/vulkan/image.h"

/** Copy all planes of an image to a picture of its size, in a submission of its own. @return
 * ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE */
int odva_vulkan_picture_write(struct odva_vulkan_stream *stream,
                              const struct onedva_vulkan_picture *picture,
                              const struct odva_image *image);

#endif
