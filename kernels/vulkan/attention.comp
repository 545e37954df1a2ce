#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * softmax(q k^T / sqrt(HEAD_DIM)) v inside a window: a group makes one head of TILE queries. Keys
 * and values come TILE at a time; the largest score so far and the sum of the weights are kept, so
 * that no score is ever stored outside of the group. Of scores an invocation makes every SIDEth
 * query and key, of results every SIDEth query and quad of a head's numbers.
 */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"

#define SIDE    8
#define THREADS (SIDE * SIDE)

layout(constant_id = 0) const uint HEAD_DIM = 32;
layout(constant_id = 1) const uint TILE = 32;     /* a multiple of SIDE */
layout(constant_id = 2) const uint IS_ALIGNED = 0; /* whole quads of rows */

layout(local_size_x = SIDE, local_size_y = SIDE) in;
layout(push_constant, std430) uniform Arguments
{
    Floats dst, qkv, cosines, sines;
    Ints begin, rows, rope;
    uint dst_stride, qkv_stride;
    uint heads;
    float factor; /* of scores */
};

const uint EACH = TILE / SIDE; /* queries, or keys, of an invocation */
const uint QUADS = HEAD_DIM / 4, EACH_QUADS = (QUADS + SIDE - 1) / SIDE;
const uint STRIDE = QUADS | 1; /* odd, which keeps rows out of each other's banks */
const uint WEIGHTS = TILE | 1; /* likewise */
const float LOWEST = -3.0e38;

shared vec4 queries[TILE * STRIDE], keys[TILE * STRIDE], values[TILE * STRIDE];
shared float weights[TILE * WEIGHTS];
shared float most[TILE * SIDE]; /* of each query and column of invocations; later sums */

vec4 quad_of(Floats numbers, uint at)
{
    if (IS_ALIGNED != 0)
        return Quads(numbers).at[at / 4];
    return vec4(numbers.at[at], numbers.at[at + 1], numbers.at[at + 2], numbers.at[at + 3]);
}

/* Where an entry's q (part 0), k (1) or v (2) begins. */
uint part_at(uint entry, uint part)
{
    return uint(rows.at[entry]) * qkv_stride + (part * heads + gl_WorkGroupID.y) * HEAD_DIM;
}

/* Quads q and q + QUADS / 2, of both halves, of an entry's q or k, rotated. */
void rotated(uint entry, uint part, uint q, out vec4 first, out vec4 second)
{
    const uint from = part_at(entry, part) + 4 * q;
    const vec4 a = quad_of(qkv, from), b = quad_of(qkv, from + HEAD_DIM / 2);
    const int position = rope.at[entry];
    vec4 c = vec4(1.0), s = vec4(0.0);

    if (position >= 0) {
        c = quad_of(cosines, uint(position) * (HEAD_DIM / 2) + 4 * q);
        s = quad_of(sines, uint(position) * (HEAD_DIM / 2) + 4 * q);
    }
    first = a * c - b * s;
    second = a * s + b * c;
}

/* Entries from first on; there is one at least, and the last one repeats. */
void load_queries(uint first, uint end)
{
    for (uint i = gl_LocalInvocationIndex; i < TILE * QUADS / 2; i += THREADS) {
        const uint r = i / (QUADS / 2), q = i % (QUADS / 2);

        rotated(min(first + r, end - 1), 0, q, queries[r * STRIDE + q],
                queries[r * STRIDE + q + QUADS / 2]);
    }
}

void load_keys(uint first, uint end)
{
    for (uint i = gl_LocalInvocationIndex; i < TILE * QUADS / 2; i += THREADS) {
        const uint r = i / (QUADS / 2), q = i % (QUADS / 2), entry = min(first + r, end - 1);
        const uint from = part_at(entry, 2) + 4 * q, to = r * STRIDE + q;

        rotated(entry, 1, q, keys[to], keys[to + QUADS / 2]);
        values[to] = quad_of(qkv, from);
        values[to + QUADS / 2] = quad_of(qkv, from + HEAD_DIM / 2);
    }
}

/* Of the invocation's queries and keys; behind the last key the lowest. */
void score_keys(out float scores[EACH][EACH], uint count)
{
    const uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;

    [[unroll]] for (uint r = 0; r < EACH; r++)
        [[unroll]] for (uint c = 0; c < EACH; c++)
            scores[r][c] = 0.0;
    for (uint q = 0; q < QUADS; q++) {
        vec4 k[EACH];

        [[unroll]] for (uint c = 0; c < EACH; c++)
            k[c] = keys[(x + SIDE * c) * STRIDE + q];
        [[unroll]] for (uint r = 0; r < EACH; r++) {
            const vec4 v = queries[(y + SIDE * r) * STRIDE + q];

            [[unroll]] for (uint i = 0; i < 4; i++)
                [[unroll]] for (uint c = 0; c < EACH; c++)
                    scores[r][c] += v[i] * k[c][i];
        }
    }
    [[unroll]] for (uint r = 0; r < EACH; r++)
        [[unroll]] for (uint c = 0; c < EACH; c++)
            scores[r][c] = x + SIDE * c < count ? scores[r][c] * factor : LOWEST;
}

/* Of a query, from all columns of invocations. */
float largest_of(uint query)
{
    float largest = most[query * SIDE];

    [[unroll]] for (uint i = 1; i < SIDE; i++)
        largest = max(largest, most[query * SIDE + i]);
    return largest;
}

float sum_of(uint query)
{
    float sum = most[query * SIDE];

    [[unroll]] for (uint i = 1; i < SIDE; i++)
        sum += most[query * SIDE + i];
    return sum;
}

void add_values(inout vec4 sums[EACH][EACH_QUADS], uint count)
{
    const uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;

    for (uint k = 0; k < count; k++) {
        vec4 v[EACH_QUADS];

        [[unroll]] for (uint i = 0; i < EACH_QUADS; i++)
            v[i] = values[k * STRIDE + min(x + SIDE * i, QUADS - 1)];
        [[unroll]] for (uint r = 0; r < EACH; r++) {
            const float w = weights[(y + SIDE * r) * WEIGHTS + k];

            [[unroll]] for (uint i = 0; i < EACH_QUADS; i++)
                sums[r][i] += w * v[i];
        }
    }
}

void store(uint entry, uint quad, vec4 v)
{
    const uint to = uint(rows.at[entry]) * dst_stride + gl_WorkGroupID.y * HEAD_DIM + 4 * quad;

    if (IS_ALIGNED != 0) {
        Quads(dst).at[to / 4] = v;
        return;
    }
    [[unroll]] for (uint i = 0; i < 4; i++)
        dst.at[to + i] = v[i];
}

void main()
{
    const uint begin_of = uint(begin.at[gl_WorkGroupID.z]), end = uint(begin.at[gl_WorkGroupID.z + 1]);
    const uint first_query = begin_of + gl_WorkGroupID.x * TILE;
    const uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;
    float largest[EACH], totals[EACH]; /* totals: of the invocation's keys */
    vec4 sums[EACH][EACH_QUADS];

    if (first_query >= end)
        return;
    [[unroll]] for (uint r = 0; r < EACH; r++) {
        largest[r] = LOWEST;
        totals[r] = 0.0;
        [[unroll]] for (uint i = 0; i < EACH_QUADS; i++)
            sums[r][i] = vec4(0.0);
    }
    load_queries(first_query, end);
    for (uint first = begin_of; first < end; first += TILE) {
        const uint count = min(TILE, end - first);
        float scores[EACH][EACH];

        load_keys(first, end);
        barrier();
        score_keys(scores, count);
        [[unroll]] for (uint r = 0; r < EACH; r++) {
            float m = scores[r][0];

            [[unroll]] for (uint c = 1; c < EACH; c++)
                m = max(m, scores[r][c]);
            most[(y + SIDE * r) * SIDE + x] = m;
        }
        barrier();
        [[unroll]] for (uint r = 0; r < EACH; r++) {
            const float before = largest[r];
            float scale;

            largest[r] = max(before, largest_of(y + SIDE * r));
            scale = exp(before - largest[r]);
            totals[r] *= scale;
            [[unroll]] for (uint i = 0; i < EACH_QUADS; i++)
                sums[r][i] *= scale;
            [[unroll]] for (uint c = 0; c < EACH; c++) {
                const float w = exp(scores[r][c] - largest[r]);

                totals[r] += w;
                weights[(y + SIDE * r) * WEIGHTS + x + SIDE * c] = w;
            }
        }
        barrier();
        add_values(sums, count);
        barrier();
    }
    [[unroll]] for (uint r = 0; r < EACH; r++)
        most[(y + SIDE * r) * SIDE + x] = totals[r];
    barrier();
    [[unroll]] for (uint r = 0; r < EACH; r++) {
        const uint entry = first_query + y + SIDE * r;
        const float inverse = 1.0 / sum_of(y + SIDE * r);

        [[unroll]] for (uint i = 0; i < EACH_QUADS; i++)
            if (entry < end && x + SIDE * i < QUADS)
                store(entry, x + SIDE * i, sums[r][i] * inverse);
    }
}
