/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets without a model: what the tools announce and write must be so. */
#include <string.h>

#include "fuzz.h"

/* What truncating keeps of a header. */
static void check_kept(const struct onedva_packet_info *before,
                       const struct onedva_packet_info *after, int layers)
{
    FUZZ_CHECK(after->kind == before->kind && after->frames == before->frames);
    FUZZ_CHECK(after->model_tag == before->model_tag);
    FUZZ_CHECK(after->has_stream == before->has_stream);
    FUZZ_CHECK(after->has_durations == before->has_durations);
    FUZZ_CHECK(!memcmp(after->durations, before->durations, sizeof(after->durations)));
    FUZZ_CHECK(after->has_motion == before->has_motion &&
               after->motion_size == before->motion_size);
    FUZZ_CHECK(after->layers == layers && after->whole_layers == layers);
    for (int i = 0; i < layers; i++) {
        FUZZ_CHECK(after->layer[i].qidx == before->layer[i].qidx);
        FUZZ_CHECK(after->layer[i].token_start == before->layer[i].token_start);
        FUZZ_CHECK(after->layer[i].token_end == before->layer[i].token_end);
        FUZZ_CHECK(after->layer[i].threshold == before->layer[i].threshold);
    }
}

static void truncate_to(const uint8_t *packet, size_t size, const struct onedva_packet_info *info,
                        int layers)
{
    uint8_t *result = malloc(size), *again = malloc(size);
    struct onedva_packet_info shorter;
    size_t result_size, again_size;

    FUZZ_CHECK(result && again);
    FUZZ_CHECK(onedva_packet_truncate(packet, size, layers, result, &result_size) == ONEDVA_OK);
    FUZZ_CHECK(result_size == info->layer[layers - 1].size);
    FUZZ_CHECK(onedva_packet_get_info(&shorter, result, result_size) == ONEDVA_OK);
    check_kept(info, &shorter, layers);
    FUZZ_CHECK(onedva_packet_truncate(result, result_size, layers, again, &again_size) ==
               ONEDVA_OK);
    FUZZ_CHECK(again_size == result_size && !memcmp(again, result, result_size));
    free(result);
    free(again);
}

static void set_stream(const uint8_t *packet, size_t size, const struct onedva_packet_info *info)
{
    const struct onedva_stream stream = {.width = 65535,
                                         .height = 1,
                                         .timebase_num = 1,
                                         .timebase_den = UINT32_MAX,
                                         .sar_num = UINT32_MAX,
                                         .sar_den = UINT32_MAX,
                                         .frame_duration = UINT32_MAX,
                                         .model_id = UINT64_MAX};
    uint8_t *result = malloc(size + ONEDVA_MAX_STREAM_HEADER + 1);
    struct onedva_packet_info changed;
    size_t result_size;
    const int status = onedva_packet_set_stream(packet, size, &stream, result, &result_size);

    FUZZ_CHECK(result);
    FUZZ_CHECK(status == (info->whole_layers < info->layers ? ONEDVA_ERR_ARGUMENT : ONEDVA_OK));
    if (status == ONEDVA_OK) {
        FUZZ_CHECK(onedva_packet_get_info(&changed, result, result_size) == ONEDVA_OK);
        FUZZ_CHECK(changed.has_stream && changed.stream.width == 65535 &&
                   changed.stream.model_id == UINT64_MAX);
        changed.has_stream = info->has_stream;
        check_kept(info, &changed, info->layers);
    }
    free(result);
}

/* To the other kind and back: the same bytes, whatever is wrong with the packet. */
static void change_kind(const uint8_t *packet, size_t size, const struct onedva_packet_info *info)
{
    static const uint32_t none[ONEDVA_MAX_CLIP_FRAMES];
    const enum onedva_packet_kind other =
        info->kind == ONEDVA_PACKET_CLIP ? ONEDVA_PACKET_WHOLE_CLIP : ONEDVA_PACKET_CLIP;
    const size_t room = size + 5 * ONEDVA_MAX_CLIP_FRAMES;
    uint8_t *result = malloc(room), *again = malloc(room + 5 * ONEDVA_MAX_CLIP_FRAMES);
    struct onedva_packet_info changed;
    size_t result_size, again_size;

    FUZZ_CHECK(result && again);
    FUZZ_CHECK(onedva_packet_set_kind(packet, size, other, NULL, result, &result_size) ==
               ONEDVA_OK);
    FUZZ_CHECK(onedva_packet_get_info(&changed, result, result_size) == ONEDVA_OK);
    FUZZ_CHECK(changed.kind == other && changed.whole_layers == info->whole_layers);
    FUZZ_CHECK(onedva_packet_set_kind(result, result_size, info->kind, NULL, again, &again_size) ==
               ONEDVA_OK);
    FUZZ_CHECK(again_size == size && !memcmp(again, packet, size));
    FUZZ_CHECK(onedva_packet_set_kind(packet, size, other, none, result, &result_size) ==
               ONEDVA_OK);
    FUZZ_CHECK(onedva_packet_get_info(&changed, result, result_size) == ONEDVA_OK);
    FUZZ_CHECK(!changed.has_durations && changed.layers == info->layers);
    free(result);
    free(again);
}

static void make_frames(const uint8_t *packet, size_t size, const struct onedva_packet_info *info)
{
    uint8_t frame[ONEDVA_FRAME_PACKET_SIZE];
    struct onedva_packet_info made;

    for (int i = 1; i < info->frames; i++) {
        FUZZ_CHECK(onedva_frame_packet_write(frame, packet, size, i) == ONEDVA_OK);
        FUZZ_CHECK(onedva_packet_get_info(&made, frame, sizeof(frame)) == ONEDVA_OK);
        FUZZ_CHECK(made.kind == ONEDVA_PACKET_FRAME && made.frame == i && made.frames == 0);
    }
    FUZZ_CHECK(onedva_frame_packet_write(frame, packet, size, info->frames) == ONEDVA_ERR_ARGUMENT);
}

static void use_packet(const uint8_t *packet, size_t size)
{
    enum onedva_packet_kind kind;
    const int is_packet = onedva_packet_get_kind(&kind, packet, size) == ONEDVA_OK;
    struct onedva_packet_info info;
    size_t result_size;

    if (onedva_packet_get_info(&info, packet, size) < 0) {
        FUZZ_CHECK(info.frames == 0);
        return;
    }
    FUZZ_CHECK(is_packet && kind == info.kind);
    if (kind == ONEDVA_PACKET_FRAME) {
        FUZZ_CHECK(info.frame >= 1 && info.frame < ONEDVA_MAX_CLIP_FRAMES && info.frames == 0);
        return;
    }
    FUZZ_CHECK(info.frames >= 1 && info.frames <= ONEDVA_MAX_CLIP_FRAMES);
    FUZZ_CHECK(info.layers >= 1 && info.layers <= ONEDVA_MAX_LAYERS);
    FUZZ_CHECK(info.whole_layers >= 0 && info.whole_layers <= info.layers);
    for (int i = 1; i <= info.whole_layers; i++)
        truncate_to(packet, size, &info, i);
    FUZZ_CHECK(onedva_packet_truncate(packet, size, info.whole_layers + 1, NULL, &result_size) ==
               ONEDVA_ERR_ARGUMENT);
    set_stream(packet, size, &info);
    change_kind(packet, size, &info);
    make_frames(packet, size, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct odva_byte_reader input;
    const uint8_t *packet;
    size_t packet_size;

    odva_byte_reader_init(&input, data, size);
    odva_read_u8(&input);
    while ((packet = fuzz_next_packet(&input, &packet_size)))
        use_packet(packet, packet_size);
    return 0;
}
