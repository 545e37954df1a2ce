/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "progress.h"

#include <inttypes.h>
#include <libavutil/time.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR     20       /* width */
#define REDRAWN 200000   /* microseconds from one look of the bar to the next */
#define LOGGED  30000000 /* from line to line in a log */
#define LINE    160      /* bytes of one */

void progress_begin(struct progress *progress, const char *unit, int64_t total, int64_t done)
{
    const int64_t now = av_gettime_relative();

    *progress = (struct progress){.unit = unit,
                                  .total = total,
                                  .before = done,
                                  .begin = now,
                                  .shown = now,
                                  .on_terminal = isatty(STDERR_FILENO)};
}

/* As in 50 s, 12 min, 3 h 5 min. */
static void append_span(char *line, double seconds)
{
    const long minutes = (long)(seconds / 60 + 0.5);
    char *end = line + strlen(line);
    const size_t room = LINE - (size_t)(end - line);

    if (seconds < 99.5)
        snprintf(end, room, "%.0f s", seconds);
    else if (minutes < 100)
        snprintf(end, room, "%ld min", minutes);
    else
        snprintf(end, room, "%ld h %ld min", minutes / 60, minutes % 60);
}

/* As in 3.40 clips/s, 12.0 clips/min, 0.50 clips/h. */
static void append_speed(char *line, double rate, const char *unit)
{
    static const struct {
        int seconds;
        const char *name;
    } spans[] = {{1, "s"}, {60, "min"}, {3600, "h"}};
    char *end = line + strlen(line);
    int i = 0;
    double value;

    while (i < 2 && rate * spans[i].seconds < 1)
        i++;
    value = rate * spans[i].seconds;
    snprintf(end, LINE - (size_t)(end - line), ", %.*f %s/%s", value < 10 ? 2 : value < 100, value,
             unit, spans[i].name);
}

static void make_line(const struct progress *progress, int64_t done, char *line)
{
    const double seconds = (double)(av_gettime_relative() - progress->begin) * 1e-6;
    const int64_t made = done - progress->before;

    snprintf(line, LINE, "%" PRId64 "/%" PRId64 " %s", done, progress->total, progress->unit);
    if (made <= 0 || seconds <= 0)
        return;
    append_speed(line, (double)made / seconds, progress->unit);
    if (done >= progress->total)
        return;
    strncat(line, ", ", LINE - strlen(line) - 1);
    append_span(line, seconds * (double)(progress->total - done) / (double)made);
    strncat(line, " left", LINE - strlen(line) - 1);
}

static int columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static void draw(struct progress *progress, int64_t done)
{
    const int marks = progress->total ? (int)(BAR * done / progress->total) : 0;
    const int most = columns() - 1;
    char said[LINE], line[LINE + BAR + 3];

    make_line(progress, done, said);
    if (!progress->on_terminal) {
        fprintf(stderr, "%s\n", said);
        return;
    }
    snprintf(line, sizeof(line), "[%.*s%*s] %s", marks, "####################", BAR - marks, "",
             said);
    if ((int)strlen(line) > most)
        line[most] = 0;
    fprintf(stderr, "\r%-*s", progress->width, line);
    progress->width = (int)strlen(line);
}

void progress_show(struct progress *progress, int64_t done)
{
    const int64_t now = av_gettime_relative();

    if (now - progress->shown < (progress->on_terminal ? REDRAWN : LOGGED))
        return;
    progress->shown = now;
    draw(progress, done);
}

void progress_clear(struct progress *progress)
{
    if (progress->width)
        fprintf(stderr, "\r%*s\r", progress->width, "");
    progress->width = 0;
}

void progress_end(struct progress *progress, int64_t done)
{
    if (!progress->width)
        return;
    draw(progress, done);
    fputc('\n', stderr);
    progress->width = 0;
}
