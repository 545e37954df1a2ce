/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/reference.h"

static int clip(int v, int max)
{
    return v < 0 ? 0 : v > max ? max : v;
}

static int sum_at(const struct odva_cpu_structure_tensors *job, int x, int y)
{
    x = clip(x, job->width - 1);
    y = clip(y, job->height - 1);
    return job->a[y * job->a_stride + x] + job->b[y * job->b_stride + x];
}

static void add_sample(struct odva_structure_tensor *tensor,
                       const struct odva_cpu_structure_tensors *job, int x, int y)
{
    const int gx = sum_at(job, x + 1, y) - sum_at(job, x - 1, y);
    const int gy = sum_at(job, x, y + 1) - sum_at(job, x, y - 1);
    const int e = job->b[y * job->b_stride + x] - job->a[y * job->a_stride + x];

    tensor->xx += gx * gx;
    tensor->xy += gx * gy;
    tensor->yy += gy * gy;
    tensor->xe += gx * e;
    tensor->ye += gy * e;
    tensor->ee += e * e;
}

void odva_cpu_structure_tensors_c(const struct odva_cpu_structure_tensors *job, int first_row,
                                  int rows)
{
    const int columns = (job->width + 3) / 4;

    for (int by = first_row; by < first_row + rows; by++) {
        for (int bx = 0; bx < columns; bx++) {
            struct odva_structure_tensor tensor = {0};

            for (int y = 4 * by; y < 4 * by + 4 && y < job->height; y++)
                for (int x = 4 * bx; x < 4 * bx + 4 && x < job->width; x++)
                    add_sample(&tensor, job, x, y);
            job->tensors[(size_t)by * columns + bx] = tensor;
        }
    }
}
