/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Files of networks with something wrong in them, and what is said of them. */
#ifndef ODVA_EDITED_FILE_H
#define ODVA_EDITED_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/mapped_file.h"
#include "model/safetensors.h"
#include "onedva/onedva.h"
#include "tests/support/test.h"

#define INSERTED 64 /* bytes that insert() makes a header longer by: tensors stay aligned */

/* Where image_write writes; to be made by mkstemp. */
static char scratch[] = "/tmp/onedva-test-file-XXXXXX";

/** A copy of a file of networks to be damaged. */
struct image {
    uint8_t *data;
    size_t size;
};

/** Lines that were logged. */
struct log {
    int lines;
    char last[512];
};

static inline void log_line(void *opaque, enum onedva_log_level level, const char *message)
{
    struct log *log = opaque;

    if (level != ONEDVA_LOG_ERROR)
        return;
    log->lines++;
    snprintf(log->last, sizeof(log->last), "%s", message);
}

static inline struct image image_read(const char *path)
{
    struct odva_mapped_file file;
    struct image image;

    assert_int_equal(odva_mapped_file_open(&file, path), 0);
    image.size = file.size;
    image.data = malloc(file.size + INSERTED);
    assert_non_null(image.data);
    memcpy(image.data, file.data, file.size);
    odva_mapped_file_close(&file);
    return image;
}

static inline void image_write(const struct image *image)
{
    FILE *file = fopen(scratch, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(image->data, 1, image->size, file), image->size);
    assert_int_equal(fclose(file), 0);
}

/* Text of the header to another of the same length. */
static inline void replace(struct image *image, const char *from, const char *to)
{
    uint8_t *at = memmem(image->data, image->size, from, strlen(from));

    if (!at)
        fail_msg("the file has no text %s", from);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

/* More text of the header before some other; once for a file. */
static inline void insert(struct image *image, const char *before, const char *text)
{
    uint8_t *at = memmem(image->data, image->size, before, strlen(before));
    const size_t length = strlen(text);

    assert_non_null(at);
    assert_in_range(length, 1, INSERTED);
    memmove(at + INSERTED, at, image->size - (size_t)(at - image->data));
    memset(at, ' ', INSERTED);
    memcpy(at, text, length);
    image->size += INSERTED;
    for (int i = 0, carry = INSERTED; i < 8; i++, carry >>= 8) {
        carry += image->data[i];
        image->data[i] = (uint8_t)carry;
    }
}

static inline uint8_t *tensor_data(const struct image *image, const char *name)
{
    struct odva_safetensors file;
    struct odva_safetensors_error error;
    const struct odva_tensor *tensor;
    uint8_t *data;

    assert_int_equal(odva_safetensors_open(&file, image->data, image->size, &error), ONEDVA_OK);
    tensor = odva_safetensors_find(&file, name);
    assert_non_null(tensor);
    data = image->data + (tensor->data - image->data);
    odva_safetensors_close(&file);
    return data;
}

/* What opens and closes such a file: onedva_model_open or onedva_prior_open. @return its status */
typedef int (*file_opener)(const char *path, const struct onedva_logger *logger);

/* Opens the image; a failure logs exactly one line. */
static inline int image_open(const struct image *image, struct log *log, file_opener open)
{
    const struct onedva_logger logger = {log_line, log};
    int status;

    *log = (struct log){0};
    image_write(image);
    status = open(scratch, &logger);
    assert_int_equal(log->lines, status < 0);
    return status;
}

/* The image is refused, and the message names the file and this. */
static inline void image_refused(const struct image *image, file_opener open,
                                 const char *part_of_message)
{
    struct log log;

    assert_int_equal(image_open(image, &log, open), ONEDVA_ERR_MODEL);
    if (!strstr(log.last, part_of_message) || !strstr(log.last, scratch))
        fail_msg("message \"%s\" names neither %s nor the file", log.last, part_of_message);
}

/* Of a group of tests. */
static inline int make_scratch(void **state)
{
    const int file = mkstemp(scratch);

    (void)state;
    return file < 0 || close(file);
}

static inline int remove_scratch(void **state)
{
    (void)state;
    return unlink(scratch);
}

#endif
