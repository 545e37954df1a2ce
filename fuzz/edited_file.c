/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "edited_file.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define CUT        1 /* bits of the first byte: leave out the file's end */
#define NEW_HEADER 2 /* the rest of the input is the file's header */
#define EDIT_SIZE  5 /* bytes of an edit in the input: u24 position, u16 value */

static size_t header_size(const struct odva_mapped_file *file)
{
    struct odva_byte_reader reader;

    odva_byte_reader_init(&reader, file->data, file->size);
    return (size_t)odva_read_u64(&reader);
}

static size_t read_position(struct odva_byte_reader *input)
{
    const size_t low = odva_read_u16(input);

    return low | (size_t)odva_read_u8(input) << 16;
}

/* The base's numbers behind the input's header or its own. @return the file's size */
static size_t assemble(uint8_t **file, const struct odva_mapped_file *base,
                       struct odva_byte_reader input)
{
    const int options = odva_read_u8(&input), edits = odva_read_u8(&input) % 16;
    const size_t data = 8 + header_size(base);
    const size_t cut = options & CUT ? read_position(&input) : 0;
    const uint8_t *edit = odva_read_bytes(&input, (size_t)edits * EDIT_SIZE);
    const size_t left = input.failed ? 0 : input.size - input.position;
    const size_t header = options & NEW_HEADER ? left : data - 8;
    size_t size = 8 + header + base->size - data;

    *file = malloc(size);
    FUZZ_CHECK(*file);
    for (int i = 0; i < 8; i++)
        (*file)[i] = (uint8_t)((uint64_t)header >> 8 * i);
    if (header)
        memcpy(*file + 8, options & NEW_HEADER ? input.data + input.position : base->data + 8,
               header);
    memcpy(*file + 8 + header, base->data + data, base->size - data);
    for (int i = 0; edit && i < edits; i++, edit += EDIT_SIZE) {
        const size_t position = (edit[0] | edit[1] << 8 | edit[2] << 16) % (size - 1);
        memcpy(*file + position, edit + 3, 2);
    }
    return cut < size ? size - cut : 0;
}

int edited_file_write(char path[32], const struct odva_mapped_file *base,
                      struct odva_byte_reader input)
{
    uint8_t *file;
    const size_t size = assemble(&file, base, input);
    const int fd = memfd_create("edited", MFD_CLOEXEC);

    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(write(fd, file, size) == (ssize_t)size);
    free(file);
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}
