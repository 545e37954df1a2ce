/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pixels to latents: the linear path and the query encoder. */
#ifndef ODVA_ANALYSIS_H
#define ODVA_ANALYSIS_H

#include "base/layout.h"
#include "bitstream/scan.h"
#include "onedva/onedva.h"

struct odva_backend;
struct odva_analysis;

/** @param backend is borrowed. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_analysis_open(struct odva_analysis **analysis, const struct onedva_model *model,
                       struct odva_backend *backend, struct odva_scan_cache *scans);
void odva_analysis_close(struct odva_analysis **analysis);

/** Begin a clip. */
int odva_analysis_project(struct odva_analysis *analysis, const struct odva_grid *grid,
                          const struct onedva_const_picture *frames);

/**
 * Linear latents of the clip begun last.
 * @param grid    of its size, with any partition
 * @param latents K * grid->patches floats: tile after tile, each tile's in scan order (tile i
 * starts at K * tiles[i].first_patch)
 */
int odva_analysis_transform(struct odva_analysis *analysis, const struct odva_grid *grid,
                            float *latents);

/** Both. */
int odva_analysis_linear(struct odva_analysis *analysis, const struct odva_grid *grid,
                         const struct onedva_const_picture *frames, float *latents);

/**
 * Latents of the clip given last to odva_analysis_linear, corrected by the query encoder for a
 * quantiser index. Its pictures must still be there. May be called for several quantiser indices; a
 * model without a query encoder gives the linear latents.
 * @param linear  what odva_analysis_linear gave
 * @param latents same layout; may not alias linear
 */
int odva_analysis_refine(struct odva_analysis *analysis, const struct odva_grid *grid, int qidx,
                         const float *linear, float *latents);

/** The linear path backwards. @param latents dequantised, same layout @param pictures of the grid's
 * size */
int odva_analysis_invert(struct odva_analysis *analysis, const struct odva_grid *grid,
                         const float *latents, const struct onedva_picture *pictures);

#endif
