/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/bench/bench_codec.h"

#include <stdlib.h>

#include "model/model.h"
#include "tools/bench/bench.h"
#include "transform/deblocking.h"

#define QIDX 0

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

void bench_codec_open(struct bench_codec *codec, struct odva_backend *backend)
{
    struct odva_scan_cache *scans = &codec->scans;

    *codec = (struct bench_codec){.backend = backend};
    bench_check(onedva_model_open(&codec->model, NULL, &bench_logger));
    scans->model = codec->model;
    bench_check(odva_linear_path_open(&codec->path, codec->model, backend, scans));
    if (codec->model->config.encoder_layers > 0)
        bench_check(odva_query_encoder_open(&codec->encoder, codec->model, backend, scans));
    bench_check(odva_sampler_open(&codec->sampler, codec->model, backend, scans));
}

void bench_codec_close(struct bench_codec *codec)
{
    odva_sampler_close(&codec->sampler);
    odva_query_encoder_close(&codec->encoder);
    odva_linear_path_close(&codec->path);
    odva_scan_cache_free(&codec->scans);
    onedva_model_close(&codec->model);
}

void bench_codec_decode(struct bench_codec *codec, const struct bench_clip *clip, int steps,
                        const struct onedva_picture *pictures)
{
    const struct odva_sampler_params params = {.qidx = QIDX, .steps = steps, .seed = 1};

    bench_check(odva_sampler_run(&codec->sampler, &clip->grid, clip->latents, clip->tokens, &params,
                                 pictures));
    bench_check(odva_deblock(codec->backend, pictures, &clip->grid, QIDX));
}
