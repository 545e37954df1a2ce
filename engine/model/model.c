/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/model.h"

#include <cjson/cJSON.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/integers.h"
#include "base/layout.h"
#include "base/log.h"
#include "model/model_weights.h"
#include "model/tensor_reader.h"

#define FORMAT      2
#define MAX_BLOCKS  64
#define MAX_QUERIES 2048 /* and registers */

extern const unsigned char odva_embedded_model[], odva_embedded_model_end[];

/** A model on its way in. */
struct reader {
    struct onedva_model *model;
    struct odva_tensor_reader in;
};

/* ---- metadata ---------------------------------------------------------------------------- */

static int read_sizes(const struct reader *reader, const cJSON *json)
{
    struct odva_model_config *config = &reader->model->config;
    int status, format;

    if ((status = odva_read_size(&reader->in, json, "format", FORMAT, FORMAT, &format)) < 0 ||
        (status = odva_read_width(&reader->in, json, &config->width, &config->head_dim)) < 0 ||
        (status = odva_read_size(&reader->in, json, "encoder_layers", 0, MAX_BLOCKS,
                                 &config->encoder_layers)) < 0 ||
        (status = odva_read_size(&reader->in, json, "decoder_layers", 0, MAX_BLOCKS,
                                 &config->decoder_layers)) < 0 ||
        (status = odva_read_size(&reader->in, json, "queries", config->encoder_layers > 0,
                                 MAX_QUERIES, &config->queries)) < 0 ||
        (status = odva_read_size(&reader->in, json, "registers", config->decoder_layers > 0,
                                 MAX_QUERIES, &config->registers)) < 0)
        return status;
    return ONEDVA_OK;
}

/* Where the file names none it is that of its bytes. */
static int read_id(const struct reader *reader, const cJSON *json)
{
    const struct odva_mapped_file *file = &reader->model->weights->file;

    reader->model->id = XXH64(file->data, file->size, 0);
    if (!cJSON_HasObjectItem(json, "id"))
        return ONEDVA_OK;
    return odva_read_id(&reader->in, json, "id", &reader->model->id);
}

static int read_config(const struct reader *reader, const cJSON *json)
{
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(json, "sampler_start");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "name"));
    struct onedva_model *model = reader->model;
    int status;

    if (!cJSON_IsObject(json))
        return odva_refuse_file(&reader->in, "metadata: \"onedva\" must hold a JSON object");
    if (!name || !*name || strlen(name) >= sizeof(model->name))
        return odva_refuse_file(&reader->in, "metadata: name must be a text of 1 to %d bytes",
                                (int)sizeof(model->name) - 1);
    memcpy(model->name, name, strlen(name) + 1);
    if (!cJSON_IsNumber(start) || !(start->valuedouble >= 0 && start->valuedouble <= 0.99))
        return odva_refuse_file(&reader->in,
                                "metadata: sampler_start must be a number from 0 to 0.99");
    model->weights->sampler_start = (float)start->valuedouble;
    if ((status = read_id(reader, json)) < 0)
        return status;
    return read_sizes(reader, json);
}

static int read_metadata(const struct reader *reader)
{
    const char *text = odva_safetensors_metadata(&reader->model->weights->container, "onedva");
    cJSON *json;
    int status;

    if (!text)
        return odva_refuse_file(&reader->in, "not a One-DVA model: no metadata \"onedva\"");
    json = cJSON_Parse(text);
    status = read_config(reader, json);
    cJSON_Delete(json);
    return status;
}

/* ---- tensors ----------------------------------------------------------------------------- */

static int get_encoder(const struct reader *reader)
{
    const struct odva_model_config *config = &reader->model->config;
    struct odva_encoder_tensors *enc = &reader->model->weights->encoder;
    const int d = config->width;
    int status;

    if ((status = odva_read_linear(&reader->in, "enc.", "patch", d, ODVA_PATCH_SAMPLES,
                                   &enc->patch)) < 0 ||
        (status = odva_read_linear(&reader->in, "enc.", "query", d, ODVA_LATENT_TOKEN,
                                   &enc->query)) < 0 ||
        (status = odva_read_weight(&reader->in, "enc.", "embed", config->queries, d, &enc->embed)) <
            0 ||
        (status = odva_read_conditioning(&reader->in, d, "enc.", 1, &enc->cond)) < 0 ||
        (status = odva_read_blocks(&reader->in, d, "enc.", config->encoder_layers, &enc->blocks)) <
            0)
        return status;
    return odva_read_linear(&reader->in, "enc.", "out", ODVA_LATENT_TOKEN, d, &enc->out);
}

static int get_decoder(const struct reader *reader)
{
    const struct odva_model_config *config = &reader->model->config;
    struct odva_decoder_tensors *dec = &reader->model->weights->decoder;
    const int d = config->width;
    int status;

    if ((status = odva_read_linear(&reader->in, "dec.", "patch", d, ODVA_PATCH_SAMPLES,
                                   &dec->patch)) < 0 ||
        (status = odva_read_weight(&reader->in, "dec.", "noise.weight", d, ODVA_PATCH_SAMPLES,
                                   &dec->noise.weight)) < 0 ||
        (status = odva_read_weight(&reader->in, "dec.", "registers", config->registers, d,
                                   &dec->registers)) < 0 ||
        (status = odva_read_conditioning(&reader->in, d, "dec.", 3, &dec->cond)) < 0 ||
        (status = odva_read_blocks(&reader->in, d, "dec.", config->decoder_layers, &dec->blocks)) <
            0 ||
        (status = odva_read_linear(&reader->in, "dec.", "final", 2 * d, d, &dec->final)) < 0)
        return status;
    return odva_read_linear(&reader->in, "dec.", "out", ODVA_PATCH_SAMPLES, d, &dec->out);
}

/* ---- integer tables ---------------------------------------------------------------------- */

static int get_bytes(const struct reader *reader, const struct odva_tensor_spec *spec, void *dst)
{
    const struct odva_tensor *tensor;
    const int status = odva_read_tensor(&reader->in, spec, &tensor);

    if (status == ONEDVA_OK)
        memcpy(dst, tensor->data, tensor->bytes);
    return status;
}

/* Numbers that must all be low .. high. */
static int get_shorts(const struct reader *reader, const struct odva_tensor_spec *spec, int low,
                      int high, int16_t *dst)
{
    const struct odva_tensor *tensor;
    const int status = odva_read_tensor(&reader->in, spec, &tensor);

    if (status < 0)
        return status;
    for (int64_t i = 0; i < tensor->count; i++) {
        dst[i] = odva_tensor_int16(tensor, i);
        if (dst[i] < low || dst[i] > high)
            return odva_refuse_file(&reader->in, "tensor %s: number %lld is not in %d..%d",
                                    spec->name, (long long)i, low, high);
    }
    return ONEDVA_OK;
}

/* How many vectors each detail has of each band: never fewer than the detail before. */
static int get_bands(const struct reader *reader)
{
    const struct odva_tensor_spec spec = {
        "linear.bands", ODVA_DTYPE_I32, 2, {ODVA_DETAILS, ODVA_BANDS}};
    struct odva_bands *bands = reader->model->tables.bands;
    const struct odva_tensor *tensor;
    const int status = odva_read_tensor(&reader->in, &spec, &tensor);

    if (status < 0)
        return status;
    for (int i = 0; i < ODVA_DETAILS * ODVA_BANDS; i++) {
        const int d = i / ODVA_BANDS, b = i % ODVA_BANDS;
        const int32_t count = odva_tensor_int32(tensor, i);

        if (count < (d ? bands[d - 1].count[b] : 0) || count > ODVA_FRAME_SAMPLES)
            return odva_refuse_file(
                &reader->in, "tensor linear.bands: number %d of detail %d falls or is above %d", b,
                d, ODVA_FRAME_SAMPLES);
        bands[d].count[b] = count;
        bands[d].basis += count;
        reader->model->weights->vectors = odva_max(reader->model->weights->vectors, count);
    }
    if (bands[0].basis == 0)
        return odva_refuse_file(&reader->in, "tensor linear.bands: detail 0 has no vector");
    reader->model->config.basis = bands[ODVA_DETAILS - 1].basis;
    return ONEDVA_OK;
}

static int get_linear_path(const struct reader *reader)
{
    struct odva_model_weights *weights = reader->model->weights;
    int status = get_bands(reader);
    const struct odva_tensor_spec mean = {"linear.mean", ODVA_DTYPE_I16, 1, {ODVA_FRAME_SAMPLES}};
    const struct odva_tensor_spec basis = {
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
    struct odva_tensor_spec key = {key_name, ODVA_DTYPE_U8, 4, {0}};
    struct odva_tensor_spec scale = {scale_name, ODVA_DTYPE_I8, 4, {0}};
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
static int get_cdfs(const struct reader *reader, const struct odva_tensor_spec *spec, uint16_t *dst)
{
    const int64_t length = spec->shape[spec->rank - 1];
    const struct odva_tensor *tensor;
    const int status = odva_read_tensor(&reader->in, spec, &tensor);

    if (status < 0)
        return status;
    for (int64_t i = 0; i < tensor->count; i++) {
        const int32_t v = odva_tensor_int32(tensor, i);
        const int64_t column = i % length;

        if (v < 0 || v > ODVA_CDF_TOTAL || (column == 0 && v != 0) ||
            (column == length - 1 && v != ODVA_CDF_TOTAL) || (column > 0 && v <= dst[i - 1]))
            return odva_refuse_file(&reader->in,
                                    "tensor %s: row %lld does not rise strictly from 0 to %d",
                                    spec->name, (long long)(i / length), ODVA_CDF_TOTAL);
        dst[i] = (uint16_t)v;
    }
    return ONEDVA_OK;
}

static int get_weights(const struct reader *reader, int16_t *dst)
{
    const struct odva_tensor_spec spec = {
        "symbol.weight", ODVA_DTYPE_I32, 2, {ODVA_PREDICTOR_WEIGHTS, ODVA_PREDICTOR_DECISIONS}};
    const struct odva_tensor *tensor;
    const int status = odva_read_tensor(&reader->in, &spec, &tensor);

    if (status < 0)
        return status;
    for (int64_t i = 0; i < tensor->count; i++) {
        const int32_t v = odva_tensor_int32(tensor, i);

        if (v < -INT16_MAX || v > INT16_MAX)
            return odva_refuse_file(&reader->in,
                                    "tensor symbol.weight: number %lld is not in -%d..%d",
                                    (long long)i, INT16_MAX, INT16_MAX);
        dst[i] = (int16_t)v;
    }
    return ONEDVA_OK;
}

static int get_tables(const struct reader *reader)
{
    struct odva_model_tables *tables = &reader->model->tables;
    const struct odva_tensor_spec shift = {
        "scan.size_shift", ODVA_DTYPE_I8, 1, {sizeof(tables->size_shift)}};
    const struct odva_tensor_spec delta = {
        "dequant.delta", ODVA_DTYPE_U8, 2, {ODVA_SYMBOL_CLASSES, 3}};
    const struct odva_tensor_spec length = {
        "length.cdf",
        ODVA_DTYPE_I32,
        3,
        {ODVA_TILE_SIZES, ODVA_LENGTH_CLASSES, ODVA_LENGTH_CLASSES + 1}};
    const struct odva_tensor_spec large = {
        "large.cdf", ODVA_DTYPE_I32, 2, {ODVA_LARGE_CONTEXTS, ODVA_LARGE_SYMBOLS + 1}};
    const struct odva_tensor_spec symbol = {
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

static int read_model(struct reader *reader)
{
    struct onedva_model *model = reader->model;
    struct odva_model_weights *weights = model->weights;
    int status = odva_read_container(&reader->in, &weights->container, &weights->file);

    if (status < 0 || (status = read_metadata(reader)) < 0 ||
        (status = get_linear_path(reader)) < 0 || (status = get_tables(reader)) < 0)
        return status;
    if (model->config.encoder_layers && (status = get_encoder(reader)) < 0)
        return status;
    if (model->config.decoder_layers && (status = get_decoder(reader)) < 0)
        return status;
    return ONEDVA_OK;
}

static int open_file(struct reader *reader)
{
    struct odva_mapped_file *file = &reader->model->weights->file;
    const char *named = getenv("ONEDVA_MODEL");

    if (!reader->in.path && named && *named)
        reader->in.path = named;
    return odva_read_file(&reader->in, file, odva_embedded_model, odva_embedded_model_end);
}

int onedva_model_open(onedva_model **out, const char *path, const struct onedva_logger *logger)
{
    struct reader reader = {.in = {.kind = "model", .path = path, .logger = logger}};
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
        odva_model_devices_init(&reader.model->weights->devices, reader.model->weights);
    reader.in.parameters = &reader.model->parameters;
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
