/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/psnr_target.h"

#include <math.h>

#include "base/assert.h"
#include "base/squared_error.h"

/* What an index changes, about, in dB. */
#define DB_PER_INDEX 0.45

int odva_psnr_target_open(struct odva_psnr_target *target, const onedva_model *model,
                          const struct onedva_encoder_settings *settings, int depth,
                          const uint8_t *header, size_t header_size)
{
    struct onedva_decoder_settings decoder;
    int status;

    onedva_decoder_settings_default(&decoder);
    decoder.max_pixels = 0;
    decoder.max_depth = ONEDVA_MAX_DEPTH;
    decoder.backend = settings->backend;
    if (depth > 8 && decoder.backend == ONEDVA_BACKEND_AUTO)
        decoder.backend = ONEDVA_BACKEND_CPU;
    decoder.threads = settings->threads;
    decoder.bitexact = settings->bitexact;
    decoder.logger = settings->logger;
    status = onedva_decoder_open(&target->decoder, model, &decoder);
    if (status < 0)
        return status;
    return onedva_decoder_set_stream_header(target->decoder, header, header_size);
}

void odva_psnr_target_close(struct odva_psnr_target *target)
{
    onedva_decoder_close(&target->decoder);
    odva_canvas_free(&target->pictures);
}

int odva_psnr_target_measure(struct odva_psnr_target *target, const uint8_t *data, size_t size,
                             const struct onedva_const_picture *frames, int n, int width,
                             int height, double *psnr)
{
    struct onedva_clip clip;
    int64_t sum = 0;
    double peak;
    int status;

    ODVA_ASSERT(target->decoder);
    ODVA_ASSERT(n >= 1 && n <= ONEDVA_MAX_CLIP_FRAMES);
    status = onedva_decoder_try_packet(target->decoder, data, size, &clip);
    if (status == ONEDVA_OK)
        status = odva_canvas_set_size(&target->pictures, n, width, height, (int)clip.stream.depth);
    if (status == ONEDVA_OK)
        status = onedva_decoder_reconstruct(target->decoder, target->pictures.picture, n);
    if (status < 0)
        return status;
    for (int t = 0; t < n; t++) {
        const struct onedva_const_picture *decoded = &target->pictures.const_picture[t];

        sum +=
            odva_squared_error_of_depth(frames[t].data[0], frames[t].stride[0], decoded->data[0],
                                        decoded->stride[0], width, height, target->pictures.depth);
    }
    peak = (1 << target->pictures.depth) - 1;
    *psnr = 10 * log10(peak * peak * n * width * height / (double)sum);
    return ONEDVA_OK;
}

int odva_psnr_target_follow(struct odva_psnr_target *target, const uint8_t *data, size_t size)
{
    struct onedva_clip clip;

    return onedva_decoder_read_packet(target->decoder, data, size, &clip);
}

void odva_psnr_search_start(struct odva_psnr_search *search, double wanted, int guess)
{
    *search = (struct odva_psnr_search){
        .wanted = wanted,
        .next = guess < ODVA_FINEST ? ODVA_FINEST : guess,
        .fine = ODVA_FINEST - 1,
        .coarse = ONEDVA_MAX_QIDX + 1,
    };
}

int odva_psnr_search_step(struct odva_psnr_search *search, double psnr)
{
    const double distance = fmin(fmax((psnr - search->wanted) / DB_PER_INDEX, -128), 128);
    int next = search->next + (int)floor(distance);

    ODVA_ASSERT(search->fine < search->coarse);
    if (psnr >= search->wanted)
        search->fine = search->next;
    else
        search->coarse = search->next;
    if (next <= search->fine)
        next = search->fine + 1;
    if (next >= search->coarse)
        next = search->coarse - 1;
    search->next = next;
    return search->coarse - search->fine > 1;
}
