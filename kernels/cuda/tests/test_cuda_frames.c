/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A context that is open outside, and pictures that are in its memory. */
#include "kernels/cuda/tests/emulator.h"
#include "kernels/cuda/tests/registry_with_cuda.h"
#include "tests/support/codec.h"

#define WIDTH     51
#define HEIGHT    35
#define FRAMES    5     /* of a clip */
#define CLIPS     2     /* the second is predicted from the first */
#define NOISE     0x77  /* of the caller, around samples and, at first, in their place */
#define MAX_CALLS 20000 /* that may fail, of a run */

/* The driver's, as a caller has them. */
#define DECLARE(member, function, parameters) int function parameters;
ODVA_CUDA_FUNCTIONS(DECLARE)
#undef DECLARE
int cuCtxCreate_v2(odva_cuda_context *context, unsigned flags, int device);
int cuCtxDestroy_v2(odva_cuda_context context);

static odva_cuda_context open_context(void)
{
    odva_cuda_context context, popped;

    assert_int_equal(cuCtxCreate_v2(&context, 0, 7), ODVA_CUDA_SUCCESS);
    assert_int_equal(cuCtxPopCurrent_v2(&popped), ODVA_CUDA_SUCCESS);
    assert_ptr_equal(popped, context);
    return context;
}

static void close_context(odva_cuda_context context)
{
    assert_int_equal(cuCtxDestroy_v2(context), ODVA_CUDA_SUCCESS);
    assert_int_equal(emulator_leaks(), 0);
}

/* ---- the context ------------------------------------------------------------------------- */

static char last_line[300];

static void keep_line(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    if (level == ONEDVA_LOG_ERROR)
        snprintf(last_line, sizeof(last_line), "%s", message);
}

static const struct onedva_logger keeping = {keep_line, NULL};

static void expect(const struct odva_device_wish *wish, int expected, const char *message)
{
    struct odva_device *device;

    last_line[0] = '\0';
    assert_int_equal(odva_device_open(&device, wish, NULL), expected);
    if (!strstr(last_line, message))
        fail_msg("'%s' lacks '%s'", last_line, message);
    odva_device_release(&device);
}

static void which_options(void **state)
{
    const odva_cuda_context context = open_context();
    struct odva_device_wish wish = {
        .index = ODVA_ANY_DEVICE, .cuda_context = context, .logger = &keeping};
    struct odva_device *device;

    (void)state;
    for (int p = ONEDVA_PRECISION_FLOAT32; p <= ONEDVA_PRECISION_INT8; p++) {
        const int is_rounded = p != ONEDVA_PRECISION_FLOAT32;

        wish.precision = p;
        assert_int_equal(odva_device_open(&device, &wish, NULL), ONEDVA_OK);
        assert_ptr_equal(device->variant, (const char *)context + is_rounded);
        assert_int_equal(((struct odva_cuda_device *)device)->is_rounded, is_rounded);
        assert_ptr_equal(((struct odva_cuda_device *)device)->gpu->context, context);
        odva_device_release(&device);
    }
    wish.kind = ONEDVA_BACKEND_CPU;
    expect(&wish, ONEDVA_ERR_ARGUMENT,
           "context of CUDA that is open goes with -backend cuda or auto");
    wish.kind = ONEDVA_BACKEND_CUDA;
    wish.index = 0;
    expect(&wish, ONEDVA_ERR_ARGUMENT, "device 0 is not the context of CUDA that is open");
    wish.index = ODVA_ANY_DEVICE;
    wish.vulkan = (const void *)&wish;
    expect(&wish, ONEDVA_ERR_ARGUMENT, "give one of them");
    wish.vulkan = NULL;
    wish.bitexact = 1;
    expect(&wish, ONEDVA_ERR_UNSUPPORTED, "bitexact is what the C reference computes");
    close_context(context);
}

static void what_it_lacks(void **state)
{
    const odva_cuda_context context = open_context();
    struct odva_device_wish wish = {
        .index = ODVA_ANY_DEVICE, .cuda_context = context, .logger = &keeping};

    (void)state;
    emulated_gpu.lacks = "libcuda.so.1";
    expect(&wish, ONEDVA_ERR_UNSUPPORTED, "libcuda.so.1 was not found");
    emulated_gpu.lacks = NULL;
    emulated_gpu.major = 6;
    expect(&wish, ONEDVA_ERR_UNSUPPORTED, "too old: 7.5 or later is needed");
    emulated_gpu = (struct emulated_gpu)EMULATED_GPU;
    wish.cuda_context = (struct CUctx_st *)&wish;
    expect(&wish, ONEDVA_ERR_DEVICE, "entering the context that is open failed");
    close_context(context);
}

/* ---- pictures ---------------------------------------------------------------------------- */

/** Planes between guards, in rows that have room for whole words and for guards. */
struct frame {
    struct onedva_cuda_picture picture;
    odva_cuda_address memory;
    unsigned char *samples; /* what the memory holds, once it is waited for */
    size_t bytes;
};

static int side(int luma, int plane)
{
    return plane ? (luma + 1) / 2 : luma;
}

static int words(int width)
{
    return (width + 3) / 4 * 4;
}

/* Chroma before luma, V before U; noise that other work writes first. */
static struct frame new_frame(odva_cuda_queue queue)
{
    struct frame frame = {
        .picture = {.stride = {words(WIDTH) + 12, words(side(WIDTH, 1)) + 4}, .stream = queue}};
    odva_cuda_address at;

    frame.bytes = (size_t)frame.picture.stride[0] * HEIGHT +
                  (size_t)frame.picture.stride[1] * side(HEIGHT, 1) * 2;
    assert_int_equal(cuMemAlloc_v2(&frame.memory, frame.bytes), ODVA_CUDA_SUCCESS);
    at = frame.memory;
    for (int p = 2; p >= 0; p--) {
        frame.picture.data[p] = at;
        at += frame.picture.stride[p > 0] * side(HEIGHT, p);
    }
    frame.samples = (unsigned char *)(uintptr_t)frame.memory;
    assert_int_equal(cuMemsetD8Async(frame.memory, NOISE, frame.bytes, queue), ODVA_CUDA_SUCCESS);
    return frame;
}

static int guards_hold(const struct frame *frame)
{
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < side(HEIGHT, p); y++) {
            const unsigned char *row = (const unsigned char *)(uintptr_t)frame->picture.data[p] +
                                       y * frame->picture.stride[p > 0];

            for (int x = words(side(WIDTH, p)); x < frame->picture.stride[p > 0]; x++)
                if (row[x] != NOISE)
                    return 0;
        }
    return 1;
}

static void expect_same(const struct frame *frame, const struct onedva_picture *expected)
{
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < side(HEIGHT, p); y++)
            assert_memory_equal((const unsigned char *)(uintptr_t)frame->picture.data[p] +
                                    y * frame->picture.stride[p > 0],
                                expected->data[p] + y * expected->stride[p], side(WIDTH, p));
}

/** A codec in a context, the caller's stream there, and frames. */
struct world {
    odva_cuda_context context;
    odva_cuda_queue queue;
    struct codec codec;
    struct frame frames[FRAMES];
    struct onedva_cuda_picture pictures[FRAMES];
};

static void enter(const struct world *w)
{
    assert_int_equal(cuCtxPushCurrent_v2(w->context), ODVA_CUDA_SUCCESS);
}

static void leave(void)
{
    odva_cuda_context context;

    assert_int_equal(cuCtxPopCurrent_v2(&context), ODVA_CUDA_SUCCESS);
}

static void make_frames(struct world *w)
{
    enter(w);
    for (int t = 0; t < FRAMES; t++) {
        w->frames[t] = new_frame(w->queue);
        w->pictures[t] = w->frames[t].picture;
    }
    leave();
}

static void free_frames(struct world *w)
{
    enter(w);
    (void)cuStreamSynchronize(w->queue);
    for (int t = 0; t < FRAMES; t++)
        assert_int_equal(cuMemFree_v2(w->frames[t].memory), ODVA_CUDA_SUCCESS);
    leave();
}

/* Nothing is opened yet. @param has_stream whether the caller has one of his own */
static void begin(struct world *w, int has_stream)
{
    *w = (struct world){.context = open_context()};
    codec_init(&w->codec, WIDTH, HEIGHT);
    w->codec.encoder_settings.threads = w->codec.decoder_settings.threads = 1;
    w->codec.encoder_settings.backend = ONEDVA_BACKEND_CPU;
    w->codec.encoder_settings.preset = ONEDVA_PRESET_ULTRAFAST;
    w->codec.encoder_settings.motion = ONEDVA_MOTION_MESH;
    w->codec.decoder_settings.cuda_context = w->context;
    if (!has_stream)
        return;
    enter(w);
    assert_int_equal(cuStreamCreate(&w->queue, ODVA_CUDA_STREAM_NON_BLOCKING), ODVA_CUDA_SUCCESS);
    leave();
}

static void end(struct world *w)
{
    codec_close(&w->codec);
    if (w->queue) {
        enter(w);
        assert_int_equal(cuStreamDestroy_v2(w->queue), ODVA_CUDA_SUCCESS);
        leave();
    }
    close_context(w->context);
}

static void read_clip(struct world *w, int first)
{
    struct onedva_packet packet;
    struct onedva_clip info;
    struct clip clip;

    clip_alloc(&clip, FRAMES, WIDTH, HEIGHT);
    clip_draw(&clip, first);
    packet = encode(&w->codec, &clip);
    assert_int_equal(onedva_decoder_read_packet(w->codec.decoder, packet.data, packet.size, &info),
                     ONEDVA_OK);
    clip_free(&clip);
}

/* Frames hold what the clip read last is in memory of the host. */
static void expect_clip(struct world *w)
{
    struct clip clip;

    clip_alloc(&clip, FRAMES, WIDTH, HEIGHT);
    assert_int_equal(onedva_decoder_reconstruct(w->codec.decoder, clip.picture, FRAMES), ONEDVA_OK);
    for (int t = 0; t < FRAMES; t++) {
        assert_true(guards_hold(&w->frames[t]));
        expect_same(&w->frames[t], &clip.picture[t]);
    }
    clip_free(&clip);
}

static void compare_clip(struct world *w)
{
    make_frames(w);
    assert_int_equal(onedva_decoder_reconstruct_cuda(w->codec.decoder, w->pictures, FRAMES),
                     ONEDVA_OK);
    expect_clip(w);
    free_frames(w);
}

/* What the caller's stream was to do with the memory was done before. */
static void same_samples(void **state)
{
    struct world w;

    (void)state;
    for (int steps = 0; steps < 2; steps++)
        for (int has_stream = 0; has_stream < 2; has_stream++) {
            begin(&w, has_stream);
            w.codec.decoder_settings.steps = steps;
            codec_open(&w.codec);
            for (int i = 0; i < CLIPS; i++) {
                read_clip(&w, i * FRAMES);
                compare_clip(&w);
            }
            end(&w);
        }
}

static size_t bytes_to_host(void)
{
    size_t bytes = 0;

    for (const struct emulator_calls *c = emulator_calls(); c->name; c++)
        if (!strcmp(c->name, "cuMemcpyDtoHAsync_v2") || !strcmp(c->name, "rows to the host"))
            bytes += c->bytes;
    return bytes;
}

/* No picture, and nothing at all where builds do not look at memory that stands for the host's. */
static void nothing_goes_to_the_host(void **state)
{
    const size_t samples = WIDTH * HEIGHT + 2 * side(WIDTH, 1) * side(HEIGHT, 1);
    size_t from_frames;
    struct clip clip;
    struct world w;

    (void)state;
    begin(&w, 1);
    codec_open(&w.codec);
    read_clip(&w, 0);
    make_frames(&w);
    clip_alloc(&clip, FRAMES, WIDTH, HEIGHT);
    emulator_forget_calls();
    assert_int_equal(onedva_decoder_reconstruct_cuda(w.codec.decoder, w.pictures, FRAMES),
                     ONEDVA_OK);
    from_frames = bytes_to_host();
#ifndef ONEDVA_CHECKS
    assert_int_equal(from_frames, 0);
#endif
    emulator_forget_calls();
    assert_int_equal(onedva_decoder_reconstruct(w.codec.decoder, clip.picture, FRAMES), ONEDVA_OK);
    assert_true(bytes_to_host() >= from_frames + FRAMES * samples);
    clip_free(&clip);
    free_frames(&w);
    end(&w);
}

/* Two decoders in one context, in turn, one of which has another model. */
static void several_decoders(void **state)
{
    struct world a, b;

    (void)state;
    begin(&a, 1);
    codec_open(&a.codec);
    begin(&b, 0);
    cuCtxDestroy_v2(b.context);
    b.context = b.codec.decoder_settings.cuda_context = a.context;
    codec_open(&b.codec);
    for (int i = 0; i < CLIPS; i++) {
        read_clip(&a, i * FRAMES);
        read_clip(&b, i * FRAMES + 3);
        compare_clip(&b);
        compare_clip(&a);
    }
    codec_close(&b.codec);
    end(&a);
}

static void expect_refused(struct world *w, int n, const char *message)
{
    w->codec.message[0] = '\0';
    assert_int_equal(onedva_decoder_reconstruct_cuda(w->codec.decoder, w->pictures, n),
                     ONEDVA_ERR_ARGUMENT);
    if (!strstr(w->codec.message, message))
        fail_msg("'%s' lacks '%s'", w->codec.message, message);
}

static void wrong_pictures(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 0);
    codec_open(&w.codec);
    read_clip(&w, 0);
    make_frames(&w);
    expect_refused(&w, FRAMES - 1, "4 frames wanted of a clip of 5");
    w.pictures[FRAMES - 1].data[2] += 2;
    expect_refused(&w, FRAMES, "planes of CUDA begin at multiples of 4 bytes");
    w.pictures[FRAMES - 1].data[2] -= 2;
    w.pictures[1].stride[1] += 1;
    expect_refused(&w, FRAMES, "strides are positive multiples of 4");
    w.pictures[1].stride[1] = -8;
    expect_refused(&w, FRAMES, "strides are positive multiples of 4");
    free_frames(&w);
    end(&w);
}

static void other_decoders(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 0);
    w.codec.decoder_settings.smooth_clips = 1;
    codec_open(&w.codec);
    read_clip(&w, 0);
    make_frames(&w);
    expect_refused(&w, FRAMES, "smoothed clips are pictures of the host");
    onedva_decoder_close(&w.codec.decoder);
    onedva_encoder_close(&w.codec.encoder);
    w.codec.decoder_settings.cuda_context = NULL;
    w.codec.decoder_settings.smooth_clips = 0;
    w.codec.decoder_settings.backend = ONEDVA_BACKEND_CUDA;
    codec_open(&w.codec);
    read_clip(&w, 0);
    expect_refused(&w, FRAMES, "set settings.cuda_context");
    free_frames(&w);
    end(&w);
}

/* Each call of the driver fails once as a clip is made: a status tells of it, a line, too, but for
 * memory, or else frames are right; nothing is written to frames any more, and nothing is left. */
static void calls_fail(void **state)
{
    int call = 0, status;

    (void)state;
    do {
        struct world w;

        begin(&w, 0);
        w.codec.decoder_settings.steps = 0;
        codec_open(&w.codec);
        read_clip(&w, 0);
        make_frames(&w);
        call++;
        emulator_fail_call(call, call % 2 ? ODVA_CUDA_OUT_OF_MEMORY : 999);
        w.codec.message[0] = '\0';
        status = onedva_decoder_reconstruct_cuda(w.codec.decoder, w.pictures, FRAMES);
        assert_true(status == ONEDVA_OK || status == ONEDVA_ERR_NOMEM || w.codec.message[0]);
        if (!emulator_has_failed())
            call = MAX_CALLS;
        emulator_fail_call(0, 0);
        enter(&w);
        (void)cuStreamSynchronize(NULL);
        leave();
        assert_int_equal(emulator_unfinished(), 0);
#ifndef ONEDVA_CHECKS /* which go on where their own copy of the host's memory fails */
        if (status == ONEDVA_OK)
            expect_clip(&w);
#endif
        free_frames(&w);
        end(&w);
    } while (call < MAX_CALLS);
    assert_int_equal(status, ONEDVA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_options),    cmocka_unit_test(what_it_lacks),
        cmocka_unit_test(same_samples),     cmocka_unit_test(nothing_goes_to_the_host),
        cmocka_unit_test(several_decoders), cmocka_unit_test(wrong_pictures),
        cmocka_unit_test(other_decoders),   cmocka_unit_test(calls_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
