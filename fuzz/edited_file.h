/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A file of networks with an input's edits, or with its header. */
#ifndef ODVA_FUZZ_EDITED_FILE_H
#define ODVA_FUZZ_EDITED_FILE_H

#include "base/byte_reader.h"
#include "model/mapped_file.h"

/** @param path of the file @return a file in memory, to be closed */
int edited_file_write(char path[32], const struct odva_mapped_file *base,
                      struct odva_byte_reader input);

#endif
