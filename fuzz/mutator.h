/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the mutators share. */
#ifndef ODVA_FUZZ_MUTATOR_H
#define ODVA_FUZZ_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/** libFuzzer's own mutations. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/** Called by libFuzzer. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/** A number from 0 to n - 1 of the seed's sequence. */
static inline unsigned fuzz_below(unsigned *seed, unsigned n)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % n;
}

#endif
