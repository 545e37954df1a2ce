/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Writes the inputs that fuzzing starts with: packets of small clips in every mode of the encoder,
 * stream headers, encoder settings and edits of the test model and prior. The same on every
 * machine.
 *
 * usage: make_corpus FOLDER */
#include <string.h>
#include <sys/stat.h>

#include "base/byte_writer.h"
#include "fuzz.h"
#include "model/mapped_file.h"

static const char *folder;
static int sides; /* of all tiles, in luma samples: powers of 2 */

static void save(const char *target, const char *name, const uint8_t *data, size_t size)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, target);
    mkdir(path, 0777);
    snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
    file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        fprintf(stderr, "make_corpus: %s cannot be written\n", path);
        exit(1);
    }
}

static void write_packet(struct odva_byte_writer *writer, const uint8_t *data, size_t size)
{
    FUZZ_CHECK(size <= UINT16_MAX);
    odva_write_u16(writer, (uint16_t)size);
    odva_write_bytes(writer, data, size);
}

/* ---- packets ----------------------------------------------------------------------------- */

/* An input of packets: what the decoder is told, and the clips. */
struct example {
    const char *name;
    uint8_t options;
    int width, height, frames, clips;
    double crf;
    int layers;
    enum onedva_preset preset;
    enum onedva_motion motion;
    int kept_layers; /* of a truncated packet, 0: all */
    int cut;         /* bytes that are missing at the end of the last packet */
    int frames_lost; /* of every so many packets of frames, one; 0: there are none at all */
    int tile_size;   /* of all tiles; 0: of each as it suits */
};

static const struct example examples[] = {
    {"still", 0x01, 16, 16, 1, 1, 30, 1, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"smallest", 0x00, 1, 1, 16, 1, 20, 1, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"odd", 0x21, 37, 35, 3, 1, 25, 1, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"wide", 0x00, 300, 6, 5, 1, 30, 1, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"tall", 0x20, 6, 300, 4, 1, 30, 4, ONEDVA_PRESET_SLOW, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"tiles", 0x00, 144, 96, 4, 1, 40, 2, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"whole", 0x00, 144, 136, 4, 1, 30, 2, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0,
     128},
    {"cut-up", 0x00, 144, 112, 4, 1, 12, 1, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"cut-up-layers", 0x20, 140, 88, 5, 1, 20, 5, ONEDVA_PRESET_SLOW, ONEDVA_MOTION_GLOBAL, 0, 0, 0,
     0},
    {"finest", 0x02, 24, 16, 2, 1, 0, 1, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"coarsest", 0x02, 48, 40, 16, 1, 63, 1, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"layers4", 0x01, 48, 40, 5, 1, 15, 4, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"layers6", 0x10, 48, 40, 8, 1, 15, 6, ONEDVA_PRESET_SLOW, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"layers16", 0x00, 32, 32, 4, 1, 10, 16, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0,
     0},
    {"kept1", 0x01, 48, 40, 5, 1, 15, 4, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 1, 0, 0, 0},
    {"kept3", 0x00, 48, 40, 5, 1, 15, 6, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 3, 0, 0, 0},
    {"cut", 0x00, 48, 40, 5, 1, 15, 4, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 9, 0, 0},
    {"global", 0x00, 64, 48, 5, 1, 30, 1, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_GLOBAL, 0, 0, 0,
     0},
    {"global16", 0x21, 40, 32, 16, 1, 30, 4, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_GLOBAL, 0, 0, 0,
     0},
    {"mesh", 0x01, 64, 48, 5, 1, 25, 1, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_MESH, 0, 0, 0, 0},
    {"mesh6", 0x20, 48, 64, 16, 1, 20, 6, ONEDVA_PRESET_SLOW, ONEDVA_MOTION_MESH, 0, 0, 0, 0},
    {"mesh-kept2", 0x08, 64, 48, 4, 2, 20, 6, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_MESH, 2, 0, 0,
     0},
    {"smooth", 0x08, 48, 40, 4, 3, 40, 1, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"smooth-motion", 0x09, 48, 40, 4, 2, 40, 1, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_GLOBAL, 0, 0,
     0, 0},
    {"ahead", 0x04, 48, 40, 4, 4, 30, 1, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"ahead-motion", 0x24, 32, 32, 8, 3, 30, 4, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_MESH, 0, 0,
     0, 0},
    {"ahead-cut", 0x05, 32, 32, 4, 3, 30, 4, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 5, 0, 0},
    {"heun", 0x42, 32, 24, 4, 1, 30, 1, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"header", 0x81, 32, 24, 4, 2, 30, 1, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 0, 0, 0},
    {"frames", 0x01, 32, 24, 4, 2, 30, 1, ONEDVA_PRESET_MEDIUM, ONEDVA_MOTION_OFF, 0, 0, 99, 0},
    {"frames-ahead", 0x24, 32, 32, 5, 3, 30, 3, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_GLOBAL, 0, 0,
     99, 0},
    {"frames-lost", 0xa0, 32, 24, 3, 4, 30, 2, ONEDVA_PRESET_ULTRAFAST, ONEDVA_MOTION_OFF, 0, 7, 3,
     0},
};

static void settings_of(const struct example *example, struct onedva_encoder_settings *settings,
                        struct onedva_stream *stream)
{
    onedva_encoder_settings_default(settings);
    settings->crf = example->crf;
    settings->layers = example->layers;
    settings->preset = example->preset;
    settings->motion = example->motion;
    settings->adaptive_clips = 0;
    settings->tile_size = example->tile_size;
    settings->clip_packets = example->frames_lost == 0;
    settings->threads = 1;
    settings->bitexact = 1;
    settings->header_in_packets = !(example->options & 0x80);
    *stream = (struct onedva_stream){.width = (uint32_t)example->width,
                                     .height = (uint32_t)example->height,
                                     .timebase_num = 1,
                                     .timebase_den = 25,
                                     .frame_duration = 1,
                                     .sar_num = 4,
                                     .sar_den = 3,
                                     .full_range = 1};
}

/* A gradient with a dark square; all of it moves. */
static void draw(const struct fuzz_clip *clip, int first)
{
    for (int t = 0; t < clip->frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            const int width = fuzz_plane_width(clip, plane), scale = plane ? 2 : 1;
            for (int y = 0; y < fuzz_plane_height(clip, plane); y++) {
                for (int x = 0; x < width; x++) {
                    const int u = scale * x + 2 * (t + first), v = scale * y + t + first;
                    const int square = u % 32 < 12 && v % 24 < 10;
                    clip->picture[t].data[plane][y * width + x] =
                        (uint8_t)(60 + (u * 3 + v * 2) % 120 + 50 * square + 3 * (u * v % 5));
                }
            }
        }
    }
}

static void write_frames(struct odva_byte_writer *writer, const struct example *example,
                         const struct onedva_packet *packet)
{
    uint8_t frame[ONEDVA_FRAME_PACKET_SIZE];

    for (int i = 1; i < packet->frames; i++) {
        FUZZ_CHECK(onedva_frame_packet_write(frame, packet->data, packet->size, i) == ONEDVA_OK);
        if (i % example->frames_lost != 0)
            write_packet(writer, frame, sizeof(frame));
    }
}

static void write_clip(struct odva_byte_writer *writer, onedva_encoder *encoder,
                       const struct example *example, int index)
{
    struct onedva_const_picture frames[ONEDVA_MAX_CLIP_FRAMES];
    uint32_t durations[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_packet packet;
    struct onedva_tiles tiles;
    struct fuzz_clip clip;

    fuzz_clip_alloc(&clip, example->frames, example->width, example->height, 8);
    draw(&clip, index * example->frames);
    for (int t = 0; t < clip.frames; t++) {
        durations[t] = 1 + (index == 1 ? (uint32_t)t * 100 : 0);
        for (int plane = 0; plane < 3; plane++) {
            frames[t].data[plane] = clip.picture[t].data[plane];
            frames[t].stride[plane] = clip.picture[t].stride[plane];
        }
    }
    FUZZ_CHECK(onedva_encode(encoder, frames, durations, clip.frames, &packet) == ONEDVA_OK);
    FUZZ_CHECK(onedva_encoder_get_tiles(encoder, &tiles) == ONEDVA_OK);
    for (int i = 0; i < tiles.count; i++)
        sides |= tiles.tile[i].side;
    fuzz_clip_free(&clip);
    if (example->kept_layers) {
        uint8_t *shorter = malloc(packet.size);
        FUZZ_CHECK(shorter && onedva_packet_truncate(packet.data, packet.size, example->kept_layers,
                                                     shorter, &packet.size) == ONEDVA_OK);
        write_packet(writer, shorter, packet.size);
        free(shorter);
    } else {
        write_packet(writer, packet.data,
                     packet.size - (index == example->clips - 1 ? (size_t)example->cut : 0));
    }
    if (example->frames_lost > 0)
        write_frames(writer, example, &packet);
}

static void make_packets(const struct example *example)
{
    struct odva_byte_writer writer = {0};
    struct onedva_encoder_settings settings;
    struct onedva_stream stream;
    onedva_encoder *encoder;
    const uint8_t *header;
    size_t size;

    settings_of(example, &settings, &stream);
    FUZZ_CHECK(onedva_encoder_open(&encoder, fuzz_model(), &settings, &stream) == ONEDVA_OK);
    onedva_encoder_stream_header(encoder, &header, &size);
    odva_write_u8(&writer, example->options);
    if (example->options & 0x80)
        write_packet(&writer, header, size);
    for (int i = 0; i < example->clips; i++)
        write_clip(&writer, encoder, example, i);
    FUZZ_CHECK(!writer.failed);
    save("packets", example->name, writer.data, writer.size);
    save("stream_header", example->name, header, size);
    odva_byte_writer_free(&writer);
    onedva_encoder_close(&encoder);
}

/* ---- encoder ----------------------------------------------------------------------------- */

/* Bytes of a SplitMix64 sequence: fields of an input, most of them within their ranges. */
static void make_encoder_input(int index)
{
    uint8_t input[256];
    uint64_t state = (uint64_t)index;
    char name[16];

    for (size_t i = 0; i < sizeof(input); i++) {
        uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        input[i] = (uint8_t)(i < 32 ? (z >> 32) % 128 : z >> 32);
    }
    snprintf(name, sizeof(name), "settings%d", index);
    save("encoder", name, input, sizeof(input));
}

/* ---- model ------------------------------------------------------------------------------- */

/* A file's header, and edits of it. @param target whose file it is */
static void make_file_inputs(const char *target, const char *path)
{
    static const uint8_t as_it_is[] = {0, 0}, cut[] = {1, 0, 16, 0, 0};
    static const uint8_t edits[] = {0, 2, 0, 0, 1, 0x80, 0x7f, 0, 0, 8, 0xff, 0xff};
    struct odva_mapped_file file;
    struct odva_byte_writer writer = {0};
    struct odva_byte_reader reader;
    size_t size;

    FUZZ_CHECK(odva_mapped_file_open(&file, path) == 0);
    odva_byte_reader_init(&reader, file.data, file.size);
    size = (size_t)odva_read_u64(&reader);
    odva_write_u8(&writer, 2);
    odva_write_u8(&writer, 0);
    odva_write_bytes(&writer, odva_read_bytes(&reader, size), size);
    FUZZ_CHECK(!writer.failed);
    save(target, "header", writer.data, writer.size);
    save(target, "as-it-is", as_it_is, sizeof(as_it_is));
    save(target, "cut", cut, sizeof(cut));
    save(target, "edits", edits, sizeof(edits));
    odva_byte_writer_free(&writer);
    odva_mapped_file_close(&file);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 1;
    }
    folder = argv[1];
    mkdir(folder, 0777);
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        make_packets(&examples[i]);
    FUZZ_CHECK(sides == (128 | 64 | 32 | 16));
    for (int i = 1; i <= 12; i++)
        make_encoder_input(i);
    make_file_inputs("model", fuzz_model_path());
    make_file_inputs("prior", FUZZ_PRIOR);
    return 0;
}
