/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The prior's network: what a noisy clip's latents are without noise (doc/generation.md). */
#ifndef ODVA_PRIOR_NETWORK_H
#define ODVA_PRIOR_NETWORK_H

#include "generate/prior.h"
#include "kernels/device_array.h"
#include "model/linear_layer.h"
#include "network/transformer.h"

struct odva_prior_network {
    const struct onedva_prior *prior;
    struct odva_backend *backend; /* borrowed */
    struct odva_linear_layer token, final, out;
    const struct odva_buffer *embed;
    struct odva_transformer transformer;
    /* of the sequence: rows are the noisy tokens of all sets, the sets' classes, the tokens of the
     * clip before of all sets */
    int length, sets, has_before;
    int64_t noisy, rows; /* noisy tokens of a set; rows of all sets */
    float *tokens;       /* host, [rows][32] */
    struct odva_windows windows;
    struct odva_device_array begin, entries, rope, embed_row, cond_row;
    struct odva_device_array tokens_device; /* [rows][32] */
    struct odva_device_array h;             /* [rows][d] */
    struct odva_device_array modulation;    /* [2 d] */
    struct odva_device_array x;             /* [sets noisy][32] */
};

/** What a clip is drawn as. */
struct odva_prior_sequence {
    int length;          /* latent tokens of each tile, 1 .. config.length */
    int class_index;     /* -1: none */
    int is_guided;       /* x of no class, too */
    const float *before; /* the clip before, [tiles length][32]; NULL: there is none */
};

/** @param backend is borrowed. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_prior_network_open(struct odva_prior_network *network, const struct onedva_prior *prior,
                            struct odva_backend *backend);
void odva_prior_network_close(struct odva_prior_network *network);

/** Give what the next runs have in common, which is copied. */
int odva_prior_network_set(struct odva_prior_network *network,
                           const struct odva_prior_sequence *sequence);

/**
 * One evaluation.
 * @param t time: 0 noise, 1 a clip
 * @param z [tiles length][32], tile by tile
 * @param x likewise; where is_guided, those of no class behind those of the class
 */
int odva_prior_network_run(struct odva_prior_network *network, float t, const float *z, float *x);

#endif
