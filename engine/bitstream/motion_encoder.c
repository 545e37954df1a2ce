/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>

#include "base/assert.h"
#include "bitstream/motion_coder.h"
#include "bitstream/motion_context.h"

static void write_residual(struct odva_range_encoder *range, struct odva_adaptive_bit *zero,
                           struct odva_adaptive_bit *size, int residual)
{
    const int magnitude = abs(residual);
    int n = 0;

    odva_adaptive_bit_encode(range, zero, residual != 0);
    if (residual == 0)
        return;
    odva_range_encode_bits(range, residual < 0, 1);
    while (n < ODVA_MOTION_PREFIX) {
        const int larger = magnitude >> (n + 1) != 0;
        odva_adaptive_bit_encode(range, &size[n], larger);
        if (!larger)
            break;
        n++;
    }
    odva_range_encode_bits(range, (uint32_t)(magnitude - (1 << n)), n);
}

/* @return bit i: the residual of value[i] is not 0 */
static uint32_t write_path(struct odva_range_encoder *range, struct odva_motion_context *context,
                           const struct odva_path *path, int terms,
                           const struct odva_path_neighbours *near)
{
    uint32_t residuals = 0;

    for (int component = 0; component < 2; component++) {
        for (int term = 0; term < terms; term++) {
            const int i = component * ODVA_MAX_TERMS + term;
            const int residual = path->value[i] - odva_path_prediction(near, i);
            const int c = odva_term_class(term);
            write_residual(range, &context->zero[c][odva_residual_context(near, i)],
                           context->size[c], residual);
            residuals |= (uint32_t)(residual != 0) << i;
        }
    }
    return residuals;
}

static void write_points(struct odva_range_encoder *range, const struct odva_motion *motion)
{
    struct odva_motion_context context;

    odva_motion_context_init(&context);
    for (int i = 0; i < motion->points; i++) {
        const struct odva_path_neighbours near = odva_point_neighbours(motion, i);
        write_path(range, &context, &motion->point[i], motion->point_terms, &near);
    }
}

static void write_mesh(struct odva_range_encoder *range, const struct odva_motion *motion)
{
    const int columns = odva_motion_columns(motion), rows = odva_motion_rows(motion);
    const struct odva_path *path = motion->mesh;
    uint32_t residuals[ODVA_MAX_COLUMNS];
    struct odva_motion_context context;

    odva_motion_context_init(&context);
    for (int j = 0; j < rows; j++) {
        for (int i = 0; i < columns; i++) {
            const struct odva_path_neighbours near = odva_node_neighbours(motion, i, j, residuals);
            residuals[i] = write_path(range, &context, path++, motion->mesh_terms, &near);
        }
    }
}

/* Two numbers of four bits in a byte. */
static void write_u4_pair(struct odva_byte_writer *writer, int high, int low)
{
    odva_write_u8(writer, (uint8_t)(high << 4 | low));
}

/* log2(spacing / 8) of a mesh. */
static int spacing_code(int spacing)
{
    int code = 1;

    while (8 << code < spacing)
        code++;
    return code;
}

void odva_motion_write(struct odva_byte_writer *writer, const struct odva_motion *motion)
{
    const int has_points = motion->points > 0, has_mesh = motion->spacing > 0;
    struct odva_range_encoder range;

    ODVA_ASSERT(odva_motion_path_frames(motion) >= 2);
    ODVA_ASSERT(motion->frames <= ONEDVA_MAX_CLIP_FRAMES);
    ODVA_ASSERT(motion->reference >= 0 && motion->reference <= 15);
    ODVA_ASSERT(motion->reference < odva_motion_path_frames(motion));
    ODVA_ASSERT(motion->left % 2 == 0 && motion->top % 2 == 0);
    ODVA_ASSERT(motion->right % 2 == 0 && motion->bottom % 2 == 0);
    odva_write_u8(writer, (uint8_t)(motion->left / 2));
    odva_write_u8(writer, (uint8_t)(motion->top / 2));
    odva_write_u8(writer, (uint8_t)(motion->right / 2));
    odva_write_u8(writer, (uint8_t)(motion->bottom / 2));
    write_u4_pair(writer, motion->reference, has_points + (motion->points > 1));
    write_u4_pair(writer, has_points ? motion->point_terms - 1 : 0,
                  has_points ? motion->point_step : 0);
    write_u4_pair(writer, has_mesh ? spacing_code(motion->spacing) : 0,
                  has_mesh ? motion->mesh_terms - 1 : 0);
    write_u4_pair(writer, has_mesh ? motion->mesh_step : 0, 0);
    odva_range_encoder_init(&range, writer);
    write_points(&range, motion);
    if (has_mesh)
        write_mesh(&range, motion);
    odva_range_encoder_finish(&range);
}
