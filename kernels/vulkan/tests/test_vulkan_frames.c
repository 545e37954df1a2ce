/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A device that is open outside, and pictures that are images of it. */
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#include "kernels/vulkan/tests/failing_vulkan.h"
#include "kernels/vulkan/vulkan_backend.h"

#define PLANES 3
#define FIRST  7 /* value of a frame's semaphores */

/* ---- the device -------------------------------------------------------------------------- */

static VkPhysicalDeviceVulkan12Features later = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .timelineSemaphore = VK_TRUE,
    .bufferDeviceAddress = VK_TRUE};
static VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                             .pNext = &later,
                                             .features = {.shaderInt64 = VK_TRUE}};
static int locked, locks; /* of the queue: now, and ever */

static void lock_queue(void *opaque, uint32_t family, uint32_t index)
{
    (void)family;
    assert_ptr_equal(opaque, &locked);
    assert_int_equal(index, 0);
    assert_int_equal(locked++, 0);
    locks++;
}

static void unlock_queue(void *opaque, uint32_t family, uint32_t index)
{
    (void)opaque;
    (void)family;
    assert_int_equal(index, 0);
    assert_int_equal(--locked, 0);
}

static struct onedva_vulkan_device outside_of(const struct odva_vulkan_device *device)
{
    const struct odva_vulkan_gpu *gpu = device->gpu;

    return (struct onedva_vulkan_device){.struct_size = sizeof(struct onedva_vulkan_device),
                                         .get_instance_proc_addr = gpu->vk.GetInstanceProcAddr,
                                         .instance = gpu->instance,
                                         .physical_device = gpu->physical,
                                         .device = gpu->device,
                                         .features = &features,
                                         .queue_family = gpu->family,
                                         .lock_queue = lock_queue,
                                         .unlock_queue = unlock_queue,
                                         .opaque = &locked};
}

static void expect_refused(const struct onedva_vulkan_device *outside, int expected,
                           const char *message)
{
    struct odva_vulkan_device *device;

    vulkan_test.message[0] = '\0';
    assert_int_equal(odva_vulkan_device_adopt(&device, outside, &vulkan_test_logger), expected);
    assert_null(device);
    if (!strstr(vulkan_test.message, message))
        fail_msg("'%s' lacks '%s'", vulkan_test.message, message);
}

static void what_it_lacks(void **state)
{
    struct odva_vulkan_device *device = open_vulkan();
    struct onedva_vulkan_device outside = outside_of(device);

    (void)state;
    features.features.shaderInt64 = VK_FALSE;
    expect_refused(&outside, ONEDVA_ERR_UNSUPPORTED, "64-bit integers");
    features.features.shaderInt64 = VK_TRUE;
    later.bufferDeviceAddress = VK_FALSE;
    expect_refused(&outside, ONEDVA_ERR_UNSUPPORTED, "addresses of buffers");
    later.bufferDeviceAddress = VK_TRUE;
    later.timelineSemaphore = VK_FALSE;
    expect_refused(&outside, ONEDVA_ERR_UNSUPPORTED, "timeline semaphores");
    later.timelineSemaphore = VK_TRUE;
    outside.features = NULL;
    expect_refused(&outside, ONEDVA_ERR_UNSUPPORTED, "timeline semaphores");
    outside.features = &features;
    outside.queue_family = 31;
    expect_refused(&outside, ONEDVA_ERR_ARGUMENT, "queue family 31");
    outside.struct_size = 0;
    expect_refused(&outside, ONEDVA_ERR_ARGUMENT, "");
    close_vulkan(device);
}

static void which_options(void **state)
{
    struct odva_vulkan_device *vulkan = open_vulkan();
    const struct onedva_vulkan_device outside = outside_of(vulkan);
    struct odva_device_wish wish = {
        .index = ODVA_ANY_DEVICE, .vulkan = &outside, .logger = &vulkan_test_logger};
    struct odva_device *device;

    (void)state;
    for (int p = ONEDVA_PRECISION_FLOAT32; p <= ONEDVA_PRECISION_INT8; p++) {
        const int has_halves = p != ONEDVA_PRECISION_FLOAT32;

        wish.precision = p;
        assert_int_equal(odva_device_open(&device, &wish, NULL), ONEDVA_OK);
        assert_ptr_equal(device->variant, (const char *)outside.device + has_halves);
        assert_int_equal(((struct odva_vulkan_device *)device)->has_halves, has_halves);
        odva_device_release(&device);
    }
    wish.kind = ONEDVA_BACKEND_CPU;
    assert_int_equal(odva_device_open(&device, &wish, NULL), ONEDVA_ERR_ARGUMENT);
    wish.kind = ONEDVA_BACKEND_VULKAN;
    wish.index = 0;
    assert_int_equal(odva_device_open(&device, &wish, NULL), ONEDVA_ERR_ARGUMENT);
    wish.index = ODVA_ANY_DEVICE;
    wish.bitexact = 1;
    assert_int_equal(odva_device_open(&device, &wish, NULL), ONEDVA_ERR_UNSUPPORTED);
    close_vulkan(vulkan);
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* Functions that the library does without. */
#define FUNCTIONS(FUNCTION)                                                                        \
    FUNCTION(BindImageMemory)                                                                      \
    FUNCTION(CmdCopyImageToBuffer)                                                                 \
    FUNCTION(CreateImage)                                                                          \
    FUNCTION(DestroyImage)                                                                         \
    FUNCTION(GetImageMemoryRequirements)                                                           \
    FUNCTION(SignalSemaphore)

static struct {
#define MEMBER(name) PFN_vk##name name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} vk;

struct frame {
    struct odva_vulkan_gpu *gpu;
    struct onedva_vulkan_picture picture;
    VkImage image[PLANES];
    VkDeviceMemory memory[PLANES];
    VkSemaphore semaphore[PLANES];
    uint64_t value[PLANES];
    VkImageLayout layout[PLANES];
    VkAccessFlagBits access[PLANES];
    uint32_t queue_family[PLANES];
    int locked;
};

static void lock_frame(void *opaque)
{
    assert_int_equal(((struct frame *)opaque)->locked++, 0);
}

static void unlock_frame(void *opaque)
{
    assert_int_equal(--((struct frame *)opaque)->locked, 0);
}

static void make_image(struct frame *frame, int i, VkFormat format, int width, int height)
{
    const struct odva_vulkan_gpu *gpu = frame->gpu;
    const VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                    .imageType = VK_IMAGE_TYPE_2D,
                                    .format = format,
                                    .extent = {(uint32_t)width, (uint32_t)height, 1},
                                    .mipLevels = 1,
                                    .arrayLayers = 1,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                                             VK_IMAGE_USAGE_TRANSFER_DST_BIT};
    const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                            .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
                                            .initialValue = FIRST};
    const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                             .pNext = &type};
    VkMemoryAllocateInfo memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
    VkMemoryRequirements needs;

    assert_int_equal(vk.CreateImage(gpu->device, &info, NULL, &frame->image[i]), VK_SUCCESS);
    vk.GetImageMemoryRequirements(gpu->device, frame->image[i], &needs);
    memory.allocationSize = needs.size;
    while (!(needs.memoryTypeBits >> memory.memoryTypeIndex & 1))
        memory.memoryTypeIndex++;
    assert_int_equal(gpu->vk.AllocateMemory(gpu->device, &memory, NULL, &frame->memory[i]),
                     VK_SUCCESS);
    assert_int_equal(vk.BindImageMemory(gpu->device, frame->image[i], frame->memory[i], 0),
                     VK_SUCCESS);
    assert_int_equal(gpu->vk.CreateSemaphore(gpu->device, &semaphore, NULL, &frame->semaphore[i]),
                     VK_SUCCESS);
    frame->value[i] = FIRST;
}

/* @param images 1 or 3 */
static void make_frame(struct frame *frame, struct odva_vulkan_gpu *gpu, int images, int width,
                       int height)
{
    *frame = (struct frame){.gpu = gpu};
#define LOAD(name) vk.name = (PFN_vk##name)gpu->vk.GetDeviceProcAddr(gpu->device, "vk" #name);
    FUNCTIONS(LOAD)
#undef LOAD
    if (images == 1)
        make_image(frame, 0, VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM, (width + 1) / 2 * 2,
                   (height + 1) / 2 * 2);
    for (int i = 0; i < images && images > 1; i++)
        make_image(frame, i, VK_FORMAT_R8_UNORM, i ? (width + 1) / 2 : width,
                   i ? (height + 1) / 2 : height);
    frame->queue_family[0] = frame->queue_family[1] = gpu->family;
    frame->queue_family[2] = VK_QUEUE_FAMILY_IGNORED;
    frame->picture = (struct onedva_vulkan_picture){.images = images,
                                                    .image = frame->image,
                                                    .semaphore = frame->semaphore,
                                                    .value = frame->value,
                                                    .layout = frame->layout,
                                                    .access = frame->access,
                                                    .queue_family = frame->queue_family,
                                                    .lock = lock_frame,
                                                    .unlock = unlock_frame,
                                                    .opaque = frame};
}

static void free_frame(struct frame *frame)
{
    const struct odva_vulkan_gpu *gpu = frame->gpu;

    for (int i = 0; i < frame->picture.images; i++) {
        gpu->vk.DestroySemaphore(gpu->device, frame->semaphore[i], NULL);
        vk.DestroyImage(gpu->device, frame->image[i], NULL);
        gpu->vk.FreeMemory(gpu->device, frame->memory[i], NULL);
    }
}

static void expect_state(const struct frame *frame, uint64_t value, VkImageLayout layout)
{
    for (int i = 0; i < frame->picture.images; i++) {
        uint64_t reached;

        assert_int_equal(frame->value[i], value);
        assert_int_equal(frame->layout[i], layout);
        assert_int_equal(frame->gpu->vk.GetSemaphoreCounterValue(frame->gpu->device,
                                                                 frame->semaphore[i], &reached),
                         VK_SUCCESS);
        assert_int_equal(reached, value);
    }
    assert_int_equal(frame->locked, 0);
}

#define SIDE   40
#define CHROMA (SIDE / 2)

struct samples {
    uint8_t luma[SIDE * SIDE], chroma[2][CHROMA * CHROMA];
};

static struct onedva_picture picture_of(struct samples *samples)
{
    return (struct onedva_picture){{samples->luma, samples->chroma[0], samples->chroma[1]},
                                   {SIDE, CHROMA, CHROMA}};
}

/* Copy a picture of the host to a frame. @return a negative status where something failed */
static int write_frame(struct odva_backend *backend, const struct frame *frame,
                       const struct onedva_picture *source, int width, int height)
{
    const struct odva_backend_ops *ops = backend->ops;
    struct odva_image *to = ops->image_import(backend, &frame->picture, width, height);
    struct odva_image *from = to ? ops->image_wrap(backend, source, width, height, 8) : NULL;
    int status = from ? ops->image_copy(backend, to, from) : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = ops->synchronize(backend);
    if (from)
        ops->image_free(backend, from);
    if (to)
        ops->image_free(backend, to);
    return status;
}

/* What others do with a frame: they get a layout for it, raise its semaphores and say so. */
static void record_reading(struct frame *frame, VkCommandBuffer commands,
                           const struct odva_buffer *buffer, int width, int height)
{
    static const VkImageAspectFlagBits aspects[PLANES] = {
        VK_IMAGE_ASPECT_PLANE_0_BIT, VK_IMAGE_ASPECT_PLANE_1_BIT, VK_IMAGE_ASPECT_PLANE_2_BIT};
    const int is_one = frame->picture.images == 1;

    for (int i = 0; i < frame->picture.images; i++) {
        const VkImageMemoryBarrier barrier = {
            .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
            .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
            .oldLayout = frame->layout[i],
            .newLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
            .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
            .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
            .image = frame->image[i],
            .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};

        frame->gpu->vk.CmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                                          VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, 0, NULL, 1,
                                          &barrier);
        frame->layout[i] = barrier.newLayout;
    }
    for (int p = 0; p < PLANES; p++) {
        const size_t offset = p ? offsetof(struct samples, chroma[p - 1]) : 0;
        const VkBufferImageCopy region = {
            .bufferOffset = buffer->offset + offset,
            .bufferRowLength = p ? CHROMA : SIDE,
            .imageSubresource = {is_one ? aspects[p] : VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
            .imageExtent = {(uint32_t)(p ? (width + 1) / 2 : width),
                            (uint32_t)(p ? (height + 1) / 2 : height), 1}};

        vk.CmdCopyImageToBuffer(commands, frame->image[is_one ? 0 : p],
                                VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                                odva_vulkan_buffer_handle(buffer), 1, &region);
    }
}

static void read_frame(struct odva_backend *backend, struct frame *frame, struct samples *to,
                       int width, int height)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct odva_buffer *buffer = backend->ops->alloc(backend, sizeof(*to));
    uint64_t signal[PLANES];
    VkCommandBuffer commands;

    assert_non_null(buffer);
    assert_int_equal(odva_vulkan_begin_alone(stream, &commands), ONEDVA_OK);
    record_reading(frame, commands, buffer, width, height);
    for (int i = 0; i < frame->picture.images; i++)
        signal[i] = frame->value[i] + 1;
    assert_int_equal(
        odva_vulkan_submit_alone(
            stream, &(struct odva_vulkan_semaphores){.count = (uint32_t)frame->picture.images,
                                                     .semaphore = frame->semaphore,
                                                     .wait = frame->value,
                                                     .signal = signal}),
        ONEDVA_OK);
    memcpy(frame->value, signal, frame->picture.images * sizeof(*signal));
    assert_int_equal(backend->ops->download(backend, buffer, 0, to, sizeof(*to)), ONEDVA_OK);
    backend->ops->free(backend, buffer);
}

/* Twice, as frames are used again. */
static void through_a_frame(struct odva_backend *backend, int images, int width, int height)
{
    struct samples from, to;
    const struct onedva_picture source = picture_of(&from), result = picture_of(&to);
    struct frame frame;

    make_frame(&frame, odva_vulkan_device_of(backend)->gpu, images, width, height);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(from); i++)
            ((uint8_t *)&from)[i] = (uint8_t)(1 + round + i * 37 % 251);
        assert_int_equal(write_frame(backend, &frame, &source, width, height), ONEDVA_OK);
        expect_state(&frame, FIRST + 1 + 2 * round, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
        read_frame(backend, &frame, &to, width, height);
        for (int p = 0; p < PLANES; p++)
            for (int y = 0; y < (p ? (height + 1) / 2 : height); y++)
                assert_memory_equal(result.data[p] + y * result.stride[p],
                                    source.data[p] + y * source.stride[p],
                                    p ? (width + 1) / 2 : width);
    }
    free_frame(&frame);
}

/* Mesa's lavapipe 22.3 has no such images. */
static int has_three_planes(const struct odva_vulkan_gpu *gpu)
{
    const VkFormatFeatureFlags needed =
        VK_FORMAT_FEATURE_TRANSFER_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT;
    const PFN_vkGetPhysicalDeviceFormatProperties get_properties =
        (PFN_vkGetPhysicalDeviceFormatProperties)gpu->vk.GetInstanceProcAddr(
            gpu->instance, "vkGetPhysicalDeviceFormatProperties");
    VkFormatProperties properties;

    get_properties(gpu->physical, VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM, &properties);
    return (properties.optimalTilingFeatures & needed) == needed;
}

static void frames(void **state)
{
    struct odva_vulkan_device *device = open_vulkan(), *adopted;
    const struct onedva_vulkan_device outside = outside_of(device);
    struct odva_backend *backend;

    (void)state;
    locks = 0;
    assert_int_equal(odva_vulkan_device_adopt(&adopted, &outside, &vulkan_test_logger), ONEDVA_OK);
    assert_int_equal(odva_backend_open(&backend, &adopted->base, NULL, &vulkan_test_logger),
                     ONEDVA_OK);
    for (int images = has_three_planes(device->gpu) ? 1 : PLANES; images <= PLANES; images += 2) {
        through_a_frame(backend, images, 40, 32);
        through_a_frame(backend, images, 17, 33);
        through_a_frame(backend, images, 1, 1);
    }
    odva_backend_close(&backend);
    close_vulkan(adopted);
    assert_true(locks > 0 && locked == 0);
    close_vulkan(device); /* which is still there */
}

/* ---- waiting ----------------------------------------------------------------------------- */

static PFN_vkQueueSubmit driver_submit;
static const struct odva_vulkan_gpu *submit_gpu;
static uint32_t waits; /* of submissions */

/* What a submission waits for has come: Mesa's thread would touch it behind the signals. */
static VKAPI_ATTR VkResult VKAPI_CALL checking_submit(VkQueue queue, uint32_t count,
                                                      const VkSubmitInfo *info, VkFence fence)
{
    const VkTimelineSemaphoreSubmitInfo *values = info->pNext;

    assert_int_equal(count, 1);
    for (uint32_t i = 0; i < info->waitSemaphoreCount; i++) {
        uint64_t reached;

        assert_int_equal(submit_gpu->vk.GetSemaphoreCounterValue(
                             submit_gpu->device, info->pWaitSemaphores[i], &reached),
                         VK_SUCCESS);
        assert_true(reached >= values->pWaitSemaphoreValues[i]);
    }
    waits += info->waitSemaphoreCount;
    return driver_submit(queue, count, info, fence);
}

static void *signal_later(void *opaque)
{
    const struct frame *frame = opaque;

    usleep(20000);
    for (int i = 0; i < PLANES; i++)
        vk.SignalSemaphore(frame->gpu->device, &(VkSemaphoreSignalInfo){
                                                   .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
                                                   .semaphore = frame->semaphore[i],
                                                   .value = FIRST + 1});
    return NULL;
}

/* Others are still at work on a frame. */
static void busy_frame(void **state)
{
    struct odva_vulkan_device *device = open_vulkan();
    struct samples samples = {{0}, {{0}}};
    const struct onedva_picture source = picture_of(&samples);
    struct odva_backend *backend;
    struct frame frame;
    pthread_t thread;

    (void)state;
    assert_int_equal(odva_backend_open(&backend, &device->base, NULL, &vulkan_test_logger),
                     ONEDVA_OK);
    make_frame(&frame, device->gpu, PLANES, SIDE, SIDE);
    for (int i = 0; i < PLANES; i++)
        frame.value[i] = FIRST + 1;
    submit_gpu = device->gpu;
    driver_submit = faults.vk.QueueSubmit;
    faults.vk.QueueSubmit = checking_submit;
    waits = 0;
    assert_int_equal(pthread_create(&thread, NULL, signal_later, &frame), 0);
    assert_int_equal(write_frame(backend, &frame, &source, SIDE, SIDE), ONEDVA_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    faults.vk.QueueSubmit = driver_submit;
    assert_int_equal(waits, PLANES);
    expect_state(&frame, FIRST + 2, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
    free_frame(&frame);
    odva_backend_close(&backend);
    close_vulkan(device);
}

/* ---- faults ------------------------------------------------------------------------------ */

static struct odva_vulkan_device *owner; /* of the device from outside */

/* Open it and write a frame, whose own fields are right even where that failed. */
static int run(void)
{
    const struct onedva_vulkan_device outside = outside_of(owner);
    struct samples samples = {{0}, {{0}}};
    const struct onedva_picture source = picture_of(&samples);
    const int countdown = faults.countdown;
    struct odva_vulkan_device *adopted;
    struct odva_backend *backend;
    struct frame frame;
    int status;

    faults.countdown = 0;
    make_frame(&frame, owner->gpu, PLANES, SIDE, SIDE);
    faults.countdown = countdown;
    status = odva_vulkan_device_adopt(&adopted, &outside, &counting_logger);
    if (status >= 0) {
        status = odva_backend_open(&backend, &adopted->base, NULL, &counting_logger);
        if (status >= 0) {
            status = write_frame(backend, &frame, &source, SIDE, SIDE);
            odva_backend_close(&backend);
        }
        close_vulkan(adopted);
    }
    expect_state(&frame, frame.value[0], frame.layout[0]);
    assert_int_equal(frame.layout[0], frame.value[0] == FIRST
                                          ? VK_IMAGE_LAYOUT_UNDEFINED
                                          : VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
    assert_true(status < 0 || frame.value[0] == FIRST + 1);
    assert_int_equal(locked, 0);
    free_frame(&frame);
    return status;
}

static void each_call_fails(void **state)
{
    (void)state;
    owner = open_vulkan();
    fail_each_call(run, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    fail_each_call(run, VK_ERROR_DEVICE_LOST);
    close_vulkan(owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_lacks), cmocka_unit_test(which_options), cmocka_unit_test(frames),
        cmocka_unit_test(busy_frame), cmocka_unit_test(each_call_fails)};
    struct odva_vulkan_device *device;
    int failed;

    vulkan_test_begin();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (validation_bytes() > 0) {
        print_validation();
        failed++;
    }
    device = open_vulkan();
    expect_validation(device);
    close_vulkan(device);
    vulkan_test_end();
    return failed;
}
