/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets with motion, decoded to pictures. */
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "bitstream/motion_coder.h"
#include "bitstream/packet.h"
#include "motion/motion_paths.h"
#include "tests/support/random_motion.h"
#include "tests/support/test_clip.h"

#define CORRUPTIONS 10000

static onedva_model *model;

static int open_model(void **state)
{
    (void)state;
    model = open_test_model();
    return 0;
}

static int close_model(void **state)
{
    (void)state;
    onedva_model_close(&model);
    return 0;
}

/* Remembers the last message. */
static void remember(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)level;
    snprintf(opaque, 512, "%s", message);
}

static onedva_decoder *open_decoder(int steps, char *message)
{
    struct onedva_decoder_settings settings;
    onedva_decoder *decoder;

    onedva_decoder_settings_default(&settings);
    settings.steps = steps;
    settings.threads = 1;
    if (message)
        settings.logger = (struct onedva_logger){remember, message};
    assert_int_equal(onedva_decoder_open(&decoder, model, &settings), ONEDVA_OK);
    return decoder;
}

/* Pictures of a scene, coded as they are. The packet carries its stream header. */
static void write_plain(struct odva_byte_writer *writer, int frames, int width, int height)
{
    const struct onedva_stream stream = {.width = (uint32_t)width,
                                         .height = (uint32_t)height,
                                         .timebase_num = 1,
                                         .timebase_den = 25,
                                         .frame_duration = 1,
                                         .sar_den = 1};
    struct onedva_encoder_settings settings;
    struct onedva_packet packet;
    onedva_encoder *encoder;
    struct clip clip;

    onedva_encoder_settings_default(&settings);
    settings.crf = 20;
    settings.threads = 1;
    settings.motion = ONEDVA_MOTION_OFF;
    settings.adaptive_clips = 0;
    settings.preset = ONEDVA_PRESET_ULTRAFAST;
    settings.header_in_packets = 1;
    assert_int_equal(onedva_encoder_open(&encoder, model, &settings, &stream), ONEDVA_OK);
    clip_alloc(&clip, frames, width, height);
    clip_draw(&clip, 0);
    assert_int_equal(onedva_encode(encoder, clip.const_picture, NULL, frames, &packet), ONEDVA_OK);
    odva_byte_writer_reset(writer);
    odva_write_bytes(writer, packet.data, packet.size);
    clip_free(&clip);
    onedva_encoder_close(&encoder);
}

/* The packet of plain, but what it codes are the canvases of a motion, whose bytes are given. */
static void write_with_motion(struct odva_byte_writer *writer, const struct odva_byte_writer *plain,
                              int width, int height, const uint8_t *motion, size_t size)
{
    struct odva_packet packet;

    assert_int_equal(odva_packet_parse(&packet, plain->data, plain->size), ONEDVA_OK);
    packet.stream.width = (uint32_t)width;
    packet.stream.height = (uint32_t)height;
    packet.has_motion = 1;
    packet.motion = motion;
    packet.motion_size = size;
    odva_byte_writer_reset(writer);
    odva_packet_write(writer, &packet);
}

/* Packets of the canvases as they are and of the pictures. */
struct packets {
    struct odva_byte_writer canvas, motion, picture;
};

static void packets_write(struct packets *packets, const struct odva_motion *motion)
{
    write_plain(&packets->canvas, motion->frames, odva_motion_canvas_width(motion),
                odva_motion_canvas_height(motion));
    odva_byte_writer_reset(&packets->motion);
    odva_motion_write(&packets->motion, motion);
    write_with_motion(&packets->picture, &packets->canvas, motion->width, motion->height,
                      packets->motion.data, packets->motion.size);
}

static void packets_free(struct packets *packets)
{
    odva_byte_writer_free(&packets->canvas);
    odva_byte_writer_free(&packets->motion);
    odva_byte_writer_free(&packets->picture);
}

static void decode(onedva_decoder *decoder, const struct odva_byte_writer *packet,
                   struct clip *clip)
{
    struct onedva_clip info;

    assert_int_equal(onedva_decoder_read_packet(decoder, packet->data, packet->size, &info),
                     ONEDVA_OK);
    clip_alloc(clip, info.frames, (int)info.stream.width, (int)info.stream.height);
    assert_int_equal(onedva_decoder_reconstruct(decoder, clip->picture, info.frames), ONEDVA_OK);
    assert_true(clip_guards_hold(clip));
}

static int sample(const struct clip *clip, int t, int plane, int x, int y)
{
    x = odva_clip(x, 0, plane_width(clip, plane) - 1);
    y = odva_clip(y, 0, plane_height(clip, plane) - 1);
    return clip->picture[t].data[plane][y * clip->picture[t].stride[plane] + x];
}

/* A sample of a picture, from the canvases. */
typedef int (*sample_fn)(const struct clip *canvas, const struct onedva_mesh *mesh, int t,
                         int plane, int x, int y);

static void assert_samples(const struct clip *picture, const struct clip *canvas,
                           const struct onedva_mesh *mesh, sample_fn wanted)
{
    for (int t = 0; t < picture->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            for (int y = 0; y < plane_height(picture, plane); y++) {
                for (int x = 0; x < plane_width(picture, plane); x++)
                    assert_int_equal(sample(picture, t, plane, x, y),
                                     wanted(canvas, mesh, t, plane, x, y));
            }
        }
    }
}

/* The picture moves by 2 luma samples to the right and 4 up in each frame after the third. */
static int translated(const struct clip *canvas, const struct onedva_mesh *mesh, int t, int plane,
                      int x, int y)
{
    const int scale = plane ? 2 : 1;

    return sample(canvas, t, plane, x + (mesh->left + 2 * (t - 3)) / scale,
                  y + (mesh->top - 4 * (t - 3)) / scale);
}

/* Whole samples need no filter: pictures are cut out of the canvases, by one point or by a mesh. */
static void translation(void **state)
{
    struct odva_motion motion = {.frames = 9,
                                 .width = 45,
                                 .height = 83,
                                 .left = 10,
                                 .top = 22,
                                 .right = 0,
                                 .bottom = 12,
                                 .reference = 3};
    const struct odva_path path = {.value = {[0] = 256, [ODVA_MAX_TERMS] = -512}};

    (void)state;
    for (int i = 0; i < 6; i++) {
        onedva_decoder *decoder = open_decoder(i % 3 ? 1 : 0, NULL);
        struct packets packets = {0};
        struct clip canvas, picture;
        struct onedva_mesh mesh;
        motion.points = i < 3;
        motion.spacing = i < 3 ? 0 : 16;
        motion.point_terms = motion.mesh_terms = 1;
        motion.point[0] = path;
        assert_int_equal(odva_motion_reserve(&motion), ONEDVA_OK);
        for (int n = 0; i >= 3 && n < odva_motion_columns(&motion) * odva_motion_rows(&motion); n++)
            motion.mesh[n] = path;
        packets_write(&packets, &motion);
        decode(decoder, &packets.canvas, &canvas);
        decode(decoder, &packets.picture, &picture);
        assert_int_equal(onedva_decoder_get_mesh(decoder, &mesh), ONEDVA_OK);
        assert_samples(&picture, &canvas, &mesh, translated);
        clip_free(&canvas);
        clip_free(&picture);
        packets_free(&packets);
        onedva_decoder_close(&decoder);
    }
    odva_motion_free(&motion);
}

/* ---- field and interpolation as the text has them ----------------------------------------- */

/* The vector of the block at block coordinates (bx, by), component c. */
static int block_vector(const struct onedva_mesh *mesh, int t, int plane, int bx, int by, int c)
{
    const int64_t e = plane ? 2 : 1, two_s = 2 * mesh->spacing;
    const int64_t px = e * (8 * bx + 4) - 1, py = e * (8 * by + 4) - 1;
    const int64_t i = px / two_s, fx = px % two_s, j = py / two_s, fy = py % two_s;
    const int16_t(*n)[2] = mesh->nodes + (t * mesh->rows + j) * mesh->columns + i;
    const int64_t sum = (two_s - fx) * (two_s - fy) * n[0][c] + fx * (two_s - fy) * n[1][c] +
                        (two_s - fx) * fy * n[mesh->columns][c] + fx * fy * n[mesh->columns + 1][c];

    assert_in_range(i, 0, mesh->columns - 2);
    assert_in_range(j, 0, mesh->rows - 2);
    return (int)((sum + two_s * mesh->spacing * e + 100000 * two_s * two_s * e) /
                 (two_s * two_s * e)) -
           100000;
}

static int tap(int a, int i)
{
    static const int taps[9][6] = {
        {0, 0, 64, 0, 0, 0},    {1, -3, 63, 4, -1, 0},  {1, -5, 62, 8, -2, 0},
        {2, -7, 60, 12, -3, 0}, {2, -9, 57, 17, -4, 1}, {2, -9, 53, 23, -6, 1},
        {2, -9, 49, 28, -7, 1}, {2, -9, 44, 34, -8, 1}, {2, -9, 39, 39, -9, 2}};

    return a <= 8 ? taps[a][i] : taps[16 - a][5 - i];
}

static int warped(const struct clip *canvas, const struct onedva_mesh *mesh, int t, int plane,
                  int x, int y)
{
    const int scale = plane ? 2 : 1;
    const int px = 16 * (x + mesh->left / scale) + block_vector(mesh, t, plane, x / 4, y / 4, 0);
    const int py = 16 * (y + mesh->top / scale) + block_vector(mesh, t, plane, x / 4, y / 4, 1);
    int sum = 2048;

    for (int j = 0; j < 6; j++) {
        for (int i = 0; i < 6; i++)
            sum += tap(py & 15, j) * tap(px & 15, i) *
                   sample(canvas, t, plane, (px >> 4) - 2 + i, (py >> 4) - 2 + j);
    }
    return odva_clip(sum >> 12, 0, 255);
}

static void check_mesh(const struct onedva_mesh *mesh, const struct odva_motion *motion)
{
    const int count = odva_motion_columns(motion) * odva_motion_rows(motion);
    int16_t(*nodes)[2] = malloc(count * sizeof(*nodes));

    assert_non_null(nodes);
    assert_int_equal(mesh->motion, motion->spacing ? ONEDVA_MOTION_MESH : ONEDVA_MOTION_GLOBAL);
    assert_int_equal(mesh->left, motion->left);
    assert_int_equal(mesh->top, motion->top);
    assert_int_equal(mesh->canvas_width, odva_motion_canvas_width(motion));
    assert_int_equal(mesh->canvas_height, odva_motion_canvas_height(motion));
    assert_int_equal(mesh->reference, motion->reference);
    assert_int_equal(mesh->spacing, motion->spacing ? motion->spacing : 64);
    assert_int_equal(mesh->columns, odva_motion_columns(motion));
    assert_int_equal(mesh->rows, odva_motion_rows(motion));
    for (int t = 0; t < motion->frames; t++) {
        odva_motion_nodes(motion, t, nodes);
        assert_memory_equal(mesh->nodes + t * count, nodes, count * sizeof(*nodes));
    }
    free(nodes);
}

/* Random motions of all kinds and sizes, one after the other in one decoder. */
static void random_motions(void **state)
{
    onedva_decoder *decoder = open_decoder(0, NULL);
    struct random random = {31};
    struct odva_motion motion = {0};
    struct packets packets = {0};

    (void)state;
    for (int i = 0; i < 60; i++) {
        const int points = i % 3 == 2 ? 4 : i % 3, spacing = i % 5 ? 8 << i % 5 : 0;
        struct clip canvas, picture;
        struct onedva_mesh mesh;
        motion.width = 1 + random_below(&random, 90);
        motion.height = 1 + random_below(&random, 90);
        random_motion(&random, &motion, 2 + random_below(&random, 4), points, spacing, 200);
        motion.point_step &= 7;
        motion.mesh_step &= 7;
        packets_write(&packets, &motion);
        decode(decoder, &packets.canvas, &canvas);
        assert_int_equal(onedva_decoder_get_mesh(decoder, &mesh), ONEDVA_OK);
        assert_int_equal(mesh.motion, ONEDVA_MOTION_OFF);
        assert_int_equal(mesh.canvas_width, canvas.width);
        assert_int_equal(mesh.canvas_height, canvas.height);
        assert_null(mesh.nodes);
        decode(decoder, &packets.picture, &picture);
        assert_int_equal(picture.width, motion.width);
        assert_int_equal(onedva_decoder_get_mesh(decoder, &mesh), ONEDVA_OK);
        check_mesh(&mesh, &motion);
        assert_samples(&picture, &canvas, &mesh, warped);
        clip_free(&canvas);
        clip_free(&picture);
    }
    packets_free(&packets);
    odva_motion_free(&motion);
    onedva_decoder_close(&decoder);
}

/* ---- damage ------------------------------------------------------------------------------- */

/* One line says what is lost, and the decoder goes on with the next packet. */
static void damaged_motion(void **state)
{
    char message[512] = "";
    onedva_decoder *decoder = open_decoder(0, message);
    struct odva_motion motion = {.width = 40, .height = 30};
    struct random random = {32};
    struct packets packets = {0};
    struct odva_byte_writer damaged = {0};
    struct onedva_mesh mesh;
    struct onedva_clip info;
    struct clip clip;

    (void)state;
    assert_int_equal(onedva_decoder_get_mesh(decoder, &mesh), ONEDVA_ERR_ARGUMENT);
    assert_non_null(strstr(message, "mesh"));
    random_motion(&random, &motion, 5, 1, 0, 20);
    packets_write(&packets, &motion);
    packets.motion.data[4] = 0x51; /* reference 5 of 5 frames */
    write_with_motion(&damaged, &packets.canvas, 40, 30, packets.motion.data, packets.motion.size);
    assert_int_equal(onedva_decoder_read_packet(decoder, damaged.data, damaged.size, &info),
                     ONEDVA_ERR_DATA);
    assert_int_equal(info.frames, 5);
    assert_non_null(strstr(message, "motion"));
    assert_non_null(strstr(message, "5 frames lost"));
    assert_int_equal(onedva_decoder_get_mesh(decoder, &mesh), ONEDVA_ERR_ARGUMENT);
    decode(decoder, &packets.picture, &clip);
    clip_free(&clip);
    odva_byte_writer_free(&damaged);
    packets_free(&packets);
    onedva_decoder_close(&decoder);
}

/* Change, cut or prolong the bytes of a motion; mostly those of its paths. */
static void corrupt(struct random *random, struct odva_byte_writer *motion)
{
    const int first = random_below(random, 3) && motion->size > 8 ? 8 : 0;

    if (random_below(random, 4) == 0)
        motion->size = random_below(random, (int)motion->size + 1);
    if (random_below(random, 8) == 0) {
        for (int n = random_below(random, 100); n > 0; n--)
            odva_write_u8(motion, (uint8_t)random_u64(random));
    }
    for (int n = 1 + random_below(random, 6); n > 0 && motion->size > (size_t)first; n--) {
        const size_t at = first + random_below(random, (int)motion->size - first);
        if (random_below(random, 2))
            motion->data[at] ^= 1 << random_below(random, 8);
        else
            motion->data[at] = (uint8_t)random_u64(random);
    }
}

/* Read a packet and make its pictures, if it can be read. @return whether it can */
static int try_decode(onedva_decoder *decoder, const struct odva_byte_writer *packet,
                      struct clip *clip)
{
    struct onedva_clip info;
    uint8_t *copy = malloc(packet->size);
    int status;

    assert_non_null(copy);
    memcpy(copy, packet->data, packet->size);
    status = onedva_decoder_read_packet(decoder, copy, packet->size, &info);
    free(copy);
    if (status != ONEDVA_OK) {
        assert_int_equal(status, ONEDVA_ERR_DATA);
        assert_int_equal(info.frames, clip->frames);
        return 0;
    }
    assert_int_equal(onedva_decoder_reconstruct(decoder, clip->picture, info.frames), ONEDVA_OK);
    return 1;
}

static void corruptions(void **state)
{
    onedva_decoder *decoder = open_decoder(0, NULL);
    struct random random = {33};
    struct odva_motion motion = {0};
    struct packets packets = {0};
    struct odva_byte_writer bytes = {0}, corrupted = {0};
    int decoded = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        const int spacing = i % 5 ? 8 << i % 5 : 0;
        struct clip clip;
        motion.width = 1 + random_below(&random, 24);
        motion.height = 1 + random_below(&random, 24);
        random_motion(&random, &motion, 2 + random_below(&random, i % 4 ? 3 : 15),
                      i % 3 == 2 ? 4 : i % 3, spacing, 200);
        motion.left %= 16;
        motion.top %= 16;
        motion.right %= 16;
        motion.bottom %= 16;
        packets_write(&packets, &motion);
        clip_alloc(&clip, motion.frames, motion.width, motion.height);
        for (int n = 0; n < CORRUPTIONS / 50; n++) {
            odva_byte_writer_reset(&bytes);
            odva_write_bytes(&bytes, packets.motion.data, packets.motion.size);
            corrupt(&random, &bytes);
            write_with_motion(&corrupted, &packets.canvas, motion.width, motion.height, bytes.data,
                              bytes.size);
            decoded += try_decode(decoder, &corrupted, &clip);
        }
        assert_true(clip_guards_hold(&clip));
        clip_free(&clip);
    }
    assert_in_range(decoded, CORRUPTIONS / 2, CORRUPTIONS - CORRUPTIONS / 20);
    odva_byte_writer_free(&bytes);
    odva_byte_writer_free(&corrupted);
    packets_free(&packets);
    odva_motion_free(&motion);
    onedva_decoder_close(&decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(translation),
        cmocka_unit_test(random_motions),
        cmocka_unit_test(damaged_motion),
        cmocka_unit_test(corruptions),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
