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

/* @return PSNR-Y of the clip read last */
static double decoded_psnr(struct codec *codec, const struct clip *clip)
{
    struct clip decoded;
    double sum = 0;

    clip_alloc(&decoded, clip->frames, clip->width, clip->height);
    assert_int_equal(onedva_decoder_reconstruct(codec->decoder, decoded.picture, clip->frames),
                     ONEDVA_OK);
    for (int t = 0; t < clip->frames; t++) {
        for (int y = 0; y < clip->height; y++) {
            const uint8_t *a = clip->picture[t].data[0] + y * clip->picture[t].stride[0];
            const uint8_t *b = decoded.picture[t].data[0] + y * decoded.picture[t].stride[0];
            for (int x = 0; x < clip->width; x++)
                sum += (a[x] - b[x]) * (a[x] - b[x]);
        }
    }
    clip_free(&decoded);
    return 10 * log10(255 * 255 * (double)clip->frames * clip->width * clip->height / sum);
}

/* @return PSNR-Y of a clip's packet, made for a PSNR @param message what was said */
static double psnr_for(double wanted, int *qidx, char *message)
{
    struct onedva_packet packet;
    struct onedva_clip info;
    struct codec codec;
    struct clip clip;
    double psnr;

    codec_init(&codec, 90, 70);
    codec.encoder_settings.target_psnr = wanted;
    codec_open(&codec);
    clip_alloc(&clip, 8, 90, 70);
    clip_draw(&clip, 0);
    packet = encode(&codec, &clip);
    *qidx = packet.stats.qidx;
    decode(&codec, packet.data, packet.size, &clip, &info);
    psnr = decoded_psnr(&codec, &clip);
    strcpy(message, codec.message);
    clip_free(&clip);
    codec_close(&codec);
    return psnr;
}

static void clips_have_the_psnr(void **state)
{
    char message[300];
    int qidx, last = 64;

    (void)state;
    for (double wanted = 29; wanted <= 38; wanted += 3) {
        const double psnr = psnr_for(wanted, &qidx, message);

        print_message("%g dB wanted: %.2f dB at %d\n", wanted, psnr, qidx);
        assert_true(psnr >= wanted && psnr < wanted + 2); /* the largest step there is, almost */
        assert_true(qidx < last);
        assert_string_equal(message, "");
        last = qidx;
    }
    psnr_for(60, &qidx, message);
    assert_int_equal(qidx, ODVA_FINEST);
    assert_non_null(strstr(message, "not 60 dB"));
}

/* What is measured is what a decoder shows, whatever was measured in a clip's place before. */
static void measures_what_is_shown(void **state)
{
    struct odva_psnr_target target = {0};
    const uint8_t *header;
    struct codec codec;
    struct clip clip;
    size_t size;

    (void)state;
    codec_init(&codec, 90, 70);
    codec_open(&codec);
    onedva_encoder_stream_header(codec.encoder, &header, &size);
    assert_int_equal(
        odva_psnr_target_open(&target, codec.model, &codec.encoder_settings, 8, header, size),
        ONEDVA_OK);
    clip_alloc(&clip, 4, 90, 70);
    for (int i = 0; i < 5; i++) {
        struct onedva_packet packet;
        struct onedva_clip info;
        double first, again;

        clip_draw(&clip, 4 * i);
        packet = encode(&codec, &clip);
        assert_int_equal(packet.is_key, i == 0);
        assert_int_equal(odva_psnr_target_measure(&target, packet.data, packet.size,
                                                  clip.const_picture, 4, 90, 70, &first),
                         ONEDVA_OK);
        assert_int_equal(odva_psnr_target_measure(&target, packet.data, packet.size,
                                                  clip.const_picture, 4, 90, 70, &again),
                         ONEDVA_OK);
        assert_int_equal(odva_psnr_target_follow(&target, packet.data, packet.size), ONEDVA_OK);
        assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &info),
                         ONEDVA_OK);
        assert_true(first == decoded_psnr(&codec, &clip));
        assert_true(again == first);
    }
    assert_string_equal(codec.message, "");
    odva_psnr_target_close(&target);
    clip_free(&clip);
    codec_close(&codec);
}

/* What measures an inter clip predicts it from the packet that was taken of the clip before. */
static void inter_clips_have_it_too(void **state)
{
    int inter_clips = 0;
    struct codec codec;
    struct clip clip;

    (void)state;
    codec_init(&codec, 90, 70);
    codec.encoder_settings.target_psnr = 33;
    codec_open(&codec);
    clip_alloc(&clip, 4, 90, 70);
    for (int i = 0; i < 5; i++) {
        struct onedva_packet packet;
        struct onedva_clip info;
        double psnr;

        clip_draw(&clip, 4 * i);
        packet = encode(&codec, &clip);
        inter_clips += !packet.is_key;
        assert_int_equal(onedva_decoder_read_packet(codec.decoder, packet.data, packet.size, &info),
                         ONEDVA_OK);
        assert_int_equal(info.is_corrupt, 0);
        psnr = decoded_psnr(&codec, &clip);
        print_message("clip %d, %s: %.2f dB at %d\n", i, packet.is_key ? "key" : "inter", psnr,
                      packet.stats.qidx);
        assert_true(psnr >= 33 && psnr < 37);
    }
    assert_true(inter_clips > 2);
    assert_string_equal(codec.message, "");
    clip_free(&clip);
    codec_close(&codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_finds_the_coarsest),
        cmocka_unit_test(clips_have_the_psnr),
        cmocka_unit_test(measures_what_is_shown),
        cmocka_unit_test(inter_clips_have_it_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
