/*
 * One-DVA: frames of CUDA, as the library takes them
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Header only, because libavfilter cannot link against private symbols of libavcodec: for onedva_device.h.
 */

#ifndef AVCODEC_ONEDVA_CUDA_H
#define AVCODEC_ONEDVA_CUDA_H

#include "config.h"

#include "libavutil/frame.h"
#include "libavutil/hwcontext.h"
#include "onedva.h"

#if CONFIG_CUDA
#include <ffnvcodec/dynlink_cuda.h>

#include "libavutil/hwcontext_cuda.h"

/** Stand for a frame of CUDA. What its users have begun with its memory, they have on the device's stream. */
static inline struct onedva_cuda_picture ff_onedva_cuda_picture(const AVFrame *frame)
{
    const AVHWFramesContext *frames  = (const AVHWFramesContext *)frame->hw_frames_ctx->data;
    const AVCUDADeviceContext *cuda  = frames->device_ctx->hwctx;
    struct onedva_cuda_picture picture = {
        .stride = { frame->linesize[0], frame->linesize[1] },
        .stream = cuda->stream,
    };

    for (int i = 0; i < FF_ARRAY_ELEMS(picture.data); i++)
        picture.data[i] = (uintptr_t)frame->data[i];
    return picture;
}

/** Reconstruct the packet read last into n frames of CUDA, of its size or larger. */
static inline int ff_onedva_reconstruct_cuda(onedva_decoder *decoder, OneDVALog *log, AVFrame *const *frames, int n)
{
    struct onedva_cuda_picture pictures[ONEDVA_MAX_CLIP_FRAMES];

    for (int i = 0; i < n; i++)
        pictures[i] = ff_onedva_cuda_picture(frames[i]);
    return ff_onedva_check(log, onedva_decoder_reconstruct_cuda(decoder, pictures, n), "reconstructing a clip");
}
#endif

#endif /* AVCODEC_ONEDVA_CUDA_H */
