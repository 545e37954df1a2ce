/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How strongly the borders of tokens, all samples and the borders of clips are smoothed
 * (doc/bitstream.md, section 8). */
#ifndef ODVA_DEBLOCKING_H
#define ODVA_DEBLOCKING_H

#include "bitstream/latents.h"
#include "kernels/device_array.h"

/** Twice the luma step from clip to clip that is still taken for one of coding.
 * @param qidx -128..127 @return 0..1020 */
int odva_deblocking_limit(int qidx);

/** How much of the step across a border of tokens counts. @param qidx -128..127 @return 0..319 */
int odva_deblocking_step_limit(int qidx);

/** From which on a difference between samples near each other counts for nothing.
 * @param qidx      -128..127
 * @param smoothing 0..ODVA_SMOOTHINGS - 1, of the clip
 * @return 0..63; 0: there is nothing to smooth */
int odva_smoothing_limit(int qidx, int smoothing);

/** Mark the tokens of predicted tiles that hold nothing: they were smoothed when they were coded.
 * @param kept [gy][gx], 1 or 0 */
void odva_mark_kept(uint8_t *kept, const struct odva_latents *latents);

/** What tokens are left as they are; zero-initialised is empty. */
struct odva_deblocking {
    uint8_t *kept; /* [gy][gx] */
    size_t capacity;
    struct odva_device_array kept_device;
};

/**
 * Smooth the borders of decoded pictures' tokens, in place.
 * @param latents that they were decoded from
 * @param frames  how many of the clip's pictures these are
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the backend gives
 */
int odva_smooth_borders(struct odva_deblocking *deblocking, struct odva_backend *backend,
                        struct odva_image *const *images, const struct odva_latents *latents,
                        int frames);

/** Smooth the samples of the pictures whose borders were smoothed last, or of some of them, as
 * latents->smoothing says. @return ONEDVA_OK or what the backend gives */
int odva_smooth_samples(const struct odva_deblocking *deblocking, struct odva_backend *backend,
                        struct odva_image *const *images, const struct odva_latents *latents,
                        int frames);

/** Both, one after the other: what a decoder does. @return as odva_smooth_borders */
int odva_deblock(struct odva_deblocking *deblocking, struct odva_backend *backend,
                 struct odva_image *const *images, const struct odva_latents *latents, int frames);
void odva_deblocking_free(struct odva_deblocking *deblocking, struct odva_backend *backend);

#endif
