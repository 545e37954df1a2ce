/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/frames.h"

#include <string.h>

#include "base/log.h"

static uint32_t round_up(int size)
{
    return ((uint32_t)size + 15) / 16 * 16;
}

static int plane_size(int luma, int plane)
{
    return plane ? (luma + 1) / 2 : luma;
}

static size_t plane_offset(const struct odva_vulkan_frames *frames, int plane)
{
    return plane ? frames->argument.offset[plane - 1] : 0;
}

static size_t plane_stride(const struct odva_vulkan_frames *frames, int plane)
{
    return frames->argument.stride[plane > 0];
}

int odva_vulkan_frames_alloc(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames,
                             int count, int planes, int width, int height)
{
    const uint32_t stride[2] = {round_up(width), round_up(plane_size(width, 1))};
    const uint64_t luma = (uint64_t)stride[0] * height;
    const uint64_t chroma = planes > 1 ? (uint64_t)stride[1] * plane_size(height, 1) : 0;

    *frames = (struct odva_vulkan_frames){
        .count = count,
        .planes = planes,
        .width = width,
        .height = height,
        .argument = {.frame_bytes = luma + 2 * chroma,
                     .stride = {stride[0], stride[1]},
                     .offset = {(uint32_t)luma, (uint32_t)(luma + chroma)}},
    };
    if (luma + chroma > UINT32_MAX || frames->argument.frame_bytes > SIZE_MAX / count) {
        odva_log(&stream->logger, ONEDVA_LOG_ERROR,
                 "vulkan: pictures of %dx%d are too large; use smaller ones, or -backend cpu",
                 width, height);
        return ONEDVA_ERR_LIMIT;
    }
    frames->buffer = odva_vulkan_alloc(stream, count * frames->argument.frame_bytes);
    if (!frames->buffer)
        return ONEDVA_ERR_NOMEM;
    frames->argument.address = odva_vulkan_address(frames->buffer);
    return ONEDVA_OK;
}

void odva_vulkan_frames_free(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames)
{
    if (frames->buffer)
        odva_vulkan_free(stream, frames->buffer);
    *frames = (struct odva_vulkan_frames){0};
}

/* ---- copies ------------------------------------------------------------------------------ */

static void copy_rows(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride,
                      int width, int height)
{
    for (int y = 0; y < height; y++)
        memcpy(dst + y * dst_stride, src + y * src_stride, width);
}

static int upload_plane(struct odva_vulkan_stream *stream, const struct odva_vulkan_frames *frames,
                        size_t offset, int plane, const uint8_t *data, ptrdiff_t data_stride)
{
    const int width = plane_size(frames->width, plane), height = plane_size(frames->height, plane);
    const size_t stride = plane_stride(frames, plane);
    struct odva_buffer *staging = odva_vulkan_staging(stream, stride * height);

    if (!staging)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    copy_rows(odva_vulkan_mapped(staging), (ptrdiff_t)stride, data, data_stride, width, height);
    return odva_vulkan_copy_staging(stream, frames->buffer, offset + plane_offset(frames, plane),
                                    staging);
}

int odva_vulkan_frames_upload(struct odva_vulkan_stream *stream,
                              const struct odva_vulkan_frames *frames,
                              const struct onedva_const_picture *pictures)
{
    int status = ONEDVA_OK;

    for (int t = 0; t < frames->count; t++)
        for (int p = 0; p < frames->planes && status >= 0; p++)
            if (pictures[t].data[p])
                status = upload_plane(stream, frames, t * frames->argument.frame_bytes, p,
                                      pictures[t].data[p], pictures[t].stride[p]);
    return status;
}

static void write_planes(const struct odva_vulkan_frames *frames, const uint8_t *frame,
                         const struct onedva_picture *picture)
{
    for (int p = 0; p < frames->planes; p++)
        if (picture->data[p])
            copy_rows(picture->data[p], picture->stride[p], frame + plane_offset(frames, p),
                      (ptrdiff_t)plane_stride(frames, p), plane_size(frames->width, p),
                      plane_size(frames->height, p));
}

int odva_vulkan_frames_download(struct odva_vulkan_stream *stream,
                                const struct odva_vulkan_frames *frames,
                                const struct onedva_picture *pictures)
{
    const size_t bytes = frames->argument.frame_bytes;
    int status = ONEDVA_OK;

    for (int t = 0; t < frames->count && status >= 0; t++) {
        struct odva_buffer *staging;

        status = odva_vulkan_fetch(stream, frames->buffer, t * bytes, bytes, &staging);
        if (status < 0)
            break;
        write_planes(frames, odva_vulkan_mapped(staging), &pictures[t]);
        odva_vulkan_free(stream, staging);
    }
    return status;
}
