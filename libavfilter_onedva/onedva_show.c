/*
 * One-DVA filter: drawings of what the codec does
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <math.h>

#include "libavcodec/onedva.h"
#include "libavutil/common.h"
#include "libavutil/error.h"
#include "libavutil/imgutils.h"
#include "libavutil/mem.h"

#include "onedva_samples.h"
#include "onedva_show.h"

/* ---- lines and dots ---- */

typedef struct Pen {
    uint8_t yuv[3]; ///< of 8 bits, whatever the frame's depth
    float opacity;
    float radius; ///< half of a line's width, or a dot's radius, luma samples
} Pen;

typedef struct Point {
    double x, y; ///< luma samples
} Point;

static const Pen grid_pen = { { 235, 128, 128 }, 0.45, 0.5 };
static const Pen path_pen = { { 170,  50, 190 }, 0.9,  0.7 };
static const Pen dot_pen  = { { 225,  10, 150 }, 1.0,  2.4 };

/** @param value of 8 bits */
static void blend(AVFrame *frame, int plane, int x, int y, int value, float weight)
{
    const int depth = ff_onedva_depth(frame->format);
    uint8_t *row = ff_onedva_row(frame, plane, y);
    const int sample = ff_onedva_get_sample(row, x, depth);

    value <<= depth - 8;
    ff_onedva_set_sample(row, x, depth, lrintf(sample + (value - sample) * weight));
}

/** Colour one luma sample and its share of the chroma samples. */
static void draw_sample(AVFrame *frame, int x, int y, const Pen *pen, double coverage)
{
    const float weight = pen->opacity * av_clipd(coverage, 0, 1);

    if (x < 0 || y < 0 || x >= frame->width || y >= frame->height || weight <= 0)
        return;
    blend(frame, 0, x, y, pen->yuv[0], weight);
    for (int plane = 1; plane < 3; plane++)
        blend(frame, plane, x >> 1, y >> 1, pen->yuv[plane], weight / 2);
}

/** An anti-aliased line: column by column, or row by row where it is steep. */
static void draw_line(AVFrame *frame, Point a, Point b, const Pen *pen)
{
    const int steep = fabs(b.y - a.y) > fabs(b.x - a.x);
    const int size = steep ? frame->height : frame->width;
    double slope, cosine;
    int first, last;

    if (steep) {
        FFSWAP(double, a.x, a.y);
        FFSWAP(double, b.x, b.y);
    }
    if (a.x > b.x)
        FFSWAP(Point, a, b);
    slope  = b.x > a.x ? (b.y - a.y) / (b.x - a.x) : 0;
    cosine = 1 / sqrt(1 + slope * slope);
    first  = lrint(av_clipd(a.x, 0, size));
    last   = lrint(av_clipd(b.x, -1, size - 1));

    for (int x = first; x <= last; x++) {
        const double middle = a.y + slope * (x - a.x);
        const int reach = 2 + pen->radius;

        if (fabs(middle) > 2 * ONEDVA_MAX_DIMENSION)
            continue;
        for (int y = lrint(middle) - reach; y <= lrint(middle) + reach; y++) {
            double coverage = pen->radius + 0.5 - fabs(y - middle) * cosine;
            draw_sample(frame, steep ? y : x, steep ? x : y, pen, coverage);
        }
    }
}

static void draw_dot(AVFrame *frame, Point centre, const Pen *pen)
{
    const int reach = 2 + pen->radius;

    if (fabs(centre.x) > 2 * ONEDVA_MAX_DIMENSION || fabs(centre.y) > 2 * ONEDVA_MAX_DIMENSION)
        return;
    for (int y = lrint(centre.y) - reach; y <= lrint(centre.y) + reach; y++)
        for (int x = lrint(centre.x) - reach; x <= lrint(centre.x) + reach; x++)
            draw_sample(frame, x, y, pen,
                        pen->radius + 0.5 - hypot(x - centre.x, y - centre.y));
}

/* ---- the mesh ---- */

/** Displacement at a place in a frame, luma samples; outside of the mesh that at its border. */
static Point displacement(const struct onedva_mesh *mesh, int frame, Point at)
{
    const double x = av_clipd(at.x / mesh->spacing, 0, mesh->columns - 1);
    const double y = av_clipd(at.y / mesh->spacing, 0, mesh->rows - 1);
    const int i = FFMIN(x, mesh->columns - 2), j = FFMIN(y, mesh->rows - 2);
    const int16_t (*top)[2] =
        mesh->nodes + ((size_t)frame * mesh->rows + j) * mesh->columns + i;
    const int16_t (*bottom)[2] = top + mesh->columns;
    double v[2];

    for (int k = 0; k < 2; k++) {
        const double above = top[0][k] + (x - i) * (top[1][k] - top[0][k]);
        const double below = bottom[0][k] + (x - i) * (bottom[1][k] - bottom[0][k]);
        v[k] = (above + (y - j) * (below - above)) / 16;
    }
    return (Point) { v[0], v[1] };
}

/** Where a frame shows what rests at a place of the canvas: the place that is displaced to it. */
static Point place_in_frame(const struct onedva_mesh *mesh, int frame, Point rest)
{
    Point at = rest;

    for (int i = 0; i < 20; i++) {
        const Point d = displacement(mesh, frame, at);
        at = (Point) { rest.x - d.x, rest.y - d.y };
    }
    return at;
}

/** A grid on the canvas with a point at the picture's corner. */
typedef struct Grid {
    int spacing;     ///< luma samples
    int left, top;   ///< columns and rows before the picture's corner
    int columns, rows;
    Point *places;   ///< [frames][rows][columns]
} Grid;

static int make_grid(Grid *grid, const struct onedva_mesh *mesh, int n)
{
    Point *place;

    grid->spacing = mesh->spacing * FFMAX(32 / mesh->spacing, 1);
    grid->left    = mesh->left / grid->spacing;
    grid->top     = mesh->top / grid->spacing;
    grid->columns = grid->left + (mesh->canvas_width - 1 - mesh->left) / grid->spacing + 1;
    grid->rows    = grid->top + (mesh->canvas_height - 1 - mesh->top) / grid->spacing + 1;
    grid->places  = place = av_calloc((size_t)n * grid->columns, grid->rows * sizeof(*place));
    if (!place)
        return AVERROR(ENOMEM);
    for (int t = 0; t < n; t++)
        for (int j = 0; j < grid->rows; j++)
            for (int i = 0; i < grid->columns; i++)
                *place++ = place_in_frame(mesh, t, (Point) { (i - grid->left) * grid->spacing,
                                                             (j - grid->top) * grid->spacing });
    return 0;
}

static void draw_grid(AVFrame *frame, const Grid *grid, int t)
{
    const Point *place = grid->places + (size_t)t * grid->rows * grid->columns;

    for (int j = 0; j < grid->rows; j++) {
        for (int i = 0; i < grid->columns; i++, place++) {
            if (i + 1 < grid->columns)
                draw_line(frame, place[0], place[1], &grid_pen);
            if (j + 1 < grid->rows)
                draw_line(frame, place[0], place[grid->columns], &grid_pen);
        }
    }
}

/** The path of a point over n frames, where it moves, with a dot where it is in frame t. */
static void draw_path(AVFrame *frame, const Grid *grid, size_t point, int t, int n)
{
    const size_t points = (size_t)grid->rows * grid->columns;
    double length = 0;

    for (int s = 1; s < n; s++) {
        const Point a = grid->places[(s - 1) * points + point];
        const Point b = grid->places[s * points + point];
        length += hypot(b.x - a.x, b.y - a.y);
        draw_line(frame, a, b, &path_pen);
    }
    if (length >= 1)
        draw_dot(frame, grid->places[t * points + point], &dot_pen);
}

/** Paths of every second point in each direction: all would hide the grid. */
static void draw_paths(AVFrame *frame, const Grid *grid, int t, int n)
{
    for (int j = grid->top & 1; j < grid->rows; j += 2)
        for (int i = grid->left & 1; i < grid->columns; i += 2)
            draw_path(frame, grid, (size_t)j * grid->columns + i, t, n);
}

int ff_onedva_show_mesh(const struct onedva_mesh *mesh, AVFrame *const *frames, int n)
{
    Grid grid;
    int ret;

    if (mesh->motion == ONEDVA_MOTION_OFF)
        return 0;
    ret = make_grid(&grid, mesh, n);
    if (ret < 0)
        return ret;
    for (int t = 0; t < n; t++) {
        draw_grid(frames[t], &grid, t);
        draw_paths(frames[t], &grid, t, n);
    }
    av_freep(&grid.places);
    return 0;
}

/* ---- errors ---- */

static int plane_width(const AVFrame *frame, int plane)
{
    return plane ? AV_CEIL_RSHIFT(frame->width, 1) : frame->width;
}

static int plane_height(const AVFrame *frame, int plane)
{
    return plane ? AV_CEIL_RSHIFT(frame->height, 1) : frame->height;
}

void ff_onedva_show_diff(AVFrame *picture, const AVFrame *source)
{
    const int depth = ff_onedva_depth(picture->format);
    const int grey = 1 << (depth - 1);

    for (int plane = 0; plane < 3; plane++) {
        const int width = plane_width(picture, plane);

        for (int y = 0; y < plane_height(picture, plane); y++) {
            uint8_t *row = ff_onedva_row(picture, plane, y);
            const uint8_t *source_row = ff_onedva_row(source, plane, y);

            for (int x = 0; x < width; x++) {
                const int error = ff_onedva_get_sample(row, x, depth) -
                                  ff_onedva_get_sample(source_row, x, depth);
                ff_onedva_set_sample(row, x, depth, av_clip_uintp2(grey + 4 * error, depth));
            }
        }
    }
}

/* ---- lengths of tiles ---- */

/** Y, U and V of 8 bits, from blue over teal, green and yellow to red. */
static const uint8_t heat_colours[][3] = {
    { 62, 176, 116 }, { 106, 150, 75 }, { 143, 95, 92 }, { 193, 50, 149 }, { 92, 99, 207 },
};

/** @param max_tokens of the largest tiles */
static void heat_colour(uint8_t yuv[3], const struct onedva_tile *tile, int max_tokens)
{
    const int last = FF_ARRAY_ELEMS(heat_colours) - 1;
    const double share = (double)tile->coefficients / tile->max_coefficients;
    const double place = last * log2(1 + share * max_tokens) / log2(1 + max_tokens);
    const int i = FFMIN(place, last - 1);

    for (int k = 0; k < 3; k++)
        yuv[k] = lrint(heat_colours[i][k] +
                       (place - i) * (heat_colours[i + 1][k] - heat_colours[i][k]));
}

/** The tile that the 4x4 block at a place in a frame belongs to: that of its content's place. */
static int tile_at(const struct onedva_tiles *tiles, const struct onedva_mesh *mesh, int frame,
                   int x, int y)
{
    Point at = { x + 1.5, y + 1.5 };
    int row, column;

    if (mesh->motion != ONEDVA_MOTION_OFF) {
        const Point d = displacement(mesh, frame, at);
        at = (Point) { at.x + d.x + mesh->left, at.y + d.y + mesh->top };
    }
    row    = av_clip(floor(at.y / ONEDVA_MIN_TILE_SIZE), 0, tiles->map_rows - 1);
    column = av_clip(floor(at.x / ONEDVA_MIN_TILE_SIZE), 0, tiles->map_columns - 1);
    return tiles->map[(size_t)row * tiles->map_columns + column];
}

/** Colour a 4x4 block, with a dark line above and on the left where another tile begins there.
 *  @param yuv of 8 bits */
static void colour_block(AVFrame *picture, int x0, int y0, const uint8_t yuv[3], int line_above,
                         int line_left)
{
    const int x1 = FFMIN(x0 + 4, picture->width), y1 = FFMIN(y0 + 4, picture->height);
    const int depth = ff_onedva_depth(picture->format);
    const int shift = depth - 8;

    for (int y = y0; y < y1; y++) {
        uint8_t *row = ff_onedva_row(picture, 0, y);

        for (int x = x0; x < x1; x++) {
            const int is_line = (line_above && y == y0) || (line_left && x == x0);
            const int colour = is_line ? 0 : yuv[0] << shift;
            ff_onedva_set_sample(row, x, depth, (ff_onedva_get_sample(row, x, depth) + colour) / 2);
        }
    }
    for (int plane = 1; plane < 3; plane++)
        for (int y = y0 / 2; y < (y1 + 1) / 2; y++)
            for (int x = x0 / 2; x < (x1 + 1) / 2; x++)
                ff_onedva_set_sample(ff_onedva_row(picture, plane, y), x, depth,
                                     yuv[plane] << shift);
}

void ff_onedva_show_tokens(AVFrame *picture, int index, const struct onedva_mesh *mesh,
                           const struct onedva_tiles *tiles, int max_tokens)
{
    for (int y = 0; y < picture->height; y += 4) {
        int left = -1;

        for (int x = 0; x < picture->width; x += 4) {
            const int tile = tile_at(tiles, mesh, index, x, y);
            const int above = y > 0 ? tile_at(tiles, mesh, index, x, y - 4) : tile;
            uint8_t yuv[3];

            heat_colour(yuv, &tiles->tile[tile], max_tokens);
            colour_block(picture, x, y, yuv, above != tile, x > 0 && left != tile);
            left = tile;
        }
    }
}

/* ---- both pictures ---- */

void ff_onedva_show_source(AVFrame *both, const AVFrame *source)
{
    const int width = source->width, depth = ff_onedva_depth(source->format);

    for (int plane = 0; plane < 3; plane++)
        av_image_copy_plane(both->data[plane], both->linesize[plane], source->data[plane],
                            source->linesize[plane],
                            av_image_get_linesize(source->format, width, plane),
                            plane_height(source, plane));
    if (width < both->width && (width & 1)) { // the last chroma sample covers one more column
        for (int y = 0; y < source->height; y++) {
            uint8_t *row = ff_onedva_row(both, 0, y);
            ff_onedva_set_sample(row, width, depth, ff_onedva_get_sample(row, width - 1, depth));
        }
    }
}
