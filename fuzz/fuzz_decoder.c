/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets to pixels. The first byte of an input is settings, the rest is packets. */
#include <string.h>

#include "fuzz.h"
#include "same_stream.h"

#define MAX_PIXELS      (1 << 14)
#define LINEAR_SAMPLES  (1 << 20) /* of all canvases of a clip that are reconstructed at all */
#define NETWORK_SAMPLES (1 << 17) /* the same where the network runs */
#define SET_HEADER      0x80      /* bits of the first byte */
#define HEUN            0x40
#define BITEXACT        0x20
#define FEW_TOKENS      0x10
#define SMOOTH          0x08
#define AHEAD           0x04
#define COARSE          3 /* of the last two bits, which are the steps otherwise */
#define MAX_PACKETS     16

/* What became of an input. */
struct outcome {
    int packets;
    int status[MAX_PACKETS];
    struct onedva_clip clip[MAX_PACKETS];
    uint64_t pixels[MAX_PACKETS];
};

static int steps_of(int options)
{
    return (options & 3) == COARSE ? 1 : options & 3;
}

static onedva_decoder *open_decoder(int options)
{
    struct onedva_decoder_settings settings;
    onedva_decoder *decoder;

    onedva_decoder_settings_default(&settings);
    settings.steps = steps_of(options);
    settings.sampler = options & HEUN ? ONEDVA_SAMPLER_HEUN : ONEDVA_SAMPLER_EULER;
    settings.bitexact = !!(options & BITEXACT);
    settings.precision =
        (options & 3) == COARSE ? ONEDVA_PRECISION_INT8 : ONEDVA_PRECISION_BFLOAT16;
    settings.max_tokens = options & FEW_TOKENS ? 7 : 0;
    settings.smooth_clips = !!(options & SMOOTH);
    settings.max_pixels = MAX_PIXELS;
    settings.max_depth = ONEDVA_MAX_DEPTH;
    settings.threads = options & AHEAD ? 2 : 1;
    FUZZ_CHECK(onedva_decoder_open(&decoder, fuzz_model(), &settings) == ONEDVA_OK);
    return decoder;
}

/* Whether a clip is small enough for its pixels to be worth the time. */
static int is_small(onedva_decoder *decoder, const struct onedva_clip *clip, int steps)
{
    struct onedva_mesh mesh;
    const int status = onedva_decoder_get_mesh(decoder, &mesh);

    FUZZ_CHECK(status == ONEDVA_OK);
    FUZZ_CHECK(mesh.canvas_width >= (int)clip->stream.width &&
               mesh.canvas_height >= (int)clip->stream.height);
    return (int64_t)mesh.canvas_width * mesh.canvas_height * clip->frames *
               (steps > 0 ? steps : 1) <=
           (steps > 0 ? NETWORK_SAMPLES : LINEAR_SAMPLES);
}

/* A frame of a clip that was read, or nothing. */
static void check_frame(const struct onedva_clip *clip)
{
    FUZZ_CHECK(clip->frames == 0 || clip->frames == 1);
    FUZZ_CHECK(clip->frame >= clip->frames && clip->frame < ONEDVA_MAX_CLIP_FRAMES);
}

static void check_clip(const struct onedva_clip *clip)
{
    FUZZ_CHECK(clip->frames >= 1 && clip->frames <= ONEDVA_MAX_CLIP_FRAMES);
    FUZZ_CHECK(!clip->is_key || !clip->is_corrupt);
    FUZZ_CHECK(clip->layers >= 1 && clip->layers <= ONEDVA_MAX_LAYERS);
    FUZZ_CHECK(clip->layers_decoded >= 1 && clip->layers_decoded <= clip->layers);
    FUZZ_CHECK(clip->qidx >= ONEDVA_MIN_QIDX && clip->qidx <= ONEDVA_MAX_QIDX);
    FUZZ_CHECK(clip->tokens >= 0 && clip->coefficients >= clip->tokens &&
               clip->coefficients <= 32 * clip->tokens);
    FUZZ_CHECK((int64_t)clip->stream.width * clip->stream.height <= MAX_PIXELS);
}

/* @return a hash of the pixels, 0 where they are too many */
static uint64_t reconstruct(onedva_decoder *decoder, const struct onedva_clip *clip, int steps)
{
    struct fuzz_clip pictures;
    uint64_t hash;

    if (!is_small(decoder, clip, steps))
        return 0;
    fuzz_clip_alloc(&pictures, clip->frames, (int)clip->stream.width, (int)clip->stream.height,
                    (int)clip->stream.depth);
    FUZZ_CHECK(onedva_decoder_reconstruct(decoder, pictures.picture, clip->frames) == ONEDVA_OK);
    hash = fuzz_clip_hash(&pictures);
    fuzz_clip_free(&pictures);
    return hash;
}

/* Announce as many packets as the decoder has room for. */
static void announce(onedva_decoder *decoder, struct odva_byte_reader ahead)
{
    const uint8_t *packet;
    size_t size;

    while ((packet = fuzz_next_packet(&ahead, &size)) &&
           onedva_decoder_announce_packet(decoder, packet, size))
        ;
}

static void decode(int options, struct odva_byte_reader input, int ahead, struct outcome *outcome)
{
    onedva_decoder *decoder = open_decoder(options);
    const uint8_t *packet;
    size_t size;

    memset(outcome, 0, sizeof(*outcome));
    if (options & SET_HEADER && (packet = fuzz_next_packet(&input, &size)))
        onedva_decoder_set_stream_header(decoder, packet, size);
    if (ahead)
        announce(decoder, input);
    while (outcome->packets < MAX_PACKETS && (packet = fuzz_next_packet(&input, &size))) {
        const int i = outcome->packets++;
        outcome->status[i] = onedva_decoder_read_packet(decoder, packet, size, &outcome->clip[i]);
        FUZZ_CHECK(outcome->clip[i].frames >= 0 &&
                   outcome->clip[i].frames <= ONEDVA_MAX_CLIP_FRAMES);
        if (outcome->status[i] < 0)
            continue;
        if (outcome->clip[i].kind == ONEDVA_PACKET_FRAME) {
            check_frame(&outcome->clip[i]);
            continue;
        }
        check_clip(&outcome->clip[i]);
        if (ahead)
            announce(decoder, input);
        outcome->pixels[i] = reconstruct(decoder, &outcome->clip[i], steps_of(options));
    }
    onedva_decoder_close(&decoder);
}

static int same_clip(const struct onedva_clip *a, const struct onedva_clip *b)
{
    return a->kind == b->kind && a->frame == b->frame && a->frames == b->frames &&
           a->is_key == b->is_key && a->is_corrupt == b->is_corrupt &&
           !memcmp(a->durations, b->durations, sizeof(a->durations)) && a->qidx == b->qidx &&
           a->layers == b->layers && a->layers_decoded == b->layers_decoded &&
           a->tokens == b->tokens && a->coefficients == b->coefficients &&
           same_stream(&a->stream, &b->stream);
}

/* Member by member: what lies between them is anything. */
static int same_outcome(const struct outcome *a, const struct outcome *b)
{
    for (int i = 0; i < MAX_PACKETS; i++)
        if (a->status[i] != b->status[i] || a->pixels[i] != b->pixels[i] ||
            !same_clip(&a->clip[i], &b->clip[i]))
            return 0;
    return a->packets == b->packets;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct odva_byte_reader input;
    struct outcome outcome, ahead;
    int options;

    odva_byte_reader_init(&input, data, size);
    options = odva_read_u8(&input);
    decode(options, input, 0, &outcome);
    if (options & AHEAD) {
        decode(options, input, 1, &ahead);
        FUZZ_CHECK(same_outcome(&outcome, &ahead));
    }
    return 0;
}
