/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "bitstream/motion_coder.h"
#include "bitstream/range_decoder.h"
#include "tests/support/random_motion.h"

#define HEADER 8 /* bytes before the paths */

static const int point_counts[3] = {0, 1, 4};

/* Read from memory of exactly the motion's size, so that reading past it is noticed. */
static int read_exact(struct odva_motion *motion, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + !size);
    int status;

    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, data, size);
    status = odva_motion_read(motion, copy, size);
    free(copy);
    return status;
}

static void assert_motions_equal(const struct odva_motion *a, const struct odva_motion *b)
{
    assert_int_equal(a->left, b->left);
    assert_int_equal(a->top, b->top);
    assert_int_equal(a->right, b->right);
    assert_int_equal(a->bottom, b->bottom);
    assert_int_equal(a->reference, b->reference);
    assert_int_equal(a->points, b->points);
    assert_int_equal(a->point_terms, b->point_terms);
    assert_int_equal(a->point_step, b->point_step);
    assert_int_equal(a->spacing, b->spacing);
    assert_int_equal(a->mesh_terms, b->mesh_terms);
    assert_int_equal(a->mesh_step, b->mesh_step);
    assert_memory_equal(a->point, b->point, a->points * sizeof(*a->point));
    if (a->spacing)
        assert_memory_equal(a->mesh, b->mesh,
                            odva_motion_columns(a) * odva_motion_rows(a) * sizeof(*a->mesh));
}

/* Every length, number of points and spacing. */
static void round_trips(void **state)
{
    struct random random = {21};
    struct odva_motion motion = {0}, read = {0};
    struct odva_byte_writer writer = {0};

    (void)state;
    for (int frames = 2; frames <= 16; frames++) {
        for (int i = 0; i < 15 * 4; i++) {
            const int spacing = i / 3 % 5 ? 8 << i / 3 % 5 : 0;
            motion.width = read.width = 1 + random_below(&random, 400);
            motion.height = read.height = 1 + random_below(&random, 400);
            read.frames = frames;
            random_motion(&random, &motion, frames, point_counts[i % 3], spacing,
                          i < 30 ? 60 : ODVA_MAX_COEFFICIENT);
            odva_byte_writer_reset(&writer);
            odva_write_u8(&writer, 0xFF);
            odva_motion_write(&writer, &motion);
            assert_false(writer.failed);
            assert_int_equal(read_exact(&read, writer.data + 1, writer.size - 1), ONEDVA_OK);
            assert_motions_equal(&motion, &read);
        }
    }
    odva_byte_writer_free(&writer);
    odva_motion_free(&motion);
    odva_motion_free(&read);
}

/* ---- the paths as the text has them ------------------------------------------------------- */

struct bit_context {
    int p, u;
};

/* The state of a run of paths: contexts [points or nodes][min(term, 3)]. */
struct run {
    struct odva_range_decoder range;
    struct bit_context zero[2][4][3], size[2][4][12];
};

static int bit(struct run *run, struct bit_context *context)
{
    const uint16_t cdf[3] = {0, (uint16_t)context->p, 32768};
    const int b = odva_range_decode(&run->range, cdf, 2);
    const int shift = 2 + (context->u >= 2) + (context->u >= 6) + (context->u >= 14);

    context->p =
        b ? context->p - (context->p >> shift) : context->p + ((32768 - context->p) >> shift);
    context->u++;
    return b;
}

static int residual(struct run *run, int nodes, int term, int z)
{
    const int k = term < 3 ? term : 3;
    int negative, n = 0, m;

    if (!bit(run, &run->zero[nodes][k][z]))
        return 0;
    negative = (int)odva_range_decode_bits(&run->range, 1);
    while (n < 12 && bit(run, &run->size[nodes][k][n]))
        n++;
    m = (1 << n) + (int)odva_range_decode_bits(&run->range, n);
    return negative ? -m : m;
}

static int clip16(int v)
{
    return v < -32768 ? -32768 : v > 32767 ? 32767 : v;
}

static int compare_int(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int median(int a, int b, int c)
{
    int v[3] = {a, b, c};

    qsort(v, 3, sizeof(*v), compare_int);
    return v[1];
}

static void start_run(struct run *run, const uint8_t *data, size_t size)
{
    odva_range_decoder_init(&run->range, data, size);
    for (struct bit_context *c = &run->zero[0][0][0]; c <= &run->zero[1][3][2]; c++)
        *c = (struct bit_context){16384, 0};
    for (struct bit_context *c = &run->size[0][0][0]; c <= &run->size[1][3][11]; c++)
        *c = (struct bit_context){16384, 0};
}

/* Check a point's coefficients. */
static void check_points(struct run *run, const struct odva_motion *motion)
{
    int first[2][15] = {{0}};

    for (int i = 0; i < motion->points; i++) {
        for (int c = 0; c < 2; c++) {
            for (int k = 0; k < motion->point_terms; k++) {
                const int value = clip16(first[c][k] + residual(run, 0, k, 0));
                if (i == 0)
                    first[c][k] = value;
                assert_int_equal(motion->point[i].value[c * ODVA_MAX_TERMS + k], value);
            }
        }
    }
}

/* Check the nodes' coefficients; c and v are of all nodes, [node][component][term]. */
static void check_mesh(struct run *run, const struct odva_motion *motion, int *c, int *v)
{
    const int columns = odva_motion_columns(motion), rows = odva_motion_rows(motion);

    for (int node = 0; node < columns * rows; node++) {
        const int i = node % columns, j = node / columns;
        for (int e = 0; e < 30; e++) {
            const int at = 30 * node + e, west = at - 30, north = at - 30 * columns;
            int p = 0, z = 0;
            if (e % 15 >= motion->mesh_terms)
                continue;
            if (i > 0)
                z += v[west] != 0;
            if (j > 0)
                z += v[north] != 0;
            if (i > 0 && j > 0)
                p = median(c[west], c[north], c[west] + c[north] - c[north - 30]);
            else if (i > 0)
                p = c[west];
            else if (j > 0)
                p = c[north];
            v[at] = residual(run, 1, e % 15, z);
            c[at] = clip16(p + v[at]);
            assert_int_equal(motion->mesh[node].value[e], c[at]);
        }
    }
}

static void check_run(const struct odva_motion *motion, const uint8_t *data, size_t size)
{
    const size_t count = 30 * (size_t)odva_motion_columns(motion) * odva_motion_rows(motion);
    int *c = calloc(count, sizeof(*c)), *v = calloc(count, sizeof(*v));
    struct run run;

    assert_non_null(c);
    assert_non_null(v);
    start_run(&run, data, size);
    check_points(&run, motion);
    if (motion->spacing)
        check_mesh(&run, motion, c, v);
    free(c);
    free(v);
}

/* Written motions, runs of random bytes, and a run of ones, whose coefficients reach the limit. */
static void paths_follow_the_text(void **state)
{
    struct random random = {22};
    struct odva_motion motion = {0};
    struct odva_byte_writer writer = {0};

    (void)state;
    for (int i = 0; i < 600; i++) {
        const int spacing = i / 3 % 5 ? 8 << i / 3 % 5 : 0, frames = 2 + random_below(&random, 15);
        motion.width = 1 + random_below(&random, 300);
        motion.height = 1 + random_below(&random, 300);
        random_motion(&random, &motion, frames, point_counts[i % 3], spacing, 60);
        odva_byte_writer_reset(&writer);
        odva_motion_write(&writer, &motion);
        if (i >= 200)
            writer.size = HEADER;
        for (int n = 0; i >= 200 && n < random_below(&random, 3000); n++)
            odva_write_u8(&writer, i < 500 ? (uint8_t)random_u64(&random) : 0xFF);
        assert_int_equal(odva_motion_read(&motion, writer.data, writer.size), ONEDVA_OK);
        check_run(&motion, writer.data + HEADER, writer.size - HEADER);
    }
    odva_byte_writer_free(&writer);
    odva_motion_free(&motion);
}

/* ---- damage ------------------------------------------------------------------------------- */

/* Whether the fields of a header are as section 10 wants them for a picture of 100 x 60. */
static int header_is_valid(const uint8_t *h, int frames)
{
    const int points = h[4] & 15, spacing = h[6] >> 4;

    if (frames < 2 || h[0] > 64 || h[1] > 64 || h[2] > 64 || h[3] > 64)
        return 0;
    if (h[4] >> 4 >= frames || points > 2 || spacing > 4 || (h[7] & 15) != 0)
        return 0;
    if (points == 0 ? h[5] != 0 : (h[5] >> 4) + 1 > frames - 1)
        return 0;
    return spacing == 0 ? h[6] == 0 && h[7] == 0 : (h[6] & 15) + 1 <= frames - 1;
}

/* Every value of every byte of the header, for every kind of motion and length. */
static void field_limits(void **state)
{
    struct odva_motion motion = {.width = 100, .height = 60};
    struct random random = {23};
    struct odva_byte_writer writer = {0};
    int valid = 0;

    (void)state;
    for (int i = 0; i < 15 * 6; i++) {
        const int frames = 2 + i / 6;
        random_motion(&random, &motion, frames, point_counts[i % 3], i % 2 ? 64 : 0, 20);
        odva_byte_writer_reset(&writer);
        odva_motion_write(&writer, &motion);
        for (int at = 0; at < HEADER; at++) {
            const uint8_t right = writer.data[at];
            for (int value = 0; value < 256; value++) {
                writer.data[at] = (uint8_t)value;
                motion.frames = 1 + random_below(&random, 16);
                if (value % 2)
                    motion.frames = frames;
                assert_int_equal(read_exact(&motion, writer.data, writer.size),
                                 header_is_valid(writer.data, motion.frames) ? ONEDVA_OK
                                                                             : ONEDVA_ERR_DATA);
                valid += header_is_valid(writer.data, motion.frames);
            }
            writer.data[at] = right;
        }
    }
    assert_in_range(valid, 10000, 90 * 8 * 256 / 2);
    odva_byte_writer_free(&writer);
    odva_motion_free(&motion);
}

static void truncations(void **state)
{
    struct random random = {24};
    struct odva_motion motion = {.width = 333, .height = 222};
    struct odva_byte_writer writer = {0};

    (void)state;
    random_motion(&random, &motion, 8, 4, 16, 60);
    odva_motion_write(&writer, &motion);
    assert_true(writer.size > 200);
    for (size_t size = 0; size < writer.size; size++) {
        assert_int_equal(read_exact(&motion, writer.data, size),
                         size < HEADER ? ONEDVA_ERR_DATA : ONEDVA_OK);
        if (size >= HEADER)
            check_run(&motion, writer.data + HEADER, size - HEADER);
    }
    odva_byte_writer_free(&writer);
    odva_motion_free(&motion);
}

/* No canvas is larger than 65535, and a large mesh takes no more memory than its nodes. */
static void large_pictures(void **state)
{
    static const uint8_t header[HEADER] = {64, 64, 64, 64, 0x00, 0x00, 0x1E, 0xF0};
    const int columns = 65279 / 16 + 2, rows = 1000 / 16 + 2;
    struct odva_motion motion = {.frames = 16, .width = 65279, .height = 1000};

    (void)state;
    assert_int_equal(read_exact(&motion, header, HEADER), ONEDVA_OK);
    assert_int_equal(odva_motion_canvas_width(&motion), 65535);
    assert_int_equal(odva_motion_canvas_height(&motion), 1256);
    assert_int_equal(odva_motion_columns(&motion), columns);
    assert_int_equal(motion.mesh_capacity, columns * rows);
    motion.width = 65280;
    assert_int_equal(read_exact(&motion, header, HEADER), ONEDVA_ERR_DATA);
    motion.width = 1000;
    motion.height = 65280;
    assert_int_equal(read_exact(&motion, header, HEADER), ONEDVA_ERR_DATA);
    motion.height = 65279;
    assert_int_equal(read_exact(&motion, header, HEADER), ONEDVA_OK);
    odva_motion_free(&motion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),    cmocka_unit_test(paths_follow_the_text),
        cmocka_unit_test(field_limits),   cmocka_unit_test(truncations),
        cmocka_unit_test(large_pictures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
