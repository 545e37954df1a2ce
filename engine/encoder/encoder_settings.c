/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/encoder_settings.h"

#include <inttypes.h>
#include <math.h>

#include "base/log.h"
#include "base/settings.h"

/* crf 0 and qp 0 are this quantiser index. */
#define QIDX_OF_CRF_0 (-40)

/* Bits per sample of luma that videos take in the mean at this quantiser index, and indices that
 * halve them: doc/results.md. The search for a bitrate begins there. */
#define USUAL_INDEX      (-10.0)
#define USUAL_BITS       0.1
#define INDICES_TO_HALVE 5.6

/* The same for PSNR-Y. */
#define USUAL_PSNR   35.5
#define DB_PER_INDEX 0.31

#define LEAST_PSNR 15.0
#define MOST_PSNR  60.0

void onedva_encoder_settings_init(struct onedva_encoder_settings *settings, size_t struct_size)
{
    const struct onedva_encoder_settings defaults = {
        .struct_size = sizeof(defaults),
        .crf = 30,
        .qp = -1,
        .layers = 1,
        .preset = ONEDVA_PRESET_MEDIUM,
        .motion = ONEDVA_MOTION_AUTO,
        .adaptive_clips = 1,
        .backend = ONEDVA_BACKEND_AUTO,
        .gop = 250,
        .device = -1,
        .detail = -1,
    };

    odva_settings_give(settings, struct_size, &defaults, sizeof(defaults));
}

static int crf_is_valid(double crf)
{
    return crf >= 0 && crf <= ONEDVA_MAX_CRF;
}

/* @return ONEDVA_OK, or ONEDVA_ERR_ARGUMENT after one line on what is wrong */
static int check_rate(const struct onedva_encoder_settings *settings)
{
    const struct onedva_logger *logger = &settings->logger;

    if (settings->bitrate < 0 || settings->max_rate < 0 || settings->buffer_size < 0)
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "bitrate %" PRId64 ", maximum rate %" PRId64 " and buffer size %" PRId64
                 " are not 0 or more",
                 settings->bitrate, settings->max_rate, settings->buffer_size);
    else if ((int)settings->pass < ONEDVA_PASS_ONLY || settings->pass > ONEDVA_PASS_SECOND)
        odva_log(logger, ONEDVA_LOG_ERROR, "pass %d does not exist", (int)settings->pass);
    else if (settings->pass == ONEDVA_PASS_SECOND && settings->bitrate == 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "a second pass needs a bitrate");
    else if ((settings->max_rate > 0) != (settings->buffer_size > 0))
        odva_log(logger, ONEDVA_LOG_ERROR, "a maximum rate needs a buffer size, and that a rate");
    else if (settings->qp >= 0 && (settings->bitrate > 0 || settings->buffer_size > 0))
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "constant quantiser qp %d keeps to no %s: give crf instead, or neither",
                 settings->qp, settings->bitrate > 0 ? "bitrate" : "buffer");
    else if (settings->target_psnr != 0 &&
             !(settings->target_psnr >= LEAST_PSNR && settings->target_psnr <= MOST_PSNR))
        odva_log(logger, ONEDVA_LOG_ERROR, "a PSNR of %g dB is not in %g to %g",
                 settings->target_psnr, LEAST_PSNR, MOST_PSNR);
    else if (settings->target_psnr > 0 &&
             (settings->qp >= 0 || settings->bitrate > 0 || settings->pass != ONEDVA_PASS_ONLY))
        odva_log(logger, ONEDVA_LOG_ERROR, "a PSNR of %g dB goes with no %s", settings->target_psnr,
                 settings->qp >= 0       ? "constant quantiser"
                 : settings->bitrate > 0 ? "bitrate"
                                         : "pass of two");
    else if (settings->buffer_size > 0 && settings->max_rate < settings->bitrate)
        odva_log(logger, ONEDVA_LOG_ERROR, "maximum rate %" PRId64 " is below the bitrate %" PRId64,
                 settings->max_rate, settings->bitrate);
    else if (settings->buffer_size > 0 &&
             (settings->buffer_start <= 0 || settings->buffer_start > settings->buffer_size))
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "buffer begins with %" PRId64 " bits, not 1 to its size %" PRId64,
                 settings->buffer_start, settings->buffer_size);
    else
        return ONEDVA_OK;
    return ONEDVA_ERR_ARGUMENT;
}

static int is_tile_size(int size)
{
    return size == 16 || size == 32 || size == 64 || size == 128;
}

/* As check_rate. */
static int check_settings(const struct onedva_encoder_settings *settings)
{
    const struct onedva_logger *logger = &settings->logger;

    if (!crf_is_valid(settings->crf))
        odva_log(logger, ONEDVA_LOG_ERROR, "crf %g is not in 0 to %g", settings->crf,
                 ONEDVA_MAX_CRF);
    else if (settings->qp < -1 || settings->qp > ONEDVA_MAX_QP)
        odva_log(logger, ONEDVA_LOG_ERROR, "qp %d is not in 0 to %d", settings->qp, ONEDVA_MAX_QP);
    else if (!(settings->aq >= 0 && settings->aq <= 1))
        odva_log(logger, ONEDVA_LOG_ERROR, "aq %g is not in 0 to 1", settings->aq);
    else if (settings->max_tokens < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "limit of %d tokens is negative", settings->max_tokens);
    else if (settings->tile_size != 0 && !is_tile_size(settings->tile_size))
        odva_log(
            logger, ONEDVA_LOG_ERROR,
            "tiles of %d samples a side do not exist; expected 16, 32, 64 or 128, or 0 to choose",
            settings->tile_size);
    else if (settings->detail < -1 || settings->detail > ONEDVA_MAX_DETAIL)
        odva_log(logger, ONEDVA_LOG_ERROR, "detail %d is not in 0 to %d, or -1 to choose",
                 settings->detail, ONEDVA_MAX_DETAIL);
    else if (settings->layers < 1 || settings->layers > ONEDVA_MAX_LAYERS)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d layers are not 1 to %d", settings->layers,
                 ONEDVA_MAX_LAYERS);
    else if ((int)settings->preset < ONEDVA_PRESET_ULTRAFAST ||
             settings->preset > ONEDVA_PRESET_SLOW)
        odva_log(logger, ONEDVA_LOG_ERROR, "preset %d does not exist", (int)settings->preset);
    else if ((int)settings->motion < ONEDVA_MOTION_OFF || settings->motion > ONEDVA_MOTION_AUTO)
        odva_log(logger, ONEDVA_LOG_ERROR, "motion %d does not exist", (int)settings->motion);
    else if (settings->threads < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d threads are not 0 or more", settings->threads);
    else if (settings->gop < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "gop of %d frames is not 0 or more", settings->gop);
    else
        return check_rate(settings);
    return ONEDVA_ERR_ARGUMENT;
}

int odva_encoder_settings_take(struct onedva_encoder_settings *own,
                               const struct onedva_encoder_settings *settings)
{
    int status;

    onedva_encoder_settings_default(own);
    status = odva_settings_take(own, sizeof(*own), settings);
    if (status == ONEDVA_ERR_UNSUPPORTED)
        odva_log(&own->logger, ONEDVA_LOG_ERROR, ODVA_UNKNOWN_SETTING);
    return status < 0 ? status : check_settings(own);
}

int odva_encoder_settings_index_of_crf(const struct onedva_encoder_settings *settings, double crf,
                                       double *index)
{
    const struct onedva_logger *logger = &settings->logger;

    if (settings->bitrate > 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "crf cannot change where a bitrate sets the quality");
    else if (settings->qp >= 0 || settings->target_psnr > 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "crf cannot change where %s sets the quantiser",
                 settings->qp >= 0 ? "qp" : "a PSNR");
    else if (!crf_is_valid(crf))
        odva_log(logger, ONEDVA_LOG_ERROR, "crf %g is not in 0 to %g", crf, ONEDVA_MAX_CRF);
    else {
        *index = QIDX_OF_CRF_0 + crf;
        return ONEDVA_OK;
    }
    return ONEDVA_ERR_ARGUMENT;
}

static double whole_index(double index)
{
    return fmin(fmax(floor(index), ONEDVA_MIN_QIDX), ONEDVA_MAX_QIDX);
}

/* Where a bitrate will lead, about. */
static double guess_index(double bitrate, const struct onedva_stream *stream)
{
    const double samples = (double)stream->width * stream->height;
    const double seconds =
        (double)stream->frame_duration * stream->timebase_num / stream->timebase_den;
    const double bits = bitrate * seconds / samples;

    if (seconds == 0)
        return USUAL_INDEX;
    return whole_index(USUAL_INDEX - INDICES_TO_HALVE * log2(bits / USUAL_BITS));
}

double odva_encoder_settings_first_index(const struct onedva_encoder_settings *settings,
                                         const struct onedva_stream *stream)
{
    if (settings->bitrate > 0)
        return guess_index((double)settings->bitrate, stream);
    if (settings->target_psnr > 0)
        return whole_index(USUAL_INDEX - (settings->target_psnr - USUAL_PSNR) / DB_PER_INDEX);
    return QIDX_OF_CRF_0 + (settings->qp >= 0 ? settings->qp : settings->crf);
}

int odva_encoder_settings_predicts(const struct onedva_encoder_settings *settings)
{
    return settings->gop != 1 && settings->layers == 1;
}
