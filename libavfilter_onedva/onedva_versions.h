/*
 * One-DVA: what versions of FFmpeg call by other names in libavfilter, by the newest one's
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVFILTER_ONEDVA_VERSIONS_H
#define AVFILTER_ONEDVA_VERSIONS_H

#include "avfilter.h"

/** A field of a filter that users of the library see. */
#if LIBAVFILTER_VERSION_MAJOR < 11 // FFmpeg 7.1: all fields are in one structure
typedef AVFilter FFFilter;
#define FILTER_PUBLIC(field) .field
#else
#define FILTER_PUBLIC(field) .p.field
#endif

#endif /* AVFILTER_ONEDVA_VERSIONS_H */
