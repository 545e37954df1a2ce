/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What nvcc made of a file of kernels, MODULE_FILE, in read-only data by the name of MODULE (modules.h).
 */
    .section .rodata
    .balign 64
    .globl MODULE
    .hidden MODULE
    .type MODULE, %object
MODULE:
    .incbin MODULE_FILE
    .size MODULE, . - MODULE
    .section .note.GNU-stack, "", %progbits
