/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#ifndef ONEDVA_OPERATOR_MACHINE_CUDA_H
#define ONEDVA_OPERATOR_MACHINE_CUDA_H

#include "tools/bench/operator_count.h"

/** An NVIDIA GPU; its integers' peak is of 32 bits. */
extern const struct operator_machine operator_machine_cuda;

#endif
