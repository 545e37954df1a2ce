/*
 * One-DVA: devices of FFmpeg's on which frames may be, and the library may compute
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Header only, because libavfilter cannot link against private symbols of libavcodec.
 */

#ifndef AVCODEC_ONEDVA_DEVICE_H
#define AVCODEC_ONEDVA_DEVICE_H

#include "config.h"

#include "libavutil/frame.h"
#include "libavutil/hwcontext.h"
#include "onedva.h"
#include "onedva_cuda.h"
#include "onedva_vulkan.h"

/** Whether there are frames of devices in this build, and which, behind those of memory. */
#define ONEDVA_DEVICES (CONFIG_CUDA || CONFIG_VULKAN)

#if CONFIG_CUDA && CONFIG_VULKAN
#define ONEDVA_DEVICE_FORMATS , AV_PIX_FMT_VULKAN, AV_PIX_FMT_CUDA
#elif CONFIG_CUDA
#define ONEDVA_DEVICE_FORMATS , AV_PIX_FMT_CUDA
#elif CONFIG_VULKAN
#define ONEDVA_DEVICE_FORMATS , AV_PIX_FMT_VULKAN
#else
#define ONEDVA_DEVICE_FORMATS
#endif

/** What the library needs to compute on a device of FFmpeg's. */
typedef struct OneDVADevice {
    AVBufferRef *ref;           ///< of AVHWDeviceContext, until the model is closed
    enum AVPixelFormat format;  ///< of the device's frames
#if CONFIG_VULKAN
    struct onedva_vulkan_device vulkan;
#endif
} OneDVADevice;

/** @return the format of a device's frames, or AV_PIX_FMT_NONE where this build has none */
static inline enum AVPixelFormat ff_onedva_device_format(const AVBufferRef *device_ref)
{
    const AVHWDeviceContext *device = device_ref ? (const AVHWDeviceContext *)device_ref->data : NULL;

#if CONFIG_CUDA
    if (device && device->type == AV_HWDEVICE_TYPE_CUDA)
        return AV_PIX_FMT_CUDA;
#endif
#if CONFIG_VULKAN
    if (device && device->type == AV_HWDEVICE_TYPE_VULKAN)
        return AV_PIX_FMT_VULKAN;
#endif
    return AV_PIX_FMT_NONE;
}

/** Keep a device of FFmpeg's for the library. @param device_ref of one that has a format of frames */
static inline int ff_onedva_device_init(OneDVADevice *s, const AVBufferRef *device_ref)
{
    s->format = ff_onedva_device_format(device_ref);
    s->ref    = av_buffer_ref(device_ref);
    if (!s->ref)
        return AVERROR(ENOMEM);
#if CONFIG_VULKAN
    if (s->format == AV_PIX_FMT_VULKAN)
        ff_onedva_vulkan_init(&s->vulkan, (AVHWDeviceContext *)s->ref->data);
#endif
    return 0;
}

/** Say in settings that the library is to compute on a device. @param settings of an encoder or a decoder */
#define ff_onedva_use_device(settings, s)                        \
    do {                                                         \
        (settings)->vulkan       = ff_onedva_vulkan_of(s);       \
        (settings)->cuda_context = ff_onedva_cuda_context_of(s); \
    } while (0)

static inline const struct onedva_vulkan_device *ff_onedva_vulkan_of(const OneDVADevice *s)
{
#if CONFIG_VULKAN
    if (s && s->format == AV_PIX_FMT_VULKAN)
        return &s->vulkan;
#endif
    return NULL;
}

static inline struct CUctx_st *ff_onedva_cuda_context_of(const OneDVADevice *s)
{
#if CONFIG_CUDA
    if (s && s->format == AV_PIX_FMT_CUDA)
        return ((AVCUDADeviceContext *)((AVHWDeviceContext *)s->ref->data)->hwctx)->cuda_ctx;
#endif
    return NULL;
}

/** Whether options leave free where an encoder of frames of a device computes. */
static inline int ff_onedva_may_compute_on_frames(enum AVPixelFormat format, int backend, int device, int bitexact)
{
    const int own = format == AV_PIX_FMT_CUDA ? ONEDVA_BACKEND_CUDA : ONEDVA_BACKEND_VULKAN;

    return format != AV_PIX_FMT_NONE && (backend == ONEDVA_BACKEND_AUTO || backend == own) && device < 0 && !bitexact;
}

/** Reconstruct the packet read last into n frames, of memory or of the device that the decoder computes on. */
static inline int ff_onedva_reconstruct_frames(onedva_decoder *decoder, OneDVALog *log, AVFrame *const *frames, int n)
{
#if CONFIG_CUDA
    if (frames[0]->format == AV_PIX_FMT_CUDA)
        return ff_onedva_reconstruct_cuda(decoder, log, frames, n);
#endif
#if CONFIG_VULKAN
    if (frames[0]->format == AV_PIX_FMT_VULKAN)
        return ff_onedva_reconstruct_vulkan(decoder, log, frames, n);
#endif
    return ff_onedva_reconstruct(decoder, log, frames, n);
}

/** Wait until memory that a frame was made of may change. */
static inline int ff_onedva_wait_uploaded(const AVFrame *frame)
{
#if CONFIG_VULKAN
    if (frame->format == AV_PIX_FMT_VULKAN)
        return ff_onedva_wait_frame(frame);
#endif
    return 0; // CUDA has read it
}

/** Whether frames of a device can be encoded; says so where they cannot. @param frames_ref NULL: they are in memory */
static inline int ff_onedva_check_frames(const AVBufferRef *frames_ref, void *avcl)
{
    const AVHWFramesContext *frames = frames_ref ? (const AVHWFramesContext *)frames_ref->data : NULL;

    if (!frames || frames->sw_format == AV_PIX_FMT_YUV420P)
        return 0;
    av_log(avcl, AV_LOG_ERROR, "frames of a device that hold %s: they must hold yuv420p, as behind "
           "format=yuv420p,hwupload or %s=format=yuv420p\n", av_get_pix_fmt_name(frames->sw_format),
           frames->format == AV_PIX_FMT_CUDA ? "scale_cuda" : "scale_vulkan");
    return AVERROR(EINVAL);
}

/** Put a frame of memory in the place of one of a device, whichever it is; others stay as they are. */
static inline int ff_onedva_download(AVFrame *frame, void *avcl)
{
    const AVHWFramesContext *frames;
    AVFrame *copy, *whole;
    int ret;

    if (!frame->hw_frames_ctx)
        return 0;
    ret = ff_onedva_check_frames(frame->hw_frames_ctx, avcl);
    if (ret < 0)
        return ret;
    copy  = av_frame_alloc();
    whole = av_frame_clone(frame);
    if (!copy || !whole) {
        av_frame_free(&copy);
        av_frame_free(&whole);
        return AVERROR(ENOMEM);
    }
    // of odd heights FFmpeg's CUDA leaves the last row of chroma
    frames        = (const AVHWFramesContext *)frame->hw_frames_ctx->data;
    whole->width  = frames->width;
    whole->height = frames->height;
    copy->format  = AV_PIX_FMT_YUV420P;
    ret = av_hwframe_transfer_data(copy, whole, 0);
    if (ret >= 0)
        ret = av_frame_copy_props(copy, frame);
    copy->width  = frame->width;
    copy->height = frame->height;
    if (ret >= 0) {
        av_frame_unref(frame);
        av_frame_move_ref(frame, copy);
    }
    av_frame_free(&copy);
    av_frame_free(&whole);
    return ret;
}

#endif /* AVCODEC_ONEDVA_DEVICE_H */
