/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Aligned clips through the public interface: pixels, meshes, canvases. */
#include <stdlib.h>

#include "tests/support/codec.h"
#include "tests/support/textured_still.h"

static const enum onedva_motion modes[] = {ONEDVA_MOTION_OFF, ONEDVA_MOTION_GLOBAL,
                                           ONEDVA_MOTION_MESH, ONEDVA_MOTION_AUTO};

/* A still under a camera that pans and zooms. */
static void moving_clip(struct clip *clip, int frames, int width, int height)
{
    const struct camera camera = {.pan_x = 2.5,
                                  .pan_y = -1,
                                  .zoom = 1.004,
                                  .width = width,
                                  .height = height,
                                  .origin = frames / 2};
    struct still still;

    still_init(&still, 3);
    clip_alloc(clip, frames, width, height);
    for (int t = 0; t < frames; t++)
        still_draw(&still, clip, t, camera_displacement, &camera);
}

static void open_mode(struct codec *codec, int width, int height, enum onedva_motion motion,
                      enum onedva_preset preset)
{
    codec_init(codec, width, height);
    codec->encoder_settings.motion = motion;
    codec->encoder_settings.preset = preset;
    codec_open(codec);
}

/* What encoder and decoder say of a packet's motion agrees. @return the mesh */
static struct onedva_mesh check_mesh(struct codec *codec, const struct onedva_packet *packet,
                                     const struct clip *clip)
{
    struct onedva_mesh mesh;

    assert_int_equal(onedva_decoder_get_mesh(codec->decoder, &mesh), ONEDVA_OK);
    assert_int_equal(mesh.motion, packet->stats.motion);
    assert_true((packet->stats.motion_bytes > 0) == (mesh.motion != ONEDVA_MOTION_OFF));
    assert_true(packet->stats.motion_bytes < packet->size);
    /* a superblock is one tile, or cut down to single patches */
    assert_in_range(packet->stats.tiles,
                    ((mesh.canvas_width + 127) / 128) * ((mesh.canvas_height + 127) / 128),
                    ((mesh.canvas_width + 15) / 16) * ((mesh.canvas_height + 15) / 16));
    if (mesh.motion == ONEDVA_MOTION_OFF) {
        assert_int_equal(mesh.canvas_width, clip->width);
        assert_int_equal(mesh.canvas_height, clip->height);
        assert_null(mesh.nodes);
        return mesh;
    }
    assert_in_range(mesh.reference, 0, clip->frames - 1);
    assert_true((mesh.columns - 1) * mesh.spacing >= clip->width);
    assert_true((mesh.rows - 1) * mesh.spacing >= clip->height);
    for (int n = 0; n < mesh.columns * mesh.rows; n++)
        for (int k = 0; k < 2; k++)
            assert_int_equal(mesh.nodes[(size_t)mesh.reference * mesh.columns * mesh.rows + n][k],
                             0);
    return mesh;
}

/* How many of a canvas's blocks show their frame, of those that overlap a rectangle of samples. */
static int count_visible(const struct onedva_canvas *canvas, int t, const int rectangle[4],
                         int *blocks)
{
    const int columns = (canvas->width + 3) / 4, rows = (canvas->height + 3) / 4;
    int visible = 0;

    *blocks = 0;
    for (int j = 0; j < rows; j++) {
        for (int i = 0; i < columns; i++) {
            const int value = canvas->visible[(t * rows + j) * columns + i];

            assert_in_range(value, 0, 1);
            if (4 * i + 4 <= rectangle[0] || 4 * j + 4 <= rectangle[1] || 4 * i >= rectangle[2] ||
                4 * j >= rectangle[3])
                continue;
            visible += value;
            ++*blocks;
        }
    }
    return visible;
}

/* The canvases have the decoder's size; the reference frame's is the picture, bit by bit. */
static void check_canvas(const struct codec *codec, const struct onedva_mesh *mesh,
                         const struct clip *clip)
{
    const int picture[4] = {mesh->left, mesh->top, mesh->left + clip->width,
                            mesh->top + clip->height};
    struct onedva_canvas canvas;
    int blocks, visible;

    onedva_encoder_get_canvas(codec->encoder, &canvas);
    assert_int_equal(canvas.frames, clip->frames);
    assert_int_equal(canvas.width, mesh->canvas_width);
    assert_int_equal(canvas.height, mesh->canvas_height);
    if (mesh->motion == ONEDVA_MOTION_OFF) {
        assert_null(canvas.visible);
        for (int t = 0; t < clip->frames; t++)
            assert_ptr_equal(canvas.picture[t].data[0], clip->picture[t].data[0]);
        return;
    }
    assert_non_null(canvas.visible);
    visible = count_visible(&canvas, mesh->reference, picture, &blocks);
    assert_int_equal(visible, blocks);
    for (int t = 0; t < clip->frames; t++) {
        const int all[4] = {0, 0, canvas.width, canvas.height};

        assert_true(count_visible(&canvas, t, all, &blocks) > 0);
    }
    for (int y = 0; y < clip->height; y++)
        assert_memory_equal(
            canvas.picture[mesh->reference].data[0] +
                (mesh->top + y) * canvas.picture[mesh->reference].stride[0] + mesh->left,
            clip->picture[mesh->reference].data[0] + y * clip->picture[mesh->reference].stride[0],
            clip->width);
}

static void modes_round_trip(void **state)
{
    static const int sizes[][3] = {{160, 112, 16}, {131, 77, 5}, {64, 48, 2}, {33, 18, 9}};

    (void)state;
    for (int i = 0; i < 4; i++) {
        double plain = 0; /* error without alignment */
        struct clip clip;

        moving_clip(&clip, sizes[i][2], sizes[i][0], sizes[i][1]);
        for (int m = 0; m < 4; m++) {
            const enum onedva_preset preset =
                i == 2 ? ONEDVA_PRESET_MEDIUM : ONEDVA_PRESET_ULTRAFAST;
            struct onedva_packet packet;
            struct onedva_clip info;
            struct onedva_mesh mesh;
            struct codec codec;
            double error;

            open_mode(&codec, clip.width, clip.height, modes[m], preset);
            packet = encode(&codec, &clip);
            if (modes[m] < ONEDVA_MOTION_MESH)
                assert_int_equal(packet.stats.motion, modes[m]);
            error = decode(&codec, packet.data, packet.size, &clip, &info);
            plain = m ? plain : error;
            /* what the test model's few coefficients leave of a texture is 50 to 75 */
            assert_true(error < 100 && error < 1.3 * plain + 1);
            mesh = check_mesh(&codec, &packet, &clip);
            check_canvas(&codec, &mesh, &clip);
            codec_close(&codec);
        }
        clip_free(&clip);
    }
}

/* A mesh is what -motion mesh gives where the content allows it; a frame alone has motion only from
 * the frame before it. */
static void mesh_where_possible(void **state)
{
    struct clip clip, next = {.frames = 1, .width = 128, .height = 96};
    struct codec codec;

    (void)state;
    moving_clip(&clip, 7, 128, 96);
    next.const_picture[0] = clip.const_picture[6];
    clip.frames = 6;
    open_mode(&codec, 128, 96, ONEDVA_MOTION_MESH, ONEDVA_PRESET_ULTRAFAST);
    assert_int_equal(encode(&codec, &clip).stats.motion, ONEDVA_MOTION_MESH);
    for (int is_key = 0; is_key < 2; is_key++) {
        struct onedva_packet packet;

        if (is_key)
            onedva_encoder_begin_gop(codec.encoder);
        packet = encode(&codec, &next);
        assert_int_equal(packet.is_key, is_key);
        assert_int_equal(packet.stats.motion, is_key ? ONEDVA_MOTION_OFF : ONEDVA_MOTION_MESH);
        assert_int_equal(packet.stats.motion_bytes == 0, is_key);
    }
    codec_close(&codec);
    clip_free(&clip);
}

/* On a long pan aligned clips take fewer bits, and auto takes no more than either. */
static void alignment_pays_on_a_pan(void **state)
{
    const struct camera camera = {.pan_x = 4, .zoom = 1, .width = 176, .height = 112, .origin = 8};
    size_t bytes[4];
    double error[4];
    struct still still;
    struct clip clip;

    (void)state;
    still_init(&still, 12);
    clip_alloc(&clip, 16, 176, 112);
    for (int t = 0; t < 16; t++)
        still_draw(&still, &clip, t, camera_displacement, &camera);
    for (int m = 0; m < 4; m++) {
        struct onedva_packet packet;
        struct onedva_clip info;
        struct codec codec;

        open_mode(&codec, 176, 112, modes[m], ONEDVA_PRESET_ULTRAFAST);
        packet = encode(&codec, &clip);
        bytes[m] = packet.size;
        error[m] = decode(&codec, packet.data, packet.size, &clip, &info);
        codec_close(&codec);
    }
    for (int m = 1; m < 4; m++)
        assert_true(bytes[m] < 0.8 * bytes[0] && error[m] < 1.2 * error[0]);
    clip_free(&clip);
}

/* Decode with the instructions that ONEDVA_CPU may name. @return 0 where none of them are here */
static int decode_with(const char *cpu, const onedva_model *model,
                       const struct onedva_packet *packet, const struct clip *decoded)
{
    struct onedva_decoder_settings settings;
    onedva_decoder *decoder;
    struct onedva_clip info;
    int status;

    onedva_decoder_settings_default(&settings);
    settings.steps = 0;
    assert_int_equal(setenv("ONEDVA_CPU", cpu, 1), 0);
    status = onedva_decoder_open(&decoder, model, &settings);
    unsetenv("ONEDVA_CPU");
    if (status < 0)
        return 0;
    assert_int_equal(onedva_decoder_read_packet(decoder, packet->data, packet->size, &info),
                     ONEDVA_OK);
    assert_int_equal(onedva_decoder_reconstruct(decoder, decoded->picture, decoded->frames),
                     ONEDVA_OK);
    onedva_decoder_close(&decoder);
    return 1;
}

/* Without steps pixels are the same with all instructions, also where none were asked to be, with
 * deblocking and the warp. */
static void same_pixels_everywhere(void **state)
{
    static const char *const cpus[] = {"avx2",       "avx512",         "avx512bf16",
                                       "avx512vnni", "avx512bf16vnni", "neon"};

    (void)state;
    for (int run = 0; run < 4; run++) {
        struct clip clip, expected, found;
        struct onedva_packet packet;
        struct codec codec;

        moving_clip(&clip, 7, 150, 77);
        clip_alloc(&expected, 7, 150, 77);
        clip_alloc(&found, 7, 150, 77);
        codec_init(&codec, 150, 77);
        onedva_model_close(&codec.model);
        assert_int_equal(onedva_model_open(&codec.model, NULL, NULL), ONEDVA_OK);
        codec.encoder_settings.header_in_packets = 1;
        codec.encoder_settings.crf = 18 * run;
        codec.encoder_settings.motion = run % 2 ? ONEDVA_MOTION_MESH : ONEDVA_MOTION_OFF;
        codec_open(&codec);
        packet = encode(&codec, &clip);
        assert_true(decode_with("c", codec.model, &packet, &expected));
        for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
            if (decode_with(cpus[i], codec.model, &packet, &found))
                assert_true(clip_mse(&expected, &found) == 0);
        if (run == 0) /* and all that there is in the pictures */
            assert_true(clip_mse(&expected, &clip) < 2);
        codec_close(&codec);
        clip_free(&clip);
        clip_free(&expected);
        clip_free(&found);
    }
}

/* No canvas before the first clip, and none after a clip that was refused. */
static void canvas_of_no_clip(void **state)
{
    struct onedva_canvas canvas;
    struct onedva_packet packet;
    struct onedva_mesh mesh;
    struct codec codec;
    struct clip clip;

    (void)state;
    moving_clip(&clip, 4, 64, 48);
    open_mode(&codec, 64, 48, ONEDVA_MOTION_AUTO, ONEDVA_PRESET_ULTRAFAST);
    onedva_encoder_get_canvas(codec.encoder, &canvas);
    assert_int_equal(canvas.frames, 0);
    assert_int_equal(onedva_decoder_get_mesh(codec.decoder, &mesh), ONEDVA_ERR_ARGUMENT);
    encode(&codec, &clip);
    onedva_encoder_get_canvas(codec.encoder, &canvas);
    assert_int_equal(canvas.frames, 4);
    assert_int_equal(onedva_encode(codec.encoder, clip.const_picture, NULL, 0, &packet),
                     ONEDVA_ERR_ARGUMENT);
    onedva_encoder_get_canvas(codec.encoder, &canvas);
    assert_int_equal(canvas.frames, 0);
    codec_close(&codec);
    clip_free(&clip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_round_trip),        cmocka_unit_test(mesh_where_possible),
        cmocka_unit_test(alignment_pays_on_a_pan), cmocka_unit_test(canvas_of_no_clip),
        cmocka_unit_test(same_pixels_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
