/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "latents_export.h"

#include <inttypes.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reserve.h"
#include "bitstream/packet.h"
#include "bitstream/packet_decoder.h"
#include "die.h"
#include "latents_file.h"
#include "model/model.h"
#include "tensor_writer.h"
#include "transform/quantiser.h"

struct exporter {
    const onedva_model *model;
    AVFormatContext *container;
    const AVStream *stream;
    AVPacket *merged;
    AVBSFContext *merge;   /* makes whole clips of packets of frames */
    int has_frame_packets; /* there were some */
    struct odva_packet_decoder decoder;
    int32_t *values; /* of the clip read last */
    size_t value_capacity;
    struct growing_tensor tensor[LATENTS_TENSOR_COUNT];
    uint8_t new_header[ONEDVA_MAX_STREAM_HEADER]; /* that the next clip brings */
    size_t new_header_size;
    int damaged;
};

static const struct growing_tensor empty[LATENTS_TENSOR_COUNT] = {
#define LATENTS_EMPTY_TENSOR(id, name, type, columns) {name, type, columns, {0}},
    LATENTS_TENSORS(LATENTS_EMPTY_TENSOR)
#undef LATENTS_EMPTY_TENSOR
};

static char reason[160]; /* what FFmpeg logged first while a file was opened */

static void keep_reason(void *context, int level, const char *format, va_list arguments)
{
    (void)context;
    if (level > AV_LOG_ERROR || reason[0])
        return;
    vsnprintf(reason, sizeof(reason), format, arguments);
    reason[strcspn(reason, "\n")] = 0;
}

/* One line says why a file cannot be read, with what its demuxer has to say. */
static void check_opened(int status, const char *input)
{
    if (status < 0)
        die("%s: %s%s%s", input, av_err2str(status), reason[0] ? ": " : "", reason);
}

static void open_input(struct exporter *e, const char *input)
{
    av_log_set_callback(keep_reason);
    check_opened(avformat_open_input(&e->container, input, NULL, NULL), input);
    check_opened(avformat_find_stream_info(e->container, NULL), input);
    av_log_set_callback(av_log_default_callback);
    for (unsigned i = 0; i < e->container->nb_streams && !e->stream; i++) {
        const char *name = avcodec_get_name(e->container->streams[i]->codecpar->codec_id);

        if (!strcmp(name, "onedva"))
            e->stream = e->container->streams[i];
    }
    if (!e->stream)
        die("%s has no One-DVA stream; encode it with ffmpeg -c:v onedva", input);
    for (unsigned i = 0; i < e->container->nb_streams; i++)
        if (e->container->streams[i] != e->stream)
            e->container->streams[i]->discard = AVDISCARD_ALL;
}

static void open_merge(struct exporter *e)
{
    const AVBitStreamFilter *filter = av_bsf_get_by_name("onedva_merge");

    if (!filter)
        die("this FFmpeg does not have the bitstream filter onedva_merge");
    check_av(av_bsf_alloc(filter, &e->merge), filter->name);
    check_av(avcodec_parameters_copy(e->merge->par_in, e->stream->codecpar), filter->name);
    e->merge->time_base_in = e->stream->time_base;
    check_av(av_bsf_init(e->merge), filter->name);
}

static void open_reader(struct exporter *e)
{
    const AVCodecParameters *parameters = e->stream->codecpar;
    const struct onedva_logger logger = error_logger();
    struct odva_scan_cache *scans = odva_scan_cache_of(e->model);

    if (!scans)
        die("%s", onedva_status_text(ONEDVA_ERR_NOMEM));
    check_onedva(
        odva_packet_decoder_init(&e->decoder, e->model, scans, 0, 0, ONEDVA_MAX_DEPTH, &logger));
    if (parameters->extradata_size > 0)
        check_onedva(odva_packet_decoder_set_stream(&e->decoder, parameters->extradata,
                                                    (size_t)parameters->extradata_size));
    tensor_add_u8(&e->tensor[LATENTS_STREAM_HEADER], parameters->extradata,
                  (size_t)parameters->extradata_size);
    tensor_add_i32(&e->tensor[LATENTS_CLIP_FIRST_TILE], 0);
    tensor_add_i64(&e->tensor[LATENTS_CLIP_FIRST_BYTE], 0);
    tensor_add_i64(&e->tensor[LATENTS_CLIP_FIRST_NEW_BYTE], 0);
    tensor_add_i64(&e->tensor[LATENTS_CLIP_FIRST_SUPERBLOCK], 0);
    tensor_add_i64(&e->tensor[LATENTS_TILE_FIRST_COEFFICIENT], 0);
}

/* Those in the tile's tokens. @param y their values @return how many */
static int add_coefficients(struct exporter *e, const struct odva_latent_tile *tile,
                            const int32_t *y)
{
    const int32_t *q = e->decoder.latents.q + tile->offset;
    const int count = odva_coefficients_of(tile, tile->tokens);

    for (int i = 0; i < count; i++) {
        tensor_add_i32(&e->tensor[LATENTS_COEFFICIENT_Q], q[i]);
        tensor_add_f32(&e->tensor[LATENTS_COEFFICIENT_Y], (float)y[i]);
        tensor_add_i8(&e->tensor[LATENTS_COEFFICIENT_SCALE], tile->scan->scale[i]);
    }
    return count;
}

static void dequantise_clip(struct exporter *e)
{
    const struct odva_latents *latents = &e->decoder.latents;

    e->values = odva_reserve(e->values, &e->value_capacity, FFMAX(odva_latents_held(latents), 1),
                             sizeof(*e->values));
    if (!e->values)
        die("out of memory");
    odva_dequantise_latents(latents, &e->model->tables, e->values);
}

static void add_tiles(struct exporter *e)
{
    const struct odva_latents *latents = &e->decoder.latents;
    const int32_t *y;

    dequantise_clip(e);
    y = e->values;
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_tile *place = &latents->grid.tiles[i];
        const int numbers[] = {place->y0, place->x0,   place->nt,        place->ny,
                               place->nx, place->size, place->superblock};

        for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
            tensor_add_i32(&e->tensor[LATENTS_TILE_PLACE], numbers[n]);
        tensor_add_i8(&e->tensor[LATENTS_TILE_IS_PREDICTED],
                      (int8_t)odva_tile_is_predicted(latents, i));
        for (int l = 0; l < ONEDVA_MAX_LAYERS; l++)
            tensor_add_i32(&e->tensor[LATENTS_TILE_LENGTHS],
                           l < latents->layers ? latents->tiles[i].length[l] : 0);
        y += add_coefficients(e, &latents->tiles[i], y);
        tensor_add_i64(&e->tensor[LATENTS_TILE_FIRST_COEFFICIENT],
                       tensor_count(&e->tensor[LATENTS_COEFFICIENT_Q]));
    }
    tensor_add_i32(&e->tensor[LATENTS_CLIP_FIRST_TILE],
                   (int32_t)(tensor_count(&e->tensor[LATENTS_TILE_FIRST_COEFFICIENT]) - 1));
}

static void add_partition(struct exporter *e)
{
    const struct odva_latents *latents = &e->decoder.latents;

    for (int i = 0; i < latents->grid.superblock_count; i++)
        tensor_add_i32(&e->tensor[LATENTS_SUPERBLOCK_SPLITS], (int32_t)latents->splits[i]);
    tensor_add_i64(&e->tensor[LATENTS_CLIP_FIRST_SUPERBLOCK],
                   tensor_count(&e->tensor[LATENTS_SUPERBLOCK_SPLITS]));
}

/* The stream header that came since the clip before, with a packet that may have been left out. */
static void add_new_header(struct exporter *e)
{
    tensor_add_u8(&e->tensor[LATENTS_CLIP_NEW_HEADERS], e->new_header, e->new_header_size);
    e->new_header_size = 0;
    tensor_add_i64(&e->tensor[LATENTS_CLIP_FIRST_NEW_BYTE],
                   tensor_count(&e->tensor[LATENTS_CLIP_NEW_HEADERS]));
}

/* The packet without its payloads: they are what the latents say. */
static void add_header(struct exporter *e, const AVPacket *packet)
{
    struct odva_packet parsed;

    check_onedva(odva_packet_parse(&parsed, packet->data, (size_t)packet->size));
    tensor_add_u8(&e->tensor[LATENTS_CLIP_HEADERS], packet->data,
                  (size_t)(parsed.layer[0].payload - packet->data));
    tensor_add_i64(&e->tensor[LATENTS_CLIP_FIRST_BYTE],
                   tensor_count(&e->tensor[LATENTS_CLIP_HEADERS]));
}

static void add_clip(struct exporter *e, const AVPacket *packet, const struct onedva_clip *clip)
{
    tensor_add_i64(&e->tensor[LATENTS_CLIP_PTS], packet->pts);
    tensor_add_i64(&e->tensor[LATENTS_CLIP_DTS], packet->dts);
    tensor_add_i64(&e->tensor[LATENTS_CLIP_DURATION], packet->duration);
    tensor_add_i32(&e->tensor[LATENTS_CLIP_FRAMES], clip->frames);
    tensor_add_i32(&e->tensor[LATENTS_CLIP_IS_KEY], clip->is_key);
    tensor_add_i32(&e->tensor[LATENTS_CLIP_QIDX], clip->qidx);
    tensor_add_i32(&e->tensor[LATENTS_CLIP_DETAIL], e->decoder.latents.detail);
    tensor_add_i32(&e->tensor[LATENTS_CLIP_SIZE], e->decoder.latents.grid.width);
    tensor_add_i32(&e->tensor[LATENTS_CLIP_SIZE], e->decoder.latents.grid.height);
    add_new_header(e);
    add_header(e, packet);
    add_partition(e);
    add_tiles(e);
}

static int take_new_header(struct exporter *e, const AVPacket *packet)
{
    size_t size;
    const uint8_t *header = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
    const int status =
        header ? odva_packet_decoder_set_stream(&e->decoder, header, size) : ONEDVA_OK;

    if (header && status == ONEDVA_OK) {
        e->new_header_size = FFMIN(size, sizeof(e->new_header));
        memcpy(e->new_header, header, e->new_header_size);
    }
    return status;
}

static void leave_out(struct exporter *e, const AVPacket *packet, const char *reason)
{
    fprintf(stderr, "onedva-latents: packet at %" PRId64 " left out: %s\n", packet->pts, reason);
    e->damaged++;
}

/* Read the packet of a whole clip. */
static void read_packet(struct exporter *e, const AVPacket *packet)
{
    enum onedva_packet_kind kind;
    struct onedva_clip clip;
    int status = take_new_header(e, packet);

    if (onedva_packet_get_kind(&kind, packet->data, (size_t)packet->size) == ONEDVA_OK &&
        kind != ONEDVA_PACKET_WHOLE_CLIP) {
        if (kind == ONEDVA_PACKET_CLIP)
            leave_out(e, packet,
                      "packets of its frames are missing, or at times that a clip cannot have");
        return;
    }
    if (status == ONEDVA_OK)
        status = odva_packet_decoder_read(&e->decoder, packet->data, (size_t)packet->size, &clip);
    if (status == ONEDVA_OK && clip.layers_decoded == clip.layers) {
        add_clip(e, packet, &clip);
        return;
    }
    leave_out(e, packet, status < 0 ? onedva_status_text(status) : "cut short or damaged");
}

/* Send a packet of the file through the merge, NULL for the end, and read what comes out. */
static void merge_packet(struct exporter *e, AVPacket *packet)
{
    enum onedva_packet_kind kind;

    if (packet && onedva_packet_get_kind(&kind, packet->data, (size_t)packet->size) == ONEDVA_OK)
        e->has_frame_packets |= kind == ONEDVA_PACKET_CLIP;
    check_av(av_bsf_send_packet(e->merge, packet), "onedva_merge");
    while (av_bsf_receive_packet(e->merge, e->merged) >= 0) {
        read_packet(e, e->merged);
        av_packet_unref(e->merged);
    }
}

/* The model's linear.bands as JSON: 16 numbers of up to three digits. */
static void print_bands(const struct onedva_model *model, char *text, size_t size)
{
    size_t used = 0;

    for (int detail = 0; detail < ODVA_DETAILS && used < size; detail++) {
        const int *count = model->tables.bands[detail].count;

        used += (size_t)snprintf(text + used, size - used, "%s[%d,%d,%d,%d]", detail ? "," : "",
                                 count[0], count[1], count[2], count[3]);
    }
}

static void write_output(struct exporter *e, const char *output)
{
    char bands[96], metadata[512];
    int error;

    print_bands(e->model, bands, sizeof(bands));
    snprintf(metadata, sizeof(metadata),
             "{\"format\":%d,\"model_id\":\"%016" PRIx64 "\",\"model\":\"%s\",\"bands\":[%s],"
             "\"time_base\":[%d,%d],\"frame_rate\":[%d,%d],\"frame_packets\":%d}",
             LATENTS_FORMAT, e->model->id, e->model->name, bands, e->stream->time_base.num,
             e->stream->time_base.den, e->stream->avg_frame_rate.num, e->stream->avg_frame_rate.den,
             e->has_frame_packets);
    error = tensors_write(output, e->tensor, LATENTS_TENSOR_COUNT, metadata);
    if (error)
        die("%s: %s", output, strerror(error));
}

int latents_export(const onedva_model *model, const char *input, const char *output)
{
    struct exporter e = {.model = model};
    AVPacket *packet = av_packet_alloc();
    int status;

    e.merged = av_packet_alloc();
    if (!packet || !e.merged)
        die("out of memory");
    memcpy(e.tensor, empty, sizeof(empty));
    open_input(&e, input);
    open_merge(&e);
    open_reader(&e);
    while ((status = av_read_frame(e.container, packet)) >= 0) {
        if (packet->stream_index == e.stream->index && packet->size > 0) /* AVI has empty ones */
            merge_packet(&e, packet);
        av_packet_unref(packet);
    }
    if (status != AVERROR_EOF)
        fprintf(stderr, "onedva-latents: %s ends early: %s\n", input, av_err2str(status));
    merge_packet(&e, NULL);
    write_output(&e, output);
    for (int i = 0; i < LATENTS_TENSOR_COUNT; i++)
        odva_byte_writer_free(&e.tensor[i].bytes);
    free(e.values);
    odva_packet_decoder_free(&e.decoder);
    av_packet_free(&packet);
    av_packet_free(&e.merged);
    av_bsf_free(&e.merge);
    avformat_close_input(&e.container);
    return e.damaged + (status != AVERROR_EOF);
}
