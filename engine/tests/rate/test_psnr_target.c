/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The quantiser for a PSNR: the search alone, and clips as a decoder shows them. */
#include "rate/psnr_target.h"
#include "tests/support/codec.h"

/* @return the steps that the search took. @param slope dB per index, of a clip of 40 dB at index 0
 */
static int search(double wanted, int guess, double slope, int *found)
{
    struct odva_psnr_search search;
    int steps = 0, goes_on;

    odva_psnr_search_start(&search, wanted, guess);
    do {
        assert_in_range(search.next - ODVA_FINEST, 0, ONEDVA_MAX_QIDX - ODVA_FINEST);
        assert_true(++steps < 110);
        goes_on = odva_psnr_search_step(&search, 40 - slope * search.next);
    } while (goes_on);
    *found = search.fine;
    return steps;
}

static void search_finds_the_coarsest(void **state)
{
    (void)state;
    for (double slope = 0.2; slope < 0.9; slope += 0.1) {
        for (double wanted = 15; wanted <= 60; wanted += 0.7) {
            int expected = ONEDVA_MAX_QIDX, found;

            while (expected >= ODVA_FINEST && 40 - slope * expected < wanted)
                expected--;
            search(wanted, -10, slope, &found);
            assert_int_equal(found, expected);
            if (expected >= ODVA_FINEST)
                assert_true(search(wanted, expected, slope, &found) <= 3);
        }
    }
}

/* @return PSNR-Y of a clip's packet, made for a PSNR @param message what was said */
static double psnr_for(double wanted, int *qidx, char *message)
{
    struct onedva_packet packet;
    struct onedva_clip info;
    struct codec codec;
    struct clip clip, decoded;
    double sum = 0;

    codec_init(&codec, 90, 70);
    codec.encoder_settings.target_psnr = wanted;
    codec_open(&codec);
    clip_alloc(&clip, 8, 90, 70);
    clip_alloc(&decoded, 8, 90, 70);
    clip_draw(&clip, 0);
    packet = encode(&codec, &clip);
    *qidx = packet.stats.qidx;
    decode(&codec, packet.data, packet.size, &clip, &info);
    assert_int_equal(onedva_decoder_reconstruct(codec.decoder, decoded.picture, 8), ONEDVA_OK);
    for (int t = 0; t < 8; t++) {
        for (int y = 0; y < 70; y++) {
            const uint8_t *a = clip.picture[t].data[0] + y * clip.picture[t].stride[0];
            const uint8_t *b = decoded.picture[t].data[0] + y * decoded.picture[t].stride[0];
            for (int x = 0; x < 90; x++)
                sum += (a[x] - b[x]) * (a[x] - b[x]);
        }
    }
    strcpy(message, codec.message);
    clip_free(&clip);
    clip_free(&decoded);
    codec_close(&codec);
    return 10 * log10(255 * 255 * 8 * 90.0 * 70 / sum);
}

static void clips_have_the_psnr(void **state)
{
    char message[300];
    int qidx, last = 64;

    (void)state;
    for (double wanted = 29; wanted <= 38; wanted += 3) {
        const double psnr = psnr_for(wanted, &qidx, message);

        print_message("%g dB wanted: %.2f dB at %d\n", wanted, psnr, qidx);
        assert_true(psnr >= wanted && psnr < wanted + 1.5);
        assert_true(qidx < last);
        assert_string_equal(message, "");
        last = qidx;
    }
    psnr_for(60, &qidx, message);
    assert_int_equal(qidx, ODVA_FINEST);
    assert_non_null(strstr(message, "not 60 dB"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_finds_the_coarsest),
        cmocka_unit_test(clips_have_the_psnr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
