#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * softmax(q k^T / sqrt(HEAD_DIM)) v inside a window: a group makes one head of TILE queries. Keys
 * and values come TILE at a time; the largest score so far and the sum of the weights are kept, so
 * that no score is ever stored outside of the group.
 */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"

#define THREADS 64

layout(constant_id = 0) const uint HEAD_DIM = 32;
layout(constant_id = 1) const uint TILE = 16; /* divides THREADS */

layout(local_size_x = THREADS) in;
layout(push_constant, std430) uniform Arguments
{
    Floats dst, qkv, cosines, sines;
    Ints begin, rows, rope;
    uint dst_stride, qkv_stride;
    uint heads;
    float factor; /* of scores */
};

const uint STRIDE = HEAD_DIM + 1; /* keeps rows out of each other's banks */
const uint SHARE = THREADS / TILE; /* invocations of a query */
const float LOWEST = -3.0e38;

shared float queries[TILE * STRIDE], keys[TILE * STRIDE], values[TILE * STRIDE];
shared float weights[TILE * (TILE + 1)];

/* Element d of an entry's q (part 0) or k (part 1), rotated. */
float rotated(uint entry, uint part, uint d)
{
    const uint half_dim = HEAD_DIM / 2, pair = d % half_dim;
    const uint from = uint(rows.at[entry]) * qkv_stride + (part * heads + gl_WorkGroupID.y) * HEAD_DIM;
    const int position = rope.at[entry];
    const float a = qkv.at[from + pair], b = qkv.at[from + half_dim + pair];
    float c, s;

    if (position < 0)
        return d < half_dim ? a : b;
    c = cosines.at[uint(position) * half_dim + pair];
    s = sines.at[uint(position) * half_dim + pair];
    return d < half_dim ? a * c - b * s : a * s + b * c;
}

void load_queries(uint first, uint end)
{
    for (uint i = gl_LocalInvocationIndex; i < TILE * HEAD_DIM; i += THREADS) {
        const uint entry = first + i / HEAD_DIM, d = i % HEAD_DIM;

        queries[i / HEAD_DIM * STRIDE + d] = entry < end ? rotated(entry, 0, d) : 0.0;
    }
}

void load_keys(uint first, uint end)
{
    for (uint i = gl_LocalInvocationIndex; i < TILE * HEAD_DIM; i += THREADS) {
        const uint entry = first + i / HEAD_DIM, d = i % HEAD_DIM, at = i / HEAD_DIM * STRIDE + d;

        keys[at] = values[at] = 0.0;
        if (entry >= end)
            continue;
        keys[at] = rotated(entry, 1, d);
        values[at] = qkv.at[uint(rows.at[entry]) * qkv_stride +
                            (2 * heads + gl_WorkGroupID.y) * HEAD_DIM + d];
    }
}

/* Scores of the query's share of keys, into weights. */
void score_keys(uint query, uint share, uint count)
{
    for (uint k = share; k < TILE; k += SHARE) {
        float sum = 0.0;

        for (uint d = 0; d < HEAD_DIM; d++)
            sum += queries[query * STRIDE + d] * keys[k * STRIDE + d];
        weights[query * (TILE + 1) + k] = k < count ? sum * factor : LOWEST;
    }
}

void main()
{
    const uint begin_of = uint(begin.at[gl_WorkGroupID.z]), end = uint(begin.at[gl_WorkGroupID.z + 1]);
    const uint first_query = begin_of + gl_WorkGroupID.x * TILE;
    const uint query = gl_LocalInvocationIndex / SHARE, share = gl_LocalInvocationIndex % SHARE;
    float sums[HEAD_DIM / SHARE], largest = LOWEST, total = 0.0;

    if (first_query >= end)
        return;
    for (uint i = 0; i < HEAD_DIM / SHARE; i++)
        sums[i] = 0.0;
    load_queries(first_query, end);
    for (uint first = begin_of; first < end; first += TILE) {
        const uint count = min(TILE, end - first), row = query * (TILE + 1);
        float before = largest, scale;

        load_keys(first, end);
        barrier();
        score_keys(query, share, count);
        barrier();
        for (uint k = 0; k < count; k++)
            largest = max(largest, weights[row + k]);
        barrier();
        for (uint k = share; k < TILE; k += SHARE)
            weights[row + k] = k < count ? exp(weights[row + k] - largest) : 0.0;
        barrier();
        scale = exp(before - largest);
        total *= scale;
        for (uint k = 0; k < count; k++)
            total += weights[row + k];
        for (uint i = 0; i < HEAD_DIM / SHARE; i++) {
            float sum = sums[i] * scale;

            for (uint k = 0; k < count; k++)
                sum += weights[row + k] * values[k * STRIDE + i * SHARE + share];
            sums[i] = sum;
        }
        barrier();
    }
    if (first_query + query >= end)
        return;
    for (uint i = 0; i < HEAD_DIM / SHARE; i++)
        dst.at[uint(rows.at[first_query + query]) * dst_stride + gl_WorkGroupID.y * HEAD_DIM +
               i * SHARE + share] = sums[i] / total;
}
