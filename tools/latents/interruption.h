/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Ctrl-C and SIGTERM: work ends behind what is at work. */
#ifndef INTERRUPTION_H
#define INTERRUPTION_H

/** From here on these signals end nothing by themselves. */
void interruption_catch(void);

/** @return whether one has come */
int interruption_came(void);

#endif
