/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Opening of model files: what is read, and one clear line for each way a file can be wrong. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/model.h"
#include "model/model_weights.h"
#include "tests/support/edited_file.h"
#include "tests/support/golden.h"
#include "xxhash.h"

#define MODEL GOLDEN "model.safetensors"

static int open_model(const char *path, const struct onedva_logger *logger)
{
    onedva_model *model;
    const int status = onedva_model_open(&model, path, logger);

    assert_int_equal(status < 0, model == NULL);
    onedva_model_close(&model);
    return status;
}

static int open_image(const struct image *image, struct log *log)
{
    return image_open(image, log, open_model);
}

static void refused(const struct image *image, const char *part_of_message)
{
    image_refused(image, open_model, part_of_message);
}

/* ---- valid ------------------------------------------------------------------------------- */

static void check_shorts(const int16_t *found, const uint8_t *stored, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(found[i], (int16_t)(stored[2 * i] | stored[2 * i + 1] << 8));
}

static void reads_everything(void **state)
{
    struct image image = image_read(MODEL);
    struct onedva_model_info info;
    onedva_model *model;

    (void)state;
    assert_int_equal(onedva_model_open(&model, MODEL, NULL), ONEDVA_OK);
    onedva_model_get_info(model, &info);
    assert_int_equal(info.id, XXH64(image.data, image.size, 0));
    assert_string_equal(info.name, "golden");
    assert_int_equal(info.basis, 64);
    assert_int_equal(info.max_tile_tokens, 512);
    assert_true(info.has_query_encoder);
    assert_true(info.has_decoder);
    assert_int_equal(model->config.width, 32);
    assert_int_equal(model->config.head_dim, 16);
    assert_int_equal(model->config.encoder_layers, 1);
    assert_int_equal(model->config.decoder_layers, 2);
    assert_int_equal(model->config.queries, 16);
    assert_int_equal(model->config.registers, 4);
    assert_int_equal(model->weights->vectors, 32);
    assert_int_equal(model->tables.bands[0].basis, 16);
    assert_int_equal(model->tables.bands[1].count[2], 4);
    assert_int_equal(model->tables.bands[3].count[0], 32);
    assert_true(fabsf(model->weights->sampler_start - 0.6f) < 1e-7f);
    assert_int_equal(model->tables.length_cdf[3][14][15], 32768);
    assert_int_equal(model->tables.symbol_cdf[31][5][4][16], 32768);
    assert_int_equal(model->tables.large_cdf[31][13], 32768);
    for (int size = 0; size < 4; size++) {
        char name[16];
        snprintf(name, sizeof(name), "scan.key.%d", size);
        assert_memory_equal(model->tables.scan_key[size], tensor_data(&image, name),
                            (64 * 4) << 2 * size);
        snprintf(name, sizeof(name), "scan.scale.%d", size);
        assert_memory_equal(model->tables.scan_scale[size], tensor_data(&image, name),
                            (64 * 4) << 2 * size);
    }
    check_shorts(model->weights->mean, tensor_data(&image, "linear.mean"), 384);
    check_shorts(model->weights->basis, tensor_data(&image, "linear.basis"), 32 * 384);
    assert_memory_equal(model->tables.dequant_delta, tensor_data(&image, "dequant.delta"), 96);
    onedva_model_close(&model);
    assert_null(model);
    free(image.data);
}

/* The networks of another model over the same linear path. */
static void names_the_packets_of_another(void **state)
{
    struct image image = image_read(MODEL);
    const uint64_t own = XXH64(image.data, image.size, 0);
    struct onedva_model_info info;
    struct log log = {0};
    onedva_model *model;

    (void)state;
    insert(&image, "\\\"width\\\"", "\\\"id\\\": \\\"fedcba9876543210\\\",");
    image_write(&image);
    assert_int_equal(onedva_model_open(&model, scratch, NULL), ONEDVA_OK);
    onedva_model_get_info(model, &info);
    onedva_model_close(&model);
    assert_int_equal(info.id, UINT64_C(0xfedcba9876543210));
    assert_int_not_equal(info.id, own);
    assert_int_equal(open_image(&image, &log), ONEDVA_OK);
    for (int i = 0; i < 3; i++) {
        static const char *const wrong[] = {"Fedcba9876543210", "fedcba987654321g",
                                            "fedcba98765432  "};

        replace(&image, i ? wrong[i - 1] : "fedcba9876543210", wrong[i]);
        refused(&image, "id must be a text of 16 digits");
    }
    free(image.data);
}

static void default_and_environment(void **state)
{
    struct onedva_model_info info;
    onedva_model *model;

    (void)state;
    unsetenv("ONEDVA_MODEL");
    assert_int_equal(onedva_model_open(&model, NULL, NULL), ONEDVA_OK);
    onedva_model_get_info(model, &info);
    assert_string_not_equal(info.name, "golden");
    onedva_model_close(&model);
    assert_int_equal(setenv("ONEDVA_MODEL", MODEL, 1), 0);
    assert_int_equal(onedva_model_open(&model, NULL, NULL), ONEDVA_OK);
    unsetenv("ONEDVA_MODEL");
    onedva_model_get_info(model, &info);
    assert_string_equal(info.name, "golden");
    onedva_model_close(&model);
}

/* ---- invalid ----------------------------------------------------------------------------- */

static void unreadable(void **state)
{
    struct log log = {0};
    const struct onedva_logger logger = {log_line, &log};
    onedva_model *model;

    (void)state;
    assert_int_equal(onedva_model_open(&model, "/nonexistent/model", &logger), ONEDVA_ERR_IO);
    assert_non_null(strstr(log.last, "/nonexistent/model"));
    assert_int_equal(onedva_model_open(&model, "/tmp", &logger), ONEDVA_ERR_IO);
    assert_int_equal(onedva_model_open(&model, "/dev/null", &logger), ONEDVA_ERR_IO);
    assert_int_equal(log.lines, 3);
}

static void wrong_header(void **state)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"\"width\\\": 32", "\"width\\\": 48", "shape"},
        {"\"width\\\": 32", "\"width\\\": -2", "width"},
        {"\"width\\\": 32", "\"width\\\": 9 ", "width"},
        {"\"width\\\": 32", "\"width\\\": 40", "head_dim"},
        {"\"head_dim\\\": 16", "\"head_dim\\\": 17", "head_dim"},
        {"\"registers\\\": 4", "\"registers\\\": 5", "dec.registers"},
        {"\"registers\\\": 4", "\"registers\\\": 0", "registers"},
        {"\"registers\\\":", "\"registerz\\\":", "registers"},
        {"\"format\\\": 2", "\"format\\\": 1", "format"},
        {"\"format\\\": 2", "\"format\\\": 3", "format"},
        {"\"queries\\\": 16", "\"queries\\\": 0 ", "queries"},
        {"\"encoder_layers\\\": 1", "\"encoder_layers\\\": 2", "enc.blocks.1"},
        {"\"sampler_start\\\": 0.6", "\"sampler_start\\\": 1.6", "sampler_start"},
        {"\"name\\\":", "\"mane\\\":", "name"},
        {"\"onedva\"", "\"oneDVA\"", "onedva"},
        {"\"dec.out.bias\"", "\"dec.out.biaz\"", "dec.out.bias"},
        {"\"linear.mean\":{\"dtype\":\"I16\"", "\"linear.mean\":{\"dtype\":\"F16\"", "linear.mean"},
        {"\"linear.bands\":{\"dtype\":\"I32\"", "\"linear.bands\":{\"dtype\":\"F32\"",
         "linear.bands"},
        {"\"scan.key.2\":{\"dtype\":\"U8\"", "\"scan.key.2\":{\"dtype\":\"I8\"", "scan.key.2"},
        {"\"shape\":[32,384]", "\"shape\":[384,32]", "linear.basis"},
        {"\"shape\":[1536]", "\"shape\":[1535]", "bytes"},
        {"\"shape\":[1536]", "\"shape\":[-536]", "shape"},
        {"\"shape\":[1536]", "\"shape\":[15.6]", "shape"},
        {"\"shape\":[1536]", "\"shape\":[9e99]", "shape"},
        {"\"data_offsets\":[0,", "\"data_offsets\":[8,", "bytes"},
        {"\"data_offsets\"", "\"date_offsets\"", "data_offsets"},
        {"{\"__meta", "{ __meta", "JSON"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct image image = image_read(MODEL);

        replace(&image, cases[i].from, cases[i].to);
        refused(&image, cases[i].message);
        free(image.data);
    }
}

/* The text "[begin,end]" of a tensor's data in the header. */
static uint8_t *offsets_text(const struct image *image, const char *tensor, size_t *length)
{
    uint8_t *at = memmem(image->data, image->size, tensor, strlen(tensor));

    assert_non_null(at);
    at = memmem(at, 200, "\"data_offsets\":", 15);
    assert_non_null(at);
    at += 15;
    *length = (uint8_t *)memchr(at, ']', 40) - at;
    return at;
}

static void overlap(void **state)
{
    struct image image = image_read(MODEL);
    size_t from_length, to_length;
    const uint8_t *from = offsets_text(&image, "\"dec.cond.fc1.bias\"", &from_length);
    uint8_t *to = offsets_text(&image, "\"dec.cond.fc2.bias\"", &to_length);

    (void)state;
    assert_int_equal(from_length, to_length);
    memcpy(to, from, from_length);
    refused(&image, "overlap");
    free(image.data);
}

static void twice(void **state)
{
    struct image image = image_read(MODEL);

    (void)state;
    replace(&image, "\"dec.cond.fc2.bias\"", "\"dec.cond.fc1.bias\"");
    refused(&image, "twice");
    free(image.data);
}

static void put_int32(uint8_t *p, int64_t index, int32_t value)
{
    for (int i = 0; i < 4; i++)
        p[4 * index + i] = (uint8_t)((uint32_t)value >> 8 * i);
}

static void wrong_numbers(void **state)
{
    static const struct {
        const char *tensor;
        int64_t index;
        int32_t value;
    } cases[] = {
        {"enc.patch.bias", 31, 0x7f800000}, /* infinity */
        {"enc.embed", 511, 0x7fc00000},     /* not a number */
        {"enc.patch.weight", 0, (int32_t)0xff800000},
        {"dec.out.weight", 24575, 0x7f807f80}, /* two bfloat16 numbers */
        {"dec.blocks.1.table", 0, 0x00007fc0},
        {"linear.mean", 0, -65536}, /* of two numbers the second is -1 */
        {"linear.mean", 191, 2041 << 16},
        {"linear.basis", 0, 0x8000}, /* the first is -32768 */
        {"linear.basis", 6143, INT32_MIN},
        {"linear.bands", 0, -1},
        {"linear.bands", 3, 5},  /* the next detail has 4 */
        {"linear.bands", 4, 7},  /* the detail before has 8 */
        {"linear.bands", 11, 3}, /* the detail before has 4 */
        {"linear.bands", 12, 385},
        {"length.cdf", 0, 1},
        {"length.cdf", 15, 32767},
        {"length.cdf", 5, 40000},
        {"symbol.cdf", 3, 0},
        {"symbol.cdf", 16319, -1},
        {"symbol.cdf", 16319, 65536 + 32768},
        {"symbol.weight", 0, 32768},
        {"symbol.weight", 16319, -32768},
        {"large.cdf", 0, 1},
        {"large.cdf", 447, 32767},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct image image = image_read(MODEL);

        put_int32(tensor_data(&image, cases[i].tensor), cases[i].index, cases[i].value);
        refused(&image, cases[i].tensor);
        free(image.data);
    }
}

/* Bands that the other tensors are not of, and none. */
static void wrong_bands(void **state)
{
    static const struct {
        int index, value;
        const char *tensor;
    } cases[] = {
        {12, 33, "tensor linear.basis: shape 32x384, expected 33x384"},
        {15, 5, "tensor scan.key.0: shape 64x4x1x1, expected 65x4x1x1"},
        {15, 4, NULL},
        {0, 0, NULL},
        {3, 0, NULL},
        {7, 2, NULL},
    };
    struct image image;
    struct log log;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        image = image_read(MODEL);
        put_int32(tensor_data(&image, "linear.bands"), cases[i].index, cases[i].value);
        if (cases[i].tensor)
            refused(&image, cases[i].tensor);
        else
            assert_int_equal(open_image(&image, &log), ONEDVA_OK);
        free(image.data);
    }
    image = image_read(MODEL);
    memset(tensor_data(&image, "linear.bands"), 0, 4 * sizeof(int32_t));
    refused(&image, "tensor linear.bands: detail 0 has no vector");
    free(image.data);
}

static void every_truncation(void **state)
{
    struct image image = image_read(MODEL);
    const size_t size = image.size;
    struct log log;

    (void)state;
    for (size_t n = 1; n < size; n += n < 64 ? 1 : 9973) {
        image.size = n;
        assert_int_equal(open_image(&image, &log), ONEDVA_ERR_MODEL);
    }
    image.size = size - 1;
    assert_int_equal(open_image(&image, &log), ONEDVA_ERR_MODEL);
    free(image.data);
}

/* Damaged headers are refused or still valid, never worse. */
static void random_headers(void **state)
{
    const struct image original = image_read(MODEL);
    const size_t header = 8 + original.data[0] + 256 * original.data[1];
    struct image image = image_read(MODEL);
    struct random random = {1};
    struct log log;
    int refusals = 0;

    (void)state;
    for (int i = 0; i < 400; i++) {
        memcpy(image.data, original.data, header);
        for (int j = random_below(&random, 3); j >= 0; j--)
            image.data[random_below(&random, (int)header)] = (uint8_t)random_below(&random, 256);
        refusals += open_image(&image, &log) < 0;
    }
    assert_true(refusals > 200);
    free(image.data);
    free(original.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(default_and_environment),
        cmocka_unit_test(unreadable),
        cmocka_unit_test(wrong_header),
        cmocka_unit_test(names_the_packets_of_another),
        cmocka_unit_test(overlap),
        cmocka_unit_test(twice),
        cmocka_unit_test(wrong_numbers),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(random_headers),
        cmocka_unit_test(wrong_bands),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
