/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/model.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/integers.h"
#include "base/layout.h"
#include "base/log.h"
#include "model/model_weights.h"

#define FORMAT      2
#define MAX_WIDTH   2048
#define MAX_HEAD    256
#define HEAD_UNIT   16 /* head_dim is a multiple of it */
#define MAX_BLOCKS  64
#define MAX_QUERIES 2048 /* and registers */
#define CHUNK       1024 /* numbers checked at a time */

extern const unsigned char odva_embedded_model[], odva_embedded_model_end[];

/** A model on its way in. */
struct reader {
    struct onedva_model *model;
    const char *path; /* for messages */
    const struct onedva_logger *logger;
};

static int refuse(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const struct reader *reader, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    odva_log(reader->logger, ONEDVA_LOG_ERROR, "model %.200s: %s", reader->path, text);
    return ONEDVA_ERR_MODEL;
}

/* ---- metadata ---------------------------------------------------------------------------- */

static int read_size(const struct reader *reader, const cJSON *json, const char *key, int low,
                     int high, int *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= low && item->valuedouble <= high) ||
        item->valuedouble != (int)item->valuedouble)
        return refuse(reader, "metadata: %s must be a whole number from %d to %d", key, low, high);
    *value = (int)item->valuedouble;
    return ONEDVA_OK;
}

static int read_sizes(const struct reader *reader, const cJSON *json)
{
    struct odva_model_config *config = &reader->model->config;
    int status, format;

    if ((status = read_size(reader, json, "format", FORMAT, FORMAT, &format)) < 0 ||
        (status = read_size(reader, json, "width", HEAD_UNIT, MAX_WIDTH, &config->width)) < 0 ||
        (status = read_size(reader, json, "head_dim", HEAD_UNIT, MAX_HEAD, &config->head_dim)) <
            0 ||
        (status = read_size(reader, json, "encoder_layers", 0, MAX_BLOCKS,
                            &config->encoder_layers)) < 0 ||
        (status = read_size(reader, json, "decoder_layers", 0, MAX_BLOCKS,
                            &config->decoder_layers)) < 0 ||
        (status = read_size(reader, json, "queries", config->encoder_layers > 0, MAX_QUERIES,
                            &config->queries)) < 0 ||
        (status = read_size(reader, json, "registers", config->decoder_layers > 0, MAX_QUERIES,
                            &config->registers)) < 0)
        return status;
    if (config->head_dim % HEAD_UNIT || config->width % config->head_dim)
        return refuse(reader, "metadata: head_dim %d must be a multiple of %d and divide width %d",
                      config->head_dim, HEAD_UNIT, config->width);
    return ONEDVA_OK;
}

static int read_config(const struct reader *reader, const cJSON *json)
{
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(json, "sampler_start");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "name"));
    struct onedva_model *model = reader->model;

    if (!cJSON_IsObject(json))
        return refuse(reader, "metadata: \"onedva\" must hold a JSON object");
    if (!name || !*name || strlen(name) >= sizeof(model->name))
        return refuse(reader, "metadata: name must be a text of 1 to %d bytes",
                      (int)sizeof(model->name) - 1);
    memcpy(model->name, name, strlen(name) + 1);
    if (!cJSON_IsNumber(start) || !(start->valuedouble >= 0 && start->valuedouble <= 0.99))
        return refuse(reader, "metadata: sampler_start must be a number from 0 to 0.99");
    model->weights->sampler_start = (float)start->valuedouble;
    return read_sizes(reader, json);
}

static int read_metadata(const struct reader *reader)
{
    const char *text = odva_safetensors_metadata(&reader->model->weights->container, "onedva");
    cJSON *json;
    int status;

    if (!text)
        return refuse(reader, "not a One-DVA model: no metadata \"onedva\"");
    json = cJSON_Parse(text);
    status = read_config(reader, json);
    cJSON_Delete(json);
    return status;
}

/* ---- tensors ----------------------------------------------------------------------------- */

#define NETWORK_WEIGHT (-1) /* f32 or bf16 */

struct tensor_spec {
    const char *name;
    int dtype; /* enum odva_dtype or NETWORK_WEIGHT */
    int rank;
    int64_t shape[ODVA_MAX_RANK];
};

static int check_finite(const struct reader *reader, const struct odva_tensor *tensor)
{
    float values[CHUNK];

    for (int64_t i = 0; i < tensor->count; i += CHUNK) {
        const int n = (int)(tensor->count - i < CHUNK ? tensor->count - i : CHUNK);

        odva_tensor_read_floats(tensor, i, n, values);
        for (int j = 0; j < n; j++)
            if (!isfinite(values[j]))
                return refuse(reader, "tensor %s: number %lld is not finite", tensor->name,
                              (long long)(i + j));
    }
    return ONEDVA_OK;
}

static void print_shape(char *text, size_t size, int rank, const int64_t *shape)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < rank && used < size; i++)
        used += snprintf(text + used, size - used, "%s%lld", i ? "x" : "", (long long)shape[i]);
}

/* Look up a tensor and check its type, shape and numbers. */
static int get_tensor(const struct reader *reader, const struct tensor_spec *spec,
                      const struct odva_tensor **out)
{
    const struct odva_tensor *tensor =
        odva_safetensors_find(&reader->model->weights->container, spec->name);
    char expected[64], found[96];

    if (!tensor)
        return refuse(reader, "tensor %s is missing", spec->name);
    if (spec->dtype == NETWORK_WEIGHT
            ? tensor->dtype != ODVA_DTYPE_F32 && tensor->dtype != ODVA_DTYPE_BF16
            : tensor->dtype != (enum odva_dtype)spec->dtype)
        return refuse(reader, "tensor %s: type %s, expected %s", spec->name,
                      odva_dtype_name(tensor->dtype),
                      spec->dtype == NETWORK_WEIGHT ? "F32 or BF16" : odva_dtype_name(spec->dtype));
    if (tensor->rank != spec->rank ||
        memcmp(tensor->shape, spec->shape, spec->rank * sizeof(spec->shape[0]))) {
        print_shape(expected, sizeof(expected), spec->rank, spec->shape);
        print_shape(found, sizeof(found), tensor->rank, tensor->shape);
        return refuse(reader, "tensor %s: shape %s, expected %s", spec->name, found, expected);
    }
    *out = tensor;
    if (tensor->dtype != ODVA_DTYPE_F32 && tensor->dtype != ODVA_DTYPE_BF16)
        return ONEDVA_OK;
    reader->model->parameters += tensor->count;
    return check_finite(reader, tensor);
}

static int get_weight(const struct reader *reader, const char *prefix, const char *suffix, int rows,
                      int cols, const struct odva_tensor **out)
{
    char name[96];
    const struct tensor_spec spec = {name, NETWORK_WEIGHT, cols ? 2 : 1, {rows, cols}};

    snprintf(name, sizeof(name), "%s%s", prefix, suffix);
    return get_tensor(reader, &spec, out);
}

static int get_linear(const struct reader *reader, const char *prefix, const char *layer, int n_out,
                      int n_in, struct odva_linear_tensors *out)
{
    char name[80];
    int status;

    snprintf(name, sizeof(name), "%s%s", prefix, layer);
    status = get_weight(reader, name, ".weight", n_out, n_in, &out->weight);
    return status < 0 ? status : get_weight(reader, name, ".bias", n_out, 0, &out->bias);
}

static int get_conditioning(const struct reader *reader, const char *prefix, int scalars,
                            struct odva_conditioning_tensors *cond)
{
    const int d = reader->model->config.width;
    int status;

    if ((status = get_linear(reader, prefix, "cond.fc1", d, 16 * scalars, &cond->fc1)) < 0 ||
        (status = get_linear(reader, prefix, "cond.fc2", d, d, &cond->fc2)) < 0)
        return status;
    return get_linear(reader, prefix, "cond.mod", 6 * d, d, &cond->mod);
}

static int get_block(const struct reader *reader, const char *prefix, int index,
                     struct odva_block_tensors *block)
{
    const int d = reader->model->config.width;
    char name[32];
    int status;

    snprintf(name, sizeof(name), "%sblocks.%d.", prefix, index);
    if ((status = get_weight(reader, name, "table", 6, d, &block->table)) < 0 ||
        (status = get_linear(reader, name, "qkv", 3 * d, d, &block->qkv)) < 0 ||
        (status = get_linear(reader, name, "proj", d, d, &block->proj)) < 0 ||
        (status = get_linear(reader, name, "fc1", 4 * d, d, &block->fc1)) < 0)
        return status;
    return get_linear(reader, name, "fc2", d, 4 * d, &block->fc2);
}

static int get_blocks(const struct reader *reader, const char *prefix, int count,
                      struct odva_block_tensors **blocks)
{
    *blocks = calloc(count, sizeof(**blocks));
    if (!*blocks)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < count; i++) {
        const int status = get_block(reader, prefix, i, &(*blocks)[i]);

        if (status < 0)
            return status;
    }
    return ONEDVA_OK;
}

static int get_encoder(const struct reader *reader)
{
    const struct odva_model_config *config = &reader->model->config;
    struct odva_encoder_tensors *enc = &reader->model->weights->encoder;
    const int d = config->width;
    int status;

    if ((status = get_linear(reader, "enc.", "patch", d, ODVA_PATCH_SAMPLES, &enc->patch)) < 0 ||
        (status = get_linear(reader, "enc.", "query", d, ODVA_LATENT_TOKEN, &enc->query)) < 0 ||
        (status = get_weight(reader, "enc.", "embed", config->queries, d, &enc->embed)) < 0 ||
        (status = get_conditioning(reader, "enc.", 1, &enc->cond)) < 0 ||
        (status = get_blocks(reader, "enc.", config->encoder_layers, &enc->blocks)) < 0)
        return status;
    return get_linear(reader, "enc.", "out", ODVA_LATENT_TOKEN, d, &enc->out);
}

static int get_decoder(const struct reader *reader)
{
    const struct odva_model_config *config = &reader->model->config;
    struct odva_decoder_tensors *dec = &reader->model->weights->decoder;
    const int d = config->width;
    int status;

    if ((status = get_linear(reader, "dec.", "patch", d, ODVA_PATCH_SAMPLES, &dec->patch)) < 0 ||
        (status = get_weight(reader, "dec.", "noise.weight", d, ODVA_PATCH_SAMPLES,
                             &dec->noise.weight)) < 0 ||
        (status = get_weight(reader, "dec.", "registers", config->registers, d, &dec->registers)) <
            0 ||
        (status = get_conditioning(reader, "dec.", 3, &dec->cond)) < 0 ||
        (status = get_blocks(reader, "dec.", config->decoder_layers, &dec->blocks)) < 0 ||
        (status = get_linear(reader, "dec.", "final", 2 * d, d, &dec->final)) < 0)
        return status;
    return get_linear(reader, "dec.", "out", ODVA_PATCH_SAMPLES, d, &dec->out);
}

/* ---- integer tables ---------------------------------------------------------------------- */

static int get_bytes(const struct reader *reader, const struct tensor_spec *spec, void *dst)
{
    const struct odva_tensor *tensor;
    const int status = get_tensor(reader, spec, &tensor);

    if (status == ONEDVA_OK)
        memcpy(dst, tensor->data, tensor->bytes);
    return status;
}

/* Numbers that must all be low .. high. */
static int get_shorts(const struct reader *reader, const struct tensor_spec *spec, int low,
                      int high, int16_t *dst)
{
    const struct odva_tensor *tensor;
    const int status = get_tensor(reader, spec, &tensor);

    if (status < 0)
        return status;
    for (int64_t i = 0; i < tensor->count; i++) {
        dst[i] = odva_tensor_int16(tensor, i);
        if (dst[i] < low || dst[i] > high)
            return refuse(reader, "tensor %s: number %lld is not in %d..%d", spec->name,
                          (long long)i, low, high);
    }
    return ONEDVA_OK;
}

/* How many vectors each detail has of each band: never fewer than the detail before. */
static int get_bands(const struct reader *reader)
{
    const struct tensor_spec spec = {"linear.bands", ODVA_DTYPE_I32, 2, {ODVA_DETAILS, ODVA_BANDS}};
    struct odva_bands *bands = reader->model->tables.bands;
    const struct odva_tensor *tensor;
    const int status = get_tensor(reader, &spec, &tensor);

    if (status < 0)
        return status;
    for (int i = 0; i < ODVA_DETAILS * ODVA_BANDS; i++) {
        const int d = i / ODVA_BANDS, b = i % ODVA_BANDS;
        const int32_t count = odva_tensor_int32(tensor, i);

        if (count < (d ? bands[d - 1].count[b] : 0) || count > ODVA_FRAME_SAMPLES)
            return refuse(reader,
                          "tensor linear.bands: number %d of detail %d falls or is above %d", b, d,
                          ODVA_FRAME_SAMPLES);
        bands[d].count[b] = count;
        bands[d].basis += count;
        reader->model->weights->vectors = odva_max(reader->model->weights->vectors, count);
    }
    if (bands[0].basis == 0)
        return refuse(reader, "tensor linear.bands: detail 0 has no vector");
    reader->model->config.basis = bands[ODVA_DETAILS - 1].basis;
    return ONEDVA_OK;
}

static int get_linear_path(const struct reader *reader)
{
    struct odva_model_weights *weights = reader->model->weights;
    int status = get_bands(reader);
    const struct tensor_spec mean = {"linear.mean", ODVA_DTYPE_I16, 1, {ODVA_FRAME_SAMPLES}};
    const struct tensor_spec basis = {
        "linear.basis", ODVA_DTYPE_I16, 2, {weights->vectors, ODVA_FRAME_SAMPLES}};

    if (status < 0)
        return status;
    weights->basis = malloc((size_t)weights->vectors * ODVA_FRAME_SAMPLES * sizeof(int16_t));
    if (!weights->basis)
        return ONEDVA_ERR_NOMEM;
    status = get_shorts(reader, &mean, 0, ODVA_MEAN_MOST, weights->mean);
    return status < 0 ? status : get_shorts(reader, &basis, -INT16_MAX, INT16_MAX, weights->basis);
}

static int get_scan(const struct reader *reader, int size)
{
    struct odva_model_tables *tables = &reader->model->tables;
    const int basis = reader->model->config.basis, side = 1 << size;
    const size_t count = (size_t)basis * ODVA_TILE_FRAMES * side * side;
    char key_name[16], scale_name[16];
    const int64_t shape[4] = {basis, ODVA_TILE_FRAMES, side, side};
    struct tensor_spec key = {key_name, ODVA_DTYPE_U8, 4, {0}};
    struct tensor_spec scale = {scale_name, ODVA_DTYPE_I8, 4, {0}};
    int status;

    memcpy(key.shape, shape, sizeof(shape));
    memcpy(scale.shape, shape, sizeof(shape));
    snprintf(key_name, sizeof(key_name), "scan.key.%d", size);
    snprintf(scale_name, sizeof(scale_name), "scan.scale.%d", size);
    tables->scan_key[size] = malloc(count);
    tables->scan_scale[size] = malloc(count);
    if (!tables->scan_key[size] || !tables->scan_scale[size])
        return ONEDVA_ERR_NOMEM;
    status = get_bytes(reader, &key, tables->scan_key[size]);
    return status < 0 ? status : get_bytes(reader, &scale, tables->scan_scale[size]);
}

/* Rows of symbols + 1 numbers, each strictly increasing from 0 to ODVA_CDF_TOTAL. */
static int get_cdfs(const struct reader *reader, const struct tensor_spec *spec, uint16_t *dst)
{
    const int64_t length = spec->shape[spec->rank - 1];
    const struct odva_tensor *tensor;
    const int status = get_tensor(reader, spec, &tensor);

    if (status < 0)
        return status;
    for (int64_t i = 0; i < tensor->count; i++) {
        const int32_t v = odva_tensor_int32(tensor, i);
        const int64_t column = i % length;

        if (v < 0 || v > ODVA_CDF_TOTAL || (column == 0 && v != 0) ||
            (column == length - 1 && v != ODVA_CDF_TOTAL) || (column > 0 && v <= dst[i - 1]))
            return refuse(reader, "tensor %s: row %lld does not rise strictly from 0 to %d",
                          spec->name, (long long)(i / length), ODVA_CDF_TOTAL);
        dst[i] = (uint16_t)v;
    }
    return ONEDVA_OK;
}

static int get_weights(const struct reader *reader, int16_t *dst)
{
    const struct tensor_spec spec = {
        "symbol.weight", ODVA_DTYPE_I32, 2, {ODVA_PREDICTOR_WEIGHTS, ODVA_PREDICTOR_DECISIONS}};
    const struct odva_tensor *tensor;
    const int status = get_tensor(reader, &spec, &tensor);

    if (status < 0)
        return status;
    for (int64_t i = 0; i < tensor->count; i++) {
        const int32_t v = odva_tensor_int32(tensor, i);

        if (v < -INT16_MAX || v > INT16_MAX)
            return refuse(reader, "tensor symbol.weight: number %lld is not in -%d..%d",
                          (long long)i, INT16_MAX, INT16_MAX);
        dst[i] = (int16_t)v;
    }
    return ONEDVA_OK;
}

static int get_tables(const struct reader *reader)
{
    struct odva_model_tables *tables = &reader->model->tables;
    const struct tensor_spec shift = {
        "scan.size_shift", ODVA_DTYPE_I8, 1, {sizeof(tables->size_shift)}};
    const struct tensor_spec delta = {"dequant.delta", ODVA_DTYPE_U8, 2, {ODVA_SYMBOL_CLASSES, 3}};
    const struct tensor_spec length = {
        "length.cdf",
        ODVA_DTYPE_I32,
        3,
        {ODVA_TILE_SIZES, ODVA_LENGTH_CLASSES, ODVA_LENGTH_CLASSES + 1}};
    const struct tensor_spec large = {
        "large.cdf", ODVA_DTYPE_I32, 2, {ODVA_LARGE_CONTEXTS, ODVA_LARGE_SYMBOLS + 1}};
    const struct tensor_spec symbol = {
        "symbol.cdf",
        ODVA_DTYPE_I32,
        4,
        {ODVA_SYMBOL_CLASSES, ODVA_SYMBOL_ACTIVITIES, ODVA_SYMBOL_NEIGHBOURS, ODVA_SYMBOLS + 1}};
    int status = ONEDVA_OK;

    for (int size = 0; size < ODVA_TILE_SIZES && status == ONEDVA_OK; size++)
        status = get_scan(reader, size);
    if (status < 0 || (status = get_bytes(reader, &shift, tables->size_shift)) < 0 ||
        (status = get_bytes(reader, &delta, tables->dequant_delta)) < 0 ||
        (status = get_cdfs(reader, &length, tables->length_cdf[0][0])) < 0 ||
        (status = get_weights(reader, tables->symbol_weight[0])) < 0 ||
        (status = get_cdfs(reader, &large, tables->large_cdf[0])) < 0)
        return status;
    return get_cdfs(reader, &symbol, tables->symbol_cdf[0][0][0]);
}

/* ---- opening ----------------------------------------------------------------------------- */

static int read_model(const struct reader *reader)
{
    struct onedva_model *model = reader->model;
    struct odva_model_weights *weights = model->weights;
    struct odva_safetensors_error error;
    int status =
        odva_safetensors_open(&weights->container, weights->file.data, weights->file.size, &error);

    if (status == ONEDVA_ERR_MODEL)
        return refuse(reader, "%s", error.text);
    if (status < 0 || (status = read_metadata(reader)) < 0 ||
        (status = get_linear_path(reader)) < 0 || (status = get_tables(reader)) < 0)
        return status;
    if (model->config.encoder_layers && (status = get_encoder(reader)) < 0)
        return status;
    if (model->config.decoder_layers && (status = get_decoder(reader)) < 0)
        return status;
    model->id = XXH64(weights->file.data, weights->file.size, 0);
    return ONEDVA_OK;
}

static int open_file(struct reader *reader)
{
    struct odva_mapped_file *file = &reader->model->weights->file;
    int error;

    if (!reader->path) {
        reader->path = getenv("ONEDVA_MODEL");
        if (!reader->path || !*reader->path) {
            reader->path = "(embedded)";
            file->data = odva_embedded_model;
            file->size = odva_embedded_model_end - odva_embedded_model;
            return ONEDVA_OK;
        }
    }
    error = odva_mapped_file_open(file, reader->path);
    if (error) {
        odva_log(reader->logger, ONEDVA_LOG_ERROR, "model %.200s: %s", reader->path,
                 error == EINVAL ? "not a file with contents" : strerror(error));
        return ONEDVA_ERR_IO;
    }
    return ONEDVA_OK;
}

int onedva_model_open(onedva_model **out, const char *path, const struct onedva_logger *logger)
{
    struct reader reader = {.path = path, .logger = logger};
    int status = ONEDVA_ERR_NOMEM;

    if (!out)
        return ONEDVA_ERR_ARGUMENT;
    *out = NULL;
    reader.model = calloc(1, sizeof(*reader.model));
    if (!reader.model)
        return ONEDVA_ERR_NOMEM;
    reader.model->shared = calloc(1, sizeof(*reader.model->shared));
    reader.model->weights = calloc(1, sizeof(*reader.model->weights));
    if (reader.model->weights)
        odva_model_devices_init(&reader.model->weights->devices);
    if (reader.model->shared && reader.model->weights)
        status = open_file(&reader);
    if (status == ONEDVA_OK)
        status = read_model(&reader);
    if (status < 0)
        onedva_model_close(&reader.model);
    *out = reader.model;
    return status;
}

static void free_shared(struct odva_model_shared *shared)
{
    struct odva_shared *scans = shared ? atomic_load(&shared->scans) : NULL;

    if (scans)
        scans->free(scans);
    free(shared);
}

void onedva_model_close(onedva_model **handle)
{
    struct onedva_model *model = handle ? *handle : NULL;

    if (!model)
        return;
    free_shared(model->shared);
    if (model->weights) {
        odva_model_devices_free(&model->weights->devices);
        free(model->weights->basis);
        free(model->weights->encoder.blocks);
        free(model->weights->decoder.blocks);
        odva_safetensors_close(&model->weights->container);
        odva_mapped_file_close(&model->weights->file);
        free(model->weights);
    }
    for (int size = 0; size < ODVA_TILE_SIZES; size++) {
        free(model->tables.scan_key[size]);
        free(model->tables.scan_scale[size]);
    }
    free(model);
    *handle = NULL;
}

void onedva_model_get_info(const onedva_model *model, struct onedva_model_info *info)
{
    *info = (struct onedva_model_info){
        .id = model->id,
        .name = model->name,
        .basis = model->config.basis,
        .max_tile_tokens = odva_tile_tokens(model->config.basis),
        .parameters = model->parameters,
        .has_query_encoder = model->config.encoder_layers > 0,
        .has_decoder = model->config.decoder_layers > 0,
    };
}
