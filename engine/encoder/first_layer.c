/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/first_layer.h"

#include <stdlib.h>

#include "base/reserve.h"

static int open_decoder(struct odva_first_layer *layer, const struct onedva_model *model,
                        struct odva_scan_cache *scans, const struct onedva_stream *stream)
{
    const struct onedva_logger silent = {0};
    int status = ONEDVA_OK;

    if (!layer->decoder.model)
        status = odva_packet_decoder_init(&layer->decoder, model, scans, 0, 0, &silent);
    layer->decoder.stream = *stream;
    layer->decoder.has_stream = 1;
    return status;
}

int odva_first_layer_read(struct odva_first_layer *layer, const struct onedva_model *model,
                          struct odva_scan_cache *scans, const struct onedva_stream *stream,
                          const uint8_t *data, size_t size, const struct odva_latents **latents)
{
    struct onedva_clip clip;
    size_t first_size;
    int status = open_decoder(layer, model, scans, stream);

    layer->packet = odva_reserve(layer->packet, &layer->capacity, size, 1);
    if (!layer->packet)
        return ONEDVA_ERR_NOMEM;
    if (status == ONEDVA_OK)
        status = onedva_packet_truncate(data, size, 1, layer->packet, &first_size);
    if (status == ONEDVA_OK)
        status = odva_packet_decoder_read(&layer->decoder, layer->packet, first_size, &clip);
    *latents = &layer->decoder.latents;
    return status;
}

void odva_first_layer_free(struct odva_first_layer *layer)
{
    if (layer->decoder.model)
        odva_packet_decoder_free(&layer->decoder);
    free(layer->packet);
    *layer = (struct odva_first_layer){0};
}
