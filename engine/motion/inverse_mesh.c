/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/inverse_mesh.h"

#include <math.h>

#define MOST_ITERATIONS 24
#define CLOSE           (1.0f / 64) /* samples */

void odva_mesh_invert_at(const struct odva_displacement_mesh *mesh, float x, float y, float d[2])
{
    float g[2], moved = CLOSE;

    odva_mesh_at(mesh, x, y, g);
    for (int i = 0; i < MOST_ITERATIONS && moved >= CLOSE; i++) {
        const float before[2] = {g[0], g[1]};

        odva_mesh_at(mesh, x - g[0], y - g[1], g);
        moved = fabsf(g[0] - before[0]) + fabsf(g[1] - before[1]);
    }
    d[0] = -g[0];
    d[1] = -g[1];
}
