/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/wide_operators.h"

const struct odva_cpu_wide_operators odva_cpu_wide_neon = {WIDE_OPERATORS};
