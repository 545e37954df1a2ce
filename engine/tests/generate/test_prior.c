/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Opening of priors' files: what is read, and one clear line for each way a file can be wrong. */
#include "generate/prior.h"

#include "tests/support/edited_file.h"

#define PRIOR "fate/model/onedva-test-prior.safetensors"

static int open_prior(const char *path, const struct onedva_logger *logger)
{
    onedva_prior *prior;
    const int status = onedva_prior_open(&prior, path, logger);

    assert_int_equal(status < 0, prior == NULL);
    onedva_prior_close(&prior);
    return status;
}

static int open_image(const struct image *image, struct log *log)
{
    return image_open(image, log, open_prior);
}

static void refused(const struct image *image, const char *part_of_message)
{
    image_refused(image, open_prior, part_of_message);
}

static void reads_everything(void **state)
{
    struct onedva_prior_info info;
    onedva_prior *prior;

    (void)state;
    assert_int_equal(onedva_prior_open(&prior, PRIOR, NULL), ONEDVA_OK);
    onedva_prior_get_info(prior, &info);
    assert_string_equal(info.name, "test");
    assert_int_equal(info.width, 144);
    assert_int_equal(info.height, 144);
    assert_int_equal(info.frames, 16);
    assert_int_equal(info.max_tokens, 16);
    assert_int_equal(info.classes, 2);
    assert_int_equal(prior->config.tiles, 4);
    assert_int_equal(prior->config.qidx, -4);
    assert_int_equal(prior->tensors.embed->shape[0], 2 + 1 + 2 * 4 * 16);
    assert_string_equal(onedva_prior_class(prior, 1), "second");
    assert_null(onedva_prior_class(prior, 2));
    assert_null(onedva_prior_class(prior, -1));
    assert_int_equal(onedva_prior_find_class(prior, "first"), 0);
    assert_int_equal(onedva_prior_find_class(prior, "third"), ONEDVA_ERR_ARGUMENT);
    onedva_prior_close(&prior);
}

static void built_in(void **state)
{
    struct onedva_model_info model_info;
    struct onedva_prior_info info;
    onedva_model *model;
    onedva_prior *prior;

    (void)state;
    unsetenv("ONEDVA_MODEL");
    assert_int_equal(onedva_model_open(&model, NULL, NULL), ONEDVA_OK);
    assert_int_equal(onedva_prior_open(&prior, NULL, NULL), ONEDVA_OK);
    onedva_model_get_info(model, &model_info);
    onedva_prior_get_info(prior, &info);
    assert_int_equal(info.model_id, model_info.id);
    assert_true(info.classes > 0);
    onedva_prior_close(&prior);
    onedva_model_close(&model);
}

static void wrong_metadata(void **state)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"\"onedva-prior\"", "\"onedva-prjor\"", "not a prior of One-DVA"},
        {"{\\\"format\\\"", "[\\\"format\\\"", "JSON object"},
        {"\\\"format\\\": 1", "\\\"format\\\": 2", "format must be a whole number from 1 to 1"},
        {"\\\"width\\\": 32", "\\\"width\\\": -2", "width must be"},
        {"\\\"width\\\": 32", "\\\"width\\\": 40", "divide width 40"},
        {"\\\"layers\\\": 2", "\\\"layers\\\": 0", "layers must be"},
        {"\\\"layers\\\": 2", "\\\"layers\\\": 3", "blocks.2.table is missing"},
        {"\\\"side\\\": 144", "\\\"side\\\": -14", "side must be"},
        {"\\\"side\\\": 144", "\\\"side\\\": 999", "tiles must be a whole number from 64 to 64"},
        {"\\\"tiles\\\": 4", "\\\"tiles\\\": 5", "tiles must be a whole number from 4 to 4"},
        {"\\\"length\\\": 16", "\\\"length\\\": 0 ", "length must be"},
        {"\\\"length\\\": 16", "\\\"length\\\": 15", "expected"},
        {"\\\"qidx\\\": -4", "\\\"qidx\\\": 99", "qidx must be"},
        {"\\\"first\\\"", "1234567  ", "class 0 has no name"},
        {"[\\\"first", "{\\\"first", "JSON object"},
        {"\\\"name\\\": \\\"test\\\"", "\\\"name\\\": 12      ", "name must be a text"},
        {"\\\"model_id\\\": \\\"8b0816", "\\\"model_id\\\": \\\"8B0816", "model_id must be"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct image image = image_read(PRIOR);

        replace(&image, cases[i].from, cases[i].to);
        refused(&image, cases[i].message);
        free(image.data);
    }
}

static void wrong_tensors(void **state)
{
    static const char *const names[] = {"token.weight",  "embed",        "scale",
                                        "cond.fc1.bias", "final.weight", "out.bias"};
    struct image image = image_read(PRIOR);
    char quoted[32], other[32];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(quoted, sizeof(quoted), "\"%s\":", names[i]);
        memcpy(other, quoted, sizeof(other));
        other[1] = 'X';
        replace(&image, quoted, other);
        refused(&image, names[i]);
        replace(&image, other, quoted);
    }
    memset(tensor_data(&image, "embed"), 0xFF, 2);
    refused(&image, "embed: number 0 is not finite");
    free(image.data);
}

/* A file that ends anywhere is refused. */
static void cut_files(void **state)
{
    struct image image = image_read(PRIOR);
    const size_t whole = image.size;

    (void)state;
    for (size_t size = 1; size < whole; size += size < 9000 ? 97 : 9973) {
        struct log log;

        image.size = size;
        assert_int_equal(open_image(&image, &log), ONEDVA_ERR_MODEL);
    }
    free(image.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything), cmocka_unit_test(built_in),
        cmocka_unit_test(wrong_metadata),   cmocka_unit_test(wrong_tensors),
        cmocka_unit_test(cut_files),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
