/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/quantiser_choice.h"

#include <math.h>

#include "base/assert.h"
#include "base/log.h"
#include "bitstream/layer_plan.h"
#include "bitstream/motion_coder.h"
#include "encoder/encoder.h"

/* Near enough to what is left for the last clip of a second pass, and tries to come there. */
#define NEAR      0.005
#define MAX_TRIES 10

/* What an index more saves, about, in logarithms. */
#define BITS_PER_INDEX 0.1

/* Whether a network corrects the linear latents. */
static int has_refinement(const struct onedva_encoder *encoder)
{
    return encoder->settings.preset != ONEDVA_PRESET_ULTRAFAST &&
           encoder->model->config.encoder_layers > 0;
}

/* Latents at encoder->index. @param bits counted for the payloads */
static int encode_latents(struct onedva_encoder *encoder, double *bits)
{
    struct odva_trial_coder *coder = &encoder->coder;
    int status;

    if (!has_refinement(encoder))
        return odva_trial_coder_quantise(coder, coder->linear, encoder->index, bits);
    status = odva_analysis_refine(coder->analysis, &coder->latents.grid,
                                  odva_qidx_of(encoder->index), coder->linear, encoder->refined);
    if (status < 0)
        return status;
    return odva_trial_coder_quantise(coder, encoder->refined, encoder->index, bits);
}

/* Durations that the packet has to carry: NULL where all are the stream's frame_duration. */
static const uint32_t *unusual_durations(const struct onedva_encoder *encoder,
                                         const uint32_t *durations, int n)
{
    for (int i = 0; durations && i < n; i++) {
        if (durations[i] != encoder->stream.frame_duration)
            return durations;
    }
    return NULL;
}

static int write_packet(struct onedva_encoder *encoder, const uint32_t *durations)
{
    const struct odva_aligned_clip *clip = odva_encoder_clip(encoder);
    struct odva_packet_encoder *packet_encoder = &odva_encoder_slot(encoder)->packet_encoder;
    struct odva_trial_coder *coder = &encoder->coder;
    struct odva_layer_plan layer_plan;

    odva_layer_plan_init(&layer_plan, encoder->settings.layers, coder->latents.qidx,
                         odva_tile_tokens(encoder->model->config.basis));
    odva_rate_distortion_divide(&coder->rate_distortion, &coder->latents,
                                has_refinement(encoder) ? encoder->refined : coder->linear,
                                &layer_plan);
    odva_layer_plan_set_ends(&layer_plan, &coder->latents);
    odva_packet_encoder_begin(packet_encoder, &coder->latents, &layer_plan,
                              clip->is_aligned ? &clip->motion : NULL,
                              encoder->settings.header_in_packets ? &encoder->stream : NULL,
                              unusual_durations(encoder, durations, clip->frames));
    return odva_encoder_overlaps(encoder)
               ? ONEDVA_OK
               : odva_packet_encoder_end(packet_encoder, &coder->latents);
}

static double packet_bits(struct onedva_encoder *encoder)
{
    return 8.0 * (double)odva_encoder_slot(encoder)->packet_encoder.packet.size;
}

static double payload_bits(struct onedva_encoder *encoder)
{
    return 8.0 * (double)odva_encoder_slot(encoder)->packet_encoder.payloads.size;
}

/* Latents at encoder->index, and their packet. @param counted bits of its payloads */
static int encode_packet(struct onedva_encoder *encoder, const uint32_t *durations, double *counted)
{
    const int status = encode_latents(encoder, counted);

    return status < 0 ? status : write_packet(encoder, durations);
}

/* Set encoder->index to where the linear latents take a budget. @param bits what they take there */
static int search_qidx(struct onedva_encoder *encoder, double budget, double *bits)
{
    struct odva_trial_coder *coder = &encoder->coder;
    struct odva_rate_search search;
    int status;

    odva_rate_search_start(&search, budget, odva_qidx_of(encoder->index));
    do {
        status = odva_trial_coder_quantise(coder, coder->linear, search.next, bits);
    } while (status == ONEDVA_OK && odva_rate_search_step(&search, *bits));
    encoder->index = search.best;
    *bits = search.best_bits;
    return status;
}

/* What the motion takes of a packet. */
static int count_motion(struct onedva_encoder *encoder, double *bits)
{
    const struct odva_aligned_clip *clip = odva_encoder_clip(encoder);
    struct odva_byte_writer *motion = &odva_encoder_slot(encoder)->packet_encoder.motion;

    odva_byte_writer_reset(motion);
    if (clip->is_aligned)
        odva_motion_write(motion, &clip->motion);
    *bits = 8.0 * (double)motion->size;
    return motion->failed ? ONEDVA_ERR_NOMEM : ONEDVA_OK;
}

/* Search with the linear latents, which takes no network, then once more with the budget changed
 * by what the network made of the rate. */
static int encode_at_bitrate(struct onedva_encoder *encoder, const uint32_t *durations,
                             double seconds, double *counted)
{
    double linear_bits, motion_bits, budget;
    int first;
    int status = count_motion(encoder, &motion_bits);

    if (status < 0)
        return status;
    budget = odva_rate_control_counted(&encoder->rate_control,
                                       odva_rate_control_budget(&encoder->rate_control, seconds),
                                       motion_bits);
    status = search_qidx(encoder, budget, &linear_bits);
    if (status == ONEDVA_OK)
        status = encode_packet(encoder, durations, counted);
    if (status < 0 || !has_refinement(encoder))
        return status;
    first = odva_qidx_of(encoder->index);
    status = search_qidx(encoder, budget * (linear_bits + 1) / (*counted + 1), &linear_bits);
    if (status < 0)
        return status;
    if (odva_qidx_of(encoder->index) != first)
        return encode_packet(encoder, durations, counted);
    status = odva_trial_coder_quantise(&encoder->coder, encoder->refined, first, counted);
    return status < 0 ? status : write_packet(encoder, durations);
}

/* Count what the clip takes at the points of a first pass' statistics. */
static int count_points(struct onedva_encoder *encoder, struct odva_first_pass_clip *clip)
{
    double motion_bits;
    int status = count_motion(encoder, &motion_bits);

    for (int i = 0; i < ODVA_FIRST_PASS_POINTS && status == ONEDVA_OK; i++) {
        status = odva_trial_coder_quantise(&encoder->coder, encoder->coder.linear,
                                           ODVA_FIRST_PASS_FINEST + i * ODVA_FIRST_PASS_DISTANCE,
                                           &clip->bits[i]);
        clip->bits[i] =
            odva_rate_control_packet(&encoder->rate_control, clip->bits[i], motion_bits);
    }
    return status;
}

/* Code a clip as the second pass would if the video ended here, and note what it can take. */
static int encode_first_pass(struct onedva_encoder *encoder, const uint32_t *durations,
                             double seconds, double *counted)
{
    struct odva_first_pass *pass = &encoder->first_pass;
    int status = count_points(encoder, &pass->clip);

    if (status < 0)
        return status;
    if (encoder->settings.bitrate > 0)
        encoder->index = odva_first_pass_index(pass, (double)encoder->settings.bitrate, seconds);
    return encode_packet(encoder, durations, counted);
}

/* The last clip takes what is left: bisection, once both sides are known. */
static int use_up(struct onedva_encoder *encoder, const uint32_t *durations, double *counted)
{
    const double left = fmax(encoder->plan.bits, 1);
    double low = ODVA_FIRST_PASS_FINEST, high = ODVA_FIRST_PASS_COARSEST;
    double best = encoder->index, best_error = INFINITY, tried;
    int status = ONEDVA_OK;

    for (int i = 0; i < MAX_TRIES && best_error > NEAR && status == ONEDVA_OK; i++) {
        const double error = log(packet_bits(encoder) / left);
        const double guess = encoder->index + error / BITS_PER_INDEX;

        tried = encoder->index;
        if (fabs(error) < best_error) {
            best_error = fabs(error);
            best = tried;
        }
        *(error > 0 ? &low : &high) = tried;
        encoder->index = guess > low && guess < high ? guess : (low + high) / 2;
        status = encode_packet(encoder, durations, counted);
    }
    if (status < 0 || encoder->index == best)
        return status;
    encoder->index = best;
    return encode_packet(encoder, durations, counted);
}

static int encode_second_pass(struct onedva_encoder *encoder, const uint32_t *durations,
                              double *counted)
{
    const int status = encode_packet(encoder, durations, counted);

    if (status < 0 || odva_rate_plan_frames(&encoder->plan) > odva_encoder_clip(encoder)->frames)
        return status;
    return use_up(encoder, durations, counted);
}

/* The coarsest quantiser that gives the clip its PSNR, or else the finest one. */
static int encode_at_psnr(struct onedva_encoder *encoder, const struct onedva_const_picture *frames,
                          const uint32_t *durations, double *counted)
{
    const struct odva_byte_writer *packet = &odva_encoder_slot(encoder)->packet_encoder.packet;
    struct odva_psnr_search search;
    double psnr;
    int status, goes_on = 1;

    odva_psnr_search_start(&search, encoder->settings.target_psnr, odva_qidx_of(encoder->index));
    do {
        encoder->index = search.next;
        status = encode_packet(encoder, durations, counted);
        if (status == ONEDVA_OK)
            status = odva_psnr_target_measure(&encoder->psnr_target, packet->data, packet->size,
                                              frames, odva_encoder_clip(encoder)->frames,
                                              (int)encoder->stream.width,
                                              (int)encoder->stream.height, &psnr);
        if (status == ONEDVA_OK)
            goes_on = odva_psnr_search_step(&search, psnr);
    } while (status == ONEDVA_OK && goes_on);
    if (status == ONEDVA_OK && search.fine < ODVA_FINEST)
        odva_log(&encoder->settings.logger, ONEDVA_LOG_WARNING,
                 "a clip has %.2f dB, not %g dB: no finer quantiser is taken", psnr,
                 encoder->settings.target_psnr);
    else if (status == ONEDVA_OK && search.fine != odva_qidx_of(encoder->index)) {
        encoder->index = search.fine;
        status = encode_packet(encoder, durations, counted);
    }
    return status;
}

/* Take coarser quantisers until the decoder's buffer holds the packet. */
static int keep_within_buffer(struct onedva_encoder *encoder, const uint32_t *durations,
                              double *counted)
{
    const double most = odva_rate_control_most(&encoder->rate_control);
    int status = ONEDVA_OK;

    while (status == ONEDVA_OK && packet_bits(encoder) > most &&
           odva_qidx_of(encoder->index) < ONEDVA_MAX_QIDX) {
        encoder->index = odva_qidx_of(encoder->index) + 1;
        status = encode_packet(encoder, durations, counted);
    }
    if (status == ONEDVA_OK && packet_bits(encoder) > most)
        odva_log(&encoder->settings.logger, ONEDVA_LOG_WARNING,
                 "a packet of %zu bytes breaks the buffer, which holds %.0f bits of it; a larger "
                 "buffer, shorter clips or a smaller picture would not",
                 odva_encoder_slot(encoder)->packet_encoder.packet.size, most);
    return status;
}

/* Tell what follows what the clip took. @param counted for its payloads */
static void spend(struct onedva_encoder *encoder, double seconds, double counted)
{
    const double bits = packet_bits(encoder);

    odva_rate_control_learn(&encoder->rate_control, counted, payload_bits(encoder));
    odva_rate_control_spend(&encoder->rate_control, seconds, bits);
    if (encoder->settings.pass == ONEDVA_PASS_SECOND)
        odva_rate_plan_spend(&encoder->plan, odva_encoder_clip(encoder)->frames, encoder->index,
                             bits);
    if (encoder->settings.pass == ONEDVA_PASS_FIRST)
        odva_first_pass_add(&encoder->first_pass, seconds, encoder->index, bits);
}

int odva_encode_clip(struct onedva_encoder *encoder, const struct onedva_const_picture *frames,
                     const uint32_t *durations, double seconds)
{
    double counted;
    int status;

    ODVA_ASSERT(encoder->begun < 2);
    ODVA_ASSERT(encoder->coder.latents.grid.frames >= 0);
    if (encoder->settings.pass == ONEDVA_PASS_FIRST)
        status = encode_first_pass(encoder, durations, seconds, &counted);
    else if (encoder->settings.pass == ONEDVA_PASS_SECOND)
        status = encode_second_pass(encoder, durations, &counted);
    else if (encoder->settings.target_psnr > 0)
        status = encode_at_psnr(encoder, frames, durations, &counted);
    else if (encoder->settings.bitrate > 0)
        status = encode_at_bitrate(encoder, durations, seconds, &counted);
    else
        status = encode_packet(encoder, durations, &counted);
    if (odva_encoder_overlaps(encoder))
        return status;
    if (status == ONEDVA_OK)
        status = keep_within_buffer(encoder, durations, &counted);
    if (status == ONEDVA_OK)
        spend(encoder, seconds, counted);
    return status;
}
