/*
 * One-DVA elementary stream muxer
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "libavcodec/packet.h"
#include "libavutil/mathematics.h"

#include "avformat.h"
#include "avio_internal.h"
#include "mux.h"
#include "odva.h"

typedef struct ODVAMuxContext {
    ODVAUnit header;       ///< of the segment that is being written
    ODVAUnit matrix;       ///< of its pictures
    int has_matrix;
    int64_t segment_pos;   ///< where it begins
    int64_t start_pts;     ///< of its first packet, AV_NOPTS_VALUE before that
    int64_t last_pts;
    int64_t last_duration; ///< for a packet that does not say its own
} ODVAMuxContext;

static void write_unit(AVFormatContext *s, const ODVAUnit *unit)
{
    uint8_t data[ODVA_MAX_UNIT];

    avio_write(s->pb, data, ff_odva_unit_write(unit, data));
}

/** Take codec private data as the stream header of the segment that begins next. */
static int set_stream_header(AVFormatContext *s, const uint8_t *data, size_t size)
{
    ODVAMuxContext *c = s->priv_data;

    if (size > ODVA_MAX_STREAM_HEADER) {
        av_log(s, AV_LOG_ERROR, "%zu bytes of codec private data; a stream header has at most %d\n",
               size, ODVA_MAX_STREAM_HEADER);
        return AVERROR_INVALIDDATA;
    }
    if (size)
        memcpy(c->header.stream_header, data, size);
    c->header.stream_header_size = size;
    return 0;
}

/** Take a display matrix for the segment that begins next. @param matrix NULL: none */
static void set_matrix(AVFormatContext *s, const uint8_t *matrix)
{
    ODVAMuxContext *c = s->priv_data;

    c->has_matrix  = !!matrix;
    c->matrix.type = ODVA_UNIT_MATRIX;
    if (matrix)
        memcpy(c->matrix.matrix, matrix, sizeof(c->matrix.matrix));
}

static void begin_segment(AVFormatContext *s)
{
    ODVAMuxContext *c = s->priv_data;

    c->segment_pos = avio_tell(s->pb);
    c->start_pts   = AV_NOPTS_VALUE;
    write_unit(s, &c->header);
    if (c->has_matrix)
        write_unit(s, &c->matrix);
}

static void end_segment(AVFormatContext *s)
{
    const ODVAMuxContext *c = s->priv_data;
    ODVAUnit unit = {
        .type         = ODVA_UNIT_END,
        .segment_size = avio_tell(s->pb) - c->segment_pos,
    };

    if (c->start_pts != AV_NOPTS_VALUE) {
        unit.start_pts = c->start_pts;
        unit.end_pts   = av_sat_add64(c->last_pts, c->last_duration);
    }
    write_unit(s, &unit);
}

/** The display matrix that holds for all packets without one. @return NULL: none */
static const uint8_t *stream_matrix(const AVCodecParameters *par)
{
    const AVPacketSideData *sd = av_packet_side_data_get(par->coded_side_data, par->nb_coded_side_data,
                                                         AV_PKT_DATA_DISPLAYMATRIX);

    return sd && sd->size == sizeof(((ODVAUnit *)NULL)->matrix) ? sd->data : NULL;
}

static int odva_init(AVFormatContext *s)
{
    const AVCodecParameters *par = s->streams[0]->codecpar;

    if (par->codec_id != AV_CODEC_ID_ONEDVA) {
        av_log(s, AV_LOG_ERROR, "an .odva stream holds One-DVA video, not %s: use -c:v onedva\n",
               avcodec_get_name(par->codec_id));
        return AVERROR(EINVAL);
    }
    return 0;
}

static int odva_write_header(AVFormatContext *s)
{
    ODVAMuxContext *c = s->priv_data;
    const AVStream *st = s->streams[0];
    int ret;

    c->header.type      = ODVA_UNIT_HEADER;
    c->header.time_base = st->time_base;
    ret = set_stream_header(s, st->codecpar->extradata, st->codecpar->extradata_size);
    if (ret < 0)
        return ret;
    set_matrix(s, stream_matrix(st->codecpar));
    begin_segment(s);
    return 0;
}

/** Packets with another stream header or matrix than those before are a segment of their own. */
static int check_segment(AVFormatContext *s, const AVPacket *pkt)
{
    ODVAMuxContext *c = s->priv_data;
    size_t size, matrix_size;
    const uint8_t *header = av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);
    const uint8_t *matrix = av_packet_get_side_data(pkt, AV_PKT_DATA_DISPLAYMATRIX, &matrix_size);
    int ret;

    if (!matrix || matrix_size != sizeof(c->matrix.matrix))
        matrix = stream_matrix(s->streams[0]->codecpar);
    if (header && size == c->header.stream_header_size &&
        !memcmp(header, c->header.stream_header, size))
        header = NULL;
    if (!header && !matrix == !c->has_matrix &&
        (!matrix || !memcmp(matrix, c->matrix.matrix, sizeof(c->matrix.matrix))))
        return 0;
    if (header && (ret = set_stream_header(s, header, size)) < 0)
        return ret;
    set_matrix(s, matrix);
    end_segment(s);
    c->header.continues = 1;
    begin_segment(s);
    return 0;
}

/** A reader who comes late can begin with a keyframe that has a stream header behind a header unit. */
static void repeat_header(AVFormatContext *s, const AVPacket *pkt)
{
    const ODVAMuxContext *c = s->priv_data;
    const ODVAUnit header = {
        .type      = ODVA_UNIT_HEADER,
        .continues = 1,
        .time_base = c->header.time_base,
    };

    if (c->start_pts == AV_NOPTS_VALUE || pkt->size < 2 || !ff_odva_is_key(pkt->data[0]) ||
        !(pkt->data[1] & ONEDVA_HAS_STREAM))
        return;
    write_unit(s, &header);
    if (c->has_matrix)
        write_unit(s, &c->matrix);
}

static int odva_write_packet(AVFormatContext *s, AVPacket *pkt)
{
    ODVAMuxContext *c = s->priv_data;
    const ODVAUnit unit = {
        .type        = ODVA_UNIT_PACKET,
        .packet_size = pkt->size,
        .pts         = pkt->pts,
        .duration    = FFMAX(pkt->duration, 0),
    };
    int ret;

    if (!pkt->size)
        return 0;
    if (pkt->pts == AV_NOPTS_VALUE) {
        av_log(s, AV_LOG_ERROR, "packet without a timestamp\n");
        return AVERROR(EINVAL);
    }
    ret = check_segment(s, pkt);
    if (ret < 0)
        return ret;
    repeat_header(s, pkt);

    write_unit(s, &unit);
    avio_write(s->pb, pkt->data, pkt->size);

    if (unit.duration)
        c->last_duration = unit.duration;
    else if (c->start_pts != AV_NOPTS_VALUE)
        c->last_duration = av_clip64(av_sat_sub64(unit.pts, c->last_pts), 0, INT64_MAX);
    if (c->start_pts == AV_NOPTS_VALUE)
        c->start_pts = unit.pts;
    c->last_pts = unit.pts;
    return 0;
}

static int odva_write_trailer(AVFormatContext *s)
{
    end_segment(s);
    return 0;
}

const FFOutputFormat ff_odva_muxer = {
    .p.name           = "odva",
    .p.long_name      = NULL_IF_CONFIG_SMALL("One-DVA elementary stream"),
    .p.extensions     = "odva",
    .p.audio_codec    = AV_CODEC_ID_NONE,
    .p.video_codec    = AV_CODEC_ID_ONEDVA,
    .p.subtitle_codec = AV_CODEC_ID_NONE,
    .p.flags          = AVFMT_GLOBALHEADER | AVFMT_VARIABLE_FPS | AVFMT_TS_NEGATIVE,
    .flags_internal   = FF_OFMT_FLAG_MAX_ONE_OF_EACH,
    .priv_data_size   = sizeof(ODVAMuxContext),
    .init             = odva_init,
    .write_header     = odva_write_header,
    .write_packet     = odva_write_packet,
    .write_trailer    = odva_write_trailer,
};
