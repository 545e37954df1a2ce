/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/crc16.h"
#include "tests/support/test.h"

/* The check value of CRC-16/CCITT-FALSE in the catalogue of parametrised CRC algorithms. */
static void known_vector(void **state)
{
    (void)state;
    assert_int_equal(odva_crc16((const uint8_t *)"123456789", 9), 0x29B1);
    assert_int_equal(odva_crc16((const uint8_t *)"", 0), 0xFFFF);
    assert_int_equal(odva_crc16((const uint8_t *)"A", 1), 0xB915);
}

/* Bit by bit, straight from the definition. */
static uint16_t plain_crc16(const uint8_t *data, int size)
{
    uint16_t crc = 0xFFFF;

    for (int i = 0; i < 8 * size; i++) {
        const int bit = data[i / 8] >> (7 - i % 8) & 1;
        const int carry = crc >> 15 ^ bit;
        crc = (uint16_t)(crc << 1 ^ (carry ? 0x1021 : 0));
    }
    return crc;
}

static void agrees_with_definition(void **state)
{
    struct random random = {1};
    uint8_t data[300];

    (void)state;
    for (int size = 0; size < 300; size++) {
        for (int i = 0; i < size; i++)
            data[i] = (uint8_t)random_u64(&random);
        assert_int_equal(odva_crc16(data, size), plain_crc16(data, size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vector),
        cmocka_unit_test(agrees_with_definition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
