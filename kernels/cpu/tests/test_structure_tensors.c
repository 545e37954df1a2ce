/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Every version of structure_tensors against its definition; planes fill their memory exactly. */
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/tests/each_version.h"
#include "kernels/cpu/tests/guarded.h"
#include "kernels/host_pictures.h"

/** Two planes of the same size. */
struct pair {
    uint8_t *a, *b;
    ptrdiff_t a_stride, b_stride;
    int width, height;
};

static uint8_t *random_plane(struct random *random, ptrdiff_t *stride, int width, int height)
{
    const int extreme = random_below(random, 4) == 0;
    uint8_t *data;
    size_t size;

    *stride = width + random_below(random, 4);
    size = *stride * (height - 1) + width;
    data = guarded_new(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(extreme ? 255 * random_below(random, 2) : random_below(random, 256));
    return data;
}

static int clip(int v, int max)
{
    return v < 0 ? 0 : v > max ? max : v;
}

static int sum_at(const struct pair *p, int x, int y)
{
    x = clip(x, p->width - 1);
    y = clip(y, p->height - 1);
    return p->a[y * p->a_stride + x] + p->b[y * p->b_stride + x];
}

static struct odva_structure_tensor expected_tensor(const struct pair *p, int bx, int by)
{
    struct odva_structure_tensor sums = {0};

    for (int i = 0; i < 16; i++) {
        const int x = 4 * bx + i % 4, y = 4 * by + i / 4;

        if (x < p->width && y < p->height) {
            const int gx = sum_at(p, x + 1, y) - sum_at(p, x - 1, y);
            const int gy = sum_at(p, x, y + 1) - sum_at(p, x, y - 1);
            const int e = p->b[y * p->b_stride + x] - p->a[y * p->a_stride + x];

            sums.xx += gx * gx;
            sums.xy += gx * gy;
            sums.yy += gy * gy;
            sums.xe += gx * e;
            sums.ye += gy * e;
            sums.ee += e * e;
        }
    }
    return sums;
}

static void check_size(struct odva_backend *backend, const char *name, struct random *random,
                       int width, int height)
{
    const int columns = (width + 3) / 4, rows = (height + 3) / 4;
    struct odva_structure_tensor *tensors = guarded_new((size_t)columns * rows * sizeof(*tensors));
    struct pair p = {.width = width, .height = height};

    p.a = random_plane(random, &p.a_stride, width, height);
    p.b = random_plane(random, &p.b_stride, width, height);
    assert_int_equal(odva_host_structure_tensors(backend, tensors, p.a, p.a_stride, p.b, p.b_stride,
                                                 width, height),
                     ONEDVA_OK);
    for (int by = 0; by < rows; by++) {
        for (int bx = 0; bx < columns; bx++) {
            const struct odva_structure_tensor expected = expected_tensor(&p, bx, by);

            if (memcmp(&tensors[by * columns + bx], &expected, sizeof(expected)))
                fail_msg("%s: %dx%d, block %d,%d differs", name, width, height, bx, by);
        }
    }
    guarded_free(tensors);
    guarded_free(p.a);
    guarded_free(p.b);
}

static void check(struct odva_backend *backend, const char *name)
{
    struct random random = {1};

    for (int width = 1; width < 110; width++)
        for (int height = 1; height < 6; height++)
            check_size(backend, name, &random, width, height);
    for (int i = 0; i < 50; i++)
        check_size(backend, name, &random, 1 + random_below(&random, 150),
                   1 + random_below(&random, 60));
    check_size(backend, name, &random, 1000, 403); /* several tasks */
}

EACH_VERSION_MAIN(check)
