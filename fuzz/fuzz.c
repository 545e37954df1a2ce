/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fuzz.h"

#include <string.h>
#include <xxhash.h>

#include "base/samples.h"

const char *fuzz_model_path(void)
{
    const char *path = getenv("ONEDVA_TEST_MODEL");

    return path ? path : "fate/model/onedva-test.safetensors";
}

const onedva_model *fuzz_model(void)
{
    static onedva_model *model;

    if (!model && onedva_model_open(&model, fuzz_model_path(), NULL) < 0) {
        fprintf(stderr, "fuzz: %s cannot be opened; run from the repository's root\n",
                fuzz_model_path());
        exit(1);
    }
    return model;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_model();
    return 0;
}

/* Bytes of a row. */
static int row_bytes(const struct fuzz_clip *clip, int plane)
{
    return fuzz_plane_width(clip, plane) * odva_sample_bytes(clip->depth);
}

void fuzz_clip_alloc(struct fuzz_clip *clip, int frames, int width, int height, int depth)
{
    *clip = (struct fuzz_clip){.frames = frames, .width = width, .height = height, .depth = depth};
    for (int t = 0; t < frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            const int stride = row_bytes(clip, plane);
            clip->picture[t].stride[plane] = stride;
            clip->picture[t].data[plane] = malloc((size_t)stride * fuzz_plane_height(clip, plane));
            FUZZ_CHECK(clip->picture[t].data[plane]);
        }
    }
}

void fuzz_clip_free(struct fuzz_clip *clip)
{
    for (int t = 0; t < clip->frames; t++) {
        for (int plane = 0; plane < 3; plane++)
            free(clip->picture[t].data[plane]);
    }
    *clip = (struct fuzz_clip){0};
}

void fuzz_clip_draw(struct fuzz_clip *clip, struct odva_byte_reader *input)
{
    const int dx = odva_read_u8(input) % 8, dy = odva_read_u8(input) % 8;
    const size_t pitch = 1 + odva_read_u8(input) % 32;
    uint8_t texture[1024] = {0};

    for (size_t i = 0; i < sizeof(texture); i++)
        texture[i] = odva_read_u8(input);
    for (int t = 0; t < clip->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            const int width = row_bytes(clip, plane);
            for (int y = 0; y < fuzz_plane_height(clip, plane); y++) {
                uint8_t *row = clip->picture[t].data[plane] + (size_t)y * width;
                for (int x = 0; x < width; x++)
                    row[x] = texture[(x + dx * t + pitch * (y + dy * t)) % sizeof(texture)];
            }
        }
    }
}

uint64_t fuzz_clip_hash(const struct fuzz_clip *clip)
{
    uint64_t hash = 0;

    for (int t = 0; t < clip->frames; t++) {
        for (int plane = 0; plane < 3; plane++)
            hash = XXH64(clip->picture[t].data[plane],
                         (size_t)row_bytes(clip, plane) * fuzz_plane_height(clip, plane), hash);
    }
    return hash;
}
