/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "motion/canvas.h"
#include "tests/support/test.h"

/* Give every plane a value of its own. */
static void fill(struct odva_canvas *canvas)
{
    for (int t = 0; t < canvas->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            const int rows = plane ? (canvas->height + 1) / 2 : canvas->height;
            memset(canvas->picture[t].data[plane], 3 * t + plane,
                   canvas->picture[t].stride[plane] * rows);
        }
    }
}

static void check(const struct odva_canvas *canvas)
{
    for (int t = 0; t < canvas->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            const int rows = plane ? (canvas->height + 1) / 2 : canvas->height;
            const int width = plane ? (canvas->width + 1) / 2 : canvas->width;
            const ptrdiff_t stride = canvas->picture[t].stride[plane];
            const uint8_t *data = canvas->const_picture[t].data[plane];
            assert_ptr_equal(data, canvas->picture[t].data[plane]);
            assert_int_equal(stride, canvas->const_picture[t].stride[plane]);
            assert_int_equal(stride % 64, 0);
            assert_int_equal((uintptr_t)data % 64, 0);
            assert_in_range(stride, width, width + 63);
            for (ptrdiff_t i = 0; i < stride * rows; i++)
                assert_int_equal(data[i], 3 * t + plane);
        }
    }
}

/* Planes do not overlap, and a smaller clip after a larger one takes no new memory. */
static void sizes(void **state)
{
    static const int size[][3] = {{1, 1, 1}, {16, 33, 17}, {3, 64, 1}, {16, 130, 65}, {2, 1, 300}};
    struct odva_canvas canvas = {0};
    size_t capacity = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(size) / sizeof(*size); i++) {
        assert_int_equal(odva_canvas_set_size(&canvas, size[i][0], size[i][1], size[i][2], 8),
                         ONEDVA_OK);
        assert_int_equal(canvas.frames, size[i][0]);
        assert_int_equal(canvas.width, size[i][1]);
        assert_int_equal(canvas.height, size[i][2]);
        assert_true(canvas.capacity >= capacity);
        capacity = canvas.capacity;
        fill(&canvas);
        check(&canvas);
    }
    odva_canvas_free(&canvas);
    assert_null(canvas.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
