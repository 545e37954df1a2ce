/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* All that lies between pictures and latents. */
#ifndef ODVA_TEST_NETWORKS_H
#define ODVA_TEST_NETWORKS_H

#include "network/query_encoder.h"
#include "network/sampler.h"
#include "tests/support/test.h"
#include "transform/linear_path.h"

struct networks {
    struct odva_scan_cache scans;
    struct odva_linear_path path;
    struct odva_query_encoder encoder;
    struct odva_sampler sampler;
};

static inline void networks_open(struct networks *networks, const struct onedva_model *model,
                                 struct odva_backend *backend)
{
    networks->scans = (struct odva_scan_cache){.model = model};
    assert_int_equal(odva_linear_path_open(&networks->path, model, backend), ONEDVA_OK);
    assert_int_equal(odva_query_encoder_open(&networks->encoder, model, backend, test_threads(2)),
                     ONEDVA_OK);
    assert_int_equal(odva_sampler_open(&networks->sampler, model, backend), ONEDVA_OK);
}

static inline void networks_close(struct networks *networks)
{
    odva_sampler_close(&networks->sampler);
    odva_query_encoder_close(&networks->encoder);
    odva_linear_path_close(&networks->path);
    odva_scan_cache_free(&networks->scans);
}

/* @param latents of a size, a detail and a partition
 * @param linear, corrected what they are of pictures, the latter for a quantiser index */
static inline void networks_analyse(struct networks *networks, const struct odva_latents *latents,
                                    const struct onedva_const_picture *pictures, int qidx,
                                    float *linear, float *corrected)
{
    struct odva_query_encoder *encoder = &networks->encoder;
    struct odva_linear_path *path = &networks->path;

    assert_int_equal(odva_linear_path_project(path, &latents->grid, latents->detail, pictures),
                     ONEDVA_OK);
    assert_int_equal(odva_linear_path_transform(path, latents, 0, linear), ONEDVA_OK);
    assert_int_equal(odva_query_encoder_set_clip(encoder, &path->walk, &latents->grid, pictures),
                     ONEDVA_OK);
    assert_int_equal(odva_query_encoder_correct(encoder, latents, qidx, linear, corrected),
                     ONEDVA_OK);
}

#endif
