/*
 * One-DVA elementary stream demuxer
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "libavutil/intreadwrite.h"
#include "libavutil/mathematics.h"
#include "libavutil/mem.h"

#include "avformat.h"
#include "avio_internal.h"
#include "demux.h"
#include "internal.h"
#include "odva.h"

/** What stands between a header and its end: timestamps of one clock. */
typedef struct ODVASegment {
    ODVAUnit header;
    int64_t pos;                ///< of the header
    int has_matrix;
    int32_t matrix[9];          ///< how its pictures are displayed
    int64_t start_pts, end_pts; ///< as the end says, in the segment's time base
    int64_t offset; ///< of its timestamps in the stream's time base; AV_NOPTS_VALUE: not known yet
} ODVASegment;

typedef struct ODVADemuxContext {
    ODVASegment *segments; ///< that are known, in their order in the file
    int nb_segments;
    int current;      ///< segment of the packet read last
    int announced;    ///< segment whose stream header the decoder was given last
    int64_t next_pts; ///< where the packet read last ends, in the stream's time base
    int64_t body_pos; ///< where the bytes of the packet begin that was read last; 0: was no packet
    int64_t reread;   ///< bytes that were gone back over in search of units
    int at_end;       ///< the unit read last was an end
    int is_cut;       ///< it was said that the stream ends early
} ODVADemuxContext;

static int odva_probe(const AVProbeData *p)
{
    ODVAUnit unit;

    for (int i = 0; i < p->buf_size; i++) {
        if (ff_odva_unit_parse(&unit, p->buf + i, p->buf_size - i) < 0)
            continue;
        // behind something else: a stream without its beginning
        return !i && unit.type == ODVA_UNIT_HEADER ? AVPROBE_SCORE_MAX : AVPROBE_SCORE_EXTENSION;
    }
    return 0;
}

/* ---- units ---- */

/** @return 0 or an error */
static int seek(AVIOContext *pb, int64_t pos)
{
    const int64_t ret = avio_seek(pb, pos, SEEK_SET);

    return FFMIN(ret, 0);
}

/** Read the rest of a unit whose marker was read. @return 0, and where it was, if there is none */
static int read_unit(AVIOContext *pb, ODVAUnit *unit)
{
    uint8_t data[ODVA_MAX_UNIT];
    const int64_t start = avio_tell(pb);
    int ret = ffio_ensure_seekback(pb, ODVA_MAX_UNIT);

    if (ret < 0)
        return ret;
    AV_WB32(data, ODVA_MARKER);
    if (avio_read(pb, data + 4, 2) == 2) {
        const int rest = data[5] + ODVA_CRC_SIZE;

        if (avio_read(pb, data + ODVA_PREFIX_SIZE, rest) == rest &&
            ff_odva_unit_parse(unit, data, ODVA_PREFIX_SIZE + rest) >= 0)
            return 1;
    }
    return seek(pb, start);
}

/** Read the next unit from here on, whatever stands before it. @param pos where it begins */
static int next_unit(AVIOContext *pb, ODVAUnit *unit, int64_t *pos)
{
    uint32_t last_bytes = 0;
    int ret = 0;

    while (!ret) {
        const int byte = avio_r8(pb);

        if (!byte && avio_feof(pb))
            return pb->error ? pb->error : AVERROR_EOF;
        last_bytes = last_bytes << 8 | byte;
        if (last_bytes == ODVA_MARKER)
            ret = read_unit(pb, unit);
    }
    *pos = avio_tell(pb) - unit->size;
    return FFMIN(ret, 0);
}

/**
 * Go back into a packet that was cut, for no unit stands behind it, and has taken in what follows.
 * @return 0 where that is not possible
 */
static int return_into_packet(AVIOContext *pb, ODVADemuxContext *c)
{
    const int64_t body_pos = c->body_pos;

    c->body_pos = 0;
    if (!body_pos || !(pb->seekable & AVIO_SEEKABLE_NORMAL))
        return 0;
    c->reread += avio_tell(pb) - body_pos;
    return c->reread <= avio_size(pb) && seek(pb, body_pos) >= 0;
}

/** next_unit() in the course of reading: says what was skipped, and once that the end is missing. */
static int continue_to_unit(AVFormatContext *s, ODVAUnit *unit, int64_t *pos)
{
    ODVADemuxContext *c = s->priv_data;
    const int64_t start = avio_tell(s->pb);
    int ret = next_unit(s->pb, unit, pos);

    if ((ret == AVERROR_EOF || (ret >= 0 && *pos > start)) && return_into_packet(s->pb, c))
        ret = next_unit(s->pb, unit, pos);
    if (ret == AVERROR_EOF && !c->at_end && !c->is_cut) {
        av_log(s, AV_LOG_ERROR, "the stream ends early, at byte %"PRId64": it was cut\n",
               avio_tell(s->pb));
        c->is_cut = 1;
    }
    if (ret < 0)
        return ret;
    if (*pos != start)
        av_log(s, AV_LOG_ERROR, "damaged: no unit at byte %"PRId64", going on at byte %"PRId64"\n",
               start, *pos);
    c->body_pos = 0;
    c->at_end   = unit->type == ODVA_UNIT_END;
    return 0;
}

/* ---- segments ---- */

static ODVASegment *add_segment(ODVADemuxContext *c, const ODVAUnit *header, int64_t pos)
{
    ODVASegment *segment = av_dynarray2_add((void **)&c->segments, &c->nb_segments,
                                            sizeof(*segment), NULL);

    if (segment)
        *segment = (ODVASegment) { .header = *header, .pos = pos, .offset = AV_NOPTS_VALUE };
    return segment;
}

static int64_t to_stream_time(const AVStream *st, const ODVASegment *segment, int64_t pts)
{
    return av_sat_add64(av_rescale_q(pts, segment->header.time_base, st->time_base),
                        segment->offset);
}

/** Set where a segment begins in the stream: the first one as it says, the others in a row. */
static void place_segment(const AVStream *st, ODVASegment *segments, int i, int64_t start_pts,
                          int64_t previous_end)
{
    ODVASegment *segment = &segments[i];

    segment->offset = 0;
    if (i && segment->header.continues)
        segment->offset = segments[i - 1].offset;
    else if (i)
        segment->offset = av_sat_sub64(previous_end, to_stream_time(st, segment, start_pts));
}

/** Make the segment that holds a byte the current one. */
static ODVASegment *find_segment(ODVADemuxContext *c, int64_t pos)
{
    while (c->current + 1 < c->nb_segments && c->segments[c->current + 1].pos <= pos)
        c->current++;
    while (c->current && c->segments[c->current].pos > pos)
        c->current--;
    return &c->segments[c->current];
}

static int read_unit_at(AVIOContext *pb, ODVAUnit *unit, int64_t pos, int type)
{
    int64_t found;

    return seek(pb, pos) >= 0 && next_unit(pb, unit, &found) >= 0 && found == pos &&
           unit->type == type;
}

static void set_matrix(ODVASegment *segment, const ODVAUnit *unit)
{
    segment->has_matrix = 1;
    memcpy(segment->matrix, unit->matrix, sizeof(segment->matrix));
}

/** Read the matrix right behind a segment's header, if there is one. */
static int read_matrix(AVIOContext *pb, ODVASegment *segment)
{
    uint8_t data[ODVA_MATRIX_SIZE];
    const int64_t start = avio_tell(pb);
    ODVAUnit unit;
    int ret = ffio_ensure_seekback(pb, sizeof(data));

    if (ret < 0)
        return ret;
    ret = avio_read(pb, data, sizeof(data));
    if (ret < 0 || ff_odva_unit_parse(&unit, data, ret) < 0 || unit.type != ODVA_UNIT_MATRIX)
        return seek(pb, start);
    set_matrix(segment, &unit);
    return 0;
}

/** Go from end to end backwards. @return whether all of the file is segments with an end */
static int find_segments(AVIOContext *pb, ODVADemuxContext *c)
{
    int64_t end = avio_size(pb);

    while (end > 0) {
        const int64_t end_pos = end - ODVA_END_SIZE;
        ODVAUnit header, unit;
        ODVASegment *segment;

        if (end_pos < 0 || !read_unit_at(pb, &unit, end_pos, ODVA_UNIT_END) ||
            unit.segment_size > end_pos)
            return 0;
        end = end_pos - unit.segment_size;
        if (!read_unit_at(pb, &header, end, ODVA_UNIT_HEADER) || header.version != ODVA_VERSION)
            return 0;
        segment = add_segment(c, &header, end);
        if (!segment)
            return AVERROR(ENOMEM);
        segment->start_pts = unit.start_pts;
        segment->end_pts   = unit.end_pts;
        if (read_matrix(pb, segment) < 0)
            return 0;
    }
    for (int i = 0; i < c->nb_segments / 2; i++)
        FFSWAP(ODVASegment, c->segments[i], c->segments[c->nb_segments - 1 - i]);
    return !end && c->nb_segments;
}

/** Learn where all segments are and how long they last, from their ends. */
static int load_segments(AVFormatContext *s, AVStream *st)
{
    ODVADemuxContext all = { 0 }, *c = s->priv_data;
    int64_t end = 0;
    int ret = find_segments(s->pb, &all);

    if (ret <= 0) {
        av_freep(&all.segments);
        return ret;
    }
    for (int i = 0; i < all.nb_segments; i++) {
        ODVASegment *segment = &all.segments[i];

        place_segment(st, all.segments, i, segment->start_pts, end);
        end = to_stream_time(st, segment, segment->end_pts);
    }
    av_freep(&c->segments);
    *c = all;
    // what is before 0 is not shown
    st->start_time = end > 0 ? FFMAX(to_stream_time(st, &c->segments[0], c->segments[0].start_pts), 0)
                             : to_stream_time(st, &c->segments[0], c->segments[0].start_pts);
    st->duration   = av_sat_sub64(end, st->start_time);
    return 1;
}

/* ---- reading ---- */

static int check_version(AVFormatContext *s, const ODVAUnit *header)
{
    if (header->version == ODVA_VERSION)
        return 0;
    av_log(s, AV_LOG_ERROR, "version %d of the .odva format, this program knows version %d\n",
           header->version, ODVA_VERSION);
    return AVERROR_PATCHWELCOME;
}

/** The next timestamp from here on. @param keyframes only those that decoding can begin with */
static int64_t find_timestamp(AVFormatContext *s, int stream_index, int64_t *pos, int64_t pos_limit,
                              int keyframes)
{
    ODVADemuxContext *c = s->priv_data;
    ODVAUnit unit;

    if (seek(s->pb, *pos) < 0)
        return AV_NOPTS_VALUE;
    while (next_unit(s->pb, &unit, pos) >= 0 && *pos <= pos_limit) {
        const ODVASegment *segment = find_segment(c, *pos);

        if (unit.type == ODVA_UNIT_PACKET && segment->offset != AV_NOPTS_VALUE &&
            (!keyframes || ff_odva_is_key(avio_r8(s->pb))))
            return to_stream_time(s->streams[stream_index], segment, unit.pts);
    }
    return AV_NOPTS_VALUE;
}

static int64_t odva_read_timestamp(AVFormatContext *s, int stream_index, int64_t *pos,
                                   int64_t pos_limit)
{
    return find_timestamp(s, stream_index, pos, pos_limit, 1);
}

static int64_t read_any_timestamp(AVFormatContext *s, int stream_index, int64_t *pos, int64_t pos_limit)
{
    return find_timestamp(s, stream_index, pos, pos_limit, 0);
}

/** The duration up to the last packet of a file whose ends say nothing. */
static void estimate_duration(AVFormatContext *s, AVStream *st)
{
    int64_t start_pos = 0, end_pts;
    int64_t start = odva_read_timestamp(s, st->index, &start_pos, INT64_MAX);

    if (start != AV_NOPTS_VALUE &&
        ff_find_last_ts(s, st->index, &end_pts, NULL, read_any_timestamp) >= 0 && end_pts > start)
        st->duration = av_sat_sub64(end_pts, start);
}

static int set_stream_matrix(AVStream *st, const ODVASegment *segment)
{
    AVCodecParameters *par = st->codecpar;
    AVPacketSideData *sd;

    if (!segment->has_matrix)
        return 0;
    sd = av_packet_side_data_new(&par->coded_side_data, &par->nb_coded_side_data,
                                 AV_PKT_DATA_DISPLAYMATRIX, sizeof(segment->matrix), 0);
    if (!sd)
        return AVERROR(ENOMEM);
    memcpy(sd->data, segment->matrix, sizeof(segment->matrix));
    return 0;
}

static int odva_read_header(AVFormatContext *s)
{
    ODVADemuxContext *c = s->priv_data;
    AVStream *st = avformat_new_stream(s, NULL);
    ODVASegment *segment;
    ODVAUnit unit;
    int64_t pos;
    int ret;

    if (!st)
        return AVERROR(ENOMEM);
    do {
        ret = next_unit(s->pb, &unit, &pos);
        if (ret < 0) {
            av_log(s, AV_LOG_ERROR, "no header: not an .odva stream, or it has lost its beginning\n");
            return ret == AVERROR_EOF ? AVERROR_INVALIDDATA : ret;
        }
    } while (unit.type != ODVA_UNIT_HEADER);
    ret = check_version(s, &unit);
    if (ret < 0)
        return ret;

    st->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    st->codecpar->codec_id   = AV_CODEC_ID_ONEDVA;
    avpriv_set_pts_info(st, 64, unit.time_base.num, unit.time_base.den);
    ret = ff_alloc_extradata(st->codecpar, unit.stream_header_size);
    if (ret < 0)
        return ret;
    memcpy(st->codecpar->extradata, unit.stream_header, unit.stream_header_size);

    segment = add_segment(c, &unit, pos);
    if (!segment)
        return AVERROR(ENOMEM);
    place_segment(st, c->segments, 0, 0, 0);
    ret = read_matrix(s->pb, segment);
    if (ret >= 0)
        ret = set_stream_matrix(st, segment);
    if (ret < 0)
        return ret;
    if (!(s->pb->seekable & AVIO_SEEKABLE_NORMAL))
        return 0;
    pos += unit.size;
    ret  = load_segments(s, st);
    if (!ret)
        estimate_duration(s, st);
    return ret < 0 ? ret : seek(s->pb, pos);
}

/** Whether a header is there for those who begin to read with it. */
static int is_repeated(const ODVASegment *segment, const ODVAUnit *header)
{
    return header->continues && !header->stream_header_size &&
           !av_cmp_q(header->time_base, segment->header.time_base);
}

/** A header in the course of reading: of a segment that is known, or of one more. */
static int begin_segment(AVFormatContext *s, const ODVAUnit *header, int64_t pos)
{
    ODVADemuxContext *c = s->priv_data;
    int ret = check_version(s, header);
    ODVASegment *segment = find_segment(c, pos);

    if (ret < 0 || segment->pos == pos || c->current < c->nb_segments - 1)
        return ret;
    if (is_repeated(segment, header)) {
        segment->has_matrix = 0; // it is repeated, too
        return 0;
    }
    if (!add_segment(c, header, pos))
        return AVERROR(ENOMEM);
    c->current = c->nb_segments - 1;
    return 0;
}

/** Tell the decoder where the stream header changes. */
static int announce_segment(ODVADemuxContext *c, AVPacket *pkt)
{
    const ODVAUnit *next = &c->segments[c->current].header;
    const ODVAUnit *last = &c->segments[c->announced].header;
    uint8_t *data;

    c->announced = c->current;
    if (!next->stream_header_size ||
        (next->stream_header_size == last->stream_header_size &&
         !memcmp(next->stream_header, last->stream_header, next->stream_header_size)))
        return 0;
    data = av_packet_new_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, next->stream_header_size);
    if (!data)
        return AVERROR(ENOMEM);
    memcpy(data, next->stream_header, next->stream_header_size);
    return 0;
}

/** Tell the decoder where pictures are displayed otherwise than the stream says. */
static int announce_matrix(ODVADemuxContext *c, AVPacket *pkt)
{
    static const int32_t identity[9] = { 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30 };
    const ODVASegment *first = &c->segments[0], *segment = &c->segments[c->current];
    uint8_t *data;

    if (segment->has_matrix == first->has_matrix &&
        (!first->has_matrix || !memcmp(segment->matrix, first->matrix, sizeof(first->matrix))))
        return 0;
    data = av_packet_new_side_data(pkt, AV_PKT_DATA_DISPLAYMATRIX, sizeof(identity));
    if (!data)
        return AVERROR(ENOMEM);
    memcpy(data, segment->has_matrix ? segment->matrix : identity, sizeof(identity));
    return 0;
}

static int read_packet_bytes(AVFormatContext *s, AVPacket *pkt, const ODVAUnit *unit, int64_t pos)
{
    ODVADemuxContext *c = s->priv_data;
    const AVStream *st = s->streams[0];
    ODVASegment *segment = find_segment(c, pos);
    int ret;

    c->body_pos = avio_tell(s->pb);
    ret = av_get_packet(s->pb, pkt, unit->packet_size);
    if (ret < 0)
        return ret;

    if (segment->offset == AV_NOPTS_VALUE)
        place_segment(st, c->segments, c->current, unit->pts, c->next_pts);
    pkt->pos      = pos;
    pkt->pts      = pkt->dts = to_stream_time(st, segment, unit->pts);
    pkt->duration = av_rescale_q(unit->duration, segment->header.time_base, st->time_base);
    if (ff_odva_is_key(pkt->data[0]))
        pkt->flags |= AV_PKT_FLAG_KEY;
    if (pkt->data[0] == ONEDVA_SYNC_FRAME)
        pkt->flags |= AV_PKT_FLAG_DISPOSABLE;
    if (pkt->pts < 0)
        pkt->flags |= AV_PKT_FLAG_DISCARD; // the decoder drops the frames before 0
    c->next_pts = av_sat_add64(pkt->pts, pkt->duration);
    ret = announce_matrix(c, pkt);
    return ret < 0 ? ret : announce_segment(c, pkt);
}

static int odva_read_packet(AVFormatContext *s, AVPacket *pkt)
{
    ODVAUnit unit;
    int64_t pos;
    int ret;

    while ((ret = continue_to_unit(s, &unit, &pos)) >= 0) {
        if (unit.type == ODVA_UNIT_PACKET) {
            ret = read_packet_bytes(s, pkt, &unit, pos);
            if (ret != AVERROR_EOF)
                return ret;
        }
        if (unit.type == ODVA_UNIT_HEADER && (ret = begin_segment(s, &unit, pos)) < 0)
            return ret;
        if (unit.type == ODVA_UNIT_MATRIX)
            set_matrix(find_segment(s->priv_data, pos), &unit);
    }
    return ret;
}

static int odva_read_close(AVFormatContext *s)
{
    ODVADemuxContext *c = s->priv_data;

    av_freep(&c->segments);
    return 0;
}

const FFInputFormat ff_odva_demuxer = {
    .p.name         = "odva",
    .p.long_name    = NULL_IF_CONFIG_SMALL("One-DVA elementary stream"),
    .p.extensions   = "odva",
    .priv_data_size = sizeof(ODVADemuxContext),
    .flags_internal = FF_INFMT_FLAG_INIT_CLEANUP,
    .read_probe     = odva_probe,
    .read_header    = odva_read_header,
    .read_packet    = odva_read_packet,
    .read_close     = odva_read_close,
    .read_timestamp = odva_read_timestamp,
};
