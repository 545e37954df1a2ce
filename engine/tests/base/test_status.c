/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdio.h>
#include <string.h>

#include "onedva/onedva.h"
#include "tests/support/test.h"

/* Each status has a text of its own, in one line, and every other number one for all. */
static void texts(void **state)
{
    const char *unknown = onedva_status_text(ONEDVA_ERR_DEVICE - 1);

    (void)state;
    assert_string_equal(onedva_status_text(1), unknown);
    for (int a = ONEDVA_ERR_DEVICE; a <= ONEDVA_OK; a++) {
        const char *text = onedva_status_text(a);

        assert_true(strlen(text) > 0 && !strchr(text, '\n'));
        assert_string_not_equal(text, unknown);
        for (int b = a + 1; b <= ONEDVA_OK; b++)
            assert_string_not_equal(text, onedva_status_text(b));
    }
}

static void version(void **state)
{
    char expected[32];

    (void)state;
    snprintf(expected, sizeof(expected), "%d.%d.%d", ONEDVA_VERSION_MAJOR, ONEDVA_VERSION_MINOR,
             ONEDVA_VERSION_PATCH);
    assert_string_equal(onedva_version(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(version)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
