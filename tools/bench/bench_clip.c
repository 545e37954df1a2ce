/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/bench/bench_clip.h"

#include <stdio.h>
#include <stdlib.h>

void *bench_checked(void *memory)
{
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

void bench_check(int status)
{
    if (status < 0) {
        fprintf(stderr, "%s\n", onedva_status_text(status));
        exit(1);
    }
}

float *bench_random_floats(int64_t count)
{
    float *data = bench_checked(malloc(count * sizeof(*data)));

    for (int64_t i = 0; i < count; i++)
        data[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return data;
}

void bench_clip_open(struct bench_clip *clip, int width, int height, int basis)
{
    const size_t cw = (width + 1) / 2, ch = (height + 1) / 2;

    bench_check(odva_grid_init(&clip->grid, ONEDVA_MAX_CLIP_FRAMES, width, height, basis));
    for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++) {
        for (int p = 0; p < 3; p++) {
            const size_t stride = p ? cw : (size_t)width, size = stride * (p ? ch : (size_t)height);

            clip->pictures[t].data[p] = bench_checked(malloc(size));
            clip->pictures[t].stride[p] = stride;
            for (size_t i = 0; i < size; i++)
                clip->pictures[t].data[p][i] = (uint8_t)(i % stride + i / stride * 2 + t * 3);
            clip->sources[t].data[p] = clip->pictures[t].data[p];
            clip->sources[t].stride[p] = stride;
        }
    }
    clip->linear = bench_checked(malloc(clip->grid.patches * basis * sizeof(float)));
    clip->latents = bench_checked(malloc(clip->grid.patches * basis * sizeof(float)));
    clip->tokens = bench_checked(malloc(clip->grid.tile_count * sizeof(int)));
    for (int i = 0; i < clip->grid.tile_count; i++)
        clip->tokens[i] = clip->grid.tiles[i].tokens;
}

void bench_clip_close(struct bench_clip *clip)
{
    for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++)
        for (int p = 0; p < 3; p++)
            free(clip->pictures[t].data[p]);
    free(clip->linear);
    free(clip->latents);
    free(clip->tokens);
    odva_grid_free(&clip->grid);
}
