/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "generate/prior.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/layout.h"
#include "base/log.h"
#include "model/tensor_reader.h"

#define FORMAT      1
#define MAX_LAYERS  64
#define MAX_SIDE    1024
#define MAX_TOKENS  4096 /* of a clip */
#define MAX_CLASSES 1000
#define SCALARS     2 /* time, share of the tokens */
#define SUPERBLOCK  ONEDVA_SUPERBLOCK_SIZE

extern const unsigned char odva_embedded_prior[], odva_embedded_prior_end[];

/** A prior on its way in. */
struct reader {
    struct onedva_prior *prior;
    struct odva_tensor_reader in;
};

/* ---- metadata ---------------------------------------------------------------------------- */

static int read_name(const struct reader *reader, const cJSON *json)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "name"));
    struct onedva_prior *prior = reader->prior;

    if (!name || !*name || strlen(name) >= sizeof(prior->name))
        return odva_refuse_file(&reader->in, "metadata: name must be a text of 1 to %d bytes",
                                (int)sizeof(prior->name) - 1);
    memcpy(prior->name, name, strlen(name) + 1);
    return ONEDVA_OK;
}

static int read_classes(const struct reader *reader, const cJSON *json)
{
    const cJSON *classes = cJSON_GetObjectItemCaseSensitive(json, "classes");
    const int count = cJSON_IsArray(classes) ? cJSON_GetArraySize(classes) : -1;
    struct onedva_prior *prior = reader->prior;
    const cJSON *name;
    int i = 0;

    if (count < 0 || count > MAX_CLASSES)
        return odva_refuse_file(&reader->in, "metadata: classes must be a list of up to %d names",
                                MAX_CLASSES);
    prior->class_names = calloc(count + 1, sizeof(*prior->class_names));
    if (!prior->class_names)
        return ONEDVA_ERR_NOMEM;
    prior->config.classes = count;
    cJSON_ArrayForEach(name, classes)
    {
        if (!cJSON_IsString(name))
            return odva_refuse_file(&reader->in, "metadata: class %d has no name", i);
        prior->class_names[i] = strdup(name->valuestring);
        if (!prior->class_names[i++])
            return ONEDVA_ERR_NOMEM;
    }
    return ONEDVA_OK;
}

static int read_sizes(const struct reader *reader, const cJSON *json)
{
    struct odva_prior_config *config = &reader->prior->config;
    const struct odva_tensor_reader *in = &reader->in;
    int status, format, across;

    if ((status = odva_read_size(in, json, "format", FORMAT, FORMAT, &format)) < 0 ||
        (status = odva_read_width(in, json, &config->width, &config->head_dim)) < 0 ||
        (status = odva_read_size(in, json, "layers", 1, MAX_LAYERS, &config->layers)) < 0 ||
        (status = odva_read_size(in, json, "side", 1, MAX_SIDE, &config->side)) < 0 ||
        (status =
             odva_read_size(in, json, "qidx", ONEDVA_MIN_QIDX, ONEDVA_MAX_QIDX, &config->qidx)) < 0)
        return status;
    across = (config->side + SUPERBLOCK - 1) / SUPERBLOCK;
    config->tiles = across * across;
    if ((status = odva_read_size(in, json, "tiles", config->tiles, config->tiles, &config->tiles)) <
        0)
        return status;
    return odva_read_size(in, json, "length", 1, MAX_TOKENS / config->tiles, &config->length);
}

static int read_metadata(const struct reader *reader)
{
    const char *text = odva_safetensors_metadata(reader->in.container, "onedva-prior");
    cJSON *json;
    int status;

    if (!text)
        return odva_refuse_file(&reader->in, "not a prior of One-DVA: no metadata "
                                             "\"onedva-prior\"");
    json = cJSON_Parse(text);
    if (!cJSON_IsObject(json))
        status =
            odva_refuse_file(&reader->in, "metadata: \"onedva-prior\" must hold a JSON object");
    else if ((status = read_name(reader, json)) == ONEDVA_OK &&
             (status = odva_read_id(&reader->in, json, "model_id",
                                    &reader->prior->config.model_id)) == ONEDVA_OK &&
             (status = read_sizes(reader, json)) == ONEDVA_OK)
        status = read_classes(reader, json);
    cJSON_Delete(json);
    return status;
}

/* ---- tensors ----------------------------------------------------------------------------- */

static int read_tensors(const struct reader *reader)
{
    const struct odva_prior_config *config = &reader->prior->config;
    struct odva_prior_tensors *tensors = &reader->prior->tensors;
    const struct odva_tensor_reader *in = &reader->in;
    const int d = config->width, token = ODVA_LATENT_TOKEN;
    const int rows = config->classes + 1 + 2 * config->tiles * config->length;
    int status;

    if ((status = odva_read_weight(in, "token", ".weight", d, token, &tensors->token.weight)) < 0 ||
        (status = odva_read_weight(in, "embed", "", rows, d, &tensors->embed)) < 0 ||
        (status = odva_read_weight(in, "scale", "", config->length, token, &tensors->scale)) < 0 ||
        (status = odva_read_conditioning(in, d, "", SCALARS, &tensors->cond)) < 0 ||
        (status = odva_read_blocks(in, d, "", config->layers, &tensors->blocks)) < 0 ||
        (status = odva_read_linear(in, "", "final", 2 * d, d, &tensors->final)) < 0)
        return status;
    return odva_read_linear(in, "", "out", token, d, &tensors->out);
}

/* ---- opening ----------------------------------------------------------------------------- */

static int read_prior(struct reader *reader)
{
    struct onedva_prior *prior = reader->prior;
    int status =
        odva_read_file(&reader->in, &prior->file, odva_embedded_prior, odva_embedded_prior_end);

    if (status < 0 ||
        (status = odva_read_container(&reader->in, &prior->container, &prior->file)) < 0 ||
        (status = read_metadata(reader)) < 0)
        return status;
    return read_tensors(reader);
}

int onedva_prior_open(onedva_prior **out, const char *path, const struct onedva_logger *logger)
{
    struct reader reader = {.in = {.kind = "prior", .path = path, .logger = logger}};
    int status;

    if (!out)
        return ONEDVA_ERR_ARGUMENT;
    *out = NULL;
    reader.prior = calloc(1, sizeof(*reader.prior));
    if (!reader.prior)
        return ONEDVA_ERR_NOMEM;
    odva_model_devices_init(&reader.prior->devices, NULL);
    if (logger)
        reader.prior->logger = *logger;
    reader.in.parameters = &reader.prior->parameters;
    status = read_prior(&reader);
    if (status < 0)
        onedva_prior_close(&reader.prior);
    *out = reader.prior;
    return status;
}

void onedva_prior_close(onedva_prior **handle)
{
    struct onedva_prior *prior = handle ? *handle : NULL;

    if (!prior)
        return;
    odva_model_devices_free(&prior->devices);
    for (int i = 0; i < prior->config.classes && prior->class_names; i++)
        free(prior->class_names[i]);
    free(prior->class_names);
    free(prior->tensors.blocks);
    odva_safetensors_close(&prior->container);
    odva_mapped_file_close(&prior->file);
    free(prior);
    *handle = NULL;
}

void onedva_prior_get_info(const onedva_prior *prior, struct onedva_prior_info *info)
{
    *info = (struct onedva_prior_info){
        .model_id = prior->config.model_id,
        .name = prior->name,
        .width = prior->config.side,
        .height = prior->config.side,
        .frames = ODVA_PRIOR_FRAMES,
        .max_tokens = prior->config.length,
        .classes = prior->config.classes,
        .parameters = prior->parameters,
    };
}

const char *onedva_prior_class(const onedva_prior *prior, int index)
{
    return index >= 0 && index < prior->config.classes ? prior->class_names[index] : NULL;
}

int onedva_prior_find_class(const onedva_prior *prior, const char *name)
{
    char list[512] = "none";
    size_t used = 0;

    for (int i = 0; i < prior->config.classes; i++) {
        if (!strcmp(prior->class_names[i], name))
            return i;
        if (used < sizeof(list))
            used += snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
                             prior->class_names[i]);
    }
    odva_log(&prior->logger, ONEDVA_LOG_ERROR, "prior %s has no class %.64s; it has %s",
             prior->name, name, list);
    return ONEDVA_ERR_ARGUMENT;
}
