/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/bench/bench_codec.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/images.h"
#include "model/model.h"
#include "tools/bench/bench.h"
#include "transform/quantiser.h"

#define QIDX   0
#define DETAIL 1 /* what most clips have with such a quantiser */

void bench_clip_open(struct bench_clip *clip, int width, int height)
{
    const size_t cw = (width + 1) / 2, ch = (height + 1) / 2;

    clip->size = (struct odva_clip_size){ONEDVA_MAX_CLIP_FRAMES, width, height};
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
}

void bench_clip_close(struct bench_clip *clip)
{
    for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++)
        for (int p = 0; p < 3; p++)
            free(clip->pictures[t].data[p]);
}

/* Levels, and lengths that end behind the last one that is not 0. */
static void quantise(struct bench_codec *codec)
{
    struct odva_latents *latents = &codec->latents;
    const float inverse_step = 1 / odva_quantiser_step(QIDX);

    latents->qidx = QIDX;
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];

        for (int c = 0; c < tile->coefficients; c++) {
            const float y = codec->linear[tile->offset + c];
            const int32_t level = odva_quantise(fabsf(y), inverse_step, ODVA_DEAD_ZONE);

            latents->q[tile->offset + c] = y < 0 ? -level : level;
            latents->seen[tile->offset + c] = ODVA_CODED;
            if (level)
                tile->tokens = c / tile->token_length + 1;
        }
    }
}

void bench_codec_open(struct bench_codec *codec, const struct bench_backend *bench,
                      const struct bench_clip *clip)
{
    struct odva_backend *backend = bench->backend;
    size_t count;

    *codec = (struct bench_codec){.backend = backend};
    bench_check(onedva_model_open(&codec->model, NULL, &bench_logger));
    bench_check(odva_linear_path_open(&codec->path, codec->model, backend));
    if (codec->model->config.encoder_layers > 0)
        bench_check(odva_query_encoder_open(&codec->encoder, codec->model, backend, bench->pool));
    bench_check(odva_sampler_open(&codec->sampler, codec->model, backend));
    bench_check(odva_latents_set_size(
        &codec->latents, bench_checked(odva_scan_cache_of(codec->model)), DETAIL, clip->size));
    count = odva_latents_count(&codec->latents);
    codec->linear = bench_checked(malloc(count * sizeof(*codec->linear)));
    codec->y = bench_checked(malloc(count * sizeof(*codec->y)));
    bench_codec_analyse(codec, clip);
    quantise(codec);
}

void bench_codec_close(struct bench_codec *codec)
{
    odva_sampler_close(&codec->sampler);
    odva_query_encoder_close(&codec->encoder);
    odva_linear_path_close(&codec->path);
    odva_deblocking_free(&codec->deblocking, codec->backend);
    odva_latents_free(&codec->latents);
    onedva_model_close(&codec->model);
    free(codec->linear);
    free(codec->y);
}

void bench_codec_analyse(struct bench_codec *codec, const struct bench_clip *clip)
{
    bench_check(
        odva_linear_path_project(&codec->path, &codec->latents.grid, DETAIL, clip->sources));
    bench_check(odva_linear_path_transform(&codec->path, &codec->latents, 0, codec->linear));
}

void bench_codec_decode(struct bench_codec *codec, int steps, const struct onedva_picture *pictures)
{
    const struct odva_sampler_params params = {.qidx = QIDX, .steps = steps, .seed = 1};

    struct odva_backend *backend = codec->backend;
    const struct odva_grid *grid = &codec->latents.grid;
    struct odva_images images = {0};

    bench_check(
        odva_images_wrap(&images, backend, pictures, grid->frames, grid->width, grid->height, 8));
    bench_check(odva_sampler_run(&codec->sampler, &codec->latents, &params, images.image));
    bench_check(
        odva_deblock(&codec->deblocking, backend, images.image, &codec->latents, grid->frames));
    bench_check(backend->ops->synchronize(backend));
    odva_images_free(&images, backend);
}
