/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* From where frame samples lie on a canvas to which frame sample a canvas sample shows. */
#ifndef ODVA_INVERSE_MESH_H
#define ODVA_INVERSE_MESH_H

#include "motion/displacement_mesh.h"

/**
 * The place p - G(q) - p = q - p of the frame's point q that lies at p: q + G(q) = p, by
 * fixed-point iteration, which converges where the field's slopes are below 1.
 * @param mesh G
 * @param d    q - p
 */
void odva_mesh_invert_at(const struct odva_displacement_mesh *mesh, float x, float y, float d[2]);

#endif
