/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/inverse_nodes.h"

#include <stdlib.h>

#include "base/integers.h"
#include "base/reserve.h"
#include "motion/motion_paths.h"

#define LOG2_SPACING 4 /* of the canvas's nodes, luma samples */
#define ITERATIONS   8
#define UNIT         256 /* of a place, to the luma sample */

/** The motion's nodes in one picture. */
struct field {
    int log2_cell; /* of a cell's side in units of places */
    int columns, rows;
    const int16_t (*nodes)[2];
};

/* The cell that a place lies in along one axis, and how far. */
static int cell_of(int64_t place, int log2_cell, int nodes, int64_t *within)
{
    const int64_t inside = odva_clip64(place, 0, (int64_t)(nodes - 1) << log2_cell);
    const int cell = odva_min((int)(inside >> log2_cell), nodes - 2);

    *within = inside - ((int64_t)cell << log2_cell);
    return cell;
}

/* What a field is at a place, in units of places: bilinear between the nodes, constant beyond. */
static void field_at(const struct field *field, const int64_t place[2], int64_t value[2])
{
    const int log2_area = 2 * field->log2_cell;
    const int64_t size = INT64_C(1) << field->log2_cell;
    int64_t fx, fy;
    const int i = cell_of(place[0], field->log2_cell, field->columns, &fx);
    const int j = cell_of(place[1], field->log2_cell, field->rows, &fy);
    const int16_t(*node)[2] = field->nodes + (size_t)j * field->columns + i;

    for (int k = 0; k < 2; k++) {
        const int64_t above = (size - fx) * node[0][k] + fx * node[1][k];
        const int64_t below =
            (size - fx) * node[field->columns][k] + fx * node[field->columns + 1][k];
        const int64_t sum = (size - fy) * above + fy * below;

        value[k] = (sum * (UNIT / 16) + (INT64_C(1) << (log2_area - 1))) >> log2_area;
    }
}

/* Fixed-point iteration, which converges where the field's slopes are below 1. It changes nothing
 * more once it has not. */
static void invert_at(const struct field *field, const int64_t place[2], int16_t node[2])
{
    int64_t d[2] = {0, 0}, before[2];
    int n = 0;

    do {
        const int64_t source[2] = {place[0] - d[0], place[1] - d[1]};

        before[0] = d[0];
        before[1] = d[1];
        field_at(field, source, d);
    } while (++n < ITERATIONS && (d[0] != before[0] || d[1] != before[1]));
    for (int k = 0; k < 2; k++)
        node[k] = (int16_t)odva_clip64((8 - d[k]) >> 4, -16384, 16383);
}

int odva_inverse_nodes_reserve(struct odva_inverse_nodes *inverse, const struct odva_motion *motion,
                               int count)
{
    const size_t forward = (size_t)odva_motion_columns(motion) * odva_motion_rows(motion);

    inverse->columns = odva_ceil_div(odva_motion_canvas_width(motion), 1 << LOG2_SPACING) + 1;
    inverse->rows = odva_ceil_div(odva_motion_canvas_height(motion), 1 << LOG2_SPACING) + 1;
    inverse->nodes =
        odva_reserve(inverse->nodes, &inverse->capacity,
                     (size_t)inverse->columns * inverse->rows * count, sizeof(*inverse->nodes));
    inverse->forward = odva_reserve(inverse->forward, &inverse->forward_capacity, forward * count,
                                    sizeof(*inverse->forward));
    return inverse->nodes && inverse->forward ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

void odva_inverse_nodes_set(const struct odva_inverse_nodes *inverse,
                            const struct odva_motion *motion, int canvas, int picture)
{
    const int columns = odva_motion_columns(motion), rows = odva_motion_rows(motion);
    int16_t(*forward)[2] = inverse->forward + (size_t)canvas * columns * rows;
    int16_t(*node)[2] = odva_inverse_nodes_of(inverse, canvas);
    struct field field = {.columns = columns, .rows = rows, .nodes = (const int16_t(*)[2])forward};

    while (1 << field.log2_cell < UNIT * odva_motion_spacing(motion))
        field.log2_cell++;
    odva_motion_path_nodes(motion, picture, forward);
    for (int j = 0; j < inverse->rows; j++)
        for (int i = 0; i < inverse->columns; i++, node++) {
            const int64_t place[2] = {UNIT * ((i << LOG2_SPACING) - motion->left),
                                      UNIT * ((j << LOG2_SPACING) - motion->top)};

            invert_at(&field, place, *node);
        }
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
    };
}

void odva_inverse_nodes_free(struct odva_inverse_nodes *inverse)
{
    free(inverse->nodes);
    free(inverse->forward);
    *inverse = (struct odva_inverse_nodes){0};
}
