/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A muxed One-DVA stream to a file of latents; no pixel is decoded. */
#ifndef LATENTS_EXPORT_H
#define LATENTS_EXPORT_H

#include "onedva/onedva.h"

/** @return packets that were left out because they are damaged; says what else is wrong and exits
 */
int latents_export(const onedva_model *model, const char *input, const char *output);

#endif
