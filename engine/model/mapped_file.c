/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map(struct odva_mapped_file *file, int fd)
{
    struct stat status;
    void *data;

    if (fstat(fd, &status) < 0)
        return errno;
    if (!S_ISREG(status.st_mode) || status.st_size <= 0 || (uintmax_t)status.st_size > SIZE_MAX)
        return EINVAL;
    data = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return errno;
    *file = (struct odva_mapped_file){.data = data, .size = status.st_size, .mapped = 1};
    return 0;
}

int odva_mapped_file_open(struct odva_mapped_file *file, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error;

    *file = (struct odva_mapped_file){0};
    if (fd < 0)
        return errno;
    error = map(file, fd);
    close(fd);
    return error;
}

void odva_mapped_file_close(struct odva_mapped_file *file)
{
    if (file->mapped)
        munmap((void *)file->data, file->size);
    *file = (struct odva_mapped_file){0};
}
