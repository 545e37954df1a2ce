/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The default model file, as it is, in read-only data: bytes from odva_embedded_model up to
 * odva_embedded_model_end. MODEL_FILE is the path that configure's --model gave.
 */
    .section .rodata
    .balign 64
    .globl odva_embedded_model
    .hidden odva_embedded_model
    .type odva_embedded_model, %object
odva_embedded_model:
    .incbin MODEL_FILE
    .size odva_embedded_model, . - odva_embedded_model
    .globl odva_embedded_model_end
    .hidden odva_embedded_model_end
    .type odva_embedded_model_end, %object
odva_embedded_model_end:
    .byte 0
    .size odva_embedded_model_end, 1
    .section .note.GNU-stack, "", %progbits
