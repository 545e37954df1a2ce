/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A whole file in memory, read only. */
#ifndef ODVA_MAPPED_FILE_H
#define ODVA_MAPPED_FILE_H

#include <stddef.h>
#include <stdint.h>

struct odva_mapped_file {
    const uint8_t *data;
    size_t size;
    int mapped; /* by odva_mapped_file_open */
};

/** @return 0, or an errno value with nothing open */
int odva_mapped_file_open(struct odva_mapped_file *file, const char *path);
/** Does nothing for data that was not mapped here. */
void odva_mapped_file_close(struct odva_mapped_file *file);

#endif
