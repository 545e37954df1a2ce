/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* PSNR of packets as a decoder shows them with its default settings, and the quantiser for one. */
#ifndef ODVA_PSNR_TARGET_H
#define ODVA_PSNR_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "motion/canvas.h"
#include "onedva/onedva.h"

struct odva_psnr_target {
    onedva_decoder *decoder;
    struct odva_canvas pictures;
};

/** @param header stream header. @return as onedva_decoder_open */
int odva_psnr_target_open(struct odva_psnr_target *target, const onedva_model *model,
                          const struct onedva_encoder_settings *settings, int depth,
                          const uint8_t *header, size_t header_size);
void odva_psnr_target_close(struct odva_psnr_target *target);

/**
 * Decode a packet that may become that of the next clip, and compare.
 * @param frames that it stands for, n of width x height
 * @param psnr   of luma, from the mean squared error over all frames; INFINITY where they are equal
 */
int odva_psnr_target_measure(struct odva_psnr_target *target, const uint8_t *data, size_t size,
                             const struct onedva_const_picture *frames, int n, int width,
                             int height, double *psnr);

/** The next clip follows this packet, of whatever was measured. @return as
 * onedva_decoder_read_packet */
int odva_psnr_target_follow(struct odva_psnr_target *target, const uint8_t *data, size_t size);

/** The coarsest index whose PSNR is not below the one wanted; PSNR falls as the index grows. */
struct odva_psnr_search {
    double wanted;
    int next;         /* index to measure next */
    int fine, coarse; /* the coarsest that is good enough and the finest that is not, so far */
};

/** @param guess index to begin with */
void odva_psnr_search_start(struct odva_psnr_search *search, double wanted, int guess);

/** Tell what search->next has. @return 0 when search->fine is final, or even ODVA_FINEST not enough
 */
int odva_psnr_search_step(struct odva_psnr_search *search, double psnr);

/* The search goes no further: finer quantisers hardly make a clip better. */
#define ODVA_FINEST (-40)

#endif
