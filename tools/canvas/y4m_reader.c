/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/canvas/y4m_reader.h"

#include <inttypes.h>
#include <string.h>

#define MAX_LINE 256

/* Read up to a newline, which is not kept. @return length, -1 at the end of the file or if too long
 */
static int read_line(FILE *file, char line[MAX_LINE])
{
    int length = 0, c;

    while ((c = getc(file)) != EOF && c != '\n') {
        if (length == MAX_LINE - 1)
            return -1;
        line[length++] = (char)c;
    }
    line[length] = 0;
    return c == EOF ? -1 : length;
}

static int is_420_of_8_bits(const char *colour)
{
    static const char *const names[] = {"420", "420jpeg", "420mpeg2", "420paldv"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(colour, names[i]))
            return 1;
    return 0;
}

static int read_parameter(struct y4m_reader *reader, const char *word)
{
    const char *value = word + 1;

    switch (word[0]) {
    case 'W':
        return sscanf(value, "%d", &reader->width) == 1 ? 0 : -1;
    case 'H':
        return sscanf(value, "%d", &reader->height) == 1 ? 0 : -1;
    case 'F':
        return sscanf(value, "%" SCNu32 ":%" SCNu32, &reader->rate_num, &reader->rate_den) == 2
                   ? 0
                   : -1;
    case 'C':
        return is_420_of_8_bits(value) ? 0 : -1;
    default:
        return 0;
    }
}

int y4m_reader_init(struct y4m_reader *reader, FILE *file)
{
    char line[MAX_LINE], *rest = NULL;

    *reader = (struct y4m_reader){.file = file};
    if (read_line(file, line) < 0 || strncmp(line, "YUV4MPEG2 ", 10)) {
        snprintf(reader->error, sizeof(reader->error),
                 "this is not yuv4mpeg (ffmpeg -pix_fmt yuv420p -f yuv4mpegpipe makes it)");
        return -1;
    }
    for (char *word = strtok_r(line + 10, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (read_parameter(reader, word) < 0) {
            snprintf(reader->error, sizeof(reader->error),
                     word[0] == 'C' ? "format %.40s is not 4:2:0 of 8 bits (-pix_fmt yuv420p)"
                                    : "damaged header at '%.40s'",
                     word);
            return -1;
        }
    }
    if (reader->width < 1 || reader->width > ONEDVA_MAX_DIMENSION || reader->height < 1 ||
        reader->height > ONEDVA_MAX_DIMENSION) {
        snprintf(reader->error, sizeof(reader->error), "size %dx%d is not in 1x1 to %dx%d",
                 reader->width, reader->height, ONEDVA_MAX_DIMENSION, ONEDVA_MAX_DIMENSION);
        return -1;
    }
    if (!reader->rate_num || !reader->rate_den) {
        reader->rate_num = 25;
        reader->rate_den = 1;
    }
    return 0;
}

size_t y4m_picture_size(const struct y4m_reader *reader)
{
    const size_t w = (size_t)reader->width, h = (size_t)reader->height;

    return w * h + 2 * ((w + 1) / 2) * ((h + 1) / 2);
}

struct onedva_const_picture y4m_picture_of(const struct y4m_reader *reader, const uint8_t *data)
{
    const ptrdiff_t width = reader->width, chroma_width = (width + 1) / 2;
    const uint8_t *u = data + width * reader->height;

    return (struct onedva_const_picture){
        .data = {data, u, u + chroma_width * ((reader->height + 1) / 2)},
        .stride = {width, chroma_width, chroma_width},
    };
}

int y4m_read_picture(struct y4m_reader *reader, uint8_t *picture)
{
    char line[MAX_LINE];
    const int first = getc(reader->file);

    if (first == EOF && !ferror(reader->file))
        return 0;
    ungetc(first, reader->file);
    if (read_line(reader->file, line) < 0 || strncmp(line, "FRAME", 5)) {
        snprintf(reader->error, sizeof(reader->error),
                 "no frame where frame %" PRId64 " must begin", reader->frames);
        return -1;
    }
    if (fread(picture, y4m_picture_size(reader), 1, reader->file) != 1) {
        snprintf(reader->error, sizeof(reader->error), "frame %" PRId64 " is cut short",
                 reader->frames);
        return -1;
    }
    reader->frames++;
    return 1;
}
