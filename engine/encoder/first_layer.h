/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The latents that a decoder has of a packet's first layer: what inter clips are predicted from. */
#ifndef ODVA_FIRST_LAYER_H
#define ODVA_FIRST_LAYER_H

#include "bitstream/packet_decoder.h"

/** Zero-initialised it is closed. */
struct odva_first_layer {
    struct odva_packet_decoder decoder;
    uint8_t *packet; /* cut to that layer */
    size_t capacity;
};

/**
 * @param data    a packet that this library made
 * @param latents owned by layer, valid until the next call
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_first_layer_read(struct odva_first_layer *layer, const struct onedva_model *model,
                          struct odva_scan_cache *scans, const struct onedva_stream *stream,
                          const uint8_t *data, size_t size, const struct odva_latents **latents);
void odva_first_layer_free(struct odva_first_layer *layer);

#endif
