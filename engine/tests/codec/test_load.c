/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* 64 decoders at work at once in one process, and everything opened and closed again and again:
 * ONEDVA_TEST_OPENINGS times, 500 unless told. */
#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "tests/support/allocated.h"
#include "tests/support/codec.h"

#define DECODERS 64
#define OPENINGS 500
#define WARM     20 /* openings after which nothing new is kept */
#define CLIPS    3
#define FRAMES   5
#define WIDTH    136
#define HEIGHT   40

/* Packets with stream headers, and a hash of the frames of each. */
struct stream {
    const onedva_model *model;
    uint8_t *packet[CLIPS];
    size_t size[CLIPS];
    uint64_t hash[CLIPS];
};

/* Called by many threads, where cmocka must not be: @return 0 on any error. */
static int decode_stream(const struct stream *stream, int threads, uint64_t *hash)
{
    static const size_t plane_size[] = {WIDTH * HEIGHT, WIDTH * HEIGHT / 4, WIDTH * HEIGHT / 4};
    const size_t frame_size = WIDTH * HEIGHT * 3 / 2;
    struct onedva_decoder_settings settings;
    struct onedva_picture pictures[FRAMES];
    uint8_t *memory = malloc(FRAMES * frame_size), *data = memory;
    onedva_decoder *decoder = NULL;
    struct onedva_clip clip;
    int good;

    if (!memory)
        return 0;
    for (int t = 0; t < FRAMES; t++) {
        for (int p = 0; p < 3; p++) {
            pictures[t].data[p] = data;
            pictures[t].stride[p] = p ? WIDTH / 2 : WIDTH;
            data += plane_size[p];
        }
    }
    onedva_decoder_settings_default(&settings);
    settings.threads = threads;
    settings.bitexact = 1;
    good = onedva_decoder_open(&decoder, stream->model, &settings) == ONEDVA_OK;
    for (int i = 0; i < CLIPS && good; i++) {
        good = onedva_decoder_read_packet(decoder, stream->packet[i], stream->size[i], &clip) ==
                   ONEDVA_OK &&
               clip.frames == FRAMES;
        for (int j = i + 1; j < CLIPS && good; j++)
            onedva_decoder_announce_packet(decoder, stream->packet[j], stream->size[j]);
        good = good && onedva_decoder_reconstruct(decoder, pictures, FRAMES) == ONEDVA_OK;
        hash[i] = XXH64(memory, FRAMES * frame_size, 0);
    }
    onedva_decoder_close(&decoder);
    free(memory);
    return good;
}

static void stream_make(struct stream *stream, struct codec *codec)
{
    struct clip clip;

    codec_init(codec, WIDTH, HEIGHT);
    codec->encoder_settings.header_in_packets = 1;
    codec->encoder_settings.motion = ONEDVA_MOTION_AUTO;
    codec_open(codec);
    clip_alloc(&clip, FRAMES, WIDTH, HEIGHT);
    *stream = (struct stream){.model = codec->model};
    for (int i = 0; i < CLIPS; i++) {
        struct onedva_packet packet;

        clip_draw(&clip, 7 * i);
        packet = encode(codec, &clip);
        stream->packet[i] = malloc(packet.size);
        assert_non_null(stream->packet[i]);
        memcpy(stream->packet[i], packet.data, packet.size);
        stream->size[i] = packet.size;
    }
    clip_free(&clip);
    assert_true(decode_stream(stream, 1, stream->hash));
}

static void stream_free(struct stream *stream)
{
    for (int i = 0; i < CLIPS; i++)
        free(stream->packet[i]);
}

/* ---- at once ----------------------------------------------------------------------------- */

/* One of the decoders, with a thread of its own and those of its pool. */
struct worker {
    pthread_t thread;
    const struct stream *stream;
    uint64_t hash[CLIPS];
    int threads, good;
};

static void *work(void *opaque)
{
    struct worker *worker = opaque;

    worker->good = decode_stream(worker->stream, worker->threads, worker->hash);
    return NULL;
}

static void many_decoders(void **state)
{
    struct worker workers[DECODERS] = {0};
    struct stream stream;
    struct codec codec;

    (void)state;
    stream_make(&stream, &codec);
    for (int i = 0; i < DECODERS; i++) {
        workers[i].stream = &stream;
        workers[i].threads = 1 + i % 4;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < DECODERS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_true(workers[i].good);
        assert_memory_equal(workers[i].hash, stream.hash, sizeof(stream.hash));
    }
    stream_free(&stream);
    codec_close(&codec);
}

/* ---- again and again --------------------------------------------------------------------- */

/* Entries of a folder of /proc/self; 0 where there is none. */
static int entries_of(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;

    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    if (file && fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * 4096;
}

/* What a process takes. */
struct usage {
    size_t allocated, resident;
    int threads, files;
};

static struct usage usage_now(void)
{
    usleep(100000); /* threads that were joined may still be on their way out */
    malloc_trim(0);
    return (struct usage){.allocated = allocated(),
                          .resident = resident_bytes(),
                          .threads = entries_of("/proc/self/task"),
                          .files = entries_of("/proc/self/fd")};
}

static void open_use_close(const struct stream *stream, int use)
{
    struct stream own = *stream;
    struct codec codec;
    uint64_t hash[CLIPS];

    codec_init(&codec, WIDTH, HEIGHT);
    codec.decoder_settings.threads = codec.encoder_settings.threads = 3;
    codec_open(&codec);
    own.model = codec.model;
    if (use) {
        assert_true(decode_stream(&own, 2, hash));
        assert_memory_equal(hash, stream->hash, sizeof(hash));
    }
    codec_close(&codec);
}

static void openings(void **state)
{
    const char *text = getenv("ONEDVA_TEST_OPENINGS");
    const int count = text ? atoi(text) : OPENINGS;
    struct usage warm = {0}, after;
    struct stream stream;
    struct codec codec;

    (void)state;
    assert_true(count > WARM);
    stream_make(&stream, &codec);
    for (int i = 0; i < count; i++) {
        open_use_close(&stream, i % WARM == 0);
        if (i == WARM)
            warm = usage_now();
    }
    after = usage_now();
    print_message(
        "%d openings: %zu KiB resident after %d, %zu KiB at the end; %d threads, %d files\n", count,
        warm.resident >> 10, WARM, after.resident >> 10, after.threads - 2, after.files - 2);
    assert_int_equal(after.threads, warm.threads);
    assert_int_equal(after.files, warm.files);
#if defined(__SANITIZE_ADDRESS__)
    assert_int_equal(after.allocated, warm.allocated);
#elif !defined(__SANITIZE_THREAD__)
    assert_in_range(after.resident, 0, warm.resident + (4 << 20));
#endif
    stream_free(&stream);
    codec_close(&codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_decoders),
        cmocka_unit_test(openings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
