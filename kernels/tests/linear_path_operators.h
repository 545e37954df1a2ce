/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The operators of the linear path on a GPU give the same bits as the C reference: on
 * clips of odd sizes, cut into random tiles, with bands of random lengths. */
#ifndef ODVA_LINEAR_PATH_OPERATORS_TEST_H
#define ODVA_LINEAR_PATH_OPERATORS_TEST_H

#include "kernels/tests/twin_pictures.h"

#define MAX_VECTORS 40

/** A clip, its tiles and a basis, for both backends. */
struct clip {
    struct odva_grid grid;
    struct odva_bands bands;
    struct odva_basis *basis[2];
    struct twin_pictures pictures, prediction;
    struct twin position, *rows, *order;
    struct odva_dct_tile *tiles[2];
    int64_t latents; /* of all tiles, and some between them */
};

static void make_basis(struct clip *c, struct random *random)
{
    int16_t vectors[MAX_VECTORS * ODVA_FRAME_SAMPLES], mean[ODVA_FRAME_SAMPLES];
    int count = 1;

    c->bands = (struct odva_bands){0};
    for (int b = 0; b < ODVA_BANDS; b++) {
        c->bands.count[b] = random_below(random, b ? MAX_VECTORS / 2 : MAX_VECTORS) + (b == 0);
        c->bands.basis += c->bands.count[b];
        count = odva_max(count, c->bands.count[b]);
    }
    for (int i = 0; i < count * ODVA_FRAME_SAMPLES; i++)
        vectors[i] = (int16_t)(random_below(random, 4097) - 2048);
    for (int i = 0; i < ODVA_FRAME_SAMPLES; i++)
        mean[i] = (int16_t)random_below(random, 8 * 256);
    for (int b = 0; b < 2; b++) {
        c->basis[b] =
            backends[b]->device->ops->pack_basis(backends[b]->device, vectors, count, mean);
        assert_non_null(c->basis[b]);
    }
}

/* Where a tile's patches stand, and a scan of its coefficients in random order. */
static void make_tables(struct clip *c, struct random *random, int index)
{
    const struct odva_tile *tile = &c->grid.tiles[index];
    const int count = tile->patches * c->bands.basis;
    int32_t rows[ODVA_TILE_PATCHES], *order = malloc(count * sizeof(*order));

    assert_non_null(order);
    odva_tile_rows(rows, tile->nt, tile->ny, tile->nx);
    c->rows[index] = twin_of(rows, tile->patches * sizeof(*rows));
    for (int i = 0; i < count; i++) {
        const int j = random_below(random, i + 1);

        order[i] = order[j];
        order[j] = i / c->bands.basis << ODVA_ORDER_BITS | i % c->bands.basis;
    }
    c->order[index] = twin_of(order, count * sizeof(*order));
    free(order);
}

static void make_tiles(struct clip *c, struct random *random)
{
    const int count = c->grid.tile_count;

    c->rows = calloc(count, sizeof(*c->rows));
    c->order = calloc(count, sizeof(*c->order));
    c->tiles[0] = calloc(count, sizeof(*c->tiles[0]));
    c->tiles[1] = calloc(count, sizeof(*c->tiles[1]));
    assert_true(c->rows && c->order && c->tiles[0] && c->tiles[1]);
    for (int i = 0; i < count; i++) {
        const struct odva_tile *place = &c->grid.tiles[i];
        const int all = place->patches * c->bands.basis, is_predicted = random_below(random, 2);
        const int coefficients = random_below(random, 3) ? random_below(random, all + 1) : all;

        make_tables(c, random, i);
        for (int b = 0; b < 2; b++)
            c->tiles[b][i] = (struct odva_dct_tile){.nt = place->nt,
                                                    .ny = place->ny,
                                                    .nx = place->nx,
                                                    .y0 = place->y0,
                                                    .x0 = place->x0,
                                                    .coefficients = coefficients,
                                                    .is_predicted = is_predicted,
                                                    .offset = c->latents,
                                                    .coefs = c->bands.basis * place->first_patch,
                                                    .rows = c->rows[i].of[b],
                                                    .order = c->order[i].of[b]};
        c->latents += coefficients + random_below(random, 3);
    }
}

static void clip_new(struct clip *c, struct random *random, struct picture_size size)
{
    uint32_t splits[64];

    *c = (struct clip){0};
    make_basis(c, random);
    assert_int_equal(odva_grid_init(&c->grid, size.frames, size.width, size.height, c->bands.basis),
                     ONEDVA_OK);
    assert_true(c->grid.superblock_count <= 64);
    for (int i = 0; i < c->grid.superblock_count; i++)
        splits[i] = (uint32_t)random_u64(random);
    odva_grid_set_partition(&c->grid, splits);
    make_tiles(c, random);
    c->position = twin_rows(random, (int)c->grid.patches, (int)c->grid.patches);
    twin_pictures_new(&c->pictures, random, size.frames, size.width, size.height);
    twin_pictures_new(&c->prediction, random, 1, size.width, size.height);
}

static void clip_free(struct clip *c)
{
    for (int i = 0; i < c->grid.tile_count; i++) {
        twin_free(c->rows[i]);
        twin_free(c->order[i]);
    }
    for (int b = 0; b < 2; b++) {
        backends[b]->device->ops->free_basis(backends[b]->device, c->basis[b]);
        free(c->tiles[b]);
    }
    free(c->rows);
    free(c->order);
    twin_free(c->position);
    twin_pictures_free(&c->pictures);
    twin_pictures_free(&c->prediction);
    odva_grid_free(&c->grid);
}

static void project(void **state)
{
    struct random random = {1};

    (void)state;
    for (size_t i = 0; i < PICTURE_SIZES; i++) {
        struct clip c;
        struct twin coefs;
        int64_t stride;

        clip_new(&c, &random, picture_sizes[i]);
        stride = c.bands.basis + random_below(&random, 3);
        coefs = twin_floats(&random, c.grid.patches * stride, 1);
        for (int b = 0; b < 2; b++) {
            struct odva_images images = images_of(&c.pictures, b);

            end_images(&images, b,
                       backends[b]->ops->project(
                           backends[b], (struct odva_matrix){coefs.of[b], 0, stride, ODVA_FLOAT32},
                           &c.grid, images.image, c.position.of[b], 0, c.grid.patches, c.basis[b],
                           &c.bands));
        }
        compare_floats(coefs, 0, "project");
        twin_free(coefs);
        clip_free(&c);
    }
}

static void dct_forward(void **state)
{
    struct random random = {2};

    (void)state;
    for (size_t i = 0; i < PICTURE_SIZES; i++) {
        struct clip c;
        struct twin coefs, latents;

        clip_new(&c, &random, picture_sizes[i]);
        coefs = twin_floats(&random, c.grid.patches * c.bands.basis, 10);
        latents = twin_floats(&random, c.latents + 1, 1);
        for (int b = 0; b < 2; b++)
            assert_int_equal(backends[b]->ops->dct_forward(backends[b], latents.of[b], coefs.of[b],
                                                           c.bands.basis, c.tiles[b],
                                                           c.grid.tile_count),
                             ONEDVA_OK);
        compare_floats(latents, 0, "dct_forward");
        twin_free(coefs);
        twin_free(latents);
        clip_free(&c);
    }
}

/* Most are 0, some as large as integers get. @param kind 0: all are 0 */
static struct twin random_latents(struct random *random, int64_t count, int kind)
{
    int32_t *latents = calloc(count, sizeof(*latents));
    struct twin twin;

    assert_non_null(latents);
    for (int64_t i = 0; i < count; i++)
        if (kind == 1 && random_below(random, 8) == 0)
            latents[i] = random_below(random, 20001) - 10000;
        else if (kind == 2)
            latents[i] = (int32_t)random_u64(random) >> random_below(random, 31);
    twin = twin_of(latents, count * sizeof(*latents));
    free(latents);
    return twin;
}

static void reconstruct(void **state)
{
    struct random random = {3};

    (void)state;
    for (size_t i = 0; i < 3 * PICTURE_SIZES; i++) {
        struct clip c;
        struct twin latents;

        clip_new(&c, &random, picture_sizes[i % PICTURE_SIZES]);
        latents = random_latents(&random, c.latents + 1, (int)(i / PICTURE_SIZES));
        for (int b = 0; b < 2; b++) {
            struct odva_images images = images_of(&c.pictures, b);
            struct odva_images prediction = images_of(&c.prediction, b);

            end_images(&images, b,
                       backends[b]->ops->reconstruct(
                           backends[b], images.image, &c.grid, latents.of[b], c.basis[b], &c.bands,
                           c.tiles[b], c.grid.tile_count, prediction.image[0]));
            odva_images_free(&prediction, backends[b]);
        }
        compare_pictures(&c.pictures, "reconstruct");
        twin_free(latents);
        clip_free(&c);
    }
}

#define LINEAR_PATH_TESTS                                                                          \
    cmocka_unit_test(project), cmocka_unit_test(dct_forward), cmocka_unit_test(reconstruct)

#endif
