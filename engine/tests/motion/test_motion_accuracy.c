/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Motion of a still whose true path is known: the displacements that a packet carries are right to
 * a quarter of a sample, and a pan costs little more than the still.
 */
#include "tests/support/test_clip.h"

#define FRAMES ONEDVA_MAX_CLIP_FRAMES
#define PI     3.14159265358979323846

/* ---- the still: a function of continuous coordinates ---- */

enum { LATTICE = 512, OCTAVES = 5, FINEST = 4 /* samples between lattice points */ };

static float lattice[OCTAVES][LATTICE][LATTICE];

static void make_still(void)
{
    struct random random = {7};

    for (int o = 0; o < OCTAVES; o++)
        for (int j = 0; j < LATTICE; j++)
            for (int i = 0; i < LATTICE; i++)
                lattice[o][j][i] = (float)(random_unit(&random) - 0.5);
}

/* Cubic B-spline weights of the lattice points floor(x) - 1 .. floor(x) + 2. */
static void spline_weights(double x, double weight[4])
{
    const double f = x - floor(x), g = 1 - f;

    weight[0] = g * g * g / 6;
    weight[1] = (4 - 6 * f * f + 3 * f * f * f) / 6;
    weight[2] = (4 - 6 * g * g + 3 * g * g * g) / 6;
    weight[3] = f * f * f / 6;
}

/* Splines through random lattices of doubling distance: band-limited, detail at every scale. */
static double still(double x, double y)
{
    double value = 128;

    for (int o = 0; o < OCTAVES; o++) {
        const double scale = FINEST << o, u = x / scale + LATTICE / 2, v = y / scale + LATTICE / 2;
        const int i0 = (int)floor(u) - 1, j0 = (int)floor(v) - 1;
        double wx[4], wy[4], sum = 0;

        spline_weights(u, wx);
        spline_weights(v, wy);
        for (int j = 0; j < 4; j++)
            for (int i = 0; i < 4; i++)
                sum += wy[j] * wx[i] * lattice[o][(j0 + j) % LATTICE][(i0 + i) % LATTICE];
        value += 24 * sqrt(scale) * sum;
    }
    return fmin(fmax(value, 0), 255);
}

/* ---- its motion: where in the still frame t shows what ---- */

struct point {
    double x, y;
};

/* x -> a x - b y + tx, y -> b x + a y + ty */
struct similarity {
    double a, b, tx, ty;
};

static struct point transform(const struct similarity *s, struct point p)
{
    return (struct point){s->a * p.x - s->b * p.y + s->tx, s->b * p.x + s->a * p.y + s->ty};
}

static struct point transform_back(const struct similarity *s, struct point p)
{
    const double x = p.x - s->tx, y = p.y - s->ty, norm = s->a * s->a + s->b * s->b;

    return (struct point){(s->a * x + s->b * y) / norm, (s->a * y - s->b * x) / norm};
}

/* A camera that every frame moves by (pan_x, pan_y), zooms by zoom and turns by angle. */
struct camera {
    const char *name;
    double pan_x, pan_y, zoom, angle;
};

static struct similarity camera_at(const struct camera *camera, int t, int width, int height)
{
    const double scale = pow(camera->zoom, t), angle = camera->angle * t;
    const double a = scale * cos(angle), b = scale * sin(angle);
    const double cx = width / 2.0, cy = height / 2.0;

    return (struct similarity){a, b, cx - a * cx + b * cy + camera->pan_x * t,
                               cy - b * cx - a * cy + camera->pan_y * t};
}

/* Chroma is sampled as MPEG-2 has it: its columns on those of luma, its rows between. */
static void render(struct clip *clip, const struct camera *camera)
{
    for (int t = 0; t < clip->frames; t++) {
        const struct similarity view = camera_at(camera, t, clip->width, clip->height);

        for (int plane = 0; plane < 3; plane++) {
            for (int y = 0; y < plane_height(clip, plane); y++) {
                uint8_t *row = clip->picture[t].data[plane] + y * clip->picture[t].stride[plane];
                for (int x = 0; x < plane_width(clip, plane); x++) {
                    struct point p =
                        plane ? (struct point){2 * x, 2 * y + 0.5} : (struct point){x, y};
                    p = transform(&view, p);
                    if (plane)
                        p.x += 1000 * plane;
                    row[x] =
                        (uint8_t)lrint(plane ? 128 + (still(p.x, p.y) - 128) / 3 : still(p.x, p.y));
                }
            }
        }
    }
}

/* ---- encoding ---- */

struct coded {
    onedva_encoder *encoder;
    onedva_decoder *decoder;
    struct onedva_packet packet; /* read by the decoder */
};

static struct onedva_encoder_settings encoder_settings(enum onedva_motion motion, double crf)
{
    struct onedva_encoder_settings settings;

    onedva_encoder_settings_default(&settings);
    settings.preset = ONEDVA_PRESET_ULTRAFAST;
    settings.motion = motion;
    settings.crf = crf;
    settings.adaptive_clips = 0;
    return settings;
}

static struct coded encode(const onedva_model *model, const struct clip *clip,
                           const struct onedva_encoder_settings *settings)
{
    const struct onedva_stream stream = {
        .width = clip->width,
        .height = clip->height,
        .timebase_num = 1,
        .timebase_den = 25,
        .frame_duration = 1,
        .sar_den = 1,
    };
    struct onedva_decoder_settings decoder_settings;
    struct onedva_clip read;
    struct coded coded;
    const uint8_t *header;
    size_t size;

    onedva_decoder_settings_default(&decoder_settings);
    decoder_settings.steps = 0;
    assert_int_equal(onedva_encoder_open(&coded.encoder, model, settings, &stream), ONEDVA_OK);
    assert_int_equal(onedva_decoder_open(&coded.decoder, model, &decoder_settings), ONEDVA_OK);
    onedva_encoder_stream_header(coded.encoder, &header, &size);
    assert_int_equal(onedva_decoder_set_stream_header(coded.decoder, header, size), ONEDVA_OK);
    assert_int_equal(
        onedva_encode(coded.encoder, clip->const_picture, NULL, clip->frames, &coded.packet),
        ONEDVA_OK);
    assert_int_equal(coded.packet.frames, clip->frames);
    assert_int_equal(
        onedva_decoder_read_packet(coded.decoder, coded.packet.data, coded.packet.size, &read),
        ONEDVA_OK);
    return coded;
}

static void coded_close(struct coded *coded)
{
    onedva_encoder_close(&coded->encoder);
    onedva_decoder_close(&coded->decoder);
}

static double luma_psnr(const struct coded *coded, const struct clip *clip)
{
    struct clip decoded;
    double sum = 0;

    clip_alloc(&decoded, clip->frames, clip->width, clip->height);
    assert_int_equal(onedva_decoder_reconstruct(coded->decoder, decoded.picture, clip->frames),
                     ONEDVA_OK);
    for (int t = 0; t < clip->frames; t++) {
        for (int y = 0; y < clip->height; y++) {
            const uint8_t *p = clip->picture[t].data[0] + y * clip->picture[t].stride[0];
            const uint8_t *q = decoded.picture[t].data[0] + y * decoded.picture[t].stride[0];
            for (int x = 0; x < clip->width; x++)
                sum += (p[x] - q[x]) * (p[x] - q[x]);
        }
    }
    clip_free(&decoded);
    return 10 * log10(255.0 * 255.0 * clip->frames * clip->width * clip->height / sum);
}

/* ---- accuracy ---- */

/* The mesh's displacement at a luma sample of a frame. */
static struct point displacement(const struct onedva_mesh *mesh, int frame, struct point at)
{
    const double x = at.x / mesh->spacing, y = at.y / mesh->spacing;
    const int i = (int)fmin(x, mesh->columns - 2), j = (int)fmin(y, mesh->rows - 2);
    const int16_t(*node)[2] = mesh->nodes + ((size_t)frame * mesh->rows + j) * mesh->columns + i;
    double v[2];

    for (int k = 0; k < 2; k++) {
        const double above = node[0][k] + (x - i) * (node[1][k] - node[0][k]);
        const double below = node[mesh->columns][k] +
                             (x - i) * (node[mesh->columns + 1][k] - node[mesh->columns][k]);
        v[k] = (above + (y - j) * (below - above)) / 16;
    }
    return (struct point){v[0], v[1]};
}

struct error {
    double mean, most; /* luma samples */
    double share;      /* of the places that were compared */
};

/* Distance of the mesh from the truth at places of every frame whose content the reference frame
 * shows, too. */
static struct error mesh_error(const struct onedva_mesh *mesh, const struct camera *camera,
                               int frames, int width, int height)
{
    const struct similarity reference = camera_at(camera, mesh->reference, width, height);
    struct error error = {0};
    int places = 0, compared = 0;

    for (int t = 0; t < frames; t++) {
        const struct similarity view = camera_at(camera, t, width, height);

        for (int y = 0; y < height; y += 4) {
            for (int x = 0; x < width; x += 4) {
                const struct point at = {x, y};
                const struct point rest = transform_back(&reference, transform(&view, at));
                const struct point d = displacement(mesh, t, at);
                const double distance = hypot(x + d.x - rest.x, y + d.y - rest.y);

                places++;
                if (rest.x < 0 || rest.y < 0 || rest.x > width - 1 || rest.y > height - 1)
                    continue;
                compared++;
                error.mean += distance;
                error.most = fmax(error.most, distance);
            }
        }
    }
    error.mean /= compared;
    error.share = (double)compared / places;
    return error;
}

static const struct camera cameras[] = {
    {"pan of 4 samples a frame", 4, 0, 1, 0},
    {"pan of 2.3, -1.4 samples a frame", 2.3, -1.4, 1, 0},
    {"zoom of 1 % a frame", 0, 0, 0.99, 0},
    {"zoom out of 1 % a frame", 0, 0, 1.01, 0},
    {"rotation of 0.5 degrees a frame", 0, 0, 1, 0.5 * PI / 180},
    {"pan, zoom and rotation", -1.5, 0.7, 1.005, -0.3 * PI / 180},
};

/* most: the largest error anywhere, luma samples */
static void check_accuracy(enum onedva_motion motion, double most)
{
    const struct onedva_encoder_settings settings = encoder_settings(motion, 20);
    onedva_model *model = open_test_model();
    struct clip clip;

    clip_alloc(&clip, FRAMES, 352, 208);
    for (size_t i = 0; i < sizeof(cameras) / sizeof(*cameras); i++) {
        struct onedva_mesh mesh;
        struct coded coded;
        struct error error;

        render(&clip, &cameras[i]);
        coded = encode(model, &clip, &settings);
        assert_int_equal(onedva_decoder_get_mesh(coded.decoder, &mesh), ONEDVA_OK);
        assert_int_equal(mesh.motion, motion);
        error = mesh_error(&mesh, &cameras[i], FRAMES, clip.width, clip.height);
        print_message("%s: error %.3f, at most %.3f samples, over %.0f %% of the places\n",
                      cameras[i].name, error.mean, error.most, 100 * error.share);
        assert_true(error.share > 0.5);
        assert_true(error.mean < 0.25 && error.most < most);
        coded_close(&coded);
    }
    clip_free(&clip);
    onedva_model_close(&model);
}

static void global_is_accurate(void **state)
{
    (void)state;
    check_accuracy(ONEDVA_MOTION_GLOBAL, 0.5);
}

static void mesh_is_accurate(void **state)
{
    (void)state;
    check_accuracy(ONEDVA_MOTION_MESH, 0.25);
}

/* ---- cost ---- */

/* At the quality of the still, with the model that users get. */
static void pan_costs_little(void **state)
{
    static const struct camera rest = {"still", 0, 0, 1, 0};
    struct clip held, panned;
    onedva_model *model;

    (void)state;
    assert_int_equal(unsetenv("ONEDVA_MODEL"), 0);
    assert_int_equal(onedva_model_open(&model, NULL, NULL), ONEDVA_OK);
    clip_alloc(&held, FRAMES, 640, 360);
    clip_alloc(&panned, FRAMES, 640, 360);
    render(&held, &rest);
    render(&panned, &cameras[0]);
    for (int crf = 20; crf <= 40; crf += 10) {
        const struct onedva_encoder_settings settings = encoder_settings(ONEDVA_MOTION_AUTO, crf);
        struct coded still = encode(model, &held, &settings);
        struct coded pan = encode(model, &panned, &settings);
        const double ratio = (double)pan.packet.size / still.packet.size;
        const double loss = luma_psnr(&still, &held) - luma_psnr(&pan, &panned);

        print_message("crf %d: a pan takes %.3f of the still's %zu bytes and loses %.2f dB\n", crf,
                      ratio, still.packet.size, loss);
        assert_true(ratio < 1.3);
        assert_true(loss < 0.5);
        coded_close(&still);
        coded_close(&pan);
    }
    clip_free(&held);
    clip_free(&panned);
    onedva_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_is_accurate),
        cmocka_unit_test(mesh_is_accurate),
        cmocka_unit_test(pan_costs_little),
    };

    make_still();
    return cmocka_run_group_tests_name("motion accuracy", tests, NULL, NULL);
}
