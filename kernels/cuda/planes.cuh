/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures of a clip, and the tokens in them. Four samples are a word. */
#ifndef ODVA_CUDA_PLANES_CUH
#define ODVA_CUDA_PLANES_CUH

#include "kernels/cuda/common.cuh"

#define LUMA_WORDS   64 /* of a token in a frame */
#define CHROMA_WORDS 16

struct plane {
    uint8_t *samples;
    int stride;
};

/** Four samples of a token: where they are. */
struct place {
    int frame, plane, x, y;
};

/* samples NULL: the picture has no such */
static __device__ __forceinline__ plane plane_of(const odva_cuda_picture &picture, int index)
{
    return plane{picture.planes[index], picture.stride[index > 0]};
}

static __device__ __forceinline__ int plane_size(int luma, int index)
{
    return index ? (luma + 1) / 2 : luma;
}

static __device__ __forceinline__ int sample_at(plane p, int x, int y)
{
    return p.samples[(int64_t)y * p.stride + x];
}

/* x a multiple of 4, as of the next */
static __device__ __forceinline__ four word_at(plane p, int x, int y)
{
    const uint32_t word = *(const uint32_t *)(p.samples + (int64_t)y * p.stride + x);

    return four{
        {(int)(word & 255), (int)(word >> 8 & 255), (int)(word >> 16 & 255), (int)(word >> 24)}};
}

/* Samples are 0 .. 255. */
static __device__ __forceinline__ void set_word(plane p, int x, int y, const four &s)
{
    *(uint32_t *)(p.samples + (int64_t)y * p.stride + x) =
        (uint32_t)s.v[0] | (uint32_t)s.v[1] << 8 | (uint32_t)s.v[2] << 16 | (uint32_t)s.v[3] << 24;
}

/* The samples x .. x + 3 of a row; beyond its ends the first and the last one repeat. */
static __device__ __forceinline__ four samples_at(plane p, int x, int y, int last)
{
    four s;

    if (x >= 0 && x + 3 <= last)
        return word_at(p, x, y);
    for (int i = 0; i < 4; i++)
        s.v[i] = sample_at(p, clip(x + i, 0, last), y);
    return s;
}

/* Of the samples 4 word .. 4 word + 3 of a token's 384 in its first frame. */
static __device__ __forceinline__ place place_in_frame(const odva_cuda_grid &grid, int token,
                                                       int word)
{
    const int row = token / grid.columns % grid.rows, column = token % grid.columns;
    const int frame = token / grid.columns / grid.rows * ODVA_TOKEN_FRAMES;
    const int within = (word - LUMA_WORDS) % CHROMA_WORDS;

    if (word < LUMA_WORDS)
        return place{frame, 0, ODVA_TOKEN_LUMA * column + 4 * (word % 4),
                     ODVA_TOKEN_LUMA * row + word / 4};
    return place{frame, 1 + (word - LUMA_WORDS) / CHROMA_WORDS,
                 ODVA_TOKEN_CHROMA * column + 4 * (within % 2),
                 ODVA_TOKEN_CHROMA * row + within / 2};
}

/* Likewise of a token's 1536 in its frames, which may be behind the clip's last one. */
static __device__ __forceinline__ place place_in_patch(const odva_cuda_grid &grid, int token,
                                                       int word)
{
    place p = place_in_frame(grid, token, word % ODVA_CUDA_FRAME_WORDS);

    p.frame += word / ODVA_CUDA_FRAME_WORDS;
    return p;
}

/* The four samples there; beyond the picture the last one repeats. */
static __device__ __forceinline__ four samples_of(const odva_cuda_picture &picture,
                                                  const odva_cuda_grid &grid, const place &p)
{
    return samples_at(plane_of(picture, p.plane), p.x,
                      smaller(p.y, plane_size(grid.height, p.plane) - 1),
                      plane_size(grid.width, p.plane) - 1);
}

/* Of a clip, behind whose end the last frame repeats. */
static __device__ __forceinline__ four samples_of(const odva_cuda_pictures &pictures,
                                                  const odva_cuda_grid &grid, const place &p)
{
    return samples_of(pictures.at[smaller(p.frame, grid.frames - 1)], grid, p);
}

/* Those that are inside of the picture; a row has room for the last word. */
static __device__ __forceinline__ void set_samples(const odva_cuda_pictures &pictures,
                                                   const odva_cuda_grid &grid, const place &p,
                                                   const four &samples)
{
    if (p.frame < grid.frames && p.y < plane_size(grid.height, p.plane) &&
        p.x < plane_size(grid.width, p.plane))
        set_word(plane_of(pictures.at[p.frame], p.plane), p.x, p.y, samples);
}

#endif
