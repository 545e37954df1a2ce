/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes videos that never were: a prior draws latents, which are packets as an encoder's, for any
 * decoder. Conventions are those of onedva.h.
 */
#ifndef ONEDVA_ONEDVA_GENERATE_H
#define ONEDVA_ONEDVA_GENERATE_H

#include "onedva/onedva.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A generative model of the latents of one codec model, immutable and shared as that is. */
typedef struct onedva_prior onedva_prior;

struct onedva_prior_info {
    uint64_t model_id;    /* of the codec model whose latents it makes */
    const char *name;     /* lives as long as the prior, as the next */
    int width, height;    /* of its videos, luma samples */
    int frames;           /* of a clip */
    int max_tokens;       /* latent tokens of a tile of 128x128 samples */
    int classes;          /* kinds of videos that it knows */
    int64_t parameters;   /* number of weights */
    uint64_t reserved[8]; /* 0: room for what later versions say */
};

/**
 * Open a prior's file (doc/generation.md) and validate all of it.
 * @param path   NULL: the one that is built in
 * @param logger may be NULL; copied
 */
ONEDVA_API int onedva_prior_open(onedva_prior **prior, const char *path,
                                 const struct onedva_logger *logger);
ONEDVA_API void onedva_prior_close(onedva_prior **prior);
ONEDVA_API void onedva_prior_get_info(const onedva_prior *prior, struct onedva_prior_info *info);

/** Name of a class, 0 .. classes-1; NULL beyond. */
ONEDVA_API const char *onedva_prior_class(const onedva_prior *prior, int index);

/** @return number of the class of that name, or ONEDVA_ERR_ARGUMENT: the logger is told which there
 * are */
ONEDVA_API int onedva_prior_find_class(const onedva_prior *prior, const char *name);

typedef struct onedva_generator onedva_generator;

/** Made by onedva_generator_settings_default; new fields come at the end. */
struct onedva_generator_settings {
    size_t struct_size; /* of the caller's structure; fields beyond it have their defaults */
    uint64_t seed;      /* another one draws another video */
    int prior_class;    /* 0 .. classes-1; -1, the default: none in particular */
    int steps;          /* 1 .. 1000 of the flow from noise to latents; default 24 */
    double guidance;    /* how much of the way from no class to the class is gone, 0 .. 20; default
                         * 1.5; 1: the class as it was learned, which takes half of the time */
    int tokens;         /* latent tokens of each tile, at most; 0: as many as the prior has */
    int single_clips;   /* every clip is drawn without knowing the one before */
    uint32_t timebase_num, timebase_den; /* duration of a frame, in seconds; default 1/25 */
    enum onedva_backend backend;
    int threads;  /* 0: one per processor that the process may run on */
    int bitexact; /* use the strict C kernels only */
    struct onedva_logger logger;
    int device; /* as a decoder's */
};

/** @param struct_size sizeof(*settings): what there is room for */
ONEDVA_API void onedva_generator_settings_init(struct onedva_generator_settings *settings,
                                               size_t struct_size);
static inline void onedva_generator_settings_default(struct onedva_generator_settings *settings)
{
    onedva_generator_settings_init(settings, sizeof(*settings));
}

/**
 * @param model the codec model that the prior belongs to; must outlive the generator, as the prior
 * @return ONEDVA_OK or an error; ONEDVA_ERR_MODEL_MISMATCH where the prior is of another model
 */
ONEDVA_API int onedva_generator_open(onedva_generator **generator, const onedva_model *model,
                                     const onedva_prior *prior,
                                     const struct onedva_generator_settings *settings);
ONEDVA_API void onedva_generator_close(onedva_generator **generator);

/** The stream header of the packets. @param data owned by the generator */
ONEDVA_API void onedva_generator_stream_header(const onedva_generator *generator,
                                               const uint8_t **data, size_t *size);

/**
 * Draw the next clip. There is no last one.
 * @param packet of a key clip, which shows all of its frames; data are the generator's, valid until
 *               its next call
 */
ONEDVA_API int onedva_generator_next(onedva_generator *generator, struct onedva_packet *packet);

#ifdef __cplusplus
}
#endif

#endif
