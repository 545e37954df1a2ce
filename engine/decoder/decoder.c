/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The decoder of the public interface: a packet to latents to canvases to frames. */
#include "decoder/decoder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/integers.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/thread_pool.h"
#include "bitstream/frame_packet.h"
#include "bitstream/scan.h"
#include "bitstream/stream_header.h"
#include "decoder/clip_frames.h"
#include "decoder/clip_smoothing.h"
#include "decoder/packet_queue.h"
#include "decoder/reference.h"
#include "decoder/step_choice.h"
#include "kernels/images.h"
#include "model/device_weights.h"
#include "model/model.h"
#include "motion/canvas.h"
#include "motion/motion_warp.h"
#include "network/sampler.h"
#include "transform/deblocking.h"

/* Larger than any video there is; what a damaged stream header may claim is bounded by it. */
#define DEFAULT_MAX_PIXELS (INT64_C(1) << 27)

struct onedva_decoder {
    const struct onedva_model *model;
    struct onedva_decoder_settings settings;
    struct odva_thread_pool *pool;
    struct odva_backend *backend;
    struct odva_sampler sampler;
    struct odva_packet_queue packets;
    struct odva_clip_frames clip_frames; /* of the clip read last */
    struct odva_reference reference;
    int is_trial;              /* the clip read last is one of onedva_decoder_try_packet */
    struct odva_images canvas; /* what the warp makes the pictures from */
    struct odva_canvas linear; /* what odva_decoder_reconstruct_linear gave */
    struct odva_motion_warp warp;
    struct odva_deblocking deblocking;
    struct odva_clip_smoothing smoothing;
    double seconds;                      /* of the clip read last; 0: not known */
    struct odva_step_choice step_choice; /* where settings.steps is ONEDVA_STEPS_AUTO */
};

/* Of the packet read last. */
static struct odva_packet_decoder *packet_decoder_of(const struct onedva_decoder *decoder)
{
    return odva_packet_queue_decoder(&decoder->packets);
}

void onedva_decoder_settings_init(struct onedva_decoder_settings *settings, size_t struct_size)
{
    const struct onedva_decoder_settings defaults = {
        .struct_size = sizeof(defaults),
        .steps = 1,
        .sampler = ONEDVA_SAMPLER_EULER,
        .max_pixels = DEFAULT_MAX_PIXELS,
        .precision = ONEDVA_PRECISION_BFLOAT16,
        .backend = ONEDVA_BACKEND_AUTO,
        .device = -1,
        .max_depth = 8,
    };

    odva_settings_give(settings, struct_size, &defaults, sizeof(defaults));
}

/* @return ONEDVA_OK, or ONEDVA_ERR_ARGUMENT after one line on what is wrong */
static int check_settings(const struct onedva_decoder_settings *settings)
{
    const struct onedva_logger *logger = &settings->logger;

    if ((settings->steps < 0 && settings->steps != ONEDVA_STEPS_AUTO) ||
        settings->steps > ONEDVA_MAX_STEPS)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d steps are not 0 to %d", settings->steps,
                 ONEDVA_MAX_STEPS);
    else if (settings->sampler != ONEDVA_SAMPLER_EULER && settings->sampler != ONEDVA_SAMPLER_HEUN)
        odva_log(logger, ONEDVA_LOG_ERROR, "sampler %d does not exist", (int)settings->sampler);
    else if (settings->max_tokens < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "limit of %d tokens is negative", settings->max_tokens);
    else if (settings->max_pixels < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "limit of %" PRId64 " pixels is negative",
                 settings->max_pixels);
    else if (settings->precision < ONEDVA_PRECISION_FLOAT32 ||
             settings->precision > ONEDVA_PRECISION_INT8)
        odva_log(logger, ONEDVA_LOG_ERROR, "precision %d does not exist", (int)settings->precision);
    else if (settings->max_depth != 8 && settings->max_depth != ONEDVA_MAX_DEPTH)
        odva_log(logger, ONEDVA_LOG_ERROR, "limit of %d bits of samples is neither 8 nor %d",
                 settings->max_depth, ONEDVA_MAX_DEPTH);
    else if (settings->threads < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d threads are not 0 or more", settings->threads);
    else
        return ONEDVA_OK;
    return ONEDVA_ERR_ARGUMENT;
}

/* @return ONEDVA_OK, or an error after one line where the caller's logger is known */
static int take_settings(struct onedva_decoder_settings *own,
                         const struct onedva_decoder_settings *settings)
{
    int status;

    onedva_decoder_settings_default(own);
    status = odva_settings_take(own, sizeof(*own), settings);
    if (status == ONEDVA_ERR_UNSUPPORTED)
        odva_log(&own->logger, ONEDVA_LOG_ERROR, ODVA_UNKNOWN_SETTING);
    return status < 0 ? status : check_settings(own);
}

static int open_parts(struct onedva_decoder *decoder)
{
    const struct onedva_decoder_settings *settings = &decoder->settings;
    struct odva_scan_cache *scans = odva_scan_cache_of(decoder->model);
    const struct odva_device_wish wish = {.kind = settings->backend,
                                          .index = settings->device,
                                          .bitexact = settings->bitexact,
                                          .vulkan = settings->vulkan,
                                          .cuda_context = settings->cuda_context,
                                          .precision = settings->precision,
                                          .logger = &settings->logger};
    struct odva_device *device;
    int status = odva_model_device(decoder->model, &wish, &device);

    if (status == ONEDVA_OK)
        status = odva_thread_pool_open(&decoder->pool, settings->threads);
    if (status == ONEDVA_OK)
        status = odva_backend_open(&decoder->backend, device, decoder->pool, &settings->logger);
    if (status < 0)
        return status;
    if (!scans)
        return ONEDVA_ERR_NOMEM;
    status = odva_packet_queue_init(
        &decoder->packets, decoder->pool, decoder->model, scans, settings->max_tokens,
        settings->max_pixels, odva_min(settings->max_depth, device->max_depth), &settings->logger);
    if (status < 0)
        return status;
    return odva_sampler_open(&decoder->sampler, decoder->model, decoder->backend);
}

int onedva_decoder_open(onedva_decoder **result, const onedva_model *model,
                        const struct onedva_decoder_settings *settings)
{
    struct onedva_decoder_settings own;
    struct onedva_decoder *decoder;
    int status = take_settings(&own, settings);

    *result = NULL;
    if (status < 0)
        return status;
    decoder = calloc(1, sizeof(*decoder));
    if (!decoder)
        return ONEDVA_ERR_NOMEM;
    decoder->model = model;
    decoder->settings = own;
    status = open_parts(decoder);
    if (status < 0) {
        onedva_decoder_close(&decoder);
        return status;
    }
    *result = decoder;
    return ONEDVA_OK;
}

void onedva_decoder_close(onedva_decoder **decoder_pointer)
{
    struct onedva_decoder *decoder = *decoder_pointer;

    *decoder_pointer = NULL;
    if (!decoder)
        return;
    odva_sampler_close(&decoder->sampler);
    odva_packet_queue_free(&decoder->packets);
    if (decoder->backend) {
        odva_images_free(&decoder->canvas, decoder->backend);
        odva_reference_free(&decoder->reference, decoder->backend);
        odva_deblocking_free(&decoder->deblocking, decoder->backend);
    }
    odva_backend_close(&decoder->backend);
    odva_thread_pool_close(&decoder->pool);
    odva_canvas_free(&decoder->linear);
    odva_motion_warp_free(&decoder->warp);
    odva_clip_smoothing_free(&decoder->smoothing);
    free(decoder);
}

int onedva_decoder_lookahead(const onedva_decoder *decoder)
{
    return odva_packet_queue_lookahead(&decoder->packets);
}

int onedva_decoder_announce_packet(onedva_decoder *decoder, const uint8_t *data, size_t size)
{
    return odva_is_frame_packet(data, size) ||
           odva_packet_queue_announce(&decoder->packets, data, size);
}

int onedva_decoder_set_stream_header(onedva_decoder *decoder, const uint8_t *data, size_t size)
{
    int status;

    odva_packet_queue_forget(&decoder->packets);
    status = odva_packet_decoder_set_stream(packet_decoder_of(decoder), data, size);
    if (status < 0)
        odva_clip_frames_forget(&decoder->clip_frames);
    return status;
}

/* Linear reconstruction of latents of the packet read last. */
static int reconstruct_linear(struct onedva_decoder *decoder, const struct odva_latents *latents,
                              struct odva_image *const *coded)
{
    struct odva_image *prediction;
    const int status = odva_reference_predict(&decoder->reference, decoder->backend,
                                              packet_decoder_of(decoder), &prediction);

    return status < 0
               ? status
               : odva_linear_path_reconstruct(&decoder->sampler.path, latents, prediction, coded);
}

/* Make the reference picture of the packet read last, if decoding it has not. */
static int make_reference(struct onedva_decoder *decoder)
{
    const struct odva_packet_decoder *packet_decoder = packet_decoder_of(decoder);
    const struct odva_latents *first = odva_packet_decoder_first(packet_decoder);
    const struct odva_grid *grid = &first->grid;
    const struct odva_motion_warp *warp = packet_decoder->has_motion ? &decoder->warp : NULL;
    int status;

    if (packet_decoder->frames == 0 || odva_reference_is_made(&decoder->reference))
        return ONEDVA_OK;
    status = odva_images_alloc(&decoder->canvas, decoder->backend, grid->frames, grid->width,
                               grid->height, decoder->backend->depth);
    if (status == ONEDVA_OK && warp)
        status = odva_motion_warp_set(&decoder->warp, &packet_decoder->motion);
    if (status == ONEDVA_OK)
        status = reconstruct_linear(decoder, first, decoder->canvas.image);
    return status < 0 ? status
                      : odva_reference_make(&decoder->reference, decoder->backend, first,
                                            decoder->canvas.image[grid->frames - 1], warp);
}

/* There is no clip whose pictures could be reconstructed, shown or continued. */
static void drop_clip(struct onedva_decoder *decoder)
{
    packet_decoder_of(decoder)->frames = 0;
    odva_clip_frames_forget(&decoder->clip_frames);
    odva_clip_smoothing_forget(&decoder->smoothing);
}

static void take_back_trial(struct onedva_decoder *decoder)
{
    if (!decoder->is_trial)
        return;
    odva_reference_take_back(&decoder->reference);
    drop_clip(decoder);
    decoder->is_trial = 0;
}

static int read_clip(struct onedva_decoder *decoder, const uint8_t *data, size_t size,
                     struct onedva_clip *clip)
{
    int status = odva_packet_queue_read(&decoder->packets, data, size, clip);
    uint64_t units = 0;

    if (status == ONEDVA_OK)
        status = odva_reference_begin(&decoder->reference, packet_decoder_of(decoder), clip);
    if (status < 0) {
        drop_clip(decoder);
        return status;
    }
    decoder->backend->depth = (int)clip->stream.depth;
    if (clip->is_corrupt)
        odva_clip_smoothing_forget(&decoder->smoothing);
    odva_clip_frames_begin(&decoder->clip_frames, clip,
                           packet_decoder_of(decoder)->packet.first_crc);
    for (int i = 0; i < clip->frames; i++)
        units += clip->durations[i];
    decoder->seconds = odva_stream_seconds(&clip->stream, units);
    return status;
}

int onedva_decoder_read_packet(onedva_decoder *decoder, const uint8_t *data, size_t size,
                               struct onedva_clip *clip)
{
    int status = ONEDVA_OK;

    if (odva_is_frame_packet(data, size))
        return odva_clip_frames_read(&decoder->clip_frames, &decoder->settings.logger, data, size,
                                     clip);
    *clip = (struct onedva_clip){0};
    take_back_trial(decoder);
    if (!onedva_packet_is_key(data, size))
        status = make_reference(decoder);
    if (status < 0)
        return status;
    status = read_clip(decoder, data, size, clip);
    if (status < 0)
        odva_reference_lose(&decoder->reference);
    return status;
}

int onedva_decoder_try_packet(onedva_decoder *decoder, const uint8_t *data, size_t size,
                              struct onedva_clip *clip)
{
    int status;

    *clip = (struct onedva_clip){0};
    take_back_trial(decoder);
    status = make_reference(decoder);
    if (status == ONEDVA_OK)
        status = read_clip(decoder, data, size, clip);
    decoder->is_trial = status == ONEDVA_OK;
    return status;
}

void onedva_decoder_flush(onedva_decoder *decoder)
{
    odva_packet_queue_forget(&decoder->packets);
    odva_reference_forget(&decoder->reference);
    decoder->is_trial = 0;
    drop_clip(decoder);
}

const struct odva_latents *odva_decoder_latents(const onedva_decoder *decoder)
{
    return packet_decoder_of(decoder)->frames > 0 ? &packet_decoder_of(decoder)->latents : NULL;
}

int odva_decoder_reconstruct_linear(onedva_decoder *decoder, const struct odva_canvas **canvas)
{
    const struct odva_latents *latents = odva_decoder_latents(decoder);
    struct odva_canvas *linear = &decoder->linear;
    struct odva_backend *backend = decoder->backend;
    struct odva_images images = {0};
    int status;

    *canvas = NULL;
    if (!latents)
        return ONEDVA_OK;
    status = odva_canvas_set_size(linear, latents->grid.frames, latents->grid.width,
                                  latents->grid.height, backend->depth);
    if (status == ONEDVA_OK)
        status = odva_images_wrap(&images, backend, linear->picture, linear->frames, linear->width,
                                  linear->height, linear->depth);
    if (status == ONEDVA_OK)
        status = reconstruct_linear(decoder, latents, images.image);
    if (status == ONEDVA_OK)
        status = backend->ops->synchronize(backend);
    odva_images_free(&images, backend);
    if (status == ONEDVA_OK)
        *canvas = linear;
    return status;
}

/* Make room for the canvases and place the nodes. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
static int prepare_warp(struct onedva_decoder *decoder)
{
    const struct odva_motion *motion = &packet_decoder_of(decoder)->motion;
    const int status = odva_images_alloc(
        &decoder->canvas, decoder->backend, motion->frames, odva_motion_canvas_width(motion),
        odva_motion_canvas_height(motion), decoder->backend->depth);

    return status < 0 ? status : odva_motion_warp_set(&decoder->warp, motion);
}

/* Whether the linear reconstruction of what is decoded is the one that the reference picture, which
 * is not there yet, is made from. */
static int is_reference(const struct onedva_decoder *decoder)
{
    return !packet_decoder_of(decoder)->has_first && !odva_reference_is_made(&decoder->reference);
}

/* Let the network refine the linear reconstruction. */
static int refine(struct onedva_decoder *decoder, struct odva_image *const *coded, int steps)
{
    const struct odva_packet_decoder *packet_decoder = packet_decoder_of(decoder);
    const struct odva_latents *latents = &packet_decoder->latents;
    const struct odva_motion_warp *warp = packet_decoder->has_motion ? &decoder->warp : NULL;
    const struct odva_sampler_params params = {
        .qidx = latents->qidx,
        .steps = steps,
        .sampler = decoder->settings.sampler,
        .seed = packet_decoder->seed,
    };
    int status = ONEDVA_OK;

    if (is_reference(decoder))
        status = odva_reference_make(&decoder->reference, decoder->backend, latents,
                                     coded[packet_decoder->frames - 1], warp);
    return status < 0 ? status : odva_sampler_refine(&decoder->sampler, latents, &params, coded);
}

/* Let operators make the pictures of the packet read last. */
static int synthesise(struct onedva_decoder *decoder, struct odva_image *const *shown,
                      struct odva_clip_size size, int steps)
{
    const struct odva_packet_decoder *packet_decoder = packet_decoder_of(decoder);
    const struct odva_latents *latents = &packet_decoder->latents;
    struct odva_image *const *coded = packet_decoder->has_motion ? decoder->canvas.image : shown;
    struct odva_backend *backend = decoder->backend;
    int status = reconstruct_linear(decoder, latents, coded);

    if (status == ONEDVA_OK && steps > 0)
        status = refine(decoder, coded, steps);
    if (status == ONEDVA_OK)
        status = odva_deblock(&decoder->deblocking, backend, coded, latents, size.frames);
    if (status == ONEDVA_OK && packet_decoder->has_motion)
        status = odva_images_warp(backend, shown, coded, &decoder->warp.warp,
                                  odva_motion_warp_nodes(&decoder->warp));
    if (status == ONEDVA_OK && is_reference(decoder))
        status = odva_reference_take(&decoder->reference, backend, shown[size.frames - 1],
                                     size.width, size.height);
    return status < 0 ? status : backend->ops->synchronize(backend);
}

/* Pictures of the host or of the device, the others NULL. */
struct pictures {
    const struct onedva_picture *host;
    const void *const *device;
};

static int reconstruct(struct onedva_decoder *decoder, struct pictures pictures, int n, int steps)
{
    const struct odva_packet_decoder *packet_decoder = packet_decoder_of(decoder);
    const struct odva_motion *motion = packet_decoder->has_motion ? &packet_decoder->motion : NULL;
    const struct odva_grid *grid = &packet_decoder->latents.grid;
    const struct odva_clip_size size = {n, motion ? motion->width : grid->width,
                                        motion ? motion->height : grid->height};
    struct odva_images shown = {0};
    int status = pictures.host ? odva_images_wrap(&shown, decoder->backend, pictures.host, n,
                                                  size.width, size.height, decoder->backend->depth)
                               : odva_images_import(&shown, decoder->backend, pictures.device, n,
                                                    size.width, size.height);

    if (status == ONEDVA_OK)
        status = synthesise(decoder, shown.image, size, steps);
    odva_images_free(&shown, decoder->backend);
    if (status < 0 || !decoder->settings.smooth_clips)
        return status;
    return odva_clip_smoothing_run(&decoder->smoothing, decoder->pool, pictures.host, n, size.width,
                                   size.height, decoder->backend->depth,
                                   packet_decoder->latents.qidx);
}

static double wall_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* With as many steps as the first clips say; one where nothing says how long frames last. */
static int reconstruct_in_time(struct onedva_decoder *decoder, struct pictures pictures, int n)
{
    struct odva_step_choice *choice = &decoder->step_choice;
    const double begin = wall_seconds();
    int status;

    if (decoder->seconds <= 0)
        return reconstruct(decoder, pictures, n, 1);
    status = reconstruct(decoder, pictures, n, odva_step_choice_steps(choice));
    if (status == ONEDVA_OK &&
        odva_step_choice_note(choice, wall_seconds() - begin, decoder->seconds))
        odva_log(&decoder->settings.logger, ONEDVA_LOG_INFO,
                 "%d step%s: one takes %.0f %% of real time, the rest of decoding %.0f %%",
                 choice->steps, choice->steps == 1 ? "" : "s", 100 * choice->step,
                 100 * choice->base);
    return status;
}

static int reconstruct_any(struct onedva_decoder *decoder, struct pictures pictures, int n)
{
    int status = ONEDVA_OK;

    if (packet_decoder_of(decoder)->frames == 0 || n != packet_decoder_of(decoder)->frames) {
        odva_log(&decoder->settings.logger, ONEDVA_LOG_ERROR, "%d frames wanted of a clip of %d", n,
                 packet_decoder_of(decoder)->frames);
        return ONEDVA_ERR_ARGUMENT;
    }
    if (packet_decoder_of(decoder)->has_motion)
        status = prepare_warp(decoder);
    if (status < 0)
        return status;
    return decoder->settings.steps == ONEDVA_STEPS_AUTO
               ? reconstruct_in_time(decoder, pictures, n)
               : reconstruct(decoder, pictures, n, decoder->settings.steps);
}

int onedva_decoder_reconstruct(onedva_decoder *decoder, const struct onedva_picture *pictures,
                               int n)
{
    return reconstruct_any(decoder, (struct pictures){.host = pictures}, n);
}

static int refuse_pictures(const struct onedva_decoder *decoder, const char *why)
{
    odva_log(&decoder->settings.logger, ONEDVA_LOG_ERROR, "%s", why);
    return ONEDVA_ERR_ARGUMENT;
}

static int reconstruct_on_device(struct onedva_decoder *decoder, const void *const *pictures, int n)
{
    return decoder->settings.smooth_clips
               ? refuse_pictures(decoder,
                                 "smoothed clips are pictures of the host; leave smooth_clips out")
               : reconstruct_any(decoder, (struct pictures){.device = pictures}, n);
}

int onedva_decoder_reconstruct_vulkan(onedva_decoder *decoder,
                                      const struct onedva_vulkan_picture *const *pictures, int n)
{
    if (!decoder->settings.vulkan)
        return refuse_pictures(decoder, "pictures on a device of Vulkan go with a decoder that was "
                                        "opened with it; set settings.vulkan");
    return reconstruct_on_device(decoder, (const void *const *)pictures, n);
}

static int are_words(const struct onedva_cuda_picture *picture)
{
    uint64_t all = 0;

    for (int p = 0; p < 3; p++)
        all |= picture->data[p];
    return picture->stride[0] > 0 && picture->stride[1] > 0 &&
           (all | (uint64_t)picture->stride[0] | (uint64_t)picture->stride[1]) % 4 == 0;
}

int onedva_decoder_reconstruct_cuda(onedva_decoder *decoder,
                                    const struct onedva_cuda_picture *pictures, int n)
{
    const void *list[ONEDVA_MAX_CLIP_FRAMES] = {NULL};

    if (!decoder->settings.cuda_context)
        return refuse_pictures(decoder, "pictures in memory of CUDA go with a decoder that was "
                                        "opened with its context; set settings.cuda_context");
    for (int i = 0; i < n && i < ONEDVA_MAX_CLIP_FRAMES; i++) {
        if (!are_words(&pictures[i]))
            return refuse_pictures(decoder, "planes of CUDA begin at multiples of 4 bytes, and "
                                            "their strides are positive multiples of 4");
        list[i] = &pictures[i];
    }
    return reconstruct_on_device(decoder, list, n);
}

int onedva_decoder_get_mesh(onedva_decoder *decoder, struct onedva_mesh *mesh)
{
    const struct odva_packet_decoder *packet_decoder = packet_decoder_of(decoder);
    const struct odva_motion *motion = &packet_decoder->motion;
    const struct odva_warp *warp = &decoder->warp.warp;
    int status;

    *mesh = (struct onedva_mesh){0};
    if (packet_decoder->frames == 0) {
        odva_log(&decoder->settings.logger, ONEDVA_LOG_ERROR, "mesh wanted of no clip");
        return ONEDVA_ERR_ARGUMENT;
    }
    if (!packet_decoder->has_motion) {
        mesh->canvas_width = (int)packet_decoder->stream.width;
        mesh->canvas_height = (int)packet_decoder->stream.height;
        return ONEDVA_OK;
    }
    status = odva_motion_warp_set(&decoder->warp, motion);
    if (status < 0)
        return status;
    *mesh = (struct onedva_mesh){
        .motion = motion->spacing > 0 ? ONEDVA_MOTION_MESH : ONEDVA_MOTION_GLOBAL,
        .left = warp->left,
        .top = warp->top,
        .canvas_width = warp->source_width,
        .canvas_height = warp->source_height,
        .reference = motion->reference,
        .spacing = 1 << warp->log2_spacing,
        .columns = warp->columns,
        .rows = warp->rows,
        .nodes = odva_motion_warp_nodes(&decoder->warp),
    };
    return ONEDVA_OK;
}
