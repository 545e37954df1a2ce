/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* onedva-latents: the latents of a muxed stream as tensors, and back. */
#include <getopt.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "latents_export.h"
#include "latents_import.h"

static const char usage[] =
    "Usage: onedva-latents [options] export VIDEO FILE.safetensors\n"
    "       onedva-latents [options] import FILE.safetensors VIDEO\n"
    "\n"
    "export writes the latents of every packet of VIDEO, any container that FFmpeg reads, without\n"
    "decoding a pixel; import makes the packets again, the same bytes where nothing was changed.\n"
    "doc/latents.md describes the tensors.\n"
    "\n"
    "  --model FILE   the model of the stream [$ONEDVA_MODEL, or the one in this program]\n"
    "  --from NAME    import takes coefficient.q (levels) or coefficient.y (values, which are\n"
    "                 quantised by clip.qidx): q or y [q]\n";

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("onedva-latents: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void check_av(int status, const char *what)
{
    char text[128];

    if (status >= 0)
        return;
    av_strerror(status, text, sizeof(text));
    die("%s: %s", what, text);
}

static void keep_error(void *opaque, enum onedva_log_level level, const char *message)
{
    char *error = opaque;

    if (level == ONEDVA_LOG_ERROR)
        snprintf(error, 256, "%s", message);
}

struct onedva_logger error_logger(void)
{
    static char error[256];

    return (struct onedva_logger){.log = keep_error, .opaque = error};
}

void check_onedva(int status)
{
    const char *error = error_logger().opaque;

    if (status < 0)
        die("%s", error[0] ? error : onedva_status_text(status));
}

static int parse_from(const char *name)
{
    if (strcmp(name, "q") && strcmp(name, "y"))
        die("--from %s does not exist; q and y do", name);
    return !strcmp(name, "y");
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"model", required_argument, NULL, 'm'},
        {"from", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const struct onedva_logger logger = error_logger();
    const char *path = NULL;
    onedva_model *model;
    int from_values = 0, damaged = 0, option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
        if (option == 'm')
            path = optarg;
        else if (option == 'f')
            from_values = parse_from(optarg);
        else if (option == 'h')
            return fputs(usage, stdout) < 0;
        else
            die("--help lists the options");
    }
    if (argc - optind != 3 || (strcmp(argv[optind], "export") && strcmp(argv[optind], "import")))
        die("give export or import, what to read and what to write; --help says more");
    av_log_set_level(AV_LOG_ERROR);
    check_onedva(onedva_model_open(&model, path, &logger));
    if (!strcmp(argv[optind], "export"))
        damaged = latents_export(model, argv[optind + 1], argv[optind + 2]);
    else
        latents_import(model, argv[optind + 1], argv[optind + 2], from_values);
    onedva_model_close(&model);
    return damaged ? 1 : 0;
}
