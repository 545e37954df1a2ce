/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Two passes: statistics as text, and the plan that is made of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rate/first_pass.h"
#include "rate/rate_plan.h"
#include "tests/support/test.h"

#define CLIPS    300
#define SECONDS  (1.0 / 25)
#define BITRATE  100000.0
#define MESSAGES 200

static const struct onedva_stream stream = {.width = 64,
                                            .height = 48,
                                            .timebase_num = 1,
                                            .timebase_den = 25,
                                            .model_id = 0x123456789abcdef0};

struct log {
    char message[MESSAGES]; /* the last one */
    int count;
};

static void remember(void *opaque, enum onedva_log_level level, const char *message)
{
    struct log *log = opaque;

    assert_int_equal(level, ONEDVA_LOG_ERROR);
    assert_true(strlen(message) < MESSAGES);
    strcpy(log->message, message);
    log->count++;
}

/* Clips whose bits fall with the index, each in its own way. */
static void draw_clip(struct random *random, struct odva_first_pass_clip *clip)
{
    const double first = exp2(14 + 5 * random_unit(random)), fall = 0.6 + 0.5 * random_unit(random);

    clip->frames = 1 + random_below(random, ONEDVA_MAX_CLIP_FRAMES);
    clip->duration = (uint64_t)clip->frames;
    clip->hash = random_u64(random);
    for (int i = 0; i < ODVA_FIRST_PASS_POINTS; i++)
        clip->bits[i] = floor(400 + first * exp2(-fall * i));
}

/* The text of a first pass over random clips. @return owned by the caller */
static char *write_stats(uint64_t seed, struct odva_first_pass_clip *clips, int count)
{
    struct odva_first_pass_writer writer = {0};
    struct random random = {seed};
    char *text;

    odva_first_pass_writer_reset(&writer);
    odva_first_pass_write_header(&writer, &stream);
    for (int i = 0; i < count; i++) {
        draw_clip(&random, &clips[i]);
        odva_first_pass_write_clip(&writer, &clips[i]);
    }
    odva_first_pass_write_end(&writer);
    assert_false(writer.text.failed);
    text = strdup((const char *)writer.text.data);
    assert_non_null(text);
    odva_first_pass_writer_free(&writer);
    return text;
}

static void stats_survive_text(void **state)
{
    static struct odva_first_pass_clip clips[CLIPS];
    struct odva_first_pass_stats stats = {0};
    char *text = write_stats(1, clips, CLIPS);
    int64_t frames = 0;

    (void)state;
    assert_int_equal(odva_first_pass_stats_read(&stats, text, &stream, NULL), ONEDVA_OK);
    assert_int_equal(stats.count, CLIPS);
    for (int i = 0; i < CLIPS; i++) {
        frames += clips[i].frames;
        assert_int_equal(stats.clips[i].frames, clips[i].frames);
        assert_int_equal(stats.clips[i].duration, clips[i].duration);
        assert_int_equal(stats.clips[i].hash, clips[i].hash);
        assert_memory_equal(stats.clips[i].bits, clips[i].bits, sizeof(clips[i].bits));
    }
    assert_int_equal(stats.frames, frames);
    assert_int_equal(stats.duration, frames);
    odva_first_pass_stats_free(&stats);
    free(text);
}

/* @return how the one line about a refused text begins */
static const char *refuse(const char *text, const struct onedva_stream *wanted)
{
    static struct log log;
    const struct onedva_logger logger = {remember, &log};
    struct odva_first_pass_stats stats = {0};

    log.count = 0;
    assert_int_equal(odva_first_pass_stats_read(&stats, text, wanted, &logger),
                     ONEDVA_ERR_ARGUMENT);
    assert_int_equal(log.count, 1);
    odva_first_pass_stats_free(&stats);
    return log.message;
}

static void damaged_stats_are_refused(void **state)
{
    struct odva_first_pass_clip clips[3];
    char *text = write_stats(2, clips, 3);
    const size_t size = strlen(text);

    (void)state;
    for (size_t i = 0; i < size; i++) {
        const char kept = text[i];

        for (int flip = 1; flip < 256; flip *= 2) {
            text[i] = (char)(kept ^ flip);
            refuse(text, &stream);
        }
        text[i] = '\0';
        refuse(text, &stream);
        text[i] = kept;
    }
    free(text);
}

static void other_stats_are_refused(void **state)
{
    struct odva_first_pass_clip clips[3];
    char *text = write_stats(3, clips, 3);
    struct onedva_stream other = stream;

    (void)state;
    other.width = 66;
    assert_non_null(strstr(refuse(text, &other), "at 64x48 with"));
    other = stream;
    other.model_id++;
    assert_non_null(strstr(refuse(text, &other), "model 123456789abcdef1"));
    *strstr(text, "end ") = '\0';
    assert_non_null(strstr(refuse(text, &stream), "did not end"));
    assert_non_null(strstr(refuse("", &stream), "there are none"));
    assert_non_null(strstr(refuse(NULL, &stream), "there are none"));
    assert_non_null(strstr(refuse("# x264", &stream), "line 1"));
    free(text);
}

/* A second pass whose clips take what the first one said, but for some chance and a common bias. */
struct replay {
    double total, seconds, least, most; /* of the index */
    double emptiest;                    /* of the buffer, after a clip */
};

static struct replay replay(uint64_t seed, struct odva_rate_control control, double chance,
                            double bias)
{
    static struct odva_first_pass_clip clips[CLIPS];
    struct replay result = {.least = INFINITY, .most = -INFINITY, .emptiest = INFINITY};
    struct random random = {seed};
    struct odva_rate_plan plan = {0};
    char *text = write_stats(seed, clips, CLIPS);

    assert_int_equal(odva_rate_plan_open(&plan, text, &stream, &control, NULL), ONEDVA_OK);
    for (int i = 0; i < CLIPS; i++) {
        const double index = odva_rate_plan_index(&plan, &control);
        const double bits = odva_first_pass_bits(&clips[i], index) * bias *
                            (1 + chance * (2 * random_unit(&random) - 1));

        result.least = fmin(result.least, index);
        result.most = fmax(result.most, index);
        result.emptiest = fmin(result.emptiest, control.buffered - bits);
        result.total += bits;
        result.seconds += clips[i].frames * SECONDS;
        odva_rate_control_spend(&control, clips[i].frames * SECONDS, bits);
        odva_rate_plan_spend(&plan, clips[i].frames, index, bits);
    }
    assert_int_equal(odva_rate_plan_frames(&plan), 0);
    odva_rate_plan_close(&plan);
    free(text);
    return result;
}

static void plan_has_one_index(void **state)
{
    const struct odva_rate_control control = {.bitrate = BITRATE};
    const struct replay result = replay(4, control, 0, 1);

    (void)state;
    assert_true(fabs(result.total / result.seconds / BITRATE - 1) < 0.001);
    assert_true(result.most - result.least < 0.1);
}

static void plan_mends_what_was_said_wrongly(void **state)
{
    const struct odva_rate_control control = {.bitrate = BITRATE};

    (void)state;
    for (int seed = 5; seed < 15; seed++) {
        const struct replay result = replay(seed, control, 0.3, 0.7 + 0.06 * (seed - 5));
        assert_true(fabs(result.total / result.seconds / BITRATE - 1) < 0.005);
    }
}

static void plan_keeps_to_the_buffer(void **state)
{
    const struct odva_rate_control control = {.bitrate = BITRATE,
                                              .max_rate = 1.5 * BITRATE,
                                              .buffer_size = 1.5 * BITRATE,
                                              .buffered = 1.2 * BITRATE};
    const struct replay result = replay(16, control, 0, 1);

    (void)state;
    assert_true(fabs(result.total / result.seconds / BITRATE - 1) < 0.005);
    assert_true(result.emptiest >= 0);
    assert_true(result.most - result.least > 1); /* the buffer was narrow somewhere */
}

/* A buffer too large to matter changes nothing. */
static void wide_buffer_changes_nothing(void **state)
{
    const struct odva_rate_control control = {
        .bitrate = BITRATE, .max_rate = 1e9, .buffer_size = 1e9, .buffered = 1e9};
    const struct odva_rate_control without = {.bitrate = BITRATE};
    const struct replay a = replay(17, control, 0.1, 1), b = replay(17, without, 0.1, 1);

    (void)state;
    assert_true(a.total == b.total);
}

/* The second pass may end its clips elsewhere. */
static void clips_may_end_elsewhere(void **state)
{
    static struct odva_first_pass_clip clips[CLIPS];
    struct odva_rate_control control = {.bitrate = BITRATE};
    struct odva_rate_plan plan = {0};
    char *text = write_stats(18, clips, CLIPS);
    double total = 0, seconds;

    (void)state;
    assert_int_equal(odva_rate_plan_open(&plan, text, &stream, &control, NULL), ONEDVA_OK);
    seconds = (double)plan.stats.frames * SECONDS;
    for (int frames, clip = 0, frame = 0; odva_rate_plan_frames(&plan) > 0;) {
        const double index = odva_rate_plan_index(&plan, &control);
        double bits = 0;

        for (frames = 0; frames < 7 && clip < CLIPS; frames++) {
            bits += odva_first_pass_bits(&clips[clip], index) / clips[clip].frames;
            if (++frame == clips[clip].frames) {
                frame = 0;
                clip++;
            }
        }
        total += bits;
        odva_rate_plan_spend(&plan, frames, index, bits);
    }
    assert_true(fabs(total / seconds / BITRATE - 1) < 0.001);
    odva_rate_plan_close(&plan);
    free(text);
}

/* The first pass' own index is the one that suits the clips so far. */
static void first_pass_index_meets_bitrate(void **state)
{
    struct odva_first_pass pass = {0};
    struct random random = {19};
    double seconds = 0;

    (void)state;
    odva_first_pass_writer_reset(&pass.writer);
    for (int i = 0; i < 50; i++) {
        double index, total;

        draw_clip(&random, &pass.clip);
        seconds += pass.clip.frames * SECONDS;
        index = odva_first_pass_index(&pass, BITRATE, pass.clip.frames * SECONDS);
        total = odva_first_pass_bits(&pass.clip, index) +
                (i > 0 ? odva_first_pass_bits(&pass.sum, index) : 0);
        assert_true(fabs(total / seconds / BITRATE - 1) < 0.01);
        odva_first_pass_add(&pass, pass.clip.frames * SECONDS, index,
                            odva_first_pass_bits(&pass.clip, index), 1000);
    }
    odva_first_pass_writer_free(&pass.writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stats_survive_text),
        cmocka_unit_test(damaged_stats_are_refused),
        cmocka_unit_test(other_stats_are_refused),
        cmocka_unit_test(plan_has_one_index),
        cmocka_unit_test(plan_mends_what_was_said_wrongly),
        cmocka_unit_test(plan_keeps_to_the_buffer),
        cmocka_unit_test(wide_buffer_changes_nothing),
        cmocka_unit_test(clips_may_end_elsewhere),
        cmocka_unit_test(first_pass_index_meets_bitrate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
