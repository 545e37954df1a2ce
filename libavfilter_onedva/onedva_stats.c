/*
 * One-DVA filter: figures of each clip, as metadata of its frames and as lines of a file
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "libavcodec/onedva.h"
#include "libavutil/common.h"
#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/file_open.h"
#include "libavutil/log.h"
#include "libavutil/mem.h"
#include "libavutil/thread.h"
#include "libavutil/timestamp.h"

#include "onedva_samples.h"
#include "onedva_stats.h"

double ff_onedva_mse_y(const AVFrame *frame, const AVFrame *reference)
{
    const int depth = ff_onedva_depth(frame->format);
    const double scale = 255.0 / ((1 << depth) - 1);
    uint64_t sum = 0;

    for (int y = 0; y < frame->height; y++) {
        const uint8_t *a = ff_onedva_row(frame, 0, y);
        const uint8_t *b = ff_onedva_row(reference, 0, y);

        for (int x = 0; x < frame->width; x++) {
            // of words that a program has filled beyond their depth, a square still fits
            const unsigned error = FFABS(ff_onedva_get_sample(a, x, depth) - ff_onedva_get_sample(b, x, depth));
            sum += error * error;
        }
    }
    return sum * scale * scale / frame->width / frame->height;
}

/** Peak signal-to-noise ratio, infinite where there is no error. */
static double psnr(double mse)
{
    return 10 * log10(255 * 255 / mse);
}

static int64_t bits_of_packet(const OneDVAClipFigures *figures)
{
    return INT64_C(8) * figures->coded.bytes;
}

/** The packet's bits are split evenly; shares are whole and their sum is the packet's bits. */
static int64_t bits_of_frame(const OneDVAClipFigures *figures, int index)
{
    const int64_t bits = bits_of_packet(figures);

    return bits * (index + 1) / figures->nb_frames - bits * index / figures->nb_frames;
}

int ff_onedva_set_metadata(AVFrame *frame, const OneDVAClipFigures *figures, int index)
{
    AVDictionary **metadata = &frame->metadata;
    char psnr_y[32];
    int ret;

    snprintf(psnr_y, sizeof(psnr_y), "%f", psnr(figures->mse_y[index]));
    if ((ret = av_dict_set_int(metadata, "lavfi.onedva.bits",
                               bits_of_frame(figures, index), 0)) < 0 ||
        (ret = av_dict_set_int(metadata, "lavfi.onedva.clip_bits",
                               bits_of_packet(figures), 0)) < 0 ||
        (ret = av_dict_set_int(metadata, "lavfi.onedva.coefficients",
                               figures->coded.coefficients, 0)) < 0 ||
        (ret = av_dict_set_int(metadata, "lavfi.onedva.qidx", figures->coded.qidx, 0)) < 0)
        return ret;
    return av_dict_set(metadata, "lavfi.onedva.psnr_y", psnr_y, 0);
}

static int log_error(const OneDVAStats *stats)
{
    const int ret = AVERROR(errno);

    av_log(stats->avcl, AV_LOG_ERROR, "stats_file %s: %s\n", stats->name, av_err2str(ret));
    return ret;
}

/** Names of files that this process has begun: a graph that is configured anew goes on in its file,
 *  and nothing but the process outlives the graph. */
typedef struct BegunFile {
    struct BegunFile *next;
    char name[];
} BegunFile;

static BegunFile *begun_files;
static AVMutex begun_files_mutex = AV_MUTEX_INITIALIZER;

static int has_begun(const char *name)
{
    const BegunFile *file;

    ff_mutex_lock(&begun_files_mutex);
    for (file = begun_files; file && strcmp(file->name, name); file = file->next)
        ;
    ff_mutex_unlock(&begun_files_mutex);
    return !!file;
}

static int note_begun(const char *name)
{
    const size_t size = strlen(name) + 1;
    BegunFile *file = av_malloc(sizeof(*file) + size);

    if (!file)
        return AVERROR(ENOMEM);
    memcpy(file->name, name, size);
    ff_mutex_lock(&begun_files_mutex);
    file->next  = begun_files;
    begun_files = file;
    ff_mutex_unlock(&begun_files_mutex);
    return 0;
}

int ff_onedva_stats_open(OneDVAStats *stats, const char *name)
{
    const int goes_on = has_begun(name);

    stats->name = name;
    stats->file = strcmp(name, "-") ? avpriv_fopen_utf8(name, goes_on ? "a" : "w") : stdout;
    if (!stats->file)
        return log_error(stats);
    return goes_on ? 0 : note_begun(name);
}

/** How many tiles there are of each size, the largest first, and what each superblock keeps. */
static void write_tiles(FILE *file, const struct onedva_tiles *tiles)
{
    int tile = 0;

    for (int side = ONEDVA_SUPERBLOCK_SIZE; side >= ONEDVA_MIN_TILE_SIZE; side /= 2) {
        int count = 0;

        for (int i = 0; i < tiles->count; i++)
            count += tiles->tile[i].side == side;
        fprintf(file, "%s%d", side == ONEDVA_SUPERBLOCK_SIZE ? " tiles:" : ",", count);
    }
    fprintf(file, " superblocks:%dx%d map:", tiles->columns, tiles->rows);
    for (int i = 0; i < tiles->columns * tiles->rows; i++) {
        int coefficients = 0;

        for (; tile < tiles->count && tiles->tile[tile].superblock == i; tile++)
            coefficients += tiles->tile[tile].coefficients;
        fprintf(file, "%s%d", i == 0 ? "" : i % tiles->columns ? "," : "|", coefficients);
    }
}

static void write_line(FILE *file, int64_t n, const OneDVAClipFigures *figures, double mse_y)
{
    fprintf(file, "n:%"PRId64" pts:%s pts_time:%s frames:%d bits:%"PRId64" coefficients:%"PRId64" "
            "qidx:%d psnr_y:%f motion:%s", n, av_ts2str(figures->pts),
            av_ts2timestr(figures->pts, &figures->time_base), figures->nb_frames,
            bits_of_packet(figures), figures->coded.coefficients, figures->coded.qidx,
            psnr(mse_y), ff_onedva_motion_name(figures->coded.motion));
    write_tiles(file, &figures->tiles);
    fputc('\n', file);
}

void ff_onedva_stats_add(OneDVAStats *stats, const OneDVAClipFigures *figures)
{
    double mse_y = 0;

    for (int i = 0; i < figures->nb_frames; i++)
        mse_y += figures->mse_y[i];
    stats->nb_clips++;
    stats->nb_frames += figures->nb_frames;
    stats->bits      += bits_of_packet(figures);
    stats->seconds   += figures->duration * av_q2d(figures->time_base);
    stats->mse_y     += mse_y;
    if (!stats->file)
        return;
    write_line(stats->file, stats->nb_clips, figures, mse_y / figures->nb_frames);
    if (fflush(stats->file)) {
        log_error(stats);
        if (stats->file != stdout)
            fclose(stats->file);
        stats->file = NULL;
    }
}

void ff_onedva_stats_close(OneDVAStats *stats)
{
    if (stats->file && stats->file != stdout && fclose(stats->file))
        log_error(stats);
    stats->file = NULL;
    if (stats->nb_frames)
        av_log(stats->avcl, AV_LOG_INFO,
               "%"PRId64" frames in %"PRId64" clips: %"PRId64" bits, %.2f kbit/s, PSNR y:%f\n",
               stats->nb_frames, stats->nb_clips, stats->bits,
               stats->bits / (1000 * stats->seconds), psnr(stats->mse_y / stats->nb_frames));
}
