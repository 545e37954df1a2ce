/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "inverse_mesh.h"

#define ITERATIONS 5

void odva_mesh_invert_at(const struct odva_displacement_mesh *mesh, float x, float y, float d[2])
{
    float g[2];

    odva_mesh_at(mesh, x, y, g);
    for (int i = 0; i < ITERATIONS; i++)
        odva_mesh_at(mesh, x - g[0], y - g[1], g);
    d[0] = -g[0];
    d[1] = -g[1];
}
