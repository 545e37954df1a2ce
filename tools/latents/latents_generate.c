/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "latents_generate.h"

#include <libavcodec/codec_desc.h>
#include <libavformat/avformat.h>
#include <libavutil/parseutils.h>
#include <string.h>

#include "die.h"
#include "interruption.h"
#include "latents_output.h"
#include "progress.h"

struct drawer {
    onedva_prior *prior;
    onedva_generator *generator;
    AVRational rate;
    AVFormatContext *container;
    int64_t pts; /* of the next clip, in frames */
};

static void open_generator(struct drawer *drawer, const onedva_model *model,
                           const struct latents_generation *generation)
{
    struct onedva_generator_settings settings = generation->settings;

    if (av_parse_video_rate(&drawer->rate, generation->rate) < 0)
        die("--rate %s is no frame rate; 25 and 30000/1001 are", generation->rate);
    check_onedva(onedva_prior_open(&drawer->prior, generation->prior, &settings.logger));
    if (generation->class_name) {
        settings.prior_class = onedva_prior_find_class(drawer->prior, generation->class_name);
        check_onedva(settings.prior_class);
    }
    settings.timebase_num = drawer->rate.den;
    settings.timebase_den = drawer->rate.num;
    check_onedva(onedva_generator_open(&drawer->generator, model, drawer->prior, &settings));
}

static void set_parameters(const struct drawer *drawer, AVStream *stream)
{
    const AVCodecDescriptor *codec = avcodec_descriptor_get_by_name("onedva");
    AVCodecParameters *parameters = stream->codecpar;
    struct onedva_prior_info info;
    const uint8_t *header;
    size_t size;

    if (!codec)
        die("this FFmpeg does not have the codec onedva");
    onedva_prior_get_info(drawer->prior, &info);
    onedva_generator_stream_header(drawer->generator, &header, &size);
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->codec_id = codec->id;
    parameters->format = AV_PIX_FMT_YUV420P;
    parameters->width = info.width;
    parameters->height = info.height;
    parameters->sample_aspect_ratio = (AVRational){1, 1};
    parameters->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!parameters->extradata)
        die("out of memory");
    memcpy(parameters->extradata, header, size);
    parameters->extradata_size = (int)size;
    stream->sample_aspect_ratio = parameters->sample_aspect_ratio;
    stream->time_base = av_inv_q(drawer->rate);
    stream->avg_frame_rate = drawer->rate;
}

static void open_output(struct drawer *drawer, const char *output)
{
    drawer->container = latents_output_alloc(output);
    set_parameters(drawer, drawer->container->streams[0]);
    latents_output_open(drawer->container, output);
}

static void write_clip(struct drawer *drawer, AVPacket *packet, const char *output)
{
    struct onedva_packet drawn;

    check_onedva(onedva_generator_next(drawer->generator, &drawn));
    check_av(av_new_packet(packet, (int)drawn.size), output);
    memcpy(packet->data, drawn.data, drawn.size);
    packet->flags |= AV_PKT_FLAG_KEY;
    packet->pts = packet->dts = drawer->pts;
    packet->duration = drawn.frames;
    drawer->pts += drawn.frames;
    av_packet_rescale_ts(packet, av_inv_q(drawer->rate), drawer->container->streams[0]->time_base);
    check_av(av_interleaved_write_frame(drawer->container, packet), output);
}

void latents_generate(const onedva_model *model, const char *output,
                      const struct latents_generation *generation)
{
    struct drawer drawer = {0};
    AVPacket *packet = av_packet_alloc();
    struct progress progress;
    int clips = 0;

    if (!packet)
        die("out of memory");
    open_generator(&drawer, model, generation);
    open_output(&drawer, output);
    interruption_catch();
    progress_begin(&progress, "clips", generation->clips, 0);
    while (clips < generation->clips && !interruption_came()) {
        write_clip(&drawer, packet, output);
        progress_show(&progress, ++clips);
    }
    progress_end(&progress, clips);
    latents_output_close(drawer.container, output);
    av_packet_free(&packet);
    onedva_generator_close(&drawer.generator);
    onedva_prior_close(&drawer.prior);
    if (clips < generation->clips)
        die("interrupted: %d of %d clips are kept in %s", clips, generation->clips, output);
}
