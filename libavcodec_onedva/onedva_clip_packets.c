/*
 * One-DVA packets of whole clips: how they become a packet for each frame, and back
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <limits.h>
#include <string.h>

#include "libavutil/avutil.h"
#include "libavutil/buffer.h"
#include "libavutil/common.h"
#include "libavutil/error.h"
#include "libavutil/mathematics.h"

#include "defs.h"
#include "onedva_clip_packets.h"

/* ---- times ---- */

/// Between the ticks of a clip and the times of its packets.
typedef struct ClipSpan {
    AVRational stream_tb, pkt_tb;
    int64_t start;
    int64_t duration; ///< which the clip's ticks are spread over; 0: they are its own
    int64_t ticks;    ///< of the clip
} ClipSpan;

/// Numbers that FFmpeg has none for are no time base.
static int set_stream(OneDVAClipClock *clock, const struct onedva_stream *stream)
{
    clock->stream     = *stream;
    clock->has_stream = stream->timebase_num <= INT_MAX && stream->timebase_den <= INT_MAX;
    return clock->has_stream;
}

void ff_onedva_clock_set_header(OneDVAClipClock *clock, const uint8_t *data, size_t size)
{
    struct onedva_stream stream;

    clock->has_stream = 0;
    if (onedva_stream_header_parse(&stream, data, size) >= 0)
        set_stream(clock, &stream);
}

void ff_onedva_clock_read_side_data(OneDVAClipClock *clock, const AVPacket *pkt)
{
    size_t size;
    const uint8_t *header = av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);

    if (header)
        ff_onedva_clock_set_header(clock, header, size);
}

static ClipSpan clip_span(const OneDVAClipClock *clock)
{
    ClipSpan span = { .stream_tb = clock->time_base, .pkt_tb = clock->time_base };

    if (clock->has_stream)
        span.stream_tb = (AVRational) { clock->stream.timebase_num, clock->stream.timebase_den };
    if (clock->time_base.num <= 0)
        span.pkt_tb = span.stream_tb;
    if (span.stream_tb.num <= 0)
        span.stream_tb = span.pkt_tb = (AVRational) { 1, 1 };
    return span;
}

static int64_t to_packet_time(const ClipSpan *span, int64_t ticks)
{
    if (span->duration)
        return av_rescale(ticks, span->duration, span->ticks);
    return av_rescale_q(ticks, span->stream_tb, span->pkt_tb);
}

/**
 * The time of a tick of a clip in the packets' time base.
 *
 * The clip's start is first brought back to the encoder's grid, so that a coarser container
 * rounds every frame as if it had come with a packet of its own; unless the start is off that grid.
 */
static int64_t clip_time(const ClipSpan *span, int64_t ticks)
{
    const int64_t grid = av_rescale_q(span->start, span->pkt_tb, span->stream_tb);

    if (!span->duration && av_rescale_q(grid, span->stream_tb, span->pkt_tb) == span->start)
        return av_rescale_q(av_sat_add64(grid, ticks), span->stream_tb, span->pkt_tb);
    return av_sat_add64(span->start, to_packet_time(span, ticks));
}

/// @param b may be what av_rescale_q() gives for too large a number
static int is_near(int64_t a, int64_t b, int64_t tolerance)
{
    const int64_t difference = av_sat_sub64(a, b);

    return difference >= -tolerance && difference <= tolerance;
}

/// Whether the packet lasts so long that its frames were given other times after encoding.
static int is_retimed(OneDVAClipClock *clock, const ClipSpan *span, int64_t duration, int frames)
{
    const int64_t frame_duration = clock->has_stream ? clock->stream.frame_duration : 0;
    const int64_t expected = av_rescale_q(span->ticks, span->stream_tb, span->pkt_tb);
    const int64_t at_frame_rate = av_rescale_q(frames * frame_duration, span->stream_tb, span->pkt_tb);
    const int64_t tolerance = FFMAX(expected / frames / 8, 1);

    // libavformat makes it up where the container does not say: as one frame, by the frame rate, or
    // by that of the packets where there is none
    if (!at_frame_rate || (frames > 1 && duration <= expected / frames + tolerance))
        return 0;
    // where the packet before lasted as long as its frames, one that lasts longer has a gap behind it
    clock->is_on_time = is_near(duration, expected, tolerance) || is_near(duration, at_frame_rate, 1) ||
                        (clock->is_on_time && duration > expected);
    return !clock->is_on_time;
}

/// Set the times of a clip's frames. @param ticks their durations by the packet, 0 where not known
static void set_times(OneDVAClipClock *clock, const AVPacket *pkt, const uint32_t *ticks,
                      OneDVAFramePackets *frames)
{
    const int n = frames->nb_frames;
    ClipSpan span = clip_span(clock);
    int64_t at = 0;

    span.start = pkt->pts != AV_NOPTS_VALUE ? pkt->pts : pkt->dts;
    for (int i = 0; i < n; i++)
        span.ticks += ticks[i];
    // a program that does not say what its times are in still says how long a packet lasts
    if (span.ticks && pkt->duration >= n &&
        (clock->time_base.num <= 0 || is_retimed(clock, &span, pkt->duration, n)))
        span.duration = pkt->duration;

    for (int i = 0; i < n; i++) {
        int64_t duration = ticks[i];

        if (!duration && pkt->duration > 0)
            duration = av_rescale_q(pkt->duration, span.pkt_tb, span.stream_tb) / n;
        frames->pts[i] = AV_NOPTS_VALUE;
        if (span.start != AV_NOPTS_VALUE && (!i || at))
            frames->pts[i] = clip_time(&span, at);
        frames->duration[i] = to_packet_time(&span, duration);
        at = av_sat_add64(at, duration);
    }
}

/* ---- packets ---- */

static AVBufferRef *set_kind(const uint8_t *data, size_t size, enum onedva_packet_kind kind,
                             const uint32_t *durations, size_t *new_size)
{
    AVBufferRef *buf;

    if (size > INT_MAX / 2)
        return NULL;
    buf = av_buffer_alloc(size + 5 * ONEDVA_MAX_CLIP_FRAMES + AV_INPUT_BUFFER_PADDING_SIZE);
    if (buf && onedva_packet_set_kind(data, size, kind, durations, buf->data, new_size) < 0)
        av_buffer_unref(&buf);
    return buf;
}

/// Whether all frames last what the stream header says.
static int are_usual(const OneDVAClipClock *clock, const uint32_t *durations, int n)
{
    for (int i = 0; i < n; i++)
        if (!clock->has_stream || durations[i] != clock->stream.frame_duration)
            return 0;
    return 1;
}

/// How long frames last by their times; the last one as the one before it where that is not known.
/// @return 0 where it cannot be said in a packet
static int find_durations(const OneDVAClipClock *clock, const OneDVAFramePackets *frames,
                          uint32_t durations[ONEDVA_MAX_CLIP_FRAMES])
{
    const ClipSpan span = clip_span(clock);
    int64_t time = 0;

    for (int i = 0; i < frames->nb_frames; i++) {
        int64_t ticks;

        if (i + 1 < frames->nb_frames)
            time = av_sat_sub64(frames->pts[i + 1], frames->pts[i]);
        else if (frames->duration[i] > 0)
            time = frames->duration[i];
        ticks = av_rescale_q(time, span.pkt_tb, span.stream_tb);

        if (frames->pts[i] == AV_NOPTS_VALUE || ticks <= 0 || ticks > UINT32_MAX)
            return 0;
        durations[i] = ticks;
    }
    return 1;
}

/// How long a whole clip lasts: as its durations say, unless its frames have other times, by more than rounding.
static int64_t whole_duration(const OneDVAClipClock *clock, const OneDVAFramePackets *frames,
                              const uint32_t *durations)
{
    const ClipSpan span = clip_span(clock);
    const int last = frames->nb_frames - 1;
    const int64_t distance = av_sat_sub64(frames->pts[last], frames->pts[0]);
    int64_t ticks = 0;

    for (int i = 0; i < last; i++)
        ticks += durations[i];
    if (!is_near(to_packet_time(&span, ticks), distance, 1))
        return av_sat_add64(distance, frames->duration[last]);
    return to_packet_time(&span, ticks + durations[last]);
}

/// Make a whole clip without a look at what is made of it. @return NULL where there is none
static AVBufferRef *join_clip(const OneDVAClipClock *clock, const OneDVAFramePackets *frames, size_t *size,
                              int64_t *duration)
{
    static const uint32_t usual[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_packet_info info;
    uint32_t durations[ONEDVA_MAX_CLIP_FRAMES];
    const uint32_t *written = durations;

    if (onedva_packet_get_info(&info, frames->data, frames->size) < 0)
        return NULL;
    if (info.has_durations) {
        memcpy(durations, info.durations, sizeof(durations));
        written = NULL; // as they are
    } else if (!find_durations(clock, frames, durations)) {
        return NULL;
    }
    if (are_usual(clock, durations, frames->nb_frames))
        written = usual;
    *duration = whole_duration(clock, frames, durations);
    return set_kind(frames->data, frames->size, ONEDVA_PACKET_WHOLE_CLIP, written, size);
}

/// Make the clip's packet with these durations. @return whether joining gives the whole clip again
static int try_durations(const OneDVAClipClock *clock, const AVPacket *pkt, const uint32_t *durations,
                         OneDVAFramePackets *frames, AVBufferRef **buf)
{
    AVBufferRef *joined;
    int64_t duration;
    size_t size;
    int same;

    av_buffer_unref(buf);
    *buf = set_kind(pkt->data, pkt->size, ONEDVA_PACKET_CLIP, durations, &frames->size);
    if (!*buf)
        return 0;
    frames->data = (*buf)->data;
    joined = join_clip(clock, frames, &size, &duration);
    same   = joined && size == pkt->size && !memcmp(joined->data, pkt->data, size);
    av_buffer_unref(&joined);
    return same;
}

int ff_onedva_split_clip(OneDVAClipClock *clock, const struct onedva_packet_info *info, const AVPacket *pkt,
                         OneDVAFramePackets *frames, AVBufferRef **buf)
{
    static const uint32_t none[ONEDVA_MAX_CLIP_FRAMES];
    uint32_t ticks[ONEDVA_MAX_CLIP_FRAMES];

    *frames = (OneDVAFramePackets) { .nb_frames = info->frames };
    *buf    = NULL;
    if (info->has_stream)
        set_stream(clock, &info->stream);
    for (int i = 0; i < info->frames; i++)
        ticks[i] = info->has_durations ? info->durations[i]
                                       : clock->has_stream ? clock->stream.frame_duration : 0;
    set_times(clock, pkt, ticks, frames);
    // the packet's durations are needed where times do not tell them, as in a coarser time base
    if (!try_durations(clock, pkt, none, frames, buf) &&
        !try_durations(clock, pkt, info->has_durations ? NULL : ticks, frames, buf))
        try_durations(clock, pkt, NULL, frames, buf);
    return *buf ? 0 : AVERROR(ENOMEM);
}

int ff_onedva_merge_clip(OneDVAClipClock *clock, const OneDVAFramePackets *frames, AVBufferRef **buf,
                         size_t *size, int64_t *duration)
{
    struct onedva_packet_info info;
    OneDVAClipClock after = *clock;
    OneDVAFramePackets split;
    AVBufferRef *clip = NULL;
    AVPacket whole = { 0 };
    int same = 0;

    if (onedva_packet_get_info(&info, frames->data, frames->size) < 0)
        return 0;
    if (info.has_stream)
        set_stream(&after, &info.stream);
    *clock = after;
    *buf   = join_clip(clock, frames, size, duration);
    if (*buf && onedva_packet_get_info(&info, (*buf)->data, *size) >= 0) {
        whole.data     = (*buf)->data;
        whole.size     = *size;
        whole.pts      = whole.dts = frames->pts[0];
        whole.duration = *duration;
        same = ff_onedva_split_clip(&after, &info, &whole, &split, &clip) >= 0 && split.size == frames->size &&
               !memcmp(split.data, frames->data, split.size) &&
               !memcmp(split.pts, frames->pts, frames->nb_frames * sizeof(*split.pts));
    }
    av_buffer_unref(&clip);
    if (same)
        *clock = after;
    else
        av_buffer_unref(buf);
    return same;
}
