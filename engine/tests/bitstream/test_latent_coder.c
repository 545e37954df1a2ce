/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/random_coder.h"

#define BASIS 6

/* The decoder holds each tile's first tokens, as many as max_tokens leaves it, and nothing else. */
static void assert_latents_equal(const struct coder *coder, int max_tokens)
{
    const struct odva_latents *sent = &coder->latents, *got = &coder->decoder.latents;

    assert_int_equal(got->qidx, sent->qidx);
    assert_int_equal(got->nested, 0);
    assert_int_equal(got->grid.tile_count, sent->grid.tile_count);
    for (int i = 0; i < sent->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &sent->tiles[i];
        const int limit = odva_token_limit(sent->grid.tiles[i].size, max_tokens);
        const int tokens = tile->tokens < limit ? tile->tokens : limit;
        const int count = odva_coefficients_of(tile, tokens);
        assert_int_equal(got->grid.tiles[i].size, sent->grid.tiles[i].size);
        assert_int_equal(got->tiles[i].tokens, tokens);
        assert_memory_equal(got->q + tile->offset, sent->q + tile->offset,
                            count * sizeof(*sent->q));
        for (int c = count; c < tile->coefficients; c++)
            assert_int_equal(got->q[tile->offset + c], 0);
    }
}

/* Whether layers of a refinement of one sweep, or a sweep that leaves nothing, have coded a
 * coefficient.
 */
static int must_be_coded(const struct coder *coder, const struct odva_latent_tile *tile, int layers,
                         int c)
{
    const struct odva_layer_range *last = &coder->layer_plan.layer[layers - 1];

    return last->threshold == 0 && c < odva_coefficients_of(tile, tile->length[layers - 1]);
}

/* The decoder holds what the first layers say: levels rounded towards 0 to the last refinement they
 * are of, those that it has not coded to the refinement before. */
static void assert_cut_latents_equal(const struct coder *coder, int layers)
{
    const struct odva_latents *sent = &coder->latents, *got = &coder->decoder.latents;
    const int last = coder->layer_plan.refinement[layers - 1],
              first = coder->layer_plan.layer[layers - 1].first;
    const int shift = coder->layer_plan.refinements - 1 - last;

    assert_int_equal(got->qidx, sent->qidx + 8 * shift);
    assert_int_equal(got->nested, shift);
    for (int i = 0; i < sent->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &sent->tiles[i];
        const int held = odva_coefficients_of(tile, odva_tokens_known(tile, first));
        for (int c = 0; c < tile->coefficients; c++) {
            const int32_t level = abs(sent->q[tile->offset + c]);
            const int is_coded = (got->seen[tile->offset + c] & ODVA_CODED) != 0;
            const int32_t expected = is_coded   ? level >> shift
                                     : c < held ? level >> (shift + 1) << 1
                                                : 0;
            assert_int_equal(abs(got->q[tile->offset + c]), expected);
            assert_true(is_coded || !must_be_coded(coder, tile, layers, c));
        }
    }
}

static void round_trip(struct coder *coder, struct random *random, int frames, int width,
                       int height, int max_tokens)
{
    const struct odva_byte_writer *packet = &coder->encoder.packet;
    struct onedva_clip clip;

    coder_encode(coder, random, frames, width, height);
    assert_int_equal(odva_packet_decoder_read(&coder->decoder, packet->data, packet->size, &clip),
                     ONEDVA_OK);
    assert_int_equal(clip.frames, frames);
    assert_int_equal(clip.layers, coder->layer_plan.count);
    assert_int_equal(clip.layers_decoded, clip.layers);
    assert_int_equal(clip.durations[frames - 1], 1);
    assert_int_equal(clip.stream.width, width);
    assert_latents_equal(coder, max_tokens > 0 ? max_tokens : INT32_MAX);
}

static void every_tile_shape(void **state)
{
    struct random random = {1};
    struct coder coder;

    (void)state;
    coder_open(&coder, 10, BASIS, 1, 0);
    for (int frames = 1; frames <= 16; frames += 3) {
        for (int height = 1; height <= 128; height += 16) {
            for (int width = 16; width <= 128; width += 16)
                round_trip(&coder, &random, frames, width, height, 0);
        }
    }
    round_trip(&coder, &random, 16, 300, 270, 0);
    coder_close(&coder);
}

static void every_layer_count(void **state)
{
    struct random random = {2};
    struct coder coder;

    (void)state;
    for (int layers = 1; layers <= 16; layers++) {
        coder_open(&coder, 20 + layers, BASIS, layers, 0);
        round_trip(&coder, &random, 16, 140, 130, 0);
        assert_in_range(coder.layer_plan.count, layers < 4 ? 1 : 2, layers);
        round_trip(&coder, &random, 3, 300, 16, 0);
        round_trip(&coder, &random, 1, 1, 1, 0);
        coder_close(&coder);
    }
}

static void every_max_tokens(void **state)
{
    struct random random = {3};
    struct coder coder;

    (void)state;
    for (int max_tokens = 1; max_tokens <= 8 * BASIS + 1; max_tokens++) {
        coder_open(&coder, 50 + max_tokens, BASIS, 1 + max_tokens % 5, max_tokens);
        round_trip(&coder, &random, 16, 260, 140, max_tokens);
        coder_close(&coder);
    }
}

static void largest_basis(void **state)
{
    struct random random = {4};
    struct coder coder;

    (void)state;
    coder_open(&coder, 90, ODVA_MOST_COEFS, 12, 0);
    do
        round_trip(&coder, &random, 16, 128, 128, 0);
    while (coder.latents.basis < ODVA_MOST_COEFS);
    coder_close(&coder);
}

/* Cut behind each layer. */
static void dropped_layers(void **state)
{
    struct random random = {5};
    struct coder coder;
    struct onedva_clip clip;

    (void)state;
    coder_open(&coder, 100, BASIS, 6, 0);
    for (int run = 0; run < 20; run++) {
        const struct odva_byte_writer *packet = &coder.encoder.packet;
        size_t size;
        coder_encode(&coder, &random, 16, 260, 140);
        size = packet->size - coder.encoder.payloads.size;
        for (size_t cut = size; cut <= packet->size; cut++) {
            const int status = odva_packet_decoder_read(&coder.decoder, packet->data, cut, &clip);
            assert_int_equal(clip.frames, 16);
            assert_int_equal(status, clip.layers_decoded ? ONEDVA_OK : ONEDVA_ERR_DATA);
            if (clip.layers_decoded && cut % 64 == 0)
                assert_cut_latents_equal(&coder, clip.layers_decoded);
        }
        assert_int_equal(clip.layers_decoded, coder.layer_plan.count);
    }
    coder_close(&coder);
}

static void truncated_headers(void **state)
{
    struct random random = {6};
    struct coder coder;
    struct onedva_clip clip;

    (void)state;
    coder_open(&coder, 110, BASIS, 4, 0);
    coder_encode(&coder, &random, 5, 100, 100);
    for (size_t cut = 0; cut < coder.encoder.packet.size - coder.encoder.payloads.size; cut++) {
        assert_int_equal(
            odva_packet_decoder_read(&coder.decoder, coder.encoder.packet.data, cut, &clip),
            ONEDVA_ERR_DATA);
        assert_int_equal(clip.frames, 0);
        assert_int_equal(coder.decoder.frames, 0);
    }
    coder_close(&coder);
}

static void durations(void **state)
{
    static const uint32_t wanted[4] = {1, 500, UINT32_MAX, 3}, zero[4] = {1, 0, 1, 1};
    struct random random = {7};
    struct coder coder;
    struct onedva_clip clip;

    (void)state;
    coder_open(&coder, 120, BASIS, 1, 0);
    coder_encode(&coder, &random, 4, 20, 20);
    odva_packet_encoder_write(&coder.encoder, &coder.latents, &coder.layer_plan, NULL,
                              &coder.stream, wanted);
    assert_int_equal(odva_packet_decoder_read(&coder.decoder, coder.encoder.packet.data,
                                              coder.encoder.packet.size, &clip),
                     ONEDVA_OK);
    assert_memory_equal(clip.durations, wanted, sizeof(wanted));
    odva_packet_encoder_write(&coder.encoder, &coder.latents, &coder.layer_plan, NULL,
                              &coder.stream, zero);
    assert_int_equal(odva_packet_decoder_read(&coder.decoder, coder.encoder.packet.data,
                                              coder.encoder.packet.size, &clip),
                     ONEDVA_ERR_DATA);
    coder.stream.frame_duration = 0;
    odva_packet_encoder_write(&coder.encoder, &coder.latents, &coder.layer_plan, NULL,
                              &coder.stream, zero);
    assert_int_equal(odva_packet_decoder_read(&coder.decoder, coder.encoder.packet.data,
                                              coder.encoder.packet.size, &clip),
                     ONEDVA_OK);
    coder_close(&coder);
}

static void remember_message(void *opaque, enum onedva_log_level level, const char *message)
{
    char *last = opaque;

    assert_int_equal(level, ONEDVA_LOG_ERROR);
    assert_true(strlen(message) < 300);
    strcpy(last, message);
}

static void refused_streams(void **state)
{
    struct random random = {8};
    struct coder coder;
    struct onedva_clip clip;
    char message[300] = "";
    const uint8_t *data;
    size_t size;

    (void)state;
    coder_open(&coder, 130, BASIS, 1, 0);
    coder.decoder.logger = (struct onedva_logger){remember_message, message};
    coder_encode(&coder, &random, 2, 30, 30);
    odva_packet_encoder_write(&coder.encoder, &coder.latents, &coder.layer_plan, NULL, NULL, NULL);
    data = coder.encoder.packet.data;
    size = coder.encoder.packet.size;
    assert_int_equal(odva_packet_decoder_read(&coder.decoder, data, size, &clip),
                     ONEDVA_ERR_NO_HEADER);
    assert_int_equal(clip.frames, 2);

    coder.model->id = UINT64_C(0xFEDCBA9876540000);
    assert_int_equal(odva_packet_decoder_read(&coder.decoder, data, size, &clip),
                     ONEDVA_ERR_MODEL_MISMATCH);
    assert_non_null(strstr(message, "fedcba9876540000 (random)"));
    coder.stream.model_id = UINT64_C(0x0123456789ABCDEF);
    odva_packet_encoder_write(&coder.encoder, &coder.latents, &coder.layer_plan, NULL,
                              &coder.stream, NULL);
    data = coder.encoder.packet.data;
    size = coder.encoder.packet.size;
    assert_int_equal(odva_packet_decoder_read(&coder.decoder, data, size, &clip),
                     ONEDVA_ERR_MODEL_MISMATCH);
    assert_non_null(strstr(message, "0123456789abcdef"));
    assert_non_null(strstr(message, "fedcba9876540000 (random)"));
    assert_false(coder.decoder.has_stream);

    coder.model->id = coder.stream.model_id;
    odva_packet_encoder_write(&coder.encoder, &coder.latents, &coder.layer_plan, NULL,
                              &coder.stream, NULL);
    data = coder.encoder.packet.data;
    size = coder.encoder.packet.size;
    coder.decoder.max_pixels = 899;
    assert_int_equal(odva_packet_decoder_read(&coder.decoder, data, size, &clip), ONEDVA_ERR_LIMIT);
    assert_non_null(strstr(message, "30x30"));
    coder.decoder.max_pixels = 900;
    assert_int_equal(odva_packet_decoder_read(&coder.decoder, data, size, &clip), ONEDVA_OK);
    coder_close(&coder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tile_shape), cmocka_unit_test(every_layer_count),
        cmocka_unit_test(every_max_tokens), cmocka_unit_test(largest_basis),
        cmocka_unit_test(dropped_layers),   cmocka_unit_test(truncated_headers),
        cmocka_unit_test(durations),        cmocka_unit_test(refused_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
