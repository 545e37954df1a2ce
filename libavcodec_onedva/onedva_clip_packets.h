/*
 * One-DVA packets of whole clips: how they become a packet for each frame, and back
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVCODEC_ONEDVA_CLIP_PACKETS_H
#define AVCODEC_ONEDVA_CLIP_PACKETS_H

#include <stddef.h>
#include <stdint.h>

#include <onedva/onedva.h>

#include "libavutil/rational.h"

#include "packet.h"

/// What the times of a clip's packets depend on.
typedef struct OneDVAClipClock {
    AVRational time_base; ///< of the packets; numerator 0: not known
    struct onedva_stream stream;
    int has_stream;
    int is_on_time; ///< the packet before lasts as long as its frames, or longer for a gap
} OneDVAClipClock;

/// The packets of a clip's frames.
typedef struct OneDVAFramePackets {
    int nb_frames;
    const uint8_t *data; ///< of the clip's packet
    size_t size;
    int64_t pts[ONEDVA_MAX_CLIP_FRAMES];
    int64_t duration[ONEDVA_MAX_CLIP_FRAMES];
} OneDVAFramePackets;

/// Take a stream header over from where a container has one, or none where it is not valid.
void ff_onedva_clock_set_header(OneDVAClipClock *clock, const uint8_t *data, size_t size);

/// Take a stream header over from a packet's side data, if there is one.
void ff_onedva_clock_read_side_data(OneDVAClipClock *clock, const AVPacket *pkt);

/**
 * Make the packets of the frames of a packet that holds and shows a whole clip.
 * @param buf of the clip's packet, with room for the padding, for the caller to unref
 */
int ff_onedva_split_clip(OneDVAClipClock *clock, const struct onedva_packet_info *info, const AVPacket *pkt,
                         OneDVAFramePackets *frames, AVBufferRef **buf);

/**
 * Make the packet of a whole clip that ff_onedva_split_clip() makes these packets of.
 * @param buf has room for the padding
 * @return 1, or 0 where there is none
 */
int ff_onedva_merge_clip(OneDVAClipClock *clock, const OneDVAFramePackets *frames, AVBufferRef **buf,
                         size_t *size, int64_t *duration);

#endif /* AVCODEC_ONEDVA_CLIP_PACKETS_H */
