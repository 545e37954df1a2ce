/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Seeded, counter-based Gaussian noise (doc/bitstream.md, section 8). */
#ifndef ODVA_NOISE_H
#define ODVA_NOISE_H

#include <stdint.h>

/** Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011). */
void odva_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/**
 * Samples first .. first+count-1 of the standard normal sequence of a seed and step.
 * @param first, count multiples of 4
 */
void odva_noise_fill(float *dst, uint64_t first, int count, uint64_t seed, uint32_t step);

#endif
