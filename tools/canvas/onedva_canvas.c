/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* onedva-canvas: cuts video to clips as the encoder does and writes their canvases, to train on. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decoder/decoder.h"
#include "onedva/onedva.h"
#include "tools/canvas/canvas_writer.h"
#include "tools/canvas/y4m_reader.h"

#define MAX_CRFS 16

static const char usage[] =
    "Usage: onedva-canvas [options] --out FILE --index FILE [INPUT]\n"
    "\n"
    "Reads yuv4mpeg (4:2:0, 8 bits) from INPUT or standard input and appends each clip's canvas "
    "and\n"
    "visibility mask to the file --out, and a line of JSON for it to the file --index.\n"
    "\n"
    "  --crf LIST      quality of the encoder, 0 to 63; of a list, each clip takes the next [30]\n"
    "  --gop N         frames from key clip to key clip; 1: all are key clips [250]\n"
    "  --pairs         write each clip's linear reconstruction, too\n"
    "  --motion MODE   off, global, mesh or auto [auto]\n"
    "  --preset NAME   ultrafast, medium or slow: effort of the encoder [medium]\n"
    "  --threads N     0: one per processor [0]\n"
    "  --model FILE    [$ONEDVA_MODEL, or the one in the library]\n";

struct options {
    struct onedva_encoder_settings encoder;
    double crf[MAX_CRFS];
    int crfs;
    int pairs;
    const char *input, *out, *index, *model;
};

/* Pictures that wait to be encoded. */
struct window {
    uint8_t *picture[ONEDVA_MAX_CLIP_FRAMES];
    int count;
};

struct tool {
    struct options options;
    struct y4m_reader reader;
    struct window window;
    struct canvas_writer writer;
    onedva_model *model;
    onedva_encoder *encoder;
    onedva_decoder *decoder; /* tells where the picture lies on the canvas, and what becomes of it
                              */
};

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("onedva-canvas: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

/* The library's own line, where it has one, says more than the status. */
static void keep_error(void *opaque, enum onedva_log_level level, const char *message)
{
    char *error = opaque;

    if (level == ONEDVA_LOG_ERROR)
        snprintf(error, 256, "%s", message);
}

static struct onedva_logger logger(void)
{
    static char error[256];

    return (struct onedva_logger){.log = keep_error, .opaque = error};
}

static void check(int status)
{
    const char *error = logger().opaque;

    if (status < 0)
        die("%s", error[0] ? error : onedva_status_text(status));
}

/* ---- options ----------------------------------------------------------------------------- */

static int find_name(const char *option, const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return i;
    die("--%s %s does not exist; --help lists what does", option, name);
}

static int parse_count(const char *option, const char *text, int most)
{
    char *end;
    const long value = strtol(text, &end, 10);

    if (end == text || *end || value < 0 || value > most)
        die("--%s %s is not a number in 0 to %d", option, text, most);
    return (int)value;
}

static void parse_crfs(struct options *options, const char *text)
{
    const char *at = text;

    options->crfs = 0;
    for (;;) {
        char *end;
        const double crf = strtod(at, &end);

        if (end == at || (*end && *end != ',') || !(crf >= 0 && crf <= ONEDVA_MAX_CRF))
            die("--crf %s is not a number in 0 to %g, or several with commas", text,
                ONEDVA_MAX_CRF);
        if (options->crfs == MAX_CRFS)
            die("--crf %s is a list of more than %d", text, MAX_CRFS);
        options->crf[options->crfs++] = crf;
        if (!*end)
            return;
        at = end + 1;
    }
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const char *const motions[] = {"off", "global", "mesh", "auto"};
    static const char *const presets[] = {"ultrafast", "medium", "slow"};
    static const struct option known[] = {
        {"crf", 1, 0, 'c'},
        {"motion", 1, 0, 'm'},
        {"preset", 1, 0, 'p'},
        {"threads", 1, 0, 't'},
        {"gop", 1, 0, 'g'},
        {"pairs", 0, 0, 'P'},
        {"model", 1, 0, 'M'},
        {"out", 1, 0, 'o'},
        {"index", 1, 0, 'i'},
        {"help", 0, 0, 'h'},
        {0},
    };
    int letter;

    *options = (struct options){.crf = {30}, .crfs = 1};
    onedva_encoder_settings_default(&options->encoder);
    options->encoder.motion = ONEDVA_MOTION_AUTO;
    options->encoder.adaptive_clips = 1;
    options->encoder.logger = logger();
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'c':
            parse_crfs(options, optarg);
            break;
        case 'm':
            options->encoder.motion = find_name("motion", optarg, motions, 4);
            break;
        case 'p':
            options->encoder.preset = find_name("preset", optarg, presets, 3);
            break;
        case 't':
            options->encoder.threads = parse_count("threads", optarg, 1024);
            break;
        case 'g':
            options->encoder.gop = parse_count("gop", optarg, INT_MAX);
            break;
        case 'P':
            options->pairs = 1;
            break;
        case 'M':
            options->model = optarg;
            break;
        case 'o':
            options->out = optarg;
            break;
        case 'i':
            options->index = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            exit(1); /* getopt_long has said why */
        }
    }
    if (optind < argc)
        options->input = argv[optind++];
    if (optind < argc)
        die("one INPUT, not also %s", argv[optind]);
    if (!options->out || !options->index)
        die("--out FILE and --index FILE are needed; --help tells more");
    options->encoder.crf = options->crf[0];
}

static const char *input_name(const struct options *options)
{
    return options->input ? options->input : "standard input";
}

/* ---- clips ------------------------------------------------------------------------------- */

/* Read pictures until the window is full or the input ends. */
static void fill(struct tool *tool)
{
    struct window *window = &tool->window;

    while (window->count < ONEDVA_MAX_CLIP_FRAMES) {
        uint8_t **picture = &window->picture[window->count];
        int status;

        if (!*picture && !(*picture = malloc(y4m_picture_size(&tool->reader))))
            die("not enough memory for pictures of %dx%d", tool->reader.width, tool->reader.height);
        status = y4m_read_picture(&tool->reader, *picture);
        if (status < 0)
            die("%s: %s", input_name(&tool->options), tool->reader.error);
        if (status == 0)
            return;
        window->count++;
    }
}

/* Forget the first pictures; their memory goes to the end of the window. */
static void drop(struct window *window, int count)
{
    uint8_t *used[ONEDVA_MAX_CLIP_FRAMES];

    memcpy(used, window->picture, count * sizeof(used[0]));
    memmove(window->picture, window->picture + count,
            (ONEDVA_MAX_CLIP_FRAMES - count) * sizeof(used[0]));
    memcpy(window->picture + ONEDVA_MAX_CLIP_FRAMES - count, used, count * sizeof(used[0]));
    window->count -= count;
}

/* Where the picture lies on the canvas is in the packet, and what a decoder makes of it. Every
 * packet is read, for the next clip may be predicted from this one. */
static void read_packet(struct tool *tool, const struct onedva_packet *packet,
                        struct canvas_clip *clip)
{
    struct onedva_clip parsed;
    struct onedva_mesh mesh;

    check(onedva_decoder_read_packet(tool->decoder, packet->data, packet->size, &parsed));
    if (clip->motion != ONEDVA_MOTION_OFF) {
        check(onedva_decoder_get_mesh(tool->decoder, &mesh));
        clip->left = mesh.left;
        clip->top = mesh.top;
    }
    if (tool->options.pairs) {
        clip->latents = odva_decoder_latents(tool->decoder);
        check(odva_decoder_reconstruct_linear(tool->decoder, &clip->linear));
    }
}

/* Encode the next clip and write its canvas. */
static void write_clip(struct tool *tool, double crf)
{
    struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    struct canvas_clip clip = {.crf = crf};
    struct onedva_packet packet;
    struct onedva_canvas canvas;

    for (int i = 0; i < tool->window.count; i++)
        pictures[i] = y4m_picture_of(&tool->reader, tool->window.picture[i]);
    check(onedva_encoder_set_crf(tool->encoder, crf));
    check(onedva_encode(tool->encoder, pictures, NULL, tool->window.count, &packet));
    onedva_encoder_get_canvas(tool->encoder, &canvas);
    clip.motion = packet.stats.motion;
    read_packet(tool, &packet, &clip);
    if (canvas_writer_add(&tool->writer, &canvas, &clip) < 0)
        die("%s cannot be written: %s", tool->options.out, strerror(errno));
    drop(&tool->window, packet.frames);
}

static void open_codec(struct tool *tool)
{
    const struct onedva_stream stream = {
        .width = (uint32_t)tool->reader.width,
        .height = (uint32_t)tool->reader.height,
        .timebase_num = tool->reader.rate_den,
        .timebase_den = tool->reader.rate_num,
        .frame_duration = 1,
        .sar_den = 1,
    };
    struct onedva_decoder_settings settings;
    const struct onedva_logger errors = logger();
    const uint8_t *header;
    size_t size;

    check(onedva_model_open(&tool->model, tool->options.model, &errors));
    check(onedva_encoder_open(&tool->encoder, tool->model, &tool->options.encoder, &stream));
    onedva_decoder_settings_default(&settings);
    settings.max_pixels = 0;
    settings.threads = 1;
    settings.logger = errors;
    check(onedva_decoder_open(&tool->decoder, tool->model, &settings));
    onedva_encoder_stream_header(tool->encoder, &header, &size);
    check(onedva_decoder_set_stream_header(tool->decoder, header, size));
}

static void close_tool(struct tool *tool)
{
    onedva_decoder_close(&tool->decoder);
    onedva_encoder_close(&tool->encoder);
    onedva_model_close(&tool->model);
    for (int i = 0; i < ONEDVA_MAX_CLIP_FRAMES; i++)
        free(tool->window.picture[i]);
    if (tool->options.input)
        fclose(tool->reader.file);
    if (canvas_writer_close(&tool->writer) < 0)
        die("%s cannot be written: %s", tool->options.out, strerror(errno));
}

int main(int argc, char **argv)
{
    struct tool tool = {0};
    const struct options *options = &tool.options;
    FILE *input = stdin;

    parse_options(&tool.options, argc, argv);
    if (options->input && !(input = fopen(options->input, "rb")))
        die("%s cannot be read: %s", options->input, strerror(errno));
    if (y4m_reader_init(&tool.reader, input) < 0)
        die("%s: %s", input_name(options), tool.reader.error);
    open_codec(&tool);
    if (canvas_writer_open(&tool.writer, options->out, options->index) < 0)
        die("%s or %s cannot be written: %s", options->out, options->index, strerror(errno));
    fill(&tool);
    for (int clip = 0; tool.window.count; clip++) {
        write_clip(&tool, options->crf[clip % options->crfs]);
        fill(&tool);
    }
    close_tool(&tool);
    return 0;
}
