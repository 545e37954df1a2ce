/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/assert.h"
#include "base/byte_reader.h"
#include "bitstream/motion_coder.h"
#include "bitstream/motion_context.h"

static int read_residual(struct odva_range_decoder *range, struct odva_adaptive_bit *zero,
                         struct odva_adaptive_bit *size)
{
    int negative, magnitude, n = 0;

    if (!odva_adaptive_bit_decode(range, zero))
        return 0;
    negative = (int)odva_range_decode_bits(range, 1);
    while (n < ODVA_MOTION_PREFIX && odva_adaptive_bit_decode(range, &size[n]))
        n++;
    magnitude = (1 << n) + (int)odva_range_decode_bits(range, n);
    return negative ? -magnitude : magnitude;
}

static int16_t clip_int16(int value)
{
    return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

/* @return bit i: the residual of value[i] is not 0 */
static uint32_t read_path(struct odva_range_decoder *range, struct odva_motion_context *context,
                          struct odva_path *path, int terms,
                          const struct odva_path_neighbours *near)
{
    uint32_t residuals = 0;

    *path = (struct odva_path){0};
    for (int component = 0; component < 2; component++) {
        for (int term = 0; term < terms; term++) {
            const int i = component * ODVA_MAX_TERMS + term;
            const int c = odva_term_class(term);
            const int residual = read_residual(
                range, &context->zero[c][odva_residual_context(near, i)], context->size[c]);
            path->value[i] = clip_int16(odva_path_prediction(near, i) + residual);
            residuals |= (uint32_t)(residual != 0) << i;
        }
    }
    return residuals;
}

static void read_points(struct odva_range_decoder *range, struct odva_motion *motion)
{
    struct odva_motion_context context;

    odva_motion_context_init(&context);
    for (int i = 0; i < motion->points; i++) {
        const struct odva_path_neighbours near = odva_point_neighbours(motion, i);
        read_path(range, &context, &motion->point[i], motion->point_terms, &near);
    }
}

static void read_mesh(struct odva_range_decoder *range, struct odva_motion *motion)
{
    const int columns = odva_motion_columns(motion), rows = odva_motion_rows(motion);
    struct odva_path *path = motion->mesh;
    uint32_t residuals[ODVA_MAX_COLUMNS];
    struct odva_motion_context context;

    odva_motion_context_init(&context);
    for (int j = 0; j < rows; j++) {
        for (int i = 0; i < columns; i++) {
            const struct odva_path_neighbours near = odva_node_neighbours(motion, i, j, residuals);
            residuals[i] = read_path(range, &context, path++, motion->mesh_terms, &near);
        }
    }
}

/* Read the canvas. @return 1, or 0 where a field is out of its limits */
static int read_canvas(struct odva_byte_reader *bytes, struct odva_motion *motion)
{
    int *const margin[4] = {&motion->left, &motion->top, &motion->right, &motion->bottom};

    for (int i = 0; i < 4; i++) {
        *margin[i] = 2 * odva_read_u8(bytes);
        if (*margin[i] > ODVA_MAX_MARGIN)
            return 0;
    }
    return odva_motion_canvas_width(motion) <= ONEDVA_MAX_DIMENSION &&
           odva_motion_canvas_height(motion) <= ONEDVA_MAX_DIMENSION;
}

/* Read what there is of points and mesh. @return 1, or 0 where a field is out of its limits */
static int read_parameters(struct odva_byte_reader *bytes, struct odva_motion *motion)
{
    const uint8_t reference_points = odva_read_u8(bytes), point_path = odva_read_u8(bytes);
    const uint8_t spacing_terms = odva_read_u8(bytes), mesh_step = odva_read_u8(bytes);
    const int points = reference_points & 15, spacing = spacing_terms >> 4;

    motion->reference = reference_points >> 4;
    motion->points = points == 2 ? 4 : points;
    motion->point_terms = points > 0 ? (point_path >> 4) + 1 : 0;
    motion->point_step = point_path & 15;
    motion->spacing = spacing > 0 ? 8 << spacing : 0;
    motion->mesh_terms = spacing > 0 ? (spacing_terms & 15) + 1 : 0;
    motion->mesh_step = mesh_step >> 4;
    if (bytes->failed || motion->reference >= odva_motion_path_frames(motion) || points > 2 ||
        motion->spacing > ODVA_MAX_SPACING || (mesh_step & 15) != 0)
        return 0;
    if ((points == 0 && point_path != 0) ||
        (spacing == 0 && (spacing_terms != 0 || mesh_step != 0)))
        return 0;
    return motion->point_terms <= odva_motion_most_terms(motion) &&
           motion->mesh_terms <= odva_motion_most_terms(motion);
}

int odva_motion_read(struct odva_motion *motion, const uint8_t *data, size_t size)
{
    struct odva_byte_reader bytes;
    struct odva_range_decoder range;
    int status;

    ODVA_ASSERT(motion->frames >= 1 && motion->frames <= ONEDVA_MAX_CLIP_FRAMES);
    ODVA_ASSERT(motion->width >= 1 && motion->height >= 1);
    odva_byte_reader_init(&bytes, data, size);
    if (odva_motion_path_frames(motion) < 2 || !read_canvas(&bytes, motion) ||
        !read_parameters(&bytes, motion))
        return ONEDVA_ERR_DATA;
    status = odva_motion_reserve(motion);
    if (status < 0)
        return status;
    odva_range_decoder_init(&range, data + bytes.position, size - bytes.position);
    read_points(&range, motion);
    if (motion->spacing > 0)
        read_mesh(&range, motion);
    return ONEDVA_OK;
}
