/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Prints what the library reads in packets before any pixel: for each a line, and one for each
 * frame of its motion with the displacements of all nodes. test_conformance.py compares them.
 *
 * usage: print_clips FILE; FILE has the container's stream header (perhaps of no bytes) and the
 * packets, each behind its size (u32, little endian)
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "onedva/onedva.h"

enum {
    MAX_RECORD = 1 << 24,
};

/* @return its size, or -1 behind the last one */
static long read_record(FILE *file, uint8_t *record)
{
    uint8_t bytes[4];
    uint32_t size;

    if (fread(bytes, 1, sizeof(bytes), file) != sizeof(bytes))
        return -1;
    size = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    if (size > MAX_RECORD || fread(record, 1, size, file) != size) {
        fprintf(stderr, "print_clips: the file ends inside of a packet\n");
        exit(1);
    }
    return size;
}

static void print_mesh(const struct onedva_mesh *mesh)
{
    printf(" at %d,%d of %dx%d reference %d spacing %d nodes %dx%d\n", mesh->left, mesh->top,
           mesh->canvas_width, mesh->canvas_height, mesh->reference, mesh->spacing, mesh->columns,
           mesh->rows);
}

static void print_nodes(const struct onedva_mesh *mesh, int frames)
{
    int nodes = mesh->rows * mesh->columns;

    for (int t = 0; t < frames; t++) {
        for (int i = 0; i < nodes; i++)
            printf(" %d,%d", mesh->nodes[t * nodes + i][0], mesh->nodes[t * nodes + i][1]);
        printf("\n");
    }
}

static int print_clip(onedva_decoder *decoder, const uint8_t *packet, size_t size)
{
    struct onedva_clip clip;
    struct onedva_mesh mesh;

    if (onedva_decoder_read_packet(decoder, packet, size, &clip) < 0) {
        printf("left out\n");
        return 0;
    }
    if (clip.kind == ONEDVA_PACKET_FRAME) {
        if (clip.frames > 0)
            printf("frame %d\n", clip.frame);
        else
            printf("left out\n");
        return 0;
    }
    printf("%s frames %d qidx %d layers %d of %d tokens %" PRId64,
           clip.is_key ? "key" : (clip.is_corrupt ? "corrupt" : "inter"), clip.frames, clip.qidx,
           clip.layers_decoded, clip.layers, clip.tokens);
    if (onedva_decoder_get_mesh(decoder, &mesh) < 0)
        return 1;
    if (mesh.motion == ONEDVA_MOTION_OFF) {
        printf("\n");
        return 0;
    }
    print_mesh(&mesh);
    print_nodes(&mesh, clip.frames);
    return 0;
}

static int print_clips(onedva_decoder *decoder, FILE *file)
{
    uint8_t *record = malloc(MAX_RECORD);
    int failed = !record;
    long size;

    if (failed)
        return 1;
    size = read_record(file, record);
    if (size > 0)
        failed = onedva_decoder_set_stream_header(decoder, record, size) < 0;
    while (!failed && (size = read_record(file, record)) >= 0)
        failed = print_clip(decoder, record, size);
    free(record);
    return failed;
}

int main(int argc, char **argv)
{
    struct onedva_decoder_settings settings;
    onedva_model *model = NULL;
    onedva_decoder *decoder = NULL;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    int failed;

    if (!file) {
        fprintf(stderr, "usage: print_clips FILE\n");
        return 1;
    }
    onedva_decoder_settings_default(&settings);
    settings.max_depth = ONEDVA_MAX_DEPTH;
    settings.threads = 1;
    failed = onedva_model_open(&model, NULL, NULL) < 0 ||
             onedva_decoder_open(&decoder, model, &settings) < 0 || print_clips(decoder, file);
    onedva_decoder_close(&decoder);
    onedva_model_close(&model);
    fclose(file);
    return failed;
}
