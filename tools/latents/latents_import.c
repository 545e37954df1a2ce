/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "latents_import.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <libavcodec/bsf.h>
#include <libavcodec/codec_desc.h>
#include <libavformat/avformat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/packet.h"
#include "bitstream/packet_decoder.h"
#include "bitstream/packet_encoder.h"
#include "die.h"
#include "latents_file.h"
#include "latents_output.h"
#include "model/mapped_file.h"
#include "model/model.h"
#include "model/safetensors.h"
#include "tensor_writer.h"
#include "transform/quantiser.h"

struct importer {
    const onedva_model *model;
    const char *path;
    struct odva_mapped_file file;
    struct odva_safetensors tensors;
    const struct odva_tensor *tensor[LATENTS_TENSOR_COUNT];
    AVRational time_base, frame_rate;
    int frame_packets; /* a packet for each frame is written */
    int from_values;
    AVFormatContext *container;
    AVBSFContext *split;                /* that makes them, or NULL */
    struct odva_packet_decoder decoder; /* tells a clip's geometry from its header */
    struct odva_packet_encoder encoder;
    struct odva_layer_plan layer_plan; /* of the clip's header */
    uint16_t id_read, id_written;      /* of the clip before */
};

static const struct {
    const char *name, *dtype;
    int bytes, columns;
} wanted[LATENTS_TENSOR_COUNT] = {
#define TENSOR_U8_NAME                                 "U8", 1
#define TENSOR_I8_NAME                                 "I8", 1
#define TENSOR_I32_NAME                                "I32", 4
#define TENSOR_I64_NAME                                "I64", 8
#define TENSOR_F32_NAME                                "F32", 4
#define LATENTS_WANTED_TENSOR(id, name, type, columns) {name, type##_NAME, columns},
    LATENTS_TENSORS(LATENTS_WANTED_TENSOR)
#undef LATENTS_WANTED_TENSOR
};

/* ---- the file ---------------------------------------------------------------------------- */

static int64_t int64_at(const struct odva_tensor *tensor, int64_t i)
{
    uint64_t value = 0;

    for (int k = 7; k >= 0; k--)
        value = value << 8 | tensor->data[8 * i + k];
    return (int64_t)value;
}

static void find_tensors(struct importer *im)
{
    for (int i = 0; i < LATENTS_TENSOR_COUNT; i++) {
        const struct odva_tensor *tensor = odva_safetensors_find(&im->tensors, wanted[i].name);
        const int rank = wanted[i].columns ? 2 : 1;

        if (!tensor)
            die("%s: no tensor %s: not a file that onedva-latents export wrote", im->path,
                wanted[i].name);
        if (tensor->rank != rank || (rank == 2 && tensor->shape[1] != wanted[i].columns) ||
            tensor->bytes != (size_t)tensor->count * wanted[i].bytes)
            die("%s: tensor %s is not of type %s and rank %d as export writes it", im->path,
                wanted[i].name, wanted[i].dtype, rank);
        im->tensor[i] = tensor;
    }
}

static AVRational rational_of(const struct importer *im, const cJSON *json, const char *name)
{
    const cJSON *pair = cJSON_GetObjectItemCaseSensitive(json, name);
    const cJSON *num = cJSON_GetArrayItem(pair, 0), *den = cJSON_GetArrayItem(pair, 1);

    if (!cJSON_IsNumber(num) || !cJSON_IsNumber(den) || num->valueint < 0 || den->valueint < 0)
        die("%s: metadata without %s", im->path, name);
    return (AVRational){num->valueint, den->valueint};
}

static void read_metadata(struct importer *im)
{
    const char *text = odva_safetensors_metadata(&im->tensors, "onedva-latents");
    cJSON *json = text ? cJSON_Parse(text) : NULL;
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "model_id");
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(json, "format");
    const cJSON *frame_packets = cJSON_GetObjectItemCaseSensitive(json, "frame_packets");
    char expected[17];

    if (!cJSON_IsNumber(format) || format->valueint != LATENTS_FORMAT)
        die("%s: no latents of format %d", im->path, LATENTS_FORMAT);
    snprintf(expected, sizeof(expected), "%016" PRIx64, im->model->id);
    if (!cJSON_IsString(id) || strcmp(id->valuestring, expected))
        die("%s: latents of model %s, this program has model %s (%s); give the right file with "
            "--model",
            im->path, cJSON_IsString(id) ? id->valuestring : "?", expected, im->model->name);
    im->time_base = rational_of(im, json, "time_base");
    im->frame_rate = rational_of(im, json, "frame_rate");
    im->frame_packets = cJSON_IsNumber(frame_packets) && frame_packets->valueint;
    if (!im->time_base.num || !im->time_base.den)
        die("%s: metadata without time_base", im->path);
    cJSON_Delete(json);
}

/* Where the entries of one clip or tile begin and end; bounds: one number more than there are. */
static void span_of(const struct importer *im, enum latents_tensor bounds, int64_t i, int64_t most,
                    int64_t *first, int64_t *end)
{
    const struct odva_tensor *tensor = im->tensor[bounds];
    const int wide = bounds != LATENTS_CLIP_FIRST_TILE;

    if (i + 1 >= tensor->count)
        die("%s: %s has fewer numbers than needed", im->path, tensor->name);
    *first = wide ? int64_at(tensor, i) : odva_tensor_int32(tensor, i);
    *end = wide ? int64_at(tensor, i + 1) : odva_tensor_int32(tensor, i + 1);
    if (*first < 0 || *end < *first || *end > most)
        die("%s: %s does not rise, or ends behind what there is", im->path, tensor->name);
}

static void open_input(struct importer *im)
{
    struct odva_safetensors_error error;
    const int status = odva_mapped_file_open(&im->file, im->path);

    if (status)
        die("%s: %s", im->path, strerror(status));
    if (odva_safetensors_open(&im->tensors, im->file.data, im->file.size, &error) < 0)
        die("%s: %s", im->path, error.text);
    find_tensors(im);
    read_metadata(im);
}

/* ---- the container ----------------------------------------------------------------------- */

/* Take over the stream header of the container, or else of the first packet. */
static void read_stream_header(struct importer *im)
{
    const struct odva_tensor *header = im->tensor[LATENTS_STREAM_HEADER];
    const struct odva_tensor *headers = im->tensor[LATENTS_CLIP_HEADERS];
    struct odva_packet parsed;
    int64_t first, end;

    if (header->bytes > ONEDVA_MAX_STREAM_HEADER)
        die("%s: stream.header is larger than a stream header", im->path);
    if (header->bytes) {
        check_onedva(odva_packet_decoder_set_stream(&im->decoder, header->data, header->bytes));
        return;
    }
    span_of(im, LATENTS_CLIP_FIRST_BYTE, 0, headers->count, &first, &end);
    check_onedva(odva_packet_decoder_read_header(&im->decoder, headers->data + first,
                                                 (size_t)(end - first), &parsed));
}

static void set_parameters(struct importer *im, AVStream *stream)
{
    const struct odva_tensor *header = im->tensor[LATENTS_STREAM_HEADER];
    const AVCodecDescriptor *codec = avcodec_descriptor_get_by_name("onedva");
    AVCodecParameters *parameters = stream->codecpar;

    if (!codec)
        die("this FFmpeg does not have the codec onedva");
    read_stream_header(im);
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->codec_id = codec->id;
    parameters->format = im->decoder.stream.depth > 8 ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P;
    parameters->width = (int)im->decoder.stream.width;
    parameters->height = (int)im->decoder.stream.height;
    parameters->sample_aspect_ratio =
        (AVRational){(int)im->decoder.stream.sar_num, (int)im->decoder.stream.sar_den};
    parameters->extradata = av_mallocz(header->bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!parameters->extradata)
        die("out of memory");
    memcpy(parameters->extradata, header->data, header->bytes);
    parameters->extradata_size = (int)header->bytes;
    stream->sample_aspect_ratio = parameters->sample_aspect_ratio;
    stream->time_base = im->time_base;
    stream->avg_frame_rate = im->frame_rate;
}

static void open_output(struct importer *im, const char *output)
{
    const struct onedva_logger logger = error_logger();
    struct odva_scan_cache *scans = odva_scan_cache_of(im->model);

    if (!scans)
        die("%s", onedva_status_text(ONEDVA_ERR_NOMEM));
    check_onedva(
        odva_packet_decoder_init(&im->decoder, im->model, scans, 0, 0, ONEDVA_MAX_DEPTH, &logger));
    check_onedva(odva_packet_encoder_init(&im->encoder, im->model));
    im->container = latents_output_alloc(output);
    set_parameters(im, im->container->streams[0]);
    latents_output_open(im->container, output);
}

/* ---- clips ------------------------------------------------------------------------------- */

static void set_level(const struct importer *im, int32_t *q, int64_t element, float inverse_step)
{
    if (im->from_values) {
        float y;

        odva_tensor_read_floats(im->tensor[LATENTS_COEFFICIENT_Y], element, 1, &y);
        if (!(fabsf(y) < INFINITY))
            die("%s: coefficient.y has a number that is not finite", im->path);
        *q = odva_quantise(fabsf(y) / ODVA_LATENT_UNITS, inverse_step, 0);
        *q = y < 0 ? -*q : *q;
        return;
    }
    *q = odva_tensor_int32(im->tensor[LATENTS_COEFFICIENT_Q], element);
    if (*q > ODVA_MAX_LEVEL || *q < -ODVA_MAX_LEVEL)
        die("%s: coefficient.q has %" PRId32 ", magnitudes go to %d", im->path, *q, ODVA_MAX_LEVEL);
}

/* Set a tile's lengths. @param number of the tile in the file */
static void read_lengths(const struct importer *im, struct odva_latent_tile *tile, int64_t number)
{
    const struct odva_layer_plan *layer_plan = &im->layer_plan;

    tile->length[0] = tile->tokens;
    if (layer_plan->count == 1)
        return;
    if (number >= im->tensor[LATENTS_TILE_LENGTHS]->shape[0])
        die("%s: tile.lengths has fewer rows than there are tiles", im->path);
    for (int i = 0; i < layer_plan->count; i++) {
        const struct odva_layer_range layer = layer_plan->layer[i];
        tile->length[i] =
            odva_tensor_int32(im->tensor[LATENTS_TILE_LENGTHS], ONEDVA_MAX_LAYERS * number + i);
        if (tile->length[i] < odva_layer_start(tile, layer) || tile->length[i] > layer.end ||
            tile->length[i] > tile->tokens ||
            (odva_layer_ends_refinement(layer_plan, i) && i < layer_plan->count - 1 &&
             tile->length[i] < odva_tokens_known(tile, i)))
            die("%s: tile %" PRId64 " of %d tokens has tile.lengths that do not rise to them, or "
                "not as its layers' ends allow",
                im->path, number, tile->tokens);
    }
    if (odva_tokens_known(tile, layer_plan->count) != tile->tokens)
        die("%s: tile %" PRId64 " has %d tokens, tile.lengths %d", im->path, number, tile->tokens,
            odva_tokens_known(tile, layer_plan->count));
}

/* Set how many tokens a tile has. @param count of its coefficients */
static void set_tokens(const struct importer *im, struct odva_latent_tile *tile, int64_t number,
                       int64_t count, int most_tokens)
{
    const int most = odva_coefficients_of(tile, most_tokens);

    if (count > most)
        die("%s: tile %" PRId64 " has %" PRId64 " coefficients, it can have %d", im->path, number,
            count, most);
    tile->tokens = (int)(count + tile->token_length - 1) / tile->token_length;
    if (odva_coefficients_of(tile, tile->tokens) != count)
        die("%s: tile %" PRId64 " has %" PRId64 " coefficients, its tokens have %d each", im->path,
            number, count, tile->token_length);
}

/* Set whether a tile is predicted from the clip before. @param number of the tile in the file */
static void read_prediction(const struct importer *im, struct odva_latents *latents, int index,
                            int64_t number)
{
    const struct odva_tensor *predicted = im->tensor[LATENTS_TILE_IS_PREDICTED];
    const struct odva_tile *place = &latents->grid.tiles[index];

    if (number >= predicted->count)
        die("%s: tile.is_predicted has fewer numbers than there are tiles", im->path);
    if (predicted->data[number] > latents->is_inter)
        die("%s: tile.is_predicted has %d, %s can be", im->path, (int8_t)predicted->data[number],
            latents->is_inter ? "0 and 1" : "0 in a key clip");
    for (int i = 0; i < place->ny * place->nx && predicted->data[number]; i++)
        latents->predicted[place->superblock] |=
            odva_token_bit(place->y0 + i / place->nx, place->x0 + i % place->nx);
}

static void read_tile(const struct importer *im, struct odva_latents *latents, int index,
                      int64_t tile_number, int most_tokens)
{
    const enum latents_tensor source =
        im->from_values ? LATENTS_COEFFICIENT_Y : LATENTS_COEFFICIENT_Q;
    const float inverse_step = 1 / odva_quantiser_step(latents->qidx);
    struct odva_latent_tile *tile = &latents->tiles[index];
    int64_t first, end;

    span_of(im, LATENTS_TILE_FIRST_COEFFICIENT, tile_number, im->tensor[source]->count, &first,
            &end);
    read_prediction(im, latents, index, tile_number);
    set_tokens(im, tile, tile_number, end - first, most_tokens);
    read_lengths(im, tile, tile_number);
    memset(latents->q + tile->offset, 0, tile->coefficients * sizeof(*latents->q));
    for (int i = 0; i < end - first; i++)
        set_level(im, &latents->q[tile->offset + i], first + i, inverse_step);
}

static void read_partition(const struct importer *im, struct odva_latents *latents, int64_t clip)
{
    const struct odva_tensor *splits = im->tensor[LATENTS_SUPERBLOCK_SPLITS];
    int64_t first, end;

    span_of(im, LATENTS_CLIP_FIRST_SUPERBLOCK, clip, splits->count, &first, &end);
    if (end - first != latents->grid.superblock_count)
        die("%s: clip %" PRId64 " has %" PRId64 " superblocks, its size needs %d", im->path, clip,
            end - first, latents->grid.superblock_count);
    for (int64_t i = first; i < end; i++) {
        latents->splits[i - first] = (uint32_t)odva_tensor_int32(splits, i);
        if (latents->splits[i - first] > ODVA_ALL_SPLIT)
            die("%s: superblock.splits has %#" PRIx32 ", 0 to %#" PRIx32 " can be", im->path,
                latents->splits[i - first], ODVA_ALL_SPLIT);
    }
    odva_latents_set_partition(latents);
}

/* Size, motion and layers are those of the clip's header; its payloads are coded anew, and an inter
 * clip that followed the one before it does so again. */
static void write_packet(struct importer *im, const struct odva_packet *parsed)
{
    im->encoder.reference = parsed->reference == im->id_read ? im->id_written : parsed->reference;
    check_onedva(odva_packet_encoder_write(&im->encoder, &im->decoder.latents, &im->layer_plan,
                                           parsed->has_motion ? &im->decoder.motion : NULL,
                                           parsed->has_stream ? &parsed->stream : NULL,
                                           parsed->has_durations ? parsed->durations : NULL));
    im->id_read = odva_packet_id(parsed, parsed->first_crc);
    im->id_written = odva_packet_encoder_id(&im->encoder);
}

/* The stream header that a clip brings, for the packet and what is read from here on. */
static void set_new_header(struct importer *im, AVPacket *packet, int64_t clip)
{
    const struct odva_tensor *headers = im->tensor[LATENTS_CLIP_NEW_HEADERS];
    int64_t first, end;
    uint8_t *data;

    span_of(im, LATENTS_CLIP_FIRST_NEW_BYTE, clip, headers->count, &first, &end);
    if (first == end)
        return;
    if (end - first > ONEDVA_MAX_STREAM_HEADER)
        die("%s: clip %" PRId64 " has a larger stream header than there is", im->path, clip);
    if (strcmp(im->container->oformat->name, "odva"))
        die("%s: its stream header changes with clip %" PRId64 ", which only .odva can say: "
            "import to a file of that kind",
            im->path, clip);
    check_onedva(
        odva_packet_decoder_set_stream(&im->decoder, headers->data + first, (size_t)(end - first)));
    data = av_packet_new_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, (size_t)(end - first));
    if (!data)
        die("out of memory");
    memcpy(data, headers->data + first, (size_t)(end - first));
}

static void make_packet(struct importer *im, int64_t clip)
{
    const struct odva_tensor *headers = im->tensor[LATENTS_CLIP_HEADERS];
    const struct odva_tensor *places = im->tensor[LATENTS_TILE_PLACE];
    struct odva_latents *latents = &im->decoder.latents;
    struct odva_packet parsed;
    int64_t first, end;
    int tokens = 0, most;

    span_of(im, LATENTS_CLIP_FIRST_BYTE, clip, headers->count, &first, &end);
    check_onedva(odva_packet_decoder_read_header(&im->decoder, headers->data + first,
                                                 (size_t)(end - first), &parsed));
    most = ONEDVA_MAX_QIDX - (parsed.refinements - 1) * ODVA_QIDX_OF_HALVING;
    latents->qidx = odva_tensor_int32(im->tensor[LATENTS_CLIP_QIDX], clip);
    if (latents->qidx < ONEDVA_MIN_QIDX || latents->qidx > most)
        die("%s: clip.qidx has %d, %d to %d can be", im->path, latents->qidx, ONEDVA_MIN_QIDX,
            most);
    odva_layer_plan_of_packet(&im->layer_plan, &parsed);
    latents->layers = parsed.layers;
    latents->nested = parsed.dropped_refinements;
    read_partition(im, latents, clip);
    span_of(im, LATENTS_CLIP_FIRST_TILE, clip, places->shape[0], &first, &end);
    if (end - first != latents->grid.tile_count)
        die("%s: clip %" PRId64 " has %" PRId64 " tiles, its superblock.splits make %d", im->path,
            clip, end - first, latents->grid.tile_count);
    for (int i = 0; i < parsed.layers; i++)
        tokens = FFMAX(tokens, (int)parsed.layer[i].token_end);
    for (int i = 0; i < latents->grid.tile_count; i++)
        read_tile(im, latents, i, first + i, tokens);
    write_packet(im, &parsed);
}

/* What makes packets of frames of the clips, where the file had them. */
static void open_split(struct importer *im)
{
    const AVBitStreamFilter *filter = av_bsf_get_by_name("onedva_split");

    if (!im->frame_packets)
        return;
    if (!filter)
        die("this FFmpeg does not have the bitstream filter onedva_split");
    check_av(av_bsf_alloc(filter, &im->split), filter->name);
    check_av(avcodec_parameters_copy(im->split->par_in, im->container->streams[0]->codecpar),
             filter->name);
    im->split->time_base_in = im->time_base;
    check_av(av_bsf_init(im->split), filter->name);
}

static void write_packet_to(struct importer *im, AVPacket *packet, const char *output)
{
    av_packet_rescale_ts(packet, im->time_base, im->container->streams[0]->time_base);
    check_av(av_interleaved_write_frame(im->container, packet), output);
}

static void write_clip(struct importer *im, AVPacket *packet, const char *output)
{
    if (!im->split) {
        write_packet_to(im, packet, output);
        return;
    }
    check_av(av_bsf_send_packet(im->split, packet), "onedva_split");
    while (av_bsf_receive_packet(im->split, packet) >= 0)
        write_packet_to(im, packet, output);
}

static void write_clips(struct importer *im, const char *output)
{
    const int64_t clips = im->tensor[LATENTS_CLIP_FRAMES]->count;
    AVPacket *packet = av_packet_alloc();

    for (int i = LATENTS_CLIP_PTS; i <= LATENTS_CLIP_DETAIL; i++)
        if (im->tensor[i]->count != clips)
            die("%s: %s has not as many numbers as there are clips", im->path, im->tensor[i]->name);
    if (!packet)
        die("out of memory");
    for (int64_t i = 0; i < clips; i++) {
        set_new_header(im, packet, i);
        make_packet(im, i);
        check_av(av_grow_packet(packet, (int)im->encoder.packet.size), output);
        memcpy(packet->data, im->encoder.packet.data, im->encoder.packet.size);
        packet->pts = int64_at(im->tensor[LATENTS_CLIP_PTS], i);
        packet->dts = int64_at(im->tensor[LATENTS_CLIP_DTS], i);
        packet->duration = int64_at(im->tensor[LATENTS_CLIP_DURATION], i);
        if (onedva_packet_is_key(packet->data, (size_t)packet->size))
            packet->flags |= AV_PKT_FLAG_KEY;
        write_clip(im, packet, output);
    }
    av_packet_free(&packet);
}

void latents_import(const onedva_model *model, const char *input, const char *output,
                    int from_values)
{
    struct importer im = {.model = model, .path = input, .from_values = from_values};

    open_input(&im);
    open_output(&im, output);
    open_split(&im);
    write_clips(&im, output);
    latents_output_close(im.container, output);
    av_bsf_free(&im.split);
    odva_packet_encoder_free(&im.encoder);
    odva_packet_decoder_free(&im.decoder);
    odva_safetensors_close(&im.tensors);
    odva_mapped_file_close(&im.file);
}
