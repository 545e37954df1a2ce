/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* An endless textured picture of continuous coordinates, for pictures whose motion is known. */
#ifndef ODVA_TEXTURED_STILL_H
#define ODVA_TEXTURED_STILL_H

#include <math.h>

#include "tests/support/test_clip.h"

#define STILL_WAVES 14

struct still {
    struct {
        double x, y, phase, amplitude;
    } wave[STILL_WAVES];
};

/* Waves of every direction, 7 to 90 samples long, long ones higher. */
static inline void still_init(struct still *still, uint64_t seed)
{
    struct random random = {seed};

    for (int i = 0; i < STILL_WAVES; i++) {
        const double length = 7 * pow(90.0 / 7, (double)i / (STILL_WAVES - 1));
        const double angle = 6.283185307179586 * random_unit(&random);

        still->wave[i].x = 6.283185307179586 / length * cos(angle);
        still->wave[i].y = 6.283185307179586 / length * sin(angle);
        still->wave[i].phase = 6.283185307179586 * random_unit(&random);
        still->wave[i].amplitude = 3 * sqrt(length / 7);
    }
}

/* From 30 to 225 or so. */
static inline double still_at(const struct still *still, double x, double y)
{
    double value = 128;

    for (int i = 0; i < STILL_WAVES; i++)
        value += still->wave[i].amplitude *
                 sin(still->wave[i].x * x + still->wave[i].y * y + still->wave[i].phase);
    return value;
}

static inline uint8_t to_sample(double value)
{
    return (uint8_t)lrint(fmin(fmax(value, 0), 255));
}

/* Frame sample (x, y) shows the still at (x, y) + displacement. */
typedef void (*displacement_fn)(const void *opaque, int t, double x, double y, double d[2]);

/* Chroma samples lie where the warp has them: on every second luma sample. */
static inline void still_draw(const struct still *still, struct clip *clip, int t,
                              displacement_fn displacement, const void *opaque)
{
    for (int plane = 0; plane < 3; plane++) {
        const int scale = plane ? 2 : 1;

        for (int y = 0; y < plane_height(clip, plane); y++) {
            uint8_t *row = clip->picture[t].data[plane] + y * clip->picture[t].stride[plane];

            for (int x = 0; x < plane_width(clip, plane); x++) {
                double d[2] = {0, 0};

                displacement(opaque, t, scale * x, scale * y, d);
                row[x] = to_sample(still_at(still, scale * x + d[0] + 300 * plane,
                                            scale * y + d[1] - 200 * plane));
            }
        }
    }
}

/* A camera's motion: every frame moves by pan, zooms and turns about the picture's centre. */
struct camera {
    double pan_x, pan_y, zoom, angle;
    double width, height;
    int origin; /* the frame that shows the still as it is */
};

static inline void camera_displacement(const void *opaque, int t, double x, double y, double d[2])
{
    const struct camera *camera = opaque;
    const int n = t - camera->origin;
    const double scale = pow(camera->zoom ? camera->zoom : 1, n), angle = camera->angle * n;
    const double a = scale * cos(angle), b = scale * sin(angle);
    const double u = x - camera->width / 2, v = y - camera->height / 2;

    d[0] = a * u - b * v - u + camera->pan_x * n;
    d[1] = b * u + a * v - v + camera->pan_y * n;
}

#endif
