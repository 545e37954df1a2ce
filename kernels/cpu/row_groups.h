/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Addresses of the rows of a tile. A pointer for each would not fit into the registers, and the
 * compiler, which would keep them all, takes vector registers for those that do not: here it knows
 * of one pointer to each four rows, and three distances do for all.
 */
#ifndef ODVA_CPU_ROW_GROUPS_H
#define ODVA_CPU_ROW_GROUPS_H

#include <stdint.h>

#include "base/unroll.h"

#define ROWS_OF_GROUP 4
#define GROUPS_MAX    3

/* From here on the compiler does not know where a pointer or an index comes from. */
#define ODVA_FORGET(place) __asm__("" : "+r"(place))

/*
 * What a tile needs after its sums is in memory until then. The compiler would keep some in vector
 * registers, and what comes out of those waits behind all products that are under way.
 */
#define ODVA_KEEP_IN_MEMORY(place) __asm__("" : "+m"(place))

struct row_groups {
    const char *first[GROUPS_MAX]; /* row of each group */
    int64_t stride;                /* bytes */
};

/* @param stride bytes, rows at most GROUPS_MAX * ROWS_OF_GROUP, a constant where this is inlined */
static inline __attribute__((always_inline)) struct row_groups
row_groups_of(const void *src, int64_t stride, const int rows)
{
    struct row_groups groups = {.stride = stride};

    ODVA_UNROLL
    for (int g = 0; g * ROWS_OF_GROUP < rows; g++) {
        groups.first[g] = (const char *)src + g * ROWS_OF_GROUP * stride;
        ODVA_FORGET(groups.first[g]);
    }
    return groups;
}

static inline __attribute__((always_inline)) const void *row_of(const struct row_groups *groups,
                                                                int row)
{
    return groups->first[row / ROWS_OF_GROUP] + row % ROWS_OF_GROUP * groups->stride;
}

/* @param rows as row_groups_of had them */
static inline __attribute__((always_inline)) void row_groups_advance(struct row_groups *groups,
                                                                     int bytes, const int rows)
{
    ODVA_UNROLL
    for (int g = 0; g * ROWS_OF_GROUP < rows; g++) {
        groups->first[g] += bytes;
        ODVA_FORGET(groups->first[g]);
    }
}

#endif
