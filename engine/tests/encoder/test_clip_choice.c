/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which frames a clip takes: scenes end clips, and no frame is lost or coded twice. */
#include "tests/support/codec.h"
#include "tests/support/textured_still.h"

#define WIDTH  96
#define HEIGHT 64
#define GOP    250

/* A video of scenes, each of its own still under its own camera. */
struct video {
    int frames;
    struct clip frame[48];
};

static void video_free(struct video *video)
{
    for (int i = 0; i < video->frames; i++)
        clip_free(&video->frame[i]);
    video->frames = 0;
}

/* Append frames of a still whose camera moves by (pan, pan / 2) a frame. */
static void append_scene(struct video *video, uint64_t seed, int frames, double pan)
{
    struct still still;

    still_init(&still, seed);
    for (int t = 0; t < frames; t++) {
        const struct camera camera = {
            .pan_x = pan, .pan_y = pan / 2, .width = WIDTH, .height = HEIGHT, .origin = -t};

        clip_alloc(&video->frame[video->frames], 1, WIDTH, HEIGHT);
        still_draw(&still, &video->frame[video->frames++], 0, camera_displacement, &camera);
    }
}

static void append_flat(struct video *video, int value)
{
    struct clip *clip = &video->frame[video->frames++];

    clip_alloc(clip, 1, WIDTH, HEIGHT);
    for (int plane = 0; plane < 3; plane++)
        for (int y = 0; y < plane_height(clip, plane); y++)
            memset(clip->picture[0].data[plane] + y * clip->picture[0].stride[plane],
                   plane ? 128 : value, plane_width(clip, plane));
}

/* Give n frames from one on. */
static struct onedva_packet encode_from(struct codec *codec, const struct video *video, int first,
                                        int n)
{
    struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_packet packet;

    for (int i = 0; i < n; i++)
        pictures[i] = video->frame[first + i].const_picture[0];
    assert_int_equal(onedva_encode(codec->encoder, pictures, NULL, n, &packet), ONEDVA_OK);
    assert_in_range(packet.frames, 1, n);
    return packet;
}

/* Decode a packet, once: the clip behind it may be predicted from it. */
static void decode_packet(struct codec *codec, const struct onedva_packet *packet,
                          struct clip *decoded)
{
    struct onedva_clip info;

    clip_alloc(decoded, packet->frames, WIDTH, HEIGHT);
    assert_int_equal(onedva_decoder_read_packet(codec->decoder, packet->data, packet->size, &info),
                     ONEDVA_OK);
    assert_int_equal(info.frames, packet->frames);
    assert_int_equal(info.is_corrupt, 0);
    assert_int_equal(onedva_decoder_reconstruct(codec->decoder, decoded->picture, decoded->frames),
                     ONEDVA_OK);
}

/* @return the mean squared error against the frames from first on */
static double error_of(const struct clip *decoded, const struct video *video, int first)
{
    double sum = 0;

    for (int t = 0; t < decoded->frames; t++) {
        const struct clip one = {
            .width = WIDTH, .height = HEIGHT, .frames = 1, .picture = {decoded->picture[t]}};
        sum += clip_mse(&one, &video->frame[first + t]);
    }
    return sum / decoded->frames;
}

static void open_adaptive(struct codec *codec, enum onedva_motion motion, enum onedva_preset preset,
                          int gop)
{
    codec_init(codec, WIDTH, HEIGHT);
    codec->encoder_settings.preset = preset;
    codec->encoder_settings.motion = motion;
    codec->encoder_settings.adaptive_clips = 1;
    codec->encoder_settings.gop = gop;
    codec->decoder_settings.steps = 0;
    codec->encoder_settings.clip_packets = 1;
    codec_open(codec);
}

/* However many frames are given at a time, the clips follow each other without gap or overlap. */
static void every_frame_once(void **state)
{
    struct random random = {1};
    struct video video = {0};

    (void)state;
    append_scene(&video, 1, 7, 1.5);
    append_scene(&video, 2, 13, -5);
    append_flat(&video, 20);
    append_scene(&video, 3, 11, 0);
    for (int run = 0; run < 3; run++) {
        const enum onedva_motion motion = run ? ONEDVA_MOTION_AUTO : ONEDVA_MOTION_OFF;
        struct codec codec;
        int first = 0;

        open_adaptive(&codec, motion, run == 2 ? ONEDVA_PRESET_SLOW : ONEDVA_PRESET_ULTRAFAST, GOP);
        while (first < video.frames) {
            const int most = video.frames - first < 16 ? video.frames - first : 16;
            const struct onedva_packet packet =
                encode_from(&codec, &video, first, 1 + random_below(&random, most));
            struct clip decoded;
            double error;

            decode_packet(&codec, &packet, &decoded);
            error = error_of(&decoded, &video, first);
            /* of these frames: another still is far off, and so is a neighbour in time */
            assert_true(error < 150);
            if (first > 0)
                assert_true(error < error_of(&decoded, &video, first - 1) + 1);
            if (first + packet.frames < video.frames)
                assert_true(error < error_of(&decoded, &video, first + 1) + 1);
            clip_free(&decoded);
            first += packet.frames;
        }
        assert_int_equal(first, video.frames);
        codec_close(&codec);
    }
    video_free(&video);
}

/* The lengths of the clips of a whole video, 16 frames given at a time. @param gop as it is set
 * @return their number */
static int clip_lengths(const struct video *video, enum onedva_motion motion, int gop, int *length)
{
    struct codec codec;
    int clips = 0;

    open_adaptive(&codec, motion, ONEDVA_PRESET_ULTRAFAST, gop);
    for (int first = 0; first < video->frames; first += length[clips++]) {
        const int n = video->frames - first < 16 ? video->frames - first : 16;
        length[clips] = encode_from(&codec, video, first, n).frames;
    }
    codec_close(&codec);
    return clips;
}

/* Whether a clip begins at a frame. */
static int begins(const int *length, int clips, int frame)
{
    int first = 0;

    for (int i = 0; i < clips && first < frame; i++)
        first += length[i];
    return first == frame;
}

static void clips_end_at_cuts(void **state)
{
    static const int cuts[] = {3, 8, 13};

    (void)state;
    for (int i = 0; i < 3; i++) {
        for (int motion = ONEDVA_MOTION_OFF; motion <= ONEDVA_MOTION_AUTO; motion++) {
            struct video video = {0};
            int length[48], clips;

            append_scene(&video, 10, cuts[i], 1);
            append_scene(&video, 20, 20 - cuts[i], 1);
            clips = clip_lengths(&video, motion, GOP, length);
            assert_true(begins(length, clips, cuts[i]));
            video_free(&video);
        }
    }
}

/* Give 16 frames, those from one on, again and again: clips end at another one. */
static void encode_to(struct codec *codec, const struct video *video, int first, int end)
{
    while (first < end)
        first += encode_from(codec, video, first, 16 - first).frames;
    assert_int_equal(first, end);
}

/* Where the caller goes elsewhere instead of giving the rest of a divided scene, the lengths that
 * were planned for that rest hide no cut, and its own frames can follow later. */
static void other_frames_end_at_their_cuts(void **state)
{
    static const int cuts[] = {1, 3, 7};
    struct video divided = {0};
    int length[48];

    (void)state;
    append_scene(&divided, 47, 16, 0.5);
    assert_int_equal(clip_lengths(&divided, ONEDVA_MOTION_AUTO, GOP, length), 3);
    assert_int_equal(length[0] + length[1], 8);
    video_free(&divided);
    for (int preset = ONEDVA_PRESET_ULTRAFAST; preset <= ONEDVA_PRESET_SLOW; preset++) {
        for (int i = 0; i < 3; i++) {
            struct video scene = {0}, other = {0};
            struct codec codec;

            append_scene(&scene, 47, 16, 0.5);
            append_scene(&other, 10, cuts[i], 1);
            append_scene(&other, 20, 16 - cuts[i], 1);
            open_adaptive(&codec, ONEDVA_MOTION_AUTO, preset, GOP);
            /* divided, and the next clip would be of 8 frames and hold the cut */
            encode_to(&codec, &scene, 0, 8);
            encode_to(&codec, &other, 0, cuts[i]);
            encode_to(&codec, &scene, 8, 16);
            encode_to(&codec, &other, 0, cuts[i]);
            codec_close(&codec);
            video_free(&scene);
            video_free(&other);
        }
    }
}

static void flash_is_a_clip_of_its_own(void **state)
{
    struct video video = {0};
    int length[48], clips;

    (void)state;
    append_scene(&video, 5, 6, 0);
    append_flat(&video, 250);
    append_scene(&video, 5, 6, 0);
    clips = clip_lengths(&video, ONEDVA_MOTION_AUTO, GOP, length);
    assert_true(begins(length, clips, 6));
    assert_true(begins(length, clips, 7));
    video_free(&video);
}

/* A still held is one clip, where none is predicted: shorter ones could only cost more. */
static void still_is_not_divided(void **state)
{
    struct video video = {0};
    int length[48];

    (void)state;
    append_scene(&video, 6, 16, 0);
    for (int motion = ONEDVA_MOTION_OFF; motion <= ONEDVA_MOTION_AUTO; motion++)
        assert_int_equal(clip_lengths(&video, motion, 1, length), 1);
    video_free(&video);
}

static void fixed_clips_take_all(void **state)
{
    struct video video = {0};

    (void)state;
    append_scene(&video, 1, 3, 9);
    append_flat(&video, 250);
    append_scene(&video, 2, 12, 0);
    for (int motion = ONEDVA_MOTION_OFF; motion <= ONEDVA_MOTION_AUTO; motion++) {
        struct codec codec;

        codec_init(&codec, WIDTH, HEIGHT);
        codec.encoder_settings.motion = motion;
        codec.encoder_settings.preset = ONEDVA_PRESET_ULTRAFAST;
        codec_open(&codec);
        for (int n = 16; n > 0; n -= 3)
            assert_int_equal(encode_from(&codec, &video, 0, n).frames, n);
        codec_close(&codec);
    }
    video_free(&video);
}

/* Each frame's duration goes with it, whichever clip it is in. */
static void durations_follow_frames(void **state)
{
    struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    uint32_t durations[ONEDVA_MAX_CLIP_FRAMES];
    struct video video = {0};
    struct codec codec;
    int first = 0;

    (void)state;
    append_scene(&video, 1, 5, 0);
    append_scene(&video, 2, 7, 0);
    for (int i = 0; i < video.frames; i++) {
        pictures[i] = video.frame[i].const_picture[0];
        durations[i] = (uint32_t)(100 + i);
    }
    open_adaptive(&codec, ONEDVA_MOTION_AUTO, ONEDVA_PRESET_ULTRAFAST, GOP);
    while (first < video.frames) {
        struct onedva_packet packet;
        struct onedva_clip info;

        assert_int_equal(onedva_encode(codec.encoder, pictures + first, durations + first,
                                       video.frames - first, &packet),
                         ONEDVA_OK);
        assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &info),
                         ONEDVA_OK);
        assert_int_equal(info.frames, packet.frames);
        assert_memory_equal(info.durations, durations + first, packet.frames * sizeof(*durations));
        first += packet.frames;
    }
    assert_int_equal(first, video.frames);
    codec_close(&codec);
    video_free(&video);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_once),
        cmocka_unit_test(clips_end_at_cuts),
        cmocka_unit_test(other_frames_end_at_their_cuts),
        cmocka_unit_test(flash_is_a_clip_of_its_own),
        cmocka_unit_test(still_is_not_divided),
        cmocka_unit_test(fixed_clips_take_all),
        cmocka_unit_test(durations_follow_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
