/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/motion_estimation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "base/thread_pool.h"
#include "bitstream/motion.h"
#include "kernels/host_pictures.h"

#define ALIGNMENT        64 /* bytes */
#define BLOCK            4
#define CELL             16  /* samples of a level between the nodes of its mesh */
#define MIN_LOG2_SPACING 3   /* of the warp operator */
#define SMALL_PICTURE    300 /* lines below which motion is estimated at full size */
#define AFFINE_STEPS     2
#define MESH_STEPS       3
#define MESH_LEVELS      3 /* the finest levels, on which the mesh moves */

/* Squared difference per sample at which a block has a quarter of its weight: what is coded is
 * squared, and outliers count in it. BD-rate over nine clips, against no motion: 100: -13.5 %, 600:
 * -23.2 %, 5000: -26.3 %, 20000: -27.1 %. */
#define OUTLIER 20000.0f

/* Squared gradient per node that holds the mesh together. */
#define STIFFNESS 500.0f

/* A search for a translation at the coarsest level: radius in its samples, squared difference per
 * sample from which it pays, part of that it must come down to. */
#define SEARCH_RADIUS 7
#define SEARCH_FROM   9.0f
#define SEARCH_GAIN   0.6f

static int log2_of(int v)
{
    int n = 0;

    while (v > 1 << n)
        n++;
    return n;
}

static int blocks(int size)
{
    return (size + BLOCK - 1) / BLOCK;
}

static int last_level(const struct odva_motion_estimation *e)
{
    return e->pyramid[0].levels - 1;
}

/* Memory of one lane. @param nodes of the finest mesh of any level */
static int reserve_lane(struct odva_motion_lane *lane, const struct odva_luma_plane *plane,
                        size_t nodes)
{
    const size_t count = (size_t)blocks(plane->width) * blocks(plane->height);

    lane->warped.stride = (plane->width + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    lane->warped.data = odva_reserve(lane->warped.data, &lane->warped_capacity,
                                     (size_t)lane->warped.stride * plane->height, 1);
    lane->tensors =
        odva_reserve(lane->tensors, &lane->tensor_capacity, count, sizeof(*lane->tensors));
    lane->weights =
        odva_reserve(lane->weights, &lane->weight_capacity, count, sizeof(*lane->weights));
    lane->scratch =
        odva_reserve(lane->scratch, &lane->scratch_capacity, 3 * nodes, sizeof(*lane->scratch));
    return lane->warped.data && lane->tensors && lane->weights && lane->scratch ? ONEDVA_OK
                                                                                : ONEDVA_ERR_NOMEM;
}

static int reserve(struct odva_motion_estimation *e)
{
    const struct odva_luma_plane *plane;
    const size_t nodes =
        (size_t)odva_mesh_nodes(e->width, e->spacing) * odva_mesh_nodes(e->height, e->spacing);
    size_t level_nodes;

    e->base = odva_min(e->width, e->height) < SMALL_PICTURE ? 0 : 1;
    plane = &e->pyramid[0].level[e->base];
    level_nodes = (size_t)odva_mesh_nodes(plane->width, 1 << MIN_LOG2_SPACING) *
                  odva_mesh_nodes(plane->height, 1 << MIN_LOG2_SPACING);
    for (int i = 0; i < ODVA_MOTION_LANES; i++)
        if (reserve_lane(&e->lane[i], plane, nodes > level_nodes ? nodes : level_nodes) < 0)
            return ONEDVA_ERR_NOMEM;
    e->nodes = odva_reserve(e->nodes, &e->node_capacity, ODVA_MOTION_LANES * level_nodes,
                            sizeof(*e->nodes));
    e->mesh_memory =
        odva_reserve(e->mesh_memory, &e->mesh_capacity, nodes * e->frames, sizeof(*e->mesh_memory));
    if (!e->nodes || !e->mesh_memory)
        return ONEDVA_ERR_NOMEM;
    for (int t = 0; t < e->frames; t++)
        e->mesh[t] = (struct odva_displacement_mesh){
            .spacing = e->spacing,
            .columns = odva_mesh_nodes(e->width, e->spacing),
            .rows = odva_mesh_nodes(e->height, e->spacing),
            .d = e->mesh_memory + t * nodes,
        };
    return ONEDVA_OK;
}

/* A level's view of a field: a mesh with nodes CELL samples apart, or as far as the finest mesh's
 * are. */
static struct odva_displacement_mesh level_mesh(const struct odva_motion_estimation *e, int level,
                                                float (*d)[2])
{
    const int spacing = odva_max(CELL << level, e->spacing);

    return (struct odva_displacement_mesh){
        .spacing = spacing,
        .columns = odva_mesh_nodes(e->width, spacing),
        .rows = odva_mesh_nodes(e->height, spacing),
        .d = d,
    };
}

static void sample_affine(const struct odva_motion_estimation *e,
                          struct odva_displacement_mesh *mesh, const struct odva_affine *affine)
{
    for (int j = 0; j < mesh->rows; j++)
        for (int i = 0; i < mesh->columns; i++)
            odva_affine_at(affine, e->width, e->height, (float)(i * mesh->spacing),
                           (float)(j * mesh->spacing), mesh->d[j * mesh->columns + i]);
}

static void sample_mesh(struct odva_displacement_mesh *mesh,
                        const struct odva_displacement_mesh *from)
{
    for (int j = 0; j < mesh->rows; j++)
        for (int i = 0; i < mesh->columns; i++)
            odva_mesh_at(from, (float)(i * mesh->spacing), (float)(j * mesh->spacing),
                         mesh->d[j * mesh->columns + i]);
}

/* One step of aligning the frames of all lanes at a level. */
struct alignment_step {
    struct odva_motion_estimation *e;
    int level;
    int is_mesh; /* the mesh moves, not the affine field */
};

/* Set the field that a lane's frame is compared through: whole 1/16 samples of the level. */
static void prepare_lane(const struct alignment_step *step, int index)
{
    struct odva_motion_estimation *e = step->e;
    struct odva_motion_lane *lane = &e->lane[index];
    struct odva_displacement_mesh *mesh = &lane->mesh, smooth;
    int16_t(*nodes)[2];

    *mesh = level_mesh(e, step->level, lane->scratch);
    nodes = e->nodes + (size_t)index * mesh->columns * mesh->rows;
    if (step->is_mesh) {
        const struct odva_affine affine = odva_affine_fit(&e->mesh[lane->t], e->width, e->height);

        sample_mesh(mesh, &e->mesh[lane->t]);
        smooth = *mesh;
        smooth.d += mesh->columns * mesh->rows;
        sample_affine(e, &smooth, &affine);
    } else {
        sample_affine(e, mesh, &e->affine[lane->t]);
    }
    for (int n = 0; n < mesh->columns * mesh->rows; n++) {
        odva_mesh_round(nodes[n], mesh->d[n], step->level);
        for (int k = 0; k < 2; k++)
            mesh->d[n][k] = (float)(nodes[n][k] * (1 << step->level)) / 16.0f;
    }
}

/* Compare the frames with the mosaic seen through their fields. */
static int compare(struct odva_motion_estimation *e, int level)
{
    const struct odva_luma_plane *plane = &e->pyramid[0].level[level];
    const struct odva_luma_plane *source = &e->mosaic.pyramid.level[level - e->base];
    const int margin = e->mosaic.margin >> (level - e->base);
    struct onedva_picture pictures[ODVA_MOTION_LANES] = {0};
    struct onedva_const_picture sources[ODVA_MOTION_LANES] = {0};
    struct onedva_const_picture frames[ODVA_MOTION_LANES] = {0};
    struct odva_structure_tensor *tensors[ODVA_MOTION_LANES];
    const struct odva_warp warp = {
        .frames = e->lanes,
        .width = plane->width,
        .height = plane->height,
        .source_width = source->width,
        .source_height = source->height,
        .left = margin,
        .top = margin,
        .log2_spacing = log2_of(e->lane[0].mesh.spacing >> level),
        .columns = e->lane[0].mesh.columns,
        .rows = e->lane[0].mesh.rows,
    };

    for (int i = 0; i < e->lanes; i++) {
        const struct odva_luma_plane *frame = &e->pyramid[e->lane[i].t].level[level];

        pictures[i].data[0] = e->lane[i].warped.data;
        pictures[i].stride[0] = e->lane[i].warped.stride;
        sources[i].data[0] = source->data;
        sources[i].stride[0] = source->stride;
        frames[i].data[0] = frame->data;
        frames[i].stride[0] = frame->stride;
        tensors[i] = e->lane[i].tensors;
    }
    return odva_host_warp_tensors(e->backend, pictures, sources, &warp,
                                  (const int16_t(*)[2])e->nodes, frames, tensors);
}

/* Whether all of a block's place in the mosaic has been seen, with the samples its gradients need.
 */
static int is_known(const struct odva_motion_estimation *e,
                    const struct odva_displacement_mesh *mesh, int level, int i, int j)
{
    const struct odva_mosaic *mosaic = &e->mosaic;
    const float scale = (float)(1 << level), base = 1.0f / (float)(1 << e->base);
    const float reach = BLOCK / 2 * scale * base - 1.0f;
    float d[2], x = (float)(i * BLOCK + BLOCK / 2) * scale,
                y = (float)(j * BLOCK + BLOCK / 2) * scale;

    odva_mesh_at(mesh, x, y, d);
    x = (x + d[0]) * base;
    y = (y + d[1]) * base;
    return odva_mosaic_has(mosaic, x - reach, y - reach) &&
           odva_mosaic_has(mosaic, x + reach, y - reach) &&
           odva_mosaic_has(mosaic, x - reach, y + reach) &&
           odva_mosaic_has(mosaic, x + reach, y + reach);
}

/* Whether a cell of the mesh lies where all has been seen: its blocks then do, too. Between the
 * nodes a field is between theirs. @param right, bottom of the cell, luma samples */
static int knows_cell(const struct odva_motion_estimation *e,
                      const struct odva_displacement_mesh *mesh, int i, int j, int right,
                      int bottom)
{
    const struct odva_mosaic *mosaic = &e->mosaic;
    const float(*node)[2] = (const float(*)[2])mesh->d + j * mesh->columns + i;
    const float base = 1.0f / (float)(1 << e->base);
    const float place[2][2] = {{(float)(i * mesh->spacing), (float)(j * mesh->spacing)},
                               {(float)right, (float)bottom}};
    const float low[2] = {(float)mosaic->left, (float)mosaic->top};
    const float high[2] = {(float)(mosaic->right / BLOCK * BLOCK),
                           (float)(mosaic->bottom / BLOCK * BLOCK)};

    for (int n = 0; n < 4; n++) {
        const float *d = node[(n & 1) + (n >> 1) * mesh->columns];

        for (int k = 0; k < 2; k++)
            if ((place[0][k] + d[k]) * base < low[k] || (place[1][k] + d[k]) * base > high[k])
                return 0;
    }
    return 1;
}

/* Weights fall with a block's difference (Geman and McClure). */
static void weigh_cell(const struct odva_motion_estimation *e, struct odva_motion_lane *lane,
                       int level, int i, int j)
{
    const struct odva_luma_plane *plane = &e->pyramid[0].level[level];
    const int per_cell = lane->mesh.spacing >> level >> 2;
    const int columns = blocks(plane->width);
    const int x_end = odva_min((i + 1) * per_cell, columns);
    const int y_end = odva_min((j + 1) * per_cell, blocks(plane->height));
    const int known =
        knows_cell(e, &lane->mesh, i, j, (x_end * BLOCK) << level, (y_end * BLOCK) << level);

    for (int y = j * per_cell; y < y_end; y++) {
        for (int x = i * per_cell; x < x_end; x++) {
            const int n = y * columns + x;
            const float squared = (float)lane->tensors[n].ee / (BLOCK * BLOCK);
            const float share = 1.0f / (1.0f + squared / OUTLIER);

            lane->weights[n] = known || is_known(e, &lane->mesh, level, x, y) ? share * share : 0;
        }
    }
}

static struct odva_alignment weigh_blocks(const struct odva_motion_estimation *e,
                                          struct odva_motion_lane *lane, int level)
{
    const struct odva_luma_plane *plane = &e->pyramid[0].level[level];
    const struct odva_alignment alignment = {
        .columns = blocks(plane->width),
        .rows = blocks(plane->height),
        .width = plane->width,
        .height = plane->height,
        .tensors = lane->tensors,
        .weights = lane->weights,
    };

    for (int j = 0; j < lane->mesh.rows - 1; j++)
        for (int i = 0; i < lane->mesh.columns - 1; i++)
            weigh_cell(e, lane, level, i, j);
    return alignment;
}

/* Add a coarse mesh's change to the finest mesh. */
static void add_change(struct odva_displacement_mesh *finest,
                       const struct odva_displacement_mesh *change)
{
    for (int j = 0; j < finest->rows; j++) {
        for (int i = 0; i < finest->columns; i++) {
            float d[2];

            odva_mesh_at(change, (float)(i * finest->spacing), (float)(j * finest->spacing), d);
            for (int k = 0; k < 2; k++)
                finest->d[j * finest->columns + i][k] += d[k];
        }
    }
}

/* Move the mesh of a lane's frame. */
static int step_mesh(struct odva_motion_estimation *e, struct odva_motion_lane *lane,
                     const struct odva_alignment *alignment, int level)
{
    const int nodes = lane->mesh.columns * lane->mesh.rows;
    struct odva_displacement_mesh *mesh = &lane->mesh, smooth = *mesh, change = *mesh;
    int status;

    smooth.d = mesh->d + nodes;
    change.d = mesh->d + 2 * nodes;
    memcpy(change.d, mesh->d, nodes * sizeof(*mesh->d));
    status =
        odva_mesh_step(&lane->solver, mesh, alignment, &smooth, (float)(1 << level), STIFFNESS);
    if (status < 0)
        return status;
    for (int n = 0; n < nodes; n++)
        for (int k = 0; k < 2; k++)
            change.d[n][k] = mesh->d[n][k] - change.d[n][k];
    add_change(&e->mesh[lane->t], &change);
    return ONEDVA_OK;
}

static void prepare_task(void *opaque, int64_t index, int worker)
{
    (void)worker;
    prepare_lane(opaque, (int)index);
}

/* Take the step that a comparison asks for, and prepare the next one. */
static void step_task(void *opaque, int64_t index, int worker)
{
    const struct alignment_step *step = opaque;
    struct odva_motion_lane *lane = &step->e->lane[index];
    const struct odva_alignment alignment = weigh_blocks(step->e, lane, step->level);

    (void)worker;
    lane->status = ONEDVA_OK;
    if (step->is_mesh)
        lane->status = step_mesh(step->e, lane, &alignment, step->level);
    else
        odva_affine_step(&step->e->affine[lane->t], &alignment, (float)(1 << step->level));
    prepare_lane(step, (int)index);
}

/* Steps of all lanes side by side. */
static int refine(struct odva_motion_estimation *e, int level, int is_mesh, int steps)
{
    struct alignment_step step = {.e = e, .level = level, .is_mesh = is_mesh};
    int status = ONEDVA_OK;

    odva_thread_pool_run(e->pool, e->lanes, prepare_task, &step);
    for (int i = 0; i < steps && status == ONEDVA_OK; i++) {
        status = compare(e, level);
        if (status < 0)
            return status;
        odva_thread_pool_run(e->pool, e->lanes, step_task, &step);
        for (int l = 0; l < e->lanes && status == ONEDVA_OK; l++)
            status = e->lane[l].status;
    }
    return status;
}

/* Mean squared difference at the coarsest level of a frame moved by whole samples; large where
 * little is known, and where it cannot be less than a limit. */
static float difference_at(const struct odva_motion_estimation *e, int t, int dx, int dy,
                           float limit)
{
    const int level = last_level(e);
    const struct odva_luma_plane *a = &e->pyramid[t].level[level];
    const struct odva_luma_plane *b = &e->mosaic.pyramid.level[level - e->base];
    const int margin = e->mosaic.margin >> (level - e->base), scale = 1 << (level - e->base);
    const int left = odva_max(0, -dx - margin), right = odva_min(a->width, b->width - dx - margin);
    const float most = limit * (float)(a->width * a->height);
    int64_t sum = 0;
    int count = 0;

    for (int y = odva_max(0, -dy - margin); y < a->height && y + dy + margin < b->height; y++) {
        const uint8_t *p = a->data + y * a->stride;
        const uint8_t *q = b->data + (y + dy + margin) * b->stride + dx + margin;
        const uint8_t *seen = odva_mosaic_row(&e->mosaic, (y + dy) * scale);

        for (int x = left; seen && x < right; x++) {
            const int column = ((x + dx) * scale + e->mosaic.margin) / 4;
            const int difference = p[x] - q[x];

            if (column >= e->mosaic.columns || !seen[column])
                continue;
            sum += difference * difference;
            count++;
        }
        if ((float)sum >= most)
            return INFINITY;
    }
    return 2 * count < a->width * a->height ? INFINITY : (float)sum / (float)count;
}

/* Look around for a translation where an affine field does not match at all. */
static void search(const struct odva_motion_estimation *e, int t, struct odva_affine *affine)
{
    const int level = last_level(e);
    const float scale = (float)(1 << level);
    const int x0 = (int)lrintf(affine->c[0][0] / scale), y0 = (int)lrintf(affine->c[0][1] / scale);
    const float start = difference_at(e, t, x0, y0, INFINITY);
    float best = start * SEARCH_GAIN;

    if (start < SEARCH_FROM)
        return;
    for (int y = y0 - SEARCH_RADIUS; y <= y0 + SEARCH_RADIUS; y++) {
        for (int x = x0 - SEARCH_RADIUS; x <= x0 + SEARCH_RADIUS; x++) {
            const float difference = difference_at(e, t, x, y, best);

            if (difference >= best)
                continue;
            best = difference;
            *affine = (struct odva_affine){{{(float)x * scale, (float)y * scale}}};
        }
    }
}

/* Where a frame should be if the motion of the two before goes on. @param direction of time, 1 or
 * -1 */
static struct odva_affine predict(const struct odva_motion_estimation *e, int t, int direction,
                                  int reference)
{
    struct odva_affine affine = e->affine[t - direction];

    if (t - direction == reference)
        return affine;
    for (int m = 0; m < 3; m++)
        for (int k = 0; k < 2; k++)
            affine.c[m][k] += affine.c[m][k] - e->affine[t - 2 * direction].c[m][k];
    return affine;
}

/* Parts that moved on their own are expected to go on. */
static void start_mesh(struct odva_motion_estimation *e, int t, int direction, int reference)
{
    struct odva_displacement_mesh *mesh = &e->mesh[t];
    const struct odva_displacement_mesh *last = &e->mesh[t - direction];
    const float distance = fabsf((float)(t - reference));
    const float growth = distance > 1 ? distance / (distance - 1) : 1;

    for (int j = 0; j < mesh->rows; j++) {
        for (int i = 0; i < mesh->columns; i++) {
            const int n = j * mesh->columns + i;
            float now[2], before[2];

            odva_affine_at(&e->affine[t], e->width, e->height, (float)(i * mesh->spacing),
                           (float)(j * mesh->spacing), now);
            odva_affine_at(&e->affine[t - direction], e->width, e->height,
                           (float)(i * mesh->spacing), (float)(j * mesh->spacing), before);
            for (int k = 0; k < 2; k++)
                mesh->d[n][k] = now[k] + growth * (last->d[n][k] - before[k]);
        }
    }
}

/* Where a lane's frame may be, before it is compared. */
static void start_task(void *opaque, int64_t index, int worker)
{
    struct odva_motion_estimation *e = opaque;
    const struct odva_motion_lane *lane = &e->lane[index];

    (void)worker;
    e->affine[lane->t] = predict(e, lane->t, lane->direction, e->reference);
    search(e, lane->t, &e->affine[lane->t]);
}

static int align_lanes(struct odva_motion_estimation *e)
{
    const int coarsest = last_level(e), first_mesh = odva_min(e->base + MESH_LEVELS - 1, coarsest);
    int status = ONEDVA_OK;

    odva_thread_pool_run(e->pool, e->lanes, start_task, e);
    for (int level = coarsest; level > e->base && status == ONEDVA_OK; level--)
        status = refine(e, level, 0, AFFINE_STEPS);
    for (int i = 0; i < e->lanes; i++)
        start_mesh(e, e->lane[i].t, e->lane[i].direction, e->reference);
    for (int level = first_mesh; level >= e->base && status == ONEDVA_OK; level--)
        status = refine(e, level, 1, MESH_STEPS);
    for (int i = 0; i < e->lanes && status == ONEDVA_OK; i++)
        status = odva_mosaic_add(&e->mosaic, e->backend, &e->pyramid[e->lane[i].t].level[e->base],
                                 &e->mesh[e->lane[i].t]);
    return status;
}

/* The frames that are so far from the reference frame, one behind it and one before it. */
static void set_lanes(struct odva_motion_estimation *e, int distance)
{
    e->lanes = 0;
    for (int direction = 1; direction >= -1; direction -= 2) {
        struct odva_motion_lane *lane = &e->lane[e->lanes];

        lane->t = e->reference + direction * distance;
        lane->direction = direction;
        e->lanes += lane->t >= 0 && lane->t < e->frames;
    }
}

static void clear_reference(struct odva_motion_estimation *e, int reference)
{
    const struct odva_displacement_mesh *mesh = &e->mesh[reference];

    e->affine[reference] = (struct odva_affine){{{0}}};
    memset(mesh->d, 0, (size_t)mesh->columns * mesh->rows * sizeof(*mesh->d));
}

int odva_motion_estimate(struct odva_motion_estimation *e, const struct odva_luma_pyramid *pyramids,
                         int n, int reference, int spacing)
{
    int status;

    ODVA_ASSERT(n >= 1 && n <= ODVA_MAX_PATH_FRAMES);
    ODVA_ASSERT(reference >= 0 && reference < n);
    ODVA_ASSERT(spacing == 16 || spacing == 32 || spacing == 64 || spacing == 128);
    e->pyramid = pyramids;
    e->width = pyramids[0].level[0].width;
    e->height = pyramids[0].level[0].height;
    e->frames = n;
    e->spacing = spacing;
    e->reference = reference;
    status = reserve(e);
    if (status < 0)
        return status;
    clear_reference(e, reference);
    status =
        odva_mosaic_start(&e->mosaic, e->backend, &e->pyramid[reference].level[e->base], e->base);
    for (int distance = 1; distance < n && status == ONEDVA_OK; distance++) {
        set_lanes(e, distance);
        if (e->lanes > 0)
            status = align_lanes(e);
    }
    return status;
}

static void free_lane(struct odva_motion_lane *lane)
{
    odva_mesh_solver_free(&lane->solver);
    free(lane->warped.data);
    free(lane->tensors);
    free(lane->weights);
    free(lane->scratch);
}

void odva_motion_estimation_free(struct odva_motion_estimation *e)
{
    odva_mosaic_free(&e->mosaic);
    for (int i = 0; i < ODVA_MOTION_LANES; i++)
        free_lane(&e->lane[i]);
    free(e->nodes);
    free(e->mesh_memory);
    *e = (struct odva_motion_estimation){0};
}
