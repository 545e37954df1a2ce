/*
 * One-DVA: what versions of FFmpeg call by other names in libavcodec, by the newest one's
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVCODEC_ONEDVA_VERSIONS_H
#define AVCODEC_ONEDVA_VERSIONS_H

#include "libavcodec/version_major.h"

#if LIBAVCODEC_VERSION_MAJOR < 62 // FFmpeg 7.1

#include "packet_internal.h"

#define CODEC_PIXFMTS(...) .p.pix_fmts = (const enum AVPixelFormat[]) { __VA_ARGS__, AV_PIX_FMT_NONE }
#define ff_encode_add_stats_side_data(pkt, quality, error, error_count, pict_type) \
    ff_side_data_set_encoder_stats(pkt, quality, error, error_count, pict_type)

#endif

#endif /* AVCODEC_ONEDVA_VERSIONS_H */
