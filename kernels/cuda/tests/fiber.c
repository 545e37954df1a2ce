/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/tests/fiber.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#ifdef HAS_ASAN
void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t bytes);
void __sanitizer_finish_switch_fiber(void *fake, const void **bottom, size_t *bytes);
#endif

/* Keeps what a function must not change, and goes on where *to was left. ucontext would ask the
 * kernel for signals each time, and AddressSanitizer forget what it knows of the stack. */
void odva_test_switch_stack(void **from, void *to);

#if defined(__x86_64__)
#define SAVED 6 /* registers */
__asm__(".text\n"
        ".globl odva_test_switch_stack\n"
        ".type odva_test_switch_stack, @function\n"
        "odva_test_switch_stack:\n"
        "    push %rbp\n    push %rbx\n    push %r12\n"
        "    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n"
        "    pop %r12\n    pop %rbx\n    pop %rbp\n"
        "    ret\n"
        ".size odva_test_switch_stack, . - odva_test_switch_stack\n");
#elif defined(__aarch64__)
#define SAVED 20 /* registers: x19 .. x30, d8 .. d15 */
__asm__(".text\n"
        ".globl odva_test_switch_stack\n"
        ".type odva_test_switch_stack, %function\n"
        "odva_test_switch_stack:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp]\n      stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n   stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n stp d14, d15, [sp, #144]\n"
        "    mov x2, sp\n"
        "    str x2, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp]\n      ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n   ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size odva_test_switch_stack, . - odva_test_switch_stack\n");
#endif

static void (*first_run)(void); /* of the fiber that begins next */

static void arrive(void *fake)
{
#ifdef HAS_ASAN
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
#else
    (void)fake;
#endif
}

static void begin(void)
{
    arrive(NULL);
    first_run();
}

void fiber_of_thread(struct fiber *fiber)
{
    pthread_attr_t attributes;
    void *bottom;

    *fiber = (struct fiber){0};
    assert(!pthread_getattr_np(pthread_self(), &attributes));
    assert(!pthread_attr_getstack(&attributes, &bottom, &fiber->bytes));
    fiber->bottom = bottom;
    pthread_attr_destroy(&attributes);
}

void fiber_new(struct fiber *fiber, void *stack, size_t bytes, void (*run)(void))
{
    void **top = (void **)((uintptr_t)((char *)stack + bytes) & ~(uintptr_t)15);

    memset(top - 2 - SAVED, 0, (2 + SAVED) * sizeof(*top));
    first_run = run;
    *fiber = (struct fiber){.bottom = stack, .bytes = bytes};
#if defined(__x86_64__)
    top[-2] = (void *)begin; /* which the switch returns to */
    fiber->place = top - 2 - SAVED;
#else
    fiber->place = top - SAVED;
    ((void **)fiber->place)[11] = (void *)begin; /* x30 */
#endif
}

void fiber_switch(struct fiber *from, struct fiber *to)
{
#ifdef HAS_ASAN
    __sanitizer_start_switch_fiber(&from->fake, to->bottom, to->bytes);
#endif
    odva_test_switch_stack(&from->place, to->place);
    arrive(from->fake);
}
