/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/range_decoder.h"
#include "bitstream/range_encoder.h"
#include "tests/support/test.h"

#define MAX_SYMBOLS 16

/* One coded item: a symbol of a cdf, or bits. */
struct item {
    uint16_t cdf[MAX_SYMBOLS + 1];
    int symbols; /* 0: bits */
    int bits;
    uint32_t value;
};

static void encode(struct odva_byte_writer *writer, const struct item *items, int count)
{
    struct odva_range_encoder encoder;

    odva_range_encoder_init(&encoder, writer);
    for (int i = 0; i < count; i++) {
        if (items[i].symbols)
            odva_range_encode(&encoder, items[i].cdf, items[i].symbols, (int)items[i].value);
        else
            odva_range_encode_bits(&encoder, items[i].value, items[i].bits);
    }
    odva_range_encoder_finish(&encoder);
    assert_false(writer->failed);
}

static int decodes_to(const uint8_t *data, size_t size, const struct item *items, int count)
{
    struct odva_range_decoder decoder;

    odva_range_decoder_init(&decoder, data, size);
    for (int i = 0; i < count; i++) {
        uint32_t value;
        if (items[i].symbols)
            value = (uint32_t)odva_range_decode(&decoder, items[i].cdf, items[i].symbols);
        else
            value = odva_range_decode_bits(&decoder, items[i].bits);
        if (value != items[i].value || odva_range_code(&decoder) >= decoder.range)
            return 0;
    }
    return 1;
}

static void decode(const uint8_t *data, size_t size, const struct item *items, int count)
{
    assert_true(decodes_to(data, size, items, count));
}

/* A symbol with its model's probability; any symbol now and then, however rare. */
static uint32_t random_symbol(struct random *random, const uint16_t *cdf, int symbols)
{
    const int v = random_below(random, 32768);
    int s = 0;

    if (random_below(random, 8) == 0)
        return (uint32_t)random_below(random, symbols);
    while (cdf[s + 1] <= v)
        s++;
    return (uint32_t)s;
}

static void random_item(struct random *random, struct item *item)
{
    if (random_below(random, 4) == 0) {
        item->symbols = 0;
        item->bits = random_below(random, 17);
        item->value = (uint32_t)random_below(random, 1 << item->bits);
        return;
    }
    item->symbols = 1 + random_below(random, MAX_SYMBOLS);
    random_cdf(random, item->cdf, item->symbols, 1 + random_below(random, 12));
    item->value = random_symbol(random, item->cdf, item->symbols);
}

static void random_sequences(void **state)
{
    struct random random = {2};
    struct odva_byte_writer writer = {0};
    struct item items[600];

    (void)state;
    for (int run = 0; run < 2000; run++) {
        const int count = random_below(&random, 600);
        for (int i = 0; i < count; i++)
            random_item(&random, &items[i]);
        odva_byte_writer_reset(&writer);
        encode(&writer, items, count);
        decode(writer.data, writer.size, items, count);
    }
    odva_byte_writer_free(&writer);
}

/* cdf with symbol s as likely as can be and all others 1/32768. */
static void extreme_cdf(uint16_t *cdf, int symbols, int s)
{
    for (int i = 0; i <= symbols; i++)
        cdf[i] = (uint16_t)(i <= s ? i : 32768 - (symbols - i));
}

static void extreme_probabilities(void **state)
{
    struct odva_byte_writer writer = {0};
    struct item items[400];

    (void)state;
    for (int likely = 0; likely < MAX_SYMBOLS; likely++) {
        for (int coded = 0; coded < MAX_SYMBOLS; coded++) {
            for (int i = 0; i < 400; i++) {
                items[i].symbols = MAX_SYMBOLS;
                items[i].value = (uint32_t)(i % 7 == 0 ? likely : coded);
                extreme_cdf(items[i].cdf, MAX_SYMBOLS, likely);
            }
            odva_byte_writer_reset(&writer);
            encode(&writer, items, 400);
            decode(writer.data, writer.size, items, 400);
        }
    }
    odva_byte_writer_free(&writer);
}

static void encode_bits(struct odva_range_encoder *encoder, struct item *items, int *count,
                        int bits, uint32_t value)
{
    items[(*count)++] = (struct item){.bits = bits, .value = value};
    odva_range_encode_bits(encoder, value, bits);
}

/* While the interval reaches across the top of low, bytes of 0xFF go out that a carry can still
 * change: keep it there for some bits, then leave upwards (a carry through all) or downwards. */
static void check_carry_chain(int length, int upwards)
{
    const uint64_t top = UINT64_C(1) << 32;
    struct odva_byte_writer writer = {0};
    struct odva_range_encoder encoder;
    struct item items[300];
    int count = 0;

    odva_range_encoder_init(&encoder, &writer);
    encode_bits(&encoder, items, &count, 7, 5);
    encode_bits(&encoder, items, &count, 2, 0);
    for (int i = 0; i < length; i++) {
        assert_true((uint64_t)encoder.low + encoder.range > top);
        encode_bits(&encoder, items, &count, 1, encoder.low + (uint64_t)(encoder.range >> 1) < top);
    }
    assert_int_equal(writer.data[0], 0x09);
    for (size_t i = 1; i < writer.size; i++)
        assert_int_equal(writer.data[i], 0xFF);
    while ((uint64_t)encoder.low + encoder.range > top)
        encode_bits(&encoder, items, &count, 1, upwards);
    odva_range_encoder_finish(&encoder);
    assert_int_equal(writer.data[0], upwards ? 0x0A : 0x09);
    decode(writer.data, writer.size, items, count);
    odva_byte_writer_free(&writer);
}

static void carry_chains(void **state)
{
    (void)state;
    for (int length = 0; length < 200; length++) {
        check_carry_chain(length, 0);
        check_carry_chain(length, 1);
    }
}

/* Neither neighbour among the payloads of one byte less decodes to the same. */
static void check_shorter(uint8_t *data, size_t size, const struct item *items, int count)
{
    size_t i = size - 1;

    assert_false(decodes_to(data, size - 1, items, count));
    while (i > 0 && ++data[--i] == 0)
        ;
    assert_true(size == 1 || !decodes_to(data, size - 1, items, count));
}

/* A payload never ends in a zero byte, and no shorter one decodes to the same. */
static void fewest_bytes(void **state)
{
    struct random random = {3};
    struct odva_byte_writer writer = {0};
    struct item items[40];

    (void)state;
    for (int run = 0; run < 3000; run++) {
        const int count = random_below(&random, 40);
        double bits = 0;
        for (int i = 0; i < count; i++) {
            const struct item *item = &items[i];
            random_item(&random, &items[i]);
            bits += item->symbols ? 15 - log2(item->cdf[item->value + 1] - item->cdf[item->value])
                                  : item->bits;
        }
        odva_byte_writer_reset(&writer);
        encode(&writer, items, count);
        assert_true(writer.size == 0 || writer.data[writer.size - 1] != 0);
        assert_true(8 * writer.size <= bits + 8 + 0.01 * count);
        if (writer.size > 0)
            check_shorter(writer.data, writer.size, items, count);
    }
    odva_byte_writer_free(&writer);
}

/* Nothing but the first symbol of each cdf is the number 0: an empty payload. */
static void zeros_take_no_bytes(void **state)
{
    struct odva_byte_writer writer = {0};
    struct item items[100];

    (void)state;
    for (int i = 0; i < 100; i++)
        items[i] = (struct item){.cdf = {0, 3, 32768}, .symbols = 2, .value = 0};
    encode(&writer, items, 100);
    assert_int_equal(writer.size, 0);
    decode((const uint8_t *)"", 0, items, 100);
    odva_byte_writer_free(&writer);
}

/* A payload begins behind what the writer holds already and leaves that alone. */
static void appends(void **state)
{
    struct odva_byte_writer writer = {0};
    struct item items[50];

    (void)state;
    for (int i = 0; i < 50; i++)
        items[i] = (struct item){.bits = 16, .value = 0xFFFF};
    odva_write_u8(&writer, 0xFF);
    odva_write_u8(&writer, 0);
    encode(&writer, items, 50);
    assert_int_equal(writer.data[0], 0xFF);
    assert_int_equal(writer.data[1], 0);
    decode(writer.data + 2, writer.size - 2, items, 50);
    odva_byte_writer_free(&writer);
}

/* Any bytes decode to symbols in range. */
static void garbage_is_bounded(void **state)
{
    struct random random = {4};
    uint8_t data[64];

    (void)state;
    for (int run = 0; run < 5000; run++) {
        struct odva_range_decoder decoder;
        const int size = random_below(&random, 64);
        memset(data, 0xFF, sizeof(data));
        for (int i = 0; run % 3 && i < size; i++)
            data[i] = (uint8_t)random_u64(&random);
        odva_range_decoder_init(&decoder, data, size);
        for (int i = 0; i < 200; i++) {
            struct item item;
            random_item(&random, &item);
            if (item.symbols)
                assert_in_range(odva_range_decode(&decoder, item.cdf, item.symbols), 0,
                                item.symbols - 1);
            else
                assert_true(odva_range_decode_bits(&decoder, item.bits) < 1u << item.bits);
            assert_true(decoder.range >= 1u << 24);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_sequences),    cmocka_unit_test(extreme_probabilities),
        cmocka_unit_test(carry_chains),        cmocka_unit_test(fewest_bytes),
        cmocka_unit_test(zeros_take_no_bytes), cmocka_unit_test(appends),
        cmocka_unit_test(garbage_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
