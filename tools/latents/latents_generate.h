/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A prior's latents to a video. */
#ifndef LATENTS_GENERATE_H
#define LATENTS_GENERATE_H

#include "onedva/onedva_generate.h"

struct latents_generation {
    const char *prior;      /* file; NULL: the built-in one */
    const char *class_name; /* NULL: none in particular */
    const char *rate;       /* frames per second, as FFmpeg reads it */
    int clips;
    struct onedva_generator_settings settings;
};

/** Write a video of so many clips, or die. */
void latents_generate(const onedva_model *model, const char *output,
                      const struct latents_generation *generation);

#endif
