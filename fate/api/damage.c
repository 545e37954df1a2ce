/*
 * One-DVA: packets that are lost, sent twice, out of order, hit by bit errors or damaged otherwise
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decodes a file's packets as they are, and then with faults of fixed seeds. Every frame whose
 * packet, and whose clip's packet, no fault has hit must come out as often as its packet was sent,
 * bit for bit the same; so must what is predicted from nothing that one has hit, and the rest of
 * what is predicted be marked as corrupt. Prints a table of what became of the frames that were
 * hit.
 *
 * usage: damage FILE RUNS [DECODER_OPTIONS]
 *   RUNS             decodes of the file for each row of the table
 *   DECODER_OPTIONS  e.g. threads=4:steps=1
 */

#include <libavutil/lfg.h>
#include <onedva/onedva.h>

#include "coded_file.h"

#define SMOOTHED                                                                                   \
    4 /* frames after a fault that smooth_clips may change (doc/bitstream.md, section 8) */

enum fault { LOST, TWICE, SWAPPED, BIT_ERRORS, DAMAGED };

/* A packet of the file, and the frames that it decodes to. */
struct source {
    AVPacket *packet;
    int clip; /* index of the packet that begins its clip */
    int key;  /* of the one that begins the first clip that it rests on */
    int first_frame, frames;
};

/* What becomes of a packet in a run. */
struct fate {
    int sent;        /* times that it is sent */
    int hit;         /* those are damaged */
    int interrupted; /* what was decoded before it is not what came before it in the file */
    int moved;       /* a frame's packet has left its clip's */
};

struct frame {
    int64_t pts;
    uint32_t crc;
    int packet;               /* index of the source */
    int same, coarser, wrong; /* times that it came out in this run, by what it was like */
};

/* Sums over the runs of a row. */
struct row {
    int packets, hit, faults;
    int frames_hit, lost, coarser, wrong;
    int resting; /* frames missing or marked, for they rest on packets that were hit */
};

static struct {
    AVCodecParameters *parameters;
    struct source *sources;
    int nb_sources;
    struct frame *frames;
    int nb_frames;
    AVDictionary *options;
    int smooth;
} file;

static AVLFG random_state;

static double random_unit(void)
{
    return av_lfg_get(&random_state) / 4294967296.0;
}

static int random_below(int n)
{
    return (int)(random_unit() * n);
}

/* ---- decoding ---- */

static int packet_of(int64_t pts)
{
    int i = file.nb_sources - 1;

    while (i > 0 && file.sources[i].packet->pts > pts)
        i--;
    return i;
}

static void take_reference(const AVFrame *frame)
{
    struct frame *new_frame =
        av_dynarray2_add((void **)&file.frames, &file.nb_frames, sizeof(*file.frames), NULL);
    struct source *source = &file.sources[packet_of(frame->pts)];

    CHECK(new_frame && !(frame->flags & AV_FRAME_FLAG_CORRUPT));
    *new_frame = (struct frame){
        .pts = frame->pts, .crc = crc_of(frame), .packet = (int)(source - file.sources)};
    if (!source->frames++)
        source->first_frame = file.nb_frames - 1;
}

static void take_frame(const AVFrame *frame)
{
    for (int i = 0; i < file.nb_frames; i++) {
        struct frame *reference = &file.frames[i];

        if (reference->pts != frame->pts)
            continue;
        if (frame->width == file.parameters->width && frame->height == file.parameters->height &&
            reference->crc == crc_of(frame))
            reference->same++;
        else if (frame->flags & AV_FRAME_FLAG_CORRUPT)
            reference->coarser++;
        else
            reference->wrong++;
        return;
    }
    fprintf(stderr, "a frame at %" PRId64 ", where there is none\n", frame->pts);
    exit(1);
}

/* ---- faults ---- */

/* Whether a fault of this rate happens. */
static int happens(double rate)
{
    return random_unit() < rate;
}

/* Bits flipped with a probability each. @return their number */
static int flip_bits(AVPacket *packet, double rate)
{
    int flips = 0;

    for (int i = 0; i < 8 * packet->size; i++) {
        if (!happens(rate))
            continue;
        packet->data[i / 8] ^= 1 << i % 8;
        flips++;
    }
    return flips;
}

/* What a network or a disk does to a packet at worst. */
static int damage(AVPacket *packet)
{
    const int at = random_below(packet->size);
    const int end = at + 1 + random_below(packet->size - at);
    int changed = 0;

    switch (random_below(4)) {
    case 0: /* cut */
        av_shrink_packet(packet, at);
        return 1;
    case 1: /* one bit */
        packet->data[at] ^= 1 << random_below(8);
        return 1;
    case 2: /* a hole */
        for (int i = at; i < end; i++) {
            changed |= packet->data[i];
            packet->data[i] = 0;
        }
        return changed != 0;
    default: /* rubbish */
        for (int i = at; i < end; i++) {
            const uint8_t byte = (uint8_t)random_below(256);
            changed |= packet->data[i] ^ byte;
            packet->data[i] = byte;
        }
        return changed != 0;
    }
}

/* A packet's copy with faults of its contents. @return NULL: it is not sent */
static AVPacket *faulty_packet(int index, enum fault fault, double rate, struct fate *fate,
                               struct row *row)
{
    AVPacket *packet = av_packet_clone(file.sources[index].packet);
    int faults = 0;

    CHECK(packet && av_packet_make_writable(packet) >= 0);
    if (fault == LOST && happens(rate)) {
        fate->sent = 0;
        faults = 1;
    } else if (fault == TWICE && happens(rate)) {
        fate->sent = 2;
        faults = 1;
    } else if (fault == BIT_ERRORS) {
        faults = flip_bits(packet, rate);
    } else if (fault == DAMAGED && happens(rate)) {
        faults = damage(packet);
    }
    fate->hit = faults && fault != TWICE;
    row->faults += faults;
    row->hit += faults > 0;
    if (fate->sent)
        return packet;
    av_packet_free(&packet);
    return NULL;
}

/* ---- runs ---- */

static void send_faulty(AVCodecContext *decoder, AVPacket *const *packets, const struct fate *fates)
{
    for (int i = 0; i < file.nb_sources; i++) {
        for (int j = 0; j < fates[i].sent; j++)
            decode(decoder, packets[i], take_frame);
    }
    decode(decoder, NULL, take_frame);
}

/* The packets in the order that they are sent in. Neighbours change places. */
static void swap_packets(AVPacket **packets, struct fate *fates, double rate, struct row *row)
{
    for (int i = 0; i + 1 < file.nb_sources; i++) {
        if (!happens(rate))
            continue;
        FFSWAP(AVPacket *, packets[i], packets[i + 1]);
        for (int j = i; j < i + 3 && j < file.nb_sources; j++)
            fates[j].interrupted = 1;
        for (int j = i; j < i + 2; j++)
            fates[j].moved = file.sources[j].clip != j &&
                             (file.sources[i].clip == i || file.sources[i + 1].clip == i + 1);
        row->faults++;
        row->hit += 2;
        i++;
    }
}

/* Whether a fault has hit what a packet shows. */
static int is_hit(const struct fate *fates, int index)
{
    return fates[index].hit || fates[file.sources[index].clip].hit || fates[index].moved;
}

static int has_fault(const struct fate *fate)
{
    return fate->hit || fate->sent != 1 || fate->interrupted;
}

/* Whether what a packet's clip is predicted from may be another. A clip that is sent twice would be
 * predicted from itself. */
static int may_rest_on_fault(const struct fate *fates, int index)
{
    const struct source *source = &file.sources[index];
    int found = 0;

    for (int i = source->key; i <= source->clip; i++)
        found |= file.sources[i].clip == i && has_fault(&fates[i]);
    return source->key != source->clip && found;
}

/* After a fault a clip may be smoothed in another way, if that is on, and nothing else. */
static int may_be_smoothed_otherwise(const struct fate *fates, int index, int frame)
{
    const int clip = file.sources[index].clip;
    int found = 0;

    /* that is anything since the first packet of the clip before */
    for (int i = clip > 0 ? file.sources[clip - 1].clip : 0; i <= clip; i++)
        found |= has_fault(&fates[i]);
    return file.smooth && found && index - clip + frame < SMOOTHED;
}

static void check_frame(const struct fate *fates, int index, int i, struct row *row)
{
    const struct frame *frame = &file.frames[file.sources[index].first_frame + i];
    const int sent = fates[index].sent, came = frame->same + frame->coarser + frame->wrong;

    CHECK(came <= sent);
    if (is_hit(fates, index)) {
        row->frames_hit++;
        row->lost += !came;
        row->coarser += frame->coarser;
        row->wrong += frame->wrong;
    } else if (may_rest_on_fault(fates, index)) {
        CHECK(!frame->wrong || may_be_smoothed_otherwise(fates, index, i));
        row->resting += sent - frame->same - frame->wrong;
    } else {
        CHECK(came == sent && !frame->coarser);
        CHECK(!frame->wrong || may_be_smoothed_otherwise(fates, index, i));
    }
}

static void run(enum fault fault, double rate, int seed, struct row *row)
{
    AVPacket **packets = av_calloc(file.nb_sources, sizeof(*packets));
    struct fate *fates = av_calloc(file.nb_sources, sizeof(*fates));
    const int faults_before = row->faults;

    CHECK(packets && fates);
    av_lfg_init(&random_state, seed);
    for (int i = 0; i < file.nb_sources; i++) {
        fates[i].sent = 1;
        packets[i] = faulty_packet(i, fault, rate, &fates[i], row);
    }
    if (fault == SWAPPED)
        swap_packets(packets, fates, rate, row);
    for (int i = 0; i < file.nb_frames; i++)
        file.frames[i].same = file.frames[i].coarser = file.frames[i].wrong = 0;
    row->packets += file.nb_sources;
    if (row->faults > faults_before) {
        AVCodecContext *decoder = open_decoder_of(file.parameters, file.options);

        send_faulty(decoder, packets, fates);
        avcodec_free_context(&decoder);
        for (int i = 0; i < file.nb_sources; i++)
            for (int j = 0; j < file.sources[i].frames; j++)
                check_frame(fates, i, j, row);
    }
    for (int i = 0; i < file.nb_sources; i++)
        av_packet_free(&packets[i]);
    av_free(packets);
    av_free(fates);
}

static void read_file(const char *name)
{
    AVFormatContext *demuxer = open_coded_file(name);
    AVPacket *packet = av_packet_alloc();

    file.parameters = avcodec_parameters_alloc();
    CHECK(packet && file.parameters &&
          avcodec_parameters_copy(file.parameters, demuxer->streams[0]->codecpar) >= 0);
    while (av_read_frame(demuxer, packet) >= 0) {
        struct source *source =
            av_dynarray2_add((void **)&file.sources, &file.nb_sources, sizeof(*source), NULL);

        CHECK(source && packet->pts != AV_NOPTS_VALUE);
        *source = (struct source){.packet = av_packet_clone(packet),
                                  .clip = file.nb_sources - 1,
                                  .key = file.nb_sources - 1};
        CHECK(source->packet && (file.nb_sources > 1 || packet->flags & AV_PKT_FLAG_KEY));
        if (packet->size <= ONEDVA_FRAME_PACKET_SIZE)
            source->clip = source[-1].clip;
        if (!(packet->flags & AV_PKT_FLAG_KEY))
            source->key = source[-1].key;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    avformat_close_input(&demuxer);
}

static void free_file(void)
{
    for (int i = 0; i < file.nb_sources; i++)
        av_packet_free(&file.sources[i].packet);
    av_freep(&file.sources);
    av_freep(&file.frames);
    avcodec_parameters_free(&file.parameters);
    av_dict_free(&file.options);
}

static void decode_reference(void)
{
    AVCodecContext *decoder = open_decoder_of(file.parameters, file.options);

    for (int i = 0; i < file.nb_sources; i++)
        decode(decoder, file.sources[i].packet, take_reference);
    decode(decoder, NULL, take_reference);
    file.parameters->width = decoder->width;
    file.parameters->height = decoder->height;
    avcodec_free_context(&decoder);
    for (int i = 0; i < file.nb_sources; i++)
        CHECK(file.sources[i].frames > 0);
}

int main(int argc, char **argv)
{
    static const struct {
        enum fault fault;
        double rate;
        const char *text;
        int least_hit; /* of packets, in a file of 100 */
    } rows[] = {
        {LOST, 0.01, "packet lost, 1 %", 1},
        {LOST, 0.1, "packet lost, 10 %", 5},
        {TWICE, 0.1, "packet sent twice, 10 %", 5},
        {SWAPPED, 0.1, "packet and the next one change places, 10 %", 5},
        {BIT_ERRORS, 1e-6, "bit errors, 1e-6", 0},
        {BIT_ERRORS, 1e-5, "bit errors, 1e-5", 1},
        {BIT_ERRORS, 1e-4, "bit errors, 1e-4", 5},
        {BIT_ERRORS, 1e-3, "bit errors, 1e-3", 20},
        {DAMAGED, 0.01, "packet cut, a bit flipped, a hole, rubbish: 1 %", 1},
        {DAMAGED, 0.1, "packet cut, a bit flipped, a hole, rubbish: 10 %", 5},
    };

    int resting = 0;

    if (argc < 3 || argc > 4 || atoi(argv[2]) < 1) {
        fprintf(stderr, "usage: damage FILE RUNS [DECODER_OPTIONS]\n");
        return 1;
    }
    av_log_set_level(AV_LOG_QUIET);
    file.options = parse_options(argc > 3 ? argv[3] : "");
    file.smooth = !!av_dict_get(file.options, "smooth_clips", NULL, 0);
    read_file(argv[1]);
    CHECK(file.nb_sources >= 100);
    decode_reference();
    printf("%d packets, %d frames; %s runs a row\n\n", file.nb_sources, file.nb_frames, argv[2]);
    printf(
        "| fault | faults | packets hit | their frames | lost | coarser | wrong | frames lost per "
        "fault |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct row row = {0};

        for (int seed = 1; seed <= atoi(argv[2]); seed++)
            run(rows[i].fault, rows[i].rate, seed, &row);
        CHECK(row.hit >= rows[i].least_hit);
        printf("| %s | %d | %d of %d | %d | %d | %d | %d | %.1f |\n", rows[i].text, row.faults,
               row.hit, row.packets, row.frames_hit, row.lost, row.coarser, row.wrong,
               row.faults ? (double)row.lost / row.faults : 0);
        fflush(stdout);
        resting += row.resting;
    }
    if (resting)
        printf("\n%d frames rested on those that were hit, and are missing or marked.\n", resting);
    free_file();
    return 0;
}
