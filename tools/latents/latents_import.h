/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A file of latents to a muxed One-DVA stream. */
#ifndef LATENTS_IMPORT_H
#define LATENTS_IMPORT_H

#include "onedva/onedva.h"

/** Says what is wrong and exits. @param from_values quantise coefficient.y, not coefficient.q */
void latents_import(const onedva_model *model, const char *input, const char *output,
                    int from_values);

#endif
