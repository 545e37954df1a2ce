/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Gives a fuzz target files instead of libFuzzer's inputs: to repeat a finding, to measure
 * coverage.
 *
 * usage: replay_TARGET FILE... */
#include "fuzz.h"

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(1 << 20);
    size_t size;

    FUZZ_CHECK(data);
    if (!file) {
        perror(path);
        exit(1);
    }
    size = fread(data, 1, 1 << 20, file);
    fclose(file);
    data = realloc(data, size + !size); /* so that a sanitizer sees its end */
    FUZZ_CHECK(data);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int argc, char **argv)
{
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    return 0;
}
