/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The preconditions of backend.h, asserted. */
#ifndef ODVA_CHECKED_OPS_H
#define ODVA_CHECKED_OPS_H

struct odva_backend;
struct odva_device;

/** From now on every call of an operator is checked before it is made. */
void odva_backend_check_calls(struct odva_backend *backend);
void odva_device_check_calls(struct odva_device *device);

#endif
