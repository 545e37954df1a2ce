/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The tensors of a file of latents (doc/latents.md). */
#ifndef LATENTS_FILE_H
#define LATENTS_FILE_H

#define LATENTS_FORMAT 5

/* name, type, columns */
#define LATENTS_TENSORS(X)                                                                         \
    X(STREAM_HEADER, "stream.header", TENSOR_U8, 0)                                                \
    X(CLIP_PTS, "clip.pts", TENSOR_I64, 0)                                                         \
    X(CLIP_DTS, "clip.dts", TENSOR_I64, 0)                                                         \
    X(CLIP_DURATION, "clip.duration", TENSOR_I64, 0)                                               \
    X(CLIP_FRAMES, "clip.frames", TENSOR_I32, 0)                                                   \
    X(CLIP_IS_KEY, "clip.is_key", TENSOR_I32, 0)                                                   \
    X(CLIP_QIDX, "clip.qidx", TENSOR_I32, 0)                                                       \
    X(CLIP_DETAIL, "clip.detail", TENSOR_I32, 0)                                                   \
    X(CLIP_SIZE, "clip.size", TENSOR_I32, 2)                                                       \
    X(CLIP_FIRST_TILE, "clip.first_tile", TENSOR_I32, 0)                                           \
    X(CLIP_FIRST_BYTE, "clip.first_header_byte", TENSOR_I64, 0)                                    \
    X(CLIP_HEADERS, "clip.headers", TENSOR_U8, 0)                                                  \
    X(CLIP_FIRST_SUPERBLOCK, "clip.first_superblock", TENSOR_I64, 0)                               \
    X(SUPERBLOCK_SPLITS, "superblock.splits", TENSOR_I32, 0)                                       \
    X(TILE_PLACE, "tile.place", TENSOR_I32, 7)                                                     \
    X(TILE_IS_PREDICTED, "tile.is_predicted", TENSOR_I8, 0)                                        \
    X(TILE_FIRST_COEFFICIENT, "tile.first_coefficient", TENSOR_I64, 0)                             \
    X(TILE_LENGTHS, "tile.lengths", TENSOR_I32, 16)                                                \
    X(COEFFICIENT_Q, "coefficient.q", TENSOR_I32, 0)                                               \
    X(COEFFICIENT_Y, "coefficient.y", TENSOR_F32, 0)                                               \
    X(COEFFICIENT_SCALE, "coefficient.scale", TENSOR_I8, 0)                                        \
    X(CLIP_FIRST_NEW_BYTE, "clip.first_new_header_byte", TENSOR_I64, 0)                            \
    X(CLIP_NEW_HEADERS, "clip.new_headers", TENSOR_U8, 0)

enum latents_tensor {
#define LATENTS_TENSOR_NUMBER(id, name, type, columns) LATENTS_##id,
    LATENTS_TENSORS(LATENTS_TENSOR_NUMBER)
#undef LATENTS_TENSOR_NUMBER
        LATENTS_TENSOR_COUNT
};

#endif
