/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decoder/clip_frames.h"

#include "base/log.h"
#include "bitstream/frame_packet.h"

void odva_clip_frames_begin(struct odva_clip_frames *frames, const struct onedva_clip *clip,
                            uint16_t first_crc)
{
    *frames = (struct odva_clip_frames){.clip = *clip, .name = odva_frame_packet_clip(first_crc)};
}

void odva_clip_frames_forget(struct odva_clip_frames *frames)
{
    *frames = (struct odva_clip_frames){.told = 1};
}

int odva_clip_frames_read(struct odva_clip_frames *frames, const struct onedva_logger *logger,
                          const uint8_t *data, size_t size, struct onedva_clip *clip)
{
    uint8_t name;
    int frame;

    *clip = (struct onedva_clip){.kind = ONEDVA_PACKET_FRAME};
    if (odva_frame_packet_parse(&frame, &name, data, size) == ONEDVA_OK &&
        frame < frames->clip.frames && name == frames->name) {
        frames->told = 0;
        *clip = frames->clip;
        clip->kind = ONEDVA_PACKET_FRAME;
        clip->frames = 1;
        clip->frame = frame;
        return ONEDVA_OK;
    }
    /* a packet that is longer was the one of another clip */
    if (size > ONEDVA_FRAME_PACKET_SIZE)
        frames->clip.frames = 0;
    if (frames->told)
        return ONEDVA_OK;
    frames->told = 1;
    odva_log(logger, ONEDVA_LOG_ERROR,
             "packet of %zu bytes shows no frame: it is damaged, or its clip's packet is missing",
             size);
    return ONEDVA_ERR_DATA;
}
