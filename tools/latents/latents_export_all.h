/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Many videos to files of latents. */
#ifndef LATENTS_EXPORT_ALL_H
#define LATENTS_EXPORT_ALL_H

#include "onedva/onedva.h"

/** Write a file NAME.safetensors in the folder for each video, but where it is there and not older;
 * one that fails does not end the others. @return how many failed or are damaged */
int latents_export_all(const onedva_model *model, char **videos, int count, const char *folder);

#endif
