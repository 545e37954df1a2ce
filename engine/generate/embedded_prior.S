/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The default prior, as it is, in read-only data: bytes from odva_embedded_prior up to
 * odva_embedded_prior_end. PRIOR_FILE is the path that configure's --prior gave.
 */
    .section .rodata
    .balign 64
    .globl odva_embedded_prior
    .hidden odva_embedded_prior
    .type odva_embedded_prior, %object
odva_embedded_prior:
    .incbin PRIOR_FILE
    .size odva_embedded_prior, . - odva_embedded_prior
    .globl odva_embedded_prior_end
    .hidden odva_embedded_prior_end
    .type odva_embedded_prior_end, %object
odva_embedded_prior_end:
    .byte 0
    .size odva_embedded_prior_end, 1
    .section .note.GNU-stack, "", %progbits
