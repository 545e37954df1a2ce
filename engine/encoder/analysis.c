/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "model/model.h"
#include "network/query_encoder.h"
#include "transform/linear_path.h"

struct odva_analysis {
    const struct onedva_model *model;
    struct odva_backend *backend;
    struct odva_scan_cache *scans;
    struct odva_linear_path path;
    struct odva_query_encoder encoder; /* opened by the first clip that wants it */
    /* the clip given last */
    struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    int embedded; /* its patches are embedded */
};

int odva_analysis_open(struct odva_analysis **out, const struct onedva_model *model,
                       struct odva_backend *backend, struct odva_scan_cache *scans)
{
    struct odva_analysis *analysis = calloc(1, sizeof(*analysis));
    int status;

    *out = NULL;
    if (!analysis)
        return ONEDVA_ERR_NOMEM;
    analysis->model = model;
    analysis->backend = backend;
    analysis->scans = scans;
    status = odva_linear_path_open(&analysis->path, model, backend, scans);
    if (status < 0) {
        free(analysis);
        return status;
    }
    *out = analysis;
    return ONEDVA_OK;
}

void odva_analysis_close(struct odva_analysis **handle)
{
    struct odva_analysis *analysis = *handle;

    if (!analysis)
        return;
    odva_query_encoder_close(&analysis->encoder);
    odva_linear_path_close(&analysis->path);
    free(analysis);
    *handle = NULL;
}

int odva_analysis_linear(struct odva_analysis *analysis, const struct odva_grid *grid,
                         const struct onedva_const_picture *frames, float *latents)
{
    const int status = odva_linear_path_set_grid(&analysis->path, grid);

    if (status < 0)
        return status;
    analysis->embedded = 0;
    memcpy(analysis->pictures, frames, grid->frames * sizeof(*frames));
    return odva_linear_path_analyse(&analysis->path, grid, frames, latents);
}

static int embed_clip(struct odva_analysis *analysis, const struct odva_grid *grid)
{
    struct odva_backend *backend = analysis->backend;
    struct odva_linear_path *path = &analysis->path;
    const struct odva_matrix x = odva_device_array_rows(&path->block, 0, ODVA_PATCH_SAMPLES);

    for (int64_t first = 0; first < grid->patches; first += backend->block_rows) {
        const int64_t left = grid->patches - first;
        const int64_t count = left < backend->block_rows ? left : backend->block_rows;
        int status = backend->ops->patchify(backend, x, grid, analysis->pictures,
                                            path->position.buffer, first, count);

        if (status == ONEDVA_OK)
            status = odva_query_encoder_embed(&analysis->encoder, x, first, count);
        if (status < 0)
            return status;
    }
    analysis->embedded = 1;
    return ONEDVA_OK;
}

int odva_analysis_refine(struct odva_analysis *analysis, const struct odva_grid *grid, int qidx,
                         const float *linear, float *latents)
{
    struct odva_query_encoder *encoder = &analysis->encoder;
    int status = ONEDVA_OK;

    ODVA_ASSERT(linear != latents);
    ODVA_ASSERT(qidx >= ONEDVA_MIN_QIDX && qidx <= ONEDVA_MAX_QIDX);
    if (analysis->model->config.encoder_layers == 0) {
        memcpy(latents, linear, grid->patches * analysis->model->config.basis * sizeof(*latents));
        return ONEDVA_OK;
    }
    if (!encoder->backend)
        status =
            odva_query_encoder_open(encoder, analysis->model, analysis->backend, analysis->scans);
    if (status < 0 || (status = odva_query_encoder_set_grid(encoder, grid)) < 0)
        return status;
    if (!analysis->embedded && (status = embed_clip(analysis, grid)) < 0)
        return status;
    return odva_query_encoder_refine(encoder, grid, qidx, linear, latents);
}

int odva_analysis_invert(struct odva_analysis *analysis, const struct odva_grid *grid,
                         const float *latents, const struct onedva_picture *pictures)
{
    struct odva_backend *backend = analysis->backend;
    struct odva_linear_path *path = &analysis->path;
    const struct odva_matrix x = odva_device_array_rows(&path->block, 0, ODVA_PATCH_SAMPLES);
    int status = odva_linear_path_set_grid(path, grid);

    if (status == ONEDVA_OK)
        status = odva_linear_path_invert(path, grid, latents);
    for (int64_t first = 0; first < grid->patches && status == ONEDVA_OK;
         first += backend->block_rows) {
        const int64_t left = grid->patches - first;
        const int64_t count = left < backend->block_rows ? left : backend->block_rows;

        status = odva_linear_path_patches(path, x, first, count);
        if (status == ONEDVA_OK)
            status = backend->ops->unpatchify(backend, pictures, grid, x, path->position.buffer,
                                              first, count);
    }
    return status;
}
