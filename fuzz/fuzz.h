/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the fuzz targets share: the test model, pictures, and the packets of an input. */
#ifndef ODVA_FUZZ_H
#define ODVA_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/byte_reader.h"
#include "onedva/onedva.h"

/** What does not hold is a finding, as a crash is. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/** Called by libFuzzer first: without the test model there is nothing to do. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/** Called by libFuzzer, once for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The file of the test model: ONEDVA_TEST_MODEL, or else the committed one. */
const char *fuzz_model_path(void);

#define FUZZ_PRIOR "fate/model/onedva-test-prior.safetensors"

/** The test model, opened once for the life of the process. */
const onedva_model *fuzz_model(void);

/** A clip's pictures, each plane in memory of its own without padding. */
struct fuzz_clip {
    int frames, width, height, depth;
    struct onedva_picture picture[ONEDVA_MAX_CLIP_FRAMES];
};

void fuzz_clip_alloc(struct fuzz_clip *clip, int frames, int width, int height, int depth);
void fuzz_clip_free(struct fuzz_clip *clip);

/** Draw a texture of bytes that moves: both from the input. Samples of 10 bits are any words. */
void fuzz_clip_draw(struct fuzz_clip *clip, struct odva_byte_reader *input);

/** XXH64 of all samples. */
uint64_t fuzz_clip_hash(const struct fuzz_clip *clip);

static inline int fuzz_plane_width(const struct fuzz_clip *clip, int plane)
{
    return plane ? (clip->width + 1) / 2 : clip->width;
}

static inline int fuzz_plane_height(const struct fuzz_clip *clip, int plane)
{
    return plane ? (clip->height + 1) / 2 : clip->height;
}

/**
 * The next packet of an input, which is a list of u16 size and bytes; the last may be shorter.
 * @return NULL behind the last one
 */
static inline const uint8_t *fuzz_next_packet(struct odva_byte_reader *input, size_t *size)
{
    size_t left;

    if (input->size - input->position < 2)
        return NULL;
    *size = odva_read_u16(input);
    left = input->size - input->position;
    *size = *size < left ? *size : left;
    return odva_read_bytes(input, *size);
}

#endif
