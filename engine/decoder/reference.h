/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The reference pictures of clips, which the inter clips behind them are predicted from
 * (doc/bitstream.md, section 8). */
#ifndef ODVA_REFERENCE_H
#define ODVA_REFERENCE_H

#include <stdint.h>

#include "bitstream/packet_decoder.h"
#include "kernels/backend.h"
#include "motion/inverse_nodes.h"
#include "motion/motion_warp.h"
#include "onedva/onedva.h"
#include "transform/deblocking.h"

struct odva_reference_picture {
    struct odva_image *image;
    int width, height; /* of what it holds; 0: nothing yet */
    int depth;         /* likewise */
    uint16_t id;       /* what an inter clip behind its clip calls that */
    int is_intact;     /* it is the one that was encoded with */
};

/** Zero-initialised there is no clip. */
struct odva_reference {
    struct odva_reference_picture before; /* what the clip read last is predicted from */
    struct odva_reference_picture after;  /* of the clip read last; or else the last one there is */
    struct odva_image *prediction;        /* before, on the canvas of the clip read last */
    struct odva_inverse_nodes inverse;
    struct odva_image *coded; /* last canvas of the clip read last */
    struct odva_deblocking deblocking;
    int told; /* it was said since the last key clip that pictures are not those encoded */
};

/**
 * A clip was read. One line tells of the first one since the last key clip that is not intact.
 * @param decoder which has read it
 * @param clip    its is_corrupt is set
 * @return ONEDVA_OK, or ONEDVA_ERR_DATA where it is an inter clip and there is no picture of its
 *         size to predict from: then it counts for nothing
 */
int odva_reference_begin(struct odva_reference *reference,
                         const struct odva_packet_decoder *decoder, struct onedva_clip *clip);

/** The clip read last counts for nothing: the one before it is in its place again. */
void odva_reference_take_back(struct odva_reference *reference);

/** A clip is missing, and maybe the picture of the one before it: the last one that there is
 * remains, to predict from it what is not intact. */
void odva_reference_lose(struct odva_reference *reference);

/** The next clip continues nothing. */
void odva_reference_forget(struct odva_reference *reference);

void odva_reference_free(struct odva_reference *reference, struct odva_backend *backend);

/** What the clip read last is predicted from: one picture of its latents' size, or NULL where it is
 * a key clip. @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the backend gives */
int odva_reference_predict(struct odva_reference *reference, struct odva_backend *backend,
                           const struct odva_packet_decoder *decoder,
                           struct odva_image **prediction);

/** Whether the picture of the clip read last is there. */
static inline int odva_reference_is_made(const struct odva_reference *reference)
{
    return reference->after.width > 0;
}

/**
 * Make the picture of the clip read last from the linear reconstruction of its first layer.
 * @param first its latents
 * @param coded last picture of that reconstruction, of the latents' size
 * @param warp  of the clip; NULL where it has no motion
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the backend gives
 */
int odva_reference_make(struct odva_reference *reference, struct odva_backend *backend,
                        const struct odva_latents *first, struct odva_image *coded,
                        const struct odva_motion_warp *warp);

/** Take a picture that was made already. @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the backend
 * gives */
int odva_reference_take(struct odva_reference *reference, struct odva_backend *backend,
                        struct odva_image *picture, int width, int height);

#endif
