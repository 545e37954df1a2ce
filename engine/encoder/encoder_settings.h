/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What may be asked of an encoder, and the quantiser that it begins with. */
#ifndef ODVA_ENCODER_SETTINGS_H
#define ODVA_ENCODER_SETTINGS_H

#include "onedva/onedva.h"

/**
 * Take a caller's settings, and check them.
 * @param own all that this library knows: what the caller does not know has its default
 * @return ONEDVA_OK, or an error after one line where the caller's logger is known
 */
int odva_encoder_settings_take(struct onedva_encoder_settings *own,
                               const struct onedva_encoder_settings *settings);

/**
 * Whether the encoder may change to another crf, and which index that is.
 * @return ONEDVA_OK, or ONEDVA_ERR_ARGUMENT after one line on what is wrong
 */
int odva_encoder_settings_index_of_crf(const struct onedva_encoder_settings *settings, double crf,
                                       double *index);

/** Quantiser index of the first clip. */
double odva_encoder_settings_first_index(const struct onedva_encoder_settings *settings,
                                         const struct onedva_stream *stream);

/** Whether there are to be inter clips. None are made of several layers: predicted from the first
 * one alone, as a decoder of fewer layers needs it, they take 3 to 11 % more than key clips. */
int odva_encoder_settings_predicts(const struct onedva_encoder_settings *settings);

#endif
