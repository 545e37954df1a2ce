/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* libFuzzer's mutator of .odva files: damages the fields of units and repairs their checksums and
 * sizes, so that the demuxer behind them is reached (doc/bitstream.md, annex A). */
#include <libavutil/intreadwrite.h>
#include <string.h>

#include "bitstream/crc16.h"
#include "fuzz.h"
#include "libavformat/odva.h"
#include "mutator.h"

#define SETTINGS  7 /* bytes before the file (fuzz_demuxer.c) */
#define MAX_UNITS 64

/* Where the units of a file are. */
struct units {
    int count;
    size_t position[MAX_UNITS];
};

static size_t unit_size(const uint8_t *data)
{
    return ODVA_PREFIX_SIZE + data[5] + ODVA_CRC_SIZE;
}

static void find_units(struct units *units, const uint8_t *data, size_t size)
{
    units->count = 0;
    for (size_t i = SETTINGS; i + ODVA_PREFIX_SIZE + ODVA_CRC_SIZE <= size; i++) {
        if (units->count < MAX_UNITS && AV_RB32(data + i) == ODVA_MARKER &&
            unit_size(data + i) <= size - i)
            units->position[units->count++] = i;
    }
}

/* Make checksums right, and an end name its segment's size. */
static void repair(uint8_t *data, size_t size, int sizes)
{
    size_t header = SETTINGS;
    struct units units;

    find_units(&units, data, size);
    for (int i = 0; i < units.count; i++) {
        uint8_t *unit = data + units.position[i];
        const size_t checked = unit_size(unit) - ODVA_CRC_SIZE;

        if (unit[4] == ODVA_UNIT_HEADER)
            header = units.position[i];
        if (unit[4] == ODVA_UNIT_END && checked + ODVA_CRC_SIZE == ODVA_END_SIZE && sizes)
            AV_WL64(unit + ODVA_PREFIX_SIZE, units.position[i] - header);
        AV_WL16(unit + checked, odva_crc16(unit, checked));
    }
}

/* Numbers of few and of many bits, of either sign. */
static int64_t any_number(unsigned *seed)
{
    const uint64_t bits = (uint64_t)fuzz_below(seed, 1u << 24) << 40 |
                          (uint64_t)fuzz_below(seed, 1u << 24) << 16 | fuzz_below(seed, 1u << 16);
    const int64_t value = (int64_t)(bits >> fuzz_below(seed, 64));

    return fuzz_below(seed, 2) ? value : -value;
}

static void change_fields(ODVAUnit *unit, unsigned *seed)
{
    const uint64_t number = (uint64_t)any_number(seed);

    switch (fuzz_below(seed, 9)) {
    case 0:
        unit->pts = unit->start_pts = (int64_t)number;
        break;
    case 1:
        unit->duration = unit->end_pts = (int64_t)number;
        break;
    case 2:
        unit->packet_size = (int)(number & INT32_MAX);
        break;
    case 3:
        unit->packet_size = (int)fuzz_below(seed, 400);
        break;
    case 4:
        unit->segment_size = (int64_t)number;
        break;
    case 5:
        unit->continues = !unit->continues;
        break;
    case 6:
        unit->time_base.num = (int)(number & INT32_MAX);
        break;
    case 7:
        unit->time_base.den = (int)(number & INT32_MAX);
        break;
    default:
        unit->type = (uint8_t)fuzz_below(seed, 4);
        break;
    }
}

/* Put bytes in the place of others. @return the input's size, unchanged where there is no room */
static size_t replace(uint8_t *data, size_t size, size_t max_size, size_t at, size_t old_size,
                      const uint8_t *bytes, size_t new_size)
{
    if (size - old_size + new_size > max_size)
        return size;
    memmove(data + at + new_size, data + at + old_size, size - at - old_size);
    if (new_size)
        memcpy(data + at, bytes, new_size);
    return size - old_size + new_size;
}

static size_t mutate_unit(uint8_t *data, size_t size, size_t max_size, size_t at, unsigned *seed)
{
    uint8_t written[ODVA_MAX_UNIT];
    ODVAUnit unit;

    if (ff_odva_unit_parse(&unit, data + at, (int)(size - at)) < 0)
        return size;
    change_fields(&unit, seed);
    return replace(data, size, max_size, at, (size_t)unit.size, written,
                   (size_t)ff_odva_unit_write(&unit, written));
}

/* Leave out what stands between two units, or have it once more somewhere else. */
static size_t mutate_order(uint8_t *data, size_t size, size_t max_size, const struct units *units,
                           unsigned *seed)
{
    const int first = (int)fuzz_below(seed, (unsigned)units->count);
    const int last = first + (int)fuzz_below(seed, (unsigned)(units->count - first)) + 1;
    const size_t begin = units->position[first];
    const size_t end = last < units->count ? units->position[last] : size;
    const size_t to = units->position[fuzz_below(seed, (unsigned)units->count)];
    uint8_t *copy;

    if (fuzz_below(seed, 2))
        return replace(data, size, max_size, begin, end - begin, NULL, 0);
    copy = malloc(end - begin);
    FUZZ_CHECK(copy);
    memcpy(copy, data + begin, end - begin);
    size = replace(data, size, max_size, to, 0, copy, end - begin);
    free(copy);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    const unsigned what = fuzz_below(&seed, 8);
    struct units units;

    find_units(&units, data, size);
    if (what < 3 && units.count)
        size = mutate_unit(data, size, max_size,
                           units.position[fuzz_below(&seed, (unsigned)units.count)], &seed);
    else if (what == 3 && units.count)
        size = mutate_order(data, size, max_size, &units, &seed);
    else if (what == 4)
        return fuzz_below(&seed, 4) ? LLVMFuzzerMutate(data, size, max_size)
                                    : fuzz_below(&seed, (unsigned)size + 1);
    else
        size = LLVMFuzzerMutate(data, size, max_size);
    repair(data, size, (int)fuzz_below(&seed, 4));
    return size;
}
