/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What makes pictures, into pictures of the host, which are there when these return. */
#ifndef ODVA_TEST_HOST_SYNTHESIS_H
#define ODVA_TEST_HOST_SYNTHESIS_H

#include "kernels/images.h"
#include "network/sampler.h"
#include "tests/support/backend.h"
#include "transform/deblocking.h"

/* Pictures of a grid and what they are predicted from, as images. */
struct host_synthesis {
    struct odva_backend *backend;
    struct odva_images images, prediction;
};

/* @param prediction NULL: none */
static inline void host_synthesis_begin(struct host_synthesis *s, struct odva_backend *backend,
                                        const struct onedva_picture *pictures, int frames,
                                        const struct odva_grid *grid,
                                        const struct onedva_const_picture *prediction)
{
    *s = (struct host_synthesis){.backend = backend};
    assert_int_equal(
        odva_images_wrap(&s->images, backend, pictures, frames, grid->width, grid->height, 8),
        ONEDVA_OK);
    if (prediction)
        assert_int_equal(odva_images_wrap_const(&s->prediction, backend, prediction, 1, grid->width,
                                                grid->height, 8),
                         ONEDVA_OK);
}

static inline int host_synthesis_end(struct host_synthesis *s, int status)
{
    if (status == ONEDVA_OK)
        status = s->backend->ops->synchronize(s->backend);
    odva_images_free(&s->images, s->backend);
    odva_images_free(&s->prediction, s->backend);
    return status;
}

static inline int host_invert(struct odva_linear_path *path, const struct odva_latents *latents,
                              const int32_t *y, const struct onedva_const_picture *prediction,
                              const struct onedva_picture *pictures)
{
    struct host_synthesis s;

    host_synthesis_begin(&s, path->backend, pictures, latents->grid.frames, &latents->grid,
                         prediction);
    return host_synthesis_end(
        &s, odva_linear_path_invert(path, latents, y, s.prediction.image[0], s.images.image));
}

static inline int host_reconstruct(struct odva_linear_path *path,
                                   const struct odva_latents *latents,
                                   const struct onedva_const_picture *prediction,
                                   const struct onedva_picture *pictures)
{
    struct host_synthesis s;

    host_synthesis_begin(&s, path->backend, pictures, latents->grid.frames, &latents->grid,
                         prediction);
    return host_synthesis_end(
        &s, odva_linear_path_reconstruct(path, latents, s.prediction.image[0], s.images.image));
}

static inline int host_refine(struct odva_sampler *sampler, const struct odva_latents *latents,
                              const struct odva_sampler_params *params,
                              const struct onedva_picture *pictures)
{
    struct host_synthesis s;

    host_synthesis_begin(&s, sampler->backend, pictures, latents->grid.frames, &latents->grid,
                         NULL);
    return host_synthesis_end(&s, odva_sampler_refine(sampler, latents, params, s.images.image));
}

static inline int host_sample(struct odva_sampler *sampler, const struct odva_latents *latents,
                              const struct odva_sampler_params *params,
                              const struct onedva_picture *pictures)
{
    struct host_synthesis s;

    host_synthesis_begin(&s, sampler->backend, pictures, latents->grid.frames, &latents->grid,
                         NULL);
    return host_synthesis_end(&s, odva_sampler_run(sampler, latents, params, s.images.image));
}

static inline int host_deblock(struct odva_deblocking *deblocking, struct odva_backend *backend,
                               const struct onedva_picture *pictures,
                               const struct odva_latents *latents, int frames)
{
    struct host_synthesis s;

    host_synthesis_begin(&s, backend, pictures, frames, &latents->grid, NULL);
    return host_synthesis_end(&s,
                              odva_deblock(deblocking, backend, s.images.image, latents, frames));
}

#endif
