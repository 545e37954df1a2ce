/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/log.h"
#include "base/reserve.h"
#include "rate/first_pass_stats.h"

#define MAX_BITS 1e12 /* of a clip */

struct stats_reader {
    const char *at;
    uint64_t checksum; /* of the lines before the one at which it stands */
    int line;
    int damaged;
};

static void expect(struct stats_reader *reader, const char *text)
{
    const size_t length = strlen(text);

    if (reader->damaged || strncmp(reader->at, text, length) != 0)
        reader->damaged = 1;
    else
        reader->at += length;
}

/* The digits that stand next, and what ends them. */
static uint64_t read_number(struct stats_reader *reader, int base, const char *end)
{
    static const char digits[] = "0123456789abcdef";
    const char *start = reader->at;
    uint64_t value = 0;

    while (!reader->damaged && *reader->at) {
        const char *digit = memchr(digits, *reader->at, (size_t)base);
        if (!digit)
            break;
        if (value > (UINT64_MAX - 15) / (uint64_t)base)
            reader->damaged = 1;
        value = value * (uint64_t)base + (uint64_t)(digit - digits);
        reader->at++;
    }
    if (reader->at == start)
        reader->damaged = 1;
    expect(reader, end);
    return value;
}

/* Lines that a text has at most. */
static size_t count_lines(const char *text)
{
    size_t lines = 1;

    for (; (text = strchr(text, '\n')) != NULL; text++)
        lines++;
    return lines;
}

static void end_line(struct stats_reader *reader, const char *start)
{
    reader->checksum = XXH64(start, (size_t)(reader->at - start), reader->checksum);
    reader->line++;
}

/* @return whether the statistics are of such a stream; the logger is told if not */
static int read_header(struct stats_reader *reader, const struct onedva_stream *stream,
                       const struct onedva_logger *logger)
{
    const char *start = reader->at;
    uint64_t width, height, model;

    expect(reader, "onedva-pass 1 ");
    width = read_number(reader, 10, " ");
    height = read_number(reader, 10, " ");
    model = read_number(reader, 16, "\n");
    if (reader->damaged)
        return 1;
    end_line(reader, start);
    if (width == stream->width && height == stream->height && model == stream->model_id)
        return 1;
    odva_log(logger, ONEDVA_LOG_ERROR,
             "statistics of a first pass at %" PRIu64 "x%" PRIu64 " with model %016" PRIx64
             " in a second one at %" PRIu32 "x%" PRIu32 " with model %016" PRIx64,
             width, height, model, stream->width, stream->height, stream->model_id);
    return 0;
}

static void read_clip(struct stats_reader *reader, struct odva_first_pass_stats *stats)
{
    const char *start = reader->at;
    struct odva_first_pass_clip *clip = &stats->clips[stats->count];
    uint64_t frames;

    expect(reader, "clip ");
    frames = read_number(reader, 10, " ");
    clip->duration = read_number(reader, 10, " ");
    clip->hash = read_number(reader, 16, "");
    for (int i = 0; i < ODVA_FIRST_PASS_POINTS; i++) {
        expect(reader, " ");
        clip->bits[i] = (double)read_number(reader, 10, "");
        reader->damaged |= clip->bits[i] < 1 || clip->bits[i] > MAX_BITS;
    }
    expect(reader, "\n");
    reader->damaged |=
        frames < 1 || frames > ONEDVA_MAX_CLIP_FRAMES || clip->duration > frames * UINT32_MAX;
    if (reader->damaged)
        return;
    clip->frames = (int)frames;
    stats->count++;
    stats->frames += clip->frames;
    stats->duration += clip->duration;
    end_line(reader, start);
}

static void read_end(struct stats_reader *reader, const struct odva_first_pass_stats *stats)
{
    uint64_t frames, checksum;

    expect(reader, "end ");
    frames = read_number(reader, 10, " ");
    checksum = read_number(reader, 16, "\n");
    reader->damaged |= *reader->at != '\0' || checksum != reader->checksum || stats->count == 0 ||
                       frames != (uint64_t)stats->frames;
}

int odva_first_pass_stats_read(struct odva_first_pass_stats *stats, const char *text,
                               const struct onedva_stream *stream,
                               const struct onedva_logger *logger)
{
    struct stats_reader reader = {.at = text, .line = 1};

    if (!text || !*text) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "a second pass needs the statistics of the first one, and there are none");
        return ONEDVA_ERR_ARGUMENT;
    }
    if (!read_header(&reader, stream, logger))
        return ONEDVA_ERR_ARGUMENT;
    stats->clips =
        odva_reserve(stats->clips, &stats->capacity, count_lines(text), sizeof(*stats->clips));
    if (!stats->clips)
        return ONEDVA_ERR_NOMEM;
    while (!reader.damaged && strncmp(reader.at, "clip ", 5) == 0)
        read_clip(&reader, stats);
    if (!reader.damaged && *reader.at == '\0') {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "the statistics break off after %" PRId64 " frames: the first pass did not end",
                 stats->frames);
        return ONEDVA_ERR_ARGUMENT;
    }
    if (!reader.damaged)
        read_end(&reader, stats);
    if (reader.damaged) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "line %d is not that of a first pass: its statistics are damaged", reader.line);
        return ONEDVA_ERR_ARGUMENT;
    }
    return ONEDVA_OK;
}

void odva_first_pass_stats_free(struct odva_first_pass_stats *stats)
{
    free(stats->clips);
    *stats = (struct odva_first_pass_stats){0};
}

double odva_first_pass_bits(const struct odva_first_pass_clip *clip, double index)
{
    const double at = (index - ODVA_FIRST_PASS_FINEST) / ODVA_FIRST_PASS_DISTANCE;
    const int below = at <= 0                            ? 0
                      : at >= ODVA_FIRST_PASS_POINTS - 1 ? ODVA_FIRST_PASS_POINTS - 2
                                                         : (int)at;
    const double part = fmin(fmax(at - below, 0), 1);

    return exp2((1 - part) * log2(clip->bits[below]) + part * log2(clip->bits[below + 1]));
}
