/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/quantiser_choice.h"

#include <inttypes.h>
#include <math.h>

#include "base/assert.h"
#include "base/log.h"
#include "bitstream/stream_header.h"
#include "encoder/encoder_settings.h"

/* Near enough to what is left for the last clip of a second pass, and tries to come there. */
#define NEAR      0.005
#define MAX_TRIES 10

/* How much finer key clips are quantised than those that are predicted from them: what they show
 * stays for many clips. */
#define KEY_OFFSET 4

/* What an index more saves, about, in logarithms. */
#define BITS_PER_INDEX 0.1

/* A clip at work. */
struct choice {
    struct odva_quantiser_choice *state;
    struct odva_clip_encoder *encoder;
    const struct onedva_const_picture *frames;
    uint64_t duration;
    double seconds;
    double finer; /* than the index that is set */
};

int odva_quantiser_choice_needs_packets(const struct onedva_encoder_settings *settings)
{
    return settings->bitrate > 0 || settings->buffer_size > 0 || settings->target_psnr > 0 ||
           settings->pass != ONEDVA_PASS_ONLY;
}

static int open_pass(struct odva_quantiser_choice *choice)
{
    const struct onedva_encoder_settings *settings = choice->settings;
    struct odva_first_pass_writer *writer = &choice->first_pass.writer;

    if (settings->pass == ONEDVA_PASS_SECOND)
        return odva_rate_plan_open(&choice->plan, settings->pass_stats, choice->stream,
                                   &choice->rate_control, &settings->logger);
    if (settings->pass == ONEDVA_PASS_FIRST) {
        odva_first_pass_writer_reset(writer);
        odva_first_pass_write_header(writer, choice->stream);
    }
    return writer->text.failed ? ONEDVA_ERR_NOMEM : ONEDVA_OK;
}

int odva_quantiser_choice_open(struct odva_quantiser_choice *choice, const onedva_model *model,
                               const struct onedva_encoder_settings *settings,
                               const struct onedva_stream *stream,
                               const struct odva_byte_writer *stream_header, double index)
{
    int status;

    choice->settings = settings;
    choice->stream = stream;
    choice->index = index;
    choice->share = 1;
    choice->rate_control = (struct odva_rate_control){
        .bitrate = (double)settings->bitrate,
        .max_rate = (double)settings->max_rate,
        .buffer_size = (double)settings->buffer_size,
        .buffered = (double)settings->buffer_start,
        .predicts = odva_encoder_settings_predicts(settings),
    };
    status = open_pass(choice);
    if (status < 0 || settings->target_psnr == 0)
        return status;
    return odva_psnr_target_open(&choice->psnr_target, model, settings, (int)stream->depth,
                                 stream_header->data, stream_header->size);
}

void odva_quantiser_choice_close(struct odva_quantiser_choice *choice)
{
    odva_first_pass_writer_free(&choice->first_pass.writer);
    odva_rate_plan_close(&choice->plan);
    odva_psnr_target_close(&choice->psnr_target);
}

int odva_quantiser_choice_begin(struct odva_quantiser_choice *choice,
                                const struct onedva_const_picture *frames, int n)
{
    struct odva_rate_plan *plan = &choice->plan;
    const struct onedva_logger *logger = &choice->settings->logger;
    int known;

    if (choice->settings->pass != ONEDVA_PASS_SECOND)
        return ONEDVA_OK;
    known = odva_rate_plan_known(plan, frames, n, choice->stream);
    if (known < n && odva_rate_plan_frames(plan) == known) {
        odva_log(logger, ONEDVA_LOG_ERROR, "the first pass saw only %" PRId64 " frames",
                 plan->stats.frames);
        return ONEDVA_ERR_ARGUMENT;
    }
    if (known < n) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "frame %" PRId64 " is not the one that the first pass saw: its statistics are "
                 "those of another video",
                 plan->stats.frames - odva_rate_plan_frames(plan) + known);
        return ONEDVA_ERR_ARGUMENT;
    }
    choice->index = odva_rate_plan_index(plan, &choice->rate_control);
    return ONEDVA_OK;
}

/* At the index that is set. */
static int encode(struct choice *c)
{
    return odva_clip_encoder_encode(c->encoder, fmax(c->state->index - c->finer, ONEDVA_MIN_QIDX),
                                    &c->state->counted);
}

/* By how much key clips are quantised finer than the index says. */
static double key_offset(const struct odva_quantiser_choice *choice)
{
    const struct onedva_encoder_settings *settings = choice->settings;

    return !odva_encoder_settings_predicts(settings) || settings->qp >= 0 ||
                   settings->bitrate > 0 || settings->target_psnr > 0
               ? 0
               : KEY_OFFSET;
}

/* ---- bitrate ----------------------------------------------------------------------------- */

/* Set the index to where the linear latents take a budget. @param bits what they take there */
static int search_qidx(struct choice *c, double budget, double *bits)
{
    struct odva_trial_coder *coder = &c->encoder->coder;
    struct odva_rate_search search;
    int status;

    odva_rate_search_start(&search, budget, odva_qidx_of(c->state->index));
    do {
        status = odva_trial_coder_quantise(coder, search.next, bits);
    } while (status == ONEDVA_OK && odva_rate_search_step(&search, *bits));
    c->state->index = search.best;
    *bits = search.best_bits;
    return status;
}

/* Search with the linear latents, and a budget that is changed by what was made of their rate in
 * the clip before; where a network makes it, once more by what it made of this one's. */
static int encode_at_bitrate(struct choice *c)
{
    const struct odva_rate_control *control = &c->state->rate_control;
    double linear_bits, motion_bits, budget;
    int status = odva_clip_encoder_count_motion(c->encoder, &motion_bits);

    if (status < 0)
        return status;
    budget = odva_rate_control_counted(
        control, odva_rate_control_budget(control, c->seconds, !c->encoder->clip->prediction),
        motion_bits);
    for (int i = 0; i < (odva_clip_encoder_corrects(c->encoder) ? 2 : 1); i++) {
        status = search_qidx(c, budget / c->state->share, &linear_bits);
        if (status == ONEDVA_OK)
            status = encode(c);
        if (status < 0)
            return status;
        c->state->share = (c->state->counted + 1) / (linear_bits + 1);
    }
    return ONEDVA_OK;
}

/* ---- two passes -------------------------------------------------------------------------- */

/* Count what the clip takes at the points of a first pass' statistics. */
static int count_points(struct choice *c, struct odva_first_pass_clip *clip)
{
    struct odva_trial_coder *coder = &c->encoder->coder;
    double motion_bits;
    int status = odva_clip_encoder_count_motion(c->encoder, &motion_bits);

    for (int i = 0; i < ODVA_FIRST_PASS_POINTS && status == ONEDVA_OK; i++) {
        status = odva_trial_coder_quantise(
            coder, ODVA_FIRST_PASS_FINEST + i * ODVA_FIRST_PASS_DISTANCE - c->finer,
            &clip->bits[i]);
        clip->bits[i] =
            odva_rate_control_packet(&c->state->rate_control, clip->bits[i], motion_bits);
    }
    return status;
}

/* Code a clip as the second pass would if the video ended here, and note what it can take. */
static int encode_first_pass(struct choice *c)
{
    struct odva_first_pass *pass = &c->state->first_pass;
    const double bitrate = c->state->rate_control.bitrate;
    int status;

    if (pass->writer.frames > 0)
        odva_first_pass_writer_reset(&pass->writer);
    pass->clip.frames = c->encoder->clip->frames;
    pass->clip.duration = c->duration;
    pass->clip.hash = odva_first_pass_hash(&c->frames[0], c->state->stream);
    status = count_points(c, &pass->clip);
    if (status < 0)
        return status;
    if (bitrate > 0)
        c->state->index = odva_first_pass_index(pass, bitrate, c->seconds);
    return encode(c);
}

/* The last clip takes what is left: bisection, once both sides are known. */
static int use_up(struct choice *c)
{
    double *index = &c->state->index;
    const double left = fmax(c->state->plan.bits, 1);
    double low = ODVA_FIRST_PASS_FINEST, high = ODVA_FIRST_PASS_COARSEST;
    double best = *index, best_error = INFINITY, tried;
    int status = ONEDVA_OK;

    for (int i = 0; i < MAX_TRIES && best_error > NEAR && status == ONEDVA_OK; i++) {
        const double error = log(odva_clip_encoder_packet_bits(c->encoder) / left);
        const double guess = *index + error / BITS_PER_INDEX;

        tried = *index;
        if (fabs(error) < best_error) {
            best_error = fabs(error);
            best = tried;
        }
        *(error > 0 ? &low : &high) = tried;
        *index = guess > low && guess < high ? guess : (low + high) / 2;
        status = encode(c);
    }
    if (status < 0 || *index == best)
        return status;
    *index = best;
    return encode(c);
}

static int encode_second_pass(struct choice *c)
{
    const int status = encode(c);

    if (status < 0 || odva_rate_plan_frames(&c->state->plan) > c->encoder->clip->frames)
        return status;
    return use_up(c);
}

/* ---- PSNR -------------------------------------------------------------------------------- */

static int measure_psnr(struct choice *c, double *psnr)
{
    const struct odva_byte_writer *packet =
        &odva_clip_encoder_slot(c->encoder)->packet_encoder.packet;
    const struct onedva_stream *stream = c->state->stream;

    return odva_psnr_target_measure(&c->state->psnr_target, packet->data, packet->size, c->frames,
                                    c->encoder->clip->frames, (int)stream->width,
                                    (int)stream->height, psnr);
}

/* The coarsest quantiser that gives the clip its PSNR, or else the finest one. */
static int encode_at_psnr(struct choice *c)
{
    const struct onedva_encoder_settings *settings = c->state->settings;
    double *index = &c->state->index;
    struct odva_psnr_search search;
    double psnr;
    int status, goes_on = 1;

    odva_psnr_search_start(&search, settings->target_psnr, odva_qidx_of(*index));
    do {
        *index = search.next;
        status = encode(c);
        if (status == ONEDVA_OK)
            status = measure_psnr(c, &psnr);
        if (status == ONEDVA_OK)
            goes_on = odva_psnr_search_step(&search, psnr);
    } while (status == ONEDVA_OK && goes_on);
    if (status == ONEDVA_OK && search.fine < ODVA_FINEST)
        odva_log(&settings->logger, ONEDVA_LOG_WARNING,
                 "a clip has %.2f dB, not %g dB: no finer quantiser is taken", psnr,
                 settings->target_psnr);
    else if (status == ONEDVA_OK && search.fine != odva_qidx_of(*index)) {
        *index = search.fine;
        status = encode(c);
    }
    return status;
}

/* What measures goes on behind the packet that was taken. */
static int follow_packet(struct choice *c)
{
    const struct odva_byte_writer *packet =
        &odva_clip_encoder_slot(c->encoder)->packet_encoder.packet;

    return c->state->psnr_target.decoder
               ? odva_psnr_target_follow(&c->state->psnr_target, packet->data, packet->size)
               : ONEDVA_OK;
}

/* ---- all of them ------------------------------------------------------------------------- */

/* Take coarser quantisers until the decoder's buffer holds the packet. */
static int keep_within_buffer(struct choice *c)
{
    struct odva_clip_encoder *encoder = c->encoder;
    const double most = odva_rate_control_most(&c->state->rate_control);
    int status = ONEDVA_OK;

    while (status == ONEDVA_OK && odva_clip_encoder_packet_bits(encoder) > most &&
           odva_qidx_of(c->state->index) < ONEDVA_MAX_QIDX) {
        c->state->index = odva_qidx_of(c->state->index) + 1;
        status = encode(c);
    }
    if (status == ONEDVA_OK && odva_clip_encoder_packet_bits(encoder) > most)
        odva_log(&c->state->settings->logger, ONEDVA_LOG_WARNING,
                 "a packet of %zu bytes breaks the buffer, which holds %.0f bits of it; a larger "
                 "buffer, shorter clips or a smaller picture would not",
                 odva_clip_encoder_slot(encoder)->packet_encoder.packet.size, most);
    return status;
}

/* Tell what follows what the clip took. */
static int spend(struct choice *c)
{
    struct odva_quantiser_choice *state = c->state;
    const double bits = odva_clip_encoder_packet_bits(c->encoder);

    odva_rate_control_learn(&state->rate_control, c->state->counted,
                            odva_clip_encoder_payload_bits(c->encoder));
    odva_rate_control_spend(&state->rate_control, c->seconds, bits);
    if (c->seconds > 0)
        odva_rate_control_note_kind(&state->rate_control, !c->encoder->clip->prediction,
                                    bits / c->seconds, state->index);
    if (state->settings->pass == ONEDVA_PASS_SECOND)
        odva_rate_plan_spend(&state->plan, c->encoder->clip->frames, state->index, bits);
    if (state->settings->pass == ONEDVA_PASS_FIRST)
        odva_first_pass_add(&state->first_pass, c->seconds, state->index, bits,
                            odva_clip_encoder_frame_bits(c->encoder));
    return state->first_pass.writer.text.failed ? ONEDVA_ERR_NOMEM : ONEDVA_OK;
}

static int encode_clip(struct choice *c)
{
    const struct onedva_encoder_settings *settings = c->state->settings;

    if (settings->pass == ONEDVA_PASS_FIRST)
        return encode_first_pass(c);
    if (settings->pass == ONEDVA_PASS_SECOND)
        return encode_second_pass(c);
    if (settings->target_psnr > 0)
        return encode_at_psnr(c);
    if (settings->bitrate > 0)
        return encode_at_bitrate(c);
    return encode(c);
}

int odva_quantiser_choice_run(struct odva_quantiser_choice *choice,
                              struct odva_clip_encoder *encoder,
                              const struct onedva_const_picture *frames, uint64_t duration,
                              int ends_scene)
{
    const struct onedva_encoder_settings *settings = choice->settings;
    const double wanted = choice->index;
    struct choice c = {.state = choice,
                       .encoder = encoder,
                       .frames = frames,
                       .duration = duration,
                       .seconds = odva_stream_seconds(choice->stream, duration),
                       .finer = encoder->clip->prediction || ends_scene ? 0 : key_offset(choice)};
    int status;

    ODVA_ASSERT(encoder->begun < 2);
    ODVA_ASSERT(encoder->coder.latents.grid.frames >= 1);
    status = encode_clip(&c);
    if (status < 0 || !odva_quantiser_choice_needs_packets(settings))
        return status;
    status = keep_within_buffer(&c);
    if (status == ONEDVA_OK)
        status = follow_packet(&c);
    if (status == ONEDVA_OK)
        status = spend(&c);
    if (settings->bitrate == 0 && settings->target_psnr == 0)
        choice->index = wanted;
    return status;
}

const char *odva_quantiser_choice_stats(const struct odva_quantiser_choice *choice)
{
    return choice->settings->pass == ONEDVA_PASS_FIRST
               ? (const char *)choice->first_pass.writer.text.data
               : NULL;
}

int odva_quantiser_choice_end(struct odva_quantiser_choice *choice, const char **stats)
{
    struct odva_first_pass_writer *writer = &choice->first_pass.writer;
    const struct odva_rate_plan *plan = &choice->plan;

    *stats = NULL;
    if (choice->settings->pass == ONEDVA_PASS_SECOND && odva_rate_plan_frames(plan) > 0)
        odva_log(&choice->settings->logger, ONEDVA_LOG_WARNING,
                 "the first pass saw %" PRId64 " frames more, so that the bitrate is not met",
                 odva_rate_plan_frames(plan));
    if (choice->settings->pass != ONEDVA_PASS_FIRST)
        return ONEDVA_OK;
    odva_first_pass_writer_reset(writer);
    odva_first_pass_write_end(writer);
    *stats = (const char *)writer->text.data;
    return writer->text.failed ? ONEDVA_ERR_NOMEM : ONEDVA_OK;
}
