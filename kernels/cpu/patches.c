/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/patches.h"

#include <string.h>

#include "base/integers.h"
#include "kernels/cpu/reference.h"

#define LUMA   (ODVA_TOKEN_LUMA * ODVA_TOKEN_LUMA)
#define CHROMA (ODVA_TOKEN_CHROMA * ODVA_TOKEN_CHROMA)
#define FRAME  (LUMA + 2 * CHROMA)

static float from_sample(uint8_t v)
{
    return v / 127.5f - 1.0f;
}

/* Not a number gives 0. */
static uint8_t to_sample(float x)
{
    float v = (x + 1.0f) * 127.5f + 0.5f;

    v = v > 0.0f ? v : 0.0f;
    v = v < 255.0f ? v : 255.0f;
    return (uint8_t)(int)v;
}

static struct odva_cpu_block block_of(const struct odva_grid *grid, int plane, int y, int x)
{
    const int side = plane ? ODVA_TOKEN_CHROMA : ODVA_TOKEN_LUMA;

    return (struct odva_cpu_block){
        .x = x * side,
        .y = y * side,
        .side = side,
        .width = plane ? (grid->width + 1) / 2 : grid->width,
        .height = plane ? (grid->height + 1) / 2 : grid->height,
    };
}

void odva_cpu_read_block_c(float *dst, const struct odva_cpu_block *b, const uint8_t *data,
                           ptrdiff_t stride)
{
    const int columns = odva_min(b->side, b->width - b->x);

    for (int i = 0; i < b->side; i++, dst += b->side) {
        const uint8_t *src = data + odva_min(b->y + i, b->height - 1) * stride + b->x;

        for (int j = 0; j < columns; j++)
            dst[j] = from_sample(src[j]);
        for (int j = columns; j < b->side; j++)
            dst[j] = dst[columns - 1];
    }
}

void odva_cpu_write_block_c(uint8_t *data, ptrdiff_t stride, const struct odva_cpu_block *b,
                            const float *src)
{
    const int rows = odva_min(b->side, b->height - b->y);
    const int columns = odva_min(b->side, b->width - b->x);

    for (int i = 0; i < rows; i++, src += b->side) {
        uint8_t *dst = data + (b->y + i) * stride + b->x;
        uint8_t samples[ODVA_TOKEN_LUMA];

        for (int j = 0; j < ODVA_TOKEN_CHROMA; j++)
            samples[j] = to_sample(src[j]);
        if (b->side > ODVA_TOKEN_CHROMA)
            for (int j = ODVA_TOKEN_CHROMA; j < ODVA_TOKEN_LUMA; j++)
                samples[j] = to_sample(src[j]);
        for (int j = 0; j < columns; j++)
            dst[j] = samples[j];
    }
}

static const int plane_offset[3] = {0, LUMA, LUMA + CHROMA};

/* The picture of a token's frame; the clip's last one goes on. */
static int frame_of(const struct odva_grid *grid, int32_t position, int f)
{
    return odva_min(position / grid->gx / grid->gy * ODVA_TOKEN_FRAMES + f, grid->frames - 1);
}

static struct odva_cpu_block block_at(const struct odva_grid *grid, int plane, int32_t position)
{
    return block_of(grid, plane, position / grid->gx % grid->gy, position % grid->gx);
}

void odva_cpu_read_patch(odva_cpu_read_block_fn read_block, float *dst,
                         const struct odva_grid *grid, const struct onedva_const_picture *pictures,
                         int32_t position)
{
    for (int f = 0; f < ODVA_TOKEN_FRAMES; f++, dst += FRAME) {
        const struct onedva_const_picture *picture = &pictures[frame_of(grid, position, f)];

        for (int p = 0; p < 3; p++) {
            const struct odva_cpu_block b = block_at(grid, p, position);

            read_block(dst + plane_offset[p], &b, picture->data[p], picture->stride[p]);
        }
    }
}

/* Calls of a constant size are faster. */
static void copy_row(uint8_t *dst, const uint8_t *src, int bytes)
{
    if (bytes == ODVA_TOKEN_LUMA)
        memcpy(dst, src, ODVA_TOKEN_LUMA);
    else
        memcpy(dst, src, bytes);
}

static void read_sample_block(uint8_t *dst, int sample_bytes, const struct odva_cpu_block *b,
                              const uint8_t *data, ptrdiff_t stride)
{
    const int columns = odva_min(b->side, b->width - b->x), bytes = columns * sample_bytes;

    for (int i = 0; i < b->side; i++, dst += b->side * sample_bytes) {
        copy_row(dst, data + odva_min(b->y + i, b->height - 1) * stride + b->x * sample_bytes,
                 bytes);
        for (int j = columns; j < b->side; j++)
            memcpy(dst + j * sample_bytes, dst + bytes - sample_bytes, sample_bytes);
    }
}

void odva_cpu_read_frame(uint8_t *dst, int sample_bytes, const struct odva_grid *grid,
                         const struct onedva_const_picture *picture, int32_t position)
{
    for (int p = 0; p < 3; p++) {
        const struct odva_cpu_block b = block_at(grid, p, position);

        read_sample_block(dst + plane_offset[p] * sample_bytes, sample_bytes, &b, picture->data[p],
                          picture->stride[p]);
    }
}

void odva_cpu_read_samples(uint8_t *dst, int sample_bytes, const struct odva_grid *grid,
                           const struct onedva_const_picture *pictures, int32_t position)
{
    for (int f = 0; f < ODVA_TOKEN_FRAMES; f++, dst += FRAME * sample_bytes)
        odva_cpu_read_frame(dst, sample_bytes, grid, &pictures[frame_of(grid, position, f)],
                            position);
}

/* Frames of a token that are in the clip. */
static int frames_of(const struct odva_grid *grid, int32_t position)
{
    return odva_min(ODVA_TOKEN_FRAMES,
                    grid->frames - position / grid->gx / grid->gy * ODVA_TOKEN_FRAMES);
}

static void write_sample_block(uint8_t *data, ptrdiff_t stride, const struct odva_cpu_block *b,
                               const uint8_t *src, int sample_bytes)
{
    const int rows = odva_min(b->side, b->height - b->y);
    const int columns = odva_min(b->side, b->width - b->x);
    uint8_t *dst = data + b->y * stride + b->x * sample_bytes;

    for (int i = 0; i < rows; i++, src += b->side * sample_bytes, dst += stride)
        copy_row(dst, src, columns * sample_bytes);
}

void odva_cpu_write_samples(const struct onedva_picture *pictures, const struct odva_grid *grid,
                            const uint8_t *src, int sample_bytes, int32_t position)
{
    const int frames = frames_of(grid, position);

    for (int f = 0; f < frames; f++, src += FRAME * sample_bytes) {
        const struct onedva_picture *picture = &pictures[frame_of(grid, position, f)];

        for (int p = 0; p < 3; p++) {
            const struct odva_cpu_block b = block_at(grid, p, position);

            write_sample_block(picture->data[p], picture->stride[p], &b,
                               src + plane_offset[p] * sample_bytes, sample_bytes);
        }
    }
}

void odva_cpu_write_patch(odva_cpu_write_block_fn write_block,
                          const struct onedva_picture *pictures, const struct odva_grid *grid,
                          const float *src, int32_t position)
{
    const int frames = frames_of(grid, position);

    for (int f = 0; f < frames; f++, src += FRAME) {
        const struct onedva_picture *picture = &pictures[frame_of(grid, position, f)];

        for (int p = 0; p < 3; p++) {
            const struct odva_cpu_block b = block_at(grid, p, position);

            write_block(picture->data[p], picture->stride[p], &b, src + plane_offset[p]);
        }
    }
}
