/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A user's program on libonedva alone, for the tests of what is installed. */
#include <onedva/onedva.h>
#include <stdio.h>

int main(void)
{
    onedva_model *model = NULL;
    int status = onedva_model_open(&model, NULL, NULL);

    printf("libonedva %s: %s\n", onedva_version(), onedva_status_text(status));
    onedva_model_close(&model);
    return status != ONEDVA_OK;
}
