/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <cJSON.h>
#include <errno.h>
#include <stdlib.h>

#include "network/latent_shares.h"
#include "tools/canvas/canvas_writer.h"
#include "transform/deblocking.h"

const char *canvas_motion_name(enum onedva_motion motion)
{
    static const char *const names[] = {"off", "global", "mesh", "auto"};

    return names[motion];
}

int canvas_writer_open(struct canvas_writer *writer, const char *data, const char *index)
{
    *writer = (struct canvas_writer){.data = fopen(data, "ab")};
    if (!writer->data)
        return -1;
    writer->index = fopen(index, "ab");
    if (!writer->index || fseeko(writer->data, 0, SEEK_END) < 0)
        return -1;
    writer->offset = ftello(writer->data);
    return writer->offset < 0 ? -1 : 0;
}

static int write_plane(struct canvas_writer *writer, const uint8_t *data, ptrdiff_t stride,
                       int width, int height)
{
    for (int y = 0; y < height; y++)
        if (fwrite(data + y * stride, 1, (size_t)width, writer->data) != (size_t)width)
            return -1;
    writer->offset += (int64_t)width * height;
    return 0;
}

static int write_pictures(struct canvas_writer *writer, const struct onedva_canvas *canvas,
                          const struct onedva_const_picture *pictures)
{
    for (int t = 0; t < canvas->frames; t++) {
        for (int p = 0; p < 3; p++) {
            const int width = p ? (canvas->width + 1) / 2 : canvas->width;
            const int height = p ? (canvas->height + 1) / 2 : canvas->height;

            if (write_plane(writer, pictures[t].data[p], pictures[t].stride[p], width, height) < 0)
                return -1;
        }
    }
    return 0;
}

static int write_mask(struct canvas_writer *writer, const struct onedva_canvas *canvas)
{
    const int64_t size =
        (int64_t)canvas->frames * ((canvas->height + 3) / 4) * ((canvas->width + 3) / 4);

    if (canvas->visible) {
        if (fwrite(canvas->visible, 1, (size_t)size, writer->data) != (size_t)size)
            return -1;
    } else {
        for (int64_t i = 0; i < size; i++)
            if (putc(1, writer->data) == EOF)
                return -1;
    }
    writer->offset += size;
    return 0;
}

/* A character for each token, row by row: 1 where deblocking and smoothing leave it as it is.
 * @return 1, or 0 where memory is short */
static int describe_kept(cJSON *entry, const struct odva_latents *latents)
{
    const size_t count = (size_t)latents->grid.gy * latents->grid.gx;
    char *kept = malloc(count + 1);
    int written = 0;

    if (kept) {
        odva_mark_kept((uint8_t *)kept, latents);
        for (size_t i = 0; i < count; i++)
            kept[i] = kept[i] ? '1' : '0';
        kept[count] = '\0';
        written = cJSON_AddStringToObject(entry, "kept", kept) != NULL;
    }
    free(kept);
    return written;
}

/* What a decoder's network is told of the latents, and what is smoothed behind it.
 * @return 1, or 0 where memory is short */
static int describe_latents(cJSON *entry, const struct odva_latents *latents)
{
    const int count = latents->grid.superblock_count;
    float *shares = malloc(count * sizeof(*shares));
    cJSON *list = NULL;

    if (shares) {
        odva_latent_shares(shares, latents);
        list = cJSON_CreateFloatArray(shares, count);
    }
    free(shares);
    return list && cJSON_AddItemToObject(entry, "shares", list) &&
           cJSON_AddNumberToObject(entry, "qidx", latents->qidx) &&
           cJSON_AddNumberToObject(entry, "smoothing", latents->smoothing) &&
           cJSON_AddBoolToObject(entry, "inter", latents->is_inter) &&
           describe_kept(entry, latents);
}

static char *index_line(int64_t offset, const struct onedva_canvas *canvas,
                        const struct canvas_clip *clip)
{
    cJSON *entry = cJSON_CreateObject();
    char *line = NULL;

    if (cJSON_AddNumberToObject(entry, "offset", (double)offset) &&
        cJSON_AddNumberToObject(entry, "frames", canvas->frames) &&
        cJSON_AddNumberToObject(entry, "width", canvas->width) &&
        cJSON_AddNumberToObject(entry, "height", canvas->height) &&
        cJSON_AddNumberToObject(entry, "left", clip->left) &&
        cJSON_AddNumberToObject(entry, "top", clip->top) &&
        cJSON_AddStringToObject(entry, "motion", canvas_motion_name(clip->motion)) &&
        cJSON_AddNumberToObject(entry, "crf", clip->crf) &&
        (!clip->latents || describe_latents(entry, clip->latents)))
        line = cJSON_PrintUnformatted(entry);
    cJSON_Delete(entry);
    return line;
}

int canvas_writer_add(struct canvas_writer *writer, const struct onedva_canvas *canvas,
                      const struct canvas_clip *clip)
{
    char *line = index_line(writer->offset, canvas, clip);
    int status = -1;

    if (!line)
        errno = ENOMEM;
    else if (write_pictures(writer, canvas, canvas->picture) == 0 &&
             write_mask(writer, canvas) == 0 &&
             (!clip->linear || write_pictures(writer, canvas, clip->linear->const_picture) == 0) &&
             fflush(writer->data) == 0 && fprintf(writer->index, "%s\n", line) > 0)
        status = 0;
    free(line);
    return status;
}

int canvas_writer_close(struct canvas_writer *writer)
{
    const int data = writer->data ? fclose(writer->data) : 0;
    const int index = writer->index ? fclose(writer->index) : 0;

    *writer = (struct canvas_writer){0};
    return data || index ? -1 : 0;
}
