/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* onedva-latents: the latents of a muxed stream as tensors, and back. */
#include <errno.h>
#include <getopt.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "die.h"
#include "latents_export.h"
#include "latents_export_all.h"
#include "latents_generate.h"
#include "latents_import.h"

static const char usage[] =
    "Usage: onedva-latents [options] export VIDEO FILE.safetensors\n"
    "       onedva-latents [options] export VIDEO... FOLDER\n"
    "       onedva-latents [options] import FILE.safetensors VIDEO\n"
    "       onedva-latents [options] generate VIDEO\n"
    "\n"
    "export writes the latents of every packet of VIDEO, any container that FFmpeg reads, without\n"
    "decoding a pixel; import makes the packets again, the same bytes where nothing was changed.\n"
    "doc/latents.md describes the tensors. In FOLDER each VIDEO has a file of its name, and one\n"
    "that is there and not older is not made again. generate draws a video from a generative "
    "model\n"
    "of latents (doc/generation.md). import and generate write .odva to standard output where\n"
    "VIDEO is -.\n"
    "\n"
    "  --model FILE   the model of the stream [$ONEDVA_MODEL, or the one in this program]\n"
    "\n"
    "Of import:\n"
    "  --from NAME    it takes coefficient.q (levels) or coefficient.y (values, which are\n"
    "                 quantised by clip.qidx): q or y [q]\n"
    "\n"
    "Of generate:\n"
    "  --prior FILE   the generative model [the one in this program]\n"
    "  --class NAME   what to draw [anything that it knows]\n"
    "  --seed N       another one draws another video [0]\n"
    "  --clips N      of 16 frames, each of which knows the one before [4]\n"
    "  --tokens N     latent tokens of 128x128 samples [as many as the prior has]\n"
    "  --flow-steps N steps from noise to latents [24]\n"
    "  --guidance X   how far the class leads; 1: as it was learned [1.5]\n"
    "  --rate R       frames per second [25]\n";

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

static double number(const char *option, const char *text, double low, double high)
{
    char *end;
    double value;

    errno = 0;
    value = strtod(text, &end);
    if (end == text || *end || errno || !(value >= low && value <= high))
        die("--%s %s is not a number from %g to %g", option, text, low, high);
    return value;
}

static int whole_number(const char *option, const char *text, double low, double high)
{
    const double value = number(option, text, low, high);

    if (value != (int)value)
        die("--%s %s is not a whole number", option, text);
    return (int)value;
}

static uint64_t seed_of(const char *text)
{
    char *end;
    uint64_t value;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (end == text || *end || errno || strchr(text, '-'))
        die("--seed %s is not a whole number from 0 to 18446744073709551615", text);
    return value;
}

static const struct option options[] = {
    {"model", required_argument, NULL, 'm'},    {"from", required_argument, NULL, 'f'},
    {"prior", required_argument, NULL, 'p'},    {"class", required_argument, NULL, 'c'},
    {"seed", required_argument, NULL, 's'},     {"clips", required_argument, NULL, 'n'},
    {"tokens", required_argument, NULL, 't'},   {"flow-steps", required_argument, NULL, 'w'},
    {"guidance", required_argument, NULL, 'g'}, {"rate", required_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},           {0},
};

struct arguments {
    const char *model;
    const char *of_import, *of_generate; /* an option of each that was given, or NULL */
    int from_values;
    struct latents_generation generation;
};

/* @return whether it is an option of generate */
static int parse_generation(struct latents_generation *generation, int option)
{
    switch (option) {
    case 'p':
        generation->prior = optarg;
        break;
    case 'c':
        generation->class_name = optarg;
        break;
    case 's':
        generation->settings.seed = seed_of(optarg);
        break;
    case 'n':
        generation->clips = whole_number("clips", optarg, 1, 1e6);
        break;
    case 't':
        generation->settings.tokens = whole_number("tokens", optarg, 0, 1e6);
        break;
    case 'w':
        generation->settings.steps = whole_number("flow-steps", optarg, 1, 1000);
        break;
    case 'g':
        generation->settings.guidance = number("guidance", optarg, 0, 20);
        break;
    case 'r':
        generation->rate = optarg;
        break;
    default:
        return 0;
    }
    return 1;
}

static void parse(struct arguments *arguments, int argc, char **argv)
{
    int option, index = 0;

    while ((option = getopt_long(argc, argv, "h", options, &index)) >= 0) {
        if (option == 'm') {
            arguments->model = optarg;
        } else if (option == 'f') {
            arguments->from_values = parse_from(optarg);
            arguments->of_import = options[index].name;
        } else if (option == 'h') {
            exit(fputs(usage, stdout) < 0);
        } else if (parse_generation(&arguments->generation, option)) {
            arguments->of_generate = options[index].name;
        } else {
            die("--help lists the options");
        }
    }
}

static int is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Whether as many files follow a command as it needs. */
static int fits(const char *command, int files, const char *last)
{
    if (!strcmp(command, "generate"))
        return files == 1;
    return files == 2 || (!strcmp(command, "export") && files > 2 && is_folder(last));
}

static const char *command_of(int argc, char **argv)
{
    static const char *const commands[] = {"export", "import", "generate"};
    const int files = argc - optind - 1;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && files >= 0; i++) {
        if (strcmp(argv[optind], commands[i]))
            continue;
        if (files > 2 && !i && !is_folder(argv[argc - 1]))
            die("%s is no folder, which export needs behind more than one video", argv[argc - 1]);
        if (fits(commands[i], files, argv[argc - 1]))
            return commands[i];
    }
    die("give export or import, what to read and what to write, or generate and what to write; "
        "--help says more");
}

/* What another command would have listened to is a mistake here. */
static void check_options(const struct arguments *arguments, const char *command)
{
    if (arguments->of_import && strcmp(command, "import"))
        die("--%s is an option of import, not of %s", arguments->of_import, command);
    if (arguments->of_generate && strcmp(command, "generate"))
        die("--%s is an option of generate, not of %s", arguments->of_generate, command);
}

static int run(const onedva_model *model, const char *command, int files, char **file,
               const struct arguments *arguments)
{
    if (!strcmp(command, "generate"))
        latents_generate(model, file[0], &arguments->generation);
    else if (!strcmp(command, "import"))
        latents_import(model, file[0], file[1], arguments->from_values);
    else if (is_folder(file[files - 1]))
        return latents_export_all(model, file, files - 1, file[files - 1]);
    else
        return latents_export(model, file[0], file[1]);
    return 0;
}

int main(int argc, char **argv)
{
    const struct onedva_logger logger = error_logger();
    struct arguments arguments = {.generation = {.rate = "25", .clips = 4}};
    const char *command;
    onedva_model *model;
    int failed;

    onedva_generator_settings_default(&arguments.generation.settings);
    arguments.generation.settings.logger = logger;
    parse(&arguments, argc, argv);
    command = command_of(argc, argv);
    check_options(&arguments, command);
    av_log_set_level(AV_LOG_ERROR);
    check_onedva(onedva_model_open(&model, arguments.model, &logger));
    failed = run(model, command, argc - optind - 1, argv + optind + 1, &arguments);
    onedva_model_close(&model);
    return failed ? 1 : 0;
}
