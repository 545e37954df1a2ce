/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "bitstream/stream_header.h"
#include "onedva/onedva.h"
#include "tests/support/test.h"

static const struct onedva_stream ordinary = {
    .width = 640,
    .height = 360,
    .timebase_num = 1,
    .timebase_den = 90000,
    .frame_duration = 3003,
    .sar_num = 10,
    .sar_den = 11,
    .full_range = 1,
    .colour_primaries = 9,
    .transfer = 16,
    .matrix = 9,
    .chroma_location = 1,
    .model_id = UINT64_C(0x0123456789ABCDEF),
    .depth = 8,
};

static void assert_streams_equal(const struct onedva_stream *a, const struct onedva_stream *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->timebase_num, b->timebase_num);
    assert_int_equal(a->timebase_den, b->timebase_den);
    assert_int_equal(a->frame_duration, b->frame_duration);
    assert_int_equal(a->sar_num, b->sar_num);
    assert_int_equal(a->sar_den, b->sar_den);
    assert_int_equal(a->full_range, b->full_range);
    assert_int_equal(a->colour_primaries, b->colour_primaries);
    assert_int_equal(a->transfer, b->transfer);
    assert_int_equal(a->matrix, b->matrix);
    assert_int_equal(a->chroma_location, b->chroma_location);
    assert_int_equal(a->model_id, b->model_id);
    assert_int_equal(a->depth, b->depth);
}

/* Write a header without checking it, read it. @return the reader's status */
static int write_and_read(const struct onedva_stream *stream, struct onedva_stream *read)
{
    struct odva_byte_writer writer = {0};
    int status;

    odva_stream_header_write(&writer, stream);
    assert_false(writer.failed);
    assert_in_range(writer.size, 1, ONEDVA_MAX_STREAM_HEADER);
    status = onedva_stream_header_parse(read, writer.data, writer.size);
    odva_byte_writer_free(&writer);
    return status;
}

static void expect(const struct onedva_stream *stream, int status)
{
    struct onedva_stream read;

    assert_int_equal(write_and_read(stream, &read), status);
    assert_int_equal(odva_stream_header_check(stream) == NULL, status == ONEDVA_OK);
    if (status == ONEDVA_OK)
        assert_streams_equal(stream, &read);
}

/* Set one field to a value and expect a status. */
#define FIELD(name, value, status)                                                                 \
    do {                                                                                           \
        struct onedva_stream stream = ordinary;                                                    \
        stream.name = value;                                                                       \
        expect(&stream, status);                                                                   \
    } while (0)

static void sizes(void **state)
{
    (void)state;
    expect(&ordinary, ONEDVA_OK);
    FIELD(width, 1, ONEDVA_OK);
    FIELD(width, 65535, ONEDVA_OK);
    FIELD(width, 0, ONEDVA_ERR_DATA);
    FIELD(width, 65536, ONEDVA_ERR_DATA);
    FIELD(width, UINT32_MAX, ONEDVA_ERR_DATA);
    FIELD(height, 1, ONEDVA_OK);
    FIELD(height, 65535, ONEDVA_OK);
    FIELD(height, 0, ONEDVA_ERR_DATA);
    FIELD(height, 65536, ONEDVA_ERR_DATA);
    FIELD(height, UINT32_MAX, ONEDVA_ERR_DATA);
}

static void times(void **state)
{
    (void)state;
    FIELD(timebase_num, 0, ONEDVA_ERR_DATA);
    FIELD(timebase_num, UINT32_MAX, ONEDVA_OK);
    FIELD(timebase_den, 0, ONEDVA_ERR_DATA);
    FIELD(timebase_den, UINT32_MAX, ONEDVA_OK);
    FIELD(frame_duration, 0, ONEDVA_OK);
    FIELD(frame_duration, UINT32_MAX, ONEDVA_OK);
    FIELD(sar_num, 0, ONEDVA_OK);
    FIELD(sar_num, UINT32_MAX, ONEDVA_OK);
    FIELD(sar_den, 0, ONEDVA_ERR_DATA);
    FIELD(sar_den, UINT32_MAX, ONEDVA_OK);
}

static void colours(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value++) {
        FIELD(full_range, (uint8_t)value, value <= 2 ? ONEDVA_OK : ONEDVA_ERR_DATA);
        FIELD(colour_primaries, (uint8_t)value, ONEDVA_OK);
        FIELD(transfer, (uint8_t)value, ONEDVA_OK);
        FIELD(matrix, (uint8_t)value, ONEDVA_OK);
        FIELD(chroma_location, (uint8_t)value, value <= 6 ? ONEDVA_OK : ONEDVA_ERR_DATA);
    }
    FIELD(model_id, 0, ONEDVA_OK);
    FIELD(model_id, UINT64_MAX, ONEDVA_OK);
}

static void version_and_format(void **state)
{
    struct odva_byte_writer writer = {0};
    struct onedva_stream read;

    (void)state;
    odva_stream_header_write(&writer, &ordinary);
    for (int value = 0; value < 256; value++) {
        writer.data[0] = (uint8_t)value;
        assert_int_equal(onedva_stream_header_parse(&read, writer.data, writer.size),
                         value == 2 ? ONEDVA_OK : ONEDVA_ERR_VERSION);
    }
    writer.data[0] = 2;
    for (int value = 0; value < 256; value++) {
        writer.data[13] = (uint8_t)value;
        assert_int_equal(onedva_stream_header_parse(&read, writer.data, writer.size),
                         value <= 1 ? ONEDVA_OK : ONEDVA_ERR_UNSUPPORTED);
        if (value <= 1)
            assert_int_equal(read.depth, value ? 10 : 8);
    }
    odva_byte_writer_free(&writer);
}

static void depths(void **state)
{
    struct onedva_stream stream = ordinary, read;

    (void)state;
    FIELD(depth, 10, ONEDVA_OK);
    for (uint32_t depth = 1; depth < 20; depth++) {
        stream.depth = depth;
        assert_int_equal(odva_stream_header_check(&stream) == NULL, depth == 8 || depth == 10);
    }
    stream.depth = 0; /* of a program that knows no others */
    assert_null(odva_stream_header_check(&stream));
    assert_int_equal(write_and_read(&stream, &read), ONEDVA_OK);
    assert_int_equal(read.depth, 8);
}

static void truncations(void **state)
{
    struct odva_byte_writer writer = {0};
    struct onedva_stream read;

    (void)state;
    assert_int_equal(onedva_stream_header_parse(&read, NULL, 0), ONEDVA_ERR_DATA);
    odva_stream_header_write(&writer, &ordinary);
    for (size_t size = 0; size < writer.size; size++)
        assert_int_equal(onedva_stream_header_parse(&read, writer.data, size), ONEDVA_ERR_DATA);
    odva_write_u8(&writer, 0xAA);
    assert_int_equal(onedva_stream_header_parse(&read, writer.data, writer.size), ONEDVA_OK);
    odva_byte_writer_free(&writer);
}

static uint32_t read_leb(const uint8_t *bytes, size_t size, int *failed)
{
    struct odva_byte_reader reader;
    uint32_t value;

    odva_byte_reader_init(&reader, bytes, size);
    value = odva_read_leb(&reader);
    *failed = reader.failed;
    return value;
}

static void leb_values(void **state)
{
    static const uint32_t values[] = {0, 1, 127, 128, 16383, 16384, 1u << 28, UINT32_MAX};
    int failed;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct odva_byte_writer writer = {0};
        odva_write_leb(&writer, values[i]);
        assert_int_equal(read_leb(writer.data, writer.size, &failed), values[i]);
        assert_false(failed);
        read_leb(writer.data, writer.size - 1, &failed);
        assert_true(failed);
        odva_byte_writer_free(&writer);
    }
    read_leb((const uint8_t *)"\xFF\xFF\xFF\xFF\x1F", 5, &failed);
    assert_true(failed);
    read_leb((const uint8_t *)"\x80\x80\x80\x80\x80\x00", 6, &failed);
    assert_true(failed);
    assert_int_equal(read_leb((const uint8_t *)"\x81\x80\x00", 3, &failed), 1);
    assert_false(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),       cmocka_unit_test(times),
        cmocka_unit_test(colours),     cmocka_unit_test(version_and_format),
        cmocka_unit_test(truncations), cmocka_unit_test(leb_values),
        cmocka_unit_test(depths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
