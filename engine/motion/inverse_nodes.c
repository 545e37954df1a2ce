/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/inverse_nodes.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "motion/motion_paths.h"

#define LOG2_SPACING 4 /* of the canvas's nodes, luma samples */
#define ITERATIONS   8
#define UNIT         256 /* of a place, to the luma sample */

/** The motion's nodes in one picture. */
struct field {
    int spacing, log2_area; /* of a cell: log2 of (UNIT spacing)^2 */
    int columns, rows;
    const int16_t (*nodes)[2];
};

/* The cell that a place lies in along one axis, and how far. */
static int cell_of(int64_t place, int spacing, int nodes, int64_t *within)
{
    const int64_t size = (int64_t)UNIT * spacing;
    const int64_t inside = odva_clip64(place, 0, size * (nodes - 1));
    const int cell = odva_min((int)(inside / size), nodes - 2);

    *within = inside - cell * size;
    return cell;
}

/* What a field is at a place, in units of places: bilinear between the nodes, constant beyond. */
static void field_at(const struct field *field, const int64_t place[2], int64_t value[2])
{
    const int64_t size = (int64_t)UNIT * field->spacing;
    int64_t fx, fy;
    const int i = cell_of(place[0], field->spacing, field->columns, &fx);
    const int j = cell_of(place[1], field->spacing, field->rows, &fy);
    const int16_t(*node)[2] = field->nodes + (size_t)j * field->columns + i;

    for (int k = 0; k < 2; k++) {
        const int64_t above = (size - fx) * node[0][k] + fx * node[1][k];
        const int64_t below =
            (size - fx) * node[field->columns][k] + fx * node[field->columns + 1][k];
        const int64_t sum = (size - fy) * above + fy * below;

        value[k] = (sum * (UNIT / 16) + (INT64_C(1) << (field->log2_area - 1))) >> field->log2_area;
    }
}

/* Fixed-point iteration, which converges where the field's slopes are below 1. */
static void invert_at(const struct field *field, const int64_t place[2], int16_t node[2])
{
    int64_t d[2] = {0, 0};

    for (int n = 0; n < ITERATIONS; n++) {
        const int64_t source[2] = {place[0] - d[0], place[1] - d[1]};

        field_at(field, source, d);
    }
    for (int k = 0; k < 2; k++)
        node[k] = (int16_t)odva_clip64((8 - d[k]) >> 4, -16384, 16383);
}

static void invert(const struct odva_inverse_nodes *inverse, const struct field *field,
                   const struct odva_motion *motion, int16_t (*node)[2])
{
    for (int j = 0; j < inverse->rows; j++)
        for (int i = 0; i < inverse->columns; i++, node++) {
            const int64_t place[2] = {UNIT * ((i << LOG2_SPACING) - motion->left),
                                      UNIT * ((j << LOG2_SPACING) - motion->top)};

            invert_at(field, place, *node);
        }
}

int odva_inverse_nodes_set(struct odva_inverse_nodes *inverse, const struct odva_motion *motion,
                           int first, int count)
{
    const int spacing = odva_motion_spacing(motion);
    struct field field = {.spacing = spacing,
                          .columns = odva_motion_columns(motion),
                          .rows = odva_motion_rows(motion)};
    size_t nodes;

    ODVA_ASSERT(first >= 0 && first + count <= odva_motion_path_frames(motion));
    for (int size = UNIT * spacing; size > 1; size >>= 1)
        field.log2_area += 2;
    inverse->columns = odva_ceil_div(odva_motion_canvas_width(motion), 1 << LOG2_SPACING) + 1;
    inverse->rows = odva_ceil_div(odva_motion_canvas_height(motion), 1 << LOG2_SPACING) + 1;
    nodes = (size_t)inverse->columns * inverse->rows;
    inverse->nodes =
        odva_reserve(inverse->nodes, &inverse->capacity, nodes * count, sizeof(*inverse->nodes));
    inverse->forward = odva_reserve(inverse->forward, &inverse->forward_capacity,
                                    (size_t)field.columns * field.rows, sizeof(*inverse->forward));
    if (!inverse->nodes || !inverse->forward)
        return ONEDVA_ERR_NOMEM;
    field.nodes = (const int16_t(*)[2])inverse->forward;
    for (int t = 0; t < count; t++) {
        odva_motion_path_nodes(motion, first + t, inverse->forward);
        invert(inverse, &field, motion, inverse->nodes + t * nodes);
    }
    return ONEDVA_OK;
}

struct odva_warp odva_inverse_nodes_warp(const struct odva_inverse_nodes *inverse,
                                         const struct odva_motion *motion, int count)
{
    return (struct odva_warp){
        .frames = count,
        .width = odva_motion_canvas_width(motion),
        .height = odva_motion_canvas_height(motion),
        .source_width = motion->width,
        .source_height = motion->height,
        .left = -motion->left,
        .top = -motion->top,
        .log2_spacing = LOG2_SPACING,
        .columns = inverse->columns,
        .rows = inverse->rows,
        .nodes = (const int16_t(*)[2])inverse->nodes,
    };
}

void odva_inverse_nodes_free(struct odva_inverse_nodes *inverse)
{
    free(inverse->nodes);
    free(inverse->forward);
    *inverse = (struct odva_inverse_nodes){0};
}
