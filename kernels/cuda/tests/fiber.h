/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Stacks that a thread of the host changes between. AddressSanitizer is told. */
#ifndef ODVA_FIBER_H
#define ODVA_FIBER_H

#include <stddef.h>

struct fiber {
    void *place; /* where it goes on: its stack's pointer */
    void *fake;  /* AddressSanitizer's own stack of it */
    const void *bottom;
    size_t bytes; /* of its stack */
};

/** The fiber of the thread that calls it. */
void fiber_of_thread(struct fiber *fiber);
/** One that begins with run, which must never return. @param stack bytes of it */
void fiber_new(struct fiber *fiber, void *stack, size_t bytes, void (*run)(void));
/** Go on with another one, until one goes on with this. */
void fiber_switch(struct fiber *from, struct fiber *to);

#endif
