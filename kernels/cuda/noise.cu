/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Rows of 1536 standard normal numbers (doc/bitstream.md, section 8): a thread makes four. The
 * integers are exact; Box's and Muller's transform is in floats, from the integers where they lie
 * near an end of the range, so that no digits are lost there.
 */
#include "kernels/cuda/common.cuh"

struct random_words {
    uint32_t v[4];
};

/* Philox4x32-10. */
static __device__ random_words philox(uint64_t counter, uint32_t step, uint64_t seed)
{
    uint32_t c[4] = {(uint32_t)counter, (uint32_t)(counter >> 32), step, 0};
    uint32_t k[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

    for (int i = 0; i < 10; i++) {
        const uint64_t p = (uint64_t)0xD2511F53u * c[0], q = (uint64_t)0xCD9E8D57u * c[2];

        c[0] = (uint32_t)(q >> 32) ^ c[1] ^ k[0];
        c[2] = (uint32_t)(p >> 32) ^ c[3] ^ k[1];
        c[1] = (uint32_t)q;
        c[3] = (uint32_t)p;
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    return random_words{{c[0], c[1], c[2], c[3]}};
}

/* ln((1 + s) / (1 - s)) for |s| <= 1/3 */
static __device__ float twice_atanh(float s)
{
    const float t = s * s;
    float p = 1.0f / 15;

    p = p * t + 1.0f / 13;
    p = p * t + 1.0f / 11;
    p = p * t + 1.0f / 9;
    p = p * t + 1.0f / 7;
    p = p * t + 1.0f / 5;
    p = p * t + 1.0f / 3;
    return 2 * s * (p * t + 1);
}

/* -ln((n + 1/2) / 2^32) */
static __device__ float minus_ln(uint32_t n)
{
    int exponent;
    float m;

    if (n >= 0x80000000u) { /* near 1: from what is missing to 1 */
        const float missing = ((float)~n + 0.5f) * (1.0f / 4294967296.0f);

        return twice_atanh(missing / (2 - missing));
    }
    m = frexpf((float)n + 0.5f, &exponent);
    if (m < 0.70710678f) {
        m *= 2;
        exponent--;
    }
    return (float)(32 - exponent) * 0.693147181f - twice_atanh((m - 1) / (m + 1));
}

/* Two normal numbers: the square root of 2 minus_ln(n), times the cosine and the sine of
 * 2 pi (m + 1/2) / 2^32, which are made from the nearest quarter turn. */
static __device__ void write_pair(float *dst, uint32_t n, uint32_t m)
{
    const uint32_t quarter = (m + 0x20000000u) >> 30;
    const float x = ((float)(int32_t)(m - (quarter << 30)) + 0.5f) * (1.57079633f / 1073741824.0f);
    const float t = x * x;
    const float s = x + x * t * (-1.0f / 6 + t * (1.0f / 120 + t * (-1.0f / 5040 + t / 362880)));
    const float c = 1 - t * (0.5f - t * (1.0f / 24 - t * (1.0f / 720 - t / 40320)));
    const float length = sqrtf(2 * minus_ln(n)), signed_length = quarter & 2 ? -length : length;

    dst[0] = signed_length * (quarter & 1 ? -s : c);
    dst[1] = signed_length * (quarter & 1 ? c : s);
}

KERNEL(noise, noise)
{
    const int64_t block = thread_index();

    if (block >= ODVA_PATCH_SAMPLES / 4)
        return;
    for (int64_t r = blockIdx.y; r < a.rows; r += gridDim.y) {
        const uint64_t counter =
            (uint64_t)(uint32_t)a.position[r] * (ODVA_PATCH_SAMPLES / 4) + block;
        const random_words words = philox(counter, a.step, a.seed);
        float *dst = a.dst + r * a.stride + 4 * block;

        write_pair(dst, words.v[0], words.v[1]);
        write_pair(dst + 2, words.v[2], words.v[3]);
    }
}
