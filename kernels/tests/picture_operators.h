/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The operators on pictures on a GPU: the same bytes as the C reference, and none outside
 * of the pictures. */
#ifndef ODVA_PICTURE_OPERATORS_TEST_H
#define ODVA_PICTURE_OPERATORS_TEST_H

#include "kernels/tests/twin_pictures.h"

#define ROUNDS 24

/* The places of a grid, shuffled, behind one that is not asked for. */
static struct twin shuffled_places(struct random *random, const struct odva_grid *grid)
{
    int32_t *places = malloc((grid->patches + 1) * sizeof(*places));
    struct twin twin;

    assert_non_null(places);
    places[0] = 0;
    for (int i = 0; i < grid->patches; i++) {
        const int j = random_below(random, i + 1);

        places[1 + i] = places[1 + j];
        places[1 + j] = i;
    }
    twin = twin_of(places, (grid->patches + 1) * sizeof(*places));
    free(places);
    return twin;
}

static void patchify(void **state)
{
    struct random random = {1};

    (void)state;
    for (size_t i = 0; i < PICTURE_SIZES; i++) {
        const struct picture_size size = picture_sizes[i];
        struct twin_pictures pictures;
        struct odva_grid grid;
        struct twin places, rows;

        assert_int_equal(odva_grid_init(&grid, size.frames, size.width, size.height, 2), ONEDVA_OK);
        twin_pictures_new(&pictures, &random, size.frames, size.width, size.height);
        places = shuffled_places(&random, &grid);
        rows = twin_floats(&random, grid.patches * 1539, 1);
        for (int b = 0; b < 2; b++) {
            struct odva_images images = images_of(&pictures, b);

            end_images(&images, b,
                       backends[b]->ops->patchify(
                           backends[b], (struct odva_matrix){rows.of[b], 2, 1539, ODVA_FLOAT32},
                           &grid, images.image, places.of[b], 1, grid.patches));
        }
        compare_floats(rows, 0, "patchify");
        twin_free(rows);
        twin_free(places);
        twin_pictures_free(&pictures);
        odva_grid_free(&grid);
    }
}

/* Of some patches: the others' samples stay. */
static void unpatchify(void **state)
{
    struct random random = {2};

    (void)state;
    for (size_t i = 0; i < PICTURE_SIZES; i++) {
        const struct picture_size size = picture_sizes[i];
        struct twin_pictures pictures;
        struct odva_grid grid;
        struct twin places, rows;

        assert_int_equal(odva_grid_init(&grid, size.frames, size.width, size.height, 2), ONEDVA_OK);
        twin_pictures_new(&pictures, &random, size.frames, size.width, size.height);
        places = shuffled_places(&random, &grid);
        rows = twin_floats(&random, grid.patches * 1536, 1.1f);
        for (int b = 0; b < 2; b++) {
            struct odva_images images = images_of(&pictures, b);

            end_images(&images, b,
                       backends[b]->ops->unpatchify(
                           backends[b], images.image, &grid,
                           (struct odva_matrix){rows.of[b], 0, 1536, ODVA_FLOAT32}, places.of[b], 1,
                           (grid.patches + 1) / 2));
        }
        compare_pictures(&pictures, "unpatchify");
        twin_free(rows);
        twin_free(places);
        twin_pictures_free(&pictures);
        odva_grid_free(&grid);
    }
}

/* ---- motion ------------------------------------------------------------------------------ */

static void check_warp(struct random *random, struct picture_size size, int log2_spacing, int reach)
{
    const int columns = ((size.width - 1) >> log2_spacing) + 2;
    const int rows = ((size.height - 1) >> log2_spacing) + 2;
    const struct odva_warp warp = {.frames = size.frames,
                                   .width = size.width,
                                   .height = size.height,
                                   .source_width = 1 + random_below(random, 2 * size.width),
                                   .source_height = 1 + random_below(random, 2 * size.height),
                                   .left = 2 * (random_below(random, 20) - 10),
                                   .top = 2 * (random_below(random, 20) - 10),
                                   .log2_spacing = log2_spacing,
                                   .columns = columns,
                                   .rows = rows};
    int16_t(*nodes)[2] = malloc(size.frames * rows * columns * sizeof(*nodes));
    struct twin_pictures pictures, sources;
    struct twin mesh;

    assert_non_null(nodes);
    for (int i = 0; i < size.frames * rows * columns; i++)
        for (int c = 0; c < 2; c++)
            nodes[i][c] = (int16_t)(random_below(random, 2 * reach + 1) - reach);
    mesh = twin_of(nodes, size.frames * rows * columns * sizeof(*nodes));
    twin_pictures_new(&pictures, random, size.frames, size.width, size.height);
    twin_pictures_new(&sources, random, size.frames, warp.source_width, warp.source_height);
    if (random_below(random, 2))
        drop_chroma(&pictures, random_below(random, size.frames));
    if (random_below(random, 2))
        drop_chroma(&sources, random_below(random, size.frames));
    for (int b = 0; b < 2; b++) {
        struct odva_images images = images_of(&pictures, b), from = images_of(&sources, b);

        end_images(
            &images, b,
            backends[b]->ops->warp(backends[b], images.image, from.image, &warp, mesh.of[b]));
        odva_images_free(&from, backends[b]);
    }
    compare_pictures(&pictures, "warp");
    compare_pictures(&sources, "warp's sources");
    twin_pictures_free(&pictures);
    twin_pictures_free(&sources);
    twin_free(mesh);
    free(nodes);
}

static void warp(void **state)
{
    static const int reaches[] = {0, 40, 300, 32767};
    struct random random = {3};

    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        check_warp(&random, picture_sizes[round % PICTURE_SIZES], 3 + random_below(&random, 5),
                   reaches[random_below(&random, 4)]);
}

static void downscale2x(void **state)
{
    struct random random = {4};

    (void)state;
    for (size_t i = 0; i < PICTURE_SIZES; i++) {
        const int width = picture_sizes[i].width, height = picture_sizes[i].height;
        struct twin_pictures from, to;

        twin_pictures_new(&from, &random, 1, width, height);
        twin_pictures_new(&to, &random, 1, (width + 1) / 2, (height + 1) / 2);
        if (i % 3 == 0)
            drop_chroma(i % 2 ? &from : &to, 0);
        for (int b = 0; b < 2; b++) {
            struct odva_images src = images_of(&from, b), dst = images_of(&to, b);

            end_images(&dst, b,
                       backends[b]->ops->downscale2x(backends[b], dst.image[0], src.image[0]));
            odva_images_free(&src, backends[b]);
        }
        compare_pictures(&to, "downscale2x");
        twin_pictures_free(&from);
        twin_pictures_free(&to);
    }
}

static void structure_tensors(void **state)
{
    struct random random = {5};

    (void)state;
    for (size_t i = 0; i < PICTURE_SIZES; i++) {
        const int width = picture_sizes[i].width, height = picture_sizes[i].height;
        const int blocks = ((width + 3) / 4) * ((height + 3) / 4);
        struct odva_structure_tensor *tensors[2];
        struct twin_pictures pictures;

        twin_pictures_new(&pictures, &random, 2, width, height);
        for (int b = 0; b < 2; b++) {
            struct odva_images images = images_of(&pictures, b);
            struct odva_buffer *buffer;

            tensors[b] = malloc(blocks * sizeof(*tensors[b]));
            assert_non_null(tensors[b]);
            buffer = backends[b]->ops->wrap(backends[b], tensors[b], blocks * sizeof(*tensors[b]));
            assert_non_null(buffer);
            end_images(&images, b,
                       backends[b]->ops->structure_tensors(backends[b], buffer, images.image[0],
                                                           images.image[1]));
            backends[b]->ops->free(backends[b], buffer);
        }
        assert_memory_equal(tensors[0], tensors[1], blocks * sizeof(*tensors[0]));
        free(tensors[0]);
        free(tensors[1]);
        twin_pictures_free(&pictures);
    }
}

/* ---- in place ---------------------------------------------------------------------------- */

/* Marks of some tokens. */
static struct twin draw_marks(struct random *random, const struct odva_grid *grid)
{
    const size_t tokens = (size_t)grid->gy * grid->gx;
    uint8_t *marks = malloc(tokens);
    struct twin twin;

    assert_non_null(marks);
    for (size_t i = 0; i < tokens; i++)
        marks[i] = (uint8_t)(random_below(random, 3) ? 1 + random_below(random, 255) : 0);
    twin = twin_of(marks, tokens);
    free(marks);
    return twin;
}

/** deblock or smooth. */
typedef int in_place_fn(struct odva_backend *backend, struct odva_image *const *images,
                        const struct odva_grid *grid, int limit, const struct odva_buffer *kept);

static void check_in_place(const char *name, in_place_fn *const fn[2], int most)
{
    struct random random = {6};

    for (int round = 0; round < ROUNDS; round++) {
        const struct picture_size size = picture_sizes[round % PICTURE_SIZES];
        const int limit = round % 3 ? 1 + random_below(&random, most) : 12;
        struct twin_pictures pictures;
        struct odva_grid grid;
        struct twin marks;

        assert_int_equal(odva_grid_init(&grid, size.frames, size.width, size.height, 2), ONEDVA_OK);
        twin_pictures_new(&pictures, &random, size.frames, size.width, size.height);
        if (random_below(&random, 2))
            drop_chroma(&pictures, random_below(&random, size.frames));
        marks = draw_marks(&random, &grid);
        for (int b = 0; b < 2; b++) {
            struct odva_images images = images_of(&pictures, b);

            end_images(
                &images, b,
                fn[b](backends[b], images.image, &grid, limit, round % 2 ? marks.of[b] : NULL));
        }
        compare_pictures(&pictures, name);
        twin_free(marks);
        twin_pictures_free(&pictures);
        odva_grid_free(&grid);
    }
}

static void deblock(void **state)
{
    in_place_fn *const fn[2] = {backends[0]->ops->deblock, backends[1]->ops->deblock};

    (void)state;
    check_in_place("deblock", fn, 319);
}

static void smooth(void **state)
{
    in_place_fn *const fn[2] = {backends[0]->ops->smooth, backends[1]->ops->smooth};

    (void)state;
    check_in_place("smooth", fn, 63);
}

/* ---- images ------------------------------------------------------------------------------ */

/* Through an image of the device, which is used again for a larger picture. */
static void image_copy(void **state)
{
    struct odva_image *image[2] = {NULL, NULL};
    struct random random = {7};

    (void)state;
    for (size_t i = 0; i < PICTURE_SIZES; i++) {
        const int width = picture_sizes[i].width, height = picture_sizes[i].height;
        struct twin_pictures from, to;

        twin_pictures_new(&from, &random, 1, width, height);
        twin_pictures_new(&to, &random, 1, width, height);
        if (i % 3 == 0)
            drop_chroma(&to, 0);
        for (int b = 0; b < 2; b++) {
            struct odva_images src = images_of(&from, b), dst = images_of(&to, b);

            image[b] = backends[b]->ops->image_alloc(backends[b], image[b], width, height, 8);
            assert_non_null(image[b]);
            assert_int_equal(backends[b]->ops->image_copy(backends[b], image[b], src.image[0]),
                             ONEDVA_OK);
            end_images(&dst, b, backends[b]->ops->image_copy(backends[b], dst.image[0], image[b]));
            odva_images_free(&src, backends[b]);
        }
        compare_pictures(&from, "image_copy's source");
        compare_pictures(&to, "image_copy");
        twin_pictures_free(&from);
        twin_pictures_free(&to);
    }
    for (int b = 0; b < 2; b++)
        backends[b]->ops->image_free(backends[b], image[b]);
}

#define PICTURE_TESTS                                                                              \
    cmocka_unit_test(patchify), cmocka_unit_test(unpatchify), cmocka_unit_test(warp),              \
        cmocka_unit_test(downscale2x), cmocka_unit_test(deblock), cmocka_unit_test(smooth),        \
        cmocka_unit_test(structure_tensors), cmocka_unit_test(image_copy)

#endif
