/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Each field of a model file missing, of a wrong type and out of range: an error, and one line that
 * names the field. What no rule forbids opens, and encodes and decodes. */
#include <cjson/cJSON.h>
#include <float.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "onedva/onedva.h"
#include "tests/support/golden.h"

#define MODEL      GOLDEN "model.safetensors"
#define HEADER     16384            /* bytes of each header here, padded with spaces */
#define MAX_HEADER (1 << 20)        /* bytes of the longest header that is parsed */
#define MAX_MEMORY (64 * (1 << 20)) /* bytes that the parser may take for any header */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** The golden model in a file in memory, whose header can be written anew. */
struct file {
    int fd;
    char path[40];
    const cJSON *header; /* as it is in the golden model */
    uint8_t *data;       /* all tensors' */
    size_t size;         /* of data */
};

struct log {
    int lines;
    char last[512];
};

static void log_line(void *opaque, enum onedva_log_level level, const char *message)
{
    struct log *log = opaque;

    (void)level;
    log->lines++;
    snprintf(log->last, sizeof(log->last), "%s", message);
}

static void put(const struct file *file, const void *bytes, size_t size, size_t at)
{
    assert_int_equal(pwrite(file->fd, bytes, size, (off_t)at), size);
}

static void put_length(const struct file *file, uint64_t length)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(length >> 8 * i);
    put(file, bytes, sizeof(bytes), 0);
}

static void put_header(const struct file *file, const char *text)
{
    char padded[HEADER];

    assert_true(strlen(text) <= HEADER);
    memset(padded, ' ', HEADER);
    memcpy(padded, text, strlen(text));
    put_length(file, HEADER);
    put(file, padded, HEADER, 8);
}

static void put_json(const struct file *file, const cJSON *header)
{
    char *text = cJSON_PrintUnformatted(header);

    assert_non_null(text);
    put_header(file, text);
    cJSON_free(text);
}

/* The data from a byte on, as they are in the golden model. */
static void restore(const struct file *file, size_t from, size_t size)
{
    put(file, file->data + from, size, 8 + HEADER + from);
}

static int file_open(void **state)
{
    struct file *file = calloc(1, sizeof(*file));
    struct golden golden;

    if (!file)
        return -1;
    golden_open(&golden, MODEL);
    file->header = cJSON_Duplicate(golden.tensors.header, 1);
    file->size = golden.file.size - 8 - golden.file.data[0] - 256 * golden.file.data[1];
    file->data = malloc(file->size);
    file->fd = memfd_create("model", MFD_CLOEXEC);
    if (!file->header || !file->data || file->fd < 0)
        return -1;
    memcpy(file->data, golden.file.data + golden.file.size - file->size, file->size);
    golden_close(&golden);
    snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
    restore(file, 0, file->size);
    *state = file;
    return 0;
}

static int file_close(void **state)
{
    struct file *file = *state;

    cJSON_Delete((cJSON *)file->header);
    free(file->data);
    close(file->fd);
    free(file);
    return 0;
}

static void refused(const struct file *file, const char *part_of_message, const char *what)
{
    struct log log = {0};
    const struct onedva_logger logger = {log_line, &log};
    onedva_model *model;
    const int status = onedva_model_open(&model, file->path, &logger);

    if (status != ONEDVA_ERR_MODEL || model || log.lines != 1)
        fail_msg("%s with %s: status %d, %d lines", part_of_message, what, status, log.lines);
    if (!strstr(log.last, part_of_message) || !strstr(log.last, file->path))
        fail_msg("%s: message \"%s\" names neither %s nor the file", what, log.last,
                 part_of_message);
    for (const char *c = log.last; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            fail_msg("%s: control character %d in the message", what, *c);
}

static onedva_model *accepted(const struct file *file)
{
    onedva_model *model;

    assert_int_equal(onedva_model_open(&model, file->path, NULL), ONEDVA_OK);
    return model;
}

/* ---- the metadata ------------------------------------------------------------------------ */

/* Refuse a header whose metadata text is this. */
static void refuse_metadata(const struct file *file, const char *text, const char *part_of_message,
                            const char *what)
{
    cJSON *header = cJSON_Duplicate(file->header, 1);
    cJSON *metadata = cJSON_GetObjectItem(header, "__metadata__");

    assert_true(cJSON_ReplaceItemInObject(metadata, "onedva", cJSON_CreateString(text)));
    put_json(file, header);
    cJSON_Delete(header);
    refused(file, part_of_message, what);
}

static cJSON *parse_metadata(const struct file *file)
{
    const cJSON *metadata = cJSON_GetObjectItem(file->header, "__metadata__");

    return cJSON_Parse(cJSON_GetStringValue(cJSON_GetObjectItem(metadata, "onedva")));
}

/* Refuse a value, given as JSON, of a field of the metadata; NULL: the field is missing. */
static void refuse_value(const struct file *file, const char *key, const char *value,
                         const char *part_of_message)
{
    cJSON *metadata = parse_metadata(file);
    char *text;

    assert_true(cJSON_HasObjectItem(metadata, key));
    if (value)
        assert_true(cJSON_ReplaceItemInObject(metadata, key, cJSON_CreateRaw(value)));
    else
        cJSON_DeleteItemFromObject(metadata, key);
    text = cJSON_PrintUnformatted(metadata);
    refuse_metadata(file, text, part_of_message, value ? value : "nothing");
    cJSON_free(text);
    cJSON_Delete(metadata);
}

/* The two fields that a value may be right for which is wrong for all others. */
static int is_right(const char *key, const char *value)
{
    return (!strcmp(key, "name") && !strcmp(value, "\"8\"")) ||
           (!strcmp(key, "sampler_start") && !strcmp(value, "0.5"));
}

static void metadata_values(void **state)
{
    static const char *const wrong[] = {NULL,   "null",  "true",   "\"8\"", "\"\"",   "[]",
                                        "{}",   "[8]",   "-1",     "0.5",   "1e9",    "1e300",
                                        "-1e9", "1e999", "-1e999", "8.001", "65536.5"};
    static const struct {
        const char *key, *value, *message;
    } cases[] = {
        {"format", "0", "format"},
        {"format", "1", "format"},
        {"format", "3", "format"},
        {"width", "15", "width"},
        {"width", "2049", "width"},
        {"width", "48", "shape"},
        {"width", "40", "head_dim"},
        {"head_dim", "0", "head_dim"},
        {"head_dim", "17", "head_dim"},
        {"head_dim", "64", "head_dim"},
        {"head_dim", "257", "head_dim"},
        {"encoder_layers", "2", "enc.blocks.1"},
        {"encoder_layers", "65", "encoder_layers"},
        {"decoder_layers", "3", "dec.blocks.2"},
        {"decoder_layers", "64", "dec.blocks.2"},
        {"decoder_layers", "65", "decoder_layers"},
        {"queries", "0", "queries"},
        {"queries", "15", "enc.embed"},
        {"queries", "2049", "queries"},
        {"registers", "0", "registers"},
        {"registers", "5", "dec.registers"},
        {"registers", "2049", "registers"},
        {"sampler_start", "0.991", "sampler_start"},
        {"sampler_start", "-0.001", "sampler_start"},
        {"name", "\"0123456789012345678901234567890123456789012345678901234567890123\"", "name"},
    };
    const struct file *file = *state;
    cJSON *metadata = parse_metadata(file);
    const cJSON *field;
    int fields = 0;

    cJSON_ArrayForEach(field, metadata)
    {
        for (size_t i = 0; i < COUNT(wrong); i++)
            if (!wrong[i] || !is_right(field->string, wrong[i]))
                refuse_value(file, field->string, wrong[i], field->string);
        fields++;
    }
    cJSON_Delete(metadata);
    assert_int_equal(fields, 9);
    for (size_t i = 0; i < COUNT(cases); i++)
        refuse_value(file, cases[i].key, cases[i].value, cases[i].message);
}

static void metadata_text(void **state)
{
    static const char *const texts[] = {"",  "{",  "}",   "[]",   "7",           "null",
                                        "x", "\"", "{:}", "{\"}", "{\"name\":}", "\xff\xfe"};
    static const char *const objects[] = {"null",
                                          "[]",
                                          "{}",
                                          "\"onedva\"",
                                          "{\"onedva\":null}",
                                          "{\"onedva\":{\"format\":2}}",
                                          "[{\"onedva\":\"{}\"}]"};
    const struct file *file = *state;
    char nested[5000];

    for (size_t i = 0; i < COUNT(texts); i++)
        refuse_metadata(file, texts[i], "metadata", texts[i]);
    memset(nested, '[', sizeof(nested));
    nested[sizeof(nested) - 1] = '\0';
    refuse_metadata(file, nested, "metadata", "deep nesting");
    for (size_t i = 0; i < COUNT(objects); i++) {
        cJSON *header = cJSON_Duplicate(file->header, 1);

        cJSON_ReplaceItemInObject(header, "__metadata__", cJSON_CreateRaw(objects[i]));
        put_json(file, header);
        cJSON_Delete(header);
        refused(file, "onedva", objects[i]);
    }
}

/* ---- the header -------------------------------------------------------------------------- */

static void header_lengths(void **state)
{
    const struct file *file = *state;
    const uint64_t size = 8 + HEADER + file->size;
    const uint64_t lengths[] = {0,
                                1,
                                HEADER - 1000,
                                size - 8,
                                size - 7,
                                size,
                                MAX_HEADER + 1,
                                UINT64_C(1) << 31,
                                UINT32_MAX,
                                INT64_MAX,
                                UINT64_C(1) << 63,
                                UINT64_MAX - 8,
                                UINT64_MAX,
                                UINT64_MAX - 7};
    char text[24];

    put_json(file, file->header);
    onedva_model_close(&(onedva_model *){accepted(file)});
    for (size_t i = 0; i < COUNT(lengths); i++) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)lengths[i]);
        put_length(file, lengths[i]);
        refused(file, "model", text);
    }
}

static void truncations(void **state)
{
    const struct file *file = *state;
    const size_t size = 8 + HEADER + file->size;
    const cJSON *tensor;

    put_json(file, file->header);
    for (size_t n = 1; n < 8 + HEADER; n += n < 16 ? 1 : 509) {
        assert_int_equal(ftruncate(file->fd, (off_t)n), 0);
        refused(file, "model", "a truncated header");
    }
    put_json(file, file->header);
    /* at each tensor's begin and one byte before its end */
    cJSON_ArrayForEach(tensor, file->header)
    {
        const cJSON *offsets = cJSON_GetObjectItem(tensor, "data_offsets");

        for (int i = 0; offsets && i < 2; i++) {
            const double at = cJSON_GetArrayItem(offsets, i)->valuedouble - i;
            assert_int_equal(ftruncate(file->fd, (off_t)(8 + HEADER + at)), 0);
            refused(file, "outside of the file (truncated?)", tensor->string);
        }
    }
    restore(file, 0, file->size);
    assert_int_equal(lseek(file->fd, 0, SEEK_END), size);
}

/* Bytes that the JSON parser has, and had at most. */
static size_t parser_memory, most_parser_memory;

static void *parser_malloc(size_t size)
{
    void *memory = malloc(size);

    parser_memory += malloc_usable_size(memory);
    if (parser_memory > most_parser_memory)
        most_parser_memory = parser_memory;
    return memory;
}

static void parser_free(void *memory)
{
    parser_memory -= malloc_usable_size(memory);
    free(memory);
}

/* As much of what costs the parser most as a header may have. */
static void memory_of_headers(void **state)
{
    static const char *const repeated[] = {"[],", "0,", "\"\":{},", "\"\":0,", "{\"\":[{},{}]},"};
    const size_t length = MAX_HEADER;
    struct file large = {.fd = memfd_create("large", MFD_CLOEXEC)};
    cJSON_Hooks hooks = {parser_malloc, parser_free};
    char *header = malloc(length);

    (void)state;
    assert_non_null(header);
    assert_true(large.fd >= 0);
    snprintf(large.path, sizeof(large.path), "/proc/self/fd/%d", large.fd);
    cJSON_InitHooks(&hooks);
    for (size_t i = 0; i < COUNT(repeated); i++) {
        const int is_object = repeated[i][0] == '"';
        const char *begin = is_object ? "{" : "{\"linear.mean\":[";
        const char *end = is_object ? "\"\":0}" : "0]}";
        size_t used = strlen(begin);

        memset(header, ' ', length);
        memcpy(header, begin, used);
        for (; used + strlen(repeated[i]) + strlen(end) <= length; used += strlen(repeated[i]))
            memcpy(header + used, repeated[i], strlen(repeated[i]));
        memcpy(header + used, end, strlen(end));
        put_length(&large, length);
        put(&large, header, length, 8);
        refused(&large, "tensor", repeated[i]);
        assert_int_equal(parser_memory, 0);
    }
    cJSON_InitHooks(NULL);
    put_length(&large, length + 1);
    put(&large, " ", 1, 8 + length);
    refused(&large, "its header would have 1048577 bytes", "a longer header");
    assert_in_range(most_parser_memory, length, MAX_MEMORY);
    free(header);
    close(large.fd);
}

/* What a file calls its tensors cannot write to a terminal what it likes. */
static void control_characters(void **state)
{
    const struct file *file = *state;

    put_header(file, "{\"a\\nmodel b: \\u001b[31m\\u007f\":{}}");
    refused(file, "a?model b: ?[31m?", "a tensor's name");
}

/* ---- tensors ----------------------------------------------------------------------------- */

static cJSON *tensor_of(cJSON *header, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(header, name);
}

/* Refuse a tensor one field of which is this JSON; NULL: it is missing. */
static void refuse_field(const struct file *file, const char *tensor, const char *field,
                         const char *value)
{
    cJSON *header = cJSON_Duplicate(file->header, 1);

    if (value)
        assert_true(
            cJSON_ReplaceItemInObject(tensor_of(header, tensor), field, cJSON_CreateRaw(value)));
    else
        cJSON_DeleteItemFromObject(tensor_of(header, tensor), field);
    put_json(file, header);
    cJSON_Delete(header);
    refused(file, tensor, value ? value : field);
}

static void refuse_instead(const struct file *file, const char *tensor, const char *value)
{
    cJSON *header = cJSON_Duplicate(file->header, 1);

    if (value)
        assert_true(cJSON_ReplaceItemInObjectCaseSensitive(header, tensor, cJSON_CreateRaw(value)));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(header, tensor);
    put_json(file, header);
    cJSON_Delete(header);
    refused(file, tensor, value ? value : "nothing");
}

/* Another shape of as many numbers, so that nothing but the shape is wrong. */
static void refuse_other_shape(const struct file *file, const cJSON *tensor)
{
    const cJSON *shape = cJSON_GetObjectItem(tensor, "shape");
    const int rank = cJSON_GetArraySize(shape);
    char text[64];
    int count = 1;

    for (int i = 0; i < rank; i++)
        count *= cJSON_GetArrayItem(shape, i)->valueint;
    snprintf(text, sizeof(text), "[%d,1]", count);
    refuse_field(file, tensor->string, "shape", text);
    if (rank == 1)
        return;
    snprintf(text, sizeof(text), "[%d]", count);
    refuse_field(file, tensor->string, "shape", text);
}

static void refuse_offsets(const struct file *file, const cJSON *tensor)
{
    const cJSON *offsets = cJSON_GetObjectItem(tensor, "data_offsets");
    const int64_t begin = (int64_t)cJSON_GetArrayItem(offsets, 0)->valuedouble;
    const int64_t end = (int64_t)cJSON_GetArrayItem(offsets, 1)->valuedouble;
    const int64_t size = (int64_t)file->size;
    const int64_t wrong[][2] = {
        {begin, end - 1}, {begin, end + 1},           {end, begin},
        {begin, begin},   {begin - 1, end},           {begin + 1, end + 1}, /* overlaps the next */
        {size, size},     {size, size + end - begin}, {begin, INT64_C(1) << 53},
    };
    char text[64];

    for (size_t i = 0; i < COUNT(wrong); i++) {
        snprintf(text, sizeof(text), "[%lld,%lld]", (long long)wrong[i][0], (long long)wrong[i][1]);
        refuse_field(file, tensor->string, "data_offsets", text);
    }
}

static void tensor_fields(void **state)
{
    static const char *const dtypes[] = {
        NULL,      "\"F32\"", "\"BF16\"", "\"I32\"", "\"I8\"",  "\"U8\"",  "\"BOOL\"",
        "\"I16\"", "\"U16\"", "\"F16\"",  "\"U32\"", "\"I64\"", "\"U64\"", "\"F64\"",
        "\"F33\"", "\"f32\"", "\"\"",     "null",    "1",       "[]",      "{}"};
    static const char *const shapes[] = {NULL,
                                         "null",
                                         "\"1\"",
                                         "{}",
                                         "1",
                                         "[\"1\"]",
                                         "[null]",
                                         "[[1]]",
                                         "[-1]",
                                         "[0.5]",
                                         "[]",
                                         "[0]",
                                         "[1e300]",
                                         "[1,1,1,1,1]",
                                         "[1e999]",
                                         "[1,0]",
                                         "[3]",
                                         "[1]",
                                         "[2]",
                                         "[9007199254740992,9007199254740992]",
                                         "[4294967296,4294967296]",
                                         "[3037000500,3037000500]"};
    static const char *const offsets[] = {NULL,        "null",       "[]",        "[0]",
                                          "[0,8,16]",  "\"0,8\"",    "{}",        "[\"0\",\"8\"]",
                                          "[null,8]",  "[-8,0]",     "[0.5,8.5]", "[1e300,1e300]",
                                          "[0,1e999]", "[-1e999,0]", "[[0],[8]]", "8"};
    static const char *const instead[] = {NULL, "null", "0", "\"\"", "[]", "{}", "[0,8]"};
    const struct file *file = *state;
    const cJSON *tensor;
    int tensors = 0;

    cJSON_ArrayForEach(tensor, file->header)
    {
        const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItem(tensor, "dtype"));

        if (!dtype)
            continue;
        for (size_t i = 0; i < COUNT(dtypes); i++)
            if (!dtypes[i] || strncmp(dtypes[i] + 1, dtype, strlen(dtype)))
                refuse_field(file, tensor->string, "dtype", dtypes[i]);
        for (size_t i = 0; i < COUNT(shapes); i++)
            refuse_field(file, tensor->string, "shape", shapes[i]);
        for (size_t i = 0; i < COUNT(offsets); i++)
            refuse_field(file, tensor->string, "data_offsets", offsets[i]);
        for (size_t i = 0; i < COUNT(instead); i++)
            refuse_instead(file, tensor->string, instead[i]);
        refuse_other_shape(file, tensor);
        refuse_offsets(file, tensor);
        tensors++;
    }
    assert_int_equal(tensors, 71);
}

/* ---- numbers ----------------------------------------------------------------------------- */

/* A tensor's type and data. */
struct numbers {
    int is_f32, is_bf16, is_i32, is_i16;
    int is_mean;         /* of two tensors of 16-bit integers, that one */
    size_t begin, bytes; /* within the data */
};

static struct numbers numbers_of(const cJSON *tensor)
{
    const cJSON *offsets = cJSON_GetObjectItem(tensor, "data_offsets");
    const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItem(tensor, "dtype"));
    struct numbers numbers = {.is_f32 = !strcmp(dtype, "F32"),
                              .is_bf16 = !strcmp(dtype, "BF16"),
                              .is_i32 = !strcmp(dtype, "I32"),
                              .is_i16 = !strcmp(dtype, "I16"),
                              .is_mean = !strcmp(tensor->string, "linear.mean"),
                              .begin = (size_t)cJSON_GetArrayItem(offsets, 0)->valuedouble};

    numbers.bytes = (size_t)cJSON_GetArrayItem(offsets, 1)->valuedouble - numbers.begin;
    return numbers;
}

/* Little-endian bytes of a number: of a float its bits, of a bfloat16 the upper half of them. */
static size_t number_bytes(const struct numbers *numbers, uint32_t bits, uint8_t bytes[4])
{
    const size_t size = numbers->is_f32 || numbers->is_i32    ? 4
                        : numbers->is_bf16 || numbers->is_i16 ? 2
                                                              : 1;

    if (numbers->is_bf16)
        bits >>= 16;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(bits >> 8 * i);
    return size;
}

/* @return the bits of one of four numbers that a tensor may not have, or may have */
static uint32_t wrong_number(const struct numbers *numbers, int i)
{
    static const uint32_t not_finite[] = {0x7f800000, 0xff800000, 0x7fc00000, 0xffffffff};
    static const uint32_t not_in_range[] = {0x7fffffff, 0x80000000, 65536 + 32768, 0xffff0000};
    static const uint32_t not_a_mean[] = {0x7fff, 0x8000, 2041, 0xffff};

    if (numbers->is_i16)
        return numbers->is_mean ? not_a_mean[i] : 0x8000;
    return (numbers->is_i32 ? not_in_range : not_finite)[i];
}

static uint32_t extreme_number(const struct numbers *numbers, int i)
{
    static const uint32_t floats[] = {0x7f7fffff, 0xff7f0000, 0x00000001, 0x00000000};
    static const uint32_t means[] = {2040, 1, 2039, 0};
    static const uint32_t vectors[] = {0x7fff, 0x8001, 0x0001, 0x0000};
    static const uint32_t bytes_of_tables[] = {0x7f, 0x80, 0xff, 0x00};

    if (numbers->is_i16)
        return (numbers->is_mean ? means : vectors)[i];
    return (numbers->is_f32 || numbers->is_bf16 ? floats : bytes_of_tables)[i];
}

static void wrong_numbers(void **state)
{
    const struct file *file = *state;
    const cJSON *tensor;

    put_json(file, file->header);
    cJSON_ArrayForEach(tensor, file->header)
    {
        struct numbers numbers;

        if (!strcmp(tensor->string, "__metadata__"))
            continue;
        numbers = numbers_of(tensor);
        if (!numbers.is_f32 && !numbers.is_bf16 && !numbers.is_i32 && !numbers.is_i16)
            continue;
        for (int i = 0; i < 4; i++) {
            uint8_t bytes[4];
            const size_t size = number_bytes(&numbers, wrong_number(&numbers, i), bytes);
            const size_t last = numbers.bytes - size, middle = numbers.bytes / 2 / size * size;
            const size_t at[] = {0, middle, last};

            for (size_t j = 0; j < COUNT(at); j++) {
                put(file, bytes, size, 8 + HEADER + numbers.begin + at[j]);
                refused(file, tensor->string, "a wrong number");
                restore(file, numbers.begin + at[j], size);
            }
        }
    }
}

/* Encode a clip and decode it with the linear path, the network and the sampler. */
static void use_model(const onedva_model *model)
{
    enum { SIDE = 24, FRAMES = 5 };
    static uint8_t memory[FRAMES][SIDE * SIDE * 3 / 2];
    const struct onedva_stream stream = {.width = SIDE,
                                         .height = SIDE,
                                         .timebase_num = 1,
                                         .timebase_den = 25,
                                         .frame_duration = 1,
                                         .sar_den = 1};
    struct onedva_encoder_settings encoder_settings;
    struct onedva_const_picture source[FRAMES];
    struct onedva_picture decoded[FRAMES];
    struct onedva_packet packet;
    onedva_encoder *encoder;

    for (int t = 0; t < FRAMES; t++) {
        for (int i = 0; i < SIDE * SIDE * 3 / 2; i++)
            memory[t][i] = (uint8_t)(i * 7 + t * 5);
        for (int p = 0; p < 3; p++) {
            decoded[t].data[p] = memory[t] + (p ? SIDE * SIDE * (3 + p) / 4 : 0);
            source[t].data[p] = decoded[t].data[p];
            decoded[t].stride[p] = source[t].stride[p] = p ? SIDE / 2 : SIDE;
        }
    }
    onedva_encoder_settings_default(&encoder_settings);
    encoder_settings.threads = 1;
    encoder_settings.header_in_packets = 1;
    encoder_settings.adaptive_clips = 0;
    assert_int_equal(onedva_encoder_open(&encoder, model, &encoder_settings, &stream), ONEDVA_OK);
    assert_int_equal(onedva_encode(encoder, source, NULL, FRAMES, &packet), ONEDVA_OK);
    for (int steps = 0; steps <= 2; steps++) {
        struct onedva_decoder_settings settings;
        onedva_decoder *decoder;
        struct onedva_clip clip;

        onedva_decoder_settings_default(&settings);
        settings.threads = 1;
        settings.steps = steps;
        assert_int_equal(onedva_decoder_open(&decoder, model, &settings), ONEDVA_OK);
        assert_int_equal(onedva_decoder_read_packet(decoder, packet.data, packet.size, &clip),
                         ONEDVA_OK);
        assert_int_equal(onedva_decoder_reconstruct(decoder, decoded, FRAMES), ONEDVA_OK);
        onedva_decoder_close(&decoder);
    }
    onedva_encoder_close(&encoder);
}

/* Numbers that are finite and mean nothing: the model opens, and what uses it ends. */
static void extreme_numbers(void **state)
{
    const struct file *file = *state;
    const cJSON *tensor;

    put_json(file, file->header);
    cJSON_ArrayForEach(tensor, file->header)
    {
        struct numbers numbers;

        if (!strcmp(tensor->string, "__metadata__"))
            continue;
        numbers = numbers_of(tensor);
        for (int i = 0; i < 4 && !numbers.is_i32; i++) {
            uint8_t *all = malloc(numbers.bytes), bytes[4];
            /* the largest bfloat16 is a bit below the largest float */
            const size_t size = number_bytes(&numbers, extreme_number(&numbers, i), bytes);
            onedva_model *model;

            assert_non_null(all);
            for (size_t at = 0; at < numbers.bytes; at++)
                all[at] = bytes[at % size];
            put(file, all, numbers.bytes, 8 + HEADER + numbers.begin);
            free(all);
            model = accepted(file);
            use_model(model);
            onedva_model_close(&model);
        }
        restore(file, numbers.begin, numbers.bytes);
    }
}

/* Tensors at odd addresses. */
static void odd_header(void **state)
{
    const struct file *file = *state;
    const size_t length = HEADER + 1;
    onedva_model *model;

    put_json(file, file->header);
    put_length(file, length);
    put(file, " ", 1, 8 + HEADER);
    put(file, file->data, file->size, 8 + length);
    model = accepted(file);
    use_model(model);
    onedva_model_close(&model);
    restore(file, 0, file->size);
    assert_int_equal(ftruncate(file->fd, (off_t)(8 + HEADER + file->size)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_values),   cmocka_unit_test(metadata_text),
        cmocka_unit_test(header_lengths),    cmocka_unit_test(truncations),
        cmocka_unit_test(memory_of_headers), cmocka_unit_test(control_characters),
        cmocka_unit_test(tensor_fields),     cmocka_unit_test(wrong_numbers),
        cmocka_unit_test(extreme_numbers),   cmocka_unit_test(odd_header),
    };

    return cmocka_run_group_tests(tests, file_open, file_close);
}
