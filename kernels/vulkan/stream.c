/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/stream.h"

#include <string.h>

#include "base/log.h"

#define MAX_RECORDED 32 /* pieces of work of a batch */
#define FEW_BYTES    1024
#define CHUNK        ((size_t)8 << 20)  /* bytes of a copy between host and device */
#define MAX_UPLOADS  ((size_t)64 << 20) /* bytes that wait for the device */

/* The first time is said, with what may help. @return the stream's status */
static int fail(struct odva_vulkan_stream *stream, VkResult result)
{
    if (stream->status < 0)
        return stream->status;
    stream->status = odva_vulkan_status(result);
    odva_log(&stream->logger, ONEDVA_LOG_ERROR,
             stream->status == ONEDVA_ERR_NOMEM
                 ? "vulkan: %s ran out of memory (error %d); use smaller pictures, or -backend cpu"
                 : "vulkan: %s was lost or failed (error %d); open it anew, or use -backend cpu",
             stream->gpu->properties.deviceName, (int)result);
    return stream->status;
}

/* ---- batches ----------------------------------------------------------------------------- */

/* Also where the device has failed, as it may still work. */
static int wait_for_values(struct odva_vulkan_stream *stream, uint32_t count,
                           const VkSemaphore *semaphores, const uint64_t *values)
{
    const VkSemaphoreWaitInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                      .semaphoreCount = count,
                                      .pSemaphores = semaphores,
                                      .pValues = values};
    const VkResult result = stream->gpu->vk.WaitSemaphores(stream->gpu->device, &info, UINT64_MAX);

    return result < 0 ? fail(stream, result) : stream->status;
}

/* Wait for a moment of the timeline that was submitted. */
static int wait_for(struct odva_vulkan_stream *stream, uint64_t moment)
{
    return moment ? wait_for_values(stream, 1, &stream->timeline, &moment) : stream->status;
}

static struct odva_vulkan_arena *arena_of(struct odva_vulkan_stream *stream,
                                          const struct odva_buffer *buffer)
{
    const int is_upload = odva_vulkan_use_of(buffer) == ODVA_VULKAN_UPLOAD;
    const int is_download = odva_vulkan_use_of(buffer) == ODVA_VULKAN_DOWNLOAD;

    return is_upload ? &stream->uploads : is_download ? &stream->downloads : &stream->memory;
}

/* Free what was deferred up to a moment. */
static void free_until(struct odva_vulkan_stream *stream, uint64_t moment)
{
    while (stream->deferred && stream->deferred->last_use <= moment) {
        struct odva_buffer *buffer = stream->deferred;

        stream->deferred = buffer->next_deferred;
        if (!stream->deferred)
            stream->deferred_end = &stream->deferred;
        if (odva_vulkan_use_of(buffer) == ODVA_VULKAN_UPLOAD)
            stream->deferred_uploads -= buffer->bytes;
        odva_vulkan_arena_free(arena_of(stream, buffer), buffer);
    }
}

static void free_what_is_done(struct odva_vulkan_stream *stream)
{
    uint64_t moment = 0;

    if (stream->deferred && stream->gpu->vk.GetSemaphoreCounterValue(
                                stream->gpu->device, stream->timeline, &moment) >= 0)
        free_until(stream, moment);
}

/* Make room for one more piece of work. */
static int begin(struct odva_vulkan_stream *stream)
{
    const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                           .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    struct odva_vulkan_batch *batch = &stream->batches[stream->batch];
    VkResult result;

    if (stream->status < 0)
        return stream->status;
    if (!stream->recorded) {
        const int status = wait_for(stream, batch->end);

        if (status < 0)
            return status;
        free_what_is_done(stream);
        result = stream->gpu->vk.BeginCommandBuffer(batch->commands, &info);
        if (result < 0)
            return fail(stream, result);
    }
    stream->recorded++;
    stream->pieces++;
    return ONEDVA_OK;
}

static int submit_with(struct odva_vulkan_stream *stream,
                       const struct odva_vulkan_semaphores *others)
{
    static const VkPipelineStageFlags stages[ODVA_VULKAN_SEMAPHORES] = {
        VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
        VK_PIPELINE_STAGE_ALL_COMMANDS_BIT};
    struct odva_vulkan_batch *batch = &stream->batches[stream->batch];
    VkSemaphore signalled[ODVA_VULKAN_SEMAPHORES + 1];
    uint64_t values[ODVA_VULKAN_SEMAPHORES + 1];
    const VkTimelineSemaphoreSubmitInfo timeline = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .waitSemaphoreValueCount = others->count,
        .pWaitSemaphoreValues = others->wait,
        .signalSemaphoreValueCount = 1 + others->count,
        .pSignalSemaphoreValues = values};
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .pNext = &timeline,
                               .waitSemaphoreCount = others->count,
                               .pWaitSemaphores = others->semaphore,
                               .pWaitDstStageMask = stages,
                               .commandBufferCount = 1,
                               .pCommandBuffers = &batch->commands,
                               .signalSemaphoreCount = 1 + others->count,
                               .pSignalSemaphores = signalled};
    VkResult result;

    if (!stream->recorded || stream->status < 0)
        return stream->status;
    for (uint32_t i = 0; i < others->count; i++) {
        signalled[i] = others->semaphore[i];
        values[i] = others->signal[i];
    }
    /* the last one: who waits for it may destroy the others, which Mesa signals one by one */
    signalled[others->count] = stream->timeline;
    values[others->count] = stream->submitted + 1;
    stream->recorded = 0;
    result = stream->gpu->vk.EndCommandBuffer(batch->commands);
    if (result >= 0)
        result = odva_vulkan_submit(stream->gpu, &info);
    if (result < 0)
        return fail(stream, result);
    batch->end = ++stream->submitted;
    stream->batch = (stream->batch + 1) % ODVA_VULKAN_BATCHES;
    return ONEDVA_OK;
}

static int submit(struct odva_vulkan_stream *stream)
{
    return submit_with(stream, &(struct odva_vulkan_semaphores){0});
}

/* Even after a failure, for what the device still does. */
static int wait_for_all(struct odva_vulkan_stream *stream)
{
    int status;

    (void)submit(stream);
    status = wait_for(stream, stream->submitted);
    free_until(stream, UINT64_MAX);
    return status;
}

/* ---- opening and closing ----------------------------------------------------------------- */

static VkResult make_timeline(struct odva_vulkan_stream *stream)
{
    const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                            .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                        .pNext = &type};
    const VkResult result =
        stream->gpu->vk.CreateSemaphore(stream->gpu->device, &info, NULL, &stream->timeline);

    if (result < 0)
        stream->timeline = VK_NULL_HANDLE;
    return result;
}

static VkResult make_commands(struct odva_vulkan_stream *stream)
{
    const struct odva_vulkan_gpu *gpu = stream->gpu;
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                          .queueFamilyIndex = gpu->family};
    VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                        .commandBufferCount = ODVA_VULKAN_BATCHES};
    VkCommandBuffer commands[ODVA_VULKAN_BATCHES];
    VkResult result = gpu->vk.CreateCommandPool(gpu->device, &pool, NULL, &stream->pool);

    if (result < 0) {
        stream->pool = VK_NULL_HANDLE;
        return result;
    }
    info.commandPool = stream->pool;
    result = gpu->vk.AllocateCommandBuffers(gpu->device, &info, commands);
    for (int i = 0; result >= 0 && i < ODVA_VULKAN_BATCHES; i++)
        stream->batches[i].commands = commands[i];
    return result;
}

int odva_vulkan_stream_open(struct odva_vulkan_stream *stream, struct odva_vulkan_gpu *gpu,
                            const struct onedva_logger *logger)
{
    VkResult result;

    *stream = (struct odva_vulkan_stream){.gpu = gpu,
                                          .memory = {gpu, ODVA_VULKAN_DEVICE, NULL},
                                          .uploads = {gpu, ODVA_VULKAN_UPLOAD, NULL},
                                          .downloads = {gpu, ODVA_VULKAN_DOWNLOAD, NULL},
                                          .deferred_end = &stream->deferred};
    if (logger)
        stream->logger = *logger;
    result = make_timeline(stream);
    if (result >= 0)
        result = make_commands(stream);
    if (result < 0) {
        const int status = fail(stream, result);

        odva_vulkan_stream_close(stream);
        return status;
    }
    return ONEDVA_OK;
}

void odva_vulkan_stream_close(struct odva_vulkan_stream *stream)
{
    if (!stream->gpu)
        return;
    (void)wait_for_all(stream);
    /* Mesa 22.3 still works with a semaphore whose value it has told */
    odva_vulkan_wait_for_queue(stream->gpu);
    stream->gpu->vk.DestroyCommandPool(stream->gpu->device, stream->pool, NULL);
    stream->gpu->vk.DestroySemaphore(stream->gpu->device, stream->timeline, NULL);
    odva_vulkan_arena_close(&stream->memory);
    odva_vulkan_arena_close(&stream->uploads);
    odva_vulkan_arena_close(&stream->downloads);
    *stream = (struct odva_vulkan_stream){0};
}

/* ---- order -------------------------------------------------------------------------------- */

/* What was recorded before is done, and seen, before what comes. */
static void order(struct odva_vulkan_stream *stream)
{
    const VkPipelineStageFlags stages =
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                         VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT};

    stream->gpu->vk.CmdPipelineBarrier(stream->batches[stream->batch].commands, stages, stages, 0,
                                       1, &barrier, 0, NULL, 0, NULL);
}

static void show_to_host(struct odva_vulkan_stream *stream)
{
    const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                     .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                     .dstAccessMask = VK_ACCESS_HOST_READ_BIT};

    stream->gpu->vk.CmdPipelineBarrier(stream->batches[stream->batch].commands,
                                       VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT,
                                       0, 1, &barrier, 0, NULL, 0, NULL);
}

static int end_piece(struct odva_vulkan_stream *stream)
{
    return stream->recorded < MAX_RECORDED ? ONEDVA_OK : submit(stream);
}

int odva_vulkan_begin_alone(struct odva_vulkan_stream *stream, VkCommandBuffer *commands)
{
    int status = submit(stream);

    if (status == ONEDVA_OK)
        status = begin(stream);
    if (status < 0)
        return status;
    order(stream);
    *commands = stream->batches[stream->batch].commands;
    return ONEDVA_OK;
}

int odva_vulkan_submit_alone(struct odva_vulkan_stream *stream,
                             const struct odva_vulkan_semaphores *semaphores)
{
    /* Mesa 22.3 uses semaphores that a submission waits for after it has signalled others, when
     * they may be destroyed; not those that have their value. */
    (void)wait_for_values(stream, semaphores->count, semaphores->semaphore, semaphores->wait);
    return submit_with(stream, semaphores);
}

/* ---- memory ------------------------------------------------------------------------------ */

/* From any arena of the stream; what was freed is waited for where that is needed. */
static struct odva_buffer *alloc_from(struct odva_vulkan_stream *stream,
                                      struct odva_vulkan_arena *arena, size_t bytes)
{
    struct odva_buffer *buffer;

    free_what_is_done(stream);
    buffer = odva_vulkan_arena_alloc(arena, bytes);
    if (buffer || !stream->deferred || wait_for_all(stream) < 0)
        return buffer;
    return odva_vulkan_arena_alloc(arena, bytes);
}

static struct odva_buffer *alloc_or_say(struct odva_vulkan_stream *stream,
                                        struct odva_vulkan_arena *arena, size_t bytes)
{
    struct odva_buffer *buffer = alloc_from(stream, arena, bytes);

    if (!buffer)
        odva_log(&stream->logger, ONEDVA_LOG_ERROR,
                 "vulkan: %s has no %zu bytes of memory left; use smaller pictures, or "
                 "-backend cpu",
                 stream->gpu->properties.deviceName, bytes);
    return buffer;
}

struct odva_buffer *odva_vulkan_alloc(struct odva_vulkan_stream *stream, size_t bytes)
{
    return alloc_or_say(stream, &stream->memory, bytes);
}

static void forget_wrapped(struct odva_vulkan_stream *stream, const struct odva_buffer *buffer)
{
    struct odva_buffer **link = &stream->wrapped;

    while (*link != buffer)
        link = &(*link)->next_wrapped;
    *link = buffer->next_wrapped;
}

void odva_vulkan_free(struct odva_vulkan_stream *stream, struct odva_buffer *buffer)
{
    if (buffer->host)
        forget_wrapped(stream, buffer);
    buffer->last_use = stream->submitted + (stream->recorded > 0);
    buffer->next_deferred = NULL;
    *stream->deferred_end = buffer;
    stream->deferred_end = &buffer->next_deferred;
    if (odva_vulkan_use_of(buffer) == ODVA_VULKAN_UPLOAD)
        stream->deferred_uploads += buffer->bytes;
}

static int copy(struct odva_vulkan_stream *stream, const struct odva_buffer *dst, size_t dst_offset,
                const struct odva_buffer *src, size_t src_offset, size_t bytes)
{
    const VkBufferCopy region = {.srcOffset = src->offset + src_offset,
                                 .dstOffset = dst->offset + dst_offset,
                                 .size = bytes};
    const int status = begin(stream);

    if (status < 0)
        return status;
    order(stream);
    stream->gpu->vk.CmdCopyBuffer(stream->batches[stream->batch].commands,
                                  odva_vulkan_buffer_handle(src), odva_vulkan_buffer_handle(dst), 1,
                                  &region);
    return ONEDVA_OK;
}

int odva_vulkan_copy(struct odva_vulkan_stream *stream, const struct odva_buffer *dst,
                     size_t dst_offset, const struct odva_buffer *src, size_t src_offset,
                     size_t bytes)
{
    const int status = copy(stream, dst, dst_offset, src, src_offset, bytes);

    return status < 0 ? status : end_piece(stream);
}

struct odva_buffer *odva_vulkan_staging(struct odva_vulkan_stream *stream, size_t bytes)
{
    if (stream->deferred_uploads > MAX_UPLOADS && wait_for_all(stream) < 0)
        return NULL;
    return alloc_or_say(stream, &stream->uploads, bytes);
}

int odva_vulkan_copy_staging(struct odva_vulkan_stream *stream, struct odva_buffer *buffer,
                             size_t offset, struct odva_buffer *staging)
{
    int status = copy(stream, buffer, offset, staging, 0, staging->bytes);

    stream->uploaded += (int64_t)staging->bytes;
    odva_vulkan_free(stream, staging);
    return status < 0 ? status : end_piece(stream);
}

/* Few bytes go with the commands. */
static int upload_words(struct odva_vulkan_stream *stream, const struct odva_buffer *buffer,
                        size_t offset, const void *data, size_t bytes)
{
    const int status = begin(stream);

    if (status < 0)
        return status;
    order(stream);
    stream->gpu->vk.CmdUpdateBuffer(stream->batches[stream->batch].commands,
                                    odva_vulkan_buffer_handle(buffer), buffer->offset + offset,
                                    bytes, data);
    stream->uploaded += (int64_t)bytes;
    return end_piece(stream);
}

int odva_vulkan_upload(struct odva_vulkan_stream *stream, struct odva_buffer *buffer, size_t offset,
                       const void *data, size_t bytes)
{
    int status = stream->status;

    if (bytes && bytes <= FEW_BYTES && bytes % 4 == 0 && offset % 4 == 0)
        return upload_words(stream, buffer, offset, data, bytes);
    for (size_t done = 0; done < bytes && status >= 0; done += CHUNK) {
        const size_t chunk = bytes - done < CHUNK ? bytes - done : CHUNK;
        struct odva_buffer *staging = odva_vulkan_staging(stream, chunk);

        if (!staging)
            return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
        memcpy(odva_vulkan_mapped(staging), (const char *)data + done, chunk);
        status = odva_vulkan_copy_staging(stream, buffer, offset + done, staging);
    }
    return status;
}

int odva_vulkan_begin_fetch(struct odva_vulkan_stream *stream, const struct odva_buffer *buffer,
                            size_t offset, size_t bytes, struct odva_buffer **fetched)
{
    int status = stream->status;

    *fetched = status < 0 ? NULL : alloc_or_say(stream, &stream->downloads, bytes);
    if (!*fetched)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    status = copy(stream, *fetched, 0, buffer, offset, bytes);
    if (status >= 0) {
        stream->downloaded += (int64_t)bytes;
        show_to_host(stream);
        return end_piece(stream);
    }
    odva_vulkan_free(stream, *fetched);
    *fetched = NULL;
    return status;
}

int odva_vulkan_download(struct odva_vulkan_stream *stream, const struct odva_buffer *buffer,
                         size_t offset, void *data, size_t bytes)
{
    int status = stream->status;

    for (size_t done = 0; done < bytes && status >= 0; done += CHUNK) {
        const size_t chunk = bytes - done < CHUNK ? bytes - done : CHUNK;
        struct odva_buffer *fetched;

        status = odva_vulkan_begin_fetch(stream, buffer, offset + done, chunk, &fetched);
        if (status >= 0)
            status = wait_for_all(stream);
        if (status >= 0)
            memcpy((char *)data + done, odva_vulkan_mapped(fetched), chunk);
        if (fetched)
            odva_vulkan_free(stream, fetched);
    }
    return status;
}

/* ---- memory of the host ------------------------------------------------------------------ */

struct odva_buffer *odva_vulkan_wrap(struct odva_vulkan_stream *stream, void *memory, size_t bytes)
{
    struct odva_buffer *buffer = odva_vulkan_alloc(stream, bytes);

    if (!buffer)
        return NULL;
    buffer->host = memory;
    buffer->is_current = buffer->is_written = 0;
    buffer->fetched = NULL;
    buffer->next_wrapped = stream->wrapped;
    stream->wrapped = buffer;
    return buffer;
}

void odva_vulkan_written(struct odva_buffer *buffer)
{
    buffer->is_written = 1;
}

int odva_vulkan_bring_wrapped(struct odva_vulkan_stream *stream)
{
    int status = ONEDVA_OK;

    for (struct odva_buffer *b = stream->wrapped; b && status >= 0; b = b->next_wrapped)
        if (!b->is_current) {
            b->is_current = 1;
            status = odva_vulkan_upload(stream, b, 0, b->host, b->bytes);
        }
    return status;
}

int odva_vulkan_synchronize(struct odva_vulkan_stream *stream)
{
    int status = stream->status;

    for (struct odva_buffer *b = stream->wrapped; b && status >= 0; b = b->next_wrapped)
        if (b->is_written)
            status = odva_vulkan_begin_fetch(stream, b, 0, b->bytes, &b->fetched);
    if (status >= 0)
        status = wait_for_all(stream);
    for (struct odva_buffer *b = stream->wrapped; b; b = b->next_wrapped) {
        if (!b->fetched)
            continue;
        if (status >= 0) {
            memcpy(b->host, odva_vulkan_mapped(b->fetched), b->bytes);
            b->is_written = 0;
        }
        odva_vulkan_free(stream, b->fetched);
        b->fetched = NULL;
    }
    return status;
}

/* ---- kernels ----------------------------------------------------------------------------- */

int odva_vulkan_clear(struct odva_vulkan_stream *stream, struct odva_buffer *buffer)
{
    const int status = begin(stream);

    if (status < 0)
        return status;
    order(stream);
    stream->gpu->vk.CmdFillBuffer(stream->batches[stream->batch].commands,
                                  odva_vulkan_buffer_handle(buffer), buffer->offset, buffer->size,
                                  0);
    return end_piece(stream);
}

int odva_vulkan_dispatch_pipeline(struct odva_vulkan_stream *stream, VkPipeline pipeline,
                                  const void *arguments, size_t bytes, uint32_t x, uint32_t y,
                                  uint32_t z)
{
    const struct odva_vulkan_functions *vk = &stream->gpu->vk;
    VkCommandBuffer commands;
    int status = stream->status;

    if (status < 0 || (status = odva_vulkan_bring_wrapped(stream)) < 0 ||
        (status = begin(stream)) < 0)
        return status;
    commands = stream->batches[stream->batch].commands;
    order(stream);
    vk->CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    vk->CmdPushConstants(commands, stream->gpu->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                         (uint32_t)bytes, arguments);
    vk->CmdDispatch(commands, x, y, z);
    return end_piece(stream);
}

int odva_vulkan_dispatch(struct odva_vulkan_stream *stream, const struct odva_vulkan_kernel *kernel,
                         const void *arguments, size_t bytes, uint32_t x, uint32_t y, uint32_t z)
{
    VkPipeline pipeline;
    int status = stream->status;

    if (status < 0)
        return status;
    status = odva_vulkan_pipeline_get(stream->gpu, kernel, &pipeline);
    if (status < 0)
        return fail(stream, status == ONEDVA_ERR_NOMEM ? VK_ERROR_OUT_OF_HOST_MEMORY
                                                       : VK_ERROR_INITIALIZATION_FAILED);
    return odva_vulkan_dispatch_pipeline(stream, pipeline, arguments, bytes, x, y, z);
}
