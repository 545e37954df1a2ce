/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* FFmpeg's demuxer of .odva files. An input is settings (a byte), where to seek (three times a
 * 16-bit number), and the file. */
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
#include <string.h>

#include "ffmpeg_log.h"
#include "fuzz.h"
#include "libavformat/odva.h"

#define SEEKABLE  0x01 /* bits of the first byte */
#define PROBE     0x02
#define SMALL     0x04 /* the reader's buffer */
#define BACKWARD  0x08
#define FAR       0x10 /* seek by multiples of 2^40 */
#define SEEKS     3
#define MAX_READS 10000 /* packets of an input: each takes more than one byte of it */

struct file {
    const uint8_t *data;
    int64_t size, position;
};

static int read_file(void *opaque, uint8_t *buffer, int size)
{
    struct file *file = opaque;
    const int64_t left = file->size - file->position;
    const int count = (int)(size < left ? size : left);

    if (count <= 0)
        return AVERROR_EOF;
    memcpy(buffer, file->data + file->position, (size_t)count);
    file->position += count;
    return count;
}

static int64_t seek_file(void *opaque, int64_t offset, int whence)
{
    struct file *file = opaque;

    if (whence == AVSEEK_SIZE)
        return file->size;
    FUZZ_CHECK(whence == SEEK_SET);
    if (offset < 0)
        return AVERROR(EINVAL);
    file->position = offset;
    return offset;
}

static AVIOContext *open_reader(struct file *file, int options)
{
    const int size = options & SMALL ? 64 : 4096;
    uint8_t *buffer = av_malloc((size_t)size);
    AVIOContext *reader;

    FUZZ_CHECK(buffer);
    reader = avio_alloc_context(buffer, size, 0, file, read_file, NULL,
                                options & SEEKABLE ? seek_file : NULL);
    FUZZ_CHECK(reader);
    return reader;
}

/* @return NULL where it is refused */
static AVFormatContext *open_demuxer(AVIOContext *reader, int options)
{
    const AVInputFormat *format = options & PROBE ? NULL : av_find_input_format("odva");
    AVFormatContext *demuxer = avformat_alloc_context();

    FUZZ_CHECK(demuxer);
    demuxer->pb = reader;
    demuxer->format_whitelist = av_strdup("odva"); /* others that FFmpeg has may be probed, too */
    FUZZ_CHECK(demuxer->format_whitelist);
    return avformat_open_input(&demuxer, NULL, format, NULL) < 0 ? NULL : demuxer;
}

/* A packet is what stands in the file behind its unit. */
static void check_packet(const AVPacket *packet, const struct file *file)
{
    const uint8_t *begin = file->data + packet->pos;
    ODVAUnit unit;

    FUZZ_CHECK(packet->pos >= 0 && packet->pos < file->size && packet->size > 0);
    FUZZ_CHECK(packet->pts == packet->dts);
    FUZZ_CHECK(!(packet->flags & AV_PKT_FLAG_KEY) == !ff_odva_is_key(packet->data[0]));
    FUZZ_CHECK(!(packet->flags & AV_PKT_FLAG_DISPOSABLE) == (packet->data[0] != ONEDVA_SYNC_FRAME));
    FUZZ_CHECK(ff_odva_unit_parse(&unit, begin, (int)(file->size - packet->pos)) > 0);
    FUZZ_CHECK(unit.type == ODVA_UNIT_PACKET && packet->size <= unit.packet_size);
    FUZZ_CHECK(packet->size == unit.packet_size || packet->flags & AV_PKT_FLAG_CORRUPT);
    FUZZ_CHECK(unit.size + packet->size <= file->size - packet->pos);
    FUZZ_CHECK(!memcmp(packet->data, begin + unit.size, (size_t)packet->size));
    for (int i = 0; i < packet->side_data_elems; i++)
        FUZZ_CHECK(packet->side_data[i].size <= ODVA_MAX_STREAM_HEADER);
}

/* Read as many packets as there are, at most count. @return their number */
static int read_packets(AVFormatContext *demuxer, const struct file *file, int count)
{
    AVPacket *packet = av_packet_alloc();
    int done;

    FUZZ_CHECK(packet);
    for (done = 0; done < count && av_read_frame(demuxer, packet) >= 0; done++) {
        check_packet(packet, file);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    return done;
}

static void demux(AVFormatContext *demuxer, const struct file *file, const int64_t target[SEEKS],
                  int flags)
{
    FUZZ_CHECK(read_packets(demuxer, file, MAX_READS) < MAX_READS);
    for (int i = 0; i < SEEKS; i++) {
        av_seek_frame(demuxer, 0, target[i], flags);
        read_packets(demuxer, file, 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct odva_byte_reader input;
    AVFormatContext *demuxer;
    AVIOContext *reader;
    struct file file = {0};
    int64_t target[SEEKS];
    int options;

    av_log_set_callback(fuzz_forget_message);
    odva_byte_reader_init(&input, data, size);
    options = odva_read_u8(&input);
    for (int i = 0; i < SEEKS; i++)
        target[i] = (int16_t)odva_read_u16(&input) * (options & FAR ? INT64_C(1) << 40 : 1);
    if (input.failed)
        return 0;
    file.data = data + input.position;
    file.size = (int64_t)(size - input.position);
    reader = open_reader(&file, options);
    demuxer = open_demuxer(reader, options);
    if (demuxer)
        demux(demuxer, &file, target, options & BACKWARD ? AVSEEK_FLAG_BACKWARD : 0);
    avformat_close_input(&demuxer);
    av_freep(&reader->buffer);
    avio_context_free(&reader);
    return 0;
}
