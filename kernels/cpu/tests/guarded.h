/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Memory between two pages that nobody may touch: a read or write beside it ends the test. Every
 * third block begins behind the first page, the others end before the second; what is left of the
 * block's own pages is filled with a pattern that has to be intact when it is freed.
 */
#ifndef ODVA_CPU_TESTS_GUARDED_H
#define ODVA_CPU_TESTS_GUARDED_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/test.h"

#define GUARD_PATTERN 0xC3

struct guarded {
    struct guarded *next;
    uint8_t *map;
    size_t map_bytes, page;
    uint8_t *data;
    size_t bytes;
};

static struct guarded *guarded_list;
static unsigned guarded_count;

static inline void *guarded_new(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page) / page * page;
    struct guarded *g = malloc(sizeof(*g));

    assert_non_null(g);
    *g = (struct guarded){
        .next = guarded_list, .map_bytes = inner + 2 * page, .page = page, .bytes = bytes};
    g->map = mmap(NULL, g->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g->map != MAP_FAILED);
    memset(g->map + page, GUARD_PATTERN, inner);
    assert_int_equal(mprotect(g->map, page, PROT_NONE), 0);
    assert_int_equal(mprotect(g->map + page + inner, page, PROT_NONE), 0);
    g->data = guarded_count++ % 3 ? g->map + page + inner - bytes : g->map + page;
    guarded_list = g;
    return g->data;
}

static inline void guarded_free(const void *data)
{
    struct guarded **at = &guarded_list, *g;

    if (!data)
        return;
    while (*at && (*at)->data != data)
        at = &(*at)->next;
    g = *at;
    assert_non_null(g);
    for (const uint8_t *p = g->map + g->page; p < g->map + g->map_bytes - g->page; p++)
        if ((p < g->data || p >= g->data + g->bytes) && *p != GUARD_PATTERN)
            fail_msg("%zu bytes: the byte at %td was written", g->bytes, p - g->data);
    *at = g->next;
    assert_int_equal(munmap(g->map, g->map_bytes), 0);
    free(g);
}

#endif
